/* Patterns become automata. */
#include "vm/match.h"

#include <string.h>

enum { FAILED = UINT32_MAX };

/* What a piece stands behind: decides whether a `**` may be empty. */
enum before { BEFORE_OTHER, BEFORE_SLASH };

static uint32_t add_node(struct ck_automaton *automaton, enum ck_step_kind kind, uint32_t next)
{
	struct ck_step *node;

	if (next == FAILED || automaton->n_nodes >= FAILED / 2 ||
	    !ck_arena_grow(automaton->arena, (void **)&automaton->nodes, automaton->n_nodes, &automaton->capacity, sizeof(*automaton->nodes)))
		return FAILED;
	node = &automaton->nodes[automaton->n_nodes];
	*node = (struct ck_step){ .kind = kind, .next = next };
	return (uint32_t)automaton->n_nodes++;
}

static uint32_t add_literal(struct ck_automaton *automaton, struct ck_str text, uint32_t next)
{
	uint32_t at = text.n ? add_node(automaton, CK_STEP_LITERAL, next) : next;

	if (at != FAILED && text.n)
		automaton->nodes[at].text = text;
	return at;
}

static uint32_t add_mark(struct ck_automaton *automaton, enum ck_step_kind kind, uint32_t local, uint32_t alternative, uint32_t next)
{
	uint32_t at = add_node(automaton, kind, next);

	if (at != FAILED) {
		automaton->nodes[at].local = local;
		automaton->nodes[at].alternative = alternative;
	}
	return at;
}

/* A node with room for n targets. */
static uint32_t add_split(struct ck_automaton *automaton, size_t n)
{
	uint32_t at = add_node(automaton, CK_STEP_SPLIT, 0);
	uint32_t *targets = ck_arena_array(automaton->arena, n + 1, sizeof(*targets));

	if (at == FAILED || !targets)
		return FAILED;
	automaton->nodes[at].targets = targets;
	return at;
}

/* Edges must lead to smaller numbers, so the targets are made before the split is. */
static uint32_t split_two(struct ck_automaton *automaton, uint32_t a, uint32_t b)
{
	uint32_t at = a == FAILED || b == FAILED ? FAILED : add_split(automaton, 2);

	if (at == FAILED)
		return FAILED;
	automaton->nodes[at].targets[0] = a;
	automaton->nodes[at].targets[1] = b;
	automaton->nodes[at].n_targets = 2;
	return at;
}

static uint32_t derive(struct ck_automaton *automaton, uint32_t at, enum ck_derived how);

static uint32_t derive_split(struct ck_automaton *automaton, uint32_t at, enum ck_derived how)
{
	size_t n = automaton->nodes[at].n_targets;
	uint32_t *targets = ck_arena_array(automaton->arena, n + 1, sizeof(*targets));
	uint32_t split;

	if (!targets)
		return FAILED;
	for (size_t i = 0; i < n; i++) {
		targets[i] = derive(automaton, automaton->nodes[at].targets[i], how);
		if (targets[i] == FAILED)
			return FAILED;
	}
	split = add_split(automaton, 0);
	if (split == FAILED)
		return FAILED;
	automaton->nodes[split].targets = targets;
	automaton->nodes[split].n_targets = n;
	return split;
}

static uint32_t derive_new(struct ck_automaton *automaton, uint32_t at, enum ck_derived how)
{
	const struct ck_step node = automaton->nodes[at];
	bool keep;

	switch (node.kind) {
	case CK_STEP_SPLIT:
		return derive_split(automaton, at, how);
	case CK_STEP_OPEN:
	case CK_STEP_CLOSE:
	case CK_STEP_PICK:
		return add_mark(automaton, node.kind, node.local, node.alternative, derive(automaton, node.next, how));
	case CK_STEP_LITERAL:
		if (how == CK_AFTER_SLASH && node.text.p[0] == '/')
			return add_literal(automaton, ck_str_slice(node.text, 1, node.text.n), node.next);
		keep = how == CK_NOT_END || (how == CK_NOT_SLASH && node.text.p[0] != '/');
		break;
	case CK_STEP_END:
		keep = how == CK_NOT_SLASH;
		break;
	default:
		keep = how != CK_AFTER_SLASH;
	}
	return keep ? at : add_split(automaton, 0);
}

