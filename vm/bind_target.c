/* STORE: each value gets its name, and each name one producer. */
#include "vm/bind_internal.h"

/* ---- making targets */

static bool label_of(struct ck_binder *binder, struct ck_made *made, bool two_optimizers)
{
	if (!made->slot.n)
		made->label = made->name;
	else if (two_optimizers && made->optimizer.n)
		made->label = ck_str_format(binder->arena, "%.*s@%.*s/%.*s", CK_STR_ARG(made->name), CK_STR_ARG(made->optimizer), CK_STR_ARG(made->slot));
	else
		made->label = ck_str_format(binder->arena, "%.*s@%.*s", CK_STR_ARG(made->name), CK_STR_ARG(made->slot));
	return made->label.p ? true : ck_bind_nomem(binder);
}

/* A slot that several optimizers of the template have, and nothing tells which is meant. */
static void two_places(struct ck_binder *binder, const struct ck_made *made, size_t first, size_t second)
{
	const struct ck_subject *slots = binder->inputs[CK_INPUT_TEMPLATE].items;
	struct ck_unit *unit = &binder->units[made->rule];
	struct ck_arena *arena = binder->diags->arena;
	struct ck_str name = ck_name_text(arena, made->name), slot = ck_name_text(arena, made->slot);
	struct ck_diag *diag;

	if (!ck_bind_once(unit, unit->n_code - 1))
		return;
	diag = ck_error(binder->diags, CK_AMBIGUOUS_NAME, ck_plan_goal_span(binder->plan, made->rule, made->goal),
			"two optimizers of the template have the slot \"%.*s@%.*s\"", CK_STR_ARG(name), CK_STR_ARG(slot));
	ck_diag_note(binder->diags, diag, "\"%.*s\" and \"%.*s\"", CK_STR_ARG(ck_name_text(arena, slots[first].optimizer)),
		     CK_STR_ARG(ck_name_text(arena, slots[second].optimizer)));
	ck_diag_help(binder->diags, diag, "say which: map \"...@%.*s\" -> \"%.*s@%.*s/%.*s\"", CK_STR_ARG(slot), CK_STR_ARG(name),
		     CK_STR_ARG(ck_name_text(arena, slots[first].optimizer)), CK_STR_ARG(slot));
}

/* Whether a name is that of a child of the node at a path. */
static bool is_child(struct ck_str name, struct ck_str path)
{
	return ck_str_starts(name, path) && ck_str_rfind(name, '/') == path.n && name.n > path.n;
}

/* Where rules move what the source's optimizer keeps beside its slots; nothing if they do not tell. */
static struct ck_str find_moved(const struct ck_binder *binder, struct ck_str optimizer)
{
	const struct ck_subjects *source = &binder->inputs[CK_INPUT_SOURCE];

	for (size_t i = 0; i < binder->n_makes; i++) {
		const struct ck_made *made = &binder->makes[i];
		size_t slash = ck_str_rfind(made->name, '/');

		if (!made->slot.n && made->origin != SIZE_MAX && slash < made->name.n && is_child(source->items[made->origin].name, optimizer))
			return ck_str_slice(made->name, 0, slash);
	}
	return (struct ck_str){ 0 };
}

static struct ck_str moved_optimizer(struct ck_binder *binder, struct ck_str optimizer)
{
	for (size_t i = 0; i < binder->n_moved; i++)
		if (ck_str_equal(binder->moved[i].from, optimizer))
			return binder->moved[i].to;
	/* Of more optimizers than that each is looked for again. */
	if (binder->n_moved == CK_COUNT(binder->moved))
		return find_moved(binder, optimizer);
	binder->moved[binder->n_moved] = (struct ck_moved_optimizer){ optimizer, find_moved(binder, optimizer) };
	return binder->moved[binder->n_moved++].to;
}

