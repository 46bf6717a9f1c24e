/* What the dry run and the report say in words: operators, statements, sizes, totals. */
#include "vm/report_internal.h"

#include <inttypes.h>

#include "vm/series.h"

/* ---- operators */

/* What everybody knows by its place, such as the dtype of a cast, needs no name. */
static bool stands_bare(const struct ck_op_info *op, size_t i)
{
	const struct ck_param *param = &op->params[i];

	if (param->rest_positional || param->rest_keywords)
		return true;
	return i == 0 && !param->keyword_only && (param->kind != CK_PARAM_INT || op->arity == CK_ARITY_PICK);
}

/* A list of all other arguments stands without its brackets. */
static struct ck_str without_brackets(struct ck_str text)
{
	bool has = text.n >= 2 && text.p[0] == '[' && text.p[text.n - 1] == ']';

	return has ? ck_str_slice(text, 1, text.n - 1) : text;
}

static void buf_arguments(struct ck_buf *out, const struct ck_plan *plan, const Ck__Plan__Insn *insn, const struct ck_op_info *op)
{
	struct ck_frame frame = { .plan = plan };
	size_t before = out->n;

	for (size_t i = 0; i < insn->n_args && i < op->n_params; i++) {
		const struct ck_param *param = &op->params[i];
		struct ck_buf value = { 0 };
		struct ck_str text;

		ck_disasm_arg(&value, &frame, param, insn->args[i]);
		text = ck_buf_view(&value);
		if (param->rest_positional || param->rest_keywords)
			text = without_brackets(text);
		if (text.n) {
			ck_buf_str(out, out->n == before ? CK_STR("(") : CK_STR(", "));
			if (!stands_bare(op, i))
				ck_buf_printf(out, "%.*s=", CK_STR_ARG(param->name));
			ck_buf_str(out, text);
		}
		out->failed = out->failed || value.failed;
		ck_buf_clear(&value);
	}
	if (out->n > before)
		ck_buf_char(out, ')');
}

void ck_buf_operator(struct ck_buf *out, const struct ck_plan *plan, const Ck__Plan__Insn *insn)
{
	struct ck_frame frame = { .plan = plan };
	const struct ck_op_info *op = ck_op_info(insn->op);

	if (insn->op == CK_OP_INDEX || insn->op == CK_OP_FILL) {
		ck_disasm_arg(out, &frame, &op->params[0], insn->args[0]);
		return;
	}
	ck_buf_str(out, ck_str(op->name));
	buf_arguments(out, plan, insn, op);
}

/* How many operators stand between an instruction and what is stored. */
static uint32_t depth_of(const Ck__Plan__Insn *insn, const uint32_t *depths)
{
	uint32_t depth = 0;

	for (size_t i = 0; i < insn->n_src; i++)
		if (depths[insn->src[i]] > depth)
			depth = depths[insn->src[i]];
	return depth + (insn->n_src && ck_op_info(insn->op)->arity != CK_ARITY_MACHINE);
}

/* What an instruction is called in a list of operators; nothing for those that only move values about. */
static void buf_listed(struct ck_buf *out, const struct ck_plan *plan, const Ck__Plan__Insn *insn, bool briefly)
{
	const struct ck_op_info *op = ck_op_info(insn->op);
	bool is_fill = insn->op == CK_OP_FILL && insn->n_args;

	if (briefly && op->arity != CK_ARITY_MACHINE)
		ck_buf_str(out, ck_str(op->name));
	else if (!briefly && (op->arity != CK_ARITY_MACHINE || is_fill))
		ck_buf_operator(out, plan, insn);
}

/* In the arena of seen. */
static bool add_operator(struct ck_map *seen, struct ck_str text, uint32_t depth, struct ck_operators *list)
{
	struct ck_str key = ck_str_format(seen->arena, "%u %.*s", depth, CK_STR_ARG(text));
	size_t before;

	if (key.p && ck_map_get(seen, key, &before))
		return true;
	if (!key.p || !ck_map_put(seen, key, list->n) ||
	    !ck_arena_grow(seen->arena, (void **)&list->items, list->n, &list->capacity, sizeof(*list->items)))
		return false;
	list->items[list->n++] = ck_str_slice(key, ck_str_find(key, ' ') + 1, key.n);
	return true;
}

