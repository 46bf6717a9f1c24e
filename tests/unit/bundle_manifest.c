/* Damaged bundles, names by keys alone, what is refused. */
#include "bundle/manifest.h"

#include <jansson.h>

#include "bundle/data.h"
#include "tests/unit/bundle_test.h"

TestSuite(bundle_manifest, .init = set_up, .fini = tear_down);

static char buffer[4096];

/* Opens, and with its data reads everything. */
static enum ck_code read_all(const char *path, bool with_data)
{
	struct ck_manifest *manifest;
	struct ck_data *data = NULL;
	enum ck_code code = ck_manifest_open(ck_str(path), &diags, &manifest);
	if (code)
		return code;
	if (with_data)
		code = ck_data_open(manifest, &diags, &data);
	for (size_t i = 0; with_data && i < manifest->n_variables && !code; i++)
		code = ck_data_check(data, &manifest->variables[i], buffer, sizeof(buffer), &diags);
	ck_data_close(data);
	ck_manifest_free(manifest);
	return code;
}

/* Every case of cases.json is refused or read as it says, and what the index alone shows is shown by the index alone. */
Test(bundle_manifest, damaged_bundles)
{
	json_error_t error;
	json_t *cases = json_load_file("tests/data/corrupt/cases.json", 0, &error);
	cr_assert_not_null(cases);
	for (size_t i = 0; i < json_array_size(cases); i++) {
		const json_t *row = json_array_get(cases, i);
		const char *name = json_string_value(json_object_get(row, "name"));
		const char *path = ck_str_format(arena, "tests/data/corrupt/%s/x", name).p;
		bool refuse = strcmp(json_string_value(json_object_get(row, "expect")), "refuse") == 0;
		bool index_shows = strcmp(json_string_value(json_object_get(row, "shows_in")), "index") == 0;
		enum ck_code code = read_all(path, true);
		const char *text = diags_text();
		cr_expect_eq(code != CK_OK, refuse, "%s: %s", name, text);
		cr_expect(!refuse || (strncmp(text, "error[E08", 9) == 0 && strstr(text, refuse ? name : "")), "%s: %s", name, text);
		if (!index_shows || strcmp(name, "index_missing") == 0)
			continue;
		copy_file(ck_str_format(arena, "%s.index", path).p, inside("x.index").p);
		cr_expect_eq(read_all(inside("x").p, false) != CK_OK, refuse, "%s: the index alone", name);
		diags_text();
	}
	cr_expect_eq(json_array_size(cases), 77);
	json_decref(cases);
}

/* A few messages whole. */
Test(bundle_manifest, messages)
{
	static const struct {
		const char *name;
		enum ck_code code;
		const char *text;
	} rows[] = {
		{"size_too_small", CK_BAD_ENTRY, "\"tests/data/corrupt/size_too_small/x.index\": the entry of \"a/kernel\" has 44 bytes, but "
		 "f32[4, 3] takes 48"},
		{"data_missing", CK_BAD_SHARD, "the data file \"tests/data/corrupt/data_missing/x.data-00000-of-00001\" is not there, and "
		 "\"a/bias\" lies in it"},
		{"data_cut_short", CK_BAD_SHARD, "\"tests/data/corrupt/data_cut_short/x.data-00000-of-00001\" ends after 123 bytes, before "
		 "\"words\" does"},
		{"crc_missing", CK_BAD_CHECKSUM, "the tensor has a checksum, but the index has none"},
		{"slices_overlap", CK_BAD_ENTRY, "slices that overlap: [0:3, 0:2] and [2:4, 0:2]"},
		{"duplicate_key", CK_BAD_INDEX, "occurs twice"},
		{"min_consumer_too_new", CK_FORMAT_NOT_AVAILABLE, "readers of bundle version 1 may not read it"},
		{"bad_magic", CK_BAD_INDEX, "cut short or something else"},
	};
	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		enum ck_code code = read_all(ck_str_format(arena, "tests/data/corrupt/%s/x", rows[i].name).p, true);
		const char *text = diags_text();
		cr_expect_eq(code, rows[i].code, "%s", text);
		cr_expect(strstr(text, rows[i].text), "%s", text);
	}
}

