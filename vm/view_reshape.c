/*
 * Reshapes. One is cut into splits (an axis becomes several), which sink down to the sources where they cost nothing, and merges
 * (several axes become one), which cut a box into few boxes of the operand.
 */
#include <string.h>

#include "vm/view_node.h"

/* A read on its way down: the operand's box is filled in axis by axis. */
struct descent {
	const struct ck_view *view;
	const struct ck_box *box;
	const int64_t *strides;
	struct ck_box below;
	int64_t *below_strides;
	struct ck_worker *worker;
};

static void set_axis(struct descent *descent, size_t axis, int64_t start, int64_t step, uint64_t count, int64_t stride)
{
	descent->below.start[axis] = start;
	descent->below.step[axis] = step;
	descent->below.count[axis] = count;
	descent->below_strides[axis] = stride;
}

static enum ck_code read_below(struct descent *descent, uint8_t *dst)
{
	const struct ck_view *operand = descent->view->operands[0];

	return operand->read(operand, &descent->below, dst, descent->below_strides, descent->worker);
}

/* ---- merge */

static enum ck_code merge_axis(struct descent *descent, size_t axis, uint8_t *dst);

/* Elements [index, index + n) of the row-major run of operand axes [from, end of the result axis): at most 2 boxes an axis. */
static enum ck_code merge_run(struct descent *descent, size_t axis, size_t from, uint64_t index, uint64_t n, int64_t stride, uint8_t *dst)
{
	const uint64_t *dims = descent->view->operands[0]->dims;
	size_t end = descent->view->first[axis + 1];
	uint64_t inner = 1, done;
	enum ck_code code = CK_OK;

	for (size_t i = from + 1; i < end; i++)
		inner *= dims[i];
	for (; n && code == CK_OK; n -= done) {
		uint64_t at = index / inner, past = index % inner;

		if (past == 0 && n >= inner) {
			uint64_t whole = n / inner, below = inner;

			done = whole * inner;
			set_axis(descent, from, (int64_t)at, 1, whole, stride * (int64_t)inner);
			for (size_t i = from + 1; i < end; i++) {
				below /= dims[i];
				set_axis(descent, i, 0, 1, dims[i], stride * (int64_t)below);
			}
			code = merge_axis(descent, axis + 1, dst);
		} else {
			done = inner - past < n ? inner - past : n;
			set_axis(descent, from, (int64_t)at, 1, 1, 0);
			code = merge_run(descent, axis, from + 1, past, done, stride, dst);
		}
		index += done;
		dst += (int64_t)done * stride;
	}
	return code;
}

/* The same with a step: runs along the last operand axis. */
static enum ck_code merge_steps(struct descent *descent, size_t axis, uint8_t *dst)
{
	const uint64_t *dims = descent->view->operands[0]->dims;
	size_t first = descent->view->first[axis], last = descent->view->first[axis + 1] - 1;
	int64_t step = descent->box->step[axis], index = descent->box->start[axis], n_last = (int64_t)dims[last];
	uint64_t n = descent->box->count[axis], run;
	enum ck_code code = CK_OK;

	for (; n && code == CK_OK; n -= run) {
		int64_t at = index % n_last, rest = index / n_last;

		run = (uint64_t)(step > 0 ? (n_last - 1 - at) / step : at / -step) + 1;
		run = run < n ? run : n;
		set_axis(descent, last, at, run > 1 ? step : 1, run, descent->strides[axis]);
		for (size_t i = last; i-- > first; rest /= (int64_t)dims[i])
			set_axis(descent, i, rest % (int64_t)dims[i], 1, 1, 0);
		code = merge_axis(descent, axis + 1, dst);
		index += (int64_t)run * step;
		dst += (int64_t)run * descent->strides[axis];
	}
	return code;
}

static enum ck_code merge_axis(struct descent *descent, size_t axis, uint8_t *dst)
{
	const struct ck_box *box = descent->box;
	size_t first;

	if (axis == descent->view->rank)
		return read_below(descent, dst);
	first = descent->view->first[axis];
	if (descent->view->first[axis + 1] == first + 1) {
		set_axis(descent, first, box->start[axis], box->step[axis], box->count[axis], descent->strides[axis]);
		return merge_axis(descent, axis + 1, dst);
	}
	if (box->count[axis] == 1 || box->step[axis] == 1)
		return merge_run(descent, axis, first, (uint64_t)box->start[axis], box->count[axis], descent->strides[axis], dst);
	if (box->step[axis] == -1)
		return merge_run(descent, axis, first, (uint64_t)(box->start[axis] - (int64_t)(box->count[axis] - 1)), box->count[axis],
				 -descent->strides[axis], dst + (int64_t)(box->count[axis] - 1) * descent->strides[axis]);
	return merge_steps(descent, axis, dst);
}

