/* Values, types and expressions as text of the language. */
#include "vm/name.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The shortest digits that read back as the same number, with a point or exponent so that they read as a float. */
static void print_float(struct ck_buf *buf, double number)
{
	char text[64];

	if (isnan(number) || isinf(number)) {
		ck_buf_str(buf, isnan(number) ? CK_STR("nan") : number < 0 ? CK_STR("-inf") : CK_STR("inf"));
		return;
	}
	for (int digits = 1; digits <= 17; digits++) {
		(void)snprintf(text, sizeof(text), "%.*g", digits, number);
		if (strtod(text, NULL) == number)
			break;
	}
	ck_buf_str(buf, ck_str(text));
	if (!strpbrk(text, ".e"))
		ck_buf_str(buf, CK_STR(".0"));
}

static void print_text(struct ck_buf *buf, struct ck_str text)
{
	ck_buf_char(buf, '"');
	ck_buf_name(buf, text);
	ck_buf_char(buf, '"');
}

static void print_fill_name(struct ck_buf *buf, uint32_t index)
{
	const struct ck_fill_info *info = ck_fill_info(index);

	if (info)
		ck_buf_str(buf, ck_str(info->name));
	else
		ck_buf_printf(buf, "fill%u", index);
}

static bool is_left_out(const struct ck_value *value)
{
	return value->kind == CK_EXPR_NONE && !value->unknown;
}

/* Items between commas; arguments that were left out are not printed. */
static void print_items(struct ck_buf *buf, const struct ck_value *items, size_t n_items, bool all)
{
	bool any = false;

	for (size_t i = 0; i < n_items; i++) {
		if (!all && is_left_out(&items[i]))
			continue;
		if (any)
			ck_buf_str(buf, CK_STR(", "));
		ck_buf_value(buf, &items[i]);
		any = true;
	}
}

void ck_buf_value(struct ck_buf *buf, const struct ck_value *value)
{
	if (value->unknown) {
		ck_buf_char(buf, '?');
		return;
	}
	switch (value->kind) {
	case CK_EXPR_INT:
		ck_buf_printf(buf, "%lld", (long long)value->integer);
		return;
	case CK_EXPR_FLOAT:
		print_float(buf, value->number);
		return;
	case CK_EXPR_TEXT:
		print_text(buf, value->text);
		return;
	case CK_EXPR_LIST:
		ck_buf_char(buf, '[');
		print_items(buf, value->items, value->n_items, true);
		ck_buf_char(buf, ']');
		return;
	case CK_EXPR_DTYPE:
		ck_buf_str(buf, ck_str(ck_dtype_name((enum ck_dtype)value->index)));
		return;
	case CK_EXPR_WORD:
		ck_buf_name(buf, value->text);
		return;
	case CK_EXPR_FILL:
		print_fill_name(buf, value->index);
		if (!value->n_items)
			return;
		ck_buf_char(buf, '(');
		print_items(buf, value->items, value->n_items, false);
		ck_buf_char(buf, ')');
		return;
	case CK_EXPR_NAMED:
		ck_buf_name(buf, value->text);
		ck_buf_char(buf, '=');
		print_items(buf, value->items, value->n_items, true);
		return;
	default:
		ck_buf_char(buf, '_');
	}
}

/* ---- expressions */

struct printer {
	struct ck_buf *buf;
	const struct ck_words *words;
};

/* How tight an operator binds, as in C; what is no operator binds tightest. */
static int rank_of(uint32_t kind)
{
	switch (kind) {
	case CK_EXPR_OR:
		return 1;
	case CK_EXPR_AND:
		return 2;
	case CK_EXPR_EQ:
	case CK_EXPR_NE:
	case CK_EXPR_LT:
	case CK_EXPR_LE:
	case CK_EXPR_GT:
	case CK_EXPR_GE:
	case CK_EXPR_WITHIN:
		return 3;
	case CK_EXPR_ADD:
	case CK_EXPR_SUB:
		return 4;
	case CK_EXPR_MUL:
	case CK_EXPR_DIV:
	case CK_EXPR_MOD:
		return 5;
	case CK_EXPR_NEG:
	case CK_EXPR_NOT:
		return 6;
	default:
		return 7;
	}
}

