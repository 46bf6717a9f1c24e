/* Counters and hyperparameters: scalars that mean the same under other names, or that the other side does not store at all. */
#include <string.h>

#include "bundle/counters.h"
#include "compiler/scaffold/internal.h"

enum { CK_ROLE_SAVES = CK_COUNTER_OTHER + 1, CK_N_ROLES };

/*
 * What a role is; why two are one; why one of the source is dropped, and one of the new checkpoint taken from it; and where what the
 * new program would start with may be wrong, what else it could be.
 */
static const struct role {
	const char *what, *shared, *lost, *made, *doubt, *hint;
} roles[CK_N_ROLES] = {
	[CK_COUNTER_STEPS] = {.what = "number of steps", .shared = "both count the steps", .lost = "the new checkpoint counts no steps",
			      .made = "the source has made no steps", .hint = "new \"%s\" = const(...)   # its steps",
			      .doubt = "the source has been trained, and does not say for how many steps"},
	[CK_COUNTER_POWER_1] = {.what = "beta 1 to the power of the steps", .shared = "both are the power of beta 1",
				.lost = "it follows from the number of steps", .made = "the source has made no steps",
				.hint = "new \"%s\" = const(...)   # beta_1 ** (steps + 1)",
				.doubt = "it is beta 1 to the power of steps + 1, and the steps are a value"},
	[CK_COUNTER_POWER_2] = {.what = "beta 2 to the power of the steps", .shared = "both are the power of beta 2",
				.lost = "it follows from the number of steps", .made = "the source has made no steps",
				.hint = "new \"%s\" = const(...)   # beta_2 ** (steps + 1)",
				.doubt = "it is beta 2 to the power of steps + 1, and the steps are a value"},
	[CK_COUNTER_RATE] = {.what = "learning rate", .shared = "both are the learning rate", .lost = "the new checkpoint stores no learning rate",
			     .made = "the source stores no learning rate"},
	[CK_COUNTER_SCHEDULE] = {.what = "product of Nadam's momentums", .shared = "both are the product of momentums",
				 .lost = "the new optimizer has no such schedule", .made = "the source has no such schedule"},
	[CK_COUNTER_LOSS_SCALE] = {.what = "loss scale", .shared = "both are the loss scale", .lost = "the new checkpoint stores no loss scale",
				   .made = "the source stores no loss scale"},
	[CK_COUNTER_GOOD_STEPS] = {.what = "steps since the loss scale changed", .shared = "both count the steps of a loss scale",
				   .lost = "the new checkpoint does not count them", .made = "the source does not count them"},
	[CK_COUNTER_OTHER] = {.what = "hyperparameter", .shared = "the same hyperparameter", .lost = "the new program sets it",
			      .made = "the source does not store it"},
	[CK_ROLE_SAVES] = {.what = "number of saves", .shared = "both count the saves", .lost = "the new checkpoint counts no saves",
			   .made = "the source counts no saves"},
};

/* An optimizer without slots looks like any object; one that is called so is taken for one. */
static bool is_called_optimizer(struct ck_str name)
{
	size_t slash = ck_str_rfind(name, '/');
	struct ck_str parent = ck_str_slice(name, 0, slash < name.n ? slash : 0);
	slash = ck_str_rfind(parent, '/');
	return ck_str_equal(slash < parent.n ? ck_str_slice(parent, slash + 1, parent.n) : parent, CK_STR("optimizer"));
}

uint32_t ck_role_find(const struct ck_manifest *manifest, const struct ck_variable *variable)
{
	enum ck_counter found = ck_counter_find(manifest, variable);
	bool is_plain = variable->kind == CK_VARIABLE && variable->convention == CK_CONVENTION_NONE && variable->shape.rank == 0;
	if (is_plain && ck_str_equal(variable->name, CK_STR("save_counter")))
		return CK_ROLE_SAVES;
	if (found == CK_COUNTER_NONE && is_plain && manifest->object_based && is_called_optimizer(variable->name))
		found = ck_counter_called(ck_counter_segment(variable->name, false), true);
	return found;
}

const char *ck_role_name(uint32_t role)
{
	return roles[role].what;
}

/* Do two of a role mean the same? Hyperparameters when they are called the same. */
static bool may_share(const struct ck_item *a, const struct ck_item *b, size_t role)
{
	return role != CK_COUNTER_OTHER || ck_str_equal(ck_counter_segment(a->name, false), ck_counter_segment(b->name, false));
}

