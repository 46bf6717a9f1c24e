/* JSON of the dry run and of the report: what they have in common. The same plan on the same inputs gives the same bytes. */
#include "vm/report_internal.h"

#include <inttypes.h>
#include <math.h>

/* ---- values */

static bool is_utf8(struct ck_str text)
{
	uint32_t point;
	size_t n;

	for (size_t i = 0; i < text.n; i += n) {
		n = ck_utf8_next(text, i, &point);
		if (!n)
			return false;
	}
	return true;
}

json_t *ck_document_text(struct ck_str text)
{
	struct ck_buf escaped = { 0 };
	json_t *value;

	if (is_utf8(text))
		return json_stringn_nocheck(text.p ? text.p : "", text.n);
	ck_buf_name(&escaped, text);
	value = escaped.failed ? NULL : json_stringn_nocheck(escaped.p, escaped.n);
	ck_buf_clear(&escaped);
	return value;
}

json_t *ck_document_take(struct ck_buf *text)
{
	json_t *value = text->failed ? NULL : ck_document_text(ck_buf_view(text));

	ck_buf_clear(text);
	return value;
}

/* What every reader of JSON keeps exactly. */
static const int64_t largest_exact = (int64_t)1 << 53;

json_t *ck_document_number(uint64_t number)
{
	struct ck_buf text = { 0 };

	if (number <= (uint64_t)largest_exact)
		return json_integer((json_int_t)number);
	ck_buf_printf(&text, "%" PRIu64, number);
	return ck_document_take(&text);
}

json_t *ck_document_signed(int64_t number)
{
	struct ck_buf text = { 0 };

	if (number >= -largest_exact && number <= largest_exact)
		return json_integer((json_int_t)number);
	ck_buf_printf(&text, "%" PRId64, number);
	return ck_document_take(&text);
}

json_t *ck_document_real(double number)
{
	return isfinite(number) ? json_real(number) : json_null();
}

json_t *ck_document_hex(struct ck_str bytes)
{
	struct ck_buf text = { 0 };

	for (size_t i = 0; i < bytes.n; i++)
		ck_buf_printf(&text, "%02x", (unsigned)(uint8_t)bytes.p[i]);
	return ck_document_take(&text);
}

void ck_document_set(json_t *object, const char *key, json_t *value, struct ck_buf *out)
{
	if (json_object_set_new(object, key, value) != 0)
		out->failed = true;
}

void ck_document_append(json_t *array, json_t *value, struct ck_buf *out)
{
	if (json_array_append_new(array, value) != 0)
		out->failed = true;
}

static int write_part(const char *bytes, size_t n, void *out)
{
	ck_buf_bytes(out, bytes, n);
	return 0;
}

enum ck_code ck_document_print(json_t *document, struct ck_buf *out)
{
	if (out->failed || json_dump_callback(document, write_part, out, JSON_INDENT(2)) != 0)
		out->failed = true;
	ck_buf_char(out, '\n');
	json_decref(document);
	return out->failed ? CK_NOMEM : CK_OK;
}

/* ---- parts */

static json_t *shape_of(struct ck_shape shape, struct ck_buf *out)
{
	json_t *array = json_array();

	for (size_t i = 0; i < shape.rank; i++)
		ck_document_append(array, ck_document_number(shape.dims[i]), out);
	return array;
}

static json_t *input_name(const struct ck_ledger *ledger, uint32_t input)
{
	return ck_document_text(ck_plan_input_name(ledger->plan, input));
}

static void set_place(json_t *object, struct ck_str file, size_t line, struct ck_buf *out)
{
	ck_document_set(object, "file", line ? ck_document_text(file) : json_null(), out);
	ck_document_set(object, "line", line ? json_integer((json_int_t)line) : json_null(), out);
}

