/* NumPy's slice arithmetic, as in CPython's PySlice_AdjustIndices(). */
#include "vm/op.h"

/* A bound of a slice over n elements: negative ones count from the end, and what lies outside moves to low or high. */
static int64_t clamp(int64_t at, int64_t n, int64_t low, int64_t high)
{
	if (at < 0)
		at += n;
	return at < low ? low : at > high ? high : at;
}

bool ck_slice_resolve(const struct ck_value *start, const struct ck_value *stop, const struct ck_value *step, int64_t n, int64_t *ret_first,
		      int64_t *ret_step, int64_t *ret_count)
{
	int64_t by = step->kind == CK_EXPR_NONE ? 1 : step->integer;
	int64_t low = by < 0 ? -1 : 0, high = by < 0 ? n - 1 : n;
	int64_t first = by < 0 ? high : low, last = by < 0 ? low : high;
	uint64_t span, stride;

	if (by == 0)
		return false;
	if (start->kind != CK_EXPR_NONE)
		first = clamp(start->integer, n, low, high);
	if (stop->kind != CK_EXPR_NONE)
		last = clamp(stop->integer, n, low, high);
	/* Both are within -1 .. n, so the difference fits; the step may be INT64_MIN. */
	span = by < 0 ? (first > last ? (uint64_t)(first - last) : 0) : (last > first ? (uint64_t)(last - first) : 0);
	stride = by < 0 ? 0 - (uint64_t)by : (uint64_t)by;
	*ret_first = first;
	*ret_step = by;
	*ret_count = span ? (int64_t)((span - 1) / stride + 1) : 0;
	/* One index or none: the step says nothing, and 1 keeps start + step * index in range. */
	if (*ret_count <= 1)
		*ret_step = 1;
	if (*ret_count == 0)
		*ret_first = 0;
	return true;
}
