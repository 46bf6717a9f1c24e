/*
 * Tiles of computed targets. A tile is a box of the target that is computed into memory and written. Where the target's rows lie
 * along the source's, tiles are ranges of the target that stay in cache; where they lie across, a tile has so many of both that what
 * is read and what is written at once is worth a system call. Reads may be short: the kernel reads ahead in its cache of pages; a
 * short write makes it look for each page, and for its neighbours when they follow.
 */
#include <string.h>

#include "vm/exec_internal.h"

enum {
	TILE_BYTES = 1 << 20,		/* of a tile in order */
	ACROSS_BYTES = 8 << 20,		/* of a tile across, if its runs are shorter than that allows */
	READ_BYTES = 4 << 10,		/* that follow each other in the source */
	WRITE_BYTES = 64 << 10,		/* and in the target */
};

/* ---- the size of tiles */

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Lengthens the axes of order, the innermost first, until they have n elements together. */
static void lengthen(struct ck_shape shape, const uint8_t *order, uint64_t n, uint64_t *counts)
{
	for (size_t k = shape.rank; k-- > 0 && n > 1;) {
		size_t i = order ? order[k] : k;
		uint64_t wanted = least(n, shape.dims[i]);

		counts[i] = counts[i] > wanted ? counts[i] : wanted;
		if (counts[i] < shape.dims[i])
			return;
		n = (n + counts[i] - 1) / counts[i];
	}
}

static uint64_t square_root(uint64_t x)
{
	uint64_t root = 1;

	while (root <= x / root / 4)
		root *= 2;
	while (root + 1 <= x / (root + 1))
		root++;
	return root;
}

/* More indices of each axis, the innermost first, as long as a tile has n_elems at most. */
static void fill_up(struct ck_shape shape, uint64_t n_elems, uint64_t *counts)
{
	uint64_t n = 1;

	for (size_t i = 0; i < shape.rank; i++)
		n *= counts[i];
	for (size_t i = shape.rank; i-- > 0 && n < n_elems;) {
		uint64_t others;

		CK_ASSERT(counts[i] && counts[i] <= n);	/* n is their product */
		others = n / counts[i];
		counts[i] = least(shape.dims[i] ? shape.dims[i] : 1, n_elems / others > counts[i] ? n_elems / others : counts[i]);
		n = others * counts[i];
		if (counts[i] < shape.dims[i])
			return;
	}
}

void ck_exec_tile_counts(const struct ck_view *view, uint64_t n_bytes, uint64_t *counts)
{
	struct ck_shape shape = ck_view_shape(view);
	size_t width = ck_dtype_width(ck_view_dtype(view));
	uint64_t n_elems = n_bytes > width ? n_bytes / width : 1, n_read, n_written;
	uint8_t order[CK_MAX_RANK + 1];

	for (size_t i = 0; i < shape.rank; i++)
		counts[i] = 1;
	if (ck_view_is_shuffled(view)) {
		n_read = least(READ_BYTES / width, square_root(n_elems));
		CK_ASSERT(n_read);	/* elements are no wider than what is read at a time */
		n_written = least(WRITE_BYTES / width, n_elems / n_read);
		ck_view_order(view, order);
		lengthen(shape, NULL, n_written, counts);
		lengthen(shape, order, n_read, counts);
		fill_up(shape, least(n_elems, ACROSS_BYTES / width), counts);
	} else {
		fill_up(shape, least(n_elems, TILE_BYTES / width), counts);
	}
}

enum ck_code ck_exec_plan_tiles(struct ck_exec *exec, size_t number, uint64_t *ret_n_tiles)
{
	const Ck__Plan__Target *target = exec->message->targets[number];
	struct ck_exec_target *own = &exec->targets[number];
	struct ck_view_context context = { .arena = exec->arena, .data = exec->data, .n_data = exec->n_data, .sums = exec->sums,
					   .target = ck_str_of(target->label), .diags = exec->diags };
	enum ck_code code = ck_view_build(&context, target, &own->view);
	struct ck_shape shape = { target->n_dims, target->dims };

	*ret_n_tiles = 0;
	if (code != CK_OK)
		return code;
	if (ck_view_dtype(own->view) != (enum ck_dtype)target->dtype || !ck_shape_equal(ck_view_shape(own->view), shape)) {
		ck_error(exec->diags, CK_BAD_PLAN, (struct ck_span){ 0 }, "the code of \"%.*s\" makes another type than the plan says",
			 CK_STR_ARG(ck_name_text(exec->diags->arena, ck_str_of(target->label))));
		return CK_BAD_PLAN;
	}
	own->counts = ck_arena_array(exec->arena, shape.rank + 1, sizeof(*own->counts));
	if (!own->counts)
		return ck_error_nomem(exec->diags);
	if (!target->n_bytes)
		return CK_OK;
	ck_exec_tile_counts(own->view, exec->n_tile, own->counts);
	*ret_n_tiles = 1;
	for (size_t i = 0; i < shape.rank; i++) {
		CK_ASSERT(own->counts[i]);
		*ret_n_tiles *= (shape.dims[i] + own->counts[i] - 1) / own->counts[i];
	}
	return CK_OK;
}

