/* The plan verifier on patterns, templates and types. */
#include "vm/verify.h"

/* Zeros that a format such as {i:03} may ask for. */
enum { MAX_WIDTH = 1024, MAX_POINT = 0x10ffff };

static bool verify_pieces(struct ck_verifier *verifier, Ck__Plan__Piece *const *pieces, size_t n, bool inside, unsigned depth);

static bool verify_class(struct ck_verifier *verifier, const Ck__Plan__Piece *piece)
{
	if (!piece->n_ranges)
		return ck_verify_fail(verifier, "a class without characters");
	for (size_t i = 0; i < piece->n_ranges; i++)
		if (piece->ranges[i]->low > piece->ranges[i]->high || piece->ranges[i]->high > MAX_POINT)
			return ck_verify_fail(verifier, "a class from %u to %u", piece->ranges[i]->low, piece->ranges[i]->high);
	return true;
}

/* What a piece captures is of the kind that its local says. */
static bool verify_piece_local(struct ck_verifier *verifier, const Ck__Plan__Piece *piece, bool inside)
{
	const Ck__Plan__Local *local;
	bool fits;

	if (!piece->local)
		return true;
	if (inside)
		return ck_verify_fail(verifier, "a capture inside braces");
	if (piece->kind == CK_PIECE_LITERAL)
		return ck_verify_fail(verifier, "a literal that captures");
	if (piece->local - 1 >= verifier->n_locals)
		return ck_verify_fail(verifier, "local %u of %zu", piece->local - 1, verifier->n_locals);
	local = verifier->locals[piece->local - 1];
	fits = (piece->kind == CK_PIECE_INT) == (local->kind == CK_LOCAL_INT) && (piece->kind == CK_PIECE_UNIQ) == (local->kind == CK_LOCAL_UNIQ) &&
	       (piece->kind == CK_PIECE_CHOICE) == (local->kind == CK_LOCAL_CHOICE) && local->kind < CK_LOCAL_DIM;
	if (!fits)
		return ck_verify_fail(verifier, "a piece of kind %u captures a local of kind %u", piece->kind, local->kind);
	return local->kind != CK_LOCAL_CHOICE || local->n_alternatives == piece->n_alternatives ||
	       ck_verify_fail(verifier, "an alternation of %zu, its local has %u", piece->n_alternatives, local->n_alternatives);
}

static bool verify_piece(struct ck_verifier *verifier, const Ck__Plan__Piece *piece, bool inside, unsigned depth)
{
	if (!verify_piece_local(verifier, piece, inside))
		return false;
	if ((piece->n_pieces && piece->kind != CK_PIECE_GROUP) || (piece->n_alternatives && piece->kind != CK_PIECE_CHOICE))
		return ck_verify_fail(verifier, "a piece of kind %u that holds pieces", piece->kind);
	switch ((enum ck_piece_kind)piece->kind) {
	case CK_PIECE_LITERAL:
	case CK_PIECE_ONE:
	case CK_PIECE_STAR:
	case CK_PIECE_STARSTAR:
	case CK_PIECE_SEGMENT:
	case CK_PIECE_INT:
	case CK_PIECE_UNIQ:
		return true;
	case CK_PIECE_CLASS:
		return verify_class(verifier, piece);
	case CK_PIECE_GROUP:
		return verify_pieces(verifier, piece->pieces, piece->n_pieces, true, depth + 1);
	case CK_PIECE_CHOICE:
		if (!piece->n_alternatives)
			return ck_verify_fail(verifier, "an alternation of nothing");
		for (size_t i = 0; i < piece->n_alternatives; i++)
			if (!verify_pieces(verifier, piece->alternatives[i]->pieces, piece->alternatives[i]->n_pieces, true, depth + 1))
				return false;
		return true;
	}
	return ck_verify_fail(verifier, "a piece of kind %u", piece->kind);
}

static bool verify_pieces(struct ck_verifier *verifier, Ck__Plan__Piece *const *pieces, size_t n, bool inside, unsigned depth)
{
	if (depth > CK_MAX_NESTING)
		return ck_verify_fail(verifier, "a pattern nested more than %d levels deep", CK_MAX_NESTING);
	for (size_t i = 0; i < n; i++)
		if (!verify_piece(verifier, pieces[i], inside, depth))
			return false;
	return true;
}

bool ck_verify_source(struct ck_verifier *verifier, const Ck__Plan__Source *source)
{
	const Ck__Plan__Pattern *pattern = source->pattern;

	if (source->input >= CK_INPUT_DECLARED + verifier->code->n_inputs || (source->input == CK_INPUT_TARGET && !verifier->in_check))
		return ck_verify_fail(verifier, "input %u, which does not exist", source->input);
	if (source->rest && verifier->in_check)
		return ck_verify_fail(verifier, "`rest` in a check");
	if (!pattern)
		return source->rest || ck_verify_fail(verifier, "a source without a pattern");
	if (pattern->by > CK_BY_FULL)
		return ck_verify_fail(verifier, "a pattern for names of kind %u", pattern->by);
	if (!pattern->n_pieces || (pattern->has_slot != (pattern->n_slot > 0)))
		return ck_verify_fail(verifier, "an empty pattern");
	return verify_pieces(verifier, pattern->pieces, pattern->n_pieces, false, 0) &&
	       verify_pieces(verifier, pattern->slot, pattern->n_slot, false, 0);
}

