/* The listing of a plan: one instruction a line. The same plan gives the same text; golden tests keep it. */
#include "vm/disasm.h"

#include "vm/series.h"

/* ---- shared with the JSON */

const char *ck_disasm_mnemonic(uint32_t op)
{
	static const char *const names[] = {
#define CK_OP(wire, NAME, name, arity, slots, state, parameters, inverse, doc) [wire] = #NAME,
#include "vm/op.def"
#undef CK_OP
	};

	return op < CK_COUNT(names) && names[op] ? names[op] : "?";
}

static const char *word_of(const char *const *words, size_t n, uint32_t i)
{
	return i < n && words[i] ? words[i] : "?";
}

const char *ck_disasm_rule_kind(uint32_t kind)
{
	static const char *const words[] = { [CK_RULE_MAP] = "map", [CK_RULE_KEEP] = "keep", [CK_RULE_DROP] = "drop", [CK_RULE_NEW] = "new" };

	return word_of(words, CK_COUNT(words), kind);
}

const char *ck_disasm_exactness(uint32_t exactness)
{
	static const char *const words[] = { [CK_EXACT] = "exact", [CK_LOSSY] = "lossy", [CK_ONE_WAY] = "one-way" };

	return word_of(words, CK_COUNT(words), exactness);
}

const char *ck_disasm_use(uint32_t what)
{
	static const char *const words[] = { [CK_USE_MAPPED] = "mapped", [CK_USE_KEPT] = "kept", [CK_USE_DROPPED] = "dropped" };

	return word_of(words, CK_COUNT(words), what);
}

void ck_disasm_source(struct ck_buf *out, const struct ck_frame *frame, const Ck__Plan__Source *source)
{
	ck_buf_name(out, ck_plan_input_name(frame->plan, source->input));
	ck_buf_char(out, ':');
	if (source->rest)
		ck_buf_str(out, source->pattern ? CK_STR("rest:") : CK_STR("rest"));
	if (source->pattern)
		ck_buf_pattern(out, source->pattern, frame->words.locals, frame->words.n_locals, true);
}

/* start:stop:step, without what is left out. */
static void buf_index(struct ck_buf *out, const struct ck_frame *frame, const Ck__Plan__Expr *item)
{
	if (item->kind != CK_EXPR_LIST) {
		ck_buf_expr(out, item, &frame->words);
		return;
	}
	for (size_t i = 0; i < item->n_args; i++) {
		bool given = item->args[i]->kind != CK_EXPR_NONE;

		if (i == 1 || (i == 2 && given))
			ck_buf_char(out, ':');
		if (given)
			ck_buf_expr(out, item->args[i], &frame->words);
	}
}

/* `transpose`, `rearrange("a b -> b a")`: nothing was written there. The empty list of `reshape()` is a shape. */
static bool is_left_out(const struct ck_param *param, const Ck__Plan__Expr *arg)
{
	bool may_be_empty = param->rest_keywords || ck_str_equal(param->name, CK_STR("axes"));

	return arg->kind == CK_EXPR_NONE || (arg->kind == CK_EXPR_LIST && arg->n_args == 0 && may_be_empty);
}

void ck_disasm_arg(struct ck_buf *out, const struct ck_frame *frame, const struct ck_param *param, const Ck__Plan__Expr *arg)
{
	struct ck_buf text = { 0 };

	if (is_left_out(param, arg))
		return;
	if (ck_str_equal(param->name, CK_STR("indexes"))) {
		ck_buf_char(&text, '[');
		for (size_t i = 0; i < arg->n_args; i++) {
			ck_buf_str(&text, i ? CK_STR(", ") : CK_STR(""));
			buf_index(&text, frame, arg->args[i]);
		}
		ck_buf_char(&text, ']');
	} else {
		ck_buf_expr(&text, arg, &frame->words);
	}
	out->failed = out->failed || text.failed;
	if (!param->default_text.n || !ck_str_equal(ck_buf_view(&text), param->default_text))
		ck_buf_str(out, ck_buf_view(&text));
	ck_buf_clear(&text);
}

