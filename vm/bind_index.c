/* Variables by their names, and which of them a pattern can match at all: found by its literal ends and segments. */
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
	struct ck_arena *arena = binder->scratch;
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
	subjects->items = ck_arena_array(binder->scratch, manifest->n_variables + 1, sizeof(*subjects->items));
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

bool ck_subjects_paths(struct ck_binder *binder, struct ck_subjects *subjects, size_t i)
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

/* Full names, and names by every path: made when first asked for. The first variable of a name counts. */
static bool index_full_names(struct ck_binder *binder, struct ck_subjects *subjects)
{
	size_t before;

	if (subjects->by_full.arena)
		return true;
	ck_map_init(&subjects->by_full, binder->arena);
	subjects->next_full = ck_arena_array(binder->arena, subjects->n + 1, sizeof(*subjects->next_full));
	if (!subjects->next_full)
		return ck_bind_nomem(binder);
	for (size_t i = subjects->n; i-- > 0;) {
		const struct ck_subject *subject = &subjects->items[i];

		subjects->next_full[i] = SIZE_MAX;
		if (subject->slot.n || !subject->full_name.n)
			continue;
		if (ck_map_get(&subjects->by_full, subject->full_name, &before))
			subjects->next_full[i] = before;
		if (!ck_map_put(&subjects->by_full, subject->full_name, i))
			return ck_bind_nomem(binder);
	}
	return true;
}

static bool index_paths(struct ck_binder *binder, struct ck_subjects *subjects)
{
	size_t before;

	if (subjects->by_path.arena)
		return true;
	ck_map_init(&subjects->by_path, binder->arena);
	for (size_t i = 0; i < subjects->n; i++) {
		if (subjects->items[i].kind != CK_VARIABLE)
			continue;
		if (!ck_subjects_paths(binder, subjects, i))
			return false;
		for (size_t j = 0; j < subjects->n_paths[i]; j++)
			if (!ck_map_get(&subjects->by_path, subjects->paths[i][j], &before) &&
			    !ck_map_put(&subjects->by_path, subjects->paths[i][j], i))
				return ck_bind_nomem(binder);
	}
	return true;
}

bool ck_subjects_find(struct ck_binder *binder, struct ck_subjects *subjects, uint32_t by, struct ck_str name, size_t *ret_index)
{
	const struct ck_map *map = subjects->manifest ? &subjects->manifest->by_name : &subjects->names;
	size_t found;

	if (by == CK_BY_FULL) {
		map = &subjects->by_full;
		if (!index_full_names(binder, subjects))
			return false;
	} else if (by == CK_BY_PATH) {
		map = &subjects->by_path;
		if (!index_paths(binder, subjects))
			return false;
	}
	if (!ck_map_get(map, name, &found))
		return false;
	if (ret_index)
		*ret_index = found;
	return true;
}

size_t ck_subjects_slot(const struct ck_subjects *subjects, size_t owner, struct ck_str slot, struct ck_str optimizer)
{
	for (size_t i = subjects->first_slot[owner]; i != SIZE_MAX; i = subjects->next_slot[i])
		if (ck_str_equal(subjects->items[i].slot, slot) && (!optimizer.n || ck_str_equal(subjects->items[i].optimizer, optimizer)))
			return i;
	return SIZE_MAX;
}

/* ---- candidates */

/* How a name stands to an end of names: < 0 before, 0 has it, > 0 after. */
static int against(struct ck_str name, struct ck_str end, bool tail)
{
	if (tail)
		return compare_backwards(name.n > end.n ? ck_str_slice(name, name.n - end.n, name.n) : name, end);
	return ck_str_compare(ck_str_slice(name, 0, end.n), end);
}

static struct ck_candidates find_range(const struct ck_subjects *subjects, const size_t *items, size_t n, struct ck_str end, bool tail)
{
	struct ck_candidates range = { items, 0, n };
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

/* ---- segments: what stands between slashes */

/* Names by their segments: those of segment k are items[first[k]] .. items[first[k + 1]]. */
struct ck_segments {
	struct ck_map numbers;
	size_t *first, *items, n;
};

/* The next segment of a name from *at on; false at its end. */
static bool next_segment(struct ck_str name, size_t *at, struct ck_str *ret_segment)
{
	if (*at > name.n)
		return false;
	*ret_segment = ck_str_slice(name, *at, name.n);
	ret_segment->n = ck_str_find(*ret_segment, '/');
	*at += ret_segment->n + 1;
	return true;
}

static bool number_segments(struct ck_subjects *subjects, struct ck_segments *segments, size_t *counts, size_t *n_all)
{
	for (size_t i = 0; i < subjects->n_plain; i++) {
		struct ck_str segment;

		for (size_t at = 0, k; next_segment(subjects->items[subjects->by_head[i]].name, &at, &segment); (*n_all)++) {
			if (!ck_map_get(&segments->numbers, segment, &k)) {
				k = segments->n++;
				if (!ck_map_put(&segments->numbers, segment, k))
					return false;
			}
			if (counts)
				counts[k]++;
		}
	}
	return true;
}

/* A name that has a segment twice is listed twice, one after the other. */
static struct ck_segments *make_segments(struct ck_binder *binder, struct ck_subjects *subjects)
{
	struct ck_segments *segments = ck_arena_alloc(binder->arena, sizeof(*segments));
	size_t n_all = 0, *ends;

