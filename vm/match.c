/* Names against patterns: whether they match, what is captured, and whether that could be read in two ways. */
#include "vm/match.h"

#include <string.h>

/* Passes over a name before a pattern that uses one capture several times is given up: far beyond what names that exist need. */
enum { MAX_SOLVES = 1 << 14 };

/* A capture whose value is given while the others are looked for. */
struct fixed {
	bool set;
	bool exact;	/* the same text, not only the same number or alternative */
	struct ck_binding value;
};

/* One place where a capture may end. */
struct span {
	uint32_t close;
	size_t end;
	uint32_t alternative;
};

struct spans {
	struct span *items;
	size_t n_items, capacity;
};

/* The values that one repeated capture may have. */
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
	struct fixed *fixed;		/* [n_locals] */
	uint64_t *rows;			/* room for three sets of rows */
	size_t n_words_capacity;
	struct spans spans;		/* of the last call of find_spans() */
	struct values *values;		/* by repeated capture */
};

/* One name being matched. A row has a bit for each place of the name, its end included. */
struct run {
	struct ck_matcher *matcher;
	const struct ck_automaton *automaton;
	struct ck_str name;
	size_t n_words;
	uint64_t *can;		/* [nodes]: from this node and place the rest can match */
	uint64_t *reach;	/* [nodes]: this node and place are on a way to a match */
	uint64_t *inner;	/* [nodes]: the same inside of one capture */
	size_t n_solves;
	struct ck_binding *first, *second;
	bool found, ambiguous;
};

static uint64_t *row_of(const struct run *run, uint64_t *rows, uint32_t node)
{
	return rows + node * run->n_words;
}

static bool get(const uint64_t *row, size_t at)
{
	return row[at / 64] >> (at % 64) & 1;
}

static void set(uint64_t *row, size_t at)
{
	row[at / 64] |= (uint64_t)1 << (at % 64);
}

/* Bytes of the character at a place: a byte that is no UTF-8 is a character of its own. */
static size_t char_bytes(struct ck_str name, size_t at)
{
	uint32_t point;
	size_t n = (unsigned char)name.p[at] < 0x80 ? 1 : ck_utf8_next(name, at, &point);

	return n ? n : 1;
}

static bool in_class(const Ck__Plan__Piece *class, struct ck_str name, size_t at)
{
	uint32_t point = (unsigned char)name.p[at];
	bool in = false;

	if (class->negated && name.p[at] == '/')
		return false;
	/* A byte that is no UTF-8 is in no range. */
	if (point >= 0x80 && !ck_utf8_next(name, at, &point))
		return class->negated;
	for (size_t i = 0; i < class->n_ranges && !in; i++)
		in = class->ranges[i]->low <= point && point <= class->ranges[i]->high;
	return in != (class->negated != 0);
}

static bool is_digit(struct ck_str name, size_t at)
{
	return at < name.n && name.p[at] >= '0' && name.p[at] <= '9';
}

/* May a node that takes characters one by one take the one at this place? */
static bool takes(const struct ck_step *node, struct ck_str name, size_t at)
{
	if (at >= name.n)
		return false;
	if (node->kind == CK_STEP_CLASS)
		return in_class(node->piece, name, at);
	if (node->kind == CK_STEP_INT)
		return is_digit(name, at);
	return node->kind == CK_STEP_STARSTAR || name.p[at] != '/';
}

/* Where the digits of "_12" at a place end, or the place itself when there is no such number. */
static size_t uniq_end(struct ck_str name, size_t at)
{
	size_t end = at + 1;

	if (at >= name.n || name.p[at] != '_' || !is_digit(name, end) || name.p[end] == '0')
		return at;
	while (is_digit(name, end))
		end++;
	return end;
}

static bool literal_at(struct ck_str text, struct ck_str name, size_t at)
{
	return name.n - at >= text.n && memcmp(name.p + at, text.p, text.n) == 0;
}

