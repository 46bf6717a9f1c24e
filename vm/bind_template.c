/* --onto: the template closes the target. What it has must be made, what is made it must have, in its shape and dtype. */
#include "vm/bind_internal.h"

#include <string.h>

/* ---- new "pattern", new rest */

static bool *made_in_template(struct ck_binder *binder)
{
	bool *made = ck_arena_array(binder->arena, binder->inputs[CK_INPUT_TEMPLATE].n + 1, sizeof(*made));

	if (!made)
		ck_bind_nomem(binder);
	for (size_t i = 0; made && i < binder->n_makes; i++)
		if (binder->makes[i].in_template != SIZE_MAX)
			made[binder->makes[i].in_template] = true;
	return made;
}

static bool make_unmade(struct ck_binder *binder, struct ck_unit *unit, const Ck__Plan__Insn *fill, struct ck_row *row)
{
	const struct ck_origin *origin = row->origins[0];
	const struct ck_subject *subject = &binder->inputs[CK_INPUT_TEMPLATE].items[origin->variable];
	struct ck_made made = { .name = subject->name, .slot = subject->slot, .optimizer = subject->optimizer, .rule = unit->number,
				.origin = SIZE_MAX, .owner = SIZE_MAX, .is_attribute = subject->kind == CK_ATTRIBUTE };
	struct ck_value value;

	if (!ck_bind_eval_fill(binder, unit, 1, row->bindings, &value))
		return !binder->nomem;
	if (fill->type && !ck_bind_assert(binder, unit, (struct ck_type_place){ 1, SIZE_MAX }, fill->type, row->nodes[0], row))
		return !binder->nomem;
	made.node = ck_node_fill(binder, &value, subject->type, 1);
	return made.node ? ck_bind_make(binder, &made) : false;
}

static bool bind_unmade(struct ck_binder *binder, struct ck_unit *unit, const bool *made)
{
	struct ck_relation *relation = &unit->matches[0];

	/* UNMADE, FILL, STORE: as the compiler writes it and the verifier proves. */
	if (unit->n_code < 2 || unit->code[1]->op != CK_OP_FILL)
		return true;
	if (!ck_bind_source(binder, unit, 0, relation))
		return false;
	for (size_t i = 0; i < relation->n_rows; i++)
		if (!made[relation->rows[i].origins[0]->variable] && !make_unmade(binder, unit, unit->code[1], &relation->rows[i]))
			return false;
	return true;
}

bool ck_bind_unmade(struct ck_binder *binder, bool rest)
{
	/* Statements of one strength do not hide variables from each other: two that make one are told. */
	const bool *made = made_in_template(binder);

	for (size_t i = 0; made && i < binder->code->n_rules; i++) {
		const Ck__Plan__Insn *insn = binder->units[i].code[0];

		if (insn->op == CK_OP_UNMADE && insn->source->rest == rest && !bind_unmade(binder, &binder->units[i], made))
			return false;
	}
	return made != NULL;
}

/* ---- types that come from elsewhere */

static bool no_type(struct ck_binder *binder, struct ck_made *made)
{
	struct ck_unit *unit = &binder->units[made->rule];
	struct ck_diag *diag;

	made->refused = true;
	if (!ck_bind_once(unit, unit->n_code - 1))
		return true;
	diag = ck_error(binder->diags, CK_DTYPE, ck_unit_span(binder, unit, SIZE_MAX), "nothing tells the type of \"%.*s\"",
			CK_STR_ARG(ck_name_text(binder->diags->arena, made->label)));
	if (made->slot.n)
		ck_diag_help(binder->diags, diag, "a slot has the type of its variable, and no statement makes \"%.*s\"",
			     CK_STR_ARG(ck_name_text(binder->diags->arena, made->name)));
	else
		ck_diag_help(binder->diags, diag, "write it: new \"%.*s\" : f32[768] = ..., or give the new model's checkpoint with --onto",
			     CK_STR_ARG(ck_name_text(binder->diags->arena, made->name)));
	return true;
}

static bool check_fill(struct ck_binder *binder, struct ck_made *made, const struct ck_type *type)
{
	struct ck_infer rule = { .arena = binder->arena };
	struct ck_unit *unit = &binder->units[made->rule];
	struct ck_diag *diag;
	enum ck_code code = CK_OK;

	if (made->node->args[0].index != CK_FILL_TEMPLATE)
		code = ck_fill_check(&rule, &made->node->args[0], type);
	if (code == CK_OK)
		return true;
	if (ck_arena_failed(binder->arena))
		return ck_bind_nomem(binder);
	made->refused = true;
	if (!ck_bind_once(unit, made->node->insn))
		return true;
	diag = ck_error(binder->diags, code, ck_unit_span(binder, unit, made->node->insn), "%.*s", CK_STR_ARG(rule.message));
	ck_diag_note(binder->diags, diag, "for \"%.*s\"", CK_STR_ARG(ck_name_text(binder->diags->arena, made->label)));
	if (rule.help.n)
		ck_diag_help(binder->diags, diag, "%.*s", CK_STR_ARG(rule.help));
	return true;
}

