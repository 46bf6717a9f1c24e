/* Several migrations as one plan: made of them, taken apart again. bind_series.c binds it. */
#include "vm/series.h"

#include <string.h>

static const struct ck_span no_place = { 0 };

/* ---- parts, and what Bound counts through them */

size_t ck_plan_n_parts(const struct ck_plan *plan)
{
	return plan->series ? plan->series->n_parts : 1;
}

const struct ck_plan *ck_plan_part(const struct ck_plan *plan, size_t i)
{
	return plan->series ? plan->series->parts[i] : plan;
}

size_t ck_plan_n_rules(const struct ck_plan *plan)
{
	size_t n = 0;

	for (size_t i = 0; i < ck_plan_n_parts(plan); i++)
		n += ck_plan_part(plan, i)->message->code->n_rules;
	return n;
}

size_t ck_plan_n_checks(const struct ck_plan *plan)
{
	size_t n = 0;

	for (size_t i = 0; i < ck_plan_n_parts(plan); i++)
		n += ck_plan_part(plan, i)->message->code->n_checks;
	return n;
}

const struct ck_plan *ck_plan_part_of_rule(const struct ck_plan *plan, size_t *number)
{
	size_t i = 0;

	for (; i + 1 < ck_plan_n_parts(plan) && *number >= ck_plan_part(plan, i)->message->code->n_rules; i++)
		*number -= ck_plan_part(plan, i)->message->code->n_rules;
	return ck_plan_part(plan, i);
}

const struct ck_plan *ck_plan_part_of_check(const struct ck_plan *plan, size_t *number)
{
	size_t i = 0;

	for (; i + 1 < ck_plan_n_parts(plan) && *number >= ck_plan_part(plan, i)->message->code->n_checks; i++)
		*number -= ck_plan_part(plan, i)->message->code->n_checks;
	return ck_plan_part(plan, i);
}

/* ---- inputs */

uint32_t ck_series_input(const struct ck_plan *plan, size_t part, uint32_t input)
{
	struct ck_str name = ck_plan_input_name(ck_plan_part(plan, part), input);

	for (size_t i = 0; plan->series && input >= CK_INPUT_DECLARED && i < plan->series->n_inputs; i++)
		if (ck_str_equal(plan->series->inputs[i], name))
			return (uint32_t)(CK_INPUT_DECLARED + i);
	return input;
}

struct ck_inputs ck_part_inputs(const struct ck_plan *plan, size_t part, const struct ck_inputs *inputs, struct ck_arena *arena)
{
	size_t n = CK_INPUT_DECLARED + ck_plan_n_inputs(ck_plan_part(plan, part));
	const struct ck_manifest **manifests = ck_arena_array(arena, n, sizeof(*manifests));

	for (size_t i = 0; manifests && i < n; i++) {
		uint32_t whole = ck_series_input(plan, part, (uint32_t)i);
		bool is_given = i != CK_INPUT_TARGET && (i != CK_INPUT_TEMPLATE || part + 1 == ck_plan_n_parts(plan));

		manifests[i] = is_given && whole < inputs->n ? inputs->manifests[whole] : NULL;
	}
	if (manifests && part)
		manifests[CK_INPUT_SOURCE] = plan->series->between[part - 1];
	return (struct ck_inputs){ n, manifests };
}

/* ---- what lies between two parts */

enum ck_code ck_manifest_of_bound(const struct ck_plan *bound, struct ck_arena *arena, struct ck_diags *diags, struct ck_manifest **ret_manifest)
{
	const Ck__Plan__Bound *message = bound->message->bound;
	struct ck_str id = ck_plan_id(bound), path = ck_str_format(arena, "what %.*s makes", CK_STR_ARG(id.n ? id : CK_STR("it")));
	struct ck_stored *items = ck_arena_array(arena, message->n_targets + 1, sizeof(*items));

	if (!path.p || !items)
		return ck_error_nomem(diags);
	for (size_t i = 0; i < message->n_targets; i++) {
		const Ck__Plan__Target *target = message->targets[i];

		items[i] = (struct ck_stored){ ck_str_of(target->key), (enum ck_dtype)target->dtype, { target->n_dims, target->dims },
					       target->n_bytes, ck_str_of(target->label) };
	}
	return ck_manifest_of(path, items, message->n_targets, ck_str_of(message->graph), arena, diags, ret_manifest);
}

