/* Binding: the order of its phases, params, inputs. The work is in relation.c and bind_*.c. */
#include "vm/bind_series.h"

#include <string.h>

static const struct ck_span no_place = { 0 };

bool ck_bind_failed(const struct ck_binder *binder)
{
	return binder->nomem || binder->diags->n_errors > binder->errors_before;
}

bool ck_bind_once(struct ck_unit *unit, size_t insn)
{
	size_t at = insn < unit->n_code ? insn : unit->n_code;
	bool first = !unit->reported[at];

	unit->reported[at] = true;
	unit->failed = true;
	return first;
}

struct ck_span ck_unit_span(const struct ck_binder *binder, const struct ck_unit *unit, size_t insn)
{
	return unit->is_check ? ck_plan_check_span(binder->plan, unit->number, insn) : ck_plan_rule_span(binder->plan, unit->number, insn);
}

void ck_bind_notice(struct ck_binder *binder, const char *format, ...)
{
	struct ck_str text;
	va_list args;

	va_start(args, format);
	text = ck_str_vformat(binder->arena, format, args);
	va_end(args);
	if (text.p && ck_arena_grow(binder->arena, (void **)&binder->notices, binder->n_notices, &binder->notices_capacity, sizeof(text)))
		binder->notices[binder->n_notices++] = text;
	else
		ck_bind_nomem(binder);
}

struct ck_env ck_bind_env(struct ck_binder *binder, const struct ck_unit *unit, const struct ck_binding *bindings)
{
	return (struct ck_env){ .arena = binder->arena, .locals = unit->locals, .bindings = bindings, .n_locals = unit->n_locals,
				.params = binder->params, .n_params = binder->code->n_params };
}

struct ck_str ck_subject_label(struct ck_binder *binder, uint32_t input, size_t variable)
{
	const struct ck_manifest *manifest = binder->inputs[input].manifest;

	/* Targets are in the order of Bound.targets. */
	return manifest ? ck_variable_label(manifest, &manifest->variables[variable], binder->arena)
			: ck_str_of(binder->bound->targets[variable]->label);
}

struct ck_str ck_bind_label_text(struct ck_binder *binder, uint32_t input, size_t variable)
{
	return ck_name_text(binder->diags->arena, ck_subject_label(binder, input, variable));
}

/* ---- params */

static bool params_defaults(struct ck_binder *binder)
{
	struct ck_env env = { .arena = binder->arena };

	binder->params = ck_arena_array(binder->arena, binder->code->n_params + 1, sizeof(*binder->params));
	for (size_t i = 0; binder->params && i < binder->code->n_params; i++)
		if (ck_expr_eval(binder->code->params[i]->value, &env, &binder->params[i]) != CK_OK)
			return ck_bind_nomem(binder);
	return binder->params ? true : ck_bind_nomem(binder);
}

static const char *kind_word(enum ck_expr_kind kind)
{
	return kind == CK_EXPR_INT ? "an integer" : kind == CK_EXPR_FLOAT ? "a float" : "text";
}

void ck_bind_unknown_setting(const struct ck_plan *plan, const struct ck_setting *setting, struct ck_diags *diags)
{
	struct ck_diag *diag = ck_error(diags, CK_USAGE, no_place, "--set %.*s: the migration has no param of this name",
					CK_STR_ARG(ck_name_text(diags->arena, setting->name)));
	struct ck_suggest suggest;

	ck_suggest_init(&suggest, setting->name);
	for (size_t i = 0; i < ck_plan_n_parts(plan); i++)
		for (size_t j = 0; j < ck_plan_part(plan, i)->message->code->n_params; j++)
			ck_suggest_offer(&suggest, ck_str_of(ck_plan_part(plan, i)->message->code->params[j]->name));
	ck_suggest_help(&suggest, diags, diag, "`");
	if (!suggest.n_best)
		ck_diag_help(diags, diag, "write `param %.*s = ...` in the migration, instead of `let`",
			     CK_STR_ARG(ck_name_text(diags->arena, setting->name)));
}

