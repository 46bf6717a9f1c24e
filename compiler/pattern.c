/* Patterns: from the text in a string to the plan's Pattern. */
#include "compiler/namer.h"

#include <string.h>

struct reader {
	struct ck_namer namer;
	struct ck_locals *locals;
	const struct ck_scope *scope;
	bool collect;		/* only learn the kinds of captures */
	unsigned depth;		/* of braces */
	size_t n_pieces, n_wildcards, n_alternations;
};

struct pieces {
	Ck__Plan__Piece **items;
	size_t n, capacity;
};

/* A capture as written: `{i}`, `{i:int}`, `{p:q,k}`. */
struct capture {
	struct ck_str name;
	size_t begin, end;	/* of its name in the text */
	enum ck_local_kind kind;
	bool bare;
	size_t n_alternatives;
};

static bool read_pieces(struct reader *reader, bool inside, struct pieces *pieces);

static struct ck_span span_of(const struct reader *reader, size_t begin, size_t end)
{
	return ck_ast_string_span(reader->namer.string, begin, end);
}

static Ck__Plan__Piece *add_piece(struct reader *reader, struct pieces *pieces, enum ck_piece_kind kind)
{
	struct ck_namer *namer = &reader->namer;
	Ck__Plan__Piece *piece;

	if (++reader->n_pieces > CK_MAX_PIECES) {
		struct ck_diag *diag = ck_namer_error(namer, CK_BAD_PATTERN, 0, namer->text.n, "a pattern of more than %d parts", CK_MAX_PIECES);

		ck_diag_help(namer->diags, diag, "write several statements, or a wildcard for what is listed");
		return NULL;
	}
	piece = ck_arena_alloc(namer->arena, sizeof(*piece));
	if (!piece || !ck_arena_grow(namer->arena, (void **)&pieces->items, pieces->n, &pieces->capacity, sizeof(*pieces->items))) {
		ck_namer_nomem(namer);
		return NULL;
	}
	ck__plan__piece__init(piece);
	piece->kind = kind;
	pieces->items[pieces->n++] = piece;
	return piece;
}

/* ---- locals */

/* What one pattern captures must be what another of the statement does. */
static bool clash(struct reader *reader, size_t local, size_t begin, size_t end, const char *what)
{
	struct ck_namer *namer = &reader->namer;
	const Ck__Plan__Local *item = reader->locals->items[local];
	struct ck_str name = ck_str_of(item->name);
	struct ck_diag *diag = ck_namer_error(namer, CK_NAME_CLASH, begin, end, "`%.*s` captures %s here and %s elsewhere", CK_STR_ARG(name),
					      what, ck_local_kind_text((enum ck_local_kind)item->kind));

	ck_diag_label(namer->diags, diag, reader->locals->spans[local], "%s", ck_local_kind_text((enum ck_local_kind)item->kind));
	ck_diag_help(namer->diags, diag, "one name captures the same thing everywhere in a statement: write it in the same way, or rename one");
	return false;
}

/* `*1` or `{1}`, shared by the members of a tuple. */
static bool bind_unnamed(struct reader *reader, Ck__Plan__Piece *piece, enum ck_local_kind kind, struct ck_str form, size_t begin)
{
	struct ck_namer *namer = &reader->namer;
	bool choice = kind == CK_LOCAL_CHOICE;
	struct ck_str name = choice ? ck_str_format(namer->arena, "{%zu}", ++reader->n_alternations)
				    : ck_str_format(namer->arena, "*%zu", ++reader->n_wildcards);
	size_t before = reader->locals->n_items, at;
	struct ck_diag *diag;

	if (reader->collect)
		return true;
	at = ck_locals_add(reader->locals, name, kind, span_of(reader, begin, namer->at));
	if (at == SIZE_MAX)
		return ck_namer_nomem(namer);
	if (at == before) {
		reader->locals->forms[at] = form;
		reader->locals->items[at]->n_alternatives = (uint32_t)piece->n_alternatives;
	}
	piece->local = (uint32_t)at + 1;
	if (reader->locals->items[at]->kind == kind && reader->locals->items[at]->n_alternatives == piece->n_alternatives)
		return true;
	diag = ck_namer_error(namer, CK_WILDCARD_MISMATCH, begin, namer->at, "%s of a tuple that do not correspond",
			      choice ? "alternations" : "wildcards");
	ck_diag_label(namer->diags, diag, reader->locals->spans[at], "joined with this one");
	ck_diag_help(namer->diags, diag,
		     "the n-th %s of each member capture the same: write them in the same form, or name them, such as {x:%s}",
		     choice ? "alternations" : "wildcards", choice ? "a,b" : "*");
	return false;
}

