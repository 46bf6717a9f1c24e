/* How slots are stored in the result: as in the template, else as `slots follow as` says, else as in the source; and whether that can be. */
#include "vm/bind_internal.h"

#include <stdlib.h>

static bool is_positional(enum ck_convention convention)
{
	return convention == CK_KERAS2 || convention == CK_KERAS3;
}

enum ck_convention ck_slot_convention(const struct ck_binder *binder, const struct ck_variable *slot)
{
	enum ck_convention as = (enum ck_convention)binder->code->slots_as;

	if (!binder->objects)
		return CK_TF1;
	if (as != CK_CONVENTION_NONE)
		return as;
	if (!binder->inputs[CK_INPUT_SOURCE].manifest->object_based || !slot)
		return CK_TF2;
	/* Whose slots values are the statement may tell where the graph does not; they stay in their list. */
	return slot->unclear_owner ? CK_KERAS2 : slot->convention;
}

/* A slot of the source that follows; of those without a position, if asked. SIZE_MAX if there is none. */
static size_t find_slot(const struct ck_binder *binder, bool without_position)
{
	const struct ck_subjects *source = &binder->inputs[CK_INPUT_SOURCE];

	for (size_t i = 0; i < source->n_slots; i++)
		if (ck_slot_follows(binder, CK_INPUT_SOURCE, source->slots_by_head[i]) &&
		    !(without_position && is_positional(source->manifest->variables[source->slots_by_head[i]].convention)))
			return source->slots_by_head[i];
	return SIZE_MAX;
}

static void note_slot(struct ck_binder *binder, struct ck_diag *diag, uint32_t input, size_t slot)
{
	const struct ck_variable *variable = &binder->inputs[input].manifest->variables[slot];

	ck_diag_note(binder->diags, diag, "the %.*s's \"%.*s\" is stored as %s, under \"%.*s\"",
		     CK_STR_ARG(ck_plan_input_name(binder->plan, input)), CK_STR_ARG(ck_bind_label_text(binder, input, slot)),
		     ck_convention_name(variable->convention), CK_STR_ARG(ck_name_text(binder->diags->arena, variable->key)));
}

/* ---- `slots follow as` */

/* The template is taken as it is. */
static void check_template_as(struct ck_binder *binder, enum ck_convention as)
{
	const struct ck_subjects *template = &binder->inputs[CK_INPUT_TEMPLATE];
	struct ck_diag *diag;

	for (size_t i = 0; i < template->n_slots; i++) {
		size_t slot = template->slots_by_head[i];

		if (template->manifest->variables[slot].convention == as)
			continue;
		diag = ck_error(binder->diags, CK_SLOT_MISSING_RULE, ck_plan_slots_span(binder->plan), "slots are to be stored as %s, and the template stores them as %s",
				ck_convention_name(as), ck_convention_name(template->manifest->variables[slot].convention));
		note_slot(binder, diag, CK_INPUT_TEMPLATE, slot);
		ck_diag_help(binder->diags, diag, "leave `as %s` out: with --onto slots go where the template has them", ck_convention_name(as));
		return;
	}
}

static void check_as(struct ck_binder *binder, enum ck_convention as)
{
	size_t other = find_slot(binder, is_positional(as) && binder->objects);
	struct ck_diag *diag;

	if (as == CK_CONVENTION_NONE || as == CK_TF1 || other == SIZE_MAX)
		return;
	if (is_positional(as)) {
		diag = ck_error(binder->diags, CK_SLOT_MISSING_RULE, ck_plan_slots_span(binder->plan), "%s stores slots by position, and nothing tells the positions",
				ck_convention_name(as));
		note_slot(binder, diag, CK_INPUT_SOURCE, other);
		ck_diag_help(binder->diags, diag, "give a fresh save of the new model with --onto, made after optimizer.build(model.trainable_variables)");
	} else if (!binder->objects) {
		diag = ck_error(binder->diags, CK_NEEDS_GRAPH, ck_plan_slots_span(binder->plan), "tf2 stores slots by an object graph, and the result is name-based");
		ck_diag_help(binder->diags, diag, "write `target objects`, or leave `as tf2` out");
	}
}

