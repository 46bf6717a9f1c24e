/* JSON of the dry run and of the report: what they have in common. The same plan on the same inputs gives the same bytes. */
#include "vm/report_internal.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "vm/series.h"

/* ---- structure */

enum { MAX_SEPARATOR = 2 + 2 * 2 };	/* ",", a line break, an indent */

/*
 * Before a member or an element: members of the document and items of its lists stand on lines of their own, what is in them does
 * not. Returns its end; `to` has room for MAX_SEPARATOR.
 */
static char *separate(struct ck_document *document, char *to)
{
	bool own_line = document->depth <= 2, any = document->any[document->depth];

	document->any[document->depth] = true;
	if (any)
		*to++ = ',';
	if (any && !own_line)
		*to++ = ' ';
	if (!own_line)
		return to;
	*to++ = '\n';
	for (size_t i = 0; i < 2 * document->depth; i++)
		*to++ = ' ';
	return to;
}

static void put_key(struct ck_document *document, const char *key)
{
	size_t n = key ? strlen(key) : 0;
	char *begin, *to;

	if (document->depth <= 2)
		ck_buf_relieve(document->out);
	begin = ck_buf_room(document->out, MAX_SEPARATOR + n + sizeof("\"\": "));
	if (!begin)
		return;
	to = separate(document, begin);
	if (key) {
		*to++ = '"';
		memcpy(to, key, n);
		to += n;
		memcpy(to, "\": ", 3);
		to += 3;
	}
	document->out->n += (size_t)(to - begin);
}

static void open_with(struct ck_document *document, const char *key, char bracket)
{
	if (document->depth)
		put_key(document, key);
	ck_buf_char(document->out, bracket);
	CK_ASSERT(document->depth < CK_MAX_DOCUMENT_DEPTH);
	document->any[++document->depth] = false;
}

static void close_with(struct ck_document *document, char bracket)
{
	bool any = document->any[document->depth--];

	if (any && document->depth < 2) {
		ck_buf_char(document->out, '\n');
		ck_buf_fill(document->out, ' ', 2 * document->depth);
	}
	ck_buf_char(document->out, bracket);
}

void ck_document_begin(struct ck_document *document, struct ck_buf *out)
{
	*document = (struct ck_document){ .out = out };
	open_with(document, NULL, '{');
}

enum ck_code ck_document_end(struct ck_document *document)
{
	CK_ASSERT(document->depth == 1);
	close_with(document, '}');
	ck_buf_char(document->out, '\n');
	ck_arena_free(document->scratch);
	document->scratch = NULL;
	return document->out->failed ? CK_NOMEM : CK_OK;
}

void ck_document_object(struct ck_document *document, const char *key)
{
	open_with(document, key, '{');
}

void ck_document_object_end(struct ck_document *document)
{
	close_with(document, '}');
}

void ck_document_list(struct ck_document *document, const char *key)
{
	open_with(document, key, '[');
}

void ck_document_list_end(struct ck_document *document)
{
	close_with(document, ']');
}

/* ---- values */

static int write_part(const char *bytes, size_t n, void *out)
{
	ck_buf_bytes(out, bytes, n);
	return 0;
}

static void put_value(struct ck_buf *out, json_t *value)
{
	if (out->failed || json_dump_callback(value, write_part, out, JSON_ENCODE_ANY) != 0)
		out->failed = true;
	json_decref(value);
}

/* In each of eight bytes: is it below 0x20, above 0x7e, a quote or a backslash? Zero when none is. */
static uint64_t odd_bytes(uint64_t eight)
{
	const uint64_t ones = UINT64_MAX / 0xff, highs = 0x80 * ones;
	uint64_t quotes = eight ^ '"' * ones, backslashes = eight ^ '\\' * ones, deletes = eight ^ 0x7f * ones;

	return (eight | ((eight - 0x20 * ones) & ~eight) | ((quotes - ones) & ~quotes) | ((backslashes - ones) & ~backslashes) |
		((deletes - ones) & ~deletes)) & highs;
}

