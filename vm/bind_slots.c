/* `slots follow`: what happens to a variable happens to its optimizer slots. */
#include "vm/bind_internal.h"

#include <string.h>

/* One kind of slot that members of a value have. */
struct kind {
	struct ck_str slot, optimizer;
	enum ck_dtype dtype;
	size_t first;			/* variable of the source, SIZE_MAX: another input's */
	const struct ck_variable *variable;
};

struct follower {
	struct ck_binder *binder;
	struct ck_unit *unit;
	struct kind *kinds;
	size_t n_kinds, capacity;
};

bool ck_slot_follows(const struct ck_binder *binder, uint32_t input, size_t slot)
{
	return !binder->inputs[input].claims[slot];
}

static bool add_kind(struct follower *follower, uint32_t input, size_t slot)
{
	const struct ck_subject *subject = &follower->binder->inputs[input].items[slot];
	struct kind *kind;

	for (size_t i = 0; i < follower->n_kinds; i++)
		if (ck_str_equal(follower->kinds[i].slot, subject->slot) && ck_str_equal(follower->kinds[i].optimizer, subject->optimizer))
			return true;
	if (!ck_arena_grow(follower->binder->arena, (void **)&follower->kinds, follower->n_kinds, &follower->capacity, sizeof(*follower->kinds)))
		return ck_bind_nomem(follower->binder);
	kind = &follower->kinds[follower->n_kinds++];
	*kind = (struct kind){ subject->slot, subject->optimizer, subject->type.dtype, input == CK_INPUT_SOURCE ? slot : SIZE_MAX,
			       &follower->binder->inputs[input].manifest->variables[slot] };
	return true;
}

/* All kinds of slots of the variables that a value is made of. */
static bool find_kinds(struct follower *follower, struct ck_node *node)
{
	const struct ck_subjects *subjects;

	if (node->epoch == follower->binder->epoch)
		return true;
	node->epoch = follower->binder->epoch;
	for (size_t i = 0; i < node->n_operands; i++)
		if (!find_kinds(follower, node->operands[i]))
			return false;
	if (node->op != CK_OP_LOAD || node->input == CK_INPUT_TEMPLATE)
		return true;
	subjects = &follower->binder->inputs[node->input];
	for (size_t i = subjects->first_slot[node->variable]; i != SIZE_MAX; i = subjects->next_slot[i])
		if (ck_slot_follows(follower->binder, node->input, i) && !add_kind(follower, node->input, i))
			return false;
	return true;
}

static void no_image(struct follower *follower, const struct ck_node *node, const struct kind *kind)
{
	struct ck_binder *binder = follower->binder;
	struct ck_str slot = ck_name_text(binder->diags->arena, kind->slot);
	struct ck_diag *diag;

	if (!ck_bind_once(follower->unit, node->insn))
		return;
	diag = ck_error(binder->diags, CK_SLOT_NO_IMAGE, ck_unit_span(binder, follower->unit, node->insn),
			"what `%s` does to the slot \"%.*s\" is not defined", ck_op_info(node->op)->name, CK_STR_ARG(slot));
	ck_diag_note(binder->diags, diag, "the source has \"%.*s\", which follows its variable",
		     CK_STR_ARG(ck_name_text(binder->diags->arena,
					     ck_variable_label(binder->inputs[CK_INPUT_SOURCE].manifest, kind->variable, binder->arena))));
	ck_diag_help(binder->diags, diag, "write a statement about \"x@*\" of these variables, such as drop \"...@*\" because \"...\", or `slots drop`");
}

static struct ck_node *image(struct follower *follower, const struct kind *kind, struct ck_node *node);

static struct ck_node *image_of_load(struct follower *follower, const struct kind *kind, const struct ck_node *node)
{
	const struct ck_subjects *subjects = &follower->binder->inputs[node->input];
	struct ck_value zeros = ck_value_zeros();
	size_t slot = node->input == CK_INPUT_TEMPLATE ? SIZE_MAX : ck_subjects_slot(subjects, node->variable, kind->slot, kind->optimizer);

	if (slot != SIZE_MAX && ck_slot_follows(follower->binder, node->input, slot))
		return ck_node_load(follower->binder, node->input, slot, node->insn);
	/* A member without this slot: its state is what it would be before the first step. */
	return ck_node_fill(follower->binder, &zeros, (struct ck_type){ kind->dtype, node->type.rank, node->type.dims }, node->insn);
}

