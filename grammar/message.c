/* What to say about a token that the grammar does not want: the most helpful of a list of explanations, then what was expected. */
#include "grammar/reader.h"

#include <string.h>

#include "grammar/parser.h"

bool ck_errors_are_full(const struct ck_reader *reader)
{
	return reader->diags->n_errors >= CK_MAX_DIAGS;
}

struct ck_diag *ck_read_error(struct ck_reader *reader, enum ck_code code, struct ck_span span, const char *format, ...)
{
	struct ck_diag *diag = &reader->no_diag;
	struct ck_str text;
	va_list args;

	if (span.begin < reader->quiet_end) {
		*diag = (struct ck_diag){0};
		return diag;
	}
	/* A hostile text has millions, which need no words. */
	if (ck_errors_are_full(reader))
		return ck_error(reader->diags, code, span, "%s", "");
	va_start(args, format);
	text = ck_str_vformat(reader->diags->arena, format, args);
	va_end(args);
	return ck_error(reader->diags, code, span, "%.*s", text.p ? (int)text.n : 0, text.p ? text.p : "");
}

/* One unexpected token, and all that an explanation may look at. */
struct scene {
	struct ck_reader *reader;
	const struct ck_token *token;
	const bool *expected;
	bool ends;	/* the file or the statement ends at the token: what is missing stood before it */
	struct ck_span span;
	struct ck_str found;	/* how messages call the token */
};

/* What was expected. */

static bool wants_value(const bool *expected)
{
	return expected[CK_TOK_INT] && expected['!'];
}

static bool wants_source(const bool *expected)
{
	return expected[CK_TOK_STRING] && expected[CK_TOK_REST] && expected[CK_TOK_SOURCE];
}

static bool begins_value(int token)
{
	static const int kinds[] = {CK_TOK_INT, CK_TOK_FLOAT, CK_TOK_INF, CK_TOK_NAN, CK_TOK_STRING, CK_TOK_IDENT, CK_TOK_TEMPLATE,
				    '(', '[', '-', '!'};

	for (size_t i = 0; i < CK_COUNT(kinds); i++)
		if (kinds[i] == token)
			return true;
	return false;
}

static bool begins_source(int token)
{
	static const int kinds[] = {CK_TOK_STRING, CK_TOK_IDENT, CK_TOK_TEMPLATE, CK_TOK_SOURCE, CK_TOK_REST, CK_TOK_PATH, CK_TOK_FULL, '('};

	for (size_t i = 0; i < CK_COUNT(kinds); i++)
		if (kinds[i] == token)
			return true;
	return false;
}

static bool is_sometimes(int token)
{
	const struct ck_word *word = ck_word_of(token);

	return token == CK_TOK_FOLLOW || token == CK_TOK_AS || token == CK_TOK_NAMES || token == CK_TOK_OBJECTS || (word && token == CK_TOK_WITHIN);
}

/* The list of what was expected, with classes of tokens under one name. */
struct listing {
	struct ck_str items[CK_MAX_TOKEN];
	size_t n;
};

static void list_classes(const bool *expected, bool *left, struct listing *listing)
{
	bool value = wants_value(expected), source = wants_source(expected), operators = expected['+'] && expected['*'];
	bool statement = expected[CK_TOK_MAP] && expected[CK_TOK_CHECK];

	for (int token = 0; token < CK_MAX_TOKEN; token++) {
		const struct ck_word *word = ck_word_of(token);

		left[token] = expected[token] && token != CK_TOK_CK_YYUNDEF && token != CK_TOK_CK_YYerror && token != CK_TOK_WORD;
		if ((value && begins_value(token)) || (source && begins_source(token)) || (operators && word && word->is_binary && !value) ||
		    (statement && (ck_begins_statement(token) || token == CK_TOK_END)) || (expected[CK_TOK_IDENT] && is_sometimes(token)))
			left[token] = false;
	}
	if (source && !value)
		listing->items[listing->n++] = CK_STR("a source such as \"encoder/*\"");
	if (source && value)
		listing->items[listing->n++] = CK_STR("an argument");
	if (value && !source)
		listing->items[listing->n++] = CK_STR("a value");
	for (size_t i = 0; i < ck_n_words; i++) {
		if (left[ck_words[i].token]) {
			left[ck_words[i].token] = false;
			listing->items[listing->n++] = ck_words[i].text;
		}
	}
	if (operators && !value)
		listing->items[listing->n++] = expected[CK_TOK_EQ] ? CK_STR("an operator such as `+` or `==`") :
							     CK_STR("an operator such as `+` or `&&`");
	if (statement)
		listing->items[listing->n++] = CK_STR("a new statement");
}

