/**
 * Names at work: patterns matched against variable names, templates rendered, expressions computed. All of it works on the
 * plan's messages; what the text looked like is the compiler's business (compiler/names.h).
 */
#ifndef CK_VM_NAME_H
#define CK_VM_NAME_H

#include "vm/op.h"

/* What one local of a rule holds in one match. */
struct ck_binding {
	bool set;
	struct ck_str text;		/* of captures, wildcards and choices; borrowed from the name */
	uint32_t alternative;		/* CHOICE: position from 0 */
	int64_t number;			/* INT and UNIQ where it fits 63 bits (has_number), INDEX, DIM */
	bool has_number;
};

/* The same thing captured? INT as numbers (any number of digits), CHOICE by position, others by bytes. */
bool ck_binding_equal(const Ck__Plan__Local *local, const struct ck_binding *a, const struct ck_binding *b);
/* Order for over=: numbers as numbers, choices by position, text as bytes. */
int ck_binding_compare(const Ck__Plan__Local *local, const struct ck_binding *a, const struct ck_binding *b);

/* Pieces and alternatives of one pattern, nested ones included. */
enum { CK_MAX_PIECES = 4096 };

/* A pattern made ready for many names. In arena. One thread at a time may use it. */
struct ck_matcher;

/**
 * used[i]: whether local i decides anything (targets, groups, joins, where); splits that differ only in others do not count as
 * ambiguous. The pattern and locals are borrowed, used is copied. Work per name is bounded by a polynomial in its length. Where
 * memory runs short later, names do not match, and the arena has failed (which is sticky).
 * @errors CK_NOMEM, CK_BAD_PATTERN (more than CK_MAX_PIECES pieces; no diagnostic)
 */
CK_NODISCARD enum ck_code ck_matcher_new(struct ck_arena *arena, const Ck__Plan__Pattern *pattern, Ck__Plan__Local *const *locals,
					 size_t n_locals, const bool *used, struct ck_matcher **ret_matcher);

enum ck_match { CK_MATCH_NO, CK_MATCH_YES, CK_MATCH_AMBIGUOUS };

/**
 * Matches a whole name (without @slot). Sets bindings[n_locals] of what the pattern captures (others are untouched); when
 * AMBIGUOUS, second[n_locals] has another split of it. Both are the caller's.
 */
enum ck_match ck_matcher_name(struct ck_matcher *matcher, struct ck_str name, struct ck_binding *bindings, struct ck_binding *second);
/**
 * All splits of a name that differ in what is used, at most max_splits, which is then the result: splits[i] points to
 * [n_locals] bindings. For a name that is AMBIGUOUS: perhaps all ways mean the same.
 */
size_t ck_matcher_splits(struct ck_matcher *matcher, struct ck_str name, struct ck_binding **splits, size_t max_splits);
/*
 * ck_matcher_name() for the pattern after the @, against a slot's name, "m" or "optimizer/m" (the caller tries both). Call it after
 * ck_matcher_name() with the same bindings: a capture on both sides of the @ must capture the same.
 */
enum ck_match ck_matcher_slot(struct ck_matcher *matcher, struct ck_str slot, struct ck_binding *bindings, struct ck_binding *second);

/* The one name a pattern matches when it has no wildcard, else p is NULL. In arena. */
struct ck_str ck_pattern_literal(const Ck__Plan__Pattern *pattern, struct ck_arena *arena);
/* What every name that matches begins with (may be empty), to look up names by prefix. In arena. */
struct ck_str ck_pattern_prefix(const Ck__Plan__Pattern *pattern, struct ck_arena *arena);

/* What the text calls locals, params and inputs. */
struct ck_words {
	const Ck__Plan__Code *code;	/* NULL: there are no params */
	Ck__Plan__Local *const *locals;
	size_t n_locals;
};

/* A pattern, template, type or expression as language text, for tables, listings and messages; kinds are left out: "{i}". */
void ck_buf_pattern(struct ck_buf *buf, const Ck__Plan__Pattern *pattern, Ck__Plan__Local *const *locals, size_t n_locals, bool kinds);
void ck_buf_template(struct ck_buf *buf, const Ck__Plan__Name *name, const struct ck_words *words);
void ck_buf_typespec(struct ck_buf *buf, const Ck__Plan__Type *type, const struct ck_words *words);
void ck_buf_expr(struct ck_buf *buf, const Ck__Plan__Expr *expr, const struct ck_words *words);

/* Where expressions are computed. Everything is borrowed. */
struct ck_env {
	struct ck_arena *arena;			/* for results */
	Ck__Plan__Local *const *locals;
	const struct ck_binding *bindings;	/* [n_locals] */
	size_t n_locals;
	const struct ck_value *params;		/* by number of Code.params; NULL: unknown */
	size_t n_params;
	/* Answers a CALL or REGISTER; may be NULL. Returns false and sets *message when it cannot. */
	bool (*call)(void *context, const struct ck_env *env, const Ck__Plan__Expr *call, struct ck_value *ret_value);
	void *context;
	struct ck_str message, help;		/* set on failure */
};

/**
 * Computes an expression. Locals that are not bound, params without value and calls without `call` give unknown values, which
 * spread. Integer arithmetic is checked for overflow; / must be exact, % has the divisor's sign; with a float on either side
 * arithmetic is f64. @errors CK_BAD_VALUE (env->message), CK_NOMEM
 */
CK_NODISCARD enum ck_code ck_expr_eval(const Ck__Plan__Expr *expr, struct ck_env *env, struct ck_value *ret_value);
/* The truth of a value; false and env->message when it is none. */
CK_NODISCARD bool ck_value_truth(struct ck_env *env, const struct ck_value *value, bool *ret_truth);
/* A value as a constant expression in arena, and printed. */
Ck__Plan__Expr *ck_value_expr(struct ck_arena *arena, const struct ck_value *value);
void ck_buf_value(struct ck_buf *buf, const struct ck_value *value);

/* The name a template makes, in env's arena (without slot), and its slot part. @errors CK_BAD_TEMPLATE (env->message), CK_NOMEM */
CK_NODISCARD enum ck_code ck_template_render(const Ck__Plan__Name *name, struct ck_env *env, struct ck_str *ret_name, struct ck_str *ret_slot);

#endif
