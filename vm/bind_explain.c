/* Why a pattern matches nothing, and what would match instead. It is tried out on the checkpoint's own names. */
#include "vm/bind_explain.h"

#include <string.h>

enum { MAX_LOOKS = 1 << 19 };	/* names, of all explanations together */

/* ---- the name is there, but not like this */

/* All that match are claimed by plain patterns already. */
static bool tell_taken(struct ck_explain *explain)
{
	struct ck_binder *binder = explain->binder;
	struct ck_relation found;
	size_t n, n_labels = 0;

	if (!explain->source->rest || explain->unit->is_check)
		return false;
	n = ck_explain_count(explain, explain->pattern, &found);
	for (size_t i = 0; i < n && n_labels < 3; i++) {
		const struct ck_claim *claim = explain->subjects->claims[ck_explain_variable(&found, i)];
		bool told = false;

		for (size_t j = 0; claim && j < i; j++) {
			const struct ck_claim *before = explain->subjects->claims[ck_explain_variable(&found, j)];

			told = told || (before && before->rule == claim->rule);
		}
		if (!claim || told)
			continue;
		ck_diag_label(binder->diags, explain->diag, ck_unit_span(binder, &binder->units[claim->rule], claim->insn), "takes \"%.*s\"",
			      CK_STR_ARG(ck_explain_label(explain, ck_explain_variable(&found, i))));
		n_labels++;
	}
	if (!n)
		return false;
	ck_diag_note(binder->diags, explain->diag, "plain patterns take all %zu that match it", n);
	ck_diag_help(binder->diags, explain->diag, "`rest:` is what plain patterns leave: delete this statement, or narrow theirs");
	return true;
}

/* How names are asked for: what the pattern would find so, and how that is told. */
static bool tell_by(struct ck_explain *explain, uint32_t by)
{
	struct ck_diags *diags = explain->binder->diags;
	Ck__Plan__Pattern other = *explain->pattern;
	struct ck_relation found;
	size_t n;

	if (by == explain->pattern->by)
		return false;
	other.by = by;
	n = ck_explain_count(explain, &other, &found);
	if (!n)
		return false;
	if (by == CK_BY_NAME)
		ck_diag_help(diags, explain->diag, "%.*s is a name: leave the prefix out", CK_STR_ARG(ck_explain_text(explain, &other, false)));
	else
		ck_diag_help(diags, explain->diag, "%.*s is %s of \"%.*s\"%s", CK_STR_ARG(ck_explain_text(explain, &other, false)),
			     by == CK_BY_FULL ? "the full name" : "another path", CK_STR_ARG(ck_explain_label(explain, ck_explain_variable(&found, 0))),
			     n > 1 ? " and others" : "");
	return true;
}

/* Keys instead of names: of slots, and of what lies behind an object graph. */
static bool tell_key(struct ck_explain *explain)
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
			     CK_STR_ARG(ck_name_text(binder->diags->arena, variable->key)), CK_STR_ARG(ck_explain_label(explain, i)));
		if (is_slot)
			ck_diag_note(binder->diags, explain->diag, "an optimizer's slots follow their variable, unless a statement is about x@%.*s",
				     CK_STR_ARG(ck_name_text(binder->diags->arena, variable->slot)));
		return true;
	}
	return false;
}

static bool tell_other_input(struct ck_explain *explain)
{
	struct ck_binder *binder = explain->binder;
	struct ck_relation found = { 0 };

	for (uint32_t input = 0; input < binder->n_inputs; input++) {
		struct ck_str name = ck_plan_input_name(binder->plan, input);

		if (input == explain->source->input || !binder->inputs[input].given || input == CK_INPUT_TARGET)
			continue;
		if (!ck_explain_try(explain, input, explain->pattern, &found) || !found.n_rows)
			continue;
		ck_diag_help(binder->diags, explain->diag, "the %.*s has %s: write %.*s:%.*s", CK_STR_ARG(name), found.n_rows == 1 ? "one" : "some",
			     CK_STR_ARG(name), CK_STR_ARG(ck_explain_text(explain, explain->pattern, false)));
		return true;
	}
	return false;
}

