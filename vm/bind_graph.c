/* Keys by an object graph: the source's, edited, or one made from names. */
#include "vm/bind_keys.h"

struct making {
	struct ck_keys *keys;
	struct ck_binder *binder;
	const struct ck_manifest *source;
	struct ck_graph_value *values;
	size_t n_values;
	size_t *value_of;		/* [n_makes] number in values; SIZE_MAX: none */
	bool *stays;			/* [source->n_variables] slots by position that keep their place */
	bool any_positional;
	bool converts;			/* to those of another generation of Keras */
};

/* ---- slots */

/* The target that a slot belongs to; SIZE_MAX if there is none. */
static size_t find_owner(const struct ck_binder *binder, const struct ck_made *made)
{
	size_t owner;

	if (made->owner != SIZE_MAX)
		return made->owner;
	if (!ck_map_get(&binder->made_labels, made->name, &owner) || binder->makes[owner].slot.n)
		return SIZE_MAX;
	return owner;
}

static bool no_owner(struct making *making, const struct ck_made *made)
{
	struct ck_arena *arena = making->binder->diags->arena;
	struct ck_str label = ck_name_text(arena, made->label);
	struct ck_diag *diag = ck_keys_error(making->binder, made, CK_SLOT_MISSING_RULE, "the slot \"%.*s\" has no variable \"%.*s\" in the result",
					     CK_STR_ARG(label), CK_STR_ARG(ck_name_text(arena, made->name)));

	if (diag)
		ck_diag_help(making->binder->diags, diag, "make the variable too, give the slot's values a name of their own, or drop \"%.*s\"",
			     CK_STR_ARG(label));
	return false;
}

/* The path of the optimizer that a slot is written under. What TF1 calls an optimizer is no path. */
static struct ck_str optimizer_of(const struct making *making, const struct ck_made *made)
{
	const struct ck_subjects *source = &making->binder->inputs[CK_INPUT_SOURCE];
	const struct ck_variable *origin = ck_made_slot_origin(making->binder, made), *first = making->keys->first_slot;
	bool is_written = made->optimizer.n && !made->follows && !made->is_same;
	size_t owner = find_owner(making->binder, made), slot;

	if (!making->source->object_based) {
		bool is_its_own = origin && ck_str_equal(origin->optimizer, made->optimizer);

		return is_written && !is_its_own ? made->optimizer : CK_STR("optimizer");
	}
	if (made->optimizer.n && (is_written || origin))
		return made->optimizer;
	if (origin && origin->convention == CK_TF2)
		return origin->optimizer;
	slot = owner == SIZE_MAX || making->binder->makes[owner].origin == SIZE_MAX ? SIZE_MAX
										       : source->first_slot[making->binder->makes[owner].origin];
	if (slot != SIZE_MAX && making->source->variables[slot].convention == CK_TF2)
		return making->source->variables[slot].optimizer;
	return first && first->convention == CK_TF2 ? first->optimizer : CK_STR("optimizer");
}

static bool set_tf2(struct making *making, const struct ck_made *made, struct ck_graph_value *value)
{
	size_t owner = find_owner(making->binder, made);

	if (owner == SIZE_MAX || making->value_of[owner] == SIZE_MAX)
		return no_owner(making, made);
	value->is_slot = true;
	value->owner = making->value_of[owner];
	value->slot = made->slot;
	value->optimizer = optimizer_of(making, made);
	return true;
}

static struct ck_diag *by_position(struct making *making, struct ck_diag *diag, const struct ck_variable *slot)
{
	struct ck_diags *diags = making->binder->diags;

	if (!diag)
		return NULL;
	if (slot)
		ck_diag_note(diags, diag, "the %s slot is \"%.*s\"", ck_convention_name(slot->convention),
			     CK_STR_ARG(ck_name_text(diags->arena, slot->key)));
	ck_diag_help(diags, diag, "give a fresh save of the new model with --onto, which tells the new order, or write `slots drop because \"...\"`");
	return diag;
}

