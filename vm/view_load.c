/*
 * LOAD: boxes of a stored variable. Files are read in pieces that are worth a system call, into the destination where the bytes
 * lie the same there, else into the worker's staging buffer and from there by a strided copy.
 */
#include <string.h>

#include "bundle/crc32c.h"
#include "vm/view_node.h"

enum {
	GAP_BYTES = 4 << 10,		/* reading over a gap of this size costs less than another call */
	DIRECT_BYTES = 4 << 10,		/* runs of this size go straight to the destination */
	ROW_BYTES = 64 << 10,		/* of a row, where the destination runs across rows */
};

/* A box with its axes of one index gone and neighbours joined; file strides are positive. */
struct region {
	const struct ck_view *view;
	struct ck_worker *worker;
	size_t rank;
	uint64_t *count;
	int64_t *file, *memory;	/* strides in bytes */
	uint32_t parts;		/* for the view's sum: of the checksum of what was read, and how many bytes */
	uint64_t n_bytes;
};

static enum ck_code read_file(struct region *region, uint64_t offset, uint64_t n, void *bytes)
{
	const struct ck_view *view = region->view;
	struct ck_worker *worker = region->worker;
	enum ck_code code = ck_data_read(view->load.data, view->load.variable, offset, n, bytes, worker->diags);

	worker->n_read += n;
	if (!view->load.sum || code != CK_OK)
		return code;
	/* While the bytes are in cache. */
	region->parts ^= ck_crc32c_part(&worker->places, ck_crc32c(0, bytes, n), n, view->load.variable->place.n_bytes - offset - n);
	region->n_bytes += n;
	return CK_OK;
}

/* Once a box: threads that read the same variable would wait for each other at each read. */
static void add_sum(const struct region *region)
{
	struct ck_read_sum *sum = region->view->load.sum;

	if (!sum)
		return;
	atomic_fetch_xor_explicit(&sum->parts, region->parts, memory_order_relaxed);
	atomic_fetch_add_explicit(&sum->n_bytes, region->n_bytes, memory_order_relaxed);
}

/* Bytes from the first to the last element of axes [from, rank). */
static uint64_t span(const struct region *region, size_t from)
{
	uint64_t n = region->view->width;

	for (size_t i = from; i < region->rank; i++)
		n += (region->count[i] - 1) * (uint64_t)region->file[i];
	return n;
}

/* Is one read over all of axes [from, rank) better than one for each index of `from`? */
static bool is_dense(const struct region *region, size_t from)
{
	uint64_t below = span(region, from + 1), step = (uint64_t)region->file[from];

	return step <= below + GAP_BYTES || step <= 2 * below;
}

static enum ck_code read_region(struct region *region, uint64_t offset, uint8_t *dst);

/* Cuts an axis into parts of n indices. */
static enum ck_code read_parts(struct region *region, size_t axis, uint64_t n, uint64_t offset, uint8_t *dst)
{
	uint64_t count = region->count[axis];
	enum ck_code code = CK_OK;

	for (uint64_t at = 0; at < count && code == CK_OK; at += n) {
		region->count[axis] = count - at < n ? count - at : n;
		code = read_region(region, offset + at * (uint64_t)region->file[axis], dst + (int64_t)at * region->memory[axis]);
	}
	region->count[axis] = count;
	return code;
}

/* Reads of `unit` bytes for each index of axes [axis, end), one after another in staging. */
static enum ck_code gather(struct region *region, size_t axis, size_t end, uint64_t offset, uint64_t unit, uint8_t **staging)
{
	enum ck_code code = CK_OK;

	if (axis == end) {
		code = read_file(region, offset, unit, *staging);
		*staging += unit;
		return code;
	}
	for (uint64_t i = 0; i < region->count[axis] && code == CK_OK; i++)
		code = gather(region, axis + 1, end, offset + i * (uint64_t)region->file[axis], unit, staging);
	return code;
}

/* All of the region through staging, which has room: axes [unit_axis, rank) are one read each. */
static enum ck_code read_staged(struct region *region, size_t unit_axis, uint64_t unit, uint64_t offset, uint8_t *dst)
{
	struct ck_worker *worker = region->worker;
	size_t mark = worker->used;
	uint8_t *staging = worker->staging;
	int64_t *strides = ck_worker_push(worker, (region->rank + 1) * sizeof(*strides)), stride = (int64_t)unit;
	enum ck_code code;

	if (!strides)
		return CK_NOMEM;
	memcpy(strides, region->file, region->rank * sizeof(*strides));
	for (size_t i = unit_axis; i-- > 0;) {
		strides[i] = stride;
		stride *= (int64_t)region->count[i];
	}
	code = gather(region, 0, unit_axis, offset, unit, &staging);
	if (code == CK_OK)
		ck_copy_strided(region->rank, region->count, dst, region->memory, worker->staging, strides, region->view->width);
	worker->used = mark;
	return code;
}

