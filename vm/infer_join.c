/* Shape rules of operators that make one value of many, or many of one. */
#include "vm/infer.h"

/* ---- concat and stack */

/* The first axis on which a and b differ for certain, or -1. */
static int first_difference(const struct ck_type *a, const struct ck_type *b, int but)
{
	for (int i = 0; i < a->rank; i++)
		if (i != but && a->dims[i] >= 0 && b->dims[i] >= 0 && a->dims[i] != b->dims[i])
			return i;
	return -1;
}

/* The axis along which all members would concatenate, or -1. */
static int fitting_axis(const struct ck_infer *infer, int rank)
{
	for (int axis = 0; axis < rank; axis++) {
		size_t i = 0;

		while (i < infer->n_operands &&
		       (infer->operands[i].rank < 0 || infer->operands[0].rank < 0 ||
			first_difference(&infer->operands[0], &infer->operands[i], axis) < 0))
			i++;
		if (i == infer->n_operands)
			return axis;
	}
	return -1;
}

/* Members agree on each axis but `but` (-1: on all); what is known of any is known of the result. */
static enum ck_code agree(struct ck_infer *infer, int rank, int but, int64_t *dims)
{
	for (size_t i = 0; i < infer->n_operands; i++) {
		const struct ck_type *member = &infer->operands[i];
		const struct ck_type known = { member->dtype, rank, dims };
		int at, fits;

		if (member->rank < 0)
			continue;
		at = first_difference(&known, member, but);
		if (at >= 0) {
			infer->odd = i;
			fits = fitting_axis(infer, rank);
			if (fits >= 0 && infer->op->op == CK_OP_CONCAT)
				ck_infer_help(infer, "axis=%d would fit", fits);
			else if (fits >= 0 && infer->op->op == CK_OP_STACK)
				ck_infer_help(infer, "stack wants equal shapes; concat(axis=%d) would fit", fits);
			else
				ck_infer_help(infer, "slice, pad or grow the members first, so that axis %d has one size", at);
			return ck_infer_fail(infer, CK_SHAPE, "axis %d has %lld element%s in member %zu, %s, and %lld in the members before it", at,
					     (long long)member->dims[at], ck_infer_plural(member->dims[at]), i + 1,
					     ck_type_dims_text(infer->arena, member).p, (long long)dims[at]);
		}
		for (int j = 0; j < rank; j++)
			if (j != but && member->dims[j] >= 0)
				dims[j] = member->dims[j];
	}
	return CK_OK;
}

/* The sizes of the members along axis added up, -1 when one is unknown. */
static enum ck_code add_up(struct ck_infer *infer, int axis, int64_t *ret_sum)
{
	int64_t sum = 0;

	for (size_t i = 0; i < infer->n_operands; i++) {
		const struct ck_type *member = &infer->operands[i];

		if (member->rank < 0 || member->dims[axis] < 0) {
			*ret_sum = -1;
			return CK_OK;
		}
		if (__builtin_add_overflow(sum, member->dims[axis], &sum))
			return ck_infer_fail(infer, CK_INDEX_RANGE, "concat makes an axis of more than 2^63 elements");
	}
	*ret_sum = sum;
	return CK_OK;
}

enum ck_code ck_infer_CONCAT(struct ck_infer *infer, struct ck_inferred *ret_inferred)
{
	enum ck_dtype dtype;
	int rank, axis = -1;
	int64_t *dims;
	enum ck_code code = ck_infer_one_dtype(infer, &dtype);

	if (code == CK_OK)
		code = ck_infer_one_rank(infer, &rank);
	if (code == CK_OK && rank == 0) {
		ck_infer_help(infer, "stack(axis=0) makes a vector of scalars");
		return ck_infer_fail(infer, CK_RANK, "concat joins along an axis, and scalars have none");
	}
	if (code == CK_OK)
		code = ck_infer_axis(infer, rank, false, &axis);
	if (code == CK_OK)
		code = ck_infer_new(infer, dtype, rank, ret_inferred, &dims);
	if (code == CK_OK && rank >= 0)
		code = agree(infer, rank, axis, dims);
	if (code == CK_OK && axis >= 0)
		code = add_up(infer, axis, &dims[axis]);
	return code;
}

enum ck_code ck_infer_STACK(struct ck_infer *infer, struct ck_inferred *ret_inferred)
{
	enum ck_dtype dtype;
	int rank, axis = -1;
	int64_t *dims;
	enum ck_code code = ck_infer_one_dtype(infer, &dtype);

