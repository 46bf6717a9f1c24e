#include "bundle/base/diag.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "bundle/base/io.h"

static struct ck_diags diags;

static void set_up(void)
{
	cr_assert(ck_diags_init(&diags));
}

static void tear_down(void)
{
	ck_seam_fault = NULL;
	ck_diags_clear(&diags);
}

TestSuite(base_diag, .init = set_up, .fini = tear_down);

/* The span of the word's occurrence number `skip` (from 0) in a file. */
static struct ck_span find(uint32_t file, const char *word, int skip)
{
	const char *text = diags.files[file - 1].text.p, *found = strstr(text, word);
	for (; found && skip; skip--)
		found = strstr(found + 1, word);
	cr_assert_not_null(found, "%s", word);
	return (struct ck_span){file, (uint32_t)(found - text), (uint32_t)((size_t)(found - text) + strlen(word))};
}

static void expect(enum ck_format format, bool color, const char *wanted)
{
	struct ck_buf out = {0};
	ck_diags_render(&diags, format, color, &out);
	cr_assert_not(out.failed);
	cr_assert(ck_str_equal(ck_buf_view(&out), ck_str(wanted)), "got:\n%.*s\nwanted:\n%s", (int)out.n, out.p, wanted);
	ck_buf_clear(&out);
}

static uint32_t add_widen(void)
{
	uint32_t file = ck_diags_add_file(&diags, CK_STR("03_widen.ckmig"),
		CK_STR("ckmig 1\n\n# wider\nmap \"dense1/kernel\"\n\n  | pad(axis=0, after=1, with=zeros)\n  -> \"dense1/kernel\"\n"));
	cr_assert_eq(file, diags.n_files);
	return file;
}

Test(base_diag, text_as_documented)
{
	uint32_t file = add_widen();
	struct ck_diag *diag = ck_error(&diags, CK_SHAPE, find(file, "pad(axis=0, after=1, with=zeros)", 0),
					"concat gives [2, 1] but the template has [1, 2]");
	ck_diag_mark(&diags, diag, "makes f32[2, 1]");
	ck_diag_label(&diags, diag, find(file, "\"dense1/kernel\"", 1), "f32[1, 2] in new_init.index");
	ck_diag_label(&diags, diag, find(file, "\"dense1/kernel\"", 0), "f32[1, 1]");
	ck_diag_help(&diags, diag, "axis=%d would give [1, 2]", 1);
	cr_assert_eq(diags.first_error, CK_SHAPE);
	expect(CK_FORMAT_TEXT, false,
	       "error[E0304]: concat gives [2, 1] but the template has [1, 2]\n"
	       "  --> 03_widen.ckmig:6:5\n"
	       "   |\n"
	       " 4 | map \"dense1/kernel\"\n"
	       "   |     --------------- f32[1, 1]\n"
	       " 6 |   | pad(axis=0, after=1, with=zeros)\n"
	       "   |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ makes f32[2, 1]\n"
	       " 7 |   -> \"dense1/kernel\"\n"
	       "   |      --------------- f32[1, 2] in new_init.index\n"
	       "   |\n"
	       "   = help: axis=1 would give [1, 2]\n"
	       "   = note: ckmig explain E0304\n");
	expect(CK_FORMAT_GCC, false,
	       "03_widen.ckmig:6:5: error: concat gives [2, 1] but the template has [1, 2] [E0304]\n");
}

