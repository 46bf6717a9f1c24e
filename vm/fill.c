/* FILL: data from nothing. Constants are one element; the others compute an element from its row-major place. */
#include "vm/view_node.h"

#include <math.h>
#include <string.h>

#include "vm/random.h"

static enum ck_code read_const(const struct ck_view *view, const struct ck_box *box, uint8_t *dst, const int64_t *strides,
			       struct ck_worker *worker)
{
	(void)worker;
	ck_fill_strided(view->rank, box->count, dst, strides, view->fill.element, view->width);
	return CK_OK;
}

static double draw(const struct ck_view *view, uint64_t index, uint64_t *group, double draws[4])
{
	bool normal = view->fill.fill == CK_FILL_NORMAL;

	if (*group != index / 4) {
		*group = index / 4;
		(normal ? ck_random_normal : ck_random_uniform)(view->fill.key, *group, draws);
	}
	return normal ? view->fill.a + view->fill.b * draws[index % 4] : view->fill.a + (view->fill.b - view->fill.a) * draws[index % 4];
}

/* n elements of the last axis, the first at row-major place `index`, `step` apart. */
static void draw_row(const struct ck_view *view, int64_t index, int64_t step, uint64_t n, uint8_t *dst, int64_t stride)
{
	struct ck_cast_counts ignored = { 0 };
	uint64_t group = UINT64_MAX;
	double draws[4], values[256];
	uint8_t bytes[sizeof(values)];
	const int64_t width = (int64_t)view->width;

	for (uint64_t at = 0; at < n;) {
		uint64_t m = n - at < CK_COUNT(values) ? n - at : CK_COUNT(values);

		for (uint64_t i = 0; i < m; i++)
			values[i] = draw(view, (uint64_t)(index + (int64_t)(at + i) * step), &group, draws);
		ck_encode_f64(view->dtype, values, bytes, m, &ignored);
		ck_copy_strided(1, &m, dst + (int64_t)at * stride, &stride, bytes, &width, view->width);
		at += m;
	}
}

/* One place where the diagonal meets the last row of a box, if it does. */
static void eye_row(const struct ck_view *view, const struct ck_box *box, int64_t row, uint8_t *dst, int64_t stride)
{
	size_t last = view->rank - 1;

	for (uint64_t i = 0; i < box->count[last]; i++)
		if (box->start[last] + (int64_t)i * box->step[last] == row)
			memcpy(dst + (int64_t)i * stride, view->fill.element, view->width);
}

/* Every row of the box; at is an odometer over all axes but the last. */
static enum ck_code read_rows(const struct ck_view *view, const struct ck_box *box, uint8_t *dst, const int64_t *strides,
			      struct ck_worker *worker)
{
	const struct ck_box one = { 1, (int64_t[]){ 0 }, (int64_t[]){ 1 }, (uint64_t[]){ 1 } };
	size_t last = view->rank ? view->rank - 1 : 0, mark = worker->used, i;
	const struct ck_box *row = view->rank ? box : &one;
	int64_t *below = ck_worker_push(worker, (view->rank + 1) * sizeof(*below)), stride = view->rank ? strides[last] : 0;
	uint64_t *at = ck_worker_push(worker, (view->rank + 1) * sizeof(*at));

	if (!below || !at)
		return CK_NOMEM;
	memset(at, 0, (view->rank + 1) * sizeof(*at));
	ck_box_strides(view->rank, view->dims, 1, below);
	do {
		int64_t index = row->start[last];
		uint8_t *to = dst;

		for (i = 0; i < last; i++) {
			index += (box->start[i] + (int64_t)at[i] * box->step[i]) * below[i];
			to += (int64_t)at[i] * strides[i];
		}
		if (view->fill.fill == CK_FILL_EYE)
			eye_row(view, box, box->start[last - 1] + (int64_t)at[last - 1] * box->step[last - 1], to, stride);
		else
			draw_row(view, index, row->step[last], row->count[last], to, stride);
		for (i = last; i-- > 0 && ++at[i] == box->count[i];)
			at[i] = 0;
	} while (i < last);
	worker->used = mark;
	return CK_OK;
}

static enum ck_code read_eye(const struct ck_view *view, const struct ck_box *box, uint8_t *dst, const int64_t *strides,
			     struct ck_worker *worker)
{
	static const uint8_t zero[16];

