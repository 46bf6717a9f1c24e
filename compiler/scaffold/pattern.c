/* Moves that differ in numbers only become one statement: numbers become captures, and what a capture has to become an expression. */
#include "compiler/scaffold/draft.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MAX_CAPTURES = 8, MAX_ALTERNATIVES = 24 };

/* Some moves of one form, and what is known about the numbers in the name that the others are told by. */
struct group {
	struct ck_maker *maker;
	struct ck_draft_list *drafts;
	const struct ck_move **moves;
	size_t n;
	size_t captures[MAX_CAPTURES];	/* positions of numbers in the base's name */
	size_t n_captures;
	bool alternatives;		/* the one capture is a list of words, not a number */
	struct ck_str where;
	struct ck_item **pool;		/* variables that the pattern may match; none where it names nothing that is there */
	size_t n_pool;
};

/* The term whose captures the others use: the first source; of `new` the target. */
static const struct ck_term *base_of(const struct ck_move *move)
{
	return move->n_sources ? &move->sources[0] : &move->targets[0];
}

static struct ck_str digits_of(const struct ck_item *item, size_t position)
{
	return ck_str_slice(item->name, item->numbers[position].begin, item->numbers[position].end);
}

static const struct ck_item *item_of(const struct ck_move *move, size_t term)
{
	return term < move->n_sources ? move->sources[term].item : move->targets[term - move->n_sources].item;
}

/* ---- text */

static void put_literal(struct ck_buf *buf, struct ck_str text)
{
	size_t done = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (!text.p[i] || !strchr("*?[{}@", text.p[i]))
			continue;
		ck_buf_name(buf, ck_str_slice(text, done, i));
		ck_buf_printf(buf, "[%c]", text.p[i]);
		done = i + 1;
	}
	ck_buf_name(buf, ck_str_slice(text, done, text.n));
}

struct ck_str ck_quote_pattern(struct ck_maker *maker, struct ck_str name)
{
	struct ck_buf buf = {0};
	put_literal(&buf, name);
	struct ck_str text = ck_str_copy(maker->arena, ck_buf_view(&buf));
	maker->failed |= buf.failed;
	ck_buf_clear(&buf);
	return text;
}

/* A name with replacements[i] for its number i where there is one (p not NULL). */
static struct ck_str put_term(struct ck_maker *maker, const struct ck_term *term, const struct ck_str *replacements)
{
	const struct ck_item *item = term->item;
	struct ck_buf buf = {0};
	size_t at = 0;
	ck_buf_str(&buf, ck_str(term->prefix));
	for (size_t i = 0; i < item->n_numbers && replacements; i++) {
		if (!replacements[i].p)
			continue;
		put_literal(&buf, ck_str_slice(item->name, at, item->numbers[i].begin));
		ck_buf_str(&buf, replacements[i]);
		at = item->numbers[i].end;
	}
	put_literal(&buf, ck_str_slice(item->name, at, item->name.n));
	ck_buf_str(&buf, ck_str(term->suffix));
	struct ck_str text = ck_str_copy(maker->arena, ck_buf_view(&buf));
	maker->failed |= buf.failed;
	ck_buf_clear(&buf);
	return text;
}

static char capture_name(size_t number)
{
	return (char)('i' + number);
}

static struct ck_str base_capture(const struct group *group, size_t capture)
{
	const struct ck_item *item = base_of(group->moves[0])->item;
	bool is_uniq = item->numbers[group->captures[capture]].is_uniq;
	return ck_str_format(group->maker->arena, "{%c:%s}", capture_name(capture), is_uniq ? "uniq" : "int");
}

/* ---- how a number follows from another: value = (base * factor + offset) / divisor */

struct relation {
	int64_t factor, offset, divisor;
};

static bool holds(const struct relation *relation, uint64_t base, uint64_t value)
{
	int64_t product = (int64_t)base * relation->factor + relation->offset;
	return product >= 0 && product % relation->divisor == 0 && product / relation->divisor == (int64_t)value;
}

