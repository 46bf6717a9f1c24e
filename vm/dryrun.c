/* The dry run as text: what a bound plan would do, before anything is read. */
#include "vm/report_internal.h"

#include <inttypes.h>

#include "vm/series.h"

enum { MAX_NOTICES = 6 };

/* "206 variables, 417.6 MiB, 1 shard" */
static void put_size(struct ck_buf *out, const struct ck_manifest *manifest, const struct ck_size_unit *unit)
{
	ck_buf_plural(out, ck_manifest_n_variables(manifest), "variable");
	ck_buf_str(out, CK_STR(", "));
	ck_buf_with_unit(out, manifest->n_bytes, unit);
	ck_buf_str(out, CK_STR(", "));
	ck_buf_plural(out, manifest->n_shards, "shard");
	ck_buf_char(out, '\n');
}

static void put_title(struct ck_buf *out, const struct ck_ledger *ledger, struct ck_str title, const struct ck_size_unit *unit)
{
	for (size_t i = 0; i < ledger->inputs->n; i++) {
		const struct ck_manifest *manifest = ledger->inputs->manifests[i];

		if (!manifest)
			continue;
		if (i == CK_INPUT_SOURCE) {
			ck_buf_str(out, title);
			ck_buf_str(out, CK_STR(" on "));
		} else {
			ck_buf_str(out, i == CK_INPUT_TEMPLATE ? CK_STR("  onto ") : CK_STR("  "));
			if (i != CK_INPUT_TEMPLATE) {
				ck_buf_name(out, ck_plan_input_name(ledger->plan, (uint32_t)i));
				ck_buf_char(out, ' ');
			}
		}
		ck_buf_name(out, manifest->path);
		ck_buf_str(out, CK_STR(": "));
		put_size(out, manifest, unit);
	}
	ck_buf_char(out, '\n');
}

static void put_cost(struct ck_buf *out, const struct ck_ledger *ledger, const struct ck_size_unit *unit)
{
	const Ck__Plan__Bound *bound = ledger->bound;
	const struct ck_size_unit *peak = ck_size_unit(bound->peak_bytes);

	ck_buf_str(out, CK_STR("  "));
	ck_buf_exactness(out, ledger);
	ck_buf_str(out, CK_STR(". Reads "));
	ck_buf_with_unit(out, bound->read_bytes, unit);
	ck_buf_str(out, CK_STR(", writes "));
	ck_buf_with_unit(out, bound->write_bytes, unit);
	/* Where something is linked, little is copied: files of an input that has none to share. */
	if (bound->copy_bytes || !bound->n_links) {
		ck_buf_str(out, CK_STR(", copies "));
		ck_buf_with_unit(out, bound->copy_bytes, unit);
	}
	if (bound->n_links) {
		ck_buf_str(out, CK_STR(", links "));
		ck_buf_with_unit(out, bound->link_bytes, unit);
	}
	ck_buf_printf(out, ", peak memory %" PRIu64 " %s.\n", (bound->peak_bytes + peak->n_bytes - 1) / peak->n_bytes, peak->name);
}

static bool put_table(struct ck_buf *out, const struct ck_ledger *ledger, const struct ck_size_unit *unit, bool expand, bool color)
{
	struct ck_dryrun_rows rows;

	if (!ck_dryrun_rows_make(ledger, expand ? CK_BY_VARIABLE : CK_BY_SHAPE, &rows))
		return false;
	(void)ck_dryrun_table(&rows, unit, 0, SIZE_MAX, color, out);
	if (rows.n)
		ck_buf_char(out, '\n');
	return true;
}

/* A table for each part, of what it does with what the part before makes. */
static bool put_parts(struct ck_buf *out, const struct ck_ledger *ledger, const struct ck_size_unit *unit, bool expand, bool color)
{
	bool good = true;

	for (size_t i = 0; good && i < ck_plan_n_parts(ledger->plan); i++) {
		struct ck_ledger own;

		good = ck_ledger_of_part(&own, ledger, i);
		if (good) {
			ck_buf_part(out, own.plan, i);
			ck_buf_str(out, CK_STR(": "));
			ck_buf_totals(out, &own, unit);
			ck_buf_str(out, CK_STR("\n\n"));
			good = put_table(out, &own, unit, expand, color);
		}
		ck_ledger_clear(&own);
	}
	ck_buf_str(out, CK_STR("together\n"));
	return good;
}

static bool put_all(struct ck_buf *out, const struct ck_ledger *ledger, struct ck_str title, bool expand, bool color)
{
	const struct ck_totals *totals = &ledger->totals;
	const struct ck_size_unit *unit = ck_size_unit(totals->in > totals->out ? totals->in : totals->out);

	put_title(out, ledger, title, unit);
	if (ledger->plan->series ? !put_parts(out, ledger, unit, expand, color) : !put_table(out, ledger, unit, expand, color))
		return false;
	ck_buf_str(out, CK_STR("  "));
	ck_buf_totals(out, ledger, unit);
	ck_buf_str(out, CK_STR(". "));
	ck_buf_fates(out, ledger);
	ck_buf_str(out, CK_STR(".\n"));
	put_cost(out, ledger, unit);
	ck_buf_notices(out, ledger, "  notice: ", expand ? SIZE_MAX : MAX_NOTICES);
	return !out->failed;
}

enum ck_code ck_dryrun_text(const struct ck_plan *bound, const struct ck_inputs *inputs, struct ck_str title, bool expand, bool color,
			    struct ck_buf *out)
{
	struct ck_ledger ledger;
	bool good = ck_ledger_init(&ledger, bound, inputs) && put_all(out, &ledger, title, expand, color);

	ck_ledger_clear(&ledger);
	return good ? CK_OK : CK_NOMEM;
}
