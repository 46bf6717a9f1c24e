/**
 * Diagnostics: what went wrong, where, what was expected, what to do. Libraries add them to a sink; the command line renders
 * the sink once. Functions that may fail return enum ck_code: CK_OK, or the code of the (first) diagnostic they added.
 */
#ifndef CK_BASE_DIAG_H
#define CK_BASE_DIAG_H

#include "bundle/base/str.h"

enum ck_code {
	CK_OK = 0,
#define CK_CODE(number, name, summary) CK_##name,
#include "bundle/base/code.def"
#undef CK_CODE
	CK_N_CODES
};

const char *ck_code_number(enum ck_code code);	/* "E0304" */
const char *ck_code_summary(enum ck_code code);
/* The code of a number such as "E0304" (any case), or CK_OK. */
enum ck_code ck_code_find(struct ck_str number);

/* A half-open range of bytes in a source text of the sink. file is 1 + its number there; 0 means "no place". */
struct ck_span {
	uint32_t file, begin, end;
};

struct ck_span ck_span_join(struct ck_span a, struct ck_span b);

enum ck_severity { CK_ERROR, CK_WARNING };

struct ck_label {
	struct ck_span span;
	struct ck_str text;	/* may be empty */
};

struct ck_diag {
	enum ck_code code;
	enum ck_severity severity;
	struct ck_str message;
	struct ck_span span;	/* the primary place, drawn with ^^^ */
	struct ck_str label;	/* text beside ^^^, may be empty */
	struct ck_label *labels;	/* secondary places, drawn with --- */
	size_t n_labels, labels_capacity;
	struct ck_str *notes, *helps;	/* "= note: ..", "= help: .." */
	size_t n_notes, notes_capacity, n_helps, helps_capacity;
};

struct ck_source_text {
	struct ck_str name;	/* as the user wrote it */
	struct ck_str text;
};

/* The sink. Everything in it lives in its arena. */
struct ck_diags {
	struct ck_arena *arena;
	struct ck_source_text *files;
	size_t n_files, files_capacity;
	struct ck_diag **items;
	size_t n_items, items_capacity;
	size_t n_errors, n_warnings;
	enum ck_code first_error;	/* CK_OK as long as there is none */
	size_t n_suppressed;	/* errors, and warnings, beyond CK_MAX_DIAGS of each: counted and not kept */
};

enum { CK_MAX_DIAGS = 50 };

CK_NODISCARD bool ck_diags_init(struct ck_diags *diags);
void ck_diags_clear(struct ck_diags *diags);
/* Registers a source text (both are copied); returns the `file` of its spans, 0 when memory is short. */
uint32_t ck_diags_add_file(struct ck_diags *diags, struct ck_str name, struct ck_str text);
/* The text of a span, clipped to its file; empty for "no place". */
struct ck_str ck_diags_text(const struct ck_diags *diags, struct ck_span span);
/* Whether a comment that is to silence a warning stands on a line of the span, or on the line before. */
bool ck_diags_silences(const struct ck_diags *diags, struct ck_span comment, struct ck_span span);

/**
 * Adds an error (or warning). Never NULL: when memory is short, a static one that nobody prints. Messages are lower case, name
 * what was found and what was expected, and do not end in a full stop. Format names from files with ck_name_text().
 */
CK_PRINTF(4, 5) struct ck_diag *ck_error(struct ck_diags *diags, enum ck_code code, struct ck_span span, const char *format, ...);
CK_PRINTF(4, 5) struct ck_diag *ck_warn(struct ck_diags *diags, enum ck_code code, struct ck_span span, const char *format, ...);
CK_PRINTF(3, 4) void ck_diag_mark(struct ck_diags *diags, struct ck_diag *diag, const char *format, ...);	/* sets label */
CK_PRINTF(4, 5) void ck_diag_label(struct ck_diags *diags, struct ck_diag *diag, struct ck_span span, const char *format, ...);
CK_PRINTF(3, 4) void ck_diag_note(struct ck_diags *diags, struct ck_diag *diag, const char *format, ...);
CK_PRINTF(3, 4) void ck_diag_help(struct ck_diags *diags, struct ck_diag *diag, const char *format, ...);
/* The last one, to say more about it where it was not made; never NULL: when none was kept, one that nobody prints. */
struct ck_diag *ck_diags_last(struct ck_diags *diags);
/*
 * The same errors for all: memory short; a system call on a path failed (uses errno; what is a verb: "open" gives "cannot open
 * "path": ..."). Both return their code; inline, so that who compiles or analyses a caller sees that it is never CK_OK.
 */
void ck_report_nomem(struct ck_diags *diags);
CK_NODISCARD enum ck_code ck_report_io(struct ck_diags *diags, const char *what, struct ck_str path);

static inline enum ck_code ck_error_nomem(struct ck_diags *diags)
{
	ck_report_nomem(diags);
	return CK_NOMEM;
}

static inline enum ck_code ck_error_io(struct ck_diags *diags, const char *what, struct ck_str path)
{
	return ck_report_io(diags, what, path) == CK_NOMEM ? CK_NOMEM : CK_IO;
}

enum ck_format { CK_FORMAT_TEXT, CK_FORMAT_GCC, CK_FORMAT_JSON, CK_FORMAT_SARIF };

/**
 * Appends all of the sink, sorted by place, to out; excerpts are clipped to a window of 100 columns. Columns count characters from
 * 1, a tab as one. out->failed when memory is short.
 */
void ck_diags_render(const struct ck_diags *diags, enum ck_format format, bool color, struct ck_buf *out);

/**
 * Did you mean: offers candidates one by one, keeps the CK_MAX_SUGGESTIONS nearest (Damerau-Levenshtein; for names with slashes
 * segment by segment), then adds a help line such as: did you mean "bert/embeddings"? Nothing is added when none is near.
 */
struct ck_suggest {
	struct ck_str word;
	struct ck_str best[CK_MAX_SUGGESTIONS];
	size_t distance[CK_MAX_SUGGESTIONS];
	size_t n_best;
};

void ck_suggest_init(struct ck_suggest *suggest, struct ck_str word);
void ck_suggest_offer(struct ck_suggest *suggest, struct ck_str candidate);
/* quote is printed around each ("\"" for names, "`" for words, "" for options). */
void ck_suggest_help(const struct ck_suggest *suggest, struct ck_diags *diags, struct ck_diag *diag, const char *quote);

#endif