/* Of the optimizer that is written, of that of the same path, of that to which rules move the optimizer, else of the only one. */
static size_t slot_in_template(struct ck_binder *binder, const struct ck_made *made, size_t owner)
{
	const struct ck_subjects *template = &binder->inputs[CK_INPUT_TEMPLATE];
	struct ck_str moved = made->follows ? moved_optimizer(binder, made->optimizer) : (struct ck_str){ 0 };
	size_t exact = made->optimizer.n ? ck_subjects_slot(template, owner, made->slot, made->optimizer) : SIZE_MAX;
	size_t first = ck_subjects_slot(template, owner, made->slot, (struct ck_str){ 0 });
	bool is_written = made->optimizer.n && !made->follows && !made->is_same;

	if (moved.n && ck_subjects_slot(template, owner, made->slot, moved) != SIZE_MAX)
		return ck_subjects_slot(template, owner, made->slot, moved);
	if (exact != SIZE_MAX || is_written)
		return exact;
	for (size_t i = first == SIZE_MAX ? SIZE_MAX : template->next_slot[first]; i != SIZE_MAX; i = template->next_slot[i])
		if (ck_str_equal(template->items[i].slot, made->slot)) {
			two_places(binder, made, first, i);
			break;
		}
	return first;
}

/* The template's variable of this name; SIZE_MAX if none. */
static size_t place_in_template(struct ck_binder *binder, const struct ck_made *made)
{
	struct ck_subjects *template = &binder->inputs[CK_INPUT_TEMPLATE];
	size_t at;

	if (!template->given || !ck_subjects_find(binder, template, CK_BY_NAME, made->name, &at))
		return SIZE_MAX;
	return made->slot.n ? slot_in_template(binder, made, at) : at;
}

static struct ck_str source_of(struct ck_binder *binder, const struct ck_made *made)
{
	const struct ck_origin *origin = made->row && made->row->n_origins ? made->row->origins[0] : NULL;

	return origin ? ck_bind_label_text(binder, origin->input, origin->variable) : CK_STR("");
}

/* "from" its source, or of what has none (a fill) "as" its name. */
static struct ck_str made_from(struct ck_binder *binder, const struct ck_made *made)
{
	bool from = made->row && made->row->n_origins;
	struct ck_str name = from ? source_of(binder, made) : ck_name_text(binder->diags->arena, made->label);

	return ck_str_format(binder->diags->arena, "%s \"%.*s\"", from ? "from" : "as", CK_STR_ARG(name));
}

static bool is_unmade(struct ck_binder *binder, const struct ck_made *made)
{
	return binder->units[made->rule].code[0]->op == CK_OP_UNMADE;
}

static void two_producers(struct ck_binder *binder, const struct ck_made *first, const struct ck_made *second)
{
	struct ck_str label = ck_name_text(binder->diags->arena, second->label);
	struct ck_unit *unit = &binder->units[second->rule];
	struct ck_diag *diag;

	/* After another message about a statement its names are perhaps not what was meant. */
	if (unit->failed || binder->units[first->rule].failed || !ck_bind_once(unit, unit->n_code - 1))
		return;
	if (first->rule == second->rule && first->goal == second->goal) {
		diag = ck_error(binder->diags, CK_TWO_PRODUCERS, ck_plan_goal_span(binder->plan, second->rule, second->goal),
				"several values get the name \"%.*s\"", CK_STR_ARG(label));
		ck_diag_note(binder->diags, diag, "from \"%.*s\" and \"%.*s\"", CK_STR_ARG(source_of(binder, first)), CK_STR_ARG(source_of(binder, second)));
		ck_diag_help(binder->diags, diag,
			     "use the capture that tells them apart in the target, or join them with an operator and over=, such as stack(axis=0, over=i)");
		return;
	}
	diag = ck_error(binder->diags, CK_TWO_PRODUCERS, ck_plan_goal_span(binder->plan, second->rule, second->goal), "\"%.*s\" is produced twice",
			CK_STR_ARG(label));
	ck_diag_mark(binder->diags, diag, "here %.*s", CK_STR_ARG(made_from(binder, second)));
	ck_diag_label(binder->diags, diag, ck_plan_goal_span(binder->plan, first->rule, first->goal), "and here %.*s",
		      CK_STR_ARG(made_from(binder, first)));
	if (second->follows || first->follows)
		ck_diag_help(binder->diags, diag, "slots follow their variable; to make this one otherwise, drop \"x@%.*s\" of the source",
			     CK_STR_ARG(second->slot));
	else if (is_unmade(binder, first) && is_unmade(binder, second))
		ck_diag_help(binder->diags, diag, "narrow one of the patterns; `new rest` makes what no other statement makes");
	else
		ck_diag_help(binder->diags, diag, "every target is produced exactly once: give one of them another name, or join the sources");
}

