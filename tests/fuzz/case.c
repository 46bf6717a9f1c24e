#include "case.h"

#include <stdlib.h>

#include "bundle/base/io.h"
#include "bundle/checkpoint.pb-c.h"
#include "bundle/crc32c.h"
#include "bundle/dtype.h"
#include "bundle/graph.h"
#include "bundle/strings.h"
#include "bundle/table.h"
#include "sums.h"
#include "vm/plan.h"
#include "wire.h"

enum case_part {
	CASE_PAIR = 1, CASE_DATA, CASE_TEXT, CASE_PLAN, CASE_GRAPH, CASE_ONTO, CASE_FILE, CASE_FLAGS, CASE_OPTION, CASE_TEACHER,
};

enum case_flag {
	CASE_SUMS_AS_THEY_ARE = 1,	/* checksums of entries */
	CASE_NO_DATA = 2,		/* an index alone */
};

/* Field numbers of vm/plan.proto: Plan.bound, Bound.inputs, BoundInput.digest. */
enum { CASE_PLAN_BOUND = 4, CASE_BOUND_INPUT = 1, CASE_INPUT_DIGEST = 3 };
enum { CASE_MAX_SHARDS = 4, CASE_MAX_PAIRS = 10000 };

/* The last field of a number; empty when there is none. */
static struct ck_str case_part(struct ck_str message, enum case_part number)
{
	struct ck_str found = { NULL, 0 };
	struct wire_field field;

	while (message.n && wire_take(&message, &field))
		if (field.number == number && field.type == WIRE_BYTES)
			found = field.bytes;
	return found;
}

static uint64_t case_flags(struct ck_str message)
{
	struct wire_field field;
	uint64_t flags = 0;

	while (message.n && wire_take(&message, &field))
		if (field.number == CASE_FLAGS && field.type == WIRE_VARINT)
			flags = field.value;
	return flags;
}

void case_read(struct ck_str message, struct fuzz_case *ret_case)
{
	struct wire_field field;

	*ret_case = (struct fuzz_case){ .text = case_part(message, CASE_TEXT), .plan = case_part(message, CASE_PLAN),
					.file = case_part(message, CASE_FILE), .onto = case_part(message, CASE_ONTO),
					.teacher = case_part(message, CASE_TEACHER) };
	while (message.n && wire_take(&message, &field))
		if (field.number == CASE_OPTION && field.type == WIRE_BYTES && ret_case->n_options < CASE_MAX_OPTIONS)
			ret_case->options[ret_case->n_options++] = field.bytes;
}

void case_write(const char *path, struct ck_str bytes)
{
	if (!ck_write_file(path, bytes, false))
		abort();
}

static int case_compare_pairs(const void *a, const void *b)
{
	return ck_str_compare(((const struct ck_pair *)a)->key, ((const struct ck_pair *)b)->key);
}

/* The object graph as a string tensor at the end of the first data file, and its entry. */
static struct ck_pair case_graph_pair(struct ck_arena *arena, struct ck_str graph, struct ck_str *shard)
{
	Ck__Tf__BundleEntry entry = CK__TF__BUNDLE_ENTRY__INIT;
	struct ck_buf bytes = { 0 };
	uint8_t packed[64];
	uint32_t crc;

	ck_buf_str(&bytes, *shard);
	ck_strings_encode(&graph, 1, &bytes, &crc);
	entry.dtype = CK_DT_STRING;
	entry.offset = (int64_t)shard->n;
	entry.size = (int64_t)(bytes.n - shard->n);
	entry.crc32c = ck_crc32c_mask(crc);
	*shard = ck_str_copy(arena, ck_buf_view(&bytes));
	ck_buf_clear(&bytes);
	return (struct ck_pair){ CK_STR(CK_GRAPH_KEY),
				 ck_str_copy(arena, (struct ck_str){ (const char *)packed, ck__tf__bundle_entry__pack(&entry, packed) }) };
}

/* Makes an index of n pairs, which has room for one more: the header, if none of them is. */
static void case_write_index(struct ck_arena *arena, const char *prefix, struct ck_pair *pairs, size_t n, size_t n_shards)
{
	Ck__Tf__BundleHeader header = CK__TF__BUNDLE_HEADER__INIT;
	struct ck_buf index = { 0 };
	uint8_t packed[32];
	size_t n_left = 0;
	bool has_header = false;

	for (size_t i = 0; i < n; i++)
		has_header = has_header || !pairs[i].key.n;
	header.num_shards = (int32_t)n_shards;
	if (!has_header)
		pairs[n++] = (struct ck_pair){ CK_STR(""), { (const char *)packed, ck__tf__bundle_header__pack(&header, packed) } };
	qsort(pairs, n, sizeof(*pairs), case_compare_pairs);
	for (size_t i = 0; i < n; i++)
		if (!i || !ck_str_equal(pairs[i].key, pairs[n_left - 1].key))
			pairs[n_left++] = pairs[i];
	ck_table_write(pairs, n_left, &index);
	case_write(ck_str_format(arena, "%s.index", prefix).p, ck_buf_view(&index));
	ck_buf_clear(&index);
}