/* The relation through two points; false when there is none that can be written. */
static bool through(uint64_t base_a, uint64_t a, uint64_t base_b, uint64_t b, struct relation *ret)
{
	const uint64_t most = (uint64_t)1 << 30;
	if (base_a > most || base_b > most || a > most || b > most)
		return false;
	int64_t bases = (int64_t)base_b - (int64_t)base_a, values = (int64_t)b - (int64_t)a;
	if (bases == 0 || values == 0 || (bases < 0) != (values < 0))
		return false;
	if (values % bases == 0)
		*ret = (struct relation){values / bases, (int64_t)a - (int64_t)base_a * (values / bases), 1};
	else if (bases % values == 0)
		*ret = (struct relation){1, (int64_t)a * (bases / values) - (int64_t)base_a, bases / values};
	else
		return false;
	return true;
}

static void put_relation(struct ck_buf *buf, char name, const struct relation *relation, bool number_wanted)
{
	bool is_same = relation->factor == 1 && relation->offset == 0 && relation->divisor == 1;
	bool parenthesised = relation->divisor > 1 && relation->offset;
	ck_buf_printf(buf, "%s%c", parenthesised ? "(" : "", name);
	if (relation->factor > 1)
		ck_buf_printf(buf, "*%" PRId64, relation->factor);
	if (relation->offset || (is_same && number_wanted))
		ck_buf_printf(buf, "%+" PRId64, relation->offset);
	if (relation->divisor > 1)
		ck_buf_printf(buf, "%s/%" PRId64, parenthesised ? ")" : "", relation->divisor);
}

/* A number in another term, by the capture of the base's number `base`; p is NULL when no expression gives all of them. */
static struct ck_str express(struct group *group, size_t term, size_t position, size_t capture)
{
	struct ck_maker *maker = group->maker;
	const struct ck_item *first_base = base_of(group->moves[0])->item, *first = item_of(group->moves[0], term);
	size_t at = group->captures[capture], width = first->numbers[position].end - first->numbers[position].begin;
	bool is_source = term < group->moves[0]->n_sources, same_text = true, plain = true, padded = true, known = false;
	struct relation relation = {1, 0, 1};
	for (size_t i = 0; i < group->n; i++) {
		const struct ck_item *base = base_of(group->moves[i])->item, *item = item_of(group->moves[i], term);
		const struct ck_number *from = &base->numbers[at], *to = &item->numbers[position];
		same_text = same_text && ck_str_equal(digits_of(base, at), digits_of(item, position));
		plain = plain && (to->end - to->begin == 1 || item->name.p[to->begin] != '0');
		padded = padded && to->end - to->begin == width;
		if (!known && from->value != first_base->numbers[at].value) {
			if (!through(first_base->numbers[at].value, first->numbers[position].value, from->value, to->value, &relation))
				return (struct ck_str){0};
			known = true;
		}
	}
	for (size_t i = 0; i < group->n; i++) {
		const struct ck_item *base = base_of(group->moves[i])->item, *item = item_of(group->moves[i], term);
		if (!holds(&relation, base->numbers[at].value, item->numbers[position].value))
			return (struct ck_str){0};
	}
	bool base_uniq = first_base->numbers[at].is_uniq, uniq = first->numbers[position].is_uniq;
	bool is_same = relation.factor == 1 && relation.offset == 0 && relation.divisor == 1;
	/* Another member of a tuple has the same capture, of the same kind. */
	if (is_source)
		return is_same && base_uniq == uniq ? base_capture(group, capture) : (struct ck_str){0};
	if (is_same && base_uniq == uniq && (uniq || same_text))
		return ck_str_format(maker->arena, "{%c}", capture_name(capture));
	if (!uniq && !plain && !padded)
		return (struct ck_str){0};
	struct ck_buf buf = {0};
	ck_buf_char(&buf, '{');
	put_relation(&buf, capture_name(capture), &relation, !uniq && (plain || base_uniq));
	if (uniq)
		ck_buf_str(&buf, CK_STR(":uniq"));
	else if (!plain)
		ck_buf_printf(&buf, ":0%zu", width);
	ck_buf_char(&buf, '}');
	struct ck_str text = ck_str_copy(maker->arena, ck_buf_view(&buf));
	maker->failed |= buf.failed;
	ck_buf_clear(&buf);
	return text;
}

/* ---- one draft of all moves of a group */

static bool is_constant(const struct group *group, size_t term, size_t position)
{
	for (size_t i = 1; i < group->n; i++) {
		if (!ck_str_equal(digits_of(item_of(group->moves[i], term), position), digits_of(item_of(group->moves[0], term), position)))
			return false;
	}
	return true;
}