bool ck_bind_make(struct ck_binder *binder, const struct ck_made *made)
{
	struct ck_made *here;
	size_t before;
	bool two = false;

	if (!ck_arena_grow(binder->scratch, (void **)&binder->makes, binder->n_makes, &binder->makes_capacity, sizeof(*binder->makes)))
		return ck_bind_nomem(binder);
	here = &binder->makes[binder->n_makes];
	*here = *made;
	here->in_template = place_in_template(binder, here);
	if (here->origin != SIZE_MAX && here->slot.n)
		two = binder->inputs[CK_INPUT_SOURCE].manifest->variables[here->origin].two_optimizers;
	/* With a template a slot is called as it is there. */
	if (here->slot.n && here->in_template != SIZE_MAX) {
		here->optimizer = binder->inputs[CK_INPUT_TEMPLATE].items[here->in_template].optimizer;
		two = binder->inputs[CK_INPUT_TEMPLATE].manifest->variables[here->in_template].two_optimizers;
	}
	if (!label_of(binder, here, two))
		return false;
	if (ck_map_get(&binder->made_labels, here->label, &before)) {
		const struct ck_made *first = &binder->makes[before];
		bool later = ck_plan_goal_span(binder->plan, first->rule, first->goal).begin <=
			     ck_plan_goal_span(binder->plan, here->rule, here->goal).begin;

		two_producers(binder, later ? first : here, later ? here : first);
		return true;
	}
	if (!ck_map_put(&binder->made_labels, here->label, binder->n_makes))
		return ck_bind_nomem(binder);
	binder->n_makes++;
	return true;
}

/* ---- names */

static bool bad_name(struct ck_binder *binder, struct ck_unit *unit, size_t goal, struct ck_str name, const char *what)
{
	struct ck_diag *diag;

	if (!ck_bind_once(unit, unit->n_code - 1))
		return false;
	diag = ck_error(binder->diags, CK_BAD_TARGET_NAME, ck_plan_goal_span(binder->plan, unit->number, goal),
			"the target name \"%.*s\" cannot be written: %s", CK_STR_ARG(ck_name_text(binder->diags->arena, ck_str_slice(name, 0, 200))), what);
	ck_diag_help(binder->diags, diag, "correct the template, or narrow the pattern that captures it");
	return false;
}

static bool check_name(struct ck_binder *binder, struct ck_unit *unit, size_t goal, struct ck_str name)
{
	if (!name.n)
		return bad_name(binder, unit, goal, name, "it is empty");
	if (name.n > CK_MAX_NAME)
		return bad_name(binder, unit, goal, name, "it is too long");
	if (name.p[0] == '\0')
		return bad_name(binder, unit, goal, name, "a key that begins with NUL is a slice of a partitioned variable");
	if (ck_str_equal(name, CK_STR(CK_GRAPH_KEY)))
		return bad_name(binder, unit, goal, name, "it is the object graph's");
	return true;
}

static void not_in_template(struct ck_binder *binder, struct ck_span span, uint32_t by, struct ck_str name)
{
	struct ck_subjects *template = &binder->inputs[CK_INPUT_TEMPLATE];
	struct ck_diag *diag = ck_error(binder->diags, CK_NOT_IN_TEMPLATE, span, "the template has no variable with the %s \"%.*s\"",
					by == CK_BY_FULL ? "full name" : "path", CK_STR_ARG(ck_name_text(binder->diags->arena, name)));
	struct ck_suggest suggest;

	if (by == CK_BY_FULL) {
		ck_explain_full_names(binder, diag, template, name);
		return;
	}
	ck_suggest_init(&suggest, name);
	for (size_t i = 0; i < template->n; i++)
		for (size_t j = 0; template->items[i].kind == CK_VARIABLE && ck_subjects_paths(binder, template, i) && j < template->n_paths[i]; j++)
			ck_suggest_offer(&suggest, template->paths[i][j]);
	if (suggest.n_best)
		ck_diag_help(binder->diags, diag, "did you mean path:\"%.*s\"?", CK_STR_ARG(ck_name_text(binder->diags->arena, suggest.best[0])));
	else
		ck_diag_help(binder->diags, diag, "`ckmig ls --graph` shows the paths of a checkpoint");
}

