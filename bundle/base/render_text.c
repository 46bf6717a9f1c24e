/**
 * Diagnostics for people:
 *
 *     error[E0304]: concat gives [2, 1] but the template has [1, 2]
 *       --> 03_widen.ckmig:6:5
 *        |
 *      4 | map "dense1/kernel"
 *        |     --------------- f32[1, 1]
 *      6 |   | pad(axis=0, after=1, with=zeros)
 *        |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ makes f32[2, 1]
 *        |
 *        = note: ckmig explain E0304
 *
 * Only lines with a label are shown; each label has an underline of its own, on the first line of its span.
 */
#include <stdlib.h>

#include "bundle/base/render.h"

enum {
	WINDOW = 100,	/* columns of an excerpt */
	MARGIN = 30,	/* columns kept before what is underlined when a line is clipped */
	TAB = 8,
};

/* What is underlined: one row of the excerpt. */
struct row {
	struct ck_span span;
	struct ck_str text;
	bool is_primary;
	size_t line_number, line_begin, line_end;	/* bytes, without the line break */
};

struct page {
	const struct ck_diags *diags;
	const struct ck_diag *diag;
	struct ck_buf *out;
	bool color;
	int gutter;	/* digits of the largest line number */
};

enum style { PLAIN, BOLD, SEVERITY, EDGE };

static void begin_style(const struct page *page, enum style style)
{
	static const char *const sequences[] = {[PLAIN] = "", [BOLD] = "\x1b[1m", [EDGE] = "\x1b[1;34m"};
	const char *severity = page->diag->severity == CK_ERROR ? "\x1b[1;31m" : "\x1b[1;33m";
	if (page->color)
		ck_buf_str(page->out, ck_str(style == SEVERITY ? severity : sequences[style]));
}

static void end_style(const struct page *page)
{
	if (page->color)
		ck_buf_str(page->out, CK_STR("\x1b[0m"));
}

static void styled(const struct page *page, enum style style, struct ck_str text)
{
	begin_style(page, style);
	ck_buf_str(page->out, text);
	end_style(page);
}

/* "   | " or " 7 | ", without the last blank where nothing follows. */
static void draw_gutter(const struct page *page, size_t line_number, bool more)
{
	begin_style(page, EDGE);
	if (line_number)
		ck_buf_printf(page->out, " %*zu |", page->gutter, line_number);
	else
		ck_buf_printf(page->out, " %*s |", page->gutter, "");
	end_style(page);
	ck_buf_str(page->out, more ? CK_STR(" ") : CK_STR("\n"));
}

/* Columns that the character at `at` takes when it begins at `column`, and its bytes. */
static size_t columns_at(struct ck_str line, size_t at, size_t column, size_t *ret_n, bool *ret_readable)
{
	uint32_t point = 0;
	size_t n = ck_utf8_next(line, at, &point);
	*ret_n = n ? n : 1;
	*ret_readable = n != 0 && !ck_utf8_is_control(point);
	if (n == 1 && point == '\t')
		return TAB - column % TAB;
	return *ret_readable ? ck_utf8_columns(point) : 1;
}

static size_t columns_until(struct ck_str line, size_t end)
{
	size_t column = 0, n;
	bool readable;
	for (size_t at = 0; at < end && at < line.n; at += n)
		column += columns_at(line, at, column, &n, &readable);
	return column;
}

/* Prints columns begin..end of the line, tabs as blanks and what cannot be shown as U+FFFD. */
static void draw_columns(const struct page *page, struct ck_str line, size_t begin, size_t end)
{
	size_t column = 0, n;
	bool readable;
	for (size_t at = 0; at < line.n && column < end; at += n) {
		size_t next = column + columns_at(line, at, column, &n, &readable);
		bool is_tab = line.p[at] == '\t';
		if (column >= begin && next <= end && !is_tab) {
			ck_buf_str(page->out, readable ? ck_str_slice(line, at, at + n) : CK_STR("\xef\xbf\xbd"));
		} else if (next > begin) {
			/* A tab, or a wide character cut by the edge of the window. */
			size_t from = column < begin ? begin : column, to = next < end ? next : end;
			ck_buf_fill(page->out, ' ', to - from);
		}
		column = next;
	}
}

/* The columns of a line that are shown, and the dots that stand for the others. */
struct window {
	size_t begin, end;
	bool dots_before, dots_after;
};

