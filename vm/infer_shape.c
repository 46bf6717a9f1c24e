/* Shape rules of operators that move the elements of one value: slices, permutations, reshapes, gathers, copies; and which move none. */
#include "vm/infer.h"

/* ---- slices */

static bool is_int_or_none(const struct ck_value *value)
{
	return value->kind == CK_EXPR_INT || value->kind == CK_EXPR_NONE;
}

/* One item of [...]: an integer drops its axis (*ret_dim is -2 then), [start, stop, step] leaves some of it. */
static enum ck_code index_item(struct ck_infer *infer, const struct ck_value *item, int axis, int64_t n, int64_t *ret_dim)
{
	int64_t first, step, count = -1;

	if (item->kind == CK_EXPR_INT) {
		*ret_dim = -2;
		if (n < 0 || (item->integer >= -n && item->integer < n))
			return CK_OK;
		return ck_infer_fail(infer, CK_INDEX_RANGE, "index %lld of axis %d, which has %lld element%s", (long long)item->integer, axis,
				     (long long)n, ck_infer_plural(n));
	}
	if (item->kind != CK_EXPR_LIST || item->n_items != 3 || !is_int_or_none(&item->items[0]) || !is_int_or_none(&item->items[1]) ||
	    !is_int_or_none(&item->items[2]))
		return ck_infer_fail(infer, CK_BAD_ARGUMENT, "an index is an integer or start:stop:step with integers");
	if (!ck_slice_resolve(&item->items[0], &item->items[1], &item->items[2], n < 0 ? 0 : n, &first, &step, &count))
		return ck_infer_fail(infer, CK_INDEX_RANGE, "a slice with step 0");
	*ret_dim = n < 0 ? -1 : count;
	return CK_OK;
}

enum ck_code ck_infer_INDEX(struct ck_infer *infer, struct ck_inferred *ret_inferred)
{
	const struct ck_type *operand = &infer->operands[0];
	const struct ck_value *indexes = ck_infer_arg(infer, "indexes");
	int64_t *kept = ck_arena_array(infer->arena, indexes->n_items + 1, sizeof(*kept));
	int64_t *dims;
	int rank = operand->rank, at = 0;
	enum ck_code code = CK_OK;

	if (!kept)
		return CK_NOMEM;
	if (rank >= 0 && indexes->n_items > (size_t)rank) {
		ck_infer_help(infer, "at most one index an axis; axes that are left out stay whole");
		return ck_infer_fail(infer, CK_RANK, "%zu indexes for a tensor with %d %s", indexes->n_items, rank, rank == 1 ? "axis" : "axes");
	}
	for (size_t i = 0; i < indexes->n_items && code == CK_OK; i++) {
		code = index_item(infer, &indexes->items[i], (int)i, rank < 0 ? -1 : operand->dims[i], &kept[i]);
		rank -= operand->rank >= 0 && kept[i] == -2;
	}
	if (code == CK_OK)
		code = ck_infer_new(infer, operand->dtype, rank, ret_inferred, &dims);
	for (int i = 0; code == CK_OK && i < operand->rank; i++) {
		if ((size_t)i >= indexes->n_items)
			dims[at++] = operand->dims[i];
		else if (kept[i] != -2)
			dims[at++] = kept[i];
	}
	return code;
}

enum ck_code ck_infer_SLICE(struct ck_infer *infer, struct ck_inferred *ret_inferred)
{
	const struct ck_type *operand = &infer->operands[0];
	int64_t *dims, first, step, count;
	int axis;
	enum ck_code code = ck_infer_axis(infer, operand->rank, false, &axis);
	int64_t n = axis >= 0 ? operand->dims[axis] : -1;

	if (code == CK_OK && !ck_slice_resolve(ck_infer_arg(infer, "start"), ck_infer_arg(infer, "stop"), ck_infer_arg(infer, "step"),
					       n < 0 ? 0 : n, &first, &step, &count))
		return ck_infer_fail(infer, CK_INDEX_RANGE, "a slice with step 0");
	if (code == CK_OK)
		code = ck_infer_like(infer, operand, ret_inferred, &dims);
	if (code == CK_OK && axis >= 0)
		dims[axis] = n < 0 ? -1 : count;
	return code;
}

/* ---- the same elements, other axes */