void ck_verify_capture(struct ck_verifier *verifier, const Ck__Plan__Source *source)
{
	const Ck__Plan__Pattern *pattern = source->pattern;

	/* A lone `rest` captures the whole name. */
	for (size_t i = 0; !pattern && i < verifier->n_locals; i++)
		if (verifier->locals[i]->kind == CK_LOCAL_STARSTAR)
			verifier->captured[i] = true;
	for (size_t i = 0; pattern && i < pattern->n_pieces; i++)
		if (pattern->pieces[i]->local)
			verifier->captured[pattern->pieces[i]->local - 1] = true;
	for (size_t i = 0; pattern && i < pattern->n_slot; i++)
		if (pattern->slot[i]->local)
			verifier->captured[pattern->slot[i]->local - 1] = true;
}

/* ---- templates */

static bool verify_choice(struct ck_verifier *verifier, const Ck__Plan__Part *part)
{
	const Ck__Plan__Local *local;

	if (!ck_verify_local(verifier, part->local))
		return false;
	local = verifier->locals[part->local];
	return (local->kind == CK_LOCAL_CHOICE && local->n_alternatives == part->n_alternatives) ||
	       ck_verify_fail(verifier, "%zu alternatives for a local of kind %u with %u", part->n_alternatives, local->kind,
			      local->n_alternatives);
}

static bool verify_part(struct ck_verifier *verifier, const Ck__Plan__Part *part, unsigned depth)
{
	bool number = part->kind == CK_PART_NUMBER || part->kind == CK_PART_TEXT;

	if (number != (part->expr != NULL))
		return ck_verify_fail(verifier, "a part of kind %u %s an expression", part->kind, number ? "without" : "with");
	if (part->width > MAX_WIDTH)
		return ck_verify_fail(verifier, "a number %u digits wide", part->width);
	switch ((enum ck_part_kind)part->kind) {
	case CK_PART_LITERAL:
		return true;
	case CK_PART_LOCAL:
		return ck_verify_local(verifier, part->local);
	case CK_PART_NUMBER:
	case CK_PART_TEXT:
		return ck_verify_expr(verifier, part->expr, CK_VERIFY_IN_ARGUMENT, depth + 1);
	case CK_PART_CHOICE:
		return verify_choice(verifier, part);
	}
	return ck_verify_fail(verifier, "a part of kind %u", part->kind);
}

bool ck_verify_name(struct ck_verifier *verifier, const Ck__Plan__Name *name, unsigned depth)
{
	if (name->by > CK_BY_FULL)
		return ck_verify_fail(verifier, "a template for names of kind %u", name->by);
	if (!name->n_parts || name->has_slot != (name->n_slot > 0))
		return ck_verify_fail(verifier, "an empty template");
	for (size_t i = 0; i < name->n_parts; i++)
		if (!verify_part(verifier, name->parts[i], depth))
			return false;
	for (size_t i = 0; i < name->n_slot; i++)
		if (!verify_part(verifier, name->slot[i], depth))
			return false;
	return true;
}

/* ---- types */

static bool verify_dim(struct ck_verifier *verifier, const Ck__Plan__DimSpec *dim, bool binds)
{
	if ((dim->kind == CK_DIM_VALUE) != (dim->expr != NULL))
		return ck_verify_fail(verifier, "a dimension of kind %u %s a value", dim->kind, dim->expr ? "with" : "without");
	switch ((enum ck_dim_kind)dim->kind) {
	case CK_DIM_VALUE:
		return ck_verify_expr(verifier, dim->expr, CK_VERIFY_IN_ARGUMENT, 0);
	case CK_DIM_ANY:
	case CK_DIM_ELLIPSIS:
		return true;
	case CK_DIM_BIND:
		if (dim->local >= verifier->n_locals || verifier->locals[dim->local]->kind != CK_LOCAL_DIM)
			return ck_verify_fail(verifier, "local %u is no dimension", dim->local);
		/* A fill's type makes data: its dimensions are bound elsewhere. */
		return binds || ck_verify_local(verifier, dim->local);
	}
	return ck_verify_fail(verifier, "a dimension of kind %u", dim->kind);
}

bool ck_verify_type(struct ck_verifier *verifier, const Ck__Plan__Type *type, bool binds)
{
	size_t n_ellipses = 0;

	if (type->dtype && !ck_dtype_info(type->dtype))
		return ck_verify_fail(verifier, "dtype %u, which does not exist", type->dtype);
	if (type->n_dims > CK_MAX_RANK + 1)
		return ck_verify_fail(verifier, "a type with %zu dimensions", type->n_dims);
	for (size_t i = 0; i < type->n_dims; i++) {
		if (!verify_dim(verifier, type->dims[i], binds))
			return false;
		n_ellipses += type->dims[i]->kind == CK_DIM_ELLIPSIS;
	}
	return n_ellipses <= 1 || ck_verify_fail(verifier, "a type with two ellipses");
}
