#include "bundle/saved_model.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bundle/data.h"
#include "tests/unit/bundle_test.h"

TestSuite(bundle_saved_model, .init = set_up, .fini = tear_down);

#define SOURCE "tests/data/savedmodel"
static const char values[8] = "8 bytes";

static const char *shell(const char *format, const char *a, const char *b)
{
	char command[512], line[4096] = "";
	size_t n = 0;
	snprintf(command, sizeof(command), format, a, b);
	FILE *pipe = popen(command, "r");
	cr_assert_not_null(pipe);
	n = fread(line, 1, sizeof(line) - 1, pipe);
	line[n] = '\0';
	pclose(pipe);
	return ck_str_copy(arena, (struct ck_str){line, n}).p;
}

/* A SavedModel in the test's folder: a program, an asset two folders down, a file beside the checkpoint. */
static struct ck_str make_source(void)
{
	struct ck_str source = inside("source");
	(void)shell("mkdir -p %s/assets/deep %s/variables", source.p, source.p);
	cr_assert(ck_write_file(ck_path_join(arena, source, CK_STR("saved_model.pb")).p, CK_STR("program"), false));
	cr_assert(ck_write_file(ck_path_join(arena, source, CK_STR("assets/deep/words")).p, CK_STR("a\nb\n"), false));
	cr_assert(ck_write_file(ck_path_join(arena, source, CK_STR("variables/notes")).p, CK_STR("n"), false));
	copy_file(SOURCE "/variables/variables.index", ck_path_join(arena, source, CK_STR("variables/variables.index")).p);
	copy_file(SOURCE "/variables/variables.data-00000-of-00001", ck_path_join(arena, source, CK_STR("variables/variables.data-00000-of-00001")).p);
	return source;
}

static struct ck_str report_of(struct ck_str out)
{
	return ck_str_format(arena, "%.*s.report", CK_STR_ARG(out));
}

/* What the report tells of: "old", "new", or nothing. */
static const char *reported(struct ck_str out)
{
	struct ck_str bytes = CK_STR("");
	(void)!ck_read_file(report_of(out).p, 100, arena, &bytes);
	return bytes.p;
}

static void tell_new(void *context, struct ck_buf *out)
{
	(void)context;
	ck_buf_str(out, CK_STR("new"));
}

/* Writes a SavedModel with one variable, as a run does; and OUT.report, if it is told of. */
static enum ck_code write_model_told(struct ck_str source, struct ck_str out, bool force, enum ck_link_how how, bool is_told, struct ck_diags *sink,
				     struct ck_carried *carried)
{
	const uint64_t size = sizeof(values), dims[] = {sizeof(values)};
	const struct ck_saved_model_options options = {.force = force, .sync = true, .link_how = how, .n_shards = 1};
	const struct ck_writer_options writing = {.sync = true, .n_shards = 1, .shard_sizes = &size};
	struct ck_writer_entry entry = {.key = CK_STR("x"), .dtype = CK_DT_U8, .shape = {1, dims}, .place = {.n_bytes = size, .crc = 0}};
	const struct ck_companion companion = {report_of(out), {tell_new, NULL}};
	struct ck_saved_model *model = NULL;
	struct ck_writer *writer = NULL;
	uint8_t digest[CK_SHA256];
	enum ck_code code = ck_saved_model_open(out, &options, sink, &model);
	if (!code)
		code = ck_saved_model_carry(model, source, sink, carried);
	if (!code)
		code = ck_writer_open(ck_saved_model_prefix(model), &writing, sink, &writer);
	if (!code)
		code = ck_writer_put(writer, 0, 0, values, sizeof(values), sink);
	if (!code)
		code = ck_writer_index(writer, &entry, 1, sink, digest);
	if (!code)
		code = ck_writer_commit(writer, NULL, sink);
	ck_writer_close(writer);
	if (!code)
		code = ck_saved_model_commit(model, is_told ? &companion : NULL, sink);
	ck_saved_model_close(model);
	return code;
}

static enum ck_code write_model(struct ck_str source, struct ck_str out, bool force, enum ck_link_how how, struct ck_diags *sink, struct ck_carried *carried)
{
	return write_model_told(source, out, force, how, false, sink, carried);
}

static enum ck_code write_quietly(struct ck_str source, struct ck_str out, bool force)
{
	struct ck_diags sink;
	struct ck_carried carried;
	if (!ck_diags_init(&sink))
		return CK_NOMEM;
	enum ck_code code = write_model_told(source, out, force, CK_LINK_COPY, true, &sink, &carried);
	cr_assert(code == CK_OK || sink.n_errors || code == CK_NOMEM, "a failure without a word");
	ck_diags_clear(&sink);
	return code;
}

#define ALL "assets assets/deep assets/deep/words saved_model.pb variables variables/notes variables/variables.data-00000-of-00001 variables/variables.index "

/* Names below a folder, sorted, each with a space after it. */
static const char *tree(struct ck_str path)
{
	return shell("cd %s 2>/dev/null && find . -mindepth 1 | sed 's|^\\./||' | LC_ALL=C sort | tr '\\n' ' '%s", path.p, "");
}