/* ---- by position, without a template */

static struct ck_diag *positional(struct ck_binder *binder, struct ck_unit *unit, size_t slot, const char *what)
{
	const struct ck_manifest *manifest = binder->inputs[CK_INPUT_SOURCE].manifest;
	struct ck_diag *diag;

	if (!ck_bind_once(unit, unit->n_code - 1))
		return NULL;
	diag = ck_error(binder->diags, CK_SLOT_MISSING_RULE, ck_unit_span(binder, unit, SIZE_MAX), "%s, and the optimizer stores its slots by position",
			what);
	ck_diag_note(binder->diags, diag, "the %s slot \"%.*s\" is \"%.*s\"", ck_convention_name(manifest->variables[slot].convention),
		     CK_STR_ARG(ck_bind_label_text(binder, CK_INPUT_SOURCE, slot)),
		     CK_STR_ARG(ck_name_text(binder->diags->arena, manifest->variables[slot].key)));
	ck_diag_help(binder->diags, diag, "give a fresh save of the new model with --onto, which tells the new order, or write `slots drop because \"...\"`");
	return diag;
}

static bool is_one_to_one(const struct ck_node *node)
{
	while (node->n_operands == 1)
		node = node->operands[0];
	return node->op == CK_OP_LOAD;
}

/* Where a variable and the one whose name it takes stand in an optimizer's list. */
struct order {
	struct ck_str optimizer;
	size_t place, new_place;
	const struct ck_made *made;
};

/* The number of a variable's first slot in an optimizer's list; SIZE_MAX: it has none there. */
static size_t first_place(const struct ck_subjects *source, size_t variable, struct ck_str optimizer)
{
	const struct ck_graph *graph = source->manifest->graph;
	size_t first = SIZE_MAX;

	for (size_t i = source->first_slot[variable]; i != SIZE_MAX; i = source->next_slot[i]) {
		struct ck_str name = source->items[i].node < 0 ? CK_STR("") : graph->names[source->items[i].node];
		size_t at = ck_str_rfind(name, '/') + 1, place = 0;

		if (!ck_str_equal(source->items[i].optimizer, optimizer) || at >= name.n)
			continue;
		for (; at < name.n && name.p[at] >= '0' && name.p[at] <= '9' && place < (size_t)UINT32_MAX; at++)
			place = 10 * place + (size_t)(name.p[at] - '0');
		if (at == name.n && place < first)
			first = place;
	}
	return first;
}

static int compare_orders(const void *a, const void *b)
{
	const struct order *x = a, *y = b;
	int order = ck_str_compare(x->optimizer, y->optimizer);

	return order ? order : x->place < y->place ? -1 : x->place > y->place;
}

/* A program has its variables in the order of their names there: one that takes another's name takes its place in that order too. */
static bool check_order(struct ck_binder *binder, size_t slot)
{
	struct ck_subjects *source = &binder->inputs[CK_INPUT_SOURCE];
	struct order *orders = ck_arena_array(binder->arena, binder->n_makes + 1, sizeof(*orders));
	size_t n = 0, other;

	if (!orders)
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < binder->n_makes; i++) {
		const struct ck_made *made = &binder->makes[i];
		struct order *order = &orders[n];

		if (made->slot.n || made->origin == SIZE_MAX || source->first_slot[made->origin] == SIZE_MAX ||
		    !ck_subjects_find(binder, source, CK_BY_NAME, made->name, &other))
			continue;
		order->optimizer = source->items[source->first_slot[made->origin]].optimizer;
		order->place = first_place(source, made->origin, order->optimizer);
		order->new_place = first_place(source, other, order->optimizer);
		order->made = made;
		n += order->place != SIZE_MAX && order->new_place != SIZE_MAX;
	}
	qsort(orders, n, sizeof(*orders), compare_orders);
	for (size_t i = 1; i < n; i++)
		if (ck_str_equal(orders[i - 1].optimizer, orders[i].optimizer) && orders[i - 1].new_place > orders[i].new_place)
			positional(binder, &binder->units[orders[i].made->rule], slot, "this changes the order of variables");
	return true;
}