/* ---- x@m */

/* The slots that the variables of a relation have, with their optimizers where the pattern has one. */
static bool collect_slots(struct ck_explain *explain, const struct ck_relation *found, struct ck_names *slots)
{
	const struct ck_subjects *subjects = explain->subjects;
	struct ck_arena *arena = explain->binder->arena;
	bool whole = false;

	for (size_t i = 0; i < explain->pattern->n_slot; i++) {
		struct ck_str text = ck_str_of(explain->pattern->slot[i]->text);

		whole = whole || ck_str_find(text, '/') < text.n;
	}
	for (size_t i = 0; i < found->n_rows; i++)
		for (size_t at = subjects->first_slot[ck_explain_variable(found, i)]; at != SIZE_MAX; at = subjects->next_slot[at]) {
			struct ck_str slot = subjects->items[at].slot, optimizer = subjects->items[at].optimizer;

			if (whole && optimizer.n)
				slot = ck_str_format(arena, "%.*s/%.*s", CK_STR_ARG(optimizer), CK_STR_ARG(slot));
			if (!ck_names_add(slots, arena, slot))
				return ck_bind_nomem(explain->binder);
		}
	return true;
}

/* Whether the variables are there, but not with such a slot. */
static bool tell_slots(struct ck_explain *explain)
{
	struct ck_diags *diags = explain->binder->diags;
	Ck__Plan__Pattern plain = *explain->pattern;
	struct ck_relation found;
	struct ck_names slots = { 0 };
	const char *have;
	size_t n;

	plain.has_slot = false;
	n = ck_explain_count(explain, &plain, &found);
	if (!n || !collect_slots(explain, &found, &slots))
		return false;
	have = n > 1 ? " and others have" : " has";
	if (slots.n)
		ck_diag_help(diags, explain->diag, "\"%.*s\"%s the slot%s %.*s", CK_STR_ARG(ck_explain_label(explain, ck_explain_variable(&found, 0))), have,
			     slots.n == 1 ? "" : "s", CK_STR_ARG(ck_explain_row(explain->binder, slots.items, slots.n)));
	else
		ck_diag_help(diags, explain->diag, "\"%.*s\"%s no optimizer slots", CK_STR_ARG(ck_explain_label(explain, ck_explain_variable(&found, 0))), have);
	return true;
}

/* ---- nearly the name */

/* The kinds that `{i:int}` and `{i:uniq}` narrow a capture to. */
static bool tell_kind(struct ck_explain *explain)
{
	Ck__Plan__Pattern *loose = ck_explain_pattern(explain, explain->pattern->by, explain->pattern->n_pieces);
	struct ck_relation found;
	uint32_t local = 0;

	for (size_t i = 0; loose && i < explain->pattern->n_pieces; i++) {
		Ck__Plan__Piece *piece = explain->pattern->pieces[i];

		loose->pieces[loose->n_pieces++] = piece;
		if (piece->kind != CK_PIECE_INT && piece->kind != CK_PIECE_UNIQ)
			continue;
		local = local ? local : piece->local;
		loose->pieces[i] = ck_explain_piece(explain, CK_PIECE_STAR, CK_STR(""));
		if (!loose->pieces[i])
			return false;
		loose->pieces[i]->local = piece->local;
	}
	if (!loose || !local || !ck_explain_count(explain, loose, &found))
		return false;
	ck_diag_help(explain->binder->diags, explain->diag, "`%.*s` captures numbers only, and in \"%.*s\" it would be \"%.*s\"",
		     CK_STR_ARG(ck_str_of(explain->unit->locals[local - 1]->name)), CK_STR_ARG(ck_explain_label(explain, ck_explain_variable(&found, 0))),
		     CK_STR_ARG(ck_name_text(explain->binder->diags->arena, found.rows[0].bindings[local - 1].text)));
	return true;
}

