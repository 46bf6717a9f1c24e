/* What checks read: extremes of tensors, comparisons of two. Everything in tiles, by all threads; no order shows in the results. */
#include <math.h>
#include <string.h>

#include "vm/exec_internal.h"

/* Elements of stored tensors that are handed out at once; they are read in halves of a worker's tile. Of strings bytes. */
enum { PIECE = 1 << 20 };

/* What one item found. */
struct part {
	uint64_t n_elems, n_nan, n_inf, n_differ;
	double min, max, largest;
	__int128 low, high;
	bool has_extremes;
};

struct job {
	struct ck_measure *measure;
	uint64_t *counts;		/* of views: [rank] indices of each axis that a tile has */
	size_t first_item, n_items;
};

struct measuring {
	struct ck_exec *exec;
	struct ck_data **data;		/* by input number; the output is CK_INPUT_TARGET */
	size_t n_data;
	struct job *jobs;
	size_t n_jobs;
	size_t *job_of;			/* [n_items] */
	struct part *parts;		/* [n_items] */
	size_t n_items, n_half;		/* bytes of half a tile */
};

/* ---- the output as a checkpoint that can be read */

static enum ck_code open_output(struct ck_exec *exec, struct ck_data **ret_data)
{
	static const uint64_t no_dims[1];
	size_t n = exec->message->n_targets, n_shards = exec->message->n_shard_sizes;
	struct ck_manifest *manifest = ck_arena_alloc(exec->arena, sizeof(*manifest));
	int *fds = ck_arena_array(exec->arena, n_shards + 1, sizeof(*fds));

	if (!manifest || !fds)
		return ck_error_nomem(exec->diags);
	*manifest = (struct ck_manifest){ .path = exec->report->output, .prefix = exec->report->output, .has_data = true, .n_shards = n_shards,
					  .variables = ck_arena_array(exec->arena, n + 1, sizeof(*manifest->variables)), .n_variables = n };
	if (!manifest->variables)
		return ck_error_nomem(exec->diags);
	for (size_t i = 0; i < n; i++) {
		const Ck__Plan__Target *target = exec->message->targets[i];

		manifest->variables[i] = (struct ck_variable){
			.key = ck_str_of(target->key), .name = ck_str_of(target->label), .dtype = (enum ck_dtype)target->dtype,
			.shape = { target->n_dims, target->n_dims ? target->dims : no_dims },
			.place = { target->shard, target->offset, target->n_bytes, 0 }, .node = -1,
		};
	}
	for (size_t i = 0; i < n_shards; i++)
		fds[i] = ck_writer_fd(exec->writer, (uint32_t)i);
	return ck_data_borrow(manifest, fds, exec->diags, ret_data);
}

static enum ck_code open_data(struct measuring *measuring)
{
	struct ck_exec *exec = measuring->exec;

	measuring->n_data = exec->n_data > CK_INPUT_TARGET ? exec->n_data : CK_INPUT_TARGET + 1;
	measuring->data = ck_arena_array(exec->arena, measuring->n_data, sizeof(*measuring->data));
	if (!measuring->data)
		return ck_error_nomem(exec->diags);
	if (exec->n_data)
		memcpy(measuring->data, exec->data, exec->n_data * sizeof(*measuring->data));
	return open_output(exec, &measuring->data[CK_INPUT_TARGET]);
}

/* ---- sides */

static enum ck_code bad_check(struct ck_exec *exec, const char *what)
{
	ck_error(exec->diags, CK_BAD_PLAN, (struct ck_span){ 0 }, "%s", what);
	return CK_BAD_PLAN;
}

/* The one LOAD that is all of a value's code. */
static const Ck__Plan__Insn *lone_load(const Ck__Plan__CheckValue *value)
{
	return value->n_code == 1 && value->code[0]->op == CK_OP_LOAD ? value->code[0] : NULL;
}

static enum ck_code open_stored(struct measuring *measuring, struct ck_measured *side)
{
	const struct ck_data *data = side->input < measuring->n_data ? measuring->data[side->input] : NULL;
	const struct ck_manifest *manifest = data ? ck_data_manifest(data) : NULL;

	if (!manifest || side->variable >= manifest->n_variables)
		return bad_check(measuring->exec, "a check reads a variable that its input does not have");
	side->data = data;
	side->stored = &manifest->variables[side->variable];
	if (side->stored->n_slices && !ck_dtype_width(side->stored->dtype))
		return bad_check(measuring->exec, "a check reads strings that are stored in parts");
	side->dtype = side->stored->dtype;
	side->shape = side->stored->shape;
	return CK_OK;
}

