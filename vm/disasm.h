/* What the two listings of a plan share; for vm/disasm*.c only. Everything works on verified plans. */
#ifndef CK_VM_DISASM_H
#define CK_VM_DISASM_H

#include "vm/name.h"

/* The names that listings print locals with. */
struct ck_frame {
	const struct ck_plan *plan;
	struct ck_words words;
};

const char *ck_disasm_mnemonic(uint32_t op);	/* "CONCAT" */
const char *ck_disasm_rule_kind(uint32_t kind);	/* "map" */
const char *ck_disasm_exactness(uint32_t exactness);
const char *ck_disasm_use(uint32_t what);
/* source:"...", rest:"...", template:path:"..." */
void ck_disasm_source(struct ck_buf *out, const struct ck_frame *frame, const Ck__Plan__Source *source);
/* The value of an argument; nothing when it is left out or what the parameter has by default. */
void ck_disasm_arg(struct ck_buf *out, const struct ck_frame *frame, const struct ck_param *param, const Ck__Plan__Expr *arg);
void ck_disasm_goal(struct ck_buf *out, const struct ck_frame *frame, const Ck__Plan__Goal *goal);
/*
 * File and line (from 1) of a statement; line 0 where the plan has no places. cursor (zero at first, NULL: none) keeps the place, so
 * that statements in the order of the text take one pass over it.
 */
struct ck_line_cursor {
	uint32_t file;
	size_t at, line;
};
size_t ck_disasm_line(const struct ck_plan *plan, const Ck__Plan__Span *span, struct ck_line_cursor *cursor, struct ck_str *ret_file);
/* The type of a target. */
void ck_disasm_target_type(struct ck_buf *out, const Ck__Plan__Target *target);

#endif
