/* Counters and hyperparameters: scalars that mean the same under other names, or that the other side does not store at all. */
#include "compiler/scaffold/internal.h"

#include <string.h>

/*
 * What the last part of a name tells; in an optimizer, or anywhere. Where both sides have one of a role, it is the same thing; where
 * only one has, its row says what that means.
 * Source: tensorflow/python/training/{adam,training_util}.py; keras/src/optimizers; tf_keras/src/optimizers/{,legacy/}.
 */
static const struct role {
	const char *what, *in_optimizer[3], *anywhere, *shared, *lost, *made;
} roles[] = {
	{"number of steps", {"iterations", "_iterations", "iter"}, "global_step", "both count the steps",
	 "the new checkpoint counts no steps", "the source counts no steps"},
	{"learning rate", {"learning_rate", "_learning_rate", "_current_learning_rate"}, NULL, "both are the learning rate",
	 "the new checkpoint stores no learning rate", "the source stores no learning rate"},
	{"number of saves", {NULL}, "save_counter", "both count the saves", "the new checkpoint counts no saves",
	 "the source counts no saves"},
	{"power of beta 1, by the number of steps", {NULL}, "beta1_power", NULL, "it follows from the number of steps",
	 "the source stores no such power"},
	{"power of beta 2, by the number of steps", {NULL}, "beta2_power", NULL, "it follows from the number of steps",
	 "the source stores no such power"},
	{"beta 1", {"beta_1"}, NULL, "both are beta 1", "the new program sets it", "the source stores no beta 1"},
	{"beta 2", {"beta_2"}, NULL, "both are beta 2", "the new program sets it", "the source stores no beta 2"},
	{"decay", {"decay"}, NULL, "both are the decay", "the new program sets it", "the source stores no decay"},
	{"rho", {"rho"}, NULL, "both are rho", "the new program sets it", "the source stores no rho"},
	{"momentum", {"momentum"}, NULL, "both are the momentum", "the new program sets it", "the source stores no momentum"},
};

/* Does what stands before the last slash belong to an optimizer, by the object graph or by its name? */
static bool is_in_optimizer(const struct ck_side *side, struct ck_str parent)
{
	const struct ck_graph *graph = side->manifest->graph;
	int32_t node = graph ? ck_graph_find(graph, parent) : -1;
	return (node >= 0 && graph->is_optimizer[node]) || memmem(parent.p, parent.n, "optimizer", 9) != NULL;
}

static size_t role_of(const struct ck_side *side, const struct ck_item *item)
{
	struct ck_str name = item->name;
	size_t slash = ck_str_rfind(name, '/');
	struct ck_str parent = ck_str_slice(name, 0, slash < name.n ? slash : 0);
	struct ck_str last = ck_str_slice(name, slash < name.n ? slash + 1 : 0, name.n);
	if (item->variable->shape.rank || item->variable->kind != CK_VARIABLE)
		return SIZE_MAX;
	for (size_t i = 0; i < CK_COUNT(roles); i++) {
		if (roles[i].anywhere && ck_str_equal(last, ck_str(roles[i].anywhere)))
			return i;
		for (size_t k = 0; k < CK_COUNT(roles[i].in_optimizer) && roles[i].in_optimizer[k]; k++) {
			if (ck_str_equal(last, ck_str(roles[i].in_optimizer[k])) && is_in_optimizer(side, parent))
				return i;
		}
	}
	return SIZE_MAX;
}

const char *ck_role_of(const struct ck_side *side, const struct ck_item *item)
{
	size_t role = role_of(side, item);
	return role == SIZE_MAX ? NULL : roles[role].what;
}

/* Those of a role on a side that nothing accounts for; and how many there are in all. */
struct holders {
	struct ck_item *left;
	size_t n_left, n;
};

static void find_holders(struct ck_maker *maker, uint32_t side, struct holders *holders)
{
	for (size_t i = 0; i < maker->sides[side].n; i++) {
		struct ck_item *item = &maker->sides[side].items[i];
		size_t role = role_of(&maker->sides[side], item);
		if (role == SIZE_MAX)
			continue;
		holders[role].n++;
		if (item->done)
			continue;
		holders[role].left = item;
		holders[role].n_left++;
	}
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

/* All of a role on one side, when the other side has none. */
static void end_role(struct ck_maker *maker, uint32_t side, size_t number)
{
	const struct role *role = &roles[number];
	for (size_t i = 0; i < maker->sides[side].n; i++) {
		struct ck_item *item = &maker->sides[side].items[i];
		if (item->done || role_of(&maker->sides[side], item) != number)
			continue;
		bool is_lost = side == CK_FROM;
		struct ck_move *move = ck_move_add(maker, is_lost ? "drop" : "new", &item, is_lost, &item, !is_lost);
		if (!move)
			return;
		move->certainty = CK_SURE;
		move->why = CK_WHY_OTHER;
		move->reason = ck_str(is_lost ? role->lost : role->made);
		move->tail = is_lost ? ck_str_format(maker->arena, "because \"%s\"", role->lost) : CK_STR("= template");
	}
}

void ck_match_roles(struct ck_maker *maker)
{
	struct holders holders[CK_N_SIDES][CK_COUNT(roles)] = {0};
	for (uint32_t side = 0; side < CK_N_SIDES; side++)
		find_holders(maker, side, holders[side]);
	for (size_t i = 0; i < CK_COUNT(roles) && !ck_arena_failed(maker->arena); i++) {
		const struct holders *from = &holders[CK_FROM][i], *to = &holders[CK_ONTO][i];
		if (from->n_left == 1 && to->n_left == 1 && roles[i].shared)
			map_role(maker, &roles[i], from->left, to->left);
		else if (from->n_left && to->n == 0)
			end_role(maker, CK_FROM, i);
		else if (to->n_left && from->n == 0)
			end_role(maker, CK_ONTO, i);
	}
}
