#include "bundle/base/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bundle/base/io.h"

enum { FIRST_BLOCK = 4 << 10, LARGE_BLOCK = 4 << 20, LARGEST_BLOCK = 16 << 20, ALIGNMENT = alignof(max_align_t) };

struct block {
	struct block *previous;
	size_t n_used, n_bytes;	/* of bytes[] */
	alignas(max_align_t) unsigned char bytes[];
};

struct ck_arena {
	struct block *last;
	size_t limit, n_used, next_block;
	bool failed;
};

void *ck_alloc(size_t n_bytes)
{
	if (ck_seam_fault && ck_seam_fault(CK_SEAM_ALLOC))
		return NULL;
	return malloc(n_bytes ? n_bytes : 1);
}

void *ck_alloc_large(size_t n_bytes)
{
	const size_t huge = (size_t)2 << 20;
	void *memory;
	if (n_bytes < huge)
		return ck_alloc(n_bytes);
	if (n_bytes > SIZE_MAX - huge || (ck_seam_fault && ck_seam_fault(CK_SEAM_ALLOC)))
		return NULL;
	n_bytes = (n_bytes + huge - 1) / huge * huge;
	memory = aligned_alloc(huge, n_bytes);
	/* Where the system has none, ordinary pages do. */
	if (memory)
		(void)madvise(memory, n_bytes, MADV_HUGEPAGE);
	return memory;
}

void *ck_realloc(void *old, size_t n_bytes)
{
	if (ck_seam_fault && ck_seam_fault(CK_SEAM_ALLOC))
		return NULL;
	return realloc(old, n_bytes ? n_bytes : 1);
}

void ck_free(void *pointer)
{
	free(pointer);
}

struct ck_arena *ck_arena_new(size_t limit_bytes)
{
	struct ck_arena *arena = ck_alloc(sizeof(*arena));
	if (arena)
		*arena = (struct ck_arena){.limit = limit_bytes, .next_block = FIRST_BLOCK};
	return arena;
}

void ck_arena_free(struct ck_arena *arena)
{
	if (!arena)
		return;
	for (struct block *block = arena->last; block;) {
		struct block *previous = block->previous;
		ck_free(block);
		block = previous;
	}
	ck_free(arena);
}

/* Less time in page faults, where a block is as large as many. */
static void prefer_huge_pages(struct block *block, size_t n_bytes)
{
	const uintptr_t page = 4096;
	uintptr_t begin = ((uintptr_t)block + page - 1) / page * page;
	(void)madvise((void *)begin, ((uintptr_t)block + n_bytes - begin) / page * page, MADV_HUGEPAGE);
}

/* A new last block with room for n_bytes; blocks double so that their number stays small. */
static bool add_block(struct ck_arena *arena, size_t n_bytes)
{
	size_t size = n_bytes > arena->next_block ? n_bytes : arena->next_block;
	if (size > SIZE_MAX - sizeof(struct block))
		return false;
	/* Zeroed once and given out once; fresh pages of the system are zero already. */
	struct block *block = ck_seam_fault && ck_seam_fault(CK_SEAM_ALLOC) ? NULL : calloc(1, sizeof(*block) + size);
	if (!block)
		return false;
	if (size >= LARGE_BLOCK)
		prefer_huge_pages(block, size);
	block->previous = arena->last;
	block->n_used = 0;
	block->n_bytes = size;
	arena->last = block;
	if (arena->next_block < LARGEST_BLOCK)
		arena->next_block *= 2;
	return true;
}

void *ck_arena_alloc(struct ck_arena *arena, size_t n_bytes)
{
	if (arena->failed)
		return NULL;
	/* At least one byte each, so that no two allocations share an address. */
	size_t n = n_bytes ? n_bytes : 1;
	if (n > arena->limit || arena->limit - n < arena->n_used) {
		arena->failed = true;
		return NULL;
	}
	size_t padded = n + (ALIGNMENT - n % ALIGNMENT) % ALIGNMENT;
	struct block *block = arena->last;
	if (padded < n || ((!block || block->n_bytes - block->n_used < padded) && !add_block(arena, padded))) {
		arena->failed = true;
		return NULL;
	}
	block = arena->last;
	void *bytes = block->bytes + block->n_used;
	block->n_used += padded;
	arena->n_used = arena->limit - arena->n_used < padded ? arena->limit : arena->n_used + padded;
	return bytes;
}

void *ck_arena_array(struct ck_arena *arena, size_t count, size_t size)
{
	uint64_t n_bytes;
	if (!ck_mul(count, size, &n_bytes) || n_bytes > SIZE_MAX) {
		arena->failed = true;
		return NULL;
	}
	return ck_arena_alloc(arena, (size_t)n_bytes);
}

bool ck_arena_failed(const struct ck_arena *arena)
{
	return arena->failed;
}

size_t ck_arena_used(const struct ck_arena *arena)
{
	return arena->n_used;
}

bool ck_arena_grow(struct ck_arena *arena, void **items, size_t n_items, size_t *capacity, size_t size)
{
	if (n_items < *capacity)
		return true;
	size_t wanted = *capacity ? *capacity * 2 : 8;
	if (wanted <= *capacity) {
		arena->failed = true;
		return false;
	}
	void *grown = ck_arena_array(arena, wanted, size);
	if (!grown)
		return false;
	if (n_items)
		memcpy(grown, *items, n_items * size);
	*items = grown;
	*capacity = wanted;
	return true;
}
