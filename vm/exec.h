/* Running a bound plan: reads the inputs, writes the migrated checkpoint, verifies it, decides the checks, fills in a report. */
#ifndef CK_VM_EXEC_H
#define CK_VM_EXEC_H

#include "bundle/writer.h"
#include "vm/bind.h"
#include "vm/report.h"

struct ck_data;

enum ck_verify_mode { CK_VERIFY_NONE, CK_VERIFY_CHANGED, CK_VERIFY_FULL };

struct ck_run_options {
	size_t n_jobs;			/* threads, at least 1 */
	uint64_t memory;		/* bytes of the tile pool */
	uint64_t tile;			/* bytes of a tile, 0: chosen from memory; for tests */
	enum ck_verify_mode verify;
	bool force, sync;
	enum ck_link_how link_how;	/* of the plan's linked shards */
	/* Called now and then from the calling thread with bytes done and in all; may be NULL. */
	void (*progress)(void *context, uint64_t n_done, uint64_t n_all);
	void *progress_context;
	/*
	 * Called when all is written and verified and every check holds, before the output gets its name; an error stops the run. May be
	 * NULL. *ret_companion, if it gets a path, goes with the output; it is the caller's.
	 */
	enum ck_code (*before_name)(void *context, const struct ck_report *report, struct ck_companion *ret_companion);
	void *before_context;
};

/**
 * Runs a bound and verified plan on the inputs it was bound to and writes the checkpoint `prefix`. *ret_report (in arena) is set
 * also when a check fails or a value overflows, so that it can be shown; the output then does not get its name.
 * @errors CK_BAD_CHECKSUM, CK_OVERFLOW, CK_CHECK_FAILED, CK_VERIFY_FAILED, CK_OUTPUT_EXISTS, CK_IO, CK_NOMEM, CK_BAD_SHARD
 */
CK_NODISCARD enum ck_code ck_run(const struct ck_plan *bound, const struct ck_inputs *inputs, struct ck_str prefix,
				 const struct ck_run_options *options, struct ck_arena *arena, struct ck_diags *diags,
				 struct ck_report **ret_report);

/* Checks every byte of a checkpoint against its index: CRCs, string lengths. Counts in *ret_n_bytes. For `ckmig verify`. */
CK_NODISCARD enum ck_code ck_verify_checkpoint(const struct ck_manifest *manifest, size_t n_jobs, uint64_t memory, struct ck_diags *diags,
					       uint64_t *ret_n_variables, uint64_t *ret_n_bytes);

/* Statistics of one stored variable, with a histogram of n_bins between min and max; for `ckmig show`. */
CK_NODISCARD enum ck_code ck_variable_statistics(const struct ck_data *data, const struct ck_variable *variable,
						 struct ck_diags *diags, struct ck_statistics *ret_statistics, uint64_t *histogram,
						 size_t n_bins);

#endif
