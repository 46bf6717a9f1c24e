/* Names against patterns: whether they match, what is captured, and whether that could be read in two ways. */
#include "vm/match_run.h"

#include <string.h>

/* Passes over a name before a pattern that uses one capture several times is given up: far beyond what names that exist need. */
enum { MAX_SOLVES = 1 << 14 };

/* The values that one capture may have while others are fixed. */
struct values {
	struct ck_binding *items;
	size_t n_items, capacity;
};

struct ck_matcher {
	struct ck_arena *arena;
	Ck__Plan__Local *const *locals;
	size_t n_locals;
	bool *used;			/* [n_locals] */
	struct ck_automaton name, slot;
	struct ck_fixed *fixed;		/* [n_locals] */
	uint64_t *rows;			/* room for three sets of rows */
	size_t n_words_capacity;
	struct ck_extents extents;
	struct values *values;		/* by local */
};

/* One name being matched: two ways to split it are looked for, or all of them up to a number are listed. */
struct search {
	struct ck_matcher *matcher;
	struct ck_run run;
	struct ck_binding *first, *second;
	bool found, ambiguous;
	struct ck_binding **splits;	/* NULL: two are enough */
	size_t n_splits, max_splits;
};

/* ---- values of a capture */

/* An unnamed alternation stands for its position alone, whatever text it matched. */
static bool is_position(const Ck__Plan__Local *local)
{
	return local->kind == CK_LOCAL_CHOICE && local->name.len && local->name.data[0] == '{';
}

/* Do two values of a local give the same target? */
static bool same_value(const Ck__Plan__Local *local, const struct ck_binding *a, const struct ck_binding *b)
{
	return a->alternative == b->alternative && (is_position(local) || ck_str_equal(a->text, b->text));
}

static struct ck_fixed fix(const Ck__Plan__Local *local, struct ck_binding value)
{
	return (struct ck_fixed){ true, !is_position(local), value };
}

/* exact: 07 and 7 are two values. */
static void add_value(struct search *search, uint32_t local, bool exact, struct ck_binding value)
{
	struct values *values = &search->matcher->values[local];
	const Ck__Plan__Local *item = search->matcher->locals[local];

	for (size_t i = 0; i < values->n_items; i++)
		if (exact ? same_value(item, &values->items[i], &value) : ck_binding_equal(item, &values->items[i], &value))
			return;
	if (values->n_items < MAX_SOLVES && ck_arena_grow(search->matcher->arena, (void **)&values->items, values->n_items,
							  &values->capacity, sizeof(value)))
		values->items[values->n_items++] = value;
}

/* The values that a capture has on ways to a match, each once; after ck_run_reach(). */
static void list_values(struct search *search, uint32_t local, bool exact)
{
	struct ck_run *run = &search->run;
	const struct ck_step *nodes = run->automaton->nodes;

	search->matcher->values[local].n_items = 0;
	for (uint32_t i = 0; i <= run->automaton->start; i++) {
		for (size_t begin = 0; nodes[i].kind == CK_STEP_OPEN && nodes[i].local == local && begin <= run->name.n; begin++) {
			if (!ck_run_reaches(run, i, begin))
				continue;
			ck_run_extents(run, i, begin);
			for (size_t j = 0; j < run->extents->n_items; j++)
				add_value(search, local, exact, ck_run_binding(run, local, begin, &run->extents->items[j]));
		}
	}
}

/* ---- two ways? */

/* Could a capture begin or end at several places, or be several alternatives? Most cannot, which is quickly seen. */
static bool may_differ(const struct ck_run *run, uint32_t local)
{
	const struct ck_step *nodes = run->automaton->nodes;
	size_t n_opens = 0, n_closes = 0, n_picks = 0;

	for (uint32_t i = 0; i <= run->automaton->start; i++) {
		if (nodes[i].kind < CK_STEP_OPEN || nodes[i].local != local)
			continue;
		n_opens += nodes[i].kind == CK_STEP_OPEN ? ck_run_places(run, i) : 0;
		n_closes += nodes[i].kind == CK_STEP_CLOSE ? ck_run_places(run, i) : 0;
		n_picks += nodes[i].kind == CK_STEP_PICK ? ck_run_places(run, i) : 0;
	}
	return n_opens > 1 || n_closes > 1 || n_picks > 1;
}

/* Whether a way to a match gives a local another value than the first way does. */
static bool find_other(struct search *search, uint32_t local, struct ck_binding *ret_other)
{
	const struct values *values = &search->matcher->values[local];

	if (!may_differ(&search->run, local))
		return false;
	list_values(search, local, true);
	for (size_t i = 0; i < values->n_items; i++)
		if (!same_value(search->matcher->locals[local], &values->items[i], &search->first[local])) {
			*ret_other = values->items[i];
			return true;
		}
	return false;
}