/* May a capture have this name? */
static bool check_name(struct reader *reader, const struct capture *capture)
{
	struct ck_namer *namer = &reader->namer;
	struct ck_str name = capture->name;
	struct ck_diag *diag;

	if (ck_is_reserved_word(name)) {
		diag = ck_namer_error(namer, CK_RESERVED_WORD, capture->begin, capture->end, "`%.*s` is a reserved word and names no capture",
				      CK_STR_ARG(name));
		ck_diag_help(namer->diags, diag, "choose another name, such as {%.*s_}", CK_STR_ARG(name));
		return false;
	}
	if (ck_dtype_find(name) != CK_DT_NONE || ck_str_equal(name, CK_STR("dtype")) || ck_str_equal(name, CK_STR("rank")) ||
	    ck_str_equal(name, CK_STR("size"))) {
		diag = ck_namer_error(namer, CK_NAME_CLASH, capture->begin, capture->end, "`%.*s` is a word of the language and names no capture",
				      CK_STR_ARG(name));
		ck_diag_help(namer->diags, diag, "dtypes and `dtype`, `rank`, `size` keep their meaning; choose another name");
		return false;
	}
	if (!reader->scope || !reader->scope->find ||
	    !reader->scope->find(reader->scope->context, name, span_of(reader, capture->begin, capture->end)))
		return true;
	diag = ck_namer_error(namer, CK_NAME_CLASH, capture->begin, capture->end, "`%.*s` is a let or param, and a capture here",
			      CK_STR_ARG(name));
	ck_diag_help(namer->diags, diag, "choose another name for the capture; patterns do not read lets");
	return false;
}

/* Learns what a capture is before the patterns are read for good: the first that says a kind gives it to the bare ones. */
static bool collect_capture(struct reader *reader, const struct capture *capture)
{
	size_t at = ck_locals_add(reader->locals, capture->name, capture->kind, span_of(reader, capture->begin, capture->end));
	Ck__Plan__Local *local;

	if (at == SIZE_MAX)
		return ck_namer_nomem(&reader->namer);
	local = reader->locals->items[at];
	if (local->kind == CK_LOCAL_TEXT && !capture->bare)
		local->kind = capture->kind;
	if (local->kind == CK_LOCAL_CHOICE && !local->n_alternatives)
		local->n_alternatives = (uint32_t)capture->n_alternatives;
	return true;
}

static bool bind_capture(struct reader *reader, const struct capture *capture, Ck__Plan__Piece *piece)
{
	const Ck__Plan__Local *local;
	bool text;
	size_t at;

	if (reader->collect)
		return collect_capture(reader, capture);
	if (!check_name(reader, capture))
		return false;
	at = ck_locals_add(reader->locals, capture->name, capture->kind, span_of(reader, capture->begin, capture->end));
	if (at == SIZE_MAX)
		return ck_namer_nomem(&reader->namer);
	local = reader->locals->items[at];
	text = local->kind == CK_LOCAL_TEXT || local->kind == CK_LOCAL_STARSTAR;
	piece->local = (uint32_t)at + 1;
	if (capture->bare && (local->kind == CK_LOCAL_INT || local->kind == CK_LOCAL_UNIQ)) {
		piece->kind = local->kind == CK_LOCAL_INT ? CK_PIECE_INT : CK_PIECE_UNIQ;
		return true;
	}
	if (capture->kind == CK_LOCAL_TEXT || capture->kind == CK_LOCAL_STARSTAR)
		return text || clash(reader, at, capture->begin, capture->end, "text");
	if (local->kind != capture->kind)
		return clash(reader, at, capture->begin, capture->end,
			     capture->kind == CK_LOCAL_UNIQ ? "a number as TensorFlow writes it" : ck_local_kind_text(capture->kind));
	return capture->kind != CK_LOCAL_CHOICE || local->n_alternatives == capture->n_alternatives ||
	       clash(reader, at, capture->begin, capture->end, "another number of alternatives");
}

