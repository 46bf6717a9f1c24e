#include "bundle/base/arena.h"

#include <criterion/criterion.h>
#include <stdalign.h>
#include <string.h>

Test(base_arena, gives_zeroed_aligned_memory)
{
	struct ck_arena *arena = ck_arena_new((size_t)64 << 20);
	cr_assert_not_null(arena);
	static const size_t sizes[] = {0, 1, 7, 16, 100, 4095, 4096, 5000, 1 << 20, 3 << 20, 1};
	unsigned char *last = NULL;
	for (size_t i = 0; i < CK_COUNT(sizes); i++) {
		unsigned char *bytes = ck_arena_alloc(arena, sizes[i]);
		cr_assert_not_null(bytes, "%zu", sizes[i]);
		cr_assert_eq((uintptr_t)bytes % alignof(max_align_t), 0, "%zu", sizes[i]);
		cr_assert_neq(bytes, last, "%zu", sizes[i]);
		for (size_t j = 0; j < sizes[i]; j++)
			cr_assert_eq(bytes[j], 0, "%zu at %zu", sizes[i], j);
		if (sizes[i])
			memset(bytes, 0xff, sizes[i]);
		last = bytes;
	}
	cr_assert_geq(ck_arena_used(arena), (size_t)4 << 20);
	cr_assert_not(ck_arena_failed(arena));
	ck_arena_free(arena);
	ck_arena_free(NULL);
}

Test(base_arena, limit_is_exact_and_sticky)
{
	struct ck_arena *arena = ck_arena_new(64);
	cr_assert_not_null(ck_arena_alloc(arena, 32));
	cr_assert_not_null(ck_arena_alloc(arena, 32));
	cr_assert_not(ck_arena_failed(arena));
	cr_assert_null(ck_arena_alloc(arena, 1));
	cr_assert(ck_arena_failed(arena));
	cr_assert_null(ck_arena_alloc(arena, 0), "the failure must stick");
	ck_arena_free(arena);

	arena = ck_arena_new(SIZE_MAX);
	cr_assert_null(ck_arena_array(arena, SIZE_MAX / 2, 3), "the product overflows");
	cr_assert(ck_arena_failed(arena));
	ck_arena_free(arena);

	arena = ck_arena_new(SIZE_MAX);
	cr_assert_null(ck_arena_alloc(arena, SIZE_MAX));
	cr_assert(ck_arena_failed(arena));
	ck_arena_free(arena);
}

Test(base_arena, grow_keeps_what_is_there)
{
	struct ck_arena *arena = ck_arena_new((size_t)1 << 20);
	int *items = NULL;
	size_t n = 0, capacity = 0;
	for (int i = 0; i < 1000; i++) {
		cr_assert(ck_arena_grow(arena, (void **)&items, n, &capacity, sizeof(*items)));
		items[n++] = i;
	}
	for (int i = 0; i < 1000; i++)
		cr_assert_eq(items[i], i);
	size_t old_capacity = capacity = SIZE_MAX / 2 + 1;
	cr_assert_not(ck_arena_grow(arena, (void **)&items, capacity, &capacity, sizeof(*items)), "doubling overflows");
	cr_assert_eq(capacity, old_capacity);
	ck_arena_free(arena);
}

Test(base_arena, checked_arithmetic)
{
	static const struct {
		uint64_t a, b;
		bool adds, multiplies;
	} rows[] = {
		{0, 0, true, true},
		{UINT64_MAX, 0, true, true},
		{UINT64_MAX, 1, false, true},
		{UINT64_MAX - 1, 1, true, true},
		{(uint64_t)1 << 32, (uint64_t)1 << 32, true, false},
		{(uint64_t)1 << 32, ((uint64_t)1 << 32) - 1, true, true},
		{(uint64_t)1 << 63, (uint64_t)1 << 63, false, false},
	};
	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		uint64_t sum = 7, product = 7;
		cr_assert_eq(ck_add(rows[i].a, rows[i].b, &sum), rows[i].adds, "row %zu", i);
		cr_assert_eq(ck_mul(rows[i].a, rows[i].b, &product), rows[i].multiplies, "row %zu", i);
		cr_assert(!rows[i].adds || sum == rows[i].a + rows[i].b, "row %zu", i);
		cr_assert(!rows[i].multiplies || product == rows[i].a * rows[i].b, "row %zu", i);
	}
}
