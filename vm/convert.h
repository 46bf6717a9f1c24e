/**
 * Conversion between dtypes, as the language's section "Casts" has it: to nearest, ties to even, in one rounding from any source;
 * floats to integers truncate. Elements are in native byte order, contiguous; i4 and u4 take a byte each.
 */
#ifndef CK_VM_CONVERT_H
#define CK_VM_CONVERT_H

#include "bundle/dtype.h"

enum ck_overflow { CK_OVERFLOW_ERROR, CK_OVERFLOW_SATURATE, CK_OVERFLOW_ALLOW };

/* What casts did. Values are counted once: an overflow is neither inexact nor a NaN made. */
struct ck_cast_counts {
	uint64_t n_inexact, n_overflow, n_underflow;	/* underflow: a value other than 0 became 0; inexact too */
	uint64_t n_nan_made;				/* NaN from what was none (allow, a dtype without infinities); overflows too */
	double max_rounding;				/* largest |result - value| of finite values that did not overflow */
};

/* Adds what `more` counted, weight times. */
void ck_cast_counts_add(struct ck_cast_counts *counts, const struct ck_cast_counts *more, uint64_t weight);

/**
 * Converts n elements and counts into *counts. With CK_OVERFLOW_ERROR overflows are counted and give what SATURATE gives; the
 * caller fails. dst and src do not overlap. Complex dtypes convert to complex ones only; both dtypes are numbers or bool.
 */
void ck_convert(enum ck_dtype from, enum ck_dtype to, enum ck_overflow overflow, const void *src, void *dst, size_t n,
		struct ck_cast_counts *counts);

/* Number of real values an element has: 2 for complex dtypes, else 1. */
size_t ck_dtype_parts(enum ck_dtype dtype);
/* n_parts real values as f64 (64-bit integers round). */
void ck_decode_f64(enum ck_dtype dtype, const void *src, double *dst, size_t n_parts);
/* The same as f32, exactly; dtype is floating and not wider. */
void ck_decode_f32(enum ck_dtype dtype, const void *src, float *dst, size_t n_parts);
/*
 * f64 to a floating or complex dtype (by parts) or bool, rounding once; beyond the range to infinity, or NaN where there is none.
 * Results of arithmetic: a NaN becomes the positive quiet one, since machines and compilers differ in sign and payload.
 */
void ck_encode_f64(enum ck_dtype dtype, const double *src, void *dst, size_t n_parts, struct ck_cast_counts *counts);
/* Largest finite value of a floating dtype (of the parts of a complex one). */
double ck_dtype_max(enum ck_dtype dtype);
/* One integer or bool in memory; storing takes the low bits. */
__int128 ck_load_int(enum ck_dtype dtype, const uint8_t *src);
void ck_store_int(enum ck_dtype dtype, __int128 value, uint8_t *dst);
/* Range of an integer dtype or bool. */
void ck_dtype_range(enum ck_dtype dtype, __int128 *ret_low, __int128 *ret_high);

#endif