	if (code == CK_OK)
		code = ck_infer_one_rank(infer, &rank);
	if (code == CK_OK)
		code = ck_infer_axis(infer, rank, true, &axis);
	if (code == CK_OK)
		code = ck_infer_new(infer, dtype, rank < 0 ? -1 : rank + 1, ret_inferred, &dims);
	if (code != CK_OK || rank < 0)
		return code;
	code = agree(infer, rank, -1, dims);
	for (int i = rank; i > axis; i--)
		dims[i] = dims[i - 1];
	dims[axis] = (int64_t)infer->n_operands;
	return code;
}

/* ---- split, unstack, pick */

/* n results like the operand, without the axis if drop. */
static enum ck_code make_parts(struct ck_infer *infer, size_t n, int axis, bool drop, struct ck_inferred *ret_inferred)
{
	const struct ck_type *operand = &infer->operands[0];
	int rank = operand->rank < 0 ? -1 : operand->rank - drop;

	if (n > CK_MAX_SPLIT)
		return ck_infer_fail(infer, CK_INDEX_RANGE, "`%s` makes %zu values, at most %d are possible", infer->op->name, n, CK_MAX_SPLIT);
	ret_inferred->results = ck_infer_types(infer, n, operand->dtype, rank);
	ret_inferred->n = n;
	for (size_t i = 0; ret_inferred->results && i < n; i++) {
		int64_t *dims = (int64_t *)(uintptr_t)ret_inferred->results[i].dims;

		for (int j = 0; j < rank; j++)
			dims[j] = operand->dims[j + (drop && j >= axis)];
	}
	return ret_inferred->results ? CK_OK : CK_NOMEM;
}

static void set_dim(struct ck_inferred *inferred, size_t i, int axis, int64_t n)
{
	if (axis >= 0)
		((int64_t *)(uintptr_t)inferred->results[i].dims)[axis] = n;
}

/* The help for parts that do not divide: sizes as even as can be, such as sizes=[4, 3, 3]. */
static void offer_sizes(struct ck_infer *infer, int axis, int64_t n, int64_t parts)
{
	struct ck_buf text = { 0 };

	for (int64_t i = 0; i < parts && i < 16; i++)
		ck_buf_printf(&text, "%s%lld", i ? ", " : "", (long long)(n / parts + (i < n % parts)));
	if (parts <= 16)
		ck_infer_help(infer, "unequal parts are split(axis=%d, sizes=[%.*s])", axis, (int)text.n, text.p ? text.p : "");
	else
		ck_infer_help(infer, "unequal parts are split(axis=%d, sizes=[...])", axis);
	ck_buf_clear(&text);
}

static enum ck_code split_parts(struct ck_infer *infer, int axis, int64_t n, struct ck_inferred *ret_inferred)
{
	int64_t parts = ck_infer_int(infer, "parts");
	enum ck_code code;

	if (parts < 1 || parts > CK_MAX_SPLIT)
		return ck_infer_fail(infer, CK_INDEX_RANGE, "split into %lld parts; it wants 1 to %d", (long long)parts, CK_MAX_SPLIT);
	if (n >= 0 && n % parts != 0) {
		offer_sizes(infer, axis, n, parts);
		return ck_infer_fail(infer, CK_SHAPE, "axis %d of %.*s has %lld element%s, which %lld parts do not divide", axis,
				     CK_STR_ARG(ck_type_dims_text(infer->arena, &infer->operands[0])), (long long)n, ck_infer_plural(n),
				     (long long)parts);
	}
	code = make_parts(infer, (size_t)parts, axis, false, ret_inferred);
	for (size_t i = 0; code == CK_OK && i < ret_inferred->n; i++)
		set_dim(ret_inferred, i, axis, n < 0 ? -1 : n / parts);
	return code;
}

static enum ck_code split_sizes(struct ck_infer *infer, int axis, int64_t n, struct ck_inferred *ret_inferred)
{
	const struct ck_value *sizes = ck_infer_arg(infer, "sizes");
	int64_t sum = 0;
	enum ck_code code;

	if (!sizes->n_items)
		return ck_infer_fail(infer, CK_BAD_ARGUMENT, "split into no parts: `sizes` is empty");
	for (size_t i = 0; i < sizes->n_items; i++) {
		int64_t size = sizes->items[i].integer;

		if (sizes->items[i].kind != CK_EXPR_INT)
			return ck_infer_fail(infer, CK_BAD_ARGUMENT, "`sizes` wants integers; number %zu of the list is none", i);
		if (size < 0 || __builtin_add_overflow(sum, size, &sum))
			return ck_infer_fail(infer, CK_INDEX_RANGE, "a part of %lld elements", (long long)size);
	}
	if (n >= 0 && sum != n)
		return ck_infer_fail(infer, CK_SHAPE, "the sizes add up to %lld, axis %d of %.*s has %lld element%s", (long long)sum, axis,
				     CK_STR_ARG(ck_type_dims_text(infer->arena, &infer->operands[0])), (long long)n, ck_infer_plural(n));
	code = make_parts(infer, sizes->n_items, axis, false, ret_inferred);
	for (size_t i = 0; code == CK_OK && i < ret_inferred->n; i++)
		set_dim(ret_inferred, i, axis, sizes->items[i].integer);
	return code;
}