bool ck_operators_list(const struct ck_ledger *ledger, Ck__Plan__Insn *const *code, size_t n_code, uint32_t n_registers, bool briefly,
		       struct ck_arena *arena, struct ck_operators *ret_list)
{
	uint32_t *depths = ck_arena_array(arena, (size_t)n_registers + 1, sizeof(*depths));
	struct ck_map seen;
	bool good = depths != NULL;

	ck_map_init(&seen, arena);
	*ret_list = (struct ck_operators){ 0 };
	for (size_t i = 0; good && i < n_code; i++) {
		struct ck_buf text = { 0 };
		uint32_t depth = depth_of(code[i], depths);

		if (code[i]->dst < n_registers)
			depths[code[i]->dst] = depth;
		buf_listed(&text, ledger->plan, code[i], briefly);
		good = !text.failed && (!text.n || add_operator(&seen, ck_buf_view(&text), depth, ret_list));
		ck_buf_clear(&text);
	}
	return good;
}

/* ---- statements */

/* Operators whose inverse depends on their arguments: a cast that widens has one, a take that permutes. */
static bool may_lose(const struct ck_op_info *op)
{
	return op->op == CK_OP_CAST || op->op == CK_OP_TAKE;
}

const char *ck_inexact_reason(const Ck__Plan__Rule *rule)
{
	const char *maybe = NULL;

	for (size_t i = 0; rule->kind == CK_RULE_MAP && i < rule->n_code; i++) {
		const struct ck_op_info *op = ck_op_info(rule->code[i]->op);

		if (op->arity != CK_ARITY_MACHINE && !op->inverse[0])
			return op->name;
		if (may_lose(op) && !maybe)
			maybe = op->name;
	}
	return maybe ? maybe : ck_disasm_rule_kind(rule->kind);
}

void ck_buf_place(struct ck_buf *out, const struct ck_ledger *ledger, uint32_t rule)
{
	const struct ck_ledger_rule *place = &ledger->rules[rule];

	if (!place->line) {
		ck_buf_printf(out, "statement %u", rule + 1);
	} else if (ledger->plan->series) {
		ck_buf_name(out, place->file);
		ck_buf_printf(out, ":%zu", place->line);
	} else {
		ck_buf_printf(out, "line %zu", place->line);
	}
}

/* By `slots drop`, which is no rule. */
static bool drops_slots(const struct ck_ledger *ledger)
{
	for (size_t i = 0; i < ledger->n_sources; i++)
		if (ledger->sources[i].use->what == CK_USE_DROPPED && !ledger->sources[i].use->n_rules)
			return true;
	return false;
}

void ck_buf_exactness(struct ck_buf *out, const struct ck_ledger *ledger)
{
	enum { SHOWN = 4 };
	const Ck__Plan__Bound *bound = ledger->bound;

	ck_buf_str(out, ck_str(ck_disasm_exactness(bound->exactness)));
	if (bound->exactness == CK_EXACT)
		return;
	for (size_t i = 0; i < bound->n_inexact_rules && i < SHOWN; i++) {
		ck_buf_printf(out, "%s%s at ", i ? ", " : ": ", ck_inexact_reason(ledger->rules[ledger->inexact[i]].message));
		ck_buf_place(out, ledger, ledger->inexact[i]);
	}
	if (bound->n_inexact_rules > SHOWN)
		ck_buf_printf(out, " and %zu more", bound->n_inexact_rules - SHOWN);
	if (drops_slots(ledger))
		ck_buf_str(out, bound->n_inexact_rules ? CK_STR(", slots are dropped") : CK_STR(": slots are dropped"));
}

void ck_buf_part(struct ck_buf *out, const struct ck_plan *part, size_t number)
{
	const Ck__Plan__Debug *debug = part->message->debug;

	ck_buf_printf(out, "%zu. ", number + 1);
	ck_buf_name(out, debug && debug->n_files ? ck_str_of(debug->files[0]->name) : ck_plan_id(part));
}

