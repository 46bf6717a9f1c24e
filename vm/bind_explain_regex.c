/*
 * Patterns that were written as regular expressions, and match nothing for that: "layer_[0-9]+/(.*)" is meant to be
 * "layer_{i:int}/ **". What the parts of the pattern are in a regular expression is made into a pattern, which is tried out.
 */
#include "vm/bind_explain.h"

#include <string.h>

/* A character of literal text, or a piece that is none. */
struct token {
	char c;				/* 0: a piece */
	const Ck__Plan__Piece *piece;
	bool skip;			/* a parenthesis that only groups */
};

struct regex {
	struct ck_explain *explain;
	struct token *tokens;		/* [n], and one more that is nothing */
	size_t n, at;
	Ck__Plan__Pattern *made;
	char *text;			/* of its literals */
	size_t n_text;
	uint32_t n_numbers;
};

static bool is_piece(const struct token *token, enum ck_piece_kind kind)
{
	return token->piece && (enum ck_piece_kind)token->piece->kind == kind;
}

static bool read_tokens(struct regex *regex)
{
	const Ck__Plan__Pattern *pattern = regex->explain->pattern;
	size_t n = 1;

	for (size_t i = 0; i < pattern->n_pieces; i++)
		n += pattern->pieces[i]->text.len + 1;
	regex->tokens = ck_arena_array(regex->explain->binder->arena, n, sizeof(*regex->tokens));
	for (size_t i = 0; regex->tokens && i < pattern->n_pieces; i++) {
		const Ck__Plan__Piece *piece = pattern->pieces[i];
		struct ck_str text = ck_str_of(piece->text);

		if (piece->kind != CK_PIECE_LITERAL)
			regex->tokens[regex->n++].piece = piece;
		for (size_t j = 0; piece->kind == CK_PIECE_LITERAL && j < text.n; j++)
			regex->tokens[regex->n++].c = text.p[j];
	}
	return regex->tokens;
}

/* ---- what gives it away */

enum sign { SIGN_NONE, SIGN_WEAK, SIGN_STRONG };

/* "model.*" may also be about a name with a dot: a weak sign, which counts when what it would be matches. */
static enum sign sign_at(const struct regex *regex, size_t i, bool in_group)
{
	const struct token *here = &regex->tokens[i], *next = &regex->tokens[i + 1];

	switch (here->c) {
	case '\\':
		return SIGN_STRONG;
	case '^':
		return i == 0 ? SIGN_STRONG : SIGN_NONE;
	case '$':
		return i + 1 == regex->n ? SIGN_STRONG : SIGN_NONE;
	case '|':
		return in_group ? SIGN_STRONG : SIGN_NONE;
	case '.':
		if (next->c == '+')
			return SIGN_STRONG;
		return is_piece(next, CK_PIECE_STAR) ? (in_group ? SIGN_STRONG : SIGN_WEAK) : SIGN_NONE;
	default:
		return is_piece(here, CK_PIECE_CLASS) && next->c == '+' ? SIGN_STRONG : SIGN_NONE;
	}
}

static enum sign find_sign(const struct regex *regex)
{
	enum sign found = SIGN_NONE;
	bool in_group = false;

	for (size_t i = 0; i < regex->n; i++) {
		enum sign sign = sign_at(regex, i, in_group);

		found = sign > found ? sign : found;
		in_group = regex->tokens[i].c == '(' || (in_group && regex->tokens[i].c != ')');
	}
	return found;
}

/* ---- as a pattern */

/* What one part of a regular expression stands for. */
enum atom { ATOM_NONE, ATOM_CHARACTER, ATOM_PIECE, ATOM_DIGIT, ATOM_NO_SLASH, ATOM_ANY };

static bool is_range(const Ck__Plan__Range *range, uint32_t low, uint32_t high)
{
	return range->low == low && range->high == high;
}

/* [^/] is read as a class of two characters. */
static enum atom class_atom(const Ck__Plan__Piece *piece)
{
	bool caret = false, slash = false;

	if (!piece->negated && piece->n_ranges == 1 && is_range(piece->ranges[0], '0', '9'))
		return ATOM_DIGIT;
	for (size_t i = 0; i < piece->n_ranges; i++) {
		caret = caret || is_range(piece->ranges[i], '^', '^');
		slash = slash || is_range(piece->ranges[i], '/', '/');
	}
	if (!caret)
		return ATOM_PIECE;
	return slash && piece->n_ranges == 2 ? ATOM_NO_SLASH : ATOM_NONE;
}

