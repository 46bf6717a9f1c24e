/* Lets, params and inputs: what an identifier may mean besides a capture. */
#include "compiler/internal.h"

#include <stdlib.h>

static struct ck_let *find_let(const struct ck_compiler *compiler, struct ck_str name)
{
	for (size_t i = 0; i < compiler->n_lets; i++)
		if (ck_str_equal(compiler->lets[i].stmt->name.text, name))
			return &compiler->lets[i];
	return NULL;
}

/* A capture, let or param may not be called like a dtype, or dtype, rank, size. */
static bool is_taken_word(struct ck_str name)
{
	return ck_dtype_find(name) != CK_DT_NONE || ck_str_equal(name, CK_STR("dtype")) ||
	       ck_str_equal(name, CK_STR("rank")) || ck_str_equal(name, CK_STR("size"));
}

static void clash(struct ck_compiler *compiler, const struct ck_ast_stmt *stmt, const struct ck_ast_stmt *first)
{
	struct ck_diag *diag = ck_error(compiler->diags, CK_NAME_CLASH, stmt->name.span, "`%.*s` is declared twice",
					CK_STR_ARG(stmt->name.text));

	ck_diag_mark(compiler->diags, diag, "again here");
	ck_diag_label(compiler->diags, diag, first->name.span, "first here");
	ck_diag_help(compiler->diags, diag, "give one of them another name, or delete it");
}

static void add_let(struct ck_compiler *compiler, const struct ck_ast_stmt *stmt)
{
	struct ck_let *first = find_let(compiler, stmt->name.text);
	struct ck_let *let = &compiler->lets[compiler->n_lets];

	if (first) {
		clash(compiler, stmt, first->stmt);
		return;
	}
	if (is_taken_word(stmt->name.text)) {
		struct ck_diag *diag = ck_error(compiler->diags, CK_NAME_CLASH, stmt->name.span,
						"`%.*s` is a word of the language and cannot name a %s",
						CK_STR_ARG(stmt->name.text), stmt->kind == CK_AST_LET ? "let" : "param");
		ck_diag_help(compiler->diags, diag, "dtypes and `dtype`, `rank`, `size` keep their meaning; choose another name");
	}
	*let = (struct ck_let){ .stmt = stmt, .is_param = stmt->kind == CK_AST_PARAM };
	compiler->n_lets++;
}

static void add_input(struct ck_compiler *compiler, const struct ck_ast_stmt *stmt)
{
	for (size_t i = 0; i < compiler->n_inputs; i++)
		if (ck_str_equal(compiler->inputs[i]->name.text, stmt->name.text)) {
			clash(compiler, stmt, compiler->inputs[i]);
			return;
		}
	compiler->inputs[compiler->n_inputs++] = stmt;
}

/* Lets hold integers, floats or strings. */
static bool is_scalar(const Ck__Plan__Expr *expr)
{
	return expr->kind != CK_EXPR_LIST && expr->kind != CK_EXPR_DTYPE && expr->kind != CK_EXPR_FILL;
}

static void resolve_let(struct ck_compiler *compiler, struct ck_let *let)
{
	struct ck_builder builder;

	if (let->state == CK_LET_DONE)
		return;
	if (let->state == CK_LET_OPEN) {
		struct ck_diag *diag = ck_error(compiler->diags, CK_LET_CYCLE, let->stmt->span, "`%.*s` is defined by itself",
						CK_STR_ARG(let->stmt->name.text));
		for (size_t i = 0; i < compiler->n_lets; i++)
			if (compiler->lets[i].state == CK_LET_OPEN && &compiler->lets[i] != let)
				ck_diag_label(compiler->diags, diag, compiler->lets[i].stmt->span, "by way of this one");
		ck_diag_help(compiler->diags, diag, "a let is computed once, from others that do not need it");
		let->state = CK_LET_DONE;
		return;
	}
	let->state = CK_LET_OPEN;
	ck_builder_init(&builder, compiler);
	let->value = ck_lower_value(&builder, let->stmt->value, CK_IN_ARGUMENT);
	if (let->value && (!is_scalar(let->value) || ck_kind_of(&builder, let->stmt->value, CK_IN_ARGUMENT) == CK_KIND_TRUTH)) {
		struct ck_diag *diag = ck_error(compiler->diags, CK_BAD_VALUE, let->stmt->value->span,
						"a %s holds an integer, a float or a string", let->is_param ? "param" : "let");
		ck_diag_help(compiler->diags, diag, "write lists, fills, dtypes and conditions where they are used");
		let->value = NULL;
	}
	let->state = CK_LET_DONE;
}

