/* Arguments of a call matched with the parameters in op.def, fill.def or function.def. */
#include "compiler/internal.h"

#include <stdlib.h>

static void signature_help(struct ck_builder *builder, struct ck_diag *diag, const struct ck_callee *callee)
{
	struct ck_buf text = { 0 };

	for (size_t i = 0; i < callee->n_subjects + callee->n_params; i++) {
		const struct ck_param *param = callee->params - callee->n_subjects + i;

		ck_buf_printf(&text, "%s", i ? ", " : "");
		if (param->rest_positional)
			ck_buf_printf(&text, "%.*s...", CK_STR_ARG(param->name));
		else if (param->rest_keywords)
			ck_buf_printf(&text, "name=..., ...");
		else if (param->optional || param->default_text.n)
			ck_buf_printf(&text, "[%.*s=]", CK_STR_ARG(param->name));
		else
			ck_buf_printf(&text, "%.*s%s", CK_STR_ARG(param->name), param->keyword_only ? "=" : "");
	}
	ck_diag_help(builder->compiler->diags, diag, "it is called as %s(%.*s)", callee->name, (int)text.n, text.p ? text.p : "");
	ck_buf_clear(&text);
}

static void unknown_argument(struct ck_builder *builder, const struct ck_callee *callee, struct ck_span span, struct ck_str name)
{
	struct ck_diag *diag = ck_error(builder->compiler->diags, CK_BAD_ARGUMENT, span, "%s `%s` has no argument `%.*s`", callee->what,
					callee->name, CK_STR_ARG(name));
	struct ck_suggest suggest;

	ck_suggest_init(&suggest, name);
	for (size_t i = 0; i < callee->n_params; i++)
		ck_suggest_offer(&suggest, callee->params[i].name);
	if (callee->n_params && callee->params[0].rest_positional)
		ck_diag_help(builder->compiler->diags, diag, "integers stand one after another, without a name or brackets, such as %s(1, 0)",
			     callee->name);
	else
		ck_suggest_help(&suggest, builder->compiler->diags, diag, "`");
	signature_help(builder, diag, callee);
}

static void given_twice(struct ck_builder *builder, const struct ck_callee *callee, struct ck_span span, struct ck_str name)
{
	struct ck_diag *diag = ck_error(builder->compiler->diags, CK_BAD_ARGUMENT, span, "%s `%s` is given `%.*s` twice", callee->what,
					callee->name, CK_STR_ARG(name));

	signature_help(builder, diag, callee);
}

static Ck__Plan__Expr *wrong_kind(struct ck_builder *builder, const struct ck_param *param, struct ck_span span, const char *wanted)
{
	struct ck_diag *diag = ck_error(builder->compiler->diags, CK_BAD_ARGUMENT, span, "`%.*s` wants %s", CK_STR_ARG(param->name), wanted);

	if (param->rest_positional)
		ck_diag_help(builder->compiler->diags, diag, "integers stand one after another, without brackets, such as (1, 0)");
	if (param->kind == CK_PARAM_FILL)
		ck_diag_help(builder->compiler->diags, diag, "a number is written const(0.5); other fills are zeros, ones, normal(stddev=0.02)");
	if (param->kind == CK_PARAM_DTYPE)
		ck_diag_help(builder->compiler->diags, diag, "dtypes are written f32, bf16, i64 and so on, without quotes");
	return NULL;
}

/* over=e: a capture of the sources. */
static Ck__Plan__Expr *lower_capture(struct ck_builder *builder, const struct ck_param *param, const struct ck_ast_value *value)
{
	size_t local;
	Ck__Plan__Expr *expr;

	if (value->kind != CK_AST_CALL || value->has_args)
		return wrong_kind(builder, param, value->span, "the name of a capture");
	local = ck_locals_find(&builder->locals, value->name.text);
	if (local == SIZE_MAX || builder->locals.items[local]->kind == CK_LOCAL_DIM) {
		struct ck_diag *diag = ck_error(builder->compiler->diags, CK_UNKNOWN_CAPTURE, value->span, "no source captures `%.*s`",
						CK_STR_ARG(value->name.text));
		struct ck_suggest suggest;

		ck_suggest_init(&suggest, value->name.text);
		for (size_t i = 0; i < builder->locals.n_items; i++)
			if (builder->locals.items[i]->kind <= CK_LOCAL_CHOICE)
				ck_suggest_offer(&suggest, ck_str_of(builder->locals.items[i]->name));
		ck_suggest_help(&suggest, builder->compiler->diags, diag, "`");
		ck_diag_help(builder->compiler->diags, diag, "over= names what the variables of one group differ in, such as {e:int}");
		return NULL;
	}
	expr = ck_expr_new(builder->compiler->arena, CK_EXPR_LOCAL);
	if (expr)
		expr->index = (uint32_t)local;
	return expr;
}

