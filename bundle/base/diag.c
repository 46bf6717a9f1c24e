#include "bundle/base/diag.h"

#include <errno.h>
#include <string.h>

struct code_row {
	const char *number, *summary;
};

static const struct code_row codes[CK_N_CODES] = {
	[CK_OK] = {"OK", "no error"},
#define CK_CODE(number, name, summary) [CK_##name] = {#number, summary},
#include "bundle/base/code.def"
#undef CK_CODE
};

/* What ck_error() gives when there is no room; nothing is ever added to it. */
static struct ck_diag nowhere;

const char *ck_code_number(enum ck_code code)
{
	CK_ASSERT(code < CK_N_CODES);
	return codes[code].number;
}

const char *ck_code_summary(enum ck_code code)
{
	CK_ASSERT(code < CK_N_CODES);
	return codes[code].summary;
}

enum ck_code ck_code_find(struct ck_str number)
{
	for (enum ck_code code = CK_OK + 1; code < CK_N_CODES; code++) {
		const char *found = codes[code].number;
		if (number.n == strlen(found) && (number.p[0] & ~0x20) == found[0] &&
		    memcmp(number.p + 1, found + 1, number.n - 1) == 0)
			return code;
	}
	return CK_OK;
}

struct ck_span ck_span_join(struct ck_span a, struct ck_span b)
{
	if (a.file == 0)
		return b;
	if (b.file != a.file)
		return a;
	return (struct ck_span){a.file, a.begin < b.begin ? a.begin : b.begin, a.end > b.end ? a.end : b.end};
}

bool ck_diags_init(struct ck_diags *diags)
{
	*diags = (struct ck_diags){.arena = ck_arena_new(CK_COMPILE_LIMIT)};
	return diags->arena != NULL;
}

void ck_diags_clear(struct ck_diags *diags)
{
	ck_arena_free(diags->arena);
	*diags = (struct ck_diags){0};
}

uint32_t ck_diags_add_file(struct ck_diags *diags, struct ck_str name, struct ck_str text)
{
	struct ck_source_text file = {ck_str_copy(diags->arena, name), ck_str_copy(diags->arena, text)};
	if (!file.name.p || !file.text.p || text.n >= UINT32_MAX || diags->n_files >= UINT32_MAX - 1)
		return 0;
	if (!ck_arena_grow(diags->arena, (void **)&diags->files, diags->n_files, &diags->files_capacity,
			   sizeof(*diags->files)))
		return 0;
	diags->files[diags->n_files++] = file;
	return (uint32_t)diags->n_files;
}

struct ck_str ck_diags_text(const struct ck_diags *diags, struct ck_span span)
{
	if (span.file == 0 || span.file > diags->n_files)
		return CK_STR("");
	return ck_str_slice(diags->files[span.file - 1].text, span.begin, span.end);
}

/* Number of the line, from 0, that a byte of a text is in. */
static size_t line_of(struct ck_str text, size_t at)
{
	size_t line = 0;
	for (size_t i = 0; i < at && i < text.n; i++)
		line += text.p[i] == '\n';
	return line;
}

bool ck_diags_silences(const struct ck_diags *diags, struct ck_span comment, struct ck_span span)
{
	if (span.file == 0 || span.file > diags->n_files || comment.file != span.file)
		return false;
	struct ck_str text = diags->files[span.file - 1].text;
	size_t line = line_of(text, comment.begin);
	return line + 1 >= line_of(text, span.begin) && line <= line_of(text, span.end);
}

/* Messages quote texts and names, and whatever is in these must not reach a terminal. p is NULL where memory is short. */
static struct ck_str format_visible(struct ck_arena *arena, const char *format, va_list args)
{
	struct ck_buf raw = {0}, visible = {0};
	ck_buf_vprintf(&raw, format, args);
	ck_buf_visible(&visible, ck_buf_view(&raw));
	bool failed = raw.failed || visible.failed;
	struct ck_str text = failed ? (struct ck_str){NULL, 0} : ck_str_copy(arena, ck_buf_view(&visible));
	ck_buf_clear(&raw);
	ck_buf_clear(&visible);
	return text;
}

static struct ck_diag *add(struct ck_diags *diags, enum ck_severity severity, enum ck_code code, struct ck_span span,
			   const char *format, va_list args)
{
	size_t *n = severity == CK_ERROR ? &diags->n_errors : &diags->n_warnings;
	if (severity == CK_ERROR && diags->first_error == CK_OK)
		diags->first_error = code;
	if ((*n)++ >= CK_MAX_DIAGS) {
		diags->n_suppressed++;
		return &nowhere;
	}
	struct ck_diag *diag = ck_arena_alloc(diags->arena, sizeof(*diag));
	if (!diag)
		return &nowhere;
	*diag = (struct ck_diag){.code = code, .severity = severity, .span = span};
	diag->message = format_visible(diags->arena, format, args);
	if (!diag->message.p || !ck_arena_grow(diags->arena, (void **)&diags->items, diags->n_items,
					       &diags->items_capacity, sizeof(struct ck_diag *)))
		return &nowhere;
	diags->items[diags->n_items++] = diag;
	return diag;
}

