/* Elementwise arithmetic. f64 is computed in f64, other floats in f32, which holds them exactly; integers in 64 bits. */
#include <float.h>

#include "vm/convert_float.h"
#include "vm/kernel.h"
#include "vm/simd.h"

enum arith { SCALE, SCALE_COMPLEX, SHIFT, SHIFT_COMPLEX, NEG, ADD };

static bool is_wide(enum ck_dtype dtype)
{
	return dtype == CK_DT_F64 || dtype == CK_DT_C128;
}

/* Complex numbers: (a + bi)(x + 0i) is (ax - 0b) + (0a + bx)i, and (a + bi) + (x + 0i) is (a + x) + (b + 0)i. */
CK_INLINE f32x8 compute_f32(enum arith arith, f32x8 a, f32x8 b, float x)
{
	switch (arith) {
	case SCALE:
		return a * x;
	case SCALE_COMPLEX:
		return a * x + __builtin_shufflevector(a, a, 1, 0, 3, 2, 5, 4, 7, 6) * (f32x8){ -0.f, 0, -0.f, 0, -0.f, 0, -0.f, 0 };
	case SHIFT:
		return a + x;
	case SHIFT_COMPLEX:
		return a + (f32x8){ x, 0, x, 0, x, 0, x, 0 };
	case NEG:
		return -a;
	case ADD:
		break;
	}
	return a + b;
}

CK_INLINE f64x4 compute_f64(enum arith arith, f64x4 a, f64x4 b, double x)
{
	switch (arith) {
	case SCALE:
		return a * x;
	case SCALE_COMPLEX:
		return a * x + __builtin_shufflevector(a, a, 1, 0, 3, 2) * (f64x4){ -0., 0, -0., 0 };
	case SHIFT:
		return a + x;
	case SHIFT_COMPLEX:
		return a + (f64x4){ x, 0, x, 0 };
	case NEG:
		return -a;
	case ADD:
		break;
	}
	return a + b;
}

static void set_nans_f32(uint8_t *dst)
{
	const uint32_t nan = 0x7fc00000;

	for (size_t i = 0; i < CK_BLOCK; i++) {
		uint32_t x;

		memcpy(&x, dst + i * sizeof(x), sizeof(x));
		if ((x & 0x7fffffff) > 0x7f800000)
			memcpy(dst + i * sizeof(x), &nan, sizeof(nan));
	}
}

static void set_nans_f64(uint8_t *dst)
{
	const uint64_t nan = 0x7ff8000000000000;

	for (size_t i = 0; i < CK_BLOCK; i++) {
		uint64_t x;

		memcpy(&x, dst + i * sizeof(x), sizeof(x));
		if ((x & (uint64_t)INT64_MAX) > 0x7ff0000000000000)
			memcpy(dst + i * sizeof(x), &nan, sizeof(nan));
	}
}

CK_INLINE void block_f32(enum arith arith, double x, const uint8_t *a, const uint8_t *b, uint8_t *dst)
{
	u32x8 room = { 0 };

	for (size_t i = 0; i < CK_BLOCK * sizeof(float); i += sizeof(f32x8)) {
		f32x8 result = compute_f32(arith, (f32x8)ck_load_u32x8(a + i), (f32x8)ck_load_u32x8(b + i), (float)x);

		room |= 0x7f800000 - ((u32x8)result & 0x7fffffff);
		memcpy(dst + i, &result, sizeof(result));
	}
	if (ck_or_u32x8(room) >> 31)
		set_nans_f32(dst);
}

CK_INLINE void block_f64(enum arith arith, double x, const uint8_t *a, const uint8_t *b, uint8_t *dst)
{
	u64x4 room = { 0 };

	for (size_t i = 0; i < CK_BLOCK * sizeof(double); i += sizeof(f64x4)) {
		f64x4 result = compute_f64(arith, (f64x4)ck_load_u64x4(a + i), (f64x4)ck_load_u64x4(b + i), x);

		room |= 0x7ff0000000000000 - ((u64x4)result & (uint64_t)INT64_MAX);
		memcpy(dst + i, &result, sizeof(result));
	}
	if (ck_or_u64x4(room) >> 63)
		set_nans_f64(dst);
}