void ck_disasm_goal(struct ck_buf *out, const struct ck_frame *frame, const Ck__Plan__Goal *goal)
{
	if (goal->same)
		ck_buf_str(out, CK_STR("same"));
	else
		ck_buf_template(out, goal->name, &frame->words);
	if (goal->type) {
		ck_buf_str(out, CK_STR(" : "));
		ck_buf_typespec(out, goal->type, &frame->words);
	}
}

size_t ck_disasm_line(const struct ck_plan *plan, const Ck__Plan__Span *span, struct ck_line_cursor *cursor, struct ck_str *ret_file)
{
	const Ck__Plan__Debug *debug = plan->message->debug;
	struct ck_line_cursor none = { 0 };
	struct ck_str text;

	*ret_file = (struct ck_str){ 0 };
	if (!debug || !span || span->file >= debug->n_files)
		return 0;
	*ret_file = ck_str_of(debug->files[span->file]->name);
	text = ck_str_of(debug->files[span->file]->text);
	cursor = cursor ? cursor : &none;
	if (!cursor->line || cursor->file != span->file || cursor->at > span->begin)
		*cursor = (struct ck_line_cursor){ span->file, 0, 1 };
	for (; cursor->at < span->begin && cursor->at < text.n; cursor->at++)
		cursor->line += text.p[cursor->at] == '\n';
	return cursor->line;
}

void ck_disasm_target_type(struct ck_buf *out, const Ck__Plan__Target *target)
{
	ck_buf_printf(out, "%s[", ck_dtype_name((enum ck_dtype)target->dtype));
	for (size_t i = 0; i < target->n_dims; i++)
		ck_buf_printf(out, "%s%llu", i ? ", " : "", (unsigned long long)target->dims[i]);
	ck_buf_char(out, ']');
}

/* ---- one instruction */

static void list_args(struct ck_buf *out, const struct ck_frame *frame, const Ck__Plan__Insn *insn, const struct ck_op_info *op)
{
	for (size_t i = 0; i < insn->n_args && i < op->n_params; i++) {
		struct ck_buf value = { 0 };

		ck_disasm_arg(&value, frame, &op->params[i], insn->args[i]);
		if (value.n)
			ck_buf_printf(out, "  %.*s=%.*s", CK_STR_ARG(op->params[i].name), (int)value.n, value.p);
		out->failed = out->failed || value.failed;
		ck_buf_clear(&value);
	}
}

static void list_goals(struct ck_buf *out, const struct ck_frame *frame, const Ck__Plan__Insn *insn)
{
	for (size_t i = 0; i < insn->n_goals; i++) {
		ck_buf_str(out, i ? CK_STR(", ") : CK_STR(" -> "));
		ck_disasm_goal(out, frame, insn->goals[i]);
	}
}

/* STORE and DROP end a rule: nothing reads their register. */
static bool has_result(const Ck__Plan__Insn *insn)
{
	return insn->op != CK_OP_STORE && insn->op != CK_OP_DROP;
}

static void list_insn(struct ck_buf *out, const struct ck_frame *frame, const Ck__Plan__Insn *insn)
{
	const struct ck_op_info *op = ck_op_info(insn->op);

	ck_buf_printf(out, "    %-10s", ck_disasm_mnemonic(insn->op));
	if (has_result(insn))
		ck_buf_printf(out, " r%u <-", insn->dst);
	for (size_t i = 0; i < insn->n_src; i++)
		ck_buf_printf(out, " r%u", insn->src[i]);
	if (insn->op == CK_OP_LOAD) {
		ck_buf_char(out, ' ');
		ck_buf_name(out, ck_plan_input_name(frame->plan, insn->input));
		ck_buf_printf(out, " %llu", (unsigned long long)insn->variable);
	}
	if (insn->source) {
		ck_buf_char(out, ' ');
		ck_disasm_source(out, frame, insn->source);
	}
	if (op)
		list_args(out, frame, insn, op);
	list_goals(out, frame, insn);
	if (insn->type) {
		ck_buf_str(out, CK_STR("  : "));
		ck_buf_typespec(out, insn->type, &frame->words);
	}
	if (insn->where) {
		ck_buf_str(out, CK_STR("  where "));
		ck_buf_expr(out, insn->where, &frame->words);
	}
	if (insn->made_for.len) {
		ck_buf_str(out, CK_STR("  for \""));
		ck_buf_name(out, ck_str_of(insn->made_for));
		ck_buf_char(out, '"');
	}
	ck_buf_char(out, '\n');
}

