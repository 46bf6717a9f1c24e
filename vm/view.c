/* Views: making nodes, from bound code, and reading. */
#include "vm/view.h"

#include <string.h>

#include "vm/view_node.h"

/* ---- nodes */

bool ck_view_is_empty(const struct ck_view *view)
{
	for (size_t i = 0; i < view->rank; i++)
		if (view->dims[i] == 0)
			return true;
	return false;
}

static struct ck_view *refuse(struct ck_view_context *context, const char *what)
{
	ck_error(context->diags, CK_BAD_PLAN, (struct ck_span){ 0 }, "the code of \"%.*s\" has %s",
		 CK_STR_ARG(ck_name_text(context->diags->arena, context->target)), what);
	return NULL;
}

struct ck_view *ck_view_new(struct ck_view_context *context, enum ck_view_kind kind, ck_read_function *read, enum ck_dtype dtype,
			    size_t rank, struct ck_view *const *operands, size_t n_operands, size_t own)
{
	struct ck_view *view = ck_arena_alloc(context->arena, sizeof(*view));

	if (!view)
		return NULL;
	*view = (struct ck_view){ .kind = kind, .read = read, .dtype = dtype, .width = ck_dtype_width(dtype), .rank = rank,
				  .n_operands = n_operands, .depth = 1, .target = context->target };
	view->dims = ck_arena_array(context->arena, rank + 1, sizeof(*view->dims));
	view->operands = ck_arena_array(context->arena, n_operands + 1, sizeof(*view->operands));
	if (!view->dims || !view->operands)
		return NULL;
	for (size_t i = 0; i < n_operands; i++) {
		const struct ck_view *operand = operands[i];

		view->operands[i] = operands[i];
		view->depth = operand->depth >= view->depth ? operand->depth + 1 : view->depth;
		view->scratch = operand->scratch > view->scratch ? operand->scratch : view->scratch;
		view->has_counts = view->has_counts || operand->has_counts;
		view->has_cache = view->has_cache || operand->has_cache;
		view->is_shuffled = view->is_shuffled || operand->is_shuffled;
	}
	view->scratch += own;
	view->has_cache = view->has_cache || kind == CK_VIEW_CACHE;
	if (view->depth > CK_MAX_VIEW_DEPTH)
		return refuse(context, "too many operators one on another");
	return rank <= CK_MAX_RANK ? view : refuse(context, "more axes on the way than TensorFlow knows");
}

bool ck_view_set_shape(struct ck_view_context *context, struct ck_view *view, size_t rank, const uint64_t *dims)
{
	view->dims = ck_arena_array(context->arena, rank + 1, sizeof(*view->dims));
	if (!view->dims)
		return false;
	if (rank)
		memcpy(view->dims, dims, rank * sizeof(*dims));
	view->rank = rank;
	return true;
}

struct ck_view *ck_view_like(struct ck_view_context *context, const struct ck_view *view, struct ck_view *const *operands)
{
	struct ck_view *copy, *fresh;

	if (!operands)
		operands = view->operands;
	fresh = ck_view_new(context, view->kind, view->read, view->n_operands ? operands[0]->dtype : view->dtype, view->rank, operands,
			    view->n_operands, 0);
	copy = fresh ? ck_arena_alloc(context->arena, sizeof(*copy)) : NULL;
	if (!copy)
		return NULL;
	/* All of the old node but what its operands decide. */
	*copy = *view;
	copy->operands = fresh->operands;
	copy->depth = fresh->depth;
	copy->has_counts = view->has_counts || fresh->has_counts;
	copy->is_shuffled = view->is_shuffled || fresh->is_shuffled;
	copy->scratch = view->scratch;
	if (ck_view_is_unary(view))
		return copy;
	copy->dtype = fresh->dtype;
	copy->width = fresh->width;
	copy->scratch = fresh->scratch;
	return copy;
}

/* ---- bound code to nodes. Each function makes the node of one instruction; infer has the checked arguments */

struct build {
	struct ck_view_context *context;
	const Ck__Plan__Insn *insn;
	struct ck_infer infer;
	struct ck_view **operands;
	size_t n_operands, rank;
	uint64_t *dims;		/* [rank] of the result, as its rule says */
};