static struct window choose_window(size_t n_columns, size_t mark_begin, size_t mark_end)
{
	enum { DOTS = 3 };
	struct window window = {0, n_columns, false, false};
	if (n_columns <= WINDOW)
		return window;
	if (mark_begin > MARGIN && (mark_end > WINDOW - DOTS || mark_begin > WINDOW - DOTS - MARGIN)) {
		window.begin = mark_begin - MARGIN;
		window.dots_before = true;
	}
	window.end = window.begin + WINDOW - (window.dots_before ? DOTS : 0);
	window.dots_after = window.end < n_columns;
	window.end = window.dots_after ? window.end - DOTS : n_columns;
	return window;
}

static void draw_line(const struct page *page, struct ck_str line, size_t number, struct window window)
{
	draw_gutter(page, number, line.n != 0);
	if (line.n == 0)
		return;
	ck_buf_str(page->out, window.dots_before ? CK_STR("...") : CK_STR(""));
	draw_columns(page, line, window.begin, window.end);
	ck_buf_str(page->out, window.dots_after ? CK_STR("...\n") : CK_STR("\n"));
}

static void draw_mark(const struct page *page, const struct row *row, size_t begin, size_t end, struct window window)
{
	if (end > window.end && window.dots_after)
		end = window.end;
	size_t shown_begin = begin - window.begin + (window.dots_before ? 3 : 0);
	draw_gutter(page, 0, true);
	ck_buf_fill(page->out, ' ', shown_begin);
	begin_style(page, row->is_primary ? SEVERITY : EDGE);
	ck_buf_fill(page->out, row->is_primary ? '^' : '-', end > begin ? end - begin : 1);
	if (row->text.n) {
		ck_buf_char(page->out, ' ');
		ck_buf_str(page->out, row->text);
	}
	end_style(page);
	ck_buf_char(page->out, '\n');
}

static bool in_window(struct window window, size_t begin, size_t end)
{
	return begin >= window.begin && (end <= window.end || !window.dots_after);
}

/* All rows of one file, sorted. */
static void draw_rows(const struct page *page, const struct row *rows, size_t n)
{
	const struct ck_str text = page->diags->files[rows[0].span.file - 1].text;
	struct window window = {0};
	for (size_t i = 0; i < n; i++) {
		const struct row *row = &rows[i];
		struct ck_str line = ck_str_slice(text, row->line_begin, row->line_end);
		size_t begin = columns_until(line, row->span.begin - row->line_begin);
		size_t end_byte = row->span.end < row->line_end ? row->span.end : row->line_end;
		size_t end = end_byte > row->span.begin ? columns_until(line, end_byte - row->line_begin) : begin;
		bool same_line = i > 0 && rows[i - 1].line_begin == row->line_begin;
		if (!same_line || !in_window(window, begin, end)) {
			window = choose_window(columns_until(line, line.n), begin, end);
			draw_line(page, line, row->line_number, window);
		}
		draw_mark(page, row, begin, end, window);
	}
}

/* False for "no place" and for places outside the text. */
static bool make_row(const struct ck_diags *diags, struct ck_span span, struct ck_str text, bool is_primary, struct row *ret_row)
{
	if (span.file == 0 || span.file > diags->n_files)
		return false;
	struct ck_str file = diags->files[span.file - 1].text;
	if (span.begin > file.n)
		span.begin = (uint32_t)file.n;
	if (span.end < span.begin)
		span.end = span.begin;
	*ret_row = (struct row){.span = span, .text = text, .is_primary = is_primary, .line_number = 1};
	for (size_t at = 0; at < span.begin; at++) {
		if (file.p[at] == '\n') {
			ret_row->line_number++;
			ret_row->line_begin = at + 1;
		}
	}
	ret_row->line_end = span.begin + ck_str_find(ck_str_slice(file, span.begin, file.n), '\n');
	if (ret_row->line_end > ret_row->line_begin && file.p[ret_row->line_end - 1] == '\r')
		ret_row->line_end--;
	if (ret_row->span.begin > ret_row->line_end)
		ret_row->span.begin = (uint32_t)ret_row->line_end;
	return true;
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	if (x->span.file != y->span.file)
		return x->span.file < y->span.file ? -1 : 1;
	if (x->span.begin != y->span.begin)
		return x->span.begin < y->span.begin ? -1 : 1;
	if (x->is_primary != y->is_primary)
		return x->is_primary ? -1 : 1;
	if (x->span.end != y->span.end)
		return x->span.end < y->span.end ? -1 : 1;
	return ck_str_compare(x->text, y->text);
}

