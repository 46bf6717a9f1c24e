/* Optimizer slots follow their variables by themselves. Statements are needed only where the new checkpoint lacks or changes them. */
#include "compiler/scaffold/internal.h"

#include <string.h>

/* One slot name, over all variables that are carried. */
struct slot {
	struct ck_str name;
	size_t n_there, n_lacking;	/* variables whose image has it, or has not */
	size_t n_unfilled;		/* images that have it, of variables that have not */
	const char *suffix;		/* "@m" */
	const struct slot *instead;	/* of one that is lacking: one that is unfilled; NULL: none */
};

struct slots {
	struct ck_maker *maker;
	struct slot *items;
	size_t n, capacity;
	size_t n_moves;			/* of variables: those after them are of slots */
};

static struct slot *find_slot(struct slots *slots, struct ck_str name)
{
	for (size_t i = 0; i < slots->n; i++) {
		if (ck_str_equal(slots->items[i].name, name))
			return &slots->items[i];
	}
	struct ck_arena *arena = slots->maker->arena;
	if (!ck_arena_grow(arena, (void **)&slots->items, slots->n, &slots->capacity, sizeof(*slots->items)))
		return NULL;
	slots->items[slots->n] = (struct slot){.name = name, .suffix = ck_str_format(arena, "@%.*s", CK_STR_ARG(name)).p};
	return slots->items[slots->n].suffix ? &slots->items[slots->n++] : NULL;
}

/* The first slot of an item, SIZE_MAX: none. */
static size_t first_slot(const struct ck_maker *maker, const struct ck_item *item)
{
	const struct ck_side *side = &maker->sides[item->side];
	return side->first_slot[item->variable - side->manifest->variables];
}

static const struct ck_variable *slot_of(const struct ck_maker *maker, const struct ck_item *item, struct ck_str name)
{
	const struct ck_side *side = &maker->sides[item->side];
	for (size_t i = first_slot(maker, item); i != SIZE_MAX; i = side->next_slot[i]) {
		if (ck_str_equal(side->manifest->variables[i].slot, name))
			return &side->manifest->variables[i];
	}
	return NULL;
}

static void fixed_move(struct ck_maker *maker, const char *kind, struct ck_str text, struct ck_str reason)
{
	struct ck_move *move = ck_move_add(maker, kind, NULL, 0, NULL, 0);
	if (move) {
		move->certainty = CK_SURE;
		move->why = CK_WHY_OTHER;
		move->fixed = text;
		move->reason = reason;
	}
}

/* Calls visit for each variable that is carried, and what it becomes (perhaps with others, or with others beside it). */
static void visit_all(struct slots *slots, void (*visit)(struct slots *slots, const struct ck_item *from, const struct ck_item *to,
							 const struct ck_move *move))
{
	struct ck_maker *maker = slots->maker;
	for (size_t i = 0; i < maker->sides[CK_FROM].n; i++) {
		const struct ck_item *item = &maker->sides[CK_FROM].items[i];
		if (item->same)
			visit(slots, item, item->same, NULL);
	}
	/* Moves that a visitor adds are about slots themselves. */
	for (size_t i = 0, n = slots->n_moves; i < n; i++) {
		for (size_t k = 0; k < maker->moves[i].n_sources; k++) {
			for (size_t j = 0; j < maker->moves[i].n_targets; j++)
				visit(slots, maker->moves[i].sources[k].item, maker->moves[i].targets[j].item, &maker->moves[i]);
		}
	}
}

static void count(struct slots *slots, const struct ck_item *from, const struct ck_item *to, const struct ck_move *move)
{
	const struct ck_side *side = &slots->maker->sides[CK_FROM];
	(void)move;
	for (size_t i = first_slot(slots->maker, from); i != SIZE_MAX; i = side->next_slot[i]) {
		struct slot *slot = find_slot(slots, side->manifest->variables[i].slot);
		bool is_there = slot_of(slots->maker, to, side->manifest->variables[i].slot) != NULL;
		if (!slot)
			return;
		slot->n_there += is_there;
		slot->n_lacking += !is_there;
	}
	side = &slots->maker->sides[CK_ONTO];
	for (size_t i = first_slot(slots->maker, to); i != SIZE_MAX; i = side->next_slot[i]) {
		struct slot *slot = find_slot(slots, side->manifest->variables[i].slot);
		if (!slot)
			return;
		slot->n_unfilled += slot_of(slots->maker, from, slot->name) == NULL;
	}
}

/* A move like the one of its variable, about the slot. */
static struct ck_move *move_slot(struct slots *slots, const char *kind, const struct ck_item *from, const struct ck_item *to,
				 const char *suffix)
{
	struct ck_item *source = (struct ck_item *)from, *target = (struct ck_item *)to;
	struct ck_move *move = ck_move_add(slots->maker, kind, &source, 1, &target, to ? 1 : 0);
	if (!move)
		return NULL;
	move->sources[0].suffix = suffix;
	if (to)
		move->targets[0].suffix = suffix;
	move->why = CK_WHY_OTHER;
	return move;
}

static void drop_lacking(struct slots *slots, const struct ck_item *from, const struct ck_item *to, const struct ck_move *move)
{
	if (move && move->n_targets > 1)
		return;
	for (size_t i = 0; i < slots->n; i++) {
		const struct slot *slot = &slots->items[i];
		if (!slot->n_there || !slot_of(slots->maker, from, slot->name) || slot_of(slots->maker, to, slot->name))
			continue;
		struct ck_move *drop = move_slot(slots, "drop", from, NULL, slot->suffix);
		if (!drop)
			return;
		drop->certainty = CK_SURE;
		drop->reason = CK_STR("the new checkpoint has this slot for other variables only");
		drop->tail = CK_STR("because \"the new variable has no such slot\"");
	}
}

