/* Nodes that compute: casts, scale, shift, neg, add, means. They read operands into scratch, tile by tile. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/view_node.h"

/* ---- what they share */

/* Reads the tile of an operand, packed row-major; NULL with *code set. */
static uint8_t *read_packed(const struct ck_view *operand, const struct ck_box *tile, struct ck_worker *worker, enum ck_code *code)
{
	uint8_t *bytes = ck_worker_push(worker, ck_box_elems(tile) * operand->width);
	int64_t *strides = ck_worker_push(worker, (tile->rank + 1) * sizeof(*strides));

	*code = CK_NOMEM;
	if (!bytes || !strides)
		return NULL;
	ck_box_strides(tile->rank, tile->count, operand->width, strides);
	*code = operand->read(operand, tile, bytes, strides, worker);
	return *code == CK_OK ? bytes : NULL;
}

/* Where a tile's results are computed: in place when dst is packed, else in scratch, from where put_packed() copies them. */
static uint8_t *result_place(const struct ck_tiling *tiling, const struct ck_box *tile, uint8_t *dst, struct ck_worker *worker)
{
	if (ck_box_is_compact(tile->rank, tile->count, tiling->strides, tiling->view->width))
		return dst;
	return ck_worker_push(worker, ck_box_elems(tile) * tiling->view->width);
}

static enum ck_code put_packed(const struct ck_tiling *tiling, const struct ck_box *tile, uint8_t *dst, const uint8_t *packed,
			       struct ck_worker *worker)
{
	int64_t *strides;

	if (packed == dst)
		return CK_OK;
	strides = ck_worker_push(worker, (tile->rank + 1) * sizeof(*strides));
	if (!strides)
		return CK_NOMEM;
	ck_box_strides(tile->rank, tile->count, tiling->view->width, strides);
	ck_copy_strided(tile->rank, tile->count, dst, tiling->strides, packed, strides, tiling->view->width);
	return CK_OK;
}

/* ---- cast, scale, shift, neg */

/* One number as its dtype has it: integers in full, floats with the digits that tell them from their neighbours. */
static struct ck_str number_text(struct ck_arena *arena, enum ck_dtype dtype, const uint8_t *number)
{
	bool is_wide = dtype == CK_DT_F64 || dtype == CK_DT_C128;
	double parts[2] = { 0 }, value;
	char text[32];

	if (ck_dtype_class(dtype) == CK_CLASS_UINT)
		return ck_str_format(arena, "%llu", (unsigned long long)ck_load_int(dtype, number));
	if (ck_dtype_class(dtype) == CK_CLASS_INT)
		return ck_str_format(arena, "%lld", (long long)ck_load_int(dtype, number));
	ck_decode_f64(dtype, number, parts, ck_dtype_parts(dtype));
	/* Of a complex number the part that is finite and large: an infinity does not overflow. */
	value = ck_dtype_parts(dtype) == 2 && (!isfinite(parts[0]) || (isfinite(parts[1]) && fabs(parts[1]) > fabs(parts[0]))) ? parts[1] : parts[0];
	for (int digits = 9; digits <= (is_wide ? 17 : 9); digits++) {
		(void)snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	return ck_str_format(arena, "%s", text);
}

static enum ck_code report_overflow(const struct ck_view *view, const uint8_t *values, size_t n, struct ck_worker *worker)
{
	const struct ck_view *operand = view->operands[0];
	struct ck_str target = ck_name_text(worker->diags->arena, view->target);
	struct ck_diag *diag;
	uint8_t ignored[16];
	size_t i = 0;

	for (; i < n; i++) {
		struct ck_cast_counts one = { 0 };

		ck_convert(operand->dtype, view->dtype, view->overflow, values + i * operand->width, ignored, 1, &one);
		if (one.n_overflow)
			break;
	}
	worker->failed_op = CK_OP_CAST;
	diag = ck_error(worker->diags, CK_OVERFLOW, (struct ck_span){ 0 }, "\"%.*s\" has the value %.*s, which is beyond the range of %s",
			CK_STR_ARG(target), CK_STR_ARG(number_text(worker->diags->arena, operand->dtype, values + i * operand->width)),
			ck_dtype_name(view->dtype));
	ck_diag_help(worker->diags, diag, "cast(%s, overflow=saturate) gives the nearest value of the range", ck_dtype_name(view->dtype));
	return CK_OVERFLOW;
}

static enum ck_code report_no_negative(const struct ck_view *view, const uint8_t *values, struct ck_worker *worker)
{
	uint8_t ignored[16];
	struct ck_diag *diag;