/**
 * The part of what follows from a node that begins with a slash, without it; that begins with anything else (or nothing); or
 * that begins with anything. Each is made once a node, so the graph at most quadruples.
 */
static uint32_t derive(struct ck_automaton *automaton, uint32_t at, enum ck_derived how)
{
	uint32_t made;

	if (at == FAILED)
		return FAILED;
	if (automaton->nodes[at].derived[how])
		return automaton->nodes[at].derived[how] - 1;
	made = derive_new(automaton, at, how);
	if (made != FAILED)
		automaton->nodes[at].derived[how] = made + 1;
	return made;
}

static uint32_t make_pieces(struct ck_automaton *automaton, Ck__Plan__Piece *const *pieces, size_t n_pieces, enum before before,
			    uint32_t next);

static enum before behind_text(struct ck_str text)
{
	return text.n && text.p[text.n - 1] == '/' ? BEFORE_SLASH : BEFORE_OTHER;
}

static uint32_t make_choice(struct ck_automaton *automaton, const Ck__Plan__Piece *piece, enum before before, uint32_t next)
{
	size_t n = piece->n_alternatives;
	uint32_t *targets = ck_arena_array(automaton->arena, n + 1, sizeof(*targets));
	uint32_t split;

	if (!targets)
		return FAILED;
	for (size_t i = 0; i < n; i++) {
		targets[i] = make_pieces(automaton, piece->alternatives[i]->pieces, piece->alternatives[i]->n_pieces, before, next);
		if (piece->local && targets[i] != FAILED)
			targets[i] = add_mark(automaton, CK_STEP_PICK, piece->local - 1, (uint32_t)i, targets[i]);
		if (targets[i] == FAILED)
			return FAILED;
	}
	split = add_split(automaton, 0);
	if (split == FAILED)
		return FAILED;
	automaton->nodes[split].targets = targets;
	automaton->nodes[split].n_targets = n;
	return split;
}

/* `**`: one or more characters, or none by one of the ways that the slashes beside it leave. */
static uint32_t make_starstar(struct ck_automaton *automaton, enum before before, uint32_t next)
{
	uint32_t some = add_node(automaton, CK_STEP_STARSTAR, next);
	uint32_t none = derive(automaton, next, CK_AFTER_SLASH);

	if (before == BEFORE_OTHER)
		none = split_two(automaton, none, derive(automaton, next, CK_NOT_SLASH));
	return split_two(automaton, some, none);
}

static enum ck_step_kind simple_kind(const Ck__Plan__Piece *piece)
{
	switch ((enum ck_piece_kind)piece->kind) {
	case CK_PIECE_ONE:
		return CK_STEP_ONE;
	case CK_PIECE_CLASS:
		return CK_STEP_CLASS;
	case CK_PIECE_STAR:
		return CK_STEP_STAR;
	case CK_PIECE_SEGMENT:
		return CK_STEP_SEGMENT;
	case CK_PIECE_INT:
		return CK_STEP_INT;
	case CK_PIECE_UNIQ:
		return CK_STEP_UNIQ;
	case CK_PIECE_LITERAL:
	case CK_PIECE_STARSTAR:
	case CK_PIECE_CHOICE:
	case CK_PIECE_GROUP:
		break;
	}
	return CK_STEP_END;
}

