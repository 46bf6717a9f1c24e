/* The listing of a plan for programs. The same plan gives the same text. Numbers of 64 bits are strings: JSON has none. */
#include <jansson.h>

#include "vm/disasm.h"
#include "vm/series.h"

/* Names that are no UTF-8 are escaped, as they are in listings: JSON has no other bytes. */
static json_t *text_of(struct ck_str text)
{
	json_t *value = json_stringn(text.p ? text.p : "", text.n);
	struct ck_buf escaped = { 0 };

	if (value)
		return value;
	ck_buf_name(&escaped, text);
	value = escaped.failed ? NULL : json_stringn(escaped.p, escaped.n);
	ck_buf_clear(&escaped);
	return value;
}

/* What a listing prints; clears the buffer. */
static json_t *take_text(struct ck_buf *buf)
{
	json_t *value = buf->failed ? NULL : text_of(ck_buf_view(buf));

	ck_buf_clear(buf);
	return value;
}

static json_t *big(uint64_t number)
{
	struct ck_buf buf = { 0 };

	ck_buf_printf(&buf, "%llu", (unsigned long long)number);
	return take_text(&buf);
}

static json_t *hex_of(struct ck_str digest)
{
	struct ck_buf buf = { 0 };

	for (size_t i = 0; i < digest.n; i++)
		ck_buf_printf(&buf, "%02x", (unsigned)(uint8_t)digest.p[i]);
	return take_text(&buf);
}

static json_t *integer(size_t number)
{
	return json_integer((json_int_t)number);
}

/* Both take value, which may be NULL where memory was short. */
static void set(json_t *object, const char *key, json_t *value, struct ck_buf *out)
{
	if (json_object_set_new(object, key, value) != 0)
		out->failed = true;
}

static void append(json_t *array, json_t *value, struct ck_buf *out)
{
	if (json_array_append_new(array, value) != 0)
		out->failed = true;
}

static json_t *expr_of(const struct ck_frame *frame, const Ck__Plan__Expr *expr)
{
	struct ck_buf buf = { 0 };

	ck_buf_expr(&buf, expr, &frame->words);
	return take_text(&buf);
}

/* ---- instructions */

static json_t *args_of(const struct ck_frame *frame, const Ck__Plan__Insn *insn, struct ck_buf *out)
{
	const struct ck_op_info *op = ck_op_info(insn->op);
	json_t *args = json_object();

	for (size_t i = 0; op && i < insn->n_args && i < op->n_params; i++) {
		struct ck_buf value = { 0 };
		json_t *text;

		ck_disasm_arg(&value, frame, &op->params[i], insn->args[i]);
		if (!value.n && !value.failed)
			continue;
		text = take_text(&value);
		if (!text || json_object_setn_new(args, op->params[i].name.p, op->params[i].name.n, text) != 0)
			out->failed = true;
	}
	return args;
}

static json_t *goals_of(const struct ck_frame *frame, const Ck__Plan__Insn *insn, struct ck_buf *out)
{
	json_t *goals = json_array();

	for (size_t i = 0; i < insn->n_goals; i++) {
		struct ck_buf goal = { 0 };

		ck_disasm_goal(&goal, frame, insn->goals[i]);
		append(goals, take_text(&goal), out);
	}
	return goals;
}

static json_t *insn_of(const struct ck_frame *frame, const Ck__Plan__Insn *insn, struct ck_buf *out)
{
	json_t *object = json_object(), *sources = json_array();
	struct ck_buf text = { 0 };

	set(object, "op", json_string(ck_disasm_mnemonic(insn->op)), out);
	set(object, "register", integer(insn->dst), out);
	for (size_t i = 0; i < insn->n_src; i++)
		append(sources, integer(insn->src[i]), out);
	set(object, "operands", sources, out);
	if (insn->n_args)
		set(object, "arguments", args_of(frame, insn, out), out);
	if (insn->source) {
		ck_disasm_source(&text, frame, insn->source);
		set(object, "source", take_text(&text), out);
	}
	if (insn->op == CK_OP_LOAD) {
		set(object, "input", text_of(ck_plan_input_name(frame->plan, insn->input)), out);
		set(object, "variable", integer(insn->variable), out);
	}
	if (insn->n_goals)
		set(object, "targets", goals_of(frame, insn, out), out);
	if (insn->type) {
		ck_buf_typespec(&text, insn->type, &frame->words);
		set(object, "type", take_text(&text), out);
	}
	if (insn->where)
		set(object, "where", expr_of(frame, insn->where), out);
	if (insn->made_for.len)
		set(object, "made_for", text_of(ck_str_of(insn->made_for)), out);
	return object;
}

