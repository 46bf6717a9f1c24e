/* What one thread of the executor works with: scratch memory as a stack, a buffer for file reads, counters. */
#ifndef CK_VM_POOL_H
#define CK_VM_POOL_H

#include "bundle/base/diag.h"
#include "bundle/crc32c.h"
#include "vm/convert.h"
#include "vm/op.h"

struct ck_worker {
	uint8_t *stack;			/* [capacity], the first `used` bytes are taken */
	size_t capacity, used;
	uint8_t *staging;		/* [n_staging] bytes of a file on their way to their places; only within one read of a source */
	size_t n_staging;
	struct ck_diags *diags;		/* of this thread alone */
	enum ck_op failed_op;		/* whose values the diagnostic is about; 0: no one's */
	struct ck_cast_counts counts;	/* of the target at hand */
	uint64_t weight;		/* how many elements of the target each element read at the moment makes */
	uint64_t n_read;		/* bytes from sources */
	struct ck_crc32c_places places;	/* of the pieces that are read */
};

/* The smallest sizes that every view of ordinary depth can be read with. */
enum { CK_MIN_SCRATCH = 1 << 20, CK_MIN_STAGING = 64 << 10 };

/* Memory of n_scratch and n_staging bytes; diags is borrowed. @errors CK_NOMEM */
CK_NODISCARD enum ck_code ck_worker_init(struct ck_worker *worker, size_t n_scratch, size_t n_staging, struct ck_diags *diags);
void ck_worker_clear(struct ck_worker *worker);

/* n bytes of scratch aligned for vectors, which a later worker->used = mark gives back; NULL with a diagnostic when there are none. */
CK_NODISCARD void *ck_worker_push(struct ck_worker *worker, size_t n);

#endif