Test(base_diag, sorted_with_other_files_and_no_place)
{
	uint32_t file = add_widen();
	uint32_t other = ck_diags_add_file(&diags, CK_STR("b.ckmig"), CK_STR("one\ntwo\n3\n4\n5\n6\n7\n8\n9\nten"));
	errno = ENOENT;
	cr_assert_eq(ck_error_io(&diags, "read", CK_STR("a\n\"b")), CK_IO);
	struct ck_diag *diag = ck_warn(&diags, CK_LOSSY_CAST, find(other, "ten", 0), "late");
	ck_diag_label(&diags, diag, find(file, "map", 0), "here too");
	ck_diag_label(&diags, diag, find(other, "two", 0), "and %s", "here");
	ck_diag_note(&diags, diag, "a note\nof two lines");
	ck_error(&diags, CK_SYNTAX, find(file, "\n\n  |", 0), "at the end of a line");
	cr_assert_eq(diags.first_error, CK_IO);
	cr_assert(diags.n_errors == 2 && diags.n_warnings == 1);
	expect(CK_FORMAT_TEXT, false,
	       "error[E0101]: at the end of a line\n"
	       "  --> 03_widen.ckmig:4:20\n"
	       "   |\n"
	       " 4 | map \"dense1/kernel\"\n"
	       "   |                    ^\n"
	       "   |\n"
	       "   = note: ckmig explain E0101\n"
	       "\n"
	       "warning[W0302]: late\n"
	       "   --> b.ckmig:10:1\n"
	       "    |\n"
	       "  2 | two\n"
	       "    | --- and here\n"
	       " 10 | ten\n"
	       "    | ^^^\n"
	       "    |\n"
	       "   ::: 03_widen.ckmig:4:1\n"
	       "    |\n"
	       "  4 | map \"dense1/kernel\"\n"
	       "    | --- here too\n"
	       "    |\n"
	       "    = note: a note\n"
	       "            of two lines\n"
	       "    = note: ckmig explain W0302\n"
	       "\n"
	       "error[E0902]: cannot read \"a\\n\\\"b\": no such file or directory\n"
	       "   = help: check the path; it is taken from the folder where ckmig runs\n"
	       "   = note: ckmig explain E0902\n");
}

Test(base_diag, carets_under_tabs_and_wide_characters)
{
	uint32_t file = ck_diags_add_file(&diags, CK_STR("w"), CK_STR("\tx\t\"\xe6\x9c\xac\xc3\xa9\" \xff\x1b y\r\n"));
	struct ck_diag *diag = ck_error(&diags, CK_SYNTAX, find(file, "y", 0), "m");
	ck_diag_label(&diags, diag, find(file, "\xe6\x9c\xac", 0), "wide");
	ck_diag_label(&diags, diag, find(file, "x", 0), "%s", "");
	expect(CK_FORMAT_TEXT, false,
	       "error[E0101]: m\n"
	       "  --> w:1:12\n"
	       "   |\n"
	       " 1 |         x       \"\xe6\x9c\xac\xc3\xa9\" \xef\xbf\xbd\xef\xbf\xbd y\n"
	       "   |         -\n"
	       "   |                  -- wide\n"
	       "   |                          ^\n"
	       "   |\n"
	       "   = note: ckmig explain E0101\n");
}

Test(base_diag, long_lines_are_clipped)
{
	static char text[60000];
	memset(text, 'a', sizeof(text));
	memcpy(text + 30000, "HERE", 4);
	memcpy(text + 59990, "FARAWAY", 7);
	uint32_t file = ck_diags_add_file(&diags, CK_STR("long"), (struct ck_str){text, sizeof(text)});
	struct ck_diag *diag = ck_error(&diags, CK_SYNTAX, find(file, "HERE", 0), "m");
	ck_diag_label(&diags, diag, (struct ck_span){file, 59990, 60000}, "far");
	ck_diag_label(&diags, diag, (struct ck_span){file, 0, 60000}, "all");
	struct ck_buf out = {0};
	ck_diags_render(&diags, CK_FORMAT_TEXT, false, &out);
	ck_buf_char(&out, '\0');
	cr_assert_lt(out.n, 1000, "%s", out.p);
	cr_assert_not_null(strstr(out.p, "\n 1 | ...aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaHEREaaaaaa"), "%s", out.p);
	cr_assert_not_null(strstr(out.p, "\n   |                                  ^^^^\n"), "%s", out.p);
	cr_assert_not_null(strstr(out.p, "FARAWAYaaa\n   |                                  ---------- far\n"), "%s", out.p);
	for (const char *line = out.p; *line; line = strchr(line, '\n') + 1)
		cr_assert_leq(strchr(line, '\n') - line, 5 + 100 + 4, "%s", line);
	ck_buf_clear(&out);
}

