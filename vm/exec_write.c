/*
 * Writing the output: all work as a list of items in the order of the output, done in parallel. Unchanged variables are carried
 * in ranges of the output, whatever their number and size; computed ones in tiles. Checksums are added up on the way, of what is
 * read and of what is written.
 */
#include <stdlib.h>
#include <string.h>

#include "vm/exec_internal.h"

/* ---- items */

static int compare_places(const void *a, const void *b, void *context)
{
	Ck__Plan__Target *const *targets = context;
	const Ck__Plan__Target *x = targets[*(const size_t *)a], *y = targets[*(const size_t *)b];

	if (x->shard != y->shard)
		return x->shard < y->shard ? -1 : 1;
	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	/* Empty ones before what begins there. */
	return (x->n_bytes > y->n_bytes) - (x->n_bytes < y->n_bytes);
}

static struct ck_exec_item *add_item(struct ck_exec *exec, size_t position, uint64_t number, uint64_t n_bytes)
{
	if (!ck_arena_grow(exec->arena, (void **)&exec->items, exec->n_items, &exec->items_capacity, sizeof(*exec->items)))
		return NULL;
	exec->items[exec->n_items] = (struct ck_exec_item){ position, number, n_bytes };
	return &exec->items[exec->n_items++];
}

/* A copied target: what of it the last item has room for, if that ends where this begins; then items of its own. */
static bool add_copies(struct ck_exec *exec, size_t position, const Ck__Plan__Target **end_of_last)
{
	const Ck__Plan__Target *target = exec->message->targets[exec->order[position]], *before = *end_of_last;
	struct ck_exec_item *last = before ? &exec->items[exec->n_items - 1] : NULL;
	bool goes_on = before && before->shard == target->shard && before->offset + before->n_bytes == target->offset;
	uint64_t room = goes_on ? CK_EXEC_BUFFER - last->n_bytes : 0, at = target->n_bytes < room ? target->n_bytes : room;

	if (last)
		last->n_bytes += at;
	for (; at < target->n_bytes; at += CK_EXEC_BUFFER) {
		uint64_t left = target->n_bytes - at;

		if (!add_item(exec, position, at, left < CK_EXEC_BUFFER ? left : CK_EXEC_BUFFER))
			return false;
	}
	if (target->n_bytes)
		*end_of_last = target;
	return true;
}

static enum ck_code add_tiles(struct ck_exec *exec, size_t position)
{
	uint64_t n_tiles = 0;
	enum ck_code code = ck_exec_plan_tiles(exec, exec->order[position], &n_tiles);

	for (uint64_t i = 0; i < n_tiles && code == CK_OK; i++)
		if (!add_item(exec, position, i, 0))
			code = ck_error_nomem(exec->diags);
	return code;
}

enum ck_code ck_exec_plan_items(struct ck_exec *exec)
{
	size_t n = exec->message->n_targets;
	const Ck__Plan__Target *end_of_last = NULL;
	enum ck_code code = CK_OK;

	exec->order = ck_arena_array(exec->arena, n + 1, sizeof(*exec->order));
	if (!exec->order)
		return ck_error_nomem(exec->diags);
	for (size_t i = 0; i < n; i++)
		exec->order[i] = i;
	qsort_r(exec->order, n, sizeof(*exec->order), compare_places, exec->message->targets);
	for (size_t i = 0; i < n && code == CK_OK; i++) {
		const struct ck_exec_target *target = &exec->targets[exec->order[i]];

		if (target->way == CK_WAY_LINK)
			continue;
		if (target->way == CK_WAY_COPY) {
			if (!add_copies(exec, i, &end_of_last))
				code = ck_error_nomem(exec->diags);
			continue;
		}
		end_of_last = NULL;
		if (target->way == CK_WAY_TILES)
			code = add_tiles(exec, i);
	}
	return code;
}

/* ---- copies */

/* A part of one target within an item. */
struct piece {
	size_t target;
	uint64_t offset, n;		/* in the target */
};

/* The piece that begins `done` bytes into an item; *position moves on. */
static struct piece next_piece(const struct ck_exec *exec, const struct ck_exec_item *item, uint64_t done, size_t *position)
{
	const Ck__Plan__Target *first = exec->message->targets[exec->order[item->target]], *target;
	uint64_t begin = first->offset + item->number + done, left;
	size_t number;

