/* The dry run's table on the terminal: columns aligned, long rows wrapped at their arrow. */
#include "vm/report_internal.h"

#include <inttypes.h>

/* Columns of the terminal. Narrow tables keep the widths of the manual's example. */
enum {
	LINE = 110,			/* beyond it the right side of a mapping stands on a line of its own */
	MARK = 2, WHAT = 6,		/* where these begin */
	MIN_WHAT = 22, MIN_COUNTS = 10, MIN_SIZE = 5,
	GAP_WHAT = 2, GAP_SIZE = 4, GAP_MAPPING = 3,
	MORE = 2,			/* a second line begins so much further in than the mapping */
};

struct layout {
	const struct ck_size_unit *unit;
	size_t what, from, to, counts, size;	/* widths; counts: of "from -> to" */
	size_t mapping;				/* where it begins */
	bool color;
};

static size_t digits(uint64_t number)
{
	size_t n = 1;

	while (number >= 10) {
		number /= 10;
		n++;
	}
	return n;
}

static void widen(size_t *width, size_t wanted)
{
	if (wanted > *width)
		*width = wanted;
}

static size_t size_width(uint64_t n_bytes, const struct ck_size_unit *unit, struct ck_buf *out)
{
	struct ck_buf text = { 0 };
	size_t n;

	ck_buf_in_unit(&text, n_bytes, unit);
	n = text.n;
	out->failed = out->failed || text.failed;
	ck_buf_clear(&text);
	return n;
}

static struct layout lay_out(const struct ck_dryrun_rows *rows, const struct ck_size_unit *unit, bool color, struct ck_buf *out)
{
	struct layout layout = { .unit = unit, .what = MIN_WHAT, .from = 1, .to = 1, .size = MIN_SIZE, .color = color };
	size_t arrow = 4;

	for (size_t i = 0; i < rows->n; i++) {
		widen(&layout.what, ck_str_columns(rows->items[i].what));
		widen(&layout.from, digits(rows->items[i].n_from));
		widen(&layout.to, digits(rows->items[i].n_to));
		widen(&layout.size, size_width(rows->items[i].n_bytes, unit, out));
	}
	layout.counts = layout.from + arrow + layout.to;
	widen(&layout.counts, MIN_COUNTS);
	layout.mapping = WHAT + layout.what + GAP_WHAT + layout.counts + GAP_SIZE + layout.size + GAP_MAPPING;
	return layout;
}

static void put_header(struct ck_buf *out, const struct layout *layout)
{
	ck_buf_fill(out, ' ', WHAT);
	ck_buf_printf(out, "%-*s%-*s%*s%*s\n", (int)(layout->what + GAP_WHAT), "what", (int)layout->counts, "variables",
		      (int)(GAP_SIZE + layout->size), layout->unit->name, GAP_MAPPING + (int)sizeof("mapping") - 1, "mapping");
}

static void put_mark(struct ck_buf *out, char mark, bool color)
{
	enum ck_paint paint = mark == '+' ? CK_PAINT_GREEN : mark == '-' ? CK_PAINT_RED : mark == '~' ? CK_PAINT_YELLOW
			      : mark == '!' ? CK_PAINT_ALARM : CK_PAINT_NONE;

	ck_buf_fill(out, ' ', MARK);
	ck_buf_paint(out, color, paint, (const char[]){ mark, '\0' });
	ck_buf_fill(out, ' ', WHAT - MARK - 1);
}

/* "from -> to", or what else stands on the right: on this line where there is room. */
static void put_right(struct ck_buf *out, const struct layout *layout, size_t *column, const char *between, struct ck_str right)
{
	size_t n = ck_str_columns(right), n_between = ck_str_columns(ck_str(between));

	if (*column + n_between + n <= LINE) {
		ck_buf_str(out, ck_str(between));
		*column += n_between + n;
	} else {
		ck_buf_char(out, '\n');
		ck_buf_fill(out, ' ', layout->mapping + MORE);
		/* The arrow leads the new line; spaces do not. */
		for (const char *p = between; *p; p++)
			if (*p != ' ')
				ck_buf_char(out, *p);
		if (between[1] != ' ')
			ck_buf_char(out, ' ');
		*column = layout->mapping + MORE + n;
	}
	ck_buf_str(out, right);
}

static void put_row(struct ck_buf *out, const struct layout *layout, const struct ck_dryrun_row *row)
{
	struct ck_buf counts = { 0 }, size = { 0 }, because = { 0 };
	size_t column = layout->mapping + ck_str_columns(row->from);

	ck_buf_printf(&counts, "%*" PRIu64 " -> %" PRIu64, (int)layout->from, row->n_from, row->n_to);
	ck_buf_in_unit(&size, row->n_bytes, layout->unit);
	put_mark(out, row->mark, layout->color);
	ck_buf_str(out, row->what);
	ck_buf_fill(out, ' ', layout->what + GAP_WHAT - ck_str_columns(row->what));
	ck_buf_str(out, ck_buf_view(&counts));
	ck_buf_fill(out, ' ', layout->counts - counts.n + GAP_SIZE + layout->size - size.n);
	ck_buf_str(out, ck_buf_view(&size));
	ck_buf_fill(out, ' ', GAP_MAPPING);
	ck_buf_str(out, row->from);
	if (row->to.n)
		put_right(out, layout, &column, " -> ", row->to);
	if (row->because.n) {
		ck_buf_name(&because, row->because);
		put_right(out, layout, &column, "   ", ck_buf_view(&because));
	}
	ck_buf_char(out, '\n');
	out->failed = out->failed || counts.failed || size.failed || because.failed;
	ck_buf_clear(&counts);
	ck_buf_clear(&size);
	ck_buf_clear(&because);
}

size_t ck_dryrun_table(const struct ck_dryrun_rows *rows, const struct ck_size_unit *unit, char skip, size_t limit, bool color,
		       struct ck_buf *out)
{
	struct layout layout = lay_out(rows, unit, color, out);
	size_t n = 0;

	for (size_t i = 0; i < rows->n; i++) {
		if (rows->items[i].mark == skip || n++ >= limit)
			continue;
		if (n == 1)
			put_header(out, &layout);
		put_row(out, &layout, &rows->items[i]);
	}
	return n > limit ? n - limit : 0;
}