/* `new` without a type, and the fill `template`, which is a LOAD. */
static bool settle_fill(struct ck_binder *binder, struct ck_made *made)
{
	const struct ck_subjects *template = &binder->inputs[CK_INPUT_TEMPLATE];
	struct ck_type type = made->node->type;
	size_t owner;

	if (type.rank < 0) {
		if (made->in_template != SIZE_MAX)
			type = template->items[made->in_template].type;
		else if (template->given)
			return true;	/* the template lacks it: told below */
		else if (made->slot.n && ck_map_get(&binder->made_labels, made->name, &owner) && binder->makes[owner].node->type.rank >= 0)
			type = binder->makes[owner].node->type;
		else
			return no_type(binder, made);
	}
	if (!check_fill(binder, made, &type))
		return false;
	if (made->node->args[0].index == CK_FILL_TEMPLATE && made->in_template != SIZE_MAX)
		made->node = ck_type_fits(&template->items[made->in_template].type, &type)
				     ? ck_node_load(binder, CK_INPUT_TEMPLATE, made->in_template, made->node->insn)
				     : made->node;
	else
		made->node = ck_node_fill(binder, &made->node->args[0], type, made->node->insn);
	return made->node != NULL;
}

/* ---- made, and not in the template; in the template, and not made */

/* Targets of one rule that the template lacks: variables, and slots of variables that it has. */
struct lacking {
	size_t *makes;
	size_t n;
};

/* "m", or "{m,v}"; in the arena of the sink. */
static struct ck_str slots_text(struct ck_binder *binder, const struct lacking *lacking)
{
	enum { MAX_KINDS = 6 };
	struct ck_str kinds[MAX_KINDS], text;
	struct ck_buf buf = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < lacking->n && n < MAX_KINDS; i++) {
		struct ck_str slot = binder->makes[lacking->makes[i]].slot;
		size_t k = 0;

		while (k < n && !ck_str_equal(kinds[k], slot))
			k++;
		if (k == n)
			kinds[n++] = slot;
	}
	for (size_t i = 0; i < n; i++) {
		ck_buf_str(&buf, i ? CK_STR(",") : n > 1 ? CK_STR("{") : CK_STR(""));
		ck_buf_name(&buf, kinds[i]);
	}
	ck_buf_str(&buf, n > 1 ? CK_STR("}") : CK_STR(""));
	text = ck_str_copy(binder->diags->arena, ck_buf_view(&buf));
	ck_buf_clear(&buf);
	return text.p ? text : CK_STR("*");
}

static void help_slots(struct ck_binder *binder, struct ck_diag *diag, const struct lacking *lacking)
{
	const struct ck_made *made = &binder->makes[lacking->makes[0]];
	struct ck_subjects *template = &binder->inputs[CK_INPUT_TEMPLATE];
	struct ck_str slot = ck_name_text(binder->diags->arena, made->slot), other;
	size_t owner, at;
	uint64_t any;

	if (!ck_subjects_find(binder, template, CK_BY_NAME, made->name, &owner))
		return;
	if (!template->n_slots)
		ck_diag_help(binder->diags, diag, template->manifest->object_based
							  ? "it has no slots at all: an optimizer makes them when it is built, so save the new model after "
							    "optimizer.build(model.trainable_variables)"
							  : "it has no slots at all: minimize() makes them, so save all global variables after it");
	for (at = template->first_slot[owner]; at != SIZE_MAX; at = template->next_slot[at]) {
		struct ck_str label = ck_variable_label(template->manifest, &template->manifest->variables[at], binder->arena);

		if (ck_map_get(&binder->made_labels, label, &any))
			continue;
		/* "m", or "optimizer/m". */
		other = ck_name_text(binder->diags->arena, ck_str_slice(label, template->items[at].name.n + 1, label.n));
		ck_diag_help(binder->diags, diag, "the template has \"%.*s\", if that is meant: map \"...@%.*s\" -> \"...@%.*s\"",
			     CK_STR_ARG(ck_name_text(binder->diags->arena, label)), CK_STR_ARG(slot), CK_STR_ARG(other));
		break;
	}
	ck_diag_help(binder->diags, diag, "leave it out: drop \"**@%.*s\" because \"...\", or `slots drop because \"...\"` for all slots",
		     CK_STR_ARG(slots_text(binder, lacking)));
}

