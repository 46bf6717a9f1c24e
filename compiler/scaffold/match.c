/* One to one: exact names first, then full names, then what is most alike, layer by layer, and last variable by variable. */
#include "compiler/scaffold/internal.h"

#include <string.h>

/*
 * How much what counts. A pair is taken when its score is good and clearly better than that of any other pair with one of the two;
 * what was taken then votes for pairs in the same places, so that doubt clears up round by round.
 */
static const double good_score = 0.75, clear_lead = 0.06;
static const double only_one = 0.15, by_parent = 0.20, by_scope = 0.15, by_leaf = 0.10, by_above = 0.10;
static const double of_change[CK_N_CHANGES] = {
	[CK_CHANGE_SAME] = 0.15, [CK_CHANGE_TRANSPOSE] = 0.10, [CK_CHANGE_SQUEEZE] = 0.08, [CK_CHANGE_RESHAPE] = 0.05,
	[CK_CHANGE_REARRANGE] = 0.03, [CK_CHANGE_GROW] = 0, [CK_CHANGE_CUT] = -0.20,
};
static const double of_cast = -0.05;

enum { MAX_ROUNDS = 8, MAX_PAIRS = 48, MAX_RARE = 3 };

struct pair {
	struct ck_unit *from, *to;
	const struct ck_change *change;	/* of the first item; all are of its kind */
	double base, score;
};

/* The best and the second best that a unit has in a round. */
struct rank {
	double best, second;
	size_t pair;
};

struct matching {
	struct ck_maker *maker;
	bool single, sizes;
	struct ck_units units[CK_N_SIDES];
	struct ck_unit_index index;		/* of the template's units */
	struct pair *pairs;
	size_t n_pairs, capacity;
	uint32_t *seen;				/* [units[CK_ONTO].n] number + 1 of the unit that looked at it last */
	struct rank *ranks[CK_N_SIDES];
};

struct ck_move *ck_move_add(struct ck_maker *maker, const char *kind, struct ck_item *const *sources, size_t n_sources,
			    struct ck_item *const *targets, size_t n_targets)
{
	struct ck_term *terms = ck_arena_array(maker->arena, n_sources + n_targets, sizeof(*terms));
	if (!terms || !ck_arena_grow(maker->arena, (void **)&maker->moves, maker->n_moves, &maker->moves_capacity, sizeof(*maker->moves)))
		return NULL;
	struct ck_move *move = &maker->moves[maker->n_moves++];
	*move = (struct ck_move){.kind = kind, .sources = terms, .targets = terms + n_sources, .n_sources = n_sources, .n_targets = n_targets,
				  .position = SIZE_MAX};
	for (size_t i = 0; i < n_sources + n_targets; i++) {
		struct ck_item *item = i < n_sources ? sources[i] : targets[i - n_sources];
		terms[i] = (struct ck_term){.item = item, .prefix = "", .suffix = ""};
		item->done = true;
	}
	return move;
}

/* ---- votes: where did what stood in this place go? */

static void vote(struct ck_maker *maker, uint32_t from, uint32_t to)
{
	const uint32_t seconds[] = {to, UINT32_MAX};	/* for this pair, and for the place anyhow */
	for (size_t i = 0; i < CK_COUNT(seconds); i++) {
		const uint32_t places[] = {from, seconds[i]};
		struct ck_str key = {(const char *)places, sizeof(places)};
		size_t count = 0;
		bool known = ck_map_get(&maker->votes, key, &count);
		if (!known)
			key = ck_str_copy(maker->arena, key);
		if (!key.p || !ck_map_put(&maker->votes, key, count + 1))
			return;
	}
}

static double share_of_votes(const struct ck_maker *maker, uint32_t from, uint32_t to)
{
	const uint32_t any[] = {from, UINT32_MAX}, places[] = {from, to};
	size_t here = 0, all = 0;
	if (!ck_map_get(&maker->votes, (struct ck_str){(const char *)any, sizeof(any)}, &all))
		return 0;
	(void)ck_map_get(&maker->votes, (struct ck_str){(const char *)places, sizeof(places)}, &here);
	return (double)here / (double)all;
}

void ck_vote(struct ck_maker *maker, const struct ck_unit *from, const struct ck_unit *to)
{
	vote(maker, from->parent, to->parent);
	vote(maker, from->leaf, to->leaf);
	if (from->has_scope && to->has_scope)
		vote(maker, from->scope, to->scope);
	for (size_t i = 0; i < from->n_above && i < to->n_above; i++)
		vote(maker, from->above[i], to->above[i]);
}