/* ---- braces */

static bool unpaired(struct reader *reader, size_t at)
{
	struct ck_namer *namer = &reader->namer;
	char open = namer->text.p[at];
	struct ck_diag *diag = ck_namer_error(namer, CK_BAD_PATTERN, at, at + 1, "`%c` without `%c`", open, open == '{' ? '}' : '{');

	ck_diag_help(namer->diags, diag, "write `[%c]` for the character", open);
	return false;
}

static bool check_spaces(struct reader *reader, size_t begin, size_t end)
{
	struct ck_namer *namer = &reader->namer;
	size_t at = begin;
	struct ck_diag *diag;

	if (end > begin && namer->text.p[begin] != ' ' && namer->text.p[end - 1] == ' ')
		at = end - 1;
	if (end == begin || namer->text.p[at] != ' ')
		return true;
	diag = ck_namer_error(namer, CK_BAD_PATTERN, at, at + 1, "a space at the end of an alternative");
	ck_diag_help(namer->diags, diag, "spaces in braces count: remove it, or write `[ ]` where a name has one there");
	return false;
}

/* Reads alternatives up to the closing brace and moves behind it. The brace opened at `open`. */
static bool read_alternatives(struct reader *reader, size_t open, Ck__Plan__Piece *piece)
{
	struct ck_namer *namer = &reader->namer;
	size_t capacity = 0;

	if (++reader->depth > CK_MAX_NESTING) {
		ck_namer_error(namer, CK_TOO_DEEP, open, open + 1, "braces nested more than %d levels deep", CK_MAX_NESTING);
		return false;
	}
	for (bool more = true; more;) {
		Ck__Plan__Alternative *alternative = ck_arena_alloc(namer->arena, sizeof(*alternative));
		struct pieces pieces = { 0 };
		size_t begin = namer->at;

		if (!alternative || !ck_arena_grow(namer->arena, (void **)&piece->alternatives, piece->n_alternatives, &capacity,
						   sizeof(*piece->alternatives)))
			return ck_namer_nomem(namer);
		if (!read_pieces(reader, true, &pieces))
			return false;
		if (namer->at == namer->text.n)
			return unpaired(reader, open);
		if (!check_spaces(reader, begin, namer->at))
			return false;
		ck__plan__alternative__init(alternative);
		alternative->pieces = pieces.items;
		alternative->n_pieces = pieces.n;
		piece->alternatives[piece->n_alternatives++] = alternative;
		reader->n_pieces++;
		more = namer->text.p[namer->at++] == ',';
	}
	reader->depth--;
	return true;
}

static bool has_wildcard(Ck__Plan__Piece *const *pieces, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (pieces[i]->kind != CK_PIECE_LITERAL)
			return true;
	return false;
}