enum ck_code ck_infer_SPLIT(struct ck_infer *infer, struct ck_inferred *ret_inferred)
{
	int axis;
	enum ck_code code = ck_infer_axis(infer, infer->operands[0].rank, false, &axis);
	int64_t n = axis < 0 ? -1 : infer->operands[0].dims[axis];
	bool parts = ck_infer_given(infer, "parts");

	if (code != CK_OK)
		return code;
	if (parts == ck_infer_given(infer, "sizes")) {
		ck_infer_help(infer, "write split(axis=1, parts=3) or split(axis=1, sizes=[64, 32])");
		return ck_infer_fail(infer, CK_BAD_ARGUMENT, "split wants parts= or sizes=, %s", parts ? "not both" : "here is neither");
	}
	return parts ? split_parts(infer, axis, n, ret_inferred) : split_sizes(infer, axis, n, ret_inferred);
}

enum ck_code ck_infer_UNSTACK(struct ck_infer *infer, struct ck_inferred *ret_inferred)
{
	int axis;
	enum ck_code code = ck_infer_axis(infer, infer->operands[0].rank, false, &axis);
	int64_t n = axis < 0 ? -1 : infer->operands[0].dims[axis];

	/* How many there will be is not known: no result, and no complaint. */
	if (code != CK_OK || n < 0)
		return code;
	if (n == 0)
		return ck_infer_fail(infer, CK_SHAPE, "axis %d of %.*s has no elements: unstack would make no value", axis,
				     CK_STR_ARG(ck_type_dims_text(infer->arena, &infer->operands[0])));
	return make_parts(infer, (size_t)n, axis, true, ret_inferred);
}

enum ck_code ck_infer_PICK(struct ck_infer *infer, struct ck_inferred *ret_inferred)
{
	int64_t at = ck_infer_int(infer, "n"), n = (int64_t)infer->n_operands;

	if (at < -n || at >= n) {
		ck_infer_help(infer, "members count from 0 to %lld, or from -1 (the last)", (long long)n - 1);
		return ck_infer_fail(infer, CK_INDEX_RANGE, "pick(%lld) of a tuple with %lld member%s", (long long)at, (long long)n,
				     ck_infer_plural(n));
	}
	return ck_infer_like(infer, &infer->operands[at < 0 ? at + n : at], ret_inferred, NULL);
}

/* ---- add, mean */

enum numbers { REALS = 1, INTS = 2 };

/* Floats and complex numbers, and integers if `which` says so. */
static enum ck_code want_numbers(struct ck_infer *infer, enum ck_dtype dtype, int which)
{
	switch (ck_dtype_class(dtype == CK_DT_NONE ? CK_DT_F32 : dtype)) {
	case CK_CLASS_FLOAT:
	case CK_CLASS_COMPLEX:
		return CK_OK;
	case CK_CLASS_INT:
	case CK_CLASS_UINT:
		if (which & INTS)
			return CK_OK;
		break;
	case CK_CLASS_BOOL:
	case CK_CLASS_STRING:
	case CK_CLASS_OPAQUE:
		break;
	}
	ck_infer_help(infer, "cast first: ... | cast(f32) | %s(...)", infer->op->name);
	return ck_infer_fail(infer, CK_DTYPE, "`%s` wants %s, here is %s", infer->op->name,
			     which & INTS ? "numbers" : "a floating or complex dtype", ck_dtype_name(dtype));
}

enum ck_code ck_infer_want_reals(struct ck_infer *infer, enum ck_dtype dtype)
{
	return want_numbers(infer, dtype, REALS);
}

enum ck_code ck_infer_want_numbers(struct ck_infer *infer, enum ck_dtype dtype)
{
	return want_numbers(infer, dtype, REALS | INTS);
}

/* NumPy broadcasting of two shapes. */
static enum ck_code broadcast(struct ck_infer *infer, int64_t *dims, int rank)
{
	const struct ck_type *a = &infer->operands[0], *b = &infer->operands[1];

	for (int i = 1; i <= rank; i++) {
		int64_t x = i <= a->rank ? a->dims[a->rank - i] : 1, y = i <= b->rank ? b->dims[b->rank - i] : 1;

		if (x >= 0 && y >= 0 && x != y && x != 1 && y != 1) {
			ck_infer_help(infer, "axes are compared from the last; each pair is equal, or one of them is 1");
			return ck_infer_fail(infer, CK_SHAPE, "%.*s and %.*s do not broadcast: %lld against %lld",
					     CK_STR_ARG(ck_type_dims_text(infer->arena, a)), CK_STR_ARG(ck_type_dims_text(infer->arena, b)),
					     (long long)x, (long long)y);
		}
		/* An unknown size beside a known one other than 1 must turn out to be 1 or that size. */
		dims[rank - i] = x == 1 ? y : y == 1 ? x : x < 0 ? y : x;
	}
	return CK_OK;
}

