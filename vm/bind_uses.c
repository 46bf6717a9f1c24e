/* What becomes of each variable of each input: mapped, kept or dropped, by which statements. "Nothing is silent" is proven here. */
#include "vm/bind_internal.h"

#include <stdlib.h>

/* What targets read of one input. */
struct readers {
	size_t *n_readers;	/* [n] targets whose value reads the variable */
	bool *kept;		/* [n] one of them is the variable itself, under its own name */
};

struct tally {
	struct ck_binder *binder;
	struct readers *inputs;		/* [n_inputs] */
	struct ck_str **labels;		/* [n_inputs][n] */
	size_t *left;			/* variables of the input at hand that nothing accounts for */
	size_t n_left, left_capacity;
};

static bool is_accountable(const struct ck_binder *binder, uint32_t input)
{
	return binder->inputs[input].given && input != CK_INPUT_TEMPLATE && input != CK_INPUT_TARGET;
}

/* ---- what targets read */

static void count_reads(struct tally *tally, struct ck_node *node)
{
	if (node->epoch == tally->binder->epoch)
		return;
	node->epoch = tally->binder->epoch;
	for (size_t i = 0; i < node->n_operands; i++)
		count_reads(tally, node->operands[i]);
	if (node->op == CK_OP_LOAD && is_accountable(tally->binder, node->input))
		tally->inputs[node->input].n_readers[node->variable]++;
}

/* As Target.kept has it: the source's own variable, untouched, under its own name. */
static void find_kept(struct tally *tally, const struct ck_made *made)
{
	if (made->node->op == CK_OP_LOAD && made->node->input == CK_INPUT_SOURCE &&
	    ck_str_equal(tally->labels[CK_INPUT_SOURCE][made->node->variable], made->label))
		tally->inputs[CK_INPUT_SOURCE].kept[made->node->variable] = true;
}

static bool open_tally(struct ck_binder *binder, struct tally *tally)
{
	struct ck_arena *arena = binder->arena;

	*tally = (struct tally){ .binder = binder, .inputs = ck_arena_array(arena, binder->n_inputs, sizeof(*tally->inputs)),
				 .labels = ck_arena_array(arena, binder->n_inputs, sizeof(*tally->labels)) };
	for (uint32_t i = 0; tally->inputs && tally->labels && i < binder->n_inputs; i++) {
		size_t n = binder->inputs[i].n;

		if (!is_accountable(binder, i))
			continue;
		tally->inputs[i].n_readers = ck_arena_array(arena, n + 1, sizeof(size_t));
		tally->inputs[i].kept = ck_arena_array(arena, n + 1, sizeof(bool));
		tally->labels[i] = ck_arena_array(arena, n + 1, sizeof(**tally->labels));
		for (size_t j = 0; tally->labels[i] && j < n; j++)
			tally->labels[i][j] = ck_subject_label(binder, i, j);
	}
	if (!tally->inputs || !tally->labels || ck_arena_failed(arena))
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < binder->n_makes; i++) {
		binder->epoch++;
		count_reads(tally, binder->makes[i].node);
		find_kept(tally, &binder->makes[i]);
	}
	return true;
}

/* ---- one variable */

