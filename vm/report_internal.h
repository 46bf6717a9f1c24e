/* What the dry run and the report share; for vm/dryrun*.c and vm/report*.c only. Everything works on verified bound plans. */
#ifndef CK_VM_REPORT_INTERNAL_H
#define CK_VM_REPORT_INTERNAL_H

#include <jansson.h>

#include "vm/bind.h"
#include "vm/disasm.h"
#include "vm/report.h"

/* ---- report_ledger.c: both sides by name, and the totals */

/* What became of a target. */
enum ck_fate { CK_FATE_MAPPED, CK_FATE_KEPT, CK_FATE_NEW };

/* A variable that has to be accounted for: of any input but the template. The object graph is none. */
struct ck_ledger_source {
	const Ck__Plan__Use *use;
	const struct ck_variable *variable;
	size_t *targets, n_targets;	/* that read it: numbers in the ledger's targets */
	bool is_slot;
	bool is_rewritten;		/* some target that is neither new nor unchanged reads it */
};

/* A variable that a target reads. */
struct ck_ledger_load {
	uint32_t input;
	const struct ck_variable *variable;
	struct ck_str label;
	size_t source;			/* number in the ledger's sources; SIZE_MAX: the template's */
	bool is_slot;
};

struct ck_ledger_target {
	const Ck__Plan__Target *message;
	struct ck_ledger_load *loads;	/* [n_loads] each variable once, in the order of the code */
	size_t n_loads, n_sources;	/* n_sources: of them that have to be accounted for */
	enum ck_fate fate;
	bool is_graph;			/* the object graph, which is no variable and counts nowhere */
	bool is_slot;			/* a slot, and no statement is about it: it follows its variable */
	bool is_carried;		/* one variable's bytes under its own shape, untouched */
	bool is_linked;			/* and those were not even carried */
	bool is_copied;			/* the stored bytes of one variable, under whatever shape: nothing is computed */
	bool casts, narrows;		/* some operator casts; in a way that may lose precision */
};

/* Where a statement stands. line is 0 where the plan has no places. */
struct ck_ledger_rule {
	const struct ck_plan *part;	/* that has it; of a plan that is no series, the plan */
	const Ck__Plan__Rule *message;
	const char *kind;		/* "map" */
	struct ck_str file;
	size_t line;
	size_t order;			/* among the statements as they are written; code has an order of its own */
	bool is_about_slots;		/* it has an @ */
};

/*
 * Counts are of variables, slots included, the object graph not. They balance:
 *     n_sources = n_used + n_kept + n_dropped + n_unaccounted, n_targets = n_mapped + n_kept_targets + n_new,
 *     in = out + dropped + changed, changed = resized - new.
 */
struct ck_totals {
	uint64_t n_sources, n_used, n_kept, n_dropped, n_unaccounted;
	uint64_t n_targets, n_mapped, n_kept_targets, n_new, n_zero_slots;
	uint64_t n_unchanged;				/* targets, the new ones not among them */
	uint64_t n_rewritten_from, n_rewritten;		/* sources and targets of the others */
	uint64_t in, out, dropped, new;			/* bytes */
	int64_t resized, changed;			/* bytes: sources that are not dropped less targets that are not new; less all */
};

struct ck_ledger {
	const struct ck_plan *plan;
	const Ck__Plan__Bound *bound;
	const struct ck_inputs *inputs;
	struct ck_arena *arena;			/* its own */
	struct ck_ledger_source *sources;	/* by input, then by key */
	size_t n_sources;
	struct ck_ledger_target *targets;	/* parallel to Bound.targets */
	size_t n_targets;
	struct ck_ledger_rule *rules;		/* [n_rules] as Bound counts them, through all parts */
	size_t n_rules;
	uint32_t *inexact;			/* [Bound.n_inexact_rules] as they are written */
	size_t *first, **source_of;		/* [inputs->n][n_variables] number in sources; SIZE_MAX: none */
	struct ck_totals totals;
	uint64_t n_graph_bytes;			/* of the output's object graph */
};