	if (!segments)
		return NULL;
	ck_map_init(&segments->numbers, binder->arena);
	if (!number_segments(subjects, segments, NULL, &n_all))
		return NULL;
	segments->first = ck_arena_array(binder->arena, segments->n + 2, sizeof(size_t));
	segments->items = ck_arena_array(binder->arena, n_all + 1, sizeof(size_t));
	if (!segments->first || !segments->items || !number_segments(subjects, segments, segments->first + 1, &n_all))
		return NULL;
	for (size_t k = 0; k < segments->n; k++)
		segments->first[k + 1] += segments->first[k];
	ends = ck_arena_array(binder->arena, segments->n + 1, sizeof(size_t));
	if (!ends)
		return NULL;
	memcpy(ends, segments->first, segments->n * sizeof(size_t));
	for (size_t i = 0; i < subjects->n_plain; i++) {
		struct ck_str segment;

		for (size_t at = 0, k; next_segment(subjects->items[subjects->by_head[i]].name, &at, &segment);) {
			CK_ASSERT(ck_map_get(&segments->numbers, segment, &k));
			if (ends[k] == segments->first[k] || segments->items[ends[k] - 1] != subjects->by_head[i])
				segments->items[ends[k]++] = subjects->by_head[i];
			else
				segments->items[ends[k]++] = SIZE_MAX;
		}
	}
	return segments;
}

/*
 * Fewer candidates by a segment that every match has: one that stands whole in a literal piece, between slashes or at an end of the
 * pattern. (A slash goes with an empty `**` beside it, and another one, or the end, stands there instead.)
 */
static void narrow(const struct ck_segments *segments, const Ck__Plan__Pattern *pattern, struct ck_candidates *candidates)
{
	for (size_t i = 0; i < pattern->n_pieces; i++) {
		struct ck_str text = ck_str_of(pattern->pieces[i]->text), segment;

		if (pattern->pieces[i]->kind != CK_PIECE_LITERAL)
			continue;
		for (size_t at = 0, begin = 0, k; next_segment(text, &at, &segment); begin = at) {
			bool opens = begin > 0 || i == 0, closes = at <= text.n || i + 1 == pattern->n_pieces;

			/* Beside a slash that may go the segment is empty. */
			if (!segment.n || !opens || !closes)
				continue;
			if (!ck_map_get(&segments->numbers, segment, &k)) {
				candidates->end = candidates->begin;
				return;
			}
			if (segments->first[k + 1] - segments->first[k] < candidates->end - candidates->begin)
				*candidates = (struct ck_candidates){ segments->items, segments->first[k], segments->first[k + 1] };
		}
	}
}

/* ---- candidates of a pattern */

bool ck_subjects_candidates(struct ck_binder *binder, struct ck_subjects *subjects, const Ck__Plan__Pattern *pattern,
			    struct ck_candidates *ret_candidates)
{
	/* A search among few is as fast as any index; many searches among many pay for an index of segments. */
	enum { MANY = 512, OFTEN = 16 };
	bool slots = pattern && pattern->has_slot;
	const size_t *items = slots ? subjects->slots_by_head : subjects->by_head;
	struct ck_candidates whole = { items, 0, slots ? subjects->n_slots : subjects->n_plain }, tail;

	*ret_candidates = whole;
	if (!pattern || pattern->by != CK_BY_NAME)
		return true;
	*ret_candidates = find_range(subjects, items, whole.end, ck_pattern_prefix(pattern, binder->arena), false);
	if (slots || ret_candidates->end - ret_candidates->begin <= MANY)
		return true;
	if (!subjects->by_tail && pattern_tail(pattern).n) {
		subjects->by_tail = ck_arena_array(binder->scratch, subjects->n_plain + 1, sizeof(size_t));
		if (!subjects->by_tail)
			return ck_bind_nomem(binder);
		memcpy(subjects->by_tail, subjects->by_head, subjects->n_plain * sizeof(size_t));
		qsort_r(subjects->by_tail, subjects->n_plain, sizeof(size_t), compare_tail, subjects);
	}
	if (pattern_tail(pattern).n) {
		tail = find_range(subjects, subjects->by_tail, subjects->n_plain, pattern_tail(pattern), true);
		if (tail.end - tail.begin < ret_candidates->end - ret_candidates->begin)
			*ret_candidates = tail;
	}
	if (ret_candidates->end - ret_candidates->begin <= MANY || ++subjects->n_wide_searches < OFTEN)
		return true;
	if (!subjects->segments)
		subjects->segments = make_segments(binder, subjects);
	if (!subjects->segments)
		return ck_bind_nomem(binder);
	narrow(subjects->segments, pattern, ret_candidates);
	return true;
}
