/**
 * The syntax tree of one .ckmig file, edition 1. The grammar builds it and nothing else: no names are resolved, no constants
 * folded, no types checked here. Everything lives in the arena that was given to ck_parse(); lists keep the order of the text;
 * each node has the span of its text. Strings are decoded (escapes read), with a map back to source columns.
 */
#ifndef CK_GRAMMAR_AST_H
#define CK_GRAMMAR_AST_H

#include "bundle/base/diag.h"

/**
 * A decoded string literal. Decoding turns \u{2A} into `*`: escapes are read before patterns are, as the language says.
 * offsets[i] is the distance in source bytes from span.begin (the opening quote) of decoded byte i; offsets[text.n] that of the
 * closing quote; without escapes it is NULL, and byte i is at i + 1. So ck_ast_string_span() can underline a part of it.
 */
struct ck_ast_string {
	struct ck_span span;	/* with the quotes */
	struct ck_str text;
	const uint32_t *offsets;
};

/* The source of decoded bytes begin to end of it, such as [3, 5) for the `{i` of "abc{i}"; clamps. */
struct ck_span ck_ast_string_span(const struct ck_ast_string *string, size_t begin, size_t end);

struct ck_ast_ident {
	struct ck_span span;
	struct ck_str text;
};

enum ck_ast_value_kind {
	CK_AST_INT,		/* integer */
	CK_AST_FLOAT,		/* number */
	CK_AST_STRING,		/* string */
	CK_AST_CALL,		/* name, has_args, args: an identifier alone has has_args == false */
	CK_AST_TEMPLATE,	/* the word `template` where a value or fill stands */
	CK_AST_LIST,		/* items */
	CK_AST_UNARY,		/* op, left */
	CK_AST_BINARY,		/* op, left, right */
	CK_AST_WITHIN,		/* left within (low, high) */
	CK_AST_EXPR,		/* expr: only as an argument that is no plain value (`equal("x", "y" | cast(f32))`, `exists(teacher:"x")`) */
};

enum ck_ast_op {
	CK_AST_OR, CK_AST_AND, CK_AST_EQ, CK_AST_NE, CK_AST_LT, CK_AST_LE, CK_AST_GT, CK_AST_GE,
	CK_AST_ADD, CK_AST_SUB, CK_AST_MUL, CK_AST_DIV, CK_AST_MOD, CK_AST_NEG, CK_AST_NOT,
};

struct ck_ast_value {
	enum ck_ast_value_kind kind;
	uint32_t depth;		/* levels of nodes from here down, from 1 to CK_MAX_NESTING: walking it may recurse */
	struct ck_span span;
	int64_t integer;
	double number;
	struct ck_ast_string string;
	struct ck_ast_ident name;
	bool has_args;
	struct ck_ast_arg *args;
	size_t n_args;
	struct ck_ast_value **items;
	size_t n_items;
	enum ck_ast_op op;
	struct ck_ast_value *left, *right, *low, *high;
	struct ck_ast_expr *expr;
};

struct ck_ast_arg {
	struct ck_span span;
	struct ck_ast_ident name;	/* empty text: positional */
	struct ck_ast_value *value;
};

/* An operator, fill, function or name in scope with its arguments: `concat(axis=1)`, `transpose`. */
struct ck_ast_call {
	struct ck_span span;
	struct ck_ast_ident name;
	bool has_args;
	struct ck_ast_arg *args;
	size_t n_args;
	bool is_template;	/* the fill `template` (a reserved word, no arguments) */
};

enum ck_ast_by { CK_AST_BY_NAME, CK_AST_BY_PATH, CK_AST_BY_FULL };

/* name = [ ("path" | "full") ":" ] STRING */
struct ck_ast_name {
	struct ck_span span;
	enum ck_ast_by by;
	struct ck_ast_string string;
};

/* ref = [ input ":" ] ( [ "rest" ":" ] name | "rest" ) */
struct ck_ast_ref {
	struct ck_span span;
	struct ck_ast_ident input;	/* empty text: none written; "template" and "source" are those words */
	bool is_rest;			/* `rest` or `rest:"..."` */
	bool has_name;			/* false only for a lone `rest` */
	struct ck_ast_name name;
};

enum ck_ast_dim_kind { CK_AST_DIM_VALUE, CK_AST_DIM_ANY, CK_AST_DIM_ELLIPSIS };

struct ck_ast_dim {
	enum ck_ast_dim_kind kind;	/* a lone identifier is a VALUE of kind CK_AST_CALL without arguments */
	struct ck_span span;
	struct ck_ast_value *value;
};

