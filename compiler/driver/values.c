#include "compiler/driver/values.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/convert.h"

/* NumPy's printing defaults. Source: numpy/_core/arrayprint.py. */
enum { THRESHOLD = 1000, EDGE = 3, LINE_WIDTH = 75 };
enum { MAX_SHOWN = 100000, MAX_DIGITS = 17, MAX_WIDTH = 16 };

/* A finite number as digits: 0.d1d2d3... times ten to the power of `point`. */
struct decimal {
	char digits[MAX_DIGITS + 1];
	int n, point;
	bool negative;
	const char *special;	/* "nan", "inf"; NULL: finite */
};

/* What is shown: the visible indices of each axis, and a text for each element of their product. */
struct grid {
	struct ck_driver *driver;
	const struct ck_data *data;
	const struct ck_variable *variable;
	bool summarised;
	size_t n_texts, width;
	struct ck_str *texts;
	double *numbers;	/* of floats: they are laid out together */
	const struct ck_str *strings;	/* of a string tensor, all elements */
};

static size_t n_visible(const struct grid *grid, size_t axis)
{
	uint64_t n = grid->variable->shape.dims[axis];
	return grid->summarised && n > 2 * EDGE ? 2 * EDGE : (size_t)n;
}

static uint64_t visible_index(const struct grid *grid, size_t axis, size_t i)
{
	uint64_t n = grid->variable->shape.dims[axis];
	return i < EDGE || n <= 2 * EDGE || !grid->summarised ? i : n - 2 * EDGE + i;
}

/* ---- Digits. */

static bool reads_back(enum ck_dtype dtype, double x, double decimal)
{
	uint8_t a[MAX_WIDTH], b[MAX_WIDTH];
	struct ck_cast_counts counts = {0};
	if (dtype == CK_DT_F64)
		return x == decimal;
	ck_encode_f64(dtype, &x, a, 1, &counts);
	ck_encode_f64(dtype, &decimal, b, 1, &counts);
	return memcmp(a, b, ck_dtype_width(dtype) / ck_dtype_parts(dtype)) == 0;
}

static struct decimal shortest(enum ck_dtype dtype, double x)
{
	struct decimal decimal = {.negative = signbit(x) != 0};
	if (!isfinite(x)) {
		decimal.special = isnan(x) ? "nan" : "inf";
		decimal.negative = decimal.negative && !isnan(x);
		return decimal;
	}
	char text[CK_FLOAT_TEXT];
	for (int digits = 1; digits <= MAX_DIGITS; digits++) {
		snprintf(text, sizeof(text), "%.*e", digits - 1, fabs(x));
		if (reads_back(dtype, fabs(x), strtod(text, NULL)))
			break;
	}
	decimal.point = atoi(strchr(text, 'e') + 1) + 1;
	for (const char *p = text; *p != 'e'; p++) {
		if (*p != '.')
			decimal.digits[decimal.n++] = *p;
	}
	while (decimal.n > 0 && decimal.digits[decimal.n - 1] == '0')
		decimal.n--;
	if (decimal.n == 0)
		decimal.point = 0;
	return decimal;
}

/* Digit i after (from 0) or before (from -1) the decimal point. */
static char digit_at(const struct decimal *decimal, int i)
{
	int at = decimal->point + i;
	return at >= 0 && at < decimal->n ? decimal->digits[at] : '0';
}

/* Digits after the point, at least `fraction` of them, of which those that are not needed are spaces. */
static void put_positional(struct ck_buf *buf, const struct decimal *decimal, int fraction)
{
	int needed = decimal->n > decimal->point ? decimal->n - decimal->point : 0;
	ck_buf_str(buf, decimal->negative ? CK_STR("-") : CK_STR(""));
	for (int i = decimal->point > 0 ? -decimal->point : -1; i < 0; i++)
		ck_buf_char(buf, decimal->point > 0 ? digit_at(decimal, i) : '0');
	ck_buf_char(buf, '.');
	for (int i = 0; i < needed; i++)
		ck_buf_char(buf, digit_at(decimal, i));
	if (fraction > needed)
		ck_buf_fill(buf, ' ', (size_t)(fraction - needed));
}