enum ck_code ck_infer_TRANSPOSE(struct ck_infer *infer, struct ck_inferred *ret_inferred)
{
	const struct ck_type *operand = &infer->operands[0];
	const struct ck_value *axes = ck_infer_arg(infer, "axes");
	bool seen[CK_MAX_RANK] = { false };
	int rank = operand->rank;
	int64_t *dims;
	enum ck_code code;

	if (axes->n_items && rank >= 0 && axes->n_items != (size_t)rank) {
		ck_infer_help(infer, "name each axis once, or none to reverse them all");
		return ck_infer_fail(infer, CK_RANK, "transpose names %zu ax%s of a tensor with %d", axes->n_items, axes->n_items == 1 ? "is" : "es",
				     rank);
	}
	if (axes->n_items > CK_MAX_RANK)
		return ck_infer_fail(infer, CK_RANK, "transpose names %zu axes, TensorFlow knows at most %d", axes->n_items, CK_MAX_RANK);
	if (axes->n_items)
		rank = (int)axes->n_items;
	code = ck_infer_new(infer, operand->dtype, rank, ret_inferred, &dims);
	for (int i = 0; code == CK_OK && i < rank; i++) {
		int axis = rank - 1 - i;

		if (axes->n_items)
			code = ck_infer_one_axis(infer, axes->items[i].integer, rank, &axis);
		if (code == CK_OK && seen[axis])
			return ck_infer_fail(infer, CK_AXIS, "transpose names axis %d twice", axis);
		if (code == CK_OK) {
			seen[axis] = true;
			dims[i] = operand->rank >= 0 ? operand->dims[axis] : -1;
		}
	}
	return code;
}

/* The product of dims that are known; false when it overflows. *ret_all: whether all are. */
static bool product(const int64_t *dims, int rank, int64_t *ret_product, bool *ret_all)
{
	bool fits = true, zero = false;

	*ret_product = 1;
	*ret_all = rank >= 0;
	for (int i = 0; i < rank; i++) {
		*ret_all = *ret_all && dims[i] >= 0;
		zero = zero || dims[i] == 0;
		if (dims[i] > 0)
			fits = fits && !__builtin_mul_overflow(*ret_product, dims[i], ret_product);
	}
	if (zero)
		*ret_product = 0;
	return fits || zero;
}

/* Fails unless the shapes have as many elements; computes the one -1 of the result, at `computed`, if there is one. */
static enum ck_code fit_reshape(struct ck_infer *infer, int64_t *dims, int rank, int computed)
{
	const struct ck_type *operand = &infer->operands[0];
	const struct ck_type result = { operand->dtype, rank, dims };
	struct ck_str from = ck_type_dims_text(infer->arena, operand), to = ck_type_dims_text(infer->arena, &result);
	int64_t n, m;
	bool all, others;

	if (!product(operand->dims, operand->rank, &n, &all) || !product(dims, rank, &m, &others))
		return ck_infer_fail(infer, CK_INDEX_RANGE, "reshape to %.*s: more than 2^63 elements", CK_STR_ARG(to));
	if (computed >= 0 && m == 0) {
		ck_infer_help(infer, "write the size instead of -1");
		return ck_infer_fail(infer, CK_SHAPE, "-1 cannot be computed beside a dimension of 0 in %.*s", CK_STR_ARG(to));
	}
	if (!all)
		return CK_OK;
	if (computed >= 0 && n % m == 0) {
		dims[computed] = n / m;
		return CK_OK;
	}
	if (computed < 0 && n == m)
		return CK_OK;
	if (computed >= 0)
		return ck_infer_fail(infer, CK_SHAPE, "%.*s has %lld element%s, which %lld (the product of the other dimensions) does not divide",
				     CK_STR_ARG(from), (long long)n, ck_infer_plural(n), (long long)m);
	ck_infer_help(infer, "reshape keeps the number of elements; write -1 for one dimension to have it computed");
	return ck_infer_fail(infer, CK_SHAPE, "%.*s has %lld element%s, reshape to %.*s wants %lld", CK_STR_ARG(from), (long long)n,
			     ck_infer_plural(n), CK_STR_ARG(to), (long long)m);
}

enum ck_code ck_infer_RESHAPE(struct ck_infer *infer, struct ck_inferred *ret_inferred)
{
	const struct ck_value *sizes = ck_infer_arg(infer, "dims");
	int computed = -1;
	int64_t *dims;
	enum ck_code code;