static const struct ck_value *arg(const struct build *build, const char *name)
{
	const struct ck_op_info *op = build->infer.op;

	return &build->infer.args[ck_param_index(op->params, op->n_params, name)];
}

/* The axis argument, counted from 0. */
static size_t axis_of(const struct build *build, size_t rank)
{
	int64_t axis = arg(build, "axis")->integer;

	return (size_t)(axis < 0 ? axis + (int64_t)rank : axis);
}

static struct ck_view *build_index(struct build *build)
{
	struct ck_view *view = build->operands[0];
	const struct ck_value *indexes = arg(build, "indexes");

	for (size_t i = indexes->n_items; i-- > 0 && view;) {
		const struct ck_value *item = &indexes->items[i];
		int64_t n = (int64_t)view->dims[i], first, step, count;

		if (item->kind == CK_EXPR_INT)
			view = ck_view_squeeze(build->context, view, i, item->integer < 0 ? item->integer + n : item->integer);
		else if (ck_slice_resolve(&item->items[0], &item->items[1], &item->items[2], n, &first, &step, &count))
			view = ck_view_slice(build->context, view, i, first, step, (uint64_t)count);
		else
			view = NULL;
	}
	return view;
}

static struct ck_view *build_slice(struct build *build)
{
	struct ck_view *view = build->operands[0];
	size_t axis = axis_of(build, view->rank);
	int64_t first, step, count;

	if (!ck_slice_resolve(arg(build, "start"), arg(build, "stop"), arg(build, "step"), (int64_t)view->dims[axis], &first, &step, &count))
		return NULL;
	return ck_view_slice(build->context, view, axis, first, step, (uint64_t)count);
}

static struct ck_view *build_transpose(struct build *build)
{
	struct ck_view *view = build->operands[0];
	const struct ck_value *axes = arg(build, "axes");
	size_t permutation[CK_MAX_RANK];

	for (size_t i = 0; i < view->rank; i++) {
		int64_t axis = axes->n_items ? axes->items[i].integer : (int64_t)(view->rank - 1 - i);

		permutation[i] = (size_t)(axis < 0 ? axis + (int64_t)view->rank : axis);
	}
	return ck_view_transpose(build->context, view, permutation);
}

/* Sizes from rules are checked: at least 0. */
static const uint64_t *as_dims(const int64_t *dims)
{
	return (const uint64_t *)dims;
}

static struct ck_view *build_reshape(struct build *build)
{
	return ck_view_reshape(build->context, build->operands[0], build->rank, build->dims);
}

static struct ck_view *build_rearrange(struct build *build)
{
	struct ck_rearrange rearrange;
	struct ck_view *view = build->operands[0];

	if (ck_rearrange_resolve(&build->infer, &rearrange) != CK_OK)
		return NULL;
	view = ck_view_reshape(build->context, view, rearrange.n_split, as_dims(rearrange.split));
	view = ck_view_transpose(build->context, view, rearrange.permutation);
	return ck_view_reshape(build->context, view, rearrange.n_final, as_dims(rearrange.final));
}

static struct ck_view *build_flip(struct build *build)
{
	struct ck_view *view = build->operands[0];
	size_t axis = axis_of(build, view->rank);
	uint64_t n = view->dims[axis];

	return n ? ck_view_slice(build->context, view, axis, (int64_t)n - 1, -1, n) : view;
}

/* Index i of the result is index i - by of the operand. */
static struct ck_view *build_roll(struct build *build)
{
	struct ck_view *view = build->operands[0], *parts[2];
	size_t axis = axis_of(build, view->rank);
	int64_t n = (int64_t)view->dims[axis], by = n ? arg(build, "by")->integer % n : 0;

	if (by < 0)
		by += n;
	if (by == 0)
		return view;
	parts[0] = ck_view_slice(build->context, view, axis, n - by, 1, (uint64_t)by);
	parts[1] = ck_view_slice(build->context, view, axis, 0, 1, (uint64_t)(n - by));
	return ck_view_concat(build->context, axis, parts, 2);
}

static struct ck_view *build_concat(struct build *build)
{
	return ck_view_concat(build->context, axis_of(build, build->rank), build->operands, build->n_operands);
}