static bool is_new(struct ck_str out)
{
	struct ck_str bytes;
	struct ck_str path = ck_path_join(arena, out, CK_STR("variables/variables.data-00000-of-00001"));
	return ck_read_file(path.p, 1000, arena, &bytes) && ck_str_equal(bytes, (struct ck_str){values, sizeof(values)});
}

Test(bundle_saved_model, what_is_one)
{
	static const struct {
		const char *path;
		bool is;
	} rows[] = {
		{SOURCE, true}, {SOURCE "/", true}, {SOURCE "/variables", false}, {SOURCE "/variables/variables", false}, {"tests/data/manager", false},
		{SOURCE "/saved_model.pb", false}, {"tests/data/not-there", false}, {"", false},
	};
	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		bool is = !rows[i].is;
		cr_assert_eq(ck_saved_model_find(ck_str(rows[i].path), arena, &diags, &is), CK_OK);
		cr_expect_eq(is, rows[i].is, "%s", rows[i].path);
	}
	bool is;
	struct ck_str source = make_source();
	cr_assert(ck_rename(ck_path_join(arena, source, CK_STR("saved_model.pb")).p, ck_path_join(arena, source, CK_STR("saved_model.pbtxt")).p));
	cr_assert_eq(ck_saved_model_find(source, arena, &diags, &is), CK_OK);
	cr_expect(is);
}

Test(bundle_saved_model, folders_in_folders)
{
	bool is;
	struct ck_str source = make_source(), alias = inside("alias");
	cr_assert_eq(symlink(source.p, alias.p), 0);
	const struct {
		struct ck_str a, b;
		bool is;
	} rows[] = {
		{source, source, true}, {source, alias, true}, {inside("source/assets/deep"), alias, true}, {inside("alias/variables"), source, true},
		{source, inside("source/assets"), false}, {ck_str(folder), source, false}, {source, CK_STR("/"), true}, {CK_STR("/"), source, false},
		{inside("not-there"), source, false}, {source, inside("not-there"), false},
	};
	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		cr_assert_eq(ck_folder_is_in(rows[i].a, rows[i].b, arena, &diags, &is), CK_OK);
		cr_expect_eq(is, rows[i].is, "row %zu: %s in %s", i, rows[i].a.p, rows[i].b.p);
	}
}

Test(bundle_saved_model, carries_all_along)
{
	static const enum ck_link_how hows[] = {CK_LINK_COPY, CK_LINK_CLONE, CK_LINK_HARD};
	struct ck_str source = make_source();
	for (size_t i = 0; i < CK_COUNT(hows); i++) {
		struct ck_str out = ck_str_format(arena, "%s/a%zu/b/out", folder, i);
		struct ck_carried carried;
		struct ck_stat before, after;
		cr_assert_eq(write_model(source, out, false, hows[i], &diags, &carried), CK_OK, "%s", diags_text());
		cr_expect_str_eq(tree(out), ALL);
		cr_expect_eq(carried.n_files, 3);
		cr_expect_eq(carried.n_bytes, 7 + 4 + 1);
		cr_expect(is_new(out));
		cr_assert(ck_stat_path(inside("source/saved_model.pb").p, &before));
		cr_assert(ck_stat_path(ck_path_join(arena, out, CK_STR("saved_model.pb")).p, &after));
		cr_expect_eq(before.inode == after.inode, hows[i] == CK_LINK_HARD);
		cr_expect_str_eq(tree(ck_path_dir(arena, out)), "out out/assets out/assets/deep out/assets/deep/words out/saved_model.pb out/variables "
				 "out/variables/notes out/variables/variables.data-00000-of-00001 out/variables/variables.index ");
	}
}

Test(bundle_saved_model, what_cannot_be_carried)
{
	struct ck_str source = make_source(), out = inside("out");
	struct ck_carried carried;
	cr_assert_eq(mkfifo(inside("source/assets/pipe").p, 0600), 0);
	cr_expect_eq(write_model(source, out, false, CK_LINK_COPY, &diags, &carried), CK_BAD_TARGET_NAME);
	cr_expect_not_null(strstr(diags_text(), "neither a file nor a folder"));
	cr_assert(ck_unlink(inside("source/assets/pipe").p));
	cr_assert_eq(symlink("nowhere", inside("source/assets/link").p), 0);
	cr_expect_eq(write_model(source, out, false, CK_LINK_COPY, &diags, &carried), CK_BAD_TARGET_NAME);
	cr_expect_not_null(strstr(diags_text(), "a link to nothing"));
	cr_assert(ck_unlink(inside("source/assets/link").p));
	cr_assert_eq(symlink("..", inside("source/assets/link").p), 0);
	cr_expect_neq(write_model(source, out, false, CK_LINK_COPY, &diags, &carried), CK_OK, "a folder in itself");
	cr_expect_str_eq(listing(), "source");
}