/* Without a template, lists keep the source's order, and close up after a drop; but variables may not be made, joined or split. */
static bool check_positional(struct ck_binder *binder, size_t slot)
{
	const struct ck_subjects *source = &binder->inputs[CK_INPUT_SOURCE];
	size_t *n_made = ck_arena_array(binder->arena, source->n + 1, sizeof(*n_made));

	if (!n_made)
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < binder->n_makes; i++) {
		const struct ck_made *made = &binder->makes[i];
		struct ck_unit *unit = &binder->units[made->rule];
		bool owns = made->origin != SIZE_MAX && source->first_slot[made->origin] != SIZE_MAX;

		if (made->slot.n)
			continue;
		if (unit->rule->kind == CK_RULE_NEW)
			positional(binder, unit, slot, "this makes a new variable");
		else if (owns && !is_one_to_one(made->node))
			positional(binder, unit, slot, "this joins variables");
		else if (owns && n_made[made->origin]++)
			positional(binder, unit, slot, "this makes several variables of one");
	}
	return check_order(binder, slot);
}

/* ---- values that are slots of nobody knows which variable */

/* Such a value that no statement makes a slot or takes to where it is known. */
static bool is_loose(const struct ck_binder *binder, const struct ck_made *made)
{
	const struct ck_subjects *source = &binder->inputs[CK_INPUT_SOURCE];

	return made->origin != SIZE_MAX && source->manifest->variables[made->origin].unclear_owner &&
	       (!source->plainly_claimed[made->origin] || (binder->inputs[CK_INPUT_TEMPLATE].given && ck_made_unclear(binder, made)));
}

bool ck_made_unclear(const struct ck_binder *binder, const struct ck_made *made)
{
	return made->in_template == SIZE_MAX && !made->slot.n && made->origin != SIZE_MAX &&
	       binder->inputs[CK_INPUT_SOURCE].manifest->variables[made->origin].unclear_owner;
}

/* The first target that is such a value; NULL if there is none. */
static const struct ck_made *find_loose(const struct ck_binder *binder)
{
	for (size_t i = 0; i < binder->n_makes; i++)
		if (is_loose(binder, &binder->makes[i]))
			return &binder->makes[i];
	return NULL;
}

/* The rule that does more to a possible owner than to give it a name; SIZE_MAX: none does. */
static size_t find_change(struct ck_binder *binder)
{
	const struct ck_subjects *source = &binder->inputs[CK_INPUT_SOURCE];
	size_t *n_made = ck_arena_array(binder->arena, source->n + 1, sizeof(*n_made));

	for (size_t i = 0; n_made && i < binder->n_makes; i++) {
		const struct ck_made *made = &binder->makes[i];

		if (made->slot.n || made->origin == SIZE_MAX || !source->manifest->variables[made->origin].has_unclear_slots)
			continue;
		if (made->node->op != CK_OP_LOAD || n_made[made->origin]++)
			return made->rule;
	}
	for (size_t i = 0; n_made && i < source->n; i++)
		if (source->manifest->variables[i].has_unclear_slots && !n_made[i] && source->claims[i])
			return source->claims[i]->rule;
	return SIZE_MAX;
}

