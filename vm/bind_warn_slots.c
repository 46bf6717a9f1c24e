/* Warnings about optimizers: what is legal, and would let training go on otherwise than it did. */
#include "vm/bind_internal.h"

static struct ck_str target_text(const struct ck_binder *binder, const struct ck_made *made)
{
	return ck_name_text(binder->diags->arena, made->label);
}

/* ---- optimizers without their slots, slots without their variables */

/* Whether a name's last segment is one of TF1's counters, "beta1_power" or "beta2_power_1". */
static bool is_beta_power(struct ck_str name)
{
	size_t slash = ck_str_rfind(name, '/');
	struct ck_str last = slash < name.n ? ck_str_slice(name, slash + 1, name.n) : name;

	return ck_str_starts(last, CK_STR("beta1_power")) || ck_str_starts(last, CK_STR("beta2_power"));
}

/* A number that an optimizer keeps for itself. optimizer: of an object-based checkpoint its path. */
static bool is_counter(const struct ck_subjects *source, size_t variable, struct ck_str optimizer)
{
	const struct ck_subject *subject = &source->items[variable];

	if (subject->kind != CK_VARIABLE || subject->slot.n || subject->type.rank != 0 || source->first_slot[variable] != SIZE_MAX)
		return false;
	if (!source->manifest->object_based)
		return is_beta_power(subject->name);
	return ck_str_starts(subject->name, optimizer) && subject->name.n > optimizer.n && subject->name.p[optimizer.n] == '/';
}

/* Does any slot of the optimizer live on? By names alone, optimizers are not told apart. */
static bool has_slots(const struct ck_binder *binder, struct ck_str optimizer)
{
	const struct ck_subjects *source = &binder->inputs[CK_INPUT_SOURCE];
	bool any = !source->manifest->object_based;

	for (size_t i = 0; i < binder->n_makes; i++) {
		const struct ck_made *made = &binder->makes[i];

		if (made->slot.n && (any || made->origin == SIZE_MAX || ck_str_equal(source->items[made->origin].optimizer, optimizer)))
			return true;
	}
	return false;
}

/* Counters that are carried although no slot of their optimizer is. */
static bool warn_counters(struct ck_binder *binder, struct ck_str optimizer)
{
	const struct ck_subjects *source = &binder->inputs[CK_INPUT_SOURCE];
	struct ck_str *labels = ck_arena_array(binder->scratch, binder->n_makes + 1, sizeof(*labels));
	const struct ck_made *first = NULL;
	struct ck_diag *diag;
	size_t n = 0;

	if (!labels)
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < binder->n_makes; i++) {
		const struct ck_made *made = &binder->makes[i];

		if (made->slot.n || made->origin == SIZE_MAX || !is_counter(source, made->origin, optimizer))
			continue;
		first = first ? first : made;
		labels[n++] = made->label;
	}
	if (!n)
		return true;
	diag = ck_bind_warn(binder, CK_COUNTER_UNUSED, first->rule, ck_unit_span(binder, &binder->units[first->rule], 0),
		    "%zu counter%s of an optimizer %s kept, and none of its slots", n, n == 1 ? "" : "s", n == 1 ? "is" : "are");
	if (!diag)
		return true;
	ck_explain_list(binder, diag, labels, n);
	ck_diag_help(binder->diags, diag, "without its slots an optimizer starts anew: drop %s too, such as drop \"%.*s\" because \"...\"",
		     n == 1 ? "it" : "them", CK_STR_ARG(ck_bind_label_text(binder, CK_INPUT_SOURCE, first->origin)));
	return true;
}

static bool warn_optimizers(struct ck_binder *binder)
{
	const struct ck_subjects *source = &binder->inputs[CK_INPUT_SOURCE];
	struct ck_map seen;
	size_t before;

	/* A template says itself what there is. */
	if (binder->inputs[CK_INPUT_TEMPLATE].given)
		return true;
	ck_map_init(&seen, binder->arena);
	for (size_t i = 0; i < source->n_slots; i++) {
		struct ck_str optimizer = source->manifest->object_based ? source->items[source->slots_by_head[i]].optimizer : CK_STR("");

		if (ck_map_get(&seen, optimizer, &before))
			continue;
		if (!ck_map_put(&seen, optimizer, 0))
			return ck_bind_nomem(binder);
		if (!has_slots(binder, optimizer) && !warn_counters(binder, optimizer))
			return false;
	}
	return true;
}