static enum ck_code read_merge(const struct ck_view *view, const struct ck_box *box, uint8_t *dst, const int64_t *strides,
			       struct ck_worker *worker)
{
	struct descent descent = { view, box, strides, { 0 }, NULL, worker };
	size_t mark = worker->used;
	enum ck_code code = CK_NOMEM;

	if (ck_box_push(worker, view->operands[0]->rank, &descent.below, &descent.below_strides))
		code = merge_axis(&descent, 0, dst);
	worker->used = mark;
	return code;
}

/* ---- split */

static enum ck_code split_axis(struct descent *descent, size_t axis, uint8_t *dst);

/* Loops over result axes [at, loops), then reads the run below them. inner: elements below one index of axis `at`. */
static enum ck_code split_loop(struct descent *descent, size_t axis, size_t at, size_t loops, uint64_t inner, int64_t index, uint8_t *dst)
{
	const struct ck_box *box = descent->box;
	int64_t start = descent->below.start[axis];
	enum ck_code code = CK_OK;

	if (at == loops) {
		descent->below.start[axis] = start + index;
		code = split_axis(descent, axis + 1, dst);
		descent->below.start[axis] = start;
		return code;
	}
	inner /= descent->view->dims[at];
	for (uint64_t i = 0; i < box->count[at] && code == CK_OK; i++)
		code = split_loop(descent, axis, at + 1, loops, inner,
				  index + (box->start[at] + (int64_t)i * box->step[at]) * (int64_t)inner,
				  dst + (int64_t)i * descent->strides[at]);
	return code;
}

static enum ck_code split_axis(struct descent *descent, size_t axis, uint8_t *dst)
{
	const struct ck_view *view = descent->view;
	const struct ck_box *box = descent->box;
	int64_t start = 0, step = 1, stride = 0;
	uint64_t n = 1, inner = 1;
	size_t at;

	if (axis == view->operands[0]->rank)
		return read_below(descent, dst);
	/* The longest run from the last axis on: one step in the operand, one stride in memory. */
	for (at = view->first[axis + 1]; at > view->first[axis]; at--) {
		size_t i = at - 1;
		int64_t by = box->step[i] * (int64_t)inner;

		if (box->count[i] > 1 && n == 1) {
			step = by;
			stride = descent->strides[i];
			n = box->count[i];
		} else if (box->count[i] > 1 && by == step * (int64_t)n && descent->strides[i] == stride * (int64_t)n) {
			n *= box->count[i];
		} else if (box->count[i] > 1) {
			break;
		}
		start += box->start[i] * (int64_t)inner;
		inner *= view->dims[i];
	}
	set_axis(descent, axis, start, step, n, stride);
	return split_loop(descent, axis, view->first[axis], at, view->operands[0]->dims[axis], 0, dst);
}

static enum ck_code read_split(const struct ck_view *view, const struct ck_box *box, uint8_t *dst, const int64_t *strides,
			       struct ck_worker *worker)
{
	struct descent descent = { view, box, strides, { 0 }, NULL, worker };
	size_t mark = worker->used;
	enum ck_code code = CK_NOMEM;

	if (ck_box_push(worker, view->operands[0]->rank, &descent.below, &descent.below_strides))
		code = split_axis(&descent, 0, dst);
	worker->used = mark;
	return code;
}

/* ---- making splits. A cut says which new axes each axis becomes: first[i] .. first[i + 1] of dims */

struct cut {
	size_t rank, first[CK_MAX_RANK + 2];
	uint64_t dims[2 * CK_MAX_RANK];
};

static size_t n_factors(const struct cut *cut, size_t axis)
{
	return cut->first[axis + 1] - cut->first[axis];
}

/* Elements below one index of the first new axis. */
static uint64_t below_first(const struct cut *cut, size_t axis)
{
	uint64_t n = 1;

	for (size_t i = cut->first[axis] + 1; i < cut->first[axis + 1]; i++)
		n *= cut->dims[i];
	return n;
}

static struct ck_view *cut_node(struct ck_view_context *context, struct ck_view *operand, const struct cut *cut)
{
	struct ck_view *view;

	if (!operand || cut->rank > CK_MAX_RANK)
		return NULL;
	view = ck_view_new(context, CK_VIEW_SPLIT, read_split, operand->dtype, cut->rank, &operand, 1, 0);
	if (!view)
		return NULL;
	memcpy(view->dims, cut->dims, cut->rank * sizeof(*view->dims));
	view->first = ck_arena_array(context->arena, operand->rank + 1, sizeof(*view->first));
	if (!view->first)
		return NULL;
	memcpy(view->first, cut->first, (operand->rank + 1) * sizeof(*view->first));
	return view;
}

static struct ck_view *cut_view(struct ck_view_context *context, struct ck_view *view, const struct cut *cut);

