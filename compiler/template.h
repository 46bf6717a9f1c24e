/* What compiler/template.c and compiler/template_expr.c share. */
#ifndef CK_COMPILER_TEMPLATE_H
#define CK_COMPILER_TEMPLATE_H

#include "compiler/namer.h"

/* One template being read. */
struct ck_template {
	struct ck_namer namer;
	struct ck_locals *locals;
	const struct ck_scope *scope;
	Ck__Plan__Part **parts;		/* so far, of the name or its slot */
	size_t n_parts, capacity;
	size_t n_wildcards, n_alternations;
	unsigned depth;			/* of parentheses */
};

/* A new part at the end; NULL when memory is short. */
CK_NODISCARD Ck__Plan__Part *ck_template_add(struct ck_template *template, enum ck_part_kind kind);
/* Reads `{i}`, `{i:03}`, `{i+1:uniq}`, `{name}` between two braces at open and close. False after a message. */
CK_NODISCARD bool ck_template_expr(struct ck_template *template, size_t open, size_t close);
/* A name that is no capture, let or param: a message with suggestions; returns false. */
bool ck_template_unknown(struct ck_template *template, size_t begin, size_t end);

#endif