static json_t *rule_of(const struct ck_ledger *ledger, uint32_t rule, struct ck_buf *out)
{
	json_t *object = json_object();

	ck_document_set(object, "statement", json_string(ledger->rules[rule].kind), out);
	set_place(object, ledger->rules[rule].file, ledger->rules[rule].line, out);
	return object;
}

static void set_variable(json_t *object, const struct ck_variable *variable, struct ck_buf *out)
{
	ck_document_set(object, "key", ck_document_text(variable->key), out);
	ck_document_set(object, "dtype", json_string(ck_dtype_name(variable->dtype)), out);
	ck_document_set(object, "shape", shape_of(variable->shape, out), out);
	ck_document_set(object, "bytes", ck_document_number(variable->place.n_bytes), out);
}

static json_t *names_of(const struct ck_ledger *ledger, const struct ck_ledger_source *source, struct ck_buf *out)
{
	json_t *array = json_array();

	for (size_t i = 0; i < source->n_targets; i++)
		ck_document_append(array, ck_document_text(ck_str_of(ledger->targets[source->targets[i]].message->label)), out);
	return array;
}

static json_t *source_of(const struct ck_ledger *ledger, const struct ck_ledger_source *source, struct ck_buf *out)
{
	/* By ck_use. */
	static const char *const words[] = { [CK_USE_MAPPED] = "used", [CK_USE_KEPT] = "kept", [CK_USE_DROPPED] = "dropped" };
	json_t *object = json_object(), *rules = json_array();

	ck_document_set(object, "input", input_name(ledger, source->use->input), out);
	ck_document_set(object, "name", ck_document_text(ck_str_of(source->use->label)), out);
	set_variable(object, source->variable, out);
	ck_document_set(object, "use", json_string(words[source->use->what]), out);
	ck_document_set(object, "targets", names_of(ledger, source, out), out);
	for (size_t i = 0; i < source->use->n_rules; i++)
		ck_document_append(rules, rule_of(ledger, source->use->rules[i], out), out);
	ck_document_set(object, "rules", rules, out);
	if (source->use->what == CK_USE_DROPPED)
		ck_document_set(object, "because", ck_document_text(ck_str_of(source->use->because)), out);
	return object;
}

json_t *ck_document_sources(const struct ck_ledger *ledger, struct ck_buf *out)
{
	json_t *array = json_array();

	for (size_t i = 0; i < ledger->n_sources; i++)
		ck_document_append(array, source_of(ledger, &ledger->sources[i], out), out);
	return array;
}

/* ---- targets */

static json_t *loads_of(const struct ck_ledger *ledger, const struct ck_ledger_target *target, struct ck_buf *out)
{
	json_t *array = json_array();

	for (size_t i = 0; i < target->n_loads; i++) {
		json_t *object = json_object();

		ck_document_set(object, "input", input_name(ledger, target->loads[i].input), out);
		ck_document_set(object, "name", ck_document_text(target->loads[i].label), out);
		set_variable(object, target->loads[i].variable, out);
		ck_document_append(array, object, out);
	}
	return array;
}

static json_t *operators_of(const struct ck_ledger *ledger, const Ck__Plan__Target *target, struct ck_buf *out)
{
	json_t *array = json_array();
	struct ck_operators list;

	if (!ck_operators_list(ledger, target->code, target->n_code, target->n_registers, false, &list))
		out->failed = true;
	for (size_t i = 0; i < list.n; i++)
		ck_document_append(array, ck_document_text(list.items[i]), out);
	return array;
}

