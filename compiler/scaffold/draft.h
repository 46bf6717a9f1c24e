/* Statements in the making: their names as patterns, and what they stand for. */
#ifndef CK_SCAFFOLD_DRAFT_H
#define CK_SCAFFOLD_DRAFT_H

#include "compiler/scaffold/internal.h"

struct ck_draft {
	const struct ck_move **moves;	/* what it does; all of one form */
	size_t n_moves;
	struct ck_str *terms;		/* [n_sources + n_targets] patterns and templates, escaped, without quotes */
	size_t n_sources, n_targets;
	struct ck_str change, where;	/* operators; condition; empty: none */
	bool is_rest, is_collapsed;	/* "rest:" stands before the source; "**" ends it */
	bool done;			/* another draft took its moves */
};

struct ck_draft_list {
	struct ck_draft *items;
	size_t n, capacity;
};

/* False only when memory is short. */
CK_NODISCARD bool ck_draft_add(struct ck_maker *maker, struct ck_draft_list *drafts, const struct ck_draft *draft);

/* pattern.c: moves to drafts. A move is fixed text or has terms; fixed ones are left out. */
void ck_drafts_make(struct ck_maker *maker, const struct ck_move *moves, size_t n, struct ck_draft_list *drafts);
/* collapse.c: where everything below one place goes to another, one draft with ** does. */
void ck_drafts_collapse(struct ck_maker *maker, struct ck_draft_list *drafts);
/* merge.c: drafts that differ in one segment become one with an alternation. */
void ck_drafts_merge(struct ck_maker *maker, struct ck_draft_list *drafts);

/* The segments of a pattern's text. */
enum { CK_MAX_SEGMENTS = 64 };
struct ck_segments {
	struct ck_str items[CK_MAX_SEGMENTS];
	size_t n;			/* 0: more than that */
};
struct ck_segments ck_segments_of(struct ck_str text);

#endif