/* "{i:0,3,7}": the numbers of a term, in the order of the moves. */
static struct ck_str put_alternatives(struct group *group, size_t term, size_t position)
{
	struct ck_buf buf = {0};
	bool same = term > 0 && term >= group->moves[0]->n_sources;
	for (size_t i = 0; i < group->n && same; i++)
		same = ck_str_equal(digits_of(item_of(group->moves[i], term), position),
				    digits_of(base_of(group->moves[i])->item, group->captures[0]));
	ck_buf_printf(&buf, "{%c", capture_name(0));
	for (size_t i = 0; i < group->n && !same; i++) {
		ck_buf_char(&buf, i ? ',' : ':');
		ck_buf_str(&buf, digits_of(item_of(group->moves[i], term), position));
	}
	ck_buf_char(&buf, '}');
	struct ck_str text = ck_str_copy(group->maker->arena, ck_buf_view(&buf));
	group->maker->failed |= buf.failed;
	ck_buf_clear(&buf);
	return text;
}

/* What stands for a number of a term; sets *ret_ok to false when nothing can. NULL text: the digits themselves. */
static struct ck_str replace(struct group *group, size_t term, size_t position, bool *ret_ok)
{
	struct ck_str text = {0};
	if (is_constant(group, term, position))
		return text;
	if (group->alternatives)
		return put_alternatives(group, term, position);
	/* A capture of the same ordinal first: layers with layers, heads with heads. */
	for (size_t i = 0; i < group->n_captures && !text.p; i++)
		text = express(group, term, position, (position + i) % group->n_captures);
	*ret_ok = *ret_ok && text.p;
	return text;
}

/* What stands for a capture in the base. */
static struct ck_str base_text(struct group *group, size_t capture)
{
	return group->alternatives ? put_alternatives(group, 0, group->captures[capture]) : base_capture(group, capture);
}

static struct ck_str term_text(struct group *group, size_t term, bool *ret_ok)
{
	const struct ck_move *move = group->moves[0];
	const struct ck_term *it = term < move->n_sources ? &move->sources[term] : &move->targets[term - move->n_sources];
	struct ck_str *replacements = ck_arena_array(group->maker->arena, it->item->n_numbers + 1, sizeof(*replacements));
	if (!replacements)
		return (struct ck_str){0};
	for (size_t i = 0; term == 0 && i < group->n_captures; i++)
		replacements[group->captures[i]] = base_text(group, i);
	for (size_t i = 0; term > 0 && i < it->item->n_numbers; i++)
		replacements[i] = replace(group, term, i, ret_ok);
	return put_term(group->maker, it, replacements);
}

/*
 * Fused over a number, one of the sides is one name with a capture of its own: over= names it, or as= makes it. Of the moves' terms
 * on that side only the first is printed.
 */
static struct ck_str fused_text(struct group *group, struct ck_draft *draft)
{
	const struct ck_move *move = group->moves[0];
	bool joins = move->n_sources > 1;
	const struct ck_item *first = joins ? move->sources[0].item : move->targets[0].item;
	char name = capture_name(group->n_captures);
	struct ck_buf capture = {0};
	struct ck_str *replacements = ck_arena_array(group->maker->arena, first->n_numbers + 1, sizeof(*replacements));
	bool ok = true;
	if (!replacements)
		return (struct ck_str){0};
	size_t term = joins ? 0 : move->n_sources;
	for (size_t i = 0; i < first->n_numbers; i++) {
		if (joins) {
			for (size_t k = 0; k < group->n_captures; k++) {
				if (group->captures[k] == i)
					replacements[i] = base_text(group, k);
			}
		} else if (i != move->position) {
			replacements[i] = replace(group, term, i, &ok);
		}
	}
	/* as= counts from 0. */
	if (joins)
		ck_buf_printf(&capture, "{%c:int}", name);
	else if (first->numbers[move->position].value)
		ck_buf_printf(&capture, "{%c+%" PRIu64 "}", name, first->numbers[move->position].value);
	else
		ck_buf_printf(&capture, "{%c}", name);
	replacements[move->position] = ck_str_copy(group->maker->arena, ck_buf_view(&capture));
	ck_buf_clear(&capture);
	struct ck_str text = put_term(group->maker, joins ? &move->sources[0] : &move->targets[0], replacements);
	CK_ASSERT(move->change);
	struct ck_str change = move->change->text;
	draft->change = ck_str_format(group->maker->arena, "%.*s, %s=%c)", (int)(change.n - 1), change.p, joins ? "over" : "as", name);
	return ok ? text : (struct ck_str){0};
}