	while (!ck_negate(view->dtype, values, ignored, 1))
		values += view->width;
	worker->failed_op = CK_OP_NEG;
	diag = ck_error(worker->diags, CK_OVERFLOW, (struct ck_span){ 0 }, "\"%.*s\" is made of the value %.*s, whose negative is beyond the range of %s",
			CK_STR_ARG(ck_name_text(worker->diags->arena, view->target)),
			CK_STR_ARG(number_text(worker->diags->arena, view->dtype, values)), ck_dtype_name(view->dtype));
	ck_diag_help(worker->diags, diag, "cast to a wider %sdtype before neg", ck_dtype_class(view->dtype) == CK_CLASS_UINT ? "signed " : "");
	return CK_OVERFLOW;
}

static enum ck_code unary_tile(const struct ck_tiling *tiling, const struct ck_box *tile, uint8_t *dst, struct ck_worker *worker)
{
	const struct ck_view *view = tiling->view;
	size_t n = (size_t)ck_box_elems(tile);
	struct ck_cast_counts counts = { 0 };
	enum ck_code code;
	uint8_t *values = read_packed(view->operands[0], tile, worker, &code), *results;

	if (!values)
		return code;
	results = result_place(tiling, tile, dst, worker);
	if (!results)
		return CK_NOMEM;
	if (view->kind == CK_VIEW_CAST) {
		ck_convert(view->operands[0]->dtype, view->dtype, view->overflow, values, results, n, &counts);
		ck_cast_counts_add(&worker->counts, &counts, worker->weight);
		if (counts.n_overflow && view->overflow == CK_OVERFLOW_ERROR)
			return report_overflow(view, values, n, worker);
	} else if (view->kind == CK_VIEW_NEG) {
		if (ck_negate(view->dtype, values, results, n))
			return report_no_negative(view, values, worker);
	} else {
		(view->kind == CK_VIEW_SCALE ? ck_scale : ck_shift)(view->dtype, view->number, values, results, n);
	}
	return put_packed(tiling, tile, dst, results, worker);
}

static enum ck_code read_unary(const struct ck_view *view, const struct ck_box *box, uint8_t *dst, const int64_t *strides,
			       struct ck_worker *worker)
{
	const struct ck_tiling tiling = { view, unary_tile, strides, view->scratch };

	return ck_box_tiles(&tiling, box, dst, worker);
}

/* Moving elements and computing each commute, and files are best computed in their own order. */
static bool moves_elements(const struct ck_view *view)
{
	return view->kind == CK_VIEW_MAP || view->kind == CK_VIEW_CONCAT || view->kind == CK_VIEW_MERGE || view->kind == CK_VIEW_SPLIT;
}

static struct ck_view *unary(struct ck_view_context *context, struct ck_view *operand, const struct ck_view *what)
{
	struct ck_view **operands, *view;

	if (!operand)
		return NULL;
	if (moves_elements(operand)) {
		operands = ck_arena_array(context->arena, operand->n_operands, sizeof(*operands));
		for (size_t i = 0; operands && i < operand->n_operands; i++)
			if (!(operands[i] = unary(context, operand->operands[i], what)))
				return NULL;
		return operands ? ck_view_like(context, operand, operands) : NULL;
	}
	view = ck_view_new(context, what->kind, read_unary, what->dtype, 0, &operand, 1, operand->width + ck_dtype_width(what->dtype));
	if (!view || !ck_view_set_shape(context, view, operand->rank, operand->dims))
		return NULL;
	if (what->kind == CK_VIEW_CAST)
		view->overflow = what->overflow;
	else
		view->number = what->number;
	view->has_counts = view->has_counts || what->kind == CK_VIEW_CAST;
	return view;
}

struct ck_view *ck_view_cast(struct ck_view_context *context, struct ck_view *operand, enum ck_dtype to, enum ck_overflow overflow)
{
	const struct ck_view what = { .kind = CK_VIEW_CAST, .dtype = to, .overflow = overflow };

	return operand && operand->dtype == to ? operand : unary(context, operand, &what);
}

struct ck_view *ck_view_affine(struct ck_view_context *context, struct ck_view *operand, enum ck_view_kind kind, double x)
{
	const struct ck_view what = { .kind = kind, .dtype = operand ? operand->dtype : CK_DT_NONE, .number = x };

