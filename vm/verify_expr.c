/* The plan verifier on expressions and arguments. */
#include "vm/verify.h"

/* Levels of an expression: LIST and NAMED add one each beside what they hold. */
enum { MAX_DEPTH = 2 * CK_MAX_NESTING };

bool ck_verify_local(struct ck_verifier *verifier, uint32_t local)
{
	if (local >= verifier->n_locals)
		return ck_verify_fail(verifier, "local %u of %zu", local, verifier->n_locals);
	return verifier->captured[local] || ck_verify_fail(verifier, "local %u, which nothing captures", local);
}

static bool verify_items(struct ck_verifier *verifier, const Ck__Plan__Expr *expr, enum ck_verify_in in, unsigned depth)
{
	for (size_t i = 0; i < expr->n_args; i++)
		if (!ck_verify_expr(verifier, expr->args[i], in, depth + 1))
			return false;
	return true;
}

static bool verify_count(struct ck_verifier *verifier, const Ck__Plan__Expr *expr, size_t n)
{
	return expr->n_args == n || ck_verify_fail(verifier, "an expression of kind %u with %zu operands, it has %zu", expr->kind,
						   expr->n_args, n);
}

/* Registers stand only here: as the subject of a check function, which is its first argument. */
static bool verify_check_call(struct ck_verifier *verifier, const Ck__Plan__Expr *call, const struct ck_function_info *function, unsigned depth)
{
	bool pair = function->n_params > 1;
	const Ck__Plan__Expr *subject;

	if (!verify_count(verifier, call, function->n_params))
		return false;
	subject = call->args[0];
	if (subject->kind != CK_EXPR_REGISTER || subject->n_args)
		return ck_verify_fail(verifier, "the subject of the function `%s` is no register", function->name);
	if (subject->index >= verifier->n_registers || !verifier->defined[subject->index])
		return ck_verify_fail(verifier, "register %u is not defined", subject->index);
	if (pair && call->args[1]->kind != CK_EXPR_NONE)
		return ck_verify_fail(verifier, "the second subject of the function `%s` is not joined with the first", function->name);
	for (size_t i = pair ? 2 : 1; i < call->n_args; i++)
		if (!ck_verify_expr(verifier, call->args[i], CK_VERIFY_IN_ARGUMENT, depth + 1))
			return false;
	return true;
}

static bool verify_call(struct ck_verifier *verifier, const Ck__Plan__Expr *call, enum ck_verify_in in, unsigned depth)
{
	const struct ck_function_info *function = ck_function_info(call->index);
	bool exists = function && function->function == CK_FUNCTION_EXISTS;

	if (!function || function->state == CK_STATE_LATER)
		return ck_verify_fail(verifier, "function %u, which does not exist", call->index);
	if (in != (function->phase == CK_PHASE_WHERE ? CK_VERIFY_IN_WHERE : CK_VERIFY_IN_CHECK))
		return ck_verify_fail(verifier, "the function `%s` where it means nothing", function->name);
	if (exists != (call->name != NULL))
		return ck_verify_fail(verifier, "the function `%s` %s a name", function->name, exists ? "without" : "with");
	if (function->phase != CK_PHASE_WHERE)
		return verify_check_call(verifier, call, function, depth);
	if (!exists)
		return verify_count(verifier, call, function->n_params) && verify_items(verifier, call, CK_VERIFY_IN_ARGUMENT, depth);
	if (call->index2 == CK_INPUT_TARGET || call->index2 >= CK_INPUT_DECLARED + verifier->code->n_inputs)
		return ck_verify_fail(verifier, "input %u, which does not exist", call->index2);
	return verify_count(verifier, call, 0) && ck_verify_name(verifier, call->name, depth + 1);
}

static bool verify_operation(struct ck_verifier *verifier, const Ck__Plan__Expr *expr, enum ck_verify_in in, unsigned depth)
{
	size_t n = expr->kind == CK_EXPR_WITHIN ? 3 : expr->kind == CK_EXPR_NEG || expr->kind == CK_EXPR_NOT ? 1 : 2;

	if (expr->kind < CK_EXPR_OR || expr->kind > CK_EXPR_WITHIN)
		return ck_verify_fail(verifier, "an expression of kind %u, which means nothing here", expr->kind);
	if (in == CK_VERIFY_IN_CONSTANT)
		return ck_verify_fail(verifier, "an expression where a constant stands");
	return verify_count(verifier, expr, n) && verify_items(verifier, expr, in, depth);
}