/* Most names: nothing that JSON writes otherwise. */
static bool is_plain(struct ck_str text)
{
	uint64_t eight = 0, odd = 0;
	size_t i = 0;

	for (; text.n - i >= sizeof(eight); i += sizeof(eight)) {
		memcpy(&eight, text.p + i, sizeof(eight));
		odd |= odd_bytes(eight);
	}
	for (; i < text.n; i++)
		odd |= odd_bytes((uint64_t)(unsigned char)text.p[i] * (UINT64_MAX / 0xff));
	return !odd;
}

static void put_plain(struct ck_buf *out, struct ck_str text)
{
	char *to = ck_buf_room(out, text.n + 2);

	if (!to)
		return;
	to[0] = '"';
	if (text.n)
		memcpy(to + 1, text.p, text.n);
	to[text.n + 1] = '"';
	out->n += text.n + 2;
}

void ck_document_text(struct ck_document *document, const char *key, struct ck_str text)
{
	struct ck_buf escaped = { 0 };

	put_key(document, key);
	if (is_plain(text)) {
		put_plain(document->out, text);
		return;
	}
	if (!ck_utf8_is(text)) {
		ck_buf_name(&escaped, text);
		document->out->failed = document->out->failed || escaped.failed;
		text = ck_buf_view(&escaped);
	}
	put_value(document->out, json_stringn_nocheck(text.p ? text.p : "", text.n));
	ck_buf_clear(&escaped);
}

void ck_document_word(struct ck_document *document, const char *key, const char *word)
{
	put_key(document, key);
	put_plain(document->out, ck_str(word));
}

void ck_document_take(struct ck_document *document, const char *key, struct ck_buf *text)
{
	document->out->failed = document->out->failed || text->failed;
	ck_document_text(document, key, ck_buf_view(text));
	ck_buf_clear(text);
}

/* What every reader of JSON keeps exactly. */
static const int64_t largest_exact = (int64_t)1 << 53;

void ck_document_number(struct ck_document *document, const char *key, uint64_t number)
{
	bool is_exact = number <= (uint64_t)largest_exact;

	put_key(document, key);
	if (!is_exact)
		ck_buf_char(document->out, '"');
	ck_buf_number(document->out, number);
	if (!is_exact)
		ck_buf_char(document->out, '"');
}

void ck_document_signed(struct ck_document *document, const char *key, int64_t number)
{
	bool is_exact = number >= -largest_exact && number <= largest_exact;

	put_key(document, key);
	ck_buf_printf(document->out, is_exact ? "%" PRId64 : "\"%" PRId64 "\"", number);
}

void ck_document_truth(struct ck_document *document, const char *key, bool truth)
{
	put_key(document, key);
	ck_buf_str(document->out, truth ? CK_STR("true") : CK_STR("false"));
}

void ck_document_null(struct ck_document *document, const char *key)
{
	put_key(document, key);
	ck_buf_str(document->out, CK_STR("null"));
}

void ck_document_real(struct ck_document *document, const char *key, double number)
{
	if (!isfinite(number)) {
		ck_document_null(document, key);
		return;
	}
	put_key(document, key);
	put_value(document->out, json_real(number));
}

void ck_document_hex(struct ck_document *document, const char *key, struct ck_str bytes)
{
	static const char digits[] = "0123456789abcdef";

	put_key(document, key);
	ck_buf_char(document->out, '"');
	for (size_t i = 0; i < bytes.n; i++) {
		ck_buf_char(document->out, digits[(uint8_t)bytes.p[i] >> 4]);
		ck_buf_char(document->out, digits[(uint8_t)bytes.p[i] & 15]);
	}
	ck_buf_char(document->out, '"');
}

/* ---- parts */

static void put_shape(struct ck_document *document, struct ck_shape shape)
{
	ck_document_list(document, "shape");
	for (size_t i = 0; i < shape.rank; i++)
		ck_document_number(document, NULL, shape.dims[i]);
	ck_document_list_end(document);
}