static void help_expected(const struct scene *scene, struct ck_diag *diag)
{
	struct ck_diags *diags = scene->reader->diags;
	struct listing listing = {.n = 0};
	struct ck_buf text = {0};
	bool left[CK_MAX_TOKEN];

	list_classes(scene->expected, left, &listing);
	for (int token = 0; token < CK_MAX_TOKEN; token++)
		if (left[token])
			listing.items[listing.n++] = ck_token_name(diags, token);
	for (size_t i = 0; i < listing.n; i++) {
		const struct ck_word *word = ck_word_find(listing.items[i]);

		ck_buf_printf(&text, "%s", i == 0 ? "" : i + 1 == listing.n ? " or " : ", ");
		ck_buf_printf(&text, word ? "`%.*s`" : "%.*s", CK_STR_ARG(listing.items[i]));
	}
	if (text.n && !text.failed)
		ck_diag_help(diags, diag, "expected %.*s", CK_STR_ARG(ck_buf_view(&text)));
	ck_buf_clear(&text);
}

/* Explanations. Each reports and returns true when it is the one. */

static void no_edition(struct scene *scene)
{
	struct ck_reader *reader = scene->reader;
	struct ck_diag *diag = ck_read_error(reader, CK_NO_EDITION, scene->token->span, "the file does not begin with `ckmig 1`");

	reader->has_edition = true;
	ck_diag_mark(reader->diags, diag, "expected `ckmig 1` before this");
	ck_diag_help(reader->diags, diag, "write `ckmig 1` on the first line: the edition of the language that the file is in");
}

static void say(struct scene *scene, const char *mark, struct ck_diag *diag)
{
	ck_diag_mark(scene->reader->diags, diag, "%s", mark);
}

static bool path_before_rest(struct scene *scene)
{
	struct ck_reader *reader = scene->reader;
	int word = reader->history[1];
	const char *text = word == CK_TOK_PATH ? "path" : "full";
	struct ck_diag *diag;

	if (scene->token->kind != CK_TOK_REST || reader->history[0] != ':' || (word != CK_TOK_PATH && word != CK_TOK_FULL))
		return false;
	diag = ck_read_error(reader, CK_SYNTAX, scene->span, "`rest` stands before `%s`, not after it", text);
	say(scene, "not expected here", diag);
	ck_diag_help(reader->diags, diag, "write rest:%s:\"...\"", text);
	help_expected(scene, diag);
	return true;
}

static bool no_reason(struct scene *scene)
{
	struct ck_reader *reader = scene->reader;
	struct ck_diag *diag;

	if (!scene->expected[CK_TOK_BECAUSE] || !(scene->ends || scene->token->kind == CK_TOK_STRING || scene->token->kind == CK_TOK_ARROW))
		return false;
	diag = ck_read_error(reader, CK_SYNTAX, scene->span, "`%s` wants a reason", reader->statement.kind == CK_TOK_SLOTS ? "slots drop" : "drop");
	say(scene, "expected `because` here", diag);
	if (scene->ends)
		ck_diag_label(reader->diags, diag, reader->statement.span, "this statement");
	ck_diag_help(reader->diags, diag, "say why for the report: because \"the next-sentence head is retrained\"");
	help_expected(scene, diag);
	return true;
}