	if (sizes->n_items > CK_MAX_RANK)
		return ck_infer_fail(infer, CK_RANK, "reshape to %zu axes, TensorFlow knows at most %d", sizes->n_items, CK_MAX_RANK);
	code = ck_infer_new(infer, infer->operands[0].dtype, (int)sizes->n_items, ret_inferred, &dims);
	for (int i = 0; code == CK_OK && i < (int)sizes->n_items; i++) {
		dims[i] = sizes->items[i].integer;
		if (dims[i] < -1)
			return ck_infer_fail(infer, CK_INDEX_RANGE, "a dimension of %lld", (long long)dims[i]);
		if (dims[i] == -1 && computed >= 0) {
			ck_infer_help(infer, "only one dimension can be computed");
			return ck_infer_fail(infer, CK_BAD_ARGUMENT, "-1 stands twice in reshape");
		}
		if (dims[i] == -1)
			computed = i;
	}
	return code == CK_OK ? fit_reshape(infer, dims, (int)sizes->n_items, computed) : code;
}

/* Help with the axes that would do: those of size 1. */
static void offer_ones(struct ck_infer *infer, const struct ck_type *operand)
{
	for (int i = 0; i < operand->rank; i++)
		if (operand->dims[i] == 1) {
			ck_infer_help(infer, "axis=%d would fit", i);
			return;
		}
	ck_infer_help(infer, "squeeze drops axes of 1, and %.*s has none; to take one element write [0] after the source",
		      CK_STR_ARG(ck_type_dims_text(infer->arena, operand)));
}

enum ck_code ck_infer_SQUEEZE(struct ck_infer *infer, struct ck_inferred *ret_inferred)
{
	const struct ck_type *operand = &infer->operands[0];
	int axis;
	int64_t *dims;
	enum ck_code code = ck_infer_axis(infer, operand->rank, false, &axis);

	if (code == CK_OK && axis >= 0 && operand->dims[axis] >= 0 && operand->dims[axis] != 1) {
		offer_ones(infer, operand);
		return ck_infer_fail(infer, CK_SHAPE, "axis %d of %.*s has %lld elements, squeeze wants 1", axis,
				     CK_STR_ARG(ck_type_dims_text(infer->arena, operand)), (long long)operand->dims[axis]);
	}
	if (code == CK_OK)
		code = ck_infer_new(infer, operand->dtype, axis < 0 ? -1 : operand->rank - 1, ret_inferred, &dims);
	for (int i = 0; code == CK_OK && axis >= 0 && i < operand->rank - 1; i++)
		dims[i] = operand->dims[i + (i >= axis)];
	return code;
}

enum ck_code ck_infer_UNSQUEEZE(struct ck_infer *infer, struct ck_inferred *ret_inferred)
{
	const struct ck_type *operand = &infer->operands[0];
	int axis;
	int64_t *dims;
	enum ck_code code = ck_infer_axis(infer, operand->rank, true, &axis);

	if (code == CK_OK)
		code = ck_infer_new(infer, operand->dtype, axis < 0 ? -1 : operand->rank + 1, ret_inferred, &dims);
	for (int i = 0; code == CK_OK && axis >= 0 && i < operand->rank + 1; i++)
		dims[i] = i == axis ? 1 : operand->dims[i - (i > axis)];
	return code;
}

/* ---- one axis, other order or number of elements */

static enum ck_code same_shape(struct ck_infer *infer, struct ck_inferred *ret_inferred)
{
	int axis;
	enum ck_code code = ck_infer_axis(infer, infer->operands[0].rank, false, &axis);

	return code == CK_OK ? ck_infer_like(infer, &infer->operands[0], ret_inferred, NULL) : code;
}

enum ck_code ck_infer_FLIP(struct ck_infer *infer, struct ck_inferred *ret_inferred)
{
	return same_shape(infer, ret_inferred);
}

enum ck_code ck_infer_ROLL(struct ck_infer *infer, struct ck_inferred *ret_inferred)
{
	return same_shape(infer, ret_inferred);
}

static enum ck_code check_indices(struct ck_infer *infer, const struct ck_value *indices, int axis, int64_t n)
{
	for (size_t i = 0; i < indices->n_items; i++) {
		const struct ck_value *index = &indices->items[i];

		if (index->kind != CK_EXPR_INT)
			return ck_infer_fail(infer, CK_BAD_ARGUMENT, "`indices` wants integers; number %zu of the list is none", i);
		if (n >= 0 && (index->integer < -n || index->integer >= n))
			return ck_infer_fail(infer, CK_INDEX_RANGE, "index %lld (number %zu of the list) of axis %d, which has %lld element%s",
					     (long long)index->integer, i, axis, (long long)n, ck_infer_plural(n));
	}
	return CK_OK;
}

