/* Types that do not fit what a target is to be: the message of cli.md, with the axis that would fit. */
#include "vm/bind_internal.h"

bool ck_type_fits(const struct ck_type *type, const struct ck_type *wanted)
{
	if ((wanted->dtype != CK_DT_NONE && wanted->dtype != type->dtype) || wanted->rank != type->rank)
		return false;
	for (int i = 0; i < type->rank; i++)
		if (wanted->dims[i] >= 0 && wanted->dims[i] != type->dims[i])
			return false;
	return true;
}

/* Operators whose axis decides what grows. */
static bool grows(enum ck_op op)
{
	return op == CK_OP_PAD || op == CK_OP_GROW || op == CK_OP_CONCAT || op == CK_OP_STACK || op == CK_OP_TILE || op == CK_OP_REPEAT;
}

/* The growing operator nearest to the target, along first operands. */
static const struct ck_node *last_growing(const struct ck_node *node)
{
	while (node && !grows(node->op))
		node = node->n_operands == 1 ? node->operands[0] : NULL;
	return node;
}

static const struct ck_node *first_load(const struct ck_node *node)
{
	while (node && node->op != CK_OP_LOAD)
		node = node->n_operands ? node->operands[0] : NULL;
	return node;
}

/* The value if `changed` had another axis; NULL when that makes no sense. */
static struct ck_node *with_axis(struct ck_binder *binder, const struct ck_node *node, const struct ck_node *changed, int64_t axis)
{
	const struct ck_op_info *op = ck_op_info(node->op);
	struct ck_value *args;
	struct ck_node *operand;

	if (node != changed) {
		operand = with_axis(binder, node->operands[0], changed, axis);
		return operand ? ck_node_from(binder, node, &operand, node->args) : NULL;
	}
	args = ck_arena_array(binder->arena, op->n_params + 1, sizeof(*args));
	for (size_t i = 0; args && i < op->n_params; i++)
		args[i] = ck_str_equal(op->params[i].name, CK_STR("axis")) ? (struct ck_value){ .kind = CK_EXPR_INT, .integer = axis } : node->args[i];
	return args ? ck_node_from(binder, node, node->operands, args) : NULL;
}

static void offer_axis(struct ck_binder *binder, struct ck_diag *diag, const struct ck_node *node, const struct ck_node *changed,
		       const struct ck_type *wanted)
{
	for (int axis = 0; axis < changed->type.rank; axis++) {
		struct ck_node *other = with_axis(binder, node, changed, axis);

		if (!other || !ck_type_fits(&other->type, wanted))
			continue;
		ck_diag_help(binder->diags, diag, "axis=%d would give %.*s", axis, CK_STR_ARG(ck_type_dims_text(binder->arena, &other->type)));
		return;
	}
}

/* ---- the one operator that would do */

struct offer {
	const char *lead;
	struct ck_str text;		/* empty: there is none */
};

static bool is_known(const struct ck_type *type)
{
	for (int i = 0; i < type->rank; i++)
		if (type->dims[i] < 0)
			return false;
	return type->rank >= 0;
}

/* The order of axes that makes one shape of the other; of equal sizes the first comes first. False when there is none. */
static bool find_order(const struct ck_type *found, const struct ck_type *wanted, size_t *order)
{
	bool used[8] = { false };

	if (found->rank != wanted->rank || found->rank > 8)
		return false;
	for (int i = 0; i < wanted->rank; i++) {
		int axis = 0;

		while (axis < found->rank && (used[axis] || found->dims[axis] != wanted->dims[i]))
			axis++;
		if (axis == found->rank)
			return false;
		used[axis] = true;
		order[i] = (size_t)axis;
	}
	return true;
}

static struct offer offer_order(struct ck_binder *binder, const struct ck_type *found, const struct ck_type *wanted)
{
	struct offer offer = { "the other way round would fit:", CK_STR("transpose") };
	struct ck_buf buf = { 0 };
	size_t order[8];

	if (!find_order(found, wanted, order))
		return (struct offer){ 0 };
	if (found->rank == 2)
		return offer;
	for (int i = 0; i < found->rank; i++)
		ck_buf_printf(&buf, "%s%zu", i ? ", " : "transpose(", order[i]);
	ck_buf_char(&buf, ')');
	offer = (struct offer){ "the same axes in another order would fit:", ck_str_copy(binder->diags->arena, ck_buf_view(&buf)) };
	ck_buf_clear(&buf);
	return offer;
}

/* The axis of size 1 that the longer shape has and the shorter has not; -1 when that is not all. */
static int extra_axis(const struct ck_type *shorter, const struct ck_type *longer)
{
	for (int axis = longer->rank - 1; axis >= 0 && longer->rank == shorter->rank + 1; axis--) {
		bool same = longer->dims[axis] == 1;

		for (int i = 0; i < shorter->rank && same; i++)
			same = shorter->dims[i] == longer->dims[i + (i >= axis)];
		if (same)
			return axis;
	}
	return -1;
}