/* Slots that statements keep, of variables that are not there any more. */
static bool warn_orphans(struct ck_binder *binder)
{
	struct ck_str *labels = ck_arena_array(binder->scratch, binder->n_makes + 1, sizeof(*labels));
	const struct ck_made *first = NULL;
	struct ck_diag *diag;
	size_t n = 0, owner;

	/* In an object graph there is no such slot. */
	if (binder->objects)
		return true;
	if (!labels)
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < binder->n_makes; i++) {
		const struct ck_made *made = &binder->makes[i];

		if (!made->slot.n || made->follows || made->rule == SIZE_MAX || ck_map_get(&binder->made_labels, made->name, &owner))
			continue;
		first = first ? first : made;
		labels[n++] = made->label;
	}
	if (!n)
		return true;
	diag = ck_bind_warn(binder, CK_COUNTER_UNUSED, first->rule, ck_plan_goal_span(binder->plan, first->rule, first->goal),
		    "%zu slot%s of an optimizer %s made for variables that the target does not have", n, n == 1 ? "" : "s", n == 1 ? "is" : "are");
	if (!diag)
		return true;
	ck_explain_list(binder, diag, labels, n);
	ck_diag_help(binder->diags, diag, "drop the slots with their variables");
	return true;
}

/* ---- counters of another generation */

/* How the result stores the slot; NONE: it makes no slots. */
static enum ck_convention convention_of(const struct ck_binder *binder, const struct ck_made *made)
{
	const struct ck_manifest *source = binder->inputs[CK_INPUT_SOURCE].manifest, *template = binder->inputs[CK_INPUT_TEMPLATE].manifest;
	const struct ck_variable *origin = made->origin == SIZE_MAX ? NULL : &source->variables[made->origin];

	if (!made->slot.n)
		return CK_CONVENTION_NONE;
	if (template)
		return made->in_template == SIZE_MAX ? CK_CONVENTION_NONE : template->variables[made->in_template].convention;
	return ck_slot_convention(binder, origin && (origin->convention != CK_CONVENTION_NONE || origin->unclear_owner) ? origin : NULL);
}

/* Whether it is a slot that comes from a slot of the source. */
static bool is_carried(const struct ck_binder *binder, const struct ck_made *made)
{
	const struct ck_manifest *source = binder->inputs[CK_INPUT_SOURCE].manifest;

	return made->slot.n && made->origin != SIZE_MAX && source->variables[made->origin].convention != CK_CONVENTION_NONE;
}

/* The first of them; NULL: there is none. */
static const struct ck_made *first_carried(const struct ck_binder *binder)
{
	for (size_t i = 0; i < binder->n_makes; i++)
		if (is_carried(binder, &binder->makes[i]))
			return &binder->makes[i];
	return NULL;
}

/* Slots that are averages since the first step, and corrected by how many there were. */
static bool is_corrected(const struct ck_made *made)
{
	return (ck_str_equal(made->slot, CK_STR("m")) || ck_str_equal(made->slot, CK_STR("v"))) && made->origin != SIZE_MAX;
}

static struct ck_str parent_of(struct ck_str name)
{
	size_t slash = ck_str_rfind(name, '/');

	return ck_str_slice(name, 0, slash < name.n ? slash + 1 : 0);
}

/* "iter" in the optimizer where the old counter is, or in that which slots get. False if optimizers there have no such counter. */
static bool help_counter(struct ck_binder *binder, struct ck_diag *diag, const struct ck_made *made, enum ck_convention to)
{
	enum ck_counter meaning = ck_counter_of(&binder->inputs[CK_INPUT_SOURCE], made->origin);
	struct ck_str old = ck_bind_label_text(binder, CK_INPUT_SOURCE, made->origin);
	struct ck_str name = meaning == CK_COUNTER_OTHER ? (struct ck_str){ 0 } : ck_counter_name(meaning, to);
	struct ck_str parent = !binder->objects ? CK_STR("")
			       : binder->inputs[CK_INPUT_SOURCE].manifest->object_based ? parent_of(old) : CK_STR("optimizer/");

	if (!name.n)
		return false;
	ck_diag_help(binder->diags, diag, "map \"%.*s\" -> \"%.*s%.*s\"", CK_STR_ARG(old), CK_STR_ARG(parent), CK_STR_ARG(name));
	return true;
}

