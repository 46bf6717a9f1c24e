#include "tests/unit/grammar.h"

#include <stdio.h>
#include <string.h>

#include "bundle/base/render.h"

/* One mistake each, in a file that is right otherwise: the only diagnostic, its code, its place and what it must say. */
static const struct {
	const char *text;	/* after `ckmig 1` and a line break */
	const char *number;
	unsigned line, column;
	const char *says[3];
} mistakes[] = {
	{"map \"a\" | concat(axis=1) where i == 1 -> \"b\"", "E0101", 2, 26, {"after an operator", "before the first `|`"}},
	{"map \"a\" -> \"b\" where i == 1", "E0101", 2, 16, {"after the targets"}},
	{"keep \"a\" where i where j", "E0101", 2, 18, {"a second `where`", "`&&`"}},
	{"map \"a\" where i = 1 -> \"b\"", "E0101", 2, 17, {"expected `==`"}},
	{"keep \"a\" where \"a\" = \"b\"", "E0101", 2, 20, {"expected `==`"}},
	{"check dtype(\"x\") = f32", "E0101", 2, 18, {"expected `==`"}},
	{"map \"a\" = \"b\"", "E0101", 2, 9, {"expected `->`"}},
	{"map \"a\" => \"b\"", "E0101", 2, 9, {"write `->`"}},
	{"map \"a\" \xe2\x86\x92 \"b\"", "E0102", 2, 9, {"write `->`"}},
	{"map \"a\" | f(1 = 2) -> \"b\"", "E0101", 2, 15, {"expected `==`"}},
	{"map path:rest:\"a\" -> \"b\"", "E0101", 2, 10, {"write rest:path:\"...\""}},
	{"drop full:rest:\"a\" because \"r\"", "E0101", 2, 11, {"write rest:full:\"...\""}},
	{"let map = 3", "E0107", 2, 5, {"`map` is a reserved word", "`map_`"}},
	{"input source", "E0107", 2, 7, {"`source` is a reserved word"}},
	{"slot new = \"{x}/m\"", "E0107", 2, 6, {"`new` is a reserved word"}},
	{"slots follow as new", "E0107", 2, 17, {"`new` is a reserved word"}},
	{"check rest == 1", "E0107", 2, 7, {"`rest` is a reserved word"}},
	{"drop \"cls/**\"", "E0101", 2, 14, {"wants a reason", "because \""}},
	{"drop \"cls/**\"\nkeep rest", "E0101", 2, 14, {"wants a reason", "expected `because` or `where`"}},
	{"drop \"cls/**\" \"why\"", "E0101", 2, 15, {"wants a reason"}},
	{"slots drop", "E0101", 2, 11, {"`slots drop` wants a reason"}},
	{"drop also \"a\" because \"r\"", "E0101", 2, 6, {"`drop` takes no `also`"}},
	{"keep also optional also rest", "E0108", 2, 20, {"`also` stands twice", "the first one"}},
	{"map (\"a\", \"b\" -> \"c\"", "E0101", 2, 15, {"a `(` is not closed before `->`", "opened here"}},
	{"map \"a\" | pad(axis=0\nkeep rest", "E0101", 2, 21, {"a `(` is not closed before `keep`"}},
	{"new \"x\" : f32[3 = zeros", "E0101", 2, 17, {"a `[` is not closed before `=`"}},
	{"check f([1, 2)", "E0101", 2, 14, {"a `[` is not closed before `)`"}},
	{"check (1 + 2", "E0101", 2, 13, {"a `(` is not closed before the end of the file"}},
	{"keep rest)", "E0101", 2, 10, {"`)` closes nothing"}},
	{"map (\"a\" \"b\") | concat(axis=0) -> \"c\"", "E0101", 2, 10, {"a comma is missing before \"b\"", "after this"}},
	{"map \"a\" | pad(axis=0 after=1) -> \"b\"", "E0101", 2, 22, {"a comma is missing before `after`"}},
	{"map \"a\" | take(0, [0 1]) -> \"b\"", "E0101", 2, 22, {"a comma is missing before `1`"}},
	{"new \"x\" : f32[3 _] = zeros", "E0101", 2, 17, {"a comma is missing before `_`"}},
	{"mpa \"a\" -> \"b\"", "E0101", 2, 1, {"there is no statement `mpa`", "did you mean `map`?"}},
	{"keep \"x\"\ndrp \"a\" because \"b\"", "E0101", 3, 1, {"did you mean `drop`?"}},
	{"drop \"a\" becuse \"b\"", "E0101", 2, 10, {"did you mean `because`?"}},
	{"slot follow as keras3", "E0101", 2, 13, {"said by `slots`", "write `slots follow`"}},
	{"slot drop because \"r\"", "E0101", 2, 6, {"said by `slots`", "write `slots drop"}},
	{"slots folow", "E0101", 2, 7, {"did you mean `follow`?", "expected `drop` or `follow`"}},
	{"target name", "E0101", 2, 8, {"did you mean `names`?"}},
	{"keep reste", "E0101", 2, 6, {"did you mean `rest`?", "stand in quotes"}},
	{"map kernel -> \"b\"", "E0101", 2, 5, {"write \"kernel\""}},
	{"map optinal \"a\" -> \"b\"", "E0101", 2, 5, {"did you mean `optional`?"}},
	{"keep alos \"a\"", "E0101", 2, 6, {"did you mean `also`?"}},
	{"map \"a\" | concat(axis 0) -> \"b\"", "E0101", 2, 23, {"a `=` is missing", "written axis=0"}},
	{"map \"a\" | concat(axis=) -> \"b\"", "E0101", 2, 23, {"unexpected `)`", "expected an argument"}},
	{"map \"a\", \"b\" -> \"c\"", "E0101", 2, 8, {"stand in parentheses"}},
	{"keep \"a\", \"b\"", "E0101", 2, 9, {"one pattern a statement"}},
	{"map \"a\" -> \"b\" | transpose", "E0101", 2, 16, {"before the `->`"}},
	{"keep rest because \"x\"", "E0101", 2, 11, {"write a comment"}},
	{"map \"a\" : f32 -> \"b\"", "E0101", 2, 15, {"a type has brackets"}},
	{"map \"a\" : [2] -> \"b\"", "E0101", 2, 11, {"begins with its dtype"}},
	{"keep \"a\" where not rank == 1", "E0101", 2, 20, {"write `!`"}},
	{"check count(\"a\") => 1", "E0101", 2, 18, {"write `>=`"}},
	{"check a and b", "E0101", 2, 9, {"write `&&`"}},
	{"check a & b", "E0101", 2, 9, {"write `&&`"}},
	{"check 1 < 2 < 3", "E0101", 2, 13, {"do not chain", "within (a, c)"}},
	{"check a == b within (1, 2)", "E0101", 2, 14, {"do not chain"}},
	{"map \"a\" ->", "E0101", 2, 11, {"the `map` statement is not complete", "expected `(`, `same`, `path`, `full` or a string"}},
	{"map ->", "E0101", 2, 5, {"unexpected `->`", "a source such as", "`optional`"}},
	{"let x =\nkeep rest", "E0101", 2, 8, {"the `let` statement is not complete", "expected a value"}},
	{"ckmig 1", "E0108", 2, 1, {"stands once"}},
	{"map 'a' -> \"b\"", "E0103", 2, 5, {"double quotes", "write \"a\""}},
	{"map \xe2\x80\x9c""a\xe2\x80\x9d -> \"b\"", "E0103", 2, 5, {"typographic"}},
	{"map \"a\nkeep rest", "E0103", 2, 5, {"does not end on its line"}},
	{"map \"a -> \"b\"", "E0101", 2, 12, {"unexpected `b`"}},
	{"keep \"a\\\"", "E0103", 2, 6, {"does not end on its line"}},
	{"keep rest;", "E0102", 2, 10, {"`;` (U+003B)", "leave it out"}},
	{"keep\xc2\xa0rest", "E0102", 2, 5, {"no-break space"}},
	{"// words", "E0101", 2, 1, {"a comment begins with `#`"}},
	{"keep \"a\" where i <> 1", "E0101", 2, 18, {"write `!=`"}},
	{"let gr\xc3\xb6\xc3\x9f""e = 1", "E0102", 2, 5, {"outside A-Z"}},
	{"map source : f32[] -> \"b\"", "E0101", 2, 14, {"unexpected `f32`"}},
};

