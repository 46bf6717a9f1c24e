/* Shape rules of operators that make values: casts, arithmetic, fills. */
#include "vm/infer.h"

#include <math.h>

/* The largest finite value of a floating dtype (of its parts, for complex ones). */
static double largest(enum ck_dtype dtype)
{
	static const double values[CK_DT_END] = {
		[CK_DT_F64] = 0x1.fffffffffffffp1023, [CK_DT_C128] = 0x1.fffffffffffffp1023, [CK_DT_F32] = 0x1.fffffep127,
		[CK_DT_C64] = 0x1.fffffep127,	      [CK_DT_F16] = 65504,		     [CK_DT_BF16] = 0x1.fep127,
		[CK_DT_F8E4M3FN] = 448,		      [CK_DT_F8E5M2] = 57344,
	};

	return dtype < CK_DT_END ? values[dtype] : 0;
}

static double number_of(const struct ck_value *value)
{
	return value->kind == CK_EXPR_INT ? (double)value->integer : value->number;
}

/* ---- cast, scale, shift, neg */

enum ck_code ck_infer_CAST(struct ck_infer *infer, struct ck_inferred *ret_inferred)
{
	const struct ck_type *operand = &infer->operands[0];
	enum ck_dtype to = (enum ck_dtype)ck_infer_arg(infer, "dtype")->index;
	const struct ck_dtype_info *info = ck_dtype_info(to);
	struct ck_type result = *operand;

	if (!info || info->class == CK_CLASS_OPAQUE || info->class == CK_CLASS_STRING)
		return ck_infer_fail(infer, CK_DTYPE, "cast makes numbers and truths, not %s", info ? info->name : "an unknown dtype");
	if (operand->dtype != CK_DT_NONE && ck_dtype_class(operand->dtype) == CK_CLASS_COMPLEX && info->class != CK_CLASS_COMPLEX) {
		ck_infer_help(infer, "a complex number has no one real value; c64 and c128 cast to each other");
		return ck_infer_fail(infer, CK_DTYPE, "cast from %s to %s would lose the imaginary part", ck_dtype_name(operand->dtype),
				     info->name);
	}
	result.dtype = to;
	return ck_infer_like(infer, &result, ret_inferred, NULL);
}

static enum ck_code reals_like(struct ck_infer *infer, struct ck_inferred *ret_inferred)
{
	enum ck_code code = ck_infer_want_reals(infer, infer->operands[0].dtype);

	return code == CK_OK ? ck_infer_like(infer, &infer->operands[0], ret_inferred, NULL) : code;
}

/* By a number, which is rounded to f32 unless the dtype is wider: it must not become an infinity that nobody wrote. */
static enum ck_code by_number(struct ck_infer *infer, struct ck_inferred *ret_inferred)
{
	enum ck_dtype dtype = infer->operands[0].dtype;
	double x = number_of(ck_infer_arg(infer, "x"));

	if (dtype != CK_DT_NONE && dtype != CK_DT_F64 && dtype != CK_DT_C128 && isfinite(x) && fabs(x) > largest(CK_DT_F32)) {
		ck_infer_help(infer, "cast to f64 first: ... | cast(f64) | %s(...)", infer->op->name);
		return ck_infer_fail(infer, CK_DTYPE, "%s(%g) of %s computes in f32, which does not hold the number", infer->op->name, x,
				     ck_dtype_name(dtype));
	}
	return reals_like(infer, ret_inferred);
}

enum ck_code ck_infer_SCALE(struct ck_infer *infer, struct ck_inferred *ret_inferred)
{
	return by_number(infer, ret_inferred);
}

enum ck_code ck_infer_SHIFT(struct ck_infer *infer, struct ck_inferred *ret_inferred)
{
	return by_number(infer, ret_inferred);
}

enum ck_code ck_infer_NEG(struct ck_infer *infer, struct ck_inferred *ret_inferred)
{
	enum ck_code code = ck_infer_want_numbers(infer, infer->operands[0].dtype);

	return code == CK_OK ? ck_infer_like(infer, &infer->operands[0], ret_inferred, NULL) : code;
}

/* ---- fills */

