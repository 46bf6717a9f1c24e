/* What nobody but the author can decide: statements that name what is not there, with what else could stand in their place. */
#include "compiler/scaffold/text.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_CANDIDATES = 3 };

/* The best candidates of one unit. */
struct choice {
	const struct ck_candidate *items[MAX_CANDIDATES];
	size_t n, n_all;
};

static void offer(struct choice *choice, const struct ck_candidate *candidate)
{
	size_t at = choice->n < MAX_CANDIDATES ? choice->n++ : MAX_CANDIDATES;
	choice->n_all++;
	for (; at > 0 && candidate->score > choice->items[at - 1]->score; at--) {
		if (at < MAX_CANDIDATES)
			choice->items[at] = choice->items[at - 1];
	}
	if (at < MAX_CANDIDATES)
		choice->items[at] = candidate;
}

/* The statement that a candidate would be. */
static struct ck_str candidate_text(struct ck_maker *maker, const struct ck_candidate *candidate)
{
	size_t n = candidate->from->n;
	struct ck_move *moves = ck_arena_array(maker->arena, n, sizeof(*moves));
	struct ck_term *terms = ck_arena_array(maker->arena, 2 * n, sizeof(*terms));
	struct ck_draft_list drafts = {0};
	for (size_t i = 0; i < n && moves && terms; i++) {
		struct ck_item *from = candidate->from->items[i], *to = candidate->to->items[i];
		terms[2 * i] = (struct ck_term){from, "", ""};
		terms[2 * i + 1] = (struct ck_term){to, "", ""};
		moves[i] = (struct ck_move){.kind = "map", .change = ck_change_find(maker, from->type, to->type), .position = SIZE_MAX,
					    .sources = &terms[2 * i], .targets = &terms[2 * i + 1], .n_sources = 1, .n_targets = 1};
	}
	if (moves && terms)
		ck_drafts_make(maker, moves, n, &drafts);
	if (drafts.n == 0)
		return CK_STR("");
	struct ck_str text = ck_draft_text(maker, &drafts.items[0]);
	const char *cut = candidate->change->kind == CK_CHANGE_CUT ? "   # loses values" : "";
	const char *doubt = candidate->change->ambiguous ? "   # or another order of axes" : cut;
	return ck_str_format(maker->arena, "%.*s%s%s", CK_STR_ARG(text), doubt, drafts.n > 1 ? "   # and more like it" : "");
}

static size_t add_hints(struct ck_maker *maker, const struct choice *choice)
{
	struct ck_str *items = ck_arena_array(maker->arena, MAX_CANDIDATES, sizeof(*items));
	if (choice->n == 0 || !items ||
	    !ck_arena_grow(maker->arena, (void **)&maker->hints, maker->n_hints, &maker->hints_capacity, sizeof(*maker->hints)))
		return 0;
	for (size_t i = 0; i < choice->n; i++)
		items[i] = candidate_text(maker, choice->items[i]);
	maker->hints[maker->n_hints] = (struct ck_hints){items, choice->n};
	return maker->n_hints++;
}

static struct ck_str reason_of(struct ck_maker *maker, const struct choice *choice, bool of_source)
{
	if (choice->n == 0)
		return of_source ? CK_STR("nothing in the new checkpoint is like it") : CK_STR("nothing in the source is like it");
	if (choice->n_all > 1)
		return ck_str_format(maker->arena, "it could be any of %zu", choice->n_all);
	if (choice->items[0]->change->ambiguous)
		return CK_STR("its axes could go two ways");
	return choice->items[0]->change->kind == CK_CHANGE_CUT ? CK_STR("what is like it is smaller")
		: CK_STR("it could be this, but that is not sure");
}

static void open_unit(struct ck_maker *maker, const struct ck_unit *unit, const struct choice *choice)
{
	bool of_source = unit->items[0]->side == CK_FROM;
	size_t hints = add_hints(maker, choice);
	struct ck_str reason = reason_of(maker, choice, of_source);
	for (size_t i = 0; i < unit->n; i++) {
		struct ck_move *move = ck_move_add(maker, "map", &unit->items[i], 1, &unit->items[i], 1);
		if (!move)
			return;
		(of_source ? move->targets : move->sources)->prefix = maker->marker_slash;
		move->certainty = CK_OPEN;
		move->why = CK_WHY_OPEN;
		move->reason = reason;
		move->hints = hints;
	}
}

/* ---- one name on both sides, with types that no one operator explains, or none that keeps all values */

