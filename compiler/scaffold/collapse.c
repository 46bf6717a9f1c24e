/*
 * Where everything below one place goes to another and keeps the rest of its name, one statement says so, with two stars for the rest.
 * `rest:` stands before it where plain statements take some of what is there.
 */
#include "compiler/scaffold/draft.h"

#include <stdlib.h>
#include <string.h>

enum { LEAST_DRAFTS = 3, LEAST_OPEN = 2, MAX_KEPT = 16 };

/* A way to split source and target of some drafts into different heads and one tail. */
struct split {
	struct ck_str source, target;	/* heads, as patterns; empty: none */
	size_t depth;			/* segments of source */
	size_t *drafts;
	size_t n, capacity, n_items;
	bool is_open;
};

/* What is below a head: of all names where its numbers stand for any. */
struct place {
	size_t n_items, n_kept, n_collapsed;
	bool has_rest;			/* a statement with `rest:` is about it */
};

struct collapsing {
	struct ck_maker *maker;
	struct ck_draft_list *drafts;
	struct split *splits;
	size_t n_splits, splits_capacity;
	struct ck_map split_numbers;
	struct place *places;
	size_t n_places, places_capacity;
	struct ck_map place_numbers;
};

static bool is_open(const struct ck_draft *draft)
{
	return draft->moves[0]->certainty == CK_OPEN;
}

static bool may_collapse(const struct ck_draft *draft)
{
	const struct ck_move *move = draft->moves[0];
	bool is_one = draft->n_sources == 1 && draft->n_targets == 1 && move->n_sources == 1 && move->n_targets == 1;
	bool is_plain = draft->change.n == 0 && draft->where.n == 0 && move->other.n == 0 && move->hints == 0;
	return strcmp(move->kind, "map") == 0 && is_one && is_plain && move->sources[0].suffix[0] == '\0' && move->why != CK_WHY_OTHER;
}

/* ---- heads */

/* A segment of a source as a target writes it: "{i:int}" as "{i}". */
static bool segments_agree(struct ck_str source, struct ck_str target)
{
	size_t i = 0, k = 0;
	while (i < source.n && k < target.n) {
		if (source.p[i] != target.p[k])
			return false;
		bool in_capture = source.p[i] == '{';
		i++;
		k++;
		if (!in_capture)
			continue;
		/* The name, and then a kind that the target leaves out. */
		while (i < source.n && k < target.n && source.p[i] == target.p[k] && source.p[i] != '}') {
			i++;
			k++;
		}
		while (i < source.n && k < target.n && target.p[k] == '}' && source.p[i] != '}')
			i++;
	}
	return i == source.n && k == target.n;
}

static struct ck_str head_of(struct ck_str text, const struct ck_segments *segments, size_t n)
{
	if (n == 0)
		return CK_STR("");
	const struct ck_str *last = &segments->items[n - 1];
	return ck_str_slice(text, 0, (size_t)(last->p + last->n - text.p));
}

/* The key of the place that a head is: digits where it has digits, marks where it has captures. p is NULL when it mixes them. */
static struct ck_str place_key(struct ck_maker *maker, struct ck_str head)
{
	struct ck_buf key = {0};
	bool has_digits = false, has_captures = false, has_escapes = false;
	for (size_t i = 0; i < head.n; i++) {
		has_digits |= head.p[i] >= '0' && head.p[i] <= '9';
		has_escapes |= head.p[i] == '[' || head.p[i] == '\\';
		if (head.p[i] == '{') {
			has_captures = true;
			/* A list of words is no number, and TensorFlow's numbering may have none. */
			struct ck_str capture = ck_str_slice(head, i, i + ck_str_find(ck_str_slice(head, i, head.n), '}') + 1);
			has_escapes |= !ck_str_ends(capture, CK_STR(":int}"));
			ck_buf_char(&key, '\x01');
			i += capture.n - 1;
			continue;
		}
		ck_buf_char(&key, head.p[i]);
	}
	bool good = !has_escapes && !(has_digits && has_captures) && !key.failed;
	struct ck_str copy = good ? ck_str_format(maker->arena, "%c%.*s", has_captures ? '#' : '=', (int)key.n, key.p) : (struct ck_str){0};
	maker->failed |= key.failed;
	ck_buf_clear(&key);
	return copy;
}