/* All repeated captures are fixed: takes the way that was found, and looks for another. */
static void settle(struct search *search)
{
	const struct ck_automaton *automaton = search->run.automaton;
	struct ck_matcher *matcher = search->matcher;
	struct ck_binding other;

	ck_run_walk(&search->run, search->found ? search->second : search->first);
	for (size_t i = 0; search->found && i < automaton->n_locals; i++) {
		uint32_t local = automaton->locals[i];

		search->ambiguous = search->ambiguous || (matcher->used[local] &&
							  !same_value(matcher->locals[local], &search->first[local], &search->second[local]));
	}
	search->found = true;
	if (search->ambiguous || automaton->is_unique)
		return;
	ck_run_reach(&search->run);
	for (size_t i = 0; i < automaton->n_locals && !search->ambiguous; i++) {
		uint32_t local = automaton->locals[i];

		if (!matcher->used[local] || matcher->fixed[local].set || !find_other(search, local, &other))
			continue;
		matcher->fixed[local] = fix(matcher->locals[local], other);
		search->ambiguous = ck_run_solve(&search->run);
		if (search->ambiguous)
			ck_run_walk(&search->run, search->second);
		matcher->fixed[local].set = false;
	}
}

/* ---- all ways */

static void add_split(struct search *search)
{
	struct ck_matcher *matcher = search->matcher;
	const struct ck_automaton *automaton = search->run.automaton;
	struct ck_binding *split = search->splits[search->n_splits];

	ck_run_walk(&search->run, split);
	for (size_t i = 0; i < search->n_splits; i++) {
		bool same = true;

		for (size_t j = 0; j < automaton->n_locals && same; j++) {
			uint32_t local = automaton->locals[j];

			same = !matcher->used[local] || same_value(matcher->locals[local], &search->splits[i][local], &split[local]);
		}
		if (same)
			return;
	}
	search->n_splits++;
}

/* Tries each value of each used capture from the i-th on. */
static void list_splits(struct search *search, size_t i)
{
	const struct ck_automaton *automaton = search->run.automaton;
	struct ck_matcher *matcher = search->matcher;
	uint32_t local;

	if (search->n_splits == search->max_splits || search->run.n_solves >= MAX_SOLVES || !ck_run_solve(&search->run))
		return;
	while (i < automaton->n_locals && (!matcher->used[automaton->locals[i]] || matcher->fixed[automaton->locals[i]].set))
		i++;
	if (i == automaton->n_locals) {
		add_split(search);
		return;
	}
	local = automaton->locals[i];
	ck_run_reach(&search->run);
	list_values(search, local, true);
	for (size_t j = 0; j < matcher->values[local].n_items; j++) {
		matcher->fixed[local] = fix(matcher->locals[local], matcher->values[local].items[j]);
		list_splits(search, i + 1);
		matcher->fixed[local].set = false;
	}
}

/* ---- captures that stand several times */

/* Tries each value of such a capture, then those of the next. */
static void explore(struct search *search, size_t i_repeated)
{
	struct ck_matcher *matcher = search->matcher;
	uint32_t local;

	if (search->run.n_solves >= MAX_SOLVES || !ck_run_solve(&search->run))
		return;
	if (i_repeated == search->run.automaton->n_repeated) {
		if (search->splits)
			list_splits(search, 0);
		else
			settle(search);
		return;
	}
	local = search->run.automaton->repeated[i_repeated];
	if (matcher->fixed[local].set) {
		explore(search, i_repeated + 1);
		return;
	}
	ck_run_reach(&search->run);
	list_values(search, local, false);
	for (size_t i = 0; i < matcher->values[local].n_items && !search->ambiguous; i++) {
		matcher->fixed[local] = (struct ck_fixed){ true, false, matcher->values[local].items[i] };
		explore(search, i_repeated + 1);
		matcher->fixed[local].set = false;
	}
}

/* ---- the public face */

static bool is_quick_no(const struct ck_automaton *automaton, struct ck_str name)
{
	return name.n < automaton->min_bytes || !ck_str_starts(name, automaton->prefix) || !ck_str_ends(name, automaton->suffix);
}

/* Room for three sets of rows; doubles, since it lives in an arena. */
static bool make_room(struct ck_matcher *matcher, size_t n_words)
{
	size_t n_nodes = matcher->name.n_nodes > matcher->slot.n_nodes ? matcher->name.n_nodes : matcher->slot.n_nodes;
	size_t capacity = matcher->n_words_capacity ? matcher->n_words_capacity : 2;

	while (capacity < n_words)
		capacity *= 2;
	if (matcher->rows && capacity == matcher->n_words_capacity)
		return true;
	matcher->rows = ck_arena_array(matcher->arena, 3 * n_nodes * capacity, sizeof(*matcher->rows));
	matcher->n_words_capacity = matcher->rows ? capacity : 0;
	return matcher->rows;
}

