/* The nodes of a view and what they share; for vm/view*.c and vm/fill.c only. */
#ifndef CK_VM_VIEW_NODE_H
#define CK_VM_VIEW_NODE_H

#include "vm/kernel.h"
#include "vm/pool.h"
#include "vm/view.h"

/* Deeper views are refused: reading one recurses. The grammar lets a pipe have 200 operators, of at most 5 nodes each. */
enum { CK_MAX_VIEW_DEPTH = 1000 };

enum ck_view_kind {
	CK_VIEW_LOAD,	/* a variable of an input, row-major in any shape */
	CK_VIEW_FILL,
	CK_VIEW_MAP,	/* each axis of the operand is fixed or a stepped range of one result axis; other result axes repeat */
	CK_VIEW_CONCAT,
	CK_VIEW_MERGE,	/* each result axis is a run of operand axes, row-major */
	CK_VIEW_SPLIT,	/* each operand axis is a run of result axes, row-major */
	CK_VIEW_TAKE,
	CK_VIEW_CAST, CK_VIEW_SCALE, CK_VIEW_SHIFT, CK_VIEW_NEG,	/* element by element of one operand */
	CK_VIEW_ADD, CK_VIEW_MEAN_MEMBERS, CK_VIEW_MEAN_AXIS,
	CK_VIEW_CACHE,	/* the operand, computed once by ck_view_prepare() */
};

typedef enum ck_code ck_read_function(const struct ck_view *view, const struct ck_box *box, uint8_t *dst, const int64_t *strides,
				      struct ck_worker *worker);

struct ck_view {
	enum ck_view_kind kind;
	ck_read_function *read;
	enum ck_dtype dtype;
	size_t width;			/* bytes of an element */
	size_t rank;
	uint64_t *dims;
	size_t n_operands;
	struct ck_view **operands;
	size_t depth;
	size_t scratch;			/* bytes an element, all operands together */
	bool has_cache;			/* there is a CACHE in it */
	bool is_prepared;		/* ck_view_prepare() has been here */
	bool has_counts;		/* there is a cast in it, whose values are counted as they are read */
	bool is_shuffled;		/* reads its sources across their rows */
	bool map_repeats;		/* MAP: some axis comes from nowhere */
	struct ck_str target;
	union {
		struct {
			const struct ck_data *data;
			const struct ck_variable *variable;
			struct ck_read_sum *sum;	/* NULL: not wanted */
		} load;
		struct {
			enum ck_fill fill;	/* CONST for zeros and ones too */
			uint8_t element[16];
			double a, b;		/* mean and stddev, or lo and hi */
			uint32_t key[2];
		} fill;
		struct {
			size_t *from;		/* [operand rank] result axis, or SIZE_MAX */
			int64_t *base, *step;	/* [operand rank] index = base + step * result index */
		} map;
		struct {
			size_t axis;
			uint64_t *starts;	/* [n_operands + 1] along axis */
		} concat;
		size_t *first;			/* MERGE: [rank + 1] operand axes, SPLIT: [operand rank + 1] result axes of each axis */
		struct {
			size_t axis;
			int64_t *indices;
		} take;
		enum ck_overflow overflow;
		double number;			/* SCALE, SHIFT */
		struct {
			size_t axis, n_at_once;	/* MEAN_AXIS */
			double *weights;	/* NULL: all 1 */
			double total;
		} mean;
		struct {
			uint8_t *bytes;		/* NULL until prepared */
			uint8_t *kept;		/* memory for it, NULL when it is too large to keep */
			size_t n_bytes;
		} cache;
	};
};

/* ---- making nodes; all return NULL when memory is short, and take NULL operands for that reason */

/* A node with its operands copied, rank dims to be set, depth, scratch (own: bytes an element of its own) and flags. */
struct ck_view *ck_view_new(struct ck_view_context *context, enum ck_view_kind kind, ck_read_function *read, enum ck_dtype dtype,
			    size_t rank, struct ck_view *const *operands, size_t n_operands, size_t own);
