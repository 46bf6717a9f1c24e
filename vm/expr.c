/* Expressions of the plan, computed. */
#include "vm/name.h"

#include <math.h>

/* The verifier lets no deeper expression through; what the compiler folds is bounded by the grammar and this. */
enum { MAX_DEPTH = 2 * CK_MAX_NESTING + 8 };

static enum ck_code eval(const Ck__Plan__Expr *expr, struct ck_env *env, unsigned depth, struct ck_value *ret_value);

CK_PRINTF(2, 3) static enum ck_code fail(struct ck_env *env, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	env->message = ck_str_vformat(env->arena, format, args);
	va_end(args);
	return ck_arena_failed(env->arena) ? CK_NOMEM : CK_BAD_VALUE;
}

static const char *kind_name(const struct ck_value *value)
{
	switch (value->kind) {
	case CK_EXPR_INT:
		return "an integer";
	case CK_EXPR_FLOAT:
		return "a float";
	case CK_EXPR_TEXT:
		return "text";
	case CK_EXPR_LIST:
		return "a list";
	case CK_EXPR_DTYPE:
		return "a dtype";
	case CK_EXPR_WORD:
		return "a word";
	case CK_EXPR_FILL:
		return "a fill";
	default:
		return "no value";
	}
}

static const char *sign_of(uint32_t kind)
{
	static const char *const signs[] = { "||", "&&", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "-", "!", "within" };

	return signs[kind - CK_EXPR_OR];
}

static struct ck_value int_value(int64_t integer)
{
	return (struct ck_value){ .kind = CK_EXPR_INT, .integer = integer };
}

static bool is_number(const struct ck_value *value)
{
	return value->kind == CK_EXPR_INT || value->kind == CK_EXPR_FLOAT;
}

static double number_of(const struct ck_value *value)
{
	return value->kind == CK_EXPR_INT ? (double)value->integer : value->number;
}

/* ---- comparing */

static int compare_doubles(double a, double b)
{
	return (a > b) - (a < b);
}

/* Exact, also where the integer has more than 53 bits. The float is no NaN. */
static int compare_int_double(int64_t a, double b)
{
	int64_t whole;

	if (b >= 0x1p63)
		return -1;
	if (b < -0x1p63)
		return 1;
	whole = (int64_t)b;
	return a != whole ? (a > whole) - (a < whole) : compare_doubles(0, b - (double)whole);
}

/* Digits without zeros in front. */
static int compare_digits(struct ck_str a, struct ck_str b)
{
	return a.n != b.n ? (a.n > b.n) - (a.n < b.n) : ck_str_compare(a, b);
}

/* Such an integer against a float: beyond 2^63 its nearest float is near enough to tell, but for what rounds to the same. */
static int compare_big_double(struct ck_str digits, double b)
{
	double a = 0;

	for (size_t i = 0; i < digits.n; i++)
		a = a * 10 + (digits.p[i] - '0');
	return compare_doubles(a, b);
}

static enum ck_code too_many_digits(struct ck_env *env, const struct ck_value *value)
{
	env->help = CK_STR("numbers of more than 64 bits are compared and sorted, and nothing else");
	return fail(env, "%.*s has too many digits to compute with", CK_STR_ARG(ck_name_text(env->arena, value->text)));
}

static bool is_nan(const struct ck_value *value)
{
	return value->kind == CK_EXPR_FLOAT && isnan(value->number);
}

/* Neither is NaN. */
static int compare_numbers(const struct ck_value *a, const struct ck_value *b)
{
	if (a->is_big && b->is_big)
		return compare_digits(a->text, b->text);
	if (a->is_big)
		return b->kind == CK_EXPR_INT ? 1 : compare_big_double(a->text, b->number);
	if (b->is_big)
		return a->kind == CK_EXPR_INT ? -1 : -compare_big_double(b->text, a->number);
	if (a->kind == CK_EXPR_INT && b->kind == CK_EXPR_INT)
		return (a->integer > b->integer) - (a->integer < b->integer);
	if (a->kind == CK_EXPR_INT)
		return compare_int_double(a->integer, b->number);
	if (b->kind == CK_EXPR_INT)
		return -compare_int_double(b->integer, a->number);
	return compare_doubles(a->number, b->number);
}

