#include "bundle/base/str.h"

struct ck_map_slot {
	struct ck_str key;	/* p is NULL in a free slot */
	uint64_t hash;
	size_t value;
};

void ck_map_init(struct ck_map *map, struct ck_arena *arena)
{
	*map = (struct ck_map){.arena = arena};
}

/* The slot of key, or the free one where it belongs. At most half of the slots are taken, so there is one. */
static struct ck_map_slot *find_slot(struct ck_map_slot *slots, size_t n_slots, struct ck_str key, uint64_t hash)
{
	size_t mask = n_slots - 1;
	for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
		struct ck_map_slot *slot = &slots[i];
		if (!slot->key.p || (slot->hash == hash && ck_str_equal(slot->key, key)))
			return slot;
	}
}

static bool resize(struct ck_map *map, size_t n_slots)
{
	struct ck_map_slot *slots = ck_arena_array(map->arena, n_slots, sizeof(*slots));
	if (!slots)
		return false;
	for (size_t i = 0; i < map->n_slots; i++) {
		const struct ck_map_slot *old = &map->slots[i];
		if (old->key.p)
			*find_slot(slots, n_slots, old->key, old->hash) = *old;
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
	return n_slots == map->n_slots || resize(map, n_slots);
}

bool ck_map_put(struct ck_map *map, struct ck_str key, size_t value)
{
	if (map->n_items >= map->n_slots / 2 && !resize(map, map->n_slots ? map->n_slots * 2 : 16))
		return false;
	uint64_t hash = ck_str_hash(key);
	struct ck_map_slot *slot = find_slot(map->slots, map->n_slots, key, hash);
	if (!slot->key.p) {
		map->n_items++;
		*slot = (struct ck_map_slot){{key.p ? key.p : "", key.n}, hash, 0};
	}
	slot->value = value;
	return true;
}

bool ck_map_get(const struct ck_map *map, struct ck_str key, size_t *ret_value)
{
	if (map->n_items == 0)
		return false;
	const struct ck_map_slot *slot = find_slot(map->slots, map->n_slots, key, ck_str_hash(key));
	if (!slot->key.p)
		return false;
	*ret_value = slot->value;
	return true;
}
