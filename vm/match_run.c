/* One name against a pattern's automaton: where the rest can match, which places are reached, what captures hold on one way. */
#include "vm/match_run.h"

#include <string.h>

static uint64_t *row_of(const struct ck_run *run, uint64_t *rows, uint32_t node)
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

/* All places from begin to before end. */
static void set_all(uint64_t *row, size_t begin, size_t end)
{
	for (size_t at = begin, n; at < end; at += n) {
		n = 64 - at % 64 < end - at ? 64 - at % 64 : end - at;
		row[at / 64] |= UINT64_MAX >> (64 - n) << at % 64;
	}
}

/* The first place that is set, and one more than the last; false: none is. */
static bool bounds(const uint64_t *row, size_t n_words, size_t *ret_first, size_t *ret_end)
{
	size_t i = 0, j = n_words;

	while (i < n_words && !row[i])
		i++;
	if (i == n_words)
		return false;
	while (!row[j - 1])
		j--;
	*ret_first = 64 * i + (size_t)__builtin_ctzll(row[i]);
	*ret_end = 64 * j - (size_t)__builtin_clzll(row[j - 1]);
	return true;
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
	if (!text.n || name.n - at < text.n)
		return !text.n;
	return name.p[at] == text.p[0] && memcmp(name.p + at, text.p, text.n) == 0;
}

/* ---- upwards: where can the rest match? */

