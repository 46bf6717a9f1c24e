/* Order and places of diagnostics, and the one-line format of compilers. */
#include "bundle/base/render.h"

#include <stdlib.h>

const char *ck_severity_text(enum ck_severity severity)
{
	return severity == CK_ERROR ? "error" : "warning";
}

/* Adds to line and column what the bytes up to end are. */
static void advance(struct ck_str text, size_t begin, size_t end, size_t *line, size_t *column)
{
	size_t n;
	for (size_t at = begin; at < end && at < text.n; at += n) {
		uint32_t point = 0;
		n = ck_utf8_next(text, at, &point);
		n = n ? n : 1;
		if (text.p[at] == '\n') {
			++*line;
			*column = 1;
		} else {
			++*column;
		}
	}
}

struct ck_place ck_place_of(const struct ck_diags *diags, struct ck_span span)
{
	struct ck_place place = {.file = CK_STR("")};
	if (span.file == 0 || span.file > diags->n_files)
		return place;
	const struct ck_source_text *file = &diags->files[span.file - 1];
	place.file = file->name;
	place.line = place.column = 1;
	advance(file->text, 0, span.begin, &place.line, &place.column);
	place.end_line = place.line;
	place.end_column = place.column;
	advance(file->text, span.begin, span.end, &place.end_line, &place.end_column);
	return place;
}

struct ranked {
	struct ck_diag *diag;
	size_t order;	/* in which they came, so that equal places keep it */
};

static int compare_ranked(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	struct ck_span s = x->diag->span, t = y->diag->span;
	/* Without a place: after all the others (0 - 1 is the largest file number). */
	if (s.file != t.file)
		return s.file - 1 < t.file - 1 ? -1 : 1;
	if (s.begin != t.begin)
		return s.begin < t.begin ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

/* One line each, as editors and CI systems parse it. */
static void render_gcc(const struct ck_diags *diags, struct ck_diag *const *items, size_t n, struct ck_buf *out)
{
	for (size_t i = 0; i < n; i++) {
		const struct ck_diag *diag = items[i];
		struct ck_place place = ck_place_of(diags, diag->span);
		ck_buf_name(out, place.line ? place.file : CK_STR("ckmig"));
		if (place.line)
			ck_buf_printf(out, ":%zu:%zu", place.line, place.column);
		ck_buf_str(out, CK_STR(": "));
		ck_buf_printf(out, "%s: ", ck_severity_text(diag->severity));
		for (size_t j = 0; j < diag->message.n; j++)
			ck_buf_char(out, diag->message.p[j] == '\n' ? ' ' : diag->message.p[j]);
		ck_buf_printf(out, " [%s]\n", ck_code_number(diag->code));
	}
}

void ck_diags_render(const struct ck_diags *diags, enum ck_format format, bool color, struct ck_buf *out)
{
	/* A diagnostic that found no memory must not vanish. */
	struct ck_diag lost = {.code = CK_NOMEM, .message = CK_STR("memory is short, so that messages were lost")};
	bool is_lost = diags->n_errors + diags->n_warnings > diags->n_items + diags->n_suppressed;
	size_t n = diags->n_items + is_lost;
	struct ranked *ranked = ck_alloc((n + 1) * sizeof(*ranked));
	struct ck_diag **items = ck_alloc((n + 1) * sizeof(struct ck_diag *));
	if (!ranked || !items) {
		out->failed = true;
		goto done;
	}
	for (size_t i = 0; i < n; i++)
		ranked[i] = (struct ranked){i < diags->n_items ? diags->items[i] : &lost, i};
	qsort(ranked, n, sizeof(*ranked), compare_ranked);
	for (size_t i = 0; i < n; i++)
		items[i] = ranked[i].diag;
	switch (format) {
	case CK_FORMAT_TEXT:
		ck_render_text(diags, items, n, color, out);
		break;
	case CK_FORMAT_GCC:
		render_gcc(diags, items, n, out);
		break;
	case CK_FORMAT_JSON:
		ck_render_json(diags, items, n, out);
		break;
	case CK_FORMAT_SARIF:
		ck_render_sarif(diags, items, n, out);
		break;
	}
done:
	ck_free(ranked);
	ck_free(items);
}