/* A message may quote the text it is about, and a file may be named anything. */
Test(base_diag, no_control_character_gets_through)
{
	uint32_t file = ck_diags_add_file(&diags, CK_STR("a\x1b\n.ckmig"), CK_STR("keep \x1b]0;rest\n"));
	struct ck_diag *diag = ck_error(&diags, CK_SYNTAX, find(file, "rest", 0), "before %s", "\x1b]0;\"\\\xff\xe2\x80\xae");
	ck_diag_mark(&diags, diag, "\x01");
	ck_diag_help(&diags, diag, "two\nlines%s", "\x7f\t");
	expect(CK_FORMAT_TEXT, false,
	       "error[E0101]: before \\u{1b}]0;\"\\\\x{ff}\\u{202e}\n"
	       "  --> a\\u{1b}\\n.ckmig:1:10\n"
	       "   |\n"
	       " 1 | keep \xef\xbf\xbd]0;rest\n"
	       "   |          ^^^^ \\u{1}\n"
	       "   |\n"
	       "   = help: two\n"
	       "           lines\\u{7f}\\t\n"
	       "   = note: ckmig explain E0101\n");
	expect(CK_FORMAT_GCC, false, "a\\u{1b}\\n.ckmig:1:10: error: before \\u{1b}]0;\"\\\\x{ff}\\u{202e} [E0101]\n");
}

Test(base_diag, color)
{
	ck_error(&diags, CK_USAGE, (struct ck_span){0}, "m");
	expect(CK_FORMAT_TEXT, true,
	       "\x1b[1;31merror[E0901]\x1b[0m: \x1b[1mm\x1b[0m\n"
	       "\x1b[1;34m   = \x1b[0m\x1b[1mnote\x1b[0m: ckmig explain E0901\n");
}

Test(base_diag, json_and_sarif)
{
	uint32_t file = ck_diags_add_file(&diags, CK_STR("a b\xff"), CK_STR("\n\"\xc3\xa9\" x\n"));
	struct ck_diag *diag = ck_error(&diags, CK_SHAPE, find(file, "x", 0), "bytes \xff");
	ck_diag_label(&diags, diag, find(file, "\xc3\xa9", 0), "l");
	ck_diag_help(&diags, diag, "h");
	ck_warn(&diags, CK_UNUSED_NAME, (struct ck_span){0}, "w");
	expect(CK_FORMAT_JSON, false,
	       "{\"code\":\"E0304\",\"severity\":\"error\",\"message\":\"bytes \\\\x{ff}\",\"file\":\"a b\\\\x{ff}\",\"line\":2,"
	       "\"column\":5,\"end_line\":2,\"end_column\":6,\"label\":\"\",\"labels\":[{\"message\":\"l\",\"file\":\"a b\\\\x{ff}\","
	       "\"line\":2,\"column\":2,\"end_line\":2,\"end_column\":3}],\"notes\":[],\"helps\":[\"h\"]}\n"
	       "{\"code\":\"W0201\",\"severity\":\"warning\",\"message\":\"w\",\"file\":null,\"line\":null,\"column\":null,"
	       "\"end_line\":null,\"end_column\":null,\"label\":\"\",\"labels\":[],\"notes\":[],\"helps\":[]}\n");

	struct ck_buf out = {0};
	ck_diags_render(&diags, CK_FORMAT_SARIF, false, &out);
	json_t *log = json_loadb(out.p, out.n, 0, NULL), *results, *run;
	cr_assert_not_null(log);
	cr_assert_str_eq(json_string_value(json_object_get(log, "version")), "2.1.0");
	run = json_array_get(json_object_get(log, "runs"), 0);
	results = json_object_get(run, "results");
	cr_assert_eq(json_array_size(results), 2);
	const char *uri = NULL, *id = NULL;
	int line = 0;
	cr_assert_eq(json_unpack(json_array_get(results, 0), "{s:s, s:[{s:{s:{s:s}, s:{s:i}}}]}", "ruleId", &id, "locations",
				 "physicalLocation", "artifactLocation", "uri", &uri, "region", "startLine", &line), 0);
	cr_assert_str_eq(id, "E0304");
	cr_assert_str_eq(uri, "a%20b%FF");
	cr_assert_eq(line, 2);
	json_decref(log);
	ck_buf_clear(&out);
}