static bool is_closer(int token)
{
	return token == ')' || token == ']';
}

static bool unclosed(struct scene *scene)
{
	struct ck_reader *reader = scene->reader;
	int token = scene->token->kind;
	const struct ck_open *open = reader->n_open ? &reader->open[reader->n_open - 1] : NULL;
	char wanted = open && open->kind == '(' ? ')' : ']', is = open ? (char)open->kind : '(';
	struct ck_diag *diag;

	if (!open || !scene->expected[(unsigned char)wanted] || (token == '=' && is == '(' && scene->expected[CK_TOK_EQ]))
		return false;
	if (!scene->ends && token != CK_TOK_ARROW && token != '=' && token != '|' && token != CK_TOK_BECAUSE && token != CK_TOK_WHERE &&
	    !is_closer(token) && !ck_begins_statement(token))
		return false;
	diag = ck_read_error(reader, CK_SYNTAX, scene->span, "a `%c` is not closed before %.*s", is, CK_STR_ARG(scene->found));
	ck_diag_mark(reader->diags, diag, "expected `%c` here", wanted);
	ck_diag_label(reader->diags, diag, open->span, "opened here");
	ck_diag_help(reader->diags, diag, "put a `%c` before %.*s", wanted, CK_STR_ARG(scene->found));
	help_expected(scene, diag);
	return true;
}

static bool stray_closer(struct scene *scene)
{
	struct ck_reader *reader = scene->reader;
	struct ck_diag *diag;

	if (!is_closer(scene->token->kind) || reader->n_open || reader->has_partner)
		return false;
	diag = ck_read_error(reader, CK_SYNTAX, scene->span, "%.*s closes nothing", CK_STR_ARG(scene->found));
	say(scene, "no bracket is open here", diag);
	ck_diag_help(reader->diags, diag, "leave it out, or open it before");
	help_expected(scene, diag);
	return true;
}

static bool no_equals(struct scene *scene)
{
	struct ck_reader *reader = scene->reader;
	struct ck_str name = ck_read_text(reader, reader->previous);
	struct ck_diag *diag;

	if (scene->ends || !reader->n_open || reader->history[0] != CK_TOK_IDENT || !scene->expected['='] || !begins_value(scene->token->kind) ||
	    name.n > 100)
		return false;
	diag = ck_read_error(reader, CK_SYNTAX, scene->span, "a `=` is missing before %.*s", CK_STR_ARG(scene->found));
	say(scene, "expected `=` before this", diag);
	ck_diag_label(reader->diags, diag, reader->previous, "after this");
	ck_diag_help(reader->diags, diag, "an argument with its name is written %.*s=%.*s", CK_STR_ARG(name),
		     CK_STR_ARG(ck_read_text(reader, scene->token->span)));
	return true;
}

static bool no_comma(struct scene *scene)
{
	struct ck_reader *reader = scene->reader;
	int token = scene->token->kind;
	struct ck_diag *diag;

	if (scene->ends || !reader->n_open || !scene->expected[','])
		return false;
	if (!begins_value(token) && !begins_source(token) && !is_sometimes(token) && token != CK_TOK_WORD && token != CK_TOK_UNDERSCORE &&
	    token != CK_TOK_ELLIPSIS && token != CK_TOK_SAME)
		return false;
	diag = ck_read_error(reader, CK_SYNTAX, scene->span, "a comma is missing before %.*s", CK_STR_ARG(scene->found));
	say(scene, "expected `,` before this", diag);
	ck_diag_label(reader->diags, diag, reader->previous, "after this");
	help_expected(scene, diag);
	return true;
}

