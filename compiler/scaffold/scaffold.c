#include "compiler/scaffold/scaffold.h"

#include <stdlib.h>
#include <string.h>

#include "bundle/path.h"
#include "compiler/scaffold/text.h"

static const char *const certainty_names[] = {[CK_SURE] = "sure", [CK_LIKELY] = "likely", [CK_OPEN] = "open"};

const char *ck_certainty_name(enum ck_certainty certainty)
{
	return certainty_names[certainty];
}

/* What a checkpoint is called: the last part of its path, without what its files add. */
struct ck_str ck_checkpoint_name(const struct ck_manifest *manifest)
{
	struct ck_str name = ck_path_base(manifest->path), prefix;
	if (ck_str_ends(name, CK_STR(".index")) && name.n > 6)
		name.n -= 6;
	else if (ck_path_is_data(name, &prefix) && prefix.n)
		name = prefix;
	if (ck_str_equal(name, CK_STR(".")) || ck_str_equal(name, CK_STR("..")) || ck_str_equal(name, CK_STR("/")) || name.n == 0)
		name = ck_path_base(manifest->prefix);
	return name;
}

static struct ck_str migration_name(struct ck_maker *maker)
{
	struct ck_str from = ck_checkpoint_name(maker->sides[CK_FROM].manifest);
	struct ck_str dot = CK_STR(".ckpt");
	from.n -= ck_str_ends(from, dot) && from.n > dot.n ? dot.n : 0;
	if (!maker->has_onto)
		return ck_str_copy(maker->arena, from);
	struct ck_str to = ck_checkpoint_name(maker->sides[CK_ONTO].manifest);
	to.n -= ck_str_ends(to, dot) && to.n > dot.n ? dot.n : 0;
	if (ck_str_equal(from, to))
		return ck_str_copy(maker->arena, from);
	return ck_str_format(maker->arena, "%.*s to %.*s", CK_STR_ARG(from), CK_STR_ARG(to));
}

/* A first part of names that neither checkpoint has. */
static void choose_marker(struct ck_maker *maker)
{
	struct ck_str marker = CK_STR("TODO");
	for (bool taken = true; taken && marker.p;) {
		taken = false;
		for (uint32_t side = 0; side < CK_N_SIDES; side++) {
			for (size_t i = 0; i < maker->sides[side].n && !taken; i++)
				taken = ck_str_starts(maker->sides[side].items[i].name, marker);
		}
		if (taken)
			marker = ck_str_format(maker->arena, "%.*s_", CK_STR_ARG(marker));
	}
	maker->marker = marker.p;
	maker->marker_slash = marker.p ? ck_str_format(maker->arena, "%.*s/", CK_STR_ARG(marker)).p : NULL;
}

static bool maker_init(struct ck_maker *maker, struct ck_arena *arena, const struct ck_manifest *source, const struct ck_manifest *onto)
{
	*maker = (struct ck_maker){.arena = arena, .has_onto = onto != NULL};
	ck_map_init(&maker->word_numbers, arena);
	ck_map_init(&maker->type_numbers, arena);
	ck_map_init(&maker->change_numbers, arena);
	ck_map_init(&maker->part_numbers, arena);
	ck_map_init(&maker->votes, arena);
	/* Number 0 stands for "no hints". */
	if (!ck_arena_grow(arena, (void **)&maker->hints, 0, &maker->hints_capacity, sizeof(*maker->hints)))
		return false;
	maker->hints[maker->n_hints++] = (struct ck_hints){0};
	ck_side_read(maker, CK_FROM, source);
	if (onto)
		ck_side_read(maker, CK_ONTO, onto);
	choose_marker(maker);
	ck_words_weigh(maker);
	return !ck_arena_failed(arena) && !maker->failed;
}

/* ---- the order of statements */

/* One statement and where it stands. */
struct place {
	struct ck_draft draft;
	int section;
	size_t order, number;
};

static int section_of(const struct ck_move *move)
{
	static const char *const kinds[] = {"map", "keep", "drop", "slots", "new"};
	for (size_t i = 0; i < CK_COUNT(kinds) && move->certainty != CK_OPEN; i++) {
		if (strcmp(move->kind, kinds[i]) == 0)
			return (int)i;
	}
	return (int)CK_COUNT(kinds) + (move->sources[0].prefix[0] != '\0');
}

