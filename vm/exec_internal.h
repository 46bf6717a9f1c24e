/* What the files of the executor share; for vm/exec*.c only. */
#ifndef CK_VM_EXEC_INTERNAL_H
#define CK_VM_EXEC_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "bundle/data.h"
#include "bundle/writer.h"
#include "vm/exec.h"
#include "vm/pool.h"
#include "vm/statistics.h"
#include "vm/view.h"

/* One thread. */
struct ck_exec_worker {
	struct ck_worker worker;
	struct ck_diags diags;		/* sinks are not shared; the first failure's is copied to the run's */
	uint8_t *tile;			/* [CK_EXEC_BUFFER or n_tile, what is more] */
	struct ck_crc32c_places places;	/* of the pieces that are written */
	enum ck_code code;
	size_t failed_item;
};

/* Bytes that are read, checked and written at once where their order stays; they stay in the processor's cache. */
enum { CK_EXEC_BUFFER = 1 << 20 };

/* How a target's bytes come to be. */
enum ck_way {
	CK_WAY_COPY,	/* the stored bytes of one variable */
	CK_WAY_LINK,	/* the same, in a shard that is linked */
	CK_WAY_TILES,	/* computed */
	CK_WAY_BYTES,	/* made in memory: the object graph, empty strings */
};

struct ck_exec_target {
	enum ck_way way;
	const struct ck_data *data;		/* COPY, LINK */
	const struct ck_variable *variable;	/* COPY, LINK */
	uint32_t input;				/* COPY, LINK */
	struct ck_view *view;			/* TILES */
	uint64_t *counts;			/* TILES: [rank] indices of each axis that a tile has */
	atomic_uint_least32_t parts;		/* of the checksum of what was written so far: ck_crc32c_part() */
	uint32_t crc;				/* of the bytes as they are; of strings the entry's is another */
	bool wants_statistics;			/* a check asks */
};

/* A piece of work that writes one range of the output, or one tile. */
struct ck_exec_item {
	size_t target;				/* the first one */
	uint64_t number;			/* TILES: of the tile; COPY: where in the target it begins, bytes */
	uint64_t n_bytes;			/* COPY: of the output; other targets may follow in it */
};

struct ck_exec {
	const struct ck_plan *bound;
	const Ck__Plan__Bound *message;
	const struct ck_inputs *inputs;
	const struct ck_run_options *options;
	struct ck_arena *arena;
	struct ck_diags *diags;

	struct ck_data **data;			/* [n_data] by input number, NULL: not given */
	size_t n_data;
	struct ck_writer *writer;
	struct ck_exec_worker *workers;
	size_t n_workers, n_tile, n_scratch, n_staging;	/* bytes a worker */
	struct ck_exec_target *targets;		/* parallel to Bound.targets */
	size_t *order;				/* [n_targets] by their place in the output */
	struct ck_exec_item *items;
	size_t n_items, items_capacity;
	struct ck_report *report;
	pthread_mutex_t lock;			/* of the counts in report->targets */
	bool **loaded;				/* [n_data][n_variables] read to be rewritten */
	struct ck_read_sum **sums;		/* [n_data][n_variables] of what was read of these */
	atomic_uint_least64_t n_done;
	uint64_t n_all;				/* bytes, for progress */
};

/* ---- exec.c */

typedef enum ck_code ck_exec_work(struct ck_exec *exec, struct ck_exec_worker *worker, void *context, size_t item);
/*
 * Does n items in parallel. The failure of the least item is the one that is told (items are handed out in order, so it is the
 * same in every run); its place is the statement of target_of(exec, context, item), NULL: none.
 */
CK_NODISCARD enum ck_code ck_exec_parallel(struct ck_exec *exec, size_t n_items, ck_exec_work *work,
					   const Ck__Plan__Target *(*target_of)(const struct ck_exec *exec, void *context, size_t item),
					   void *context);
void ck_exec_progress(struct ck_exec *exec, const struct ck_exec_worker *worker, uint64_t n_bytes);
/* Sizes of pools and workers. */
CK_NODISCARD enum ck_code ck_exec_open_workers(struct ck_exec *exec, size_t n_jobs, uint64_t memory, uint64_t tile);
void ck_exec_close_workers(struct ck_exec *exec);

/* ---- exec_write.c */