bool ck_verify_expr(struct ck_verifier *verifier, const Ck__Plan__Expr *expr, enum ck_verify_in in, unsigned depth)
{
	if (!expr)
		return ck_verify_fail(verifier, "an expression is missing");
	if (depth > MAX_DEPTH)
		return ck_verify_fail(verifier, "an expression nested more than %d levels deep", MAX_DEPTH);
	if (expr->name && expr->kind != CK_EXPR_CALL)
		return ck_verify_fail(verifier, "a name in an expression of kind %u", expr->kind);
	switch ((enum ck_expr_kind)expr->kind) {
	case CK_EXPR_INT:
	case CK_EXPR_FLOAT:
	case CK_EXPR_TEXT:
		return verify_count(verifier, expr, 0);
	case CK_EXPR_LIST:
		return verify_items(verifier, expr, in, depth);
	case CK_EXPR_DTYPE:
		return verify_count(verifier, expr, 0) &&
		       (ck_dtype_info(expr->index) || ck_verify_fail(verifier, "dtype %u, which does not exist", expr->index));
	case CK_EXPR_LOCAL:
		return verify_count(verifier, expr, 0) && (in != CK_VERIFY_IN_CONSTANT || ck_verify_fail(verifier, "a local where a constant stands")) &&
		       ck_verify_local(verifier, expr->index);
	case CK_EXPR_PARAM:
		return verify_count(verifier, expr, 0) && (in != CK_VERIFY_IN_CONSTANT || ck_verify_fail(verifier, "a param where a constant stands")) &&
		       (expr->index < verifier->code->n_params || ck_verify_fail(verifier, "param %u of %zu", expr->index, verifier->code->n_params));
	case CK_EXPR_CALL:
		return verify_call(verifier, expr, in, depth);
	default: /* operations; the rest stand only where ck_verify_args() allows them, and any number may come from a file */
		return verify_operation(verifier, expr, in, depth);
	}
}

/* ---- arguments */

static bool verify_word(struct ck_verifier *verifier, const Ck__Plan__Expr *expr, const struct ck_param *param)
{
	return (expr->kind == CK_EXPR_WORD && !expr->n_args && ck_words_have(param->words, ck_str_of(expr->text))) ||
	       ck_verify_fail(verifier, "`%.*s` is one of %.*s", CK_STR_ARG(param->name), CK_STR_ARG(param->words));
}

/* over= is a capture, as= an index that the operator makes. Bound code has neither. */
static bool verify_local_arg(struct ck_verifier *verifier, const Ck__Plan__Expr *expr, const struct ck_param *param, enum ck_verify_in in)
{
	uint32_t kind;

	if (expr->kind != CK_EXPR_LOCAL || in == CK_VERIFY_IN_CONSTANT || expr->n_args)
		return ck_verify_fail(verifier, "`%.*s` is no capture", CK_STR_ARG(param->name));
	if (!ck_verify_local(verifier, expr->index))
		return false;
	kind = verifier->locals[expr->index]->kind;
	return param->kind == CK_PARAM_NAME ? kind == CK_LOCAL_INDEX || ck_verify_fail(verifier, "`as` names a capture of a source")
					    : kind != CK_LOCAL_DIM || ck_verify_fail(verifier, "`over` names a dimension");
}

static bool verify_fill(struct ck_verifier *verifier, const Ck__Plan__Expr *expr, enum ck_verify_in in)
{
	const struct ck_fill_info *fill = expr->kind == CK_EXPR_FILL ? ck_fill_info(expr->index) : NULL;

	if (!fill || fill->state == CK_STATE_LATER)
		return ck_verify_fail(verifier, "a fill that does not exist");
	if (fill->fill == CK_FILL_TEMPLATE && in == CK_VERIFY_IN_CONSTANT)
		return ck_verify_fail(verifier, "the fill `template` in bound code, where it is a LOAD");
	return ck_verify_args(verifier, expr->args, expr->n_args, fill->params, fill->n_params, in);
}