/* ---- upwards: where can the rest match? */

static bool fits_fixed(const struct run *run, uint32_t local, const struct ck_binding *value)
{
	const struct fixed *fixed = &run->matcher->fixed[local];

	if (!fixed->set)
		return true;
	return fixed->exact ? ck_str_equal(value->text, fixed->value.text) && value->alternative == fixed->value.alternative
			    : ck_binding_equal(run->matcher->locals[local], value, &fixed->value);
}

static void set_number(struct ck_binding *binding, struct ck_str digits)
{
	int64_t number = 0;

	for (size_t i = 0; i < digits.n; i++)
		if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, digits.p[i] - '0', &number))
			return;
	binding->number = number;
	binding->has_number = true;
}

static struct ck_binding binding_of(const struct run *run, uint32_t local, size_t begin, const struct span *span)
{
	struct ck_binding binding = { .set = true, .text = ck_str_slice(run->name, begin, span->end), .alternative = span->alternative };
	uint32_t kind = run->matcher->locals[local]->kind;

	if (kind == CK_LOCAL_INT)
		set_number(&binding, binding.text);
	if (kind == CK_LOCAL_UNIQ)
		set_number(&binding, ck_str_slice(binding.text, 1, binding.text.n));
	return binding;
}

static void find_spans(struct run *run, uint32_t open, size_t begin);

static void can_open(struct run *run, uint32_t at)
{
	const struct ck_step *node = &run->automaton->nodes[at];
	uint64_t *row = row_of(run, run->can, at);

	memcpy(row, row_of(run, run->can, node->next), run->n_words * sizeof(*row));
	if (!run->matcher->fixed[node->local].set)
		return;
	for (size_t begin = 0; begin <= run->name.n; begin++) {
		bool fits = false;

		if (!get(row, begin))
			continue;
		find_spans(run, at, begin);
		for (size_t i = 0; i < run->matcher->spans.n_items && !fits; i++) {
			struct ck_binding value = binding_of(run, node->local, begin, &run->matcher->spans.items[i]);

			fits = fits_fixed(run, node->local, &value);
		}
		if (!fits)
			row[begin / 64] &= ~((uint64_t)1 << (begin % 64));
	}
}

/* Nodes that take characters: one, any number, or at least one. */
static void can_characters(struct run *run, const struct ck_step *node, uint64_t *row, const uint64_t *next)
{
	bool once = node->kind == CK_STEP_ONE || node->kind == CK_STEP_CLASS;

	for (size_t at = run->name.n + 1; at-- > 0;) {
		bool can = node->kind == CK_STEP_STAR && get(next, at);

		if (!can && takes(node, run->name, at)) {
			size_t after = at + char_bytes(run->name, at);

			can = get(next, after) || (!once && get(row, after));
		}
		if (can)
			set(row, at);
	}
}

static void can_uniq(struct run *run, uint64_t *row, const uint64_t *next)
{
	for (size_t at = 0; at <= run->name.n; at++) {
		size_t end = uniq_end(run->name, at);
		bool can = get(next, at);

		for (size_t after = at + 2; after <= end && !can; after++)
			can = get(next, after);
		if (can)
			set(row, at);
	}
}

