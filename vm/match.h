/**
 * A pattern as an automaton, for vm/automaton.c, vm/match.c and vm/match_run.c only.
 *
 * The nodes form a graph without cycles: the only loops are those of a wildcard on itself. Every edge leads to a node with a
 * smaller number; node 0 is the end. So one pass over the nodes, upwards, tells for every place of a name whether the rest of the
 * pattern fits there, and one pass downwards which places are reached: work is nodes times bytes, whatever the pattern.
 *
 * The slash rules of `**` are in the graph: `**` itself matches at least one character, and ways around it, with or without
 * a slash beside it, are separate edges.
 */
#ifndef CK_VM_MATCH_H
#define CK_VM_MATCH_H

#include "vm/name.h"

enum ck_step_kind {
	CK_STEP_END,
	CK_STEP_LITERAL,	/* text */
	CK_STEP_ONE, CK_STEP_CLASS, CK_STEP_STAR, CK_STEP_SEGMENT, CK_STEP_INT, CK_STEP_UNIQ,
	CK_STEP_STARSTAR,	/* one or more characters */
	CK_STEP_SPLIT,		/* any of targets; none: matches nothing */
	CK_STEP_OPEN, CK_STEP_CLOSE,	/* of a capture */
	CK_STEP_PICK,		/* the alternative of a capture */
};

/* How a rest of a pattern begins: what stands beside a `**`. */
enum ck_derived { CK_AFTER_SLASH, CK_NOT_SLASH, CK_NOT_END, CK_N_DERIVED };

struct ck_step {
	enum ck_step_kind kind;
	uint32_t next;			/* all but END and SPLIT */
	struct ck_str text;
	const Ck__Plan__Piece *piece;	/* CLASS */
	uint32_t local, alternative;	/* OPEN, CLOSE, PICK */
	uint32_t *targets;		/* SPLIT */
	size_t n_targets;
	uint32_t derived[CK_N_DERIVED];	/* 1 + node, 0: not made yet */
};

struct ck_automaton {
	struct ck_arena *arena;
	struct ck_step *nodes;
	size_t n_nodes, capacity;
	uint32_t start;
	struct ck_str prefix, suffix;	/* literal text that every match begins and ends with */
	size_t min_bytes;
	bool is_unique;			/* no name can be split in two ways, which is seen from the pattern */
	uint32_t *locals;		/* locals that it captures, each once */
	size_t n_locals;
	uint32_t *repeated;		/* those that several of its pieces capture: they must agree */
	size_t n_repeated;
};

/* Makes the automaton of a sequence of pieces. @errors CK_NOMEM, CK_BAD_PATTERN (more than CK_MAX_PIECES) */
CK_NODISCARD enum ck_code ck_automaton_make(struct ck_automaton *automaton, struct ck_arena *arena, Ck__Plan__Piece *const *pieces,
					    size_t n_pieces);
/* Literal text that every match of the pieces begins with; borrowed from them. */
struct ck_str ck_pieces_prefix(Ck__Plan__Piece *const *pieces, size_t n_pieces);

#endif
