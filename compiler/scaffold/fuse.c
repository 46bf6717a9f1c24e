/* Several to one, and one to several: query, key and value as one kernel; the experts of a layer as one tensor. */
#include "compiler/scaffold/internal.h"

#include <inttypes.h>
#include <string.h>

enum { MAX_SET = 8, MAX_NUMBERED = 4096, MAX_DEPTH = 3, MAX_TRIES = 64 };
static const double good_score = 0.45, clear_lead = 0.06;

/* In which order programs put them together. */
static const char *const orders[][4] = {
	{"query", "key", "value"},
	{"key", "value"},
	{"gate", "up"},
};

/* Units of the side that has more, which may be one of the other; or one unit, grouped over one of its numbers. */
struct set {
	struct ck_unit *units[MAX_SET];
	size_t n;
	size_t n_groups;		/* how many it would be on the other side */
	struct ck_item **items;		/* [n_groups * n_each], group by group */
	size_t n_each;
	size_t position;		/* of the number, SIZE_MAX: several units */
};

struct fused {
	struct set *set;
	struct ck_unit *one;
	double score;
	bool ambiguous;
};

struct fusing {
	struct ck_maker *maker;
	uint32_t many, one;		/* sides */
	struct ck_units units[CK_N_SIDES];
	struct ck_unit_index index;	/* of the side that has one */
	struct set *sets;
	size_t n_sets, sets_capacity;
	struct fused *found;
	size_t n_found, found_capacity;
	uint32_t *seen;
};

/* ---- sets of siblings: names that differ in one segment */

struct siblings {
	struct ck_unit **units;
	size_t n, capacity;
};

static bool same_numbers(const struct ck_unit *a, const struct ck_unit *b)
{
	bool same = a->n == b->n && a->items[0]->n_numbers == b->items[0]->n_numbers;
	for (size_t i = 0; i < a->n && same; i++) {
		for (size_t k = 0; k < a->items[i]->n_numbers && same; k++)
			same = a->items[i]->numbers[k].value == b->items[i]->numbers[k].value;
	}
	return same;
}

static struct ck_unit *with_word(const struct fusing *fusing, const struct siblings *siblings, const char *word)
{
	struct ck_unit *found = NULL;
	for (size_t i = 0; i < siblings->n; i++) {
		if (!ck_item_has_word(fusing->maker, siblings->units[i]->items[0], word))
			continue;
		if (found)
			return NULL;
		found = siblings->units[i];
	}
	return found;
}

static struct set *add_set(struct fusing *fusing, size_t n_groups, size_t n_each)
{
	struct ck_arena *arena = fusing->maker->arena;
	struct ck_item **items = ck_arena_array(arena, n_groups * n_each, sizeof(struct ck_item *));
	if (!items || !ck_arena_grow(arena, (void **)&fusing->sets, fusing->n_sets, &fusing->sets_capacity, sizeof(*fusing->sets)))
		return NULL;
	struct set *set = &fusing->sets[fusing->n_sets++];
	*set = (struct set){.n_groups = n_groups, .items = items, .n_each = n_each, .position = SIZE_MAX};
	return set;
}

static void try_siblings(struct fusing *fusing, const struct siblings *siblings)
{
	for (size_t i = 0; i < CK_COUNT(orders); i++) {
		struct ck_unit *units[MAX_SET];
		size_t n = 0;
		bool good = true;
		for (; n < CK_COUNT(orders[i]) && orders[i][n] && good; n++) {
			units[n] = with_word(fusing, siblings, orders[i][n]);
			good = units[n] && (n == 0 || same_numbers(units[0], units[n]));
		}
		struct set *set = good ? add_set(fusing, units[0]->n, n) : NULL;
		if (!set)
			continue;
		memcpy(set->units, units, n * sizeof(struct ck_unit *));
		set->n = n;
		for (size_t k = 0; k < set->n_groups * n; k++)
			set->items[k] = units[k % n]->items[k / n];
	}
}