static void put_input(struct ck_document *document, const struct ck_ledger *ledger, uint32_t input)
{
	ck_document_text(document, "input", ck_plan_input_name(ledger->plan, input));
}

static void put_place(struct ck_document *document, struct ck_str file, size_t line)
{
	if (line) {
		ck_document_text(document, "file", file);
		ck_document_number(document, "line", line);
		return;
	}
	ck_document_null(document, "file");
	ck_document_null(document, "line");
}

/* An object that stays open. */
static void begin_rule(struct ck_document *document, const char *key, const struct ck_ledger *ledger, uint32_t rule)
{
	ck_document_object(document, key);
	ck_document_word(document, "statement", ledger->rules[rule].kind);
	put_place(document, ledger->rules[rule].file, ledger->rules[rule].line);
}

static void put_variable(struct ck_document *document, const struct ck_variable *variable)
{
	ck_document_text(document, "key", variable->key);
	ck_document_word(document, "dtype", ck_dtype_name(variable->dtype));
	put_shape(document, variable->shape);
	ck_document_number(document, "bytes", variable->place.n_bytes);
}

static void put_source(struct ck_document *document, const struct ck_ledger *ledger, const struct ck_ledger_source *source)
{
	/* By ck_use. */
	static const char *const words[] = { [CK_USE_MAPPED] = "used", [CK_USE_KEPT] = "kept", [CK_USE_DROPPED] = "dropped" };

	ck_document_object(document, NULL);
	put_input(document, ledger, source->use->input);
	ck_document_text(document, "name", ck_str_of(source->use->label));
	put_variable(document, source->variable);
	ck_document_word(document, "use", words[source->use->what]);
	ck_document_list(document, "targets");
	for (size_t i = 0; i < source->n_targets; i++)
		ck_document_text(document, NULL, ck_str_of(ledger->targets[source->targets[i]].message->label));
	ck_document_list_end(document);
	ck_document_list(document, "rules");
	for (size_t i = 0; i < source->use->n_rules; i++) {
		begin_rule(document, NULL, ledger, source->use->rules[i]);
		ck_document_object_end(document);
	}
	ck_document_list_end(document);
	if (source->use->what == CK_USE_DROPPED)
		ck_document_text(document, "because", ck_str_of(source->use->because));
	ck_document_object_end(document);
}

void ck_document_sources(struct ck_document *document, const struct ck_ledger *ledger)
{
	ck_document_list(document, "sources");
	for (size_t i = 0; i < ledger->n_sources; i++)
		put_source(document, ledger, &ledger->sources[i]);
	ck_document_list_end(document);
}

/* ---- targets */

static void put_loads(struct ck_document *document, const struct ck_ledger *ledger, const struct ck_ledger_target *target)
{
	ck_document_list(document, "sources");
	for (size_t i = 0; i < target->n_loads; i++) {
		ck_document_object(document, NULL);
		put_input(document, ledger, target->loads[i].input);
		ck_document_text(document, "name", target->loads[i].label);
		put_variable(document, target->loads[i].variable);
		ck_document_object_end(document);
	}
	ck_document_list_end(document);
}

static void put_operators(struct ck_document *document, const struct ck_ledger *ledger, const Ck__Plan__Target *target)
{
	enum { RENEWED = 64 << 10 };	/* so that the words of all targets do not add up */
	struct ck_operators list = { 0 };

	if (document->scratch && ck_arena_used(document->scratch) > RENEWED) {
		ck_arena_free(document->scratch);
		document->scratch = NULL;
	}
	if (!document->scratch)
		document->scratch = ck_arena_new(CK_PLAN_LIMIT);
	if (!document->scratch ||
	    !ck_operators_list(ledger, target->code, target->n_code, target->n_registers, false, document->scratch, &list))
		document->out->failed = true;
	ck_document_list(document, "operators");
	for (size_t i = 0; i < list.n; i++)
		ck_document_text(document, NULL, list.items[i]);
	ck_document_list_end(document);
}

