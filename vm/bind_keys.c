/* The key of each target: the template's, or names, where slots go by the convention of the result; bind_graph.c has object graphs. */
#include "vm/bind_keys.h"

/* ---- places for messages */

struct ck_span ck_made_span(const struct ck_binder *binder, const struct ck_made *made)
{
	return made->rule == SIZE_MAX ? (struct ck_span){ 0 } : ck_plan_goal_span(binder->plan, made->rule, made->goal);
}

/* Rows of one rule mostly fail alike: one message a rule. */
static bool once(struct ck_binder *binder, const struct ck_made *made)
{
	struct ck_unit *unit = made->rule == SIZE_MAX ? NULL : &binder->units[made->rule];

	return !unit || ck_bind_once(unit, unit->n_code - 1);
}

struct ck_diag *ck_keys_error(struct ck_binder *binder, const struct ck_made *made, enum ck_code code, const char *format, ...)
{
	struct ck_str text;
	va_list args;

	if (!once(binder, made))
		return NULL;
	va_start(args, format);
	text = ck_str_vformat(binder->diags->arena, format, args);
	va_end(args);
	return ck_error(binder->diags, code, ck_made_span(binder, made), "%.*s", CK_STR_ARG(text));
}

/* ---- the convention of the result */

/* The source's variable that a slot comes from, if that is one too. */
const struct ck_variable *ck_made_slot_origin(const struct ck_binder *binder, const struct ck_made *made)
{
	const struct ck_manifest *source = binder->inputs[CK_INPUT_SOURCE].manifest;
	const struct ck_variable *origin = made->origin == SIZE_MAX ? NULL : &source->variables[made->origin];

	return origin && origin->convention != CK_CONVENTION_NONE ? origin : NULL;
}

enum ck_convention ck_made_convention(const struct ck_keys *keys, const struct ck_made *made)
{
	const struct ck_variable *origin = ck_made_slot_origin(keys->binder, made);

	if (made->origin != SIZE_MAX && keys->source->variables[made->origin].unclear_owner)
		origin = &keys->source->variables[made->origin];
	return ck_slot_convention(keys->binder, origin ? origin : keys->first_slot);
}

/* ---- tf1: names with suffixes */

/* What a declared slot's optimizer is called: the text beside {x}, without its slashes. */
static struct ck_str declared_optimizer(const Ck__Plan__SlotDecl *decl)
{
	struct ck_str text = ck_str_of(decl->after.len ? decl->after : decl->before);

	while (text.n && text.p[0] == '/')
		text = ck_str_slice(text, 1, text.n);
	while (text.n && text.p[text.n - 1] == '/')
		text.n--;
	return text;
}

/* The declaration `slot m = ...` that has this suffix (p NULL: any) for the slot. Where optimizers are paths they are not compared. */
static const Ck__Plan__SlotDecl *find_declaration(const struct ck_keys *keys, const struct ck_made *made, struct ck_str suffix)
{
	const Ck__Plan__Code *code = keys->binder->code;

	for (size_t i = 0; i < code->n_slots; i++) {
		const Ck__Plan__SlotDecl *decl = code->slots[i];

		if (!ck_str_equal(ck_str_of(decl->name), made->slot))
			continue;
		if (suffix.p ? ck_str_equal(ck_str_of(decl->after), suffix)
			     : !made->optimizer.n || keys->source->object_based || ck_str_equal(declared_optimizer(decl), made->optimizer))
			return decl;
	}
	return NULL;
}

/* The suffix that the source had: of the very slot, of another of its kind. */
static struct ck_str source_suffix(const struct ck_keys *keys, const struct ck_made *made)
{
	const struct ck_variable *origin = ck_made_slot_origin(keys->binder, made);

	if (made->suffix.n)
		return made->suffix;
	if (origin && origin->suffix.n && ck_str_equal(origin->slot, made->slot) &&
	    (!made->optimizer.n || ck_str_equal(origin->optimizer, made->optimizer)))
		return origin->suffix;
	for (size_t i = 0; i < keys->n_kinds; i++)
		if (ck_str_equal(keys->kinds[i]->slot, made->slot) &&
		    (!made->optimizer.n || ck_str_equal(keys->kinds[i]->optimizer, made->optimizer)))
			return keys->kinds[i]->suffix;
	return (struct ck_str){ 0 };
}