/* The same cut for a member of a concat, whose part of the axis is whole in indices of the first new axis; false when it is not. */
static bool cut_of_member(const struct ck_view *view, size_t member, const struct cut *cut, struct cut *ret_cut)
{
	size_t axis = view->concat.axis;
	uint64_t inner = below_first(cut, axis), n = view->operands[member]->dims[axis];

	*ret_cut = *cut;
	ret_cut->dims[cut->first[axis]] = n / inner;
	return n % inner == 0;
}

static struct ck_view *cut_concat(struct ck_view_context *context, struct ck_view *view, const struct cut *cut)
{
	struct ck_view **members = ck_arena_array(context->arena, view->n_operands, sizeof(*members));
	struct cut part;

	for (size_t i = 0; i < view->n_operands; i++)
		if (!cut_of_member(view, i, cut, &part))
			return cut_node(context, view, cut);
	for (size_t i = 0; members && i < view->n_operands; i++) {
		CK_ASSERT(cut_of_member(view, i, cut, &part));
		members[i] = cut_view(context, view->operands[i], &part);
	}
	return members ? ck_view_concat(context, cut->first[view->concat.axis], members, view->n_operands) : NULL;
}

/* Can the cut go below the map? The axis then is a range of the operand's, forward, on bounds of the first new axis. */
static bool map_can_cut(const struct ck_view *view, const struct cut *cut)
{
	for (size_t j = 0; j < view->operands[0]->rank; j++) {
		size_t i = view->map.from[j];
		uint64_t inner;

		if (i == SIZE_MAX || n_factors(cut, i) == 1)
			continue;
		inner = below_first(cut, i);
		if (view->map.step[j] != 1 || (uint64_t)view->map.base[j] % inner || view->operands[0]->dims[j] % inner)
			return false;
	}
	return true;
}

static struct ck_view *cut_map(struct ck_view_context *context, struct ck_view *view, const struct cut *cut)
{
	struct ck_view *operand = view->operands[0];
	size_t from[2 * CK_MAX_RANK];
	int64_t base[2 * CK_MAX_RANK], step[2 * CK_MAX_RANK];
	struct cut below = { 0 };

	if (!map_can_cut(view, cut))
		return cut_node(context, view, cut);
	for (size_t j = 0; j < operand->rank; j++) {
		size_t i = view->map.from[j], n = i == SIZE_MAX ? 1 : n_factors(cut, i);
		uint64_t inner = i == SIZE_MAX ? 1 : below_first(cut, i);

		if (below.rank + n > CK_MAX_RANK)
			return cut_node(context, view, cut);
		for (size_t k = 0; k < n; k++) {
			below.dims[below.rank] = k ? cut->dims[cut->first[i] + k] : operand->dims[j] / inner;
			from[below.rank] = i == SIZE_MAX ? SIZE_MAX : cut->first[i] + k;
			base[below.rank] = k ? 0 : view->map.base[j] / (int64_t)inner;
			step[below.rank++] = k ? 1 : view->map.step[j];
		}
		below.first[j + 1] = below.rank;
	}
	return ck_view_map(context, cut_view(context, operand, &below), cut->rank, cut->dims, from, base, step);
}

static struct ck_view *cut_view(struct ck_view_context *context, struct ck_view *view, const struct cut *cut)
{
	if (!view || cut->rank > CK_MAX_RANK)
		return NULL;
	if (cut->rank == view->rank)
		return view;
	switch (view->kind) {
	case CK_VIEW_MAP:
		return cut_map(context, view, cut);
	case CK_VIEW_CONCAT:
		return cut_concat(context, view, cut);
	case CK_VIEW_LOAD:
	case CK_VIEW_CACHE:
	case CK_VIEW_FILL:
	case CK_VIEW_CAST:
	case CK_VIEW_SCALE:
	case CK_VIEW_SHIFT:
	case CK_VIEW_NEG:
	case CK_VIEW_MERGE:
	case CK_VIEW_SPLIT:
		return ck_view_reshape(context, view, cut->rank, cut->dims);
	case CK_VIEW_TAKE:
	case CK_VIEW_ADD:
	case CK_VIEW_MEAN_MEMBERS:
	case CK_VIEW_MEAN_AXIS:
		break;
	}
	return cut_node(context, view, cut);
}

/* ---- making merges */

/* Merges runs of axes: result axis i is axes first[i] .. first[i + 1]. */
static struct ck_view *merge_node(struct ck_view_context *context, struct ck_view *operand, size_t rank, const size_t *first)
{
	struct ck_view *view;

	if (!operand || rank == operand->rank)
		return operand;
	view = ck_view_new(context, CK_VIEW_MERGE, read_merge, operand->dtype, rank, &operand, 1, 0);
	if (!view)
		return NULL;
	view->first = ck_arena_array(context->arena, rank + 1, sizeof(*view->first));
	if (!view->first)
		return NULL;
	memcpy(view->first, first, (rank + 1) * sizeof(*first));
	for (size_t i = 0; i < rank; i++) {
		view->dims[i] = 1;
		for (size_t j = first[i]; j < first[i + 1]; j++)
			view->dims[i] *= operand->dims[j];
	}
	return view;
}