/* ---- one tile */

/* Where a tile is, and how long its runs are: its last axes, as far as they are whole, and a part of the one before. */
struct tile {
	struct ck_box box;
	int64_t *strides;		/* in memory, row-major */
	uint64_t *elems_below;		/* [rank] elements of the target below one index of each axis */
	size_t n_outer;			/* axes over which runs are repeated */
	uint64_t n_run;			/* elements */
};

static bool place_tile(const struct ck_exec_target *target, uint64_t number, struct ck_worker *worker, struct tile *tile)
{
	struct ck_shape shape = ck_view_shape(target->view);
	uint64_t below = 1;

	tile->elems_below = ck_worker_push(worker, (shape.rank + 1) * sizeof(*tile->elems_below));
	if (!tile->elems_below || !ck_box_push(worker, shape.rank, &tile->box, &tile->strides))
		return false;
	for (size_t i = shape.rank; i-- > 0;) {
		uint64_t n = (shape.dims[i] + target->counts[i] - 1) / target->counts[i], at = number % n * target->counts[i];

		tile->box.start[i] = (int64_t)at;
		tile->box.step[i] = 1;
		tile->box.count[i] = least(target->counts[i], shape.dims[i] - at);
		tile->elems_below[i] = below;
		below *= shape.dims[i];
		number /= n;
	}
	ck_box_strides(shape.rank, tile->box.count, ck_dtype_width(ck_view_dtype(target->view)), tile->strides);
	tile->n_run = 1;
	for (tile->n_outer = shape.rank; tile->n_outer > 0;) {
		size_t i = --tile->n_outer;

		tile->n_run *= tile->box.count[i];
		if (tile->box.count[i] < shape.dims[i])
			break;
	}
	return true;
}

/* Writes run after run, whose number in the tile counts up over the outer axes. */
static enum ck_code write_runs(struct ck_exec *exec, struct ck_exec_worker *worker, size_t number, const struct tile *tile)
{
	const Ck__Plan__Target *target = exec->message->targets[number];
	size_t width = ck_dtype_width((enum ck_dtype)target->dtype), n = (size_t)tile->n_run * width;
	uint64_t n_runs = 1;
	uint32_t parts = 0;
	enum ck_code code = CK_OK;

	for (size_t i = 0; i < tile->n_outer; i++)
		n_runs *= tile->box.count[i];
	for (uint64_t run = 0; run < n_runs && code == CK_OK; run++) {
		const uint8_t *bytes = worker->tile + run * n;
		uint64_t offset = 0, left = run;

		for (size_t i = tile->box.rank; i-- > 0;) {
			uint64_t at = (uint64_t)tile->box.start[i];

			if (i < tile->n_outer) {
				at += left % tile->box.count[i];
				left /= tile->box.count[i];
			}
			offset += at * tile->elems_below[i] * width;
		}
		parts ^= ck_crc32c_part(&worker->places, ck_crc32c(0, bytes, n), n, target->n_bytes - offset - n);
		code = ck_writer_put(exec->writer, target->shard, target->offset + offset, bytes, n, &worker->diags);
	}
	atomic_fetch_xor_explicit(&exec->targets[number].parts, parts, memory_order_relaxed);
	return code;
}

static void add_counts(struct ck_exec *exec, size_t number, const struct ck_cast_counts *counts)
{
	struct ck_target_result *result = &exec->report->targets[number];

	if (!counts->n_inexact && !counts->n_overflow && !counts->n_underflow && !counts->n_nan_made)
		return;
	pthread_mutex_lock(&exec->lock);
	result->n_inexact += counts->n_inexact;
	result->n_overflow += counts->n_overflow;
	result->n_underflow += counts->n_underflow;
	result->n_nan_made += counts->n_nan_made;
	result->max_rounding = counts->max_rounding > result->max_rounding ? counts->max_rounding : result->max_rounding;
	pthread_mutex_unlock(&exec->lock);
}

enum ck_code ck_exec_tile(struct ck_exec *exec, struct ck_exec_worker *worker, size_t number, uint64_t tile_number)
{
	const struct ck_exec_target *target = &exec->targets[number];
	struct tile tile;
	enum ck_code code;

	worker->worker.counts = (struct ck_cast_counts){ 0 };
	if (!place_tile(target, tile_number, &worker->worker, &tile))
		return CK_NOMEM;
	code = ck_view_read(target->view, &tile.box, worker->tile, tile.strides, &worker->worker);
	if (code != CK_OK)
		return code;
	add_counts(exec, number, &worker->worker.counts);
	ck_exec_progress(exec, worker, ck_box_elems(&tile.box) * ck_dtype_width(ck_view_dtype(target->view)));
	return write_runs(exec, worker, number, &tile);
}