/* A loop for each kind. */
CK_INLINE void block_any(enum arith arith, bool wide, double x, const uint8_t *a, const uint8_t *b, uint8_t *dst)
{
	switch (arith) {
	case SCALE:
		(wide ? block_f64 : block_f32)(SCALE, x, a, b, dst);
		break;
	case SCALE_COMPLEX:
		(wide ? block_f64 : block_f32)(SCALE_COMPLEX, x, a, b, dst);
		break;
	case SHIFT:
		(wide ? block_f64 : block_f32)(SHIFT, x, a, b, dst);
		break;
	case SHIFT_COMPLEX:
		(wide ? block_f64 : block_f32)(SHIFT_COMPLEX, x, a, b, dst);
		break;
	case NEG:
		(wide ? block_f64 : block_f32)(NEG, x, a, b, dst);
		break;
	case ADD:
		(wide ? block_f64 : block_f32)(ADD, x, a, b, dst);
		break;
	}
}

CK_AVX2 static void block_avx2(enum arith arith, bool wide, double x, const uint8_t *a, const uint8_t *b, uint8_t *dst)
{
	if (wide)
		block_any(arith, true, x, a, b, dst);
	else
		block_any(arith, false, x, a, b, dst);
}

static void block_portable(enum arith arith, bool wide, double x, const uint8_t *a, const uint8_t *b, uint8_t *dst)
{
	if (wide)
		block_any(arith, true, x, a, b, dst);
	else
		block_any(arith, false, x, a, b, dst);
}

static void compute_block(enum arith arith, enum ck_dtype dtype, double x, const uint8_t *a, const uint8_t *b, uint8_t *dst)
{
	bool is_narrow = ck_dtype_width(dtype) / ck_dtype_parts(dtype) < sizeof(float);
	uint8_t a_values[CK_BLOCK * sizeof(float)], b_values[CK_BLOCK * sizeof(float)], results[CK_BLOCK * sizeof(float)];
	uint8_t *out = is_narrow ? results : dst;
	struct ck_cast_counts ignored = { .max_rounding = FLT_MAX }; /* none is larger, and so blocks are plain */

	if (is_narrow) {
		ck_block_to_f32(dtype, a, a_values);
		if (arith == ADD)
			ck_block_to_f32(dtype, b, b_values);
		a = a_values;
		b = arith == ADD ? b_values : a_values;
	}
	if (ck_has_avx2())
		block_avx2(arith, is_wide(dtype), x, a, b, out);
	else
		block_portable(arith, is_wide(dtype), x, a, b, out);
	if (is_narrow)
		ck_block_from_f32(dtype, CK_OVERFLOW_ALLOW, results, dst, &ignored);
}

static void compute(enum arith arith, enum ck_dtype dtype, double x, const uint8_t *a, const uint8_t *b, uint8_t *dst, size_t n)
{
	uint8_t a_rest[CK_BLOCK * sizeof(double)] = { 0 }, b_rest[CK_BLOCK * sizeof(double)] = { 0 }, results[CK_BLOCK * sizeof(double)];
	size_t width = ck_dtype_width(dtype) / ck_dtype_parts(dtype), block = CK_BLOCK * width, i = 0;

	n *= ck_dtype_width(dtype);
	for (; n - i >= block; i += block)
		compute_block(arith, dtype, x, a + i, b + i, dst + i);
	if (i < n) {
		memcpy(a_rest, a + i, n - i);
		memcpy(b_rest, b + i, n - i);
		compute_block(arith, dtype, x, a_rest, b_rest, results);
		memcpy(dst + i, results, n - i);
	}
}

void ck_scale(enum ck_dtype dtype, double x, const void *src, void *dst, size_t n)
{
	compute(ck_dtype_parts(dtype) == 2 ? SCALE_COMPLEX : SCALE, dtype, x, src, src, dst, n);
}

void ck_shift(enum ck_dtype dtype, double x, const void *src, void *dst, size_t n)
{
	compute(ck_dtype_parts(dtype) == 2 ? SHIFT_COMPLEX : SHIFT, dtype, x, src, src, dst, n);
}

/* ---- integers, by way of 64 bits */

/* Where did results of 64 bits overflow? Signed sums: both members have another sign; unsigned: a carry. */
CK_INLINE u64x4 overflows(enum arith arith, bool is_signed, u64x4 a, u64x4 b, u64x4 result)
{
	if (arith == NEG) /* the least number is its own negative; unsigned, only 0 has one */
		return (is_signed ? a & result : a | result) >> 63;
	return (is_signed ? (a ^ result) & (b ^ result) : (a & b) | ((a | b) & ~result)) >> 63;
}

CK_INLINE uint64_t int_block(enum arith arith, bool is_signed, const int64_t *a, const int64_t *b, int64_t *dst)
{
	u64x4 n_over = { 0 };

	for (size_t i = 0; i < CK_BLOCK; i += 4) {
		u64x4 x = ck_load_u64x4(a + i), y = ck_load_u64x4(b + i), result = arith == NEG ? -x : x + y;

		n_over += overflows(arith, is_signed, x, y, result);
		memcpy(dst + i, &result, sizeof(result));
	}
	return ck_sum_u64x4(n_over);
}