/* False when memory is short; ck_ledger_clear() afterwards in any case. */
CK_NODISCARD bool ck_ledger_init(struct ck_ledger *ledger, const struct ck_plan *bound, const struct ck_inputs *inputs);
/* The same of one part of it, from what the part before makes to what this one does; it takes its inputs from the whole's arena. */
CK_NODISCARD bool ck_ledger_of_part(struct ck_ledger *ledger, const struct ck_ledger *whole, size_t part);
void ck_ledger_clear(struct ck_ledger *ledger);
const struct ck_manifest *ck_ledger_manifest(const struct ck_ledger *ledger, uint32_t input);	/* NULL: not given */
/* Variables of an input, the object graph not among them. */
uint64_t ck_manifest_n_variables(const struct ck_manifest *manifest);

/* ---- report_words.c: operators, statements and sizes in words */

/* "concat(axis=1)", "cast(bf16)", "[0:3]", "zeros". */
void ck_buf_operator(struct ck_buf *out, const struct ck_plan *plan, const Ck__Plan__Insn *insn);

/* Operators and fills in words, in the order of the code. */
struct ck_operators {
	struct ck_str *items;
	size_t n, capacity;
};

/*
 * Those of a rule or of a target, in the arena. What is done to each member of a tuple by itself counts once; briefly:
 * only the names of operators. False when memory is short.
 */
CK_NODISCARD bool ck_operators_list(const struct ck_ledger *ledger, Ck__Plan__Insn *const *code, size_t n_code, uint32_t n_registers,
				    bool briefly, struct ck_arena *arena, struct ck_operators *ret_list);
/* What of a rule makes the migration inexact: an operator, or the kind of the statement. */
const char *ck_inexact_reason(const Ck__Plan__Rule *rule);
/* "line 31", with the file in a series; "statement 3" where the plan has no places. */
void ck_buf_place(struct ck_buf *out, const struct ck_ledger *ledger, uint32_t rule);
/* "one-way: drop at line 31". */
void ck_buf_exactness(struct ck_buf *out, const struct ck_ledger *ledger);

/* "1. rename.ckmig": a part of a series, by its file or else its id. */
void ck_buf_part(struct ck_buf *out, const struct ck_plan *part, size_t number);

struct ck_size_unit {
	const char *name;		/* "MiB" */
	uint64_t n_bytes;
};

/* MiB, unless nothing is that large. */
const struct ck_size_unit *ck_size_unit(uint64_t largest);
void ck_buf_in_unit(struct ck_buf *out, uint64_t n_bytes, const struct ck_size_unit *unit);	/* "81.0", without the name */
void ck_buf_with_unit(struct ck_buf *out, uint64_t n_bytes, const struct ck_size_unit *unit);	/* "81.0 MiB" */
/* "206 -> 176 variables, 417.6 -> 415.3 MiB"; what became of them. */
void ck_buf_totals(struct ck_buf *out, const struct ck_ledger *ledger, const struct ck_size_unit *unit);
void ck_buf_fates(struct ck_buf *out, const struct ck_ledger *ledger);
void ck_buf_plural(struct ck_buf *out, uint64_t n, const char *what);	/* "1 variable", "2 variables" */
/* Lines that begin with prefix: the notices of the plan, at most `limit`, then how many more. */
void ck_buf_notices(struct ck_buf *out, const struct ck_ledger *ledger, const char *prefix, size_t limit);

enum ck_paint { CK_PAINT_NONE, CK_PAINT_GREEN, CK_PAINT_RED, CK_PAINT_YELLOW, CK_PAINT_ALARM };
/* Text in a colour, if that is wanted. */
void ck_buf_paint(struct ck_buf *out, bool color, enum ck_paint paint, const char *text);

/* ---- dryrun_rows.c, dryrun_mapping.c: what rows there are, and what they say */

enum ck_detail {
	CK_BY_STATEMENT,	/* a row a statement; slots are told with their variables */
	CK_BY_SHAPE,		/* a row a statement and shape, slots in rows of their own */
	CK_BY_VARIABLE,
};