static void list_code(struct ck_buf *out, const struct ck_frame *frame, Ck__Plan__Insn *const *code, size_t n_code)
{
	for (size_t i = 0; i < n_code; i++)
		list_insn(out, frame, code[i]);
}

/* ---- sections */

static void list_text(struct ck_buf *out, const char *what, struct ck_str text)
{
	ck_buf_printf(out, "%-9s \"", what);
	ck_buf_name(out, text);
	ck_buf_str(out, CK_STR("\"\n"));
}

static void list_place(struct ck_buf *out, const struct ck_plan *plan, const Ck__Plan__RuleSpans *spans)
{
	struct ck_str file;
	size_t line = spans ? ck_disasm_line(plan, spans->statement, NULL, &file) : 0;

	if (line) {
		ck_buf_str(out, CK_STR("  ; "));
		ck_buf_name(out, file);
		ck_buf_printf(out, ":%zu", line);
	}
	ck_buf_char(out, '\n');
}

static void list_slots(struct ck_buf *out, const Ck__Plan__Code *code)
{
	if (code->slots_drop) {
		ck_buf_printf(out, "%-9s drop\n", "slots");
		list_text(out, "because", ck_str_of(code->slots_because));
	} else if (code->slots_as) {
		ck_buf_printf(out, "%-9s follow as %s\n", "slots", ck_convention_name((enum ck_convention)code->slots_as));
	}
	for (size_t i = 0; i < code->n_slots; i++) {
		ck_buf_printf(out, "%-9s ", "slot");
		ck_buf_name(out, ck_str_of(code->slots[i]->name));
		ck_buf_str(out, CK_STR(" = \""));
		ck_buf_name(out, ck_str_of(code->slots[i]->before));
		ck_buf_str(out, CK_STR("{x:**}"));
		ck_buf_name(out, ck_str_of(code->slots[i]->after));
		ck_buf_str(out, CK_STR("\"\n"));
	}
}

static void list_files(struct ck_buf *out, const Ck__Plan__Code *code)
{
	for (size_t i = 0; i < code->n_files; i++) {
		char hex[2 * CK_SHA256 + 1];

		ck_hex(code->files[i]->sha256.data, hex);
		ck_buf_printf(out, "%-9s \"", "file");
		ck_buf_name(out, ck_str_of(code->files[i]->name));
		ck_buf_printf(out, "\" %s\n", hex);
	}
}