/* The optimizer's lists become those of another generation of Keras. */
static bool set_lists(struct making *making, const struct ck_made *made, enum ck_convention convention, size_t owner, struct ck_graph_value *value)
{
	struct ck_binder *binder = making->binder;
	struct ck_str full_name = making->source->variables[binder->makes[owner].origin].full_name;
	struct ck_diag *diag;

	value->lists = convention == CK_KERAS2 ? CK_LISTS_KERAS2 : CK_LISTS_KERAS3;
	value->owner = making->value_of[owner];
	value->full_name = ck_keras_full_name(convention, made->slot, full_name, binder->arena);
	making->converts = true;
	if (value->full_name.p)
		return true;
	if (ck_arena_failed(binder->arena))
		return ck_bind_nomem(binder);
	diag = ck_keys_error(binder, made, CK_SLOT_MISSING_RULE, "%s has no slot \"%.*s\"", ck_convention_name(convention),
			     CK_STR_ARG(ck_name_text(binder->diags->arena, made->slot)));
	if (diag)
		ck_diag_help(binder->diags, diag, "drop \"**@%.*s\" because \"...\"", CK_STR_ARG(ck_name_text(binder->diags->arena, made->slot)));
	return false;
}

/* Slots by position keep theirs: that of their variable, which is the same one. */
static bool set_positional(struct making *making, const struct ck_made *made, enum ck_convention convention, struct ck_graph_value *value)
{
	struct ck_binder *binder = making->binder;
	const struct ck_variable *origin = ck_made_slot_origin(binder, made);
	size_t owner = find_owner(binder, made);

	making->any_positional = true;
	/* Nothing but the statement tells whose slot it is, and so where it has its place. */
	if (made->origin != SIZE_MAX && making->source->variables[made->origin].unclear_owner && owner != SIZE_MAX) {
		value->is_positional = true;
		return true;
	}
	if (origin && (origin->convention == CK_KERAS2 || origin->convention == CK_KERAS3) && ck_str_equal(origin->slot, made->slot) &&
	    owner != SIZE_MAX && binder->makes[owner].origin == origin->owner && !making->stays[made->origin]) {
		making->stays[made->origin] = true;
		value->is_positional = true;
		return origin->convention == convention || set_lists(making, made, convention, owner, value);
	}
	by_position(making,
		    ck_keys_error(binder, made, CK_SLOT_MISSING_RULE,
				  "there is no place for \"%.*s\": the optimizer stores its slots by position",
				  CK_STR_ARG(ck_name_text(binder->diags->arena, made->label))),
		    origin);
	return false;
}

static bool set_slot(struct making *making, const struct ck_made *made, struct ck_graph_value *value)
{
	enum ck_convention convention = ck_made_convention(making->keys, made);
	const struct ck_variable *origin = ck_made_slot_origin(making->binder, made);

	/* What was no slot may be an element of a list all the same. */
	value->leaves_list = value->source_node >= 0 && convention != CK_KERAS2 && convention != CK_KERAS3 && (!origin || origin->convention != CK_TF2);
	switch (convention) {
	case CK_TF2:
		return set_tf2(making, made, value);
	case CK_KERAS2:
	case CK_KERAS3:
		return set_positional(making, made, convention, value);
	case CK_CONVENTION_NONE:
	case CK_TF1:
		break;
	}
	return ck_made_tf1_name(making->keys, made, &value->path);
}

/*
 * Values of an optimizer's list that are no slots, such as factored ones, stay where they are; but not where slots before them go, or
 * the list is made over for another generation.
 */