static void add_param(struct ck_compiler *compiler, struct ck_let *let)
{
	Ck__Plan__Param *param = ck_arena_alloc(compiler->arena, sizeof(*param));
	struct ck_builder builder;
	struct ck_value value;

	resolve_let(compiler, let);
	if (!param || !let->value)
		return;
	ck_builder_init(&builder, compiler);
	if (!ck_fold(&builder, let->value, let->stmt->value->span, &value))
		return;
	if (value.unknown) {
		struct ck_diag *diag = ck_error(compiler->diags, CK_BAD_VALUE, let->stmt->value->span,
						"the default of a param must be a constant, without other params");
		ck_diag_help(compiler->diags, diag, "compute with params in a `let`, or where they are used");
		return;
	}
	ck__plan__param__init(param);
	param->name = ck_bytes(let->stmt->name.text);
	param->value = let->value;
	compiler->code->params[let->param] = param;
}

static int compare_lets(const void *a, const void *b)
{
	return ck_str_compare(((const struct ck_let *)a)->stmt->name.text, ((const struct ck_let *)b)->stmt->name.text);
}

static int compare_inputs(const void *a, const void *b)
{
	const struct ck_ast_stmt *const *x = a, *const *y = b;

	return ck_str_compare((*x)->name.text, (*y)->name.text);
}

void ck_scope_collect(struct ck_compiler *compiler)
{
	const struct ck_ast_file *file = compiler->file;
	size_t n_params = 0;

	compiler->lets = ck_arena_array(compiler->arena, file->n_stmts + 1, sizeof(*compiler->lets));
	compiler->inputs = ck_arena_array(compiler->arena, file->n_stmts + 1, sizeof(*compiler->inputs));
	if (!compiler->lets || !compiler->inputs)
		return;
	for (size_t i = 0; i < file->n_stmts; i++) {
		if (file->stmts[i]->kind == CK_AST_LET || file->stmts[i]->kind == CK_AST_PARAM)
			add_let(compiler, file->stmts[i]);
		if (file->stmts[i]->kind == CK_AST_INPUT)
			add_input(compiler, file->stmts[i]);
	}
	/* Numbers follow names, so that the order of statements does not matter. */
	qsort(compiler->lets, compiler->n_lets, sizeof(*compiler->lets), compare_lets);
	qsort(compiler->inputs, compiler->n_inputs, sizeof(const struct ck_ast_stmt *), compare_inputs);
	for (size_t i = 0; i < compiler->n_lets; i++)
		if (compiler->lets[i].is_param)
			compiler->lets[i].param = (uint32_t)n_params++;
	compiler->code->params = ck_arena_array(compiler->arena, n_params + 1, sizeof(*compiler->code->params));
	if (!compiler->code->params)
		return;
	compiler->code->n_params = n_params;
	for (size_t i = 0; i < compiler->n_lets; i++) {
		if (compiler->lets[i].is_param)
			add_param(compiler, &compiler->lets[i]);
		else
			resolve_let(compiler, &compiler->lets[i]);
	}
}

Ck__Plan__Expr *ck_scope_value(struct ck_compiler *compiler, struct ck_str name)
{
	struct ck_let *let = find_let(compiler, name);
	Ck__Plan__Expr *expr;

	if (!let)
		return NULL;
	let->used = true;
	if (let->is_param) {
		expr = ck_expr_new(compiler->arena, CK_EXPR_PARAM);
		if (expr)
			expr->index = let->param;
		return expr;
	}
	resolve_let(compiler, let);
	/* After an error a harmless value keeps one mistake from becoming many. */
	return let->value ? let->value : ck_expr_int(compiler->arena, 1);
}

enum ck_kind ck_scope_kind(struct ck_compiler *compiler, struct ck_str name)
{
	struct ck_let *let = find_let(compiler, name);