/* The source's variables that the targets are, for what is known of counters. */
static void help_counters(struct ck_binder *binder, struct ck_diag *diag, const struct lacking *lacking)
{
	size_t *origins = ck_arena_array(binder->arena, lacking->n + 1, sizeof(*origins)), n = 0;

	for (size_t i = 0; origins && i < lacking->n; i++)
		if (binder->makes[lacking->makes[i]].origin != SIZE_MAX)
			origins[n++] = binder->makes[lacking->makes[i]].origin;
	if (origins)
		ck_counters_left(binder, diag, origins, n, true);
	else
		ck_bind_nomem(binder);
}

/* Where much has to be mapped, a scaffold is where to begin. Once a binding. */
static void help_scaffold(struct ck_binder *binder, struct ck_diag *diag, size_t n)
{
	enum { MANY = 3 };
	struct ck_str source = binder->inputs[CK_INPUT_SOURCE].manifest->path, template = binder->inputs[CK_INPUT_TEMPLATE].manifest->path;

	if (n < MANY || binder->told_scaffold || ck_str_equal(source, template))
		return;
	binder->told_scaffold = true;
	ck_diag_help(binder->diags, diag, "`ckmig scaffold --onto %.*s %.*s` proposes what becomes what",
		     CK_STR_ARG(ck_name_text(binder->diags->arena, template)), CK_STR_ARG(ck_name_text(binder->diags->arena, source)));
}

/* How far a name leads in the template, and what stands there instead. */
static void tell_way(struct ck_binder *binder, struct ck_diag *diag, struct ck_str name)
{
	const struct ck_subjects *template = &binder->inputs[CK_INPUT_TEMPLATE];
	struct ck_str *next = ck_arena_array(binder->arena, template->n_plain + 1, sizeof(*next)), shown;
	struct ck_map seen;
	size_t known = 0, n = 0, at;

	for (size_t end = ck_str_find(name, '/'); end < name.n; end += 1 + ck_str_find(ck_str_slice(name, end + 1, name.n), '/')) {
		size_t had = known;

		for (size_t i = 0; i < template->n_plain && known == had; i++)
			if (ck_str_starts(template->items[template->by_head[i]].name, ck_str_slice(name, 0, end + 1)))
				known = end + 1;
		if (known == had)
			break;
	}
	ck_map_init(&seen, binder->arena);
	for (size_t i = 0; next && i < template->n_plain; i++) {
		struct ck_str other = template->items[template->by_head[i]].name, segment;

		if (!ck_str_starts(other, ck_str_slice(name, 0, known)))
			continue;
		segment = ck_str_slice(other, known, known + ck_str_find(ck_str_slice(other, known, other.n), '/'));
		if (!segment.n || ck_map_get(&seen, segment, &at))
			continue;
		next[n++] = segment;
		if (!ck_map_put(&seen, segment, n))
			return;
	}
	if (!next || !n)
		return;
	shown = ck_explain_row(binder, next, n);
	if (known)
		ck_diag_note(binder->diags, diag, "\"%.*s\" goes on there with %.*s",
			     CK_STR_ARG(ck_name_text(binder->diags->arena, ck_str_slice(name, 0, known))), CK_STR_ARG(shown));
	else
		ck_diag_note(binder->diags, diag, "names there begin with %.*s", CK_STR_ARG(shown));
}