/* as=e: a new capture, for the target. */
static Ck__Plan__Expr *lower_new_capture(struct ck_builder *builder, const struct ck_param *param, const struct ck_ast_value *value)
{
	struct ck_compiler *compiler = builder->compiler;
	Ck__Plan__Expr *expr;

	if (value->kind != CK_AST_CALL || value->has_args)
		return wrong_kind(builder, param, value->span, "a new name");
	if (ck_locals_find(&builder->locals, value->name.text) != SIZE_MAX || ck_scope_value(compiler, value->name.text) ||
	    ck_dtype_find(value->name.text) != CK_DT_NONE) {
		struct ck_diag *diag = ck_error(compiler->diags, CK_NAME_CLASH, value->span, "`%.*s` has a meaning already",
						CK_STR_ARG(value->name.text));
		ck_diag_help(compiler->diags, diag, "as= introduces a new capture: give it a name of its own");
		return NULL;
	}
	expr = ck_expr_new(compiler->arena, CK_EXPR_LOCAL);
	if (expr)
		expr->index = (uint32_t)ck_locals_add(&builder->locals, value->name.text, CK_LOCAL_INDEX, value->span);
	return expr;
}

static bool has_word(struct ck_str words, struct ck_str word)
{
	while (words.n) {
		size_t end = ck_str_find(words, '|');

		if (ck_str_equal(ck_str_slice(words, 0, end), word))
			return true;
		words = ck_str_slice(words, end + 1, words.n);
	}
	return false;
}

static Ck__Plan__Expr *word_expr(struct ck_builder *builder, struct ck_str word)
{
	Ck__Plan__Expr *expr = ck_expr_new(builder->compiler->arena, CK_EXPR_WORD);

	if (expr)
		expr->text = ck_bytes(word);
	return expr;
}

static Ck__Plan__Expr *lower_word(struct ck_builder *builder, const struct ck_param *param, const struct ck_ast_value *value)
{
	struct ck_str word = value->name.text;
	struct ck_suggest suggest;
	struct ck_diag *diag;

	if (value->kind == CK_AST_CALL && !value->has_args && has_word(param->words, word))
		return word_expr(builder, word);
	diag = ck_error(builder->compiler->diags, CK_BAD_ARGUMENT, value->span, "`%.*s` is one of %.*s", CK_STR_ARG(param->name),
			CK_STR_ARG(param->words));
	if (value->kind == CK_AST_STRING && has_word(param->words, value->string.text))
		ck_diag_help(builder->compiler->diags, diag, "write %.*s=%.*s, without quotes", CK_STR_ARG(param->name),
			     CK_STR_ARG(value->string.text));
	ck_suggest_init(&suggest, value->kind == CK_AST_CALL ? word : value->string.text);
	for (struct ck_str words = param->words; words.n;) {
		size_t end = ck_str_find(words, '|');

		ck_suggest_offer(&suggest, ck_str_slice(words, 0, end));
		words = ck_str_slice(words, end + 1, words.n);
	}
	ck_suggest_help(&suggest, builder->compiler->diags, diag, "`");
	return NULL;
}

