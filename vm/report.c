/* The verification report for the terminal: short, since the JSON beside the checkpoint has every variable. */
#include "vm/report_internal.h"

#include <inttypes.h>
#include <string.h>

#include "vm/series.h"

enum { MAX_ROWS = 20, MAX_CHECKS = 12, MAX_NAMES = 3, MAX_NOTICES = 3 };

static void put_head(struct ck_buf *out, const struct ck_report *report, const struct ck_ledger *ledger, const struct ck_size_unit *unit,
		     bool color)
{
	ck_buf_name(out, report->output);
	ck_buf_str(out, CK_STR(": "));
	if (!report->written) {
		ck_buf_paint(out, color, CK_PAINT_ALARM, "not written");
		ck_buf_str(out, CK_STR("; it would be "));
	}
	ck_buf_totals(out, ledger, unit);
	ck_buf_printf(out, "%s %.2f s\n  ", report->written ? ", in" : "; stopped after", report->seconds);
	ck_buf_fates(out, ledger);
	ck_buf_char(out, '\n');
}

/* What was only carried under its name or a new one is in the totals. */
static bool put_table(struct ck_buf *out, const struct ck_ledger *ledger, const struct ck_size_unit *unit, bool color)
{
	struct ck_dryrun_rows rows;
	size_t before, n_more;

	if (!ck_dryrun_rows_make(ledger, CK_BY_STATEMENT, &rows))
		return false;
	before = out->n;
	n_more = ck_dryrun_table(&rows, unit, '=', MAX_ROWS, color, out);
	if (n_more)
		ck_buf_printf(out, "      and %zu more rows; `ckmig plan` shows them all\n", n_more);
	if (out->n > before)
		ck_buf_char(out, '\n');
	return true;
}

static bool put_part(struct ck_buf *out, const struct ck_ledger *whole, size_t part, const struct ck_size_unit *unit, bool color)
{
	struct ck_ledger own;
	bool good = ck_ledger_of_part(&own, whole, part);

	if (good) {
		ck_buf_str(out, CK_STR("  "));
		ck_buf_part(out, own.plan, part);
		ck_buf_str(out, CK_STR(": "));
		ck_buf_totals(out, &own, unit);
		ck_buf_char(out, '\n');
		good = put_table(out, &own, unit, color);
	}
	ck_ledger_clear(&own);
	return good;
}

/* Of a series a table for each part, of what it does with what the part before makes. */
static bool put_rows(struct ck_buf *out, const struct ck_ledger *ledger, const struct ck_size_unit *unit, bool color)
{
	bool good = true;

	ck_buf_char(out, '\n');
	if (!ledger->plan->series)
		return put_table(out, ledger, unit, color);
	for (size_t i = 0; good && i < ck_plan_n_parts(ledger->plan); i++)
		good = put_part(out, ledger, i, unit, color);
	return good;
}

/* ---- values */

/* "x", "y" and 3 more. Counts names as it goes; *n_names begins at 0. */
static void put_name(struct ck_buf *out, const struct ck_ledger *ledger, size_t target, size_t *n_names)
{
	if ((*n_names)++ >= MAX_NAMES)
		return;
	ck_buf_str(out, *n_names == 1 ? CK_STR("\"") : CK_STR(", \""));
	ck_buf_name(out, ck_str_of(ledger->targets[target].message->label));
	ck_buf_char(out, '"');
}

static void put_more_names(struct ck_buf *out, size_t n_names)
{
	if (n_names > MAX_NAMES)
		ck_buf_printf(out, " and %zu more", n_names - MAX_NAMES);
	ck_buf_char(out, '\n');
}

static void put_count(struct ck_buf *out, uint64_t n, const char *what, bool *any)
{
	if (!n)
		return;
	ck_buf_printf(out, "%s%" PRIu64 " %s", *any ? ", " : "", n, what);
	*any = true;
}

static bool lost_something(const struct ck_target_result *result)
{
	return result->n_inexact || result->n_overflow || result->n_underflow || result->n_nan_made;
}

static void put_casts(struct ck_buf *out, const struct ck_report *report, const struct ck_ledger *ledger)
{
	struct ck_target_result sum = { 0 };
	size_t n = 0, worst = 0;
	bool any = false;

	for (size_t i = 0; i < ledger->n_targets; i++) {
		const struct ck_target_result *result = &report->targets[i];

		n += lost_something(result);
		sum.n_inexact += result->n_inexact;
		sum.n_overflow += result->n_overflow;
		sum.n_underflow += result->n_underflow;
		sum.n_nan_made += result->n_nan_made;
		worst = result->max_rounding > report->targets[worst].max_rounding ? i : worst;
	}
	if (!n)
		return;
	ck_buf_str(out, CK_STR("  casts in "));
	ck_buf_plural(out, n, "variable");
	ck_buf_str(out, CK_STR(": "));
	put_count(out, sum.n_inexact, "values rounded", &any);
	put_count(out, sum.n_underflow, "of them to 0", &any);
	put_count(out, sum.n_overflow, "beyond the range", &any);
	put_count(out, sum.n_nan_made, "of them NaN now", &any);
	if (report->targets[worst].max_rounding > 0) {
		ck_buf_printf(out, "; by %.3g at most, in \"", report->targets[worst].max_rounding);
		ck_buf_name(out, ck_str_of(ledger->targets[worst].message->label));
		ck_buf_char(out, '"');
	}
	ck_buf_char(out, '\n');
}