static void open_same_names(struct ck_maker *maker)
{
	struct ck_side *sides = maker->sides;
	for (size_t i = 0; i < sides[CK_FROM].n && !ck_arena_failed(maker->arena); i++) {
		struct ck_item *item = &sides[CK_FROM].items[i], *other;
		size_t at;
		if (item->done || !ck_map_get(&sides[CK_ONTO].by_name, item->name, &at) || sides[CK_ONTO].items[at].done)
			continue;
		other = &sides[CK_ONTO].items[at];
		const struct ck_change *change = ck_change_find(maker, item->type, other->type);
		struct ck_move *move = ck_move_add(maker, "map", &item, 1, &other, 1);
		if (!move || !change)
			return;
		move->targets[0].prefix = maker->marker_slash;
		move->certainty = CK_OPEN;
		move->why = CK_WHY_OPEN;
		move->other = change->text;
		if (change->kind == CK_CHANGE_NONE)
			move->reason = CK_STR("the same name, but no one operator makes the new type");
		else if (change->kind == CK_CHANGE_CUT)
			move->reason = CK_STR("the same name, but the new one is smaller");
		else
			move->reason = CK_STR("the same name, but its axes could go two ways");
	}
}

/* ---- all of it */

/* Worth to be shown: all of the same type, others when the names are alike too. */
static bool is_worth(const struct ck_candidate *candidate)
{
	static const double worth_showing = 0.45, worth_resizing = 0.75;
	if (candidate->change->kind == CK_CHANGE_SAME && !candidate->change->casts)
		return true;
	bool resizes = candidate->change->kind == CK_CHANGE_GROW || candidate->change->kind == CK_CHANGE_CUT;
	return candidate->score >= (resizes ? worth_resizing : worth_showing);
}

/* Candidates among the units of both sides; where a unit has none, among single variables for its first. */
static void find_choices(struct ck_maker *maker, struct ck_units *units, struct choice **choices)
{
	struct ck_units singles[CK_N_SIDES];
	size_t n, *unit_of[CK_N_SIDES];
	const struct ck_candidate *candidates = ck_candidates_find(maker, &units[CK_FROM], &units[CK_ONTO], &n);
	for (size_t i = 0; i < n && candidates; i++) {
		if (!is_worth(&candidates[i]))
			continue;
		offer(&choices[CK_FROM][candidates[i].from->number], &candidates[i]);
		offer(&choices[CK_ONTO][candidates[i].to->number], &candidates[i]);
	}
	for (uint32_t side = 0; side < CK_N_SIDES; side++) {
		singles[side] = ck_units_make(maker, side, true);
		unit_of[side] = ck_arena_array(maker->arena, singles[side].n + 1, sizeof(size_t));
		if (!unit_of[side])
			return;
		/* Single units come in the order of the units that they are of. */
		for (size_t i = 0, k = 0; i < units[side].n; k += units[side].items[i++].n)
			unit_of[side][k] = choices[side][i].n ? 0 : i + 1;
	}
	candidates = ck_candidates_find(maker, &singles[CK_FROM], &singles[CK_ONTO], &n);
	for (size_t i = 0; i < n && candidates; i++) {
		size_t from = unit_of[CK_FROM][candidates[i].from->number], to = unit_of[CK_ONTO][candidates[i].to->number];
		if (from && is_worth(&candidates[i]))
			offer(&choices[CK_FROM][from - 1], &candidates[i]);
		if (to && is_worth(&candidates[i]))
			offer(&choices[CK_ONTO][to - 1], &candidates[i]);
	}
}

/* Where one is far better than the others, they are not worth a line. */
static void narrow(struct choice *choice)
{
	const double far = 0.25;
	if (choice->n > 1 && choice->items[0]->score - choice->items[1]->score > far)
		choice->n = choice->n_all = 1;
}

void ck_match_open(struct ck_maker *maker)
{
	struct ck_units units[CK_N_SIDES];
	struct choice *choices[CK_N_SIDES];
	open_same_names(maker);
	for (uint32_t side = 0; side < CK_N_SIDES; side++) {
		units[side] = ck_units_make(maker, side, false);
		choices[side] = ck_arena_array(maker->arena, units[side].n + 1, sizeof(struct choice));
	}
	if (ck_arena_failed(maker->arena))
		return;
	find_choices(maker, units, choices);
	for (uint32_t side = 0; side < CK_N_SIDES; side++) {
		for (size_t i = 0; i < units[side].n && !ck_arena_failed(maker->arena); i++) {
			narrow(&choices[side][i]);
			open_unit(maker, &units[side].items[i], &choices[side][i]);
		}
	}
}