/* == of two values; false (and a message) when they are of two kinds. */
static bool equal_values(struct ck_env *env, const struct ck_value *a, const struct ck_value *b, bool *ret_equal)
{
	if (is_number(a) && is_number(b)) {
		*ret_equal = !is_nan(a) && !is_nan(b) && compare_numbers(a, b) == 0;
		return true;
	}
	if (a->kind != b->kind) {
		(void)fail(env, "%s and %s are never equal", kind_name(a), kind_name(b));
		if ((a->kind == CK_EXPR_TEXT || b->kind == CK_EXPR_TEXT) && (is_number(a) || is_number(b)))
			env->help = CK_STR("a capture is a number when the source says {i:int}; else compare it with text in quotes");
		return false;
	}
	*ret_equal = false;
	switch (a->kind) {
	case CK_EXPR_TEXT:
	case CK_EXPR_WORD:
		*ret_equal = ck_str_equal(a->text, b->text);
		return true;
	case CK_EXPR_DTYPE:
		*ret_equal = a->index == b->index;
		return true;
	case CK_EXPR_LIST:
		*ret_equal = a->n_items == b->n_items;
		for (size_t i = 0; *ret_equal && i < a->n_items; i++)
			if (!equal_values(env, &a->items[i], &b->items[i], ret_equal))
				return false;
		return true;
	default:
		(void)fail(env, "%s cannot be compared", kind_name(a));
		return false;
	}
}

static enum ck_code compare(struct ck_env *env, uint32_t kind, const struct ck_value *a, const struct ck_value *b, struct ck_value *ret_value)
{
	bool equal, truth;
	int order;

	if (kind == CK_EXPR_EQ || kind == CK_EXPR_NE) {
		if (!equal_values(env, a, b, &equal))
			return ck_arena_failed(env->arena) ? CK_NOMEM : CK_BAD_VALUE;
		*ret_value = int_value(equal == (kind == CK_EXPR_EQ));
		return CK_OK;
	}
	if (!is_number(a) || !is_number(b))
		return fail(env, "`%s` compares numbers, not %s", sign_of(kind), kind_name(is_number(a) ? b : a));
	*ret_value = int_value(false);
	if (is_nan(a) || is_nan(b))
		return CK_OK;
	order = compare_numbers(a, b);
	truth = kind == CK_EXPR_LT ? order < 0 : kind == CK_EXPR_LE ? order <= 0 : kind == CK_EXPR_GT ? order > 0 : order >= 0;
	*ret_value = int_value(truth);
	return CK_OK;
}

/* ---- arithmetic */

static enum ck_code integer_arithmetic(struct ck_env *env, uint32_t kind, int64_t a, int64_t b, struct ck_value *ret_value)
{
	bool overflow = false;
	int64_t result = 0;
	enum ck_code code;

	if ((kind == CK_EXPR_DIV || kind == CK_EXPR_MOD) && b == 0)
		return fail(env, "%lld %s 0: division by zero", (long long)a, sign_of(kind));
	switch (kind) {
	case CK_EXPR_ADD:
		overflow = __builtin_add_overflow(a, b, &result);
		break;
	case CK_EXPR_SUB:
		overflow = __builtin_sub_overflow(a, b, &result);
		break;
	case CK_EXPR_MUL:
		overflow = __builtin_mul_overflow(a, b, &result);
		break;
	case CK_EXPR_DIV:
		overflow = b == -1 && a == INT64_MIN;
		if (!overflow && a % b) {
			code = fail(env, "%lld / %lld leaves a remainder; division between integers must be exact", (long long)a, (long long)b);
			env->help = CK_STR(
				"`%` gives the remainder: where i % 2 == 0 leaves what divides; outside of names a float, such as 2.0, makes it a division of floats");
			return code;
		}
		result = overflow ? 0 : a / b;
		break;
	default:
		/* The sign of the divisor, as in Python. */
		result = b == -1 ? 0 : a % b;
		if (result && (result < 0) != (b < 0))
			result += b;
	}
	if (overflow)
		return fail(env, "%lld %s %lld does not fit 64 bits", (long long)a, sign_of(kind), (long long)b);
	*ret_value = int_value(result);
	return CK_OK;
}