static void apply_setting(struct ck_binder *binder, const struct ck_setting *setting)
{
	struct ck_value value = setting->value;

	for (size_t i = 0; i < binder->code->n_params; i++) {
		if (!ck_str_equal(ck_str_of(binder->code->params[i]->name), setting->name))
			continue;
		if (binder->params[i].kind == CK_EXPR_FLOAT && value.kind == CK_EXPR_INT) {
			value.kind = CK_EXPR_FLOAT;
			value.number = (double)value.integer;
		}
		if (value.kind != binder->params[i].kind && value.kind == CK_EXPR_TEXT)
			ck_error(binder->diags, CK_USAGE, no_place, "--set %.*s: the param is %s, not \"%.*s\"", CK_STR_ARG(setting->name),
				 kind_word(binder->params[i].kind), CK_STR_ARG(ck_name_text(binder->diags->arena, value.text)));
		else if (value.kind != binder->params[i].kind)
			ck_error(binder->diags, CK_USAGE, no_place, "--set %.*s: the param is %s, here is %s", CK_STR_ARG(setting->name),
				 kind_word(binder->params[i].kind), kind_word(value.kind));
		binder->params[i] = value;
		return;
	}
	ck_bind_unknown_setting(binder->plan, setting, binder->diags);
}

/* ---- inputs */

/* `slot m = "{x:**}/my_m"`: slots are found anew in a copy, the caller's manifest stays as it is. */
static const struct ck_manifest *with_slots(struct ck_binder *binder, const struct ck_manifest *manifest)
{
	struct ck_manifest *copy = ck_arena_alloc(binder->arena, sizeof(*copy));
	struct ck_slot_declaration *declarations = ck_arena_array(binder->arena, binder->code->n_slots + 1, sizeof(*declarations));
	size_t n = binder->code->n_slots;

	if (!n)
		return manifest;
	if (!copy || !declarations)
		return NULL;
	*copy = *manifest;
	copy->variables = ck_arena_array(binder->arena, manifest->n_variables + 1, sizeof(*copy->variables));
	if (!copy->variables)
		return NULL;
	memcpy(copy->variables, manifest->variables, manifest->n_variables * sizeof(*copy->variables));
	for (size_t i = 0; i < n; i++)
		declarations[i] = (struct ck_slot_declaration){ ck_str_of(binder->code->slots[i]->name), ck_str_of(binder->code->slots[i]->before),
								ck_str_of(binder->code->slots[i]->after) };
	if (ck_manifest_find_slots(copy, declarations, n, binder->diags) != CK_OK || ck_manifest_index_names(copy, binder->diags) != CK_OK)
		return NULL;
	return copy;
}

static bool uses_template(const Ck__Plan__Expr *expr)
{
	if (expr->kind == CK_EXPR_FILL && expr->index == CK_FILL_TEMPLATE)
		return true;
	for (size_t i = 0; i < expr->n_args; i++)
		if (uses_template(expr->args[i]))
			return true;
	return false;
}

/* exists(template:"...") */
static bool asks_template(const Ck__Plan__Expr *expr)
{
	if (expr->kind == CK_EXPR_CALL && expr->index == CK_FUNCTION_EXISTS && expr->index2 == CK_INPUT_TEMPLATE)
		return true;
	for (size_t i = 0; i < expr->n_args; i++)
		if (asks_template(expr->args[i]))
			return true;
	return false;
}

/* What a rule asks of inputs that are not given. */
static void check_insn_inputs(struct ck_binder *binder, struct ck_unit *unit, size_t at)
{
	const Ck__Plan__Insn *insn = unit->code[at];
	bool wants = insn->op == CK_OP_UNMADE || (insn->source && insn->source->input == CK_INPUT_TEMPLATE) ||
		     (insn->where && asks_template(insn->where));
	struct ck_diag *diag;

	for (size_t i = 0; i < insn->n_args && !wants; i++)
		wants = uses_template(insn->args[i]);
	for (size_t i = 0; i < insn->n_goals && !wants; i++)
		wants = insn->goals[i]->name && insn->goals[i]->name->by != CK_BY_NAME;
	if (!wants || binder->inputs[CK_INPUT_TEMPLATE].given || !ck_bind_once(unit, at))
		return;
	if (binder->options->is_followed) {
		diag = ck_error(binder->diags, CK_USAGE, ck_unit_span(binder, unit, at), "this needs the new model's checkpoint, and another migration follows");
		ck_diag_help(binder->diags, diag, "--onto is about the result, which the last migration makes: move this there, or run the migrations one by one");
		return;
	}
	diag = ck_error(binder->diags, CK_USAGE, ck_unit_span(binder, unit, at), "this needs the new model's checkpoint, and none is given");
	ck_diag_help(binder->diags, diag, "give a fresh save of the new model: --onto CHECKPOINT");
}

