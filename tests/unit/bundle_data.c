/* Everything that TensorFlow read from the fixtures (their golden.json), read by us: names, dtypes, shapes, bytes. */
#include "bundle/data.h"

#include <jansson.h>

#include "bundle/crc32c.h"
#include "bundle/entry.h"
#include "tests/unit/bundle_test.h"

TestSuite(bundle_data, .init = set_up, .fini = tear_down);

static char buffer[4096];	/* the least that is allowed: tensors are larger */

static json_t *load(const char *path)
{
	json_error_t error;
	json_t *json = json_load_file(path, JSON_ALLOW_NUL, &error);
	cr_assert_not_null(json, "%s: %s", path, error.text);
	return json;
}

static struct ck_str text_of(const json_t *row, const char *name)
{
	const json_t *value = json_object_get(row, name);
	return (struct ck_str){json_string_value(value), json_string_length(value)};
}

/* Elements of a row of the box `part`, on their way into the whole tensor. */
static void put_part(const struct ck_variable *variable, const struct ck_part *part, const char *bytes, char *whole)
{
	size_t rank = variable->shape.rank, width = ck_dtype_width(variable->dtype), n = part->place.n_bytes / width;
	for (size_t i = 0; i < n; i++) {
		size_t left = i, at = 0, step = 1;
		for (size_t axis = rank; axis-- > 0;) {
			at += (part->start[axis] + left % part->length[axis]) * step;
			left /= part->length[axis];
			step *= variable->shape.dims[axis];
		}
		memcpy(whole + at * width, bytes + i * width, width);
	}
}

/* Parts read as if they lay in one piece, in pieces of every size that is told. */
static void expect_joined(const struct ck_data *data, const struct ck_variable *variable, const char *joined)
{
	static const size_t sizes[] = {1, 3, 8, 100, 1 << 20};
	size_t n = variable->place.n_bytes;
	for (size_t i = n > 100000 ? 3 : 0; variable->n_slices && i < CK_COUNT(sizes); i++) {
		char *bytes = ck_arena_alloc(arena, n);
		for (size_t at = 0; at < n; at += sizes[i])
			cr_assert_eq(ck_data_read(data, variable, at, n - at < sizes[i] ? n - at : sizes[i], bytes + at, &diags), CK_OK);
		cr_expect(n == 0 || memcmp(bytes, joined, n) == 0, "%.*s by %zu bytes", CK_STR_ARG(variable->key), sizes[i]);
	}
}

/* The bytes of a variable with fixed width, joined, little-endian. */
static struct ck_str whole_bytes(const struct ck_data *data, const struct ck_variable *variable)
{
	char *bytes = ck_arena_alloc(arena, variable->place.n_bytes);
	struct ck_variable part = *variable;
	part.n_slices = 0;
	for (size_t i = 0; i < variable->n_slices; i++) {
		part.place = variable->slices[i].place;
		char *own = ck_arena_alloc(arena, part.place.n_bytes);
		cr_assert_eq(ck_data_read(data, &part, 0, part.place.n_bytes, own, &diags), CK_OK);
		put_part(variable, &variable->slices[i], own, bytes);
	}
	expect_joined(data, variable, bytes);
	if (variable->n_slices == 0)
		cr_assert_eq(ck_data_read(data, variable, 0, variable->place.n_bytes, bytes, &diags), CK_OK);
	size_t width = ck_dtype_width(variable->dtype) / (ck_dtype_class(variable->dtype) == CK_CLASS_COMPLEX ? 2 : 1);
	for (size_t i = 0; ck_data_manifest(data)->big_endian && width && i < variable->place.n_bytes; i += width) {
		for (size_t j = 0; j < width / 2; j++) {
			char byte = bytes[i + j];
			bytes[i + j] = bytes[i + width - 1 - j];
			bytes[i + width - 1 - j] = byte;
		}
	}
	return (struct ck_str){bytes, variable->place.n_bytes};
}