/* TF1's Adam has no step count but powers of it. */
static void help_powers(struct ck_binder *binder, struct ck_diag *diag, const struct ck_made *made)
{
	struct ck_str old = ck_bind_label_text(binder, CK_INPUT_SOURCE, made->origin);

	for (enum ck_counter meaning = CK_COUNTER_POWER_1; meaning <= CK_COUNTER_POWER_2; meaning++) {
		struct ck_str name = ck_counter_name(meaning, CK_TF1);
		const char *power = ck_counter_power(meaning);

		if (power)
			ck_diag_help(binder->diags, diag, "tf1's Adam wants: map also \"%.*s\"%s -> \"%.*s\"", CK_STR_ARG(old), power, CK_STR_ARG(name));
		else
			ck_diag_help(binder->diags, diag, "tf1's Adam wants %s to the power of steps + 1: new \"%.*s\" : f32[] = const(...)",
				     meaning == CK_COUNTER_POWER_1 ? "beta_1" : "beta_2", CK_STR_ARG(name));
	}
}

/* Counters under names that optimizers of the new generation do not look for. With a template there are none. */
static bool warn_generation(struct ck_binder *binder)
{
	const struct ck_subjects *source = &binder->inputs[CK_INPUT_SOURCE];
	enum { MAX_HELPS = 8 };
	struct ck_str *labels = ck_arena_array(binder->scratch, binder->n_makes + 1, sizeof(*labels));
	const struct ck_made *slot = first_carried(binder), *steps = NULL, **kept = ck_arena_array(binder->scratch, binder->n_makes + 1, sizeof(*kept));
	enum ck_convention from, to;
	struct ck_diag *diag;
	size_t n = 0, n_placed = 0;
	bool told[CK_COUNTER_OTHER + 1] = { false };

	if (!labels || !kept)
		return ck_bind_nomem(binder);
	if (!slot || binder->inputs[CK_INPUT_TEMPLATE].given)
		return true;
	from = source->manifest->variables[slot->origin].convention;
	to = convention_of(binder, slot);
	for (size_t i = 0; i < binder->n_makes && from != to; i++) {
		const struct ck_made *made = &binder->makes[i];

		if (made->slot.n || made->origin == SIZE_MAX || ck_counter_of(source, made->origin) == CK_COUNTER_NONE ||
		    ck_counter_serves(made->name, to))
			continue;
		steps = ck_counter_of(source, made->origin) == CK_COUNTER_STEPS ? made : steps;
		kept[n] = made;
		labels[n++] = made->label;
	}
	if (!n)
		return true;
	diag = ck_bind_warn(binder, CK_COUNTER_UNUSED, kept[0]->rule, ck_unit_span(binder, &binder->units[kept[0]->rule], 0),
			    "%zu counter%s of a %s optimizer %s kept, and the slots are written as %s", n, n == 1 ? "" : "s", ck_convention_name(from),
			    n == 1 ? "is" : "are", ck_convention_name(to));
	if (!diag)
		return true;
	ck_explain_list(binder, diag, labels, n);
	for (size_t i = 0; i < n && i < MAX_HELPS; i++) {
		enum ck_counter meaning = ck_counter_of(source, kept[i]->origin);

		/* Names hold one of a kind. */
		if (!binder->objects && told[meaning])
			continue;
		told[meaning] = true;
		n_placed += help_counter(binder, diag, kept[i], to);
	}
	if (to == CK_TF1 && steps && is_corrected(slot))
		help_powers(binder, diag, steps);
	if (n_placed < n)
		ck_diag_help(binder->diags, diag, "%s optimizers know nothing of %s: drop %s, or give %s the name that the new program has",
			     ck_convention_name(to), n_placed ? "the rest" : n == 1 ? "it" : "them", n - n_placed == 1 ? "it" : "them",
			     n - n_placed == 1 ? "it" : "them");
	return true;
}

/* ---- step counts */

/* Whether a value reads any input but the template; ret_read ([n] of the source, may be NULL) gets what it reads. */
static bool reads(struct ck_binder *binder, struct ck_node *node, bool *ret_read)
{
	bool any = false;

	if (node->epoch == binder->epoch)
		return false;
	node->epoch = binder->epoch;
	if (node->op == CK_OP_LOAD) {
		if (ret_read && node->input == CK_INPUT_SOURCE)
			ret_read[node->variable] = true;
		return node->input != CK_INPUT_TEMPLATE;
	}
	for (size_t i = 0; i < node->n_operands; i++)
		any = reads(binder, node->operands[i], ret_read) || any;
	return any;
}

static bool is_step_count(enum ck_counter meaning)
{
	return meaning == CK_COUNTER_STEPS || meaning == CK_COUNTER_POWER_1 || meaning == CK_COUNTER_POWER_2;
}