static bool check_inputs(struct ck_binder *binder)
{
	for (size_t i = CK_INPUT_DECLARED; i < binder->n_inputs; i++) {
		struct ck_diag *diag;
		struct ck_str name = ck_plan_input_name(binder->plan, (uint32_t)i);

		if (binder->inputs[i].given)
			continue;
		diag = ck_error(binder->diags, CK_USAGE, no_place, "the input `%.*s` is declared and not given", CK_STR_ARG(name));
		ck_diag_help(binder->diags, diag, "give it: --input %.*s=CHECKPOINT", CK_STR_ARG(name));
	}
	for (size_t i = 0; i < binder->code->n_rules; i++)
		for (size_t j = 0; j < binder->units[i].n_code; j++)
			check_insn_inputs(binder, &binder->units[i], j);
	return !ck_bind_failed(binder);
}

static bool open_inputs(struct ck_binder *binder, const struct ck_inputs *inputs)
{
	binder->n_inputs = CK_INPUT_DECLARED + binder->code->n_inputs;
	binder->inputs = ck_arena_array(binder->arena, binder->n_inputs, sizeof(*binder->inputs));
	if (!binder->inputs)
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < binder->n_inputs && i < inputs->n; i++) {
		const struct ck_manifest *manifest = i == CK_INPUT_TARGET || !inputs->manifests[i] ? NULL
														   : with_slots(binder, inputs->manifests[i]);

		if (i != CK_INPUT_TARGET && inputs->manifests[i] && !manifest)
			return ck_bind_nomem(binder);
		if (manifest && !ck_subjects_of_manifest(binder, &binder->inputs[i], manifest))
			return false;
	}
	CK_ASSERT(binder->inputs[CK_INPUT_SOURCE].given);
	return true;
}

/* ---- units */

bool ck_unit_init(struct ck_binder *binder, struct ck_unit *unit)
{
	/* Walks of values recurse as deep as a statement's code. */
	enum { MAX_CODE = 10000 };
	size_t n_registers = 1;

	if (unit->n_code > MAX_CODE) {
		ck_error(binder->diags, CK_TOO_DEEP, ck_unit_span(binder, unit, SIZE_MAX), "a statement of %zu instructions; %d is the limit",
			 unit->n_code, MAX_CODE);
		return false;
	}
	for (size_t i = 0; i < unit->n_code; i++)
		n_registers = unit->code[i]->dst >= n_registers ? (size_t)unit->code[i]->dst + 1 : n_registers;
	unit->registers = ck_arena_array(binder->arena, n_registers, sizeof(*unit->registers));
	unit->matches = ck_arena_array(binder->arena, unit->n_code + 1, sizeof(*unit->matches));
	unit->reported = ck_arena_array(binder->arena, unit->n_code + 1, sizeof(*unit->reported));
	unit->used = ck_arena_array(binder->arena, unit->n_locals + 1, sizeof(*unit->used));
	return unit->registers && unit->matches && unit->reported && unit->used ? true : ck_bind_nomem(binder);
}

static void use_expr(struct ck_unit *unit, const Ck__Plan__Expr *expr);

static void use_name(struct ck_unit *unit, const Ck__Plan__Name *name)
{
	for (int slot = 0; name && slot < 2; slot++) {
		Ck__Plan__Part *const *parts = slot ? name->slot : name->parts;
		size_t n = slot ? name->n_slot : name->n_parts;

		for (size_t i = 0; i < n; i++) {
			if ((parts[i]->kind == CK_PART_LOCAL || parts[i]->kind == CK_PART_CHOICE) && parts[i]->local < unit->n_locals)
				unit->used[parts[i]->local] = true;
			if (parts[i]->expr)
				use_expr(unit, parts[i]->expr);
		}
	}
}

static void use_expr(struct ck_unit *unit, const Ck__Plan__Expr *expr)
{
	if (expr->kind == CK_EXPR_LOCAL && expr->index < unit->n_locals)
		unit->used[expr->index] = true;
	use_name(unit, expr->name);
	for (size_t i = 0; i < expr->n_args; i++)
		use_expr(unit, expr->args[i]);
}

static void count_captures(Ck__Plan__Piece *const *pieces, size_t n, uint8_t *counts)
{
	for (size_t i = 0; i < n; i++)
		if (pieces[i]->local)
			counts[pieces[i]->local - 1] |= 1;
}

