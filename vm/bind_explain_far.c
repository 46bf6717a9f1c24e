/* How far names go along with a pattern that matches nothing, and what stands there instead. */
#include "vm/bind_explain.h"

/* A slash in the literal text of a pattern. */
struct cut {
	size_t piece, at;
};

static size_t find_cuts(struct ck_explain *explain, struct cut **ret_cuts)
{
	const Ck__Plan__Pattern *pattern = explain->pattern;
	size_t n = 0, capacity = 0;

	*ret_cuts = NULL;
	for (size_t i = 0; i < pattern->n_pieces; i++) {
		struct ck_str text = ck_str_of(pattern->pieces[i]->text);

		for (size_t j = 0; pattern->pieces[i]->kind == CK_PIECE_LITERAL && j < text.n; j++) {
			if (text.p[j] != '/')
				continue;
			if (!ck_arena_grow(explain->binder->arena, (void **)ret_cuts, n, &capacity, sizeof(**ret_cuts)))
				return 0;
			(*ret_cuts)[n++] = (struct cut){ i, j };
		}
	}
	return n;
}

/* The pattern up to and with a slash, and behind it anything, or another segment and the pattern's own rest. NULL: memory is short. */
static Ck__Plan__Pattern *with_segment(struct ck_explain *explain, const struct cut *from, const struct cut *to, struct ck_str segment)
{
	const Ck__Plan__Pattern *pattern = explain->pattern;
	Ck__Plan__Pattern *made = ck_explain_pattern(explain, pattern->by, pattern->n_pieces + 3);
	size_t n = 0;

	if (!made)
		return NULL;
	if (from) {
		struct ck_str text = ck_str_of(pattern->pieces[from->piece]->text);

		for (; n < from->piece; n++)
			made->pieces[n] = pattern->pieces[n];
		made->pieces[n++] = ck_explain_piece(explain, CK_PIECE_LITERAL, ck_str_slice(text, 0, from->at + 1));
	}
	made->pieces[n++] = segment.n ? ck_explain_piece(explain, CK_PIECE_LITERAL, segment) : ck_explain_rest(explain);
	if (segment.n && to) {
		struct ck_str text = ck_str_of(pattern->pieces[to->piece]->text);

		made->pieces[n++] = ck_explain_piece(explain, CK_PIECE_LITERAL, ck_str_slice(text, to->at, text.n));
		for (size_t i = to->piece + 1; i < pattern->n_pieces; i++)
			made->pieces[n++] = pattern->pieces[i];
	}
	made->n_pieces = n;
	return ck_arena_failed(explain->binder->arena) ? NULL : made;
}

/* The pattern's own text between two slashes; nothing when there is more than text. */
static struct ck_str segment_between(const struct ck_explain *explain, const struct cut *from, const struct cut *to)
{
	size_t piece = from ? from->piece : 0, begin = from ? from->at + 1 : 0;
	struct ck_str text = ck_str_of(explain->pattern->pieces[piece]->text);

	if (explain->pattern->pieces[piece]->kind != CK_PIECE_LITERAL || (to ? to->piece != piece : piece + 1 != explain->pattern->n_pieces))
		return (struct ck_str){ 0 };
	return ck_str_slice(text, begin, to ? to->at : text.n);
}

/* The segments that follow in names; or, behind a ** which may stand for anything, all there are. */
static bool next_segments(struct ck_explain *explain, const struct ck_relation *found, bool anywhere, struct ck_names *segments)
{
	for (size_t i = 0; i < found->n_rows; i++) {
		struct ck_str rest = anywhere ? explain->subjects->items[ck_explain_variable(found, i)].name
					      : found->rows[i].bindings[explain->unit->n_locals].text;

		do {
			size_t end = ck_str_find(rest, '/');

			if (!ck_names_add(segments, explain->binder->arena, ck_str_slice(rest, 0, end)))
				return ck_bind_nomem(explain->binder);
			rest = ck_str_slice(rest, end + 1, rest.n);
		} while (anywhere && rest.n);
	}
	return true;
}

/* Whether a piece may stand for any number of segments. */
static bool is_wild(const Ck__Plan__Piece *piece)
{
	for (size_t i = 0; i < piece->n_pieces; i++)
		if (is_wild(piece->pieces[i]))
			return true;
	return piece->kind == CK_PIECE_STARSTAR;
}

/* The pattern with the text between a slash and a wildcard replaced. NULL: there is no such text. */
static Ck__Plan__Pattern *with_head(struct ck_explain *explain, const struct cut *from, struct ck_str head)
{
	const Ck__Plan__Pattern *pattern = explain->pattern;
	Ck__Plan__Pattern *made = with_segment(explain, from, NULL, head);

	for (size_t i = (from ? from->piece : 0) + 1; made && i < pattern->n_pieces; i++)
		made->pieces[made->n_pieces++] = pattern->pieces[i];
	return made;
}