static size_t order_of(const struct ck_maker *maker, const struct ck_draft *draft)
{
	size_t least = SIZE_MAX;
	for (size_t i = 0; i < draft->n_moves; i++) {
		const struct ck_move *move = draft->moves[i];
		for (size_t k = 0; k < move->n_sources + move->n_targets; k++) {
			const struct ck_item *item = k < move->n_sources ? move->sources[k].item : move->targets[k - move->n_sources].item;
			size_t order = (size_t)(item - maker->sides[item->side].items);
			if ((item->side == CK_FROM || move->n_sources == 0 || move->sources[0].prefix[0]) && order < least)
				least = order;
		}
	}
	return least;
}

static int compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

/* ---- the file */

static void keep_by_name(struct ck_maker *maker)
{
	struct ck_side *side = &maker->sides[CK_FROM];
	for (size_t i = 0; i < side->n; i++) {
		struct ck_item *item = &side->items[i];
		struct ck_move *move = item->same ? ck_move_add(maker, "keep", &item, 1, NULL, 0) : NULL;
		if (move) {
			move->certainty = CK_SURE;
			move->why = CK_WHY_OTHER;
			move->reason = CK_STR("the same name, dtype and shape");
		}
	}
}

static void keep_rest(struct ck_maker *maker, struct ck_scaffold_statement *statement)
{
	struct ck_side *side = &maker->sides[CK_FROM];
	struct ck_buf reason = {0};
	*statement = (struct ck_scaffold_statement){.kind = "keep", .certainty = CK_SURE, .text = CK_STR("keep rest")};
	statement->sources = ck_arena_array(maker->arena, maker->n_kept, sizeof(*statement->sources));
	statement->targets = statement->sources;
	for (size_t i = 0; i < side->n && statement->sources; i++) {
		if (side->items[i].same)
			statement->sources[statement->n_sources++] = side->items[i].name;
	}
	statement->n_targets = statement->n_sources;
	ck_buf_printf(&reason, "the same name, dtype and shape, %zu variable%s", maker->n_kept, maker->n_kept == 1 ? "" : "s");
	statement->reason = ck_str_copy(maker->arena, ck_buf_view(&reason));
	maker->failed |= reason.failed;
	ck_buf_clear(&reason);
}

/* Drafts in the order of the text; *ret_n of them. */
static struct place *sort_drafts(struct ck_maker *maker, const struct ck_draft_list *drafts, size_t *ret_n)
{
	struct place *places = ck_arena_array(maker->arena, drafts->n + maker->n_moves + 1, sizeof(*places));
	size_t n = 0;
	for (size_t i = 0; i < drafts->n && places; i++) {
		const struct ck_draft *draft = &drafts->items[i];
		if (!draft->done) {
			places[n] = (struct place){*draft, section_of(draft->moves[0]), order_of(maker, draft), n};
			n++;
		}
	}
	for (size_t i = 0; i < maker->n_moves && places; i++) {
		const struct ck_move **move = maker->moves[i].fixed.p ? ck_arena_alloc(maker->arena, sizeof(*move)) : NULL;
		if (!move)
			continue;
		*move = &maker->moves[i];
		places[n] = (struct place){{.moves = move, .n_moves = 1}, section_of(*move), 0, n};
		n++;
	}
	if (n > 1)
		qsort(places, n, sizeof(*places), compare_places);
	*ret_n = n;
	return places;
}

static void make_statements(struct ck_maker *maker, struct ck_scaffold *scaffold)
{
	struct ck_draft_list drafts = {0};
	size_t n, first = maker->n_moves;
	ck_drafts_make(maker, maker->moves, maker->n_moves, &drafts);
	ck_drafts_collapse(maker, &drafts);
	if (maker->keeps_by_name) {
		keep_by_name(maker);
		if (maker->n_moves > first)
			ck_drafts_make(maker, maker->moves + first, maker->n_moves - first, &drafts);
	}
	ck_drafts_merge(maker, &drafts);
	const struct place *places = sort_drafts(maker, &drafts, &n);
	scaffold->statements = ck_arena_array(maker->arena, n + 1, sizeof(*scaffold->statements));
	for (size_t i = 0; i < n && places && scaffold->statements && !ck_arena_failed(maker->arena); i++) {
		struct ck_scaffold_statement *statement = &scaffold->statements[scaffold->n_statements++];
		*statement = ck_draft_finish(maker, &places[i].draft);
		scaffold->n_open += statement->certainty == CK_OPEN;
	}
	if (scaffold->statements && maker->n_kept && !maker->keeps_by_name)
		keep_rest(maker, &scaffold->statements[scaffold->n_statements++]);
}