/* The kinds of slots that the source stores by suffixes. There are no more than the table and the declarations have. */
static bool find_kinds(struct ck_keys *keys)
{
	const struct ck_subjects *source = &keys->binder->inputs[CK_INPUT_SOURCE];
	size_t capacity = 0;

	for (size_t i = 0; i < source->n_slots; i++) {
		const struct ck_variable *variable = &keys->source->variables[source->slots_by_head[i]];
		size_t k = 0;

		if (!variable->suffix.n)
			continue;
		while (k < keys->n_kinds && !ck_str_equal(keys->kinds[k]->suffix, variable->suffix))
			k++;
		if (k < keys->n_kinds)
			continue;
		if (!ck_arena_grow(keys->binder->arena, (void **)&keys->kinds, keys->n_kinds, &capacity, sizeof(*keys->kinds)))
			return ck_bind_nomem(keys->binder);
		keys->kinds[keys->n_kinds++] = variable;
	}
	return true;
}

/* Slots that only one of TensorFlow's optimizers has, which tell the names of its others. */
static const struct family {
	struct ck_str slot, optimizer;
} families[] = {
	{ CK_STR("rms"), CK_STR("RMSProp") },
	{ CK_STR("linear"), CK_STR("Ftrl") },
	{ CK_STR("accum_grad"), CK_STR("Adadelta") },
};

/* Which family each optimizer of the result is of. */
static bool find_families(struct ck_keys *keys)
{
	struct ck_binder *binder = keys->binder;

	for (size_t i = 0; i < binder->n_makes; i++) {
		const struct ck_made *made = &binder->makes[i];

		for (size_t k = 0; made->slot.n && k < CK_COUNT(families); k++)
			if (ck_str_equal(made->slot, families[k].slot) && !ck_map_put(&keys->families, made->optimizer, k))
				return ck_bind_nomem(binder);
		if (ck_str_equal(made->slot, CK_STR("mg")) && !ck_map_put(&keys->centered, made->optimizer, 0))
			return ck_bind_nomem(binder);
	}
	return true;
}

static struct ck_str table_suffix(const struct ck_keys *keys, const struct ck_made *made)
{
	struct ck_str suffix = { 0 };
	size_t family, any;
	bool centered = ck_map_get(&keys->centered, made->optimizer, &any);

	if (made->optimizer.n)
		suffix = ck_tf1_suffix(made->slot, made->optimizer, centered);
	if (!suffix.n && ck_map_get(&keys->families, made->optimizer, &family))
		suffix = ck_tf1_suffix(made->slot, families[family].optimizer, centered);
	return suffix.n ? suffix : ck_tf1_suffix(made->slot, (struct ck_str){ 0 }, centered);
}

static bool no_suffix(struct ck_keys *keys, const struct ck_made *made)
{
	struct ck_binder *binder = keys->binder;
	struct ck_str slot = ck_name_text(binder->diags->arena, made->slot);
	struct ck_diag *diag = ck_keys_error(binder, made, CK_SLOT_MISSING_RULE, "tf1 has no name for the slot \"%.*s\" of \"%.*s\"",
					     CK_STR_ARG(slot), CK_STR_ARG(ck_name_text(binder->diags->arena, made->name)));

	if (diag)
		ck_diag_help(binder->diags, diag, "say what it is called, such as slot %.*s = \"{x:**}/%.*s\", or drop \"**@%.*s\" because \"...\"",
			     CK_STR_ARG(slot), CK_STR_ARG(slot), CK_STR_ARG(slot));
	return false;
}

bool ck_made_tf1_name(struct ck_keys *keys, const struct ck_made *made, struct ck_str *ret_name)
{
	struct ck_str before = { 0 }, suffix = source_suffix(keys, made);
	const Ck__Plan__SlotDecl *decl = find_declaration(keys, made, suffix);

	if (decl) {
		before = ck_str_of(decl->before);
		suffix = ck_str_of(decl->after);
	} else if (!suffix.n) {
		suffix = table_suffix(keys, made);
	}
	if (!suffix.n && !before.n)
		return no_suffix(keys, made);
	*ret_name = ck_str_format(keys->binder->arena, "%.*s%.*s%.*s", CK_STR_ARG(before), CK_STR_ARG(made->name), CK_STR_ARG(suffix));
	return ret_name->p ? true : ck_bind_nomem(keys->binder);
}

