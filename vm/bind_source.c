/* What a pattern matches: variables indexed by name, candidates by the literal ends of patterns, claims and overlaps. */
#include "vm/bind_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- subjects */

static int compare_head(const void *a, const void *b, void *context)
{
	const struct ck_subjects *subjects = context;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	int order = ck_str_compare(subjects->items[x].name, subjects->items[y].name);

	return order ? order : x < y ? -1 : x > y;
}

static int compare_backwards(struct ck_str a, struct ck_str b)
{
	size_t n = a.n < b.n ? a.n : b.n;

	for (size_t i = 1; i <= n; i++)
		if (a.p[a.n - i] != b.p[b.n - i])
			return (unsigned char)a.p[a.n - i] < (unsigned char)b.p[b.n - i] ? -1 : 1;
	return a.n < b.n ? -1 : a.n > b.n;
}

static int compare_tail(const void *a, const void *b, void *context)
{
	const struct ck_subjects *subjects = context;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	int order = compare_backwards(subjects->items[x].name, subjects->items[y].name);

	return order ? order : x < y ? -1 : x > y;
}

bool ck_subjects_index(struct ck_binder *binder, struct ck_subjects *subjects)
{
	struct ck_arena *arena = binder->arena;
	size_t n = subjects->n + 1;

	subjects->by_head = ck_arena_array(arena, n, sizeof(size_t));
	subjects->slots_by_head = ck_arena_array(arena, n, sizeof(size_t));
	subjects->next_slot = ck_arena_array(arena, n, sizeof(size_t));
	subjects->first_slot = ck_arena_array(arena, n, sizeof(size_t));
	subjects->claims = ck_arena_array(arena, n, sizeof(*subjects->claims));
	subjects->plainly_claimed = ck_arena_array(arena, n, sizeof(bool));
	if (ck_arena_failed(arena))
		return ck_bind_nomem(binder);
	ck_map_init(&subjects->names, arena);
	for (size_t i = 0; i < subjects->n; i++)
		subjects->first_slot[i] = subjects->next_slot[i] = SIZE_MAX;
	for (size_t i = subjects->n; i-- > 0;) {
		const struct ck_subject *subject = &subjects->items[i];

		if (!subject->slot.n)
			continue;
		subjects->slots_by_head[subjects->n_slots++] = i;
		if (subject->owner < subjects->n) {
			subjects->next_slot[i] = subjects->first_slot[subject->owner];
			subjects->first_slot[subject->owner] = i;
		}
	}
	for (size_t i = 0; i < subjects->n; i++) {
		if (subjects->items[i].slot.n || subjects->items[i].kind == CK_GRAPH)
			continue;
		subjects->by_head[subjects->n_plain++] = i;
		if (!subjects->manifest && !ck_map_put(&subjects->names, subjects->items[i].name, i))
			return ck_bind_nomem(binder);
	}
	qsort_r(subjects->by_head, subjects->n_plain, sizeof(size_t), compare_head, subjects);
	qsort_r(subjects->slots_by_head, subjects->n_slots, sizeof(size_t), compare_head, subjects);
	return true;
}

bool ck_subjects_of_manifest(struct ck_binder *binder, struct ck_subjects *subjects, const struct ck_manifest *manifest)
{
	*subjects = (struct ck_subjects){ .manifest = manifest, .given = true, .n = manifest->n_variables };
	subjects->items = ck_arena_array(binder->arena, manifest->n_variables + 1, sizeof(*subjects->items));
	for (size_t i = 0; subjects->items && i < manifest->n_variables; i++) {
		const struct ck_variable *variable = &manifest->variables[i];

		subjects->items[i] = (struct ck_subject){
			.kind = variable->kind, .name = variable->name, .full_name = variable->full_name,
			/* Dimensions of a manifest are below 2^63. */
			.type = { variable->dtype, (int)variable->shape.rank, (const int64_t *)variable->shape.dims },
			.n_bytes = variable->place.n_bytes, .node = variable->node, .owner = SIZE_MAX,
		};
		if (variable->convention == CK_CONVENTION_NONE)
			continue;
		subjects->items[i].slot = variable->slot;
		subjects->items[i].optimizer = variable->optimizer;
		subjects->items[i].owner = variable->owner;
	}
	return subjects->items ? ck_subjects_index(binder, subjects) : ck_bind_nomem(binder);
}

