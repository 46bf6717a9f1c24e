/*
 * Binding a series: one part after the other, each to the manifest of what the part before makes. Then all that the parts' Bounds say
 * is put together in one, whose code reads what the series reads and makes the result.
 */
#include "vm/bind_series.h"

#include <string.h>

struct binding_series {
	struct ck_plan *plan;			/* to be bound: its parts become bound ones, one after the other */
	struct ck_plan **parts;			/* [n_parts] of it */
	const struct ck_manifest **between;	/* [n_parts - 1] of it */
	size_t n_parts;
	const struct ck_inputs *inputs;
	const struct ck_bind_options *options;
	struct ck_arena *arena;
	struct ck_diags *diags;
};

/* ---- one part after the other */

static bool has_param(const struct ck_plan *plan, struct ck_str name)
{
	const Ck__Plan__Code *code = plan->message->code;

	for (size_t i = 0; i < code->n_params; i++)
		if (ck_str_equal(ck_str_of(code->params[i]->name), name))
			return true;
	return false;
}

/* The settings of params that a part has. NULL when memory is short. */
static struct ck_setting *settings_of(const struct binding_series *series, const struct ck_plan *part, size_t *ret_n)
{
	struct ck_setting *settings = ck_arena_array(series->arena, series->options->n_settings + 1, sizeof(*settings));

	*ret_n = 0;
	for (size_t i = 0; settings && i < series->options->n_settings; i++)
		if (has_param(part, series->options->settings[i].name))
			settings[(*ret_n)++] = series->options->settings[i];
	return settings;
}

static bool check_settings(const struct binding_series *series)
{
	bool good = true;

	for (size_t i = 0; i < series->options->n_settings; i++) {
		bool any = false;

		for (size_t j = 0; j < series->n_parts; j++)
			any = any || has_param(series->parts[j], series->options->settings[i].name);
		if (!any)
			ck_bind_unknown_setting(series->plan, &series->options->settings[i], series->diags);
		good = good && any;
	}
	return good;
}

/* What a part reads is nowhere to be looked at: says what it is. */
static void explain(const struct binding_series *series, size_t part, size_t n_before)
{
	struct ck_diags *diags = series->diags;
	struct ck_str before = ck_plan_id(series->parts[part - 1]);

	for (size_t i = n_before; i < diags->n_items; i++) {
		if (diags->items[i]->severity != CK_ERROR)
			continue;
		ck_diag_note(diags, diags->items[i], "the source of this migration is what \"%.*s\" makes",
			     CK_STR_ARG(ck_name_text(diags->arena, before)));
		return;
	}
}

static enum ck_code bind_part(struct binding_series *series, size_t i)
{
	const struct ck_plan *part = series->parts[i];
	struct ck_inputs inputs = ck_part_inputs(series->plan, i, series->inputs, series->arena);
	struct ck_bind_options options = { .memory = series->options->memory, .is_followed = i + 1 < series->n_parts };
	struct ck_manifest *made = NULL;
	size_t n_before = series->diags->n_items;
	enum ck_code code;

	options.settings = settings_of(series, part, &options.n_settings);
	if (!options.settings || !inputs.manifests)
		return ck_error_nomem(series->diags);
	code = ck_bind(part, &inputs, &options, series->arena, series->diags, &series->parts[i]);
	if (code != CK_OK && i)
		explain(series, i, n_before);
	if (code == CK_OK && i + 1 < series->n_parts)
		code = ck_manifest_of_bound(series->parts[i], series->arena, series->diags, &made);
	if (made)
		series->between[i] = made;
	return code;
}

/* ---- targets */

static const Ck__Plan__Insn *only_load(const Ck__Plan__Target *target)
{
	for (size_t i = 0; i < target->n_code; i++)
		if (target->code[i]->op == CK_OP_LOAD)
			return target->code[i];
	return NULL;
}