/* Of the nearest place around the parents that anything is known of. */
static double share_above(const struct ck_maker *maker, const struct ck_unit *from, const struct ck_unit *to)
{
	for (size_t i = 0; i < from->n_above && i < to->n_above; i++) {
		const uint32_t any[] = {from->above[i], UINT32_MAX};
		size_t n;
		if (ck_map_get(&maker->votes, (struct ck_str){(const char *)any, sizeof(any)}, &n))
			return share_of_votes(maker, from->above[i], to->above[i]);
	}
	return 0;
}

double ck_votes_for(const struct ck_maker *maker, const struct ck_unit *from, const struct ck_unit *to)
{
	double sum = by_parent * share_of_votes(maker, from->parent, to->parent) + by_leaf * share_of_votes(maker, from->leaf, to->leaf);
	sum += by_above * share_above(maker, from, to);
	return sum + (from->has_scope && to->has_scope ? by_scope * share_of_votes(maker, from->scope, to->scope) : 0);
}

/* ---- the same name */

static void keep(struct ck_maker *maker, struct ck_item *from, struct ck_item *to)
{
	from->done = to->done = true;
	from->same = to;
	to->same = from;
	maker->n_kept++;
}

/* What stays where it is votes for others to stay there. */
static void vote_for_kept(struct ck_maker *maker)
{
	for (size_t i = 0; i < maker->sides[CK_FROM].n_families; i++) {
		struct ck_family *family = &maker->sides[CK_FROM].families[i];
		if (family->n == 0 || !family->items[0]->same)
			continue;
		struct ck_unit unit = {.items = family->items, .n = 1};
		ck_unit_name_parts(maker, &unit);
		ck_vote(maker, &unit, &unit);
	}
}

static const struct ck_change *clear_change(struct ck_maker *maker, const struct ck_item *from, const struct ck_item *to)
{
	const struct ck_change *change = ck_change_find(maker, from->type, to->type);
	bool clear = change && change->kind != CK_CHANGE_NONE && change->kind != CK_CHANGE_CUT && !change->ambiguous;
	return clear ? change : NULL;
}

static struct ck_move *move_one(struct ck_maker *maker, struct ck_item *from, struct ck_item *to, const struct ck_change *change,
				enum ck_why why)
{
	struct ck_move *move = ck_move_add(maker, "map", &from, 1, &to, 1);
	if (move) {
		move->change = change;
		move->why = why;
		bool is_sure = change->kind == CK_CHANGE_SAME && !change->casts && why != CK_WHY_WORDS;
		move->certainty = is_sure ? CK_SURE : CK_LIKELY;
	}
	return move;
}

/* The variables of each full name; SIZE_MAX where it is not unique. A variable of TF1 is known by its name. */
static void map_full_names(const struct ck_side *side, struct ck_map *map)
{
	for (size_t i = 0; i < side->n; i++) {
		const struct ck_item *item = &side->items[i];
		struct ck_str name = item->variable->full_name.n ? item->variable->full_name : item->name;
		size_t other;
		if (!ck_map_put(map, name, ck_map_get(map, name, &other) ? SIZE_MAX : i))
			return;
	}
}

static void match_full_names(struct ck_maker *maker)
{
	struct ck_map from, onto;
	struct ck_side *sides = maker->sides;
	ck_map_init(&from, maker->arena);
	ck_map_init(&onto, maker->arena);
	map_full_names(&sides[CK_FROM], &from);
	map_full_names(&sides[CK_ONTO], &onto);
	for (size_t i = 0; i < sides[CK_FROM].n; i++) {
		struct ck_item *item = &sides[CK_FROM].items[i];
		struct ck_str name = item->variable->full_name.n ? item->variable->full_name : item->name;
		size_t here, there;
		if (item->done || !ck_map_get(&from, name, &here) || here != i || !ck_map_get(&onto, name, &there) || there == SIZE_MAX)
			continue;
		struct ck_item *other = &sides[CK_ONTO].items[there];
		const struct ck_change *change = other->done ? NULL : clear_change(maker, item, other);
		/* Two names that are equal by themselves were looked at before. */
		if (change && !ck_str_equal(item->name, other->name))
			(void)move_one(maker, item, other, change, CK_WHY_FULL_NAME);
	}
}

/*
 * Numbers that moved: dense, dense_1, dense_2 are dense_1, dense_2, dense_3 now. Some of a family then have another type under their
 * old name, while all have the same one after another. What else is numbered so, such as their biases, moved with them.
 */