Test(base_diag, too_many_are_counted)
{
	for (int i = 0; i < CK_MAX_DIAGS + 7; i++) {
		struct ck_diag *diag = ck_error(&diags, CK_SYNTAX, (struct ck_span){0}, "number %d", i);
		ck_diag_help(&diags, diag, "h");
		ck_diag_note(&diags, diag, "n");
		ck_diag_mark(&diags, diag, "m");
	}
	cr_assert(diags.n_errors == CK_MAX_DIAGS + 7 && diags.n_items == CK_MAX_DIAGS && diags.n_suppressed == 7);
	struct ck_buf out = {0};
	ck_diags_render(&diags, CK_FORMAT_TEXT, false, &out);
	cr_assert(ck_str_ends(ck_buf_view(&out), CK_STR("\n7 more not shown\n")));
	ck_buf_clear(&out);
}

static int no_memory(enum ck_seam seam)
{
	return seam == CK_SEAM_ALLOC ? ENOMEM : 0;
}

Test(base_diag, short_memory_is_told)
{
	static char name[100000];
	memset(name, 'n', sizeof(name));
	ck_seam_fault = no_memory;
	struct ck_diag *diag = ck_error(&diags, CK_SYNTAX, (struct ck_span){0}, "%.*s", (int)sizeof(name), name);
	ck_diag_note(&diags, diag, "n");
	cr_assert_eq(ck_error_nomem(&diags), CK_NOMEM);
	ck_seam_fault = NULL;
	cr_assert_eq(diags.first_error, CK_SYNTAX);
	expect(CK_FORMAT_GCC, false, "ckmig: error: memory is short, so that messages were lost [E0903]\n");
}

Test(base_diag, the_last_one)
{
	ck_diag_note(&diags, ck_diags_last(&diags), "about %s", "nothing");
	cr_expect_eq(diags.n_items, 0);
	struct ck_diag *diag = ck_error(&diags, CK_IO, (struct ck_span){0}, "one");
	cr_expect_eq(ck_diags_last(&diags), diag);
}

Test(base_diag, codes_and_spans)
{
	for (enum ck_code code = CK_OK + 1; code < CK_N_CODES; code++) {
		const char *number = ck_code_number(code);
		cr_assert(strlen(number) == 5 && strlen(ck_code_summary(code)) > 5, "%s", number);
		cr_assert_eq(ck_code_find(ck_str(number)), code, "%s: is it there twice?", number);
	}
	cr_assert_eq(ck_code_find(CK_STR("e0304")), CK_SHAPE);
	cr_assert_eq(ck_code_find(CK_STR("E9999")), CK_OK);
	cr_assert_eq(ck_code_find(CK_STR("")), CK_OK);
	struct ck_span joined = ck_span_join((struct ck_span){1, 5, 9}, (struct ck_span){1, 2, 6});
	cr_assert(joined.file == 1 && joined.begin == 2 && joined.end == 9);
	joined = ck_span_join((struct ck_span){0}, (struct ck_span){2, 3, 4});
	cr_assert(joined.file == 2 && joined.begin == 3);
	cr_assert_eq(ck_diags_text(&diags, (struct ck_span){9, 0, 1}).n, 0);
}

/* A comment silences a warning on its own line, on the lines of the statement, and from the line before it. */
Test(base_diag, comments_silence)
{
	uint32_t file = ck_diags_add_file(&diags, CK_STR("a"), CK_STR("# one\nmap\n  -> # two\n# three\nkeep\n"));
	uint32_t other = ck_diags_add_file(&diags, CK_STR("b"), CK_STR("# one\nmap"));
	struct ck_span map = ck_span_join(find(file, "map", 0), find(file, "->", 0)), keep = find(file, "keep", 0);

	cr_expect(ck_diags_silences(&diags, find(file, "# one", 0), map));
	cr_expect(ck_diags_silences(&diags, find(file, "# two", 0), map));
	cr_expect_not(ck_diags_silences(&diags, find(file, "# three", 0), map));
	cr_expect_not(ck_diags_silences(&diags, find(file, "# two", 0), keep));
	cr_expect(ck_diags_silences(&diags, find(file, "# three", 0), keep));
	cr_expect_not(ck_diags_silences(&diags, find(other, "# one", 0), map));
	cr_expect_not(ck_diags_silences(&diags, find(file, "# one", 0), (struct ck_span){0}));
}