/* Through all parts. Recurses as deep as there are. */
static void follow(const struct binding_series *series, size_t part, size_t target, bool *unchanged, bool *kept)
{
	const Ck__Plan__Target *message = series->parts[part]->message->bound->targets[target];
	const Ck__Plan__Insn *load = only_load(message);

	*unchanged = *unchanged && message->unchanged;
	*kept = *kept && message->kept;
	if (part && *unchanged && load && load->input == CK_INPUT_SOURCE)
		follow(series, part - 1, (size_t)load->variable, unchanged, kept);
}

static bool is_new(const Ck__Plan__Target *target)
{
	for (size_t i = 0; i < target->n_code; i++)
		if (target->code[i]->op == CK_OP_LOAD && target->code[i]->input != CK_INPUT_TEMPLATE)
			return false;
	return true;
}

static bool add_target(const struct binding_series *series, struct ck_weaving *weaving, size_t number, Ck__Plan__Bound *bound)
{
	size_t last = series->n_parts - 1;
	const Ck__Plan__Target *message = series->parts[last]->message->bound->targets[number];
	Ck__Plan__Target *target = ck_arena_alloc(series->arena, sizeof(*target));
	bool unchanged = true, kept = true;

	if (!target)
		return false;
	*target = *message;
	bound->targets[bound->n_targets++] = target;
	/* The object graph may have no code. */
	if (!message->n_code)
		return true;
	if (!ck_weave_target(weaving, last, number, &target->code, &target->n_code))
		return false;
	follow(series, last, number, &unchanged, &kept);
	target->n_registers = (uint32_t)target->n_code;
	target->unchanged = unchanged;
	target->kept = unchanged && kept;
	target->is_new = is_new(target);
	target->rule = message->rule ? message->rule + (uint32_t)(ck_plan_n_rules(series->plan) - series->parts[last]->message->code->n_rules) : 0;
	return true;
}

static bool add_targets(const struct binding_series *series, struct ck_weaving *weaving, Ck__Plan__Bound *bound)
{
	const Ck__Plan__Bound *last = series->parts[series->n_parts - 1]->message->bound;

	bound->graph = last->graph;
	bound->targets = ck_arena_array(series->arena, last->n_targets + 1, sizeof(*bound->targets));
	for (size_t i = 0; bound->targets && i < last->n_targets; i++)
		if (!add_target(series, weaving, i, bound))
			return false;
	return bound->targets != NULL;
}

/* ---- what all parts say */

static bool add_params(const struct binding_series *series, Ck__Plan__Bound *bound)
{
	size_t n = 0;

	for (size_t i = 0; i < series->n_parts; i++)
		n += series->parts[i]->message->bound->n_params;
	bound->params = ck_arena_array(series->arena, n + 1, sizeof(*bound->params));
	for (size_t i = 0; bound->params && i < series->n_parts; i++)
		for (size_t j = 0; j < series->parts[i]->message->bound->n_params; j++)
			bound->params[bound->n_params++] = series->parts[i]->message->bound->params[j];
	return bound->params != NULL;
}

static bool add_notices(const struct binding_series *series, Ck__Plan__Bound *bound)
{
	size_t n = 0;

	for (size_t i = 0; i < series->n_parts; i++)
		n += series->parts[i]->message->bound->n_notices;
	bound->notices = ck_arena_array(series->arena, n + 1, sizeof(*bound->notices));
	for (size_t i = 0; bound->notices && i < series->n_parts; i++)
		for (size_t j = 0; j < series->parts[i]->message->bound->n_notices; j++)
			bound->notices[bound->n_notices++] = series->parts[i]->message->bound->notices[j];
	return bound->notices != NULL;
}

/* A series is as exact as the least exact of its parts. */
static bool add_exactness(const struct binding_series *series, Ck__Plan__Bound *bound)
{
	uint32_t first = 0;
	size_t n = 0;

	for (size_t i = 0; i < series->n_parts; i++)
		n += series->parts[i]->message->bound->n_inexact_rules;
	bound->inexact_rules = ck_arena_array(series->arena, n + 1, sizeof(*bound->inexact_rules));
	for (size_t i = 0; bound->inexact_rules && i < series->n_parts; i++) {
		const Ck__Plan__Bound *part = series->parts[i]->message->bound;

		bound->exactness = part->exactness > bound->exactness ? part->exactness : bound->exactness;
		for (size_t j = 0; j < part->n_inexact_rules; j++)
			bound->inexact_rules[bound->n_inexact_rules++] = first + part->inexact_rules[j];
		first += (uint32_t)series->parts[i]->message->code->n_rules;
	}
	return bound->inexact_rules != NULL;
}

