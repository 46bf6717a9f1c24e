/* Boxes: their arrays, and how nodes that compute cut them into tiles that fit scratch memory and cache. */
#include <stdlib.h>
#include <string.h>

#include "vm/view_node.h"

/* Elements of a tile at most, so that its bytes stay in cache; and bytes of a row where the destination runs across rows. */
enum { TILE_ELEMS = 128 << 10, ROW_BYTES = 16 << 10 };

bool ck_box_push(struct ck_worker *worker, size_t rank, struct ck_box *ret_box, int64_t **ret_strides)
{
	/* One more, so that a scalar has memory too. */
	int64_t *memory = ck_worker_push(worker, 4 * (rank + 1) * sizeof(*memory));

	if (!memory)
		return false;
	ret_box->rank = rank;
	ret_box->start = memory;
	ret_box->step = memory + (rank + 1);
	ret_box->count = (uint64_t *)(memory + 2 * (rank + 1));
	*ret_strides = memory + 3 * (rank + 1);
	return true;
}

uint64_t ck_box_elems(const struct ck_box *box)
{
	uint64_t n = 1;

	for (size_t i = 0; i < box->rank; i++)
		n *= box->count[i];
	return n;
}

void ck_box_strides(size_t rank, const uint64_t *count, size_t width, int64_t *ret_strides)
{
	int64_t stride = (int64_t)width;

	for (size_t i = rank; i-- > 0;) {
		ret_strides[i] = stride;
		stride *= (int64_t)count[i];
	}
}

bool ck_box_is_compact(size_t rank, const uint64_t *count, const int64_t *strides, size_t width)
{
	int64_t stride = (int64_t)width;

	for (size_t i = rank; i-- > 0;) {
		if (count[i] != 1 && strides[i] != stride)
			return false;
		stride *= (int64_t)count[i];
	}
	return true;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The lesser, but 1 at least: what tiles are made of, and divided by. */
static uint64_t share(uint64_t a, uint64_t b)
{
	uint64_t less = least(a, b);

	return less ? less : 1;
}

/* The last axis with more than one index, or 0. */
static size_t last_axis(const struct ck_box *box)
{
	size_t i = box->rank;

	while (i > 1 && box->count[i - 1] == 1)
		i--;
	return i ? i - 1 : 0;
}

/* The axis along which dst is densest. */
static size_t dense_axis(const struct ck_box *box, const int64_t *strides)
{
	size_t dense = last_axis(box);

	for (size_t i = box->rank; i-- > 0;)
		if (box->count[i] > 1 && llabs(strides[i]) < llabs(strides[dense]))
			dense = i;
	return dense;
}

/* How many indices of each axis a tile has. */
static void tile_counts(const struct ck_box *box, const int64_t *strides, uint64_t n_elems, size_t width, uint64_t *counts)
{
	size_t last = last_axis(box), dense = dense_axis(box, strides);

	for (size_t i = 0; i < box->rank; i++)
		counts[i] = 1;
	if (box->rank && dense != last) {
		counts[last] = share(least(box->count[last], n_elems), ROW_BYTES / width);
		n_elems /= counts[last];
		counts[dense] = share(box->count[dense], n_elems);
		n_elems /= counts[dense];
	}
	for (size_t i = box->rank; i-- > 0;) {
		uint64_t more = share((box->count[i] + counts[i] - 1) / counts[i], n_elems);

		counts[i] = share(counts[i] * more, box->count[i]);
		n_elems /= more;
	}
}

/* The next tile, as an odometer over multiples of counts. */
static bool next_tile(const struct ck_box *box, const uint64_t *counts, uint64_t *at)
{
	for (size_t i = box->rank; i-- > 0;) {
		at[i] += counts[i];
		if (at[i] < box->count[i])
			return true;
		at[i] = 0;
	}
	return false;
}

static enum ck_code each_tile(const struct ck_tiling *tiling, const struct ck_box *box, const uint64_t *counts, uint64_t *at, uint8_t *dst,
			      struct ck_box *tile, struct ck_worker *worker)
{
	enum ck_code code;
	size_t mark = worker->used;

	memset(at, 0, box->rank * sizeof(*at));
	do {
		uint8_t *to = dst;

		for (size_t i = 0; i < box->rank; i++) {
			tile->start[i] = box->start[i] + (int64_t)at[i] * box->step[i];
			tile->step[i] = box->step[i];
			tile->count[i] = least(counts[i], box->count[i] - at[i]);
			to += (int64_t)at[i] * tiling->strides[i];
		}
		code = tiling->each(tiling, tile, to, worker);
		worker->used = mark;
	} while (code == CK_OK && next_tile(box, counts, at));
	return code;
}

enum ck_code ck_box_tiles(const struct ck_tiling *tiling, const struct ck_box *box, uint8_t *dst, struct ck_worker *worker)
{
	size_t mark = worker->used, room;
	struct ck_box tile;
	int64_t *more;
	uint64_t *counts, n_elems;
	enum ck_code code = CK_NOMEM;

	if (ck_box_push(worker, box->rank, &tile, &more) && (counts = ck_worker_push(worker, 2 * (box->rank + 1) * sizeof(*counts)))) {
		/* Boxes of the nodes below take some as well. */
		room = (worker->capacity - worker->used) / 4 * 3;
		n_elems = least(TILE_ELEMS, tiling->n_bytes ? room / tiling->n_bytes : TILE_ELEMS);
		tile_counts(box, tiling->strides, n_elems ? n_elems : 1, tiling->view->width, counts);
		code = each_tile(tiling, box, counts, counts + box->rank + 1, dst, &tile, worker);
	}
	worker->used = mark;
	return code;
}