static void not_in_template(struct ck_binder *binder, const struct lacking *lacking)
{
	const struct ck_made *made = &binder->makes[lacking->makes[0]];
	struct ck_subjects *template = &binder->inputs[CK_INPUT_TEMPLATE];
	struct ck_str label = ck_name_text(binder->diags->arena, made->label), *others;
	struct ck_suggest suggest;
	struct ck_diag *diag;

	binder->units[made->rule].failed = true;
	diag = ck_error(binder->diags, CK_NOT_IN_TEMPLATE, ck_plan_goal_span(binder->plan, made->rule, made->goal), "the template has no %s \"%.*s\"",
			made->slot.n ? "slot" : "variable", CK_STR_ARG(label));
	ck_diag_mark(binder->diags, diag, "makes \"%.*s\"", CK_STR_ARG(label));
	ck_diag_note(binder->diags, diag, "the template is %.*s", CK_STR_ARG(ck_name_text(binder->diags->arena, template->manifest->path)));
	others = ck_arena_array(binder->arena, lacking->n, sizeof(*others));
	for (size_t i = 1; others && i < lacking->n; i++)
		others[i - 1] = binder->makes[lacking->makes[i]].label;
	if (others && lacking->n > 1) {
		ck_diag_note(binder->diags, diag, "nor has it %zu more that this makes:", lacking->n - 1);
		ck_explain_list(binder, diag, others, lacking->n - 1);
	}
	if (made->slot.n) {
		help_slots(binder, diag, lacking);
		return;
	}
	if (ck_explain_open(binder, diag, made->name))
		return;
	help_counters(binder, diag, lacking);
	ck_suggest_init(&suggest, made->name);
	for (size_t i = 0; i < template->n_plain; i++)
		ck_suggest_offer(&suggest, template->items[template->by_head[i]].name);
	ck_suggest_help(&suggest, binder->diags, diag, "\"");
	if (!suggest.n_best && !made->is_same)
		tell_way(binder, diag, made->name);
	if (made->is_same)
		ck_diag_help(binder->diags, diag, "map it to a name that the template has, or drop it");
	help_scaffold(binder, diag, lacking->n);
}

/* All that the template lacks, a message a rule. */
static bool tell_lacking(struct ck_binder *binder)
{
	struct ck_subjects *template = &binder->inputs[CK_INPUT_TEMPLATE];
	size_t n_rules = binder->code->n_rules;
	struct lacking *variables = ck_arena_array(binder->arena, 2 * (n_rules + 1), sizeof(*variables));

	for (int pass = 0; variables && pass < 2; pass++)
		for (size_t i = 0; i < binder->n_makes; i++) {
			const struct ck_made *made = &binder->makes[i];
			struct lacking *lacking;

			/* A slot of a variable that is not there either is no second error, nor one that nobody knows the variable of. */
			if (made->in_template != SIZE_MAX || ck_made_unclear(binder, made) ||
			    (made->slot.n && made->follows && !ck_subjects_find(binder, template, CK_BY_NAME, made->name, NULL)))
				continue;
			lacking = &variables[made->rule + (made->slot.n ? n_rules + 1 : 0)];
			if (pass == 0) {
				lacking->n++;
				continue;
			}
			if (!lacking->makes) {
				lacking->makes = ck_arena_array(binder->arena, lacking->n, sizeof(*lacking->makes));
				lacking->n = 0;
			}
			if (!lacking->makes)
				return ck_bind_nomem(binder);
			lacking->makes[lacking->n++] = i;
		}
	for (size_t i = 0; variables && i < 2 * (n_rules + 1); i++)
		if (variables[i].n)
			not_in_template(binder, &variables[i]);
	return variables ? true : ck_bind_nomem(binder);
}

static bool is_template_slot(const struct ck_subject *subject)
{
	return subject->slot.n > 0;
}

static bool tell_not_made(struct ck_binder *binder, const bool *made)
{
	const struct ck_subjects *template = &binder->inputs[CK_INPUT_TEMPLATE];
	struct ck_str *labels = ck_arena_array(binder->arena, template->n + 1, sizeof(*labels));
	size_t *variables = ck_arena_array(binder->arena, template->n + 1, sizeof(*variables));
	struct ck_diag *diag;
	size_t n = 0;

	if (!labels || !variables)
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < template->n; i++)
		if (!made[i] && template->items[i].kind != CK_GRAPH && !is_template_slot(&template->items[i])) {
			variables[n] = i;
			labels[n++] = template->items[i].name;
		}
	if (!n)
		return true;
	diag = ck_error(binder->diags, CK_NOT_PRODUCED, (struct ck_span){ 0 }, "%zu variable%s of the template that no statement makes", n,
			n == 1 ? "" : "s");
	ck_explain_list(binder, diag, labels, n);
	ck_counters_unmade(binder, diag, variables, n);
	ck_diag_help(binder->diags, diag, "map something to %s, or write `new rest = template` to take %s from the template", n == 1 ? "it" : "them",
		     n == 1 ? "its value" : "their values");
	help_scaffold(binder, diag, n);
	return true;
}