/* The same for "layers_{i:int}" where names have layer_0: the text before the wildcard. */
static void tell_head(struct ck_explain *explain, const struct cut *from, const struct ck_names *segments)
{
	size_t piece = from ? from->piece : 0;
	struct ck_str text = ck_str_of(explain->pattern->pieces[piece]->text);
	struct ck_str wrong = ck_str_slice(text, from ? from->at + 1 : 0, text.n);
	Ck__Plan__Pattern *corrected;
	struct ck_suggest suggest;
	struct ck_relation found;

	if (explain->pattern->pieces[piece]->kind != CK_PIECE_LITERAL || piece + 1 == explain->pattern->n_pieces || ck_str_find(wrong, '/') < wrong.n)
		return;
	ck_suggest_init(&suggest, wrong);
	for (size_t i = 0; i < segments->n; i++) {
		size_t n = 0;

		while (n < segments->items[i].n && (segments->items[i].p[n] < '0' || segments->items[i].p[n] > '9'))
			n++;
		ck_suggest_offer(&suggest, ck_str_slice(segments->items[i], 0, n));
	}
	corrected = suggest.n_best ? with_head(explain, from, suggest.best[0]) : NULL;
	if (corrected && ck_explain_count(explain, corrected, &found))
		ck_diag_help(explain->binder->diags, explain->diag, "did you mean %.*s? It matches %zu",
			     CK_STR_ARG(ck_explain_text(explain, corrected, explain->source->rest)), found.n_rows);
}

/* Did you mean: the segment where names and pattern part, corrected. */
static void tell_segment(struct ck_explain *explain, const struct cut *from, const struct cut *to, const struct ck_names *segments)
{
	struct ck_str wrong = segment_between(explain, from, to);
	Ck__Plan__Pattern *corrected;
	struct ck_relation found;
	struct ck_suggest suggest;

	ck_suggest_init(&suggest, wrong);
	for (size_t i = 0; i < segments->n; i++)
		ck_suggest_offer(&suggest, segments->items[i]);
	if (!wrong.n)
		tell_head(explain, from, segments);
	if (!suggest.n_best)
		return;
	corrected = with_segment(explain, from, to, suggest.best[0]);
	if (corrected && ck_explain_count(explain, corrected, &found))
		ck_diag_help(explain->binder->diags, explain->diag, "did you mean %.*s? It matches %zu",
			     CK_STR_ARG(ck_explain_text(explain, corrected, explain->source->rest)), found.n_rows);
	else
		ck_suggest_help(&suggest, explain->binder->diags, explain->diag, "\"");
}

void ck_explain_far(struct ck_explain *explain)
{
	struct ck_diags *diags = explain->binder->diags;
	struct ck_relation found = { 0 }, named = { 0 };
	Ck__Plan__Pattern *part = NULL, names;
	struct ck_names segments = { 0 };
	bool anywhere = false;
	struct ck_str row;
	struct cut *cuts;
	size_t n_cuts = find_cuts(explain, &cuts), k = n_cuts + 1;

	if (explain->pattern->by == CK_BY_FULL)
		return;
	while (k && !found.n_rows) {
		k--;
		part = with_segment(explain, k ? &cuts[k - 1] : NULL, NULL, CK_STR(""));
		if (!part || !ck_explain_try(explain, explain->source->input, part, &found))
			return;
	}
	if (!found.n_rows)
		return;
	names = *part; /* of several paths a variable is found by one; its name is a path too */
	names.by = CK_BY_NAME;
	part->n_pieces--;
	for (size_t i = 0; i < part->n_pieces; i++)
		anywhere = anywhere || is_wild(part->pieces[i]);
	if (!ck_explain_try(explain, explain->source->input, &names, &named) || !next_segments(explain, &named, anywhere, &segments) ||
	    !next_segments(explain, &found, anywhere, &segments))
		return;
	tell_segment(explain, k ? &cuts[k - 1] : NULL, k < n_cuts ? &cuts[k] : NULL, &segments);
	row = ck_explain_row(explain->binder, segments.items, segments.n);
	if (k && !anywhere)
		ck_diag_note(diags, explain->diag, "%.*s goes on with %.*s", CK_STR_ARG(ck_explain_text(explain, part, false)), CK_STR_ARG(row));
	else if (!k)
		ck_diag_note(diags, explain->diag, "names there begin with %.*s", CK_STR_ARG(row));
}