static struct ck_view *build_stack(struct build *build)
{
	struct ck_view **members = ck_arena_array(build->context->arena, build->n_operands, sizeof(*members));
	size_t axis = axis_of(build, build->rank);

	for (size_t i = 0; members && i < build->n_operands; i++)
		members[i] = ck_view_repeat(build->context, build->operands[i], axis, 1);
	return members ? ck_view_concat(build->context, axis, members, build->n_operands) : NULL;
}

static struct ck_view *build_take(struct build *build)
{
	if (arg(build, "indices")->kind != CK_EXPR_LIST)
		return refuse(build->context, "a take that still names a file");
	return ck_view_take(build->context, build->operands[0], axis_of(build, build->operands[0]->rank), arg(build, "indices"));
}

/* Whole copies: an axis of n before the axis, and both merge; n times each element: the same behind it. */
static struct ck_view *build_tile(struct build *build)
{
	struct ck_view *view = build->operands[0];
	size_t axis = axis_of(build, view->rank) + (build->infer.op->op == CK_OP_REPEAT);

	view = ck_view_repeat(build->context, view, axis, (uint64_t)arg(build, "n")->integer);
	return ck_view_reshape(build->context, view, build->rank, build->dims);
}

/* New rows [first, first + count) of the result, by the fill `with`. */
static struct ck_view *new_rows(struct build *build, size_t axis, uint64_t first, uint64_t count)
{
	const struct ck_value *with = arg(build, "with");
	struct ck_view *view = build->operands[0];

	if (with->index == CK_FILL_MEAN) {
		view = ck_view_cache(build->context, ck_view_mean_axis(build->context, view, axis, NULL));
		return ck_view_repeat(build->context, view, axis, count);
	}
	/* Each new element is that of the whole result, so that its number decides it. */
	view = ck_view_fill(build->context, with, view->dtype, build->rank, build->dims);
	return ck_view_slice(build->context, view, axis, (int64_t)first, 1, count);
}

static struct ck_view *build_pad(struct build *build)
{
	struct ck_view *view = build->operands[0], *parts[3];
	size_t axis = axis_of(build, view->rank), n = 0;
	bool grow = build->infer.op->op == CK_OP_GROW;
	uint64_t old = view->dims[axis], before = grow || arg(build, "multiple")->kind != CK_EXPR_NONE ? 0 : (uint64_t)arg(build, "before")->integer;
	uint64_t after = build->dims[axis] - before - old;

	if (before)
		parts[n++] = new_rows(build, axis, 0, before);
	parts[n++] = view;
	if (after)
		parts[n++] = new_rows(build, axis, before + old, after);
	return ck_view_concat(build->context, axis, parts, n);
}

static struct ck_view *build_cast(struct build *build)
{
	struct ck_str word = arg(build, "overflow")->text;
	enum ck_overflow overflow = CK_OVERFLOW_ERROR;

	if (ck_str_equal(word, CK_STR("saturate")))
		overflow = CK_OVERFLOW_SATURATE;
	else if (ck_str_equal(word, CK_STR("allow")))
		overflow = CK_OVERFLOW_ALLOW;
	return ck_view_cast(build->context, build->operands[0], (enum ck_dtype)arg(build, "dtype")->index, overflow);
}

static struct ck_view *build_affine(struct build *build)
{
	const struct ck_value *x = arg(build, "x");
	bool scale = build->infer.op->op == CK_OP_SCALE;

	return ck_view_affine(build->context, build->operands[0], scale ? CK_VIEW_SCALE : CK_VIEW_SHIFT,
			      x->kind == CK_EXPR_INT ? (double)x->integer : x->number);
}

static struct ck_view *build_mean(struct build *build)
{
	const struct ck_value *weights = arg(build, "weights");

	if (arg(build, "axis")->kind == CK_EXPR_NONE)
		return ck_view_mean(build->context, build->operands, build->n_operands, weights);
	return ck_view_mean_axis(build->context, build->operands[0], axis_of(build, build->operands[0]->rank), weights);
}

static struct ck_view *build_op(struct build *build)
{
	struct ck_view *first = build->operands[0];

