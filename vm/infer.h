/* What the shape rules share; for vm/infer*.c and vm/rearrange.c only. */
#ifndef CK_VM_INFER_H
#define CK_VM_INFER_H

#include "vm/op.h"

/* The largest number of values that one split or unstack makes. */
enum { CK_MAX_SPLIT = 1 << 20 };

/* What a rule makes. results is [n], in the arena. */
struct ck_inferred {
	struct ck_type *results;
	size_t n;
};

/*
 * One function an operator, ck_infer_CONCAT() for the row CONCAT of op.def: a row without a rule does not link. The arguments
 * have been checked against the row's parameters and are all known, and the number of operands fits the arity.
 */
#define CK_OP(wire, NAME, name, arity, slots, state, parameters, inverse, doc) \
	CK_NODISCARD enum ck_code ck_infer_##NAME(struct ck_infer *infer, struct ck_inferred *ret_inferred);
#include "vm/op.def"
#undef CK_OP

/* Sets the message and returns code. */
CK_PRINTF(3, 4) enum ck_code ck_infer_fail(struct ck_infer *infer, enum ck_code code, const char *format, ...);
CK_PRINTF(2, 3) void ck_infer_help(struct ck_infer *infer, const char *format, ...);

/* The argument of the parameter called so, which the operator has. kind is NONE when it was left out. */
const struct ck_value *ck_infer_arg(const struct ck_infer *infer, const char *name);
bool ck_infer_given(const struct ck_infer *infer, const char *name);
static inline int64_t ck_infer_int(const struct ck_infer *infer, const char *name)
{
	return ck_infer_arg(infer, name)->integer;
}

/*
 * The argument `axis` counted from 0, below rank (+ 1 with in_result: an axis of the result that the operator adds). *ret_axis
 * is -1 when the rank is unknown.
 */
CK_NODISCARD enum ck_code ck_infer_axis(struct ck_infer *infer, int rank, bool in_result, int *ret_axis);
/* The same for any axis; what stands before it in the message, such as "axis". */
CK_NODISCARD enum ck_code ck_infer_one_axis(struct ck_infer *infer, int64_t axis, int rank, int *ret_axis);

/* n results of the dtype and rank (-1: unknown), dims all -1 and writable through *ret_dims[i]; NULL when memory is short. */
CK_NODISCARD struct ck_type *ck_infer_types(struct ck_infer *infer, size_t n, enum ck_dtype dtype, int rank);
/* The one result: like the operand, dims copied and writable through ret_dims (may be NULL). */
CK_NODISCARD enum ck_code ck_infer_like(struct ck_infer *infer, const struct ck_type *operand, struct ck_inferred *ret_inferred,
					int64_t **ret_dims);
/* The one result, with unknown dims that are writable through *ret_dims. */
CK_NODISCARD enum ck_code ck_infer_new(struct ck_infer *infer, enum ck_dtype dtype, int rank, struct ck_inferred *ret_inferred,
				       int64_t **ret_dims);
/* "axis 1 has 7 elements" sizes: "1 element", "7 elements". */
const char *ck_infer_plural(int64_t n);
/* Fails unless all members have one dtype; *ret_dtype is NONE when none is known. */
CK_NODISCARD enum ck_code ck_infer_one_dtype(struct ck_infer *infer, enum ck_dtype *ret_dtype);
/* Fails unless all members have one rank; *ret_rank is -1 when none is known. */
CK_NODISCARD enum ck_code ck_infer_one_rank(struct ck_infer *infer, int *ret_rank);
/* Fails unless the dtype is floating, complex or unknown. */
CK_NODISCARD enum ck_code ck_infer_want_reals(struct ck_infer *infer, enum ck_dtype dtype);
/* The same with integers. */
CK_NODISCARD enum ck_code ck_infer_want_numbers(struct ck_infer *infer, enum ck_dtype dtype);

#endif