static void add_split(struct collapsing *collapsing, size_t number, struct ck_str source, struct ck_str target, size_t depth)
{
	struct ck_arena *arena = collapsing->maker->arena;
	const struct ck_draft *draft = &collapsing->drafts->items[number];
	struct ck_str key = ck_str_format(arena, "%d%.*s\x01%.*s", is_open(draft), CK_STR_ARG(source), CK_STR_ARG(target));
	size_t at = collapsing->n_splits;
	if (!key.p)
		return;
	if (!ck_map_get(&collapsing->split_numbers, key, &at)) {
		if (!ck_map_put(&collapsing->split_numbers, key, at) ||
		    !ck_arena_grow(arena, (void **)&collapsing->splits, at, &collapsing->splits_capacity, sizeof(*collapsing->splits)))
			return;
		collapsing->splits[collapsing->n_splits++] = (struct split){.source = source, .target = target, .depth = depth,
									    .is_open = is_open(draft)};
	}
	struct split *split = &collapsing->splits[at];
	if (ck_arena_grow(arena, (void **)&split->drafts, split->n, &split->capacity, sizeof(*split->drafts)))
		split->drafts[split->n++] = number;
	split->n_items += draft->n_moves;
}

static void find_splits(struct collapsing *collapsing)
{
	for (size_t i = 0; i < collapsing->drafts->n; i++) {
		const struct ck_draft *draft = &collapsing->drafts->items[i];
		if (!may_collapse(draft))
			continue;
		struct ck_segments source = ck_segments_of(draft->terms[0]), target = ck_segments_of(draft->terms[1]);
		for (size_t n = 1; n <= source.n && n <= target.n; n++) {
			if (!segments_agree(source.items[source.n - n], target.items[target.n - n]))
				break;
			/* What is open is collapsed only within the subtree that it is in. */
			if (is_open(draft) && (n == source.n || n == target.n))
				break;
			struct ck_str head = head_of(draft->terms[0], &source, source.n - n);
			add_split(collapsing, i, head, head_of(draft->terms[1], &target, target.n - n), source.n - n);
		}
	}
}

/* ---- what is in a place */

static struct place *find_place(struct collapsing *collapsing, struct ck_str key)
{
	size_t at;
	return ck_map_get(&collapsing->place_numbers, key, &at) ? &collapsing->places[at] : NULL;
}

static void add_place(struct collapsing *collapsing, struct ck_str head)
{
	struct ck_str key = place_key(collapsing->maker, head);
	if (!key.p || find_place(collapsing, key) || !ck_map_put(&collapsing->place_numbers, key, collapsing->n_places) ||
	    !ck_arena_grow(collapsing->maker->arena, (void **)&collapsing->places, collapsing->n_places, &collapsing->places_capacity,
			   sizeof(*collapsing->places)))
		return;
	collapsing->places[collapsing->n_places++] = (struct place){0};
}

