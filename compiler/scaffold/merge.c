/* Statements that differ in one segment become one with an alternation: "norm/{gamma,beta}" -> "norm/{scale,offset}". */
#include "compiler/scaffold/draft.h"

#include <ctype.h>
#include <string.h>

enum { MAX_ALTERNATIVES = 16, MAX_WIDTH = 96 };

struct ck_segments ck_segments_of(struct ck_str text)
{
	struct ck_segments segments = {0};
	for (size_t begin = 0; begin <= text.n; segments.n++) {
		size_t end = begin + ck_str_find(ck_str_slice(text, begin, text.n), '/');
		if (segments.n == CK_MAX_SEGMENTS) {
			segments.n = 0;
			return segments;
		}
		segments.items[segments.n] = ck_str_slice(text, begin, end);
		begin = end + 1;
	}
	return segments;
}

/* Which segments are to differ, counted from the end: those that mostly do first. */
static const struct place {
	size_t source, target;
} places[] = {{0, 0}, {1, 1}, {2, 2}, {3, 3}, {1, 0}, {0, 1}, {2, 1}, {1, 2}, {2, 0}, {0, 2}};

/* May a segment be an alternative: are its characters those of ordinary names? */
static bool is_ordinary(struct ck_str segment)
{
	for (size_t i = 0; i < segment.n; i++) {
		if (!isalnum((unsigned char)segment.p[i]) && !strchr("_.-", segment.p[i]))
			return false;
	}
	return segment.n > 0;
}

/* The range of a text that segment number from_end takes; false when it has none that may be an alternative. */
static bool find_segment(struct ck_str text, size_t from_end, size_t *ret_begin, size_t *ret_end)
{
	struct ck_str head = text;
	for (size_t i = 0;; i++) {
		size_t slash = ck_str_rfind(head, '/');
		size_t begin = slash < head.n ? slash + 1 : 0;
		if (i == from_end) {
			/* What follows @ is no part of the name. */
			*ret_begin = begin;
			*ret_end = begin + ck_str_find(ck_str_slice(text, begin, head.n), '@');
			return is_ordinary(ck_str_slice(text, begin, *ret_end));
		}
		if (slash == head.n)
			return false;
		head.n = slash;
	}
}

static bool may_merge(const struct ck_draft *draft)
{
	return !draft->done && !draft->is_collapsed && draft->n_sources <= 1 && draft->n_targets <= 1 &&
		draft->moves[0]->position == SIZE_MAX;
}

/* All of a draft but the segments at a place; false when it has no such segments. */
static bool put_key(struct ck_buf *key, const struct ck_draft *draft, const struct place *place)
{
	const struct ck_move *move = draft->moves[0];
	ck_buf_printf(key, "%s %d %d %zu|%.*s|%.*s|%.*s|%.*s|%.*s", move->kind, (int)move->certainty, (int)move->why, move->hints,
		      CK_STR_ARG(draft->change), CK_STR_ARG(move->other), CK_STR_ARG(draft->where), CK_STR_ARG(move->tail),
			      CK_STR_ARG(move->reason));
	for (size_t i = 0; i < draft->n_sources + draft->n_targets; i++) {
		struct ck_str text = draft->terms[i];
		size_t begin, end;
		if (!find_segment(text, i < draft->n_sources ? place->source : place->target, &begin, &end))
			return false;
		ck_buf_printf(key, "|%.*s\x01%.*s", (int)begin, text.p, (int)(text.n - end), text.p + end);
	}
	return true;
}

/* ---- one group of drafts */

struct cluster {
	size_t *drafts;
	size_t n, capacity;
};

/* What all alternatives begin or end with, up to an underscore, stands outside the braces. */
static void find_affixes(const struct ck_str *words, size_t n, size_t *ret_head, size_t *ret_tail)
{
	size_t head = words[0].n, tail = words[0].n, shortest = words[0].n;
	for (size_t i = 1; i < n; i++) {
		size_t k = 0;
		shortest = words[i].n < shortest ? words[i].n : shortest;
		while (k < head && k < words[i].n && words[i].p[k] == words[0].p[k])
			k++;
		head = k;
		for (k = 0; k < tail && k < words[i].n && words[i].p[words[i].n - 1 - k] == words[0].p[words[0].n - 1 - k];)
			k++;
		tail = k;
	}
	while (head > 0 && words[0].p[head - 1] != '_')
		head--;
	while (tail > 0 && words[0].p[words[0].n - tail] != '_')
		tail--;
	if (head + tail >= shortest)
		head = tail = 0;
	*ret_head = head;
	*ret_tail = tail;
}