static enum ck_code open_side(struct measuring *measuring, const struct ck_measure *measure, struct ck_measured *side)
{
	struct ck_exec *exec = measuring->exec;
	struct ck_view_context context = { .arena = exec->arena, .data = measuring->data, .n_data = measuring->n_data, .target = measure->target,
					   .diags = exec->diags };
	const Ck__Plan__Insn *load = side->value ? lone_load(side->value) : NULL;
	Ck__Plan__Target code;
	enum ck_code result;

	if (load) {
		side->input = load->input;
		side->variable = load->variable;
	}
	if (load || !side->value)
		return open_stored(measuring, side);
	ck__plan__target__init(&code);
	code.code = side->value->code;
	code.n_code = side->value->n_code;
	code.n_registers = side->value->n_registers;
	result = ck_view_build(&context, &code, &side->view);
	if (result != CK_OK)
		return result;
	side->dtype = ck_view_dtype(side->view);
	side->shape = ck_view_shape(side->view);
	return ck_view_prepare(side->view, &exec->workers[0].worker);
}

/* A stored side beside one that is computed is read by boxes too. */
static enum ck_code make_view(struct measuring *measuring, struct ck_measured *side)
{
	struct ck_exec *exec = measuring->exec;
	struct ck_view_context context = { .arena = exec->arena, .data = measuring->data, .n_data = measuring->n_data, .diags = exec->diags };
	Ck__Plan__Target code;

	ck__plan__target__init(&code);
	code.code = side->value->code;
	code.n_code = side->value->n_code;
	code.n_registers = side->value->n_registers;
	side->stored = NULL;
	return ck_view_build(&context, &code, &side->view);
}

/* ---- elements */

static bool is_whole(enum ck_dtype dtype)
{
	enum ck_dtype_class class = ck_dtype_class(dtype);

	return class == CK_CLASS_INT || class == CK_CLASS_UINT || class == CK_CLASS_BOOL;
}

static void note_extremes(struct part *part, const struct part *more)
{
	if (!more->has_extremes)
		return;
	if (!part->has_extremes || more->min < part->min)
		part->min = more->min;
	if (!part->has_extremes || more->max > part->max)
		part->max = more->max;
	if (!part->has_extremes || more->low < part->low)
		part->low = more->low;
	if (!part->has_extremes || more->high > part->high)
		part->high = more->high;
	part->has_extremes = true;
}

static void reduce_whole(enum ck_dtype dtype, const uint8_t *bytes, size_t n, struct part *part)
{
	size_t width = ck_dtype_width(dtype);

	for (size_t i = 0; i < n; i++) {
		struct part one = { .has_extremes = true };

		one.low = one.high = ck_load_int(dtype, bytes + i * width);
		note_extremes(part, &one);
	}
}

static void reduce(enum ck_dtype dtype, const uint8_t *bytes, size_t n, struct part *part)
{
	enum { BLOCK = 256 };
	size_t n_parts = ck_dtype_parts(dtype), width = ck_dtype_width(dtype) / n_parts;
	double values[BLOCK];

	part->n_elems += n * n_parts;
	if (is_whole(dtype)) {
		reduce_whole(dtype, bytes, n, part);
		return;
	}
	for (size_t i = 0; i < n * n_parts; i += BLOCK) {
		size_t m = n * n_parts - i < BLOCK ? n * n_parts - i : BLOCK;

		ck_decode_f64(dtype, bytes + i * width, values, m);
		for (size_t j = 0; j < m; j++) {
			struct part one = { .min = values[j], .max = values[j], .has_extremes = true };

			part->n_nan += isnan(values[j]) != 0;
			part->n_inf += isinf(values[j]) != 0;
			if (!isnan(values[j]))
				note_extremes(part, &one);
		}
	}
}

static void compare_bytes(size_t width, const uint8_t *a, const uint8_t *b, size_t n, struct part *part)
{
	part->n_elems += n;
	if (!memcmp(a, b, n * width))
		return;
	for (size_t i = 0; i < n; i++)
		part->n_differ += memcmp(a + i * width, b + i * width, width) != 0;
}