static void two_of_one_name(struct ck_binder *binder, struct ck_span span, struct ck_str name, size_t at)
{
	const struct ck_subjects *template = &binder->inputs[CK_INPUT_TEMPLATE];
	struct ck_diag *diag = ck_error(binder->diags, CK_AMBIGUOUS_NAME, span, "several variables of the template have the full name \"%.*s\"",
					CK_STR_ARG(ck_name_text(binder->diags->arena, name)));

	for (size_t n = 0; at != SIZE_MAX && n < 10; at = template->next_full[at], n++)
		ck_diag_note(binder->diags, diag, "\"%.*s\"", CK_STR_ARG(ck_bind_label_text(binder, CK_INPUT_TEMPLATE, at)));
	ck_diag_help(binder->diags, diag, "write the name of the one that is meant");
}

/* path: and full: name a variable of the template. */
static bool resolve_by(struct ck_binder *binder, struct ck_unit *unit, size_t goal, uint32_t by, struct ck_str *name)
{
	struct ck_subjects *template = &binder->inputs[CK_INPUT_TEMPLATE];
	struct ck_span span = ck_plan_goal_span(binder->plan, unit->number, goal);
	size_t at;

	if (by == CK_BY_NAME)
		return true;
	if (!ck_subjects_find(binder, template, by, *name, &at)) {
		if (!binder->nomem && ck_bind_once(unit, unit->n_code - 1))
			not_in_template(binder, span, by, *name);
		return false;
	}
	if (by == CK_BY_FULL && template->next_full[at] != SIZE_MAX) {
		if (ck_bind_once(unit, unit->n_code - 1))
			two_of_one_name(binder, span, *name, at);
		return false;
	}
	*name = template->items[at].name;
	return true;
}

/* "m", or "optimizer/m". */
static void split_slot(struct ck_made *made, struct ck_str slot)
{
	size_t slash = ck_str_rfind(slot, '/');

	made->slot = slash < slot.n ? ck_str_slice(slot, slash + 1, slot.n) : slot;
	made->optimizer = slash < slot.n ? ck_str_slice(slot, 0, slash) : (struct ck_str){ 0 };
}

static bool name_goal(struct ck_binder *binder, struct ck_unit *unit, const Ck__Plan__Goal *goal, size_t number, const struct ck_row *row,
		      struct ck_made *made)
{
	struct ck_env env = ck_bind_env(binder, unit, row->bindings);
	struct ck_str slot = { 0 };
	struct ck_diag *diag;

	made->is_same = goal->same;
	if (goal->same) {
		const struct ck_origin *origin = row->origins[0];
		const struct ck_subject *subject = &binder->inputs[origin->input].items[origin->variable];

		made->name = subject->name;
		made->slot = subject->slot;
		made->optimizer = subject->optimizer;
		return true;
	}
	made->by = goal->name->by;
	if (ck_template_render(goal->name, &env, &made->name, &slot) != CK_OK) {
		if (ck_arena_failed(binder->arena))
			return ck_bind_nomem(binder);
		if (ck_bind_once(unit, unit->n_code - 1)) {
			diag = ck_error(binder->diags, CK_BAD_TEMPLATE, ck_plan_goal_span(binder->plan, unit->number, number), "%.*s", CK_STR_ARG(env.message));
			if (row->n_origins)
				ck_diag_note(binder->diags, diag, "for \"%.*s\"",
					     CK_STR_ARG(ck_bind_label_text(binder, row->origins[0]->input, row->origins[0]->variable)));
			if (env.help.n)
				ck_diag_help(binder->diags, diag, "%.*s", CK_STR_ARG(env.help));
		}
		return false;
	}
	if (goal->name->has_slot)
		split_slot(made, slot);
	return check_name(binder, unit, number, made->name) && resolve_by(binder, unit, number, made->by, &made->name);
}

/* ---- rows */

/* What follows the node in the key of its state: "/.ATTRIBUTES/table-keys"; the whole name where there is none. */
static struct ck_str state_part(struct ck_str name)
{
	static const struct ck_str mark = { "/.ATTRIBUTES/", 13 };

	for (size_t i = name.n; i-- > 0;)
		if (ck_str_starts(ck_str_slice(name, i, name.n), mark))
			return ck_str_slice(name, i, name.n);
	return name;
}

