#include "tests/unit/grammar.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bundle/base/io.h"

static void repeat(struct ck_buf *text, const char *part, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ck_buf_str(text, ck_str(part));
}

static struct ck_str nested(struct ck_buf *text, const char *before, const char *open, size_t n, const char *middle, const char *close)
{
	ck_buf_printf(text, "ckmig 1\n%s", before);
	repeat(text, open, n);
	ck_buf_str(text, ck_str(middle));
	repeat(text, close, n);
	return ck_buf_view(text);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

Test(grammar_limits, nesting)
{
	/* `deepest` is the most that is taken; many are far beyond bison's own limit. */
	static const struct {
		const char *before, *open, *middle, *close;
		size_t deepest;
	} rows[] = {
		{"check ", "(", "1", ")", 200},		{"check ", "[", "1", "]", 199},		{"check ", "f(", "1", ")", 199},
		{"check ", "!", "x", "", 199},		{"check ", "-", "1", "", 199},		{"check ", "!(", "x", ")", 100},
		{"check ", "f(x=[-", "1", "])", 66},	{"map ", "(", "\"a\"", ")", 200},	{"map ", "(", "\"a\" | f", ",)", 198},
		{"check ", "1 + ", "1", "", 199},	{"check ", "x || ", "x", "", 199},
	};

	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		for (size_t many = 0; many < 3; many++) {
			struct ck_buf text = {0};
			size_t n = many == 0 ? rows[i].deepest : many == 1 ? rows[i].deepest + 1 : 100000;
			struct parsed parsed;

			nested(&text, rows[i].before, rows[i].open, n, rows[i].middle, rows[i].close);
			ck_buf_printf(&text, "%s\nkeep \"x\"\n", strcmp(rows[i].before, "map ") ? "" : " -> \"b\"");
			parsed = parse_bytes(ck_buf_view(&text));
			cr_expect(parsed.code == (many ? CK_TOO_DEEP : CK_OK) && parsed.diags.n_errors == (many ? 1 : 0), "%s%s, %zu times: %s, %zu errors",
				  rows[i].before, rows[i].open, n, ck_code_number(parsed.code), parsed.diags.n_errors);
			if (parsed.diags.n_items)
				cr_expect(parsed.diags.items[0]->span.end > parsed.diags.items[0]->span.begin || parsed.diags.items[0]->span.begin);
			if (parsed.file) {
				struct ck_buf out = shown(&parsed);

				ck_buf_clear(&out);
			}
			ck_buf_clear(&text);
			parsed_clear(&parsed);
		}
	}
}

/* The statement after one that is too deep is read. */
Test(grammar_limits, goes_on_after_what_is_too_deep)
{
	struct ck_buf text = {0};
	struct parsed parsed;

	nested(&text, "check ", "1 + ", 300, "1\ndrop \"a\"\ncheck ", "(");
	ck_buf_str(&text, CK_STR("\ndrop \"b\"\n"));
	parsed = parse_bytes(ck_buf_view(&text));
	cr_assert_eq(parsed.diags.n_errors, 4);
	cr_assert_eq(parsed.diags.items[3]->code, CK_SYNTAX);
	ck_buf_clear(&text);
	parsed_clear(&parsed);
}