/* |a - b| <= atol + rtol |b|; infinities are close to themselves, NaN to nothing. Complex numbers by their magnitudes. */
static bool is_close(const struct ck_measure *measure, const double *a, const double *b, size_t n_parts, double *largest)
{
	bool finite = true, same = true;
	double difference, size;

	for (size_t i = 0; i < n_parts; i++) {
		finite = finite && isfinite(a[i]) && isfinite(b[i]);
		same = same && a[i] == b[i];
	}
	if (!finite)
		return same;
	difference = n_parts == 1 ? fabs(a[0] - b[0]) : hypot(a[0] - b[0], a[1] - b[1]);
	size = n_parts == 1 ? fabs(b[0]) : hypot(b[0], b[1]);
	*largest = difference > *largest ? difference : *largest;
	return difference <= measure->atol + measure->rtol * size;
}

static void compare_close(const struct ck_measure *measure, const uint8_t *a, const uint8_t *b, size_t n, struct part *part)
{
	enum { BLOCK = 128 };
	enum ck_dtype left = measure->sides[0].dtype, right = measure->sides[1].dtype;
	size_t n_parts = ck_dtype_parts(left);
	double x[2 * BLOCK], y[2 * BLOCK];

	part->n_elems += n;
	for (size_t i = 0; i < n; i += BLOCK) {
		size_t m = n - i < BLOCK ? n - i : BLOCK;

		ck_decode_f64(left, a + i * ck_dtype_width(left), x, m * n_parts);
		ck_decode_f64(right, b + i * ck_dtype_width(right), y, m * n_parts);
		for (size_t j = 0; j < m; j++)
			part->n_differ += !is_close(measure, x + j * n_parts, y + j * n_parts, n_parts, &part->largest);
	}
}

/* n elements of each side. */
static void look_at(const struct ck_measure *measure, const uint8_t *a, const uint8_t *b, size_t n, struct part *part)
{
	if (measure->n_sides == 1)
		reduce(measure->sides[0].dtype, a, n, part);
	else if (measure->is_close)
		compare_close(measure, a, b, n, part);
	else
		compare_bytes(ck_dtype_width(measure->sides[0].dtype), a, b, n, part);
}

/* ---- items */

static enum ck_code read_stored(struct ck_exec_worker *worker, const struct ck_measured *side, uint64_t offset, size_t n, uint8_t *bytes)
{
	return ck_data_read(side->data, side->stored, offset, n, bytes, &worker->diags);
}

/* Elements [first, first + n) of stored sides. Strings have none of a fixed size: their bytes are compared. */
static enum ck_code measure_stored(struct measuring *measuring, struct ck_exec_worker *worker, const struct ck_measure *measure, uint64_t first,
				   uint64_t n, struct part *part)
{
	uint8_t *halves[2] = { worker->tile, worker->tile + measuring->n_half };
	size_t widths[2] = { 1, 1 }, n_at_once = measuring->n_half;
	enum ck_code code = CK_OK;

	CK_ASSERT(measure->n_sides <= CK_COUNT(halves));
	for (size_t i = 0; i < measure->n_sides; i++) {
		widths[i] = ck_dtype_width(measure->sides[i].dtype) ? ck_dtype_width(measure->sides[i].dtype) : 1;
		n_at_once = measuring->n_half / widths[i] < n_at_once ? measuring->n_half / widths[i] : n_at_once;
	}
	for (uint64_t at = 0; at < n && code == CK_OK;) {
		size_t m = n - at < n_at_once ? (size_t)(n - at) : n_at_once;

		for (size_t i = 0; i < measure->n_sides && code == CK_OK; i++)
			code = read_stored(worker, &measure->sides[i], (first + at) * widths[i], m * widths[i], halves[i]);
		if (code == CK_OK && ck_dtype_width(measure->sides[0].dtype))
			look_at(measure, halves[0], halves[1], m, part);
		else if (code == CK_OK)
			compare_bytes(1, halves[0], halves[1], m, part);
		at += m;
	}
	return code;
}

static enum ck_code measure_tile(struct measuring *measuring, struct ck_exec_worker *worker, const struct job *job, uint64_t number,
				 struct part *part)
{
	const struct ck_measure *measure = job->measure;
	struct ck_shape shape = measure->sides[0].shape;
	enum ck_code code = CK_OK;
	struct ck_box box;
	int64_t *strides;

	if (!ck_box_push(&worker->worker, shape.rank, &box, &strides))
		return CK_NOMEM;
	for (size_t i = shape.rank; i-- > 0;) {
		uint64_t n = (shape.dims[i] + job->counts[i] - 1) / job->counts[i], at = number % n * job->counts[i];

		box.start[i] = (int64_t)at;
		box.step[i] = 1;
		box.count[i] = shape.dims[i] - at < job->counts[i] ? shape.dims[i] - at : job->counts[i];
		number /= n;
	}
	for (size_t i = 0; i < measure->n_sides && code == CK_OK; i++) {
		ck_box_strides(shape.rank, box.count, ck_dtype_width(measure->sides[i].dtype), strides);
		code = ck_view_read(measure->sides[i].view, &box, worker->tile + i * measuring->n_half, strides, &worker->worker);
	}
	if (code == CK_OK)
		look_at(measure, worker->tile, worker->tile + measuring->n_half, (size_t)ck_box_elems(&box), part);
	return code;
}