static bool late_where(struct scene *scene)
{
	struct ck_reader *reader = scene->reader;
	struct ck_diag *diag;

	if (scene->token->kind != CK_TOK_WHERE)
		return false;
	if (reader->after_arrow)
		diag = ck_read_error(reader, CK_SYNTAX, scene->span, "a `where` after the targets");
	else if (reader->in_pipe)
		diag = ck_read_error(reader, CK_SYNTAX, scene->span, "a `where` after an operator");
	else if (reader->in_where)
		diag = ck_read_error(reader, CK_SYNTAX, scene->span, "a second `where`");
	else
		return false;
	say(scene, "not expected here", diag);
	if (!reader->after_arrow && !reader->in_pipe)
		ck_diag_help(reader->diags, diag, "join the two conditions by `&&`");
	else
		ck_diag_help(reader->diags, diag, "`where` follows the source or tuple that it narrows: put it there, before the first `|` and the `->`");
	help_expected(scene, diag);
	return true;
}

static bool wrong_equals(struct scene *scene)
{
	struct ck_reader *reader = scene->reader;
	bool compares = scene->expected[CK_TOK_EQ] && (reader->in_where || !scene->expected[CK_TOK_ARROW]);
	/* `map template = ...` is one word for the scanner. */
	bool arrow = scene->expected[CK_TOK_ARROW] || (reader->statement.kind == CK_TOK_MAP && reader->n_open == 0 && !reader->after_arrow);
	struct ck_diag *diag;

	if (scene->token->kind != '=' || (!compares && !arrow))
		return false;
	diag = ck_read_error(reader, CK_SYNTAX, scene->span, compares ? "`=` does not compare" : "`=` where `->` is expected");
	ck_diag_mark(reader->diags, diag, "expected `%s`", compares ? "==" : "->");
	ck_diag_help(reader->diags, diag, compares ? "write `==` to compare" : "write `->` between the sources of a map and its targets");
	help_expected(scene, diag);
	return true;
}

static bool chained(struct scene *scene)
{
	static const int comparisons[] = {CK_TOK_EQ, CK_TOK_NE, '<', CK_TOK_LE, '>', CK_TOK_GE, CK_TOK_WITHIN};
	struct ck_reader *reader = scene->reader;
	struct ck_diag *diag;

	for (size_t i = 0; i < CK_COUNT(comparisons); i++) {
		if (scene->token->kind != comparisons[i] || !scene->expected[CK_TOK_AND] || !scene->expected['+'])
			continue;
		diag = ck_read_error(reader, CK_SYNTAX, scene->span, "comparisons do not chain");
		say(scene, "the second comparison", diag);
		ck_diag_help(reader->diags, diag, "write `a < b && b < c`, or `b within (a, c)` with both bounds included");
		help_expected(scene, diag);
		return true;
	}
	return false;
}

/* Words of other languages. */
static const struct {
	struct ck_str word;
	int wanted;	/* a token that is expected where the word stands; 0: always */
	const char *help;
} foreign[] = {
	{{"and", 3}, CK_TOK_AND, "write `&&`"},
	{{"or", 2}, CK_TOK_OR, "write `||`"},
	{{"not", 3}, 0, "write `!`"},
	{{"is", 2}, CK_TOK_EQ, "write `==`"},
	{{"in", 2}, CK_TOK_WITHIN, "write `within (low, high)`, or compare with each value"},
	{{"if", 2}, CK_TOK_WHERE, "write `where`"},
	{{"to", 2}, CK_TOK_ARROW, "write `->`"},
	{{"as", 2}, CK_TOK_ARROW, "write `->`"},
	{{"edition", 7}, 0, "the first line is `ckmig 1`"},
	{{"rename", 6}, CK_TOK_MAP, "write `map \"old\" -> \"new\"`"},
	{{"move", 4}, CK_TOK_MAP, "write `map \"old\" -> \"new\"`"},
	{{"copy", 4}, CK_TOK_MAP, "write `map \"old\" -> (\"one\", \"two\")`"},
	{{"delete", 6}, CK_TOK_MAP, "write `drop \"name\" because \"...\"`"},
	{{"remove", 6}, CK_TOK_MAP, "write `drop \"name\" because \"...\"`"},
	{{"add", 3}, CK_TOK_MAP, "write `new \"name\" : f32[768] = zeros`"},
	{{"create", 6}, CK_TOK_MAP, "write `new \"name\" : f32[768] = zeros`"},
	{{"set", 3}, CK_TOK_MAP, "write `let name = value`"},
	{{"assert", 6}, CK_TOK_MAP, "write `check`"},
	{{"for", 3}, CK_TOK_MAP, "there are no loops: a pattern such as \"layer_{i:int}/kernel\" stands for every layer"},
	{{"import", 6}, CK_TOK_MAP, "nothing is imported; migrations that build on each other are applied in one run: ckmig run -o OUT a.ckmig b.ckmig SOURCE"},
	{{"include", 7}, CK_TOK_MAP, "nothing is included; migrations that build on each other are applied in one run: ckmig run -o OUT a.ckmig b.ckmig SOURCE"},
};