static void put_scientific(struct ck_buf *buf, const struct decimal *decimal, int fraction)
{
	int exponent = decimal->n ? decimal->point - 1 : 0;
	ck_buf_printf(buf, "%s%c", decimal->negative ? "-" : "", decimal->n ? decimal->digits[0] : '0');
	ck_buf_str(buf, fraction ? CK_STR(".") : CK_STR(""));
	for (int i = 1; i <= fraction; i++)
		ck_buf_char(buf, i < decimal->n ? decimal->digits[i] : '0');
	ck_buf_printf(buf, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
}

void ck_float_text(enum ck_dtype dtype, double x, char ret_text[CK_FLOAT_TEXT])
{
	struct decimal decimal = shortest(dtype, x);
	struct ck_buf buf = {0};
	if (decimal.special)
		ck_buf_printf(&buf, "%s%s", decimal.negative ? "-" : "", decimal.special);
	else if (decimal.n && (decimal.point < -3 || decimal.point > 16))
		put_scientific(&buf, &decimal, decimal.n > 1 ? decimal.n - 1 : 0);
	else
		put_positional(&buf, &decimal, 1);
	while (buf.n && buf.p[buf.n - 1] == ' ')
		buf.p[buf.n - 1] = '0';
	snprintf(ret_text, CK_FLOAT_TEXT, "%.*s", CK_STR_ARG(ck_buf_view(&buf)));
	ck_buf_clear(&buf);
}

/* All floats of a grid, with their decimal points below each other; scientific where NumPy writes them so. */
static void format_floats(struct grid *grid, const double *numbers)
{
	enum ck_dtype dtype = grid->variable->dtype;
	double least = INFINITY, most = 0;
	int fraction = 0, mantissa = 0;
	for (size_t i = 0; i < grid->n_texts; i++) {
		struct decimal decimal = shortest(dtype, numbers[i]);
		if (decimal.special || decimal.n == 0)
			continue;
		least = fmin(least, fabs(numbers[i]));
		most = fmax(most, fabs(numbers[i]));
		fraction = decimal.n - decimal.point > fraction ? decimal.n - decimal.point : fraction;
		mantissa = decimal.n - 1 > mantissa ? decimal.n - 1 : mantissa;
	}
	bool scientific = most > 0 && (most >= 1e8 || least < 1e-4 || most / least > 1000);
	for (size_t i = 0; i < grid->n_texts; i++) {
		struct ck_buf buf = {0};
		struct decimal decimal = shortest(dtype, numbers[i]);
		if (decimal.special)
			ck_buf_printf(&buf, "%s%s", decimal.negative ? "-" : "", decimal.special);
		else if (scientific)
			put_scientific(&buf, &decimal, mantissa);
		else
			put_positional(&buf, &decimal, fraction);
		grid->texts[i] = ck_str_copy(grid->driver->arena, ck_buf_view(&buf));
		ck_buf_clear(&buf);
	}
}

/* ---- Elements. */

static struct ck_str format_element(struct grid *grid, const uint8_t *bytes)
{
	enum ck_dtype dtype = grid->variable->dtype;
	struct ck_arena *arena = grid->driver->arena;
	char re[CK_FLOAT_TEXT], im[CK_FLOAT_TEXT];
	double parts[2];
	switch (ck_dtype_class(dtype)) {
	case CK_CLASS_BOOL:
		return *bytes ? CK_STR("True") : CK_STR("False");
	case CK_CLASS_INT:
		return ck_str_format(arena, "%" PRId64, (int64_t)ck_load_int(dtype, bytes));
	case CK_CLASS_UINT:
		return ck_str_format(arena, "%" PRIu64, (uint64_t)ck_load_int(dtype, bytes));
	case CK_CLASS_COMPLEX:
		ck_decode_f64(dtype, bytes, parts, 2);
		ck_float_text(dtype, parts[0], re);
		ck_float_text(dtype, parts[1], im);
		return ck_str_format(arena, "%s%s%sj", re, im[0] == '-' ? "" : "+", im);
	case CK_CLASS_OPAQUE: {
		uint32_t bits = 0;
		for (size_t i = ck_dtype_width(dtype); i-- > 0;)
			bits = bits << 8 | bytes[i];
		return ck_str_format(arena, "0x%0*" PRIx32, (int)(2 * ck_dtype_width(dtype)), bits);
	}
	case CK_CLASS_FLOAT:	/* all together, later */
	case CK_CLASS_STRING:
		break;
	}
	return (struct ck_str){NULL, 0};
}

/* Big-endian bytes, part by part, become those of this machine. */
static void fix_order(const struct grid *grid, uint8_t *bytes)
{
	size_t n_parts = ck_dtype_parts(grid->variable->dtype), width = ck_dtype_width(grid->variable->dtype) / n_parts;
	for (size_t part = 0; part < n_parts && ck_data_manifest(grid->data)->big_endian; part++) {
		for (size_t i = 0; i < width / 2; i++) {
			uint8_t *low = &bytes[part * width + i], *high = &bytes[part * width + width - 1 - i], byte = *low;
			*low = *high;
			*high = byte;
		}
	}
}

static struct ck_str format_string(struct grid *grid, struct ck_str string)
{
	struct ck_buf buf = {0};
	ck_buf_char(&buf, '"');
	ck_buf_name(&buf, string);
	ck_buf_char(&buf, '"');
	struct ck_str text = ck_str_copy(grid->driver->arena, ck_buf_view(&buf));
	ck_buf_clear(&buf);
	return text;
}

/* One element of the grid, at a row-major position of the tensor. */
static enum ck_code load_element(struct grid *grid, size_t number, uint64_t position)
{
	uint8_t bytes[MAX_WIDTH];
	size_t width = ck_dtype_width(grid->variable->dtype);
	if (grid->strings) {
		grid->texts[number] = format_string(grid, grid->strings[position]);
		return CK_OK;
	}
	enum ck_code code = ck_data_read(grid->data, grid->variable, position * width, width, bytes, &grid->driver->diags);
	if (code)
		return code;
	fix_order(grid, bytes);
	if (grid->numbers)
		ck_decode_f64(grid->variable->dtype, bytes, &grid->numbers[number], 1);
	else
		grid->texts[number] = format_element(grid, bytes);
	return CK_OK;
}

static enum ck_code load_elements(struct grid *grid)
{
	size_t rank = grid->variable->shape.rank;
	enum ck_code code = CK_OK;
	for (size_t number = 0; number < grid->n_texts && !code; number++) {
		uint64_t position = 0, stride = 1;
		size_t rest = number;
		for (size_t axis = rank; axis-- > 0;) {
			position += visible_index(grid, axis, rest % n_visible(grid, axis)) * stride;
			rest /= n_visible(grid, axis);
			stride *= grid->variable->shape.dims[axis];
		}
		code = load_element(grid, number, position);
	}
	if (grid->numbers && !code)
		format_floats(grid, grid->numbers);
	return code;
}

/* ---- Brackets. */

/* The innermost axis: as many on a line as fit. */
static void put_row(struct grid *grid, size_t indent, size_t first)
{
	struct ck_buf *out = &grid->driver->out;
	size_t axis = grid->variable->shape.rank - 1, n = n_visible(grid, axis), column = indent + 1;
	bool gap = n < grid->variable->shape.dims[axis];
	ck_buf_char(out, '[');
	for (size_t i = 0; i < n; i++) {
		struct ck_str text = grid->texts[first + i];
		size_t columns = ck_str_columns(text);
		if (i && column + 1 + grid->width > LINE_WIDTH) {
			ck_buf_char(out, '\n');
			ck_buf_fill(out, ' ', indent + 1);
			column = indent + 1;
		} else if (i) {
			ck_buf_char(out, ' ');
			column++;
		}
		if (grid->strings) {
			ck_buf_str(out, text);
			ck_buf_fill(out, ' ', i + 1 < n ? grid->width - columns : 0);
		} else {
			ck_buf_fill(out, ' ', grid->width - columns);
			ck_buf_str(out, text);
		}
		column += grid->width;
		if (gap && i + 1 == EDGE) {
			ck_buf_str(out, CK_STR(" ..."));
			column += 4;
		}
	}
	ck_buf_char(out, ']');
}

/* Depth is at most the rank, CK_MAX_RANK. */
static void put_axis(struct grid *grid, size_t axis, size_t first)
{
	struct ck_buf *out = &grid->driver->out;
	size_t rank = grid->variable->shape.rank, n_below = 1;
	if (axis + 1 == rank) {
		put_row(grid, axis, first);
		return;
	}
	for (size_t i = axis + 1; i < rank; i++)
		n_below *= n_visible(grid, i);
	ck_buf_char(out, '[');
	for (size_t i = 0; i < n_visible(grid, axis); i++) {
		if (i) {
			ck_buf_fill(out, '\n', rank - axis - 1);
			ck_buf_fill(out, ' ', axis + 1);
		}
		put_axis(grid, axis + 1, first + i * n_below);
		if (i + 1 == EDGE && n_visible(grid, axis) < grid->variable->shape.dims[axis]) {
			ck_buf_fill(out, '\n', rank - axis - 1);
			ck_buf_fill(out, ' ', axis + 1);
			ck_buf_str(out, CK_STR("..."));
		}
	}
	ck_buf_char(out, ']');
}

static enum ck_code put_grid(struct grid *grid)
{
	struct ck_arena *arena = grid->driver->arena;
	bool is_float = ck_dtype_class(grid->variable->dtype) == CK_CLASS_FLOAT;
	grid->texts = ck_arena_array(arena, grid->n_texts, sizeof(*grid->texts));
	grid->numbers = is_float ? ck_arena_array(arena, grid->n_texts, sizeof(double)) : NULL;
	if (ck_arena_failed(arena))
		return ck_error_nomem(&grid->driver->diags);
	if (grid->variable->dtype == CK_DT_STRING) {
		struct ck_str *strings;
		size_t n;
		enum ck_code code = ck_data_strings(grid->data, grid->variable, arena, &grid->driver->diags, &strings, &n);
		if (code)
			return code;
		grid->strings = strings;
	}
	enum ck_code code = load_elements(grid);
	if (code)
		return code;
	for (size_t i = 0; i < grid->n_texts; i++) {
		size_t columns = ck_str_columns(grid->texts[i]);
		grid->width = columns > grid->width ? columns : grid->width;
	}
	if (grid->variable->shape.rank == 0 && is_float) {
		char text[CK_FLOAT_TEXT];
		ck_float_text(grid->variable->dtype, grid->numbers[0], text);
		ck_buf_str(&grid->driver->out, ck_str(text));
	} else if (grid->variable->shape.rank == 0) {
		ck_buf_str(&grid->driver->out, grid->texts[0]);
	} else {
		put_axis(grid, 0, 0);
	}
	ck_buf_char(&grid->driver->out, '\n');
	return ck_arena_failed(arena) ? ck_error_nomem(&grid->driver->diags) : CK_OK;
}

enum ck_code ck_values_put(struct ck_driver *driver, const struct ck_data *data, const struct ck_variable *variable)
{
	struct grid grid = {.driver = driver, .data = data, .variable = variable, .n_texts = 1};
	uint64_t n_elems;
	if (!ck_shape_elems(variable->shape, &n_elems))
		return ck_error_nomem(&driver->diags);
	grid.summarised = n_elems > THRESHOLD;
	for (size_t axis = 0; axis < variable->shape.rank && n_elems && grid.n_texts <= MAX_SHOWN; axis++)
		grid.n_texts *= n_visible(&grid, axis);
	const char *instead = NULL;
	if (n_elems == 0)
		instead = "[]";
	else if (variable->dtype != CK_DT_STRING && ck_dtype_width(variable->dtype) == 0)
		instead = "(values of this dtype cannot be shown)";
	else if (grid.n_texts > MAX_SHOWN)
		instead = "(too many axes to show values)";
	if (!instead)
		return put_grid(&grid);
	ck_buf_printf(&driver->out, "%s\n", instead);
	return CK_OK;
}