static json_t *code_of(const struct ck_frame *frame, Ck__Plan__Insn *const *code, size_t n_code, struct ck_buf *out)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n_code; i++)
		append(array, insn_of(frame, code[i], out), out);
	return array;
}

/* ---- sections */

static void set_place(json_t *object, const struct ck_plan *plan, const Ck__Plan__RuleSpans *spans, struct ck_buf *out)
{
	struct ck_str file;
	size_t line = spans ? ck_disasm_line(plan, spans->statement, NULL, &file) : 0;

	if (!line)
		return;
	set(object, "file", text_of(file), out);
	set(object, "line", integer(line), out);
}

static json_t *texts_of(const ProtobufCBinaryData *items, size_t n, struct ck_buf *out)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		append(array, text_of(ck_str_of(items[i])), out);
	return array;
}

static json_t *rules_of(const struct ck_plan *plan, struct ck_buf *out)
{
	const Ck__Plan__Code *code = plan->message->code;
	const Ck__Plan__Debug *debug = plan->message->debug;
	json_t *rules = json_array();

	for (size_t i = 0; i < code->n_rules; i++) {
		const Ck__Plan__Rule *rule = code->rules[i];
		struct ck_frame frame = { plan, { code, rule->locals, rule->n_locals } };
		json_t *object = json_object();

		set(object, "kind", json_string(ck_disasm_rule_kind(rule->kind)), out);
		set(object, "also", json_boolean(rule->also), out);
		set(object, "optional", json_boolean(rule->optional), out);
		if (rule->because.len)
			set(object, "because", text_of(ck_str_of(rule->because)), out);
		set_place(object, plan, debug && i < debug->n_rules ? debug->rules[i] : NULL, out);
		set(object, "code", code_of(&frame, rule->code, rule->n_code, out), out);
		append(rules, object, out);
	}
	return rules;
}

static json_t *checks_of(const struct ck_plan *plan, struct ck_buf *out)
{
	const Ck__Plan__Code *code = plan->message->code;
	const Ck__Plan__Debug *debug = plan->message->debug;
	json_t *checks = json_array();

	for (size_t i = 0; i < code->n_checks; i++) {
		const Ck__Plan__Check *check = code->checks[i];
		struct ck_frame frame = { plan, { code, check->locals, check->n_locals } };
		json_t *object = json_object();

		set(object, "after_run", json_boolean(check->after_run), out);
		set_place(object, plan, debug && i < debug->n_checks ? debug->checks[i] : NULL, out);
		set(object, "code", code_of(&frame, check->code, check->n_code, out), out);
		set(object, "condition", expr_of(&frame, check->condition), out);
		append(checks, object, out);
	}
	return checks;
}

static json_t *params_of(const struct ck_plan *plan, struct ck_buf *out)
{
	const Ck__Plan__Code *code = plan->message->code;
	struct ck_frame frame = { .plan = plan };
	json_t *params = json_array();

	for (size_t i = 0; i < code->n_params; i++) {
		json_t *object = json_object();

		set(object, "name", text_of(ck_str_of(code->params[i]->name)), out);
		set(object, "value", expr_of(&frame, code->params[i]->value), out);
		append(params, object, out);
	}
	return params;
}

/* ---- the bound section */

static json_t *input_of(const struct ck_plan *plan, const Ck__Plan__BoundInput *input, struct ck_buf *out)
{
	json_t *object = json_object();

	set(object, "name", text_of(ck_plan_input_name(plan, input->input)), out);
	set(object, "path", text_of(ck_str_of(input->path)), out);
	set(object, "index_sha256", hex_of(ck_str_of(input->digest)), out);
	set(object, "variables", integer(input->n_variables), out);
	set(object, "bytes", big(input->n_bytes), out);
	return object;
}

static json_t *target_of(const struct ck_plan *plan, const Ck__Plan__Target *target, struct ck_buf *out)
{
	struct ck_frame frame = { .plan = plan };
	struct ck_buf type = { 0 };
	json_t *object = json_object();

	ck_disasm_target_type(&type, target);
	set(object, "name", text_of(ck_str_of(target->label)), out);
	set(object, "key", text_of(ck_str_of(target->key)), out);
	set(object, "type", take_text(&type), out);
	set(object, "rule", target->rule ? integer(target->rule - 1) : json_null(), out);
	set(object, "shard", integer(target->shard), out);
	set(object, "offset", big(target->offset), out);
	set(object, "bytes", big(target->n_bytes), out);
	set(object, "unchanged", json_boolean(target->unchanged), out);
	set(object, "kept", json_boolean(target->kept), out);
	set(object, "new", json_boolean(target->is_new), out);
	set(object, "code", code_of(&frame, target->code, target->n_code, out), out);
	return object;
}