/* What lists of positions cannot tell stays in its place as long as nothing changes there. */
static bool check_unclear(struct ck_binder *binder)
{
	const struct ck_subjects *source = &binder->inputs[CK_INPUT_SOURCE];
	const struct ck_made *loose = find_loose(binder);
	size_t rule = loose ? find_change(binder) : SIZE_MAX, n = 0;
	enum ck_convention as = (enum ck_convention)binder->code->slots_as;
	bool moves = binder->code->slots_drop || binder->inputs[CK_INPUT_TEMPLATE].given || !binder->objects ||
		     (as != CK_CONVENTION_NONE && as != CK_KERAS2);
	struct ck_str *labels, owner;
	struct ck_diag *diag;

	if (!loose || (rule == SIZE_MAX && !moves))
		return true;
	labels = ck_arena_array(binder->arena, binder->n_makes, sizeof(*labels));
	if (!labels)
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < binder->n_makes; i++)
		if (is_loose(binder, &binder->makes[i]))
			labels[n++] = source->items[binder->makes[i].origin].name;
	owner = source->items[source->manifest->variables[loose->origin].unclear_owner - 1].full_name;
	diag = ck_error(binder->diags, CK_SLOT_MISSING_RULE, ck_plan_rule_span(binder->plan, rule == SIZE_MAX ? loose->rule : rule, SIZE_MAX),
			"nothing tells whose slots %zu value%s of the optimizer %s: several variables are called \"%.*s\" in full", n, n == 1 ? "" : "s",
			n == 1 ? "is" : "are", CK_STR_ARG(ck_name_text(binder->diags->arena, owner)));
	ck_explain_list(binder, diag, labels, n);
	ck_diag_help(binder->diags, diag, "say it: map \"%.*s\" -> \"VARIABLE@m\" and so on, with the operators that VARIABLE has; or drop them",
		     CK_STR_ARG(ck_name_text(binder->diags->arena, source->items[loose->origin].name)));
	return true;
}

static bool is_dropped(const struct ck_binder *binder, size_t variable)
{
	const struct ck_claim *claim = binder->inputs[CK_INPUT_SOURCE].claims[variable];

	return claim && binder->units[claim->rule].rule->kind == CK_RULE_DROP;
}

void ck_bind_warn_unclear(struct ck_binder *binder)
{
	const struct ck_subjects *source = &binder->inputs[CK_INPUT_SOURCE];
	struct ck_str *labels = ck_arena_array(binder->arena, source->n + 1, sizeof(*labels));
	size_t first = SIZE_MAX, n = 0;
	struct ck_diag *diag;

	for (size_t i = 0; labels && !binder->code->slots_drop && i < source->n; i++) {
		size_t owner = source->manifest->variables[i].unclear_owner;

		if (!owner || is_dropped(binder, owner - 1) || source->plainly_claimed[i] || !is_dropped(binder, i))
			continue;
		first = n ? first : i;
		labels[n++] = source->items[i].name;
	}
	diag = n ? ck_bind_warn(binder, CK_SLOTS_UNCLEAR, source->claims[first]->rule,
				ck_unit_span(binder, &binder->units[source->claims[first]->rule], source->claims[first]->insn),
				"%zu slot%s dropped with the rest, since nothing tells whose %s", n, n == 1 ? " is" : "s are", n == 1 ? "it is" : "they are") : NULL;
	if (!diag)
		return;
	ck_explain_list(binder, diag, labels, n);
	ck_diag_note(binder->diags, diag, "several variables are called \"%.*s\" in full",
		     CK_STR_ARG(ck_name_text(binder->diags->arena, source->items[source->manifest->variables[first].unclear_owner - 1].full_name)));
	ck_diag_help(binder->diags, diag, "to carry them say whose they are: map \"%.*s\" -> \"VARIABLE@m\" and so on; to lose them: drop \"%.*s\" because \"...\"",
		     CK_STR_ARG(ck_name_text(binder->diags->arena, labels[0])), CK_STR_ARG(ck_name_text(binder->diags->arena, labels[0])));
}

bool ck_bind_convention(struct ck_binder *binder)
{
	enum ck_convention as = (enum ck_convention)binder->code->slots_as;
	size_t slot;

	if (!check_unclear(binder))
		return false;
	if (binder->code->slots_drop)
		return true;
	if (binder->inputs[CK_INPUT_TEMPLATE].given) {
		if (as != CK_CONVENTION_NONE)
			check_template_as(binder, as);
		return true;
	}
	check_as(binder, as);
	slot = find_slot(binder, false);
	if (slot == SIZE_MAX)
		return true;
	if (!is_positional(ck_slot_convention(binder, &binder->inputs[CK_INPUT_SOURCE].manifest->variables[slot])) || ck_bind_failed(binder))
		return true;
	return check_positional(binder, slot);
}