/* Elements, or bytes of strings. */
static uint64_t n_units(const struct ck_measure *measure)
{
	const struct ck_measured *side = &measure->sides[0];
	uint64_t n = 0;

	if (!ck_dtype_width(side->dtype))
		return side->stored->place.n_bytes;
	return ck_shape_elems(side->shape, &n) ? n : 0;
}

static size_t bytes_of(const struct ck_measure *measure, uint64_t n)
{
	size_t width = ck_dtype_width(measure->sides[0].dtype);

	return (size_t)n * (width ? width : 1);
}

static enum ck_code measure_item(struct ck_exec *exec, struct ck_exec_worker *worker, void *context, size_t item)
{
	struct measuring *measuring = context;
	const struct job *job = &measuring->jobs[measuring->job_of[item]];
	struct part *part = &measuring->parts[item];
	uint64_t number = item - job->first_item, left = n_units(job->measure) - number * PIECE;
	enum ck_code code;

	if (job->measure->sides[0].view)
		code = measure_tile(measuring, worker, job, number, part);
	else
		code = measure_stored(measuring, worker, job->measure, number * PIECE, left < PIECE ? left : PIECE, part);
	ck_exec_progress(exec, worker, bytes_of(job->measure, part->n_elems));
	return code;
}

/* ---- jobs */

/* Which of two views decides how tiles lie: the one that is read across, else the one of wider elements. */
static const struct ck_view *leading_view(const struct ck_measure *measure)
{
	const struct ck_view *a = measure->sides[0].view, *b = measure->sides[1].view;
	bool by_width = !b || ck_view_is_shuffled(a) == ck_view_is_shuffled(b);

	if (!b || (by_width ? ck_dtype_width(ck_view_dtype(a)) >= ck_dtype_width(ck_view_dtype(b)) : ck_view_is_shuffled(a)))
		return a;
	return b;
}

static enum ck_code cut_views(struct measuring *measuring, struct job *job)
{
	const struct ck_measure *measure = job->measure;
	const struct ck_view *view = leading_view(measure);
	struct ck_shape shape = measure->sides[0].shape;
	size_t width = ck_dtype_width(ck_view_dtype(view)), widest = width;

	for (size_t i = 0; i < measure->n_sides; i++)
		widest = ck_dtype_width(measure->sides[i].dtype) > widest ? ck_dtype_width(measure->sides[i].dtype) : widest;
	job->counts = ck_arena_array(measuring->exec->arena, shape.rank + 1, sizeof(*job->counts));
	if (!job->counts)
		return ck_error_nomem(measuring->exec->diags);
	ck_exec_tile_counts(view, measuring->n_half / widest * width, job->counts);
	job->n_items = 1;
	for (size_t i = 0; i < shape.rank; i++)
		job->n_items *= (size_t)((shape.dims[i] + job->counts[i] - 1) / job->counts[i]);
	return CK_OK;
}

/* Types that can be compared, and strings that have as many bytes. */
static bool is_comparable(const struct ck_measure *measure)
{
	const struct ck_measured *a = &measure->sides[0], *b = &measure->sides[1];

	if (measure->n_sides == 1)
		return true;
	return ck_shape_equal(a->shape, b->shape) && (measure->is_close || a->dtype == b->dtype);
}

/* Bytes can be compared of anything; the binder has refused the rest, but a plan may come from elsewhere. */
static bool can_measure(const struct ck_measure *measure)
{
	if (measure->n_sides == 2 && !measure->is_close)
		return true;
	for (size_t i = 0; i < measure->n_sides; i++)
		if (!ck_dtype_has_statistics(measure->sides[i].dtype) ||
		    ck_dtype_parts(measure->sides[i].dtype) != ck_dtype_parts(measure->sides[0].dtype))
			return false;
	return true;
}

static enum ck_code open_job(struct measuring *measuring, struct job *job)
{
	struct ck_measure *measure = job->measure;
	struct ck_measured *sides = measure->sides;
	enum ck_code code = CK_OK;