static void can_node(struct run *run, uint32_t at)
{
	const struct ck_step *node = &run->automaton->nodes[at];
	const struct fixed *fixed = run->matcher->fixed;
	uint64_t *row = row_of(run, run->can, at);
	const uint64_t *next = row_of(run, run->can, node->next);

	memset(row, 0, run->n_words * sizeof(*row));
	switch (node->kind) {
	case CK_STEP_END:
		set(row, run->name.n);
		return;
	case CK_STEP_LITERAL:
		for (size_t i = 0; i + node->text.n <= run->name.n; i++)
			if (get(next, i + node->text.n) && literal_at(node->text, run->name, i))
				set(row, i);
		return;
	case CK_STEP_ONE:
	case CK_STEP_CLASS:
	case CK_STEP_STAR:
	case CK_STEP_SEGMENT:
	case CK_STEP_INT:
	case CK_STEP_STARSTAR:
		can_characters(run, node, row, next);
		return;
	case CK_STEP_UNIQ:
		can_uniq(run, row, next);
		return;
	case CK_STEP_SPLIT:
		for (size_t i = 0; i < node->n_targets; i++)
			for (size_t j = 0; j < run->n_words; j++)
				row[j] |= row_of(run, run->can, node->targets[i])[j];
		return;
	case CK_STEP_OPEN:
		can_open(run, at);
		return;
	case CK_STEP_PICK:
		if (fixed[node->local].set && fixed[node->local].value.alternative != node->alternative)
			return;
		memcpy(row, next, run->n_words * sizeof(*row));
		return;
	case CK_STEP_CLOSE:
		memcpy(row, next, run->n_words * sizeof(*row));
		return;
	}
}

static bool solve(struct run *run)
{
	run->n_solves++;
	for (uint32_t i = 0; i <= run->automaton->start; i++)
		can_node(run, i);
	return get(row_of(run, run->can, run->automaton->start), 0);
}

/* ---- downwards: which places are reached? */

static void arrive(struct run *run, uint64_t *rows, uint32_t node, size_t at)
{
	if (get(row_of(run, run->can, node), at))
		set(row_of(run, rows, node), at);
}

static void flow_characters(struct run *run, const struct ck_step *node, uint64_t *rows, uint64_t *row)
{
	bool once = node->kind == CK_STEP_ONE || node->kind == CK_STEP_CLASS;

	/* A row is used as the set of places inside the wildcard; what it adds to itself are places where more may be taken. */
	for (size_t at = 0; at <= run->name.n; at++) {
		if (!get(row, at))
			continue;
		if (node->kind == CK_STEP_STAR)
			arrive(run, rows, node->next, at);
		if (!takes(node, run->name, at))
			continue;
		arrive(run, rows, node->next, at + char_bytes(run->name, at));
		if (!once)
			set(row, at + char_bytes(run->name, at));
	}
}

/* Follows the edges of one node from all places in its row. */
static void flow(struct run *run, uint32_t at, uint64_t *rows)
{
	const struct ck_step *node = &run->automaton->nodes[at];
	uint64_t *row = row_of(run, rows, at);
	bool characters = node->kind != CK_STEP_LITERAL && node->kind < CK_STEP_SPLIT && node->kind != CK_STEP_UNIQ;

	if (node->kind == CK_STEP_END)
		return;
	if (characters) {
		flow_characters(run, node, rows, row);
		return;
	}
	for (size_t i = 0; i <= run->name.n; i++) {
		if (!get(row, i))
			continue;
		if (node->kind == CK_STEP_SPLIT) {
			for (size_t j = 0; j < node->n_targets; j++)
				arrive(run, rows, node->targets[j], i);
			continue;
		}
		if (node->kind == CK_STEP_LITERAL) {
			if (literal_at(node->text, run->name, i))
				arrive(run, rows, node->next, i + node->text.n);
			continue;
		}
		arrive(run, rows, node->next, i);
		for (size_t after = i + 2; node->kind == CK_STEP_UNIQ && after <= uniq_end(run->name, i); after++)
			arrive(run, rows, node->next, after);
	}
}

static void add_span(struct run *run, struct span span)
{
	if (ck_arena_grow(run->matcher->arena, (void **)&run->matcher->spans.items, run->matcher->spans.n_items, &run->matcher->spans.capacity, sizeof(span)))
		run->matcher->spans.items[run->matcher->spans.n_items++] = span;
}