/* Appends a draft of the group; false (and nothing) when its numbers cannot be told by its captures. */
static bool add_draft(struct group *group)
{
	const struct ck_move *move = group->moves[0];
	struct ck_draft draft = {.moves = group->moves, .n_moves = group->n, .where = group->where};
	bool ok = true, fused = move->position != SIZE_MAX;
	size_t n_sources = fused && move->n_sources > 1 ? 1 : move->n_sources, n_targets = fused && move->n_targets > 1 ? 1 : move->n_targets;
	draft.change = move->change ? move->change->text : (struct ck_str){0};
	draft.terms = ck_arena_array(group->maker->arena, n_sources + n_targets, sizeof(*draft.terms));
	if (!draft.terms)
		return true;
	draft.n_sources = n_sources;
	draft.n_targets = n_targets;
	for (size_t i = 0; i < n_sources + n_targets; i++) {
		bool is_many = fused && (i < n_sources ? move->n_sources : move->n_targets) > 1;
		size_t term = i < n_sources ? i : move->n_sources + (i - n_sources);
		draft.terms[i] = is_many ? fused_text(group, &draft) : term_text(group, term, &ok);
		ok = ok && draft.terms[i].p;
	}
	return ok && ck_draft_add(group->maker, group->drafts, &draft);
}

/* ---- which numbers may be captures: a pattern must match no other variable */

/* Does an item agree with the base in all numbers that are no captures? */
static bool agrees(const struct group *group, const struct ck_item *item)
{
	const struct ck_move *move = group->moves[0];
	const struct ck_item *base = base_of(move)->item;
	for (size_t i = 0; i < base->n_numbers; i++) {
		bool is_capture = move->position == i && move->n_sources > 1;
		for (size_t k = 0; k < group->n_captures; k++)
			is_capture |= group->captures[k] == i;
		if (!is_capture && !ck_str_equal(digits_of(item, i), digits_of(base, i)))
			return false;
	}
	return true;
}

static size_t count_matches(const struct group *group)
{
	size_t n = 0;
	for (size_t i = 0; i < group->n_pool; i++)
		n += agrees(group, group->pool[i]);
	return n;
}

/* "i < 6", "i >= 6", "i % 2 == 0": a condition that leaves exactly the group. p is NULL when there is none. */
static struct ck_str find_where(const struct group *group)
{
	const struct ck_item *base = base_of(group->moves[0])->item;
	size_t at = group->captures[0], n_below = 0, n_above = 0, n_parity = 0;
	uint64_t low = UINT64_MAX, high = 0, parity = base->numbers[at].value % 2;
	bool every_other = true;
	for (size_t i = 0; i < group->n; i++) {
		uint64_t value = base_of(group->moves[i])->item->numbers[at].value;
		low = value < low ? value : low;
		high = value > high ? value : high;
		every_other = every_other && value % 2 == parity;
	}
	/* All of the group are in the pool, so that counting is enough. */
	for (size_t i = 0; i < group->n_pool; i++) {
		uint64_t value = group->pool[i]->numbers[at].value;
		bool counts = agrees(group, group->pool[i]);
		n_below += counts && value <= high;
		n_above += counts && value >= low;
		n_parity += counts && value % 2 == parity;
	}
	if (base->numbers[at].is_uniq || high >= (uint64_t)1 << 30)
		return (struct ck_str){0};
	if (n_below == group->n)
		return ck_str_format(group->maker->arena, "%c < %" PRIu64, capture_name(0), high + 1);
	if (n_above == group->n)
		return ck_str_format(group->maker->arena, "%c >= %" PRIu64, capture_name(0), low);
	if (every_other && n_parity == group->n)
		return ck_str_format(group->maker->arena, "%c %% 2 == %" PRIu64, capture_name(0), parity);
	return (struct ck_str){0};
}

static void generalise(struct group *group);

