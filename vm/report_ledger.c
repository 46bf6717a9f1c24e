/* Both sides of a bound plan by name: which source goes where, what each target is made of, and totals that balance. */
#include "vm/report_internal.h"

#include <stdlib.h>

#include "vm/bind_internal.h"
#include "vm/series.h"

const struct ck_manifest *ck_ledger_manifest(const struct ck_ledger *ledger, uint32_t input)
{
	return input < ledger->inputs->n ? ledger->inputs->manifests[input] : NULL;
}

uint64_t ck_manifest_n_variables(const struct ck_manifest *manifest)
{
	uint64_t n = 0;

	for (size_t i = 0; i < manifest->n_variables; i++)
		n += manifest->variables[i].kind != CK_GRAPH;
	return n;
}

/* ---- rules */

static bool is_about_slots(const Ck__Plan__Rule *rule)
{
	for (size_t i = 0; i < rule->n_code; i++) {
		const Ck__Plan__Insn *insn = rule->code[i];

		if (insn->source && insn->source->pattern && insn->source->pattern->has_slot)
			return true;
		for (size_t j = 0; j < insn->n_goals; j++)
			if (insn->goals[j]->name && insn->goals[j]->name->has_slot)
				return true;
	}
	return false;
}

static const Ck__Plan__Span *span_of(const struct ck_ledger *ledger, size_t rule)
{
	const Ck__Plan__Debug *debug = ck_plan_part_of_rule(ledger->plan, &rule)->message->debug;

	return debug && rule < debug->n_rules ? debug->rules[rule]->statement : NULL;
}

/* As they are written: by part, by file, then by place. */
static int compare_places(const void *a, const void *b, void *context)
{
	const struct ck_ledger *ledger = context;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	const Ck__Plan__Span *p = span_of(ledger, x), *q = span_of(ledger, y);

	if (ledger->rules[x].part != ledger->rules[y].part)
		return x < y ? -1 : 1;
	if (p && q && p->file != q->file)
		return p->file < q->file ? -1 : 1;
	if (p && q && p->begin != q->begin)
		return p->begin < q->begin ? -1 : 1;
	return x < y ? -1 : x > y;
}

static bool order_rules(struct ck_ledger *ledger)
{
	const Ck__Plan__Bound *bound = ledger->bound;
	struct ck_line_cursor cursor = { 0 };
	size_t n = ledger->n_rules;
	uint32_t *numbers = ck_arena_array(ledger->arena, n + 1, sizeof(*numbers));

	ledger->inexact = ck_arena_array(ledger->arena, bound->n_inexact_rules + 1, sizeof(*ledger->inexact));
	if (!numbers || !ledger->inexact)
		return false;
	for (size_t i = 0; i < n; i++)
		numbers[i] = (uint32_t)i;
	qsort_r(numbers, n, sizeof(*numbers), compare_places, ledger);
	for (size_t i = 0; i < n; i++) {
		struct ck_ledger_rule *rule = &ledger->rules[numbers[i]];
		const Ck__Plan__Span *span = span_of(ledger, numbers[i]);

		if (i && rule->part != ledger->rules[numbers[i - 1]].part)
			cursor = (struct ck_line_cursor){ 0 };
		rule->order = i;
		if (span)
			rule->line = ck_disasm_line(rule->part, span, &cursor, &rule->file);
	}
	for (size_t i = 0; i < bound->n_inexact_rules; i++)
		ledger->inexact[i] = bound->inexact_rules[i];
	qsort_r(ledger->inexact, bound->n_inexact_rules, sizeof(*ledger->inexact), compare_places, ledger);
	return true;
}

static bool read_rules(struct ck_ledger *ledger)
{
	ledger->n_rules = ck_plan_n_rules(ledger->plan);
	ledger->rules = ck_arena_array(ledger->arena, ledger->n_rules + 1, sizeof(*ledger->rules));
	for (size_t i = 0; ledger->rules && i < ledger->n_rules; i++) {
		struct ck_ledger_rule *rule = &ledger->rules[i];
		size_t number = i;

		rule->part = ck_plan_part_of_rule(ledger->plan, &number);
		rule->message = rule->part->message->code->rules[number];
		rule->kind = ck_disasm_rule_kind(rule->message->kind);
		rule->is_about_slots = is_about_slots(rule->message);
	}
	return ledger->rules && order_rules(ledger);
}