static bool is_direct(const struct region *region)
{
	size_t last = region->rank - 1;
	int64_t width = (int64_t)region->view->width;

	if (region->rank == 0)
		return true;
	return region->file[last] == width && region->memory[last] == width &&
	       (region->rank == 1 || region->count[last] * region->view->width >= DIRECT_BYTES);
}

static enum ck_code read_direct(struct region *region, size_t axis, uint64_t offset, uint8_t *dst)
{
	enum ck_code code = CK_OK;

	if (region->rank == 0)
		return read_file(region, offset, region->view->width, dst);
	if (axis == region->rank - 1)
		return read_file(region, offset, region->count[axis] * region->view->width, dst);
	for (uint64_t i = 0; i < region->count[axis] && code == CK_OK; i++)
		code = read_direct(region, axis + 1, offset + i * (uint64_t)region->file[axis], dst + (int64_t)i * region->memory[axis]);
	return code;
}

static enum ck_code read_region(struct region *region, uint64_t offset, uint8_t *dst)
{
	uint64_t room = region->worker->n_staging, unit = region->view->width, all;
	size_t last = region->rank - 1, at = region->rank;

	if (is_direct(region))
		return read_direct(region, 0, offset, dst);
	/* Rows so long that few fit would write few elements at once. */
	if (region->rank > 1 && region->memory[last] != (int64_t)unit && region->count[last] * (uint64_t)region->file[last] > ROW_BYTES &&
	    region->count[last] > 64)
		return read_parts(region, last, ROW_BYTES / (uint64_t)region->file[last] > 64 ? ROW_BYTES / (uint64_t)region->file[last] : 64,
				  offset, dst);
	/* The largest part that one call reads: of axes [at, rank). */
	while (at > 0 && is_dense(region, at - 1)) {
		if (span(region, at - 1) > room)
			return read_parts(region, at - 1, (room - unit) / (uint64_t)region->file[at - 1] + 1, offset, dst);
		unit = span(region, --at);
	}
	/* As many of these parts as fit. */
	all = unit;
	for (size_t i = at; i-- > 0; all *= region->count[i])
		if (region->count[i] > room / all)
			return read_parts(region, i, room / all, offset, dst);
	return read_staged(region, at, unit, offset, dst);
}

/* Axis `count` long joins the one before it where both sides run on. */
static void add_axis(struct region *region, uint64_t count, int64_t file, int64_t memory)
{
	size_t last = region->rank - 1;

	if (region->rank && region->file[last] == file * (int64_t)count && region->memory[last] == memory * (int64_t)count) {
		region->count[last] *= count;
		region->file[last] = file;
		region->memory[last] = memory;
		return;
	}
	region->count[region->rank] = count;
	region->file[region->rank] = file;
	region->memory[region->rank++] = memory;
}

static enum ck_code read_load(const struct ck_view *view, const struct ck_box *box, uint8_t *dst, const int64_t *strides,
			      struct ck_worker *worker)
{
	size_t mark = worker->used;
	struct ck_box memory;
	int64_t *file, offset = 0;
	struct region region = { .view = view, .worker = worker };
	enum ck_code code = CK_NOMEM;

	if (!ck_box_push(worker, view->rank, &memory, &region.memory) || !(file = ck_worker_push(worker, (view->rank + 1) * sizeof(*file))))
		goto done;
	ck_box_strides(view->rank, view->dims, view->width, file);
	region.count = memory.count;
	region.file = memory.step;
	for (size_t i = 0; i < view->rank; i++) {
		int64_t step = box->step[i] * file[i], stride = strides[i];

		offset += box->start[i] * file[i];
		if (box->count[i] == 1)
			continue;
		if (step < 0) {
			offset += step * (int64_t)(box->count[i] - 1);
			dst += stride * (int64_t)(box->count[i] - 1);
			step = -step;
			stride = -stride;
		}
		add_axis(&region, box->count[i], step, stride);
	}
	code = read_region(&region, (uint64_t)offset, dst);
	add_sum(&region);
done:
	worker->used = mark;
	return code;
}

struct ck_view *ck_view_load(struct ck_view_context *context, const struct ck_data *data, const struct ck_variable *variable,
			     struct ck_read_sum *sum)
{
	struct ck_view *view = ck_view_new(context, CK_VIEW_LOAD, read_load, variable->dtype, 0, NULL, 0, 0);

	if (!view || !ck_view_set_shape(context, view, variable->shape.rank, variable->shape.dims))
		return NULL;
	view->load.data = data;
	view->load.variable = variable;
	view->load.sum = sum;
	return view;
}