void ck_document_target(struct ck_document *document, const struct ck_ledger *ledger, size_t number)
{
	/* By ck_fate. */
	static const char *const words[] = { [CK_FATE_MAPPED] = "mapped", [CK_FATE_KEPT] = "kept", [CK_FATE_NEW] = "new" };
	const struct ck_ledger_target *target = &ledger->targets[number];
	const Ck__Plan__Target *message = target->message;

	ck_document_object(document, NULL);
	ck_document_text(document, "name", ck_str_of(message->label));
	ck_document_text(document, "key", ck_str_of(message->key));
	ck_document_word(document, "made", words[target->fate]);
	if (message->rule) {
		begin_rule(document, "rule", ledger, message->rule - 1);
		ck_document_object_end(document);
	} else {
		ck_document_null(document, "rule");
	}
	put_loads(document, ledger, target);
	put_operators(document, ledger, message);
	ck_document_word(document, "dtype", ck_dtype_name((enum ck_dtype)message->dtype));
	put_shape(document, (struct ck_shape){ message->n_dims, message->dims });
	ck_document_number(document, "bytes", message->n_bytes);
	ck_document_truth(document, "unchanged", message->unchanged);
	ck_document_truth(document, "may_lose_precision", target->narrows);
}

/* ---- the migration and its inputs */

/* An object that stays open. */
static void begin_migration(struct ck_document *document, const char *key, const struct ck_plan *plan)
{
	const Ck__Plan__Code *code = plan->message->code;

	ck_document_object(document, key);
	ck_document_text(document, "id", ck_plan_id(plan));
	ck_document_hex(document, "plan_sha256", (struct ck_str){ (const char *)plan->digest, CK_SHA256 });
	ck_document_text(document, "summary", code ? ck_str_of(code->summary) : CK_STR(""));
	ck_document_list(document, "after");
	for (size_t i = 0; code && i < code->n_after; i++)
		ck_document_text(document, NULL, ck_str_of(code->after[i]));
	ck_document_list_end(document);
	ck_document_list(document, "files");
	for (size_t i = 0; i < ck_plan_n_parts(plan); i++) {
		const Ck__Plan__Debug *debug = ck_plan_part(plan, i)->message->debug;

		for (size_t j = 0; debug && j < debug->n_files; j++)
			ck_document_text(document, NULL, ck_str_of(debug->files[j]->name));
	}
	ck_document_list_end(document);
}

static void put_migration(struct ck_document *document, const struct ck_plan *plan)
{
	begin_migration(document, "migration", plan);
	if (plan->series) {
		ck_document_list(document, "parts");
		for (size_t i = 0; i < ck_plan_n_parts(plan); i++) {
			begin_migration(document, NULL, ck_plan_part(plan, i));
			ck_document_object_end(document);
		}
		ck_document_list_end(document);
	}
	ck_document_object_end(document);
}

static void put_params(struct ck_document *document, const struct ck_ledger *ledger)
{
	ck_document_list(document, "params");
	for (size_t i = 0; i < ledger->bound->n_params; i++) {
		const Ck__Plan__ParamValue *param = ledger->bound->params[i];
		struct ck_buf value = { 0 };

		ck_buf_expr(&value, param->value, &(struct ck_words){ 0 });
		ck_document_object(document, NULL);
		ck_document_text(document, "name", ck_str_of(param->name));
		ck_document_take(document, "value", &value);
		ck_document_object_end(document);
	}
	ck_document_list_end(document);
}

static void put_inputs(struct ck_document *document, const struct ck_ledger *ledger)
{
	ck_document_list(document, "inputs");
	for (size_t i = 0; i < ledger->bound->n_inputs; i++) {
		const Ck__Plan__BoundInput *input = ledger->bound->inputs[i];
		const struct ck_manifest *manifest = ck_ledger_manifest(ledger, input->input);

		ck_document_object(document, NULL);
		ck_document_text(document, "name", ck_plan_input_name(ledger->plan, input->input));
		ck_document_text(document, "path", manifest ? manifest->path : ck_str_of(input->path));
		ck_document_hex(document, "index_sha256", ck_str_of(input->digest));
		ck_document_number(document, "variables", manifest ? ck_manifest_n_variables(manifest) : input->n_variables);
		ck_document_number(document, "bytes", manifest ? manifest->n_bytes : input->n_bytes);
		ck_document_object_end(document);
	}
	ck_document_list_end(document);
}