static double float_arithmetic(uint32_t kind, double a, double b)
{
	double result;

	if (kind != CK_EXPR_MOD)
		return kind == CK_EXPR_ADD ? a + b : kind == CK_EXPR_SUB ? a - b : kind == CK_EXPR_MUL ? a * b : a / b;
	result = fmod(a, b);
	return result != 0 && (result < 0) != (b < 0) ? result + b : result;
}

static enum ck_code arithmetic(struct ck_env *env, uint32_t kind, const struct ck_value *a, const struct ck_value *b,
			       struct ck_value *ret_value)
{
	enum ck_code code;

	if (!is_number(a) || !is_number(b)) {
		code = fail(env, "`%s` computes with numbers, not %s", sign_of(kind), kind_name(is_number(a) ? b : a));
		if (a->kind == CK_EXPR_TEXT || b->kind == CK_EXPR_TEXT)
			env->help = CK_STR("a capture is a number when the source says {i:int} or {i:uniq}");
		return code;
	}
	if (a->is_big || b->is_big)
		return too_many_digits(env, a->is_big ? a : b);
	if (a->kind == CK_EXPR_INT && b->kind == CK_EXPR_INT)
		return integer_arithmetic(env, kind, a->integer, b->integer, ret_value);
	*ret_value = (struct ck_value){ .kind = CK_EXPR_FLOAT, .number = float_arithmetic(kind, number_of(a), number_of(b)) };
	return CK_OK;
}

static enum ck_code negate(struct ck_env *env, const struct ck_value *a, struct ck_value *ret_value)
{
	if (a->is_big)
		return too_many_digits(env, a);
	if (a->kind == CK_EXPR_INT)
		return integer_arithmetic(env, CK_EXPR_SUB, 0, a->integer, ret_value);
	if (a->kind != CK_EXPR_FLOAT)
		return fail(env, "`-` computes with numbers, not %s", kind_name(a));
	*ret_value = (struct ck_value){ .kind = CK_EXPR_FLOAT, .number = -a->number };
	return CK_OK;
}

/* ---- truth */

bool ck_value_truth(struct ck_env *env, const struct ck_value *value, bool *ret_truth)
{
	if (value->kind == CK_EXPR_INT && !value->is_big && (value->integer == 0 || value->integer == 1)) {
		*ret_truth = value->integer == 1;
		return true;
	}
	(void)fail(env, "a condition is wanted here, not %s", kind_name(value));
	env->help = CK_STR("compare it, such as `i < 12` or `dtype == f32`");
	return false;
}

static enum ck_code logic(struct ck_env *env, uint32_t kind, const struct ck_value *a, const struct ck_value *b, struct ck_value *ret_value)
{
	bool truths[2] = { false, false }, decides = kind == CK_EXPR_OR;
	const struct ck_value *values[2] = { a, b };

	for (int i = 0; i < 2; i++)
		if (!values[i]->unknown && !ck_value_truth(env, values[i], &truths[i]))
			return ck_arena_failed(env->arena) ? CK_NOMEM : CK_BAD_VALUE;
	if ((!a->unknown && truths[0] == decides) || (!b->unknown && truths[1] == decides))
		*ret_value = int_value(decides);
	else if (a->unknown || b->unknown)
		*ret_value = (struct ck_value){ .unknown = true };
	else
		*ret_value = int_value(!decides);
	return CK_OK;
}

/* ---- leaves */

static enum ck_code eval_local(const Ck__Plan__Expr *expr, struct ck_env *env, struct ck_value *ret_value)
{
	const struct ck_binding *binding;
	const Ck__Plan__Local *local;

