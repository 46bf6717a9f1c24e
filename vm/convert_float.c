/*
 * Floats to floats. Every float dtype widens to f64 exactly, so one rounding from f64 is the rounding from the source.
 * Formats: IEEE 754-2019 (f16, f32, f64), "FP8 Formats for Deep Learning" (arXiv:2209.05433; f8e4m3fn has no infinities and one
 * NaN a sign), bf16 is the upper half of f32.
 */
#include "vm/convert_float.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "vm/simd.h"

/* A small format: mantissa bits, exponent bias, and the codes of what is no finite number. */
struct format {
	unsigned mantissa, bias, bits;
	uint32_t infinity, nan, largest;	/* codes without sign; infinity is the NaN where there is none */
	double max;
	bool has_infinity;
};

/* Constants, so that each inlined copy of a kernel is made for its format. */
#define F16 ((struct format){ 10, 15, 16, 0x7c00, 0x7e00, 0x7bff, 65504, true })
#define BF16 ((struct format){ 7, 127, 16, 0x7f80, 0x7fc0, 0x7f7f, 0x1.fep127, true })
#define F8E5M2 ((struct format){ 2, 15, 8, 0x7c, 0x7e, 0x7b, 57344, true })
#define F8E4M3FN ((struct format){ 3, 7, 8, 0x7f, 0x7f, 0x7e, 448, false })

CK_INLINE uint64_t bits_of(double x)
{
	uint64_t bits;

	memcpy(&bits, &x, sizeof(bits));
	return bits;
}

CK_INLINE double from_bits(uint64_t bits)
{
	double x;

	memcpy(&x, &bits, sizeof(x));
	return x;
}

CK_INLINE float from_bits_f32(uint32_t bits)
{
	float x;

	memcpy(&x, &bits, sizeof(x));
	return x;
}

CK_INLINE double power(int exponent)
{
	return from_bits((uint64_t)(1023 + exponent) << 52);
}

/* ---- to f64 */

CK_INLINE double widen(uint32_t code, struct format format)
{
	uint32_t sign = code >> (format.bits - 1), rest = code & ((1u << (format.bits - 1)) - 1);
	double small = (double)(int32_t)rest * power(1 - (int)format.bias - (int)format.mantissa);
	double normal = from_bits(((uint64_t)rest << (52 - format.mantissa)) + ((uint64_t)(1023 - format.bias) << 52));
	double x = rest >> format.mantissa ? normal : small;
	uint64_t special = rest == format.infinity && format.has_infinity ? (uint64_t)0x7ff << 52 : (uint64_t)0xfff << 51;

	x = rest >= format.infinity ? from_bits(special) : x;
	return from_bits(bits_of(x) | (uint64_t)sign << 63);
}

CK_INLINE void widen_f32(const float *src, double *dst)
{
	for (size_t i = 0; i < CK_BLOCK; i++)
		dst[i] = (double)src[i];
}

CK_INLINE void widen_16(const uint16_t *src, double *dst, struct format format)
{
	for (size_t i = 0; i < CK_BLOCK; i++)
		dst[i] = widen(src[i], format);
}

CK_INLINE void widen_bf16(const uint16_t *src, double *dst)
{
	for (size_t i = 0; i < CK_BLOCK; i++)
		dst[i] = (double)from_bits_f32((uint32_t)src[i] << 16);
}

CK_INLINE void widen_8(const uint8_t *src, double *dst, struct format format)
{
	for (size_t i = 0; i < CK_BLOCK; i++)
		dst[i] = widen(src[i], format);
}

CK_INLINE void widen_any(enum ck_dtype dtype, const void *src, double *dst)
{
	switch (dtype) {
	case CK_DT_F64:
	case CK_DT_C128:
		memcpy(dst, src, CK_BLOCK * sizeof(*dst));
		break;
	case CK_DT_F32:
	case CK_DT_C64:
		widen_f32(src, dst);
		break;
	case CK_DT_F16:
		widen_16(src, dst, F16);
		break;
	case CK_DT_BF16:
		widen_bf16(src, dst);
		break;
	case CK_DT_F8E5M2:
		widen_8(src, dst, F8E5M2);
		break;
	case CK_DT_F8E4M3FN:
		widen_8(src, dst, F8E4M3FN);
		break;
	default: /* not floating: the caller's bug */
		CK_ASSERT(false);
	}
}