static void check_mistake(size_t row)
{
	struct ck_buf text = {0};
	struct parsed parsed;
	struct ck_buf out;
	struct ck_place place;
	const struct ck_diag *diag;

	ck_buf_printf(&text, "ckmig 1\n%s\n", mistakes[row].text);
	parsed = parse_bytes(ck_buf_view(&text));
	out = shown(&parsed);
	cr_expect(parsed.diags.n_items == 1, "%s\n%s", mistakes[row].text, out.p);
	diag = parsed.diags.n_items ? parsed.diags.items[0] : NULL;
	if (diag) {
		place = ck_place_of(&parsed.diags, diag->span);
		cr_expect_str_eq(ck_code_number(diag->code), mistakes[row].number, "%s\n%s", mistakes[row].text, out.p);
		cr_expect(place.line == mistakes[row].line && place.column == mistakes[row].column, "%s\n%s", mistakes[row].text, out.p);
		cr_expect(diag->label.n && diag->n_helps, "no label or help: %s\n%s", mistakes[row].text, out.p);
	}
	for (size_t i = 0; i < CK_COUNT(mistakes[row].says) && mistakes[row].says[i]; i++)
		cr_expect(strstr(out.p, mistakes[row].says[i]), "`%s` is not in\n%s", mistakes[row].says[i], out.p);
	ck_buf_clear(&out);
	ck_buf_clear(&text);
	parsed_clear(&parsed);
}

Test(grammar_errors, each_mistake_is_explained_once)
{
	for (size_t i = 0; i < CK_COUNT(mistakes); i++)
		check_mistake(i);
}

