/* The verification report as JSON. man/ckmig-report.schema.json describes every field; change both together. */
#include "vm/report_internal.h"

#include <inttypes.h>

static json_t *output_of(const struct ck_report *report, const struct ck_ledger *ledger, struct ck_buf *out)
{
	struct ck_str digest = { (const char *)report->target_digest, CK_SHA256 };
	json_t *object = json_object();

	/* Where it lies is no part of what was made. */
	ck_document_set(object, "name", ck_document_text(ck_path_base(report->output)), out);
	ck_document_set(object, "written", json_boolean(report->written), out);
	ck_document_set(object, "index_sha256", report->written ? ck_document_hex(digest) : json_null(), out);
	ck_document_set(object, "shards", ck_document_number(ledger->bound->n_shard_sizes), out);
	ck_document_set(object, "object_graph_bytes", ck_document_number(ledger->n_graph_bytes), out);
	return object;
}

static json_t *statistics_of(const struct ck_statistics *statistics, struct ck_buf *out)
{
	bool any = statistics->n_elems > statistics->n_nan + statistics->n_inf;
	json_t *object;

	if (!statistics->valid)
		return json_null();
	object = json_object();
	ck_document_set(object, "elements", ck_document_number(statistics->n_elems), out);
	ck_document_set(object, "nan", ck_document_number(statistics->n_nan), out);
	ck_document_set(object, "inf", ck_document_number(statistics->n_inf), out);
	ck_document_set(object, "zero", ck_document_number(statistics->n_zero), out);
	ck_document_set(object, "min", any ? ck_document_real(statistics->min) : json_null(), out);
	ck_document_set(object, "max", any ? ck_document_real(statistics->max) : json_null(), out);
	ck_document_set(object, "mean", any ? ck_document_real(statistics->mean) : json_null(), out);
	ck_document_set(object, "stddev", any ? ck_document_real(statistics->stddev) : json_null(), out);
	return object;
}

static json_t *casts_of(const struct ck_target_result *result, struct ck_buf *out)
{
	json_t *object = json_object();

	ck_document_set(object, "inexact", ck_document_number(result->n_inexact), out);
	ck_document_set(object, "overflow", ck_document_number(result->n_overflow), out);
	ck_document_set(object, "underflow", ck_document_number(result->n_underflow), out);
	ck_document_set(object, "nan_made", ck_document_number(result->n_nan_made), out);
	ck_document_set(object, "max_rounding", ck_document_real(result->max_rounding), out);
	return object;
}

/* As the index has it. */
static json_t *crc_of(uint32_t crc)
{
	struct ck_buf text = { 0 };

	ck_buf_printf(&text, "%08" PRIx32, crc);
	return ck_document_take(&text);
}

static json_t *target_of(const struct ck_report *report, const struct ck_ledger *ledger, size_t number, struct ck_buf *out)
{
	const struct ck_target_result *result = &report->targets[number];
	const struct ck_ledger_target *target = &ledger->targets[number];
	json_t *object = ck_document_target(ledger, number, out);

	ck_document_set(object, "crc32c", result->has_crc ? crc_of(result->crc) : json_null(), out);
	ck_document_set(object, "how", json_string(target->is_copied ? "copied" : "computed"), out);
	ck_document_set(object, "statistics", statistics_of(&result->statistics, out), out);
	ck_document_set(object, "casts", target->casts ? casts_of(result, out) : json_null(), out);
	return object;
}

static json_t *targets_of(const struct ck_report *report, const struct ck_ledger *ledger, struct ck_buf *out)
{
	json_t *array = json_array();

	for (size_t i = 0; i < ledger->n_targets; i++)
		if (!ledger->targets[i].is_graph)
			ck_document_append(array, target_of(report, ledger, i, out), out);
	return array;
}

static json_t *checks_of(const struct ck_report *report, struct ck_buf *out)
{
	json_t *array = json_array();

	for (size_t i = 0; i < report->n_checks; i++) {
		const struct ck_check_result *check = &report->checks[i];
		json_t *object = json_object();

		ck_document_set(object, "text", ck_document_text(check->text), out);
		ck_document_set(object, "result", json_string(check->holds ? "ok" : "failed"), out);
		ck_document_set(object, "detail", ck_document_text(check->detail), out);
		ck_document_append(array, object, out);
	}
	return array;
}

/* Bytes by the plan: what a run really reads depends on its memory. */
static json_t *work_of(const struct ck_ledger *ledger, struct ck_buf *out)
{
	json_t *object = json_object();

	ck_document_set(object, "read_bytes", ck_document_number(ledger->bound->read_bytes), out);
	ck_document_set(object, "write_bytes", ck_document_number(ledger->bound->write_bytes), out);
	ck_document_set(object, "copy_bytes", ck_document_number(ledger->bound->copy_bytes), out);
	return object;
}

enum ck_code ck_report_json(const struct ck_report *report, struct ck_buf *out)
{
	struct ck_ledger ledger;
	enum ck_code code = CK_NOMEM;
	json_t *document;

	CK_ASSERT(report->inputs);
	if (ck_ledger_init(&ledger, report->bound, report->inputs)) {
		document = json_object();
		ck_document_set(document, "version", json_integer(CK_REPORT_VERSION), out);
		ck_document_head(document, &ledger, out);
		ck_document_set(document, "output", output_of(report, &ledger, out), out);
		ck_document_set(document, "verify", json_string(report->verify), out);
		ck_document_set(document, "checks", checks_of(report, out), out);
		ck_document_set(document, "targets", targets_of(report, &ledger, out), out);
		ck_document_set(document, "sources", ck_document_sources(&ledger, out), out);
		ck_document_tail(document, &ledger, out);
		ck_document_set(document, "work", work_of(&ledger, out), out);
		code = ck_document_print(document, out);
	}
	ck_ledger_clear(&ledger);
	return code;
}