/* What golden.json hashes: of strings length and bytes of each. */
static struct ck_str hashed_bytes(const struct ck_data *data, const struct ck_variable *variable)
{
	struct ck_buf all = {0};
	if (variable->dtype != CK_DT_STRING)
		return whole_bytes(data, variable);
	for (size_t part = 0; part < (variable->n_slices ? variable->n_slices : 1); part++) {
		struct ck_variable own = *variable;
		struct ck_str *strings;
		size_t n;
		if (variable->n_slices) {
			own.n_slices = 0;
			own.place = variable->slices[part].place;
			own.shape.dims = variable->slices[part].length;
		}
		enum ck_code code = ck_data_strings(data, &own, arena, &diags, &strings, &n);
		cr_assert_eq(code, CK_OK, "%s", diags_text());
		for (size_t i = 0; i < n; i++) {
			uint64_t length = strings[i].n;
			ck_buf_bytes(&all, &length, 8);
			ck_buf_str(&all, strings[i]);
		}
	}
	struct ck_str copy = ck_str_copy(arena, ck_buf_view(&all));
	ck_buf_clear(&all);
	return copy;
}

static void expect_row(const struct ck_manifest *manifest, const struct ck_data *data, const json_t *row, const char *where)
{
	size_t at, n_dims = json_array_size(json_object_get(row, "shape"));
	struct ck_str key = text_of(row, "key"), digest = text_of(row, "sha256"), dtype = text_of(row, "dtype");
	cr_assert(ck_map_get(&manifest->by_key, key, &at), "%s: %s", where, key.p);
	const struct ck_variable *variable = &manifest->variables[at];
	cr_expect(ck_str_equal(dtype, ck_str(ck_dtype_info((uint32_t)variable->dtype)->tensorflow)), "%s: %s", where, key.p);
	cr_assert_eq(variable->shape.rank, n_dims, "%s: %s", where, key.p);
	for (size_t i = 0; i < n_dims; i++)
		cr_expect_eq(json_integer_value(json_array_get(json_object_get(row, "shape"), i)), (json_int_t)variable->shape.dims[i]);
	cr_expect_eq(variable->n_slices, json_array_size(json_object_get(row, "slices")), "%s: %s", where, key.p);
	if (!data)
		return;
	enum ck_code code = ck_data_check(data, variable, buffer, sizeof(buffer), &diags);
	cr_assert_eq(code, CK_OK, "%s: %s: %s", where, key.p, diags_text());
	if (digest.n == 0)
		digest = text_of(row, "stored_sha256");
	uint8_t found[CK_SHA256];
	char hex[2 * CK_SHA256 + 1];
	cr_assert(ck_sha256(hashed_bytes(data, variable), found));
	ck_hex(found, hex);
	cr_expect(ck_str_equal(digest, ck_str(hex)), "%s: %s has other bytes", where, key.p);
}

static void expect_checkpoint(const char *dir, const char *prefix, const json_t *body, bool has_data)
{
	const char *path = ck_str_format(arena, "%s/%s", dir, prefix).p;
	struct ck_manifest *manifest;
	struct ck_data *data = NULL;
	enum ck_code code = ck_manifest_open(ck_str(path), &diags, &manifest);
	cr_assert_eq(code, CK_OK, "%s: %s", path, diags_text());
	cr_expect_eq(manifest->has_data, has_data, "%s", path);
	if (has_data)
		cr_assert_eq(ck_data_open(manifest, &diags, &data), CK_OK);
	const json_t *rows = json_object_get(body, "variables");
	cr_expect_eq(manifest->n_variables, json_array_size(rows), "%s", path);
	cr_expect_eq((json_int_t)manifest->n_shards, json_integer_value(json_object_get(body, "num_shards")));
	cr_expect_eq(manifest->big_endian, text_of(body, "endianness").n == 3, "%s", path);
	for (size_t i = 0; i < json_array_size(rows); i++)
		expect_row(manifest, data, json_array_get(rows, i), path);
	for (size_t i = 1; i < manifest->n_variables; i++)
		cr_expect(ck_str_compare(manifest->variables[i - 1].key, manifest->variables[i].key) < 0);
	ck_data_close(data);
	ck_manifest_free(manifest);
}