static void list_header(struct ck_buf *out, const struct ck_plan *plan)
{
	static const char *const kinds[] = { [CK_TARGET_NAMES] = "names", [CK_TARGET_OBJECTS] = "objects" };
	const Ck__Plan__Code *code = plan->message->code;
	char hex[2 * CK_SHA256 + 1];

	ck_hex(plan->digest, hex);
	list_text(out, "migration", ck_plan_id(plan));
	ck_buf_printf(out, "%-9s %s\n", "digest", hex);
	for (size_t i = 0; i < code->n_after; i++)
		list_text(out, "after", ck_str_of(code->after[i]));
	if (code->summary.len)
		list_text(out, "summary", ck_str_of(code->summary));
	for (size_t i = 0; i < code->n_inputs; i++)
		list_text(out, "input", ck_str_of(code->inputs[i]));
	for (size_t i = 0; i < code->n_params; i++) {
		ck_buf_printf(out, "%-9s ", "param");
		ck_buf_name(out, ck_str_of(code->params[i]->name));
		ck_buf_str(out, CK_STR(" = "));
		ck_buf_expr(out, code->params[i]->value, &(struct ck_words){ 0 });
		ck_buf_char(out, '\n');
	}
	if (code->target_kind < CK_COUNT(kinds) && kinds[code->target_kind])
		ck_buf_printf(out, "%-9s %s\n", "target", kinds[code->target_kind]);
	list_slots(out, code);
	list_files(out, code);
	for (size_t i = 0; i < code->n_aliases; i++) {
		ck_buf_printf(out, "%-9s \"", "alias");
		ck_buf_name(out, ck_str_of(code->aliases[i]->path));
		ck_buf_str(out, CK_STR("\" = \""));
		ck_buf_name(out, ck_str_of(code->aliases[i]->target));
		ck_buf_str(out, CK_STR("\"\n"));
	}
}

/* Numbers are those that Bound counts by: first and on. */
static void list_rules(struct ck_buf *out, const struct ck_plan *plan, size_t first)
{
	const Ck__Plan__Code *code = plan->message->code;
	const Ck__Plan__Debug *debug = plan->message->debug;

	for (size_t i = 0; i < code->n_rules; i++) {
		const Ck__Plan__Rule *rule = code->rules[i];
		struct ck_frame frame = { plan, { code, rule->locals, rule->n_locals } };

		ck_buf_printf(out, "\nrule %zu  %s%s%s", first + i, ck_disasm_rule_kind(rule->kind), rule->also ? " also" : "",
			      rule->optional ? " optional" : "");
		if (rule->because.len) {
			ck_buf_str(out, CK_STR(" because \""));
			ck_buf_name(out, ck_str_of(rule->because));
			ck_buf_char(out, '"');
		}
		list_place(out, plan, debug && i < debug->n_rules ? debug->rules[i] : NULL);
		list_code(out, &frame, rule->code, rule->n_code);
	}
}

static void list_checks(struct ck_buf *out, const struct ck_plan *plan, size_t first)
{
	const Ck__Plan__Code *code = plan->message->code;
	const Ck__Plan__Debug *debug = plan->message->debug;

	for (size_t i = 0; i < code->n_checks; i++) {
		const Ck__Plan__Check *check = code->checks[i];
		struct ck_frame frame = { plan, { code, check->locals, check->n_locals } };

		ck_buf_printf(out, "\ncheck %zu  %s", first + i, check->after_run ? "after the run" : "before the run");
		list_place(out, plan, debug && i < debug->n_checks ? debug->checks[i] : NULL);
		list_code(out, &frame, check->code, check->n_code);
		ck_buf_printf(out, "    %-10s ", "HOLDS");
		ck_buf_expr(out, check->condition, &frame.words);
		ck_buf_char(out, '\n');
	}
}

/* ---- the bound section */

static void list_digest(struct ck_buf *out, struct ck_str digest)
{
	for (size_t i = 0; i < digest.n; i++)
		ck_buf_printf(out, "%02x", (unsigned)(uint8_t)digest.p[i]);
}

static void list_shard(struct ck_buf *out, const struct ck_plan *plan, size_t i)
{
	const Ck__Plan__Bound *bound = plan->message->bound;

	ck_buf_printf(out, "  shard %zu  %llu bytes", i, (unsigned long long)bound->shard_sizes[i]);
	if (i < bound->n_links) {
		ck_buf_str(out, CK_STR(", linked to "));
		ck_buf_name(out, ck_plan_input_name(plan, bound->links[i]->input));
		ck_buf_printf(out, "'s shard %u", bound->links[i]->shard);
	}
	ck_buf_char(out, '\n');
}