/* ---- sources */

/* The name of a slot is its variable's, so its label is another; also of slots that the migration declares. */
static bool is_slot(const struct ck_variable *variable, struct ck_str label)
{
	return !ck_str_equal(variable->name, label);
}

static bool number_variables(struct ck_ledger *ledger)
{
	size_t n_inputs = ledger->inputs->n;

	ledger->source_of = ck_arena_array(ledger->arena, n_inputs + 1, sizeof(*ledger->source_of));
	ledger->first = ck_arena_array(ledger->arena, n_inputs + 1, sizeof(*ledger->first));
	if (!ledger->source_of || !ledger->first)
		return false;
	for (size_t i = 0; i < n_inputs; i++) {
		const struct ck_manifest *manifest = ledger->inputs->manifests[i];
		size_t n = manifest ? manifest->n_variables : 0;

		ledger->first[i + 1] = ledger->first[i] + n;
		ledger->source_of[i] = ck_arena_array(ledger->arena, n + 1, sizeof(**ledger->source_of));
		if (!ledger->source_of[i])
			return false;
		for (size_t j = 0; j < n; j++)
			ledger->source_of[i][j] = SIZE_MAX;
	}
	return true;
}

static bool read_sources(struct ck_ledger *ledger)
{
	ledger->sources = ck_arena_array(ledger->arena, ledger->bound->n_uses + 1, sizeof(*ledger->sources));
	if (!ledger->sources)
		return false;
	for (size_t i = 0; i < ledger->bound->n_uses; i++) {
		const Ck__Plan__Use *use = ledger->bound->uses[i];
		const struct ck_manifest *manifest = ck_ledger_manifest(ledger, use->input);
		struct ck_ledger_source *source = &ledger->sources[ledger->n_sources];
		size_t at;

		if (!manifest || !ck_map_get(&manifest->by_key, ck_str_of(use->key), &at) || manifest->variables[at].kind == CK_GRAPH)
			continue;
		*source = (struct ck_ledger_source){ .use = use, .variable = &manifest->variables[at] };
		source->is_slot = is_slot(source->variable, ck_str_of(use->label));
		ledger->source_of[use->input][at] = ledger->n_sources++;
	}
	return true;
}

/* ---- targets */

struct reading {
	struct ck_ledger *ledger;
	size_t *seen;			/* [variables of all inputs] 1 + the target that was last seen to read it */
	enum ck_dtype *dtypes;		/* [registers of a target] */
};

static bool add_load(struct reading *reading, size_t number, const Ck__Plan__Insn *insn)
{
	struct ck_ledger *ledger = reading->ledger;
	struct ck_ledger_target *target = &ledger->targets[number];
	const struct ck_manifest *manifest = ck_ledger_manifest(ledger, insn->input);
	struct ck_ledger_load *load = &target->loads[target->n_loads];
	size_t *seen, variable = (size_t)insn->variable;

	/* A plan that says what its inputs do not have is told by ck_run(). */
	if (!manifest || variable >= manifest->n_variables)
		return true;
	seen = &reading->seen[ledger->first[insn->input] + variable];
	if (*seen == number + 1)
		return true;
	*seen = number + 1;
	*load = (struct ck_ledger_load){ .input = insn->input, .variable = &manifest->variables[variable],
					 .source = ledger->source_of[insn->input][variable] };
	if (load->source != SIZE_MAX)
		load->label = ck_str_of(ledger->sources[load->source].use->label);
	else
		load->label = ck_variable_label(manifest, load->variable, ledger->arena);
	if (!load->label.p)
		return false;
	load->is_slot = is_slot(load->variable, load->label);
	target->n_sources += load->source != SIZE_MAX;
	target->n_loads++;
	return true;
}

