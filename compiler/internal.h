/* What the files of the compiler share. One struct ck_compiler a call of ck_compile(), one struct ck_builder a statement. */
#ifndef CK_COMPILER_INTERNAL_H
#define CK_COMPILER_INTERNAL_H

#include "compiler/compile.h"
#include "compiler/names.h"
#include "vm/name.h"

enum ck_let_state { CK_LET_NEW, CK_LET_OPEN, CK_LET_DONE };

/* A let or param. */
struct ck_let {
	const struct ck_ast_stmt *stmt;
	bool is_param, used;
	uint32_t param;			/* number in Code.params */
	enum ck_let_state state;
	Ck__Plan__Expr *value;		/* of a let: folded as far as the text allows; NULL after an error */
};

struct ck_compiler {
	struct ck_arena *arena;
	struct ck_diags *diags;
	const struct ck_ast_file *file;
	Ck__Plan__Code *code;
	Ck__Plan__Debug *debug;
	struct ck_let *lets;
	size_t n_lets;
	const struct ck_ast_stmt **inputs;
	size_t n_inputs;
	size_t files_capacity;		/* of code->files */
};

/* What is known of a register while a rule is compiled. */
struct ck_known {
	bool is_tuple;		/* written as a tuple, or made by split or unstack without as= */
	size_t n;		/* members; 0: unknown */
	struct ck_type *types;	/* [n] */
	struct ck_span *spans;	/* [n] where each comes from */
};

struct ck_builder {
	struct ck_compiler *compiler;
	struct ck_locals locals;
	struct ck_scope scope;
	bool in_check;			/* plain patterns name targets */
	bool failed;
	Ck__Plan__Insn **code;
	struct ck_span *spans;		/* parallel to code */
	struct ck_known *known;		/* by register */
	size_t n_code, code_capacity, spans_capacity, n_registers, known_capacity;
	bool *consumed;			/* by over=; [locals], grown on demand */
	size_t n_consumed;
	size_t n_sources;		/* SOURCE instructions so far */
};

/* What a value is, as far as the text tells. */
enum ck_kind { CK_KIND_UNKNOWN, CK_KIND_NUMBER, CK_KIND_TEXT, CK_KIND_LIST, CK_KIND_DTYPE, CK_KIND_TRUTH };

/* ---- scope.c: lets, params, inputs */
void ck_scope_collect(struct ck_compiler *compiler);
/* The value of a let (folded) or a PARAM expression; NULL when the name is neither. Marks it used. */
Ck__Plan__Expr *ck_scope_value(struct ck_compiler *compiler, struct ck_str name);
/* Of a let or param; unknown when the name is neither. */
enum ck_kind ck_scope_kind(struct ck_compiler *compiler, struct ck_str name);
void ck_scope_offer(const struct ck_compiler *compiler, struct ck_suggest *suggest);
struct ck_scope ck_scope_of(struct ck_compiler *compiler);
/* The number of an input as written; false and a message when there is none of that name. */
bool ck_scope_input(struct ck_compiler *compiler, const struct ck_ast_ident *name, uint32_t *ret_input);
void ck_scope_warn_unused(struct ck_compiler *compiler);
/* Adds a warning unless a comment `# ckmig: allow(..)` on a line of the span or the line before silences it; NULL then. */
CK_PRINTF(4, 5) struct ck_diag *ck_compiler_warn(struct ck_compiler *compiler, enum ck_code code, struct ck_span span, const char *format, ...);

/* ---- value.c: expressions of the tree become expressions of the plan */
Ck__Plan__Expr *ck_expr_new(struct ck_arena *arena, enum ck_expr_kind kind);
Ck__Plan__Expr *ck_expr_int(struct ck_arena *arena, int64_t value);
enum ck_where { CK_IN_ARGUMENT, CK_IN_WHERE, CK_IN_CHECK };
/* Converts and folds; NULL after a message. builder may have no locals (a let). */
Ck__Plan__Expr *ck_lower_value(struct ck_builder *builder, const struct ck_ast_value *value, enum ck_where where);
/* A constant as far as the text tells; unknown where it does not. False after a message. */
bool ck_fold(struct ck_builder *builder, const Ck__Plan__Expr *expr, struct ck_span span, struct ck_value *ret_value);

/* ---- kind.c */
enum ck_kind ck_kind_of(const struct ck_builder *builder, const struct ck_ast_value *value, enum ck_where where);
const char *ck_kind_text(enum ck_kind kind);
/* Whether an operation (unary, binary, within) may have these operands; a message if not. */
bool ck_check_kinds(struct ck_builder *builder, const struct ck_ast_value *value, enum ck_where where);
/* Whether a whole `where` or `check` may be a condition; a message if not. */
bool ck_check_truth(struct ck_builder *builder, const struct ck_ast_value *value, enum ck_where where);