/* Twelve statements with a mistake, right ones between them: twelve errors, each on the line of its own. */
Test(grammar_errors, twelve_errors_are_twelve)
{
	static const unsigned lines[] = {3, 5, 8, 10, 12, 15, 17, 19, 21, 23, 26, 29};
	struct parsed parsed = parse_bytes(CK_STR(
		"ckmig 1\n"
		"migration \"m\" summary \"s\"\n"
		"mpa \"a\" -> \"b\"\n"				/* 3 */
		"let heads = 12\n"
		"map \"a\" = \"b\"\n"				/* 5 */
		"keep \"c\"\n"
		"map \"d\"\n"
		"  | concat(axis=1) where i == 1 -> \"e\"\n"		/* 8 */
		"keep \"f\"\n"
		"map path:rest:\"g\" -> \"h\"\n"			/* 10 */
		"new \"i\" : f32[2] = ones\n"
		"let map = 3\n"					/* 12 */
		"keep \"j\"\n"
		"map (\"k\",\n"
		"     \"l\" -> \"m\"\n"				/* 15 */
		"keep \"n\"\n"
		"drop \"o\"\n"					/* 17 */
		"alias \"p\" = \"q\"\n"
		"map \"r\" | pad(axis=0 after=1) -> \"r\"\n"		/* 19 */
		"input teacher\n"
		"keep \"s\" where 1 < 2 < 3\n"			/* 21 */
		"check finite(\"**\")\n"
		"map \"t\" | pad(\n"				/* 23: the line where something is missing */
		"keep \"u\"\n"
		"check f(new=1,\n"
		"  [1, 2)\n"						/* 26 */
		"map \"v\" | f(\n"
		"  new=1) -> \"w\"\n"
		"map \"x -> y\n"					/* 29 */
		"check count(\"*\") == 3\n"));
	struct ck_buf out = shown(&parsed);

	cr_assert_eq(parsed.diags.n_errors, CK_COUNT(lines), "%s", out.p);
	cr_assert_eq(parsed.code, CK_SYNTAX);
	for (size_t i = 0; i < CK_COUNT(lines); i++) {
		struct ck_place place = ck_place_of(&parsed.diags, parsed.diags.items[i]->span);

		cr_expect(place.line == lines[i], "error %zu is on line %zu\n%s", i, place.line, out.p);
		cr_expect(parsed.diags.items[i]->label.n && parsed.diags.items[i]->n_helps);
	}
	ck_buf_clear(&out);
	parsed_clear(&parsed);
}

/* Whole files whose header is the matter. */
static const struct {
	const char *text, *number;
	size_t n_errors;
	const char *says;
} headers[] = {
	{"", "E0106", 1, "write `ckmig 1` on the first line"},
	{"\n# only a comment", "E0106", 1, "write `ckmig 1`"},
	{"ckmig", "E0106", 1, "write `ckmig 1`"},
	{"ckmig \"1\"\nkeep rest", "E0106", 1, "write `ckmig 1`"},
	{"keep rest\n", "E0106", 1, "1 | keep rest"},
	{"map \"a\" -> \"b\"\ndrop \"c\"\n", "E0106", 2, "wants a reason"},
	{"ckmig 2\nanything goes here\n", "E0106", 1, "supports edition 1"},
	{"ckmig 0\n", "E0106", 1, "there is no edition 0"},
	{"\xff\xfe" "c\0k\0", "E0102", 1, "UTF-16"},
};

Test(grammar_errors, the_edition_comes_first)
{
	for (size_t i = 0; i < CK_COUNT(headers); i++) {
		struct parsed parsed = parse_bytes(ck_str(headers[i].text));
		struct ck_buf out = shown(&parsed);

		cr_expect_str_eq(ck_code_number(parsed.code), headers[i].number, "%s\n%s", headers[i].text, out.p);
		cr_expect(parsed.diags.n_errors == headers[i].n_errors, "%s\n%s", headers[i].text, out.p);
		cr_expect(strstr(out.p, headers[i].says), "%s\n%s", headers[i].text, out.p);
		ck_buf_clear(&out);
		parsed_clear(&parsed);
	}
}

Test(grammar_errors, a_subtraction_in_a_list_warns)
{
	struct parsed parsed = parse_bytes(CK_STR("ckmig 1\nmap \"a\"[0 -1] | f([0 -1], a - 1, b-1, 0 -2) : f32[3 -d] -> \"b\"\n"));

	/* The type does not belong there; warnings come first. */
	cr_assert(parsed.diags.n_warnings == 3 && parsed.diags.n_errors == 1);
	cr_assert_eq(parsed.diags.items[0]->code, CK_MISSING_COMMA);
	cr_assert(ck_str_equal(ck_diags_text(&parsed.diags, parsed.diags.items[1]->span), CK_STR("0 -1")));
	parsed_clear(&parsed);
	parsed = parse_bytes(CK_STR("ckmig 1\ncheck shape(\"a\") == [0 -1]\n"));
	cr_assert(parsed.code == CK_OK && parsed.diags.n_warnings == 1);
	parsed_clear(&parsed);
}