CK_AVX2 static void widen_avx2(enum ck_dtype dtype, const void *src, double *dst)
{
	widen_any(dtype, src, dst);
}

void ck_block_widen(enum ck_dtype dtype, const void *src, double dst[CK_BLOCK])
{
	if (ck_has_avx2())
		widen_avx2(dtype, src, dst);
	else
		widen_any(dtype, src, dst);
}

/* ---- from f64 */

/* Sums of one block; 64-bit lanes, since the values beside them are. */
struct sums {
	uint64_t n_inexact, n_overflow, n_underflow, n_nan;
	double max_rounding;
};

CK_INLINE void add_sums(struct ck_cast_counts *counts, const struct sums *sums)
{
	counts->n_inexact += sums->n_inexact;
	counts->n_overflow += sums->n_overflow;
	counts->n_underflow += sums->n_underflow;
	counts->n_nan_made += sums->n_nan;
	counts->max_rounding = sums->max_rounding > counts->max_rounding ? sums->max_rounding : counts->max_rounding;
}

/* The code of x, rounded to nearest, ties to even. */
CK_INLINE uint64_t narrow(double x, struct format format, enum ck_overflow overflow, struct sums *sums)
{
	const unsigned shift = 52 - format.mantissa;
	const uint64_t infinity = (uint64_t)0x7ff << 52;
	/* Adding 2^52 quanta rounds to a multiple of the subnormals' quantum; the sum's low bits are then the code. */
	const double magic = power(52 + 1 - (int)format.bias - (int)format.mantissa);
	uint64_t bits = bits_of(x), size = bits & ~((uint64_t)1 << 63), sign = bits >> 63;
	uint64_t rounded = (size + (((uint64_t)1 << (shift - 1)) - 1) + ((size >> shift) & 1)) >> shift;
	double value = from_bits(size), sum = value + magic;
	bool is_small = value < power(1 - (int)format.bias);
	double result = is_small ? sum - magic : from_bits(rounded << shift);
	uint64_t code = is_small ? bits_of(sum) & (((uint64_t)2 << format.mantissa) - 1)
				 : rounded - ((uint64_t)(1023 - format.bias) << format.mantissa);
	bool is_nan = size > infinity, is_infinity = size == infinity;
	bool is_over = !is_nan & !(result <= format.max) & !(is_infinity & format.has_infinity);
	bool is_finite = size < infinity, is_inexact = is_finite & !is_over & (result != value);
	double rounding = (is_finite & !is_over) ? fabs(result - value) : 0;

	code = is_infinity ? format.infinity : code;
	code = is_over ? (overflow == CK_OVERFLOW_ALLOW ? format.infinity : format.largest) : code;
	code = is_nan ? format.nan : code;
	sums->n_inexact += is_inexact;
	sums->n_overflow += is_over;
	sums->n_underflow += is_inexact & (result == 0);
	sums->n_nan += is_over & (overflow == CK_OVERFLOW_ALLOW) & !format.has_infinity;
	sums->max_rounding = rounding > sums->max_rounding ? rounding : sums->max_rounding;
	return code | sign << (format.bits - 1);
}

CK_INLINE void narrow_16(const double *src, uint16_t *dst, struct format format, enum ck_overflow overflow, struct ck_cast_counts *counts)
{
	struct sums sums = { 0 };

	for (size_t i = 0; i < CK_BLOCK; i++)
		dst[i] = (uint16_t)narrow(src[i], format, overflow, &sums);
	add_sums(counts, &sums);
}

CK_INLINE void narrow_8(const double *src, uint8_t *dst, struct format format, enum ck_overflow overflow, struct ck_cast_counts *counts)
{
	struct sums sums = { 0 };

	for (size_t i = 0; i < CK_BLOCK; i++)
		dst[i] = (uint8_t)narrow(src[i], format, overflow, &sums);
	add_sums(counts, &sums);
}

CK_INLINE void narrow_f32(const double *src, float *dst, enum ck_overflow overflow, struct ck_cast_counts *counts)
{
	struct sums sums = { 0 };

	for (size_t i = 0; i < CK_BLOCK; i++) {
		double x = src[i];
		float y = (float)x;
		double back = (double)y;
		bool is_finite = fabs(x) <= DBL_MAX, is_over = is_finite & !(fabs(back) <= (double)FLT_MAX);
		bool is_inexact = is_finite & !is_over & (back != x);
		double rounding = (is_finite & !is_over) ? fabs(back - x) : 0;
		float limit = copysignf(FLT_MAX, y);

		dst[i] = (is_over & (overflow != CK_OVERFLOW_ALLOW)) ? limit : y;
		sums.n_inexact += is_inexact;
		sums.n_overflow += is_over;
		sums.n_underflow += is_inexact & (back == 0);
		sums.max_rounding = rounding > sums.max_rounding ? rounding : sums.max_rounding;
	}
	add_sums(counts, &sums);
}