Test(bundle_data, everything_that_tensorflow_reads)
{
	static const char *const dirs[] = {
		"byte_order_big", "dtypes", "empty", "manager", "names", "savedmodel", "slices", "tf1_bert_tiny", "tf1_partitioned",
		"tf1_saver", "tf1_sharded", "tf2_checkpoint", "tf2_keras211", "tf2_keras3", "tf2_legacy_adam", "tf2_max_shard_size",
		"tf2_module", "tf2_save_weights", "tf2_sharded_variable", "tf2_tables", "writer_variants", "public/serving_counter",
		"public/serving_half_plus_two_cpu", "public/serving_half_plus_two_mkl", "public/serving_half_plus_two_tf2",
		"public/serving_text_regression", "public/covbert", "public/news_bert", "public/tetris_dqn",
	};
	size_t n = 0;
	for (size_t i = 0; i < CK_COUNT(dirs); i++) {
		struct ck_stat found;
		const char *dir = fixture(dirs[i]), *path = ck_str_format(arena, "%s/golden.json", dir ? dir : "").p, *prefix;
		if (!dir)
			continue;
		cr_assert(ck_stat_path(path, &found));
		if (!found.exists)
			path = ck_str_format(arena, "%s/names.json", dir).p;
		json_t *json = load(path), *body;
		json_object_foreach(json_object_get(json, "checkpoints"), prefix, body) {
			expect_checkpoint(dir, prefix, body, found.exists);
			n++;
		}
		json_decref(json);
	}
	cr_expect_eq(n, fixture("public/covbert") ? 68 : 60, "%zu checkpoints", n);
}

/* Ordered-code numbers of one to ten bytes. */
Test(bundle_data, keys_of_slices)
{
	static const struct {
		uint64_t start, length;
		bool is_full;
		const char *bytes;
		size_t n;
	} rows[] = {
		{0, 1, false, "\x80\x81", 2},
		{63, 64, false, "\xbf\xc0\x40", 3},
		{8191, 8192, false, "\xdf\xff\xe0\x20\x00", 5},
		{(uint64_t)1 << 48, ((uint64_t)1 << 62) - 1, false, "\xff\x01\0\0\0\0\0\0\xff\xbf\xff\xff\xff\xff\xff\xff\xff", 17},
		{(uint64_t)1 << 62, INT64_MAX, false, "\xff\xc0\x40\0\0\0\0\0\0\0\xff\xc0\x7f\xff\xff\xff\xff\xff\xff\xff", 20},
		{0, 5, true, "\x80\x7f", 2},
	};
	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		struct ck_buf key = {0};
		struct ck_part part = {&rows[i].start, &rows[i].length, {0}};
		ck_part_key(&key, CK_STR("a\0\xff"), 1, &part, &rows[i].is_full);
		struct ck_str head = CK_STR("\0a\0\xff\xff\0\0\1\1\1");
		cr_expect(ck_str_starts(ck_buf_view(&key), head), "%zu", i);
		cr_expect(ck_str_equal(ck_str_slice(ck_buf_view(&key), head.n, key.n), (struct ck_str){rows[i].bytes, rows[i].n}), "%zu", i);
		ck_buf_clear(&key);
	}
}

/* The writer's strings are those of the fixtures, and of every length they read back. */
Test(bundle_data, strings_are_encoded_as_they_were)
{
	struct ck_manifest *manifest;
	struct ck_data *data;
	cr_assert_eq(ck_manifest_open(CK_STR("tests/data/dtypes/dtypes"), &diags, &manifest), CK_OK);
	cr_assert_eq(ck_data_open(manifest, &diags, &data), CK_OK);
	size_t n_strings = 0;
	for (size_t i = 0; i < manifest->n_variables; i++) {
		const struct ck_variable *variable = &manifest->variables[i];
		if (variable->dtype != CK_DT_STRING)
			continue;
		struct ck_str *strings;
		struct ck_buf out = {0};
		size_t n;
		uint32_t crc;
		cr_assert_eq(ck_data_strings(data, variable, arena, &diags, &strings, &n), CK_OK);
		ck_strings_encode(strings, n, &out, &crc);
		char *stored = ck_arena_alloc(arena, variable->place.n_bytes);
		cr_assert_eq(ck_data_read(data, variable, 0, variable->place.n_bytes, stored, &diags), CK_OK);
		cr_expect(ck_str_equal(ck_buf_view(&out), (struct ck_str){stored, variable->place.n_bytes}), "%s", variable->key.p);
		cr_expect_eq(ck_crc32c_mask(crc), variable->place.crc);
		ck_buf_clear(&out);
		n_strings++;
	}
	cr_expect_eq(n_strings, 5);
	ck_data_close(data);
	ck_manifest_free(manifest);
}