static const struct ck_variable *find(const struct ck_manifest *manifest, const char *name)
{
	size_t at;
	return ck_map_get(&manifest->by_name, ck_str(name), &at) ? &manifest->variables[at] : NULL;
}

Test(bundle_manifest, an_index_alone)
{
	struct ck_manifest *manifest;
	copy_file("tests/data/tf2_tables/model.index", inside("model.index").p);
	cr_assert_eq(ck_manifest_open(ck_str(folder), &diags, &manifest), CK_OK);
	cr_expect(!manifest->has_data && manifest->object_based && !manifest->graph);
	cr_expect_eq(find(manifest, "model/random/_state_var")->kind, CK_VARIABLE);
	cr_expect_eq(find(manifest, "model/many/.ATTRIBUTES/table-values")->kind, CK_ATTRIBUTE);
	cr_expect_null(find(manifest, CK_GRAPH_KEY), "the object graph is no variable");
	cr_expect_eq(manifest->n_variables, 11);
	struct ck_data *data;
	cr_expect_eq(ck_data_open(manifest, &diags, &data), CK_BAD_SHARD);
	ck_manifest_free(manifest);
	cr_assert_eq(ck_manifest_open(CK_STR("tests/data/tf2_tables"), &diags, &manifest), CK_OK);
	cr_expect(manifest->has_data && manifest->graph);
	const struct ck_variable *iterator = find(manifest, "iterator/.ATTRIBUTES/ITERATOR_STATE");
	cr_assert_not_null(iterator);
	cr_expect_eq(iterator->kind, CK_ATTRIBUTE);
	cr_expect_eq(iterator->node, 1, "moves with the node of its attribute");
	cr_expect_eq(find(manifest, "model/many/.ATTRIBUTES/table-keys")->node, 6);
	cr_expect_eq(find(manifest, "save_counter") ? find(manifest, "save_counter")->kind : CK_VARIABLE, CK_VARIABLE);
	ck_manifest_free(manifest);
}

Test(bundle_manifest, what_is_refused)
{
	static const struct {
		const char *path;
		enum ck_code code;
	} rows[] = {
		{"tf1_saver/model.ckpt-200", CK_OK}, {"byte_order_big/dtypes", CK_FORMAT_NOT_AVAILABLE},
		{"tf1_partitioned/model.ckpt", CK_OK}, {"slices/slices", CK_FORMAT_NOT_AVAILABLE}, {"tf2_keras3/adam-1", CK_OK},
	};
	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		struct ck_manifest *manifest;
		cr_assert_eq(ck_manifest_open(ck_str_format(arena, "tests/data/%s", rows[i].path), &diags, &manifest), CK_OK);
		cr_expect_eq(ck_manifest_supported(manifest, &diags), rows[i].code, "%s", rows[i].path);
		ck_manifest_free(manifest);
	}
}

static int n_before_fault;

static int fault_once(enum ck_seam seam)
{
	return n_before_fault-- == 0 ? (seam == CK_SEAM_ALLOC ? 12 : 5) : 0;	/* ENOMEM, EIO */
}

/* Every allocation, read, stat and open fails once: a code, and under the sanitizers no leak. */
Test(bundle_manifest, any_call_may_fail)
{
	static const char *const paths[] = {"tests/data/tf2_module/saved-1", "tests/data/tf1_partitioned", "tests/data/writer_variants/snappy"};
	for (size_t i = 0; i < CK_COUNT(paths); i++) {
		bool failed = true;
		for (int n = 0; failed; n++) {
			n_before_fault = n;
			ck_seam_fault = fault_once;
			enum ck_code code = read_all(paths[i], true);
			ck_seam_fault = NULL;
			failed = n_before_fault < 0;
			cr_expect(code == CK_OK ? !failed || n > 0 : code == CK_NOMEM || code == CK_IO, "%s: call %d gives %s", paths[i], n, ck_code_number(code));
			cr_assert(n < 10000);
			diags_text();
		}
		cr_expect_eq(read_all(paths[i], true), CK_OK);
	}
}