/* ---- args.c: arguments matched with the parameters of an operator, fill or function */
struct ck_callee {
	const char *what, *name;	/* "operator", "pad" */
	const struct ck_param *params;
	size_t n_params;
	struct ck_span span;		/* of the name */
	const char *parameters;		/* the text in the table, for help */
	size_t n_subjects;		/* of a check: parameters before params, which are no ordinary arguments */
};
/* [n_params] expressions, kind NONE where left out and without default; NULL after a message. */
Ck__Plan__Expr **ck_lower_args(struct ck_builder *builder, const struct ck_callee *callee, const struct ck_ast_arg *args, size_t n_args,
			       enum ck_where where);
/* A FILL expression; rows: in grow, pad or remap, where `mean` and the like are allowed. NULL after a message. */
Ck__Plan__Expr *ck_lower_fill(struct ck_builder *builder, struct ck_ast_ident name, bool is_template, const struct ck_ast_arg *args,
			      size_t n_args, bool rows);

/* ---- expr.c: expressions become code */
void ck_builder_init(struct ck_builder *builder, struct ck_compiler *compiler);
/* Appends an instruction with a new register as dst and returns it; NULL when memory is short. */
Ck__Plan__Insn *ck_emit(struct ck_builder *builder, uint32_t op, struct ck_span span, size_t n_src);
/* Lowers an expression; returns its register, or -1 after a message. */
int64_t ck_lower_expr(struct ck_builder *builder, const struct ck_ast_expr *expr);
/* Reads all patterns of an expression once, so that kinds of captures are known everywhere in it. */
void ck_collect_patterns(struct ck_builder *builder, const struct ck_ast_expr *expr);
/* Then the dimensions that its types bind: a member of a tuple may use those of a later one. */
void ck_collect_dims(struct ck_builder *builder, const struct ck_ast_expr *expr);
/* Is it an identifier alone that is a dimension, or becomes one here? */
bool ck_names_dim(struct ck_builder *builder, const struct ck_ast_dim *dim);
/* Sets mask[local] of what a pattern captures. */
void ck_mark_captures(const Ck__Plan__Pattern *pattern, bool *mask);
/* `[...]` and `: type` of a term on a register that holds its source. */
int64_t ck_lower_index_and_type(struct ck_builder *builder, int64_t reg, const struct ck_ast_expr *expr);
/* A fill in an expression. context: a register for whose rows it is made (their captures and dimensions may be used), or -1. */
int64_t ck_lower_fill_term(struct ck_builder *builder, const struct ck_ast_expr *expr, int64_t context);
int64_t ck_lower_source(struct ck_builder *builder, const struct ck_ast_ref *ref, const struct ck_ast_value *where);
/* Whether an expression, or a template in it, uses a local. */
bool ck_expr_uses(struct ck_builder *builder, const Ck__Plan__Expr *expr, size_t local);
/* A type; binds: unknown identifiers become dimensions. NULL after a message. */
Ck__Plan__Type *ck_lower_type(struct ck_builder *builder, const struct ck_ast_type *type, bool binds, struct ck_type *ret_known);
/*
 * Whether a fill can make data of a type, which must be whole: no `_`, no `...`. type: what the text tells of it. False after a
 * message.
 */
bool ck_check_fill(struct ck_builder *builder, const Ck__Plan__Expr *fill, struct ck_span span, const struct ck_ast_type *ast,
		   const struct ck_type *type);
/* Refines *known by the type of an assertion; a message where they contradict. `what` says whose type it is. */
bool ck_assert_type(struct ck_builder *builder, struct ck_type *known, const struct ck_type *type, struct ck_span span,
		    struct ck_span origin);
struct ck_callee ck_callee_op(const struct ck_op_info *op, struct ck_span span);

/* ---- tuple.c: members that may use each other's captures and dimensions */
int64_t ck_lower_tuple(struct ck_builder *builder, const struct ck_ast_expr *expr);

/* ---- operator.c: one call in a pipe; the error that a capture has been joined over and has no value any more */
void ck_joined_over(struct ck_builder *builder, size_t local, struct ck_span span);
int64_t ck_lower_call(struct ck_builder *builder, int64_t operand, struct ck_span operand_span, const struct ck_ast_call *call);

/* ---- file.c: notes the digest of a file that an operator names (nothing when the text does not tell which). False after a message */
bool ck_note_file(struct ck_builder *builder, const Ck__Plan__Expr *name, struct ck_span span);

/* ---- rule.c, check.c: statements */
void ck_lower_rule(struct ck_compiler *compiler, const struct ck_ast_stmt *stmt);
void ck_lower_check(struct ck_compiler *compiler, const struct ck_ast_stmt *stmt);
Ck__Plan__Span *ck_span_message(struct ck_compiler *compiler, struct ck_span span);
Ck__Plan__RuleSpans *ck_builder_spans(struct ck_builder *builder, const struct ck_ast_stmt *stmt);

/* ---- overlap.c: what the text alone shows of two rules for one source, or two producers of one target */
void ck_find_overlaps(struct ck_compiler *compiler);

/* A copy of bytes for a message; the pointer is borrowed. */
static inline ProtobufCBinaryData ck_bytes(struct ck_str s)
{
	return (ProtobufCBinaryData){ s.n, (uint8_t *)(uintptr_t)s.p };
}

#endif