	if (expr->index >= env->n_locals)
		return fail(env, "local %u of %zu", expr->index, env->n_locals);
	binding = &env->bindings[expr->index];
	local = env->locals[expr->index];
	*ret_value = (struct ck_value){ .unknown = true };
	if (!binding->set)
		return CK_OK;
	if (local->kind != CK_LOCAL_INT && local->kind != CK_LOCAL_UNIQ && local->kind != CK_LOCAL_DIM && local->kind != CK_LOCAL_INDEX) {
		*ret_value = (struct ck_value){ .kind = CK_EXPR_TEXT, .text = binding->text };
		return CK_OK;
	}
	*ret_value = int_value(binding->number);
	if (!binding->has_number && local->kind != CK_LOCAL_DIM && local->kind != CK_LOCAL_INDEX) {
		struct ck_str digits = binding->text;

		if (local->kind == CK_LOCAL_UNIQ)
			digits = ck_str_slice(digits, 1, digits.n);
		while (digits.n > 1 && digits.p[0] == '0')
			digits = ck_str_slice(digits, 1, digits.n);
		ret_value->is_big = true;
		ret_value->text = digits;
	}
	return CK_OK;
}

static enum ck_code eval_items(const Ck__Plan__Expr *expr, struct ck_env *env, unsigned depth, struct ck_value *ret_value)
{
	struct ck_value *items = ck_arena_array(env->arena, expr->n_args + 1, sizeof(*items));
	bool unknown = false;

	if (!items)
		return CK_NOMEM;
	for (size_t i = 0; i < expr->n_args; i++) {
		enum ck_code code = eval(expr->args[i], env, depth + 1, &items[i]);

		if (code == CK_OK && items[i].is_big)
			code = too_many_digits(env, &items[i]);
		if (code != CK_OK)
			return code;
		unknown = unknown || items[i].unknown;
	}
	*ret_value = (struct ck_value){ .kind = expr->kind, .unknown = unknown, .text = ck_str_of(expr->text), .index = expr->index,
					.items = items, .n_items = expr->n_args };
	return CK_OK;
}

static enum ck_code eval_call(const Ck__Plan__Expr *expr, struct ck_env *env, struct ck_value *ret_value)
{
	*ret_value = (struct ck_value){ .unknown = true };
	if (!env->call || env->call(env->context, env, expr, ret_value))
		return CK_OK;
	return ck_arena_failed(env->arena) ? CK_NOMEM : CK_BAD_VALUE;
}

/* ---- operators */

static enum ck_code apply(const Ck__Plan__Expr *expr, struct ck_env *env, const struct ck_value *operands, struct ck_value *ret_value)
{
	struct ck_value low, high;
	enum ck_code code;
	bool truth;

	if (expr->kind == CK_EXPR_OR || expr->kind == CK_EXPR_AND)
		return logic(env, expr->kind, &operands[0], &operands[1], ret_value);
	*ret_value = (struct ck_value){ .unknown = true };
	for (size_t i = 0; i < expr->n_args; i++)
		if (operands[i].unknown)
			return CK_OK;
	if (expr->kind == CK_EXPR_NOT) {
		if (!ck_value_truth(env, &operands[0], &truth))
			return ck_arena_failed(env->arena) ? CK_NOMEM : CK_BAD_VALUE;
		*ret_value = int_value(!truth);
		return CK_OK;
	}
	if (expr->kind == CK_EXPR_NEG)
		return negate(env, &operands[0], ret_value);
	if (expr->kind == CK_EXPR_WITHIN) {
		code = compare(env, CK_EXPR_GE, &operands[0], &operands[1], &low);
		if (code == CK_OK)
			code = compare(env, CK_EXPR_LE, &operands[0], &operands[2], &high);
		if (code == CK_OK)
			*ret_value = int_value(low.integer && high.integer);
		return code;
	}
	return expr->kind <= CK_EXPR_GE ? compare(env, expr->kind, &operands[0], &operands[1], ret_value)
					: arithmetic(env, expr->kind, &operands[0], &operands[1], ret_value);
}