/* type = ( IDENT | "_" ) "[" [ dim { "," dim } ] "]" */
struct ck_ast_type {
	struct ck_span span;
	struct ck_ast_ident dtype;	/* empty text: `_` */
	struct ck_ast_dim *dims;
	size_t n_dims;
};

/* index = value | [ value ] ":" [ value ] [ ":" [ value ] ] */
struct ck_ast_index {
	struct ck_span span;
	bool is_slice;
	struct ck_ast_value *start, *stop, *step;	/* a plain index has start only; NULL: left out */
};

enum ck_ast_expr_kind {
	CK_AST_REF,	/* ref, indexes, type, where */
	CK_AST_FILL,	/* fill: type */
	CK_AST_TUPLE,	/* members, where; also a parenthesised single expr with a trailing comma, or with a `where` after the
			   parenthesis that it cannot take in. Grouping leaves no node, only a wider span */
	CK_AST_PIPE,	/* operand | call */
};

struct ck_ast_expr {
	enum ck_ast_expr_kind kind;
	uint32_t depth;			/* as in ck_ast_value */
	struct ck_span span;
	struct ck_ast_ref ref;
	struct ck_ast_index *indexes;	/* NULL and 0: no brackets */
	size_t n_indexes;
	struct ck_span index_span;
	struct ck_ast_type *type;	/* NULL: none */
	struct ck_ast_value *where;	/* NULL: none */
	struct ck_ast_call fill;
	struct ck_ast_expr **members;
	size_t n_members;
	struct ck_ast_expr *operand;
	struct ck_ast_call call;
};

/* goal = ( name | "same" ) [ ":" type ] */
struct ck_ast_goal {
	struct ck_span span;
	bool is_same;
	struct ck_ast_name name;
	struct ck_ast_type *type;
};

enum ck_ast_stmt_kind {
	CK_AST_MIGRATION,	/* string (id), afters, summary */
	CK_AST_LET,		/* name, value */
	CK_AST_PARAM,		/* name, value */
	CK_AST_INPUT,		/* name */
	CK_AST_TARGET,		/* name: "names" or "objects" */
	CK_AST_SLOTS_FOLLOW,	/* name: the convention, or empty */
	CK_AST_SLOTS_DROP,	/* because */
	CK_AST_SLOT,		/* name, string */
	CK_AST_MAP,		/* expr, goals, also, optional */
	CK_AST_KEEP,		/* from (an expr of kind CK_AST_REF), also, optional */
	CK_AST_DROP,		/* from, optional, because */
	CK_AST_NEW,		/* goals[0].name or is_rest, type, fill */
	CK_AST_ALIAS,		/* string, string2 */
	CK_AST_CHECK,		/* value */
};

struct ck_ast_stmt {
	enum ck_ast_stmt_kind kind;
	struct ck_span span;		/* the whole statement */
	struct ck_ast_ident name;
	struct ck_ast_string string, string2, summary, because;
	bool has_summary;
	struct ck_ast_string *afters;
	size_t n_afters;
	struct ck_ast_value *value;
	struct ck_ast_expr *expr;	/* map: the expression; keep, drop: the ref */
	struct ck_ast_goal *goals;
	size_t n_goals;
	bool goals_in_parens;		/* ("a",) or ("a", "b"), but not ("a") */
	bool also, optional, is_rest;
	struct ck_span also_span;
	struct ck_ast_name target;	/* new */
	struct ck_ast_type *type;	/* new */
	struct ck_ast_call fill;	/* new */
};

/* A comment `# ckmig: allow(W0301) reason`. */
struct ck_ast_allow {
	struct ck_span span;
	struct ck_str code, reason;
};

struct ck_ast_file {
	uint32_t file;		/* of the spans */
	int64_t edition;
	struct ck_ast_stmt **stmts;
	size_t n_stmts;
	struct ck_ast_allow *allows;
	size_t n_allows;
};

/**
 * Parses the text of file `file` of the sink (see ck_diags_add_file). Recovers at statement boundaries, so that one call reports
 * every error. The tree lives in arena. On CK_OK *ret_file is whole; otherwise it is untouched and the sink has the errors.
 */
CK_NODISCARD enum ck_code ck_parse(struct ck_arena *arena, struct ck_diags *diags, uint32_t file, struct ck_ast_file **ret_file);

/* Is it a reserved word, which names no input, let, capture or dimension? */
bool ck_is_reserved_word(struct ck_str text);

#endif
