/* Why a pattern matches nothing, and what would match instead. It is tried out on the checkpoint's own names. */
#include "vm/bind_internal.h"

#include <string.h>

enum { MAX_LOOKS = 1 << 19 };	/* names, of all explanations together */

struct explain {
	struct ck_binder *binder;
	struct ck_unit *unit;
	size_t insn;
	const Ck__Plan__Source *source;
	const Ck__Plan__Pattern *pattern;
	const struct ck_subjects *subjects;
	struct ck_diag *diag;			/* gets the notes and helps */
	Ck__Plan__Local **locals;		/* those of the unit, and one for what follows a part of the pattern */
};

/* ---- trying patterns out */

/* What a pattern matches, whoever has claimed it; no messages. False when memory is short. */
static bool try_pattern(struct explain *explain, uint32_t input, const Ck__Plan__Pattern *pattern, struct ck_relation *ret_relation)
{
	struct ck_unit unit = { .number = explain->unit->number, .is_check = true, .locals = explain->locals, .n_locals = explain->unit->n_locals + 1 };
	Ck__Plan__Source source = *explain->source;
	Ck__Plan__Insn insn, *code[1] = { &insn };
	bool reported[2] = { true, true };

	ck__plan__insn__init(&insn);
	insn.op = CK_OP_SOURCE;
	insn.source = &source;
	source.input = input;
	source.pattern = (Ck__Plan__Pattern *)(uintptr_t)pattern;
	unit.code = code;
	unit.n_code = 1;
	unit.reported = reported;
	unit.used = ck_arena_array(explain->binder->arena, unit.n_locals + 1, sizeof(*unit.used));
	if (!unit.used)
		return ck_bind_nomem(explain->binder);
	return ck_bind_source(explain->binder, &unit, 0, ret_relation);
}

/* The same in the input of the source. Returns how many. */
static size_t n_matches(struct explain *explain, const Ck__Plan__Pattern *pattern, struct ck_relation *ret_relation)
{
	*ret_relation = (struct ck_relation){ 0 };
	return try_pattern(explain, explain->source->input, pattern, ret_relation) ? ret_relation->n_rows : 0;
}

static size_t variable_of(const struct ck_relation *relation, size_t row)
{
	return relation->rows[row].origins[0]->variable;
}

static struct ck_str label_text(const struct explain *explain, size_t variable)
{
	return ck_bind_label_text(explain->binder, explain->source->input, variable);
}

static Ck__Plan__Pattern *new_pattern(struct explain *explain, uint32_t by, size_t n_pieces)
{
	Ck__Plan__Pattern *pattern = ck_arena_alloc(explain->binder->arena, sizeof(*pattern));

	if (!pattern)
		return NULL;
	ck__plan__pattern__init(pattern);
	pattern->by = by;
	pattern->pieces = ck_arena_array(explain->binder->arena, n_pieces + 1, sizeof(*pattern->pieces));
	return pattern->pieces ? pattern : NULL;
}

static Ck__Plan__Piece *new_piece(struct explain *explain, enum ck_piece_kind kind, struct ck_str text)
{
	Ck__Plan__Piece *piece = ck_arena_alloc(explain->binder->arena, sizeof(*piece));

	if (!piece)
		return NULL;
	ck__plan__piece__init(piece);
	piece->kind = kind;
	piece->text = ck_bind_bytes(text);
	return piece;
}

/* ** that captures what follows. */
static Ck__Plan__Piece *rest_piece(struct explain *explain)
{
	Ck__Plan__Piece *piece = new_piece(explain, CK_PIECE_STARSTAR, CK_STR(""));

	if (piece)
		piece->local = (uint32_t)explain->unit->n_locals + 1;
	return piece;
}

static struct ck_str quoted_text(const struct explain *explain, const Ck__Plan__Pattern *pattern, bool rest, const char *quote)
{
	static const char *const by[] = { [CK_BY_NAME] = "", [CK_BY_PATH] = "path:", [CK_BY_FULL] = "full:" };
	struct ck_buf buf = { 0 };
	struct ck_str text;

