/* Nodes that only say where elements come from: maps (slices, permutations, repetition), concat, take. */
#include <string.h>

#include "vm/view_node.h"

/* ---- map */

static enum ck_code read_operand_of_map(const struct ck_view *view, const struct ck_box *box, uint8_t *dst, const int64_t *strides,
					struct ck_worker *worker)
{
	const struct ck_view *operand = view->operands[0];
	size_t mark = worker->used;
	struct ck_box below;
	int64_t *below_strides;
	enum ck_code code = CK_NOMEM;

	if (ck_box_push(worker, operand->rank, &below, &below_strides)) {
		for (size_t j = 0; j < operand->rank; j++) {
			size_t i = view->map.from[j];

			below.start[j] = view->map.base[j] + (i == SIZE_MAX ? 0 : view->map.step[j] * box->start[i]);
			below.step[j] = i == SIZE_MAX || box->count[i] == 1 ? 1 : view->map.step[j] * box->step[i];
			below.count[j] = i == SIZE_MAX ? 1 : box->count[i];
			below_strides[j] = i == SIZE_MAX ? 0 : strides[i];
		}
		code = operand->read(operand, &below, dst, below_strides, worker);
	}
	worker->used = mark;
	return code;
}

/* Copies index 0 of each axis that repeats to the others, one axis after another. */
static void repeat_slabs(const struct ck_view *view, const struct ck_box *box, const bool *repeats, uint8_t *dst, const int64_t *strides,
			 uint64_t *count, int64_t *src_strides)
{
	for (size_t i = 0; i < view->rank; i++)
		count[i] = repeats[i] ? 1 : box->count[i];
	memcpy(src_strides, strides, view->rank * sizeof(*strides));
	for (size_t i = 0; i < view->rank; i++) {
		if (!repeats[i] || box->count[i] == 1)
			continue;
		count[i] = box->count[i] - 1;
		src_strides[i] = 0;
		ck_copy_strided(view->rank, count, dst + strides[i], strides, dst, src_strides, view->width);
		count[i] = box->count[i];
		src_strides[i] = strides[i];
	}
}

static enum ck_code read_map(const struct ck_view *view, const struct ck_box *box, uint8_t *dst, const int64_t *strides,
			     struct ck_worker *worker)
{
	uint64_t weight = worker->weight, n_times = 1, count[CK_MAX_RANK];
	int64_t src_strides[CK_MAX_RANK];
	bool repeats[CK_MAX_RANK];
	enum ck_code code;

	if (!view->map_repeats)
		return read_operand_of_map(view, box, dst, strides, worker);
	memset(repeats, 1, view->rank * sizeof(*repeats));
	for (size_t j = 0; j < view->operands[0]->rank; j++)
		if (view->map.from[j] != SIZE_MAX)
			repeats[view->map.from[j]] = false;
	for (size_t i = 0; i < view->rank; i++)
		n_times *= repeats[i] ? box->count[i] : 1;
	worker->weight *= n_times;
	code = read_operand_of_map(view, box, dst, strides, worker);
	worker->weight = weight;
	if (code == CK_OK && n_times > 1)
		repeat_slabs(view, box, repeats, dst, strides, count, src_strides);
	return code;
}

/* Does the map give the operand as it is? */
static bool is_identity(const struct ck_view *operand, size_t rank, const uint64_t *dims, const size_t *from, const int64_t *base,
			const int64_t *step)
{
	if (rank != operand->rank)
		return false;
	for (size_t i = 0; i < rank; i++)
		if (dims[i] != operand->dims[i] || from[i] != i || base[i] != 0 || (step[i] != 1 && dims[i] > 1))
			return false;
	return true;
}

/* Are axes of more than one index in another order than in the operand? */
static bool permutes(const struct ck_view *view)
{
	size_t last = 0;

	for (size_t j = 0; j < view->operands[0]->rank; j++) {
		size_t i = view->map.from[j];

		if (i == SIZE_MAX || view->dims[i] == 1)
			continue;
		if (i < last)
			return true;
		last = i;
	}
	return false;
}

static void compose(const struct ck_view *map, const size_t *from, const int64_t *base, const int64_t *step, struct ck_view *result)
{
	for (size_t j = 0; j < map->operands[0]->rank; j++) {
		size_t i = map->map.from[j];

		result->map.from[j] = i == SIZE_MAX ? SIZE_MAX : from[i];
		result->map.base[j] = map->map.base[j] + (i == SIZE_MAX ? 0 : map->map.step[j] * base[i]);
		result->map.step[j] = i == SIZE_MAX ? 1 : map->map.step[j] * step[i];
	}
}

