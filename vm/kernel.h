/* The loops over memory: strided copies, transposes, fills, elementwise arithmetic. */
#ifndef CK_VM_KERNEL_H
#define CK_VM_KERNEL_H

#include "vm/convert.h"

/**
 * Copies a box of elements of `width` bytes (1, 2, 4, 8 or 16). Strides are in bytes, may be negative, and zero in src. The
 * ranges do not overlap. Transposes go by blocks.
 */
void ck_copy_strided(size_t rank, const uint64_t *count, uint8_t *dst, const int64_t *dst_strides, const uint8_t *src,
		     const int64_t *src_strides, size_t width);
/* Writes one element to each place of a box. */
void ck_fill_strided(size_t rank, const uint64_t *count, uint8_t *dst, const int64_t *dst_strides, const uint8_t *element, size_t width);

/* dst[i, j] = src[j, i] for n_i times n_j elements; the other stride of each side is its width. */
void ck_transpose(uint8_t *dst, int64_t dst_stride, const uint8_t *src, int64_t src_stride, uint64_t n_i, uint64_t n_j, size_t width);

/*
 * Element by element, computed in the wider of f32 and the dtype, rounded once to the dtype. dst and src may be the same. Complex
 * numbers are computed as NumPy does with a real x: as x + 0i. A NaN that comes out is always the positive quiet one: machines and
 * compilers differ in sign and payload.
 */
void ck_scale(enum ck_dtype dtype, double x, const void *src, void *dst, size_t n);
void ck_shift(enum ck_dtype dtype, double x, const void *src, void *dst, size_t n);
/* dst = -src; integers are exact: the result is the number of elements whose negative is beyond the range (those hold its low bits). */
size_t ck_negate(enum ck_dtype dtype, const void *src, void *dst, size_t n);
/* dst = a + b; integers are exact: the result is the number of elements beyond the range (those hold the low bits). */
size_t ck_add_elements(enum ck_dtype dtype, const void *a, const void *b, void *dst, size_t n);
/* sums[i] += weight * x[i] in f64; n_parts as ck_decode_f64() counts them. */
void ck_accumulate(enum ck_dtype dtype, const void *src, double weight, double *sums, size_t n_parts);

#endif
