#include "bundle/base/str.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "bundle/base/io.h"

static struct ck_arena *arena;

static void set_up(void)
{
	arena = ck_arena_new((size_t)64 << 20);
}

static void tear_down(void)
{
	ck_seam_fault = NULL;
	ck_arena_free(arena);
}

TestSuite(base_str, .init = set_up, .fini = tear_down);

Test(base_str, compare_find_slice)
{
	cr_assert_eq(ck_str_compare(CK_STR("a"), CK_STR("ab")), -1);
	cr_assert_gt(ck_str_compare(CK_STR("\xff"), CK_STR("a")), 0, "bytes are unsigned");
	cr_assert_eq(ck_str_compare(CK_STR(""), ck_str(NULL)), 0);
	cr_assert(ck_str_equal(CK_STR("a\0b"), CK_STR("a\0b")));
	cr_assert_not(ck_str_equal(CK_STR("a\0b"), CK_STR("a\0c")));
	cr_assert(ck_str_starts(CK_STR("abc"), CK_STR("ab")) && !ck_str_starts(CK_STR("a"), CK_STR("ab")));
	cr_assert(ck_str_ends(CK_STR("abc"), CK_STR("bc")) && !ck_str_ends(CK_STR("c"), CK_STR("bc")));
	cr_assert_eq(ck_str_find(CK_STR("a/b/c"), '/'), 1);
	cr_assert_eq(ck_str_rfind(CK_STR("a/b/c"), '/'), 3);
	cr_assert_eq(ck_str_find(CK_STR("abc"), '/'), 3);
	cr_assert_eq(ck_str_rfind(CK_STR(""), '/'), 0);
	cr_assert(ck_str_equal(ck_str_slice(CK_STR("abc"), 1, 99), CK_STR("bc")));
	cr_assert_eq(ck_str_slice(CK_STR("abc"), 5, 2).n, 0);
	struct ck_str text = ck_str_format(arena, "%s-%d", "x", 42);
	cr_assert(ck_str_equal(text, CK_STR("x-42")) && text.p[text.n] == '\0');
}

Test(base_str, names_are_escaped)
{
	static const struct {
		struct ck_str name, text;
		size_t n_columns;	/* of the text */
	} rows[] = {
		{CK_STR("bert/embeddings"), CK_STR("bert/embeddings"), 15},
		{CK_STR("a\nb\tc"), CK_STR("a\\nb\\tc"), 7},
		{CK_STR("\"\\"), CK_STR("\\\"\\\\"), 4},
		{CK_STR("\0\x1b[31m\x7f"), CK_STR("\\u{0}\\u{1b}[31m\\u{7f}"), 21},
		{CK_STR("\xff\xc3"), CK_STR("\\x{ff}\\x{c3}"), 12},
		{CK_STR("\xc0\x80"), CK_STR("\\x{c0}\\x{80}"), 12},			/* overlong NUL */
		{CK_STR("\xed\xa0\x80"), CK_STR("\\x{ed}\\x{a0}\\x{80}"), 18},		/* a surrogate */
		{CK_STR("\xf4\x90\x80\x80"), CK_STR("\\x{f4}\\x{90}\\x{80}\\x{80}"), 24},	/* beyond U+10FFFF */
		{CK_STR("\xe2\x80\xae" "x"), CK_STR("\\u{202e}x"), 9},			/* turns text around */
		{CK_STR("\xc3\xa9\xe6\x9c\xac\xf0\x9f\x98\x80"), CK_STR("\xc3\xa9\xe6\x9c\xac\xf0\x9f\x98\x80"), 5},
		{CK_STR("e\xcc\x81"), CK_STR("e\xcc\x81"), 1},				/* a combining accent */
	};
	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		struct ck_str text = ck_name_text(arena, rows[i].name);
		cr_assert(ck_str_equal(text, rows[i].text), "row %zu: %.*s", i, CK_STR_ARG(text));
		cr_assert_eq(ck_str_columns(text), rows[i].n_columns, "row %zu: %zu", i, ck_str_columns(text));
		cr_assert(ck_str_equal(ck_name_read(arena, text), rows[i].name), "row %zu is read back", i);
	}
}