	switch (build->infer.op->op) {
	case CK_OP_INDEX:
		return build_index(build);
	case CK_OP_SLICE:
		return build_slice(build);
	case CK_OP_TRANSPOSE:
		return build_transpose(build);
	case CK_OP_RESHAPE:
		return build_reshape(build);
	case CK_OP_REARRANGE:
		return build_rearrange(build);
	case CK_OP_SQUEEZE:
		return ck_view_squeeze(build->context, first, axis_of(build, first->rank), 0);
	case CK_OP_UNSQUEEZE:
		return ck_view_repeat(build->context, first, axis_of(build, build->rank), 1);
	case CK_OP_FLIP:
		return build_flip(build);
	case CK_OP_ROLL:
		return build_roll(build);
	case CK_OP_CONCAT:
		return build_concat(build);
	case CK_OP_STACK:
		return build_stack(build);
	case CK_OP_TAKE:
		return build_take(build);
	case CK_OP_PAD:
	case CK_OP_GROW:
		return build_pad(build);
	case CK_OP_TILE:
	case CK_OP_REPEAT:
		return build_tile(build);
	case CK_OP_CAST:
		return build_cast(build);
	case CK_OP_SCALE:
	case CK_OP_SHIFT:
		return build_affine(build);
	case CK_OP_NEG:
		return ck_view_affine(build->context, first, CK_VIEW_NEG, 0);
	case CK_OP_ADD:
		return ck_view_add(build->context, first, build->operands[1], build->rank, build->dims);
	case CK_OP_MEAN:
		return build_mean(build);
	default: /* not in bound code, or not available: rules refuse them first */
		return refuse(build->context, "an operator that cannot run");
	}
}

/* ---- instructions */

/* A constant. Plans were verified: its depth is bounded. */
static bool value_of(struct ck_arena *arena, const Ck__Plan__Expr *expr, struct ck_value *ret_value)
{
	*ret_value = (struct ck_value){ .kind = (enum ck_expr_kind)expr->kind, .integer = expr->integer, .number = expr->number,
					.text = ck_str_of(expr->text), .index = expr->index, .n_items = expr->n_args };
	ret_value->items = ck_arena_array(arena, expr->n_args + 1, sizeof(*ret_value->items));
	for (size_t i = 0; ret_value->items && i < expr->n_args; i++)
		if (!value_of(arena, expr->args[i], &ret_value->items[i]))
			return false;
	return ret_value->items;
}

static struct ck_view *build_load(struct ck_view_context *context, const Ck__Plan__Insn *insn)
{
	const struct ck_manifest *manifest;
	const struct ck_variable *variable;
	bool same;

	if (insn->input >= context->n_data || !context->data[insn->input])
		return refuse(context, "a variable of an input that is not open");
	manifest = ck_data_manifest(context->data[insn->input]);
	if (insn->variable >= manifest->n_variables)
		return refuse(context, "a variable that its input does not have");
	variable = &manifest->variables[insn->variable];
	same = insn->type && insn->type->dtype == (uint32_t)variable->dtype && insn->type->n_dims == variable->shape.rank;
	for (size_t i = 0; same && i < variable->shape.rank; i++)
		same = insn->type->dims[i]->expr && (uint64_t)insn->type->dims[i]->expr->integer == variable->shape.dims[i];
	if (!same || (variable->n_slices && !ck_dtype_width(variable->dtype)))
		return refuse(context, "a variable of another type than its input has");
	return ck_view_load(context, context->data[insn->input], variable, context->sums ? &context->sums[insn->input][insn->variable] : NULL);
}

static struct ck_view *build_fill(struct ck_view_context *context, const Ck__Plan__Insn *insn)
{
	struct ck_value fill;
	uint64_t dims[CK_MAX_RANK];

	if (!insn->type || insn->type->n_dims > CK_MAX_RANK || insn->n_args != 1)
		return refuse(context, "a fill without type");
	for (size_t i = 0; i < insn->type->n_dims; i++)
		dims[i] = (uint64_t)insn->type->dims[i]->expr->integer;
	if (!value_of(context->arena, insn->args[0], &fill))
		return NULL;
	return ck_view_fill(context, &fill, (enum ck_dtype)insn->type->dtype, insn->type->n_dims, dims);
}