/* ---- making one */

/* What follows from the parts: names of inputs, id, digest. */
static bool add_inputs(struct ck_series *series, struct ck_arena *arena)
{
	struct ck_str *inputs;
	struct ck_map names;
	size_t n = 0, first;

	ck_map_init(&names, arena);
	for (size_t i = 0; i < series->n_parts; i++)
		n += series->parts[i]->message->code->n_inputs;
	inputs = ck_arena_array(arena, n + 1, sizeof(*inputs));
	if (!inputs)
		return false;
	series->inputs = inputs;
	for (size_t i = 0; i < series->n_parts; i++)
		for (size_t j = 0; j < series->parts[i]->message->code->n_inputs; j++) {
			struct ck_str name = ck_str_of(series->parts[i]->message->code->inputs[j]);

			if (ck_map_get(&names, name, &first))
				continue;
			if (!ck_map_put(&names, name, series->n_inputs))
				return false;
			inputs[series->n_inputs++] = name;
		}
	return true;
}

static bool add_id(struct ck_series *series, struct ck_arena *arena)
{
	struct ck_buf id = { 0 };

	for (size_t i = 0; i < series->n_parts; i++) {
		ck_buf_str(&id, i ? CK_STR(" + ") : CK_STR(""));
		ck_buf_str(&id, ck_plan_id(series->parts[i]));
	}
	series->id = id.failed ? (struct ck_str){ 0 } : ck_str_copy(arena, ck_buf_view(&id));
	ck_buf_clear(&id);
	return series->id.p != NULL;
}

static bool add_digest(struct ck_plan *plan, const struct ck_series *series)
{
	struct ck_buf digests = { 0 };
	bool good;

	for (size_t i = 0; i < series->n_parts; i++)
		ck_buf_bytes(&digests, series->parts[i]->digest, CK_SHA256);
	good = !digests.failed && ck_sha256(ck_buf_view(&digests), plan->digest);
	ck_buf_clear(&digests);
	return good;
}

static enum ck_code finish(struct ck_plan *plan, struct ck_series *series, struct ck_diags *diags)
{
	if (!add_inputs(series, plan->arena) || !add_id(series, plan->arena) || !add_digest(plan, series))
		return ck_error_nomem(diags);
	plan->series = series;
	return CK_OK;
}

static enum ck_code add_between(struct ck_series *series, struct ck_arena *arena, struct ck_diags *diags)
{
	const struct ck_manifest **between = ck_arena_array(arena, series->n_parts, sizeof(*between));
	enum ck_code code = between ? CK_OK : ck_error_nomem(diags);

	for (size_t i = 0; i + 1 < series->n_parts && code == CK_OK; i++) {
		struct ck_manifest *manifest = NULL;

		code = ck_manifest_of_bound(series->parts[i], arena, diags, &manifest);
		if (code == CK_OK)
			between[i] = manifest;
	}
	series->between = between;
	return code;
}

Ck__Plan__Plan *ck_series_message(const struct ck_series *series, struct ck_arena *arena)
{
	Ck__Plan__Plan *message = ck_arena_alloc(arena, sizeof(*message));

	if (!message)
		return NULL;
	ck__plan__plan__init(message);
	message->format = CK_PLAN_FORMAT;
	message->parts = ck_arena_array(arena, series->n_parts, sizeof(*message->parts));
	for (size_t i = 0; message->parts && i < series->n_parts; i++)
		message->parts[message->n_parts++] = series->parts[i]->message;
	return message->parts ? message : NULL;
}

enum ck_code ck_series_open(struct ck_plan *plan, struct ck_diags *diags)
{
	Ck__Plan__Plan *message = plan->message;
	struct ck_series *series = ck_arena_alloc(plan->arena, sizeof(*series));
	struct ck_plan **parts = ck_arena_array(plan->arena, message->n_parts, sizeof(*parts));
	enum ck_code code = CK_OK;

