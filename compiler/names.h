/**
 * Reading what stands inside strings: patterns and templates. They become the plan's Pattern and Name messages; captures,
 * wildcards and alternations become locals of the rule.
 */
#ifndef CK_COMPILER_NAMES_H
#define CK_COMPILER_NAMES_H

#include "grammar/ast.h"
#include "vm/plan.h"

/* The locals of a rule while it is compiled. A growing array in the arena. */
struct ck_locals {
	struct ck_arena *arena;
	Ck__Plan__Local **items;
	struct ck_span *spans;		/* of the first place of each */
	bool *used;			/* by a target, group, where or argument: for "never used" warnings and ambiguity */
	struct ck_str *forms;		/* of wildcards: as written, "*" or "[a-z]" */
	size_t from;			/* those before it are out of sight: other subjects of a check captured them */
	size_t n_items, capacity, spans_capacity, used_capacity, forms_capacity;
};

/* Number of a local, or SIZE_MAX. */
size_t ck_locals_find(const struct ck_locals *locals, struct ck_str name);
/* Adds (or finds) one; returns its number, SIZE_MAX when memory is short. */
size_t ck_locals_add(struct ck_locals *locals, struct ck_str name, enum ck_local_kind kind, struct ck_span span);

/* What an identifier in a template may be besides a capture: decided by the compiler's scope. */
struct ck_scope {
	void *context;
	/* A let (folded to a constant) or param, as an expression; NULL when the name is neither. */
	Ck__Plan__Expr *(*find)(void *context, struct ck_str name, struct ck_span span);
	/* Offers every let and param as a suggestion. */
	void (*offer)(void *context, struct ck_suggest *suggest);
};

/**
 * Reads a source pattern. collect tells whether kinds of captures are only collected (`{i:int}` in a later member of a tuple gives
 * its kind to a bare `{i}` in an earlier one): call it for all patterns of a statement with collect = true, then again with
 * false to get the messages. Unnamed wildcards are numbered from 1 in each pattern.
 * @errors CK_BAD_PATTERN, CK_NAME_CLASH, CK_RESERVED_WORD, CK_WILDCARD_MISMATCH (members of a tuple), CK_TOO_DEEP, CK_NOMEM; spans
 * point into the string.
 */
CK_NODISCARD enum ck_code ck_pattern_parse(struct ck_locals *locals, const struct ck_scope *scope, const struct ck_ast_name *name,
					   bool collect, struct ck_diags *diags, Ck__Plan__Pattern **ret_pattern);

/**
 * Reads a target template (or the argument of exists). Marks the locals it uses; refuses unknown captures with a suggestion,
 * wildcards and alternations that do not correspond.
 * @errors CK_BAD_TEMPLATE, CK_UNKNOWN_CAPTURE, CK_WILDCARD_MISMATCH, CK_NOMEM
 */
CK_NODISCARD enum ck_code ck_template_parse(struct ck_locals *locals, const struct ck_scope *scope, const struct ck_ast_name *name,
					    struct ck_diags *diags, Ck__Plan__Name **ret_name);

/* A plain name (alias): pattern characters must be escaped by a class; returns the name itself. @errors CK_BAD_PATTERN */
CK_NODISCARD enum ck_code ck_name_parse(struct ck_arena *arena, const struct ck_ast_string *string, struct ck_diags *diags,
					struct ck_str *ret_name);
/* The pattern of `slot m = "{x:**}/my_m"`: what stands before and after {x}. @errors CK_BAD_PATTERN */
CK_NODISCARD enum ck_code ck_slot_pattern_parse(struct ck_arena *arena, const struct ck_ast_string *string, struct ck_diags *diags,
						struct ck_str *ret_before, struct ck_str *ret_after);

#endif