static enum atom escaped_atom(char c)
{
	if (c == 'd')
		return ATOM_DIGIT;
	if (c == 'w')
		return ATOM_NO_SLASH;
	return c && strchr(".+*?()[]{}^$|\\/-_", c) ? ATOM_CHARACTER : ATOM_NONE;
}

/* Is the next token a `+`, `*` or `{n}` that says how often? It is passed, with a `?` behind it. */
static bool take_times(struct regex *regex)
{
	const struct token *next = &regex->tokens[regex->at];
	bool times = next->c == '+' || is_piece(next, CK_PIECE_STAR);

	if (is_piece(next, CK_PIECE_CHOICE)) {
		times = true;
		for (size_t i = 0; i < next->piece->n_alternatives; i++) {
			const Ck__Plan__Alternative *item = next->piece->alternatives[i];

			times = times && item->n_pieces <= 1 && (!item->n_pieces || (item->pieces[0]->text.len && item->pieces[0]->text.data[0] <= '9'));
		}
	}
	regex->at += times;
	regex->at += times && is_piece(&regex->tokens[regex->at], CK_PIECE_ONE);
	return times;
}

static bool add(struct regex *regex, const Ck__Plan__Piece *piece)
{
	if (!piece)
		return false;
	regex->made->pieces[regex->made->n_pieces++] = (Ck__Plan__Piece *)(uintptr_t)piece;
	return true;
}

static bool add_new(struct regex *regex, enum ck_piece_kind kind, struct ck_str text)
{
	return add(regex, ck_explain_piece(regex->explain, kind, text));
}

/* Characters in a row are one piece. */
static bool add_character(struct regex *regex, char c)
{
	Ck__Plan__Piece *last = regex->made->n_pieces ? regex->made->pieces[regex->made->n_pieces - 1] : NULL;

	regex->text[regex->n_text++] = c;
	if (!last || last->kind != CK_PIECE_LITERAL)
		return add_new(regex, CK_PIECE_LITERAL, (struct ck_str){ regex->text + regex->n_text - 1, 1 });
	last->text.len++;
	return true;
}

static bool add_number(struct regex *regex)
{
	Ck__Plan__Piece *piece = ck_explain_piece(regex->explain, CK_PIECE_INT, CK_STR(""));
	size_t local = regex->explain->unit->n_locals + 1 + regex->n_numbers++;

	if (!piece || local >= regex->explain->n_locals)
		return false;
	piece->local = (uint32_t)local + 1;
	return add(regex, piece);
}

/* The parenthesis that closes the one at `open`, or n. Says whether there is a `|` between them, and nothing but characters. */
static size_t find_close(const struct regex *regex, size_t open, bool *ret_has_bar, bool *ret_is_plain)
{
	size_t depth = 0;

	*ret_has_bar = false;
	*ret_is_plain = true;
	for (size_t i = open; i < regex->n; i++) {
		char c = regex->tokens[i].c;

		depth += c == '(';
		depth -= c == ')';
		if (!depth)
			return i;
		*ret_has_bar = *ret_has_bar || (c == '|' && depth == 1);
		*ret_is_plain = *ret_is_plain && (i == open || i == open + 1 || (c && !strchr("\\()^$+", c)));
	}
	return regex->n;
}

/* (a|b) becomes {a,b}. */
static bool add_choice(struct regex *regex, size_t begin, size_t end)
{
	struct ck_arena *arena = regex->explain->binder->arena;
	Ck__Plan__Piece *choice = ck_explain_piece(regex->explain, CK_PIECE_CHOICE, CK_STR(""));
	char *text = ck_arena_alloc(arena, end - begin + 1);

	if (!choice || !text)
		return false;
	choice->alternatives = ck_arena_array(arena, end - begin + 1, sizeof(*choice->alternatives));
	for (size_t i = begin, from = begin; choice->alternatives && i <= end; i++) {
		Ck__Plan__Alternative *item;

		text[i - begin] = regex->tokens[i].c;
		if (i < end && regex->tokens[i].c != '|')
			continue;
		item = ck_arena_alloc(arena, sizeof(*item));
		if (!item)
			return false;
		ck__plan__alternative__init(item);
		item->pieces = ck_arena_array(arena, 1, sizeof(*item->pieces));
		if (!item->pieces)
			return false;
		item->pieces[0] = ck_explain_piece(regex->explain, CK_PIECE_LITERAL, (struct ck_str){ text + from - begin, i - from });
		item->n_pieces = 1;
		choice->alternatives[choice->n_alternatives++] = item;
		from = i + 1;
	}
	return !ck_arena_failed(arena) && add(regex, choice);
}

