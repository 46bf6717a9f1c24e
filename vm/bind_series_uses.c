/* What becomes of each variable that a series reads, in the end: from the last part back to the first. */
#include <stdlib.h>
#include <string.h>

#include "vm/bind_series.h"

/* What becomes of a variable, or of what a part makes of it. */
struct fate {
	const Ck__Plan__Use *use;	/* NULL: the object graph, which nothing accounts for */
	uint32_t what;			/* ck_use; 0: not told */
	bool is_read, lives, kept;	/* targets read it; one of them is there in the end; one of those keeps its name all the way */
	uint32_t *rules;		/* counted through the series; more than once, and in no order, at first */
	size_t n_rules, rules_capacity;
	ProtobufCBinaryData because;
};

struct fates {
	struct fate *items;		/* [n] by number of the variable */
	size_t n;
};

struct tracing {
	const struct ck_plan *plan;	/* bound */
	struct ck_arena *arena;
	struct fates next;		/* of what the part at hand makes; none for the last part */
	struct fates *inputs;		/* [CK_INPUT_DECLARED + declared] of the series, as far as it is known */
	size_t n_inputs;
};

static bool add_rule(struct tracing *tracing, struct fate *fate, uint32_t rule)
{
	if (!ck_arena_grow(tracing->arena, (void **)&fate->rules, fate->n_rules, &fate->rules_capacity, sizeof(*fate->rules)))
		return false;
	fate->rules[fate->n_rules++] = rule;
	return true;
}

