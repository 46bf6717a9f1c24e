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

/* What can be done about it, where a simple operator would do. */
static void offer_operator(struct ck_binder *binder, struct ck_diag *diag, const struct ck_type *found, const struct ck_type *wanted)
{
	int differs = -1, n_differ = 0;

	if (found->rank == wanted->rank && wanted->dtype != CK_DT_NONE && found->dtype != wanted->dtype) {
		ck_diag_help(binder->diags, diag, "change the dtype with ... | cast(%s)", ck_dtype_name(wanted->dtype));
		return;
	}
	if (found->rank != wanted->rank)
		return;
	for (int i = 0; i < found->rank; i++)
		if (wanted->dims[i] >= 0 && found->dims[i] != wanted->dims[i]) {
			differs = i;
			n_differ++;
		}
	if (found->rank == 2 && found->dims[0] == wanted->dims[1] && found->dims[1] == wanted->dims[0])
		ck_diag_help(binder->diags, diag, "the other way round would fit: ... | transpose");
	else if (n_differ == 1 && found->dims[differs] < wanted->dims[differs])
		ck_diag_help(binder->diags, diag, "to fill it up write ... | grow(axis=%d, to=%lld)", differs, (long long)wanted->dims[differs]);
	else if (n_differ == 1)
		ck_diag_help(binder->diags, diag, "to cut it write ... | slice(axis=%d, start=0, stop=%lld)", differs, (long long)wanted->dims[differs]);
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

/* Which of many it is. */
static void name_source(struct ck_binder *binder, const struct ck_unit *unit, struct ck_diag *diag, const struct ck_node *load)
{
	const Ck__Plan__Source *source = unit->code[load->insn]->source;

	if (source && (!source->pattern || source->pattern->n_pieces != 1 || source->pattern->pieces[0]->kind != CK_PIECE_LITERAL))
		ck_diag_note(binder->diags, diag, "the first that does not fit is \"%.*s\"",
			     CK_STR_ARG(ck_bind_label_text(binder, load->input, load->variable)));
}

void ck_bind_mismatch(struct ck_binder *binder, struct ck_unit *unit, size_t goal, const struct ck_node *node, const struct ck_type *wanted,
		      const char *has, struct ck_str where)
{
	const struct ck_node *grown = last_growing(node), *load = first_load(node), *blamed = grown ? grown : node;
	struct ck_span goal_span = ck_plan_goal_span(binder->plan, unit->number, goal);
	bool dtype = wanted->dtype != CK_DT_NONE && wanted->dtype != node->type.dtype, is_load = node->op == CK_OP_LOAD;
	struct ck_str says = text_of(binder, wanted, true);
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
		name_source(binder, unit, diag, load);
	}
	if (grown && !dtype)
		offer_axis(binder, diag, node, grown, wanted);
	if (!diag->n_helps)
		offer_operator(binder, diag, &node->type, wanted);
}