static void keys_of_names(struct ck_keys *keys)
{
	struct ck_binder *binder = keys->binder;

	for (size_t i = 0; i < binder->n_makes; i++) {
		struct ck_made *made = &binder->makes[i];

		made->key = made->name;
		if (made->slot.n)
			(void)ck_made_tf1_name(keys, made, &made->key);
	}
}

/* ---- the template's keys and graph */

static void alias_not_in_template(struct ck_binder *binder, size_t number, const char *what, struct ck_str name)
{
	const struct ck_graph *graph = binder->inputs[CK_INPUT_TEMPLATE].manifest->graph;
	struct ck_suggest suggest;
	struct ck_diag *diag = ck_error(binder->diags, CK_NOT_IN_TEMPLATE, ck_plan_alias_span(binder->plan, number),
					"the template has no %s \"%.*s\"", what, CK_STR_ARG(ck_name_text(binder->diags->arena, name)));

	ck_suggest_init(&suggest, name);
	for (size_t i = 0; i < graph->message->n_nodes; i++)
		if (graph->message->nodes[i]->n_attributes && graph->names[i].n)
			ck_suggest_offer(&suggest, graph->names[i]);
	ck_suggest_help(&suggest, binder->diags, diag, "\"");
	ck_diag_help(binder->diags, diag, "with --onto the result has the template's object graph, unchanged: an alias must be in it");
}

/* A second path must be in the template's graph, and lead to the same variable. */
static void check_alias(struct ck_binder *binder, size_t number)
{
	const struct ck_graph *graph = binder->inputs[CK_INPUT_TEMPLATE].manifest->graph;
	struct ck_str path = ck_str_of(binder->code->aliases[number]->path), target = ck_str_of(binder->code->aliases[number]->target);
	int32_t node = ck_graph_find(graph, target), other = ck_graph_find(graph, path);
	struct ck_diag *diag;

	if (node < 0 || !graph->message->nodes[node]->n_attributes) {
		alias_not_in_template(binder, number, "variable", target);
	} else if (other < 0) {
		alias_not_in_template(binder, number, "path", path);
	} else if (other != node) {
		diag = ck_error(binder->diags, CK_BAD_TARGET_NAME, ck_plan_alias_span(binder->plan, number),
				"in the template \"%.*s\" is no second path to \"%.*s\"", CK_STR_ARG(ck_name_text(binder->diags->arena, path)),
				CK_STR_ARG(ck_name_text(binder->diags->arena, target)));
		ck_diag_help(binder->diags, diag, "two variables stay two: map a source to each, such as ... -> (\"a\", \"b\")");
	}
}

static bool keys_of_template(struct ck_binder *binder)
{
	const struct ck_manifest *template = binder->inputs[CK_INPUT_TEMPLATE].manifest;

	for (size_t i = 0; i < binder->n_makes; i++)
		binder->makes[i].key = template->variables[binder->makes[i].in_template].key;
	for (size_t i = 0; template->graph && i < binder->code->n_aliases; i++)
		check_alias(binder, i);
	if (template->graph)
		binder->bound->graph = ck_bind_bytes(template->graph_bytes);
	return true;
}

/* ---- all of them */

static void alias_without_graph(struct ck_binder *binder)
{
	struct ck_diag *diag;

	for (size_t i = 0; i < binder->code->n_aliases; i++) {
		diag = ck_error(binder->diags, CK_NEEDS_GRAPH, ck_plan_alias_span(binder->plan, i),
				"an alias is a path of an object graph, and the result is name-based");
		if (binder->inputs[CK_INPUT_TEMPLATE].given)
			ck_diag_help(binder->diags, diag, "leave it out: the template has no object graph");
		else
			ck_diag_help(binder->diags, diag, "write `target objects`, or copy the variable: ... -> (\"a\", \"b\")");
	}
}

static void bad_key(struct ck_binder *binder, const struct ck_made *made, const char *what)
{
	struct ck_diag *diag = ck_keys_error(binder, made, CK_BAD_TARGET_NAME, "\"%.*s\" cannot be written: %s",
					     CK_STR_ARG(ck_name_text(binder->diags->arena, ck_str_slice(made->label, 0, 200))), what);

	if (diag)
		ck_diag_help(binder->diags, diag, "give it another name");
}