/* Something stands before it or behind it in names. */
static bool tell_around(struct ck_explain *explain)
{
	const Ck__Plan__Pattern *pattern = explain->pattern;
	Ck__Plan__Pattern *around = ck_explain_pattern(explain, pattern->by, pattern->n_pieces + 2);
	struct ck_relation found;

	for (int after = 0; after < 2 && around; after++) {
		size_t n = 0;

		if (!after) {
			around->pieces[n++] = ck_explain_rest(explain);
			around->pieces[n++] = ck_explain_piece(explain, CK_PIECE_LITERAL, CK_STR("/"));
		}
		memcpy(around->pieces + n, pattern->pieces, pattern->n_pieces * sizeof(*pattern->pieces));
		n += pattern->n_pieces;
		if (after) {
			around->pieces[n++] = ck_explain_piece(explain, CK_PIECE_LITERAL, CK_STR("/"));
			around->pieces[n++] = ck_explain_rest(explain);
		}
		around->n_pieces = n;
		if (ck_arena_failed(explain->binder->arena) || !ck_explain_count(explain, around, &found))
			continue;
		ck_diag_help(explain->binder->diags, explain->diag, "%.*s would match \"%.*s\"%s", CK_STR_ARG(ck_explain_text(explain, around, false)),
			     CK_STR_ARG(ck_explain_label(explain, ck_explain_variable(&found, 0))), found.n_rows > 1 ? " and others" : "");
		return true;
	}
	return false;
}

/* "a/ **" is what lies below a, not a itself. */
static bool tell_folder(struct ck_explain *explain)
{
	const Ck__Plan__Pattern *pattern = explain->pattern;
	Ck__Plan__Pattern *folder = ck_explain_pattern(explain, pattern->by, pattern->n_pieces);
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
	folder->pieces[n - 2] = ck_explain_piece(explain, CK_PIECE_LITERAL, ck_str_slice(text, 0, text.n - 1));
	folder->n_pieces = n - 1;
	if (!folder->pieces[n - 2] || !ck_explain_count(explain, folder, &found))
		return false;
	ck_diag_help(explain->binder->diags, explain->diag, "\"%.*s\" is a variable itself, and nothing lies below it",
		     CK_STR_ARG(ck_explain_label(explain, ck_explain_variable(&found, 0))));
	return true;
}

static bool tell_nearest(struct ck_explain *explain)
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

/* ---- messages */

/* The first that fits. */
static void tell_elsewhere(struct ck_explain *explain)
{
	if (tell_by(explain, CK_BY_FULL) || tell_by(explain, CK_BY_NAME) || tell_other_input(explain) || tell_kind(explain) ||
	    tell_by(explain, CK_BY_PATH) || tell_around(explain) || tell_nearest(explain))
		return;
	ck_explain_far(explain);
}