static void help_word(struct scene *scene, struct ck_diag *diag)
{
	struct ck_reader *reader = scene->reader;
	struct ck_str text = ck_read_text(reader, scene->token->span);
	struct ck_suggest suggest;

	for (size_t i = 0; i < CK_COUNT(foreign); i++) {
		if (ck_str_equal(text, foreign[i].word) && (!foreign[i].wanted || scene->expected[foreign[i].wanted])) {
			ck_diag_help(reader->diags, diag, "%s", foreign[i].help);
			return;
		}
	}
	ck_suggest_init(&suggest, text);
	for (size_t i = 0; i < ck_n_words; i++)
		if (scene->expected[ck_words[i].token] && ck_words[i].text.p[0] >= 'a' && ck_words[i].text.p[0] <= 'z')
			ck_suggest_offer(&suggest, ck_words[i].text);
	ck_suggest_help(&suggest, reader->diags, diag, "`");
}

static bool unknown_statement(struct scene *scene)
{
	struct ck_reader *reader = scene->reader;
	struct ck_diag *diag;

	if (scene->token->kind != CK_TOK_IDENT || !scene->expected[CK_TOK_MAP] || !ck_is_first_on_line(reader, scene->token->span))
		return false;
	diag = ck_read_error(reader, CK_SYNTAX, scene->span, "there is no statement %.*s", CK_STR_ARG(scene->found));
	say(scene, "not a word that begins a statement", diag);
	help_word(scene, diag);
	ck_diag_help(reader->diags, diag, "statements begin with migration, let, param, input, target, slots, slot, map, keep, drop, new, alias or check");
	return true;
}

/* What was probably meant as one name, from `at` on: "dense/kernel:0" less what ends a name elsewhere. */
static struct ck_str bare_name(const struct ck_reader *reader, uint32_t at)
{
	enum { LONGEST = 100 };
	static const char ends[] = "\"'|:,;=#()[]<>";
	struct ck_str text = ck_str_slice(reader->text, at, reader->text.n);
	size_t n = 0;

	while (n < text.n && n < LONGEST && (unsigned char)text.p[n] > ' ' && !memchr(ends, text.p[n], sizeof(ends)))
		n++;
	/* "a->b" */
	while (n > 0 && text.p[n - 1] == '-')
		n--;
	return ck_str_slice(text, 0, n);
}

/* `f"layer_{i}"` */
static bool prefixed_string(struct scene *scene)
{
	static const char *const prefixes[] = {"f", "r", "b", "u", "rb", "br", "fr", "rf", "F", "R", "B"};
	struct ck_reader *reader = scene->reader;
	struct ck_str text = ck_read_text(reader, reader->previous);
	struct ck_diag *diag;

	if (reader->history[0] != CK_TOK_IDENT || scene->token->kind != CK_TOK_STRING || reader->previous.end != scene->token->span.begin)
		return false;
	for (size_t i = 0; i < CK_COUNT(prefixes); i++) {
		if (!ck_str_equal(text, ck_str(prefixes[i])))
			continue;
		diag = ck_read_error(reader, CK_SYNTAX, reader->previous, "a string has no `%s` before it", prefixes[i]);
		say(scene, "not a part of a string", diag);
		ck_diag_help(reader->diags, diag, "leave it out: {i:int} in a pattern and {i+1} in a target need no mark");
		return true;
	}
	return false;
}

