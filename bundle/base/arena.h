/* Memory that is freed as a whole. */
#ifndef CK_BASE_ARENA_H
#define CK_BASE_ARENA_H

#include "bundle/base/ck.h"

struct ck_arena;

/* The seam for memory: every allocation of the project ends here. NULL when memory is short (or a test says so). */
CK_NODISCARD void *ck_alloc(size_t n_bytes);
CK_NODISCARD void *ck_realloc(void *old, size_t n_bytes);
/* For buffers of megabytes: on huge pages where the system has them; ck_free() frees. */
CK_NODISCARD void *ck_alloc_large(size_t n_bytes);
void ck_free(void *pointer);

/* A new arena that gives out at most limit_bytes; NULL when memory is short. */
CK_NODISCARD struct ck_arena *ck_arena_new(size_t limit_bytes);
void ck_arena_free(struct ck_arena *arena);	/* NULL is fine */

/**
 * n_bytes of zeroed memory, aligned for any type, which live as long as the arena. NULL when the limit is reached or memory is
 * short; from then on every call gives NULL (the failure is sticky), so a caller may check once at the end by ck_arena_failed().
 */
CK_NODISCARD void *ck_arena_alloc(struct ck_arena *arena, size_t n_bytes);
/* The same for count * size bytes; NULL also when the product overflows. */
CK_NODISCARD void *ck_arena_array(struct ck_arena *arena, size_t count, size_t size);
/* True once any allocation from it has failed. */
bool ck_arena_failed(const struct ck_arena *arena);
size_t ck_arena_used(const struct ck_arena *arena);

/**
 * Room for one more element in a growing array that lives in the arena: doubles *items (old memory stays in the arena) when
 * n_items has reached *capacity. Returns false when memory is short.
 *     if (!ck_arena_grow(arena, (void **)&rules, n_rules, &capacity, sizeof(*rules))) return CK_NOMEM;
 *     rules[n_rules++] = rule;
 */
CK_NODISCARD bool ck_arena_grow(struct ck_arena *arena, void **items, size_t n_items, size_t *capacity, size_t size);

#endif