/* One piece in front of `next`. */
static uint32_t make_piece(struct ck_automaton *automaton, const Ck__Plan__Piece *piece, enum before before, uint32_t next)
{
	uint32_t at;

	if (piece->local)
		next = add_mark(automaton, CK_STEP_CLOSE, piece->local - 1, 0, next);
	if (next == FAILED)
		return FAILED;
	switch ((enum ck_piece_kind)piece->kind) {
	case CK_PIECE_LITERAL:
		at = add_literal(automaton, ck_str_of(piece->text), next);
		break;
	case CK_PIECE_STARSTAR:
		at = make_starstar(automaton, before, next);
		break;
	case CK_PIECE_CHOICE:
		at = make_choice(automaton, piece, before, next);
		break;
	case CK_PIECE_GROUP:
		at = make_pieces(automaton, piece->pieces, piece->n_pieces, before, next);
		break;
	default:
		at = add_node(automaton, simple_kind(piece), next);
		if (at != FAILED)
			automaton->nodes[at].piece = piece;
	}
	return at != FAILED && piece->local ? add_mark(automaton, CK_STEP_OPEN, piece->local - 1, 0, at) : at;
}

/* Is it `**`, or a capture of `**`? */
static bool is_starstar(const Ck__Plan__Piece *piece)
{
	return piece->kind == CK_PIECE_STARSTAR ||
	       (piece->kind == CK_PIECE_GROUP && piece->n_pieces == 1 && piece->pieces[0]->kind == CK_PIECE_STARSTAR);
}

/* `**` that is empty, between its marks. */
static uint32_t make_empty(struct ck_automaton *automaton, const Ck__Plan__Piece *piece, uint32_t next)
{
	if (!piece->local || next == FAILED)
		return next;
	next = add_mark(automaton, CK_STEP_CLOSE, piece->local - 1, 0, next);
	return add_mark(automaton, CK_STEP_OPEN, piece->local - 1, 0, next);
}

/**
 * "text/" and a `**` behind it: the empty one takes this slash, unless it is the last of the pattern (which then matches what is
 * in a folder, not the folder).
 */
static uint32_t make_slash_starstar(struct ck_automaton *automaton, struct ck_str text, const Ck__Plan__Piece *piece, uint32_t next)
{
	uint32_t some = add_node(automaton, CK_STEP_STARSTAR, piece->local ? add_mark(automaton, CK_STEP_CLOSE, piece->local - 1, 0, next) : next);
	uint32_t none;

	if (some != FAILED && piece->local)
		some = add_mark(automaton, CK_STEP_OPEN, piece->local - 1, 0, some);
	some = add_literal(automaton, text, some);
	none = make_empty(automaton, piece, derive(automaton, next, CK_NOT_END));
	none = add_literal(automaton, ck_str_slice(text, 0, text.n - 1), none);
	return split_two(automaton, some, none);
}

static uint32_t make_pieces(struct ck_automaton *automaton, Ck__Plan__Piece *const *pieces, size_t n_pieces, enum before before,
			    uint32_t next)
{
	for (size_t i = n_pieces; i > 0 && next != FAILED; i--) {
		const Ck__Plan__Piece *piece = pieces[i - 1];
		const Ck__Plan__Piece *left = i > 1 ? pieces[i - 2] : NULL;
		bool literal = left && left->kind == CK_PIECE_LITERAL;
		enum before beside = !left ? before : literal ? behind_text(ck_str_of(left->text)) : BEFORE_OTHER;

		if (literal && beside == BEFORE_SLASH && is_starstar(piece)) {
			next = make_slash_starstar(automaton, ck_str_of(left->text), piece, next);
			i--;
		} else {
			next = make_piece(automaton, piece, beside, next);
		}
	}
	return next;
}

/* ---- what is known of a match before it is tried */

static size_t least_bytes(Ck__Plan__Piece *const *pieces, size_t n_pieces)
{
	size_t sum = 0;

	for (size_t i = 0; i < n_pieces; i++) {
		const Ck__Plan__Piece *piece = pieces[i];
		size_t least = 0;

		switch ((enum ck_piece_kind)piece->kind) {
		case CK_PIECE_LITERAL:
			least = piece->text.len;
			break;
		case CK_PIECE_ONE:
		case CK_PIECE_CLASS:
		case CK_PIECE_SEGMENT:
		case CK_PIECE_INT:
			least = 1;
			break;
		case CK_PIECE_GROUP:
			least = least_bytes(piece->pieces, piece->n_pieces);
			break;
		case CK_PIECE_CHOICE:
			least = SIZE_MAX;
			for (size_t j = 0; j < piece->n_alternatives; j++) {
				size_t n = least_bytes(piece->alternatives[j]->pieces, piece->alternatives[j]->n_pieces);

				least = n < least ? n : least;
			}
			break;
		case CK_PIECE_STAR:
		case CK_PIECE_STARSTAR:
		case CK_PIECE_UNIQ:
			break;
		}
		sum += least;
	}
	return sum;
}