/* The only one of a role on a side that nothing accounts for (and that could be `like`); and whether there is any at all. */
static struct ck_item *only_left(struct ck_maker *maker, uint32_t number, size_t role, const struct ck_item *like, bool *ret_any)
{
	struct ck_side *side = &maker->sides[number];
	struct ck_item *found = NULL;
	size_t n = 0;
	*ret_any = false;
	for (size_t i = 0; i < side->n; i++) {
		struct ck_item *item = &side->items[i];
		if (item->role != role || (like && !may_share(like, item, role)))
			continue;
		*ret_any = true;
		n += !item->done;
		found = item->done ? found : item;
	}
	return n == 1 ? found : NULL;
}

static void map_role(struct ck_maker *maker, const struct role *role, struct ck_item *from, struct ck_item *to)
{
	const struct ck_change *change = ck_change_find(maker, from->type, to->type);
	if (!change || change->kind != CK_CHANGE_SAME)
		return;
	struct ck_move *move = ck_move_add(maker, "map", &from, 1, &to, 1);
	if (!move)
		return;
	move->change = change;
	move->certainty = change->casts ? CK_LIKELY : CK_SURE;
	move->why = CK_WHY_OTHER;
	move->reason = ck_str(role->shared);
}

static void drop_role(struct ck_maker *maker, const struct role *role, struct ck_item *item)
{
	struct ck_move *move = ck_move_add(maker, "drop", &item, 1, NULL, 0);
	if (!move)
		return;
	move->certainty = CK_SURE;
	move->why = CK_WHY_OTHER;
	move->reason = ck_str(role->lost);
	move->tail = ck_str_format(maker->arena, "because \"%s\"", role->lost);
}

static void make_role(struct ck_maker *maker, const struct role *role, struct ck_item *item)
{
	struct ck_move *move = ck_move_add(maker, "new", NULL, 0, &item, 1);
	if (!move)
		return;
	move->certainty = CK_SURE;
	move->why = CK_WHY_OTHER;
	move->reason = ck_str(role->made);
	move->tail = CK_STR("= template");
}

/* What a program starts with is not what the state that it is given needs. */
static void doubt_role(struct ck_maker *maker, const struct role *role, struct ck_item *item)
{
	struct ck_str *hint = ck_arena_array(maker->arena, 1, sizeof(*hint));
	struct ck_move *move = hint ? ck_move_add(maker, "map", &item, 1, &item, 1) : NULL;
	if (!move || !ck_arena_grow(maker->arena, (void **)&maker->hints, maker->n_hints, &maker->hints_capacity, sizeof(*maker->hints)))
		return;
	hint[0] = ck_str_format(maker->arena, role->hint, ck_quote_pattern(maker, item->name).p);
	move->hints = maker->n_hints;
	maker->hints[maker->n_hints++] = (struct ck_hints){hint, 1};
	move->sources[0].prefix = maker->marker_slash;
	move->certainty = CK_OPEN;
	move->why = CK_WHY_OPEN;
	move->reason = ck_str(role->doubt);
}

static bool has_trained(struct ck_maker *maker)
{
	static const size_t signs[] = {CK_COUNTER_STEPS, CK_COUNTER_POWER_1, CK_COUNTER_POWER_2};
	bool any = maker->sides[CK_FROM].n_slots > 0;
	for (size_t i = 0; i < CK_COUNT(signs) && !any; i++)
		(void)only_left(maker, CK_FROM, signs[i], NULL, &any);
	return any;
}

/* An item of one side whose role the other side has not; nothing when that has several, or none that is left. */
static void end_role(struct ck_maker *maker, size_t number, struct ck_item *item)
{
	bool any;
	(void)only_left(maker, item->side == CK_FROM ? CK_ONTO : CK_FROM, number, item, &any);
	if (any)
		return;
	if (item->side == CK_FROM)
		drop_role(maker, &roles[number], item);
	else if (roles[number].doubt && has_trained(maker))
		doubt_role(maker, &roles[number], item);
	else
		make_role(maker, &roles[number], item);
}

void ck_match_roles(struct ck_maker *maker)
{
	bool any;
	for (uint32_t number = 0; number < CK_N_SIDES; number++) {
		struct ck_side *side = &maker->sides[number];
		for (size_t i = 0; i < side->n && !ck_arena_failed(maker->arena); i++) {
			struct ck_item *item = &side->items[i];
			uint32_t role = item->done ? 0 : item->role;
			if (!role)
				continue;
			bool is_only = only_left(maker, number, role, item, &any) == item;
			struct ck_item *other = only_left(maker, number == CK_FROM ? CK_ONTO : CK_FROM, role, item, &any);
			if (is_only && other && number == CK_FROM)
				map_role(maker, &roles[role], item, other);
			else
				end_role(maker, role, item);
		}
	}
}