/* A term of n drafts that differs in a segment. */
static struct ck_str put_alternation(struct ck_maker *maker, const struct ck_draft_list *drafts, const size_t *numbers, size_t n,
				     size_t term, size_t from_end)
{
	struct ck_str words[MAX_ALTERNATIVES], first = drafts->items[numbers[0]].terms[term];
	size_t begin, end, head, tail;
	struct ck_buf buf = {0};
	for (size_t i = 0; i < n; i++) {
		struct ck_str text = drafts->items[numbers[i]].terms[term];
		(void)find_segment(text, from_end, &begin, &end);
		words[i] = ck_str_slice(text, begin, end);
	}
	(void)find_segment(first, from_end, &begin, &end);
	find_affixes(words, n, &head, &tail);
	ck_buf_bytes(&buf, first.p, begin + head);
	for (size_t i = 0; i < n; i++) {
		ck_buf_char(&buf, i ? ',' : '{');
		ck_buf_str(&buf, ck_str_slice(words[i], head, words[i].n - tail));
	}
	ck_buf_char(&buf, '}');
	ck_buf_bytes(&buf, first.p + end - tail, first.n - end + tail);
	struct ck_str text = ck_str_copy(maker->arena, ck_buf_view(&buf));
	maker->failed |= buf.failed;
	ck_buf_clear(&buf);
	return text;
}

static void merge_drafts(struct ck_maker *maker, struct ck_draft_list *drafts, const size_t *numbers, size_t n, const struct place *place)
{
	struct ck_draft *into = &drafts->items[numbers[0]];
	size_t n_moves = 0, n_terms = into->n_sources + into->n_targets;
	struct ck_str *terms = ck_arena_array(maker->arena, n_terms, sizeof(*terms));
	for (size_t i = 0; i < n; i++)
		n_moves += drafts->items[numbers[i]].n_moves;
	const struct ck_move **moves = ck_arena_array(maker->arena, n_moves, sizeof(*moves));
	if (!terms || !moves)
		return;
	for (size_t i = 0; i < n_terms; i++)
		terms[i] = put_alternation(maker, drafts, numbers, n, i, i < into->n_sources ? place->source : place->target);
	n_moves = 0;
	for (size_t i = 0; i < n; i++) {
		struct ck_draft *from = &drafts->items[numbers[i]];
		memcpy(moves + n_moves, from->moves, from->n_moves * sizeof(*moves));
		n_moves += from->n_moves;
		from->done = i > 0;
	}
	into->terms = terms;
	into->moves = moves;
	into->n_moves = n_moves;
}

/* Merges the drafts of a cluster, as many at a time as a line has room for. */
static void merge_cluster(struct ck_maker *maker, struct ck_draft_list *drafts, const struct cluster *cluster, const struct place *place)
{
	for (size_t i = 0; i < cluster->n;) {
		size_t n = 0, width = 0;
		for (; i + n < cluster->n && n < MAX_ALTERNATIVES; n++) {
			const struct ck_draft *draft = &drafts->items[cluster->drafts[i + n]];
			size_t longest = 0, begin = 0, end = 0;
			for (size_t k = 0; k < draft->n_sources + draft->n_targets; k++) {
				(void)find_segment(draft->terms[k], k < draft->n_sources ? place->source : place->target, &begin, &end);
				size_t here = n ? end - begin + 1 : draft->terms[k].n;
				longest = here > longest ? here : longest;
			}
			if (n && width + longest > MAX_WIDTH)
				break;
			width += longest;
		}
		if (n > 1)
			merge_drafts(maker, drafts, cluster->drafts + i, n, place);
		i += n;
	}
}

static bool merge_place(struct ck_maker *maker, struct ck_draft_list *drafts, const struct place *place)
{
	struct ck_map numbers;
	struct cluster *clusters = NULL;
	size_t n = 0, capacity = 0;
	struct ck_buf key = {0};
	bool any = false;
	ck_map_init(&numbers, maker->arena);
	for (size_t i = 0; i < drafts->n; i++) {
		size_t at = n;
		key.n = 0;
		if (!may_merge(&drafts->items[i]) || !put_key(&key, &drafts->items[i], place))
			continue;
		if (key.failed)
			break;
		if (!ck_map_get(&numbers, ck_buf_view(&key), &at)) {
			struct ck_str copy = ck_str_copy(maker->arena, ck_buf_view(&key));
			if (!copy.p || !ck_map_put(&numbers, copy, n) || !ck_arena_grow(maker->arena, (void **)&clusters, n, &capacity,
											sizeof(*clusters)))
				break;
			clusters[n++] = (struct cluster){0};
		}
		CK_ASSERT(at < n);
		if (!ck_arena_grow(maker->arena, (void **)&clusters[at].drafts, clusters[at].n, &clusters[at].capacity, sizeof(size_t)))
			break;
		clusters[at].drafts[clusters[at].n++] = i;
	}
	maker->failed |= key.failed;
	ck_buf_clear(&key);
	for (size_t i = 0; i < n && !ck_arena_failed(maker->arena) && !maker->failed; i++) {
		if (clusters[i].n < 2)
			continue;
		merge_cluster(maker, drafts, &clusters[i], place);
		any = true;
	}
	return any;
}

void ck_drafts_merge(struct ck_maker *maker, struct ck_draft_list *drafts)
{
	for (size_t i = 0; i < CK_COUNT(places) && !ck_arena_failed(maker->arena) && !maker->failed; i++)
		(void)merge_place(maker, drafts, &places[i]);
}

bool ck_draft_add(struct ck_maker *maker, struct ck_draft_list *drafts, const struct ck_draft *draft)
{
	if (!ck_arena_grow(maker->arena, (void **)&drafts->items, drafts->n, &drafts->capacity, sizeof(*drafts->items)))
		return false;
	drafts->items[drafts->n++] = *draft;
	return true;
}