static bool no_quotes(struct scene *scene)
{
	static const struct ck_str words[] = {{"rest", 4}, {"template", 8}, {"source", 6}, {"also", 4}, {"optional", 8}, {"path", 4}, {"full", 4}};
	struct ck_reader *reader = scene->reader;
	int statement = reader->statement.kind;
	struct ck_str text = ck_read_text(reader, reader->previous), name = bare_name(reader, reader->previous.begin);
	struct ck_suggest suggest;
	struct ck_diag *diag;

	if (reader->history[0] != CK_TOK_IDENT || !scene->expected[':'] || scene->expected[']'] || text.n > 100 ||
	    (statement != CK_TOK_MAP && statement != CK_TOK_KEEP && statement != CK_TOK_DROP))
		return false;
	diag = ck_read_error(reader, CK_SYNTAX, reader->previous, "`%.*s` is not a source", CK_STR_ARG(text));
	say(scene, "neither in quotes nor `rest`", diag);
	if (scene->token->kind == '(') {
		ck_diag_help(reader->diags, diag, "operators stand behind what they are applied to: map \"encoder/*\" | transpose -> ...");
		return true;
	}
	ck_suggest_init(&suggest, text);
	for (size_t i = 0; i < CK_COUNT(words); i++)
		ck_suggest_offer(&suggest, words[i]);
	ck_suggest_help(&suggest, reader->diags, diag, "`");
	ck_diag_help(reader->diags, diag, "names and patterns of variables stand in quotes: write \"%.*s\"", CK_STR_ARG(name));
	if (name.n == text.n)
		ck_diag_help(reader->diags, diag, "an input has a `:` and a name after it: %.*s:\"encoder/*\"", CK_STR_ARG(text));
	return true;
}

/* `-> k` */
static bool no_target_quotes(struct scene *scene)
{
	struct ck_reader *reader = scene->reader;
	struct ck_str name = bare_name(reader, scene->token->span.begin);
	struct ck_diag *diag;

	if (scene->token->kind != CK_TOK_IDENT || scene->ends || !reader->after_arrow || !scene->expected[CK_TOK_SAME] ||
	    !scene->expected[CK_TOK_STRING])
		return false;
	diag = ck_read_error(reader, CK_SYNTAX, scene->span, "%.*s is not a target", CK_STR_ARG(scene->found));
	say(scene, "neither in quotes nor `same`", diag);
	ck_diag_help(reader->diags, diag, "names of targets stand in quotes: write \"%.*s\"", CK_STR_ARG(name));
	/* What is left of the name is no news. */
	reader->quiet_end = scene->token->span.begin + (uint32_t)name.n;
	return true;
}

static bool second_header(struct scene *scene)
{
	struct ck_reader *reader = scene->reader;
	struct ck_diag *diag;

	if (scene->token->kind != CK_TOK_CKMIG)
		return false;
	diag = ck_read_error(reader, CK_TWICE, scene->span, "`ckmig` stands once, at the beginning of the file");
	say(scene, "not expected here", diag);
	help_expected(scene, diag);
	return true;
}

static bool reserved_name(struct scene *scene)
{
	struct ck_reader *reader = scene->reader;
	int token = scene->token->kind;
	const struct ck_word *word = ck_word_find(ck_read_text(reader, scene->token->span));
	struct ck_diag *diag;

	if (!word || !word->is_reserved || scene->ends || !scene->expected[CK_TOK_IDENT] || token == CK_TOK_BECAUSE || token == CK_TOK_WHERE)
		return false;
	/* What begins a name of variables is not meant as a name of its own. */
	if (token == CK_TOK_WORD && wants_source(scene->expected) && !wants_value(scene->expected))
		return false;
	diag = ck_read_error(reader, CK_RESERVED_WORD, scene->span, "%.*s is a reserved word and cannot be a name", CK_STR_ARG(scene->found));
	say(scene, "not a name", diag);
	ck_diag_help(reader->diags, diag, "choose another name, such as `%.*s_`", CK_STR_ARG(word->text));
	help_expected(scene, diag);
	return true;
}

