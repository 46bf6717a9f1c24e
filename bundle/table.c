#include "bundle/table.h"

#include <inttypes.h>
#include <snappy-c.h>
#include <string.h>

#include "bundle/crc32c.h"
#include "bundle/varint.h"

enum {
	FOOTER = CK_TABLE_FOOTER, HANDLES = 40,	/* two handles, padded, and the magic number */
	TRAILER = 5,			/* of a block: its compression, its masked checksum */
	MAX_SNAPPY_RATIO = 32,		/* three bytes copy at most 64 */
};
/* Keys share prefixes, so a small file can claim much: what they may take together, and in addition 32 bytes a byte of the file. */
#define MAX_KEY_BYTES ((uint64_t)64 << 20)

enum compression { NOT_COMPRESSED = 0, SNAPPY = 1 };

struct pair_list {
	struct ck_pair *items;
	size_t n, capacity;
};

struct reader {
	struct ck_str bytes, path;
	struct ck_arena *arena, *scratch;
	struct ck_diags *diags;
	uint64_t key_bytes_left;
};

struct handle {
	uint64_t offset, size;
};

CK_PRINTF(2, 3) static enum ck_code damaged(struct reader *reader, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	struct ck_str what = ck_str_vformat(reader->diags->arena, format, args);
	va_end(args);
	struct ck_diag *diag = ck_error(reader->diags, CK_BAD_INDEX, (struct ck_span){0}, "\"%.*s\" is damaged: %.*s",
					CK_STR_ARG(ck_name_text(reader->diags->arena, reader->path)), CK_STR_ARG(what));
	ck_diag_help(reader->diags, diag, "copy the file again from where it came, or save the checkpoint again");
	return CK_BAD_INDEX;
}

static bool take_handle(struct ck_str *in, struct handle *ret_handle)
{
	return ck_varint_take(in, &ret_handle->offset) && ck_varint_take(in, &ret_handle->size);
}

static enum ck_code unpack(struct reader *reader, const char *what, struct ck_str packed, struct ck_str *ret_block)
{
	size_t n;
	if (snappy_uncompressed_length(packed.p, packed.n, &n) != SNAPPY_OK || n / MAX_SNAPPY_RATIO > packed.n)
		return damaged(reader, "the compressed %s says that it holds more than its %zu bytes can", what, packed.n);
	char *block = ck_arena_alloc(reader->arena, n);
	if (!block)
		return ck_error_nomem(reader->diags);
	if (snappy_uncompress(packed.p, packed.n, block, &n) != SNAPPY_OK)
		return damaged(reader, "the %s cannot be decompressed", what);
	*ret_block = (struct ck_str){block, n};
	return CK_OK;
}

/* The contents of a block, whose place and checksum are checked first. */
static enum ck_code load_block(struct reader *reader, const char *what, struct handle handle, struct ck_str *ret_block)
{
	uint64_t room = reader->bytes.n - FOOTER;
	if (handle.offset > room || room - handle.offset < TRAILER || handle.size > room - handle.offset - TRAILER)
		return damaged(reader, "the %s lies outside of the file (%" PRIu64 " bytes at %" PRIu64 " of %zu)", what, handle.size,
			       handle.offset, reader->bytes.n);
	struct ck_str block = {reader->bytes.p + handle.offset, (size_t)handle.size};
	uint32_t stored = ck_crc32c_unmask(ck_u32_load(block.p + block.n + 1)), found = ck_crc32c(0, block.p, block.n + 1);
	if (stored != found)
		return damaged(reader, "the %s at byte %" PRIu64 " has the checksum %08" PRIx32 ", but %08" PRIx32 " is stored", what,
			       handle.offset, found, stored);
	unsigned char compression = (unsigned char)block.p[block.n];
	if (compression == SNAPPY)
		return unpack(reader, what, block, ret_block);
	if (compression != NOT_COMPRESSED)
		return damaged(reader, "the %s is compressed by an unknown method (%u)", what, compression);
	*ret_block = block;
	return CK_OK;
}