static void buf_allows(struct ck_buf *out, const Ck__Plan__Debug *debug, const char *prefix)
{
	for (size_t i = 0; debug && i < debug->n_allows; i++) {
		ck_buf_printf(out, "%s%.*s is allowed: ", prefix, CK_STR_ARG(ck_str_of(debug->allows[i]->code)));
		ck_buf_name(out, ck_str_of(debug->allows[i]->reason));
		ck_buf_char(out, '\n');
	}
}

void ck_buf_notices(struct ck_buf *out, const struct ck_ledger *ledger, const char *prefix, size_t limit)
{
	const Ck__Plan__Bound *bound = ledger->bound;

	for (size_t i = 0; i < bound->n_notices && i < limit; i++) {
		ck_buf_str(out, ck_str(prefix));
		ck_buf_name(out, ck_str_of(bound->notices[i]->text));
		ck_buf_char(out, '\n');
	}
	if (bound->n_notices > limit)
		ck_buf_printf(out, "%sand %zu more like these\n", prefix, bound->n_notices - limit);
	for (size_t i = 0; i < ck_plan_n_parts(ledger->plan); i++)
		buf_allows(out, ck_plan_part(ledger->plan, i)->message->debug, prefix);
}

/* ---- sizes, counts, colours */

const struct ck_size_unit *ck_size_unit(uint64_t largest)
{
	static const struct ck_size_unit units[] = { { "MiB", 1 << 20 }, { "KiB", 1 << 10 }, { "bytes", 1 } };
	size_t i = 0;

	while (largest < units[i].n_bytes && i + 1 < CK_COUNT(units))
		i++;
	return &units[i];
}

void ck_buf_in_unit(struct ck_buf *out, uint64_t n_bytes, const struct ck_size_unit *unit)
{
	if (unit->n_bytes == 1)
		ck_buf_printf(out, "%" PRIu64, n_bytes);
	else
		ck_buf_printf(out, "%.1f", (double)n_bytes / (double)unit->n_bytes);
}

void ck_buf_with_unit(struct ck_buf *out, uint64_t n_bytes, const struct ck_size_unit *unit)
{
	ck_buf_in_unit(out, n_bytes, unit);
	ck_buf_printf(out, " %s", unit->name);
}

void ck_buf_plural(struct ck_buf *out, uint64_t n, const char *what)
{
	ck_buf_printf(out, "%" PRIu64 " %s%s", n, what, n == 1 ? "" : "s");
}

void ck_buf_totals(struct ck_buf *out, const struct ck_ledger *ledger, const struct ck_size_unit *unit)
{
	const struct ck_totals *totals = &ledger->totals;

	ck_buf_printf(out, "%" PRIu64 " -> ", totals->n_sources);
	ck_buf_plural(out, totals->n_targets, "variable");
	ck_buf_str(out, CK_STR(", "));
	ck_buf_in_unit(out, totals->in, unit);
	ck_buf_str(out, CK_STR(" -> "));
	ck_buf_with_unit(out, totals->out, unit);
}

void ck_buf_fates(struct ck_buf *out, const struct ck_ledger *ledger)
{
	const struct ck_totals *totals = &ledger->totals;

	ck_buf_printf(out, "%" PRIu64 " unchanged, ", totals->n_unchanged);
	if (totals->n_rewritten)
		ck_buf_printf(out, "%" PRIu64 " made into %" PRIu64 ", ", totals->n_rewritten_from, totals->n_rewritten);
	ck_buf_printf(out, "%" PRIu64 " new, %" PRIu64 " dropped, %" PRIu64 " unaccounted", totals->n_new, totals->n_dropped,
		      totals->n_unaccounted);
}

void ck_buf_paint(struct ck_buf *out, bool color, enum ck_paint paint, const char *text)
{
	static const char *const codes[] = {
		[CK_PAINT_GREEN] = "\033[32m", [CK_PAINT_RED] = "\033[31m", [CK_PAINT_YELLOW] = "\033[33m", [CK_PAINT_ALARM] = "\033[1;31m",
	};
	bool paints = color && paint != CK_PAINT_NONE;

	ck_buf_printf(out, "%s%s%s", paints ? codes[paint] : "", text, paints ? "\033[0m" : "");
}