/* What has one value at a position. */
struct part {
	size_t n_moves, n_pool;
	const struct ck_move **moves;
	struct ck_item **pool;
};

/* Finds the part of a value, making it when it is new; NULL when memory is short. */
static struct part *part_of(struct group *group, struct ck_map *numbers, struct part *parts, size_t *n, struct ck_str digits)
{
	size_t at = *n;
	if (ck_map_get(numbers, digits, &at))
		return &parts[at];
	return ck_map_put(numbers, digits.n ? digits : CK_STR(""), at) && !ck_arena_failed(group->maker->arena) ? &parts[(*n)++] : NULL;
}

/* Deals moves (or, of the pool, items) out to their parts, which know how many there are. */
static void deal(struct group *group, struct ck_map *numbers, struct part *parts, size_t position)
{
	size_t at;
	for (size_t i = 0; i < group->n; i++) {
		if (ck_map_get(numbers, digits_of(base_of(group->moves[i])->item, position), &at))
			parts[at].moves[parts[at].n_moves++] = group->moves[i];
	}
	for (size_t i = 0; i < group->n_pool; i++) {
		if (ck_map_get(numbers, digits_of(group->pool[i], position), &at))
			parts[at].pool[parts[at].n_pool++] = group->pool[i];
	}
}

/* One draft (at least) for each value of a number, which is then no capture. */
static void divide(struct group *group, size_t position)
{
	struct ck_arena *arena = group->maker->arena;
	struct part *parts = ck_arena_array(arena, group->n, sizeof(*parts)), *part;
	const struct ck_move **moves = ck_arena_array(arena, group->n, sizeof(*moves));
	struct ck_item **pool = ck_arena_array(arena, group->n_pool + 1, sizeof(struct ck_item *));
	struct ck_map numbers;
	size_t n = 0, at;
	ck_map_init(&numbers, arena);
	for (size_t i = 0; i < group->n && parts; i++) {
		part = part_of(group, &numbers, parts, &n, digits_of(base_of(group->moves[i])->item, position));
		if (!part)
			return;
		part->n_moves++;
	}
	for (size_t i = 0; i < group->n_pool && parts; i++) {
		if (ck_map_get(&numbers, digits_of(group->pool[i], position), &at))
			parts[at].n_pool++;
	}
	if (!parts || !moves || !pool)
		return;
	for (size_t i = 0; i < n; i++) {
		parts[i].moves = moves;
		parts[i].pool = pool;
		moves += parts[i].n_moves;
		pool += parts[i].n_pool;
		parts[i].n_moves = parts[i].n_pool = 0;
	}
	deal(group, &numbers, parts, position);
	for (size_t i = 0; i < n; i++) {
		struct group of_part = {.maker = group->maker, .drafts = group->drafts, .moves = parts[i].moves, .n = parts[i].n_moves,
					.pool = parts[i].pool, .n_pool = parts[i].n_pool};
		generalise(&of_part);
	}
}

/* Lists of words as long as they are short; then each move alone. */
static void list_alternatives(struct group *group)
{
	const struct ck_item *base = base_of(group->moves[0])->item;
	bool may = group->n_captures == 1 && group->moves[0]->position == SIZE_MAX && !base->numbers[group->captures[0]].is_uniq;
	for (size_t i = 0; i < group->moves[0]->n_targets && may; i++) {
		const struct ck_item *item = group->moves[0]->targets[i].item;
		for (size_t k = 0; k < item->n_numbers; k++)
			may = may && !item->numbers[k].is_uniq;
	}
	for (size_t i = 0; i < group->n;) {
		struct group part = *group;
		part.moves = group->moves + i;
		part.n = !may ? 1 : group->n - i < MAX_ALTERNATIVES ? group->n - i : MAX_ALTERNATIVES;
		part.alternatives = part.n > 1;
		part.n_captures = part.n > 1 ? 1 : 0;
		i += part.n;
		bool added = add_draft(&part);
		for (size_t k = 0; !added && part.n > 1 && k < part.n; k++) {
			struct group one = {.maker = part.maker, .drafts = part.drafts, .moves = part.moves + k, .n = 1};
			(void)add_draft(&one);
		}
	}
}

