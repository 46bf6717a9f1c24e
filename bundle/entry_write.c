#include <stdlib.h>

#include "bundle/table.h"
#include "bundle/writer.h"

enum { PRODUCER = 1 };	/* of bundles: TensorFlow's kTensorBundleVersion */
#define INDEX_LIMIT ((size_t)8 << 30)

/* Packs a message into the arena. p is NULL when memory is short. */
static struct ck_str pack(const ProtobufCMessage *message, struct ck_arena *arena)
{
	size_t n = protobuf_c_message_get_packed_size(message);
	uint8_t *bytes = ck_arena_alloc(arena, n);
	if (bytes)
		protobuf_c_message_pack(message, bytes);
	return (struct ck_str){(const char *)bytes, bytes ? n : 0};
}

static struct ck_str pack_header(size_t n_shards, struct ck_arena *arena)
{
	Ck__Tf__Version version = CK__TF__VERSION__INIT;
	Ck__Tf__BundleHeader header = CK__TF__BUNDLE_HEADER__INIT;
	version.producer = PRODUCER;
	header.num_shards = (int32_t)n_shards;
	header.version = &version;
	return pack(&header.base, arena);
}

static struct ck_str pack_entry(const struct ck_writer_entry *entry, struct ck_arena *arena)
{
	Ck__Tf__Dim dims[CK_MAX_RANK], *pointers[CK_MAX_RANK];
	Ck__Tf__Shape shape = CK__TF__SHAPE__INIT;
	Ck__Tf__BundleEntry message = CK__TF__BUNDLE_ENTRY__INIT;
	CK_ASSERT(entry->shape.rank <= CK_MAX_RANK);
	for (size_t i = 0; i < entry->shape.rank; i++) {
		ck__tf__dim__init(&dims[i]);
		dims[i].size = (int64_t)entry->shape.dims[i];
		pointers[i] = &dims[i];
	}
	shape.n_dim = entry->shape.rank;
	shape.dim = pointers;
	message.dtype = (int32_t)entry->dtype;
	message.shape = &shape;	/* also of a scalar, as TensorFlow writes it */
	message.shard_id = (int32_t)entry->place.shard;
	message.offset = (int64_t)entry->place.offset;
	message.size = (int64_t)entry->place.n_bytes;
	message.crc32c = entry->place.crc;
	return pack(&message.base, arena);
}

static int compare_pairs(const void *a, const void *b)
{
	return ck_str_compare(((const struct ck_pair *)a)->key, ((const struct ck_pair *)b)->key);
}

static enum ck_code check_keys(const struct ck_pair *pairs, size_t n_pairs, struct ck_diags *diags)
{
	for (size_t i = 1; i < n_pairs; i++) {
		if (ck_str_compare(pairs[i - 1].key, pairs[i].key) < 0)
			continue;
		struct ck_str key = ck_name_text(diags->arena, pairs[i].key);
		ck_error(diags, CK_BAD_TARGET_NAME, (struct ck_span){0}, pairs[i].key.n ? "two variables would have the key \"%.*s\""
			 : "a variable would have the empty key \"%.*s\"", CK_STR_ARG(key));
		return CK_BAD_TARGET_NAME;
	}
	return CK_OK;
}

enum ck_code ck_index_encode(const struct ck_writer_entry *entries, size_t n_entries, size_t n_shards, struct ck_buf *out,
			     struct ck_diags *diags)
{
	struct ck_arena *arena = ck_arena_new(INDEX_LIMIT);
	struct ck_pair *pairs = arena ? ck_arena_array(arena, n_entries + 1, sizeof(*pairs)) : NULL;
	enum ck_code code = CK_OK;
	bool sorted = true;
	if (pairs)
		pairs[0] = (struct ck_pair){CK_STR(""), pack_header(n_shards, arena)};
	for (size_t i = 0; pairs && i < n_entries; i++) {
		pairs[i + 1] = (struct ck_pair){entries[i].key, pack_entry(&entries[i], arena)};
		sorted = sorted && compare_pairs(&pairs[i], &pairs[i + 1]) < 0;
	}
	if (!sorted)
		qsort(pairs + 1, n_entries, sizeof(*pairs), compare_pairs);
	if (!pairs || ck_arena_failed(arena))
		code = ck_error_nomem(diags);
	if (!code)
		code = check_keys(pairs, n_entries + 1, diags);
	if (!code) {
		ck_table_write(pairs, n_entries + 1, out);
		code = out->failed ? ck_error_nomem(diags) : CK_OK;
	}
	ck_arena_free(arena);
	return code;
}