static json_t *use_of(const struct ck_plan *plan, const Ck__Plan__Use *use, struct ck_buf *out)
{
	json_t *object = json_object(), *rules = json_array();

	set(object, "input", text_of(ck_plan_input_name(plan, use->input)), out);
	set(object, "name", text_of(ck_str_of(use->label)), out);
	set(object, "key", text_of(ck_str_of(use->key)), out);
	set(object, "what", json_string(ck_disasm_use(use->what)), out);
	for (size_t i = 0; i < use->n_rules; i++)
		append(rules, integer(use->rules[i]), out);
	set(object, "rules", rules, out);
	if (use->because.len)
		set(object, "because", text_of(ck_str_of(use->because)), out);
	return object;
}

/* Matches that are in no checkpoint, and what the plan tells of them; null: it is measured. */
static json_t *between_of(const Ck__Plan__BoundCall *call, struct ck_buf *out)
{
	json_t *object = json_object(), *known = json_array();
	struct ck_frame frame = { 0 };

	for (size_t i = 0; i < call->n_known; i++)
		append(known, call->known[i]->kind == CK_EXPR_NONE ? json_null() : expr_of(&frame, call->known[i]), out);
	set(object, "names", texts_of(call->labels, call->n_labels, out), out);
	set(object, "known", known, out);
	return object;
}

static json_t *call_of(const struct ck_plan *plan, const Ck__Plan__BoundCall *call, struct ck_buf *out)
{
	json_t *object = json_object(), *variables = json_array(), *values = json_array();
	struct ck_frame frame = { .plan = plan };

	for (size_t i = 0; i < call->n_variables; i++)
		append(variables, integer(call->variables[i]), out);
	for (size_t i = 0; i < call->n_values; i++)
		append(values, code_of(&frame, call->values[i]->code, call->values[i]->n_code, out), out);
	if (!call->n_values && !call->n_known)
		set(object, "input", text_of(ck_plan_input_name(plan, call->input)), out);
	set(object, "variables", variables, out);
	set(object, "values", values, out);
	if (call->n_labels || call->n_known)
		set(object, "between", between_of(call, out), out);
	return object;
}

/* For each check what its functions are about, in the order of their places. */
static json_t *bound_checks_of(const struct ck_plan *plan, struct ck_buf *out)
{
	const Ck__Plan__Bound *bound = plan->message->bound;
	json_t *checks = json_array();

	for (size_t i = 0; i < bound->n_checks; i++) {
		json_t *calls = json_array();

		for (size_t j = 0; j < bound->checks[i]->n_calls; j++)
			append(calls, call_of(plan, bound->checks[i]->calls[j], out), out);
		append(checks, calls, out);
	}
	return checks;
}

static json_t *link_of(const struct ck_plan *plan, const Ck__Plan__LinkedShard *link, struct ck_buf *out)
{
	json_t *object = json_object();

	set(object, "input", text_of(ck_plan_input_name(plan, link->input)), out);
	set(object, "shard", json_integer(link->shard), out);
	return object;
}

static json_t *bound_of(const struct ck_plan *plan, struct ck_buf *out)
{
	const Ck__Plan__Bound *bound = plan->message->bound;
	json_t *object = json_object(), *inputs = json_array(), *targets = json_array(), *uses = json_array(), *shards = json_array();
	json_t *links = json_array();

	for (size_t i = 0; i < bound->n_links; i++)
		append(links, link_of(plan, bound->links[i], out), out);
	for (size_t i = 0; i < bound->n_inputs; i++)
		append(inputs, input_of(plan, bound->inputs[i], out), out);
	for (size_t i = 0; i < bound->n_targets; i++)
		append(targets, target_of(plan, bound->targets[i], out), out);
	for (size_t i = 0; i < bound->n_uses; i++)
		append(uses, use_of(plan, bound->uses[i], out), out);
	for (size_t i = 0; i < bound->n_shard_sizes; i++)
		append(shards, big(bound->shard_sizes[i]), out);
	set(object, "exactness", json_string(ck_disasm_exactness(bound->exactness)), out);
	set(object, "read_bytes", big(bound->read_bytes), out);
	set(object, "write_bytes", big(bound->write_bytes), out);
	set(object, "copy_bytes", big(bound->copy_bytes), out);
	set(object, "inputs", inputs, out);
	set(object, "link_bytes", big(bound->link_bytes), out);
	set(object, "shard_bytes", shards, out);
	set(object, "linked_shards", links, out);
	set(object, "targets", targets, out);
	set(object, "uses", uses, out);
	set(object, "checks", bound_checks_of(plan, out), out);
	return object;
}