static size_t count_pieces(Ck__Plan__Piece *const *pieces, size_t n_pieces)
{
	size_t n = n_pieces;

	for (size_t i = 0; i < n_pieces; i++) {
		n += count_pieces(pieces[i]->pieces, pieces[i]->n_pieces);
		for (size_t j = 0; j < pieces[i]->n_alternatives; j++)
			n += 1 + count_pieces(pieces[i]->alternatives[j]->pieces, pieces[i]->alternatives[j]->n_pieces);
	}
	return n;
}

/* Each `**` may take a slash with it. */
static size_t count_starstars(Ck__Plan__Piece *const *pieces, size_t n_pieces)
{
	size_t n = 0;

	for (size_t i = 0; i < n_pieces; i++) {
		n += pieces[i]->kind == CK_PIECE_STARSTAR;
		n += count_starstars(pieces[i]->pieces, pieces[i]->n_pieces);
		for (size_t j = 0; j < pieces[i]->n_alternatives; j++)
			n += count_starstars(pieces[i]->alternatives[j]->pieces, pieces[i]->alternatives[j]->n_pieces);
	}
	return n;
}

static struct ck_str literal_end(Ck__Plan__Piece *const *pieces, size_t n_pieces)
{
	struct ck_str text = { 0 };

	if (n_pieces && pieces[n_pieces - 1]->kind == CK_PIECE_LITERAL)
		text = ck_str_of(pieces[n_pieces - 1]->text);
	/* The slash may have gone with an empty `**`. */
	if (n_pieces > 1 && text.n && text.p[0] == '/' && count_starstars(pieces, n_pieces - 1))
		text = ck_str_slice(text, 1, text.n);
	return text;
}

struct ck_str ck_pieces_prefix(Ck__Plan__Piece *const *pieces, size_t n_pieces)
{
	struct ck_str text = { 0 };
	bool last = n_pieces == 2 && is_starstar(pieces[1]);

	if (n_pieces && pieces[0]->kind == CK_PIECE_LITERAL)
		text = ck_str_of(pieces[0]->text);
	if (n_pieces > 1 && text.n && text.p[text.n - 1] == '/' && !last && count_starstars(pieces + 1, 1))
		text.n -= !(pieces[1]->kind == CK_PIECE_STARSTAR && n_pieces > 2 && pieces[2]->kind == CK_PIECE_LITERAL &&
			    pieces[2]->text.len && pieces[2]->text.data[0] == '/');
	return text;
}

/* Captures stand only at the top of a pattern. */
static enum ck_code list_locals(struct ck_automaton *automaton, Ck__Plan__Piece *const *pieces, size_t n_pieces)
{
	automaton->locals = ck_arena_array(automaton->arena, n_pieces + 1, sizeof(*automaton->locals));
	automaton->repeated = ck_arena_array(automaton->arena, n_pieces + 1, sizeof(*automaton->repeated));
	if (!automaton->locals || !automaton->repeated)
		return CK_NOMEM;
	for (size_t i = 0; i < n_pieces; i++) {
		uint32_t local = pieces[i]->local - 1;
		size_t at = 0, again = 0;

		if (!pieces[i]->local)
			continue;
		while (at < automaton->n_locals && automaton->locals[at] != local)
			at++;
		while (again < automaton->n_repeated && automaton->repeated[again] != local)
			again++;
		if (at == automaton->n_locals)
			automaton->locals[automaton->n_locals++] = local;
		else if (again == automaton->n_repeated)
			automaton->repeated[automaton->n_repeated++] = local;
	}
	return CK_OK;
}

/* ---- patterns that split every name in one way at most */