/* What is to stand at the target's place: a slot that nobody has, until somebody decides. */
static void leave_open(struct slots *slots, struct ck_move *move, const char *reason)
{
	move->certainty = CK_OPEN;
	move->why = CK_WHY_OPEN;
	move->reason = ck_str(reason);
	move->targets[0].prefix = slots->maker->marker_slash;
}

/* A slot that the new optimizer has not, while it has another that nothing fills: perhaps it is that. */
static void offer_instead(struct slots *slots, const struct ck_item *from, const struct ck_item *to, const struct ck_move *move)
{
	if (move && (move->n_sources != 1 || move->n_targets != 1))
		return;
	for (size_t i = 0; i < slots->n; i++) {
		const struct slot *slot = &slots->items[i];
		if (!slot->instead || !slot_of(slots->maker, from, slot->name))
			continue;
		struct ck_move *open = move_slot(slots, "map", from, to, slot->suffix);
		if (!open)
			return;
		leave_open(slots, open, "the new optimizer has no such slot, and another that nothing fills");
		open->targets[0].suffix = slot->instead->suffix;
		open->change = move ? move->change : NULL;
		open->is_doubt = true;
	}
}

/* Momentum is a sum of gradients in TF1 and one of steps in Keras; RMSProp's is the same in both. */
static void scale_momentum(struct slots *slots, const struct ck_item *from, const struct ck_item *to, const struct ck_move *move)
{
	const struct ck_variable *source = slot_of(slots->maker, from, CK_STR("momentum")), *target = slot_of(slots->maker, to,
													      CK_STR("momentum"));
	bool changes = source && target && (source->convention == CK_TF1) != (target->convention == CK_TF1);
	if (!changes || slot_of(slots->maker, from, CK_STR("rms")) || (move && (move->n_sources != 1 || move->n_targets != 1)))
		return;
	struct ck_move *open = move_slot(slots, "map", from, to, "@momentum");
	if (!open)
		return;
	struct ck_str shape = move && move->change ? move->change->shape_text : CK_STR("");
	leave_open(slots, open, "TF1 sums gradients, Keras steps, which are gradients times minus the learning rate; 0.01 stands for yours");
	open->other = ck_str_format(slots->maker->arena, "%.*s%sscale(%s)", CK_STR_ARG(shape), shape.n ? " | " : "",
				    target->convention == CK_TF1 ? "-100.0" : "-0.01");
}

/* A slot whose dtype is not what becomes of it when it follows: it gets a statement of its own. */
static void cast_slots(struct slots *slots, const struct ck_item *from, const struct ck_item *to, const struct ck_move *move)
{
	struct ck_maker *maker = slots->maker;
	if (move && (move->n_sources != 1 || move->n_targets != 1))
		return;
	const struct ck_change *change = move ? move->change : NULL;
	for (size_t i = 0; i < slots->n; i++) {
		const struct ck_variable *source = slot_of(maker, from, slots->items[i].name);
		const struct ck_variable *target = slot_of(maker, to, slots->items[i].name);
		if (!source || !target || (change && change->casts ? maker->types[to->type].dtype : source->dtype) == target->dtype)
			continue;
		struct ck_change *own = ck_arena_alloc(maker->arena, sizeof(*own));
		struct ck_move *map = own ? move_slot(slots, "map", from, to, slots->items[i].suffix) : NULL;
		if (!map)
			return;
		if (change)
			*own = *change;
		own->text = own->shape_text;
		if (source->dtype != target->dtype)
			own->text = ck_str_format(maker->arena, "%.*s%scast(%s)", CK_STR_ARG(own->shape_text), own->shape_text.n ? " | " : "",
						  ck_dtype_name(target->dtype));
		map->change = own;
		map->certainty = CK_LIKELY;
		map->reason = CK_STR("its dtype is not the variable's");
	}
}

void ck_match_slots(struct ck_maker *maker)
{
	struct slots slots = {.maker = maker, .n_moves = maker->n_moves};
	if (maker->sides[CK_FROM].n_slots == 0)
		return;
	if (maker->sides[CK_ONTO].n_slots == 0) {
		fixed_move(maker, "slots", CK_STR("slots drop because \"the new checkpoint has no optimizer slots\""),
			   CK_STR("the new checkpoint has none"));
		return;
	}
	size_t n_gone = 0;
	visit_all(&slots, count);
	for (size_t i = 0; i < slots.n; i++)
		n_gone += slots.items[i].n_lacking && !slots.items[i].n_there;
	for (size_t i = 0; i < slots.n; i++) {
		struct slot *slot = &slots.items[i];
		if (slot->n_lacking == 0 || slot->n_there)
			continue;
		/* Adam's two are no momentum; Lion's one is called so in Keras 2. */
		for (size_t k = 0; k < slots.n && !slot->instead && n_gone == 1; k++)
			slot->instead = slots.items[k].n_unfilled && !slots.items[k].n_there ? &slots.items[k] : NULL;
		if (slot->instead)
			continue;
		struct ck_str text = ck_str_format(maker->arena, "drop \"**@%.*s\" because \"the new checkpoint has no such slot\"",
						   CK_STR_ARG(ck_quote_pattern(maker, slot->name)));
		fixed_move(maker, "drop", text, CK_STR("no variable of the new checkpoint has this slot"));
	}
	/* Each adds moves of slots, which have no slots themselves. */
	visit_all(&slots, drop_lacking);
	visit_all(&slots, cast_slots);
	visit_all(&slots, offer_instead);
	visit_all(&slots, scale_momentum);
}