struct ck_dryrun_row {
	char mark;			/* = ~ + - ! */
	size_t rule, order;		/* SIZE_MAX: none */
	bool is_slot, has_slots;	/* nothing but slots that follow; such ones among others */
	uint64_t n_from, n_to, n_bytes;
	struct ck_str what, from, to, because;
	size_t first_target, last_target;	/* lists of numbers in the ledger; SIZE_MAX: none */
	size_t first_source, last_source;	/* dropped */
};

struct ck_dryrun_rows {
	const struct ck_ledger *ledger;
	enum ck_detail detail;
	struct ck_dryrun_row *items;	/* in the order of the statements */
	size_t n, capacity;
	size_t *next_target, *next_source;	/* the lists of the rows */
};

/* In the ledger's arena. False when memory is short. */
CK_NODISCARD bool ck_dryrun_rows_make(const struct ck_ledger *ledger, enum ck_detail detail, struct ck_dryrun_rows *ret_rows);
/* Sets from and to of a row. False when memory is short. */
CK_NODISCARD bool ck_dryrun_mapping(const struct ck_dryrun_rows *rows, struct ck_dryrun_row *row);
/* The type of a target or variable in a mapping: "f32[2,3]", or only its shape. */
void ck_buf_mapping_type(struct ck_buf *out, uint32_t dtype, struct ck_shape shape, bool with_dtype);
/*
 * The table, with its header. skip: the mark of rows to leave out, 0: none; limit: of the others, the rest is left out too.
 * Returns how many that are.
 */
size_t ck_dryrun_table(const struct ck_dryrun_rows *rows, const struct ck_size_unit *unit, char skip, size_t limit, bool color,
		       struct ck_buf *out);

/* ---- report_document.c: JSON. Where memory is short, out->failed is set. */

enum { CK_MAX_DOCUMENT_DEPTH = 8 };

/**
 * A document is written as it comes: a tree of it would take many times its size, and building one most of the time that a run
 * takes that only renames. Between items of lists out is relieved, where it has a drain. What is difficult in it, text and floats, is jansson's. Members of the document and items of its lists
 * stand on lines of their own. key is NULL in lists, and for the document itself.
 */
struct ck_document {
	struct ck_buf *out;
	struct ck_arena *scratch;		/* NULL: none yet */
	size_t depth;
	bool any[CK_MAX_DOCUMENT_DEPTH + 1];	/* what is open has an element already */
};

void ck_document_begin(struct ck_document *document, struct ck_buf *out);
enum ck_code ck_document_end(struct ck_document *document);	/* CK_NOMEM when anything failed */
void ck_document_object(struct ck_document *document, const char *key);
void ck_document_object_end(struct ck_document *document);
void ck_document_list(struct ck_document *document, const char *key);
void ck_document_list_end(struct ck_document *document);

/* What is no UTF-8 comes escaped, as names are printed. */
void ck_document_text(struct ck_document *document, const char *key, struct ck_str text);
void ck_document_word(struct ck_document *document, const char *key, const char *word);	/* one of ours, plain ASCII */
void ck_document_take(struct ck_document *document, const char *key, struct ck_buf *text);	/* clears it */
/* Beyond 2^53 strings: readers of JSON lose digits there. */
void ck_document_number(struct ck_document *document, const char *key, uint64_t number);
void ck_document_signed(struct ck_document *document, const char *key, int64_t number);
/* null for NaN and infinities, which JSON has not. */
void ck_document_real(struct ck_document *document, const char *key, double number);
void ck_document_truth(struct ck_document *document, const char *key, bool truth);
void ck_document_null(struct ck_document *document, const char *key);
void ck_document_hex(struct ck_document *document, const char *key, struct ck_str bytes);

/* Sections that the dry run and the report have in common: migration, params, inputs; totals, exactness, notices, allows; sources. */
void ck_document_head(struct ck_document *document, const struct ck_ledger *ledger);
void ck_document_tail(struct ck_document *document, const struct ck_ledger *ledger);
void ck_document_sources(struct ck_document *document, const struct ck_ledger *ledger);
/* What is known of a target before anything runs: an object that stays open, for what the caller adds. */
void ck_document_target(struct ck_document *document, const struct ck_ledger *ledger, size_t number);

#endif
