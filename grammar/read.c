/* ck_parse(): the text, its tokens in context, and where reading goes on after an error. */
#include "grammar/reader.h"

#include <string.h>

#include "grammar/parser.h"

enum { EDITION = 1 };

struct ck_str ck_read_text(const struct ck_reader *reader, struct ck_span span)
{
	return ck_str_slice(reader->text, span.begin, span.end);
}

bool ck_is_first_on_line(const struct ck_reader *reader, struct ck_span span)
{
	const char *text = reader->buffer;
	size_t at = span.begin;

	while (at && (text[at - 1] == ' ' || text[at - 1] == '\t'))
		at--;
	return at == 0 || text[at - 1] == '\n' || text[at - 1] == '\r';
}

/* True when the next sign after a place is a single `=`; what is between them is read once more, nothing else is. */
static bool is_before_equals(const struct ck_reader *reader, size_t at)
{
	struct ck_str text = reader->text;

	while (at < text.n && (strchr(" \t\r\n\f\v#", text.p[at]) && text.p[at])) {
		if (text.p[at] == '#')
			at += ck_str_find(ck_str_slice(text, at, text.n), '\n');
		else
			at++;
	}
	return at < text.n && text.p[at] == '=' && (at + 1 == text.n || (text.p[at + 1] != '=' && text.p[at + 1] != '>'));
}

bool ck_is_new_statement(const struct ck_reader *reader, const struct ck_token *token)
{
	return ck_begins_statement(token->kind) && ck_is_first_on_line(reader, token->span);
}

/* Nesting. */

void ck_too_deep(struct ck_reader *reader, struct ck_span span)
{
	struct ck_diag *diag;

	if (reader->told_deep)
		return;
	reader->told_deep = true;
	diag = ck_read_error(reader, CK_TOO_DEEP, span, "nested more than %d levels deep", CK_MAX_NESTING);
	ck_diag_mark(reader->diags, diag, "one level too many");
	ck_diag_help(reader->diags, diag, "expected at most %d levels: name a part of it by `let`, or write several statements", CK_MAX_NESTING);
}

bool ck_enter_prefix(struct ck_reader *reader, struct ck_span span)
{
	if (reader->n_open + reader->n_prefix >= CK_MAX_NESTING) {
		ck_too_deep(reader, span);
		return false;
	}
	reader->n_prefix++;
	return true;
}

void ck_leave_prefix(struct ck_reader *reader)
{
	if (reader->n_prefix)
		reader->n_prefix--;
}

/* Keeps the brackets that are open; false when there are too many. */
static bool note_bracket(struct ck_reader *reader, const struct ck_token *token)
{
	int kind = token->kind;

	if (kind == '(' || kind == '[') {
		if (reader->n_open + reader->n_prefix >= CK_MAX_NESTING) {
			ck_too_deep(reader, token->span);
			return false;
		}
		reader->open[reader->n_open++] = (struct ck_open){kind, token->span};
	} else if (kind == ')' || kind == ']') {
		/* A wrong one stays open: the parser is about to refuse this one. */
		reader->has_partner = reader->n_open && reader->open[reader->n_open - 1].kind == (kind == ')' ? '(' : '[');
		reader->n_open -= reader->has_partner;
	}
	return true;
}

/* Tokens. */

static void begin_statement(struct ck_reader *reader, const struct ck_token *word)
{
	reader->statement = *word;
	reader->in_where = reader->in_pipe = reader->after_arrow = false;
	reader->n_open = reader->n_prefix = 0;
	reader->told_deep = false;
}

/* The token that the parser has is about to be replaced: takes in what it says about the statement. */
static void note_token(struct ck_reader *reader)
{
	const struct ck_token *token = &reader->token;

	if (ck_begins_statement(token->kind) && (reader->n_open == 0 || ck_is_first_on_line(reader, token->span)) &&
	    !(token->kind == CK_TOK_DROP && reader->history[0] == CK_TOK_SLOTS))
		begin_statement(reader, token);
	else if (token->kind == CK_TOK_WHERE)
		reader->in_where = true;
	else if (token->kind == '|')
		reader->in_pipe = true;
	else if (token->kind == CK_TOK_ARROW)
		reader->after_arrow = true;
	memmove(reader->history + 1, reader->history, (CK_HISTORY - 1) * sizeof(*reader->history));
	reader->history[0] = token->kind;
	reader->previous = token->span;
}

static void scan(struct ck_reader *reader)
{
	struct ck_token *token = &reader->token;
	const struct ck_word *word;

	note_token(reader);
	*token = (struct ck_token){.span.file = reader->file};
	if (ck_arena_failed(reader->arena))
		reader->stopped = true;
	if (reader->stopped)
		token->span.begin = token->span.end = (uint32_t)reader->text.n;
	else
		token->kind = ck_scan(token, reader, reader->scanner);
	word = ck_word_of(token->kind);
	if (word && word->is_reserved && token->kind != CK_TOK_REST && is_before_equals(reader, token->span.end))
		token->kind = CK_TOK_WORD;
}