static json_t *slots_of(const Ck__Plan__Code *code, struct ck_buf *out)
{
	json_t *object = json_object(), *names = json_array();

	for (size_t i = 0; i < code->n_slots; i++) {
		json_t *slot = json_object();

		set(slot, "name", text_of(ck_str_of(code->slots[i]->name)), out);
		set(slot, "before", text_of(ck_str_of(code->slots[i]->before)), out);
		set(slot, "after", text_of(ck_str_of(code->slots[i]->after)), out);
		append(names, slot, out);
	}
	set(object, "follow", json_boolean(!code->slots_drop), out);
	if (code->slots_drop)
		set(object, "because", text_of(ck_str_of(code->slots_because)), out);
	if (code->slots_as)
		set(object, "as", json_string(ck_convention_name((enum ck_convention)code->slots_as)), out);
	set(object, "declared", names, out);
	return object;
}

static json_t *files_of(const Ck__Plan__Code *code, struct ck_buf *out)
{
	json_t *files = json_array();

	for (size_t i = 0; i < code->n_files; i++) {
		json_t *file = json_object();

		set(file, "name", text_of(ck_str_of(code->files[i]->name)), out);
		set(file, "sha256", hex_of(ck_str_of(code->files[i]->sha256)), out);
		append(files, file, out);
	}
	return files;
}

static json_t *aliases_of(const Ck__Plan__Code *code, struct ck_buf *out)
{
	json_t *aliases = json_array();

	for (size_t i = 0; i < code->n_aliases; i++) {
		json_t *alias = json_object();

		set(alias, "path", text_of(ck_str_of(code->aliases[i]->path)), out);
		set(alias, "target", text_of(ck_str_of(code->aliases[i]->target)), out);
		append(aliases, alias, out);
	}
	return aliases;
}

static int write_part(const char *bytes, size_t n, void *out)
{
	ck_buf_bytes(out, bytes, n);
	return 0;
}

static json_t *migration_of(const struct ck_plan *plan, struct ck_buf *out)
{
	const Ck__Plan__Code *code = plan->message->code;
	json_t *object = json_object();

	set(object, "format", integer(plan->message->format), out);
	set(object, "migration", text_of(ck_plan_id(plan)), out);
	set(object, "digest", hex_of((struct ck_str){ (const char *)plan->digest, CK_SHA256 }), out);
	set(object, "after", texts_of(code->after, code->n_after, out), out);
	if (code->summary.len)
		set(object, "summary", text_of(ck_str_of(code->summary)), out);
	set(object, "inputs", texts_of(code->inputs, code->n_inputs, out), out);
	set(object, "params", params_of(plan, out), out);
	if (code->target_kind == CK_TARGET_NAMES || code->target_kind == CK_TARGET_OBJECTS)
		set(object, "target", json_string(code->target_kind == CK_TARGET_NAMES ? "names" : "objects"), out);
	set(object, "slots", slots_of(code, out), out);
	set(object, "files", files_of(code, out), out);
	set(object, "aliases", aliases_of(code, out), out);
	set(object, "rules", rules_of(plan, out), out);
	set(object, "checks", checks_of(plan, out), out);
	return object;
}

/* Numbers of rules and checks in `bound` count through all parts. */
static json_t *series_of(const struct ck_plan *plan, struct ck_buf *out)
{
	json_t *object = json_object(), *parts = json_array();

	set(object, "format", integer(plan->message->format), out);
	set(object, "series", text_of(ck_plan_id(plan)), out);
	set(object, "digest", hex_of((struct ck_str){ (const char *)plan->digest, CK_SHA256 }), out);
	for (size_t i = 0; i < ck_plan_n_parts(plan); i++)
		append(parts, migration_of(ck_plan_part(plan, i), out), out);
	set(object, "parts", parts, out);
	return object;
}

void ck_plan_disasm_json(const struct ck_plan *plan, struct ck_buf *out)
{
	json_t *object = plan->series ? series_of(plan, out) : migration_of(plan, out);

	if (plan->message->bound)
		set(object, "bound", bound_of(plan, out), out);
	if (!object || json_dump_callback(object, write_part, out, JSON_INDENT(2)) != 0)
		out->failed = true;
	ck_buf_char(out, '\n');
	json_decref(object);
}