/* What would do instead. Of a slot that is not there, what would do for its variable. */
static void tell_instead(struct ck_explain *explain)
{
	Ck__Plan__Pattern plain = *explain->pattern;
	struct ck_explain of_variable = *explain;

	/* Many errors are mostly one mistake, and looking through many names takes time: the first ones are enough then. */
	if (explain->binder->diags->n_errors > CK_MAX_DIAGS || explain->binder->diags->n_errors * explain->subjects->n > MAX_LOOKS)
		return;
	if (ck_explain_open(explain->binder, explain->diag, ck_pattern_prefix(explain->pattern, explain->binder->arena)) || ck_explain_regex(explain))
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

static Ck__Plan__Local *new_local(struct ck_binder *binder, const char *name, enum ck_local_kind kind)
{
	Ck__Plan__Local *local = ck_arena_alloc(binder->arena, sizeof(*local));

	if (!local)
		return NULL;
	ck__plan__local__init(local);
	local->name = ck_bind_bytes(ck_str(name));
	local->kind = kind;
	return local;
}

static bool names_local(const struct ck_unit *unit, struct ck_str name)
{
	for (size_t i = 0; i < unit->n_locals; i++)
		if (ck_str_equal(ck_str_of(unit->locals[i]->name), name))
			return true;
	return false;
}

static bool open_explain(struct ck_binder *binder, struct ck_unit *unit, size_t insn, struct ck_explain *ret_explain)
{
	/* More than a statement can well use. */
	static const char *const numbers[] = { "i", "j", "k", "l", "m", "n", "p", "q", "r", "s", "t" };
	const Ck__Plan__Source *source = unit->code[insn]->source;
	Ck__Plan__Local **locals = ck_arena_array(binder->arena, unit->n_locals + 2 + CK_EXPLAIN_NUMBERS, sizeof(*locals));
	size_t n = unit->n_locals;

	if (!locals)
		return ck_bind_nomem(binder);
	if (n)
		memcpy(locals, unit->locals, n * sizeof(*locals));
	locals[n++] = new_local(binder, "*", CK_LOCAL_STARSTAR);
	for (size_t i = 0; i < CK_COUNT(numbers) && n < unit->n_locals + 1 + CK_EXPLAIN_NUMBERS; i++)
		if (!names_local(unit, ck_str(numbers[i])))
			locals[n++] = new_local(binder, numbers[i], CK_LOCAL_INT);
	if (ck_arena_failed(binder->arena))
		return ck_bind_nomem(binder);
	*ret_explain = (struct ck_explain){ .binder = binder, .unit = unit, .insn = insn, .source = source, .pattern = source->pattern,
					    .subjects = &binder->inputs[source->input], .locals = locals, .n_locals = n };
	return true;
}

void ck_explain_instead(struct ck_binder *binder, struct ck_unit *unit, size_t insn, struct ck_diag *diag)
{
	struct ck_explain explain;

	if (!open_explain(binder, unit, insn, &explain))
		return;
	explain.diag = diag;
	tell_instead(&explain);
}

static void tell_empty_where(struct ck_explain *explain, size_t n_left)
{
	static const char *const words[] = { [CK_RULE_MAP] = "map", [CK_RULE_KEEP] = "keep", [CK_RULE_DROP] = "drop", [CK_RULE_NEW] = "new" };
	struct ck_binder *binder = explain->binder;
	struct ck_relation found;
	struct ck_str *labels;
	size_t n = 0;

	explain->diag = ck_error(binder->diags, CK_EMPTY_WHERE, ck_unit_span(binder, explain->unit, explain->insn),
				 "the `where` of this source leaves nothing of %zu match%s", n_left, n_left == 1 ? "" : "es");
	if (!explain->source->rest && ck_explain_count(explain, explain->pattern, &found)) {
		labels = ck_arena_array(binder->arena, found.n_rows + 1, sizeof(*labels));
		for (; labels && n < found.n_rows; n++)
			labels[n] = ck_subject_label(binder, explain->source->input, ck_explain_variable(&found, n));
		if (labels)
			ck_explain_list(binder, explain->diag, labels, n);
	}
	ck_diag_help(binder->diags, explain->diag, "correct the condition; if nothing may be left, write `%s optional`",
		     words[explain->unit->rule->kind]);
}

void ck_explain_no_match(struct ck_binder *binder, struct ck_unit *unit, size_t insn, size_t n_left_by_where)
{
	struct ck_str input = ck_plan_input_name(binder->plan, unit->code[insn]->source->input), text;
	struct ck_explain explain;

	if (!open_explain(binder, unit, insn, &explain))
		return;
	text = ck_explain_text(&explain, explain.pattern, explain.source->rest);
	if (explain.pattern->has_slot && explain.subjects->manifest && ck_hides_slots(explain.subjects->manifest)) {
		if (ck_bind_once(unit, insn))
			ck_explain_numbered_slots(binder, ck_unit_span(binder, unit, insn), explain.source->input);
		return;
	}
	if (unit->rule->optional) {
		ck_bind_notice(binder, "optional: %s %.*s in the %.*s", n_left_by_where ? "no match meets the condition of" : "nothing matches",
			       CK_STR_ARG(ck_explain_quoted(&explain, explain.pattern, explain.source->rest, "")), CK_STR_ARG(input));
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
	struct ck_explain explain;

	return open_explain(binder, unit, insn, &explain) && ck_explain_try(&explain, explain.source->input, explain.pattern, ret_relation);
}