	if (!let)
		return CK_KIND_UNKNOWN;
	resolve_let(compiler, let);
	if (!let->value || let->value->kind == CK_EXPR_PARAM)
		return CK_KIND_UNKNOWN;
	return let->value->kind == CK_EXPR_TEXT ? CK_KIND_TEXT : CK_KIND_NUMBER;
}

void ck_scope_offer(const struct ck_compiler *compiler, struct ck_suggest *suggest)
{
	for (size_t i = 0; i < compiler->n_lets; i++)
		ck_suggest_offer(suggest, compiler->lets[i].stmt->name.text);
}

static Ck__Plan__Expr *scope_find(void *context, struct ck_str name, struct ck_span span)
{
	(void)span;
	return ck_scope_value(context, name);
}

static void scope_offer(void *context, struct ck_suggest *suggest)
{
	ck_scope_offer(context, suggest);
}

struct ck_scope ck_scope_of(struct ck_compiler *compiler)
{
	return (struct ck_scope){ compiler, scope_find, scope_offer };
}

bool ck_scope_input(struct ck_compiler *compiler, const struct ck_ast_ident *name, uint32_t *ret_input)
{
	struct ck_suggest suggest;
	struct ck_diag *diag;

	if (!name->text.n || ck_str_equal(name->text, CK_STR("source"))) {
		*ret_input = CK_INPUT_SOURCE;
		return true;
	}
	if (ck_str_equal(name->text, CK_STR("template"))) {
		*ret_input = CK_INPUT_TEMPLATE;
		return true;
	}
	for (size_t i = 0; i < compiler->n_inputs; i++)
		if (ck_str_equal(compiler->inputs[i]->name.text, name->text)) {
			*ret_input = CK_INPUT_DECLARED + (uint32_t)i;
			return true;
		}
	diag = ck_error(compiler->diags, CK_UNKNOWN_INPUT, name->span, "no input is called `%.*s`", CK_STR_ARG(name->text));
	ck_suggest_init(&suggest, name->text);
	for (size_t i = 0; i < compiler->n_inputs; i++)
		ck_suggest_offer(&suggest, compiler->inputs[i]->name.text);
	ck_suggest_offer(&suggest, CK_STR("source"));
	ck_suggest_offer(&suggest, CK_STR("template"));
	ck_suggest_offer(&suggest, CK_STR("path"));
	ck_suggest_offer(&suggest, CK_STR("full"));
	ck_suggest_offer(&suggest, CK_STR("rest"));
	ck_suggest_help(&suggest, compiler->diags, diag, "`");
	ck_diag_help(compiler->diags, diag, "declare it by `input %.*s` and bind it by --input %.*s=CHECKPOINT", CK_STR_ARG(name->text),
		     CK_STR_ARG(name->text));
	return false;
}

void ck_scope_warn_unused(struct ck_compiler *compiler)
{
	for (size_t i = 0; i < compiler->n_lets; i++) {
		const struct ck_let *let = &compiler->lets[i];

		struct ck_diag *diag = let->used ? NULL : ck_compiler_warn(compiler, CK_UNUSED_NAME, let->stmt->name.span, "%s `%.*s` is never used",
									   let->is_param ? "param" : "let", CK_STR_ARG(let->stmt->name.text));

		if (diag)
			ck_diag_help(compiler->diags, diag, "use it, or delete it");
	}
}

static bool is_allowed(const struct ck_compiler *compiler, enum ck_code code, struct ck_span span)
{
	for (size_t i = 0; i < compiler->file->n_allows; i++) {
		const struct ck_ast_allow *allow = &compiler->file->allows[i];

		if (ck_code_find(allow->code) == code && ck_diags_silences(compiler->diags, allow->span, span))
			return true;
	}
	return false;
}

struct ck_diag *ck_compiler_warn(struct ck_compiler *compiler, enum ck_code code, struct ck_span span, const char *format, ...)
{
	struct ck_diag *diag;
	struct ck_buf text = { 0 };
	va_list args;

	if (is_allowed(compiler, code, span))
		return NULL;
	va_start(args, format);
	ck_buf_vprintf(&text, format, args);
	va_end(args);
	diag = ck_warn(compiler->diags, code, span, "%.*s", (int)text.n, text.p ? text.p : "");
	ck_buf_clear(&text);
	return diag;
}