static void list_bound_header(struct ck_buf *out, const struct ck_plan *plan)
{
	const Ck__Plan__Bound *bound = plan->message->bound;

	ck_buf_printf(out, "\nbound  %s, reads %llu, writes %llu, copies %llu, links %llu bytes\n", ck_disasm_exactness(bound->exactness),
		      (unsigned long long)bound->read_bytes, (unsigned long long)bound->write_bytes, (unsigned long long)bound->copy_bytes,
		      (unsigned long long)bound->link_bytes);
	for (size_t i = 0; i < bound->n_inputs; i++) {
		const Ck__Plan__BoundInput *input = bound->inputs[i];

		ck_buf_str(out, CK_STR("  input "));
		ck_buf_name(out, ck_plan_input_name(plan, input->input));
		ck_buf_str(out, CK_STR(" \""));
		ck_buf_name(out, ck_str_of(input->path));
		ck_buf_printf(out, "\"  %llu variables, %llu bytes, index ", (unsigned long long)input->n_variables,
			      (unsigned long long)input->n_bytes);
		list_digest(out, ck_str_of(input->digest));
		ck_buf_char(out, '\n');
	}
	for (size_t i = 0; i < bound->n_params; i++) {
		ck_buf_str(out, CK_STR("  param "));
		ck_buf_name(out, ck_str_of(bound->params[i]->name));
		ck_buf_str(out, CK_STR(" = "));
		ck_buf_expr(out, bound->params[i]->value, &(struct ck_words){ 0 });
		ck_buf_char(out, '\n');
	}
	for (size_t i = 0; i < bound->n_shard_sizes; i++)
		list_shard(out, plan, i);
	if (bound->graph.len)
		ck_buf_printf(out, "  graph  %zu bytes\n", bound->graph.len);
	for (size_t i = 0; i < bound->n_notices; i++) {
		ck_buf_str(out, CK_STR("  notice  "));
		ck_buf_name(out, ck_str_of(bound->notices[i]->text));
		ck_buf_char(out, '\n');
	}
}

static void list_target(struct ck_buf *out, const struct ck_plan *plan, const Ck__Plan__Target *target)
{
	struct ck_frame frame = { .plan = plan };

	ck_buf_str(out, CK_STR("\ntarget \""));
	ck_buf_name(out, ck_str_of(target->label));
	ck_buf_str(out, CK_STR("\"  "));
	ck_disasm_target_type(out, target);
	if (target->rule)
		ck_buf_printf(out, "  rule %u", target->rule - 1);
	ck_buf_printf(out, "%s%s%s\n", target->unchanged ? "  unchanged" : "", target->kept ? "  kept" : "", target->is_new ? "  new" : "");
	if (!ck_str_equal(ck_str_of(target->key), ck_str_of(target->label))) {
		ck_buf_str(out, CK_STR("    key \""));
		ck_buf_name(out, ck_str_of(target->key));
		ck_buf_str(out, CK_STR("\"\n"));
	}
	ck_buf_printf(out, "    shard %u  offset %llu  %llu bytes\n", target->shard, (unsigned long long)target->offset,
		      (unsigned long long)target->n_bytes);
	list_code(out, &frame, target->code, target->n_code);
}

static void list_uses(struct ck_buf *out, const struct ck_plan *plan)
{
	const Ck__Plan__Bound *bound = plan->message->bound;

	ck_buf_str(out, bound->n_uses ? CK_STR("\nuses\n") : CK_STR(""));
	for (size_t i = 0; i < bound->n_uses; i++) {
		const Ck__Plan__Use *use = bound->uses[i];

		ck_buf_printf(out, "  %-7s ", ck_disasm_use(use->what));
		ck_buf_name(out, ck_plan_input_name(plan, use->input));
		ck_buf_str(out, CK_STR(":\""));
		ck_buf_name(out, ck_str_of(use->label));
		ck_buf_str(out, use->n_rules ? CK_STR("\"  rule") : CK_STR("\""));
		for (size_t j = 0; j < use->n_rules; j++)
			ck_buf_printf(out, " %u", use->rules[j]);
		ck_buf_char(out, '\n');
	}
}