/* Cuts the work into items, in the order of the output. */
CK_NODISCARD enum ck_code ck_exec_plan_items(struct ck_exec *exec);
/* Writes every target, and sets its crc. */
CK_NODISCARD enum ck_code ck_exec_write(struct ck_exec *exec);

/* ---- exec_tile.c */

/* How many indices of each axis a tile of n_bytes at most has, at least one. The view is not empty. */
void ck_exec_tile_counts(const struct ck_view *view, uint64_t n_bytes, uint64_t *counts);

/* Builds the view of a target and decides its tiles; *ret_n_tiles of them. */
CK_NODISCARD enum ck_code ck_exec_plan_tiles(struct ck_exec *exec, size_t target, uint64_t *ret_n_tiles);
/* Computes and writes one tile. */
CK_NODISCARD enum ck_code ck_exec_tile(struct ck_exec *exec, struct ck_exec_worker *worker, size_t target, uint64_t number);

/* ---- exec_scan.c */

/* Bytes whose CRC is wanted, and perhaps statistics: of a variable, or of the output. */
struct ck_scan {
	const struct ck_data *data;		/* NULL: fd */
	const struct ck_variable *variable;
	int fd;
	uint64_t offset, n_bytes;		/* of the variable, or of fd */
	struct ck_str label;			/* for messages about fd */
	bool whole;				/* ck_data_check() alone can read it: strings, variants, partitioned */
	enum ck_dtype statistics_of;		/* NONE: no statistics */
	uint32_t crc;				/* the results; not set with `whole` */
	struct ck_partial partial;
};

/* Sets the results of each. */
CK_NODISCARD enum ck_code ck_exec_scan(struct ck_exec *exec, struct ck_scan *scans, size_t n_scans);
struct ck_scan ck_scan_variable(const struct ck_data *data, const struct ck_variable *variable);
/* A target as it was written; its dtype's statistics too, if asked. */
struct ck_scan ck_scan_target(const struct ck_exec *exec, size_t target, bool statistics);
/* Sources that were read to be rewritten, or copied: what was read must have the checksum of the index. all: linked ones too. */
CK_NODISCARD enum ck_code ck_exec_check_sources(struct ck_exec *exec, bool all);
/* What was written: computed targets, with `all` every one. Takes statistics of what was computed, and where a check asks. */
CK_NODISCARD enum ck_code ck_exec_check_written(struct ck_exec *exec, bool all);

/* Sets the statistics of these targets, as they were written, where they are not known yet. */
CK_NODISCARD enum ck_code ck_exec_statistics(struct ck_exec *exec, const size_t *targets, size_t n_targets);

/* ---- exec_measure.c */

/* A variable, a target, or what code makes of them. */
struct ck_measured {
	uint32_t input;				/* CK_INPUT_TARGET: number `variable` of Bound.targets */
	uint64_t variable;
	const Ck__Plan__CheckValue *value;	/* NULL: the variable */

	/* Set by ck_exec_measure(). */
	const struct ck_data *data;
	const struct ck_variable *stored;	/* its bytes, or NULL */
	struct ck_view *view;			/* or NULL */
	enum ck_dtype dtype;
	struct ck_shape shape;
};

/* Tensors that a check reads: one, of which extremes are wanted, or two that are compared. */
struct ck_measure {
	size_t n_sides;
	struct ck_measured sides[2];
	bool is_close;				/* else byte by byte */
	double atol, rtol;
	struct ck_str target;			/* the label that keys random fills */

	/* Results. Parts of complex numbers count as numbers of their own where there is one side. */
	bool same_type;				/* nothing is compared else; close leaves dtypes alone */
	uint64_t n_elems, n_nan, n_inf, n_differ;
	double min, max;			/* of floats, infinities included; of no element 0 */
	__int128 low, high;			/* of integers */
	double largest;				/* difference, of finite ones */
};

/* Reads and measures all of them, in tiles. @errors CK_IO, CK_OVERFLOW, CK_BAD_PLAN, CK_NOMEM */
CK_NODISCARD enum ck_code ck_exec_measure(struct ck_exec *exec, struct ck_measure *measures, size_t n_measures);

/* ---- exec_check.c */

/* Marks targets whose statistics a check asks for, and sources that checks read. */
CK_NODISCARD enum ck_code ck_exec_plan_checks(struct ck_exec *exec);
CK_NODISCARD enum ck_code ck_exec_run_checks(struct ck_exec *exec);

#endif