static void check_factored(struct making *making, size_t slot)
{
	struct ck_binder *binder = making->binder;
	const struct ck_subjects *source = &binder->inputs[CK_INPUT_SOURCE];
	struct ck_str list = ck_str_format(binder->arena, "%.*s/_variables/", CK_STR_ARG(source->items[slot].optimizer));

	for (size_t i = 0; list.p && i < binder->n_makes; i++) {
		const struct ck_made *made = &binder->makes[i];

		if (made->slot.n || made->origin == SIZE_MAX || !ck_str_starts(source->items[made->origin].name, list))
			continue;
		by_position(making,
			    ck_keys_error(binder, made, CK_SLOT_MISSING_RULE, "\"%.*s\" would lose its place: \"%.*s\", before or behind it, %s",
					  CK_STR_ARG(ck_bind_label_text(binder, CK_INPUT_SOURCE, made->origin)),
					  CK_STR_ARG(ck_bind_label_text(binder, CK_INPUT_SOURCE, slot)), making->stays[slot] ? "is stored otherwise" : "goes"),
			    &making->source->variables[slot]);
		return;
	}
}

/* A kind of slot of an optimizer, as a key. */
static struct ck_str kind_key(struct ck_binder *binder, size_t slot)
{
	const struct ck_subject *subject = &binder->inputs[CK_INPUT_SOURCE].items[slot];

	return ck_str_format(binder->arena, "%.*s@%.*s", CK_STR_ARG(subject->optimizer), CK_STR_ARG(subject->slot));
}

/*
 * A slot that goes from a list while its variable and others of its kind stay would move those behind it. A whole kind may go, as
 * that of an optimizer without it.
 */
static bool check_positions(struct making *making)
{
	struct ck_binder *binder = making->binder;
	const struct ck_subjects *source = &binder->inputs[CK_INPUT_SOURCE];
	bool *kept = ck_arena_array(binder->arena, source->n + 1, sizeof(*kept));
	struct ck_map optimizers, kinds;
	size_t any;

	ck_map_init(&optimizers, binder->arena);
	if (!kept)
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < binder->n_makes; i++)
		if (!binder->makes[i].slot.n && binder->makes[i].origin != SIZE_MAX)
			kept[binder->makes[i].origin] = true;
	ck_map_init(&kinds, binder->arena);
	for (size_t i = 0; i < source->n; i++) {
		struct ck_str kind = making->stays[i] ? kind_key(binder, i) : (struct ck_str){ 0 };

		if (making->stays[i] && (!kind.p || !ck_map_put(&kinds, kind, i) || !ck_map_put(&optimizers, source->items[i].optimizer, i)))
			return ck_bind_nomem(binder);
	}
	for (size_t i = 0; i < source->n; i++) {
		enum ck_convention convention = making->source->variables[i].convention;

		if ((convention == CK_KERAS2 || convention == CK_KERAS3) && (!making->stays[i] || making->converts) &&
		    ck_map_get(&optimizers, source->items[i].optimizer, &any)) {
			check_factored(making, i);
			break;
		}
	}
	for (size_t i = 0; i < source->n; i++) {
		const struct ck_variable *slot = &making->source->variables[i];
		const struct ck_claim *claim = source->claims[i];
		struct ck_span span = claim ? ck_plan_rule_span(binder->plan, claim->rule, SIZE_MAX) : (struct ck_span){ 0 };

		if ((slot->convention != CK_KERAS2 && slot->convention != CK_KERAS3) || making->stays[i] || !kept[slot->owner] ||
		    !ck_map_get(&kinds, kind_key(binder, i), &any) || (claim && !ck_bind_once(&binder->units[claim->rule], SIZE_MAX)))
			continue;
		by_position(making,
			    ck_error(binder->diags, CK_SLOT_MISSING_RULE, span,
				     "\"%.*s\" goes and \"%.*s\" stays, and the optimizer stores its slots by position",
				     CK_STR_ARG(ck_bind_label_text(binder, CK_INPUT_SOURCE, i)),
				     CK_STR_ARG(ck_bind_label_text(binder, CK_INPUT_SOURCE, any))),
			    slot);
	}
	return true;
}

/* ---- values */