/* `{i:itn}`, `{i:03}`, `{i:}`. */
static bool refuse_plain_capture(struct reader *reader, const struct capture *capture, size_t begin)
{
	struct ck_namer *namer = &reader->namer;
	size_t end = namer->at - 1;
	struct ck_str word = ck_str_slice(namer->text, begin, end);
	struct ck_suggest suggest;
	struct ck_diag *diag;

	if (word.n && word.p[0] >= '0' && word.p[0] <= '9') {
		diag = ck_namer_error(namer, CK_BAD_PATTERN, begin, end, "a format in a source pattern");
		ck_diag_help(namer->diags, diag, "write {%.*s:int}, which also matches digits with zeros in front; formats belong in targets",
			     CK_STR_ARG(capture->name));
		return false;
	}
	diag = ck_namer_error(namer, CK_BAD_PATTERN, begin, end, "a capture that is neither a kind nor a pattern with a wildcard or comma");
	ck_suggest_init(&suggest, word);
	ck_suggest_offer(&suggest, CK_STR("int"));
	ck_suggest_offer(&suggest, CK_STR("uniq"));
	ck_suggest_help(&suggest, namer->diags, diag, "`");
	ck_diag_help(namer->diags, diag, "write {%.*s}, {%.*s:int}, {%.*s:uniq}, {%.*s:a,b} or a pattern such as {%.*s:[a-z]*}",
		     CK_STR_ARG(capture->name), CK_STR_ARG(capture->name), CK_STR_ARG(capture->name), CK_STR_ARG(capture->name),
		     CK_STR_ARG(capture->name));
	return false;
}

/* Text behind `{i:` as a kind; 0 when it is none. Moves behind the closing brace. */
static enum ck_local_kind read_kind(struct ck_namer *namer)
{
	struct ck_str rest = ck_str_slice(namer->text, namer->at, namer->text.n);
	enum ck_local_kind kind = ck_str_starts(rest, CK_STR("int}")) ? CK_LOCAL_INT : ck_str_starts(rest, CK_STR("uniq}")) ? CK_LOCAL_UNIQ : 0;

	if (kind)
		namer->at += kind == CK_LOCAL_INT ? 4 : 5;
	return kind;
}

/* What stands behind the colon of a capture. */
static bool read_capture_pattern(struct reader *reader, size_t open, struct capture *capture, Ck__Plan__Piece *piece)
{
	size_t begin = reader->namer.at;
	Ck__Plan__Alternative *only;

	capture->kind = read_kind(&reader->namer);
	if (capture->kind) {
		piece->kind = capture->kind == CK_LOCAL_INT ? CK_PIECE_INT : CK_PIECE_UNIQ;
		return true;
	}
	if (!read_alternatives(reader, open, piece))
		return false;
	capture->n_alternatives = piece->n_alternatives;
	if (piece->n_alternatives > 1) {
		piece->kind = CK_PIECE_CHOICE;
		capture->kind = CK_LOCAL_CHOICE;
		return true;
	}
	only = piece->alternatives[0];
	if (!has_wildcard(only->pieces, only->n_pieces))
		return refuse_plain_capture(reader, capture, begin);
	piece->kind = CK_PIECE_GROUP;
	piece->pieces = only->pieces;
	piece->n_pieces = only->n_pieces;
	piece->alternatives = NULL;
	piece->n_alternatives = 0;
	capture->kind = only->n_pieces == 1 && only->pieces[0]->kind == CK_PIECE_STARSTAR ? CK_LOCAL_STARSTAR : CK_LOCAL_TEXT;
	return true;
}

static bool read_capture(struct reader *reader, size_t name_bytes, bool inside, struct pieces *pieces)
{
	struct ck_namer *namer = &reader->namer;
	size_t open = namer->at;
	struct capture capture = { .name = ck_str_slice(namer->text, open + 1, open + 1 + name_bytes), .begin = open + 1,
				   .end = open + 1 + name_bytes, .kind = CK_LOCAL_TEXT };
	Ck__Plan__Piece *piece;

	if (inside) {
		struct ck_diag *diag = ck_namer_error(namer, CK_BAD_PATTERN, open, capture.end + 1, "a capture inside braces");

		ck_diag_help(namer->diags, diag, "nothing inside braces captures by itself: write the alternatives as several statements, or `*` here");
		return false;
	}
	piece = add_piece(reader, pieces, CK_PIECE_SEGMENT);
	if (!piece)
		return false;
	namer->at = capture.end + 1;
	capture.bare = namer->text.p[capture.end] == '}';
	if (!capture.bare && !read_capture_pattern(reader, open, &capture, piece))
		return false;
	return bind_capture(reader, &capture, piece);
}