static Ck__Plan__Expr *lower_dtype(struct ck_builder *builder, const struct ck_param *param, const struct ck_ast_value *value)
{
	Ck__Plan__Expr *expr;

	if (value->kind != CK_AST_CALL || value->has_args)
		return wrong_kind(builder, param, value->span, "a dtype");
	if (ck_dtype_find(value->name.text) == CK_DT_NONE) {
		ck_dtype_help(builder->compiler->diags,
			      ck_error(builder->compiler->diags, CK_UNKNOWN_OPERATOR, value->span, "there is no dtype `%.*s`",
				       CK_STR_ARG(value->name.text)), value->name.text);
		return NULL;
	}
	expr = ck_expr_new(builder->compiler->arena, CK_EXPR_DTYPE);
	if (expr)
		expr->index = ck_dtype_find(value->name.text);
	return expr;
}

/* Numbers, lists and text: any expression, whose kind is checked as far as the text tells. */
static Ck__Plan__Expr *lower_plain(struct ck_builder *builder, const struct ck_param *param, const struct ck_ast_value *value,
				   enum ck_where where)
{
	Ck__Plan__Expr *expr = ck_lower_value(builder, value, where);
	struct ck_value known;

	if (!expr || !ck_fold(builder, expr, value->span, &known))
		return NULL;
	if (known.unknown)
		return expr;
	switch (param->kind) {
	case CK_PARAM_INT:
		return known.kind == CK_EXPR_INT ? expr : wrong_kind(builder, param, value->span, "an integer");
	case CK_PARAM_NUMBER:
		return known.kind == CK_EXPR_INT || known.kind == CK_EXPR_FLOAT ? expr
										: wrong_kind(builder, param, value->span, "a number");
	case CK_PARAM_TEXT:
		return known.kind == CK_EXPR_TEXT ? expr : wrong_kind(builder, param, value->span, "text in quotes");
	case CK_PARAM_LIST:
		return known.kind == CK_EXPR_LIST ? expr : wrong_kind(builder, param, value->span, "a list such as [0, 1]");
	case CK_PARAM_DTYPE:
	case CK_PARAM_FILL:
	case CK_PARAM_CAPTURE:
	case CK_PARAM_NAME:
	case CK_PARAM_WORD:
	case CK_PARAM_SUBJECT:
	case CK_PARAM_EXPR:
	case CK_PARAM_TEMPLATE:
		break;
	}
	return expr;
}

static Ck__Plan__Expr *lower_arg(struct ck_builder *builder, const struct ck_param *param, const struct ck_ast_value *value,
				 enum ck_where where)
{
	switch (param->kind) {
	case CK_PARAM_CAPTURE:
		return lower_capture(builder, param, value);
	case CK_PARAM_NAME:
		return lower_new_capture(builder, param, value);
	case CK_PARAM_WORD:
		return lower_word(builder, param, value);
	case CK_PARAM_DTYPE:
		return lower_dtype(builder, param, value);
	case CK_PARAM_FILL:
		if (value->kind == CK_AST_CALL || value->kind == CK_AST_TEMPLATE)
			return ck_lower_fill(builder, value->name, value->kind == CK_AST_TEMPLATE, value->args, value->n_args, true);
		return wrong_kind(builder, param, value->span, "a fill");
	case CK_PARAM_INT:
	case CK_PARAM_NUMBER:
	case CK_PARAM_TEXT:
	case CK_PARAM_LIST:
	case CK_PARAM_SUBJECT:
	case CK_PARAM_EXPR:
	case CK_PARAM_TEMPLATE:
		break;
	}
	return lower_plain(builder, param, value, where);
}

/* Defaults are written in the tables: numbers, words, or the name of a fill. */
static Ck__Plan__Expr *default_value(struct ck_builder *builder, const struct ck_param *param)
{
	struct ck_arena *arena = builder->compiler->arena;
	Ck__Plan__Expr *expr;

	if (!param->default_text.n)
		return ck_expr_new(arena, CK_EXPR_NONE);
	if (param->kind == CK_PARAM_WORD)
		return word_expr(builder, param->default_text);
	if (param->kind == CK_PARAM_FILL)
		return ck_lower_fill(builder, (struct ck_ast_ident){ { 0 }, param->default_text }, false, NULL, 0, true);
	if (param->kind == CK_PARAM_INT || ck_str_find(param->default_text, '.') == param->default_text.n)
		if (ck_str_find(param->default_text, 'e') == param->default_text.n)
			return ck_expr_int(arena, strtoll(param->default_text.p, NULL, 10));
	expr = ck_expr_new(arena, CK_EXPR_FLOAT);
	if (expr)
		expr->number = strtod(param->default_text.p, NULL);
	return expr;
}