/* What no node of the source's graph holds stays outside of it, under its own key, as long as it keeps its name. */
static bool is_loose(const struct making *making, const struct ck_made *made)
{
	const struct ck_variable *origin = made->origin == SIZE_MAX ? NULL : &making->source->variables[made->origin];

	return origin && making->source->graph && origin->node < 0 && !made->slot.n && ck_str_equal(made->name, origin->name);
}

static bool foreign_attribute(struct making *making, const struct ck_made *made)
{
	struct ck_diag *diag = ck_keys_error(making->binder, made, CK_PARTED_NODE,
					     "\"%.*s\" is state of an object of another checkpoint, and cannot leave it",
					     CK_STR_ARG(ck_name_text(making->binder->diags->arena, made->label)));

	if (diag)
		ck_diag_help(making->binder->diags, diag, "drop it");
	return false;
}

/* False after a message. */
static bool add_value(struct making *making, size_t number)
{
	struct ck_made *made = &making->binder->makes[number];
	const struct ck_variable *origin = made->origin == SIZE_MAX ? NULL : &making->source->variables[made->origin];
	struct ck_graph_value *value = &making->values[making->n_values];

	if (is_loose(making, made)) {
		made->key = origin->key;
		return true;
	}
	*value = (struct ck_graph_value){ .path = made->name, .source_node = -1, .source_attribute = -1,
					  .span = ck_made_span(making->binder, made) };
	if (making->source->graph && origin && origin->node >= 0 && (origin->kind == CK_ATTRIBUTE) == made->is_attribute) {
		value->source_node = origin->node;
		value->source_attribute = origin->attribute;
	}
	if (made->is_attribute && value->source_node < 0)
		return foreign_attribute(making, made);
	if (made->slot.n && !set_slot(making, made, value))
		return false;
	making->value_of[number] = making->n_values++;
	return true;
}

/* Variables, then slots, which need theirs. False only when memory is short. */
static bool add_values(struct making *making)
{
	struct ck_binder *binder = making->binder;

	for (size_t i = 0; i < binder->n_makes; i++)
		making->value_of[i] = SIZE_MAX;
	for (int slots = 0; slots < 2; slots++)
		for (size_t i = 0; i < binder->n_makes; i++)
			if ((binder->makes[i].slot.n > 0) == (slots == 1) && !add_value(making, i) && binder->nomem)
				return false;
	return making->any_positional && !ck_bind_failed(binder) ? check_positions(making) : true;
}

/* All values of a table, iterator or the like stay, or all go. */
static bool check_state(struct making *making)
{
	struct ck_binder *binder = making->binder;
	const struct ck_subjects *source = &binder->inputs[CK_INPUT_SOURCE];
	size_t n_nodes = making->source->graph ? making->source->graph->message->n_nodes : 0;
	size_t *stays = ck_arena_array(binder->arena, n_nodes + 1, sizeof(*stays));	/* [n_nodes] 1 + a value that does */
	bool *kept = ck_arena_array(binder->arena, source->n + 1, sizeof(*kept));

	if (!stays || !kept)
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < binder->n_makes; i++) {
		const struct ck_made *made = &binder->makes[i];

		if (!made->is_attribute || made->origin == SIZE_MAX || source->items[made->origin].node < 0)
			continue;
		kept[made->origin] = true;
		stays[source->items[made->origin].node] = made->origin + 1;
	}
	for (size_t i = 0; i < source->n; i++) {
		const struct ck_subject *subject = &source->items[i];
		const struct ck_claim *claim = source->claims[i];
		struct ck_diag *diag;

		if (subject->kind != CK_ATTRIBUTE || subject->node < 0 || kept[i] || !stays[subject->node] || !claim ||
		    !ck_bind_once(&binder->units[claim->rule], SIZE_MAX))
			continue;
		diag = ck_error(binder->diags, CK_PARTED_NODE, ck_plan_rule_span(binder->plan, claim->rule, SIZE_MAX),
				"\"%.*s\" goes and \"%.*s\" stays, and they are the state of one object",
				CK_STR_ARG(ck_bind_label_text(binder, CK_INPUT_SOURCE, i)),
				CK_STR_ARG(ck_bind_label_text(binder, CK_INPUT_SOURCE, stays[subject->node] - 1)));
		ck_diag_help(binder->diags, diag, "drop both, or keep both");
	}
	return true;
}