static bool fits_fixed(const struct ck_run *run, uint32_t local, const struct ck_binding *value)
{
	const struct ck_fixed *fixed = &run->fixed[local];

	if (!fixed->set)
		return true;
	return fixed->exact ? ck_str_equal(value->text, fixed->value.text) && value->alternative == fixed->value.alternative
			    : ck_binding_equal(run->locals[local], value, &fixed->value);
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

struct ck_binding ck_run_binding(const struct ck_run *run, uint32_t local, size_t begin, const struct ck_extent *extent)
{
	struct ck_binding binding = { .set = true, .text = ck_str_slice(run->name, begin, extent->end), .alternative = extent->alternative };
	uint32_t kind = run->locals[local]->kind;

	if (kind == CK_LOCAL_INT)
		set_number(&binding, binding.text);
	if (kind == CK_LOCAL_UNIQ)
		set_number(&binding, ck_str_slice(binding.text, 1, binding.text.n));
	return binding;
}

static void can_open(struct ck_run *run, uint32_t at)
{
	const struct ck_step *node = &run->automaton->nodes[at];
	uint64_t *row = row_of(run, run->can, at);

	memcpy(row, row_of(run, run->can, node->next), run->n_words * sizeof(*row));
	if (!run->fixed[node->local].set)
		return;
	for (size_t begin = 0; begin <= run->name.n; begin++) {
		bool fits = false;

		if (!get(row, begin))
			continue;
		ck_run_extents(run, at, begin);
		for (size_t i = 0; i < run->extents->n_items && !fits; i++) {
			struct ck_binding value = ck_run_binding(run, node->local, begin, &run->extents->items[i]);

			fits = fits_fixed(run, node->local, &value);
		}
		if (!fits)
			row[begin / 64] &= ~((uint64_t)1 << (begin % 64));
	}
}

/* Nodes that take characters: one, any number, or at least one. */
static void can_characters(struct ck_run *run, const struct ck_step *node, uint64_t *row, const uint64_t *next)
{
	bool once = node->kind == CK_STEP_ONE || node->kind == CK_STEP_CLASS;
	size_t first, end;

	/* Of bytes that are characters `**` takes any number. */
	if (node->kind == CK_STEP_STARSTAR && run->is_ascii) {
		if (bounds(next, run->n_words, &first, &end))
			set_all(row, 0, end - 1);
		return;
	}
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

static void can_uniq(struct ck_run *run, uint64_t *row, const uint64_t *next)
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

static void can_node(struct ck_run *run, uint32_t at)
{
	const struct ck_step *node = &run->automaton->nodes[at];
	const struct ck_fixed *fixed = run->fixed;
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

bool ck_run_solve(struct ck_run *run)
{
	run->n_solves++;
	for (uint32_t i = 0; i <= run->automaton->start; i++)
		can_node(run, i);
	return get(row_of(run, run->can, run->automaton->start), 0);
}

/* ---- downwards: which places are reached? */

static void arrive(struct ck_run *run, uint64_t *rows, uint32_t node, size_t at)
{
	if (get(row_of(run, run->can, node), at))
		set(row_of(run, rows, node), at);
}

/* `**` in a name of bytes that are characters: from its first place on all are inside, and where the rest can match it ends. */
static void flow_starstar(struct ck_run *run, const struct ck_step *node, uint64_t *rows, uint64_t *row)
{
	const uint64_t *can = row_of(run, run->can, node->next);
	uint64_t *next = row_of(run, rows, node->next);
	size_t first, end;

	if (!bounds(row, run->n_words, &first, &end))
		return;
	set_all(row, first, run->name.n + 1);
	for (size_t i = first / 64; i < run->n_words; i++)
		next[i] |= can[i] & (i == first / 64 ? row[i] & ~((uint64_t)1 << first % 64) : row[i]);
}

static void flow_characters(struct ck_run *run, const struct ck_step *node, uint64_t *rows, uint64_t *row)
{
	bool once = node->kind == CK_STEP_ONE || node->kind == CK_STEP_CLASS;

	if (node->kind == CK_STEP_STARSTAR && run->is_ascii) {
		flow_starstar(run, node, rows, row);
		return;
	}
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
static void flow(struct ck_run *run, uint32_t at, uint64_t *rows)
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

static void add_extent(struct ck_run *run, struct ck_extent extent)
{
	if (ck_arena_grow(run->arena, (void **)&run->extents->items, run->extents->n_items, &run->extents->capacity, sizeof(extent)))
		run->extents->items[run->extents->n_items++] = extent;
}

/* Ends of a capture that begins here, with one alternative (SIZE_MAX: it is no alternation). */
static void find_extents(struct ck_run *run, uint32_t open, size_t begin, size_t alternative)
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
					add_extent(run, (struct ck_extent){ i, end, alternative == SIZE_MAX ? 0 : (uint32_t)alternative });
		} else if (nodes[i].kind != CK_STEP_PICK || !ours || nodes[i].alternative == alternative) {
			flow(run, i, run->inner);
		}
	}
}

void ck_run_extents(struct ck_run *run, uint32_t open, size_t begin)
{
	const Ck__Plan__Local *local = run->locals[run->automaton->nodes[open].local];

	run->extents->n_items = 0;
	if (local->kind != CK_LOCAL_CHOICE)
		find_extents(run, open, begin, SIZE_MAX);
	for (size_t i = 0; local->kind == CK_LOCAL_CHOICE && i < local->n_alternatives; i++)
		find_extents(run, open, begin, i);
}

void ck_run_reach(struct ck_run *run)
{
	const struct ck_step *nodes = run->automaton->nodes;
	uint32_t start = run->automaton->start;

	memset(run->reach, 0, ((size_t)start + 1) * run->n_words * sizeof(*run->reach));
	arrive(run, run->reach, start, 0);
	for (uint32_t i = start + 1; i-- > 0;) {
		const uint64_t *row = row_of(run, run->reach, i);

		if (nodes[i].kind != CK_STEP_OPEN || !run->fixed[nodes[i].local].set) {
			flow(run, i, run->reach);
			continue;
		}
		for (size_t begin = 0; begin <= run->name.n; begin++) {
			if (!get(row, begin))
				continue;
			ck_run_extents(run, i, begin);
			for (size_t j = 0; j < run->extents->n_items; j++) {
				struct ck_binding value = ck_run_binding(run, nodes[i].local, begin, &run->extents->items[j]);

				if (fits_fixed(run, nodes[i].local, &value))
					arrive(run, run->reach, run->extents->items[j].close, run->extents->items[j].end);
			}
		}
	}
}

/* ---- one way through */

/* The first place after a node from which the rest can match, and the node there. */
static void step(const struct ck_run *run, uint32_t *ret_node, size_t *ret_at)
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
void ck_run_walk(struct ck_run *run, struct ck_binding *bindings)
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
		ck_run_extents(run, node, at);
		for (; i < run->extents->n_items; i++) {
			struct ck_binding value = ck_run_binding(run, local, at, &run->extents->items[i]);

			if (!fits_fixed(run, local, &value))
				continue;
			/* Of a capture that stands twice the first text counts. */
			if (!bindings[local].set)
				bindings[local] = value;
			break;
		}
		if (i == run->extents->n_items)
			return;	/* memory was short */
		node = run->extents->items[i].close;
		at = run->extents->items[i].end;
	}
}

bool ck_run_reaches(const struct ck_run *run, uint32_t node, size_t at)
{
	return get(row_of(run, run->reach, node), at);
}

size_t ck_run_places(const struct ck_run *run, uint32_t node)
{
	const uint64_t *row = row_of(run, run->reach, node);
	size_t n = 0;

	for (size_t i = 0; i < run->n_words; i++)
		n += (size_t)__builtin_popcountll(row[i]);
	return n;
}