json_t *ck_document_target(const struct ck_ledger *ledger, size_t number, struct ck_buf *out)
{
	/* By ck_fate. */
	static const char *const words[] = { [CK_FATE_MAPPED] = "mapped", [CK_FATE_KEPT] = "kept", [CK_FATE_NEW] = "new" };
	const struct ck_ledger_target *target = &ledger->targets[number];
	const Ck__Plan__Target *message = target->message;
	json_t *object = json_object();

	ck_document_set(object, "name", ck_document_text(ck_str_of(message->label)), out);
	ck_document_set(object, "key", ck_document_text(ck_str_of(message->key)), out);
	ck_document_set(object, "made", json_string(words[target->fate]), out);
	ck_document_set(object, "rule", message->rule ? rule_of(ledger, message->rule - 1, out) : json_null(), out);
	ck_document_set(object, "sources", loads_of(ledger, target, out), out);
	ck_document_set(object, "operators", operators_of(ledger, message, out), out);
	ck_document_set(object, "dtype", json_string(ck_dtype_name((enum ck_dtype)message->dtype)), out);
	ck_document_set(object, "shape", shape_of((struct ck_shape){ message->n_dims, message->dims }, out), out);
	ck_document_set(object, "bytes", ck_document_number(message->n_bytes), out);
	ck_document_set(object, "unchanged", json_boolean(message->unchanged), out);
	ck_document_set(object, "may_lose_precision", json_boolean(target->narrows), out);
	return object;
}

/* ---- the migration and its inputs */

static json_t *migration_of(const struct ck_ledger *ledger, struct ck_buf *out)
{
	const Ck__Plan__Code *code = ledger->plan->message->code;
	const Ck__Plan__Debug *debug = ledger->plan->message->debug;
	json_t *object = json_object(), *files = json_array(), *after = json_array();

	ck_document_set(object, "id", ck_document_text(ck_str_of(code->id)), out);
	ck_document_set(object, "plan_sha256", ck_document_hex((struct ck_str){ (const char *)ledger->plan->digest, CK_SHA256 }), out);
	ck_document_set(object, "summary", ck_document_text(ck_str_of(code->summary)), out);
	for (size_t i = 0; i < code->n_after; i++)
		ck_document_append(after, ck_document_text(ck_str_of(code->after[i])), out);
	ck_document_set(object, "after", after, out);
	for (size_t i = 0; debug && i < debug->n_files; i++)
		ck_document_append(files, ck_document_text(ck_str_of(debug->files[i]->name)), out);
	ck_document_set(object, "files", files, out);
	return object;
}

static json_t *params_of(const struct ck_ledger *ledger, struct ck_buf *out)
{
	json_t *array = json_array();

	for (size_t i = 0; i < ledger->bound->n_params; i++) {
		const Ck__Plan__ParamValue *param = ledger->bound->params[i];
		json_t *object = json_object();
		struct ck_buf value = { 0 };

		ck_buf_expr(&value, param->value, NULL, 0);
		ck_document_set(object, "name", ck_document_text(ck_str_of(param->name)), out);
		ck_document_set(object, "value", ck_document_take(&value), out);
		ck_document_append(array, object, out);
	}
	return array;
}

static json_t *inputs_of(const struct ck_ledger *ledger, struct ck_buf *out)
{
	json_t *array = json_array();

	for (size_t i = 0; i < ledger->bound->n_inputs; i++) {
		const Ck__Plan__BoundInput *input = ledger->bound->inputs[i];
		const struct ck_manifest *manifest = ck_ledger_manifest(ledger, input->input);
		json_t *object = json_object();

		ck_document_set(object, "name", input_name(ledger, input->input), out);
		ck_document_set(object, "path", ck_document_text(manifest ? manifest->path : ck_str_of(input->path)), out);
		ck_document_set(object, "index_sha256", ck_document_hex(ck_str_of(input->digest)), out);
		ck_document_set(object, "variables", ck_document_number(manifest ? ck_manifest_n_variables(manifest) : input->n_variables), out);
		ck_document_set(object, "bytes", ck_document_number(manifest ? manifest->n_bytes : input->n_bytes), out);
		ck_document_append(array, object, out);
	}
	return array;
}

void ck_document_head(json_t *document, const struct ck_ledger *ledger, struct ck_buf *out)
{
	ck_document_set(document, "migration", migration_of(ledger, out), out);
	ck_document_set(document, "params", params_of(ledger, out), out);
	ck_document_set(document, "inputs", inputs_of(ledger, out), out);
}

