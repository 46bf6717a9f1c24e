#include "bundle/base/str.h"

/* Items in the order in which they came, and a table of their numbers: half the memory of a table that holds them. */
struct ck_map_item {
	struct ck_str key;
	size_t value;
};

struct ck_map_slot {
	uint32_t hash;
	uint32_t item;	/* 1 + its number; 0: free */
};

void ck_map_init(struct ck_map *map, struct ck_arena *arena)
{
	*map = (struct ck_map){.arena = arena};
}

static uint32_t hash_of(struct ck_str key)
{
	uint64_t hash = ck_str_hash(key);
	return (uint32_t)(hash ^ hash >> 32);
}

/* The slot of key, or the free one where it belongs. At most half of the slots are taken, so there is one. */
static struct ck_map_slot *find_slot(const struct ck_map *map, struct ck_str key, uint32_t hash)
{
	size_t mask = map->n_slots - 1;
	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		struct ck_map_slot *slot = &map->slots[i];
		if (!slot->item || (slot->hash == hash && ck_str_equal(map->items[slot->item - 1].key, key)))
			return slot;
	}
}

static bool resize(struct ck_map *map, size_t n_slots)
{
	struct ck_map_slot *slots = ck_arena_array(map->arena, n_slots, sizeof(*slots));
	if (!slots)
		return false;
	for (size_t i = 0; i < map->n_slots; i++) {
		size_t at = map->slots[i].hash & (n_slots - 1);
		if (!map->slots[i].item)
			continue;
		while (slots[at].item)
			at = (at + 1) & (n_slots - 1);
		slots[at] = map->slots[i];
	}
	map->slots = slots;
	map->n_slots = n_slots;
	return true;
}

bool ck_map_reserve(struct ck_map *map, size_t n_items)
{
	size_t n_slots = map->n_slots ? map->n_slots : 16;
	while (n_slots / 2 < n_items && n_slots <= SIZE_MAX / 4)
		n_slots *= 2;
	if (n_slots != map->n_slots && !resize(map, n_slots))
		return false;
	if (map->n_items || n_items <= map->capacity)
		return true;
	map->items = ck_arena_array(map->arena, n_items, sizeof(*map->items));
	map->capacity = map->items ? n_items : 0;
	return map->items;
}

bool ck_map_put(struct ck_map *map, struct ck_str key, size_t value)
{
	if (map->n_items >= map->n_slots / 2 && !resize(map, map->n_slots ? map->n_slots * 2 : 16))
		return false;
	uint32_t hash = hash_of(key);
	struct ck_map_slot *slot = find_slot(map, key, hash);
	if (slot->item) {
		map->items[slot->item - 1].value = value;
		return true;
	}
	if (map->n_items == UINT32_MAX ||
	    !ck_arena_grow(map->arena, (void **)&map->items, map->n_items, &map->capacity, sizeof(*map->items)))
		return false;
	map->items[map->n_items++] = (struct ck_map_item){key, value};
	*slot = (struct ck_map_slot){hash, (uint32_t)map->n_items};
	return true;
}

bool ck_map_get(const struct ck_map *map, struct ck_str key, size_t *ret_value)
{
	if (map->n_items == 0)
		return false;
	const struct ck_map_slot *slot = find_slot(map, key, hash_of(key));
	if (!slot->item)
		return false;
	*ret_value = map->items[slot->item - 1].value;
	return true;
}