/* A segment of the pattern, between slashes. */
struct segment {
	bool has_text, has_starstar;
	size_t n_variable;		/* pieces that may match texts of several lengths */
};

/* Alternatives that are plain text, each another, without slashes. */
static bool are_plain(const Ck__Plan__Piece *choice)
{
	for (size_t i = 0; i < choice->n_alternatives; i++) {
		const Ck__Plan__Alternative *alternative = choice->alternatives[i];
		struct ck_str text = alternative->n_pieces == 1 ? ck_str_of(alternative->pieces[0]->text) : (struct ck_str){ 0 };

		if (alternative->n_pieces > 1 || (alternative->n_pieces && alternative->pieces[0]->kind != CK_PIECE_LITERAL) ||
		    ck_str_find(text, '/') < text.n)
			return false;
		for (size_t j = 0; j < i; j++) {
			const Ck__Plan__Alternative *other = choice->alternatives[j];

			if (ck_str_equal(text, other->n_pieces ? ck_str_of(other->pieces[0]->text) : (struct ck_str){ 0 }))
				return false;
		}
	}
	return true;
}

/* False when the piece may make a split ambiguous. */
static bool add_to_segment(struct segment *segment, const Ck__Plan__Piece *piece, size_t *n_starstars)
{
	switch ((enum ck_piece_kind)piece->kind) {
	case CK_PIECE_LITERAL:
		for (size_t i = 0; i < piece->text.len; i++) {
			if (piece->text.data[i] == '/')
				*segment = (struct segment){ 0 };
			else if (segment->has_starstar)
				return false;
			else
				segment->has_text = true;
		}
		return true;
	case CK_PIECE_ONE:
	case CK_PIECE_CLASS:
		segment->has_text = true;
		return !segment->has_starstar;
	case CK_PIECE_CHOICE:
		return are_plain(piece) && !segment->has_starstar && ++segment->n_variable == 1;
	case CK_PIECE_STAR:
	case CK_PIECE_SEGMENT:
	case CK_PIECE_INT:
	case CK_PIECE_UNIQ:
		return !segment->has_starstar && ++segment->n_variable == 1;
	case CK_PIECE_STARSTAR:
		segment->has_starstar = true;
		return ++*n_starstars == 1 && !segment->has_text && !segment->n_variable;
	case CK_PIECE_GROUP:
		return piece->n_pieces == 1 && add_to_segment(segment, piece->pieces[0], n_starstars);
	}
	return false;
}

/*
 * One `**` at most, alone between slashes, and one piece of several lengths in each segment: then slashes tell where each segment
 * of the name is, and its length where each piece ends.
 */
static bool is_unique(Ck__Plan__Piece *const *pieces, size_t n_pieces)
{
	struct segment segment = { 0 };
	size_t n_starstars = 0;

	for (size_t i = 0; i < n_pieces; i++)
		if (!add_to_segment(&segment, pieces[i], &n_starstars))
			return false;
	return true;
}

enum ck_code ck_automaton_make(struct ck_automaton *automaton, struct ck_arena *arena, Ck__Plan__Piece *const *pieces, size_t n_pieces)
{
	size_t least = least_bytes(pieces, n_pieces), n_slashes = count_starstars(pieces, n_pieces);
	uint32_t end;

	*automaton = (struct ck_automaton){ .arena = arena };
	if (count_pieces(pieces, n_pieces) > CK_MAX_PIECES)
		return CK_BAD_PATTERN;
	end = add_node(automaton, CK_STEP_END, 0);
	automaton->start = make_pieces(automaton, pieces, n_pieces, BEFORE_OTHER, end);
	if (automaton->start == FAILED)
		return CK_NOMEM;
	automaton->prefix = ck_pieces_prefix(pieces, n_pieces);
	automaton->suffix = literal_end(pieces, n_pieces);
	automaton->is_unique = is_unique(pieces, n_pieces);
	automaton->min_bytes = least > n_slashes ? least - n_slashes : 0;
	return list_locals(automaton, pieces, n_pieces);
}