static void two_of_one_key(struct ck_binder *binder, const struct ck_made *first, const struct ck_made *second)
{
	struct ck_arena *arena = binder->diags->arena;
	struct ck_diag *diag = ck_keys_error(binder, second, CK_TWO_PRODUCERS, "two targets would be written as \"%.*s\"",
					     CK_STR_ARG(ck_name_text(arena, second->key)));

	if (!diag)
		return;
	ck_diag_mark(binder->diags, diag, "\"%.*s\"", CK_STR_ARG(ck_name_text(arena, second->label)));
	if (first->rule == second->rule && first->goal == second->goal)
		ck_diag_note(binder->diags, diag, "they are \"%.*s\" and \"%.*s\"", CK_STR_ARG(ck_name_text(arena, first->label)),
			     CK_STR_ARG(ck_name_text(arena, second->label)));
	else
		ck_diag_label(binder->diags, diag, ck_made_span(binder, first), "and \"%.*s\"", CK_STR_ARG(ck_name_text(arena, first->label)));
	if (!binder->objects && first->slot.n && second->slot.n)
		ck_diag_help(binder->diags, diag, "TF1 numbers the slots of a second optimizer: map \"**@%.*s%s%.*s\" -> \"**/...\" gives them names of their own",
			     CK_STR_ARG(ck_name_text(arena, second->optimizer)), second->optimizer.n ? "/" : "",
			     CK_STR_ARG(ck_name_text(arena, second->slot)));
	ck_diag_help(binder->diags, diag, "every key holds one value: give one of them another name, or drop one");
}

/* Whatever the keys come from: each can be written, and is one target's. */
static bool check_keys(struct ck_binder *binder)
{
	struct ck_map keys;

	ck_map_init(&keys, binder->scratch);
	if (!ck_map_reserve(&keys, binder->n_makes))
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < binder->n_makes; i++) {
		const struct ck_made *made = &binder->makes[i];
		size_t first;

		if (!made->key.n)
			bad_key(binder, made, "its key is empty");
		else if (made->key.n > CK_MAX_NAME || made->label.n > CK_MAX_NAME)
			bad_key(binder, made, "it is too long");
		else if (made->key.p[0] == '\0')
			bad_key(binder, made, "a key that begins with NUL is a slice of a partitioned variable");
		else if (binder->objects && ck_str_equal(made->label, CK_STR(CK_GRAPH_KEY)))
			bad_key(binder, made, "it has the name of the object graph");
		else if (ck_map_get(&keys, made->key, &first))
			two_of_one_key(binder, &binder->makes[first], made);
		else if (!ck_map_put(&keys, made->key, i))
			return ck_bind_nomem(binder);
	}
	return true;
}

/* The slot of the source that tells how those without a source of their own are written: one that follows, if there is one. */
static const struct ck_variable *first_slot(const struct ck_binder *binder)
{
	const struct ck_subjects *source = &binder->inputs[CK_INPUT_SOURCE];

	for (size_t i = 0; i < source->n_slots; i++)
		if (ck_slot_follows(binder, CK_INPUT_SOURCE, source->slots_by_head[i]))
			return &source->manifest->variables[source->slots_by_head[i]];
	return source->n_slots ? &source->manifest->variables[source->slots_by_head[0]] : NULL;
}

bool ck_bind_keys(struct ck_binder *binder)
{
	struct ck_keys keys = { .binder = binder, .source = binder->inputs[CK_INPUT_SOURCE].manifest, .first_slot = first_slot(binder) };
	bool ok = true;

	ck_map_init(&keys.families, binder->arena);
	ck_map_init(&keys.centered, binder->arena);
	if (!binder->objects)
		alias_without_graph(binder);
	if (binder->inputs[CK_INPUT_TEMPLATE].given)
		ok = keys_of_template(binder);
	else if (!find_kinds(&keys) || !find_families(&keys))
		return false;
	else if (binder->objects)
		ok = ck_keys_of_graph(&keys);
	else
		keys_of_names(&keys);
	return ok && !ck_bind_failed(binder) && check_keys(binder) && !ck_bind_failed(binder);
}
