/* One run of ckmig: what the commands share. */
#ifndef CK_DRIVER_DRIVER_H
#define CK_DRIVER_DRIVER_H

#include "bundle/writer.h"
#include "compiler/driver/options.h"

/* Exit codes: man ckmig.1. */
enum ck_exit {
	CK_EXIT_DONE = 0,
	CK_EXIT_DIFFERS = 1,
	CK_EXIT_USAGE = 2,	/* usage, I/O, a checkpoint that is damaged or has no data where it is needed */
	CK_EXIT_COMPILE = 3,
	CK_EXIT_FIT = 4,	/* what the dry run finds */
	CK_EXIT_PLAN = 5,
	CK_EXIT_DATA = 6,	/* what only tensor values show */
	CK_EXIT_REFUSED = 7,	/* the output exists, or is a source */
	CK_EXIT_BUG = 70,
	CK_EXIT_HANGUP = 129, CK_EXIT_INTERRUPT = 130, CK_EXIT_PIPE = 141, CK_EXIT_TERMINATE = 143,
};

/* What is going on when an error comes up: the same code exits differently. */
enum ck_stage { CK_STAGE_COMMAND, CK_STAGE_COMPILE, CK_STAGE_BIND, CK_STAGE_RUN };

struct ck_driver {
	struct ck_options options;
	struct ck_arena *arena;		/* lives as long as the process */
	struct ck_diags diags;
	struct ck_buf out;		/* becomes standard output when the command is through, also when it failed; long JSON earlier */
	struct ck_drain out_drain;	/* its drain */
	enum ck_stage stage;
	enum ck_link_how link_how;	/* of linked shards, when a plan has some */
	struct ck_str saved_model;	/* the SavedModel whose program the result is to fit; p is NULL: a plain checkpoint is made */
	bool fits_itself;		/* that is the source, because no template was given */
	bool differs;			/* exit code 1 when nothing failed */
	bool out_is_terminal, color_out, color_err;
	bool json, quiet, verbose;
};

/* Commands. An error is in driver->diags; its exit code follows from code and stage. */
CK_NODISCARD enum ck_code ck_cmd_compile(struct ck_driver *driver);
CK_NODISCARD enum ck_code ck_cmd_plan(struct ck_driver *driver);
CK_NODISCARD enum ck_code ck_cmd_run(struct ck_driver *driver);
CK_NODISCARD enum ck_code ck_cmd_verify(struct ck_driver *driver);
CK_NODISCARD enum ck_code ck_cmd_ls(struct ck_driver *driver);
CK_NODISCARD enum ck_code ck_cmd_show(struct ck_driver *driver);
CK_NODISCARD enum ck_code ck_cmd_explain(struct ck_driver *driver);
CK_NODISCARD enum ck_code ck_cmd_scaffold(struct ck_driver *driver);
CK_NODISCARD enum ck_code ck_cmd_disasm(struct ck_driver *driver);

/* output.c */

/* Decides about colour and terminals by the options and the environment. */
void ck_output_init(struct ck_driver *driver);
/* Writes the diagnostics (without warnings when quiet) and what there is for standard output; returns the exit code. */
enum ck_exit ck_output_finish(struct ck_driver *driver, enum ck_code code);
/* All of it to a file descriptor; false with errno set. */
CK_NODISCARD bool ck_output_write(int fd, struct ck_str bytes);
/* With -v: a line on standard error. */
CK_PRINTF(2, 3) void ck_say(const struct ck_driver *driver, const char *format, ...);
/* "417.6 MiB", or "12 bytes". */
void ck_buf_size(struct ck_buf *buf, uint64_t n_bytes);
/* "3 variables", "1 variable". */
void ck_buf_count(struct ck_buf *buf, uint64_t n, const char *what);

/**
 * May path be written? It is not if it is there (unless --force; may_replace: what is there is of the same kind), and never if it is
 * one of the n_sources files, by whatever name; of an index, its checkpoint's data files neither. "-" always may.
 * @errors CK_OUTPUT_EXISTS, CK_IO
 */
CK_NODISCARD enum ck_code ck_output_allowed(struct ck_driver *driver, struct ck_str path, const struct ck_str *sources, size_t n_sources,
					    bool (*may_replace)(struct ck_str bytes));

/* A temporary file that a signal is to remove (NULL: none any more), and its removal, which is async-signal-safe. */
void ck_temporary_set(const char *path);
void ck_temporary_remove(void);

/* A table: cells are added row by row. Columns are aligned on a terminal and divided by tabs elsewhere. */
struct ck_table {
	size_t n_columns;
	const char *align;		/* 'l' or 'r' a column */
	struct ck_str *cells;
	size_t n_cells, capacity;
};

/* Adds a cell; the text is copied into the driver's arena. */
void ck_table_cell(struct ck_driver *driver, struct ck_table *table, struct ck_str text);
void ck_table_put(struct ck_driver *driver, const struct ck_table *table);

/* Progress on standard error (progress.c), as struct ck_run_options wants it; context is a struct ck_progress. */
struct ck_progress {
	bool enabled, is_terminal, always, shown;
	int64_t begin_ns, last_ns;
};

void ck_progress_begin(struct ck_progress *progress, const struct ck_driver *driver);
void ck_progress_show(void *context, uint64_t n_done, uint64_t n_all);
void ck_progress_end(struct ck_progress *progress);

#endif