static bool paths_of(struct ck_binder *binder, struct ck_subjects *subjects, size_t i)
{
	enum { MAX_PATHS = 4096 };
	bool more;

	if (!subjects->paths) {
		subjects->paths = ck_arena_array(binder->arena, subjects->n + 1, sizeof(*subjects->paths));
		subjects->n_paths = ck_arena_array(binder->arena, subjects->n + 1, sizeof(size_t));
		if (!subjects->paths || !subjects->n_paths)
			return ck_bind_nomem(binder);
	}
	if (subjects->paths[i] || subjects->items[i].node < 0 || !subjects->manifest || !subjects->manifest->graph)
		return true;
	if (ck_graph_paths(subjects->manifest->graph, (uint32_t)subjects->items[i].node, MAX_PATHS, binder->arena, &subjects->paths[i],
			   &subjects->n_paths[i], &more) != CK_OK)
		return ck_bind_nomem(binder);
	return true;
}

bool ck_subjects_find(struct ck_binder *binder, const struct ck_subjects *subjects, uint32_t by, struct ck_str name, size_t *ret_index)
{
	size_t found = SIZE_MAX;

	if (by == CK_BY_NAME) {
		const struct ck_map *map = subjects->manifest ? &subjects->manifest->by_name : &subjects->names;

		if (!ck_map_get(map, name, &found))
			return false;
	}
	for (size_t i = 0; by == CK_BY_FULL && i < subjects->n && found == SIZE_MAX; i++)
		if (!subjects->items[i].slot.n && ck_str_equal(subjects->items[i].full_name, name))
			found = i;
	for (size_t i = 0; by == CK_BY_PATH && i < subjects->n && found == SIZE_MAX; i++) {
		if (subjects->items[i].kind != CK_VARIABLE || !paths_of(binder, (struct ck_subjects *)(uintptr_t)subjects, i))
			continue;
		for (size_t j = 0; j < subjects->n_paths[i]; j++)
			found = ck_str_equal(subjects->paths[i][j], name) ? i : found;
	}
	if (ret_index)
		*ret_index = found;
	return found != SIZE_MAX;
}

size_t ck_subjects_slot(const struct ck_subjects *subjects, size_t owner, struct ck_str slot, struct ck_str optimizer)
{
	for (size_t i = subjects->first_slot[owner]; i != SIZE_MAX; i = subjects->next_slot[i])
		if (ck_str_equal(subjects->items[i].slot, slot) && (!optimizer.n || ck_str_equal(subjects->items[i].optimizer, optimizer)))
			return i;
	return SIZE_MAX;
}

/* ---- candidates */

struct range {
	const size_t *items;
	size_t begin, end;
};

/* How a name stands to an end of names: < 0 before, 0 has it, > 0 after. */
static int against(struct ck_str name, struct ck_str end, bool tail)
{
	if (tail)
		return compare_backwards(name.n > end.n ? ck_str_slice(name, name.n - end.n, name.n) : name, end);
	return ck_str_compare(ck_str_slice(name, 0, end.n), end);
}

static struct range find_range(const struct ck_subjects *subjects, const size_t *items, size_t n, struct ck_str end, bool tail)
{
	struct range range = { items, 0, n };
	size_t high = n;

	while (range.begin < high) {
		size_t middle = range.begin + (high - range.begin) / 2;

		if (against(subjects->items[items[middle]].name, end, tail) < 0)
			range.begin = middle + 1;
		else
			high = middle;
	}
	high = range.begin;
	while (high < range.end) {
		size_t middle = high + (range.end - high) / 2;

		if (against(subjects->items[items[middle]].name, end, tail) <= 0)
			high = middle + 1;
		else
			range.end = middle;
	}
	return range;
}

/* What every name that matches ends in. A slash beside ** may go with it. */
static struct ck_str pattern_tail(const Ck__Plan__Pattern *pattern)
{
	const Ck__Plan__Piece *last = pattern->n_pieces ? pattern->pieces[pattern->n_pieces - 1] : NULL;
	struct ck_str text;

