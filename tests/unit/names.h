/* What the tests of patterns and templates share: strings of the language without a grammar. */
#ifndef CK_TESTS_UNIT_NAMES_H
#define CK_TESTS_UNIT_NAMES_H

#include <stdio.h>
#include <string.h>

#include "compiler/names.h"
#include "vm/name.h"

/* One statement: its locals, its sink, and the lets and params that it sees. */
struct statement {
	struct ck_arena *arena;
	struct ck_diags diags;
	struct ck_locals locals;
	struct ck_scope scope;
};

/* Lets `heads` (12), `name` ("enc"), `half` (0.5); params `depth` (number 0) and `word` (number 1). */
static const char *const statement_names[] = { "heads", "name", "half", "depth", "word" };

static inline Ck__Plan__Expr *statement_find(void *context, struct ck_str name, struct ck_span span)
{
	struct ck_value values[] = { { .kind = CK_EXPR_INT, .integer = 12 },
				     { .kind = CK_EXPR_TEXT, .text = CK_STR("enc") },
				     { .kind = CK_EXPR_FLOAT, .number = 0.5 },
				     { .kind = CK_EXPR_PARAM, .index = 0 },
				     { .kind = CK_EXPR_PARAM, .index = 1 } };
	struct statement *statement = context;

	(void)span;
	for (size_t i = 0; i < CK_COUNT(values); i++)
		if (ck_str_equal(name, ck_str(statement_names[i])))
			return ck_value_expr(statement->arena, &values[i]);
	return NULL;
}

static inline void statement_offer(void *context, struct ck_suggest *suggest)
{
	(void)context;
	for (size_t i = 0; i < CK_COUNT(statement_names); i++)
		ck_suggest_offer(suggest, ck_str(statement_names[i]));
}

static inline bool statement_init(struct statement *statement)
{
	memset(statement, 0, sizeof(*statement));
	statement->arena = ck_arena_new((size_t)256 << 20);
	statement->locals.arena = statement->arena;
	statement->scope = (struct ck_scope){ statement, statement_find, statement_offer };
	return statement->arena && ck_diags_init(&statement->diags);
}

static inline void statement_clear(struct statement *statement)
{
	ck_diags_clear(&statement->diags);
	ck_arena_free(statement->arena);
}

/* A string literal as the grammar gives it; the text has no escapes. */
static inline struct ck_ast_string statement_string(struct statement *statement, struct ck_str text)
{
	struct ck_str source = ck_str_format(statement->arena, "\"%.*s\"", CK_STR_ARG(text));
	uint32_t file = ck_diags_add_file(&statement->diags, CK_STR("test.ckmig"), source);

	return (struct ck_ast_string){ { file, 0, (uint32_t)text.n + 2 }, text, NULL };
}

static inline Ck__Plan__Pattern *statement_pattern(struct statement *statement, struct ck_str text)
{
	struct ck_ast_name name = { .string = statement_string(statement, text) };
	Ck__Plan__Pattern *pattern = NULL;

	return ck_pattern_parse(&statement->locals, &statement->scope, &name, false, &statement->diags, &pattern) == CK_OK ? pattern : NULL;
}

static inline Ck__Plan__Name *statement_template(struct statement *statement, struct ck_str text)
{
	struct ck_ast_name name = { .string = statement_string(statement, text) };
	Ck__Plan__Name *template = NULL;

	return ck_template_parse(&statement->locals, &statement->scope, &name, &statement->diags, &template) == CK_OK ? template : NULL;
}

/* "E0201 `the part underlined`: the message | help | help" of the last diagnostic. */
static inline const char *statement_error(struct statement *statement)
{
	static char text[2000];
	const struct ck_diag *diag = statement->diags.n_items ? statement->diags.items[statement->diags.n_items - 1] : NULL;
	struct ck_str part;
	int n;

	if (!diag)
		return "no error";
	part = ck_diags_text(&statement->diags, diag->span);
	n = snprintf(text, sizeof(text), "%s `%.*s`: %.*s", ck_code_number(diag->code), CK_STR_ARG(part), CK_STR_ARG(diag->message));
	for (size_t i = 0; i < diag->n_helps && n < (int)sizeof(text); i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, " | %.*s", CK_STR_ARG(diag->helps[i]));
	return text;
}

/* "i=3 p=q#0": everything that is set. */
static inline void statement_bindings(const struct statement *statement, const struct ck_binding *bindings, struct ck_buf *buf)
{
	const char *space = "";

	for (size_t i = 0; i < statement->locals.n_items; i++) {
		const Ck__Plan__Local *local = statement->locals.items[i];

		if (!bindings[i].set)
			continue;
		ck_buf_printf(buf, "%s%.*s=%.*s", space, CK_STR_ARG(ck_str_of(local->name)), CK_STR_ARG(bindings[i].text));
		if (local->kind == CK_LOCAL_CHOICE)
			ck_buf_printf(buf, "#%u", bindings[i].alternative);
		space = " ";
	}
}

#endif