static int compare_rules(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void sort_rules(struct fate *fate)
{
	size_t n = 0;

	if (fate->n_rules)
		qsort(fate->rules, fate->n_rules, sizeof(*fate->rules), compare_rules);
	for (size_t i = 0; i < fate->n_rules; i++)
		if (!n || fate->rules[n - 1] != fate->rules[i])
			fate->rules[n++] = fate->rules[i];
	fate->n_rules = n;
}


/* ---- one part */

/* What the part itself says. Uses are by key, as variables are; the object graph has none. */
static bool read_uses(struct tracing *tracing, const Ck__Plan__Bound *bound, uint32_t input, uint32_t first_rule, const struct ck_manifest *manifest,
		      struct fates *fates)
{
	size_t at = 0;

	*fates = (struct fates){ ck_arena_array(tracing->arena, manifest->n_variables + 1, sizeof(*fates->items)), manifest->n_variables };
	while (at < bound->n_uses && bound->uses[at]->input < input)
		at++;
	for (size_t i = 0; fates->items && i < fates->n && at < bound->n_uses && bound->uses[at]->input == input; i++) {
		const Ck__Plan__Use *use = bound->uses[at];
		struct fate *fate = &fates->items[i];

		if (!ck_str_equal(manifest->variables[i].key, ck_str_of(use->key)))
			continue;
		at++;
		*fate = (struct fate){ .use = use, .what = use->what, .because = use->because };
		for (size_t j = 0; j < use->n_rules; j++)
			if (!add_rule(tracing, fate, first_rule + use->rules[j]))
				return false;
	}
	return fates->items != NULL;
}

/* A target that reads the variable, and what becomes of that. */
static bool add_reader(struct tracing *tracing, struct fate *fate, const struct fate *target)
{
	bool lives = target->what != CK_USE_DROPPED;

	for (size_t i = 0; i < target->n_rules; i++)
		if (!add_rule(tracing, fate, target->rules[i]))
			return false;
	if (!lives && !fate->is_read)
		fate->because = target->because;
	fate->is_read = true;
	fate->lives = fate->lives || lives;
	fate->kept = fate->kept || target->what == CK_USE_KEPT;
	return true;
}

static bool add_readers(struct tracing *tracing, const Ck__Plan__Bound *bound, uint32_t input, struct fates *fates)
{
	for (size_t i = 0; i < tracing->next.n; i++)
		for (size_t j = 0; tracing->next.items[i].use && j < bound->targets[i]->n_code; j++) {
			const Ck__Plan__Insn *insn = bound->targets[i]->code[j];

			if (insn->op == CK_OP_LOAD && insn->input == input &&
			    !add_reader(tracing, &fates->items[insn->variable], &tracing->next.items[i]))
				return false;
		}
	return true;
}

static void settle(struct fate *fate)
{
	if (fate->is_read && fate->what != CK_USE_DROPPED)
		fate->what = !fate->lives ? CK_USE_DROPPED : fate->what == CK_USE_KEPT && fate->kept ? CK_USE_KEPT : CK_USE_MAPPED;
	sort_rules(fate);
}

/* An input that several parts have: used where any of them uses it. */
static bool merge(struct tracing *tracing, struct fates *all, const struct fates *own)
{
	for (size_t i = 0; all->items && i < own->n; i++) {
		struct fate *fate = &all->items[i];
		const struct fate *more = &own->items[i];

		if (!fate->use)
			continue;
		if (more->what != CK_USE_DROPPED || fate->what != CK_USE_DROPPED)
			fate->what = CK_USE_MAPPED;
		for (size_t j = 0; j < more->n_rules; j++)
			if (!add_rule(tracing, fate, more->rules[j]))
				return false;
		sort_rules(fate);
	}
	if (!all->items)
		*all = *own;
	return true;
}

static bool trace_part(struct tracing *tracing, size_t part, uint32_t first_rule, const struct ck_inputs *inputs)
{
	const struct ck_plan *plan = ck_plan_part(tracing->plan, part);
	const Ck__Plan__Bound *bound = plan->message->bound;
	struct fates before = { 0 };

	for (uint32_t input = 0; input < inputs->n; input++) {
		const struct ck_manifest *manifest = inputs->manifests[input];
		bool is_between = input == CK_INPUT_SOURCE && part > 0;
		struct fates fates;

		if (!manifest || input == CK_INPUT_TEMPLATE || input == CK_INPUT_TARGET)
			continue;
		if (!read_uses(tracing, bound, input, first_rule, manifest, &fates) || !add_readers(tracing, bound, input, &fates))
			return false;
		for (size_t i = 0; i < fates.n; i++)
			settle(&fates.items[i]);
		if (is_between)
			before = fates;
		else if (!merge(tracing, &tracing->inputs[ck_series_input(tracing->plan, part, input)], &fates))
			return false;
	}
	tracing->next = before;
	return true;
}

/* ---- the series */

static bool put_use(struct tracing *tracing, uint32_t input, const struct fate *fate, Ck__Plan__Bound *bound)
{
	Ck__Plan__Use *use = ck_arena_alloc(tracing->arena, sizeof(*use));

	if (!use)
		return false;
	*use = *fate->use;
	use->input = input;
	use->what = fate->what;
	use->rules = fate->rules;
	use->n_rules = fate->n_rules;
	use->because = fate->what == CK_USE_DROPPED ? fate->because : (ProtobufCBinaryData){ 0 };
	bound->uses[bound->n_uses++] = use;
	return true;
}

static bool put_uses(struct tracing *tracing, Ck__Plan__Bound *bound)
{
	size_t n = 0;

	for (size_t i = 0; i < tracing->n_inputs; i++)
		n += tracing->inputs[i].n;
	bound->uses = ck_arena_array(tracing->arena, n + 1, sizeof(*bound->uses));
	for (uint32_t i = 0; bound->uses && i < tracing->n_inputs; i++)
		for (size_t j = 0; j < tracing->inputs[i].n; j++)
			if (tracing->inputs[i].items[j].use && !put_use(tracing, i, &tracing->inputs[i].items[j], bound))
				return false;
	return bound->uses != NULL;
}

bool ck_series_uses(const struct ck_plan *plan, const struct ck_inputs *inputs, struct ck_arena *arena, Ck__Plan__Bound *bound)
{
	struct tracing tracing = { .plan = plan, .arena = arena, .n_inputs = CK_INPUT_DECLARED + ck_plan_n_inputs(plan) };
	size_t first_rule = ck_plan_n_rules(plan);

	tracing.inputs = ck_arena_array(arena, tracing.n_inputs, sizeof(*tracing.inputs));
	if (!tracing.inputs)
		return false;
	for (size_t i = ck_plan_n_parts(plan); i-- > 0;) {
		struct ck_inputs own = ck_part_inputs(plan, i, inputs, arena);

		first_rule -= ck_plan_part(plan, i)->message->code->n_rules;
		if (!own.manifests || !trace_part(&tracing, i, (uint32_t)first_rule, &own))
			return false;
	}
	return put_uses(&tracing, bound);
}
