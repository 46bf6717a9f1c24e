#include "bundle/state.h"

#include "tests/unit/bundle_test.h"

TestSuite(bundle_state, .init = set_up, .fini = tear_down);

static struct ck_state *read_state(const char *text)
{
	struct ck_state *state = NULL;
	if (text)
		cr_assert(ck_write_file(inside("checkpoint").p, ck_str(text), false));
	enum ck_code code = ck_state_read(ck_str(folder), arena, &diags, &state);
	cr_assert_eq(code, CK_OK, "%s", diags_text());
	return state;
}

Test(bundle_state, reads_what_tensorflow_wrote)
{
	struct ck_state *state;
	cr_assert_eq(ck_state_read(CK_STR("tests/data/manager"), arena, &diags, &state), CK_OK);
	cr_expect_str_eq(state->model_path.p, "ckpt-6");
	cr_assert_eq(state->n_paths, 3);
	cr_assert_eq(state->n_timestamps, 3);
	cr_expect_str_eq(state->all_paths[0].p, "ckpt-4");
	cr_expect_eq(state->timestamps[2], 1700000007.0);
	cr_expect(state->has_last_preserved && state->last_preserved == 1700000000.0);
	cr_assert_eq(ck_state_read(CK_STR("tests/data/writer_variants"), arena, &diags, &state), CK_OK);
	cr_expect_null(state, "no state file there");
}

Test(bundle_state, text_protobuf)
{
	struct ck_state *state = read_state("# a comment\nmodel_checkpoint_path : 'a\\303\\251\\x41\\n' \"b\\\"\" ; unknown { x: 1 y: \"}\" }\n"
					    "all_model_checkpoint_paths: [\"p\", \"q\"], other: [1, 2] all_model_checkpoint_timestamps: 1e3 "
					    "all_model_checkpoint_timestamps: 2.5 # end");
	cr_expect_str_eq(state->model_path.p, "a\xc3\xa9" "A\nb\"");
	cr_expect_eq(state->n_paths, 2);
	cr_expect_eq(state->timestamps[0], 1000);
	cr_expect_str_eq(state->unknown.p, "unknown { x: 1 y: \"}\" }\nother: [1, 2]\n");
	cr_expect_eq(read_state("")->n_paths, 0);

	static const char *const bad[] = {
		"model_checkpoint_path", "model_checkpoint_path: ", "model_checkpoint_path: x", "model_checkpoint_path: \"x",
		"model_checkpoint_path: \"x\n\"", "model_checkpoint_path: \"\\q\"", "model_checkpoint_path: \"\\0\"", "a {", "a }", "{", ":",
		"a: [1", "all_model_checkpoint_timestamps: soon all_model_checkpoint_paths: \"a\"", "all_model_checkpoint_timestamps: 1",
		"all_model_checkpoint_paths: [\"a\"", "a: <", "a: \"", "a", "last_preserved_timestamp: \"1\"", "\xff",
	};
	for (size_t i = 0; i < CK_COUNT(bad); i++) {
		cr_assert(ck_write_file(inside("checkpoint").p, ck_str(bad[i]), false));
		cr_expect_eq(ck_state_read(ck_str(folder), arena, &diags, &state), CK_BAD_STATE, "%s", bad[i]);
		cr_expect_eq(ck_state_update(ck_str(folder), CK_STR("m"), 1, false, &diags), CK_BAD_STATE, "%s", bad[i]);
		cr_expect(ck_str_equal(read_whole(inside("checkpoint").p), ck_str(bad[i])), "stays as it is");
	}
}

static void expect_after(const char *before, const char *base, double now, const char *after)
{
	if (before)
		cr_assert(ck_write_file(inside("checkpoint").p, ck_str(before), false));
	cr_assert_eq(ck_state_update(ck_str(folder), ck_str(base), now, true, &diags), CK_OK, "%s", diags_text());
	cr_expect_str_eq(read_whole(inside("checkpoint").p).p, after);
}

Test(bundle_state, updates)
{
	expect_after(NULL, "m-1", 5, "model_checkpoint_path: \"m-1\"\nall_model_checkpoint_paths: \"m-1\"\n");
	expect_after(NULL, "m-2", 6, "model_checkpoint_path: \"m-2\"\nall_model_checkpoint_paths: \"m-1\"\nall_model_checkpoint_paths: \"m-2\"\n");
	expect_after(NULL, "m-1", 7, "model_checkpoint_path: \"m-1\"\nall_model_checkpoint_paths: \"m-2\"\nall_model_checkpoint_paths: \"m-1\"\n");
	expect_after("", "a\"\n\x7f\xc3\xa9'\\", 1, "model_checkpoint_path: \"a\\\"\\n\\177\\303\\251\\'\\\\\"\n"
		     "all_model_checkpoint_paths: \"a\\\"\\n\\177\\303\\251\\'\\\\\"\n");
	expect_after(read_whole("tests/data/manager/checkpoint").p, "new", 1700000008.25,
		     "model_checkpoint_path: \"new\"\nall_model_checkpoint_paths: \"ckpt-4\"\nall_model_checkpoint_paths: \"ckpt-5\"\n"
		     "all_model_checkpoint_paths: \"ckpt-6\"\nall_model_checkpoint_paths: \"new\"\n"
		     "all_model_checkpoint_timestamps: 1700000005.0\nall_model_checkpoint_timestamps: 1700000006.0\n"
		     "all_model_checkpoint_timestamps: 1700000007.0\nall_model_checkpoint_timestamps: 1700000008.25\n"
		     "last_preserved_timestamp: 1700000000.0\n");
	expect_after("more: 7\nmodel_checkpoint_path: \"x\"\n", "y", 1,
		     "model_checkpoint_path: \"y\"\nall_model_checkpoint_paths: \"y\"\nmore: 7\n");
	cr_expect_str_eq(listing(), "checkpoint");
}