enum ck_code ck_infer_TAKE(struct ck_infer *infer, struct ck_inferred *ret_inferred)
{
	const struct ck_type *operand = &infer->operands[0];
	const struct ck_value *indices = ck_infer_arg(infer, "indices");
	bool file = ck_infer_given(infer, "file");
	int axis;
	int64_t *dims;
	enum ck_code code = ck_infer_axis(infer, operand->rank, false, &axis);

	if (code == CK_OK && file == (indices->kind != CK_EXPR_NONE)) {
		ck_infer_help(infer, "write take(axis=0, [2, 0, 1]) or take(axis=0, file=\"order.txt\")");
		return ck_infer_fail(infer, CK_BAD_ARGUMENT, "take wants a list of indices or file=, %s", file ? "not both" : "here is neither");
	}
	if (code == CK_OK)
		code = check_indices(infer, indices, axis, axis < 0 ? -1 : operand->dims[axis]);
	if (code == CK_OK)
		code = ck_infer_like(infer, operand, ret_inferred, &dims);
	if (code == CK_OK && axis >= 0)
		dims[axis] = file ? -1 : (int64_t)indices->n_items;
	return code;
}

static enum ck_code times(struct ck_infer *infer, struct ck_inferred *ret_inferred)
{
	const struct ck_type *operand = &infer->operands[0];
	int64_t n = ck_infer_int(infer, "n"), *dims;
	int axis;
	enum ck_code code = ck_infer_axis(infer, operand->rank, false, &axis);

	if (code == CK_OK && n < 1)
		return ck_infer_fail(infer, CK_INDEX_RANGE, "`%s` %lld times; it wants at least 1", infer->op->name, (long long)n);
	if (code == CK_OK)
		code = ck_infer_like(infer, operand, ret_inferred, &dims);
	if (code == CK_OK && axis >= 0 && dims[axis] >= 0 && __builtin_mul_overflow(dims[axis], n, &dims[axis]))
		return ck_infer_fail(infer, CK_INDEX_RANGE, "%lld times %lld elements is more than 2^63", (long long)n,
				     (long long)operand->dims[axis]);
	return code;
}

enum ck_code ck_infer_TILE(struct ck_infer *infer, struct ck_inferred *ret_inferred)
{
	return times(infer, ret_inferred);
}

enum ck_code ck_infer_REPEAT(struct ck_infer *infer, struct ck_inferred *ret_inferred)
{
	return times(infer, ret_inferred);
}

/* ---- what moves no byte */

/* Do all axes but those of size 1 keep their order? axes[i] is the operand's axis that comes i-th. */
static bool keeps_order(const int64_t *dims, const size_t *axes, size_t n)
{
	size_t next = 0;

	for (size_t i = 0; i < n; i++) {
		if (dims[axes[i]] == 1)
			continue;
		if (axes[i] < next)
			return false;
		next = axes[i];
	}
	return true;
}

static bool transpose_keeps_bytes(const struct ck_infer *infer)
{
	const struct ck_value *axes = ck_infer_arg(infer, "axes");
	size_t order[CK_MAX_RANK], n = (size_t)infer->operands[0].rank;

	for (size_t i = 0; i < n; i++) {
		int64_t axis = axes->n_items ? axes->items[i].integer : (int64_t)(n - 1 - i);

		order[i] = (size_t)(axis < 0 ? axis + (int64_t)n : axis);
	}
	return keeps_order(infer->operands[0].dims, order, n);
}

bool ck_op_keeps_bytes(struct ck_infer *infer)
{
	enum ck_op op = infer->op->op;
	struct ck_rearrange rearrange;

	if (op == CK_OP_RESHAPE || op == CK_OP_SQUEEZE || op == CK_OP_UNSQUEEZE)
		return true;
	if (op == CK_OP_TRANSPOSE)
		return transpose_keeps_bytes(infer);
	if (op == CK_OP_REARRANGE)
		return ck_rearrange_resolve(infer, &rearrange) == CK_OK && keeps_order(rearrange.split, rearrange.permutation, rearrange.n_split);
	return op == CK_OP_CAST && ck_infer_arg(infer, "dtype")->index == (uint32_t)infer->operands[0].dtype;
}