static struct ck_graph_alias *make_aliases(const struct ck_binder *binder)
{
	struct ck_graph_alias *aliases = ck_arena_array(binder->arena, binder->code->n_aliases + 1, sizeof(*aliases));

	for (size_t i = 0; aliases && i < binder->code->n_aliases; i++)
		aliases[i] = (struct ck_graph_alias){ ck_str_of(binder->code->aliases[i]->path), ck_str_of(binder->code->aliases[i]->target),
						      ck_plan_alias_span(binder->plan, i) };
	return aliases;
}

static bool edit(struct making *making)
{
	struct ck_binder *binder = making->binder;
	struct ck_graph_alias *aliases = make_aliases(binder);
	struct ck_buf bytes = { 0 };
	struct ck_str graph_bytes;
	struct ck_graph *graph;

	if (!aliases)
		return ck_bind_nomem(binder);
	if (ck_graph_edit(making->source->graph, making->values, making->n_values, aliases, binder->code->n_aliases, binder->arena, binder->diags,
			  &graph) != CK_OK)
		return false;
	for (size_t i = 0; i < binder->n_makes; i++)
		if (making->value_of[i] != SIZE_MAX)
			binder->makes[i].key = making->values[making->value_of[i]].key;
	ck_graph_encode(graph, &bytes);
	graph_bytes = bytes.failed ? (struct ck_str){ 0 } : ck_str_copy(binder->arena, ck_buf_view(&bytes));
	ck_buf_clear(&bytes);
	binder->bound->graph = ck_bind_bytes(graph_bytes);
	return graph_bytes.p ? true : ck_bind_nomem(binder);
}

/* ---- an index without its data files: names are keys, and the graph is not known */

static bool key_by_name(struct making *making, struct ck_made *made)
{
	struct ck_str path = made->name;

	if (made->slot.n && ck_made_convention(making->keys, made) == CK_TF2) {
		struct ck_str optimizer = optimizer_of(making, made);

		path = ck_str_format(making->binder->arena, "%.*s/.OPTIMIZER_SLOT/%.*s/%.*s", CK_STR_ARG(path), CK_STR_ARG(optimizer),
				     CK_STR_ARG(made->slot));
	} else if (made->slot.n && !ck_made_tf1_name(making->keys, made, &path)) {
		return false;
	}
	made->key = made->is_attribute ? made->name : ck_str_format(making->binder->arena, "%.*s%s", CK_STR_ARG(path), CK_ATTRIBUTE_SUFFIX);
	return made->key.p ? true : ck_bind_nomem(making->binder);
}

static bool keys_by_name(struct making *making)
{
	struct ck_binder *binder = making->binder;

	for (size_t i = 0; i < binder->n_makes; i++)
		if (!key_by_name(making, &binder->makes[i]) && binder->nomem)
			return false;
	ck_bind_notice(binder, "only the index of the source is here: keys are by names, and the plan cannot be run before it is bound again");
	return true;
}

bool ck_keys_of_graph(struct ck_keys *keys)
{
	struct ck_binder *binder = keys->binder;
	struct making making = { .keys = keys, .binder = binder, .source = keys->source };

	if (keys->source->object_based && !keys->source->graph)
		return keys_by_name(&making);
	making.values = ck_arena_array(binder->arena, binder->n_makes + 1, sizeof(*making.values));
	making.value_of = ck_arena_array(binder->arena, binder->n_makes + 1, sizeof(*making.value_of));
	making.stays = ck_arena_array(binder->arena, keys->source->n_variables + 1, sizeof(*making.stays));
	if (!making.values || !making.value_of || !making.stays)
		return ck_bind_nomem(binder);
	return add_values(&making) && check_state(&making) && !ck_bind_failed(binder) && edit(&making);
}