	do {
		number = exec->order[*position];
		target = exec->message->targets[number];
	} while (target->offset + target->n_bytes <= begin && ++*position);
	left = target->offset + target->n_bytes - begin;
	return (struct piece){ number, begin - target->offset, left < item->n_bytes - done ? left : item->n_bytes - done };
}

static struct ck_place place_of(const struct ck_exec *exec, const struct piece *piece)
{
	const struct ck_place *place = &exec->targets[piece->target].variable->place;

	return (struct ck_place){ .shard = place->shard, .offset = place->offset + piece->offset, .n_bytes = piece->n };
}

/* Reads all of an item. Variables that lie side by side in the source are read at once. */
static enum ck_code read_item(struct ck_exec *exec, const struct ck_exec_item *item, uint8_t *bytes, struct ck_diags *diags)
{
	const struct ck_data *data = NULL;
	struct ck_place run = { 0 };
	size_t position = item->target;
	enum ck_code code = CK_OK;

	for (uint64_t done = 0, n; done < item->n_bytes && code == CK_OK; done += n) {
		struct piece piece = next_piece(exec, item, done, &position);
		struct ck_place place = place_of(exec, &piece);

		n = piece.n;
		if (data == exec->targets[piece.target].data && place.shard == run.shard && place.offset == run.offset + run.n_bytes) {
			run.n_bytes += n;
			continue;
		}
		if (data)
			code = ck_data_read_place(data, &run, bytes, diags);
		bytes += run.n_bytes;
		data = exec->targets[piece.target].data;
		run = place;
	}
	return code == CK_OK ? ck_data_read_place(data, &run, bytes, diags) : code;
}

static void sum_item(struct ck_exec *exec, struct ck_exec_worker *worker, const struct ck_exec_item *item)
{
	size_t position = item->target;

	for (uint64_t done = 0, n; done < item->n_bytes; done += n) {
		struct piece piece = next_piece(exec, item, done, &position);
		uint64_t after = exec->message->targets[piece.target]->n_bytes - piece.offset - piece.n;
		uint32_t crc = ck_crc32c(0, worker->tile + done, (size_t)piece.n);

		n = piece.n;
		atomic_fetch_xor_explicit(&exec->targets[piece.target].parts, ck_crc32c_part(&worker->places, crc, n, after), memory_order_relaxed);
	}
}

/* Inside the kernel, without a look at the bytes. */
static enum ck_code move_item(struct ck_exec *exec, const struct ck_exec_item *item, struct ck_diags *diags)
{
	const Ck__Plan__Target *first = exec->message->targets[exec->order[item->target]];
	size_t position = item->target;

	for (uint64_t done = 0, n; done < item->n_bytes; done += n) {
		struct piece piece = next_piece(exec, item, done, &position);
		struct ck_place from = place_of(exec, &piece);

		n = piece.n;
		if (!ck_copy_range(ck_data_fd(exec->targets[piece.target].data, from.shard), from.offset, ck_writer_fd(exec->writer, first->shard),
				   first->offset + item->number + done, n))
			return ck_error_io(diags, "copy", exec->report->output);
	}
	return CK_OK;
}

static enum ck_code copy_item(struct ck_exec *exec, struct ck_exec_worker *worker, const struct ck_exec_item *item)
{
	const Ck__Plan__Target *first = exec->message->targets[exec->order[item->target]];
	enum ck_code code;

	worker->worker.n_read += item->n_bytes;
	ck_exec_progress(exec, worker, item->n_bytes);
	if (exec->options->verify == CK_VERIFY_NONE)
		return move_item(exec, item, &worker->diags);
	code = read_item(exec, item, worker->tile, &worker->diags);
	if (code != CK_OK)
		return code;
	sum_item(exec, worker, item);
	return ck_writer_put(exec->writer, first->shard, first->offset + item->number, worker->tile, (size_t)item->n_bytes, &worker->diags);
}

/* ---- what is made in memory */

static enum ck_code other_size(struct ck_exec *exec, const Ck__Plan__Target *target, size_t n_bytes)
{
	ck_error(exec->diags, CK_BAD_PLAN, (struct ck_span){ 0 }, "\"%.*s\" takes %zu bytes, and the plan has room for another number",
		 CK_STR_ARG(ck_name_text(exec->diags->arena, ck_str_of(target->label))), n_bytes);
	return CK_BAD_PLAN;
}

