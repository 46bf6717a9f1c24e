/* What the four ways to render diagnostics share. */
#ifndef CK_BASE_RENDER_H
#define CK_BASE_RENDER_H

#include "bundle/base/diag.h"

/* A place as people count: from 1, columns in characters (a tab is one). line is 0 for "no place". */
struct ck_place {
	struct ck_str file;
	size_t line, column, end_line, end_column;	/* the end is exclusive */
};

struct ck_place ck_place_of(const struct ck_diags *diags, struct ck_span span);
/* "error" or "warning". */
const char *ck_severity_text(enum ck_severity severity);

/* Each appends all of the n diagnostics, in their order. */
void ck_render_text(const struct ck_diags *diags, struct ck_diag *const *items, size_t n, bool color, struct ck_buf *out);
void ck_render_json(const struct ck_diags *diags, struct ck_diag *const *items, size_t n, struct ck_buf *out);
void ck_render_sarif(const struct ck_diags *diags, struct ck_diag *const *items, size_t n, struct ck_buf *out);

#endif