Test(bundle_saved_model, outputs)
{
	struct ck_str source = make_source(), out = inside("out");
	struct ck_carried carried;
	static const char *const bad[] = {"", ".", "..", "/", "a/.."};
	for (size_t i = 0; i < CK_COUNT(bad); i++)
		cr_expect_eq(write_model(source, ck_str(bad[i]), true, CK_LINK_COPY, &diags, &carried), CK_BAD_TARGET_NAME, "%s", bad[i]);
	(void)shell("mkdir %s%s", out.p, "");
	cr_expect_eq(write_model(source, inside("out//"), false, CK_LINK_COPY, &diags, &carried), CK_OK, "%s", diags_text());
	cr_expect_eq(write_model(source, out, false, CK_LINK_COPY, &diags, &carried), CK_OUTPUT_EXISTS);
	(void)shell("touch %s/old%s", out.p, "");
	cr_expect_eq(write_model(source, out, true, CK_LINK_COPY, &diags, &carried), CK_OK);
	cr_expect_str_eq(tree(out), ALL);
	(void)shell("rm %s/saved_model.pb%s", out.p, "");
	cr_expect_eq(write_model(source, out, true, CK_LINK_COPY, &diags, &carried), CK_OUTPUT_EXISTS, "no SavedModel is not replaced");
	cr_expect_str_eq(listing(), "out source");
}

/* ---- faults */

static enum ck_seam faulty;
static size_t n_before_fault;
static bool kills, reached;

static int fault_once(enum ck_seam seam)
{
	if (seam != faulty || n_before_fault-- > 0)
		return 0;
	if (kills)
		raise(SIGKILL);
	reached = true;
	n_before_fault = SIZE_MAX;
	return EIO;
}

static const enum ck_seam seams[] = {CK_SEAM_ALLOC, CK_SEAM_OPEN, CK_SEAM_READ, CK_SEAM_WRITE, CK_SEAM_SYNC, CK_SEAM_RENAME, CK_SEAM_LINK, CK_SEAM_MKDIR, CK_SEAM_STAT};

/* Every call fails once. Nothing is left behind, and what was to be replaced is what it was. */
Test(bundle_saved_model, every_fault_leaves_nothing)
{
	struct ck_str source = make_source(), fresh = inside("made/deep/out"), old = inside("old");
	for (size_t i = 0; i < CK_COUNT(seams); i++) {
		for (size_t number = 0;; number++) {
			(void)shell("cp -r %s %s", source.p, old.p);
			(void)shell("printf old > %s%s", report_of(old).p, "");
			bool ok = true;
			for (int force = 0; force < 2; force++) {
				faulty = seams[i];
				n_before_fault = number;
				reached = false;
				ck_seam_fault = fault_once;
				enum ck_code code = write_quietly(source, force ? old : fresh, force);
				ck_seam_fault = NULL;
				cr_assert_eq(code == CK_OK, !reached, "call %zu of kind %d: %d", number, (int)seams[i], (int)code);
				ok = ok && code == CK_OK;
				cr_assert_eq(is_new(force ? old : fresh), code == CK_OK, "call %zu of kind %d", number, (int)seams[i]);
				if (code)
					cr_assert_str_eq(listing(), "old old.report source", "call %zu of kind %d", number, (int)seams[i]);
				cr_assert_str_eq(reported(force ? old : fresh), code == CK_OK ? "new" : force ? "old" : "", "call %zu of kind %d",
						 number, (int)seams[i]);
				cr_assert(!force || code == CK_OK || strcmp(tree(old), tree(source)) == 0, "call %zu of kind %d", number, (int)seams[i]);
				(void)shell("rm -rf %s/made%s", folder, "");
			}
			(void)shell("rm -rf %s%s", old.p, "");
			if (ok)
				break;
		}
	}
}

/* A process that is killed leaves a whole SavedModel, the old one, or none (and then what it had under other names). */
Test(bundle_saved_model, killed_at_every_call)
{
	struct ck_str source = make_source(), out = inside("out");
	for (size_t i = 0; i < CK_COUNT(seams); i++) {
		bool done = seams[i] == CK_SEAM_ALLOC;
		for (size_t number = 0; !done; number++) {
			for (int force = 0; force < 2; force++) {
				(void)shell("cd %s && rm -rf out* .out*%s", folder, "");
				if (force)
					(void)shell("cp -r %s %s && printf old > %2$s.report", source.p, out.p);
				pid_t child = fork();
				cr_assert_geq(child, 0);
				if (child == 0) {
					faulty = seams[i];
					n_before_fault = number;
					kills = true;
					ck_seam_fault = fault_once;
					_exit(write_quietly(source, out, force) != CK_OK);
				}
				int status;
				cr_assert_eq(waitpid(child, &status, 0), child);
				done = WIFEXITED(status);
				bool is = false;
				cr_assert_eq(ck_saved_model_find(out, arena, &diags, &is), CK_OK);
				cr_assert(!is || strcmp(tree(out), ALL) == 0, "a torn one: %s", tree(out));
				cr_assert(is || strcmp(tree(out), "") == 0);
				cr_assert(!done || is_new(out));
				const char *told = reported(out);
				cr_assert(!told[0] || (is && is_new(out) == (strcmp(told, "new") == 0)), "a report that is %s", told);
			}
		}
	}
}