static enum ck_code put_bytes(struct ck_exec *exec, size_t number)
{
	const Ck__Plan__Target *target = exec->message->targets[number];
	struct ck_buf bytes = { 0 };
	struct ck_str graph = ck_str_of(exec->message->graph), *strings = &graph;
	struct ck_str *empty = NULL;
	uint64_t n_elems = 1;
	uint32_t crc = 0;
	enum ck_code code = CK_OK;

	if (!ck_str_equal(ck_str_of(target->key), CK_STR(CK_GRAPH_KEY))) {
		if (!ck_shape_elems((struct ck_shape){ target->n_dims, target->dims }, &n_elems) || n_elems > target->n_bytes)
			n_elems = 0;
		strings = empty = ck_alloc((size_t)(n_elems + 1) * sizeof(*empty));
		if (!empty)
			return ck_error_nomem(exec->diags);
		memset(empty, 0, (size_t)n_elems * sizeof(*empty));
	}
	ck_strings_encode(strings, (size_t)n_elems, &bytes, &crc);
	if (bytes.failed)
		code = ck_error_nomem(exec->diags);
	else if (bytes.n != target->n_bytes)
		code = other_size(exec, target, bytes.n);
	else
		code = ck_writer_put(exec->writer, target->shard, target->offset, bytes.p, bytes.n, exec->diags);
	if (code == CK_OK) {
		exec->targets[number].crc = ck_crc32c(0, bytes.p, bytes.n);
		exec->report->targets[number].crc = ck_crc32c_mask(crc);
	}
	ck_buf_clear(&bytes);
	ck_free(empty);
	return code;
}

/* ---- all of it */

static enum ck_code do_item(struct ck_exec *exec, struct ck_exec_worker *worker, void *context, size_t number)
{
	const struct ck_exec_item *item = &exec->items[number];
	size_t target = exec->order[item->target];

	(void)context;
	if (exec->targets[target].way == CK_WAY_COPY)
		return copy_item(exec, worker, item);
	return ck_exec_tile(exec, worker, target, item->number);
}

static const Ck__Plan__Target *target_of_item(const struct ck_exec *exec, void *context, size_t number)
{
	(void)context;
	return exec->message->targets[exec->order[exec->items[number].target]];
}

static enum ck_code prepare_target(struct ck_exec *exec, struct ck_exec_worker *worker, void *context, size_t number)
{
	(void)context;
	return exec->targets[number].view ? ck_view_prepare(exec->targets[number].view, &worker->worker) : CK_OK;
}

static bool has_views(const struct ck_exec *exec)
{
	for (size_t i = 0; i < exec->message->n_targets; i++)
		if (exec->targets[i].view)
			return true;
	return false;
}

static const Ck__Plan__Target *target_itself(const struct ck_exec *exec, void *context, size_t number)
{
	(void)context;
	return exec->message->targets[number];
}

static void finish_target(struct ck_exec *exec, size_t number)
{
	struct ck_exec_target *target = &exec->targets[number];
	uint64_t n_bytes = exec->message->targets[number]->n_bytes;

	if (target->way == CK_WAY_BYTES)
		return;
	if (target->way == CK_WAY_LINK)
		target->crc = ck_crc32c_unmask(target->variable->place.crc);
	else
		target->crc = ck_crc32c_whole(target->parts, n_bytes);
	exec->report->targets[number].crc = target->variable ? target->variable->place.crc : ck_crc32c_mask(target->crc);
	exec->report->targets[number].has_crc = true;
}

enum ck_code ck_exec_write(struct ck_exec *exec)
{
	size_t n = exec->message->n_targets;
	enum ck_code code = CK_OK;

	for (size_t i = 0; i < n && code == CK_OK; i++)
		if (exec->targets[i].way == CK_WAY_BYTES)
			code = put_bytes(exec, i);
	/* Where nothing is computed no thread is made for it. */
	if (code == CK_OK && has_views(exec))
		code = ck_exec_parallel(exec, n, prepare_target, target_itself, NULL);
	if (code == CK_OK)
		code = ck_exec_parallel(exec, exec->n_items, do_item, target_of_item, NULL);
	for (size_t i = 0; i < n && code == CK_OK; i++)
		finish_target(exec, i);
	return code;
}
