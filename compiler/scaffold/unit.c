/* Units: what is matched as a whole. Layers that differ in a number only are one, so that one decision is made for all of them. */
#include "compiler/scaffold/internal.h"

#include <string.h>

/* ---- parts of names, interned */

/* Appends name[begin..end) with a mark for each number, or as it is. */
static void put_masked(struct ck_buf *buf, const struct ck_item *item, bool masked, size_t begin, size_t end)
{
	size_t at = begin;
	for (size_t i = 0; i < item->n_numbers && masked; i++) {
		const struct ck_number *number = &item->numbers[i];
		if (number->begin < begin || number->end > end)
			continue;
		ck_buf_bytes(buf, item->name.p + at, number->begin - at);
		ck_buf_char(buf, '\x01');
		at = number->end;
	}
	ck_buf_bytes(buf, item->name.p + at, end - at);
}

static uint32_t intern(struct ck_maker *maker, char kind, const struct ck_item *item, bool masked, size_t begin, size_t end)
{
	struct ck_buf key = {0};
	size_t number = 0;
	ck_buf_char(&key, kind);
	put_masked(&key, item, masked, begin, end);
	if (!key.failed && !ck_map_get(&maker->part_numbers, ck_buf_view(&key), &number)) {
		struct ck_str copy = ck_str_copy(maker->arena, ck_buf_view(&key));
		number = maker->n_parts++;
		if (!copy.p || !ck_map_put(&maker->part_numbers, copy, number))
			number = 0;
	}
	maker->failed |= key.failed;
	ck_buf_clear(&key);
	return (uint32_t)number;
}

void ck_unit_name_parts(struct ck_maker *maker, struct ck_unit *unit)
{
	const struct ck_item *item = unit->items[0];
	size_t slash = ck_str_rfind(item->name, '/'), scope = 0;
	slash = slash == item->name.n ? 0 : slash;
	for (size_t i = 0; i < item->n_numbers; i++) {
		size_t end = item->numbers[i].end;
		size_t segment = end + ck_str_find(ck_str_slice(item->name, end, item->name.n), '/');
		scope = segment < item->name.n ? segment : scope;
	}
	unit->parent = intern(maker, 'p', item, !unit->is_single, 0, slash);
	unit->scope = intern(maker, 's', item, !unit->is_single, 0, scope);
	unit->leaf = intern(maker, 'l', item, !unit->is_single, slash, item->name.n);
	unit->has_scope = scope > 0;
	unit->n_above = 0;
	for (size_t end = ck_str_rfind(ck_str_slice(item->name, 0, slash), '/'); end < slash && unit->n_above < CK_MAX_ABOVE;) {
		unit->above[unit->n_above++] = intern(maker, 'p', item, !unit->is_single, 0, end);
		size_t next = ck_str_rfind(ck_str_slice(item->name, 0, end), '/');
		if (next >= end)
			break;
		end = next;
	}
}

/* ---- making them */

static uint64_t mix(uint64_t hash, uint64_t number)
{
	hash ^= number + 0x9e3779b97f4a7c15u + (hash << 6) + (hash >> 2);
	return hash * 0xff51afd7ed558ccdu;
}

static void finish(struct ck_maker *maker, struct ck_unit *unit, size_t number)
{
	unit->number = number;
	unit->types = unit->elems = unit->n;
	for (size_t i = 0; i < unit->n; i++) {
		unit->types = mix(unit->types, unit->items[i]->type);
		unit->elems = mix(unit->elems, maker->types[unit->items[i]->type].n_elems);
	}
	ck_unit_name_parts(maker, unit);
}

struct ck_units ck_units_make(struct ck_maker *maker, uint32_t number, bool single)
{
	struct ck_side *side = &maker->sides[number];
	struct ck_units units = {.items = ck_arena_array(maker->arena, side->n + 1, sizeof(*units.items))};
	struct ck_item **left = ck_arena_array(maker->arena, side->n + 1, sizeof(struct ck_item *));
	if (!units.items || !left)
		return units;
	for (size_t i = 0; i < side->n_families; i++) {
		const struct ck_family *family = &side->families[i];
		size_t n = 0;
		for (size_t k = 0; k < family->n; k++) {
			if (!family->items[k]->done)
				left[n++] = family->items[k];
		}
		for (size_t k = 0; k < n; k += single ? 1 : n) {
			struct ck_unit *unit = &units.items[units.n];
			*unit = (struct ck_unit){.items = left + k, .n = single ? 1 : n, .is_single = single};
			finish(maker, unit, units.n++);
		}
		left += n;
	}
	return units;
}

/* ---- lists of units by a key */

void ck_index_init(struct ck_unit_index *index, struct ck_maker *maker, const struct ck_units *units)
{
	*index = (struct ck_unit_index){.maker = maker, .units = units};
	ck_map_init(&index->lists, maker->arena);
}

/* The bytes of a key. */
struct key {
	uint64_t kind, a, b;
};

struct ck_unit_list *ck_index_find(const struct ck_unit_index *index, char kind, uint64_t a, uint64_t b)
{
	const struct key key = {(uint64_t)kind, a, b};
	size_t number;
	return ck_map_get(&index->lists, (struct ck_str){(const char *)&key, sizeof(key)}, &number) ? index->items[number] : NULL;
}

void ck_index_add(struct ck_unit_index *index, char kind, uint64_t a, uint64_t b, uint32_t unit)
{
	const struct key bytes = {(uint64_t)kind, a, b};
	struct ck_arena *arena = index->maker->arena;
	struct ck_unit_list *list = ck_index_find(index, kind, a, b);
	if (!list) {
		struct ck_str key = ck_str_copy(arena, (struct ck_str){(const char *)&bytes, sizeof(bytes)});
		list = ck_arena_alloc(arena, sizeof(*list));
		if (!key.p || !list || !ck_map_put(&index->lists, key, index->n) ||
		    !ck_arena_grow(arena, (void **)&index->items, index->n, &index->capacity, sizeof(*index->items)))
			return;
		index->items[index->n++] = list;
	}
	/* Longer lists are never read to their end: what so many have in common tells nothing. */
	if (list->n >= CK_MAX_LISTED) {
		list->n_more++;
		return;
	}
	if (list->n == 0 || list->units[list->n - 1] != unit) {
		if (ck_arena_grow(arena, (void **)&list->units, list->n, &list->capacity, sizeof(*list->units)))
			list->units[list->n++] = unit;
	}
}