/* The part of an item's name up to its last number's segment, as a number. */
static uint32_t scope_of(struct ck_maker *maker, struct ck_item **items)
{
	struct ck_unit unit = {.items = items, .n = 1};
	ck_unit_name_parts(maker, &unit);
	return unit.has_scope ? unit.scope : UINT32_MAX;
}

static bool has_moved(const struct ck_maker *maker, const struct ck_family *from, const struct ck_family *to)
{
	bool differs = false;
	size_t at;
	for (size_t i = 0; i < from->n; i++) {
		if (from->items[i]->type != to->items[i]->type)
			return false;
		if (ck_map_get(&maker->sides[CK_ONTO].by_name, from->items[i]->name, &at))
			differs |= maker->sides[CK_ONTO].items[at].type != from->items[i]->type;
	}
	return differs;
}

/* has_moved[scope_of()] of all scopes whose numbers moved. */
static bool *find_moved(struct ck_maker *maker)
{
	const struct ck_side *from = &maker->sides[CK_FROM], *to = &maker->sides[CK_ONTO];
	/* All scopes first, so that there is room for each. */
	for (size_t i = 0; i < from->n_families; i++) {
		if (from->families[i].n)
			(void)scope_of(maker, from->families[i].items);
	}
	bool *moved = ck_arena_array(maker->arena, maker->n_parts + 1, sizeof(*moved));
	for (size_t i = 0; i < from->n_families && moved; i++) {
		const struct ck_family *family = &from->families[i];
		size_t at;
		if (family->n < 2 || !ck_map_get(&to->by_skeleton, family->skeleton, &at) || to->families[at].n != family->n)
			continue;
		uint32_t scope = scope_of(maker, family->items);
		if (scope != UINT32_MAX && has_moved(maker, family, &to->families[at]))
			moved[scope] = true;
	}
	return moved;
}

void ck_match_exact(struct ck_maker *maker)
{
	struct ck_side *sides = maker->sides;
	bool *moved = find_moved(maker);
	for (size_t i = 0; i < sides[CK_FROM].n && moved; i++) {
		struct ck_item *item = &sides[CK_FROM].items[i], *own[] = {item};
		size_t at;
		if (!ck_map_get(&sides[CK_ONTO].by_name, item->name, &at) || sides[CK_ONTO].items[at].done)
			continue;
		uint32_t scope = sides[CK_FROM].families[item->family].n > 1 ? scope_of(maker, own) : UINT32_MAX;
		if (scope != UINT32_MAX && moved[scope])
			continue;
		struct ck_item *other = &sides[CK_ONTO].items[at];
		if (item->type == other->type) {
			keep(maker, item, other);
			continue;
		}
		const struct ck_change *change = clear_change(maker, item, other);
		if (change)
			(void)move_one(maker, item, other, change, CK_WHY_NAME);
	}
	vote_for_kept(maker);
	match_full_names(maker);
}

/* ---- pairs that may be */

/* The change that makes each item of one unit the item of the other; NULL when there is none, or not of one kind. */
static const struct ck_change *change_of(struct matching *matching, const struct ck_unit *from, const struct ck_unit *to)
{
	const struct ck_change *first = NULL;
	for (size_t i = 0; i < from->n; i++) {
		if (i && from->items[i]->type == from->items[i - 1]->type && to->items[i]->type == to->items[i - 1]->type)
			continue;
		const struct ck_change *change = ck_change_find(matching->maker, from->items[i]->type, to->items[i]->type);
		if (!change || change->kind == CK_CHANGE_NONE || (first && (change->kind != first->kind || change->casts != first->casts)))
			return NULL;
		if (!first || (change->ambiguous && !first->ambiguous))
			first = change;
	}
	return first;
}

static void add_pair(struct matching *matching, struct ck_unit *from, struct ck_unit *to)
{
	struct ck_maker *maker = matching->maker;
	if (matching->seen[to->number] == from->number + 1 || from->n != to->n)
		return;
	matching->seen[to->number] = (uint32_t)from->number + 1;
	const struct ck_change *change = change_of(matching, from, to);
	bool resizes = change && (change->kind == CK_CHANGE_GROW || change->kind == CK_CHANGE_CUT);
	if (!change || (resizes && !matching->sizes) ||
	    !ck_arena_grow(maker->arena, (void **)&matching->pairs, matching->n_pairs, &matching->capacity, sizeof(*matching->pairs)))
		return;
	/* A full name may tell more in one layer than in another. */
	double alike = ck_items_alike(maker, from->items[0], to->items[0], matching->single);
	if (from->n > 1)
		alike = (alike + ck_items_alike(maker, from->items[from->n / 2], to->items[from->n / 2], matching->single)) / 2;
	matching->pairs[matching->n_pairs++] = (struct pair){
		.from = from, .to = to, .change = change, .base = alike + of_change[change->kind] + (change->casts ? of_cast : 0),
	};
}