/* Slots of the template that nothing fills are zeros, and the report lists them. */
static bool zero_slots(struct ck_binder *binder, const bool *made)
{
	const struct ck_subjects *template = &binder->inputs[CK_INPUT_TEMPLATE];
	struct ck_value zeros = ck_value_zeros();

	for (size_t i = 0; i < template->n; i++) {
		const struct ck_subject *subject = &template->items[i];
		struct ck_made zero = { .name = subject->name, .slot = subject->slot, .optimizer = subject->optimizer, .rule = SIZE_MAX,
					.origin = SIZE_MAX, .owner = SIZE_MAX };

		if (made[i] || !is_template_slot(subject) || subject->kind == CK_GRAPH)
			continue;
		zero.node = ck_node_fill(binder, &zeros, subject->type, SIZE_MAX);
		zero.label = ck_variable_label(template->manifest, &template->manifest->variables[i], binder->arena);
		zero.in_template = i;
		if (!zero.node || !zero.label.p ||
		    !ck_arena_grow(binder->scratch, (void **)&binder->makes, binder->n_makes, &binder->makes_capacity, sizeof(*binder->makes)))
			return ck_bind_nomem(binder);
		if (!ck_map_put(&binder->made_labels, zero.label, binder->n_makes))
			return ck_bind_nomem(binder);
		binder->makes[binder->n_makes++] = zero;
		ck_bind_notice(binder, "zeros for the template's slot %.*s", CK_STR_ARG(zero.label));
	}
	return !binder->nomem;
}

/* What a target must be. State of objects (the keys of a table, where an iterator is) has a size of its own in every save. */
static struct ck_type wanted_type(const struct ck_subject *subject, const struct ck_type *found)
{
	struct ck_type type = subject->type;

	if (subject->kind == CK_ATTRIBUTE)
		type = *found;
	type.dtype = subject->type.dtype;
	return type;
}

/* The state of one object of the template comes from one object, so that its parts fit each other. */
static bool check_states(struct ck_binder *binder)
{
	const struct ck_subjects *template = &binder->inputs[CK_INPUT_TEMPLATE], *source = &binder->inputs[CK_INPUT_SOURCE];
	size_t n_nodes = template->manifest->graph ? template->manifest->graph->message->n_nodes : 0;
	size_t *first = ck_arena_array(binder->arena, n_nodes + 1, sizeof(*first));	/* [n_nodes] 1 + what makes a part of it */

	for (size_t i = 0; first && i < binder->n_makes; i++) {
		const struct ck_made *made = &binder->makes[i], *other;
		const struct ck_subject *subject = made->in_template == SIZE_MAX ? NULL : &template->items[made->in_template];
		struct ck_diag *diag;

		if (!subject || subject->kind != CK_ATTRIBUTE || subject->node < 0 || made->rule == SIZE_MAX)
			continue;
		if (!first[subject->node])
			first[subject->node] = i + 1;
		other = &binder->makes[first[subject->node] - 1];
		if (made->origin == other->origin ||
		    (made->origin != SIZE_MAX && other->origin != SIZE_MAX && source->items[made->origin].node == source->items[other->origin].node))
			continue;
		diag = ck_error(binder->diags, CK_PARTED_NODE, ck_plan_goal_span(binder->plan, made->rule, made->goal),
				"\"%.*s\" and \"%.*s\" are the state of one object, and come from two",
				CK_STR_ARG(ck_name_text(binder->diags->arena, other->label)), CK_STR_ARG(ck_name_text(binder->diags->arena, made->label)));
		ck_diag_help(binder->diags, diag, "map all the state of one object to it, or write `new` for all of it");
	}
	return first ? true : ck_bind_nomem(binder);
}

bool ck_bind_template(struct ck_binder *binder)
{
	const struct ck_subjects *template = &binder->inputs[CK_INPUT_TEMPLATE];
	bool *made, failed = false;

	for (size_t i = 0; i < binder->n_makes; i++)
		if (binder->makes[i].node->op == CK_OP_FILL && !settle_fill(binder, &binder->makes[i]))
			return false;
	if (!template->given)
		return true;
	for (size_t i = 0; i < binder->n_makes; i++) {
		const struct ck_made *one = &binder->makes[i];
		struct ck_type wanted;

		if (one->in_template == SIZE_MAX || one->refused || one->node->type.rank < 0)
			continue;
		wanted = wanted_type(&template->items[one->in_template], &one->node->type);
		if (!ck_type_fits(&one->node->type, &wanted))
			ck_bind_mismatch(binder, &binder->units[one->rule], one->goal, one->node, &wanted, "the template has", template->manifest->path);
	}
	if (!check_states(binder) || !tell_lacking(binder))
		return false;
	/* What a failed rule would have made is no second error. */
	for (size_t i = 0; i < binder->code->n_rules; i++)
		failed = failed || binder->units[i].failed;
	made = made_in_template(binder);
	if (!made)
		return false;
	return (failed || tell_not_made(binder, made)) && zero_slots(binder, made);
}