/* Fills of arguments become zeros: what is new has no history. */
static const struct ck_value *image_args(struct follower *follower, const struct ck_node *node)
{
	const struct ck_op_info *op = ck_op_info(node->op);
	struct ck_value *args;

	if (op->slots != CK_SLOTS_ZEROS)
		return node->args;
	args = ck_arena_array(follower->binder->arena, op->n_params + 1, sizeof(*args));
	if (!args)
		return NULL;
	memcpy(args, node->args, op->n_params * sizeof(*args));
	for (size_t i = 0; i < op->n_params; i++)
		if (args[i].kind == CK_EXPR_FILL)
			args[i] = ck_value_zeros();
	return args;
}

static struct ck_node *image_of_op(struct follower *follower, const struct kind *kind, const struct ck_node *node)
{
	struct ck_node **operands = ck_arena_array(follower->binder->arena, node->n_operands + 1, sizeof(*operands));
	const struct ck_value *args = image_args(follower, node);

	if (ck_op_info(node->op)->slots == CK_SLOTS_NONE) {
		no_image(follower, node, kind);
		return NULL;
	}
	if (!operands || !args) {
		ck_bind_nomem(follower->binder);
		return NULL;
	}
	for (size_t i = 0; i < node->n_operands; i++) {
		operands[i] = image(follower, kind, node->operands[i]);
		if (!operands[i])
			return NULL;
	}
	return ck_node_op(follower->binder, follower->unit, node->op, node->insn, args, operands, node->n_operands);
}

/* The value that the same operators make of slots. NULL after a message. */
static struct ck_node *image(struct follower *follower, const struct kind *kind, struct ck_node *node)
{
	struct ck_value zeros = ck_value_zeros();

	if (node->epoch == follower->binder->epoch)
		return node->image;
	if (node->op == CK_OP_LOAD)
		node->image = image_of_load(follower, kind, node);
	else if (node->op == CK_OP_FILL)
		node->image = ck_node_fill(follower->binder, &zeros, (struct ck_type){ kind->dtype, node->type.rank, node->type.dims }, node->insn);
	else
		node->image = image_of_op(follower, kind, node);
	node->epoch = follower->binder->epoch;
	return node->image;
}

static bool follow(struct follower *follower, size_t make)
{
	struct ck_binder *binder = follower->binder;

	for (size_t i = 0; i < follower->n_kinds; i++) {
		const struct kind *kind = &follower->kinds[i];
		struct ck_made made = binder->makes[make];

		binder->epoch++;
		made.node = image(follower, kind, made.node);
		if (!made.node) {
			if (binder->nomem)
				return false;
			continue;
		}
		made.slot = kind->slot;
		made.optimizer = kind->optimizer;
		made.suffix = kind->variable->suffix;
		made.origin = kind->first;
		made.owner = make;
		made.follows = true;
		if (!ck_bind_make(binder, &made))
			return false;
	}
	return true;
}

static bool has_slots(const struct ck_binder *binder)
{
	for (size_t i = 0; i < binder->n_inputs; i++)
		if (binder->inputs[i].given && i != CK_INPUT_TEMPLATE && binder->inputs[i].n_slots)
			return true;
	return false;
}

/* Slots that are stored in another way than they were; one notice for each two ways. */
static void notice_conventions(struct ck_binder *binder)
{
	const struct ck_manifest *source = binder->inputs[CK_INPUT_SOURCE].manifest, *template = binder->inputs[CK_INPUT_TEMPLATE].manifest;
	bool told[CK_KERAS3 + 1][CK_KERAS3 + 1] = { { false } };

	for (size_t i = 0; i < binder->n_makes; i++) {
		const struct ck_made *made = &binder->makes[i];
		const struct ck_variable *slot = made->slot.n && made->origin != SIZE_MAX ? &source->variables[made->origin] : NULL;
		enum ck_convention from = slot ? slot->convention : CK_CONVENTION_NONE, to = from;

		if (from == CK_CONVENTION_NONE)
			continue;
		if (!template)
			to = ck_slot_convention(binder, slot);
		else if (made->in_template != SIZE_MAX)
			to = template->variables[made->in_template].convention;
		if (from != to && !told[from][to])
			ck_bind_notice(binder, "%s slots are written as %s", ck_convention_name(from), ck_convention_name(to));
		told[from][to] = true;
	}
}

bool ck_bind_slots_follow(struct ck_binder *binder)
{
	size_t n = binder->n_makes;

	if (!ck_bind_convention(binder))
		return false;
	if (binder->code->slots_drop || !has_slots(binder))
		return true;
	for (size_t i = 0; i < n; i++) {
		const struct ck_made *made = &binder->makes[i];
		struct follower follower = { .binder = binder, .unit = &binder->units[made->rule] };

		if (made->slot.n || made->is_attribute || made->node->op == CK_OP_FILL)
			continue;
		binder->epoch++;
		if (!find_kinds(&follower, made->node) || !follow(&follower, i))
			return false;
	}
	notice_conventions(binder);
	return true;
}