/* Counts in all places above a name. Names with empty segments count as kept: ** may not take them. */
static void count_name(struct collapsing *collapsing, struct ck_str name, size_t kept, size_t collapsed)
{
	struct ck_buf plain = {0}, masked = {0};
	bool odd = memmem(name.p, name.n, "//", 2) || ck_str_ends(name, CK_STR("/")) || ck_str_starts(name, CK_STR("/"));
	ck_buf_char(&plain, '=');
	ck_buf_char(&masked, '#');
	for (size_t i = 0; i <= name.n; i++) {
		bool is_digit = i < name.n && name.p[i] >= '0' && name.p[i] <= '9';
		bool ends = i == 0 || (i < name.n && name.p[i] == '/');
		const struct ck_str keys[] = {ck_buf_view(&plain), ck_buf_view(&masked)};
		for (size_t k = 0; k < CK_COUNT(keys) && ends; k++) {
			struct place *place = find_place(collapsing, keys[k]);
			if (!place)
				continue;
			place->n_items += !collapsed;
			place->n_kept += kept || odd;
			place->n_collapsed += collapsed;
		}
		if (i == name.n)
			break;
		ck_buf_char(&plain, name.p[i]);
		if (!is_digit)
			ck_buf_char(&masked, name.p[i]);
		else if (i == 0 || name.p[i - 1] < '0' || name.p[i - 1] > '9')
			ck_buf_char(&masked, '\x01');
	}
	collapsing->maker->failed |= plain.failed || masked.failed;
	ck_buf_clear(&plain);
	ck_buf_clear(&masked);
}

static void count_places(struct collapsing *collapsing)
{
	const struct ck_side *side = &collapsing->maker->sides[CK_FROM];
	for (size_t i = 0; i < collapsing->n_splits; i++)
		add_place(collapsing, collapsing->splits[i].source);
	for (size_t i = 0; i < side->n; i++)
		count_name(collapsing, side->items[i].name, side->items[i].same != NULL, 0);
	/* Sources of what nothing makes are not there, and their statements may not overlap all the same. */
	for (size_t i = 0; i < collapsing->maker->n_moves; i++) {
		const struct ck_move *move = &collapsing->maker->moves[i];
		if (move->n_sources == 1 && move->sources[0].prefix[0]) {
			struct ck_str name = ck_str_format(collapsing->maker->arena, "%s%.*s", move->sources[0].prefix,
							   CK_STR_ARG(move->sources[0].item->name));
			count_name(collapsing, name, 0, 0);
		}
	}
}

/* ---- taking splits: those that stand for most come first, the shortest heads of those */

static size_t count_left(const struct collapsing *collapsing, const struct split *split, size_t *ret_n_items)
{
	size_t n = 0;
	*ret_n_items = 0;
	for (size_t i = 0; i < split->n; i++) {
		const struct ck_draft *draft = &collapsing->drafts->items[split->drafts[i]];
		n += !draft->done;
		*ret_n_items += draft->done ? 0 : draft->n_moves;
	}
	return n;
}

static struct ck_str with_stars(struct ck_maker *maker, struct ck_str head)
{
	return head.n ? ck_str_format(maker->arena, "%.*s/**", CK_STR_ARG(head)) : CK_STR("**");
}

static void collapse(struct collapsing *collapsing, const struct split *split, size_t n_items, bool all)
{
	struct ck_maker *maker = collapsing->maker;
	const struct ck_move **moves = ck_arena_array(maker->arena, n_items, sizeof(*moves));
	struct ck_str *terms = ck_arena_array(maker->arena, 2, sizeof(*terms));
	struct ck_draft draft = {.moves = moves, .terms = terms, .n_sources = 1, .n_targets = 1, .is_collapsed = true, .is_rest = !all};
	if (!moves || !terms)
		return;
	terms[0] = split->depth || split->is_open ? with_stars(maker, split->source) : CK_STR("");
	terms[1] = with_stars(maker, split->target);
	for (size_t i = 0; i < split->n; i++) {
		struct ck_draft *from = &collapsing->drafts->items[split->drafts[i]];
		if (from->done)
			continue;
		from->done = true;
		memcpy(moves + draft.n_moves, from->moves, from->n_moves * sizeof(*moves));
		draft.n_moves += from->n_moves;
		for (size_t k = 0; k < from->n_moves; k++)
			count_name(collapsing, from->moves[k]->sources[0].item->name, 0, 1);
	}
	if (!ck_draft_add(maker, collapsing->drafts, &draft))
		return;
}

