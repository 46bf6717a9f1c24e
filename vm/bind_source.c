/* What a pattern matches; claims and overlaps. */
#include "vm/bind_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- one pattern */

/* What matching one SOURCE needs. */
struct search {
	struct ck_binder *binder;
	struct ck_unit *unit;
	size_t insn;
	const Ck__Plan__Source *source;
	struct ck_subjects *subjects;
	struct ck_matcher *matcher;
	struct ck_binding *bindings, *second;
	struct ck_splits *splits;
	size_t variable;		/* the subject at hand */
	size_t rest_local;
};

static void clear(const struct search *search, struct ck_binding *bindings)
{
	memset(bindings, 0, search->unit->n_locals * sizeof(*bindings));
}

static bool match_name(struct search *search, struct ck_str name, struct ck_binding *bindings)
{
	enum ck_match match = ck_matcher_name(search->matcher, name, bindings, search->second);

	if (match == CK_MATCH_AMBIGUOUS)
		return ck_bind_split(search->binder, search->unit,
				     (struct ck_split_place){ search->insn, search->source->input, search->variable, name }, search->matcher,
				     &search->splits, bindings);
	return match != CK_MATCH_NO;
}

static void two_paths(struct search *search, struct ck_str first, struct ck_str second)
{
	struct ck_diags *diags = search->binder->diags;
	struct ck_diag *diag;

	if (!ck_bind_once(search->unit, search->insn))
		return;
	diag = ck_error(diags, CK_AMBIGUOUS_NAME, ck_unit_span(search->binder, search->unit, search->insn),
			"two paths of one variable match, and capture differently");
	ck_diag_note(diags, diag, "\"%.*s\"", CK_STR_ARG(ck_name_text(diags->arena, first)));
	ck_diag_note(diags, diag, "\"%.*s\"", CK_STR_ARG(ck_name_text(diags->arena, second)));
	ck_diag_help(diags, diag, "make the pattern narrower, so that it matches one of them");
}

/* Any of a variable's paths; all that match must capture the same. */
static bool match_paths(struct search *search, size_t i)
{
	struct ck_binding *other = ck_arena_array(search->binder->scratch, search->unit->n_locals + 1, sizeof(*other));
	size_t first = SIZE_MAX;

	if (!other || !ck_subjects_paths(search->binder, search->subjects, i))
		return ck_bind_nomem(search->binder);
	for (size_t j = 0; j < search->subjects->n_paths[i]; j++) {
		struct ck_str path = search->subjects->paths[i][j];

		clear(search, other);
		if (!match_name(search, path, first == SIZE_MAX ? search->bindings : other))
			continue;
		if (first == SIZE_MAX) {
			first = j;
			continue;
		}
		for (size_t k = 0; k < search->unit->n_locals; k++)
			if (other[k].set && !ck_binding_equal(search->unit->locals[k], &other[k], &search->bindings[k])) {
				two_paths(search, search->subjects->paths[i][first], path);
				return true;
			}
	}
	return first != SIZE_MAX;
}

static bool match_slot(struct search *search, const struct ck_subject *subject)
{
	struct ck_str both;

	if (ck_matcher_slot(search->matcher, subject->slot, search->bindings, search->second) != CK_MATCH_NO)
		return true;
	both = ck_str_format(search->binder->arena, "%.*s/%.*s", CK_STR_ARG(subject->optimizer), CK_STR_ARG(subject->slot));
	return both.p && ck_matcher_slot(search->matcher, both, search->bindings, search->second) != CK_MATCH_NO;
}

static bool match_subject(struct search *search, size_t i)
{
	const struct ck_subject *subject = &search->subjects->items[i];
	const Ck__Plan__Pattern *pattern = search->source->pattern;
	bool matches;

	clear(search, search->bindings);
	search->variable = i;
	if (!pattern) {
		if (search->rest_local < search->unit->n_locals)
			search->bindings[search->rest_local] = (struct ck_binding){ .set = true, .text = subject->name };
		return true;
	}
	if (pattern->by == CK_BY_PATH) {
		matches = match_paths(search, subject->slot.n ? subject->owner : i);
	} else {
		const struct ck_subject *named = subject->slot.n && pattern->by == CK_BY_FULL ? &search->subjects->items[subject->owner] : subject;
		struct ck_str name = pattern->by == CK_BY_FULL ? named->full_name : subject->name;

		matches = (name.n || pattern->by == CK_BY_NAME) && match_name(search, name, search->bindings);
	}
	return matches && (!pattern->has_slot || match_slot(search, subject));
}

static bool is_left(const struct search *search, size_t i)
{
	if (!search->source->rest || search->unit->is_check)
		return true;
	return search->source->pattern ? !search->subjects->plainly_claimed[i] : !search->subjects->claims[i];
}