static const char *const signs[] = { "||", "&&", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "-", "!", "within" };

static void print_expr(const struct printer *printer, const Ck__Plan__Expr *expr, int rank);

static void print_args(const struct printer *printer, const Ck__Plan__Expr *expr)
{
	bool any = false;

	for (size_t i = 0; i < expr->n_args; i++) {
		if (expr->args[i]->kind == CK_EXPR_NONE && expr->kind != CK_EXPR_LIST)
			continue;
		if (any)
			ck_buf_str(printer->buf, CK_STR(", "));
		print_expr(printer, expr->args[i], 0);
		any = true;
	}
}

static void print_param(const struct printer *printer, uint32_t index)
{
	const Ck__Plan__Code *code = printer->words->code;

	if (code && index < code->n_params)
		ck_buf_name(printer->buf, ck_str_of(code->params[index]->name));
	else
		ck_buf_printf(printer->buf, "param%u", index);
}

/* "teacher:"; nothing for the source. */
static void print_input(const struct printer *printer, uint32_t input)
{
	const Ck__Plan__Code *code = printer->words->code;

	if (input == CK_INPUT_SOURCE)
		return;
	if (input == CK_INPUT_TEMPLATE)
		ck_buf_str(printer->buf, CK_STR("template"));
	else if (code && input >= CK_INPUT_DECLARED && input - CK_INPUT_DECLARED < code->n_inputs)
		ck_buf_name(printer->buf, ck_str_of(code->inputs[input - CK_INPUT_DECLARED]));
	else
		ck_buf_printf(printer->buf, "input%u", input);
	ck_buf_char(printer->buf, ':');
}

static void print_call(const struct printer *printer, const Ck__Plan__Expr *expr)
{
	const struct ck_function_info *info = ck_function_info(expr->index);

	ck_buf_str(printer->buf, info ? ck_str(info->name) : CK_STR("function"));
	if (expr->name) {
		ck_buf_char(printer->buf, '(');
		print_input(printer, expr->index2);
		if (expr->name->by != CK_BY_NAME)
			ck_buf_str(printer->buf, expr->name->by == CK_BY_PATH ? CK_STR("path:") : CK_STR("full:"));
		ck_buf_char(printer->buf, '"');
		ck_buf_template(printer->buf, expr->name, printer->words);
		ck_buf_str(printer->buf, CK_STR("\")"));
	} else if (expr->n_args) {
		ck_buf_char(printer->buf, '(');
		print_args(printer, expr);
		ck_buf_char(printer->buf, ')');
	}
}

static void print_operation(const struct printer *printer, const Ck__Plan__Expr *expr)
{
	int rank = rank_of(expr->kind);

	if (expr->kind == CK_EXPR_WITHIN && expr->n_args == 3) {
		print_expr(printer, expr->args[0], rank + 1);
		ck_buf_str(printer->buf, CK_STR(" within ("));
		print_expr(printer, expr->args[1], 0);
		ck_buf_str(printer->buf, CK_STR(", "));
		print_expr(printer, expr->args[2], 0);
		ck_buf_char(printer->buf, ')');
	} else if (expr->n_args == 1) {
		ck_buf_str(printer->buf, ck_str(signs[expr->kind - CK_EXPR_OR]));
		print_expr(printer, expr->args[0], rank);
	} else if (expr->n_args == 2) {
		/* Comparisons do not chain, so both sides of one are tighter. */
		print_expr(printer, expr->args[0], rank == 3 ? rank + 1 : rank);
		ck_buf_printf(printer->buf, " %s ", signs[expr->kind - CK_EXPR_OR]);
		print_expr(printer, expr->args[1], rank + 1);
	}
}