static struct offer offer_rank(struct ck_binder *binder, const struct ck_type *found, const struct ck_type *wanted)
{
	struct ck_arena *arena = binder->diags->arena;
	struct offer offer = { "as many elements in another shape:", { 0 } };
	int more = extra_axis(found, wanted), less = extra_axis(wanted, found);
	uint64_t n_found = 1, n_wanted = 1;
	struct ck_str dims;

	if (more >= 0)
		return (struct offer){ "an axis of size 1 is missing:", ck_str_format(arena, "unsqueeze(%d)", more) };
	if (less >= 0)
		return (struct offer){ "there is an axis of size 1 too many:", ck_str_format(arena, "squeeze(%d)", less) };
	for (int i = 0; i < found->rank; i++)
		if (!ck_mul(n_found, (uint64_t)found->dims[i], &n_found))
			return offer;
	for (int i = 0; i < wanted->rank; i++)
		if (!ck_mul(n_wanted, (uint64_t)wanted->dims[i], &n_wanted))
			return offer;
	dims = ck_type_dims_text(arena, wanted);
	if (n_found == n_wanted && n_found && wanted->rank && dims.n > 2)
		offer.text = ck_str_format(arena, "reshape(%.*s)", (int)(dims.n - 2), dims.p + 1);
	return offer;
}

static struct offer offer_size(struct ck_binder *binder, const struct ck_type *found, const struct ck_type *wanted)
{
	struct ck_arena *arena = binder->diags->arena;
	int differs = -1, n_differ = 0;

	for (int i = 0; i < found->rank; i++)
		if (wanted->dims[i] >= 0 && found->dims[i] != wanted->dims[i]) {
			differs = i;
			n_differ++;
		}
	if (n_differ != 1)
		return (struct offer){ 0 };
	if (found->dims[differs] < wanted->dims[differs])
		return (struct offer){ "to fill it up write",
				       ck_str_format(arena, "grow(axis=%d, to=%lld)", differs, (long long)wanted->dims[differs]) };
	return (struct offer){ "to cut it write",
			       ck_str_format(arena, "slice(axis=%d, start=0, stop=%lld)", differs, (long long)wanted->dims[differs]) };
}

static struct offer find_offer(struct ck_binder *binder, const struct ck_type *found, const struct ck_type *wanted)
{
	struct offer offer = { 0 };

	if (wanted->dtype != CK_DT_NONE && found->dtype != wanted->dtype)
		return (struct offer){ "change the dtype with", ck_str_format(binder->diags->arena, "cast(%s)", ck_dtype_name(wanted->dtype)) };
	if (is_known(found) && is_known(wanted))
		offer = offer_order(binder, found, wanted);
	if (!offer.text.n && found->rank == wanted->rank)
		offer = offer_size(binder, found, wanted);
	if (!offer.text.n && is_known(found) && is_known(wanted))
		offer = offer_rank(binder, found, wanted);
	return offer;
}

/* Another argument of the last operator, where that is what went wrong: grow(to=), pad(after=). False when it is not. */
static bool offer_argument(struct ck_binder *binder, struct ck_diag *diag, const struct ck_node *node, const struct ck_type *wanted)
{
	const struct ck_op_info *op = ck_op_info(node->op);
	const char *name = node->op == CK_OP_GROW ? "to" : node->op == CK_OP_PAD ? "after" : NULL;
	struct ck_value *args = name ? ck_arena_array(binder->arena, op->n_params + 1, sizeof(*args)) : NULL;
	int64_t number = -1;

	for (size_t i = 0; args && i < op->n_params; i++) {
		args[i] = node->args[i];
		if (!ck_str_equal(op->params[i].name, ck_str(name)) || args[i].kind != CK_EXPR_INT)
			continue;
		for (int axis = 0; axis < wanted->rank && axis < node->type.rank; axis++)
			if (node->type.dims[axis] >= 0 && wanted->dims[axis] >= 0 && node->type.dims[axis] != wanted->dims[axis])
				args[i].integer += wanted->dims[axis] - node->type.dims[axis];
		number = args[i].integer;
	}
	if (number >= 0) {
		const struct ck_node *other = ck_node_from(binder, node, node->operands, args);

		if (other && ck_type_fits(&other->type, wanted)) {
			ck_diag_help(binder->diags, diag, "%s=%lld would give %.*s", name, (long long)number,
				     CK_STR_ARG(ck_type_dims_text(binder->arena, &other->type)));
			return true;
		}
	}
	return false;
}

/* What can be done about it, where a simple operator would do; for one of many, in a statement of its own. */
static void offer_operator(struct ck_binder *binder, struct ck_diag *diag, const struct ck_type *found, const struct ck_type *wanted,
			   struct ck_str one_of_many)
{
	struct offer offer = find_offer(binder, found, wanted);

