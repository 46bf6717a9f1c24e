#include "tests/unit/grammar.h"

#include <math.h>
#include <string.h>

static struct parsed parse_let(const char *value)
{
	struct ck_buf text = {0};
	struct parsed parsed;

	ck_buf_printf(&text, "ckmig 1\nlet x = %s\n", value);
	parsed = parse_bytes(ck_buf_view(&text));
	ck_buf_clear(&text);
	return parsed;
}

static const struct {
	const char *text;
	int64_t value;
} integers[] = {
	{"0", 0}, {"007", 7}, {"1_000_000", 1000000}, {"16K", 16000}, {"2M", 2000000}, {"3G", 3000000000}, {"1Ki", 1024}, {"1_0Mi", 10485760},
	{"4Gi", (int64_t)4 << 30}, {"9223372036854775807", INT64_MAX}, {"0000000000000000000000000009", 9}, {"8589934591Gi", INT64_MAX - 0x3fffffff},
};

static const struct {
	const char *text;
	double value;
} floats[] = {
	{"0.5", 0.5}, {"1e-3", 1e-3}, {"12E+2", 1200}, {"1.25e2", 125}, {"0.0", 0}, {"0e9", 0}, {"1e308", 1e308}, {"5e-324", 5e-324}, {"00.50", 0.5},
	{"inf", INFINITY},
};

static const char *const bad_numbers[] = {
	"12abc", "0x10", "1.5K", "5KI", "5k", "1Kii", "1_", "1__0", "1_K", "1.", ".5", "1.2.3", "1e", "1e+", "1.5e", "1_0.5", "9223372036854775808",
	"9223372036854775807K", "99999999999999999999", "18446744073709551616", "9000000000000Gi", "1e999", "1e-999", "1.e5", "3x",
};

Test(grammar_literal, numbers)
{
	for (size_t i = 0; i < CK_COUNT(integers); i++) {
		struct parsed parsed = parse_let(integers[i].text);

		cr_assert(parsed.file, "%s", integers[i].text);
		cr_expect(parsed.file->stmts[0]->value->kind == CK_AST_INT, "%s", integers[i].text);
		cr_expect(parsed.file->stmts[0]->value->integer == integers[i].value, "%s: %lld", integers[i].text,
			  (long long)parsed.file->stmts[0]->value->integer);
		parsed_clear(&parsed);
	}
	for (size_t i = 0; i < CK_COUNT(floats); i++) {
		struct parsed parsed = parse_let(floats[i].text);

		cr_assert(parsed.file, "%s", floats[i].text);
		cr_expect(parsed.file->stmts[0]->value->kind == CK_AST_FLOAT, "%s", floats[i].text);
		cr_expect(memcmp(&parsed.file->stmts[0]->value->number, &floats[i].value, sizeof(double)) == 0, "%s: %g", floats[i].text,
			  parsed.file->stmts[0]->value->number);
		parsed_clear(&parsed);
	}
	for (size_t i = 0; i < CK_COUNT(bad_numbers); i++) {
		struct parsed parsed = parse_let(bad_numbers[i]);

		cr_expect(parsed.code == CK_BAD_NUMBER && parsed.diags.n_errors == 1, "%s", bad_numbers[i]);
		if (parsed.diags.n_items)
			cr_expect(ck_str_equal(ck_diags_text(&parsed.diags, parsed.diags.items[0]->span), ck_str(bad_numbers[i])), "%s", bad_numbers[i]);
		parsed_clear(&parsed);
	}
}

#define BYTES(literal) {(literal), sizeof(literal) - 1}

static const struct {
	const char *text;
	struct ck_str value;
} strings[] = {
	{"\"\"", BYTES("")}, {"\"a b\"", BYTES("a b")}, {"\"\\\"\\\\\\n\\t\"", BYTES("\"\\\n\t")}, {"\"\\u{2A}\"", BYTES("*")},
	{"\"\\u{e9}\\u{20AC}\\u{01F600}\"", BYTES("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80")}, {"\"\\u{0}\\u{10ffff}\"", BYTES("\0\xf4\x8f\xbf\xbf")},
	{"\"\\u{7f}\\u{80}\\u{7ff}\\u{800}\\u{ffff}\"", BYTES("\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf")},
	{"\"\\x{ff}\\x{00}\\x{0A}\"", BYTES("\xff\0\n")}, {"\"\xc3\xa9 # no comment\"", BYTES("\xc3\xa9 # no comment")}, {"\"{i:int}/'*\"", BYTES("{i:int}/'*")},
};