struct ck_diag *ck_error(struct ck_diags *diags, enum ck_code code, struct ck_span span, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	struct ck_diag *diag = add(diags, CK_ERROR, code, span, format, args);
	va_end(args);
	return diag;
}

struct ck_diag *ck_warn(struct ck_diags *diags, enum ck_code code, struct ck_span span, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	struct ck_diag *diag = add(diags, CK_WARNING, code, span, format, args);
	va_end(args);
	return diag;
}

struct ck_diag *ck_diags_last(struct ck_diags *diags)
{
	return diags->n_items ? diags->items[diags->n_items - 1] : &nowhere;
}

void ck_diag_mark(struct ck_diags *diags, struct ck_diag *diag, const char *format, ...)
{
	if (diag == &nowhere)
		return;
	va_list args;
	va_start(args, format);
	diag->label = format_visible(diags->arena, format, args);
	va_end(args);
}

void ck_diag_label(struct ck_diags *diags, struct ck_diag *diag, struct ck_span span, const char *format, ...)
{
	if (diag == &nowhere || span.file == 0)
		return;
	va_list args;
	va_start(args, format);
	struct ck_label label = {span, format_visible(diags->arena, format, args)};
	va_end(args);
	if (label.text.p && ck_arena_grow(diags->arena, (void **)&diag->labels, diag->n_labels, &diag->labels_capacity,
					  sizeof(label)))
		diag->labels[diag->n_labels++] = label;
}

static void add_line(struct ck_diags *diags, struct ck_str **lines, size_t *n, size_t *capacity, const char *format,
		     va_list args)
{
	struct ck_str line = format_visible(diags->arena, format, args);
	if (line.p && ck_arena_grow(diags->arena, (void **)lines, *n, capacity, sizeof(line)))
		(*lines)[(*n)++] = line;
}

void ck_diag_note(struct ck_diags *diags, struct ck_diag *diag, const char *format, ...)
{
	if (diag == &nowhere)
		return;
	va_list args;
	va_start(args, format);
	add_line(diags, &diag->notes, &diag->n_notes, &diag->notes_capacity, format, args);
	va_end(args);
}

void ck_diag_help(struct ck_diags *diags, struct ck_diag *diag, const char *format, ...)
{
	if (diag == &nowhere)
		return;
	va_list args;
	va_start(args, format);
	add_line(diags, &diag->helps, &diag->n_helps, &diag->helps_capacity, format, args);
	va_end(args);
}

void ck_report_nomem(struct ck_diags *diags)
{
	struct ck_diag *diag = ck_error(diags, CK_NOMEM, (struct ck_span){0},
					"memory is short, or the input is larger than ckmig takes");
	ck_diag_help(diags, diag, "free memory, or raise the limit on it (ulimit -v, the container's)");
}

/* What to do about the errors that people meet. */
static const struct {
	int error;
	const char *help;
} io_helps[] = {
	{ENOENT, "check the path; it is taken from the folder where ckmig runs"},
	{EACCES, "check the permissions of the file and of the folders above it"},
	{EROFS, "the file system is mounted read-only; choose another place"},
	{ENOSPC, "the disk is full; free some space or choose another place"},
	{EDQUOT, "the quota is used up; free some space or choose another place"},
	{EMFILE, "too many files are open; raise the limit by ulimit -n"},
	{EFBIG, "the file is larger than ckmig or the file system takes"},
};

enum ck_code ck_report_io(struct ck_diags *diags, const char *what, struct ck_str path)
{
	int error = errno;
	if (error == ENOMEM)
		return ck_error_nomem(diags);
	char room[128];
	const char *reason = strerror_r(error, room, sizeof(room));
	/* Messages are lower case, strerror's are not; "I/O", "RPC" and their like stay. */
	bool lowers = reason[0] >= 'A' && reason[0] <= 'Z' && reason[1] >= 'a' && reason[1] <= 'z';
	struct ck_str name = ck_name_text(diags->arena, path);
	struct ck_diag *diag = ck_error(diags, CK_IO, (struct ck_span){0}, "cannot %s \"%.*s\": %c%s", what,
					CK_STR_ARG(name), lowers ? reason[0] | 0x20 : reason[0], reason + 1);
	for (size_t i = 0; i < CK_COUNT(io_helps); i++) {
		if (io_helps[i].error == error)
			ck_diag_help(diags, diag, "%s", io_helps[i].help);
	}
	return CK_IO;
}
