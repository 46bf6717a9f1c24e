/* Tokens that need more than a rule of the scanner: words, numbers, strings, comments, and what is no token at all. */
#include "grammar/reader.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "grammar/parser.h"

static struct ck_span part_of(struct ck_span whole, size_t begin, size_t end)
{
	return (struct ck_span){whole.file, whole.begin + (uint32_t)begin, whole.begin + (uint32_t)end};
}

int ck_read_word(struct ck_reader *reader, struct ck_token *token)
{
	struct ck_str text = ck_read_text(reader, token->span);
	const struct ck_word *word = ck_word_find(text);

	token->value.ident = ck_build_ident(reader, token->span);
	return word ? word->token : CK_TOK_IDENT;
}

int ck_read_foreign_word(struct ck_reader *reader, struct ck_token *token)
{
	struct ck_diag *diag = ck_read_error(reader, CK_BAD_CHARACTER, token->span, "a name with a character outside A-Z, a-z, 0-9 and _");

	ck_diag_mark(reader->diags, diag, "not a name of the language");
	ck_diag_help(reader->diags, diag, "spell it with letters of ASCII; names of variables stand in quotes and may hold any character");
	token->value.ident = ck_build_ident(reader, token->span);
	return CK_TOK_IDENT;
}

/* Numbers. */