	return unary(context, operand, &what);
}

/* ---- add */

static enum ck_code add_tile(const struct ck_tiling *tiling, const struct ck_box *tile, uint8_t *dst, struct ck_worker *worker)
{
	const struct ck_view *view = tiling->view;
	enum ck_code code;
	uint8_t *a = read_packed(view->operands[0], tile, worker, &code), *b = a ? read_packed(view->operands[1], tile, worker, &code) : NULL;
	uint8_t *results;

	if (!b)
		return code;
	results = result_place(tiling, tile, dst, worker);
	if (!results)
		return CK_NOMEM;
	if (ck_add_elements(view->dtype, a, b, results, (size_t)ck_box_elems(tile))) {
		struct ck_diag *diag = ck_error(worker->diags, CK_OVERFLOW, (struct ck_span){ 0 }, "a sum in \"%.*s\" is beyond the range of %s",
						CK_STR_ARG(ck_name_text(worker->diags->arena, view->target)), ck_dtype_name(view->dtype));

		worker->failed_op = CK_OP_ADD;
		ck_diag_help(worker->diags, diag, "cast both members to a wider dtype before add");
		return CK_OVERFLOW;
	}
	return put_packed(tiling, tile, dst, results, worker);
}

static enum ck_code read_add(const struct ck_view *view, const struct ck_box *box, uint8_t *dst, const int64_t *strides,
			     struct ck_worker *worker)
{
	const struct ck_tiling tiling = { view, add_tile, strides, view->scratch };

	return ck_box_tiles(&tiling, box, dst, worker);
}

/* NumPy broadcasting: new axes in front, and axes of 1 repeat. */
static struct ck_view *broadcast(struct ck_view_context *context, struct ck_view *view, size_t rank, const uint64_t *dims)
{
	while (view && view->rank < rank)
		view = ck_view_repeat(context, view, 0, dims[rank - view->rank - 1]);
	for (size_t i = 0; i < rank && view; i++)
		if (view->dims[i] == 1 && dims[i] != 1)
			view = ck_view_repeat(context, ck_view_squeeze(context, view, i, 0), i, dims[i]);
	return view;
}

struct ck_view *ck_view_add(struct ck_view_context *context, struct ck_view *a, struct ck_view *b, size_t rank, const uint64_t *dims)
{
	struct ck_view *operands[2] = { broadcast(context, a, rank, dims), broadcast(context, b, rank, dims) }, *view;

	if (!operands[0] || !operands[1])
		return NULL;
	view = ck_view_new(context, CK_VIEW_ADD, read_add, a->dtype, 0, operands, 2, 3 * ck_dtype_width(a->dtype));
	return view && ck_view_set_shape(context, view, rank, dims) ? view : NULL;
}

/* ---- mean */

static enum ck_code put_means(const struct ck_tiling *tiling, const struct ck_box *tile, uint8_t *dst, double *sums, struct ck_worker *worker)
{
	const struct ck_view *view = tiling->view;
	size_t n = (size_t)ck_box_elems(tile) * ck_dtype_parts(view->dtype);
	struct ck_cast_counts ignored = { 0 };
	uint8_t *results = result_place(tiling, tile, dst, worker);

	if (!results)
		return CK_NOMEM;
	for (size_t i = 0; i < n; i++)
		sums[i] /= view->mean.total;
	ck_encode_f64(view->dtype, sums, results, n, &ignored);
	return put_packed(tiling, tile, dst, results, worker);
}

static double *zero_sums(const struct ck_view *view, const struct ck_box *tile, struct ck_worker *worker)
{
	size_t n_bytes = (size_t)ck_box_elems(tile) * ck_dtype_parts(view->dtype) * sizeof(double);
	double *sums = ck_worker_push(worker, n_bytes);

	if (sums)
		memset(sums, 0, n_bytes);
	return sums;
}

static enum ck_code mean_members_tile(const struct ck_tiling *tiling, const struct ck_box *tile, uint8_t *dst, struct ck_worker *worker)
{
	const struct ck_view *view = tiling->view;
	size_t n = (size_t)ck_box_elems(tile) * ck_dtype_parts(view->dtype), mark;
	double *sums = zero_sums(view, tile, worker);
	enum ck_code code;

	if (!sums)
		return CK_NOMEM;
	mark = worker->used;
	for (size_t i = 0; i < view->n_operands; i++) {
		uint8_t *values = read_packed(view->operands[i], tile, worker, &code);

		if (!values)
			return code;
		ck_accumulate(view->dtype, values, view->mean.weights ? view->mean.weights[i] : 1, sums, n);
		worker->used = mark;
	}
	return put_means(tiling, tile, dst, sums, worker);
}

static enum ck_code read_mean_members(const struct ck_view *view, const struct ck_box *box, uint8_t *dst, const int64_t *strides,
				      struct ck_worker *worker)
{
	const struct ck_tiling tiling = { view, mean_members_tile, strides, view->scratch };