	ck_buf_printf(&buf, "%s%s%s", rest ? "rest:" : "", pattern->by < CK_COUNT(by) ? by[pattern->by] : "", quote);
	ck_buf_pattern(&buf, pattern, explain->locals, explain->unit->n_locals + 1, true);
	ck_buf_str(&buf, ck_str(quote));
	text = ck_str_copy(explain->binder->diags->arena, ck_buf_view(&buf));
	ck_buf_clear(&buf);
	return text;
}

/* "x", rest:"x", path:"x", with kinds. */
static struct ck_str pattern_text(const struct explain *explain, const Ck__Plan__Pattern *pattern, bool rest)
{
	return quoted_text(explain, pattern, rest, "\"");
}

/* ---- the name is there, but not like this */

/* All that match are claimed by plain patterns already. */
static bool tell_taken(struct explain *explain)
{
	struct ck_binder *binder = explain->binder;
	struct ck_relation found;
	size_t n, n_labels = 0;

	if (!explain->source->rest || explain->unit->is_check)
		return false;
	n = n_matches(explain, explain->pattern, &found);
	for (size_t i = 0; i < n && n_labels < 3; i++) {
		const struct ck_claim *claim = explain->subjects->claims[variable_of(&found, i)];
		bool told = false;

		for (size_t j = 0; claim && j < i; j++) {
			const struct ck_claim *before = explain->subjects->claims[variable_of(&found, j)];

			told = told || (before && before->rule == claim->rule);
		}
		if (!claim || told)
			continue;
		ck_diag_label(binder->diags, explain->diag, ck_unit_span(binder, &binder->units[claim->rule], claim->insn), "takes \"%.*s\"",
			      CK_STR_ARG(label_text(explain, variable_of(&found, i))));
		n_labels++;
	}
	if (!n)
		return false;
	ck_diag_note(binder->diags, explain->diag, "plain patterns take all %zu that match it", n);
	ck_diag_help(binder->diags, explain->diag, "`rest:` is what plain patterns leave: delete this statement, or narrow theirs");
	return true;
}

/* How names are asked for: what the pattern would find so, and how that is told. */
static bool tell_by(struct explain *explain, uint32_t by)
{
	struct ck_diags *diags = explain->binder->diags;
	Ck__Plan__Pattern other = *explain->pattern;
	struct ck_relation found;
	size_t n;

	if (by == explain->pattern->by)
		return false;
	other.by = by;
	n = n_matches(explain, &other, &found);
	if (!n)
		return false;
	if (by == CK_BY_NAME)
		ck_diag_help(diags, explain->diag, "%.*s is a name: leave the prefix out", CK_STR_ARG(pattern_text(explain, &other, false)));
	else
		ck_diag_help(diags, explain->diag, "%.*s is %s of \"%.*s\"%s", CK_STR_ARG(pattern_text(explain, &other, false)),
			     by == CK_BY_FULL ? "the full name" : "another path", CK_STR_ARG(label_text(explain, variable_of(&found, 0))),
			     n > 1 ? " and others" : "");
	return true;
}

/* Keys instead of names: of slots, and of what lies behind an object graph. */
static bool tell_key(struct explain *explain)
{
	const struct ck_manifest *manifest = explain->subjects->manifest;
	struct ck_binder *binder = explain->binder;
	size_t n_locals = explain->unit->n_locals;
	struct ck_binding *bindings = ck_arena_array(binder->arena, 2 * (n_locals + 1), sizeof(*bindings));
	bool *used = ck_arena_array(binder->arena, n_locals + 1, sizeof(*used));
	struct ck_matcher *matcher;

	if (!manifest || explain->pattern->by != CK_BY_NAME || !bindings || !used ||
	    ck_matcher_new(binder->arena, explain->pattern, explain->unit->locals, n_locals, used, &matcher) != CK_OK)
		return false;
	for (size_t i = 0; i < manifest->n_variables; i++) {
		const struct ck_variable *variable = &manifest->variables[i];
		bool is_slot = variable->convention != CK_CONVENTION_NONE;

		if (variable->kind == CK_GRAPH || (!is_slot && ck_str_equal(variable->key, variable->name)) ||
		    ck_matcher_name(matcher, variable->key, bindings, bindings + n_locals + 1) == CK_MATCH_NO)
			continue;
		ck_diag_help(binder->diags, explain->diag, "\"%.*s\" is a key; its name is \"%.*s\"",
			     CK_STR_ARG(ck_name_text(binder->diags->arena, variable->key)), CK_STR_ARG(label_text(explain, i)));
		if (is_slot)
			ck_diag_note(binder->diags, explain->diag, "an optimizer's slots follow their variable, unless a statement is about x@%.*s",
				     CK_STR_ARG(ck_name_text(binder->diags->arena, variable->slot)));
		return true;
	}
	return false;
}