/* Ends of a capture that begins here, with one alternative (SIZE_MAX: it is no alternation). */
static void find_spans_of(struct run *run, uint32_t open, size_t begin, size_t alternative)
{
	const struct ck_step *nodes = run->automaton->nodes;

	memset(run->inner, 0, (size_t)open * run->n_words * sizeof(*run->inner));
	arrive(run, run->inner, nodes[open].next, begin);
	for (uint32_t i = open; i-- > 0;) {
		const uint64_t *row = row_of(run, run->inner, i);
		bool ours = nodes[i].local == nodes[open].local;

		if (nodes[i].kind == CK_STEP_CLOSE && ours) {
			for (size_t end = begin; end <= run->name.n; end++)
				if (get(row, end))
					add_span(run, (struct span){ i, end, alternative == SIZE_MAX ? 0 : (uint32_t)alternative });
		} else if (nodes[i].kind != CK_STEP_PICK || !ours || nodes[i].alternative == alternative) {
			flow(run, i, run->inner);
		}
	}
}

static void find_spans(struct run *run, uint32_t open, size_t begin)
{
	const Ck__Plan__Local *local = run->matcher->locals[run->automaton->nodes[open].local];

	run->matcher->spans.n_items = 0;
	if (local->kind != CK_LOCAL_CHOICE)
		find_spans_of(run, open, begin, SIZE_MAX);
	for (size_t i = 0; local->kind == CK_LOCAL_CHOICE && i < local->n_alternatives; i++)
		find_spans_of(run, open, begin, i);
}

static void reach(struct run *run)
{
	const struct ck_step *nodes = run->automaton->nodes;
	uint32_t start = run->automaton->start;

	memset(run->reach, 0, ((size_t)start + 1) * run->n_words * sizeof(*run->reach));
	arrive(run, run->reach, start, 0);
	for (uint32_t i = start + 1; i-- > 0;) {
		const uint64_t *row = row_of(run, run->reach, i);

		if (nodes[i].kind != CK_STEP_OPEN || !run->matcher->fixed[nodes[i].local].set) {
			flow(run, i, run->reach);
			continue;
		}
		for (size_t begin = 0; begin <= run->name.n; begin++) {
			if (!get(row, begin))
				continue;
			find_spans(run, i, begin);
			for (size_t j = 0; j < run->matcher->spans.n_items; j++) {
				struct ck_binding value = binding_of(run, nodes[i].local, begin, &run->matcher->spans.items[j]);

				if (fits_fixed(run, nodes[i].local, &value))
					arrive(run, run->reach, run->matcher->spans.items[j].close, run->matcher->spans.items[j].end);
			}
		}
	}
}

/* ---- one way through */

/* The first place after a node from which the rest can match, and the node there. */
static void step(const struct run *run, uint32_t *ret_node, size_t *ret_at)
{
	const struct ck_step *node = &run->automaton->nodes[*ret_node];
	const uint64_t *next = row_of(run, run->can, node->next);
	size_t at = *ret_at;

	*ret_node = node->next;
	switch (node->kind) {
	case CK_STEP_END:
	case CK_STEP_OPEN:
	case CK_STEP_CLOSE:
	case CK_STEP_PICK:
		return;
	case CK_STEP_LITERAL:
		*ret_at = at + node->text.n;
		return;
	case CK_STEP_SPLIT:
		for (size_t i = 0; i < node->n_targets; i++)
			if (get(row_of(run, run->can, node->targets[i]), at)) {
				*ret_node = node->targets[i];
				return;
			}
		return;
	case CK_STEP_UNIQ:
		if (!get(next, at))
			at += 2;
		while (at < run->name.n && !get(next, at))
			at++;
		break;
	case CK_STEP_ONE:
	case CK_STEP_CLASS:
	case CK_STEP_STAR:
	case CK_STEP_SEGMENT:
	case CK_STEP_INT:
	case CK_STEP_STARSTAR:
		if (node->kind != CK_STEP_STAR || !get(next, at))
			at += char_bytes(run->name, at);
		while (at < run->name.n && !get(next, at))
			at += char_bytes(run->name, at);
		break;
	}
	*ret_at = at;
}