	return ck_box_tiles(&tiling, box, dst, worker);
}

/*
 * Indices of the reduced axis that one read takes for each element of a tile: few where other rows of the file lie side by side,
 * many where the axis runs along the file.
 */
enum { FEW_AT_ONCE = 16, MANY_AT_ONCE = 1024 };

/*
 * Sums along the axis, which comes first in the packed operand's place: what lies behind it is contiguous, so each step adds a
 * row to a row, and the order of additions is that of the axis.
 */
static enum ck_code sum_along(const struct ck_view *view, const struct ck_box *tile, double *sums, struct ck_box *below, int64_t *strides,
			      struct ck_worker *worker)
{
	const struct ck_view *operand = view->operands[0];
	size_t axis = view->mean.axis, parts = ck_dtype_parts(view->dtype), n = (size_t)ck_box_elems(tile);
	uint64_t n_axis = operand->dims[axis];
	uint8_t *rows = ck_worker_push(worker, view->mean.n_at_once * n * operand->width);
	enum ck_code code = CK_OK;

	if (!rows)
		return CK_NOMEM;
	for (uint64_t at = 0; at < n_axis && code == CK_OK; at += below->count[axis]) {
		below->start[axis] = (int64_t)at;
		below->count[axis] = n_axis - at < view->mean.n_at_once ? n_axis - at : view->mean.n_at_once;
		code = operand->read(operand, below, rows, strides, worker);
		for (uint64_t i = 0; i < below->count[axis] && code == CK_OK; i++)
			ck_accumulate(view->dtype, rows + i * n * operand->width, view->mean.weights ? view->mean.weights[at + i] : 1, sums,
				      n * parts);
	}
	return code;
}

static enum ck_code mean_axis_tile(const struct ck_tiling *tiling, const struct ck_box *tile, uint8_t *dst, struct ck_worker *worker)
{
	const struct ck_view *view = tiling->view, *operand = view->operands[0];
	size_t axis = view->mean.axis;
	struct ck_box below;
	int64_t *strides, *packed = ck_worker_push(worker, (tile->rank + 1) * sizeof(*packed));
	double *sums = zero_sums(view, tile, worker);
	enum ck_code code;

	if (!packed || !sums || !ck_box_push(worker, operand->rank, &below, &strides))
		return CK_NOMEM;
	ck_box_strides(tile->rank, tile->count, operand->width, packed);
	for (size_t i = 0; i < operand->rank; i++) {
		size_t j = i - (i > axis);

		below.start[i] = i == axis ? 0 : tile->start[j];
		below.step[i] = i == axis ? 1 : tile->step[j];
		below.count[i] = i == axis ? 1 : tile->count[j];
		strides[i] = i == axis ? (int64_t)(ck_box_elems(tile) * operand->width) : packed[j];
	}
	code = sum_along(view, tile, sums, &below, strides, worker);
	return code == CK_OK ? put_means(tiling, tile, dst, sums, worker) : code;
}

static enum ck_code read_mean_axis(const struct ck_view *view, const struct ck_box *box, uint8_t *dst, const int64_t *strides,
				   struct ck_worker *worker)
{
	const struct ck_tiling tiling = { view, mean_axis_tile, strides, view->scratch };

	return ck_box_tiles(&tiling, box, dst, worker);
}

static bool set_weights(struct ck_view_context *context, struct ck_view *view, const struct ck_value *weights, uint64_t n)
{
	view->mean.total = (double)n;
	if (!weights || weights->kind == CK_EXPR_NONE)
		return true;
	view->mean.total = 0;
	view->mean.weights = ck_arena_array(context->arena, weights->n_items + 1, sizeof(*view->mean.weights));
	for (size_t i = 0; view->mean.weights && i < weights->n_items; i++) {
		const struct ck_value *weight = &weights->items[i];

		view->mean.weights[i] = weight->kind == CK_EXPR_INT ? (double)weight->integer : weight->number;
		view->mean.total += view->mean.weights[i];
	}
	return view->mean.weights;
}

struct ck_view *ck_view_mean(struct ck_view_context *context, struct ck_view *const *operands, size_t n_operands, const struct ck_value *weights)
{
	enum ck_dtype dtype = operands[0]->dtype;
	size_t own = 2 * ck_dtype_width(dtype) + ck_dtype_parts(dtype) * sizeof(double);
	struct ck_view *view = ck_view_new(context, CK_VIEW_MEAN_MEMBERS, read_mean_members, dtype, 0, operands, n_operands, own);

