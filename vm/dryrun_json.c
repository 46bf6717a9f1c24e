/* The dry run as JSON: everything in the bound plan, by name. */
#include "vm/report_internal.h"

static json_t *targets_of(const struct ck_ledger *ledger, struct ck_buf *out)
{
	json_t *array = json_array();

	for (size_t i = 0; i < ledger->n_targets; i++) {
		const Ck__Plan__Target *message = ledger->targets[i].message;
		json_t *target;

		if (ledger->targets[i].is_graph)
			continue;
		target = ck_document_target(ledger, i, out);
		ck_document_set(target, "shard", ck_document_number(message->shard), out);
		ck_document_set(target, "offset", ck_document_number(message->offset), out);
		ck_document_append(array, target, out);
	}
	return array;
}

static json_t *cost_of(const Ck__Plan__Bound *bound, struct ck_buf *out)
{
	json_t *object = json_object();

	ck_document_set(object, "read_bytes", ck_document_number(bound->read_bytes), out);
	ck_document_set(object, "write_bytes", ck_document_number(bound->write_bytes), out);
	ck_document_set(object, "copy_bytes", ck_document_number(bound->copy_bytes), out);
	ck_document_set(object, "peak_memory_bytes", ck_document_number(bound->peak_bytes), out);
	return object;
}

static json_t *output_of(const struct ck_ledger *ledger, struct ck_buf *out)
{
	const Ck__Plan__Bound *bound = ledger->bound;
	json_t *object = json_object(), *shards = json_array();

	for (size_t i = 0; i < bound->n_shard_sizes; i++)
		ck_document_append(shards, ck_document_number(bound->shard_sizes[i]), out);
	ck_document_set(object, "shard_bytes", shards, out);
	ck_document_set(object, "object_graph_bytes", ck_document_number(ledger->n_graph_bytes), out);
	return object;
}

enum ck_code ck_dryrun_json(const struct ck_plan *bound, const struct ck_inputs *inputs, struct ck_buf *out)
{
	struct ck_ledger ledger;
	enum ck_code code = CK_NOMEM;
	json_t *document;

	if (ck_ledger_init(&ledger, bound, inputs)) {
		document = json_object();
		ck_document_head(document, &ledger, out);
		ck_document_set(document, "targets", targets_of(&ledger, out), out);
		ck_document_set(document, "sources", ck_document_sources(&ledger, out), out);
		ck_document_tail(document, &ledger, out);
		ck_document_set(document, "output", output_of(&ledger, out), out);
		ck_document_set(document, "cost", cost_of(ledger.bound, out), out);
		code = ck_document_print(document, out);
	}
	ck_ledger_clear(&ledger);
	return code;
}