/* Fills bindings[n_locals] along a way that can[] shows. */
static void walk(struct run *run, struct ck_binding *bindings)
{
	const struct ck_automaton *automaton = run->automaton;
	uint32_t node = automaton->start;
	size_t at = 0;

	for (size_t i = 0; i < automaton->n_locals; i++)
		bindings[automaton->locals[i]] = (struct ck_binding){ 0 };
	while (node) {
		uint32_t local = automaton->nodes[node].local;
		size_t i = 0;

		if (automaton->nodes[node].kind != CK_STEP_OPEN) {
			step(run, &node, &at);
			continue;
		}
		find_spans(run, node, at);
		for (; i < run->matcher->spans.n_items; i++) {
			struct ck_binding value = binding_of(run, local, at, &run->matcher->spans.items[i]);

			if (!fits_fixed(run, local, &value))
				continue;
			/* Of a capture that stands twice the first text counts. */
			if (!bindings[local].set)
				bindings[local] = value;
			break;
		}
		if (i == run->matcher->spans.n_items)
			return;	/* memory was short */
		node = run->matcher->spans.items[i].close;
		at = run->matcher->spans.items[i].end;
	}
}

/* ---- two ways? */

/* Do two values of a local give the same target? */
static bool same_value(const Ck__Plan__Local *local, const struct ck_binding *a, const struct ck_binding *b)
{
	bool unnamed_choice = local->kind == CK_LOCAL_CHOICE && local->name.len && local->name.data[0] == '{';

	return a->alternative == b->alternative && (unnamed_choice || ck_str_equal(a->text, b->text));
}

/* Whether a way to a match gives a local another value than the first way does. */
static bool find_other(struct run *run, uint32_t local, struct ck_binding *ret_other)
{
	const struct ck_step *nodes = run->automaton->nodes;
	size_t n_opens = 0, n_closes = 0, n_picks = 0;

	for (uint32_t i = 0; i <= run->automaton->start; i++) {
		bool mark = nodes[i].kind >= CK_STEP_OPEN && nodes[i].local == local;

		for (size_t j = 0; mark && j < run->n_words; j++) {
			size_t n = (size_t)__builtin_popcountll(row_of(run, run->reach, i)[j]);

			n_opens += nodes[i].kind == CK_STEP_OPEN ? n : 0;
			n_closes += nodes[i].kind == CK_STEP_CLOSE ? n : 0;
			n_picks += nodes[i].kind == CK_STEP_PICK ? n : 0;
		}
	}
	if (n_opens <= 1 && n_closes <= 1 && n_picks <= 1)
		return false;
	for (uint32_t i = 0; i <= run->automaton->start; i++) {
		if (nodes[i].kind != CK_STEP_OPEN || nodes[i].local != local)
			continue;
		for (size_t begin = 0; begin <= run->name.n; begin++) {
			if (!get(row_of(run, run->reach, i), begin))
				continue;
			find_spans(run, i, begin);
			for (size_t j = 0; j < run->matcher->spans.n_items; j++) {
				*ret_other = binding_of(run, local, begin, &run->matcher->spans.items[j]);
				if (!same_value(run->matcher->locals[local], ret_other, &run->first[local]))
					return true;
			}
		}
	}
	return false;
}

/* All repeated captures are fixed: takes the way that solve() found, and looks for another. */
static void settle(struct run *run)
{
	const struct ck_automaton *automaton = run->automaton;
	struct ck_matcher *matcher = run->matcher;
	struct ck_binding other;

	walk(run, run->found ? run->second : run->first);
	for (size_t i = 0; run->found && i < automaton->n_locals; i++) {
		uint32_t local = automaton->locals[i];

		run->ambiguous = run->ambiguous || (matcher->used[local] &&
						    !same_value(matcher->locals[local], &run->first[local], &run->second[local]));
	}
	run->found = true;
	if (run->ambiguous)
		return;
	reach(run);
	for (size_t i = 0; i < automaton->n_locals; i++) {
		uint32_t local = automaton->locals[i];

		if (!matcher->used[local] || matcher->fixed[local].set || !find_other(run, local, &other))
			continue;
		matcher->fixed[local] = (struct fixed){ true, true, other };
		run->ambiguous = solve(run);
		if (run->ambiguous)
			walk(run, run->second);
		matcher->fixed[local].set = false;
		if (run->ambiguous)
			return;
	}
}

