/* What explaining a pattern that matches nothing takes; for vm/bind_explain*.c only. */
#ifndef CK_VM_BIND_EXPLAIN_H
#define CK_VM_BIND_EXPLAIN_H

#include "vm/bind_internal.h"

struct ck_explain {
	struct ck_binder *binder;
	struct ck_unit *unit;
	size_t insn;
	const Ck__Plan__Source *source;
	const Ck__Plan__Pattern *pattern;
	const struct ck_subjects *subjects;
	struct ck_diag *diag;			/* gets the notes and helps */
	Ck__Plan__Local **locals;		/* [n_locals] those of the unit, one for what follows a part of the pattern, the numbers */
	size_t n_locals;
};

/* Numbers that patterns are made with: {i:int}, {j:int}, ... by names that the unit does not use. Local n_locals of the unit + 2 on. */
enum { CK_EXPLAIN_NUMBERS = 4 };

/* ---- bind_explain_try.c */
/* What a pattern matches, whoever has claimed it; no messages. False when memory is short. */
bool ck_explain_try(struct ck_explain *explain, uint32_t input, const Ck__Plan__Pattern *pattern, struct ck_relation *ret_relation);
/* The same in the input of the source. Returns how many. */
size_t ck_explain_count(struct ck_explain *explain, const Ck__Plan__Pattern *pattern, struct ck_relation *ret_relation);
struct ck_str ck_explain_label(const struct ck_explain *explain, size_t variable);
/* Makes room for n_pieces; NULL when memory is short. */
Ck__Plan__Pattern *ck_explain_pattern(struct ck_explain *explain, uint32_t by, size_t n_pieces);
Ck__Plan__Piece *ck_explain_piece(struct ck_explain *explain, enum ck_piece_kind kind, struct ck_str text);
/* ** that captures what follows. */
Ck__Plan__Piece *ck_explain_rest(struct ck_explain *explain);
struct ck_str ck_explain_quoted(const struct ck_explain *explain, const Ck__Plan__Pattern *pattern, bool rest, const char *quote);
/* "x", rest:"x", path:"x", with kinds. */
struct ck_str ck_explain_text(const struct ck_explain *explain, const Ck__Plan__Pattern *pattern, bool rest);

static inline size_t ck_explain_variable(const struct ck_relation *relation, size_t row)
{
	return relation->rows[row].origins[0]->variable;
}

/* Strings, each once. */
struct ck_names {
	struct ck_map seen;
	struct ck_str *items;
	size_t n, capacity;
};

/* False when memory is short. An empty item is none. */
bool ck_names_add(struct ck_names *set, struct ck_arena *arena, struct ck_str item);

/* ---- bind_explain_far.c */
/* The longest part of the pattern that names begin with, and what stands behind it there. */
void ck_explain_far(struct ck_explain *explain);

/* ---- bind_explain_regex.c */
/* Says of what looks like a regular expression that it is none, and how it is written. False when it does not look like one. */
bool ck_explain_regex(struct ck_explain *explain);

#endif