static bool tell_other_input(struct explain *explain)
{
	struct ck_binder *binder = explain->binder;
	struct ck_relation found = { 0 };

	for (uint32_t input = 0; input < binder->n_inputs; input++) {
		struct ck_str name = ck_plan_input_name(binder->plan, input);

		if (input == explain->source->input || !binder->inputs[input].given || input == CK_INPUT_TARGET)
			continue;
		if (!try_pattern(explain, input, explain->pattern, &found) || !found.n_rows)
			continue;
		ck_diag_help(binder->diags, explain->diag, "the %.*s has %s: write %.*s:%.*s", CK_STR_ARG(name), found.n_rows == 1 ? "one" : "some",
			     CK_STR_ARG(name), CK_STR_ARG(pattern_text(explain, explain->pattern, false)));
		return true;
	}
	return false;
}

/* ---- x@m */

/* Strings, each once. */
struct set {
	struct ck_map seen;
	struct ck_str *items;
	size_t n, capacity;
};

static bool set_add(struct set *set, struct ck_arena *arena, struct ck_str item)
{
	size_t before;

	if (!set->seen.arena)
		ck_map_init(&set->seen, arena);
	if (!item.n || ck_map_get(&set->seen, item, &before))
		return true;
	if (!ck_map_put(&set->seen, item, 0) || !ck_arena_grow(arena, (void **)&set->items, set->n, &set->capacity, sizeof(*set->items)))
		return false;
	set->items[set->n++] = item;
	return true;
}

/* The slots that the variables of a relation have, with their optimizers where the pattern has one. */
static bool collect_slots(struct explain *explain, const struct ck_relation *found, struct set *slots)
{
	const struct ck_subjects *subjects = explain->subjects;
	struct ck_arena *arena = explain->binder->arena;
	bool whole = false;

	for (size_t i = 0; i < explain->pattern->n_slot; i++) {
		struct ck_str text = ck_str_of(explain->pattern->slot[i]->text);

		whole = whole || ck_str_find(text, '/') < text.n;
	}
	for (size_t i = 0; i < found->n_rows; i++)
		for (size_t at = subjects->first_slot[variable_of(found, i)]; at != SIZE_MAX; at = subjects->next_slot[at]) {
			struct ck_str slot = subjects->items[at].slot, optimizer = subjects->items[at].optimizer;

			if (whole && optimizer.n)
				slot = ck_str_format(arena, "%.*s/%.*s", CK_STR_ARG(optimizer), CK_STR_ARG(slot));
			if (!set_add(slots, arena, slot))
				return ck_bind_nomem(explain->binder);
		}
	return true;
}

/* Whether the variables are there, but not with such a slot. */
static bool tell_slots(struct explain *explain)
{
	struct ck_diags *diags = explain->binder->diags;
	Ck__Plan__Pattern plain = *explain->pattern;
	struct ck_relation found;
	struct set slots = { 0 };
	const char *have;
	size_t n;

	plain.has_slot = false;
	n = n_matches(explain, &plain, &found);
	if (!n || !collect_slots(explain, &found, &slots))
		return false;
	have = n > 1 ? " and others have" : " has";
	if (slots.n)
		ck_diag_help(diags, explain->diag, "\"%.*s\"%s the slot%s %.*s", CK_STR_ARG(label_text(explain, variable_of(&found, 0))), have,
			     slots.n == 1 ? "" : "s", CK_STR_ARG(ck_explain_row(explain->binder, slots.items, slots.n)));
	else
		ck_diag_help(diags, explain->diag, "\"%.*s\"%s no optimizer slots", CK_STR_ARG(label_text(explain, variable_of(&found, 0))), have);
	return true;
}

/* ---- nearly the name */