/* The result's shape by the operator's own rule, which also checks operands and arguments once more. */
static bool infer_shape(struct build *build)
{
	struct ck_arena *arena = build->context->arena;
	struct ck_type *types = ck_arena_array(arena, build->n_operands + 1, sizeof(*types)), *results;
	size_t n_results;
	enum ck_code code;

	if (!types)
		return false;
	for (size_t i = 0; i < build->n_operands; i++)
		types[i] = (struct ck_type){ build->operands[i]->dtype, (int)build->operands[i]->rank, (const int64_t *)build->operands[i]->dims };
	build->infer.operands = types;
	build->infer.n_operands = build->n_operands;
	code = ck_op_infer(&build->infer, &results, &n_results);
	if (code == CK_NOMEM)
		return false;
	if (code != CK_OK || n_results != 1 || !ck_type_known(&results[0])) {
		refuse(build->context, build->infer.message.p ? build->infer.message.p : "an operator without result");
		return false;
	}
	build->rank = (size_t)results[0].rank;
	build->dims = ck_arena_array(arena, build->rank + 1, sizeof(*build->dims));
	if (!build->dims)
		return false;
	memcpy(build->dims, results[0].dims, build->rank * sizeof(*build->dims));
	return true;
}

static struct ck_view *build_insn(struct ck_view_context *context, const Ck__Plan__Insn *insn, struct ck_view **registers, size_t n_registers)
{
	struct build build = { .context = context, .insn = insn, .n_operands = insn->n_src };
	struct ck_value *args;

	if (insn->op == CK_OP_LOAD)
		return build_load(context, insn);
	if (insn->op == CK_OP_FILL)
		return build_fill(context, insn);
	build.infer.op = ck_op_info(insn->op);
	if (!build.infer.op || insn->n_args != build.infer.op->n_params || !insn->n_src)
		return refuse(context, "an instruction that does not exist");
	build.operands = ck_arena_array(context->arena, insn->n_src, sizeof(*build.operands));
	args = ck_arena_array(context->arena, insn->n_args + 1, sizeof(*args));
	if (!build.operands || !args)
		return NULL;
	for (size_t i = 0; i < insn->n_src; i++) {
		build.operands[i] = insn->src[i] < n_registers ? registers[insn->src[i]] : NULL;
		if (!build.operands[i])
			return refuse(context, "a register that holds nothing");
	}
	for (size_t i = 0; i < insn->n_args; i++)
		if (!value_of(context->arena, insn->args[i], &args[i]))
			return NULL;
	build.infer.arena = context->arena;
	build.infer.args = args;
	return infer_shape(&build) ? build_op(&build) : NULL;
}

enum ck_code ck_view_build(struct ck_view_context *context, const Ck__Plan__Target *target, struct ck_view **ret_view)
{
	struct ck_view **registers = ck_arena_array(context->arena, (size_t)target->n_registers + 1, sizeof(*registers)), *view = NULL;
	size_t n_errors = context->diags->n_errors;

	if (!target->n_code)
		refuse(context, "no instructions");
	for (size_t i = 0; registers && i < target->n_code && (i == 0 || view); i++) {
		const Ck__Plan__Insn *insn = target->code[i];
		struct ck_view_context own = *context;

		if (insn->made_for.len)
			own.target = ck_str_of(insn->made_for);
		view = build_insn(&own, insn, registers, target->n_registers);
		if (insn->dst < target->n_registers)
			registers[insn->dst] = view;
	}
	if (view) {
		*ret_view = view;
		return CK_OK;
	}
	return context->diags->n_errors > n_errors ? CK_BAD_PLAN : ck_error_nomem(context->diags);
}

enum ck_dtype ck_view_dtype(const struct ck_view *view)
{
	return view->dtype;
}

struct ck_shape ck_view_shape(const struct ck_view *view)
{
	return (struct ck_shape){ view->rank, view->dims };
}

size_t ck_view_scratch(const struct ck_view *view)
{
	return view->scratch;
}

bool ck_view_is_shuffled(const struct ck_view *view)
{
	return view->is_shuffled;
}

enum ck_code ck_view_read(const struct ck_view *view, const struct ck_box *box, void *bytes, const int64_t *strides, struct ck_worker *worker)
{
	for (size_t i = 0; i < box->rank; i++)
		if (box->count[i] == 0)
			return CK_OK;
	return view->read(view, box, bytes, strides, worker);
}