	for (size_t i = 0; i < measure->n_sides && code == CK_OK; i++)
		code = open_side(measuring, measure, &sides[i]);
	if (code != CK_OK)
		return code;
	if (!can_measure(measure))
		return bad_check(measuring->exec, "a check measures what has no numbers");
	measure->same_type = is_comparable(measure);
	if (!measure->same_type || n_units(measure) == 0)
		return CK_OK;
	if (measure->n_sides == 2 && !ck_dtype_width(sides[0].dtype) && sides[0].stored->place.n_bytes != sides[1].stored->place.n_bytes) {
		measure->n_differ = 1;
		return CK_OK;
	}
	for (size_t i = 0; measure->n_sides == 2 && i < 2 && code == CK_OK; i++)
		if (sides[i].stored && sides[1 - i].view)
			code = make_view(measuring, &sides[i]);
	if (code != CK_OK || sides[0].view)
		return code == CK_OK ? cut_views(measuring, job) : code;
	job->n_items = (size_t)((n_units(measure) + PIECE - 1) / PIECE);
	return CK_OK;
}

static enum ck_code open_jobs(struct measuring *measuring, struct ck_measure *measures)
{
	struct ck_exec *exec = measuring->exec;
	enum ck_code code = CK_OK;
	size_t at = 0;

	measuring->jobs = ck_arena_array(exec->arena, measuring->n_jobs + 1, sizeof(*measuring->jobs));
	if (!measuring->jobs)
		return ck_error_nomem(exec->diags);
	for (size_t i = 0; i < measuring->n_jobs && code == CK_OK; i++) {
		measuring->jobs[i].measure = &measures[i];
		code = open_job(measuring, &measuring->jobs[i]);
		measuring->jobs[i].first_item = measuring->n_items;
		measuring->n_items += measuring->jobs[i].n_items;
		if (measuring->jobs[i].n_items)
			exec->n_all += bytes_of(&measures[i], n_units(&measures[i]));
	}
	if (code != CK_OK)
		return code;
	measuring->job_of = ck_arena_array(exec->arena, measuring->n_items + 1, sizeof(*measuring->job_of));
	measuring->parts = ck_arena_array(exec->arena, measuring->n_items + 1, sizeof(*measuring->parts));
	if (!measuring->job_of || !measuring->parts)
		return ck_error_nomem(exec->diags);
	for (size_t i = 0; i < measuring->n_jobs; i++)
		for (size_t j = 0; j < measuring->jobs[i].n_items; j++)
			measuring->job_of[at++] = i;
	return CK_OK;
}

static void sum_up(const struct measuring *measuring, const struct job *job)
{
	struct ck_measure *measure = job->measure;
	struct part all = { 0 };

	for (size_t i = job->first_item; i < job->first_item + job->n_items; i++) {
		const struct part *part = &measuring->parts[i];

		note_extremes(&all, part);
		measure->n_elems += part->n_elems;
		measure->n_nan += part->n_nan;
		measure->n_inf += part->n_inf;
		measure->n_differ += part->n_differ;
		measure->largest = part->largest > measure->largest ? part->largest : measure->largest;
	}
	measure->min = all.min;
	measure->max = all.max;
	measure->low = all.low;
	measure->high = all.high;
}

enum ck_code ck_exec_measure(struct ck_exec *exec, struct ck_measure *measures, size_t n_measures)
{
	size_t n_tile = exec->n_tile > CK_EXEC_BUFFER ? exec->n_tile : CK_EXEC_BUFFER;
	struct measuring measuring = { .exec = exec, .n_jobs = n_measures, .n_half = n_tile / 2 / 64 * 64 };
	uint64_t *n_read = ck_arena_array(exec->arena, exec->n_workers + 1, sizeof(*n_read));
	enum ck_code code;

	if (!n_measures)
		return CK_OK;
	if (!n_read)
		return ck_error_nomem(exec->diags);
	for (size_t i = 0; i < exec->n_workers; i++)
		n_read[i] = exec->workers[i].worker.n_read;
	code = open_data(&measuring);
	if (code == CK_OK)
		code = open_jobs(&measuring, measures);
	if (code == CK_OK)
		code = ck_exec_parallel(exec, measuring.n_items, measure_item, NULL, &measuring);
	for (size_t i = 0; i < n_measures && code == CK_OK; i++)
		sum_up(&measuring, &measuring.jobs[i]);
	if (measuring.data)
		ck_data_close(measuring.data[CK_INPUT_TARGET]);
	/* The report counts what was read to be rewritten. */
	for (size_t i = 0; i < exec->n_workers; i++)
		exec->workers[i].worker.n_read = n_read[i];
	return code;
}
