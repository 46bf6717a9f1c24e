/* Patterns and templates as text of the language, and their literal parts. */
#include "vm/match.h"

#include <string.h>

struct printer {
	struct ck_buf *buf;
	Ck__Plan__Local *const *locals;
	size_t n_locals;
	bool kinds;
	const struct ck_words *words;	/* of templates */
};

static bool is_special(char c, bool inside)
{
	return c && (strchr("*?[{}@", c) || (inside && strchr(",:", c)));
}

/* Literal text: what would mean something else stands in a class of its own, the rest is escaped as in a string. */
static void print_literal(struct ck_buf *buf, struct ck_str text, bool inside)
{
	size_t done = 0;

	for (size_t i = 0; i < text.n; i++) {
		/* Spaces at the ends of an alternative would be an error. */
		bool edge = inside && text.p[i] == ' ' && (i == 0 || i + 1 == text.n);

		if (!edge && !is_special(text.p[i], inside))
			continue;
		ck_buf_name(buf, ck_str_slice(text, done, i));
		ck_buf_printf(buf, "[%c]", text.p[i]);
		done = i + 1;
	}
	ck_buf_name(buf, ck_str_slice(text, done, text.n));
}

/* A code point between the brackets of a class. */
static void print_point(struct ck_buf *buf, uint32_t point)
{
	if (point < 0x20 || point == '"' || point == '\\' || point >= 0x7f)
		ck_buf_printf(buf, "\\u{%x}", (unsigned)point);
	else
		ck_buf_char(buf, (char)point);
}

static void print_class(struct ck_buf *buf, const Ck__Plan__Piece *piece)
{
	ck_buf_str(buf, piece->negated ? CK_STR("[!") : CK_STR("["));
	for (size_t i = 0; i < piece->n_ranges; i++) {
		print_point(buf, piece->ranges[i]->low);
		if (piece->ranges[i]->high == piece->ranges[i]->low)
			continue;
		ck_buf_char(buf, '-');
		print_point(buf, piece->ranges[i]->high);
	}
	ck_buf_char(buf, ']');
}

static void print_pieces(const struct printer *printer, Ck__Plan__Piece *const *pieces, size_t n_pieces, bool inside);

static void print_alternatives(const struct printer *printer, const Ck__Plan__Piece *piece)
{
	for (size_t i = 0; i < piece->n_alternatives; i++) {
		if (i)
			ck_buf_char(printer->buf, ',');
		print_pieces(printer, piece->alternatives[i]->pieces, piece->alternatives[i]->n_pieces, true);
	}
}

/* The name of a local in a message of the plan, empty for those without one. In a hostile plan it may be anything. */
static struct ck_str local_name(const struct printer *printer, size_t local)
{
	struct ck_str name = { 0 };

	if (local < printer->n_locals)
		name = ck_str_of(printer->locals[local]->name);
	return name.n && (name.p[0] == '*' || name.p[0] == '{') ? (struct ck_str){ 0 } : name;
}

/* What stands behind the colon of a capture. */
static void print_kind(const struct printer *printer, const Ck__Plan__Piece *piece)
{
	switch ((enum ck_piece_kind)piece->kind) {
	case CK_PIECE_INT:
		ck_buf_str(printer->buf, CK_STR(":int"));
		return;
	case CK_PIECE_UNIQ:
		ck_buf_str(printer->buf, CK_STR(":uniq"));
		return;
	case CK_PIECE_CHOICE:
		ck_buf_char(printer->buf, ':');
		print_alternatives(printer, piece);
		return;
	case CK_PIECE_GROUP:
		ck_buf_char(printer->buf, ':');
		print_pieces(printer, piece->pieces, piece->n_pieces, true);
		return;
	default:
		return;
	}
}

static void print_piece(const struct printer *printer, const Ck__Plan__Piece *piece, bool inside)
{
	struct ck_str name = piece->local ? local_name(printer, piece->local - 1) : (struct ck_str){ 0 };

	if (name.n) {
		ck_buf_char(printer->buf, '{');
		ck_buf_name(printer->buf, name);
		/* Alternatives are worth their room in tables too. */
		if (printer->kinds || piece->kind == CK_PIECE_CHOICE)
			print_kind(printer, piece);
		ck_buf_char(printer->buf, '}');
		return;
	}
	switch ((enum ck_piece_kind)piece->kind) {
	case CK_PIECE_LITERAL:
		print_literal(printer->buf, ck_str_of(piece->text), inside);
		return;
	case CK_PIECE_ONE:
		ck_buf_char(printer->buf, '?');
		return;
	case CK_PIECE_STAR:
		ck_buf_char(printer->buf, '*');
		return;
	case CK_PIECE_STARSTAR:
		ck_buf_str(printer->buf, CK_STR("**"));
		return;
	case CK_PIECE_CLASS:
		print_class(printer->buf, piece);
		return;
	case CK_PIECE_CHOICE:
		ck_buf_char(printer->buf, '{');
		print_alternatives(printer, piece);
		ck_buf_char(printer->buf, '}');
		return;
	case CK_PIECE_GROUP:
		print_pieces(printer, piece->pieces, piece->n_pieces, inside);
		return;
	case CK_PIECE_SEGMENT:
	case CK_PIECE_INT:
	case CK_PIECE_UNIQ:
		ck_buf_str(printer->buf, CK_STR("{_"));
		print_kind(printer, piece);
		ck_buf_char(printer->buf, '}');
		return;
	}
}