/* `{0}`, `{i+1}`, `{}`. */
static bool refuse_single(struct reader *reader, size_t open)
{
	struct ck_namer *namer = &reader->namer;
	struct ck_str inside = ck_str_slice(namer->text, open + 1, namer->at - 1);
	struct ck_diag *diag = ck_namer_error(namer, CK_BAD_PATTERN, open, namer->at, "braces that hold neither a capture nor a comma");

	for (size_t i = 0; i + 1 < inside.n; i++)
		if (inside.p[i] && strchr("+-*/%", inside.p[i]) && inside.p[i + 1] >= '0' && inside.p[i + 1] <= '9') {
			ck_diag_help(namer->diags, diag, "arithmetic belongs in targets; a source captures the number, as in {i:int}");
			return false;
		}
	ck_diag_help(namer->diags, diag, "a capture is written {i}, an alternation {a,b}; write `[{]` for the character");
	return false;
}

static bool read_braces(struct reader *reader, bool inside, struct pieces *pieces)
{
	struct ck_namer *namer = &reader->namer;
	size_t open = namer->at, name_bytes = ck_namer_ident(namer, open + 1);
	Ck__Plan__Piece *piece;

	if (name_bytes && (ck_namer_is(namer, open + 1 + name_bytes, '}') || ck_namer_is(namer, open + 1 + name_bytes, ':')))
		return read_capture(reader, name_bytes, inside, pieces);
	piece = add_piece(reader, pieces, CK_PIECE_CHOICE);
	if (!piece)
		return false;
	namer->at++;
	if (!read_alternatives(reader, open, piece))
		return false;
	if (piece->n_alternatives < 2)
		return refuse_single(reader, open);
	return inside || bind_unnamed(reader, piece, CK_LOCAL_CHOICE, (struct ck_str){ 0 }, open);
}

/* ---- sequences */

static bool flush(struct reader *reader, struct pieces *pieces, struct ck_buf *literal)
{
	Ck__Plan__Piece *piece;

	if (!literal->n && !literal->failed)
		return true;
	piece = add_piece(reader, pieces, CK_PIECE_LITERAL);
	return piece && ck_namer_bytes(&reader->namer, literal, &piece->text);
}

static bool read_wildcard(struct reader *reader, bool inside, struct pieces *pieces)
{
	struct ck_namer *namer = &reader->namer;
	size_t begin = namer->at;
	enum ck_local_kind kind = CK_LOCAL_ONE;
	Ck__Plan__Piece *piece;

	if (namer->text.p[begin] == '*')
		kind = ck_namer_stars(namer);
	else
		namer->at++;
	if (!kind)
		return false;
	piece = add_piece(reader, pieces, kind == CK_LOCAL_ONE ? CK_PIECE_ONE : kind == CK_LOCAL_STAR ? CK_PIECE_STAR : CK_PIECE_STARSTAR);
	return piece && (inside || bind_unnamed(reader, piece, kind, ck_str_slice(namer->text, begin, namer->at), begin));
}

static bool read_class(struct reader *reader, bool inside, struct pieces *pieces, struct ck_buf *literal)
{
	size_t begin = reader->namer.at;
	struct ck_class class;
	Ck__Plan__Piece *piece;

	if (!ck_namer_class(&reader->namer, &class))
		return false;
	if (!class.n_ranges) {
		ck_buf_str(literal, class.literal);
		return true;
	}
	if (!flush(reader, pieces, literal))
		return false;
	piece = add_piece(reader, pieces, CK_PIECE_CLASS);
	if (!piece)
		return false;
	piece->ranges = class.ranges;
	piece->n_ranges = class.n_ranges;
	piece->negated = class.negated;
	return inside || bind_unnamed(reader, piece, CK_LOCAL_CLASS, class.form, begin);
}

static bool refuse_slot_inside(struct reader *reader)
{
	struct ck_namer *namer = &reader->namer;
	struct ck_diag *diag = ck_namer_error(namer, CK_BAD_PATTERN, namer->at, namer->at + 1, "`@` inside braces");

	ck_diag_help(namer->diags, diag, "a slot is written \"x@m\", the `@` outside of braces; write `[@]` for the character");
	return false;
}