/* ---- totals and remarks */

static json_t *totals_of(const struct ck_ledger *ledger, struct ck_buf *out)
{
	const struct ck_totals *totals = &ledger->totals;
	json_t *object = json_object(), *sources = json_object(), *targets = json_object(), *bytes = json_object();

	ck_document_set(sources, "all", ck_document_number(totals->n_sources), out);
	ck_document_set(sources, "used", ck_document_number(totals->n_used), out);
	ck_document_set(sources, "kept", ck_document_number(totals->n_kept), out);
	ck_document_set(sources, "dropped", ck_document_number(totals->n_dropped), out);
	ck_document_set(targets, "all", ck_document_number(totals->n_targets), out);
	ck_document_set(targets, "mapped", ck_document_number(totals->n_mapped), out);
	ck_document_set(targets, "kept", ck_document_number(totals->n_kept_targets), out);
	ck_document_set(targets, "new", ck_document_number(totals->n_new), out);
	ck_document_set(targets, "zero_slots", ck_document_number(totals->n_zero_slots), out);
	ck_document_set(targets, "unchanged", ck_document_number(totals->n_unchanged), out);
	ck_document_set(bytes, "in", ck_document_number(totals->in), out);
	ck_document_set(bytes, "out", ck_document_number(totals->out), out);
	ck_document_set(bytes, "dropped", ck_document_number(totals->dropped), out);
	ck_document_set(bytes, "changed_in_size", ck_document_signed(totals->changed), out);
	ck_document_set(bytes, "new", ck_document_number(totals->new), out);
	ck_document_set(bytes, "resized", ck_document_signed(totals->resized), out);
	ck_document_set(object, "sources", sources, out);
	ck_document_set(object, "targets", targets, out);
	ck_document_set(object, "bytes", bytes, out);
	return object;
}

static json_t *exactness_of(const struct ck_ledger *ledger, struct ck_buf *out)
{
	const Ck__Plan__Bound *bound = ledger->bound;
	json_t *object = json_object(), *because = json_array();

	ck_document_set(object, "is", json_string(ck_disasm_exactness(bound->exactness)), out);
	for (size_t i = 0; i < bound->n_inexact_rules; i++) {
		json_t *rule = rule_of(ledger, ledger->inexact[i], out);

		ck_document_set(rule, "reason", json_string(ck_inexact_reason(ledger->plan, ledger->inexact[i])), out);
		ck_document_append(because, rule, out);
	}
	ck_document_set(object, "because", because, out);
	return object;
}

static json_t *allows_of(const struct ck_ledger *ledger, struct ck_buf *out)
{
	const Ck__Plan__Debug *debug = ledger->plan->message->debug;
	json_t *array = json_array();

	for (size_t i = 0; debug && i < debug->n_allows; i++) {
		json_t *object = json_object();
		struct ck_str file;
		size_t line = ck_disasm_line(ledger->plan, debug->allows[i]->span, &file);

		ck_document_set(object, "code", ck_document_text(ck_str_of(debug->allows[i]->code)), out);
		ck_document_set(object, "reason", ck_document_text(ck_str_of(debug->allows[i]->reason)), out);
		set_place(object, file, line, out);
		ck_document_append(array, object, out);
	}
	return array;
}

void ck_document_tail(json_t *document, const struct ck_ledger *ledger, struct ck_buf *out)
{
	json_t *notices = json_array();

	for (size_t i = 0; i < ledger->bound->n_notices; i++)
		ck_document_append(notices, ck_document_text(ck_str_of(ledger->bound->notices[i]->text)), out);
	ck_document_set(document, "totals", totals_of(ledger, out), out);
	ck_document_set(document, "exactness", exactness_of(ledger, out), out);
	ck_document_set(document, "notices", notices, out);
	ck_document_set(document, "allowed_warnings", allows_of(ledger, out), out);
}