/* slot: one of those that are carried, in the source; NULL: a template says what optimizers there are. */
static void tell_steps(struct ck_binder *binder, size_t rule, struct ck_str counter, const struct ck_variable *slot)
{
	struct ck_diag *diag = ck_bind_warn(binder, CK_STEPS_LOST, rule, ck_plan_rule_span(binder->plan, rule, SIZE_MAX),
					    "slots are carried, and \"%.*s\", which counts the steps that made them, is not",
					    CK_STR_ARG(ck_name_text(binder->diags->arena, counter)));

	if (!diag)
		return;
	ck_diag_note(binder->diags, diag, "Adam and its like divide m and v by 1 - beta^steps: with a count of 0 the first steps are up to ten times too large");
	/* Names alone do not tell what else belongs to the optimizer. */
	if (slot && binder->inputs[CK_INPUT_SOURCE].manifest->object_based && slot->optimizer.n)
		ck_diag_help(binder->diags, diag, "if all of the optimizer is to go: drop \"**@%.*s/*\" because \"...\"",
			     CK_STR_ARG(ck_name_text(binder->diags->arena, slot->optimizer)));
}

/* The template's step counts, of optimizers whose slots come from the source, that do not. */
static void warn_template_steps(struct ck_binder *binder)
{
	const struct ck_subjects *template = &binder->inputs[CK_INPUT_TEMPLATE];
	const struct ck_made *slot = NULL;

	for (size_t i = 0; i < binder->n_makes && !slot; i++)
		if (is_corrected(&binder->makes[i]) && binder->makes[i].in_template != SIZE_MAX)
			slot = &binder->makes[i];
	for (size_t i = 0; slot && i < binder->n_makes; i++) {
		const struct ck_made *made = &binder->makes[i];
		bool objects = template->manifest->object_based;
		enum ck_counter meaning;

		if (made->in_template == SIZE_MAX || made->slot.n || made->rule == SIZE_MAX)
			continue;
		meaning = ck_counter_of(template, made->in_template);
		if (!is_step_count(meaning) || (!objects && meaning == CK_COUNTER_STEPS) ||
		    (objects && !ck_str_equal(parent_of(made->name), ck_str_format(binder->arena, "%.*s/", CK_STR_ARG(template->items[slot->in_template].optimizer)))))
			continue;
		binder->epoch++;
		if (reads(binder, made->node, NULL))
			continue;
		tell_steps(binder, made->rule, made->label, NULL);
		return;
	}
}

/* The step count of a carried slot's optimizer, where nothing reads it while the slots live on. */
static void warn_lost_steps(struct ck_binder *binder, const struct ck_made *slot, const bool *read)
{
	const struct ck_subjects *source = &binder->inputs[CK_INPUT_SOURCE];
	const struct ck_variable *variable = &source->manifest->variables[slot->origin];
	struct ck_str folder = ck_str_format(binder->arena, "%.*s/", CK_STR_ARG(variable->optimizer));
	bool objects = source->manifest->object_based, carried = false, same = convention_of(binder, slot) == variable->convention;
	size_t lost = SIZE_MAX;

	for (size_t i = 0; i < source->n; i++) {
		enum ck_counter meaning = ck_counter_of(source, i);

		/* TF1's Adam goes by its powers; a new one can only go by the number. */
		if (!is_step_count(meaning) || (same && !objects && meaning == CK_COUNTER_STEPS) ||
		    (objects && !ck_str_equal(parent_of(source->items[i].name), folder)))
			continue;
		if (read[i])
			carried = true;
		else if (source->claims[i])
			lost = i;
	}
	if (lost != SIZE_MAX && (!carried || same))
		tell_steps(binder, source->claims[lost]->rule, source->items[lost].name, variable);
}

/* Without a template: step counts of the source. By names alone, optimizers are not told apart. */
static void warn_dropped_steps(struct ck_binder *binder)
{
	const struct ck_subjects *source = &binder->inputs[CK_INPUT_SOURCE];
	bool *read = ck_arena_array(binder->arena, source->n + 1, sizeof(*read));
	struct ck_map seen;
	size_t there;

	ck_map_init(&seen, binder->arena);
	if (!read)
		return;
	binder->epoch++;
	for (size_t i = 0; i < binder->n_makes; i++)
		(void)reads(binder, binder->makes[i].node, read);
	for (size_t i = 0; i < binder->n_makes; i++) {
		const struct ck_made *slot = &binder->makes[i];
		struct ck_str optimizer;

		if (!is_carried(binder, slot) || !is_corrected(slot))
			continue;
		optimizer = source->manifest->object_based ? source->manifest->variables[slot->origin].optimizer : CK_STR("");
		if (ck_map_get(&seen, optimizer, &there) || !ck_map_put(&seen, optimizer, i))
			continue;
		warn_lost_steps(binder, slot, read);
	}
}