static bool add_match(struct search *search, struct ck_relation *relation, size_t i)
{
	struct ck_binder *binder = search->binder;
	struct ck_row *row = ck_relation_add(binder, relation);
	struct ck_origin *origin = ck_arena_alloc(binder->scratch, sizeof(*origin));

	if (!row || !origin)
		return ck_bind_nomem(binder);
	*origin = (struct ck_origin){ .input = search->source->input, .variable = i, .insn = search->insn };
	row->bindings = ck_bindings_copy(binder, search->unit, search->bindings);
	row->nodes = ck_arena_array(binder->scratch, 1, sizeof(*row->nodes));
	row->origins = ck_arena_array(binder->scratch, 1, sizeof(*row->origins));
	if (!row->bindings || !row->nodes || !row->origins)
		return ck_bind_nomem(binder);
	row->n_nodes = row->n_origins = 1;
	row->origins[0] = origin;
	row->nodes[0] = ck_node_load(binder, search->source->input, i, search->insn);
	return row->nodes[0] ? true : ck_bind_nomem(binder);
}

static bool needs_graph(struct ck_binder *binder, struct ck_unit *unit, size_t insn)
{
	const Ck__Plan__Source *source = unit->code[insn]->source;
	const struct ck_manifest *manifest = binder->inputs[source->input].manifest;
	struct ck_str input = ck_plan_input_name(binder->plan, source->input);
	struct ck_diag *diag;

	if (!manifest || !source->pattern || source->pattern->by == CK_BY_NAME || manifest->graph)
		return false;
	binder->blind = true;
	if (!ck_bind_once(unit, insn))
		return true;
	diag = ck_error(binder->diags, CK_NEEDS_GRAPH, ck_unit_span(binder, unit, insn), "%s needs an object graph, and the %.*s %s",
			source->pattern->by == CK_BY_PATH ? "path:" : "full:", CK_STR_ARG(input),
			manifest->object_based ? "is an index without its data files, where the graph is" : "is name-based");
	if (manifest->object_based)
		ck_diag_help(binder->diags, diag, "put the data file that holds _CHECKPOINTABLE_OBJECT_GRAPH beside the index");
	else
		ck_diag_help(binder->diags, diag, "its names are its keys: leave the prefix out");
	return true;
}

/* One name without a wildcard means one variable. */
static void check_one(struct search *search, const struct ck_relation *relation)
{
	struct ck_diags *diags = search->binder->diags;
	const Ck__Plan__Pattern *pattern = search->source->pattern;
	struct ck_diag *diag;

	if (relation->n_rows < 2 || !pattern || pattern->has_slot || search->unit->is_check ||
	    !ck_pattern_literal(pattern, search->binder->arena).p || !ck_bind_once(search->unit, search->insn))
		return;
	diag = ck_error(diags, CK_AMBIGUOUS_NAME, ck_unit_span(search->binder, search->unit, search->insn), "%zu variables have this name",
			relation->n_rows);
	for (size_t i = 0; i < relation->n_rows && i < 10; i++)
		ck_diag_note(diags, diag, "\"%.*s\"", CK_STR_ARG(ck_bind_label_text(search->binder, search->source->input,
										      relation->rows[i].origins[0]->variable)));
	ck_diag_help(diags, diag, "name them by their own names");
}

/* Which locals the pattern binds. */
static void find_has(const struct search *search, bool *has)
{
	const Ck__Plan__Pattern *pattern = search->source->pattern;

	for (size_t i = 0; pattern && i < pattern->n_pieces; i++)
		if (pattern->pieces[i]->local)
			has[pattern->pieces[i]->local - 1] = true;
	for (size_t i = 0; pattern && i < pattern->n_slot; i++)
		if (pattern->slot[i]->local)
			has[pattern->slot[i]->local - 1] = true;
	if (!pattern && search->rest_local < search->unit->n_locals)
		has[search->rest_local] = true;
}

/* Only variables; of slots only those that the pattern asks for. */
static bool search_all(struct search *search, struct ck_relation *relation, size_t *ret_n_out)
{
	struct ck_binder *binder = search->binder;
	struct ck_candidates candidates;

	if (!ck_subjects_candidates(binder, search->subjects, search->source->pattern, &candidates))
		return false;
	for (size_t i = candidates.begin; i < candidates.end; i++) {
		struct ck_row row = { 0 };
		struct ck_origin origin = { .input = search->source->input, .variable = candidates.items[i], .insn = search->insn };
		struct ck_origin *origins[1] = { &origin };
		bool holds = true;

		if (candidates.items[i] == SIZE_MAX || !is_left(search, candidates.items[i]) || !match_subject(search, candidates.items[i]))
			continue;
		row.bindings = search->bindings;
		row.origins = origins;
		row.n_origins = 1;
		/* What cannot be asked has had its message, and counts as read. */
		if (search->unit->code[search->insn]->where && !ck_bind_where(binder, search->unit, search->insn, &row, &holds))
			holds = true;
		if (binder->nomem)
			return false;
		*ret_n_out += !holds;
		if (holds && !add_match(search, relation, candidates.items[i]))
			return false;
	}
	return true;
}