/* One character, wildcard or brace. `inside` braces, `,` and `}` end the sequence; else `@` does. */
static bool read_one(struct reader *reader, bool inside, struct pieces *pieces, struct ck_buf *literal)
{
	struct ck_namer *namer = &reader->namer;

	switch (namer->text.p[namer->at]) {
	case '[':
		return read_class(reader, inside, pieces, literal);
	case '?':
	case '*':
		return flush(reader, pieces, literal) && read_wildcard(reader, inside, pieces);
	case '{':
		return flush(reader, pieces, literal) && read_braces(reader, inside, pieces);
	case '}':
		return unpaired(reader, namer->at);
	case '@':
		return refuse_slot_inside(reader);
	default:
		ck_buf_char(literal, namer->text.p[namer->at++]);
		return true;
	}
}

static bool read_pieces(struct reader *reader, bool inside, struct pieces *pieces)
{
	struct ck_namer *namer = &reader->namer;
	struct ck_buf literal = { 0 };
	bool good = true;

	while (good && namer->at < namer->text.n) {
		char c = namer->text.p[namer->at];

		if (inside ? c == ',' || c == '}' : c == '@')
			break;
		good = read_one(reader, inside, pieces, &literal);
	}
	good = good && flush(reader, pieces, &literal);
	ck_buf_clear(&literal);
	return good;
}

static bool read_pattern(struct reader *reader, Ck__Plan__Pattern *pattern)
{
	struct pieces pieces = { 0 }, slot = { 0 };
	struct ck_namer *namer = &reader->namer;

	if (!namer->text.n) {
		struct ck_diag *diag = ck_namer_error(namer, CK_BAD_PATTERN, 0, 0, "an empty pattern");

		ck_diag_help(namer->diags, diag, "\"**\" matches every variable");
		return false;
	}
	if (!read_pieces(reader, false, &pieces))
		return false;
	if (namer->at < namer->text.n) {
		pattern->has_slot = true;
		if (!ck_namer_slot(namer, false) || !read_pieces(reader, false, &slot))
			return false;
		if (namer->at < namer->text.n && !ck_namer_slot(namer, true))
			return false;
	}
	pattern->pieces = pieces.items;
	pattern->n_pieces = pieces.n;
	pattern->slot = slot.items;
	pattern->n_slot = slot.n;
	return true;
}

static enum ck_code parse(struct ck_locals *locals, const struct ck_scope *scope, const struct ck_ast_name *name, bool collect,
			  struct ck_diags *diags, Ck__Plan__Pattern **ret_pattern)
{
	struct reader reader = { .locals = locals, .scope = scope, .collect = collect };
	Ck__Plan__Pattern *pattern = ck_arena_alloc(locals->arena, sizeof(*pattern));

	ck_namer_init(&reader.namer, locals->arena, diags, &name->string, CK_BAD_PATTERN);
	if (!pattern) {
		ck_namer_nomem(&reader.namer);
		return CK_NOMEM;
	}
	ck__plan__pattern__init(pattern);
	pattern->by = (uint32_t)name->by;
	if (read_pattern(&reader, pattern))
		*ret_pattern = pattern;
	return reader.namer.failed;
}

enum ck_code ck_pattern_parse(struct ck_locals *locals, const struct ck_scope *scope, const struct ck_ast_name *name, bool collect,
			      struct ck_diags *diags, Ck__Plan__Pattern **ret_pattern)
{
	Ck__Plan__Pattern *unused;
	struct ck_diags quiet;
	enum ck_code code;

	if (!ck_diags_init(&quiet))
		return ck_error_nomem(diags);
	/* A pattern's own captures first; what is wrong with it is told in the second pass. */
	code = parse(locals, scope, name, true, &quiet, &unused);
	ck_diags_clear(&quiet);
	if (code == CK_NOMEM)
		return ck_error_nomem(diags);
	return collect ? CK_OK : parse(locals, scope, name, false, diags, ret_pattern);
}