/* Which locals decide something: those that templates, operators and conditions name, and those that two sources share. */
bool ck_unit_find_used(struct ck_binder *binder, struct ck_unit *unit)
{
	uint8_t *seen = ck_arena_array(binder->arena, unit->n_locals + 1, 1), *here;

	here = ck_arena_array(binder->arena, unit->n_locals + 1, 1);
	if (!seen || !here)
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < unit->n_code; i++) {
		const Ck__Plan__Insn *insn = unit->code[i];

		for (size_t j = 0; j < insn->n_args; j++)
			use_expr(unit, insn->args[j]);
		for (size_t j = 0; j < insn->n_goals; j++)
			use_name(unit, insn->goals[j]->name);
		if (insn->where)
			use_expr(unit, insn->where);
		if (!insn->source || !insn->source->pattern)
			continue;
		memset(here, 0, unit->n_locals + 1);
		count_captures(insn->source->pattern->pieces, insn->source->pattern->n_pieces, here);
		count_captures(insn->source->pattern->slot, insn->source->pattern->n_slot, here);
		for (size_t j = 0; j < unit->n_locals; j++) {
			unit->used[j] = unit->used[j] || (seen[j] && here[j]);
			seen[j] |= here[j];
		}
	}
	return true;
}

static bool open_units(struct ck_binder *binder)
{
	binder->units = ck_arena_array(binder->arena, binder->code->n_rules + 1, sizeof(*binder->units));
	for (size_t i = 0; binder->units && i < binder->code->n_rules; i++) {
		struct ck_unit *unit = &binder->units[i];
		const Ck__Plan__Rule *rule = binder->code->rules[i];

		*unit = (struct ck_unit){ .number = i, .rule = rule, .locals = rule->locals, .n_locals = rule->n_locals,
					  .code = rule->code, .n_code = rule->n_code };
		if (!ck_unit_init(binder, unit) || !ck_unit_find_used(binder, unit))
			return false;
		for (size_t j = 0; j < unit->n_code; j++) {
			const Ck__Plan__Source *source = unit->code[j]->op == CK_OP_SOURCE ? unit->code[j]->source : NULL;
			enum ck_strength strength = !source || !source->rest ? CK_PLAIN : source->pattern ? CK_REST_PATTERN : CK_REST;

			unit->strength = strength > unit->strength ? strength : unit->strength;
		}
	}
	return binder->units ? true : ck_bind_nomem(binder);
}

/* ---- rules */

/* One strength after the other, so that `rest` knows what stronger statements leave. */
static bool bind_strength(struct ck_binder *binder, enum ck_strength strength)
{
	for (size_t i = 0; i < binder->code->n_rules; i++) {
		struct ck_unit *unit = &binder->units[i];

		for (size_t j = 0; j < unit->n_code; j++) {
			const Ck__Plan__Source *source = unit->code[j]->op == CK_OP_SOURCE ? unit->code[j]->source : NULL;
			enum ck_strength own = !source || !source->rest ? CK_PLAIN : source->pattern ? CK_REST_PATTERN : CK_REST;

			if (!source || own != strength)
				continue;
			if (!ck_bind_source(binder, unit, j, &unit->matches[j]))
				return false;
			/* A weaker source waits; until its tuple is known, the stronger ones of the tuple count as read. */
			if (unit->strength > strength && !ck_bind_claims(binder, unit, j))
				return false;
		}
		if (unit->strength == strength && unit->code[0]->op != CK_OP_UNMADE && !ck_bind_unit(binder, unit))
			return false;
	}
	/* Statements of one strength do not hide variables from each other: claims come after all of them are matched. */
	for (size_t i = 0; i < binder->code->n_rules; i++)
		for (size_t j = 0; binder->units[i].strength == strength && j < binder->units[i].n_code; j++) {
			const Ck__Plan__Source *source = binder->units[i].code[j]->op == CK_OP_SOURCE ? binder->units[i].code[j]->source : NULL;
			enum ck_strength own = !source || !source->rest ? CK_PLAIN : source->pattern ? CK_REST_PATTERN : CK_REST;

			if (source && own == strength && !ck_bind_claims(binder, &binder->units[i], j))
				return false;
		}
	return true;
}

static bool bind_rules(struct ck_binder *binder)
{
	for (int strength = CK_PLAIN; strength <= CK_REST; strength++)
		if (!bind_strength(binder, (enum ck_strength)strength))
			return false;
	ck_bind_overlaps(binder);
	if (!ck_bind_slots_follow(binder))
		return false;
	return ck_bind_unmade(binder, false) && ck_bind_unmade(binder, true);
}