/* The kinds that `{i:int}` and `{i:uniq}` narrow a capture to. */
static bool tell_kind(struct explain *explain)
{
	Ck__Plan__Pattern *loose = new_pattern(explain, explain->pattern->by, explain->pattern->n_pieces);
	struct ck_relation found;
	uint32_t local = 0;

	for (size_t i = 0; loose && i < explain->pattern->n_pieces; i++) {
		Ck__Plan__Piece *piece = explain->pattern->pieces[i];

		loose->pieces[loose->n_pieces++] = piece;
		if (piece->kind != CK_PIECE_INT && piece->kind != CK_PIECE_UNIQ)
			continue;
		local = local ? local : piece->local;
		loose->pieces[i] = new_piece(explain, CK_PIECE_STAR, CK_STR(""));
		if (!loose->pieces[i])
			return false;
		loose->pieces[i]->local = piece->local;
	}
	if (!loose || !local || !n_matches(explain, loose, &found))
		return false;
	ck_diag_help(explain->binder->diags, explain->diag, "`%.*s` captures numbers only, and in \"%.*s\" it would be \"%.*s\"",
		     CK_STR_ARG(ck_str_of(explain->unit->locals[local - 1]->name)), CK_STR_ARG(label_text(explain, variable_of(&found, 0))),
		     CK_STR_ARG(ck_name_text(explain->binder->diags->arena, found.rows[0].bindings[local - 1].text)));
	return true;
}

/* Something stands before it or behind it in names. */
static bool tell_around(struct explain *explain)
{
	const Ck__Plan__Pattern *pattern = explain->pattern;
	Ck__Plan__Pattern *around = new_pattern(explain, pattern->by, pattern->n_pieces + 2);
	struct ck_relation found;

	for (int after = 0; after < 2 && around; after++) {
		size_t n = 0;

		if (!after) {
			around->pieces[n++] = rest_piece(explain);
			around->pieces[n++] = new_piece(explain, CK_PIECE_LITERAL, CK_STR("/"));
		}
		memcpy(around->pieces + n, pattern->pieces, pattern->n_pieces * sizeof(*pattern->pieces));
		n += pattern->n_pieces;
		if (after) {
			around->pieces[n++] = new_piece(explain, CK_PIECE_LITERAL, CK_STR("/"));
			around->pieces[n++] = rest_piece(explain);
		}
		around->n_pieces = n;
		if (ck_arena_failed(explain->binder->arena) || !n_matches(explain, around, &found))
			continue;
		ck_diag_help(explain->binder->diags, explain->diag, "%.*s would match \"%.*s\"%s", CK_STR_ARG(pattern_text(explain, around, false)),
			     CK_STR_ARG(label_text(explain, variable_of(&found, 0))), found.n_rows > 1 ? " and others" : "");
		return true;
	}
	return false;
}

/* "a/ **" is what lies below a, not a itself. */
static bool tell_folder(struct explain *explain)
{
	const Ck__Plan__Pattern *pattern = explain->pattern;
	Ck__Plan__Pattern *folder = new_pattern(explain, pattern->by, pattern->n_pieces);
	size_t n = pattern->n_pieces;
	struct ck_relation found;
	struct ck_str text;

	if (!folder || n < 2 || (pattern->pieces[n - 1]->kind != CK_PIECE_STARSTAR && pattern->pieces[n - 1]->kind != CK_PIECE_STAR) ||
	    pattern->pieces[n - 2]->kind != CK_PIECE_LITERAL)
		return false;
	text = ck_str_of(pattern->pieces[n - 2]->text);
	if (text.n < 2 || text.p[text.n - 1] != '/')
		return false;
	memcpy(folder->pieces, pattern->pieces, n * sizeof(*pattern->pieces));
	folder->pieces[n - 2] = new_piece(explain, CK_PIECE_LITERAL, ck_str_slice(text, 0, text.n - 1));
	folder->n_pieces = n - 1;
	if (!folder->pieces[n - 2] || !n_matches(explain, folder, &found))
		return false;
	ck_diag_help(explain->binder->diags, explain->diag, "\"%.*s\" is a variable itself, and nothing lies below it",
		     CK_STR_ARG(label_text(explain, variable_of(&found, 0))));
	return true;
}

