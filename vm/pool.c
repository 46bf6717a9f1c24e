#include "vm/pool.h"

enum { ALIGNMENT = 64 };

enum ck_code ck_worker_init(struct ck_worker *worker, size_t n_scratch, size_t n_staging, struct ck_diags *diags)
{
	n_scratch = n_scratch < CK_MIN_SCRATCH ? CK_MIN_SCRATCH : n_scratch;
	n_staging = n_staging < CK_MIN_STAGING ? CK_MIN_STAGING : n_staging;
	*worker = (struct ck_worker){ .capacity = n_scratch, .n_staging = n_staging, .diags = diags, .weight = 1 };
	worker->stack = ck_alloc_large(n_scratch);
	worker->staging = ck_alloc_large(n_staging);
	if (worker->stack && worker->staging)
		return CK_OK;
	ck_worker_clear(worker);
	return ck_error_nomem(diags);
}

void ck_worker_clear(struct ck_worker *worker)
{
	ck_free(worker->stack);
	ck_free(worker->staging);
	worker->stack = worker->staging = NULL;
	worker->capacity = worker->n_staging = 0;
}

void *ck_worker_push(struct ck_worker *worker, size_t n)
{
	uintptr_t top = (uintptr_t)worker->stack + worker->used;
	size_t padding = (size_t)(-top & (ALIGNMENT - 1));
	void *memory;

	if (worker->capacity - worker->used < padding || worker->capacity - worker->used - padding < n) {
		struct ck_diag *diag = ck_error(worker->diags, CK_NOMEM, (struct ck_span){ 0 }, "the tile pool is too small for this migration");

		ck_diag_help(worker->diags, diag, "give it more memory with --memory, or fewer threads with --jobs");
		return NULL;
	}
	memory = worker->stack + worker->used + padding;
	worker->used += padding + n;
	return memory;
}