/* Values of tables, iterators and Python state move with their node only; the object graph tells where to. */
static bool check_attribute(struct ck_binder *binder, struct ck_unit *unit, size_t goal, const struct ck_row *row, struct ck_made *made)
{
	struct ck_diag *diag;

	for (size_t i = 0; i < row->n_origins; i++) {
		const struct ck_origin *origin = row->origins[i];
		const struct ck_subject *subject = &binder->inputs[origin->input].items[origin->variable];
		bool is_whole = made->node->op == CK_OP_LOAD && row->n_origins == 1;

		if (subject->kind != CK_ATTRIBUTE)
			continue;
		made->is_attribute = true;
		if (is_whole && (made->is_same || ck_str_equal(state_part(made->name), state_part(subject->name))))
			continue;
		if (!ck_bind_once(unit, unit->n_code - 1))
			return false;
		diag = ck_error(binder->diags, CK_PARTED_NODE, ck_plan_goal_span(binder->plan, unit->number, goal),
				"\"%.*s\" is no variable but state of an object, and %s", CK_STR_ARG(ck_bind_label_text(binder, origin->input, origin->variable)),
				is_whole ? "cannot leave it" : "nothing is computed with it");
		ck_diag_help(binder->diags, diag, "keep it, drop it, or move the whole object, such as \"model/table/**\" -> \"model/words/**\"");
		return false;
	}
	return true;
}

/* Where the result's node, slot convention and suffix come from: the first source, if it is the migrated checkpoint's. */
static size_t main_origin(const struct ck_row *row)
{
	const struct ck_origin *origin = row->n_origins ? row->origins[0] : NULL;

	return origin && origin->input == CK_INPUT_SOURCE ? origin->variable : SIZE_MAX;
}

/* The variable a value mainly comes from: where a tuple has several goals, each from its own part. */
static size_t value_origin(const struct ck_node *node, const struct ck_row *row)
{
	while (node->n_operands)
		node = node->operands[0];
	return node->op == CK_OP_LOAD && node->input == CK_INPUT_SOURCE ? node->variable : main_origin(row);
}

static bool store_value(struct ck_binder *binder, struct ck_unit *unit, size_t insn, size_t goal, struct ck_node *node, struct ck_row *row)
{
	const Ck__Plan__Goal *to = unit->code[insn]->goals[goal];
	struct ck_made made = { .rule = unit->number, .goal = goal, .node = node, .row = row, .owner = SIZE_MAX, .in_template = SIZE_MAX };

	made.origin = value_origin(node, row);
	if (!name_goal(binder, unit, to, goal, row, &made) || !check_attribute(binder, unit, goal, row, &made))
		return !binder->nomem;
	if (to->type && !ck_bind_assert(binder, unit, (struct ck_type_place){ insn, goal }, to->type, node, row))
		return !binder->nomem;
	return ck_bind_make(binder, &made);
}

static void wrong_count(struct ck_binder *binder, struct ck_unit *unit, size_t insn, size_t n_nodes, size_t n_goals)
{
	struct ck_diag *diag;

	if (!ck_bind_once(unit, insn))
		return;
	diag = ck_error(binder->diags, CK_BAD_TUPLE, ck_unit_span(binder, unit, insn), "%zu values for %zu target%s", n_nodes, n_goals,
			n_goals == 1 ? "" : "s");
	if (n_goals == 1)
		ck_diag_help(binder->diags, diag, "join them (concat, stack), take one with pick(n), or let split or unstack name them with as=k");
	else
		ck_diag_help(binder->diags, diag, "one target a value; one value may be copied to several targets");
}

bool ck_bind_store(struct ck_binder *binder, struct ck_unit *unit, size_t insn, struct ck_relation *relation)
{
	size_t n_goals = unit->code[insn]->n_goals;

	for (size_t i = 0; i < relation->n_rows; i++) {
		struct ck_row *row = &relation->rows[i];

		if (row->n_nodes != 1 && row->n_nodes != n_goals) {
			wrong_count(binder, unit, insn, row->n_nodes, n_goals);
			continue;
		}
		for (size_t j = 0; j < n_goals; j++)
			if (!store_value(binder, unit, insn, j, row->nodes[row->n_nodes == 1 ? 0 : j], row))
				return false;
	}
	return true;
}
