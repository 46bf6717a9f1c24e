/* The verification report as JSON. man/ckmig-report.schema.json describes every field; change both together. */
#include "vm/report_internal.h"

static void put_output(struct ck_document *document, const struct ck_report *report, const struct ck_ledger *ledger)
{
	ck_document_object(document, "output");
	/* Where it lies is no part of what was made. */
	ck_document_text(document, "name", ck_path_base(report->output));
	ck_document_truth(document, "written", report->written);
	if (report->written)
		ck_document_hex(document, "index_sha256", (struct ck_str){ (const char *)report->target_digest, CK_SHA256 });
	else
		ck_document_null(document, "index_sha256");
	ck_document_number(document, "shards", ledger->bound->n_shard_sizes);
	ck_document_number(document, "object_graph_bytes", ledger->n_graph_bytes);
	ck_document_object_end(document);
}

static void put_statistics(struct ck_document *document, const struct ck_statistics *statistics)
{
	bool any = statistics->n_elems > statistics->n_nan + statistics->n_inf;
	const struct {
		const char *key;
		double value;
	} of_finite[] = { { "min", statistics->min }, { "max", statistics->max }, { "mean", statistics->mean }, { "stddev", statistics->stddev } };

	if (!statistics->valid) {
		ck_document_null(document, "statistics");
		return;
	}
	ck_document_object(document, "statistics");
	ck_document_number(document, "elements", statistics->n_elems);
	ck_document_number(document, "nan", statistics->n_nan);
	ck_document_number(document, "inf", statistics->n_inf);
	ck_document_number(document, "zero", statistics->n_zero);
	for (size_t i = 0; i < CK_COUNT(of_finite); i++) {
		if (any)
			ck_document_real(document, of_finite[i].key, of_finite[i].value);
		else
			ck_document_null(document, of_finite[i].key);
	}
	ck_document_object_end(document);
}

static void put_casts(struct ck_document *document, const struct ck_target_result *result)
{
	ck_document_object(document, "casts");
	ck_document_number(document, "inexact", result->n_inexact);
	ck_document_number(document, "overflow", result->n_overflow);
	ck_document_number(document, "underflow", result->n_underflow);
	ck_document_number(document, "nan_made", result->n_nan_made);
	ck_document_real(document, "max_rounding", result->max_rounding);
	ck_document_object_end(document);
}

static void put_target(struct ck_document *document, const struct ck_report *report, const struct ck_ledger *ledger, size_t number)
{
	const struct ck_target_result *result = &report->targets[number];
	const struct ck_ledger_target *target = &ledger->targets[number];
	const uint8_t crc[] = { (uint8_t)(result->crc >> 24), (uint8_t)(result->crc >> 16), (uint8_t)(result->crc >> 8), (uint8_t)result->crc };

	ck_document_target(document, ledger, number);
	/* As the index has it. */
	if (result->has_crc)
		ck_document_hex(document, "crc32c", (struct ck_str){ (const char *)crc, sizeof(crc) });
	else
		ck_document_null(document, "crc32c");
	ck_document_word(document, "how", target->is_linked ? "linked" : target->is_copied ? "copied" : "computed");
	put_statistics(document, &result->statistics);
	if (target->casts)
		put_casts(document, result);
	else
		ck_document_null(document, "casts");
	ck_document_object_end(document);
}

static void put_targets(struct ck_document *document, const struct ck_report *report, const struct ck_ledger *ledger)
{
	ck_document_list(document, "targets");
	for (size_t i = 0; i < ledger->n_targets; i++)
		if (!ledger->targets[i].is_graph)
			put_target(document, report, ledger, i);
	ck_document_list_end(document);
}

static void put_checks(struct ck_document *document, const struct ck_report *report)
{
	ck_document_list(document, "checks");
	for (size_t i = 0; i < report->n_checks; i++) {
		const struct ck_check_result *check = &report->checks[i];

		ck_document_object(document, NULL);
		ck_document_text(document, "text", check->text);
		ck_document_word(document, "result", check->holds ? "ok" : "failed");
		ck_document_text(document, "detail", check->detail);
		ck_document_object_end(document);
	}
	ck_document_list_end(document);
}

/* Bytes by the plan: what a run really reads depends on its memory. */
static void put_work(struct ck_document *document, const struct ck_ledger *ledger)
{
	ck_document_object(document, "work");
	ck_document_number(document, "read_bytes", ledger->bound->read_bytes);
	ck_document_number(document, "write_bytes", ledger->bound->write_bytes);
	ck_document_number(document, "copy_bytes", ledger->bound->copy_bytes);
	ck_document_number(document, "link_bytes", ledger->bound->link_bytes);
	ck_document_object_end(document);
}

enum ck_code ck_report_json(const struct ck_report *report, struct ck_buf *out)
{
	struct ck_document document;
	struct ck_ledger ledger;
	enum ck_code code = CK_NOMEM;

	CK_ASSERT(report->inputs);
	if (ck_ledger_init(&ledger, report->bound, report->inputs)) {
		ck_document_begin(&document, out);
		ck_document_number(&document, "version", CK_REPORT_VERSION);
		ck_document_head(&document, &ledger);
		put_output(&document, report, &ledger);
		ck_document_word(&document, "verify", report->verify);
		put_checks(&document, report);
		put_targets(&document, report, &ledger);
		ck_document_sources(&document, &ledger);
		ck_document_tail(&document, &ledger);
		put_work(&document, &ledger);
		code = ck_document_end(&document);
	}
	ck_ledger_clear(&ledger);
	return code;
}