static void put_not_finite(struct ck_buf *out, const struct ck_report *report, const struct ck_ledger *ledger, bool color)
{
	uint64_t n_nan = 0, n_inf = 0;
	size_t n_names = 0;
	bool any = false;

	for (size_t i = 0; i < ledger->n_targets; i++) {
		n_nan += report->targets[i].statistics.n_nan;
		n_inf += report->targets[i].statistics.n_inf;
	}
	if (!n_nan && !n_inf)
		return;
	ck_buf_str(out, CK_STR("  "));
	ck_buf_paint(out, color, CK_PAINT_YELLOW, "warning");
	ck_buf_str(out, CK_STR(": "));
	put_count(out, n_nan, "NaN", &any);
	put_count(out, n_inf, "infinite", &any);
	ck_buf_str(out, CK_STR(" in "));
	for (size_t i = 0; i < ledger->n_targets; i++)
		if (report->targets[i].statistics.n_nan || report->targets[i].statistics.n_inf)
			put_name(out, ledger, i, &n_names);
	put_more_names(out, n_names);
}

/* ---- checks, the end */

static void put_check(struct ck_buf *out, const struct ck_check_result *check, bool color)
{
	ck_buf_str(out, CK_STR("  "));
	ck_buf_paint(out, color, check->holds ? CK_PAINT_GREEN : CK_PAINT_ALARM, check->holds ? "ok    " : "failed");
	ck_buf_str(out, CK_STR("  "));
	/* A statement over several lines stands on one here. */
	for (size_t i = 0; i < check->text.n; i++) {
		char c = check->text.p[i];
		bool is_space = c == ' ' || c == '\n' || c == '\t' || c == '\r';

		if (!is_space)
			ck_buf_char(out, c);
		else if (i && !strchr(" \n\t\r", check->text.p[i - 1]))
			ck_buf_char(out, ' ');
	}
	if (check->detail.n) {
		ck_buf_str(out, CK_STR("   "));
		ck_buf_str(out, check->detail);
	}
	ck_buf_char(out, '\n');
}

/* All that failed; of many that hold only some. */
static void put_checks(struct ck_buf *out, const struct ck_report *report, bool color)
{
	size_t n_ok = 0;

	for (size_t i = 0; i < report->n_checks; i++) {
		n_ok += report->checks[i].holds;
		if (!report->checks[i].holds || n_ok <= MAX_CHECKS)
			put_check(out, &report->checks[i], color);
	}
	if (n_ok > MAX_CHECKS)
		ck_buf_printf(out, "  ok      and %zu more checks\n", n_ok - MAX_CHECKS);
}

/* What was written is what the plan says; what was read depends on memory. */
static void put_end(struct ck_buf *out, const struct ck_report *report, const struct ck_ledger *ledger, const struct ck_size_unit *unit)
{
	ck_buf_str(out, CK_STR("  "));
	ck_buf_exactness(out, ledger);
	ck_buf_str(out, CK_STR(". Read "));
	ck_buf_with_unit(out, report->n_read, unit);
	if (!report->written) {
		ck_buf_str(out, CK_STR(".\n"));
		return;
	}
	ck_buf_str(out, CK_STR(", wrote "));
	ck_buf_with_unit(out, ledger->bound->write_bytes, unit);
	if (ledger->bound->copy_bytes || !ledger->bound->n_links) {
		ck_buf_str(out, CK_STR(", copied "));
		ck_buf_with_unit(out, ledger->bound->copy_bytes, unit);
	}
	if (ledger->bound->n_links) {
		ck_buf_str(out, CK_STR(", linked "));
		ck_buf_with_unit(out, ledger->bound->link_bytes, unit);
	}
	ck_buf_str(out, CK_STR(".\n"));
	if (!strcmp(report->verify, "none"))
		ck_buf_str(out, CK_STR("  not verified: nothing was read again.\n"));
	else
		ck_buf_printf(out, "  verified: %s was read again, and its checksums are right.\n",
			      !strcmp(report->verify, "full") ? "everything" : "what changed");
}

static bool put_all(struct ck_buf *out, const struct ck_report *report, const struct ck_ledger *ledger, bool color)
{
	const struct ck_totals *totals = &ledger->totals;
	const struct ck_size_unit *unit = ck_size_unit(totals->in > totals->out ? totals->in : totals->out);

	put_head(out, report, ledger, unit, color);
	if (!put_rows(out, ledger, unit, color))
		return false;
	put_casts(out, report, ledger);
	put_checks(out, report, color);
	put_not_finite(out, report, ledger, color);
	ck_buf_notices(out, ledger, "  notice: ", MAX_NOTICES);
	put_end(out, report, ledger, unit);
	return !out->failed;
}

enum ck_code ck_report_text(const struct ck_report *report, bool color, struct ck_buf *out)
{
	struct ck_ledger ledger;
	bool good;

	CK_ASSERT(report->inputs);
	good = ck_ledger_init(&ledger, report->bound, report->inputs) && put_all(out, report, &ledger, color);
	ck_ledger_clear(&ledger);
	return good ? CK_OK : CK_NOMEM;
}