void ck_document_head(struct ck_document *document, const struct ck_ledger *ledger)
{
	put_migration(document, ledger->plan);
	put_params(document, ledger);
	put_inputs(document, ledger);
}

/* ---- totals and remarks */

static void put_totals(struct ck_document *document, const struct ck_totals *totals)
{
	ck_document_object(document, "totals");
	ck_document_object(document, "sources");
	ck_document_number(document, "all", totals->n_sources);
	ck_document_number(document, "used", totals->n_used);
	ck_document_number(document, "kept", totals->n_kept);
	ck_document_number(document, "dropped", totals->n_dropped);
	ck_document_object_end(document);
	ck_document_object(document, "targets");
	ck_document_number(document, "all", totals->n_targets);
	ck_document_number(document, "mapped", totals->n_mapped);
	ck_document_number(document, "kept", totals->n_kept_targets);
	ck_document_number(document, "new", totals->n_new);
	ck_document_number(document, "zero_slots", totals->n_zero_slots);
	ck_document_number(document, "unchanged", totals->n_unchanged);
	ck_document_object_end(document);
	ck_document_object(document, "bytes");
	ck_document_number(document, "in", totals->in);
	ck_document_number(document, "out", totals->out);
	ck_document_number(document, "dropped", totals->dropped);
	ck_document_signed(document, "changed_in_size", totals->changed);
	ck_document_number(document, "new", totals->new);
	ck_document_signed(document, "resized", totals->resized);
	ck_document_object_end(document);
	ck_document_object_end(document);
}

static void put_exactness(struct ck_document *document, const struct ck_ledger *ledger)
{
	const Ck__Plan__Bound *bound = ledger->bound;

	ck_document_object(document, "exactness");
	ck_document_word(document, "is", ck_disasm_exactness(bound->exactness));
	ck_document_list(document, "because");
	for (size_t i = 0; i < bound->n_inexact_rules; i++) {
		begin_rule(document, NULL, ledger, ledger->inexact[i]);
		ck_document_word(document, "reason", ck_inexact_reason(ledger->rules[ledger->inexact[i]].message));
		ck_document_object_end(document);
	}
	ck_document_list_end(document);
	ck_document_object_end(document);
}

static void put_allow(struct ck_document *document, const struct ck_plan *part, const Ck__Plan__Allow *allow)
{
	struct ck_str file;
	size_t line = ck_disasm_line(part, allow->span, NULL, &file);

	ck_document_object(document, NULL);
	ck_document_text(document, "code", ck_str_of(allow->code));
	ck_document_text(document, "reason", ck_str_of(allow->reason));
	put_place(document, file, line);
	ck_document_object_end(document);
}

static void put_allows(struct ck_document *document, const struct ck_ledger *ledger)
{
	ck_document_list(document, "allowed_warnings");
	for (size_t i = 0; i < ck_plan_n_parts(ledger->plan); i++) {
		const struct ck_plan *part = ck_plan_part(ledger->plan, i);

		for (size_t j = 0; part->message->debug && j < part->message->debug->n_allows; j++)
			put_allow(document, part, part->message->debug->allows[j]);
	}
	ck_document_list_end(document);
}

void ck_document_tail(struct ck_document *document, const struct ck_ledger *ledger)
{
	put_totals(document, &ledger->totals);
	put_exactness(document, ledger);
	ck_document_list(document, "notices");
	for (size_t i = 0; i < ledger->bound->n_notices; i++)
		ck_document_text(document, NULL, ck_str_of(ledger->bound->notices[i]->text));
	ck_document_list_end(document);
	put_allows(document, ledger);
}
