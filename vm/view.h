/**
 * Views: lazy, typed descriptions of where a tensor's elements come from. A view is a node in a DAG; making one costs nothing
 * and reads nothing. Elements are pulled in boxes: reading a box of a view turns into reads of boxes of its operands, down to
 * strided reads of stored variables. So no operator makes an intermediate tensor; those that compute read a box of their operand
 * into scratch memory of the worker first. vm/README.md says what a new operator provides.
 */
#ifndef CK_VM_VIEW_H
#define CK_VM_VIEW_H

#include <stdatomic.h>

#include "bundle/data.h"
#include "vm/op.h"

/* A box of a view: for each axis the first index, the step (may be negative) and the number of indices. */
struct ck_box {
	size_t rank;
	int64_t *start, *step;
	uint64_t *count;
};

struct ck_view;

/* What was read of a stored variable so far: how much, and its part of the checksum of the whole (ck_crc32c_part()). */
struct ck_read_sum {
	atomic_uint_least32_t parts;
	atomic_uint_least64_t n_bytes;
};

/* What building views needs. data[i] is the opened input i, NULL if there is none. */
struct ck_view_context {
	struct ck_arena *arena;
	struct ck_data *const *data;
	size_t n_data;
	struct ck_read_sum *const *sums;	/* [n_data][n_variables] are kept up as boxes are read; NULL: not wanted */
	struct ck_str target;		/* the target's label: keys random fills */
	struct ck_diags *diags;
};

/* Builds the view of a bound target's code. @errors CK_BAD_PLAN, CK_NOMEM */
CK_NODISCARD enum ck_code ck_view_build(struct ck_view_context *context, const Ck__Plan__Target *target, struct ck_view **ret_view);
enum ck_dtype ck_view_dtype(const struct ck_view *view);
struct ck_shape ck_view_shape(const struct ck_view *view);
/* Scratch bytes that reading one element of the view may need at once, all operands down to the sources together. */
size_t ck_view_scratch(const struct ck_view *view);
/* Does it read its sources across their rows, so that tiles had better be square? */
bool ck_view_is_shuffled(const struct ck_view *view);
/* ret_order[rank]: the view's axes as they lie in its sources, the outermost first; of several sources, as in the largest. */
void ck_view_order(const struct ck_view *view, uint8_t *ret_order);

/* A worker's scratch memory (a stack) and what it found while reading. */
struct ck_worker;

/* A box of rank axes whose arrays are in the worker's scratch, with as many strides; false with a diagnostic when there is no room. */
CK_NODISCARD bool ck_box_push(struct ck_worker *worker, size_t rank, struct ck_box *ret_box, int64_t **ret_strides);
uint64_t ck_box_elems(const struct ck_box *box);
/* Row-major strides of count elements of width bytes. */
void ck_box_strides(size_t rank, const uint64_t *count, size_t width, int64_t *ret_strides);

/**
 * Computes what a view needs before boxes can be read in parallel (reductions that every box would repeat). Called once.
 * @errors CK_IO, CK_NOMEM
 */
CK_NODISCARD enum ck_code ck_view_prepare(struct ck_view *view, struct ck_worker *worker);

/**
 * Reads a box into memory. strides[rank] are in bytes, may be negative. Thread-safe with a worker a thread.
 * @errors CK_IO, CK_OVERFLOW (a cast beyond the range, with overflow=error), CK_NOMEM
 */
CK_NODISCARD enum ck_code ck_view_read(const struct ck_view *view, const struct ck_box *box, void *bytes, const int64_t *strides,
				       struct ck_worker *worker);

#endif
