/* The dry run as JSON: everything in the bound plan, by name. */
#include "vm/report_internal.h"

static void put_targets(struct ck_document *document, const struct ck_ledger *ledger)
{
	ck_document_list(document, "targets");
	for (size_t i = 0; i < ledger->n_targets; i++) {
		if (ledger->targets[i].is_graph)
			continue;
		ck_document_target(document, ledger, i);
		ck_document_number(document, "shard", ledger->targets[i].message->shard);
		ck_document_number(document, "offset", ledger->targets[i].message->offset);
		ck_document_object_end(document);
	}
	ck_document_list_end(document);
}

static void put_output(struct ck_document *document, const struct ck_ledger *ledger)
{
	const Ck__Plan__Bound *bound = ledger->bound;

	ck_document_object(document, "output");
	ck_document_list(document, "shard_bytes");
	for (size_t i = 0; i < bound->n_shard_sizes; i++)
		ck_document_number(document, NULL, bound->shard_sizes[i]);
	ck_document_list_end(document);
	ck_document_number(document, "object_graph_bytes", ledger->n_graph_bytes);
	ck_document_object_end(document);
}

static void put_cost(struct ck_document *document, const Ck__Plan__Bound *bound)
{
	ck_document_object(document, "cost");
	ck_document_number(document, "read_bytes", bound->read_bytes);
	ck_document_number(document, "write_bytes", bound->write_bytes);
	ck_document_number(document, "copy_bytes", bound->copy_bytes);
	ck_document_number(document, "link_bytes", bound->link_bytes);
	ck_document_number(document, "peak_memory_bytes", bound->peak_bytes);
	ck_document_object_end(document);
}

enum ck_code ck_dryrun_json(const struct ck_plan *bound, const struct ck_inputs *inputs, struct ck_buf *out)
{
	struct ck_document document;
	struct ck_ledger ledger;
	enum ck_code code = CK_NOMEM;

	if (ck_ledger_init(&ledger, bound, inputs)) {
		ck_document_begin(&document, out);
		ck_document_head(&document, &ledger);
		put_targets(&document, &ledger);
		ck_document_sources(&document, &ledger);
		ck_document_tail(&document, &ledger);
		put_output(&document, &ledger);
		put_cost(&document, ledger.bound);
		code = ck_document_end(&document);
	}
	ck_ledger_clear(&ledger);
	return code;
}