/* ---- reshape */

/*
 * The coarsest shape that both a and b (without ones) are merges of: cut has its axes by those of a, merged those by b. False
 * when there is none, as for [6, 4] and [8, 3].
 */
static bool refine(const uint64_t *a, size_t n_a, const uint64_t *b, size_t n_b, struct cut *cut, size_t *merged)
{
	uint64_t left_a = n_a ? a[0] : 1, left_b = n_b ? b[0] : 1;
	size_t i = 0, j = 0;

	merged[0] = 0;
	while (i < n_a && j < n_b) {
		/* From the outside: the smaller of the two divides the other, or they cross. */
		uint64_t least = left_a < left_b ? left_a : left_b;

		if (left_a % least || left_b % least || cut->rank == CK_MAX_RANK)
			return false;
		cut->dims[cut->rank++] = least;
		left_a /= least;
		left_b /= least;
		if (left_a == 1) {
			cut->first[++i] = cut->rank;
			left_a = i < n_a ? a[i] : 1;
		}
		if (left_b == 1) {
			merged[++j] = cut->rank;
			left_b = j < n_b ? b[j] : 1;
		}
	}
	return i == n_a && j == n_b;
}

static struct ck_view *drop_ones(struct ck_view_context *context, struct ck_view *view)
{
	for (size_t i = view ? view->rank : 0; i-- > 0 && view;)
		if (view->dims[i] == 1)
			view = ck_view_squeeze(context, view, i, 0);
	return view;
}

static struct ck_view *add_ones(struct ck_view_context *context, struct ck_view *view, size_t rank, const uint64_t *dims)
{
	for (size_t i = 0; i < rank && view; i++)
		if (dims[i] == 1)
			view = ck_view_repeat(context, view, i, 1);
	return view;
}

/* Where no shape is finer than both: to one axis, and from it. */
static struct ck_view *through_one_axis(struct ck_view_context *context, struct ck_view *view, size_t rank, const uint64_t *dims)
{
	const size_t all[2] = { 0, view->rank };
	struct cut cut = { .rank = rank, .first = { 0, rank } };

	memcpy(cut.dims, dims, rank * sizeof(*dims));
	return cut_node(context, merge_node(context, view, 1, all), &cut);
}

static struct ck_view *reshape_any(struct ck_view_context *context, struct ck_view *view, size_t rank, const uint64_t *dims)
{
	uint64_t wanted[CK_MAX_RANK];
	size_t merged[CK_MAX_RANK + 2], n = 0;
	struct cut cut = { 0 };

	for (size_t i = 0; i < rank; i++)
		if (dims[i] != 1)
			wanted[n++] = dims[i];
	view = drop_ones(context, view);
	if (!view)
		return NULL;
	if (refine(view->dims, view->rank, wanted, n, &cut, merged))
		view = merge_node(context, cut_view(context, view, &cut), n, merged);
	else
		view = through_one_axis(context, view, n, wanted);
	return add_ones(context, view, rank, dims);
}

static bool same_shape(const struct ck_view *view, size_t rank, const uint64_t *dims)
{
	return view->rank == rank && memcmp(view->dims, dims, rank * sizeof(*dims)) == 0;
}

struct ck_view *ck_view_reshape(struct ck_view_context *context, struct ck_view *view, size_t rank, const uint64_t *dims)
{
	struct ck_view *copy;

	if (!view || same_shape(view, rank, dims))
		return view;
	if (ck_view_is_empty(view))
		return ck_view_zeros(context, view->dtype, rank, dims);
	if (ck_view_is_unary(view)) {
		copy = ck_view_reshape(context, view->operands[0], rank, dims);
		copy = copy ? ck_view_like(context, view, &copy) : NULL;
		return copy && ck_view_set_shape(context, copy, rank, dims) ? copy : NULL;
	}
	/* These say where an element is by its row-major place alone. */
	if (view->kind == CK_VIEW_LOAD || (view->kind == CK_VIEW_FILL && view->fill.fill != CK_FILL_EYE)) {
		copy = ck_view_like(context, view, NULL);
		return copy && ck_view_set_shape(context, copy, rank, dims) ? copy : NULL;
	}
	if (view->kind == CK_VIEW_CACHE)
		return ck_view_cache(context, ck_view_reshape(context, view->operands[0], rank, dims));
	if (view->kind == CK_VIEW_MERGE || view->kind == CK_VIEW_SPLIT)
		return ck_view_reshape(context, view->operands[0], rank, dims);
	return reshape_any(context, view, rank, dims);
}