static const struct {
	const char *text;
	uint64_t factor;
} suffixes[] = {
	{"", 1}, {"K", 1000}, {"M", 1000000}, {"G", 1000000000}, {"Ki", 1 << 10}, {"Mi", 1 << 20}, {"Gi", 1 << 30},
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t skip_digits(struct ck_str text, size_t at)
{
	while (at < text.n && is_digit(text.p[at]))
		at++;
	return at;
}

/* True when text is digits, then a point with digits, an exponent, or both. */
static bool is_float(struct ck_str text)
{
	size_t at = skip_digits(text, 0), begin;
	bool has_point = false;

	if (at && at < text.n && text.p[at] == '.') {
		begin = at + 1;
		at = skip_digits(text, begin);
		has_point = true;
		if (at == begin)
			return false;
	}
	if (at < text.n && (text.p[at] == 'e' || text.p[at] == 'E')) {
		at++;
		if (at < text.n && (text.p[at] == '+' || text.p[at] == '-'))
			at++;
		begin = at;
		at = skip_digits(text, at);
		return at > begin && at == text.n;
	}
	return has_point && at == text.n;
}

static void read_float(struct ck_reader *reader, struct ck_token *token, struct ck_str text)
{
	/* A program that we are linked into may have set a locale whose numbers have commas. */
	locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	struct ck_str copy = ck_str_copy(reader->arena, text);
	size_t exponent = ck_str_find(text, 'e') < text.n ? ck_str_find(text, 'e') : ck_str_find(text, 'E');
	bool is_zero = strspn(copy.p ? copy.p : "", "0.") >= exponent;

	token->value.number = copy.p && c ? strtod_l(copy.p, NULL, c) : 0;
	if (c)
		freelocale(c);
	if (copy.p && (token->value.number > 1.7976931348623157e308 || (token->value.number == 0 && !is_zero))) {
		struct ck_diag *diag = ck_read_error(reader, CK_BAD_NUMBER, token->span, "a number too %s for 64-bit floating point",
						     token->value.number > 0 ? "large" : "small");

		ck_diag_mark(reader->diags, diag, "would become %s", token->value.number > 0 ? "inf" : "0");
		ck_diag_help(reader->diags, diag, "expected at most 1.797e308 and at least 4.9e-324; or write `inf` or `0.0`");
	}
}

/* Why a token that begins like a number is none. */
static void bad_number(struct ck_reader *reader, const struct ck_token *token, struct ck_str text)
{
	size_t at = skip_digits(text, 0);
	struct ck_diag *diag;

	if (at && at + 1 < text.n && text.p[at] == '.' && is_digit(text.p[at + 1]))
		at = skip_digits(text, at + 1);
	while (at && at + 1 < text.n && text.p[at] == '_' && is_digit(text.p[at + 1]))
		at = skip_digits(text, at + 1);
	if (at < text.n && text.p[at] == '.')
		diag = ck_read_error(reader, CK_BAD_NUMBER, token->span, "a number that cannot be read: one point, with digits on both sides");
	else if (at == text.n || text.p[at] == '_')
		diag = ck_read_error(reader, CK_BAD_NUMBER, token->span, "a number that cannot be read: `_` stands between two digits of an integer");
	else
		diag = ck_read_error(reader, CK_BAD_NUMBER, token->span, "a number runs into the letter `%c`", text.p[at]);
	ck_diag_mark(reader->diags, diag, "not a number");
	ck_diag_help(reader->diags, diag, "expected 12, 1_000, 16Ki, 0.5 or 1e-3; integers are decimal and may end in K, M, G, Ki, Mi or Gi");
}

int ck_read_number(struct ck_reader *reader, struct ck_token *token)
{
	struct ck_str text = ck_read_text(reader, token->span), suffix;
	uint64_t number = 0;
	bool fits = true;
	size_t at = 0, row = 0;

	if (is_float(text)) {
		read_float(reader, token, text);
		return CK_TOK_FLOAT;
	}
	token->value.integer = 0;
	for (; at < text.n; at++) {
		if (text.p[at] == '_' && at && is_digit(text.p[at - 1]) && at + 1 < text.n && is_digit(text.p[at + 1]))
			continue;
		if (!is_digit(text.p[at]))
			break;
		fits = fits && ck_mul(number, 10, &number) && ck_add(number, (uint64_t)(text.p[at] - '0'), &number);
	}
	suffix = ck_str_slice(text, at, text.n);
	while (row < CK_COUNT(suffixes) && !ck_str_equal(suffix, ck_str(suffixes[row].text)))
		row++;
	if (row == CK_COUNT(suffixes) || !at) {
		bad_number(reader, token, text);
		return CK_TOK_INT;
	}
	if (!fits || !ck_mul(number, suffixes[row].factor, &number) || number > INT64_MAX) {
		struct ck_diag *diag = ck_read_error(reader, CK_BAD_NUMBER, token->span, "an integer of more than 64 bits");

		ck_diag_mark(reader->diags, diag, "too large");
		ck_diag_help(reader->diags, diag, "expected at most %lld; a float, such as 1e20, may be larger", (long long)INT64_MAX);
		return CK_TOK_INT;
	}
	token->value.integer = (int64_t)number;
	return CK_TOK_INT;
}

/* Strings. */

struct decoder {
	struct ck_reader *reader;
	struct ck_span span;	/* of the literal */
	struct ck_str text;	/* the literal, from its opening quote on */
	size_t at;
	char *out;		/* text.n bytes are always enough: no escape is shorter than what it means */
	uint32_t *offsets;	/* NULL: without escapes, each byte stands for itself */
	size_t n;
};

static void put(struct decoder *decoder, char c, size_t from)
{
	if (!decoder->out)
		return;
	decoder->out[decoder->n] = c;
	if (decoder->offsets)
		decoder->offsets[decoder->n] = (uint32_t)from;
	decoder->n++;
}

static void put_point(struct decoder *decoder, uint32_t point, size_t from)
{
	static const struct {
		uint32_t below;
		unsigned lead;
		int shift;
	} forms[] = {{0x80, 0, 0}, {0x800, 0xc0, 6}, {0x10000, 0xe0, 12}, {0x110000, 0xf0, 18}};
	size_t row = 0;

	while (point >= forms[row].below)
		row++;
	put(decoder, (char)(forms[row].lead | point >> forms[row].shift), from);
	for (int shift = forms[row].shift - 6; shift >= 0; shift -= 6)
		put(decoder, (char)(0x80 | (point >> shift & 0x3f)), from);
}

static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static struct ck_diag *bad_escape(struct decoder *decoder, size_t begin, size_t end, const char *what)
{
	struct ck_reader *reader = decoder->reader;
	struct ck_diag *diag = ck_read_error(reader, CK_BAD_STRING, part_of(decoder->span, begin, end), "%s", what);

	ck_diag_mark(reader->diags, diag, "not an escape");
	ck_diag_help(reader->diags, diag, "the escapes are \\\" \\\\ \\n \\t \\u{HEX} (1 to 6 digits, no surrogate) and \\x{HH} (2 digits)");
	return diag;
}

/* \u{HEX} and \x{HH}; `at` is the letter's place. */
static void read_hex_escape(struct decoder *decoder)
{
	struct ck_str text = decoder->text;
	size_t begin = decoder->at - 1, at = decoder->at + 1, n_digits = 0;
	bool is_byte = text.p[decoder->at] == 'x', braces;
	uint32_t point = 0;

	braces = at < text.n && text.p[at] == '{';
	for (at += braces; at < text.n && hex_value(text.p[at]) >= 0 && (braces || n_digits < 4); at++, n_digits++)
		point = n_digits < 6 ? point << 4 | (uint32_t)hex_value(text.p[at]) : UINT32_MAX;
	decoder->at = at;
	if (!braces) {
		bad_escape(decoder, begin, at, "an escape without braces");
		return;
	}
	if (at >= text.n || text.p[at] != '}') {
		bad_escape(decoder, begin, at, "an escape that does not end in `}` after hexadecimal digits");
		return;
	}
	decoder->at = ++at;
	if (is_byte && n_digits == 2)
		put(decoder, (char)point, begin);
	else if (is_byte)
		bad_escape(decoder, begin, at, "`\\x` wants exactly two hexadecimal digits");
	else if (n_digits < 1 || n_digits > 6)
		bad_escape(decoder, begin, at, "`\\u` wants one to six hexadecimal digits");
	else if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
		bad_escape(decoder, begin, at, "`\\u` of a number that is no character");
	else
		put_point(decoder, point, begin);
}

static void read_escape(struct decoder *decoder)
{
	static const char letters[][2] = {{'"', '"'}, {'\\', '\\'}, {'n', '\n'}, {'t', '\t'}};
	size_t begin = decoder->at++, end = decoder->at;
	struct ck_str text = decoder->text;
	struct ck_diag *diag;
	uint32_t point;

	if (decoder->at >= text.n)
		return;
	if (text.p[end] == 'u' || text.p[end] == 'x') {
		read_hex_escape(decoder);
		return;
	}
	for (size_t i = 0; i < CK_COUNT(letters); i++) {
		if (text.p[end] == letters[i][0]) {
			put(decoder, letters[i][1], begin);
			decoder->at++;
			return;
		}
	}
	end += ck_utf8_next(text, end, &point) ? ck_utf8_next(text, end, &point) : 1;
	diag = bad_escape(decoder, begin, end, "an escape that does not exist");
	if (text.p[begin + 1] && strchr("dwsDWSbB.*+?()[]{}^$|/", text.p[begin + 1]))
		ck_diag_help(decoder->reader->diags, diag, "patterns are no regular expressions: {i:int} is a number, * any text without a slash, "
			     "** any text, {a,b} one of two, [*] a star");
	decoder->at = end;
}

/* A character that is no escape. Bytes that are not UTF-8, and NUL, have been reported. */
static void read_plain(struct decoder *decoder)
{
	struct ck_reader *reader = decoder->reader;
	uint32_t point = ' ';
	size_t begin = decoder->at, n = ck_utf8_next(decoder->text, begin, &point);

	n = n ? n : 1;
	if (point && (point < 0x20 || (point >= 0x7f && point < 0xa0))) {
		struct ck_diag *diag = ck_read_error(reader, CK_BAD_STRING, part_of(decoder->span, begin, begin + n),
						     "a control character, U+%04X, in a string", (unsigned)point);

		ck_diag_mark(reader->diags, diag, "invisible");
		if (point == '\t')
			ck_diag_help(reader->diags, diag, "write it as \\t");
		else
			ck_diag_help(reader->diags, diag, "write it as \\u{%X}", (unsigned)point);
	}
	for (size_t i = 0; i < n; i++)
		put(decoder, decoder->text.p[begin + i], begin + i);
	decoder->at += n;
}

/* Decodes up to the closing quote; false when there is none. */
static bool decode(struct decoder *decoder, const char *quote, size_t quote_bytes)
{
	while (decoder->at + quote_bytes <= decoder->text.n) {
		if (memcmp(decoder->text.p + decoder->at, quote, quote_bytes) == 0)
			return true;
		if (decoder->text.p[decoder->at] == '\\')
			read_escape(decoder);
		else
			read_plain(decoder);
	}
	return false;
}

static struct decoder decoder_of(struct ck_reader *reader, struct ck_span span, size_t quote_bytes)
{
	struct ck_str text = ck_read_text(reader, span);
	bool is_plain = quote_bytes == 1 && ck_str_find(text, '\\') == text.n;

	return (struct decoder){
		.reader = reader, .span = span, .text = text, .at = quote_bytes,
		.out = ck_arena_alloc(reader->arena, text.n + 1),
		.offsets = is_plain ? NULL : ck_arena_array(reader->arena, text.n + 1, sizeof(uint32_t)),
	};
}

static struct ck_ast_string decoded(const struct decoder *decoder, size_t closing)
{
	if (decoder->offsets)
		decoder->offsets[decoder->n] = (uint32_t)closing;
	return (struct ck_ast_string){decoder->span, {decoder->out ? decoder->out : "", decoder->n}, decoder->offsets};
}

int ck_read_string(struct ck_reader *reader, struct ck_token *token)
{
	struct decoder decoder = decoder_of(reader, token->span, 1);
	struct ck_diag *diag;

	while (decoder.text.n && decoder.text.p[decoder.text.n - 1] == '\r') {
		decoder.text.n--;
		token->span.end--;
	}
	if (decode(&decoder, "\"", 1)) {
		token->value.string = decoded(&decoder, decoder.at);
		return CK_TOK_STRING;
	}
	diag = ck_read_error(reader, CK_BAD_STRING, token->span, "a string that does not end on its line");
	ck_diag_mark(reader->diags, diag, "no closing `\"`");
	ck_diag_help(reader->diags, diag, "expected a `\"` before the line ends; a line break in a string is written \\n, a quote \\\"");
	/* What comes after it on the line was swallowed; the parser goes on at the next statement. */
	return CK_TOK_CK_YYerror;
}

int ck_read_foreign_string(struct ck_reader *reader, struct ck_token *token, size_t quote_bytes)
{
	struct decoder decoder = decoder_of(reader, token->span, quote_bytes);
	struct ck_diag *diag = ck_read_error(reader, CK_BAD_STRING, token->span, "strings are written in double quotes");

	ck_diag_mark(reader->diags, diag, "%s quotes", quote_bytes == 1 ? "single" : "typographic");
	(void)decode(&decoder, decoder.text.p + decoder.text.n - quote_bytes, quote_bytes);
	if (decoder.n < 80 && !ck_errors_are_full(reader)) {
		struct ck_str name = ck_name_text(reader->diags->arena, (struct ck_str){decoder.out ? decoder.out : "", decoder.n});

		ck_diag_help(reader->diags, diag, "write \"%.*s\"", CK_STR_ARG(name));
	} else {
		ck_diag_help(reader->diags, diag, "write a plain `\"` on both sides");
	}
	token->value.string = decoded(&decoder, decoder.at);
	return CK_TOK_STRING;
}

/* What is no token. */

void ck_read_misspelt(struct ck_reader *reader, struct ck_span span, const char *meant)
{
	struct ck_str text = ck_read_text(reader, span);
	struct ck_diag *diag = ck_read_error(reader, CK_SYNTAX, span, "`%.*s` is not a sign of the language", CK_STR_ARG(text));

	ck_diag_mark(reader->diags, diag, "expected `%s`", meant);
	ck_diag_help(reader->diags, diag, "write `%s`", meant);
}

int ck_read_fat_arrow(struct ck_reader *reader, struct ck_token *token)
{
	bool arrow = reader->statement.kind == CK_TOK_MAP || reader->statement.kind == 0;

	ck_read_misspelt(reader, token->span, arrow ? "->" : ">=");
	return arrow ? CK_TOK_ARROW : CK_TOK_GE;
}

/* Characters that stand in texts which went through a word processor, and others that programmers are used to. */
static const struct {
	uint32_t point;
	int token;	/* 0: skip it */
	const char *help;
} strays[] = {
	{0x2192, CK_TOK_ARROW, "write `->`"},
	{0x21d2, CK_TOK_ARROW, "write `->`"},
	{0x2212, '-', "write the minus sign of the keyboard, `-`"},
	{0x2013, '-', "write the minus sign of the keyboard, `-`"},
	{0xd7, '*', "write `*`"},
	{0x2264, CK_TOK_LE, "write `<=`"},
	{0x2265, CK_TOK_GE, "write `>=`"},
	{0x2260, CK_TOK_NE, "write `!=`"},
	{0x2026, CK_TOK_ELLIPSIS, "write three points, `...`"},
	{0xa0, 0, "this is a no-break space; write a plain one"},
	{0x201c, 0, "write a plain `\"` on both sides of a string"},
	{0x201d, 0, "write a plain `\"` on both sides of a string"},
	{'\'', 0, "write a plain `\"` on both sides of a string"},
	{';', 0, "nothing ends a statement: leave it out"},
	{'@', 0, "a slot is written inside the quotes, as in \"x@m\""},
	{'{', 0, "captures and alternations stand inside the quotes of a pattern, as in \"layer_{i:int}/w\""},
	{'}', 0, "captures and alternations stand inside the quotes of a pattern, as in \"layer_{i:int}/w\""},
	{'?', 0, "wildcards stand inside the quotes of a pattern"},
	{'$', 0, "a name is written as it is, `heads`, without a sign before it"},
};

/* `np.transpose`, `"x".T`: after the point comes what does something. False: another one. */
static bool read_method(struct ck_reader *reader, const struct ck_token *token)
{
	struct ck_str text = reader->text;
	uint32_t begin = token->span.begin, end = begin + 1;
	char before = begin ? text.p[begin - 1] : ' ';
	bool is_module = (before >= 'a' && before <= 'z') || (before >= 'A' && before <= 'Z') || before == '_';
	struct ck_diag *diag;

	while (end < text.n && end - begin < 50 && ((text.p[end] >= 'a' && text.p[end] <= 'z') || (text.p[end] >= 'A' && text.p[end] <= 'Z') || text.p[end] == '_'))
		end++;
	if (end == begin + 1 || (!is_module && before != '"' && before != ')'))
		return false;
	diag = ck_read_error(reader, CK_BAD_CHARACTER, token->span, "a character that means nothing here: `.` (U+002E)");
	ck_diag_mark(reader->diags, diag, "unexpected");
	if (is_module)
		ck_diag_help(reader->diags, diag, "operators and functions have no module before them: write `%.*s`", (int)(end - begin - 1), text.p + begin + 1);
	else
		ck_diag_help(reader->diags, diag, "operators follow after a `|`, such as | transpose");
	reader->quiet_end = end;
	return true;
}

int ck_read_stray(struct ck_reader *reader, struct ck_token *token)
{
	struct ck_str text = ck_read_text(reader, token->span), shown;
	uint32_t point = 0;
	size_t n = ck_utf8_next(text, 0, &point), row = 0;
	struct ck_diag *diag;

	if (text.n && text.p[0] == '.' && read_method(reader, token))
		return 0;
	while (row < CK_COUNT(strays) && strays[row].point != point)
		row++;
	shown = ck_errors_are_full(reader) ? CK_STR("") : ck_name_text(reader->diags->arena, ck_str_slice(text, 0, n ? n : 1));
	diag = ck_read_error(reader, CK_BAD_CHARACTER, token->span, "a character that means nothing here: `%.*s` (U+%04X)",
			     CK_STR_ARG(shown), (unsigned)point);
	ck_diag_mark(reader->diags, diag, "unexpected");
	ck_diag_help(reader->diags, diag, "%s", row < CK_COUNT(strays) ? strays[row].help :
		     "leave it out, or put it in a string; outside strings and comments the language is plain ASCII");
	return row < CK_COUNT(strays) ? strays[row].token : 0;
}

void ck_read_foreign_comment(struct ck_reader *reader, struct ck_span span)
{
	struct ck_diag *diag = ck_read_error(reader, CK_SYNTAX, span, "a comment begins with `#`");

	ck_diag_mark(reader->diags, diag, "a comment of another language");
	ck_diag_help(reader->diags, diag, "write `#`; each line of a longer comment has its own");
}

static struct ck_str trimmed(struct ck_str text)
{
	while (text.n && strchr(" \t\r", text.p[0]) && text.p[0])
		text = ck_str_slice(text, 1, text.n);
	while (text.n && strchr(" \t\r", text.p[text.n - 1]) && text.p[text.n - 1])
		text.n--;
	return text;
}

/* What a comment allows is a warning's code; span is that of what stands between the parentheses. */
static void check_allowed(struct ck_reader *reader, struct ck_span span)
{
	struct ck_str text = ck_read_text(reader, span);
	enum ck_code code = ck_code_find(text);
	struct ck_suggest suggest;
	struct ck_diag *diag;

	if (code && ck_code_number(code)[0] == 'W')
		return;
	diag = ck_warn(reader->diags, CK_BAD_ALLOW, span, code ? "an error, which nothing silences" : "no warning has this code");
	if (code)
		return;
	ck_suggest_init(&suggest, text);
	for (code = CK_OK + 1; code < CK_N_CODES; code++)
		if (ck_code_number(code)[0] == 'W')
			ck_suggest_offer(&suggest, ck_str(ck_code_number(code)));
	ck_suggest_help(&suggest, reader->diags, diag, "");
	ck_diag_help(reader->diags, diag, "a warning tells its code in brackets; each code wants a comment of its own");
}

/* # ckmig: allow(W0301) reason. Other comments are for people. */
void ck_read_comment(struct ck_reader *reader, struct ck_span span)
{
	static const struct ck_str words[] = {{"#", 1}, {"ckmig:", 6}, {"allow", 5}, {"(", 1}};
	struct ck_str text = ck_read_text(reader, span);
	struct ck_ast_allow allow = {.span = span};
	struct ck_str code;
	uint32_t begin;
	size_t end;

	for (size_t i = 0; i < CK_COUNT(words); i++) {
		if (!ck_str_starts(text, words[i]))
			return;
		text = trimmed(ck_str_slice(text, words[i].n, text.n));
	}
	end = ck_str_find(text, ')');
	if (end == text.n)
		return;
	code = trimmed(ck_str_slice(text, 0, end));
	begin = (uint32_t)(code.p - reader->text.p);
	check_allowed(reader, (struct ck_span){span.file, begin, begin + (uint32_t)code.n});
	allow.code = ck_str_copy(reader->arena, code);
	allow.reason = ck_str_copy(reader->arena, trimmed(ck_str_slice(text, end + 1, text.n)));
	reader->allows = ck_list_add(reader, reader->allows, &allow, sizeof(allow));
}

/* Encoding. */

static bool is_utf_16(struct ck_str text)
{
	return ck_str_starts(text, CK_STR("\xff\xfe")) || ck_str_starts(text, CK_STR("\xfe\xff"));
}

static void bad_bytes(struct ck_reader *reader, size_t begin, size_t end)
{
	struct ck_span span = {reader->file, (uint32_t)begin, (uint32_t)end};
	unsigned byte = (unsigned char)reader->text.p[begin];
	struct ck_diag *diag;

	if (byte) {
		diag = ck_read_error(reader, CK_BAD_CHARACTER, span, "the text is not UTF-8: byte 0x%02X", byte);
		ck_diag_mark(reader->diags, diag, "not a character");
		ck_diag_help(reader->diags, diag, "expected UTF-8: save the file as such; a byte of a name is written \\x{%02X} in a string", byte);
	} else {
		diag = ck_read_error(reader, CK_BAD_CHARACTER, span, "a NUL byte in the text");
		ck_diag_mark(reader->diags, diag, "invisible");
		ck_diag_help(reader->diags, diag, "expected a text in UTF-8: is this another kind of file?");
	}
}

/* No text at all: its bytes need no message each. */
static bool is_binary(struct ck_reader *reader)
{
	enum { LOOKED_AT = 4096, FEW = 2 };
	struct ck_str text = reader->text;
	size_t n = 0, first = 0;
	struct ck_diag *diag;

	for (size_t i = 0; i < text.n && i < LOOKED_AT; i++) {
		if (text.p[i])
			continue;
		first = n ? first : i;
		n++;
	}
	if (n <= FEW || ck_str_starts(text, CK_STR("ckmig")))
		return false;
	diag = ck_read_error(reader, CK_BAD_CHARACTER, (struct ck_span){reader->file, (uint32_t)first, (uint32_t)first + 1}, "this is no text");
	ck_diag_mark(reader->diags, diag, "a NUL byte, the first of many");
	ck_diag_help(reader->diags, diag, "expected a migration, a text in UTF-8: is this another kind of file, such as one of a checkpoint?");
	return true;
}

void ck_read_encoding(struct ck_reader *reader)
{
	struct ck_str text = reader->text;
	size_t begin, n;
	uint32_t point;

	if (is_utf_16(text)) {
		struct ck_diag *diag = ck_read_error(reader, CK_BAD_CHARACTER, (struct ck_span){reader->file, 0, 2}, "the text is UTF-16");

		ck_diag_mark(reader->diags, diag, "a mark of UTF-16");
		ck_diag_help(reader->diags, diag, "expected UTF-8: save the file as such");
		reader->stopped = true;
		return;
	}
	if (is_binary(reader)) {
		reader->stopped = true;
		return;
	}
	/* Some editors begin a file with this mark. */
	if (ck_str_starts(text, CK_STR("\xef\xbb\xbf")))
		memset(reader->buffer, ' ', 3);
	for (size_t at = 0; at < text.n; at += n) {
		n = 1;
		if (text.p[at] > 0)
			continue;
		begin = at;
		while (at < text.n && (text.p[at] == 0 || ck_utf8_next(text, at, &point) == 0) && (text.p[at] == 0) == (text.p[begin] == 0))
			reader->buffer[at++] = ' ';
		if (at > begin)
			bad_bytes(reader, begin, at);
		n = at > begin ? 0 : ck_utf8_next(text, at, &point);
	}
}