CK_INLINE void narrow_any(enum ck_dtype dtype, enum ck_overflow overflow, const double *src, void *dst, struct ck_cast_counts *counts)
{
	switch (dtype) {
	case CK_DT_F64:
	case CK_DT_C128:
		memcpy(dst, src, CK_BLOCK * sizeof(*src));
		break;
	case CK_DT_F32:
	case CK_DT_C64:
		narrow_f32(src, dst, overflow, counts);
		break;
	case CK_DT_F16:
		narrow_16(src, dst, F16, overflow, counts);
		break;
	case CK_DT_BF16:
		narrow_16(src, dst, BF16, overflow, counts);
		break;
	case CK_DT_F8E5M2:
		narrow_8(src, dst, F8E5M2, overflow, counts);
		break;
	case CK_DT_F8E4M3FN:
		narrow_8(src, dst, F8E4M3FN, overflow, counts);
		break;
	default: /* not floating: the caller's bug */
		CK_ASSERT(false);
	}
}

CK_AVX2 static void narrow_avx2(enum ck_dtype dtype, enum ck_overflow overflow, const double *src, void *dst, struct ck_cast_counts *counts)
{
	narrow_any(dtype, overflow, src, dst, counts);
}

void ck_block_narrow(enum ck_dtype dtype, enum ck_overflow overflow, const double src[CK_BLOCK], void *dst, struct ck_cast_counts *counts)
{
	if (ck_has_avx2())
		narrow_avx2(dtype, overflow, src, dst, counts);
	else
		narrow_any(dtype, overflow, src, dst, counts);
}

/* ---- f32 to bf16, the cast that large checkpoints see most: 32-bit lanes only */

CK_INLINE void f32_bf16(enum ck_overflow overflow, const uint32_t *src, uint16_t *dst, struct ck_cast_counts *counts)
{
	const uint32_t infinity = 0x7f800000, large = overflow == CK_OVERFLOW_ALLOW ? 0x7f80 : 0x7f7f;
	uint32_t n_inexact = 0, n_overflow = 0, n_underflow = 0;
	float max_rounding = 0;

	for (size_t i = 0; i < CK_BLOCK; i++) {
		uint32_t size = src[i] & 0x7fffffff, rounded = (size + 0x7fff + ((size >> 16) & 1)) >> 16;
		bool is_finite = size < infinity, is_over = is_finite & (rounded >= 0x7f80), is_ok = is_finite & !is_over;
		bool is_inexact = is_ok & ((size & 0xffff) != 0);
		float rounding = fabsf(from_bits_f32(is_ok ? rounded << 16 : 0) - from_bits_f32(is_ok ? size : 0));

		n_inexact += is_inexact;
		n_overflow += is_over;
		n_underflow += is_inexact & (rounded == 0);
		max_rounding = rounding > max_rounding ? rounding : max_rounding;
		rounded = is_over ? large : rounded;
		rounded = size > infinity ? 0x7fc0 : rounded;
		dst[i] = (uint16_t)(rounded | (src[i] >> 31) << 15);
	}
	counts->n_inexact += n_inexact;
	counts->n_overflow += n_overflow;
	counts->n_underflow += n_underflow;
	counts->max_rounding = (double)max_rounding > counts->max_rounding ? (double)max_rounding : counts->max_rounding;
}

CK_AVX2 static void f32_bf16_avx2(enum ck_overflow overflow, const uint32_t *src, uint16_t *dst, struct ck_cast_counts *counts)
{
	f32_bf16(overflow, src, dst, counts);
}

void ck_block_f32_bf16(enum ck_overflow overflow, const uint32_t src[CK_BLOCK], uint16_t dst[CK_BLOCK], struct ck_cast_counts *counts)
{
	if (ck_has_avx2())
		f32_bf16_avx2(overflow, src, dst, counts);
	else
		f32_bf16(overflow, src, dst, counts);
}