/* A lone `rest` captures the whole name, as its first unnamed wildcard. */
static size_t rest_local(const struct ck_unit *unit)
{
	size_t i = 0;

	while (i < unit->n_locals && !ck_str_equal(ck_str_of(unit->locals[i]->name), CK_STR("*1")))
		i++;
	return i;
}

bool ck_bind_source(struct ck_binder *binder, struct ck_unit *unit, size_t insn, struct ck_relation *ret_relation)
{
	const Ck__Plan__Source *source = unit->code[insn]->source;
	struct search search = { .binder = binder, .unit = unit, .insn = insn, .source = source, .subjects = &binder->inputs[source->input],
				 .rest_local = rest_local(unit) };
	size_t n_out = 0;

	search.bindings = ck_arena_array(binder->scratch, unit->n_locals + 1, sizeof(*search.bindings));
	search.second = ck_arena_array(binder->scratch, unit->n_locals + 1, sizeof(*search.second));
	if (!ck_relation_init(binder, unit, ret_relation) || !search.bindings || !search.second)
		return ck_bind_nomem(binder);
	find_has(&search, ret_relation->has);
	if (needs_graph(binder, unit, insn))
		return true;
	if (source->pattern && ck_matcher_new(binder->scratch, source->pattern, unit->locals, unit->n_locals, unit->used, &search.matcher) != CK_OK)
		return ck_bind_nomem(binder);
	if (!search_all(&search, ret_relation, &n_out))
		return false;
	check_one(&search, ret_relation);
	if (!ret_relation->n_rows && source->pattern && !unit->is_check)
		ck_explain_no_match(binder, unit, insn, n_out);
	return true;
}

/* ---- claims */

bool ck_bind_claim(struct ck_binder *binder, uint32_t input, size_t variable, size_t rule, size_t insn)
{
	struct ck_subjects *subjects = &binder->inputs[input];
	struct ck_claim *claim;

	for (claim = subjects->claims[variable]; claim; claim = claim->next)
		if (claim->rule == rule)
			return true;
	claim = ck_arena_alloc(binder->scratch, sizeof(*claim));
	if (!claim)
		return ck_bind_nomem(binder);
	*claim = (struct ck_claim){ rule, insn, subjects->claims[variable] };
	subjects->claims[variable] = claim;
	return true;
}

bool ck_bind_claims(struct ck_binder *binder, struct ck_unit *unit, size_t insn)
{
	const struct ck_relation *relation = &unit->matches[insn];
	bool plain = !unit->code[insn]->source->rest;

	for (size_t i = 0; i < relation->n_rows; i++) {
		const struct ck_origin *origin = relation->rows[i].origins[0];

		if (origin->out || origin->input == CK_INPUT_TEMPLATE)
			continue;
		if (!ck_bind_claim(binder, origin->input, origin->variable, unit->number, insn))
			return false;
		binder->inputs[origin->input].plainly_claimed[origin->variable] |= plain;
	}
	return true;
}

static void overlap(struct ck_binder *binder, uint32_t input, size_t variable, const struct ck_claim *first, const struct ck_claim *second)
{
	struct ck_unit *unit = &binder->units[second->rule], *other = &binder->units[first->rule];
	bool rest = unit->code[second->insn]->source->rest;
	struct ck_diag *diag;

	if (!ck_bind_once(unit, second->insn))
		return;
	diag = ck_error(binder->diags, CK_OVERLAP, ck_unit_span(binder, unit, second->insn), "two statements match \"%.*s\"",
			CK_STR_ARG(ck_bind_label_text(binder, input, variable)));
	ck_diag_mark(binder->diags, diag, "this one");
	ck_diag_label(binder->diags, diag, ck_unit_span(binder, other, first->insn), "and this one");
	ck_diag_help(binder->diags, diag, rest ? "make one of them a plain pattern, or narrow one with `where`; to read a variable twice write `map also`"
					       : "to leave it to the narrower one write `rest:` before the other pattern; to read a variable twice write `map also`");
}

/* Of all that read a variable, one at most does without `also`. */
static void find_overlap(struct ck_binder *binder, uint32_t input, size_t variable)
{
	const struct ck_claim *without = NULL;

	for (const struct ck_claim *claim = binder->inputs[input].claims[variable]; claim; claim = claim->next) {
		if (binder->code->rules[claim->rule]->also)
			continue;
		if (without) {
			/* The later one in the text gets the message. */
			bool later = ck_unit_span(binder, &binder->units[claim->rule], claim->insn).begin >
				     ck_unit_span(binder, &binder->units[without->rule], without->insn).begin;

			overlap(binder, input, variable, later ? without : claim, later ? claim : without);
			return;
		}
		without = claim;
	}
}

void ck_bind_overlaps(struct ck_binder *binder)
{
	for (uint32_t input = 0; input < binder->n_inputs; input++)
		for (size_t i = 0; binder->inputs[input].given && i < binder->inputs[input].n; i++)
			if (binder->inputs[input].claims[i])
				find_overlap(binder, input, i);
}
