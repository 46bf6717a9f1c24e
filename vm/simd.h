/*
 * How the kernels are built. Each is written once, as an inline function over vectors of 32 bytes (GNU vector extensions), and
 * instantiated twice: as portable code (SSE2, NEON, ...) and for AVX2. Both give the same bits: nothing is contracted, and sums
 * run in lanes whose number is part of the result's definition.
 *
 * There are no comparisons of vectors: gcc takes those of vectors wider than the machine's one lane at a time. The sign of a
 * difference says the same, where it cannot overflow: sizes of floats (bits without sign) are ordered as integers.
 */
#ifndef CK_VM_SIMD_H
#define CK_VM_SIMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Vectors wider than the machine's go by value only to functions that are inlined, where no ABI matters. */
#pragma GCC diagnostic ignored "-Wpsabi"

#define CK_INLINE static inline __attribute__((always_inline))
#if defined(__x86_64__)
#define CK_AVX2 __attribute__((target("avx2")))
#else
#define CK_AVX2
#endif

/* For tests: kernels run as portable code from now on, or as what the machine does best. Call it while no kernel runs. */
void ck_simd_portable(bool portable);
bool ck_has_avx2(void);

typedef float f32x8 __attribute__((vector_size(32)));
typedef uint32_t u32x8 __attribute__((vector_size(32)));
typedef int32_t i32x8 __attribute__((vector_size(32)));
typedef double f64x4 __attribute__((vector_size(32)));
typedef uint64_t u64x4 __attribute__((vector_size(32)));
typedef int64_t i64x4 __attribute__((vector_size(32)));
typedef uint16_t u16x8 __attribute__((vector_size(16)));
typedef uint16_t u16x16 __attribute__((vector_size(32)));
typedef uint8_t u8x16 __attribute__((vector_size(16)));
/* Two registers, to be converted to or from one. */
typedef uint32_t u32x16 __attribute__((vector_size(64)));
typedef double f64x8 __attribute__((vector_size(64)));
typedef int64_t i64x8 __attribute__((vector_size(64)));

/* Memory need not be aligned. */
CK_INLINE u32x8 ck_load_u32x8(const void *src)
{
	u32x8 x;

	memcpy(&x, src, sizeof(x));
	return x;
}

CK_INLINE u64x4 ck_load_u64x4(const void *src)
{
	u64x4 x;

	memcpy(&x, src, sizeof(x));
	return x;
}

/* All ones in lanes whose highest bit is set. */
CK_INLINE u32x8 ck_sign_u32x8(u32x8 x)
{
	return (u32x8)((i32x8)x >> 31);
}

/* SSE and AVX2 have no arithmetic shift of 64 bits. */
CK_INLINE u64x4 ck_sign_u64x4(u64x4 x)
{
	return 0 - (x >> 63);
}

/* 1 in lanes that are not 0 and below 2^31, or 2^63. */
CK_INLINE u32x8 ck_nonzero_u32x8(u32x8 x)
{
	return (0 - x) >> 31;
}

CK_INLINE u64x4 ck_nonzero_u64x4(u64x4 x)
{
	return (0 - x) >> 63;
}

/* The greater of each two lanes; both are below 2^31, or 2^63. */
CK_INLINE u32x8 ck_max_u32x8(u32x8 a, u32x8 b)
{
	u32x8 more = b - a;

	return a + (more & ~ck_sign_u32x8(more));
}

CK_INLINE u64x4 ck_max_u64x4(u64x4 a, u64x4 b)
{
	u64x4 more = b - a;

	return a + (more & ~ck_sign_u64x4(more));
}

CK_INLINE f64x8 ck_join_f64x4(f64x4 a, f64x4 b)
{
	return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7);
}

CK_INLINE f64x4 ck_low_f64x8(f64x8 x)
{
	return __builtin_shufflevector(x, x, 0, 1, 2, 3);
}

CK_INLINE f64x4 ck_high_f64x8(f64x8 x)
{
	return __builtin_shufflevector(x, x, 4, 5, 6, 7);
}

/* All lanes together. */
CK_INLINE uint32_t ck_or_u32x8(u32x8 x)
{
	x |= __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3);
	x |= __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5);
	return x[0] | x[1];
}

CK_INLINE uint64_t ck_or_u64x4(u64x4 x)
{
	x |= __builtin_shufflevector(x, x, 2, 3, 0, 1);
	return x[0] | x[1];
}

CK_INLINE uint32_t ck_sum_u32x8(u32x8 x)
{
	x += __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3);
	x += __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5);
	return x[0] + x[1];
}

CK_INLINE uint64_t ck_sum_u64x4(u64x4 x)
{
	x += __builtin_shufflevector(x, x, 2, 3, 0, 1);
	return x[0] + x[1];
}

/* The greatest lane, of floats that are not negative, given as bits. */
CK_INLINE double ck_greatest_f32x8(u32x8 bits)
{
	f32x8 x;

	bits = ck_max_u32x8(bits, __builtin_shufflevector(bits, bits, 4, 5, 6, 7, 0, 1, 2, 3));
	bits = ck_max_u32x8(bits, __builtin_shufflevector(bits, bits, 2, 3, 0, 1, 6, 7, 4, 5));
	x = (f32x8)bits;
	return (double)(x[0] > x[1] ? x[0] : x[1]);
}

CK_INLINE double ck_greatest_f64x4(u64x4 bits)
{
	f64x4 x;

	bits = ck_max_u64x4(bits, __builtin_shufflevector(bits, bits, 2, 3, 0, 1));
	x = (f64x4)bits;
	return x[0] > x[1] ? x[0] : x[1];
}

#endif