static unsigned n_bits(enum ck_dtype dtype)
{
	return dtype == CK_DT_I4 || dtype == CK_DT_U4 ? 4 : (unsigned)ck_dtype_width(dtype) * 8;
}

/* Is x a value of the integer dtype? */
static bool int_holds(enum ck_dtype dtype, double x)
{
	unsigned bits = n_bits(dtype);
	bool is_signed = ck_dtype_class(dtype) == CK_CLASS_INT;
	/* Powers of two, so exact: low <= x < high. */
	double low = is_signed ? -ldexp(1, (int)bits - 1) : 0, high = ldexp(1, (int)bits - is_signed);

	return x >= low && x < high && x == trunc(x);
}

static bool integer_holds(enum ck_dtype dtype, int64_t x)
{
	unsigned bits = n_bits(dtype);

	if (ck_dtype_class(dtype) == CK_CLASS_UINT)
		return x >= 0 && (bits == 64 || x < (int64_t)1 << bits);
	return bits == 64 || (x >= -((int64_t)1 << (bits - 1)) && x < (int64_t)1 << (bits - 1));
}

/* Whether const(x) is exact enough: an integer dtype holds it, a floating one has it in range. */
static bool dtype_holds(enum ck_dtype dtype, const struct ck_value *x)
{
	double number = number_of(x);

	switch (ck_dtype_class(dtype)) {
	case CK_CLASS_FLOAT:
	case CK_CLASS_COMPLEX:
		return isnan(number) || fabs(number) <= largest(dtype) || (isinf(number) && dtype != CK_DT_F8E4M3FN);
	case CK_CLASS_INT:
	case CK_CLASS_UINT:
		return x->kind == CK_EXPR_INT ? integer_holds(dtype, x->integer) : int_holds(dtype, number);
	case CK_CLASS_BOOL:
		return number == 0 || number == 1;
	case CK_CLASS_STRING:
	case CK_CLASS_OPAQUE:
		break;
	}
	return false;
}

static enum ck_code fill_dtype(struct ck_infer *infer, const struct ck_fill_info *fill, enum ck_dtype dtype, const char *wanted)
{
	return ck_infer_fail(infer, CK_DTYPE, "the fill `%s` makes %s, not %s", fill->name, wanted, ck_dtype_name(dtype));
}

/* Which numbers there are. */
static void help_range(struct ck_infer *infer, enum ck_dtype dtype)
{
	unsigned bits = n_bits(dtype);

	switch (ck_dtype_class(dtype)) {
	case CK_CLASS_FLOAT:
	case CK_CLASS_COMPLEX:
		ck_infer_help(infer, "%s holds numbers from %.8g to %.8g%s", ck_dtype_name(dtype), -largest(dtype), largest(dtype),
			      dtype == CK_DT_F8E4M3FN ? " and nan" : ", inf and nan");
		return;
	case CK_CLASS_INT:
		ck_infer_help(infer, "%s holds integers from %lld to %lld", ck_dtype_name(dtype), -(1LL << (bits - 2)) * 2,
			      ((1LL << (bits - 2)) - 1) * 2 + 1);
		return;
	case CK_CLASS_UINT:
		ck_infer_help(infer, "%s holds integers from 0 to %llu", ck_dtype_name(dtype), ((1ULL << (bits - 1)) - 1) * 2 + 1);
		return;
	case CK_CLASS_BOOL:
		ck_infer_help(infer, "bool holds 0 (false) and 1 (true)");
		return;
	case CK_CLASS_STRING:
	case CK_CLASS_OPAQUE:
		return;
	}
}

static enum ck_code check_const(struct ck_infer *infer, const struct ck_value *x, enum ck_dtype dtype)
{
	if (dtype == CK_DT_NONE || dtype_holds(dtype, x))
		return CK_OK;
	help_range(infer, dtype);
	if (x->kind == CK_EXPR_INT)
		return ck_infer_fail(infer, CK_DTYPE, "const(%lld) is no value of %s", (long long)x->integer, ck_dtype_name(dtype));
	return ck_infer_fail(infer, CK_DTYPE, "const(%g) is no value of %s", x->number, ck_dtype_name(dtype));
}