static void draw_arrow(const struct page *page, const char *arrow, struct ck_span span)
{
	struct ck_place place = ck_place_of(page->diags, span);
	begin_style(page, EDGE);
	ck_buf_printf(page->out, " %*s%s", page->gutter, "", arrow);
	end_style(page);
	ck_buf_char(page->out, ' ');
	ck_buf_name(page->out, place.file);
	ck_buf_printf(page->out, ":%zu:%zu\n", place.line, place.column);
	draw_gutter(page, 0, false);
}

/* Rows of the file where the diagnostic is, then of the others. */
static void draw_files(const struct page *page, const struct row *rows, size_t n)
{
	uint32_t own_file = page->diag->span.file;
	bool drawn = false;
	for (int turn = 0; turn < 2; turn++) {
		for (size_t begin = 0, end; begin < n; begin = end) {
			uint32_t file = rows[begin].span.file;
			for (end = begin; end < n && rows[end].span.file == file;)
				end++;
			if ((file == own_file) != (turn == 0))
				continue;
			if (drawn)
				draw_gutter(page, 0, false);
			drawn = true;
			draw_arrow(page, turn == 0 ? "-->" : ":::", turn == 0 ? page->diag->span : rows[begin].span);
			draw_rows(page, rows + begin, end - begin);
		}
	}
	if (n)
		draw_gutter(page, 0, false);
}

/* "   = help: text", with later lines of the text below its first. */
static void draw_remark(const struct page *page, struct ck_str kind, struct ck_str text)
{
	begin_style(page, EDGE);
	ck_buf_printf(page->out, " %*s = ", page->gutter, "");
	end_style(page);
	styled(page, BOLD, kind);
	ck_buf_str(page->out, CK_STR(": "));
	for (size_t i = 0; i < text.n; i++) {
		ck_buf_char(page->out, text.p[i]);
		if (text.p[i] == '\n')
			ck_buf_fill(page->out, ' ', (size_t)page->gutter + 4 + kind.n + 2);
	}
	ck_buf_char(page->out, '\n');
}

static int n_digits(size_t number)
{
	int n = 1;
	for (; number >= 10; number /= 10)
		n++;
	return n;
}

static void draw_diag(struct page *page, const struct ck_diag *diag)
{
	struct row *rows = ck_alloc((diag->n_labels + 1) * sizeof(*rows));
	if (!rows) {
		page->out->failed = true;
		return;
	}
	size_t n = make_row(page->diags, diag->span, diag->label, true, &rows[0]) ? 1 : 0;
	for (size_t i = 0; i < diag->n_labels; i++)
		n += make_row(page->diags, diag->labels[i].span, diag->labels[i].text, false, &rows[n]) ? 1 : 0;
	page->diag = diag;
	page->gutter = 1;
	for (size_t i = 0; i < n; i++) {
		if (n_digits(rows[i].line_number) > page->gutter)
			page->gutter = n_digits(rows[i].line_number);
	}
	qsort(rows, n, sizeof(*rows), compare_rows);

	begin_style(page, SEVERITY);
	ck_buf_printf(page->out, "%s[%s]", ck_severity_text(diag->severity), ck_code_number(diag->code));
	end_style(page);
	ck_buf_str(page->out, CK_STR(": "));
	styled(page, BOLD, diag->message);
	ck_buf_char(page->out, '\n');
	draw_files(page, rows, n);
	for (size_t i = 0; i < diag->n_notes; i++)
		draw_remark(page, CK_STR("note"), diag->notes[i]);
	for (size_t i = 0; i < diag->n_helps; i++)
		draw_remark(page, CK_STR("help"), diag->helps[i]);
	char explain[32] = "ckmig explain ";
	const char *number = ck_code_number(diag->code);
	for (size_t i = 0; number[i]; i++)
		explain[14 + i] = number[i];
	draw_remark(page, CK_STR("note"), ck_str(explain));
	ck_free(rows);
}

void ck_render_text(const struct ck_diags *diags, struct ck_diag *const *items, size_t n, bool color, struct ck_buf *out)
{
	struct page page = {.diags = diags, .out = out, .color = color};
	for (size_t i = 0; i < n; i++) {
		if (i)
			ck_buf_char(out, '\n');
		draw_diag(&page, items[i]);
	}
	if (diags->n_suppressed)
		ck_buf_printf(out, "\n%zu more not shown\n", diags->n_suppressed);
}