/* ---- the whole */

/* Where the targets lie, as of any plan: by a binder that has nothing to bind. */
static bool lay_out(const struct binding_series *series, Ck__Plan__Bound *bound)
{
	struct ck_binder binder = { .plan = series->plan, .options = series->options, .arena = series->arena, .scratch = series->arena,
				    .diags = series->diags, .errors_before = series->diags->n_errors,
				    .n_inputs = CK_INPUT_DECLARED + ck_plan_n_inputs(series->plan), .bound = bound };

	binder.inputs = ck_arena_array(series->arena, binder.n_inputs, sizeof(*binder.inputs));
	for (size_t i = 0; binder.inputs && i < binder.n_inputs && i < series->inputs->n; i++) {
		const struct ck_manifest *manifest = i == CK_INPUT_TARGET ? NULL : series->inputs->manifests[i];

		if (manifest)
			binder.inputs[i] = (struct ck_subjects){ .manifest = manifest, .given = true, .n = manifest->n_variables };
	}
	return binder.inputs && ck_bind_place(&binder);
}

static enum ck_code put_together(struct binding_series *series)
{
	size_t n_errors = series->diags->n_errors;
	Ck__Plan__Bound *bound = ck_arena_alloc(series->arena, sizeof(*bound));
	struct ck_plan *plan = series->plan;
	struct ck_weaving weaving;
	bool good;

	plan->message = ck_series_message(plan->series, series->arena);
	if (!plan->message || !bound)
		return ck_error_nomem(series->diags);
	ck__plan__bound__init(bound);
	plan->message->bound = bound;
	good = ck_weaving_init(&weaving, plan, series->arena) && add_targets(series, &weaving, bound) && lay_out(series, bound) &&
	       ck_series_uses(plan, series->inputs, series->arena, bound) && add_params(series, bound) && add_notices(series, bound) &&
	       add_exactness(series, bound) && ck_series_checks(&weaving, series->inputs, bound);
	if (series->diags->n_errors > n_errors)
		return series->diags->first_error;
	return good && !ck_arena_failed(series->arena) ? CK_OK : ck_error_nomem(series->diags);
}

/* A copy of the plan whose parts can be replaced. False when memory is short. */
static bool open_plan(struct binding_series *series, const struct ck_plan *plan)
{
	struct ck_series *own = ck_arena_alloc(series->arena, sizeof(*own));

	series->plan = ck_arena_alloc(series->arena, sizeof(*series->plan));
	series->parts = ck_arena_array(series->arena, series->n_parts, sizeof(*series->parts));
	series->between = ck_arena_array(series->arena, series->n_parts, sizeof(*series->between));
	if (!own || !series->plan || !series->parts || !series->between)
		return false;
	memcpy(series->parts, plan->series->parts, series->n_parts * sizeof(*series->parts));
	*own = *plan->series;
	own->parts = series->parts;
	own->between = series->between;
	*series->plan = *plan;
	series->plan->series = own;
	return true;
}

enum ck_code ck_bind_series(const struct ck_plan *plan, const struct ck_inputs *inputs, const struct ck_bind_options *options,
			    struct ck_arena *arena, struct ck_diags *diags, struct ck_plan **ret_bound)
{
	struct binding_series series = { .n_parts = ck_plan_n_parts(plan), .inputs = inputs, .options = options, .arena = arena, .diags = diags };
	enum ck_code code = CK_OK;

	if (!open_plan(&series, plan))
		return ck_error_nomem(diags);
	if (!check_settings(&series))
		return diags->first_error;
	for (size_t i = 0; i < series.n_parts && code == CK_OK; i++)
		code = bind_part(&series, i);
	if (code == CK_OK)
		code = put_together(&series);
	if (code == CK_OK)
		*ret_bound = series.plan;
	return code;
}