	if (!series || !parts)
		return ck_error_nomem(diags);
	*series = (struct ck_series){ .parts = parts, .n_parts = message->n_parts };
	for (size_t i = 0; i < message->n_parts && code == CK_OK; i++) {
		parts[i] = ck_arena_alloc(plan->arena, sizeof(**parts));
		if (!parts[i])
			return ck_error_nomem(diags);
		*parts[i] = (struct ck_plan){ .message = message->parts[i], .arena = plan->arena };
		code = ck_plan_seal(parts[i], diags);
		if (code == CK_OK)
			code = ck_plan_register(parts[i], diags);
	}
	if (code == CK_OK && message->bound)
		code = add_between(series, plan->arena, diags);
	return code == CK_OK ? finish(plan, series, diags) : code;
}

/* ---- the order */

/* `after` is about a later part: shows both. */
static void wrong_order(struct ck_diags *diags, const struct ck_plan *part, size_t after, const struct ck_plan *later)
{
	struct ck_str id = ck_name_text(diags->arena, ck_plan_id(part)), other = ck_name_text(diags->arena, ck_plan_id(later));
	struct ck_diag *diag = ck_error(diags, CK_ORDER, ck_plan_after_span(part, after), "\"%.*s\" comes after \"%.*s\", and is given before it",
					CK_STR_ARG(id), CK_STR_ARG(other));

	ck_diag_help(diags, diag, "files are applied in the order in which they are given: put \"%.*s\" before \"%.*s\"", CK_STR_ARG(other),
		     CK_STR_ARG(id));
}

/* What `after` names and is not among the parts may have been applied before. */
static void check_order(struct ck_plan *const *parts, size_t n, struct ck_diags *diags)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < parts[i]->message->code->n_after; j++) {
			struct ck_str after = ck_str_of(parts[i]->message->code->after[j]);
			size_t later = SIZE_MAX;

			for (size_t k = 0; k < n; k++)
				if (k != i && ck_str_equal(ck_plan_id(parts[k]), after) && (later == SIZE_MAX || k < later))
					later = k;
			if (later != SIZE_MAX && later > i)
				wrong_order(diags, parts[i], j, parts[later]);
		}
}

static enum ck_code refuse(struct ck_diags *diags, const char *what)
{
	ck_error(diags, CK_BAD_PLAN, no_place, "%s", what);
	return CK_BAD_PLAN;
}

/* The parts of all plans in a row. */
static enum ck_code gather(struct ck_plan *const *plans, size_t n_plans, struct ck_arena *arena, struct ck_diags *diags,
			   struct ck_plan ***ret_parts, size_t *ret_n)
{
	struct ck_plan **parts = ck_arena_array(arena, CK_MAX_PARTS, sizeof(*parts));
	size_t n = 0;

	if (!parts)
		return ck_error_nomem(diags);
	for (size_t i = 0; i < n_plans; i++)
		for (size_t j = 0; j < ck_plan_n_parts(plans[i]); j++) {
			if (plans[i]->message->bound)
				return refuse(diags, "a bound plan is made for one checkpoint, and cannot be one of several");
			if (n == CK_MAX_PARTS)
				return refuse(diags, "more than 64 migrations in one");
			parts[n++] = plans[i]->series ? plans[i]->series->parts[j] : plans[i];
		}
	*ret_parts = parts;
	*ret_n = n;
	return CK_OK;
}

enum ck_code ck_series_make(struct ck_plan *const *plans, size_t n_plans, struct ck_arena *arena, struct ck_diags *diags, struct ck_plan **ret_plan)
{
	size_t n_before = diags->n_errors, n = 0;
	struct ck_plan **parts = NULL, *plan;
	struct ck_series *series;
	enum ck_code code;

	if (n_plans == 1) {
		*ret_plan = plans[0];
		return CK_OK;
	}
	code = gather(plans, n_plans, arena, diags, &parts, &n);
	if (code != CK_OK)
		return code;
	check_order(parts, n, diags);
	if (diags->n_errors > n_before)
		return diags->first_error;
	plan = ck_arena_alloc(arena, sizeof(*plan));
	series = ck_arena_alloc(arena, sizeof(*series));
	if (!plan || !series)
		return ck_error_nomem(diags);
	*series = (struct ck_series){ .parts = parts, .n_parts = n };
	*plan = (struct ck_plan){ .message = ck_series_message(series, arena), .arena = arena };
	code = plan->message ? finish(plan, series, diags) : ck_error_nomem(diags);
	if (code == CK_OK)
		*ret_plan = plan;
	return code;
}