/* The farthest that Box-Muller goes: the square root of -2 log u, with u = 2^-33. */
static const double farthest_draw = 6.764;

static enum ck_code check_random(struct ck_infer *infer, const struct ck_fill_info *fill, const struct ck_value *args, enum ck_dtype dtype)
{
	double a = number_of(&args[0]), b = number_of(&args[1]), farthest;

	if (dtype != CK_DT_NONE && ck_dtype_class(dtype) != CK_CLASS_FLOAT)
		return fill_dtype(infer, fill, dtype, "floats");
	if (!isfinite(a) || !isfinite(b))
		return ck_infer_fail(infer, CK_BAD_ARGUMENT, "the fill `%s` wants finite numbers", fill->name);
	if (fill->fill == CK_FILL_UNIFORM && a > b)
		return ck_infer_fail(infer, CK_BAD_ARGUMENT, "uniform from %g to %g: the lower end is the larger", a, b);
	if (fill->fill == CK_FILL_NORMAL && b < 0)
		return ck_infer_fail(infer, CK_BAD_ARGUMENT, "normal with a standard deviation of %g", b);
	farthest = fill->fill == CK_FILL_NORMAL ? fabs(a) + farthest_draw * b : fmax(fabs(a), fabs(b));
	if (dtype != CK_DT_NONE && farthest > largest(dtype)) {
		help_range(infer, dtype);
		return ck_infer_fail(infer, CK_DTYPE, "%s(%g, %g) makes numbers up to %.3g, which %s does not hold", fill->name, a, b, farthest,
				     ck_dtype_name(dtype));
	}
	return CK_OK;
}

/* The arguments of a fill, by its row: a fill has no optional ones without a default. */
static enum ck_code check_fill_args(struct ck_infer *infer, const struct ck_fill_info *fill, const struct ck_value *value)
{
	if (value->n_items != fill->n_params)
		return ck_infer_fail(infer, CK_BAD_ARGUMENT, "the fill `%s` has %zu argument%s, found %zu", fill->name, fill->n_params,
				     fill->n_params == 1 ? "" : "s", value->n_items);
	for (size_t i = 0; i < fill->n_params; i++) {
		enum ck_expr_kind kind = value->items[i].kind;

		if (kind != CK_EXPR_INT && (kind != CK_EXPR_FLOAT || fill->params[i].kind == CK_PARAM_INT))
			return ck_infer_fail(infer, CK_BAD_ARGUMENT, "`%.*s` of the fill `%s` wants %s", CK_STR_ARG(fill->params[i].name), fill->name,
					     fill->params[i].kind == CK_PARAM_INT ? "an integer" : "a number");
	}
	return CK_OK;
}

enum ck_code ck_fill_check(struct ck_infer *infer, const struct ck_value *value, const struct ck_type *type)
{
	const struct ck_fill_info *fill = value->kind == CK_EXPR_FILL ? ck_fill_info(value->index) : NULL;
	enum ck_dtype dtype = type->dtype;
	enum ck_dtype_class class = ck_dtype_class(dtype == CK_DT_NONE ? CK_DT_F32 : dtype);
	enum ck_code code;

	if (!fill)
		return ck_infer_fail(infer, CK_BAD_ARGUMENT, "this is no fill");
	if (fill->state == CK_STATE_LATER)
		return ck_infer_fail(infer, CK_NOT_AVAILABLE, "the fill `%s` is not available in this version of ckmig", fill->name);
	code = check_fill_args(infer, fill, value);
	if (code != CK_OK || fill->fill == CK_FILL_TEMPLATE)
		return code;
	if (class == CK_CLASS_OPAQUE || (class == CK_CLASS_STRING && fill->fill != CK_FILL_ZEROS))
		return fill_dtype(infer, fill, dtype, "numbers");
	if (fill->fill == CK_FILL_CONST)
		return check_const(infer, &value->items[0], dtype);
	if (fill->fill == CK_FILL_NORMAL || fill->fill == CK_FILL_UNIFORM)
		return check_random(infer, fill, value->items, dtype);
	if (fill->fill == CK_FILL_EYE && type->rank >= 0 && type->rank < 2) {
		ck_infer_help(infer, "the diagonal is that of the last two axes");
		return ck_infer_fail(infer, CK_RANK, "the fill `eye` wants at least 2 axes, here %s %d", type->rank == 1 ? "is" : "are", type->rank);
	}
	if (fill->fill == CK_FILL_MEAN && class != CK_CLASS_FLOAT && class != CK_CLASS_COMPLEX)
		return fill_dtype(infer, fill, dtype, "floating and complex numbers");
	return CK_OK;
}

