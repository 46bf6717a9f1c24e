/* The one list of words and signs: the scanner finds words in it, messages find names and suggestions. */
#include "grammar/reader.h"

#include "grammar/parser.h"

#define WORD(text, token) {{text, sizeof(text) - 1}, CK_TOK_##token, true, false, false}
#define BEGINS(text, token) {{text, sizeof(text) - 1}, CK_TOK_##token, true, true, false}
#define SOMETIMES(text, token, is_binary) {{text, sizeof(text) - 1}, CK_TOK_##token, false, false, is_binary}
#define SIGN(text, token, is_binary) {{text, sizeof(text) - 1}, token, false, false, is_binary}

/* Messages list what was expected in this order. */
const struct ck_word ck_words[] = {
	WORD("ckmig", CKMIG),
	BEGINS("migration", MIGRATION),
	BEGINS("let", LET),
	BEGINS("param", PARAM),
	BEGINS("input", INPUT),
	BEGINS("target", TARGET),
	BEGINS("slots", SLOTS),
	BEGINS("slot", SLOT),
	BEGINS("map", MAP),
	BEGINS("keep", KEEP),
	BEGINS("drop", DROP),
	BEGINS("new", NEW),
	BEGINS("alias", ALIAS),
	BEGINS("check", CHECK),
	SIGN("->", CK_TOK_ARROW, false),
	SIGN("|", '|', false),
	SIGN("=", '=', false),
	SIGN(":", ':', false),
	SIGN(",", ',', false),
	SIGN(")", ')', false),
	SIGN("]", ']', false),
	SIGN("(", '(', false),
	SIGN("[", '[', false),
	WORD("after", AFTER),
	WORD("summary", SUMMARY),
	WORD("also", ALSO),
	WORD("optional", OPTIONAL),
	WORD("because", BECAUSE),
	WORD("where", WHERE),
	WORD("rest", REST),
	WORD("same", SAME),
	WORD("template", TEMPLATE),
	WORD("source", SOURCE),
	WORD("path", PATH),
	WORD("full", FULL),
	WORD("inf", INF),
	WORD("nan", NAN),
	SOMETIMES("follow", FOLLOW, false),
	SOMETIMES("as", AS, false),
	SOMETIMES("names", NAMES, false),
	SOMETIMES("objects", OBJECTS, false),
	SOMETIMES("within", WITHIN, true),
	SIGN("||", CK_TOK_OR, true),
	SIGN("&&", CK_TOK_AND, true),
	SIGN("==", CK_TOK_EQ, true),
	SIGN("!=", CK_TOK_NE, true),
	SIGN("<", '<', true),
	SIGN("<=", CK_TOK_LE, true),
	SIGN(">", '>', true),
	SIGN(">=", CK_TOK_GE, true),
	SIGN("+", '+', true),
	SIGN("-", '-', true),
	SIGN("*", '*', true),
	SIGN("/", '/', true),
	SIGN("%", '%', true),
	SIGN("!", '!', false),
	SIGN("_", CK_TOK_UNDERSCORE, false),
	SIGN("...", CK_TOK_ELLIPSIS, false),
};
const size_t ck_n_words = CK_COUNT(ck_words);

const struct ck_word *ck_word_find(struct ck_str text)
{
	for (size_t i = 0; i < CK_COUNT(ck_words); i++)
		if (ck_words[i].text.n == text.n && ck_str_equal(ck_words[i].text, text))
			return &ck_words[i];
	return NULL;
}

bool ck_is_reserved_word(struct ck_str text)
{
	const struct ck_word *word = ck_word_find(text);

	return word && word->is_reserved;
}

const struct ck_word *ck_word_of(int token)
{
	for (size_t i = 0; i < CK_COUNT(ck_words); i++)
		if (ck_words[i].token == token)
			return &ck_words[i];
	return NULL;
}

bool ck_begins_statement(int token)
{
	const struct ck_word *word = ck_word_of(token);

	return word && word->begins_statement;
}

struct ck_str ck_token_name(struct ck_diags *diags, int token)
{
	const struct ck_word *word = ck_word_of(token);

	switch (token) {
	case CK_TOK_END:
		return CK_STR("the end of the file");
	case CK_TOK_STRING:
		return CK_STR("a string");
	case CK_TOK_INT:
		return CK_STR("an integer");
	case CK_TOK_FLOAT:
		return CK_STR("a number");
	case CK_TOK_IDENT:
	case CK_TOK_WORD:
		return CK_STR("a name");
	}
	CK_ASSERT(word);
	return ck_str_format(diags->arena, "`%.*s`", CK_STR_ARG(word->text));
}