	if (offer.text.n && one_of_many.n)
		ck_diag_help(binder->diags, diag, "%s ... | %.*s, in a statement of its own for \"%.*s\"", offer.lead, CK_STR_ARG(offer.text),
			     CK_STR_ARG(one_of_many));
	else if (offer.text.n)
		ck_diag_help(binder->diags, diag, "%s ... | %.*s", offer.lead, CK_STR_ARG(offer.text));
}

/* "f32[2, 1]", or "[2, 1]" where the dtype is not the point. */
static struct ck_str text_of(struct ck_binder *binder, const struct ck_type *type, bool whole)
{
	struct ck_buf buf = { 0 };
	struct ck_str text;

	if (!whole)
		return ck_type_dims_text(binder->diags->arena, type);
	ck_buf_type(&buf, type);
	text = ck_str_copy(binder->diags->arena, ck_buf_view(&buf));
	ck_buf_clear(&buf);
	return text;
}

/* What matches by a star may be anything; what a pattern spells out is mostly of one shape. */
static bool is_mixed(const Ck__Plan__Source *source)
{
	bool mixed = !source->pattern || source->rest;

	for (size_t i = 0; source->pattern && i < source->pattern->n_pieces; i++)
		mixed = mixed || source->pattern->pieces[i]->kind == CK_PIECE_STAR || source->pattern->pieces[i]->kind == CK_PIECE_STARSTAR;
	return mixed;
}

/* Which of many it is; empty when the others are like it. */
static struct ck_str name_source(struct ck_binder *binder, const struct ck_unit *unit, struct ck_diag *diag, const struct ck_node *load)
{
	const Ck__Plan__Source *source = unit->code[load->insn]->source;
	struct ck_str name = ck_bind_label_text(binder, load->input, load->variable);

	if (!source || (source->pattern && source->pattern->n_pieces == 1 && source->pattern->pieces[0]->kind == CK_PIECE_LITERAL))
		return (struct ck_str){ 0 };
	ck_diag_note(binder->diags, diag, "the first that does not fit is \"%.*s\"", CK_STR_ARG(name));
	return is_mixed(source) ? name : (struct ck_str){ 0 };
}

void ck_bind_mismatch(struct ck_binder *binder, struct ck_unit *unit, size_t goal, const struct ck_node *node, const struct ck_type *wanted,
		      const char *has, struct ck_str where)
{
	const struct ck_node *grown = last_growing(node), *load = first_load(node), *blamed = grown ? grown : node;
	struct ck_span goal_span = ck_plan_goal_span(binder->plan, unit->number, goal);
	bool dtype = wanted->dtype != CK_DT_NONE && wanted->dtype != node->type.dtype, is_load = node->op == CK_OP_LOAD;
	struct ck_str says = text_of(binder, wanted, true), one_of_many = { 0 };
	struct ck_diag *diag;

	/* Rows of one rule mostly fail alike: one message a rule. */
	if (!ck_bind_once(unit, unit->n_code - 1))
		return;
	if (dtype)
		blamed = node;
	diag = ck_error(binder->diags, dtype ? CK_DTYPE : CK_SHAPE, is_load ? goal_span : ck_unit_span(binder, unit, blamed->insn),
			"%s %.*s but %s %.*s", is_load ? "the source is" : node->op == CK_OP_FILL ? "the fill makes" : ck_str_format(binder->diags->arena, "%s gives", ck_op_info(blamed->op)->name).p,
			CK_STR_ARG(text_of(binder, &node->type, dtype)), has, CK_STR_ARG(text_of(binder, wanted, dtype)));
	if (where.n)
		says = ck_str_format(binder->diags->arena, "%.*s in %.*s", CK_STR_ARG(says), CK_STR_ARG(ck_name_text(binder->diags->arena, where)));
	if (is_load) {
		ck_diag_mark(binder->diags, diag, "%.*s", CK_STR_ARG(says));
	} else {
		ck_diag_mark(binder->diags, diag, "makes %.*s", CK_STR_ARG(text_of(binder, &blamed->type, true)));
		ck_diag_label(binder->diags, diag, goal_span, "%.*s", CK_STR_ARG(says));
	}
	if (load) {
		ck_diag_label(binder->diags, diag, ck_unit_span(binder, unit, load->insn), "%.*s", CK_STR_ARG(text_of(binder, &load->type, true)));
		one_of_many = name_source(binder, unit, diag, load);
	}
	if (grown && !dtype)
		offer_axis(binder, diag, node, grown, wanted);
	if (dtype && node->op == CK_OP_CAST && node->operands[0]->type.dtype == wanted->dtype)
		ck_diag_help(binder->diags, diag, "without the cast it is %s", ck_dtype_name(wanted->dtype));
	if (!diag->n_helps && (dtype || !offer_argument(binder, diag, node, wanted)))
		offer_operator(binder, diag, &node->type, wanted, is_load ? one_of_many : (struct ck_str){ 0 });
}