	if (!last || last->kind != CK_PIECE_LITERAL)
		return (struct ck_str){ 0 };
	text = ck_str_of(last->text);
	return pattern->n_pieces > 1 && text.n && text.p[0] == '/' ? ck_str_slice(text, 1, text.n) : text;
}

static bool candidates(struct ck_binder *binder, struct ck_subjects *subjects, const Ck__Plan__Pattern *pattern, struct range *ret_range)
{
	enum { FEW = 32 };
	bool slots = pattern && pattern->has_slot;
	const size_t *items = slots ? subjects->slots_by_head : subjects->by_head;
	struct range whole = { items, 0, slots ? subjects->n_slots : subjects->n_plain }, tail;

	*ret_range = whole;
	if (!pattern || pattern->by != CK_BY_NAME)
		return true;
	*ret_range = find_range(subjects, items, whole.end, ck_pattern_prefix(pattern, binder->arena), false);
	if (slots || ret_range->end - ret_range->begin <= FEW || !pattern_tail(pattern).n)
		return true;
	if (!subjects->by_tail) {
		subjects->by_tail = ck_arena_array(binder->arena, subjects->n_plain + 1, sizeof(size_t));
		if (!subjects->by_tail)
			return ck_bind_nomem(binder);
		memcpy(subjects->by_tail, subjects->by_head, subjects->n_plain * sizeof(size_t));
		qsort_r(subjects->by_tail, subjects->n_plain, sizeof(size_t), compare_tail, subjects);
	}
	tail = find_range(subjects, subjects->by_tail, subjects->n_plain, pattern_tail(pattern), true);
	if (tail.end - tail.begin < ret_range->end - ret_range->begin)
		*ret_range = tail;
	return true;
}

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
	struct ck_binding *other = ck_arena_array(search->binder->arena, search->unit->n_locals + 1, sizeof(*other));
	size_t first = SIZE_MAX;

	if (!other || !paths_of(search->binder, search->subjects, i))
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
	struct ck_origin *origin = ck_arena_alloc(binder->arena, sizeof(*origin));

	if (!row || !origin)
		return ck_bind_nomem(binder);
	*origin = (struct ck_origin){ .input = search->source->input, .variable = i, .insn = search->insn };
	row->bindings = ck_bindings_copy(binder, search->unit, search->bindings);
	row->nodes = ck_arena_array(binder->arena, 1, sizeof(*row->nodes));
	row->origins = ck_arena_array(binder->arena, 1, sizeof(*row->origins));
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
	struct range range;

	if (!candidates(binder, search->subjects, search->source->pattern, &range))
		return false;
	for (size_t i = range.begin; i < range.end; i++) {
		struct ck_row row = { 0 };
		struct ck_origin origin = { .input = search->source->input, .variable = range.items[i], .insn = search->insn };
		struct ck_origin *origins[1] = { &origin };
		bool holds = true;

		if (!is_left(search, range.items[i]) || !match_subject(search, range.items[i]))
			continue;
		row.bindings = search->bindings;
		row.origins = origins;
		row.n_origins = 1;
		if (search->unit->code[search->insn]->where && !ck_bind_where(binder, search->unit, search->insn, &row, &holds) && binder->nomem)
			return false;
		*ret_n_out += !holds;
		if (holds && !add_match(search, relation, range.items[i]))
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

	search.bindings = ck_arena_array(binder->arena, unit->n_locals + 1, sizeof(*search.bindings));
	search.second = ck_arena_array(binder->arena, unit->n_locals + 1, sizeof(*search.second));
	if (!ck_relation_init(binder, unit, ret_relation) || !search.bindings || !search.second)
		return ck_bind_nomem(binder);
	find_has(&search, ret_relation->has);
	if (needs_graph(binder, unit, insn))
		return true;
	if (source->pattern && ck_matcher_new(binder->arena, source->pattern, unit->locals, unit->n_locals, unit->used, &search.matcher) != CK_OK)
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
	claim = ck_arena_alloc(binder->arena, sizeof(*claim));
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