/* Dtypes as they go through the registers; whether a cast on the way narrows. */
static void find_casts(struct reading *reading, struct ck_ledger_target *target)
{
	for (size_t i = 0; i < target->message->n_code; i++) {
		const Ck__Plan__Insn *insn = target->message->code[i];
		enum ck_dtype dtype = insn->type ? (enum ck_dtype)insn->type->dtype : CK_DT_NONE;

		if (insn->n_src)
			dtype = reading->dtypes[insn->src[0]];
		if ((insn->op == CK_OP_CAST || insn->op == CK_OP_BITCAST) && insn->n_args) {
			enum ck_dtype to = (enum ck_dtype)insn->args[0]->index;

			target->casts = target->casts || insn->op == CK_OP_CAST;
			target->narrows = target->narrows || (insn->op == CK_OP_CAST && !ck_cast_widens(dtype, to));
			dtype = to;
		}
		reading->dtypes[insn->dst] = dtype;
	}
}

/* The template knows its own slots, also those that nothing is read for. */
static bool is_template_slot(const struct ck_ledger *ledger, const Ck__Plan__Target *target)
{
	const struct ck_manifest *template = ck_ledger_manifest(ledger, CK_INPUT_TEMPLATE);
	size_t at;

	return template && ck_map_get(&template->by_key, ck_str_of(target->key), &at) &&
	       template->variables[at].convention != CK_CONVENTION_NONE;
}

static void judge(struct ck_ledger *ledger, struct ck_ledger_target *target)
{
	const Ck__Plan__Target *message = target->message;

	target->fate = !target->n_sources ? CK_FATE_NEW : message->kept ? CK_FATE_KEPT : CK_FATE_MAPPED;
	target->is_carried = message->n_code == 1 && target->n_loads == 1;
	target->is_linked = message->shard < ledger->bound->n_links;
	target->is_copied = target->n_loads && (message->unchanged || !ck_dtype_width((enum ck_dtype)message->dtype));
	target->is_slot = is_template_slot(ledger, message);
	for (size_t i = 0; i < target->n_loads && !target->is_slot; i++)
		target->is_slot = target->loads[i].is_slot;
	if (message->rule && ledger->rules[message->rule - 1].is_about_slots)
		target->is_slot = false;
}

static bool read_target(struct reading *reading, size_t number)
{
	struct ck_ledger *ledger = reading->ledger;
	struct ck_ledger_target *target = &ledger->targets[number];
	const Ck__Plan__Target *message = ledger->bound->targets[number];
	size_t n_loads = 0;

	target->message = message;
	target->is_graph = ck_str_equal(ck_str_of(message->key), CK_STR(CK_GRAPH_KEY));
	for (size_t i = 0; i < message->n_code; i++)
		n_loads += message->code[i]->op == CK_OP_LOAD;
	target->loads = ck_arena_array(ledger->arena, n_loads + 1, sizeof(*target->loads));
	if (!target->loads)
		return false;
	for (size_t i = 0; i < message->n_code; i++)
		if (message->code[i]->op == CK_OP_LOAD && !add_load(reading, number, message->code[i]))
			return false;
	find_casts(reading, target);
	judge(ledger, target);
	return true;
}

static bool read_targets(struct ck_ledger *ledger)
{
	struct reading reading = { .ledger = ledger };
	uint32_t n_registers = 0;

	ledger->n_targets = ledger->bound->n_targets;
	for (size_t i = 0; i < ledger->n_targets; i++)
		if (ledger->bound->targets[i]->n_registers > n_registers)
			n_registers = ledger->bound->targets[i]->n_registers;
	ledger->targets = ck_arena_array(ledger->arena, ledger->n_targets + 1, sizeof(*ledger->targets));
	reading.seen = ck_arena_array(ledger->arena, ledger->first[ledger->inputs->n] + 1, sizeof(*reading.seen));
	reading.dtypes = ck_arena_array(ledger->arena, (size_t)n_registers + 1, sizeof(*reading.dtypes));
	if (!ledger->targets || !reading.seen || !reading.dtypes)
		return false;
	for (size_t i = 0; i < ledger->n_targets; i++)
		if (!read_target(&reading, i))
			return false;
	return true;
}