/* `slot follow as keras3` */
static bool slot_for_slots(struct scene *scene)
{
	struct ck_reader *reader = scene->reader;
	bool follow = reader->history[0] == CK_TOK_FOLLOW;
	struct ck_diag *diag;

	if (reader->statement.kind != CK_TOK_SLOT || (!follow && (scene->ends || scene->token->kind != CK_TOK_DROP)))
		return false;
	diag = ck_read_error(reader, CK_SYNTAX, scene->span, "`slot` declares how a slot is called; what happens to slots is said by `slots`");
	say(scene, "not expected here", diag);
	ck_diag_help(reader->diags, diag, "write `slots %s`", follow ? "follow" : "drop because \"...\"");
	return true;
}

static bool is_only_expected(const struct scene *scene, int token)
{
	size_t n = 0;

	for (int i = 0; i < CK_MAX_TOKEN; i++)
		n += scene->expected[i];
	return n == 1 && scene->expected[token];
}

/* A string that goes on where it was meant to end: "a -> ". */
static bool swallows_sign(struct ck_str string)
{
	for (size_t i = 1; i + 1 < string.n; i++)
		if ((string.p[i] == '-' && string.p[i + 1] == '>') || (string.p[i] == '|' && string.p[i + 1] == ' '))
			return true;
	return false;
}

/* Signs of other languages, and strings where none are. */
static const char *hint_sign(const struct scene *scene)
{
	const struct ck_reader *reader = scene->reader;
	int token = scene->token->kind, before = reader->history[0];
	bool is_string = token == CK_TOK_STRING;

	if (before == CK_TOK_STRING && !scene->ends && swallows_sign(ck_read_text(reader, reader->previous)))
		return "is a `\"` missing before the `->` or `|` that is inside the string?";
	if (token == '<' && reader->statement.kind == CK_TOK_MAP && !reader->in_where)
		return "the source comes first, then `->` and the target";
	if (token == '>' && before == '|')
		return "an operator follows after a plain `|`";
	if (before == ')' && is_only_expected(scene, ':') && reader->statement.kind == CK_TOK_MAP)
		return "operators stand behind what they are applied to: \"encoder/*\" | transpose; the data of a fill have a type: zeros : f32[3]";
	if (token == ':' && before == reader->statement.kind && before != 0)
		return "nothing stands between the statement's word and what follows it: leave the `:` out";
	if (is_string && before == '|')
		return "operators stand without quotes: | transpose";
	if (is_string && scene->expected[CK_TOK_MAP])
		return "a statement begins with its word: map \"old\" -> \"new\"";
	if ((token == CK_TOK_INT || token == CK_TOK_FLOAT || token == '[') && before == '=' && reader->statement.kind == CK_TOK_NEW)
		return "the data come from a fill: zeros, ones, const(0.5), normal(stddev=0.02), template";
	if (token == ',' && reader->n_open > 1 && reader->open[reader->n_open - 1].kind == '(')
		return "arguments stand one after another, without parentheses of their own: reshape(4, 5); a list has brackets: [4, 5]";
	return NULL;
}

