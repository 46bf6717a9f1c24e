/* Plan files: bytes to messages and back. Nothing in a file is trusted: its checksum, then its nesting, then its rules. */
#include "vm/plan.h"

#include <string.h>

#include "vm/op.h"
#include "vm/series.h"
#include "vm/verify.h"

static const struct ck_span no_place = { 0 };

/* ---- writing */

/* The packed message in a heap buffer that the caller clears. */
static enum ck_code pack(const ProtobufCMessage *message, struct ck_diags *diags, struct ck_buf *out)
{
	size_t n = protobuf_c_message_get_packed_size(message);
	uint8_t *bytes = ck_alloc(n + 1);

	if (!bytes)
		return ck_error_nomem(diags);
	ck_buf_bytes(out, bytes, protobuf_c_message_pack(message, bytes));
	ck_free(bytes);
	return out->failed ? ck_error_nomem(diags) : CK_OK;
}

enum ck_code ck_plan_seal(struct ck_plan *plan, struct ck_diags *diags)
{
	struct ck_buf packed = { 0 };
	enum ck_code code = pack(&plan->message->code->base, diags, &packed);

	if (code == CK_OK && !ck_sha256(ck_buf_view(&packed), plan->digest))
		code = ck_error_nomem(diags);
	ck_buf_clear(&packed);
	return code;
}

enum ck_code ck_plan_encode(const struct ck_plan *plan, struct ck_diags *diags, struct ck_buf *out)
{
	struct ck_buf packed = { 0 };
	uint8_t digest[CK_SHA256];
	enum ck_code code = pack(&plan->message->base, diags, &packed);

	if (code == CK_OK && !ck_sha256(ck_buf_view(&packed), digest))
		code = ck_error_nomem(diags);
	if (code == CK_OK) {
		ck_buf_str(out, CK_STR(CK_PLAN_MAGIC));
		ck_buf_bytes(out, digest, sizeof(digest));
		ck_buf_str(out, ck_buf_view(&packed));
		code = out->failed ? ck_error_nomem(diags) : CK_OK;
	}
	ck_buf_clear(&packed);
	return code;
}

bool ck_plan_is(struct ck_str bytes)
{
	return ck_str_starts(bytes, CK_STR(CK_PLAN_MAGIC));
}

/* ---- a look at the bytes before protobuf-c, which recurses as deep as a message says */

/*
 * Messages inside messages: a plan's own (Plan, Code, Rule, Insn, Goal, Name, Part), and two for each level of an expression
 * (LIST or NAMED beside what it holds).
 */
enum { MAX_DEPTH = 2 * CK_MAX_NESTING + 32 };

struct scan {
	const char *p, *end;
};