/* What a block is made of: entries, then restart points (offsets of entries whose key is whole), then their number. */
struct block {
	const char *what;
	struct ck_str left;		/* entries still to be read */
	const char *begin, *restarts;
	uint32_t n_restarts, next_restart;
	struct ck_str last_key;
};

static enum ck_code open_block(struct reader *reader, const char *what, struct ck_str bytes, struct block *ret_block)
{
	uint32_t n = bytes.n >= 4 ? ck_u32_load(bytes.p + bytes.n - 4) : 0;
	if (n == 0 || n > (bytes.n - 4) / 4)
		return damaged(reader, "the %s of %zu bytes has %" PRIu32 " restart points", what, bytes.n, n);
	size_t n_entries = bytes.n - 4 - 4 * (size_t)n;
	*ret_block = (struct block){.what = what, .left = {bytes.p, n_entries}, .begin = bytes.p, .restarts = bytes.p + n_entries,
				    .n_restarts = n};
	return CK_OK;
}

/* The key of an entry: borrowed where it stands whole, else put together in the arena. */
static enum ck_code make_key(struct reader *reader, struct block *block, size_t n_shared, struct ck_str rest, struct ck_str *ret_key)
{
	if (n_shared > block->last_key.n)
		return damaged(reader, "a key shares %zu bytes with the one before, which has %zu", n_shared, block->last_key.n);
	if (n_shared + rest.n > CK_MAX_NAME)
		return damaged(reader, "a key has %zu bytes; the most is %d", n_shared + rest.n, CK_MAX_NAME);
	*ret_key = rest;
	if (n_shared == 0)
		return CK_OK;
	if (n_shared + rest.n > reader->key_bytes_left)
		return damaged(reader, "its keys are far larger than the file");
	reader->key_bytes_left -= n_shared + rest.n;
	char *key = ck_arena_alloc(reader->arena, n_shared + rest.n);
	if (!key)
		return ck_error_nomem(reader->diags);
	memcpy(key, block->last_key.p, n_shared);
	if (rest.n)
		memcpy(key + n_shared, rest.p, rest.n);
	*ret_key = (struct ck_str){key, n_shared + rest.n};
	return CK_OK;
}

static enum ck_code next_entry(struct reader *reader, struct block *block, struct ck_pair *ret_pair)
{
	size_t offset = (size_t)(block->left.p - block->begin);
	uint64_t n_shared, n_rest, n_value;
	if (!ck_varint_take(&block->left, &n_shared) || !ck_varint_take(&block->left, &n_rest) ||
	    !ck_varint_take(&block->left, &n_value) || n_rest > block->left.n || n_value > block->left.n - n_rest)
		return damaged(reader, "an entry of the %s at byte %zu of it does not fit in", block->what, offset);
	if (block->next_restart < block->n_restarts && ck_u32_load(block->restarts + 4 * (size_t)block->next_restart) == offset) {
		if (n_shared != 0)
			return damaged(reader, "the key at a restart point of the %s is not whole", block->what);
		block->next_restart++;
	}
	struct ck_str rest = {block->left.p, (size_t)n_rest};
	ret_pair->value = (struct ck_str){block->left.p + n_rest, (size_t)n_value};
	block->left = ck_str_slice(block->left, (size_t)(n_rest + n_value), block->left.n);
	size_t shared = n_shared < SIZE_MAX ? (size_t)n_shared : SIZE_MAX;
	enum ck_code code = make_key(reader, block, shared, rest, &ret_pair->key);
	block->last_key = ret_pair->key;
	return code;
}

static enum ck_code bad_order(struct reader *reader, struct ck_str last, struct ck_str key)
{
	struct ck_arena *arena = reader->diags->arena;
	if (ck_str_equal(last, key))
		return damaged(reader, "key \"%.*s\" occurs twice", CK_STR_ARG(ck_name_text(arena, key)));
	return damaged(reader, "key \"%.*s\" stands after \"%.*s\", out of order", CK_STR_ARG(ck_name_text(arena, key)),
		       CK_STR_ARG(ck_name_text(arena, last)));
}