CK_AVX2 static uint64_t int_block_avx2(enum arith arith, bool is_signed, const int64_t *a, const int64_t *b, int64_t *dst)
{
	return arith == NEG ? int_block(NEG, is_signed, a, b, dst) : int_block(ADD, is_signed, a, b, dst);
}

static uint64_t int_block_portable(enum arith arith, bool is_signed, const int64_t *a, const int64_t *b, int64_t *dst)
{
	return arith == NEG ? int_block(NEG, is_signed, a, b, dst) : int_block(ADD, is_signed, a, b, dst);
}

/* How many of a block are beyond the range? */
static size_t compute_int_block(enum arith arith, enum ck_dtype dtype, const uint8_t *a, const uint8_t *b, uint8_t *dst)
{
	struct ck_cast_counts counts = { 0 };
	int64_t x[CK_BLOCK], y[CK_BLOCK];
	bool is_signed = dtype != CK_DT_U64;

	ck_block_load_ints(dtype, a, x);
	if (arith == ADD)
		ck_block_load_ints(dtype, b, y);
	counts.n_overflow = (ck_has_avx2() ? int_block_avx2 : int_block_portable)(arith, is_signed, x, arith == ADD ? y : x, x);
	if (ck_dtype_width(dtype) < 8)
		ck_block_fit_ints(CK_DT_I64, dtype, CK_OVERFLOW_ALLOW, x, &counts);
	ck_block_store_ints(dtype, x, dst);
	return counts.n_overflow;
}

static size_t compute_ints(enum arith arith, enum ck_dtype dtype, const uint8_t *a, const uint8_t *b, uint8_t *dst, size_t n)
{
	uint8_t a_rest[CK_BLOCK * sizeof(int64_t)] = { 0 }, b_rest[CK_BLOCK * sizeof(int64_t)] = { 0 }, results[CK_BLOCK * sizeof(int64_t)];
	size_t width = ck_dtype_width(dtype), block = CK_BLOCK * width, n_over = 0, i = 0;

	for (n *= width; n - i >= block; i += block)
		n_over += compute_int_block(arith, dtype, a + i, b + i, dst + i);
	if (i < n) {
		memcpy(a_rest, a + i, n - i);
		memcpy(b_rest, b + i, n - i);
		n_over += compute_int_block(arith, dtype, a_rest, b_rest, results);
		memcpy(dst + i, results, n - i);
	}
	return n_over;
}

static size_t compute_numbers(enum arith arith, enum ck_dtype dtype, const void *a, const void *b, void *dst, size_t n)
{
	if (ck_dtype_class(dtype) == CK_CLASS_INT || ck_dtype_class(dtype) == CK_CLASS_UINT)
		return compute_ints(arith, dtype, a, b, dst, n);
	compute(arith, dtype, 0, a, b, dst, n);
	return 0;
}

size_t ck_negate(enum ck_dtype dtype, const void *src, void *dst, size_t n)
{
	return compute_numbers(NEG, dtype, src, src, dst, n);
}

size_t ck_add_elements(enum ck_dtype dtype, const void *a, const void *b, void *dst, size_t n)
{
	return compute_numbers(ADD, dtype, a, b, dst, n);
}

/* ---- accumulate */

CK_INLINE void accumulate(const double *restrict values, double weight, double *restrict sums)
{
	for (size_t i = 0; i < CK_BLOCK; i++)
		sums[i] += weight * values[i];
}

CK_AVX2 static void accumulate_avx2(const double *values, double weight, double *sums)
{
	accumulate(values, weight, sums);
}

static void accumulate_portable(const double *values, double weight, double *sums)
{
	accumulate(values, weight, sums);
}

void ck_accumulate(enum ck_dtype dtype, const void *src, double weight, double *sums, size_t n_parts)
{
	size_t width = ck_dtype_width(dtype) / ck_dtype_parts(dtype);
	double values[CK_BLOCK];

	for (size_t i = 0; i < n_parts; i += CK_BLOCK) {
		size_t m = n_parts - i < CK_BLOCK ? n_parts - i : CK_BLOCK;

		ck_decode_f64(dtype, (const uint8_t *)src + i * width, values, m);
		if (m == CK_BLOCK)
			(ck_has_avx2() ? accumulate_avx2 : accumulate_portable)(values, weight, sums + i);
		for (size_t j = 0; m < CK_BLOCK && j < m; j++)
			sums[i + j] += weight * values[j];
	}
}