/* Over a number the pattern would match too much: each tuple is written out instead. */
static void write_out(struct group *group)
{
	struct ck_move *moves = ck_arena_array(group->maker->arena, group->n, sizeof(*moves));
	for (size_t i = 0; i < group->n && moves; i++) {
		moves[i] = *group->moves[i];
		moves[i].position = SIZE_MAX;
	}
	if (moves)
		ck_drafts_make(group->maker, moves, group->n, group->drafts);
}

/* Drafts for moves that have the same form. */
static void generalise(struct group *group)
{
	const struct ck_move *first = group->moves[0];
	const struct ck_item *base = base_of(first)->item;
	bool is_fused = first->position != SIZE_MAX && first->n_sources > 1, is_real = base_of(first)->prefix[0] == '\0';
	for (size_t i = 0; i < base->n_numbers && group->n > 1; i++) {
		if ((is_fused && i == first->position) || is_constant(group, 0, i))
			continue;
		if (group->n_captures == MAX_CAPTURES - 1) {
			divide(group, i);
			return;
		}
		group->captures[group->n_captures++] = i;
	}
	bool is_exact = (group->n == 1 && !is_fused) || !is_real || count_matches(group) == group->n * (is_fused ? first->n_sources : 1);
	if (!is_exact && group->n_captures == 1 && first->n_sources == 1) {
		group->where = find_where(group);
		is_exact = group->where.p != NULL;
	}
	if (is_exact && add_draft(group))
		return;
	group->where = (struct ck_str){0};
	if (group->n_captures > 1)
		divide(group, group->captures[0]);
	else if (is_fused)
		write_out(group);
	else
		list_alternatives(group);
}

/* ---- forms */

static void put_form(struct ck_buf *key, const struct ck_move *move)
{
	struct ck_str change = move->change ? move->change->text : CK_STR("");
	ck_buf_printf(key, "%s %d %d %zu %zu %zu|%.*s|%.*s|%.*s|%.*s|", move->kind, (int)move->certainty, (int)move->why, move->n_sources,
		      move->position, move->hints, CK_STR_ARG(change), CK_STR_ARG(move->other), CK_STR_ARG(move->tail),
			      CK_STR_ARG(move->reason));
	for (size_t i = 0; i < move->n_sources + move->n_targets; i++) {
		const struct ck_term *term = i < move->n_sources ? &move->sources[i] : &move->targets[i - move->n_sources];
		ck_buf_printf(key, "%s,%zu,%s|", term->prefix, term->item->family, term->suffix);
	}
}

struct form {
	const struct ck_move **moves;
	size_t n, capacity;
};

void ck_drafts_make(struct ck_maker *maker, const struct ck_move *moves, size_t n, struct ck_draft_list *drafts)
{
	struct ck_map numbers;
	struct form *forms = NULL;
	size_t n_forms = 0, capacity = 0;
	struct ck_buf buf = {0};
	ck_map_init(&numbers, maker->arena);
	for (size_t i = 0; i < n; i++) {
		size_t at = n_forms;
		if (moves[i].fixed.p)
			continue;
		buf.n = 0;
		put_form(&buf, &moves[i]);
		if (buf.failed)
			break;
		if (!ck_map_get(&numbers, ck_buf_view(&buf), &at)) {
			struct ck_str key = ck_str_copy(maker->arena, ck_buf_view(&buf));
			if (!key.p || !ck_map_put(&numbers, key, n_forms) || !ck_arena_grow(maker->arena, (void **)&forms, n_forms,
											    &capacity, sizeof(*forms)))
				break;
			forms[n_forms++] = (struct form){0};
		}
		CK_ASSERT(at < n_forms);
		if (!ck_arena_grow(maker->arena, (void **)&forms[at].moves, forms[at].n, &forms[at].capacity, sizeof(*forms[at].moves)))
			break;
		forms[at].moves[forms[at].n++] = &moves[i];
	}
	maker->failed |= buf.failed;
	ck_buf_clear(&buf);
	for (size_t i = 0; i < n_forms && !ck_arena_failed(maker->arena) && !maker->failed; i++) {
		const struct ck_item *base = base_of(forms[i].moves[0])->item;
		const struct ck_family *family = &maker->sides[base->side].families[base->family];
		struct group group = {.maker = maker, .drafts = drafts, .moves = forms[i].moves, .n = forms[i].n, .pool = family->items,
				      .n_pool = family->n};
		generalise(&group);
	}
}