/* Appends to the list of a *name or **name parameter. */
static bool append_rest(struct ck_builder *builder, const struct ck_callee *callee, const struct ck_param *param, Ck__Plan__Expr *list,
			const struct ck_ast_arg *arg, size_t capacity, enum ck_where where)
{
	struct ck_arena *arena = builder->compiler->arena;
	Ck__Plan__Expr *value, *named;
	struct ck_param called = *param;

	if (param->rest_keywords)
		called.name = arg->name.text;
	value = lower_arg(builder, &called, arg->value, where);
	if (!list->args)
		list->args = ck_arena_array(arena, capacity, sizeof(*list->args));
	if (!value || !list->args)
		return false;
	if (param->rest_keywords) {
		for (size_t i = 0; i < list->n_args; i++)
			if (ck_str_equal(ck_str_of(list->args[i]->text), arg->name.text)) {
				given_twice(builder, callee, arg->span, arg->name.text);
				return false;
			}
		named = ck_expr_new(arena, CK_EXPR_NAMED);
		if (!named)
			return false;
		named->text = ck_bytes(arg->name.text);
		named->args = ck_arena_array(arena, 1, sizeof(*named->args));
		if (!named->args)
			return false;
		named->args[0] = value;
		named->n_args = 1;
		value = named;
	}
	list->args[list->n_args++] = value;
	return true;
}

/*
 * The parameter that an argument is for, n_params when there is none. One without a name is for the next that has nothing yet:
 * take(axis=0, [2, 1]) is take(0, [2, 1]).
 */
static size_t param_of(const struct ck_callee *callee, const struct ck_ast_arg *arg, Ck__Plan__Expr *const *exprs)
{
	size_t i;

	if (arg->name.text.n) {
		for (i = 0; i < callee->n_params; i++)
			if (ck_str_equal(callee->params[i].name, arg->name.text) && !callee->params[i].rest_positional &&
			    !callee->params[i].rest_keywords)
				return i;
		for (i = 0; i < callee->n_params; i++)
			if (callee->params[i].rest_keywords)
				return i;
		return callee->n_params;
	}
	for (i = 0; i < callee->n_params; i++) {
		if (callee->params[i].keyword_only || callee->params[i].rest_keywords)
			break;
		if (!exprs[i] || callee->params[i].rest_positional)
			return i;
	}
	return callee->n_params;
}

static bool place_arg(struct ck_builder *builder, const struct ck_callee *callee, const struct ck_ast_arg *arg, size_t n_args,
		      Ck__Plan__Expr **exprs, enum ck_where where)
{
	size_t i = param_of(callee, arg, exprs);
	const struct ck_param *param = &callee->params[i];
	struct ck_diag *diag;

	if (i == callee->n_params && arg->name.text.n) {
		unknown_argument(builder, callee, arg->name.span, arg->name.text);
		return false;
	}
	if (i == callee->n_params) {
		diag = ck_error(builder->compiler->diags, CK_BAD_ARGUMENT, arg->span, "%s `%s` takes no such argument by position",
				callee->what, callee->name);
		signature_help(builder, diag, callee);
		return false;
	}
	if (param->rest_positional || param->rest_keywords) {
		if (!exprs[i])
			exprs[i] = ck_expr_new(builder->compiler->arena, CK_EXPR_LIST);
		return exprs[i] && append_rest(builder, callee, param, exprs[i], arg, n_args, where);
	}
	if (exprs[i]) {
		given_twice(builder, callee, arg->span, param->name);
		return false;
	}
	exprs[i] = lower_arg(builder, param, arg->value, where);
	return exprs[i] != NULL;
}

Ck__Plan__Expr **ck_lower_args(struct ck_builder *builder, const struct ck_callee *callee, const struct ck_ast_arg *args, size_t n_args,
			       enum ck_where where)
{
	Ck__Plan__Expr **exprs = ck_arena_array(builder->compiler->arena, callee->n_params + 1, sizeof(*exprs));
	bool good = exprs != NULL;

