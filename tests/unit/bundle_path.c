#include "bundle/path.h"

#include "bundle/manifest.h"
#include "tests/unit/bundle_test.h"

TestSuite(bundle_path, .init = set_up, .fini = tear_down);

Test(bundle_path, what_people_write)
{
	static const struct {
		const char *path;
		enum ck_code code;
		const char *prefix;	/* or a part of the message */
	} rows[] = {
		{"tf1_saver/model.ckpt-100", CK_OK, "tf1_saver/model.ckpt-100"},
		{"tf1_saver/model.ckpt-100.index", CK_OK, "tf1_saver/model.ckpt-100"},
		{"tf1_saver/model.ckpt-100.data-00000-of-00001", CK_OK, "tf1_saver/model.ckpt-100"},
		{"tf1_saver", CK_OK, "tf1_saver/model.ckpt-200"},
		{"manager/", CK_OK, "manager/ckpt-6"},
		{"savedmodel", CK_OK, "savedmodel/variables/variables"},
		{"savedmodel/variables", CK_OK, "savedmodel/variables/variables"},
		{"public/tetris_dqn", CK_OK, "public/tetris_dqn/variables/variables"},
		{"many", CK_OK, "many/model"},
		{"writer_variants", CK_NO_CHECKPOINT, "several checkpoints"},
		{"writer_variants", CK_NO_CHECKPOINT, "aligned_with_gaps\", "},
		{"tf1_saver/model.ckp-100", CK_NO_CHECKPOINT, "did you mean \"tests/data/tf1_saver/model.ckpt-100\""},
		{"tf1_saver/other", CK_NO_CHECKPOINT, "this folder holds \"tests/data/tf1_saver/model.ckpt-100\""},
		{"nowhere/model", CK_NO_CHECKPOINT, "the folder \"tests/data/nowhere\" is not there"},
		{"corrupt", CK_NO_CHECKPOINT, "holds no checkpoint"},
		{"corrupt/index_missing/x", CK_NO_CHECKPOINT, "interrupted"},
		{"corrupt/index_missing/x.index", CK_NO_CHECKPOINT, "interrupted"},
		{"corrupt/index_missing/x.data-00000-of-00001", CK_NO_CHECKPOINT, "interrupted"},
		{"tf1_saver/golden.json", CK_NO_CHECKPOINT, "no checkpoint"},
		{"public/serving_state_absolute", CK_NO_CHECKPOINT, "which is not there"},
		{"tf1_v1_format", CK_OLD_FORMAT, "tf1_v1_format/model.ckpt\" is a checkpoint of the V1 format"},
		{"tf1_v1_format/model.ckpt", CK_OLD_FORMAT, "save it again"},
		{"public/serving_v1_export/export", CK_OLD_FORMAT, "V1"},
		{"public/serving_v1_export/export-00000-of-00001", CK_OLD_FORMAT, "V1"},
	};
	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		struct ck_str prefix = {0};
		const char *root = ck_str_starts(ck_str(rows[i].path), CK_STR("public/")) ? PUBLIC_FIXTURES "/../" : "tests/data/";
		if (!fixture("public/covbert") && root[0] != 't')
			continue;
		enum ck_code code = ck_path_resolve(ck_str_format(arena, "%s%s", root, rows[i].path), arena, &diags, &prefix);
		const char *text = diags_text();
		cr_expect_eq(code, rows[i].code, "%s: %s", rows[i].path, text);
		if (code == CK_OK)
			cr_expect(ck_str_equal(prefix, ck_str_format(arena, "%s%s", root, rows[i].prefix)), "%s: %s", rows[i].path, prefix.p);
		else
			cr_expect(strstr(text, rows[i].prefix), "%s: %s", rows[i].path, text);
	}
}

Test(bundle_path, odd_paths_and_other_formats)
{
	struct ck_str prefix;
	cr_expect_eq(ck_path_resolve(CK_STR(""), arena, &diags, &prefix), CK_NO_CHECKPOINT);
	cr_expect_eq(ck_path_resolve(CK_STR("a\0b"), arena, &diags, &prefix), CK_NO_CHECKPOINT);
	cr_expect_eq(ck_path_resolve(ck_str(folder), arena, &diags, &prefix), CK_NO_CHECKPOINT);
	cr_assert(ck_write_file(inside("m.h5").p, CK_STR("\x89HDF\r\n\x1a\n"), false));
	cr_assert(ck_write_file(inside("m.keras").p, CK_STR("PK\3\4"), false));
	cr_assert(ck_write_file(inside("empty").p, CK_STR(""), false));
	cr_expect_eq(ck_path_resolve(inside("m.h5"), arena, &diags, &prefix), CK_OLD_FORMAT);
	cr_expect_eq(ck_path_resolve(inside("m.keras"), arena, &diags, &prefix), CK_OLD_FORMAT);
	cr_expect_eq(ck_path_resolve(inside("empty"), arena, &diags, &prefix), CK_NO_CHECKPOINT);
	cr_assert(ck_write_file(inside("checkpoint").p, CK_STR("model_checkpoint_path: \"gone\""), false));
	diags_text();
	cr_expect_eq(ck_path_resolve(ck_str(folder), arena, &diags, &prefix), CK_NO_CHECKPOINT);
	cr_expect(strstr(diags_text(), "\"gone\""));
	cr_assert(ck_write_file(inside("checkpoint").p, CK_STR("model_checkpoint_path: gone"), false));
	cr_expect_eq(ck_path_resolve(ck_str(folder), arena, &diags, &prefix), CK_BAD_STATE);
	/* A V1 checkpoint under the name of an index. */
	struct ck_manifest *manifest;
	copy_file("tests/data/tf1_v1_format/model.ckpt", inside("v1.index").p);
	cr_expect_eq(ck_manifest_open(inside("v1"), &diags, &manifest), CK_OLD_FORMAT);
}

Test(bundle_path, names_of_files)
{
	struct ck_str prefix;
	cr_expect(ck_path_is_data(CK_STR("a.data-00003-of-00016"), &prefix) && ck_str_equal(prefix, CK_STR("a")));
	cr_expect(ck_path_is_data(CK_STR("d/a.data-1.data-100000-of-200000"), &prefix) && ck_str_equal(prefix, CK_STR("d/a.data-1")));
	cr_expect(!ck_path_is_data(CK_STR("a.data-0003-of-00016"), &prefix));
	cr_expect(!ck_path_is_data(CK_STR("a.data-00003-of-"), &prefix));
	cr_expect(!ck_path_is_data(CK_STR("00003-of-00016"), &prefix));
	cr_expect_str_eq(ck_path_data(arena, CK_STR("x/m"), 3, 16).p, "x/m.data-00003-of-00016");
	cr_expect_str_eq(ck_path_data(arena, CK_STR("m"), 123456, 1000000).p, "m.data-123456-of-1000000");
	cr_expect_str_eq(ck_path_index(arena, CK_STR("x/m")).p, "x/m.index");
}