static void print_local(const struct printer *printer, uint32_t local)
{
	if (local < printer->words->n_locals)
		ck_buf_name(printer->buf, ck_str_of(printer->words->locals[local]->name));
	else
		ck_buf_printf(printer->buf, "local%u", local);
}

/* Everything that is no operator. */
static void print_leaf(const struct printer *printer, const Ck__Plan__Expr *expr)
{
	switch (expr->kind) {
	case CK_EXPR_INT:
	case CK_EXPR_FLOAT:
	case CK_EXPR_TEXT:
	case CK_EXPR_DTYPE:
	case CK_EXPR_WORD:
	case CK_EXPR_NONE:
		ck_buf_value(printer->buf, &(struct ck_value){ .kind = (enum ck_expr_kind)expr->kind, .integer = expr->integer,
							       .number = expr->number, .text = ck_str_of(expr->text), .index = expr->index });
		return;
	case CK_EXPR_LIST:
		ck_buf_char(printer->buf, '[');
		print_args(printer, expr);
		ck_buf_char(printer->buf, ']');
		return;
	case CK_EXPR_FILL:
		print_fill_name(printer->buf, expr->index);
		if (!expr->n_args)
			return;
		ck_buf_char(printer->buf, '(');
		print_args(printer, expr);
		ck_buf_char(printer->buf, ')');
		return;
	case CK_EXPR_LOCAL:
		print_local(printer, expr->index);
		return;
	case CK_EXPR_PARAM:
		print_param(printer, expr->index);
		return;
	case CK_EXPR_CALL:
		print_call(printer, expr);
		return;
	case CK_EXPR_REGISTER:
		ck_buf_printf(printer->buf, "r%u", expr->index);
		return;
	case CK_EXPR_NAMED:
		ck_buf_name(printer->buf, ck_str_of(expr->text));
		ck_buf_char(printer->buf, '=');
		print_args(printer, expr);
		return;
	default:
		ck_buf_printf(printer->buf, "kind%u", expr->kind);
	}
}

static void print_expr(const struct printer *printer, const Ck__Plan__Expr *expr, int rank)
{
	bool negative = (expr->kind == CK_EXPR_INT && expr->integer < 0) || (expr->kind == CK_EXPR_FLOAT && expr->number < 0);
	bool parens = rank_of(expr->kind) < rank || (negative && rank > 5);

	if (parens)
		ck_buf_char(printer->buf, '(');
	if (expr->kind >= CK_EXPR_OR && expr->kind <= CK_EXPR_WITHIN)
		print_operation(printer, expr);
	else
		print_leaf(printer, expr);
	if (parens)
		ck_buf_char(printer->buf, ')');
}

void ck_buf_expr(struct ck_buf *buf, const Ck__Plan__Expr *expr, const struct ck_words *words)
{
	struct printer printer = { buf, words };

	print_expr(&printer, expr, 0);
}

void ck_buf_typespec(struct ck_buf *buf, const Ck__Plan__Type *type, const struct ck_words *words)
{
	struct printer printer = { buf, words };

	ck_buf_printf(buf, "%s[", ck_dtype_name((enum ck_dtype)type->dtype));
	for (size_t i = 0; i < type->n_dims; i++) {
		const Ck__Plan__DimSpec *dim = type->dims[i];

		if (i)
			ck_buf_str(buf, CK_STR(", "));
		if (dim->kind == CK_DIM_BIND)
			print_local(&printer, dim->local);
		else if (dim->kind == CK_DIM_VALUE && dim->expr)
			print_expr(&printer, dim->expr, 0);
		else
			ck_buf_str(buf, dim->kind == CK_DIM_ELLIPSIS ? CK_STR("...") : CK_STR("_"));
	}
	ck_buf_char(buf, ']');
}