static void add_list(struct matching *matching, struct ck_unit *from, const struct ck_unit_list *list)
{
	for (size_t i = 0; list && i < list->n; i++)
		add_pair(matching, from, &matching->units[CK_ONTO].items[list->units[i]]);
}

static uint64_t word_key(const struct ck_unit *unit, uint32_t word)
{
	return (uint64_t)unit->n << 32 | word;
}

/* The lists of units that share a word and the number of elements, or just a word: the shortest first, as long as they are short. */
static void add_by_words(struct matching *matching, struct ck_unit *from, bool same_elems)
{
	const struct ck_item *item = from->items[0];
	const struct ck_unit_list *lists[2 * CK_MAX_WORDS];
	size_t n = 0, limit = same_elems ? MAX_PAIRS : MAX_RARE * CK_MAX_LISTED / 2;
	for (size_t i = 0; i < item->n_words + item->n_full_words; i++) {
		uint32_t word = i < item->n_words ? item->words[i] : item->full_words[i - item->n_words];
		if (!from->is_single && (word & CK_WORD_NUMBER))
			continue;
		const struct ck_unit_list *list = same_elems ? ck_index_find(&matching->index, 'w', word_key(from, word), from->elems)
							     : ck_index_find(&matching->index, 'W', word_key(from, word), 0);
		size_t at = n;
		if (!list)
			continue;
		for (; at > 0 && list->n + list->n_more < lists[at - 1]->n + lists[at - 1]->n_more; at--)
			lists[at] = lists[at - 1];
		lists[at] = list;
		n++;
	}
	for (size_t i = 0, sum = 0; i < n && (i == 0 || sum + lists[i]->n <= limit) && lists[i]->n_more == 0; i++) {
		add_list(matching, from, lists[i]);
		sum += lists[i]->n;
	}
}

static void index_unit(struct matching *matching, const struct ck_unit *unit)
{
	const struct ck_item *item = unit->items[0];
	uint32_t number = (uint32_t)unit->number;
	ck_index_add(&matching->index, 't', unit->types, 0, number);
	ck_index_add(&matching->index, 'e', unit->elems, 0, number);
	for (size_t i = 0; i < item->n_words + item->n_full_words; i++) {
		uint32_t word = i < item->n_words ? item->words[i] : item->full_words[i - item->n_words];
		if (!unit->is_single && (word & CK_WORD_NUMBER))
			continue;
		ck_index_add(&matching->index, 'w', word_key(unit, word), unit->elems, number);
		ck_index_add(&matching->index, 'W', word_key(unit, word), 0, number);
	}
}

static void find_pairs(struct matching *matching)
{
	ck_index_init(&matching->index, matching->maker, &matching->units[CK_ONTO]);
	for (size_t i = 0; i < matching->units[CK_ONTO].n; i++)
		index_unit(matching, &matching->units[CK_ONTO].items[i]);
	for (size_t i = 0; i < matching->units[CK_FROM].n; i++) {
		struct ck_unit *from = &matching->units[CK_FROM].items[i];
		const struct ck_unit_list *same = ck_index_find(&matching->index, 't', from->types, 0);
		const struct ck_unit_list *elems = ck_index_find(&matching->index, 'e', from->elems, 0);
		if (same && !same->n_more)
			add_list(matching, from, same);
		if (elems && !elems->n_more)
			add_list(matching, from, elems);
		else if (elems)
			add_by_words(matching, from, true);
		if (matching->sizes)
			add_by_words(matching, from, false);
	}
}

/* ---- rounds */

static void rank(struct rank *rank, double score, size_t pair)
{
	if (score > rank->best) {
		rank->second = rank->best;
		rank->best = score;
		rank->pair = pair;
	} else if (score > rank->second) {
		rank->second = score;
	}
}

/* How many units of each sequence of types are left on a side. */
static void count_types(struct matching *matching, uint32_t side, struct ck_map *counts)
{
	ck_map_init(counts, matching->maker->arena);
	for (size_t i = 0; i < matching->units[side].n; i++) {
		const struct ck_unit *unit = &matching->units[side].items[i];
		struct ck_str key = {(const char *)&unit->types, sizeof(unit->types)};
		size_t n = 0;
		(void)ck_map_get(counts, key, &n);
		if (!unit->done && !ck_map_put(counts, key, n + 1))
			return;
	}
}