static enum ck_code eval_operation(const Ck__Plan__Expr *expr, struct ck_env *env, unsigned depth, struct ck_value *ret_value)
{
	size_t n = expr->kind == CK_EXPR_WITHIN ? 3 : expr->kind == CK_EXPR_NEG || expr->kind == CK_EXPR_NOT ? 1 : 2;
	struct ck_value operands[3];
	enum ck_code code;

	if (expr->kind < CK_EXPR_OR || expr->kind > CK_EXPR_WITHIN || expr->n_args != n)
		return fail(env, "an expression of kind %u with %zu operands means nothing", expr->kind, expr->n_args);
	for (size_t i = 0; i < n; i++) {
		bool truth;

		code = eval(expr->args[i], env, depth + 1, &operands[i]);
		if (code != CK_OK)
			return code;
		/* What decides alone spares the rest, such as a division by zero that it guards against. */
		if (expr->kind <= CK_EXPR_AND && i == 0 && !operands[0].unknown && ck_value_truth(env, &operands[0], &truth) &&
		    truth == (expr->kind == CK_EXPR_OR)) {
			*ret_value = int_value(truth);
			return CK_OK;
		}
	}
	return apply(expr, env, operands, ret_value);
}

static enum ck_code eval(const Ck__Plan__Expr *expr, struct ck_env *env, unsigned depth, struct ck_value *ret_value)
{
	if (depth > MAX_DEPTH)
		return fail(env, "an expression nested more than %d levels deep", MAX_DEPTH);
	*ret_value = (struct ck_value){ .kind = expr->kind, .integer = expr->integer, .number = expr->number,
					.text = ck_str_of(expr->text), .index = expr->index };
	switch (expr->kind) {
	case CK_EXPR_NONE:
	case CK_EXPR_INT:
	case CK_EXPR_FLOAT:
	case CK_EXPR_TEXT:
	case CK_EXPR_DTYPE:
	case CK_EXPR_WORD:
		return CK_OK;
	case CK_EXPR_LIST:
	case CK_EXPR_FILL:
	case CK_EXPR_NAMED:
		return eval_items(expr, env, depth, ret_value);
	case CK_EXPR_LOCAL:
		return eval_local(expr, env, ret_value);
	case CK_EXPR_PARAM:
		*ret_value = env->params && expr->index < env->n_params ? env->params[expr->index] : (struct ck_value){ .unknown = true };
		return CK_OK;
	case CK_EXPR_CALL:
	case CK_EXPR_REGISTER:
		return eval_call(expr, env, ret_value);
	default:
		return eval_operation(expr, env, depth, ret_value);
	}
}

enum ck_code ck_expr_eval(const Ck__Plan__Expr *expr, struct ck_env *env, struct ck_value *ret_value)
{
	struct ck_value value;
	enum ck_code code;

	env->message = env->help = (struct ck_str){ 0 };
	code = eval(expr, env, 0, &value);
	if (code == CK_OK && value.is_big)
		code = too_many_digits(env, &value);
	if (code == CK_OK)
		*ret_value = value;
	return code;
}

Ck__Plan__Expr *ck_value_expr(struct ck_arena *arena, const struct ck_value *value)
{
	Ck__Plan__Expr *expr = ck_arena_alloc(arena, sizeof(*expr));

	if (!expr)
		return NULL;
	ck__plan__expr__init(expr);
	expr->kind = value->kind;
	expr->integer = value->kind == CK_EXPR_INT ? value->integer : 0;
	expr->number = value->kind == CK_EXPR_FLOAT ? value->number : 0;
	expr->text = (ProtobufCBinaryData){ value->text.n, (uint8_t *)(uintptr_t)value->text.p };
	expr->index = value->index;
	expr->n_args = value->n_items;
	expr->args = ck_arena_array(arena, value->n_items + 1, sizeof(*expr->args));
	for (size_t i = 0; expr->args && i < value->n_items; i++) {
		expr->args[i] = ck_value_expr(arena, &value->items[i]);
		if (!expr->args[i])
			return NULL;
	}
	return expr->args ? expr : NULL;
}