/* ---- pad, grow */

/* The one result: the operand with a longer axis, whose new part `with` fills. n_new is -1 when unknown. */
static enum ck_code extend(struct ck_infer *infer, int axis, int64_t n_new, struct ck_inferred *ret_inferred)
{
	const struct ck_type *operand = &infer->operands[0];
	const struct ck_value *with = ck_infer_arg(infer, "with");
	int64_t *dims;
	enum ck_code code = ck_infer_like(infer, operand, ret_inferred, &dims);

	if (code == CK_OK && axis >= 0)
		dims[axis] = n_new;
	if (code == CK_OK)
		code = ck_fill_check(infer, with, &ret_inferred->results[0]);
	if (code == CK_OK && with->index == CK_FILL_MEAN && axis >= 0 && operand->dims[axis] == 0)
		return ck_infer_fail(infer, CK_SHAPE, "axis %d of %.*s has no elements: there is no mean", axis,
				     CK_STR_ARG(ck_type_dims_text(infer->arena, operand)));
	return code;
}

enum ck_code ck_infer_PAD(struct ck_infer *infer, struct ck_inferred *ret_inferred)
{
	int64_t before = ck_infer_int(infer, "before"), after = ck_infer_int(infer, "after"), n = -1;
	bool multiple = ck_infer_given(infer, "multiple");
	int axis;
	enum ck_code code = ck_infer_axis(infer, infer->operands[0].rank, false, &axis);

	if (code != CK_OK)
		return code;
	if (before < 0 || after < 0)
		return ck_infer_fail(infer, CK_INDEX_RANGE, "pad by %lld; to cut write slice(...)", (long long)(before < 0 ? before : after));
	if (multiple && (before || after))
		return ck_infer_fail(infer, CK_BAD_ARGUMENT, "pad wants before= and after=, or multiple=, not both");
	if (multiple && ck_infer_int(infer, "multiple") < 1)
		return ck_infer_fail(infer, CK_INDEX_RANGE, "pad to a multiple of %lld", (long long)ck_infer_int(infer, "multiple"));
	if (axis >= 0)
		n = infer->operands[0].dims[axis];
	if (n > 0 && multiple)
		after = (ck_infer_int(infer, "multiple") - n % ck_infer_int(infer, "multiple")) % ck_infer_int(infer, "multiple");
	if (n >= 0 && (__builtin_add_overflow(n, before, &n) || __builtin_add_overflow(n, after, &n)))
		return ck_infer_fail(infer, CK_INDEX_RANGE, "pad makes an axis of more than 2^63 elements");
	return extend(infer, axis, n, ret_inferred);
}

enum ck_code ck_infer_GROW(struct ck_infer *infer, struct ck_inferred *ret_inferred)
{
	int64_t to = ck_infer_int(infer, "to");
	int axis;
	enum ck_code code = ck_infer_axis(infer, infer->operands[0].rank, false, &axis);

	if (code != CK_OK)
		return code;
	if (to < 0)
		return ck_infer_fail(infer, CK_INDEX_RANGE, "grow to %lld elements", (long long)to);
	if (axis >= 0 && to < infer->operands[0].dims[axis]) {
		ck_infer_help(infer, "grow only extends; slice(axis=%d, start=0, stop=%lld) cuts", axis, (long long)to);
		return ck_infer_fail(infer, CK_INDEX_RANGE, "grow to %lld, but axis %d of %.*s has %lld elements already", (long long)to, axis,
				     CK_STR_ARG(ck_type_dims_text(infer->arena, &infer->operands[0])), (long long)infer->operands[0].dims[axis]);
	}
	return extend(infer, axis, to, ret_inferred);
}