static bool is_only(const struct ck_map *counts, const struct ck_unit *unit)
{
	size_t n;
	return ck_map_get(counts, (struct ck_str){(const char *)&unit->types, sizeof(unit->types)}, &n) && n == 1;
}

static void rank_pairs(struct matching *matching)
{
	struct ck_map counts[CK_N_SIDES];
	for (uint32_t side = 0; side < CK_N_SIDES; side++) {
		count_types(matching, side, &counts[side]);
		memset(matching->ranks[side], 0, matching->units[side].n * sizeof(struct rank));
	}
	for (size_t i = 0; i < matching->n_pairs; i++) {
		struct pair *pair = &matching->pairs[i];
		if (pair->from->done || pair->to->done)
			continue;
		bool only = is_only(&counts[CK_FROM], pair->from) && is_only(&counts[CK_ONTO], pair->to);
		pair->score = pair->base + (only ? only_one : 0) + ck_votes_for(matching->maker, pair->from, pair->to);
		rank(&matching->ranks[CK_FROM][pair->from->number], pair->score, i);
		rank(&matching->ranks[CK_ONTO][pair->to->number], pair->score, i);
	}
}

static bool is_clear(const struct matching *matching, size_t i)
{
	const struct pair *pair = &matching->pairs[i];
	const struct rank *from = &matching->ranks[CK_FROM][pair->from->number], *to = &matching->ranks[CK_ONTO][pair->to->number];
	return from->pair == i && to->pair == i && pair->score >= good_score && pair->score - from->second >= clear_lead &&
	       pair->score - to->second >= clear_lead && !pair->change->ambiguous && pair->change->kind != CK_CHANGE_CUT;
}

static void take(struct matching *matching, const struct pair *pair)
{
	struct ck_maker *maker = matching->maker;
	pair->from->done = pair->to->done = true;
	ck_vote(maker, pair->from, pair->to);
	for (size_t i = 0; i < pair->from->n; i++) {
		struct ck_item *from = pair->from->items[i], *to = pair->to->items[i];
		const struct ck_change *change = ck_change_find(maker, from->type, to->type);
		if (!change || !move_one(maker, from, to, change, CK_WHY_WORDS))
			return;
	}
}

static void match_units(struct ck_maker *maker, bool single, bool sizes)
{
	struct matching matching = {.maker = maker, .single = single, .sizes = sizes};
	for (uint32_t side = 0; side < CK_N_SIDES; side++) {
		matching.units[side] = ck_units_make(maker, side, single);
		matching.ranks[side] = ck_arena_array(maker->arena, matching.units[side].n + 1, sizeof(struct rank));
	}
	matching.seen = ck_arena_array(maker->arena, matching.units[CK_ONTO].n + 1, sizeof(*matching.seen));
	if (ck_arena_failed(maker->arena))
		return;
	find_pairs(&matching);
	for (size_t round = 0, n = 1; round < MAX_ROUNDS && n; round++) {
		n = 0;
		rank_pairs(&matching);
		for (size_t i = 0; i < matching.n_pairs && !ck_arena_failed(maker->arena); i++) {
			struct pair *pair = &matching.pairs[i];
			if (pair->from->done || pair->to->done || !is_clear(&matching, i))
				continue;
			take(&matching, pair);
			n++;
		}
	}
}

void ck_match_all(struct ck_maker *maker)
{
	match_units(maker, false, false);
	ck_match_fused(maker);
	match_units(maker, false, true);
	match_units(maker, true, false);
	ck_match_fused(maker);
	match_units(maker, true, true);
}

struct ck_candidate *ck_candidates_find(struct ck_maker *maker, struct ck_units *from, struct ck_units *to, size_t *ret_n)
{
	struct matching matching = {.maker = maker, .sizes = true, .units = {*from, *to}};
	matching.seen = ck_arena_array(maker->arena, to->n + 1, sizeof(*matching.seen));
	*ret_n = 0;
	if (!matching.seen)
		return NULL;
	find_pairs(&matching);
	struct ck_candidate *candidates = ck_arena_array(maker->arena, matching.n_pairs + 1, sizeof(*candidates));
	for (size_t i = 0; i < matching.n_pairs && candidates; i++) {
		const struct pair *pair = &matching.pairs[i];
		double score = pair->base + ck_votes_for(maker, pair->from, pair->to);
		candidates[(*ret_n)++] = (struct ck_candidate){pair->from, pair->to, pair->change, score};
	}
	return candidates;
}
