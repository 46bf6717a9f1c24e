#include "bundle/crc32c.h"
#include "bundle/table.h"
#include "bundle/varint.h"

enum { BLOCK_SIZE = 256 << 10, RESTART_INTERVAL = 16, FOOTER_HANDLES = 40 };

struct handle {
	uint64_t offset, size;
};

/* A block that is being built at the end of `out`. */
struct builder {
	struct ck_buf *out;
	size_t begin, interval;
	size_t n_since_restart;
	struct ck_str last_key;
	struct ck_buf restarts;
	uint32_t n_restarts;
};

static void begin_block(struct builder *builder)
{
	builder->begin = builder->out->n;
	builder->n_since_restart = 0;
	builder->last_key = CK_STR("");
	builder->restarts.n = 0;
	builder->n_restarts = 1;
	ck_u32_put(&builder->restarts, 0);
}

static void add(struct builder *builder, struct ck_str key, struct ck_str value)
{
	size_t n_shared = 0;
	if (builder->n_since_restart == builder->interval) {
		ck_u32_put(&builder->restarts, (uint32_t)(builder->out->n - builder->begin));
		builder->n_restarts++;
		builder->n_since_restart = 0;
	} else {
		size_t most = key.n < builder->last_key.n ? key.n : builder->last_key.n;
		while (n_shared < most && key.p[n_shared] == builder->last_key.p[n_shared])
			n_shared++;
	}
	ck_varint_put(builder->out, n_shared);
	ck_varint_put(builder->out, key.n - n_shared);
	ck_varint_put(builder->out, value.n);
	ck_buf_str(builder->out, ck_str_slice(key, n_shared, key.n));
	ck_buf_str(builder->out, value);
	builder->last_key = key;
	builder->n_since_restart++;
}

static size_t block_size(const struct builder *builder)
{
	return builder->out->n - builder->begin + builder->restarts.n + 4;
}

/* Ends the block with its restart points and trailer. */
static struct handle end_block(struct builder *builder)
{
	struct ck_buf *out = builder->out;
	ck_buf_str(out, ck_buf_view(&builder->restarts));
	ck_u32_put(out, builder->n_restarts);
	struct handle handle = {builder->begin, out->n - builder->begin};
	ck_buf_char(out, 0);	/* not compressed */
	if (!out->failed)
		ck_u32_put(out, ck_crc32c_mask(ck_crc32c(0, out->p + builder->begin, out->n - builder->begin)));
	return handle;
}

static void put_handle(struct ck_buf *out, struct handle handle)
{
	ck_varint_put(out, handle.offset);
	ck_varint_put(out, handle.size);
}

/**
 * Appends to out the short key k with last <= k < next, as LevelDB chooses it; without a next one the short key k >= last.
 * @source   LevelDB, util/comparator.cc
 */
static void put_separator(struct ck_buf *out, struct ck_str last, const struct ck_str *next)
{
	size_t i = 0;
	if (next) {
		size_t most = last.n < next->n ? last.n : next->n;
		while (i < most && last.p[i] == next->p[i])
			i++;
		unsigned char byte = i < most ? (unsigned char)last.p[i] : 0xff;
		if (byte == 0xff || byte + 1 >= (unsigned char)next->p[i])
			i = last.n;
	} else {
		while (i < last.n && (unsigned char)last.p[i] == 0xff)
			i++;
	}
	ck_buf_str(out, ck_str_slice(last, 0, i));
	if (i < last.n)
		ck_buf_char(out, (char)(unsigned char)((unsigned char)last.p[i] + 1));
}

/* Adds one row to the index block, which is built apart until all blocks are there. */
static void add_row(struct builder *index, struct handle handle, struct ck_str last, const struct ck_str *next)
{
	struct ck_buf key = {0}, value = {0};
	put_separator(&key, last, next);
	put_handle(&value, handle);
	add(index, ck_buf_view(&key), ck_buf_view(&value));
	index->out->failed |= key.failed || value.failed;
	ck_buf_clear(&key);
	ck_buf_clear(&value);
}

void ck_table_write(const struct ck_pair *pairs, size_t n_pairs, struct ck_buf *out)
{
	struct ck_buf rows = {0};
	/* With an interval of 1 every key of the index block is whole: none is compared with the one before. */
	struct builder data = {.out = out, .interval = RESTART_INTERVAL}, index = {.out = &rows, .interval = 1};
	begin_block(&index);
	begin_block(&data);
	for (size_t i = 0; i < n_pairs; i++) {
		add(&data, pairs[i].key, pairs[i].value);
		if (i + 1 < n_pairs && block_size(&data) < BLOCK_SIZE)
			continue;
		add_row(&index, end_block(&data), pairs[i].key, i + 1 < n_pairs ? &pairs[i + 1].key : NULL);
		begin_block(&data);
	}
	struct handle metaindex = end_block(&data);
	struct builder top = {.out = out, .restarts = index.restarts, .n_restarts = index.n_restarts, .begin = out->n};
	ck_buf_str(out, ck_buf_view(&rows));
	struct handle last = end_block(&top);
	size_t footer = out->n;
	put_handle(out, metaindex);
	put_handle(out, last);
	if (!out->failed)
		ck_buf_fill(out, 0, FOOTER_HANDLES - (out->n - footer));
	ck_u32_put(out, (uint32_t)CK_TABLE_MAGIC);
	ck_u32_put(out, (uint32_t)(CK_TABLE_MAGIC >> 32));
	out->failed |= rows.failed || data.restarts.failed || index.restarts.failed;
	ck_buf_clear(&rows);
	ck_buf_clear(&data.restarts);
	ck_buf_clear(&index.restarts);
}