static bool tell_nearest(struct explain *explain)
{
	const struct ck_subjects *subjects = explain->subjects;
	struct ck_str name = ck_pattern_literal(explain->pattern, explain->binder->arena);
	struct ck_suggest suggest;

	if (explain->pattern->by == CK_BY_FULL)
		return ck_explain_full_names(explain->binder, explain->diag, subjects, name);
	if (!name.p || explain->pattern->by == CK_BY_PATH)
		return false;
	ck_suggest_init(&suggest, name);
	for (size_t i = 0; i < subjects->n_plain; i++)
		ck_suggest_offer(&suggest, subjects->items[subjects->by_head[i]].name);
	ck_suggest_help(&suggest, explain->binder->diags, explain->diag, "\"");
	return suggest.n_best > 0;
}

/* ---- how far names go along with a pattern */

/* A slash in the literal text of a pattern. */
struct cut {
	size_t piece, at;
};

static size_t find_cuts(struct explain *explain, struct cut **ret_cuts)
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
static Ck__Plan__Pattern *with_segment(struct explain *explain, const struct cut *from, const struct cut *to, struct ck_str segment)
{
	const Ck__Plan__Pattern *pattern = explain->pattern;
	Ck__Plan__Pattern *made = new_pattern(explain, pattern->by, pattern->n_pieces + 3);
	size_t n = 0;

	if (!made)
		return NULL;
	if (from) {
		struct ck_str text = ck_str_of(pattern->pieces[from->piece]->text);

		for (; n < from->piece; n++)
			made->pieces[n] = pattern->pieces[n];
		made->pieces[n++] = new_piece(explain, CK_PIECE_LITERAL, ck_str_slice(text, 0, from->at + 1));
	}
	made->pieces[n++] = segment.n ? new_piece(explain, CK_PIECE_LITERAL, segment) : rest_piece(explain);
	if (segment.n && to) {
		struct ck_str text = ck_str_of(pattern->pieces[to->piece]->text);

		made->pieces[n++] = new_piece(explain, CK_PIECE_LITERAL, ck_str_slice(text, to->at, text.n));
		for (size_t i = to->piece + 1; i < pattern->n_pieces; i++)
			made->pieces[n++] = pattern->pieces[i];
	}
	made->n_pieces = n;
	return ck_arena_failed(explain->binder->arena) ? NULL : made;
}

/* The pattern's own text between two slashes; nothing when there is more than text. */
static struct ck_str segment_between(const struct explain *explain, const struct cut *from, const struct cut *to)
{
	size_t piece = from ? from->piece : 0, begin = from ? from->at + 1 : 0;
	struct ck_str text = ck_str_of(explain->pattern->pieces[piece]->text);

	if (explain->pattern->pieces[piece]->kind != CK_PIECE_LITERAL || (to ? to->piece != piece : piece + 1 != explain->pattern->n_pieces))
		return (struct ck_str){ 0 };
	return ck_str_slice(text, begin, to ? to->at : text.n);
}