/* A copy of a node with other operands (NULL: its own), whose dtype it takes. */
struct ck_view *ck_view_like(struct ck_view_context *context, const struct ck_view *view, struct ck_view *const *operands);
CK_NODISCARD bool ck_view_set_shape(struct ck_view_context *context, struct ck_view *view, size_t rank, const uint64_t *dims);
struct ck_view *ck_view_zeros(struct ck_view_context *context, enum ck_dtype dtype, size_t rank, const uint64_t *dims);
struct ck_view *ck_view_load(struct ck_view_context *context, const struct ck_data *data, const struct ck_variable *variable,
			     struct ck_read_sum *sum);
/* A fill of a shape; value is a bound FILL. template and mean are none of its business. */
struct ck_view *ck_view_fill(struct ck_view_context *context, const struct ck_value *value, enum ck_dtype dtype, size_t rank,
			     const uint64_t *dims);

/* An empty view's or a constant FILL's elements in another shape. */
struct ck_view *ck_view_fill_like(struct ck_view_context *context, const struct ck_view *view, size_t rank, const uint64_t *dims);

/* A MAP: result dims, and for each operand axis where it comes from. Maps of maps become one; maps of nothing vanish. */
struct ck_view *ck_view_map(struct ck_view_context *context, struct ck_view *operand, size_t rank, const uint64_t *dims, const size_t *from,
			    const int64_t *base, const int64_t *step);
struct ck_view *ck_view_slice(struct ck_view_context *context, struct ck_view *operand, size_t axis, int64_t first, int64_t step,
			      uint64_t count);
struct ck_view *ck_view_transpose(struct ck_view_context *context, struct ck_view *operand, const size_t *permutation);
struct ck_view *ck_view_squeeze(struct ck_view_context *context, struct ck_view *operand, size_t axis, int64_t index);
/* A new axis, whose n indices all give the operand. */
struct ck_view *ck_view_repeat(struct ck_view_context *context, struct ck_view *operand, size_t axis, uint64_t n);
struct ck_view *ck_view_concat(struct ck_view_context *context, size_t axis, struct ck_view *const *operands, size_t n_operands);
struct ck_view *ck_view_take(struct ck_view_context *context, struct ck_view *operand, size_t axis, const struct ck_value *indices);
struct ck_view *ck_view_reshape(struct ck_view_context *context, struct ck_view *operand, size_t rank, const uint64_t *dims);
/* CAST; SCALE, SHIFT, NEG (x: 0). They sink below what only moves elements, down to where files are read in order. */
struct ck_view *ck_view_cast(struct ck_view_context *context, struct ck_view *operand, enum ck_dtype to, enum ck_overflow overflow);
struct ck_view *ck_view_affine(struct ck_view_context *context, struct ck_view *operand, enum ck_view_kind kind, double x);
struct ck_view *ck_view_add(struct ck_view_context *context, struct ck_view *a, struct ck_view *b, size_t rank, const uint64_t *dims);
struct ck_view *ck_view_mean(struct ck_view_context *context, struct ck_view *const *operands, size_t n_operands, const struct ck_value *weights);
struct ck_view *ck_view_mean_axis(struct ck_view_context *context, struct ck_view *operand, size_t axis, const struct ck_value *weights);
struct ck_view *ck_view_cache(struct ck_view_context *context, struct ck_view *operand);

static inline bool ck_view_is_unary(const struct ck_view *view)
{
	return view->kind == CK_VIEW_CAST || view->kind == CK_VIEW_SCALE || view->kind == CK_VIEW_SHIFT || view->kind == CK_VIEW_NEG;
}

bool ck_view_is_empty(const struct ck_view *view);

/* ---- reading */

/* Do the strides put the elements of count one after another, row-major? */
bool ck_box_is_compact(size_t rank, const uint64_t *count, const int64_t *strides, size_t width);

/* What is done with one tile of a box; dst is where its first element goes. */
struct ck_tiling {
	const struct ck_view *view;
	enum ck_code (*each)(const struct ck_tiling *tiling, const struct ck_box *tile, uint8_t *dst, struct ck_worker *worker);
	const int64_t *strides;
	size_t n_bytes;		/* of scratch that each element takes */
};
/**
 * Cuts a box into tiles of at most as many elements as the worker's scratch has room for and as the cache likes, row-major where
 * dst is, nearer to squares where it is not, and calls `each` in a fixed order.
 */
CK_NODISCARD enum ck_code ck_box_tiles(const struct ck_tiling *tiling, const struct ck_box *box, uint8_t *dst, struct ck_worker *worker);

#endif