Test(base_str, what_is_no_escape_stands_for_itself)
{
	static const char *const rows[] = {
		"\\q", "a\\", "\\u{}", "\\u{1234567}", "\\u{110000}", "\\u{d800}", "\\u1b", "\\x{1}", "\\x{123}", "\\x{1", "\\u{g}",
	};
	for (size_t i = 0; i < CK_COUNT(rows); i++)
		cr_assert(ck_str_equal(ck_name_read(arena, ck_str(rows[i])), ck_str(rows[i])), "%s", rows[i]);
	cr_assert(ck_str_equal(ck_name_read(arena, CK_STR("\\u{e9}\\u{672c}\\u{1F600}")), CK_STR("\xc3\xa9\xe6\x9c\xac\xf0\x9f\x98\x80")));
}

static int no_memory(enum ck_seam seam)
{
	return seam == CK_SEAM_ALLOC ? 12 : 0;
}

Test(base_str, buffer_fails_once_and_for_all)
{
	struct ck_buf buf = {0};
	for (int i = 0; i < 1000; i++)
		ck_buf_printf(&buf, "%d,", i);
	cr_assert_eq(buf.n, 3890);
	ck_seam_fault = no_memory;
	ck_buf_fill(&buf, 'x', 1 << 20);
	ck_seam_fault = NULL;
	cr_assert(buf.failed);
	ck_buf_char(&buf, 'y');
	cr_assert_eq(buf.n, 3890, "appends after a failure do nothing");
	ck_buf_clear(&buf);
	cr_assert(!buf.failed && buf.n == 0);
	ck_seam_fault = no_memory;
	cr_assert_null(ck_arena_new(1));
	cr_assert_null(ck_alloc(1));
}

Test(base_str, map_holds_many_keys)
{
	enum { N = 20000 };
	struct ck_map map;
	size_t value = 0;
	ck_map_init(&map, arena);
	cr_assert_not(ck_map_get(&map, CK_STR("a"), &value));
	for (size_t i = 0; i < N; i++)
		cr_assert(ck_map_put(&map, ck_str_format(arena, "layer_%zu/kernel", i), i));
	cr_assert(ck_map_put(&map, CK_STR("layer_7/kernel"), 70));
	cr_assert(ck_map_put(&map, CK_STR(""), 1));
	cr_assert(ck_map_put(&map, CK_STR("\0"), 2));
	cr_assert_eq(map.n_items, N + 2);
	for (size_t i = 0; i < N; i++) {
		cr_assert(ck_map_get(&map, ck_str_format(arena, "layer_%zu/kernel", i), &value));
		cr_assert_eq(value, i == 7 ? 70 : i);
	}
	cr_assert(ck_map_get(&map, (struct ck_str){NULL, 0}, &value) && value == 1);
	cr_assert(ck_map_get(&map, CK_STR("\0"), &value) && value == 2);
	cr_assert_not(ck_map_get(&map, CK_STR("layer_x/kernel"), &value));
	/* Room for more keeps what there is, and room that is there already changes nothing. */
	size_t n_items = map.n_items;
	cr_assert(ck_map_reserve(&map, 10 * n_items) && map.n_items == n_items && map.n_slots >= 20 * n_items);
	size_t n_slots = map.n_slots;
	cr_assert(ck_map_reserve(&map, 1) && map.n_slots == n_slots);
	cr_assert(ck_map_get(&map, CK_STR("layer_7/kernel"), &value) && value == 70);
}

static int compare_hashes(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

/*
 * Whoever writes a checkpoint chooses its names. Of these, each pair of words is one of two that leave the same state behind in a
 * hash that multiplies by a known odd number and folds the upper half in: all would have one hash.
 */
Test(base_str, chosen_keys_have_hashes_of_their_own)
{
	enum { PAIRS = 12, N = 1 << PAIRS };
	static uint64_t hashes[N];
	for (size_t i = 0; i < N; i++) {
		uint64_t words[2 * PAIRS] = {0};
		for (size_t j = 0; j < PAIRS; j++) {
			if (i >> j & 1) {
				words[2 * j] = (uint64_t)1 << 63;
				words[2 * j + 1] = (uint64_t)1 << 63 | (uint64_t)1 << 31;
			}
		}
		hashes[i] = ck_str_hash((struct ck_str){(const char *)words, sizeof(words)});
	}
	qsort(hashes, N, sizeof(*hashes), compare_hashes);
	for (size_t i = 1; i < N; i++)
		cr_assert_neq(hashes[i - 1], hashes[i]);
}
