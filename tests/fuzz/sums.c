#include "sums.h"

#include "bundle/checkpoint.pb-c.h"
#include "bundle/crc32c.h"
#include "bundle/dtype.h"
#include "bundle/strings.h"
#include "bundle/table.h"
#include "bundle/varint.h"

enum { SUMS_TRAILER = 5, SUMS_MAX_BLOCKS = 1000 };

struct sums_handle {
	uint64_t offset, size;
};

static bool sums_take_handle(struct ck_str *in, struct sums_handle *ret_handle)
{
	return ck_varint_take(in, &ret_handle->offset) && ck_varint_take(in, &ret_handle->size);
}

/* The contents of a block; its checksum is set. Empty when it lies outside. */
static struct ck_str sums_mend_block(char *table, size_t n, struct sums_handle handle)
{
	size_t end;
	uint32_t crc;

	if (handle.offset > n || handle.size > n - handle.offset || n - handle.offset - handle.size < SUMS_TRAILER)
		return CK_STR("");
	end = (size_t)(handle.offset + handle.size);
	crc = ck_crc32c_mask(ck_crc32c(0, table + handle.offset, (size_t)handle.size + 1));
	for (unsigned i = 0; i < 4; i++)
		table[end + 1 + i] = (char)(uint8_t)(crc >> 8 * i);
	return (struct ck_str){ table + handle.offset, (size_t)handle.size };
}

void sums_mend_table(char *table, size_t n)
{
	struct sums_handle handle;
	struct ck_str footer, index;
	uint64_t n_shared, n_rest, n_value;

	if (n < CK_TABLE_FOOTER)
		return;
	footer = (struct ck_str){ table + n - CK_TABLE_FOOTER, CK_TABLE_FOOTER };
	if (!sums_take_handle(&footer, &handle))
		return;
	(void)sums_mend_block(table, n, handle);
	if (!sums_take_handle(&footer, &handle))
		return;
	index = sums_mend_block(table, n, handle);
	for (size_t i = 0; i < SUMS_MAX_BLOCKS && index.n; i++) {
		struct ck_str value;

		if (!ck_varint_take(&index, &n_shared) || !ck_varint_take(&index, &n_rest) || !ck_varint_take(&index, &n_value) ||
		    n_rest > index.n || n_value > index.n - n_rest)
			return;
		value = ck_str_slice(index, (size_t)n_rest, (size_t)(n_rest + n_value));
		index = ck_str_slice(index, (size_t)(n_rest + n_value), index.n);
		if (sums_take_handle(&value, &handle))
			(void)sums_mend_block(table, n, handle);
	}
}

/* The masked checksum that an entry of this dtype has for these bytes. */
static uint32_t sums_of_bytes(int32_t dtype, struct ck_str bytes)
{
	uint32_t crc = ck_crc32c(0, bytes.p, bytes.n), of_string;
	struct ck_str string;

	if (dtype == CK_DT_STRING && !ck_strings_decode(bytes, 1, false, &string, &of_string))
		crc = of_string;
	return ck_crc32c_mask(crc);
}

void sums_mend_entry(struct ck_str value, const struct ck_str *shards, size_t n_shards, struct ck_buf *out)
{
	Ck__Tf__BundleEntry *entry = ck__tf__bundle_entry__unpack(NULL, value.n, (const uint8_t *)value.p);
	const struct ck_str *shard = entry && entry->shard_id >= 0 && (size_t)entry->shard_id < n_shards ? &shards[entry->shard_id] : NULL;
	uint8_t *packed;

	if (!shard || entry->offset < 0 || entry->size < 0 || (uint64_t)entry->offset > shard->n ||
	    (uint64_t)entry->size > shard->n - (uint64_t)entry->offset) {
		ck_buf_str(out, value);
	} else {
		entry->crc32c = sums_of_bytes(entry->dtype, ck_str_slice(*shard, (size_t)entry->offset, (size_t)(entry->offset + entry->size)));
		packed = ck_alloc(ck__tf__bundle_entry__get_packed_size(entry) + 1);
		if (packed)
			ck_buf_bytes(out, packed, ck__tf__bundle_entry__pack(entry, packed));
		ck_free(packed);
	}
	ck__tf__bundle_entry__free_unpacked(entry, NULL);
}