/* A word on what is often meant; NULL: none. */
static const char *hint(const struct scene *scene)
{
	const struct ck_reader *reader = scene->reader;
	int token = scene->token->kind, statement = reader->statement.kind;
	const char *sign = hint_sign(scene);

	if (sign)
		return sign;

	if (token == ',' && !reader->n_open && statement == CK_TOK_MAP)
		return "several sources or targets stand in parentheses: (\"a\", \"b\")";
	if (token == ',' && !reader->n_open && (statement == CK_TOK_KEEP || statement == CK_TOK_DROP))
		return "one pattern a statement: write two statements, or an alternation such as \"{a,b}/w\"";
	if (token == '|' && reader->after_arrow)
		return "operators stand before the `->`";
	if (token == CK_TOK_BECAUSE)
		return "only `drop` and `slots drop` give a reason to the report; elsewhere write a comment: # why";
	if (is_only_expected(scene, '[') && reader->history[1] == ':')
		return "a type has brackets: f32[768, 3], f32[] for a scalar, f32[...] for any shape";
	if (token == '[' && reader->history[0] == ':')
		return "a type begins with its dtype, or with `_` for any: _[2, 3]";
	if (reader->history[0] == CK_TOK_IDENT && ck_str_equal(ck_read_text(reader, reader->previous), CK_STR("not")))
		return "write `!` for `not`: !(rank == 1)";
	return NULL;
}

static void any(struct scene *scene)
{
	struct ck_reader *reader = scene->reader;
	const struct ck_word *word = ck_word_of(reader->statement.kind);
	struct ck_diag *diag;

	if (scene->ends && word)
		diag = ck_read_error(reader, CK_SYNTAX, scene->span, "the `%.*s` statement is not complete", CK_STR_ARG(word->text));
	else
		diag = ck_read_error(reader, CK_SYNTAX, scene->span, "unexpected %.*s", CK_STR_ARG(scene->found));
	say(scene, scene->ends ? "something is missing here" : "not expected here", diag);
	if (scene->ends && word)
		ck_diag_label(reader->diags, diag, reader->statement.span, "this statement");
	if (hint(scene))
		ck_diag_help(reader->diags, diag, "%s", hint(scene));
	else if (scene->token->kind == CK_TOK_IDENT || is_sometimes(scene->token->kind))
		help_word(scene, diag);
	help_expected(scene, diag);
}

/* The first that fits speaks. */
static bool (*const explanations[])(struct scene *) = {
	path_before_rest, second_header, no_equals, prefixed_string, no_quotes, no_target_quotes, no_reason, late_where, unclosed, stray_closer, wrong_equals, no_comma, chained, unknown_statement,
	slot_for_slots, reserved_name,
};

static struct ck_str call_token(struct ck_reader *reader, const struct ck_token *token)
{
	enum { LONGEST = 40 };
	struct ck_str text = ck_read_text(reader, token->span), name;

	if (token->kind == CK_TOK_END)
		return CK_STR("the end of the file");
	if (token->kind == CK_TOK_STRING)
		return text.n <= LONGEST ? ck_str_format(reader->diags->arena, "%.*s", CK_STR_ARG(text)) : CK_STR("a string");
	if (text.n > LONGEST)
		return ck_str_format(reader->diags->arena, "`%.*s...`", LONGEST, text.p);
	name = ck_name_text(reader->diags->arena, text);
	return ck_str_format(reader->diags->arena, "`%.*s`", CK_STR_ARG(name));
}

void ck_unexpected(struct ck_reader *reader, const bool expected[CK_MAX_TOKEN])
{
	const struct ck_token *token = &reader->token;
	struct scene scene = {.reader = reader, .token = token, .expected = expected, .span = token->span};

	/* Then the end of the file is ours. */
	if (reader->stopped)
		return;
	if (ck_errors_are_full(reader)) {
		(void)ck_read_error(reader, CK_SYNTAX, scene.span, "%s", "");
		return;
	}
	if (!reader->has_edition) {
		no_edition(&scene);
		return;
	}
	scene.ends = token->kind == CK_TOK_END || ck_is_new_statement(reader, token);
	if (scene.ends)
		scene.span = (struct ck_span){reader->file, reader->previous.end, reader->previous.end};
	scene.found = call_token(reader, token);
	for (size_t i = 0; i < CK_COUNT(explanations); i++)
		if (explanations[i](&scene))
			return;
	any(&scene);
}