/* The segments that follow in names; or, behind a ** which may stand for anything, all there are. */
static bool next_segments(struct explain *explain, const struct ck_relation *found, bool anywhere, struct set *segments)
{
	for (size_t i = 0; i < found->n_rows; i++) {
		struct ck_str rest = anywhere ? explain->subjects->items[variable_of(found, i)].name
					      : found->rows[i].bindings[explain->unit->n_locals].text;

		do {
			size_t end = ck_str_find(rest, '/');

			if (!set_add(segments, explain->binder->arena, ck_str_slice(rest, 0, end)))
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
static Ck__Plan__Pattern *with_head(struct explain *explain, const struct cut *from, struct ck_str head)
{
	const Ck__Plan__Pattern *pattern = explain->pattern;
	Ck__Plan__Pattern *made = with_segment(explain, from, NULL, head);

	for (size_t i = (from ? from->piece : 0) + 1; made && i < pattern->n_pieces; i++)
		made->pieces[made->n_pieces++] = pattern->pieces[i];
	return made;
}

/* The same for "layers_{i:int}" where names have layer_0: the text before the wildcard. */
static void tell_head(struct explain *explain, const struct cut *from, const struct set *segments)
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
	if (corrected && n_matches(explain, corrected, &found))
		ck_diag_help(explain->binder->diags, explain->diag, "did you mean %.*s? It matches %zu",
			     CK_STR_ARG(pattern_text(explain, corrected, explain->source->rest)), found.n_rows);
}

/* Did you mean: the segment where names and pattern part, corrected. */
static void tell_segment(struct explain *explain, const struct cut *from, const struct cut *to, const struct set *segments)
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
	if (corrected && n_matches(explain, corrected, &found))
		ck_diag_help(explain->binder->diags, explain->diag, "did you mean %.*s? It matches %zu",
			     CK_STR_ARG(pattern_text(explain, corrected, explain->source->rest)), found.n_rows);
	else
		ck_suggest_help(&suggest, explain->binder->diags, explain->diag, "\"");
}

/* The longest part of the pattern that names begin with, and what stands behind it there. */
static void tell_how_far(struct explain *explain)
{
	struct ck_diags *diags = explain->binder->diags;
	struct ck_relation found = { 0 }, named = { 0 };
	Ck__Plan__Pattern *part = NULL, names;
	struct set segments = { 0 };
	bool anywhere = false;
	struct ck_str row;
	struct cut *cuts;
	size_t n_cuts = find_cuts(explain, &cuts), k = n_cuts + 1;

	if (explain->pattern->by == CK_BY_FULL)
		return;
	while (k && !found.n_rows) {
		k--;
		part = with_segment(explain, k ? &cuts[k - 1] : NULL, NULL, CK_STR(""));
		if (!part || !try_pattern(explain, explain->source->input, part, &found))
			return;
	}
	if (!found.n_rows)
		return;
	names = *part; /* of several paths a variable is found by one; its name is a path too */
	names.by = CK_BY_NAME;
	part->n_pieces--;
	for (size_t i = 0; i < part->n_pieces; i++)
		anywhere = anywhere || is_wild(part->pieces[i]);
	if (!try_pattern(explain, explain->source->input, &names, &named) || !next_segments(explain, &named, anywhere, &segments) ||
	    !next_segments(explain, &found, anywhere, &segments))
		return;
	tell_segment(explain, k ? &cuts[k - 1] : NULL, k < n_cuts ? &cuts[k] : NULL, &segments);
	row = ck_explain_row(explain->binder, segments.items, segments.n);
	if (k && !anywhere)
		ck_diag_note(diags, explain->diag, "%.*s goes on with %.*s", CK_STR_ARG(pattern_text(explain, part, false)), CK_STR_ARG(row));
	else if (!k)
		ck_diag_note(diags, explain->diag, "names there begin with %.*s", CK_STR_ARG(row));
}

/* ---- messages */

/* The first that fits. */
static void tell_elsewhere(struct explain *explain)
{
	if (tell_by(explain, CK_BY_FULL) || tell_by(explain, CK_BY_NAME) || tell_other_input(explain) || tell_kind(explain) ||
	    tell_by(explain, CK_BY_PATH) || tell_around(explain) || tell_nearest(explain))
		return;
	tell_how_far(explain);
}

/* What would do instead. Of a slot that is not there, what would do for its variable. */
static void tell_instead(struct explain *explain)
{
	Ck__Plan__Pattern plain = *explain->pattern;
	struct explain of_variable = *explain;

	/* Many errors are mostly one mistake, and looking through many names takes time: the first ones are enough then. */
	if (explain->binder->diags->n_errors > CK_MAX_DIAGS || explain->binder->diags->n_errors * explain->subjects->n > MAX_LOOKS)
		return;
	if (ck_explain_open(explain->binder, explain->diag, ck_pattern_prefix(explain->pattern, explain->binder->arena)))
		return;
	if (tell_taken(explain) || (explain->pattern->has_slot && tell_slots(explain)))
		return;
	plain.has_slot = false;
	of_variable.pattern = &plain;
	if (explain->pattern->has_slot)
		tell_elsewhere(&of_variable);
	else if (!tell_folder(explain) && !tell_key(explain))
		tell_elsewhere(explain);
}

static bool open_explain(struct ck_binder *binder, struct ck_unit *unit, size_t insn, struct explain *ret_explain)
{
	const Ck__Plan__Source *source = unit->code[insn]->source;
	Ck__Plan__Local *rest = ck_arena_alloc(binder->arena, sizeof(*rest));
	Ck__Plan__Local **locals = ck_arena_array(binder->arena, unit->n_locals + 2, sizeof(*locals));

	if (!rest || !locals)
		return ck_bind_nomem(binder);
	ck__plan__local__init(rest);
	rest->name = ck_bind_bytes(CK_STR("*"));
	rest->kind = CK_LOCAL_STARSTAR;
	if (unit->n_locals)
		memcpy(locals, unit->locals, unit->n_locals * sizeof(*locals));
	locals[unit->n_locals] = rest;
	*ret_explain = (struct explain){ .binder = binder, .unit = unit, .insn = insn, .source = source, .pattern = source->pattern,
					 .subjects = &binder->inputs[source->input], .locals = locals };
	return true;
}

void ck_explain_instead(struct ck_binder *binder, struct ck_unit *unit, size_t insn, struct ck_diag *diag)
{
	struct explain explain;

	if (!open_explain(binder, unit, insn, &explain))
		return;
	explain.diag = diag;
	tell_instead(&explain);
}

static void tell_empty_where(struct explain *explain, size_t n_left)
{
	static const char *const words[] = { [CK_RULE_MAP] = "map", [CK_RULE_KEEP] = "keep", [CK_RULE_DROP] = "drop", [CK_RULE_NEW] = "new" };
	struct ck_binder *binder = explain->binder;
	struct ck_relation found;
	struct ck_str *labels;
	size_t n = 0;

	explain->diag = ck_error(binder->diags, CK_EMPTY_WHERE, ck_unit_span(binder, explain->unit, explain->insn),
				 "the `where` of this source leaves nothing of %zu match%s", n_left, n_left == 1 ? "" : "es");
	if (!explain->source->rest && n_matches(explain, explain->pattern, &found)) {
		labels = ck_arena_array(binder->arena, found.n_rows + 1, sizeof(*labels));
		for (; labels && n < found.n_rows; n++)
			labels[n] = ck_subject_label(binder, explain->source->input, variable_of(&found, n));
		if (labels)
			ck_explain_list(binder, explain->diag, labels, n);
	}
	ck_diag_help(binder->diags, explain->diag, "correct the condition; if nothing may be left, write `%s optional`",
		     words[explain->unit->rule->kind]);
}

void ck_explain_no_match(struct ck_binder *binder, struct ck_unit *unit, size_t insn, size_t n_left_by_where)
{
	struct ck_str input = ck_plan_input_name(binder->plan, unit->code[insn]->source->input), text;
	struct explain explain;

	if (!open_explain(binder, unit, insn, &explain))
		return;
	text = pattern_text(&explain, explain.pattern, explain.source->rest);
	if (explain.pattern->has_slot && explain.subjects->manifest && ck_hides_slots(explain.subjects->manifest)) {
		if (ck_bind_once(unit, insn))
			ck_explain_numbered_slots(binder, ck_unit_span(binder, unit, insn), explain.source->input);
		return;
	}
	if (unit->rule->optional) {
		ck_bind_notice(binder, "optional: %s %.*s in the %.*s", n_left_by_where ? "no match meets the condition of" : "nothing matches",
			       CK_STR_ARG(quoted_text(&explain, explain.pattern, explain.source->rest, "")), CK_STR_ARG(input));
		return;
	}
	if (!ck_bind_once(unit, insn))
		return;
	if (n_left_by_where) {
		tell_empty_where(&explain, n_left_by_where);
		return;
	}
	explain.diag = ck_error(binder->diags, CK_NO_MATCH, ck_unit_span(binder, unit, insn), "%.*s matches nothing in the %.*s", CK_STR_ARG(text),
				CK_STR_ARG(input));
	if (explain.subjects->manifest && explain.subjects->manifest->object_based && !explain.subjects->manifest->graph)
		ck_diag_note(binder->diags, explain.diag, "the data file with the object graph is not there, so names are keys");
	tell_instead(&explain);
}

bool ck_explain_match(struct ck_binder *binder, struct ck_unit *unit, size_t insn, struct ck_relation *ret_relation)
{
	struct explain explain;

	return open_explain(binder, unit, insn, &explain) && try_pattern(&explain, explain.source->input, explain.pattern, ret_relation);
}
