/* What the tests of bundle/ share: an arena, a sink, a folder that is removed, and diagnostics as text. */
#ifndef CK_TESTS_UNIT_BUNDLE_TEST_H
#define CK_TESTS_UNIT_BUNDLE_TEST_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bundle/base/io.h"

static char folder[] = "/tmp/ckmig-bundle-XXXXXX";
static struct ck_arena *arena;
static struct ck_diags diags;

static inline void set_up(void)
{
	arena = ck_arena_new((size_t)1 << 30);
	cr_assert_not_null(arena);
	cr_assert(ck_diags_init(&diags));
	cr_assert_not_null(mkdtemp(folder));
}

static inline void tear_down(void)
{
	char command[64];
	ck_seam_fault = NULL;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	cr_assert_eq(system(command), 0);
	ck_diags_clear(&diags);
	ck_arena_free(arena);
}

/* A path inside the folder. */
static inline struct ck_str inside(const char *name)
{
	return ck_path_join(arena, ck_str(folder), ck_str(name));
}

/*
 * Checkpoints that other people wrote are not copied into the project, whose licence they do not have. Tests use them where they
 * are: -DPUBLIC_FIXTURES="..." names the place.
 */
#ifndef PUBLIC_FIXTURES
#define PUBLIC_FIXTURES "../shared/fixtures/public"
#endif

/* Where a fixture is: "tf1_saver/model.ckpt-100", or "public/covbert", which is NULL where there is none. */
static inline const char *fixture(const char *name)
{
	struct ck_str text = ck_str(name), public = CK_STR("public/");
	struct ck_stat found;
	if (!ck_str_starts(text, public))
		return ck_str_starts(text, CK_STR("tests/data/")) ? name : ck_str_format(arena, "tests/data/%s", name).p;
	const char *path = ck_str_format(arena, PUBLIC_FIXTURES "/%s", name + public.n).p;
	cr_assert(ck_stat_path(PUBLIC_FIXTURES, &found));
	return found.exists ? path : NULL;
}

/* All diagnostics so far, which are dropped. */
static inline const char *diags_text(void)
{
	struct ck_buf text = {0};
	ck_diags_render(&diags, CK_FORMAT_TEXT, false, &text);
	const char *copy = ck_str_copy(arena, ck_buf_view(&text)).p;
	ck_buf_clear(&text);
	ck_diags_clear(&diags);
	cr_assert(ck_diags_init(&diags));
	return copy;
}

static inline struct ck_str read_whole(const char *path)
{
	struct ck_str bytes;
	cr_assert(ck_read_file(path, (size_t)1 << 30, arena, &bytes), "%s", path);
	return bytes;
}

static inline void copy_file(const char *from, const char *to)
{
	cr_assert(ck_write_file(to, read_whole(from), false), "%s", to);
}

/* Names in the test's folder, joined by spaces. */
static inline const char *listing(void)
{
	struct ck_str *names, all = CK_STR("");
	size_t n;
	cr_assert(ck_list_dir(folder, arena, &names, &n));
	for (size_t i = 0; i < n; i++)
		all = ck_str_format(arena, "%.*s%s%.*s", CK_STR_ARG(all), i ? " " : "", CK_STR_ARG(names[i]));
	return all.p;
}

#endif