/* Whether a `rest:` above (or at) a head matches what is below it: two of them may not match one variable. */
static bool is_below_rest(struct collapsing *collapsing, struct ck_str head)
{
	struct ck_segments segments = ck_segments_of(head);
	struct ck_buf masked = {0};
	bool found = false;
	for (size_t n = 0; n <= segments.n && !found; n++) {
		struct ck_str above = head_of(head, &segments, n), key = place_key(collapsing->maker, above);
		const struct place *place = key.p ? find_place(collapsing, key) : NULL;
		found = place && place->has_rest;
		/* A statement about all numbers is about this one too. */
		masked.n = 0;
		ck_buf_char(&masked, '#');
		for (size_t i = 0; i < above.n && key.p && key.p[0] == '='; i++) {
			bool is_digit = above.p[i] >= '0' && above.p[i] <= '9';
			if (!is_digit || i == 0 || above.p[i - 1] < '0' || above.p[i - 1] > '9')
				ck_buf_char(&masked, is_digit ? '\x01' : above.p[i]);
		}
		place = find_place(collapsing, ck_buf_view(&masked));
		found |= place && place->has_rest;
	}
	collapsing->maker->failed |= masked.failed;
	ck_buf_clear(&masked);
	return found;
}

/* What is kept stands in the way of `map rest`; when it is little, it gets statements of its own. */
static bool is_worth_all(struct collapsing *collapsing, const struct place *place, size_t n_items)
{
	struct ck_maker *maker = collapsing->maker;
	if (n_items * 2 < place->n_items || place->n_kept > maker->n_kept || maker->n_kept > MAX_KEPT || maker->n_kept * 4 > n_items)
		return false;
	maker->keeps_by_name = maker->n_kept > 0;
	return true;
}

static void try_split(struct collapsing *collapsing, const struct split *split)
{
	size_t n_items, n = count_left(collapsing, split, &n_items);
	struct ck_str key = place_key(collapsing->maker, split->source);
	const struct ck_move *first = collapsing->drafts->items[split->drafts[0]].moves[0];
	if (n < (split->is_open ? LEAST_OPEN : LEAST_DRAFTS))
		return;
	struct place *place = key.p ? find_place(collapsing, key) : NULL;
	if (place && first->sources[0].prefix[0]) {
		collapse(collapsing, split, n_items, place->n_items == n_items);
		return;
	}
	if (!place || place->n_collapsed)
		return;
	if (split->depth == 0 ? !is_worth_all(collapsing, place, n_items) : place->n_kept > 0)
		return;
	bool all = place->n_items == n_items && split->depth > 0;
	/* An open one is to say that it is about all of a subtree. */
	if (!all && (split->is_open || is_below_rest(collapsing, split->source)))
		return;
	place->has_rest = !all;
	collapse(collapsing, split, n_items, all);
}

static int compare_splits(const void *a, const void *b)
{
	const struct split *x = *(const struct split *const *)a, *y = *(const struct split *const *)b;
	if (x->depth != y->depth)
		return x->depth < y->depth ? -1 : 1;
	if (x->n_items != y->n_items)
		return x->n_items > y->n_items ? -1 : 1;
	int order = ck_str_compare(x->source, y->source);
	return order ? order : ck_str_compare(x->target, y->target);
}

void ck_drafts_collapse(struct ck_maker *maker, struct ck_draft_list *drafts)
{
	struct collapsing collapsing = {.maker = maker, .drafts = drafts};
	ck_map_init(&collapsing.split_numbers, maker->arena);
	ck_map_init(&collapsing.place_numbers, maker->arena);
	find_splits(&collapsing);
	count_places(&collapsing);
	const struct split **order = ck_arena_array(maker->arena, collapsing.n_splits + 1, sizeof(*order));
	if (!order || ck_arena_failed(maker->arena))
		return;
	for (size_t i = 0; i < collapsing.n_splits; i++)
		order[i] = &collapsing.splits[i];
	if (collapsing.n_splits > 1)
		qsort(order, collapsing.n_splits, sizeof(*order), compare_splits);
	for (size_t i = 0; i < collapsing.n_splits && !ck_arena_failed(maker->arena); i++)
		try_split(&collapsing, order[i]);
}