static void add_value(struct run *run, uint32_t local, struct values *values, struct ck_binding value)
{
	for (size_t i = 0; i < values->n_items; i++)
		if (ck_binding_equal(run->matcher->locals[local], &values->items[i], &value))
			return;
	if (values->n_items < MAX_SOLVES && ck_arena_grow(run->matcher->arena, (void **)&values->items, values->n_items,
							  &values->capacity, sizeof(value)))
		values->items[values->n_items++] = value;
}

/* The values that a capture has on ways to a match, each once. */
static void list_values(struct run *run, uint32_t local, struct values *values)
{
	const struct ck_step *nodes = run->automaton->nodes;
	const struct spans *spans = &run->matcher->spans;

	values->n_items = 0;
	for (uint32_t i = 0; i <= run->automaton->start; i++) {
		for (size_t begin = 0; nodes[i].kind == CK_STEP_OPEN && nodes[i].local == local && begin <= run->name.n; begin++) {
			if (!get(row_of(run, run->reach, i), begin))
				continue;
			find_spans(run, i, begin);
			for (size_t j = 0; j < spans->n_items; j++)
				add_value(run, local, values, binding_of(run, local, begin, &spans->items[j]));
		}
	}
}

/* Tries each value of a capture that stands several times, then those of the next. */
static void explore(struct run *run, size_t i_repeated)
{
	struct ck_matcher *matcher = run->matcher;
	struct values *values = &matcher->values[i_repeated];
	uint32_t local;

	if (run->n_solves >= MAX_SOLVES || !solve(run))
		return;
	if (i_repeated == run->automaton->n_repeated) {
		settle(run);
		return;
	}
	local = run->automaton->repeated[i_repeated];
	if (matcher->fixed[local].set) {
		explore(run, i_repeated + 1);
		return;
	}
	reach(run);
	list_values(run, local, values);
	for (size_t i = 0; i < values->n_items && !run->ambiguous; i++) {
		matcher->fixed[local] = (struct fixed){ true, false, values->items[i] };
		explore(run, i_repeated + 1);
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

static enum ck_match match(struct ck_matcher *matcher, const struct ck_automaton *automaton, struct ck_str name,
			   struct ck_binding *bindings, struct ck_binding *second)
{
	struct run run = { .matcher = matcher, .automaton = automaton, .name = name, .n_words = name.n / 64 + 1,
			   .first = bindings, .second = second };

	if (!automaton->n_nodes || name.n > CK_MAX_NAME || is_quick_no(automaton, name) || !make_room(matcher, run.n_words))
		return CK_MATCH_NO;
	run.can = matcher->rows;
	run.reach = run.can + automaton->n_nodes * run.n_words;
	run.inner = run.reach + automaton->n_nodes * run.n_words;
	explore(&run, 0);
	return run.ambiguous ? CK_MATCH_AMBIGUOUS : run.found ? CK_MATCH_YES : CK_MATCH_NO;
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

enum ck_match ck_matcher_slot(struct ck_matcher *matcher, struct ck_str slot, struct ck_binding *bindings, struct ck_binding *second)
{
	enum ck_match result;

	/* What the name has captured already must be the same here. */
	for (size_t i = 0; i < matcher->slot.n_locals; i++)
		for (size_t j = 0; j < matcher->name.n_locals; j++) {
			uint32_t local = matcher->slot.locals[i];

			if (matcher->name.locals[j] == local && bindings[local].set)
				matcher->fixed[local] = (struct fixed){ true, false, bindings[local] };
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