/* A parenthesis at `at`. */
static bool open_group(struct regex *regex)
{
	bool has_bar, is_plain;
	size_t open = regex->at++, close = find_close(regex, open, &has_bar, &is_plain);

	if (close == regex->n)
		return false;
	/* (?:x) groups only. */
	if (is_piece(&regex->tokens[open + 1], CK_PIECE_ONE) && regex->tokens[open + 2].c == ':')
		regex->at = open += 2;
	regex->at = open + 1;
	if (!has_bar) {
		regex->tokens[close].skip = true;
		return true;
	}
	if (!is_plain || !add_choice(regex, open + 1, close))
		return false;
	regex->at = close + 1;
	return !take_times(regex);
}

static enum atom read_atom(struct regex *regex, const struct token **ret_token)
{
	const struct token *token = &regex->tokens[regex->at++];
	bool times = regex->tokens[regex->at].c == '+' || is_piece(&regex->tokens[regex->at], CK_PIECE_STAR);

	*ret_token = token;
	if (token->piece)
		return is_piece(token, CK_PIECE_CLASS) ? class_atom(token->piece) : ATOM_PIECE;
	if (token->c == '\\') {
		*ret_token = token + 1;
		regex->at += regex->at < regex->n;
		return escaped_atom(token[1].c);
	}
	if (token->c == '.' && times)
		return ATOM_ANY;
	return strchr("|)+", token->c) ? ATOM_NONE : ATOM_CHARACTER;
}

/* The next part; false when there is no such pattern. */
static bool add_part(struct regex *regex)
{
	const struct token *token;
	bool times;
	enum atom atom;

	if (regex->tokens[regex->at].skip) {
		regex->at++;
		return !take_times(regex);
	}
	if (regex->tokens[regex->at].c == '(')
		return open_group(regex);
	atom = read_atom(regex, &token);
	switch (atom) {
	case ATOM_NONE:
		return false;
	case ATOM_CHARACTER:
		return add_character(regex, token->c);
	case ATOM_PIECE:
		times = is_piece(token, CK_PIECE_CLASS) && take_times(regex);
		return times ? add_new(regex, CK_PIECE_STAR, CK_STR("")) : add(regex, token->piece);
	case ATOM_DIGIT:
		(void)take_times(regex);
		return add_number(regex);
	case ATOM_NO_SLASH:
	case ATOM_ANY:
		times = take_times(regex);
		return add_new(regex, !times ? CK_PIECE_ONE : atom == ATOM_ANY ? CK_PIECE_STARSTAR : CK_PIECE_STAR, CK_STR(""));
	}
	return false;
}

/* NULL when no pattern says it, or memory is short. */
static const Ck__Plan__Pattern *translate(struct regex *regex)
{
	regex->made = ck_explain_pattern(regex->explain, regex->explain->pattern->by, regex->n);
	regex->text = ck_arena_alloc(regex->explain->binder->arena, regex->n);
	regex->at = regex->tokens[0].c == '^';
	regex->n -= regex->tokens[regex->n - 1].c == '$';
	regex->tokens[regex->n] = (struct token){ 0 };
	if (!regex->made || !regex->text)
		return NULL;
	while (regex->at < regex->n)
		if (!add_part(regex))
			return NULL;
	return regex->made->n_pieces ? regex->made : NULL;
}

bool ck_explain_regex(struct ck_explain *explain)
{
	struct regex regex = { .explain = explain };
	struct ck_explain of_made = *explain;
	struct ck_relation found = { 0 };
	enum sign sign;
	size_t n;

	if (explain->pattern->has_slot || !read_tokens(&regex) || !regex.n)
		return false;
	sign = find_sign(&regex);
	of_made.pattern = sign ? translate(&regex) : NULL;
	n = of_made.pattern ? ck_explain_count(explain, of_made.pattern, &found) : 0;
	if (sign == SIGN_NONE || (sign == SIGN_WEAK && !n))
		return false;
	ck_diag_note(explain->binder->diags, explain->diag, "patterns are no regular expressions: {i:int} is a number, * any text without a slash, "
		     "** any text, {a,b} one of two");
	if (n)
		ck_diag_help(explain->binder->diags, explain->diag, "did you mean %.*s? It matches %zu",
			     CK_STR_ARG(ck_explain_text(explain, of_made.pattern, explain->source->rest)), n);
	else if (of_made.pattern)
		ck_explain_far(&of_made);
	return true;
}