int ck_next_token(union ck_semantic *value, struct ck_span *span, struct ck_reader *reader)
{
	if (reader->has_pending) {
		reader->token = reader->pending;
		reader->has_pending = false;
	} else {
		scan(reader);
	}
	*value = reader->token.value;
	*span = reader->token.span;
	/* What is too deep is not read on: the tree of it could fill the memory. */
	return note_bracket(reader, &reader->token) && !reader->told_deep ? reader->token.kind : CK_TOK_CK_YYerror;
}

bool ck_resume(struct ck_reader *reader, int look_ahead)
{
	struct ck_str text = reader->text;
	bool is_new = look_ahead == CK_TOK_END || (look_ahead > 0 && ck_is_new_statement(reader, &reader->token));

	/* What is too deep reaches the parser as an error token, whatever it was: then it is given once more, as itself. */
	if (is_new && look_ahead != CK_TOK_CK_YYUNDEF) {
		begin_statement(reader, &reader->token);
		return false;
	}
	if (!is_new) {
		reader->quiet_end = reader->token.span.end;
		reader->quiet_end += (uint32_t)ck_str_find(ck_str_slice(text, reader->quiet_end, text.n), '\n');
		do
			scan(reader);
		while (reader->token.kind != CK_TOK_END && !ck_is_new_statement(reader, &reader->token));
		reader->quiet_end = 0;
	}
	begin_statement(reader, &reader->token);
	reader->pending = reader->token;
	reader->has_pending = true;
	return true;
}

bool ck_read_edition(struct ck_reader *reader, struct ck_span span, int64_t edition)
{
	struct ck_diag *diag;

	reader->has_edition = true;
	reader->tree->edition = edition;
	if (edition == EDITION)
		return true;
	diag = ck_read_error(reader, CK_NO_EDITION, span, "there is no edition %lld of the language for this ckmig", (long long)edition);
	ck_diag_mark(reader->diags, diag, "expected %d", EDITION);
	ck_diag_help(reader->diags, diag, "this ckmig supports edition %d: begin the file with `ckmig %d`, or use a newer ckmig", EDITION, EDITION);
	return false;
}

/* The whole. */

static enum ck_code refuse_size(struct ck_diags *diags, uint32_t file, size_t n_bytes)
{
	struct ck_diag *diag = ck_error(diags, CK_SYNTAX, (struct ck_span){file, 0, 0}, "a text of %zu bytes is too long", n_bytes);

	ck_diag_mark(diags, diag, "more than %d MiB", CK_MAX_TEXT >> 20);
	ck_diag_help(diags, diag, "expected at most %d bytes: write patterns with captures instead of a statement a variable, or several files",
		     CK_MAX_TEXT);
	return CK_SYNTAX;
}

static void read_all(struct ck_reader *reader)
{
	memcpy(reader->buffer, reader->text.p, reader->text.n);
	reader->buffer[reader->text.n] = reader->buffer[reader->text.n + 1] = '\0';
	ck_read_encoding(reader);
	if (reader->stopped)
		return;
	ck_scan_begin(reader);
	/* Whether it went well is told by the sink and the arena: bison recovers, and then knows of no error. */
	(void)ck_yyparse(reader);
	reader->tree->file = reader->file;
	reader->tree->stmts = reader->stmts.items;
	reader->tree->n_stmts = reader->stmts.n;
	reader->tree->allows = reader->allows.items;
	reader->tree->n_allows = reader->allows.n;
}

/* The code of the first error since there were n_items diagnostics. */
static enum ck_code first_error(const struct ck_diags *diags, size_t n_items)
{
	for (size_t i = n_items; i < diags->n_items; i++)
		if (diags->items[i]->severity == CK_ERROR)
			return diags->items[i]->code;
	return diags->first_error;
}

enum ck_code ck_parse(struct ck_arena *arena, struct ck_diags *diags, uint32_t file, struct ck_ast_file **ret_file)
{
	size_t n_errors = diags->n_errors, n_items = diags->n_items;
	struct ck_reader *reader;
	enum ck_code code = CK_OK;

	CK_ASSERT(file && file <= diags->n_files);
	if (diags->files[file - 1].text.n > CK_MAX_TEXT)
		return refuse_size(diags, file, diags->files[file - 1].text.n);
	reader = ck_alloc(sizeof(*reader));
	if (!reader)
		return ck_error_nomem(diags);
	*reader = (struct ck_reader){.arena = arena, .diags = diags, .file = file, .text = diags->files[file - 1].text};
	reader->token.span.file = file;
	reader->tree = ck_arena_alloc(arena, sizeof(*reader->tree));
	reader->buffer = ck_alloc(reader->text.n + 2);
	if (reader->tree && reader->buffer)
		read_all(reader);
	if (diags->n_errors > n_errors)
		code = first_error(diags, n_items);
	else if (ck_arena_failed(arena) || !reader->buffer)
		code = ck_error_nomem(diags);
	else
		*ret_file = reader->tree;
	ck_free(reader->buffer);
	ck_free(reader);
	return code;
}