/* [...]: items are integers, or lists of three that may be left out. */
static bool verify_list(struct ck_verifier *verifier, const Ck__Plan__Expr *list, const struct ck_param *param, enum ck_verify_in in)
{
	bool indexes = ck_str_equal(param->name, CK_STR("indexes"));

	if (list->kind != CK_EXPR_LIST)
		return ck_verify_fail(verifier, "`%.*s` is no list", CK_STR_ARG(param->name));
	for (size_t i = 0; i < list->n_args; i++) {
		const Ck__Plan__Expr *item = list->args[i];

		if (!indexes || item->kind != CK_EXPR_LIST) {
			if (!ck_verify_expr(verifier, item, in, 1))
				return false;
			continue;
		}
		if (item->n_args != 3)
			return ck_verify_fail(verifier, "an index with %zu parts, it has 3", item->n_args);
		for (size_t j = 0; j < 3; j++)
			if (item->args[j]->kind != CK_EXPR_NONE && !ck_verify_expr(verifier, item->args[j], in, 2))
				return false;
	}
	return true;
}

static bool verify_rest(struct ck_verifier *verifier, const Ck__Plan__Expr *list, const struct ck_param *param, enum ck_verify_in in)
{
	if (list->kind != CK_EXPR_LIST)
		return ck_verify_fail(verifier, "`%.*s` is no list", CK_STR_ARG(param->name));
	for (size_t i = 0; i < list->n_args; i++) {
		const Ck__Plan__Expr *item = list->args[i];

		if (param->rest_keywords && (item->kind != CK_EXPR_NAMED || item->n_args != 1 || !item->text.len))
			return ck_verify_fail(verifier, "`%.*s` holds something that has no name", CK_STR_ARG(param->name));
		if (!ck_verify_expr(verifier, param->rest_keywords ? item->args[0] : item, in, 1))
			return false;
	}
	return true;
}

/* A value of a kind that the text tells; where an expression stands its kind is known when it is computed. */
static bool verify_plain(struct ck_verifier *verifier, const Ck__Plan__Expr *expr, const struct ck_param *param, enum ck_verify_in in)
{
	bool constant = expr->kind <= CK_EXPR_FILL, fits = expr->kind == CK_EXPR_INT;

	if (param->kind == CK_PARAM_NUMBER)
		fits = fits || expr->kind == CK_EXPR_FLOAT;
	if (param->kind == CK_PARAM_TEXT)
		fits = expr->kind == CK_EXPR_TEXT;
	if (param->kind == CK_PARAM_DTYPE)
		fits = expr->kind == CK_EXPR_DTYPE;
	if (constant && !fits)
		return ck_verify_fail(verifier, "`%.*s` is of the wrong kind", CK_STR_ARG(param->name));
	return ck_verify_expr(verifier, expr, in, 0);
}

static bool verify_arg(struct ck_verifier *verifier, const Ck__Plan__Expr *expr, const struct ck_param *param, enum ck_verify_in in)
{
	if (param->rest_positional || param->rest_keywords)
		return verify_rest(verifier, expr, param, in);
	if (expr->kind == CK_EXPR_NONE)
		return param->optional || ck_verify_fail(verifier, "`%.*s` is missing", CK_STR_ARG(param->name));
	switch (param->kind) {
	case CK_PARAM_INT:
	case CK_PARAM_NUMBER:
	case CK_PARAM_TEXT:
	case CK_PARAM_DTYPE:
		return verify_plain(verifier, expr, param, in);
	case CK_PARAM_FILL:
		return verify_fill(verifier, expr, in);
	case CK_PARAM_LIST:
		return verify_list(verifier, expr, param, in);
	case CK_PARAM_CAPTURE:
	case CK_PARAM_NAME:
		return verify_local_arg(verifier, expr, param, in);
	case CK_PARAM_WORD:
		return verify_word(verifier, expr, param);
	case CK_PARAM_SUBJECT:
	case CK_PARAM_EXPR:
	case CK_PARAM_TEMPLATE:
		break;
	}
	return ck_verify_fail(verifier, "`%.*s` is no argument of an operator", CK_STR_ARG(param->name));
}

bool ck_verify_args(struct ck_verifier *verifier, Ck__Plan__Expr *const *args, size_t n_args, const struct ck_param *params,
		    size_t n_params, enum ck_verify_in in)
{
	if (n_args != n_params)
		return ck_verify_fail(verifier, "%zu arguments, it has %zu", n_args, n_params);
	for (size_t i = 0; i < n_args; i++)
		if (!verify_arg(verifier, args[i], &params[i], in))
			return false;
	return true;
}