static void find_repeats(struct ck_view *view)
{
	bool mapped[CK_MAX_RANK + 1] = { false };

	for (size_t j = 0; j < view->operands[0]->rank; j++)
		if (view->map.from[j] != SIZE_MAX)
			mapped[view->map.from[j]] = true;
	for (size_t i = 0; i < view->rank; i++)
		view->map_repeats = view->map_repeats || (!mapped[i] && view->dims[i] > 1);
}

struct ck_view *ck_view_map(struct ck_view_context *context, struct ck_view *operand, size_t rank, const uint64_t *dims, const size_t *from,
			    const int64_t *base, const int64_t *step)
{
	bool is_map = operand && operand->kind == CK_VIEW_MAP;
	struct ck_view *below = is_map ? operand->operands[0] : operand, *view;

	if (!operand)
		return NULL;
	if (is_identity(operand, rank, dims, from, base, step))
		return operand;
	view = ck_view_new(context, CK_VIEW_MAP, read_map, operand->dtype, rank, &below, 1, 0);
	if (!view)
		return NULL;
	memcpy(view->dims, dims, rank * sizeof(*dims));
	if (ck_view_is_empty(view) || (operand->kind == CK_VIEW_FILL && operand->fill.fill == CK_FILL_CONST))
		return ck_view_fill_like(context, operand, rank, dims);
	view->map.from = ck_arena_array(context->arena, below->rank + 1, sizeof(*view->map.from));
	view->map.base = ck_arena_array(context->arena, below->rank + 1, sizeof(*view->map.base));
	view->map.step = ck_arena_array(context->arena, below->rank + 1, sizeof(*view->map.step));
	if (!view->map.from || !view->map.base || !view->map.step)
		return NULL;
	if (is_map) {
		compose(operand, from, base, step, view);
	} else {
		memcpy(view->map.from, from, below->rank * sizeof(*from));
		memcpy(view->map.base, base, below->rank * sizeof(*base));
		memcpy(view->map.step, step, below->rank * sizeof(*step));
	}
	find_repeats(view);
	view->is_shuffled = below->is_shuffled || permutes(view);
	return view;
}

/* The map that changes nothing, to be edited: dims and from have room for one axis more. */
struct edit {
	uint64_t dims[CK_MAX_RANK + 1];
	size_t from[CK_MAX_RANK + 1];
	int64_t base[CK_MAX_RANK + 1], step[CK_MAX_RANK + 1];
};

static void edit_init(struct edit *edit, const struct ck_view *operand)
{
	for (size_t i = 0; i < operand->rank; i++) {
		edit->dims[i] = operand->dims[i];
		edit->from[i] = i;
		edit->base[i] = 0;
		edit->step[i] = 1;
	}
}

struct ck_view *ck_view_slice(struct ck_view_context *context, struct ck_view *operand, size_t axis, int64_t first, int64_t step,
			      uint64_t count)
{
	struct edit edit;

	if (!operand)
		return NULL;
	edit_init(&edit, operand);
	edit.dims[axis] = count;
	edit.base[axis] = first;
	edit.step[axis] = count > 1 ? step : 1;
	return ck_view_map(context, operand, operand->rank, edit.dims, edit.from, edit.base, edit.step);
}

struct ck_view *ck_view_transpose(struct ck_view_context *context, struct ck_view *operand, const size_t *permutation)
{
	struct edit edit;

	if (!operand)
		return NULL;
	edit_init(&edit, operand);
	for (size_t i = 0; i < operand->rank; i++) {
		edit.dims[i] = operand->dims[permutation[i]];
		edit.from[permutation[i]] = i;
	}
	return ck_view_map(context, operand, operand->rank, edit.dims, edit.from, edit.base, edit.step);
}

struct ck_view *ck_view_squeeze(struct ck_view_context *context, struct ck_view *operand, size_t axis, int64_t index)
{
	struct edit edit;

	if (!operand)
		return NULL;
	edit_init(&edit, operand);
	edit.from[axis] = SIZE_MAX;
	edit.base[axis] = index;
	for (size_t i = axis + 1; i < operand->rank; i++) {
		edit.dims[i - 1] = operand->dims[i];
		edit.from[i] = i - 1;
	}
	return ck_view_map(context, operand, operand->rank - 1, edit.dims, edit.from, edit.base, edit.step);
}

struct ck_view *ck_view_repeat(struct ck_view_context *context, struct ck_view *operand, size_t axis, uint64_t n)
{
	struct edit edit;

	if (!operand)
		return NULL;
	edit_init(&edit, operand);
	for (size_t i = operand->rank; i > axis; i--) {
		edit.dims[i] = operand->dims[i - 1];
		edit.from[i - 1] = i;
	}
	edit.dims[axis] = n;
	return ck_view_map(context, operand, operand->rank + 1, edit.dims, edit.from, edit.base, edit.step);
}