static void print_pieces(const struct printer *printer, Ck__Plan__Piece *const *pieces, size_t n_pieces, bool inside)
{
	for (size_t i = 0; i < n_pieces; i++)
		print_piece(printer, pieces[i], inside);
}

void ck_buf_pattern(struct ck_buf *buf, const Ck__Plan__Pattern *pattern, Ck__Plan__Local *const *locals, size_t n_locals, bool kinds)
{
	struct printer printer = { .buf = buf, .locals = locals, .n_locals = n_locals, .kinds = kinds };

	print_pieces(&printer, pattern->pieces, pattern->n_pieces, false);
	if (!pattern->has_slot)
		return;
	ck_buf_char(buf, '@');
	print_pieces(&printer, pattern->slot, pattern->n_slot, false);
}

/* ---- templates */

static void print_wildcard(struct ck_buf *buf, uint32_t kind)
{
	if (kind == CK_LOCAL_ONE)
		ck_buf_char(buf, '?');
	else if (kind == CK_LOCAL_CLASS)
		ck_buf_str(buf, CK_STR("[..]"));
	else
		ck_buf_str(buf, kind == CK_LOCAL_STAR ? CK_STR("*") : CK_STR("**"));
}

static void print_format(const struct printer *printer, const Ck__Plan__Part *part)
{
	if (part->uniq)
		ck_buf_str(printer->buf, CK_STR(":uniq"));
	else if (part->width)
		ck_buf_printf(printer->buf, ":0%u", part->width);
}

static void print_choice(const struct printer *printer, const Ck__Plan__Part *part)
{
	struct ck_str name = local_name(printer, part->local);

	ck_buf_char(printer->buf, '{');
	ck_buf_name(printer->buf, name);
	ck_buf_str(printer->buf, name.n ? CK_STR(":") : CK_STR(""));
	for (size_t i = 0; i < part->n_alternatives; i++) {
		if (i)
			ck_buf_char(printer->buf, ',');
		print_literal(printer->buf, ck_str_of(part->alternatives[i]), true);
	}
	ck_buf_char(printer->buf, '}');
}

static void print_part(const struct printer *printer, const Ck__Plan__Part *part)
{
	struct ck_str name = local_name(printer, part->local);

	switch ((enum ck_part_kind)part->kind) {
	case CK_PART_LITERAL:
		print_literal(printer->buf, ck_str_of(part->text), false);
		return;
	case CK_PART_CHOICE:
		print_choice(printer, part);
		return;
	case CK_PART_LOCAL:
		if (!name.n && part->local < printer->n_locals) {
			print_wildcard(printer->buf, printer->locals[part->local]->kind);
			return;
		}
		ck_buf_char(printer->buf, '{');
		ck_buf_name(printer->buf, name);
		break;
	case CK_PART_NUMBER:
	case CK_PART_TEXT:
		ck_buf_char(printer->buf, '{');
		ck_buf_expr(printer->buf, part->expr, printer->words);
		break;
	}
	print_format(printer, part);
	ck_buf_char(printer->buf, '}');
}

void ck_buf_template(struct ck_buf *buf, const Ck__Plan__Name *name, const struct ck_words *words)
{
	struct printer printer = { .buf = buf, .locals = words->locals, .n_locals = words->n_locals, .words = words };

	for (size_t i = 0; i < name->n_parts; i++)
		print_part(&printer, name->parts[i]);
	if (name->has_slot)
		ck_buf_char(buf, '@');
	for (size_t i = 0; i < name->n_slot; i++)
		print_part(&printer, name->slot[i]);
}

/* ---- the literal parts of patterns */

static void copy_end(struct ck_arena *arena, struct ck_buf *text, struct ck_str *ret_text)
{
	*ret_text = text->failed ? (struct ck_str){ 0 } : ck_str_copy(arena, ck_buf_view(text));
	ck_buf_clear(text);
}

struct ck_str ck_pattern_literal(const Ck__Plan__Pattern *pattern, struct ck_arena *arena)
{
	struct ck_buf text = { 0 };
	struct ck_str result;

	for (size_t i = 0; i < pattern->n_pieces; i++)
		if (pattern->pieces[i]->kind != CK_PIECE_LITERAL)
			return (struct ck_str){ 0 };
	for (size_t i = 0; i < pattern->n_pieces; i++)
		ck_buf_str(&text, ck_str_of(pattern->pieces[i]->text));
	copy_end(arena, &text, &result);
	return result;
}

struct ck_str ck_pattern_prefix(const Ck__Plan__Pattern *pattern, struct ck_arena *arena)
{
	return ck_str_copy(arena, ck_pieces_prefix(pattern->pieces, pattern->n_pieces));
}