static int compare_rules(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The rules that claim a variable. */
static bool set_rules(struct ck_binder *binder, const struct ck_claim *claims, Ck__Plan__Use *use)
{
	size_t n = 0;

	for (const struct ck_claim *claim = claims; claim; claim = claim->next)
		n++;
	use->rules = ck_arena_array(binder->arena, n + 1, sizeof(*use->rules));
	if (!use->rules)
		return ck_bind_nomem(binder);
	for (const struct ck_claim *claim = claims; claim; claim = claim->next)
		use->rules[use->n_rules++] = (uint32_t)claim->rule;
	qsort(use->rules, use->n_rules, sizeof(*use->rules), compare_rules);
	return true;
}

/* A drop among the claims, when they are nothing but drops. */
static const Ck__Plan__Rule *only_dropped(const struct ck_binder *binder, const struct ck_claim *claims)
{
	const Ck__Plan__Rule *drop = NULL;

	for (const struct ck_claim *claim = claims; claim; claim = claim->next) {
		const Ck__Plan__Rule *rule = binder->code->rules[claim->rule];

		if (rule->kind != CK_RULE_DROP)
			return NULL;
		drop = rule;
	}
	return drop;
}

/* What statements say of it. */
static bool use_claimed(struct tally *tally, uint32_t input, size_t variable, const struct ck_claim *claims, Ck__Plan__Use *use)
{
	const Ck__Plan__Rule *drop = only_dropped(tally->binder, claims);
	const struct readers *readers = &tally->inputs[input];

	if (drop) {
		use->what = CK_USE_DROPPED;
		use->because = drop->because;
	} else {
		use->what = readers->kept[variable] && readers->n_readers[variable] == 1 ? CK_USE_KEPT : CK_USE_MAPPED;
	}
	return set_rules(tally->binder, claims, use);
}

/* A slot that no statement is about goes with its variable. False with use->what 0: nothing accounts for either. */
static bool use_slot(struct tally *tally, uint32_t input, size_t slot, Ck__Plan__Use *use)
{
	const struct ck_subjects *subjects = &tally->binder->inputs[input];
	const struct ck_claim *claims = subjects->claims[subjects->items[slot].owner];

	if (tally->binder->code->slots_drop) {
		use->what = CK_USE_DROPPED;
		use->because = tally->binder->code->slots_because;
		return true;
	}
	if (!claims)
		return true;
	if (!only_dropped(tally->binder, claims) && tally->inputs[input].n_readers[slot])
		return use_claimed(tally, input, slot, claims, use);
	use->what = CK_USE_DROPPED;
	use->because = ck_bind_bytes(only_dropped(tally->binder, claims) ? CK_STR("its variable is dropped")
									 : CK_STR("no target is made of its variable"));
	return set_rules(tally->binder, claims, use);
}

static bool leave(struct tally *tally, size_t variable)
{
	if (!ck_arena_grow(tally->binder->arena, (void **)&tally->left, tally->n_left, &tally->left_capacity, sizeof(*tally->left)))
		return ck_bind_nomem(tally->binder);
	tally->left[tally->n_left++] = variable;
	return true;
}

static bool add_use(struct tally *tally, uint32_t input, size_t variable)
{
	struct ck_binder *binder = tally->binder;
	const struct ck_subjects *subjects = &binder->inputs[input];
	bool is_slot = subjects->items[variable].slot.n > 0;
	Ck__Plan__Use *use = ck_arena_alloc(binder->arena, sizeof(*use));

	if (!use)
		return ck_bind_nomem(binder);
	ck__plan__use__init(use);
	use->input = input;
	use->key = ck_bind_bytes(subjects->manifest->variables[variable].key);
	use->label = ck_bind_bytes(tally->labels[input][variable]);
	if (subjects->claims[variable]) {
		if (!use_claimed(tally, input, variable, subjects->claims[variable], use))
			return false;
	} else if (is_slot && !use_slot(tally, input, variable, use)) {
		return false;
	}
	if (use->what) {
		binder->bound->uses[binder->bound->n_uses++] = use;
		return true;
	}
	/* A slot whose variable is told is no second message. */
	return is_slot || leave(tally, variable);
}

/* ---- all of them */

/* `slots` statements are about slots that are not found without the graph. */
static bool check_slots(struct ck_binder *binder)
{
	for (uint32_t input = 0; input < binder->n_inputs; input++) {
		if (!is_accountable(binder, input) || !ck_hides_slots(binder->inputs[input].manifest))
			continue;
		ck_explain_numbered_slots(binder, (struct ck_span){ 0 }, input);
		return false;
	}
	return true;
}

bool ck_bind_uses(struct ck_binder *binder)
{
	struct tally tally;
	size_t n = 0;

	for (uint32_t input = 0; input < binder->n_inputs; input++)
		n += is_accountable(binder, input) ? binder->inputs[input].n : 0;
	binder->bound->uses = ck_arena_array(binder->arena, n + 1, sizeof(*binder->bound->uses));
	if (!binder->bound->uses)
		return ck_bind_nomem(binder);
	if (((binder->code->slots_drop || binder->code->slots_as) && !check_slots(binder)) || !open_tally(binder, &tally))
		return false;
	for (uint32_t input = 0; input < binder->n_inputs; input++) {
		if (!is_accountable(binder, input))
			continue;
		tally.n_left = 0;
		for (size_t i = 0; i < binder->inputs[input].n; i++)
			if (binder->inputs[input].items[i].kind != CK_GRAPH && !add_use(&tally, input, i))
				return false;
		if (tally.n_left && !binder->blind)
			ck_explain_unaccounted(binder, input, tally.left, tally.n_left);
	}
	return !binder->nomem;
}