/* The name without its segment number `from_end`, counted from the end; empty when it has no such segment. */
static struct ck_str without_segment(struct ck_arena *arena, struct ck_str name, size_t from_end)
{
	struct ck_str head = name;
	size_t end = name.n;
	for (size_t i = 0;; i++) {
		size_t slash = ck_str_rfind(head, '/');
		bool has = slash < head.n;
		size_t begin = has ? slash + 1 : 0;
		if (i == from_end)
			return ck_str_format(arena, "%.*s\x01%.*s", (int)begin, name.p, (int)(name.n - end), name.p + end);
		if (!has)
			return (struct ck_str){0};
		head.n = end = slash;
	}
}

static void find_siblings(struct fusing *fusing)
{
	const struct ck_units *units = &fusing->units[fusing->many];
	struct ck_arena *arena = fusing->maker->arena;
	struct ck_map map;
	struct siblings *all = NULL;
	size_t n = 0, capacity = 0;
	ck_map_init(&map, arena);
	for (size_t i = 0; i < units->n; i++) {
		bool may = false;
		for (size_t k = 0; k < CK_COUNT(orders); k++)
			may |= ck_item_has_word(fusing->maker, units->items[i].items[0], orders[k][0]) ||
			       ck_item_has_word(fusing->maker, units->items[i].items[0], orders[k][1]) ||
			       (orders[k][2] && ck_item_has_word(fusing->maker, units->items[i].items[0], orders[k][2]));
		for (size_t depth = 0; depth < MAX_DEPTH && may; depth++) {
			struct ck_str key = without_segment(arena, units->items[i].items[0]->name, depth);
			size_t at = n;
			bool is_new = key.n && !ck_map_get(&map, key, &at);
			if (!key.n || (is_new && !ck_map_put(&map, key, n)))
				continue;
			if (!ck_arena_grow(arena, (void **)&all, n, &capacity, sizeof(*all)))
				return;
			if (at == n)
				all[n++] = (struct siblings){0};
			if (ck_arena_grow(arena, (void **)&all[at].units, all[at].n, &all[at].capacity, sizeof(struct ck_unit *)))
				all[at].units[all[at].n++] = &units->items[i];
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (all[i].n >= 2)
			try_siblings(fusing, &all[i]);
	}
}

/* ---- one family, over one of its numbers */

/* The other numbers of an item as a key, in the arena. */
static struct ck_str other_numbers(struct ck_maker *maker, const struct ck_item *item, size_t position)
{
	struct ck_buf key = {0};
	for (size_t i = 0; i < item->n_numbers; i++) {
		if (i != position)
			ck_buf_printf(&key, "%" PRIu64 ",", item->numbers[i].value);
	}
	struct ck_str copy = ck_str_copy(maker->arena, ck_buf_view(&key));
	maker->failed |= key.failed;
	ck_buf_clear(&key);
	return copy;
}

/* A set of the unit's items, grouped over a number that counts without a gap from 0 or 1 in each group. */
static void try_position(struct fusing *fusing, struct ck_unit *unit, size_t position)
{
	struct ck_arena *arena = fusing->maker->arena;
	struct ck_map groups;
	size_t n_groups = 0, *counts = ck_arena_array(arena, unit->n, sizeof(*counts));
	size_t *group_of = ck_arena_array(arena, unit->n, sizeof(*group_of));
	uint64_t first = unit->items[0]->numbers[position].value;
	ck_map_init(&groups, arena);
	if (!counts || !group_of || first > 1)
		return;
	/* Items are in the order of their numbers, so that each group is too. */
	for (size_t i = 0; i < unit->n; i++) {
		const struct ck_item *item = unit->items[i];
		struct ck_str key = other_numbers(fusing->maker, item, position);
		if (!key.p || (!ck_map_get(&groups, key, &group_of[i]) && !ck_map_put(&groups, key, group_of[i] = n_groups++)))
			return;
		if (item->numbers[position].value != first + counts[group_of[i]]++ || item->numbers[position].is_uniq)
			return;
	}
	size_t n_each = n_groups ? unit->n / n_groups : 0;
	bool good = n_each >= 2 && n_each <= MAX_NUMBERED;
	for (size_t i = 0; i < n_groups && good; i++)
		good = counts[i] == n_each;
	struct set *set = good ? add_set(fusing, n_groups, n_each) : NULL;
	if (!set)
		return;
	set->units[set->n++] = unit;
	set->position = position;
	memset(counts, 0, n_groups * sizeof(*counts));
	for (size_t i = 0; i < unit->n; i++)
		set->items[group_of[i] * n_each + counts[group_of[i]]++] = unit->items[i];
}

static void find_numbered(struct fusing *fusing)
{
	struct ck_units *units = &fusing->units[fusing->many];
	for (size_t i = 0; i < units->n; i++) {
		struct ck_unit *unit = &units->items[i];
		for (size_t position = 0; unit->n > 1 && position < unit->items[0]->n_numbers; position++)
			try_position(fusing, unit, position);
	}
}

/* ---- what a set may be on the other side */

/* The change of each group; NULL when one does not fit, or not in the same way. */
static const struct ck_change *change_of(struct fusing *fusing, const struct set *set, const struct ck_unit *one)
{
	const struct ck_change *first = NULL;
	uint32_t *types = ck_arena_array(fusing->maker->arena, set->n_each, sizeof(*types));
	for (size_t i = 0; i < set->n_groups && types; i++) {
		bool same = i > 0 && one->items[i]->type == one->items[i - 1]->type;
		for (size_t k = 0; k < set->n_each; k++) {
			same = same && types[k] == set->items[i * set->n_each + k]->type;
			types[k] = set->items[i * set->n_each + k]->type;
		}
		if (same)
			continue;
		const struct ck_change *change = ck_change_fused(fusing->maker, types, set->n_each, one->items[i]->type,
								 fusing->many == CK_ONTO);
		if (!change || (first && change->kind != first->kind))
			return NULL;
		first = first ? first : change;
	}
	return first;
}

static void try_one(struct fusing *fusing, struct set *set, struct ck_unit *one)
{
	struct ck_maker *maker = fusing->maker;
	const struct ck_change *change = one->n == set->n_groups ? change_of(fusing, set, one) : NULL;
	double score = 0;
	if (!change || !ck_arena_grow(maker->arena, (void **)&fusing->found, fusing->n_found, &fusing->found_capacity,
				      sizeof(*fusing->found)))
		return;
	for (size_t i = 0; i < set->n; i++) {
		bool many_from = fusing->many == CK_FROM;
		const struct ck_unit *from = many_from ? set->units[i] : one, *to = many_from ? one : set->units[i];
		score += (ck_items_alike(maker, from->items[0], to->items[0], false) + ck_votes_for(maker, from, to)) / (double)set->n;
	}
	/* Numbers that count the layers alike say more than names. */
	score += change->ambiguous ? -0.1 : 0.1;
	fusing->found[fusing->n_found++] = (struct fused){set, one, score, change->ambiguous};
}

static void find_ones(struct fusing *fusing)
{
	struct ck_units *ones = &fusing->units[fusing->one];
	ck_index_init(&fusing->index, fusing->maker, ones);
	for (size_t i = 0; i < ones->n; i++) {
		const struct ck_item *item = ones->items[i].items[0];
		for (size_t k = 0; k < item->n_words; k++)
			ck_index_add(&fusing->index, 'W', ones->items[i].n, item->words[k], (uint32_t)i);
	}
	for (size_t i = 0; i < fusing->n_sets; i++) {
		struct set *set = &fusing->sets[i];
		for (size_t k = 0, n_tried = 0; k < set->n; k++) {
			const struct ck_item *item = set->units[k]->items[0];
			for (size_t word = 0; word < item->n_words && n_tried < MAX_TRIES; word++) {
				const struct ck_unit_list *list = ck_index_find(&fusing->index, 'W', set->n_groups, item->words[word]);
				for (size_t j = 0; list && !list->n_more && j < list->n && n_tried < MAX_TRIES; j++) {
					if (fusing->seen[list->units[j]] == i + 1)
						continue;
					fusing->seen[list->units[j]] = (uint32_t)i + 1;
					try_one(fusing, set, &ones->items[list->units[j]]);
					n_tried++;
				}
			}
		}
	}
}

/* ---- taking the best */

static bool is_done(const struct fused *fused)
{
	bool done = fused->one->done;
	for (size_t i = 0; i < fused->set->n; i++)
		done |= fused->set->units[i]->done;
	return done;
}

static void take(struct fusing *fusing, const struct fused *fused)
{
	struct ck_maker *maker = fusing->maker;
	const struct set *set = fused->set;
	uint32_t *types = ck_arena_array(maker->arena, set->n_each, sizeof(*types));
	bool many_from = fusing->many == CK_FROM;
	fused->one->done = true;
	for (size_t i = 0; i < set->n; i++) {
		set->units[i]->done = true;
		ck_vote(maker, many_from ? set->units[i] : fused->one, many_from ? fused->one : set->units[i]);
	}
	for (size_t i = 0; i < set->n_groups && types; i++) {
		struct ck_item **parts = set->items + i * set->n_each, *one = fused->one->items[i];
		for (size_t k = 0; k < set->n_each; k++)
			types[k] = parts[k]->type;
		struct ck_move *move = many_from ? ck_move_add(maker, "map", parts, set->n_each, &one, 1)
						 : ck_move_add(maker, "map", &one, 1, parts, set->n_each);
		if (!move)
			return;
		move->change = ck_change_fused(maker, types, set->n_each, one->type, !many_from);
		move->why = CK_WHY_WORDS;
		move->certainty = CK_LIKELY;
		move->position = set->position;
	}
}

/* The best and second best that a unit has. */
struct rank {
	double best, second;
	size_t found;
};

static void rank(struct rank *rank, double score, size_t found)
{
	bool is_best = score > rank->best;
	rank->second = is_best ? rank->best : score > rank->second ? score : rank->second;
	rank->best = is_best ? score : rank->best;
	rank->found = is_best ? found : rank->found;
}

static bool leads(const struct rank *rank, size_t found)
{
	return rank->found == found && rank->best - rank->second >= clear_lead;
}

/* Takes what is better than all else that one of its units could be. */
static void take_clear(struct fusing *fusing)
{
	struct ck_arena *arena = fusing->maker->arena;
	struct rank *ranks[CK_N_SIDES];
	for (uint32_t side = 0; side < CK_N_SIDES; side++)
		ranks[side] = ck_arena_array(arena, fusing->units[side].n + 1, sizeof(struct rank));
	if (ck_arena_failed(arena))
		return;
	for (size_t i = 0; i < fusing->n_found; i++) {
		const struct fused *fused = &fusing->found[i];
		rank(&ranks[fusing->one][fused->one->number], fused->score, i);
		for (size_t k = 0; k < fused->set->n; k++)
			rank(&ranks[fusing->many][fused->set->units[k]->number], fused->score, i);
	}
	for (size_t i = 0; i < fusing->n_found && !ck_arena_failed(arena); i++) {
		const struct fused *fused = &fusing->found[i];
		bool clear = fused->score >= good_score && !fused->ambiguous && leads(&ranks[fusing->one][fused->one->number], i);
		for (size_t k = 0; k < fused->set->n && clear; k++)
			clear = leads(&ranks[fusing->many][fused->set->units[k]->number], i);
		if (clear && !is_done(fused))
			take(fusing, fused);
	}
}

static void fuse(struct ck_maker *maker, uint32_t many)
{
	struct fusing fusing = {.maker = maker, .many = many, .one = many == CK_FROM ? CK_ONTO : CK_FROM};
	for (uint32_t side = 0; side < CK_N_SIDES; side++)
		fusing.units[side] = ck_units_make(maker, side, false);
	fusing.seen = ck_arena_array(maker->arena, fusing.units[fusing.one].n + 1, sizeof(*fusing.seen));
	if (ck_arena_failed(maker->arena))
		return;
	find_siblings(&fusing);
	find_numbered(&fusing);
	find_ones(&fusing);
	take_clear(&fusing);
}

void ck_match_fused(struct ck_maker *maker)
{
	fuse(maker, CK_FROM);
	fuse(maker, CK_ONTO);
}