static bool scan_varint(struct scan *scan, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64 && scan->p < scan->end; shift += 7) {
		uint8_t byte = (uint8_t)*scan->p++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

/* Skips one field's value; of length-delimited ones *ret_body is what is inside. */
static bool scan_value(struct scan *scan, unsigned wire_type, struct scan *ret_body)
{
	uint64_t n = wire_type == PROTOBUF_C_WIRE_TYPE_64BIT ? 8 : wire_type == PROTOBUF_C_WIRE_TYPE_32BIT ? 4 : 0;

	*ret_body = (struct scan){ 0 };
	if (wire_type == PROTOBUF_C_WIRE_TYPE_VARINT)
		return scan_varint(scan, &n);
	if (wire_type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED) {
		if (!scan_varint(scan, &n))
			return false;
	} else if (!n) {
		return false;
	}
	if (n > (uint64_t)(scan->end - scan->p))
		return false;
	*ret_body = (struct scan){ scan->p, scan->p + n };
	scan->p += n;
	return true;
}

/* NULL if the bytes are a message of this kind: whole, with known fields only, singular ones once, and not too deep. */
static const char *scan_message(const ProtobufCMessageDescriptor *message, struct scan scan, unsigned depth)
{
	uint64_t seen = 0;

	if (depth > MAX_DEPTH)
		return "messages nested too deeply";
	while (scan.p < scan.end) {
		const ProtobufCFieldDescriptor *field;
		const char *wrong = NULL;
		struct scan body;
		uint64_t tag;

		if (!scan_varint(&scan, &tag) || tag >> 3 > 63 || !scan_value(&scan, tag & 7, &body))
			return "a field that does not end";
		field = protobuf_c_message_descriptor_get_field(message, (unsigned)(tag >> 3));
		if (!field)
			return "a field that does not exist";
		if (field->label != PROTOBUF_C_LABEL_REPEATED && seen >> (tag >> 3) & 1)
			return "a field that stands twice";
		seen |= (uint64_t)1 << (tag >> 3);
		if (field->type == PROTOBUF_C_TYPE_MESSAGE)
			wrong = (tag & 7) == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED ? scan_message(field->descriptor, body, depth + 1)
										  : "a message of another wire type";
		if (wrong)
			return wrong;
	}
	return NULL;
}

/* Plan.format, 0 when it is not there: read first, since a newer format may hold anything else. */
static uint64_t scan_format(struct scan scan)
{
	uint64_t tag, format = 0;
	struct scan body;

	while (scan.p < scan.end && scan_varint(&scan, &tag)) {
		if (tag == (1 << 3 | PROTOBUF_C_WIRE_TYPE_VARINT))
			return scan_varint(&scan, &format) ? format : 0;
		if (!scan_value(&scan, tag & 7, &body))
			break;
	}
	return 0;
}

/* ---- reading */

static void *arena_alloc(void *arena, size_t n)
{
	return ck_arena_alloc(arena, n);
}

static void arena_free(void *arena, void *pointer)
{
	(void)arena;
	(void)pointer;
}

static enum ck_code bad_plan(struct ck_diags *diags, struct ck_str path, const char *what)
{
	struct ck_diag *diag = ck_error(diags, CK_BAD_PLAN, no_place, "\"%.*s\" %s", CK_STR_ARG(ck_name_text(diags->arena, path)), what);

	ck_diag_help(diags, diag, "compile the migration again");
	return CK_BAD_PLAN;
}

/* Magic, checksum, format, nesting. *ret_packed is the message. */
static enum ck_code check_bytes(struct ck_str bytes, struct ck_str path, struct ck_diags *diags, struct ck_str *ret_packed)
{
	size_t n_magic = sizeof(CK_PLAN_MAGIC) - 1;
	struct ck_str packed = ck_str_slice(bytes, n_magic + CK_SHA256, bytes.n);
	struct scan scan = { packed.p, packed.p + packed.n };
	uint8_t digest[CK_SHA256];
	struct ck_diag *diag;
	const char *wrong;
	uint64_t format;

	if (!ck_plan_is(bytes))
		return bad_plan(diags, path, "is no plan: it does not begin as one");
	if (bytes.n < n_magic + CK_SHA256)
		return bad_plan(diags, path, "is cut short");
	if (!ck_sha256(packed, digest))
		return ck_error_nomem(diags);
	if (memcmp(digest, bytes.p + n_magic, CK_SHA256) != 0)
		return bad_plan(diags, path, "is damaged: its checksum does not match");
	format = scan_format(scan);
	if (format > CK_PLAN_FORMAT) {
		diag = ck_error(diags, CK_NEW_PLAN, no_place, "\"%.*s\" was written by a newer ckmig: its format is %llu, this one reads %d",
				CK_STR_ARG(ck_name_text(diags->arena, path)), (unsigned long long)format, CK_PLAN_FORMAT);
		ck_diag_help(diags, diag, "take the ckmig that wrote it, or compile the migration again with this one");
		return CK_NEW_PLAN;
	}
	wrong = scan_message(&ck__plan__plan__descriptor, scan, 0);
	if (wrong)
		return bad_plan(diags, path, ck_str_format(diags->arena, "is no plan that ckmig wrote: it has %s", wrong).p);
	*ret_packed = packed;
	return CK_OK;
}

enum ck_code ck_plan_register(struct ck_plan *plan, struct ck_diags *diags)
{
	const Ck__Plan__Debug *debug = plan->message->debug;

	for (size_t i = 0; debug && i < debug->n_files; i++) {
		uint32_t file = ck_diags_add_file(diags, ck_str_of(debug->files[i]->name), ck_str_of(debug->files[i]->text));

		if (!file)
			return ck_error_nomem(diags);
		if (i == 0)
			plan->first_file = file;
	}
	return CK_OK;
}

enum ck_code ck_plan_decode(struct ck_str bytes, struct ck_str path, struct ck_arena *arena, struct ck_diags *diags,
			    struct ck_plan **ret_plan)
{
	ProtobufCAllocator allocator = { arena_alloc, arena_free, arena };
	struct ck_plan *plan = ck_arena_alloc(arena, sizeof(*plan));
	struct ck_str packed = { 0 };
	enum ck_code code = plan ? check_bytes(bytes, path, diags, &packed) : ck_error_nomem(diags);

	if (code != CK_OK)
		return code;
	plan->arena = arena;
	plan->message = ck__plan__plan__unpack(&allocator, packed.n, (const uint8_t *)packed.p);
	if (ck_arena_failed(arena))
		return ck_error_nomem(diags);
	if (!plan->message)
		return bad_plan(diags, path, "is no plan that ckmig wrote: it cannot be unpacked");
	code = ck_plan_verify_file(plan, path, diags);
	if (code == CK_OK && plan->message->n_parts)
		code = ck_series_open(plan, diags);
	else if (code == CK_OK)
		code = ck_plan_seal(plan, diags);
	if (code == CK_OK)
		code = ck_plan_register(plan, diags);
	if (code == CK_OK)
		*ret_plan = plan;
	return code;
}

/* ---- spans and names for messages */

static struct ck_span span_of(const struct ck_plan *plan, const Ck__Plan__Span *span)
{
	if (!span || !plan->first_file)
		return no_place;
	return (struct ck_span){ plan->first_file + span->file, span->begin, span->end };
}

static struct ck_span insn_span(const struct ck_plan *plan, const Ck__Plan__RuleSpans *spans, size_t insn)
{
	return span_of(plan, insn < spans->n_code ? spans->code[insn] : spans->statement);
}

struct ck_span ck_plan_rule_span(const struct ck_plan *plan, size_t rule, size_t insn)
{
	const Ck__Plan__Debug *debug = plan->message->debug;

	return debug && rule < debug->n_rules ? insn_span(plan, debug->rules[rule], insn) : no_place;
}

struct ck_span ck_plan_goal_span(const struct ck_plan *plan, size_t rule, size_t goal)
{
	const Ck__Plan__Debug *debug = plan->message->debug;

	if (!debug || rule >= debug->n_rules)
		return no_place;
	if (goal >= debug->rules[rule]->n_goals)
		return span_of(plan, debug->rules[rule]->statement);
	return span_of(plan, debug->rules[rule]->goals[goal]);
}

struct ck_span ck_plan_alias_span(const struct ck_plan *plan, size_t alias)
{
	const Ck__Plan__Debug *debug = plan->message->debug;

	return debug && alias < debug->n_aliases ? span_of(plan, debug->aliases[alias]) : no_place;
}

struct ck_span ck_plan_after_span(const struct ck_plan *plan, size_t after)
{
	const Ck__Plan__Debug *debug = plan->message->debug;

	return debug && after < debug->n_after ? span_of(plan, debug->after[after]) : no_place;
}

struct ck_span ck_plan_slots_span(const struct ck_plan *plan)
{
	const Ck__Plan__Debug *debug = plan->message->debug;

	return debug && debug->slots ? span_of(plan, debug->slots) : no_place;
}

struct ck_span ck_plan_check_span(const struct ck_plan *plan, size_t check, size_t insn)
{
	const Ck__Plan__Debug *debug = plan->message->debug;

	return debug && check < debug->n_checks ? insn_span(plan, debug->checks[check], insn) : no_place;
}

struct ck_str ck_plan_id(const struct ck_plan *plan)
{
	const Ck__Plan__Debug *debug = plan->message->debug;
	struct ck_str id = plan->series ? plan->series->id : ck_str_of(plan->message->code->id);

	if (id.n || !debug || !debug->n_files)
		return id;
	id = ck_path_base(ck_str_of(debug->files[0]->name));
	return ck_str_ends(id, CK_STR(".ckmig")) ? ck_str_slice(id, 0, id.n - 6) : id;
}

size_t ck_plan_n_inputs(const struct ck_plan *plan)
{
	return plan->series ? plan->series->n_inputs : plan->message->code->n_inputs;
}

struct ck_str ck_plan_input_name(const struct ck_plan *plan, uint32_t input)
{
	size_t declared = (size_t)input - CK_INPUT_DECLARED;

	switch (input) {
	case CK_INPUT_SOURCE:
		return CK_STR("source");
	case CK_INPUT_TEMPLATE:
		return CK_STR("template");
	case CK_INPUT_TARGET:
		return CK_STR("target");
	default:
		if (declared >= ck_plan_n_inputs(plan))
			return CK_STR("?");
		return plan->series ? plan->series->inputs[declared] : ck_str_of(plan->message->code->inputs[declared]);
	}
}
