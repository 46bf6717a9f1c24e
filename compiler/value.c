/* Expressions of the tree become expressions of the plan; what is constant is folded. */
#include "compiler/internal.h"

Ck__Plan__Expr *ck_expr_new(struct ck_arena *arena, enum ck_expr_kind kind)
{
	Ck__Plan__Expr *expr = ck_arena_alloc(arena, sizeof(*expr));

	if (!expr)
		return NULL;
	ck__plan__expr__init(expr);
	expr->kind = kind;
	return expr;
}

Ck__Plan__Expr *ck_expr_int(struct ck_arena *arena, int64_t value)
{
	Ck__Plan__Expr *expr = ck_expr_new(arena, CK_EXPR_INT);

	if (expr)
		expr->integer = value;
	return expr;
}

/* An expression with n operands, all lowered; NULL when one of them failed. */
static Ck__Plan__Expr *with_args(struct ck_builder *builder, enum ck_expr_kind kind, struct ck_ast_value *const *values, size_t n,
				 enum ck_where where)
{
	Ck__Plan__Expr *expr = ck_expr_new(builder->compiler->arena, kind);
	bool good = expr != NULL;

	if (!expr)
		return NULL;
	expr->args = ck_arena_array(builder->compiler->arena, n + 1, sizeof(*expr->args));
	if (!expr->args)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		expr->args[i] = ck_lower_value(builder, values[i], where);
		good = good && expr->args[i];
	}
	expr->n_args = n;
	return good ? expr : NULL;
}

bool ck_fold(struct ck_builder *builder, const Ck__Plan__Expr *expr, struct ck_span span, struct ck_value *ret_value)
{
	struct ck_env env = { .arena = builder->compiler->arena,
			      .locals = builder->locals.items,
			      .n_locals = builder->locals.n_items };
	struct ck_binding *none = ck_arena_array(env.arena, env.n_locals + 1, sizeof(*none));
	struct ck_diag *diag;

	env.bindings = none;
	if (!none || ck_expr_eval(expr, &env, ret_value) != CK_OK) {
		diag = ck_error(builder->compiler->diags, CK_BAD_VALUE, span, "%.*s", CK_STR_ARG(env.message));
		if (env.help.n)
			ck_diag_help(builder->compiler->diags, diag, "%.*s", CK_STR_ARG(env.help));
		return false;
	}
	return true;
}

/* Replaces a constant operation by its value, so that `let n = 3 * 4` and `let n = 12` mean the same plan. */
static Ck__Plan__Expr *folded(struct ck_builder *builder, Ck__Plan__Expr *expr, struct ck_span span)
{
	struct ck_value value;

	if (!expr || !ck_fold(builder, expr, span, &value))
		return NULL;
	return value.unknown ? expr : ck_value_expr(builder->compiler->arena, &value);
}

static Ck__Plan__Expr *operation(struct ck_builder *builder, const struct ck_ast_value *value, enum ck_expr_kind kind,
				 struct ck_ast_value *const *operands, size_t n, enum ck_where where)
{
	Ck__Plan__Expr *expr = with_args(builder, kind, operands, n, where);

	return expr && ck_check_kinds(builder, value, where) ? folded(builder, expr, value->span) : NULL;
}