static const struct {
	const char *text;
	const char *marked;	/* what the error underlines */
} bad_strings[] = {
	{"\"a\\qb\"", "\\q"}, {"\"\\\xc3\xa9\"", "\\\xc3\xa9"}, {"\"\\u0041\"", "\\u0041"}, {"\"\\u{}\"", "\\u{}"}, {"\"\\u{1234567}\"", "\\u{1234567}"},
	{"\"\\u{d800}\"", "\\u{d800}"}, {"\"\\u{DFFF}\"", "\\u{DFFF}"}, {"\"\\u{110000}\"", "\\u{110000}"}, {"\"\\u{12\"", "\\u{12"}, {"\"\\u{1g}\"", "\\u{1"},
	{"\"\\x{1}\"", "\\x{1}"}, {"\"\\x{123}\"", "\\x{123}"}, {"\"\\x41\"", "\\x41"}, {"\"a\tb\"", "\t"}, {"\"\x1b\"", "\x1b"}, {"\"\x7f\"", "\x7f"},
	{"\"\xc2\x85\"", "\xc2\x85"}, {"\"abc", "\"abc"}, {"\"abc\\", "\"abc\\"}, {"'it'", "'it'"},
};

Test(grammar_literal, strings)
{
	for (size_t i = 0; i < CK_COUNT(strings); i++) {
		struct parsed parsed = parse_let(strings[i].text);
		struct ck_str value;

		cr_assert(parsed.file, "%s", strings[i].text);
		value = parsed.file->stmts[0]->value->string.text;
		cr_expect(ck_str_equal(value, strings[i].value), "%s: %.*s", strings[i].text, CK_STR_ARG(value));
		cr_expect(ck_str_equal(ck_diags_text(&parsed.diags, parsed.file->stmts[0]->value->span), ck_str(strings[i].text)));
		parsed_clear(&parsed);
	}
	for (size_t i = 0; i < CK_COUNT(bad_strings); i++) {
		struct parsed parsed = parse_let(bad_strings[i].text);

		cr_expect(parsed.code == CK_BAD_STRING && parsed.diags.n_errors == 1, "%s", bad_strings[i].text);
		if (parsed.diags.n_items) {
			struct ck_str marked = ck_diags_text(&parsed.diags, parsed.diags.items[0]->span);

			cr_expect(ck_str_equal(marked, ck_str(bad_strings[i].marked)), "%s: %.*s", bad_strings[i].text, CK_STR_ARG(marked));
		}
		parsed_clear(&parsed);
	}
}

Test(grammar_literal, bytes_that_are_no_text)
{
	struct parsed parsed = parse_bytes(CK_STR("ckmig 1\nkeep \"a\xff\xfe\0\0b\"\n# \xc0\x80 \xed\xa0\x80\nkeep rest \0\n"));
	static const struct {
		uint32_t begin, end;
	} places[] = {{15, 17}, {17, 19}, {24, 26}, {27, 30}, {41, 42}};

	cr_assert(parsed.code == CK_BAD_CHARACTER && parsed.diags.n_errors == CK_COUNT(places), "%zu", parsed.diags.n_errors);
	for (size_t i = 0; i < CK_COUNT(places); i++) {
		struct ck_span span = parsed.diags.items[i]->span;

		cr_expect(span.begin == places[i].begin && span.end == places[i].end, "%zu: %u to %u", i, span.begin, span.end);
	}
	parsed_clear(&parsed);
}

Test(grammar_literal, comments_marks_and_line_ends)
{
	struct parsed parsed = parse_bytes(CK_STR("\xef\xbb\xbf# ckmig 2\r\nckmig 1# one\r\n"
		"keep rest # ckmig: allow(W0301) a \"reason\" # here \r\n"
		"  #ckmig:allow( W0201 )\n# ckmig: allow W0201\n# ckmig: alow(W0201)\n# see ckmig: allow(W0201)\n# ckmig: allow(W0301"));
	struct ck_buf out = shown(&parsed);

	cr_assert_str_eq(out.p, "(ckmig 1)\n(keep (ref rest))\n(allow W0301 \"a \\\"reason\\\" # here\")\n(allow W0201 \"\")\n", "%s", out.p);
	cr_assert(ck_str_equal(ck_diags_text(&parsed.diags, parsed.file->allows[1].span), CK_STR("#ckmig:allow( W0201 )")));
	ck_buf_clear(&out);
	parsed_clear(&parsed);
}