Test(grammar_limits, a_hundred_thousand_statements)
{
	struct ck_buf text = {0};
	struct parsed parsed;
	double begin;

	ck_buf_str(&text, CK_STR("ckmig 1\n"));
	for (int i = 0; i < 100000; i++)
		ck_buf_printf(&text, "map \"layer_%d/kernel\" | transpose(1, 0) | cast(f32) -> \"blocks/%d/w\"\n", i, i);
	begin = seconds();
	parsed = parse_bytes(ck_buf_view(&text));
	cr_assert(parsed.file && parsed.file->n_stmts == 100000);
	cr_assert(ck_str_equal(parsed.file->stmts[99999]->goals[0].name.string.text, CK_STR("blocks/99999/w")));
	/* 0.3 s measured; 20 times that under sanitizers on a busy machine, and more where tests/run says so. */
	cr_expect_lt(seconds() - begin, getenv("SLOWDOWN") ? 100.0 : 10.0);
	parsed_clear(&parsed);

	/* As many errors are counted, and cost no memory. */
	text.n = 0;
	ck_buf_str(&text, CK_STR("ckmig 1\n"));
	repeat(&text, "map \"a\" = \"b\"\n", 100000);
	parsed = parse_bytes(ck_buf_view(&text));
	cr_expect_eq(parsed.diags.n_errors, 100000);
	cr_expect_lt(ck_arena_used(parsed.diags.arena), text.n + 100000);
	parsed_clear(&parsed);

	/* One list of as many items: no right recursion. */
	text.n = 0;
	nested(&text, "check [", "1,", 100000, "]\n", "");
	parsed = parse_bytes(ck_buf_view(&text));
	cr_expect(parsed.file && parsed.file->stmts[0]->value->n_items == 100000);
	parsed_clear(&parsed);
	ck_buf_clear(&text);
}

Test(grammar_limits, size_of_a_text)
{
	struct ck_buf text = {0};
	struct parsed parsed;

	ck_buf_str(&text, CK_STR("ckmig 1 #"));
	ck_buf_fill(&text, 'x', CK_MAX_TEXT - text.n);
	parsed = parse_bytes(ck_buf_view(&text));
	cr_expect_eq(parsed.code, CK_OK);
	parsed_clear(&parsed);
	ck_buf_char(&text, 'x');
	parsed = parse_bytes(ck_buf_view(&text));
	cr_expect(parsed.code == CK_SYNTAX && parsed.diags.n_errors == 1);
	parsed_clear(&parsed);
	ck_buf_clear(&text);
}

static size_t n_until_failure;

static int fail_one(enum ck_seam seam)
{
	return seam == CK_SEAM_ALLOC && n_until_failure-- == 0 ? ENOMEM : 0;
}

/* Each allocation fails once, and small arenas run full at every node: a code, no crash, no tree. */
Test(grammar_limits, short_memory)
{
	struct ck_str text = CK_STR("ckmig 1\nmigration \"m\" after \"a\"\nmap (\"a\"[1:2] : f32[d, _] where x, \"b\" | f(1.5, [1, 2])) | g -> (\"c\", same)\n"
				    "new \"x\" : f32[3] = normal(stddev=0.5)\ncheck f(\"a\", !x) within (-1, 1) # ckmig: allow(W0301) r\ndrop t:rest because \"y\"\n");
	bool passed = false;

	for (size_t n = 0; !passed && n < 1000; n++) {
		struct ck_arena *arena = ck_arena_new(CK_COMPILE_LIMIT);
		struct ck_diags diags;
		struct ck_ast_file *file = NULL;
		enum ck_code code;
		uint32_t number;

		cr_assert(arena && ck_diags_init(&diags));
		number = ck_diags_add_file(&diags, CK_STR("t"), text);
		n_until_failure = n;
		ck_seam_fault = fail_one;
		code = ck_parse(arena, &diags, number, &file);
		ck_seam_fault = NULL;
		passed = code == CK_OK;
		cr_expect(passed == (file != NULL) && (passed || code == CK_NOMEM), "%zu: %s", n, ck_code_number(code));
		ck_arena_free(arena);
		ck_diags_clear(&diags);
	}
	cr_assert(passed);
	passed = false;
	for (size_t limit = 0; !passed && limit < 100000; limit += 16) {
		struct ck_arena *arena = ck_arena_new(limit);
		struct ck_diags diags;
		struct ck_ast_file *file = NULL;

		cr_assert(arena && ck_diags_init(&diags));
		passed = ck_parse(arena, &diags, ck_diags_add_file(&diags, CK_STR("t"), text), &file) == CK_OK;
		cr_expect(passed == (file != NULL) && (passed || (diags.first_error == CK_NOMEM && diags.n_errors == 1)), "%zu", limit);
		ck_arena_free(arena);
		ck_diags_clear(&diags);
	}
	cr_assert(passed);
}