static bool is_ascii(struct ck_str name)
{
	unsigned char all = 0;

	for (size_t i = 0; i < name.n; i++)
		all |= (unsigned char)name.p[i];
	return all < 0x80;
}

/* Makes a search ready; false when the name cannot match. */
static bool begin(struct search *search, const struct ck_automaton *automaton, struct ck_str name)
{
	struct ck_matcher *matcher = search->matcher;
	size_t n_words = name.n / 64 + 1;

	if (!automaton->n_nodes || name.n > CK_MAX_NAME || is_quick_no(automaton, name) || !make_room(matcher, n_words))
		return false;
	search->run = (struct ck_run){ .arena = matcher->arena, .locals = matcher->locals, .fixed = matcher->fixed, .automaton = automaton,
				       .name = name, .is_ascii = is_ascii(name), .n_words = n_words, .can = matcher->rows, .extents = &matcher->extents };
	search->run.reach = search->run.can + automaton->n_nodes * n_words;
	search->run.inner = search->run.reach + automaton->n_nodes * n_words;
	return true;
}

static enum ck_match match(struct ck_matcher *matcher, const struct ck_automaton *automaton, struct ck_str name,
			   struct ck_binding *bindings, struct ck_binding *second)
{
	struct search search = { .matcher = matcher, .first = bindings, .second = second };

	if (!begin(&search, automaton, name))
		return CK_MATCH_NO;
	explore(&search, 0);
	return search.ambiguous ? CK_MATCH_AMBIGUOUS : search.found ? CK_MATCH_YES : CK_MATCH_NO;
}

enum ck_code ck_matcher_new(struct ck_arena *arena, const Ck__Plan__Pattern *pattern, Ck__Plan__Local *const *locals, size_t n_locals,
			    const bool *used, struct ck_matcher **ret_matcher)
{
	struct ck_matcher *matcher = ck_arena_alloc(arena, sizeof(*matcher));
	enum ck_code code;

	if (!matcher)
		return CK_NOMEM;
	matcher->arena = arena;
	matcher->locals = locals;
	matcher->n_locals = n_locals;
	matcher->used = ck_arena_array(arena, n_locals + 1, sizeof(*matcher->used));
	matcher->fixed = ck_arena_array(arena, n_locals + 1, sizeof(*matcher->fixed));
	matcher->values = ck_arena_array(arena, n_locals + 1, sizeof(*matcher->values));
	if (!matcher->used || !matcher->fixed || !matcher->values)
		return CK_NOMEM;
	if (n_locals)
		memcpy(matcher->used, used, n_locals * sizeof(*used));
	code = ck_automaton_make(&matcher->name, arena, pattern->pieces, pattern->n_pieces);
	if (code == CK_OK && pattern->has_slot)
		code = ck_automaton_make(&matcher->slot, arena, pattern->slot, pattern->n_slot);
	if (code == CK_OK)
		*ret_matcher = matcher;
	return code;
}

enum ck_match ck_matcher_name(struct ck_matcher *matcher, struct ck_str name, struct ck_binding *bindings, struct ck_binding *second)
{
	return match(matcher, &matcher->name, name, bindings, second);
}

size_t ck_matcher_splits(struct ck_matcher *matcher, struct ck_str name, struct ck_binding **splits, size_t max_splits)
{
	struct search search = { .matcher = matcher, .splits = splits, .max_splits = max_splits };

	if (max_splits && begin(&search, &matcher->name, name))
		explore(&search, 0);
	return search.n_splits;
}

enum ck_match ck_matcher_slot(struct ck_matcher *matcher, struct ck_str slot, struct ck_binding *bindings, struct ck_binding *second)
{
	enum ck_match result;

	/* What the name has captured already must be the same here. */
	for (size_t i = 0; i < matcher->slot.n_locals; i++)
		for (size_t j = 0; j < matcher->name.n_locals; j++) {
			uint32_t local = matcher->slot.locals[i];

			if (matcher->name.locals[j] == local && bindings[local].set)
				matcher->fixed[local] = (struct ck_fixed){ true, false, bindings[local] };
		}
	result = match(matcher, &matcher->slot, slot, bindings, second);
	for (size_t i = 0; i < matcher->slot.n_locals; i++) {
		uint32_t local = matcher->slot.locals[i];

		if (matcher->fixed[local].set && result != CK_MATCH_NO)
			bindings[local] = matcher->fixed[local].value;
		matcher->fixed[local].set = false;
	}
	return result;
}