/* ---- concat */

/* The member in which index lies. */
static size_t find_member(const struct ck_view *view, uint64_t index)
{
	size_t low = 0, high = view->n_operands;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (view->concat.starts[middle] <= index)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* How many of at most n steps from index (the first included) stay in [begin, end). */
static uint64_t n_within(int64_t index, int64_t step, uint64_t n, int64_t begin, int64_t end)
{
	uint64_t fit = step > 0 ? (uint64_t)(end - 1 - index) / (uint64_t)step + 1
				: (uint64_t)(index - begin) / (0 - (uint64_t)step) + 1;

	return n == 1 || step == 0 || fit > n ? n : fit;
}

static enum ck_code read_concat(const struct ck_view *view, const struct ck_box *box, uint8_t *dst, const int64_t *strides,
				struct ck_worker *worker)
{
	size_t axis = view->concat.axis, mark = worker->used;
	struct ck_box part;
	int64_t *ignored;
	enum ck_code code = CK_OK;

	if (!ck_box_push(worker, box->rank, &part, &ignored))
		return CK_NOMEM;
	for (uint64_t i = 0; i < box->count[axis] && code == CK_OK; i += part.count[axis]) {
		int64_t index = box->start[axis] + (int64_t)i * box->step[axis];
		size_t member = find_member(view, (uint64_t)index);
		int64_t begin = (int64_t)view->concat.starts[member], end = (int64_t)view->concat.starts[member + 1];
		const struct ck_view *operand = view->operands[member];

		memcpy(part.start, box->start, box->rank * sizeof(*box->start));
		memcpy(part.step, box->step, box->rank * sizeof(*box->step));
		memcpy(part.count, box->count, box->rank * sizeof(*box->count));
		part.start[axis] = index - begin;
		part.count[axis] = n_within(index, box->step[axis], box->count[axis] - i, begin, end);
		code = operand->read(operand, &part, dst + (int64_t)i * strides[axis], strides, worker);
	}
	worker->used = mark;
	return code;
}

struct ck_view *ck_view_concat(struct ck_view_context *context, size_t axis, struct ck_view *const *operands, size_t n_operands)
{
	struct ck_view **members = ck_arena_array(context->arena, n_operands + 1, sizeof(*members)), *view;
	size_t n = 0;

	if (!members)
		return NULL;
	/* Empty members have no index. */
	for (size_t i = 0; i < n_operands; i++) {
		if (!operands[i])
			return NULL;
		if (operands[i]->dims[axis])
			members[n++] = operands[i];
	}
	if (n <= 1)
		return n ? members[0] : operands[0];
	view = ck_view_new(context, CK_VIEW_CONCAT, read_concat, members[0]->dtype, members[0]->rank, members, n, 0);
	if (!view)
		return NULL;
	view->concat.axis = axis;
	view->concat.starts = ck_arena_array(context->arena, n + 1, sizeof(*view->concat.starts));
	if (!view->concat.starts)
		return NULL;
	memcpy(view->dims, members[0]->dims, view->rank * sizeof(*view->dims));
	for (size_t i = 0; i < n; i++)
		view->concat.starts[i + 1] = view->concat.starts[i] + members[i]->dims[axis];
	view->dims[axis] = view->concat.starts[n];
	return ck_view_is_empty(view) ? ck_view_zeros(context, view->dtype, view->rank, view->dims) : view;
}

/* ---- take */

/* How many of the n indices from `at` on go on with one step, which is set. */
static uint64_t arithmetic_run(const struct ck_view *view, const struct ck_box *box, uint64_t at, int64_t *ret_step)
{
	const int64_t *indices = view->take.indices;
	int64_t first = box->start[view->take.axis], by = box->step[view->take.axis];
	uint64_t n = box->count[view->take.axis], run = 1;
	int64_t before = indices[first + (int64_t)at * by];

	*ret_step = 1;
	while (at + run < n) {
		int64_t index = indices[first + (int64_t)(at + run) * by];

		if (run == 1)
			*ret_step = index - before;
		if (index - before != *ret_step || *ret_step == 0)
			break;
		before = index;
		run++;
	}
	return run;
}

static enum ck_code read_runs(const struct ck_view *view, const struct ck_box *box, uint8_t *dst, const int64_t *strides, struct ck_box *part,
			      struct ck_worker *worker)
{
	size_t axis = view->take.axis;
	enum ck_code code = CK_OK;

	for (uint64_t i = 0; i < box->count[axis] && code == CK_OK; i += part->count[axis]) {
		int64_t step;
		uint64_t run = arithmetic_run(view, box, i, &step);

		memcpy(part->start, box->start, box->rank * sizeof(*box->start));
		memcpy(part->step, box->step, box->rank * sizeof(*box->step));
		memcpy(part->count, box->count, box->rank * sizeof(*box->count));
		part->start[axis] = view->take.indices[box->start[axis] + (int64_t)i * box->step[axis]];
		part->step[axis] = run > 1 ? step : 1;
		part->count[axis] = run;
		code = view->operands[0]->read(view->operands[0], part, dst + (int64_t)i * strides[axis], strides, worker);
	}
	return code;
}

/*
 * Reads all operand indices from the least to the greatest into scratch and gathers from there: along an inner axis single
 * indices would be single elements of a file.
 */
static enum ck_code gather_tile(const struct ck_tiling *tiling, const struct ck_box *tile, uint8_t *dst, struct ck_worker *worker)
{
	const struct ck_view *view = tiling->view, *operand = view->operands[0];
	size_t axis = view->take.axis, rank = tile->rank;
	const int64_t *indices = view->take.indices;
	int64_t low = INT64_MAX, high = 0, *scratch_strides;
	uint64_t count[CK_MAX_RANK];
	struct ck_box below;
	uint8_t *scratch;
	enum ck_code code;

	if (!ck_box_push(worker, rank, &below, &scratch_strides))
		return CK_NOMEM;
	for (uint64_t i = 0; i < tile->count[axis]; i++) {
		int64_t index = indices[tile->start[axis] + (int64_t)i * tile->step[axis]];

		low = index < low ? index : low;
		high = index > high ? index : high;
	}
	/* Only where the range is not much wider than what is taken of it. */
	if (tile->count[axis] < 2 || (uint64_t)(high - low) / 4 >= tile->count[axis])
		return read_runs(view, tile, dst, tiling->strides, &below, worker);
	memcpy(below.start, tile->start, rank * sizeof(*below.start));
	memcpy(below.step, tile->step, rank * sizeof(*below.step));
	memcpy(below.count, tile->count, rank * sizeof(*below.count));
	below.start[axis] = low;
	below.step[axis] = 1;
	below.count[axis] = (uint64_t)(high - low) + 1;
	ck_box_strides(rank, below.count, view->width, scratch_strides);
	scratch = ck_worker_push(worker, ck_box_elems(&below) * view->width);
	if (!scratch)
		return CK_NOMEM;
	code = operand->read(operand, &below, scratch, scratch_strides, worker);
	memcpy(count, tile->count, rank * sizeof(*count));
	count[axis] = 1;
	for (uint64_t i = 0; i < tile->count[axis] && code == CK_OK; i++) {
		int64_t index = indices[tile->start[axis] + (int64_t)i * tile->step[axis]];

		ck_copy_strided(rank, count, dst + (int64_t)i * tiling->strides[axis], tiling->strides,
				scratch + (index - low) * scratch_strides[axis], scratch_strides, view->width);
	}
	return code;
}

static enum ck_code read_take(const struct ck_view *view, const struct ck_box *box, uint8_t *dst, const int64_t *strides,
			      struct ck_worker *worker)
{
	const struct ck_tiling tiling = { view, gather_tile, strides, view->scratch };
	size_t mark = worker->used;
	struct ck_box part;
	int64_t *ignored;
	enum ck_code code;
	bool inner = false;

	for (size_t i = 0; i < view->take.axis; i++)
		inner = inner || box->count[i] > 1;
	/* A cast below counts what it reads, so nothing may be read that is not taken. */
	if (inner && !view->has_counts)
		return ck_box_tiles(&tiling, box, dst, worker);
	if (!ck_box_push(worker, box->rank, &part, &ignored))
		return CK_NOMEM;
	code = read_runs(view, box, dst, strides, &part, worker);
	worker->used = mark;
	return code;
}

struct ck_view *ck_view_take(struct ck_view_context *context, struct ck_view *operand, size_t axis, const struct ck_value *indices)
{
	struct ck_view *view;

	if (!operand)
		return NULL;
	/* gather_tile() reads up to 4 elements for each. */
	view = ck_view_new(context, CK_VIEW_TAKE, read_take, operand->dtype, operand->rank, &operand, 1, 4 * operand->width);
	if (!view)
		return NULL;
	memcpy(view->dims, operand->dims, view->rank * sizeof(*view->dims));
	view->dims[axis] = indices->n_items;
	view->take.axis = axis;
	view->take.indices = ck_arena_array(context->arena, indices->n_items + 1, sizeof(*view->take.indices));
	if (!view->take.indices)
		return NULL;
	for (size_t i = 0; i < indices->n_items; i++) {
		int64_t index = indices->items[i].integer;

		view->take.indices[i] = index < 0 ? index + (int64_t)operand->dims[axis] : index;
	}
	return ck_view_is_empty(view) ? ck_view_zeros(context, view->dtype, view->rank, view->dims) : view;
}