/* What people ask of a variable in `where` that is asked otherwise. */
static bool help_foreign(struct ck_builder *builder, struct ck_diag *diag, struct ck_str word)
{
	static const char *const words[][2] = {
		{ "shape", "ask for rank, dim(0), dim(-1) and size: rank == 2 && dim(1) == 768; a type asserts all of a shape: \"x\" : _[_, 768]" },
		{ "ndim", "write `rank`" }, { "numel", "write `size`" },
		{ "name", "capture what matters of the name and compare that: \"{x:**}/w\" where x == \"encoder\"" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (ck_str_equal(word, ck_str(words[i][0]))) {
			ck_diag_help(builder->compiler->diags, diag, "%s", words[i][1]);
			return true;
		}
	return false;
}

static Ck__Plan__Expr *unknown_name(struct ck_builder *builder, struct ck_ast_ident name, enum ck_where where)
{
	struct ck_suggest suggest;
	struct ck_diag *diag = ck_error(builder->compiler->diags, CK_UNKNOWN_CAPTURE, name.span,
					"`%.*s` is neither a capture, a let, a param nor a dimension here", CK_STR_ARG(name.text));

	if ((where == CK_IN_WHERE && help_foreign(builder, diag, name.text)) ||
	    (where != CK_IN_ARGUMENT && ck_dtype_other_name(builder->compiler->diags, diag, name.text)))
		return NULL;
	ck_suggest_init(&suggest, name.text);
	for (size_t i = 0; i < builder->locals.n_items; i++) {
		struct ck_str local = ck_str_of(builder->locals.items[i]->name);

		if (local.n && local.p[0] != '*' && local.p[0] != '{')
			ck_suggest_offer(&suggest, local);
	}
	ck_scope_offer(builder->compiler, &suggest);
	for (size_t i = 0; where != CK_IN_ARGUMENT && ck_function_at(i); i++)
		if ((where == CK_IN_WHERE) == (ck_function_at(i)->phase == CK_PHASE_WHERE))
			ck_suggest_offer(&suggest, ck_str(ck_function_at(i)->name));
	ck_suggest_help(&suggest, builder->compiler->diags, diag, "`");
	if (where == CK_IN_CHECK && ck_function_find(name.text, false))
		ck_diag_help(builder->compiler->diags, diag, "a check asks patterns: shape(\"x\") == [3, 768], dtype(\"x\") == f32");
	else if (!suggest.n_best)
		ck_diag_help(builder->compiler->diags, diag,
			     "a name comes from a capture such as \"layer_{%.*s}\", from `let %.*s = ...`, or from a type such as f32[%.*s, 3]",
			     CK_STR_ARG(name.text), CK_STR_ARG(name.text), CK_STR_ARG(name.text));
	return NULL;
}

/* A function of `where`: dtype, rank, size, dim(n), exists("..."). */
static Ck__Plan__Expr *lower_where_function(struct ck_builder *builder, const struct ck_ast_value *value,
					    const struct ck_function_info *function)
{
	struct ck_callee callee = { "function", function->name, function->params, function->n_params, value->name.span, function->parameters, 0 };
	Ck__Plan__Expr *expr = ck_expr_new(builder->compiler->arena, CK_EXPR_CALL);
	const struct ck_ast_value *arg = value->n_args == 1 ? value->args[0].value : NULL;
	uint32_t input = CK_INPUT_SOURCE;
	struct ck_ast_name name;

	if (!expr)
		return NULL;
	expr->index = function->function;
	if (function->function != CK_FUNCTION_EXISTS) {
		expr->n_args = function->n_params;
		expr->args = ck_lower_args(builder, &callee, value->args, value->n_args, CK_IN_WHERE);
		return expr->args ? expr : NULL;
	}
	if (arg && arg->kind == CK_AST_STRING) {
		name = (struct ck_ast_name){ arg->span, CK_AST_BY_NAME, arg->string };
	} else if (arg && arg->kind == CK_AST_EXPR && arg->expr->kind == CK_AST_REF && arg->expr->ref.has_name && !arg->expr->ref.is_rest &&
		   !arg->expr->n_indexes && !arg->expr->type && !arg->expr->where) {
		name = arg->expr->ref.name;
		if (!ck_scope_input(builder->compiler, &arg->expr->ref.input, &input))
			return NULL;
	} else {
		struct ck_diag *diag = ck_error(builder->compiler->diags, CK_BAD_ARGUMENT, value->span, "exists wants one name");
		ck_diag_help(builder->compiler->diags, diag, "write exists(\"layer_{i}/bias\") or exists(teacher:\"layer_{i}/bias\")");
		return NULL;
	}
	expr->index2 = input;
	return ck_template_parse(&builder->locals, &builder->scope, &name, builder->compiler->diags, &expr->name) == CK_OK ? expr : NULL;
}

/* A pattern alone, as the expression that it is. */
static struct ck_ast_expr subject_expr(const struct ck_ast_value *value)
{
	struct ck_ast_expr expr = { .kind = CK_AST_REF, .span = value->span };

	expr.ref.span = value->span;
	expr.ref.has_name = true;
	expr.ref.name = (struct ck_ast_name){ value->span, CK_AST_BY_NAME, value->string };
	return expr;
}

/* Learns the kinds of captures, so that `{i:int}` in one subject of a pair gives its kind to `{i}` in the other. */
static void collect_subject(struct ck_builder *builder, const struct ck_ast_value *value)
{
	struct ck_ast_expr expr = subject_expr(value);

	if (value->kind == CK_AST_EXPR) {
		ck_collect_patterns(builder, value->expr);
		ck_collect_dims(builder, value->expr);
	} else if (value->kind == CK_AST_STRING) {
		ck_collect_patterns(builder, &expr);
	}
}

/* The operand of a function in a check: a pattern, or for equal and close an expression. Returns its register or -1. */
static int64_t lower_subject(struct ck_builder *builder, const struct ck_ast_value *value)
{
	struct ck_ast_expr expr = subject_expr(value);

	if (value->kind == CK_AST_EXPR)
		return ck_lower_expr(builder, value->expr);
	if (value->kind != CK_AST_STRING) {
		struct ck_diag *diag = ck_error(builder->compiler->diags, CK_BAD_CHECK, value->span, "a pattern of variables is wanted here");
		ck_diag_help(builder->compiler->diags, diag, "write it in quotes, such as count(\"blocks/*/w\") or finite(source:\"**\")");
		return -1;
	}
	return ck_lower_expr(builder, &expr);
}

static Ck__Plan__Expr *register_expr(struct ck_builder *builder, int64_t reg)
{
	Ck__Plan__Expr *expr = reg < 0 ? NULL : ck_expr_new(builder->compiler->arena, CK_EXPR_REGISTER);

	if (expr)
		expr->index = (uint32_t)reg;
	return expr;
}

/* equal("x", expr): the two are joined on their captures; the call's subject is the joined pair. */
static Ck__Plan__Expr *joined_pair(struct ck_builder *builder, const struct ck_ast_value *value)
{
	collect_subject(builder, value->args[0].value);
	collect_subject(builder, value->args[1].value);
	int64_t left = lower_subject(builder, value->args[0].value);
	int64_t right = left < 0 ? -1 : lower_subject(builder, value->args[1].value);
	Ck__Plan__Insn *join = right < 0 ? NULL : ck_emit(builder, CK_OP_JOIN, value->span, 2);

	if (!join)
		return NULL;
	join->src[0] = (uint32_t)left;
	join->src[1] = (uint32_t)right;
	return register_expr(builder, join->dst);
}

static bool check_arity(struct ck_builder *builder, const struct ck_ast_value *value, const struct ck_function_info *function)
{
	size_t wanted = function->n_params > 1 ? 2 : 1;
	struct ck_diag *diag;

	if (value->n_args >= wanted && !value->args[0].name.text.n && (wanted == 1 || !value->args[1].name.text.n))
		return true;
	diag = ck_error(builder->compiler->diags, CK_BAD_ARGUMENT, value->span, "%s wants %s", function->name,
			wanted == 1 ? "one pattern of variables" : "a pattern of variables and an expression to compare with");
	ck_diag_help(builder->compiler->diags, diag, wanted == 1 ? "write %s(\"**\")" : "write %s(\"x\", source:\"y\")", function->name);
	return false;
}

static Ck__Plan__Expr *lower_check_function(struct ck_builder *builder, const struct ck_ast_value *value,
					    const struct ck_function_info *function)
{
	size_t n_subjects = function->n_params > 1 ? 2 : 1;
	struct ck_callee callee = { "check", function->name, function->params, function->n_params, value->name.span, function->parameters,
				    n_subjects };
	Ck__Plan__Expr *expr = ck_expr_new(builder->compiler->arena, CK_EXPR_CALL);

	if (!expr || !check_arity(builder, value, function))
		return NULL;
	if (function->state == CK_STATE_LATER) {
		struct ck_diag *diag = ck_error(builder->compiler->diags, CK_NOT_AVAILABLE, value->name.span,
						"the check `%s` is not available in this version of ckmig", function->name);
		ck_diag_help(builder->compiler->diags, diag, "it is part of the language and will come; leave the check out for now");
		return NULL;
	}
	expr->index = function->function;
	expr->n_args = function->n_params;
	/* What another function of the check captured is no capture here. */
	builder->locals.from = builder->locals.n_items;
	/* The subjects stand first and are registers; what follows are ordinary arguments. */
	callee.params += n_subjects;
	callee.n_params -= n_subjects;
	Ck__Plan__Expr **rest = ck_lower_args(builder, &callee, value->args + n_subjects, value->n_args - n_subjects, CK_IN_CHECK);

	expr->args = ck_arena_array(builder->compiler->arena, function->n_params, sizeof(*expr->args));
	if (!rest || !expr->args)
		return NULL;
	expr->args[0] = n_subjects == 2 ? joined_pair(builder, value)
					: register_expr(builder, lower_subject(builder, value->args[0].value));
	if (n_subjects == 2)
		expr->args[1] = ck_expr_new(builder->compiler->arena, CK_EXPR_NONE);
	for (size_t i = n_subjects; i < function->n_params; i++)
		expr->args[i] = rest[i - n_subjects];
	return expr->args[0] ? expr : NULL;
}

static bool stands_in(const struct ck_function_info *function, enum ck_where where)
{
	return (where == CK_IN_WHERE) == (function->phase == CK_PHASE_WHERE);
}

static void help_functions(struct ck_diags *diags, struct ck_diag *diag, enum ck_where where)
{
	struct ck_buf names = { 0 };

	for (size_t i = 0; ck_function_at(i); i++)
		if (stands_in(ck_function_at(i), where) && ck_function_at(i)->state == CK_STATE_NOW)
			ck_buf_printf(&names, "%s%s", names.n ? ", " : "", ck_function_at(i)->name);
	ck_diag_help(diags, diag, "%s: %.*s", where == CK_IN_WHERE ? "a `where` may ask of its source" : "a check may ask of patterns", (int)names.n,
		     names.p ? names.p : "");
	ck_buf_clear(&names);
}

static Ck__Plan__Expr *unknown_function(struct ck_builder *builder, struct ck_ast_ident name, enum ck_where where)
{
	struct ck_diags *diags = builder->compiler->diags;
	struct ck_diag *diag = ck_error(diags, CK_UNKNOWN_OPERATOR, name.span, "there is no function `%.*s` here", CK_STR_ARG(name.text));
	struct ck_suggest suggest;

	ck_suggest_init(&suggest, name.text);
	for (size_t i = 0; where != CK_IN_ARGUMENT && ck_function_at(i); i++)
		if (stands_in(ck_function_at(i), where))
			ck_suggest_offer(&suggest, ck_str(ck_function_at(i)->name));
	ck_suggest_help(&suggest, diags, diag, "`");
	if (where == CK_IN_ARGUMENT)
		ck_diag_help(diags, diag, "an argument is computed from numbers, captures, lets, params and dimensions");
	else
		help_functions(diags, diag, where);
	return NULL;
}

static Ck__Plan__Expr *lower_identifier(struct ck_builder *builder, const struct ck_ast_value *value, enum ck_where where)
{
	struct ck_str name = value->name.text;
	const struct ck_function_info *function = where == CK_IN_ARGUMENT ? NULL : ck_function_find(name, where == CK_IN_CHECK);
	size_t local = ck_locals_find(&builder->locals, name);
	enum ck_dtype dtype = ck_dtype_find(name);
	Ck__Plan__Expr *expr;

	/* `dim` alone may be a capture; `rank` and the like never are. */
	if (function && (value->has_args || (where == CK_IN_WHERE && (!function->n_params || local == SIZE_MAX))))
		return where == CK_IN_CHECK ? lower_check_function(builder, value, function)
					    : lower_where_function(builder, value, function);
	if (value->has_args)
		return unknown_function(builder, value->name, where);
	if (local < builder->n_consumed && builder->consumed[local]) {
		ck_joined_over(builder, local, value->span);
		return NULL;
	}
	if (local != SIZE_MAX) {
		expr = ck_expr_new(builder->compiler->arena, CK_EXPR_LOCAL);
		if (expr)
			expr->index = (uint32_t)local;
		if (local < builder->locals.used_capacity && builder->locals.used)
			builder->locals.used[local] = true;
		return expr;
	}
	if (dtype != CK_DT_NONE) {
		expr = ck_expr_new(builder->compiler->arena, CK_EXPR_DTYPE);
		if (expr)
			expr->index = dtype;
		return expr;
	}
	expr = ck_scope_value(builder->compiler, name);
	return expr ? expr : unknown_name(builder, value->name, where);
}

Ck__Plan__Expr *ck_lower_value(struct ck_builder *builder, const struct ck_ast_value *value, enum ck_where where)
{
	struct ck_arena *arena = builder->compiler->arena;
	struct ck_ast_value *operands[3] = { value->left, value->right, NULL };
	Ck__Plan__Expr *expr = NULL;
	struct ck_diag *diag;

	switch (value->kind) {
	case CK_AST_INT:
		return ck_expr_int(arena, value->integer);
	case CK_AST_FLOAT:
		expr = ck_expr_new(arena, CK_EXPR_FLOAT);
		if (expr)
			expr->number = value->number;
		return expr;
	case CK_AST_STRING:
		expr = ck_expr_new(arena, CK_EXPR_TEXT);
		if (expr)
			expr->text = ck_bytes(value->string.text);
		return expr;
	case CK_AST_CALL:
		return lower_identifier(builder, value, where);
	case CK_AST_LIST:
		return with_args(builder, CK_EXPR_LIST, value->items, value->n_items, where);
	case CK_AST_UNARY:
		return operation(builder, value, CK_EXPR_OR + (enum ck_expr_kind)value->op, operands, 1, where);
	case CK_AST_BINARY:
		return operation(builder, value, CK_EXPR_OR + (enum ck_expr_kind)value->op, operands, 2, where);
	case CK_AST_WITHIN:
		operands[1] = value->low;
		operands[2] = value->high;
		return operation(builder, value, CK_EXPR_WITHIN, operands, 3, where);
	case CK_AST_TEMPLATE:
	case CK_AST_EXPR:
		diag = ck_error(builder->compiler->diags, CK_BAD_VALUE, value->span, "a number, text or truth is wanted here");
		ck_diag_help(builder->compiler->diags, diag, "variables and `template` stand only where an operator or check asks for them");
		return NULL;
	}
	return NULL;
}