enum ck_code ck_infer_ADD(struct ck_infer *infer, struct ck_inferred *ret_inferred)
{
	const struct ck_type *operands = infer->operands;
	enum ck_dtype dtype;
	int rank = -1;
	int64_t *dims;
	enum ck_code code;

	if (infer->n_operands != 2) {
		ck_infer_help(infer, "of more, add two at a time: ((\"a\", \"b\") | add, \"c\") | add");
		return ck_infer_fail(infer, CK_BAD_TUPLE, "`%s` wants two members, here %s %zu", infer->op->name,
				     infer->n_operands == 1 ? "is" : "are", infer->n_operands);
	}
	code = ck_infer_one_dtype(infer, &dtype);
	if (code == CK_OK)
		code = ck_infer_want_numbers(infer, dtype);
	if (operands[0].rank >= 0 && operands[1].rank >= 0)
		rank = operands[0].rank > operands[1].rank ? operands[0].rank : operands[1].rank;
	if (code == CK_OK)
		code = ck_infer_new(infer, dtype, rank, ret_inferred, &dims);
	return code == CK_OK && rank >= 0 ? broadcast(infer, dims, rank) : code;
}

/* weights=: one number for each of n (-1: unknown) things that are averaged. */
static enum ck_code check_weights(struct ck_infer *infer, int64_t n, const char *of)
{
	const struct ck_value *weights = ck_infer_arg(infer, "weights");
	double sum = 0;

	if (weights->kind == CK_EXPR_NONE)
		return CK_OK;
	for (size_t i = 0; i < weights->n_items; i++) {
		const struct ck_value *weight = &weights->items[i];

		if (weight->kind != CK_EXPR_INT && weight->kind != CK_EXPR_FLOAT)
			return ck_infer_fail(infer, CK_BAD_ARGUMENT, "`weights` wants numbers; number %zu of the list is none", i);
		sum += weight->kind == CK_EXPR_INT ? (double)weight->integer : weight->number;
	}
	if (n >= 0 && weights->n_items != (uint64_t)n)
		return ck_infer_fail(infer, CK_SHAPE, "%zu weight%s for %lld %s%s", weights->n_items, weights->n_items == 1 ? "" : "s",
				     (long long)n, of, ck_infer_plural(n));
	/* NaN too. */
	if (!(sum < 0 || sum > 0)) {
		ck_infer_help(infer, "a weighted mean divides by the sum of its weights");
		return ck_infer_fail(infer, CK_BAD_ARGUMENT, "the weights add up to %g", sum);
	}
	return CK_OK;
}

static enum ck_code mean_of_axis(struct ck_infer *infer, struct ck_inferred *ret_inferred)
{
	const struct ck_type *operand = &infer->operands[0];
	int axis;
	enum ck_code code = ck_infer_axis(infer, operand->rank, false, &axis);

	if (code == CK_OK && axis >= 0 && operand->dims[axis] == 0)
		return ck_infer_fail(infer, CK_SHAPE, "axis %d of %.*s has no elements: there is no mean", axis,
				     CK_STR_ARG(ck_type_dims_text(infer->arena, operand)));
	if (code == CK_OK)
		code = check_weights(infer, axis < 0 ? -1 : operand->dims[axis], "element");
	if (code == CK_OK && axis < 0)
		return ck_infer_new(infer, operand->dtype, -1, ret_inferred, NULL);
	return code == CK_OK ? make_parts(infer, 1, axis, true, ret_inferred) : code;
}

enum ck_code ck_infer_MEAN(struct ck_infer *infer, struct ck_inferred *ret_inferred)
{
	enum ck_dtype dtype;
	int rank;
	int64_t *dims;
	enum ck_code code = ck_infer_one_dtype(infer, &dtype);

	if (code == CK_OK)
		code = want_numbers(infer, dtype, REALS);
	if (code == CK_OK && ck_infer_given(infer, "axis"))
		return mean_of_axis(infer, ret_inferred);
	if (code == CK_OK)
		code = check_weights(infer, (int64_t)infer->n_operands, "member");
	if (code == CK_OK)
		code = ck_infer_one_rank(infer, &rank);
	if (code == CK_OK)
		code = ck_infer_new(infer, dtype, rank, ret_inferred, &dims);
	return code == CK_OK && rank >= 0 ? agree(infer, rank, -1, dims) : code;
}