/* Tells each source which targets read it. */
static bool link_sources(struct ck_ledger *ledger)
{
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < ledger->n_targets; i++)
			for (size_t j = 0; j < ledger->targets[i].n_loads; j++) {
				const struct ck_ledger_target *target = &ledger->targets[i];
				struct ck_ledger_source *source;

				if (target->loads[j].source == SIZE_MAX)
					continue;
				source = &ledger->sources[target->loads[j].source];
				source->is_rewritten = source->is_rewritten || !target->message->unchanged;
				if (pass)
					source->targets[source->n_targets] = i;
				source->n_targets++;
			}
		for (size_t i = 0; !pass && i < ledger->n_sources; i++) {
			ledger->sources[i].targets = ck_arena_array(ledger->arena, ledger->sources[i].n_targets + 1, sizeof(size_t));
			if (!ledger->sources[i].targets)
				return false;
			ledger->sources[i].n_targets = 0;
		}
	}
	return true;
}

/* ---- totals */

static void count_sources(struct ck_ledger *ledger)
{
	struct ck_totals *totals = &ledger->totals;

	for (size_t i = 0; i < ledger->n_sources; i++) {
		const struct ck_ledger_source *source = &ledger->sources[i];

		totals->n_used += source->use->what == CK_USE_MAPPED;
		totals->n_kept += source->use->what == CK_USE_KEPT;
		totals->n_dropped += source->use->what == CK_USE_DROPPED;
		totals->n_rewritten_from += source->is_rewritten;
		if (source->use->what == CK_USE_DROPPED)
			totals->dropped += source->variable->place.n_bytes;
	}
	for (size_t i = 0; i < ledger->inputs->n; i++) {
		const struct ck_manifest *manifest = ledger->inputs->manifests[i];

		if (!manifest || i == CK_INPUT_TEMPLATE)
			continue;
		totals->n_sources += ck_manifest_n_variables(manifest);
		totals->in += manifest->n_bytes;
	}
	totals->n_unaccounted = totals->n_sources - ledger->n_sources;
}

static void count_targets(struct ck_ledger *ledger)
{
	struct ck_totals *totals = &ledger->totals;

	for (size_t i = 0; i < ledger->n_targets; i++) {
		const struct ck_ledger_target *target = &ledger->targets[i];

		if (target->is_graph) {
			ledger->n_graph_bytes = target->message->n_bytes;
			continue;
		}
		totals->n_targets++;
		totals->n_mapped += target->fate == CK_FATE_MAPPED;
		totals->n_kept_targets += target->fate == CK_FATE_KEPT;
		totals->n_new += target->fate == CK_FATE_NEW;
		totals->n_zero_slots += !target->message->rule;
		totals->n_unchanged += target->fate != CK_FATE_NEW && target->message->unchanged;
		totals->n_rewritten += target->fate != CK_FATE_NEW && !target->message->unchanged;
		totals->out += target->message->n_bytes;
		if (target->fate == CK_FATE_NEW)
			totals->new += target->message->n_bytes;
	}
	/* Sizes are far below 2^63, so the differences are what they seem. */
	totals->changed = (int64_t)(totals->in - totals->out - totals->dropped);
	totals->resized = (int64_t)(totals->in - totals->out - totals->dropped + totals->new);
}

bool ck_ledger_init(struct ck_ledger *ledger, const struct ck_plan *bound, const struct ck_inputs *inputs)
{
	*ledger = (struct ck_ledger){ .plan = bound, .bound = bound->message->bound, .inputs = inputs, .arena = ck_arena_new(CK_PLAN_LIMIT) };
	if (!ledger->arena || !read_rules(ledger) || !number_variables(ledger) || !read_sources(ledger) || !read_targets(ledger) ||
	    !link_sources(ledger))
		return false;
	count_sources(ledger);
	count_targets(ledger);
	return true;
}

bool ck_ledger_of_part(struct ck_ledger *ledger, const struct ck_ledger *whole, size_t part)
{
	const struct ck_plan *plan = ck_plan_part(whole->plan, part);
	struct ck_inputs *inputs = ck_arena_alloc(whole->arena, sizeof(*inputs));

	*ledger = (struct ck_ledger){ 0 };
	if (!inputs)
		return false;
	*inputs = ck_part_inputs(whole->plan, part, whole->inputs, whole->arena);
	return inputs->manifests && ck_ledger_init(ledger, plan, inputs);
}

void ck_ledger_clear(struct ck_ledger *ledger)
{
	ck_arena_free(ledger->arena);
}