static void put_head(struct ck_maker *maker, const struct ck_scaffold *scaffold, struct ck_buf *out)
{
	struct ck_buf line = {0};
	ck_buf_str(&line, CK_STR("A first migration from \""));
	ck_buf_name(&line, ck_checkpoint_name(maker->sides[CK_FROM].manifest));
	ck_buf_str(&line, CK_STR("\" onto \""));
	ck_buf_name(&line, ck_checkpoint_name(maker->sides[CK_ONTO].manifest));
	ck_buf_str(&line, CK_STR("\", to be read: `sure` and `likely` statements fit, and the comment says why they were chosen"));
	if (scaffold->n_open)
		ck_buf_printf(&line, "; `open` ones (%zu, at the end, with %s) do not fit until somebody fills them in", scaffold->n_open,
			      maker->marker);
	if (maker->sides[CK_FROM].n_slots && maker->sides[CK_ONTO].n_slots)
		ck_buf_str(&line, CK_STR(". Optimizer slots follow their variables"));
	ck_buf_str(&line, CK_STR(". To check it: ckmig plan --onto NEW FILE SOURCE"));
	ck_buf_str(out, CK_STR("ckmig 1\n\n"));
	ck_put_comment(out, ck_buf_view(&line), false);
	out->failed |= line.failed;
	ck_buf_clear(&line);
	ck_buf_str(out, CK_STR("migration \""));
	ck_buf_name(out, scaffold->migration);
	ck_buf_str(out, CK_STR("\"\n\n"));
}

static void put_all(struct ck_maker *maker, struct ck_scaffold *scaffold)
{
	struct ck_buf out = {0};
	put_head(maker, scaffold, &out);
	for (size_t i = 0; i < scaffold->n_statements; i++)
		ck_put_statement(&out, &scaffold->statements[i]);
	out.n -= out.n && !out.failed;	/* the last empty line */
	scaffold->text = ck_str_copy(maker->arena, ck_buf_view(&out));
	maker->failed |= out.failed;
	ck_buf_clear(&out);
}

static void make_onto(struct ck_maker *maker, struct ck_scaffold *scaffold)
{
	ck_match_exact(maker);
	ck_match_roles(maker);
	ck_match_all(maker);
	ck_match_doubts(maker);
	ck_match_slots(maker);
	ck_match_open(maker);
	if (ck_arena_failed(maker->arena) || maker->failed)
		return;
	make_statements(maker, scaffold);
	put_all(maker, scaffold);
}

/* No statement can be about one of two variables that have the same name. */
static enum ck_code check_names(const struct ck_maker *maker, struct ck_diags *diags)
{
	for (int number = CK_FROM; number <= CK_ONTO; number++) {
		const struct ck_side *side = &maker->sides[number];
		for (size_t i = 1; i < side->n; i++) {
			const struct ck_item *one = &side->items[i - 1], *two = &side->items[i];
			if (!ck_str_equal(one->name, two->name))
				continue;
			struct ck_diag *diag = ck_error(diags, CK_AMBIGUOUS_NAME, (struct ck_span){0}, "two variables of \"%.*s\" have the name \"%.*s\"",
							CK_STR_ARG(ck_name_text(maker->arena, ck_checkpoint_name(side->manifest))),
							CK_STR_ARG(ck_name_text(maker->arena, one->name)));
			ck_diag_note(diags, diag, "their keys are \"%.*s\" and \"%.*s\"", CK_STR_ARG(ck_name_text(maker->arena, one->variable->key)),
				     CK_STR_ARG(ck_name_text(maker->arena, two->variable->key)));
			ck_diag_help(diags, diag, "no migration can tell them apart; save a checkpoint that has one of them");
			return CK_AMBIGUOUS_NAME;
		}
	}
	return CK_OK;
}

enum ck_code ck_scaffold(const struct ck_manifest *source, const struct ck_manifest *onto, struct ck_arena *arena, struct ck_diags *diags,
			 struct ck_scaffold **ret_scaffold)
{
	struct ck_maker maker;
	struct ck_scaffold *scaffold = ck_arena_alloc(arena, sizeof(*scaffold));
	if (!scaffold || !maker_init(&maker, arena, source, onto))
		return ck_error_nomem(diags);
	enum ck_code code = onto ? check_names(&maker, diags) : CK_OK;
	if (code)
		return code;
	scaffold->marker = ck_str(maker.marker);
	scaffold->migration = migration_name(&maker);
	if (onto)
		make_onto(&maker, scaffold);
	else
		ck_scaffold_alone(&maker, scaffold);
	if (ck_arena_failed(arena) || maker.failed)
		return ck_error_nomem(diags);
	*ret_scaffold = scaffold;
	return CK_OK;
}