void case_write_checkpoint(struct ck_arena *arena, struct ck_str message, const char *prefix)
{
	struct ck_pair *pairs = ck_arena_array(arena, CASE_MAX_PAIRS + 2, sizeof(*pairs));
	struct ck_str shards[CASE_MAX_SHARDS] = { { "", 0 } }, left = message, graph = case_part(message, CASE_GRAPH);
	uint64_t flags = case_flags(message);
	size_t n = 0, n_shards = 0;
	struct wire_field field;

	while (left.n && wire_take(&left, &field)) {
		if (field.type == WIRE_BYTES && field.number == CASE_DATA && n_shards < CASE_MAX_SHARDS)
			shards[n_shards++] = field.bytes;
		if (field.type == WIRE_BYTES && field.number == CASE_PAIR && n < CASE_MAX_PAIRS)
			pairs[n++] = (struct ck_pair){ case_part(field.bytes, 1), case_part(field.bytes, 2) };
	}
	n_shards += !n_shards;
	for (size_t i = 0; i < n && !(flags & CASE_SUMS_AS_THEY_ARE); i++) {
		struct ck_buf value = { 0 };

		if (pairs[i].key.n)
			sums_mend_entry(pairs[i].value, shards, n_shards, &value);
		if (value.n)
			pairs[i].value = ck_str_copy(arena, ck_buf_view(&value));
		ck_buf_clear(&value);
	}
	if (graph.p)
		pairs[n++] = case_graph_pair(arena, graph, &shards[0]);
	case_write_index(arena, prefix, pairs, n, n_shards);
	for (size_t i = 0; i < n_shards && !(flags & CASE_NO_DATA); i++)
		case_write(ck_str_format(arena, "%s.data-%05zu-of-%05zu", prefix, i, n_shards).p, shards[i]);
}

/* Appends an input of a bound plan, with the digest of the index that is there. */
static void case_put_input(struct ck_buf *out, struct ck_str input, const uint8_t *digest)
{
	struct wire_field field;

	while (input.n && wire_take(&input, &field)) {
		if (field.number == CASE_INPUT_DIGEST && field.type == WIRE_BYTES)
			field.bytes = (struct ck_str){ (const char *)digest, CK_SHA256 };
		wire_put(out, &field);
	}
	ck_buf_str(out, input);
}

static void case_put_bound(struct ck_buf *out, struct ck_str bound, uint8_t digests[][CK_SHA256], size_t n_digests)
{
	struct wire_field field;
	size_t n = 0;

	while (bound.n && wire_take(&bound, &field)) {
		struct ck_buf inner = { 0 };

		if (field.number == CASE_BOUND_INPUT && field.type == WIRE_BYTES && n < n_digests) {
			case_put_input(&inner, field.bytes, digests[n++]);
			field.bytes = ck_buf_view(&inner);
		}
		wire_put(out, &field);
		ck_buf_clear(&inner);
	}
	ck_buf_str(out, bound);
}

void case_put_plan(struct ck_buf *out, struct ck_str plan, uint8_t digests[][CK_SHA256], size_t n_digests)
{
	struct ck_buf packed = { 0 };
	uint8_t digest[CK_SHA256];
	struct wire_field field;

	while (plan.n && wire_take(&plan, &field)) {
		struct ck_buf inner = { 0 };

		if (field.number == CASE_PLAN_BOUND && field.type == WIRE_BYTES) {
			case_put_bound(&inner, field.bytes, digests, n_digests);
			field.bytes = ck_buf_view(&inner);
		}
		wire_put(&packed, &field);
		ck_buf_clear(&inner);
	}
	ck_buf_str(&packed, plan);
	if (!ck_sha256(ck_buf_view(&packed), digest))
		abort();
	ck_buf_str(out, CK_STR(CK_PLAN_MAGIC));
	ck_buf_bytes(out, digest, sizeof(digest));
	ck_buf_str(out, ck_buf_view(&packed));
	ck_buf_clear(&packed);
}
