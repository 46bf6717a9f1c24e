/* What the tests of the grammar share: one text, parsed, with its sink. */
#ifndef CK_TESTS_UNIT_GRAMMAR_H
#define CK_TESTS_UNIT_GRAMMAR_H

#include <criterion/criterion.h>

#include "grammar/print.h"

struct parsed {
	struct ck_arena *arena;
	struct ck_diags diags;
	struct ck_ast_file *file;	/* NULL when refused */
	enum ck_code code;
};

static inline struct parsed parse_bytes(struct ck_str text)
{
	struct parsed parsed = {.arena = ck_arena_new(CK_COMPILE_LIMIT)};

	cr_assert(parsed.arena && ck_diags_init(&parsed.diags));
	parsed.code = ck_parse(parsed.arena, &parsed.diags, ck_diags_add_file(&parsed.diags, CK_STR("t.ckmig"), text), &parsed.file);
	cr_assert_eq(parsed.code == CK_OK, parsed.file != NULL);
	cr_assert_eq(parsed.code == CK_OK, parsed.diags.n_errors == 0);
	return parsed;
}

static inline void parsed_clear(struct parsed *parsed)
{
	ck_arena_free(parsed->arena);
	ck_diags_clear(&parsed->diags);
}

/* Diagnostics, or else the tree; NUL-terminated, to be freed by ck_buf_clear(). */
static inline struct ck_buf shown(const struct parsed *parsed)
{
	struct ck_buf out = {0};

	ck_diags_render(&parsed->diags, CK_FORMAT_TEXT, false, &out);
	if (parsed->file)
		ck_ast_dump(parsed->file, &out);
	ck_buf_char(&out, '\0');
	cr_assert_not(out.failed);
	return out;
}

#endif