	for (int named = 1; named >= 0; named--)
		for (size_t i = 0; exprs && i < n_args; i++)
			if ((args[i].name.text.n > 0) == named)
				good = place_arg(builder, callee, &args[i], n_args, exprs, where) && good;
	for (size_t i = 0; good && i < callee->n_params; i++) {
		const struct ck_param *param = &callee->params[i];

		if (exprs[i])
			continue;
		if (param->rest_positional || param->rest_keywords) {
			exprs[i] = ck_expr_new(builder->compiler->arena, CK_EXPR_LIST);
		} else if (param->optional || param->default_text.n) {
			exprs[i] = default_value(builder, param);
		} else {
			struct ck_diag *diag = ck_error(builder->compiler->diags, CK_BAD_ARGUMENT, callee->span, "%s `%s` needs `%.*s`",
							callee->what, callee->name, CK_STR_ARG(param->name));
			signature_help(builder, diag, callee);
			good = false;
		}
		good = good && exprs[i];
	}
	return good ? exprs : NULL;
}

static void offer_fills(struct ck_diags *diags, struct ck_diag *diag, bool rows)
{
	struct ck_buf names = { 0 };

	for (size_t i = 0; ck_fill_at(i); i++)
		if (ck_fill_at(i)->state == CK_STATE_NOW && (rows || !ck_fill_at(i)->rows_only))
			ck_buf_printf(&names, "%s%s", names.n ? ", " : "", ck_fill_at(i)->name);
	ck_diag_help(diags, diag, "available now: %.*s", (int)names.n, names.p ? names.p : "");
	ck_buf_clear(&names);
}

static const struct ck_fill_info *find_fill(struct ck_builder *builder, struct ck_ast_ident name, bool is_template, bool rows)
{
	const struct ck_fill_info *fill = is_template ? ck_fill_info(CK_FILL_TEMPLATE) : ck_fill_find(name.text);
	struct ck_suggest suggest;
	struct ck_diag *diag;

	if (!fill) {
		diag = ck_error(builder->compiler->diags, CK_UNKNOWN_OPERATOR, name.span, "there is no fill `%.*s`", CK_STR_ARG(name.text));
		ck_suggest_init(&suggest, name.text);
		for (size_t i = 0; ck_fill_at(i); i++)
			ck_suggest_offer(&suggest, ck_str(ck_fill_at(i)->name));
		ck_suggest_help(&suggest, builder->compiler->diags, diag, "`");
		return NULL;
	}
	if (fill->state == CK_STATE_LATER) {
		diag = ck_error(builder->compiler->diags, CK_NOT_AVAILABLE, name.span,
				"the fill `%s` is not available in this version of ckmig", fill->name);
		offer_fills(builder->compiler->diags, diag, rows);
		return NULL;
	}
	if (fill->rows_only && !rows) {
		diag = ck_error(builder->compiler->diags, CK_BAD_ARGUMENT, name.span, "the fill `%s` needs old rows to look at", fill->name);
		ck_diag_help(builder->compiler->diags, diag, "it stands only in grow, pad and remap, such as grow(axis=0, to=100, with=%s)",
			     fill->name);
		return NULL;
	}
	return fill;
}

Ck__Plan__Expr *ck_lower_fill(struct ck_builder *builder, struct ck_ast_ident name, bool is_template, const struct ck_ast_arg *args,
			      size_t n_args, bool rows)
{
	const struct ck_fill_info *fill = find_fill(builder, name, is_template, rows);
	Ck__Plan__Expr *expr = fill ? ck_expr_new(builder->compiler->arena, CK_EXPR_FILL) : NULL;
	struct ck_callee callee;

	if (!expr)
		return NULL;
	callee = (struct ck_callee){ "fill", fill->name, fill->params, fill->n_params, name.span, fill->parameters, 0 };
	expr->index = fill->fill;
	expr->args = ck_lower_args(builder, &callee, args, n_args, CK_IN_ARGUMENT);
	expr->n_args = fill->n_params;
	return expr->args ? expr : NULL;
}
