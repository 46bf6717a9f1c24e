/*
 * Square matrices: where a program stores its matrices the other way round, the shape of a square one does not tell. What looks as if
 * nothing had to be done is left open then, with both readings.
 */
#include "compiler/scaffold/internal.h"

#include <string.h>

/* Of the matrices that are not square, by the last segments of both names: how many are transposed, how many stay. */
struct habit {
	size_t n_transposed, n_plain;
};

struct habits {
	struct ck_maker *maker;
	struct ck_map numbers;
	struct habit *items;
	size_t n, capacity;
};

static struct ck_str last_segment(const struct ck_item *item)
{
	size_t slash = ck_str_rfind(item->name, '/');
	return slash < item->name.n ? ck_str_slice(item->name, slash + 1, item->name.n) : item->name;
}

/* NULL when memory is short. */
static struct habit *habit_of(struct habits *habits, const struct ck_item *from, const struct ck_item *to)
{
	struct ck_arena *arena = habits->maker->arena;
	struct ck_str key = ck_str_format(arena, "%.*s\x01%.*s", CK_STR_ARG(last_segment(from)), CK_STR_ARG(last_segment(to)));
	size_t at = habits->n;
	if (!key.p)
		return NULL;
	if (ck_map_get(&habits->numbers, key, &at))
		return &habits->items[at];
	if (!ck_map_put(&habits->numbers, key, at) || !ck_arena_grow(arena, (void **)&habits->items, at, &habits->capacity,
								     sizeof(*habits->items)))
		return NULL;
	habits->items[habits->n] = (struct habit){0};
	return &habits->items[habits->n++];
}

static bool is_matrix(const struct ck_maker *maker, const struct ck_item *item)
{
	return maker->types[item->type].shape.rank == 2;
}

static bool is_square(const struct ck_maker *maker, const struct ck_item *item)
{
	const struct ck_kind *kind = &maker->types[item->type];
	return kind->shape.rank == 2 && kind->shape.dims[0] == kind->shape.dims[1] && kind->shape.dims[0] > 1;
}

static void learn(struct habits *habits, const struct ck_item *from, const struct ck_item *to, const struct ck_change *change)
{
	struct habit *habit = is_matrix(habits->maker, from) && !is_square(habits->maker, from) ? habit_of(habits, from, to) : NULL;
	if (!habit)
		return;
	habit->n_transposed += change && change->kind == CK_CHANGE_TRANSPOSE;
	habit->n_plain += !change || change->kind == CK_CHANGE_SAME;
}

static void learn_all(struct habits *habits)
{
	struct ck_maker *maker = habits->maker;
	for (size_t i = 0; i < maker->sides[CK_FROM].n; i++) {
		const struct ck_item *item = &maker->sides[CK_FROM].items[i];
		if (item->same)
			learn(habits, item, item->same, NULL);
	}
	for (size_t i = 0; i < maker->n_moves; i++) {
		const struct ck_move *move = &maker->moves[i];
		if (move->n_sources == 1 && move->n_targets == 1)
			learn(habits, move->sources[0].item, move->targets[0].item, move->change);
	}
}

/* All others that are called so are transposed, and it might be too. */
static bool is_doubtful(struct habits *habits, const struct ck_item *from, const struct ck_item *to, const struct ck_item *part)
{
	const struct habit *habit = is_square(habits->maker, part) ? habit_of(habits, from, to) : NULL;
	return habit && habit->n_transposed && !habit->n_plain;
}

static void doubt(struct ck_maker *maker, struct ck_move *move)
{
	struct ck_str plain = move->change ? move->change->text : CK_STR("");
	const char *gap = plain.n ? " | " : "";
	/* Operators apply to each part: before they are joined, after they are divided. */
	if (move->n_targets > 1)
		move->other = ck_str_format(maker->arena, "%.*s%stranspose", CK_STR_ARG(plain), gap);
	else
		move->other = ck_str_format(maker->arena, "transpose%s%.*s", gap, CK_STR_ARG(plain));
	move->is_doubt = true;
	move->certainty = CK_OPEN;
	move->why = CK_WHY_OPEN;
	move->reason = CK_STR("the matrices like it are transposed, and a square one does not tell by its shape");
	for (size_t i = 0; i < move->n_targets; i++)
		move->targets[i].prefix = maker->marker_slash;
}

static void doubt_kept(struct ck_maker *maker, struct ck_item *item)
{
	struct ck_item *other = item->same;
	struct ck_move *move = ck_move_add(maker, "map", &item, 1, &other, 1);
	if (!move)
		return;
	item->same = other->same = NULL;
	maker->n_kept--;
	doubt(maker, move);
}

void ck_match_doubts(struct ck_maker *maker)
{
	struct habits habits = {.maker = maker};
	size_t n = maker->n_moves;
	ck_map_init(&habits.numbers, maker->arena);
	learn_all(&habits);
	for (size_t i = 0; i < n && !ck_arena_failed(maker->arena); i++) {
		struct ck_move *move = &maker->moves[i];
		bool may = move->change && move->n_sources && move->n_targets;
		bool stays = may && (move->change->kind == CK_CHANGE_SAME || move->n_sources > 1 || move->n_targets > 1);
		if (!stays)
			continue;
		const struct ck_item *from = move->sources[0].item, *to = move->targets[0].item;
		if (is_doubtful(&habits, from, to, move->n_targets > 1 ? to : from))
			doubt(maker, move);
	}
	for (size_t i = 0; i < maker->sides[CK_FROM].n && !ck_arena_failed(maker->arena); i++) {
		struct ck_item *item = &maker->sides[CK_FROM].items[i];
		if (item->same && is_doubtful(&habits, item, item->same, item))
			doubt_kept(maker, item);
	}
}