static bool bind_all(struct ck_binder *binder, const struct ck_inputs *inputs)
{
	const struct ck_manifest *source;

	if (!params_defaults(binder))
		return false;
	for (size_t i = 0; i < binder->options->n_settings; i++)
		apply_setting(binder, &binder->options->settings[i]);
	if (!open_inputs(binder, inputs) || !open_units(binder) || !check_inputs(binder))
		return false;
	source = binder->inputs[CK_INPUT_SOURCE].manifest;
	binder->objects = binder->inputs[CK_INPUT_TEMPLATE].given ? binder->inputs[CK_INPUT_TEMPLATE].manifest->object_based
			  : binder->code->target_kind == CK_TARGET_AS_SOURCE ? source->object_based
									     : binder->code->target_kind == CK_TARGET_OBJECTS;
	/* Mostly every variable has a target. */
	binder->makes_capacity = source->n_variables + 1;
	binder->makes = ck_arena_array(binder->scratch, binder->makes_capacity, sizeof(*binder->makes));
	if (!binder->makes || !ck_map_reserve(&binder->made_labels, source->n_variables))
		return ck_bind_nomem(binder);
	if (!bind_rules(binder) || !ck_bind_uses(binder) || !ck_bind_template(binder))
		return false;
	ck_bind_warnings(binder);
	if (ck_bind_failed(binder))
		return false;
	return ck_bind_keys(binder) && ck_bind_layout(binder) && ck_bind_checks(binder);
}

static struct ck_plan *bound_plan(struct ck_binder *binder)
{
	struct ck_plan *plan = ck_arena_alloc(binder->arena, sizeof(*plan));
	Ck__Plan__Plan *message = ck_arena_alloc(binder->arena, sizeof(*message));

	if (!plan || !message)
		return NULL;
	*message = *binder->plan->message;
	message->bound = binder->bound;
	*plan = *binder->plan;
	plan->message = message;
	return plan;
}

enum ck_code ck_bind(const struct ck_plan *plan, const struct ck_inputs *inputs, const struct ck_bind_options *options,
		     struct ck_arena *arena, struct ck_diags *diags, struct ck_plan **ret_bound)
{
	struct ck_binder binder = { .plan = plan, .code = plan->message->code, .options = options, .arena = arena, .diags = diags,
				    .errors_before = diags->n_errors };
	struct ck_plan *made = NULL;

	if (plan->series)
		return ck_bind_series(plan, inputs, options, arena, diags, ret_bound);
	binder.scratch = ck_arena_new(CK_PLAN_LIMIT);
	binder.bound = ck_arena_alloc(arena, sizeof(*binder.bound));
	if (binder.scratch && binder.bound) {
		ck_map_init(&binder.made_labels, binder.scratch);
		ck__plan__bound__init(binder.bound);
		if (bind_all(&binder, inputs) && !ck_bind_failed(&binder) && !ck_arena_failed(binder.scratch))
			made = bound_plan(&binder);
	}
	ck_arena_free(binder.scratch);
	if (made && !ck_arena_failed(arena)) {
		*ret_bound = made;
		return CK_OK;
	}
	if (diags->n_errors > binder.errors_before)
		return diags->first_error;
	return ck_error_nomem(diags);
}

/* ---- freshness */

enum ck_code ck_bound_fresh(const struct ck_plan *bound, const struct ck_inputs *inputs, struct ck_diags *diags)
{
	const Ck__Plan__Bound *message = bound->message->bound;
	struct ck_diag *diag;

	for (size_t i = 0; i < message->n_inputs; i++) {
		const Ck__Plan__BoundInput *input = message->inputs[i];
		const struct ck_manifest *manifest = input->input < inputs->n ? inputs->manifests[input->input] : NULL;
		struct ck_str name = ck_plan_input_name(bound, input->input);

		if (!manifest) {
			ck_error(diags, CK_STALE_PLAN, no_place, "the plan was bound to a %.*s that is not given", CK_STR_ARG(name));
			return CK_STALE_PLAN;
		}
		if (input->digest.len == CK_SHA256 && !memcmp(input->digest.data, manifest->digest, CK_SHA256))
			continue;
		diag = ck_error(diags, CK_STALE_PLAN, no_place, "the %.*s \"%.*s\" is not what the plan was bound to", CK_STR_ARG(name),
				CK_STR_ARG(ck_name_text(diags->arena, manifest->path)));
		ck_diag_note(diags, diag, "bound to \"%.*s\" as it was then", CK_STR_ARG(ck_name_text(diags->arena, ck_str_of(input->path))));
		ck_diag_help(diags, diag, "bind it again with `ckmig plan -o`, or run the .ckmig file itself");
		return CK_STALE_PLAN;
	}
	return CK_OK;
}