	if (!view || !ck_view_set_shape(context, view, operands[0]->rank, operands[0]->dims))
		return NULL;
	return set_weights(context, view, weights, n_operands) ? view : NULL;
}

struct ck_view *ck_view_mean_axis(struct ck_view_context *context, struct ck_view *operand, size_t axis, const struct ck_value *weights)
{
	enum ck_dtype dtype = operand->dtype;
	size_t many = operand->dims[axis] < MANY_AT_ONCE ? (size_t)operand->dims[axis] : MANY_AT_ONCE, at_once = axis ? many : FEW_AT_ONCE;
	size_t own = ck_dtype_parts(dtype) * sizeof(double) + (1 + at_once) * ck_dtype_width(dtype);
	struct ck_view *view = ck_view_new(context, CK_VIEW_MEAN_AXIS, read_mean_axis, dtype, operand->rank - 1, &operand, 1, own);

	if (!view)
		return NULL;
	for (size_t i = 0; i + 1 < operand->rank; i++)
		view->dims[i] = operand->dims[i + (i >= axis)];
	view->mean.axis = axis;
	view->mean.n_at_once = at_once;
	view->is_shuffled = true;
	return set_weights(context, view, weights, operand->dims[axis]) ? view : NULL;
}

/* ---- cache */

static enum ck_code read_cache(const struct ck_view *view, const struct ck_box *box, uint8_t *dst, const int64_t *strides,
			       struct ck_worker *worker)
{
	size_t mark = worker->used;
	const uint8_t *src = view->cache.bytes;
	int64_t *from;

	if (!src)
		return view->operands[0]->read(view->operands[0], box, dst, strides, worker);
	from = ck_worker_push(worker, (view->rank + 1) * sizeof(*from));
	if (!from)
		return CK_NOMEM;
	ck_box_strides(view->rank, view->dims, view->width, from);
	for (size_t i = 0; i < view->rank; i++) {
		src += box->start[i] * from[i];
		from[i] *= box->step[i];
	}
	ck_copy_strided(view->rank, box->count, dst, strides, src, from, view->width);
	worker->used = mark;
	return CK_OK;
}

/* Results of at most this size are kept. */
enum { CACHE_BYTES = 1 << 20 };

struct ck_view *ck_view_cache(struct ck_view_context *context, struct ck_view *operand)
{
	uint64_t n;
	struct ck_view *view = operand ? ck_view_new(context, CK_VIEW_CACHE, read_cache, operand->dtype, 0, &operand, 1, 0) : NULL;

	if (!view || !ck_view_set_shape(context, view, operand->rank, operand->dims))
		return NULL;
	if (ck_shape_elems((struct ck_shape){ view->rank, view->dims }, &n) && n <= CACHE_BYTES / view->width) {
		view->cache.n_bytes = (size_t)n * view->width;
		view->cache.kept = ck_arena_alloc(context->arena, view->cache.n_bytes + 1);
		if (!view->cache.kept)
			return NULL;
	}
	return view;
}

static enum ck_code fill_cache(struct ck_view *view, struct ck_worker *worker)
{
	size_t mark = worker->used;
	struct ck_box box;
	int64_t *strides;
	enum ck_code code = CK_NOMEM;

	if (!view->cache.kept || view->cache.bytes)
		return CK_OK;
	if (ck_box_push(worker, view->rank, &box, &strides)) {
		for (size_t i = 0; i < view->rank; i++) {
			box.start[i] = 0;
			box.step[i] = 1;
			box.count[i] = view->dims[i];
		}
		ck_box_strides(view->rank, view->dims, view->width, strides);
		code = view->operands[0]->read(view->operands[0], &box, view->cache.kept, strides, worker);
	}
	if (code == CK_OK)
		view->cache.bytes = view->cache.kept;
	worker->used = mark;
	return code;
}

enum ck_code ck_view_prepare(struct ck_view *view, struct ck_worker *worker)
{
	enum ck_code code = CK_OK;

	/* Once, though several nodes share it. */
	if (!view->has_cache || view->is_prepared)
		return CK_OK;
	view->is_prepared = true;
	for (size_t i = 0; i < view->n_operands && code == CK_OK; i++)
		code = ck_view_prepare(view->operands[i], worker);
	if (code == CK_OK && view->kind == CK_VIEW_CACHE)
		code = fill_cache(view, worker);
	return code;
}
