/**
 * One name against one automaton, for vm/match.c and vm/match_run.c only.
 *
 * A row has a bit for each place of the name, its end included. Upwards, ck_run_solve() fills `can`; downwards, ck_run_reach()
 * fills `reach` with what is on a way from the start to a match. Captures may be fixed to a value meanwhile.
 */
#ifndef CK_VM_MATCH_RUN_H
#define CK_VM_MATCH_RUN_H

#include "vm/match.h"

/* A capture whose value is given while the others are looked for. */
struct ck_fixed {
	bool set;
	bool exact;	/* the same text, not only the same number or alternative */
	struct ck_binding value;
};

/* One place where a capture may end. */
struct ck_extent {
	uint32_t close;
	size_t end;
	uint32_t alternative;
};

struct ck_extents {
	struct ck_extent *items;
	size_t n_items, capacity;
};

struct ck_run {
	struct ck_arena *arena;
	Ck__Plan__Local *const *locals;
	const struct ck_fixed *fixed;	/* by local */
	const struct ck_automaton *automaton;
	struct ck_str name;
	bool is_ascii;		/* of the name: each byte is a character */
	size_t n_words;
	uint64_t *can;		/* [nodes]: from this node and place the rest can match */
	uint64_t *reach;	/* [nodes]: this node and place are on a way to a match */
	uint64_t *inner;	/* [nodes]: the same inside of one capture */
	size_t n_solves;
	struct ck_extents *extents;	/* of the last call of ck_run_extents() */
};

/* Whether the name matches with what is fixed; fills `can`. */
bool ck_run_solve(struct ck_run *run);
/* Fills `reach`, after ck_run_solve(). */
void ck_run_reach(struct ck_run *run);
/* Whether a node and place are in `reach`; how many places of the node are. */
bool ck_run_reaches(const struct ck_run *run, uint32_t node, size_t at);
size_t ck_run_places(const struct ck_run *run, uint32_t node);
/* Where the capture that node `open` begins at a place may end, after ck_run_solve(). */
void ck_run_extents(struct ck_run *run, uint32_t open, size_t begin);
/* What the capture holds then. */
struct ck_binding ck_run_binding(const struct ck_run *run, uint32_t local, size_t begin, const struct ck_extent *extent);
/* Fills bindings[n_locals] along one way to a match, after ck_run_solve(). */
void ck_run_walk(struct ck_run *run, struct ck_binding *bindings);

#endif