static void list_call(struct ck_buf *out, const struct ck_plan *plan, const Ck__Plan__BoundCall *call, const struct ck_function_info *function)
{
	struct ck_frame frame = { .plan = plan };

	ck_buf_printf(out, "  %s", function->name);
	if (!call->n_values && !call->n_known) {
		ck_buf_str(out, CK_STR("  "));
		ck_buf_name(out, ck_plan_input_name(plan, call->input));
	}
	for (size_t i = 0; i < call->n_variables; i++)
		ck_buf_printf(out, " %llu", (unsigned long long)call->variables[i]);
	for (size_t i = 0; i < call->n_known; i++) {
		ck_buf_str(out, call->known[i]->kind == CK_EXPR_NONE ? CK_STR(" ?") : CK_STR(" "));
		if (call->known[i]->kind != CK_EXPR_NONE)
			ck_buf_expr(out, call->known[i], &frame.words);
	}
	ck_buf_char(out, '\n');
	for (size_t i = 0; i < call->n_values; i++) {
		ck_buf_printf(out, "   value %zu\n", i);
		list_code(out, &frame, call->values[i]->code, call->values[i]->n_code);
	}
}

/* The functions of a condition stand in the order of their places. */
static void list_calls(struct ck_buf *out, const struct ck_plan *plan, const Ck__Plan__Expr *expr, const Ck__Plan__BoundCheck *check, size_t *n_calls)
{
	if (expr->kind == CK_EXPR_CALL)
		list_call(out, plan, check->calls[(*n_calls)++], ck_function_info(expr->index));
	for (size_t i = 0; expr->kind != CK_EXPR_CALL && i < expr->n_args; i++)
		list_calls(out, plan, expr->args[i], check, n_calls);
}

static void list_bound_checks(struct ck_buf *out, const struct ck_plan *plan)
{
	const Ck__Plan__Bound *bound = plan->message->bound;

	for (size_t i = 0; i < bound->n_checks; i++) {
		size_t n_calls = 0, number = i;
		const struct ck_plan *part = ck_plan_part_of_check(plan, &number);

		ck_buf_printf(out, "\nbound check %zu\n", i);
		list_calls(out, plan, part->message->code->checks[number]->condition, bound->checks[i], &n_calls);
	}
}

static void list_migration(struct ck_buf *out, const struct ck_plan *plan, size_t first_rule, size_t first_check)
{
	list_header(out, plan);
	list_rules(out, plan, first_rule);
	list_checks(out, plan, first_check);
}

static void list_series(struct ck_buf *out, const struct ck_plan *plan)
{
	size_t first_rule = 0, first_check = 0;
	char hex[2 * CK_SHA256 + 1];

	ck_hex(plan->digest, hex);
	list_text(out, "series", ck_plan_id(plan));
	ck_buf_printf(out, "%-9s %s\n", "digest", hex);
	for (size_t i = 0; i < ck_plan_n_parts(plan); i++) {
		const struct ck_plan *part = ck_plan_part(plan, i);

		ck_buf_char(out, '\n');
		list_migration(out, part, first_rule, first_check);
		first_rule += part->message->code->n_rules;
		first_check += part->message->code->n_checks;
	}
}

void ck_plan_disasm(const struct ck_plan *plan, struct ck_buf *out)
{
	const Ck__Plan__Bound *bound = plan->message->bound;

	if (plan->series)
		list_series(out, plan);
	else
		list_migration(out, plan, 0, 0);
	if (!bound)
		return;
	list_bound_header(out, plan);
	for (size_t i = 0; i < bound->n_targets; i++)
		list_target(out, plan, bound->targets[i]);
	list_uses(out, plan);
	list_bound_checks(out, plan);
}