/* Appends the pairs of a block, which must rise, to list. */
static enum ck_code read_block(struct reader *reader, const char *what, struct handle handle, struct pair_list *list)
{
	struct ck_str bytes = {0};
	struct block block = {0};
	enum ck_code code = load_block(reader, what, handle, &bytes);
	if (!code)
		code = open_block(reader, what, bytes, &block);
	while (!code && block.left.n) {
		struct ck_pair pair = {0};
		code = next_entry(reader, &block, &pair);
		if (code)
			break;
		if (list->n && ck_str_compare(list->items[list->n - 1].key, pair.key) >= 0)
			return bad_order(reader, list->items[list->n - 1].key, pair.key);
		if (!ck_arena_grow(reader->scratch, (void **)&list->items, list->n, &list->capacity, sizeof(*list->items)))
			return ck_error_nomem(reader->diags);
		list->items[list->n++] = pair;
	}
	/* An empty block has one restart point, 0, without an entry. */
	if (!code && block.next_restart != block.n_restarts && !(block.last_key.p == NULL && block.n_restarts == 1))
		return damaged(reader, "a restart point of the %s points at no entry", what);
	return code;
}

/* The blocks that the index block lists. Its keys lie between the keys of a block and those of the next. */
static enum ck_code read_data(struct reader *reader, const struct pair_list *index, struct pair_list *list)
{
	for (size_t i = 0; i < index->n; i++) {
		struct handle handle;
		struct ck_str value = index->items[i].value;
		if (!take_handle(&value, &handle))
			return damaged(reader, "its index block holds no place of a block");
		size_t first = list->n;
		enum ck_code code = read_block(reader, "block", handle, list);
		if (code)
			return code;
		if (list->n == first)
			continue;
		if ((i && ck_str_compare(index->items[i - 1].key, list->items[first].key) >= 0) ||
		    ck_str_compare(list->items[list->n - 1].key, index->items[i].key) > 0)
			return damaged(reader, "the keys of the block at byte %" PRIu64 " are not those that the index block says",
				       handle.offset);
	}
	return CK_OK;
}

enum ck_code ck_table_read(struct ck_str bytes, struct ck_str path, struct ck_arena *arena, struct ck_arena *scratch, struct ck_diags *diags,
			   struct ck_pair **ret_pairs, size_t *ret_n_pairs)
{
	struct reader reader = {.bytes = bytes, .path = path, .arena = arena, .scratch = scratch, .diags = diags};
	reader.key_bytes_left = MAX_KEY_BYTES + 32 * (uint64_t)bytes.n;
	if (bytes.n < FOOTER)
		return damaged(&reader, "it has %zu bytes, and an index has at least %d", bytes.n, FOOTER);
	struct ck_str footer = {bytes.p + bytes.n - FOOTER, HANDLES};
	if (!ck_table_is_footer(ck_str_slice(bytes, bytes.n - FOOTER, bytes.n)))
		return damaged(&reader, "it does not end in the mark of an index, so it is cut short or something else");
	struct handle metaindex, top;
	if (!take_handle(&footer, &metaindex) || !take_handle(&footer, &top))
		return damaged(&reader, "its last %d bytes do not hold the places of two blocks", FOOTER);
	struct pair_list ignored = {0}, index = {0}, list = {0};
	enum ck_code code = read_block(&reader, "metaindex block", metaindex, &ignored);
	if (!code)
		code = read_block(&reader, "index block", top, &index);
	if (!code)
		code = read_data(&reader, &index, &list);
	if (code)
		return code;
	*ret_pairs = list.items;
	*ret_n_pairs = list.n;
	return CK_OK;
}

bool ck_table_is_footer(struct ck_str last_bytes)
{
	const char *end = last_bytes.p + last_bytes.n;
	return last_bytes.n >= FOOTER && ck_u32_load(end - 8) == (uint32_t)CK_TABLE_MAGIC &&
	       ck_u32_load(end - 4) == (uint32_t)(CK_TABLE_MAGIC >> 32);
}