/* ---- momentum */

/* TF1's sum of gradients, and Keras's sum of steps: one is the other times minus the learning rate. RMSProp's is the same in both. */
static bool changes_meaning(const struct ck_binder *binder, const struct ck_made *made)
{
	const struct ck_subjects *source = &binder->inputs[CK_INPUT_SOURCE];
	enum ck_convention from;

	if (!made->follows || !ck_str_equal(made->slot, CK_STR("momentum")) || made->origin == SIZE_MAX)
		return false;
	from = source->manifest->variables[made->origin].convention;
	return (from == CK_TF1) != (convention_of(binder, made) == CK_TF1) &&
	       ck_subjects_slot(source, source->items[made->origin].owner, CK_STR("rms"), source->items[made->origin].optimizer) == SIZE_MAX;
}

static bool warn_momentum(struct ck_binder *binder)
{
	struct ck_str *labels = ck_arena_array(binder->scratch, binder->n_makes + 1, sizeof(*labels));
	const struct ck_made *first = NULL;
	struct ck_str old;
	struct ck_diag *diag;
	size_t n = 0;
	bool to_tf1;

	if (!labels)
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < binder->n_makes; i++) {
		if (!changes_meaning(binder, &binder->makes[i]))
			continue;
		first = first ? first : &binder->makes[i];
		labels[n++] = binder->makes[i].label;
	}
	if (!n)
		return true;
	to_tf1 = convention_of(binder, first) == CK_TF1;
	diag = ck_bind_warn(binder, CK_SLOT_MEANING, first->rule, ck_plan_goal_span(binder->plan, first->rule, first->goal),
			    "momentum of a %s optimizer is not what %s calls so", to_tf1 ? "Keras" : "tf1", to_tf1 ? "tf1" : "Keras");
	if (!diag)
		return true;
	ck_explain_list(binder, diag, labels, n);
	ck_diag_note(binder->diags, diag, "TF1's MomentumOptimizer sums gradients; Keras's SGD sums steps, which are gradients times -learning_rate");
	old = ck_bind_label_text(binder, CK_INPUT_SOURCE, first->origin);
	ck_diag_help(binder->diags, diag, "where the learning rate was 0.01, say: map \"%.*s\" | scale(%s) -> \"%.*s\"", CK_STR_ARG(old),
		     to_tf1 ? "-100.0" : "-0.01", CK_STR_ARG(target_text(binder, first)));
	return true;
}

/* ---- save_counter */

static void warn_save_counter(struct ck_binder *binder)
{
	struct ck_subjects *source = &binder->inputs[CK_INPUT_SOURCE];
	struct ck_str name = CK_STR("save_counter");
	const struct ck_claim *claim;
	struct ck_diag *diag;
	size_t variable, made;

	if (!binder->objects || binder->inputs[CK_INPUT_TEMPLATE].given || !source->manifest->object_based ||
	    !ck_subjects_find(binder, source, CK_BY_NAME, name, &variable) || ck_map_get(&binder->made_labels, name, &made))
		return;
	claim = source->claims[variable];
	if (!claim)
		return;
	diag = ck_bind_warn(binder, CK_NO_SAVE_COUNTER, claim->rule, ck_unit_span(binder, &binder->units[claim->rule], claim->insn),
		    "the target has no save_counter, and the source had one");
	if (!diag)
		return;
	ck_diag_note(binder->diags, diag, "tf.train.Checkpoint makes one before it restores: restore(...).assert_consumed() fails without it, and a "
					  "CheckpointManager counts anew; read(...) does not ask for it");
	ck_diag_help(binder->diags, diag, "keep it under its name: keep \"save_counter\"");
}

void ck_bind_warn_optimizers(struct ck_binder *binder)
{
	if (!warn_optimizers(binder) || !warn_orphans(binder) || !warn_generation(binder))
		return;
	if (binder->inputs[CK_INPUT_TEMPLATE].given)
		warn_template_steps(binder);
	else
		warn_dropped_steps(binder);
	ck_bind_warn_unclear(binder);
	if (warn_momentum(binder))
		warn_save_counter(binder);
}
