/* The verification report: what happened to each variable on both sides, with totals that balance. */
#ifndef CK_VM_REPORT_H
#define CK_VM_REPORT_H

#include "vm/plan.h"

/* Of the elements of one tensor; minima, maxima, mean and deviation are of the finite ones, in f64, fixed order. */
struct ck_statistics {
	bool valid;			/* false for strings and opaque dtypes, and where bytes were carried without a look */
	uint64_t n_elems, n_nan, n_inf, n_zero;
	double min, max, mean, stddev;
};

struct ck_target_result {
	uint32_t crc;			/* masked */
	bool has_crc;
	struct ck_statistics statistics;
	uint64_t n_inexact, n_overflow, n_underflow, n_nan_made;	/* of its casts */
	double max_rounding;		/* largest |cast(x) - x| of a finite x */
};

struct ck_check_result {
	struct ck_str text;		/* the statement */
	bool holds;
	struct ck_str detail;		/* what was found, such as "max is 3.5 in blocks/0/w" */
};

struct ck_inputs;			/* vm/bind.h */

struct ck_report {
	const struct ck_plan *bound;
	const struct ck_inputs *inputs;		/* that it was run on */
	struct ck_str output;			/* prefix */
	struct ck_target_result *targets;	/* parallel to Bound.targets */
	struct ck_check_result *checks;		/* all, plan-time ones included */
	size_t n_checks;
	bool all_checks_hold;
	bool written;				/* the output has its name */
	uint8_t target_digest[CK_SHA256];	/* of the new index */
	uint64_t n_read, n_written, n_copied;	/* bytes */
	const char *verify;			/* "none", "changed", "full" */
	double seconds;				/* left out of the JSON, which is the same for the same inputs */
};

/* man/ckmig-report.schema.json is its JSON Schema. Deterministic. */
CK_NODISCARD enum ck_code ck_report_json(const struct ck_report *report, struct ck_buf *out);
/* Text for the terminal: totals, what was rewritten, new, dropped, casts that lost something, checks. */
CK_NODISCARD enum ck_code ck_report_text(const struct ck_report *report, bool color, struct ck_buf *out);
/* Version of the JSON. */
enum { CK_REPORT_VERSION = 1 };

#endif