	ck_fill_strided(view->rank, box->count, dst, strides, zero, view->width);
	return read_rows(view, box, dst, strides, worker);
}

static void set_element(struct ck_view *view, const struct ck_value *number)
{
	enum ck_dtype_class class = ck_dtype_class(view->dtype);
	bool is_int = number->kind == CK_EXPR_INT;
	struct ck_cast_counts ignored = { 0 };
	double x = is_int ? (double)number->integer : number->number;

	if (class == CK_CLASS_INT || class == CK_CLASS_UINT)
		ck_store_int(view->dtype, is_int ? (__int128)number->integer : (__int128)x, view->fill.element);
	else if (is_int) /* one rounding also beyond 2^53 */
		ck_convert(CK_DT_I64, view->dtype, CK_OVERFLOW_ALLOW, &number->integer, view->fill.element, 1, &ignored);
	else
		ck_convert(CK_DT_F64, view->dtype, CK_OVERFLOW_ALLOW, &x, view->fill.element, 1, &ignored);
}

static double number_of(const struct ck_value *value)
{
	return value->kind == CK_EXPR_INT ? (double)value->integer : value->number;
}

static bool set_random(struct ck_view *view, const struct ck_value *args, struct ck_str label)
{
	view->fill.a = number_of(&args[0]);
	view->fill.b = number_of(&args[1]);
	return ck_random_key(args[2].integer, label, view->fill.key);
}

static struct ck_view *new_fill(struct ck_view_context *context, enum ck_fill fill, ck_read_function *read, enum ck_dtype dtype, size_t rank,
				const uint64_t *dims)
{
	struct ck_view *view = ck_view_new(context, CK_VIEW_FILL, read, dtype, 0, NULL, 0, 0);

	if (!view || !ck_view_set_shape(context, view, rank, dims))
		return NULL;
	view->fill.fill = fill;
	return view;
}

struct ck_view *ck_view_zeros(struct ck_view_context *context, enum ck_dtype dtype, size_t rank, const uint64_t *dims)
{
	return new_fill(context, CK_FILL_CONST, read_const, dtype, rank, dims);
}

struct ck_view *ck_view_fill_like(struct ck_view_context *context, const struct ck_view *view, size_t rank, const uint64_t *dims)
{
	struct ck_view *result = ck_view_zeros(context, view->dtype, rank, dims);

	if (result && view->kind == CK_VIEW_FILL)
		memcpy(result->fill.element, view->fill.element, sizeof(result->fill.element));
	return result;
}

struct ck_view *ck_view_fill(struct ck_view_context *context, const struct ck_value *value, enum ck_dtype dtype, size_t rank,
			     const uint64_t *dims)
{
	const struct ck_value one = { .kind = CK_EXPR_INT, .integer = 1 };
	struct ck_view *view = ck_view_zeros(context, dtype, rank, dims);

	if (!view)
		return NULL;
	switch ((enum ck_fill)value->index) {
	case CK_FILL_ZEROS:
		break;
	case CK_FILL_ONES:
		set_element(view, &one);
		break;
	case CK_FILL_CONST:
		set_element(view, &value->items[0]);
		break;
	case CK_FILL_EYE:
		set_element(view, &one);
		view->fill.fill = CK_FILL_EYE;
		view->read = read_eye;
		break;
	case CK_FILL_NORMAL:
	case CK_FILL_UNIFORM:
		view->fill.fill = (enum ck_fill)value->index;
		view->read = read_rows;
		if (!set_random(view, value->items, context->target))
			return NULL;
		break;
	case CK_FILL_ARANGE:
	case CK_FILL_TRUNCATED_NORMAL:
	case CK_FILL_GLOROT_UNIFORM:
	case CK_FILL_GLOROT_NORMAL:
	case CK_FILL_HE_UNIFORM:
	case CK_FILL_HE_NORMAL:
	case CK_FILL_LECUN_UNIFORM:
	case CK_FILL_LECUN_NORMAL:
	case CK_FILL_ORTHOGONAL:
	case CK_FILL_TEMPLATE:
	case CK_FILL_MEAN:
	case CK_FILL_LIKE:
		ck_error(context->diags, CK_BAD_PLAN, (struct ck_span){ 0 }, "the fill `%s` has no place in bound code",
			 ck_fill_info(value->index)->name);
		return NULL;
	}
	return view;
}
