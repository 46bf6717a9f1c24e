/* Conversion between any two dtypes: floats by blocks of f64, integers through 128 bits, so that no range needs a case. */
#include "vm/convert_float.h"

#include <float.h>
#include <math.h>
#include <string.h>

void ck_cast_counts_add(struct ck_cast_counts *counts, const struct ck_cast_counts *more, uint64_t weight)
{
	counts->n_inexact += more->n_inexact * weight;
	counts->n_overflow += more->n_overflow * weight;
	counts->n_underflow += more->n_underflow * weight;
	counts->n_nan_made += more->n_nan_made * weight;
	counts->max_rounding = more->max_rounding > counts->max_rounding ? more->max_rounding : counts->max_rounding;
}

size_t ck_dtype_parts(enum ck_dtype dtype)
{
	return ck_dtype_class(dtype) == CK_CLASS_COMPLEX ? 2 : 1;
}

static bool is_floating(enum ck_dtype dtype)
{
	return ck_dtype_class(dtype) == CK_CLASS_FLOAT || ck_dtype_class(dtype) == CK_CLASS_COMPLEX;
}

double ck_dtype_max(enum ck_dtype dtype)
{
	switch (dtype) {
	case CK_DT_F16:
		return 65504;
	case CK_DT_BF16:
		return 0x1.fep127;
	case CK_DT_F8E4M3FN:
		return 448;
	case CK_DT_F8E5M2:
		return 57344;
	case CK_DT_F32:
	case CK_DT_C64:
		return (double)FLT_MAX;
	default: /* f64, c128; others are the caller's bug */
		return DBL_MAX;
	}
}

static unsigned n_bits(enum ck_dtype dtype)
{
	if (dtype == CK_DT_BOOL)
		return 1;
	return dtype == CK_DT_I4 || dtype == CK_DT_U4 ? 4 : (unsigned)ck_dtype_width(dtype) * 8;
}

void ck_dtype_range(enum ck_dtype dtype, __int128 *ret_low, __int128 *ret_high)
{
	bool is_signed = ck_dtype_class(dtype) == CK_CLASS_INT;
	unsigned bits = n_bits(dtype) - is_signed;

	*ret_low = is_signed ? -((__int128)1 << bits) : 0;
	*ret_high = ((__int128)1 << bits) - 1;
}

/* ---- integers in memory */

__int128 ck_load_int(enum ck_dtype dtype, const uint8_t *src)
{
	union {
		int64_t i64;
		uint64_t u64;
		int32_t i32;
		uint32_t u32;
		int16_t i16;
		uint16_t u16;
	} value;

	switch (dtype) {
	case CK_DT_I64:
		memcpy(&value, src, 8);
		return value.i64;
	case CK_DT_U64:
		memcpy(&value, src, 8);
		return value.u64;
	case CK_DT_I32:
		memcpy(&value, src, 4);
		return value.i32;
	case CK_DT_U32:
		memcpy(&value, src, 4);
		return value.u32;
	case CK_DT_I16:
		memcpy(&value, src, 2);
		return value.i16;
	case CK_DT_U16:
		memcpy(&value, src, 2);
		return value.u16;
	case CK_DT_I8:
		return (int8_t)*src;
	case CK_DT_I4: /* TensorFlow stores it sign-extended; the upper half says nothing */
		return ((*src & 15) ^ 8) - 8;
	case CK_DT_U4:
		return *src & 15;
	case CK_DT_BOOL:
		return *src != 0;
	default: /* u8; others are the caller's bug */
		return *src;
	}
}

/* The low bits of value. */
void ck_store_int(enum ck_dtype dtype, __int128 value, uint8_t *dst)
{
	uint64_t low = (uint64_t)value;
	uint32_t low32 = (uint32_t)low;
	uint16_t low16 = (uint16_t)low;

	switch (ck_dtype_width(dtype)) {
	case 8:
		memcpy(dst, &low, 8);
		return;
	case 4:
		memcpy(dst, &low32, 4);
		return;
	case 2:
		memcpy(dst, &low16, 2);
		return;
	default:
		break;
	}
	if (dtype == CK_DT_I4)
		*dst = (uint8_t)(((low & 15) ^ 8) - 8);
	else
		*dst = (uint8_t)(dtype == CK_DT_U4 ? low & 15 : low);
}

/* ---- blocks */

/*
 * Everything but zero is true. What is neither 0 nor 1 loses something: beyond [0, 1] it is an overflow, as for other integers,
 * and NaN too.
 */
static void to_bool(const double *src, uint8_t *dst, size_t n, struct ck_cast_counts *counts)
{
	for (size_t i = 0; i < n; i++) {
		dst[i] = src[i] != 0;
		counts->n_overflow += !(src[i] >= 0 && src[i] <= 1);
		counts->n_inexact += src[i] > 0 && src[i] < 1;
		if (src[i] > 0 && src[i] < 1 && 1 - src[i] > counts->max_rounding)
			counts->max_rounding = 1 - src[i];
	}
}

static void float_to_int(enum ck_dtype to, const double *src, uint8_t *dst, size_t n, struct ck_cast_counts *counts)
{
	size_t width = ck_dtype_width(to);
	__int128 low, high;
	double floor, ceiling;

	ck_dtype_range(to, &low, &high);
	floor = (double)low;
	ceiling = (double)(high + 1); /* a power of two, so exact */
	for (size_t i = 0; i < n; i++) {
		double whole = trunc(src[i]);
		bool fits = whole >= floor && whole < ceiling;
		__int128 value = fits ? (__int128)whole : whole > 0 ? high : whole < 0 ? low : 0;

		ck_store_int(to, value, dst + i * width);
		counts->n_overflow += !fits;
		counts->n_inexact += fits && whole != src[i];
		if (fits && fabs(whole - src[i]) > counts->max_rounding)
			counts->max_rounding = fabs(whole - src[i]);
	}
}

static void int_to_int(enum ck_dtype from, enum ck_dtype to, enum ck_overflow overflow, const uint8_t *src, uint8_t *dst, size_t n,
		       struct ck_cast_counts *counts)
{
	size_t from_width = ck_dtype_width(from), to_width = ck_dtype_width(to);
	__int128 low, high;

	ck_dtype_range(to, &low, &high);
	for (size_t i = 0; i < n; i++) {
		__int128 value = ck_load_int(from, src + i * from_width);
		bool fits = value >= low && value <= high;

		counts->n_overflow += !fits;
		if (to == CK_DT_BOOL)
			value = value != 0;
		else if (!fits && overflow != CK_OVERFLOW_ALLOW)
			value = value < low ? low : high;
		ck_store_int(to, value, dst + i * to_width);
	}
}

static void round_error(struct ck_cast_counts *counts, __int128 error)
{
	double size = (double)(error < 0 ? -error : error);

	counts->n_inexact += error != 0;
	counts->max_rounding = size > counts->max_rounding ? size : counts->max_rounding;
}

/*
 * The f64 below |value| in size, with its last bit set when it is not exact ("round to odd"): rounding that to a format of fewer
 * than 52 bits is rounding the value itself. Source: Boldo and Melquiond, "Emulation of a FMA and correctly rounded sums".
 */
static double to_odd(__int128 value)
{
	unsigned __int128 size = value < 0 ? -(unsigned __int128)value : (unsigned __int128)value;
	uint64_t whole = (uint64_t)size;
	double result;

	if (whole >> 53) {
		unsigned shift = 11 - (unsigned)__builtin_clzll(whole);
		uint64_t dropped = whole & (((uint64_t)1 << shift) - 1);

		whole = (whole >> shift | (dropped != 0)) << shift;
	}
	result = (double)whole;
	return value < 0 ? -result : result;
}

static void int_to_float(enum ck_dtype from, enum ck_dtype to, enum ck_overflow overflow, const uint8_t *src, void *dst, size_t n,
			 struct ck_cast_counts *counts)
{
	size_t width = ck_dtype_width(from);
	bool wide = to == CK_DT_F64 || to == CK_DT_C128;
	struct ck_cast_counts block = { 0 };
	double values[CK_BLOCK] = { 0 };

	for (size_t i = 0; i < n; i++) {
		__int128 value = ck_load_int(from, src + i * width);

		values[i] = wide ? (double)value : to_odd(value);
		if (wide)
			round_error(&block, (__int128)values[i] - value);
	}
	ck_block_narrow(to, overflow, values, dst, &block);
	ck_cast_counts_add(counts, &block, 1);
}

/* Reals as complex numbers, in place: n parts at the front of values spread out. */
static void spread(size_t width, uint8_t *values, size_t n)
{
	for (size_t i = n; i-- > 0;) {
		memmove(values + 2 * i * width, values + i * width, width);
		memset(values + (2 * i + 1) * width, 0, width);
	}
}

/* Whole blocks read and write n elements (n <= CK_BLOCK) through memory of whole blocks. */
static void convert_block(enum ck_dtype from, enum ck_dtype to, enum ck_overflow overflow, const uint8_t *src, uint8_t *dst, size_t n,
			  struct ck_cast_counts *counts)
{
	double values[CK_BLOCK];

	if (from == CK_DT_F32 && to == CK_DT_BF16) {
		ck_block_f32_bf16(overflow, (const void *)src, (void *)dst, counts);
	} else if (is_floating(from)) {
		ck_block_widen(from, src, values);
		if (is_floating(to))
			ck_block_narrow(to, overflow, values, dst, counts);
		else if (to == CK_DT_BOOL)
			to_bool(values, dst, n, counts);
		else
			float_to_int(to, values, dst, n, counts);
	} else if (is_floating(to)) {
		int_to_float(from, to, overflow, src, dst, n, counts);
	} else {
		int_to_int(from, to, overflow, src, dst, n, counts);
	}
}

void ck_convert(enum ck_dtype from, enum ck_dtype to, enum ck_overflow overflow, const void *src, void *dst, size_t n,
		struct ck_cast_counts *counts)
{
	bool is_spread = ck_dtype_parts(to) > ck_dtype_parts(from);
	size_t parts = ck_dtype_parts(from), from_width = ck_dtype_width(from) / parts;
	size_t to_width = ck_dtype_width(to) / ck_dtype_parts(to), out_width = to_width * (1 + is_spread);
	_Alignas(32) uint8_t in[CK_BLOCK * sizeof(double)], out[2 * CK_BLOCK * sizeof(double)];

	n *= parts;
	for (size_t i = 0; i < n; i += CK_BLOCK) {
		size_t m = n - i < CK_BLOCK ? n - i : CK_BLOCK;
		const uint8_t *from_bytes = (const uint8_t *)src + i * from_width;
		uint8_t *to_bytes = (uint8_t *)dst + i * out_width;

		/* Kernels of whole blocks also want aligned values; memory for both is in L1. */
		memcpy(in, from_bytes, m * from_width);
		memset(in + m * from_width, 0, (CK_BLOCK - m) * from_width);
		convert_block(from, to, overflow, in, out, m, counts);
		if (is_spread)
			spread(to_width, out, m);
		memcpy(to_bytes, out, m * out_width);
	}
}

void ck_decode_f64(enum ck_dtype dtype, const void *src, double *dst, size_t n_parts)
{
	size_t width = ck_dtype_width(dtype) / ck_dtype_parts(dtype);
	_Alignas(32) uint8_t in[CK_BLOCK * sizeof(double)];
	double out[CK_BLOCK];

	if (!is_floating(dtype)) {
		for (size_t i = 0; i < n_parts; i++)
			dst[i] = (double)ck_load_int(dtype, (const uint8_t *)src + i * width);
		return;
	}
	for (size_t i = 0; i < n_parts; i += CK_BLOCK) {
		size_t m = n_parts - i < CK_BLOCK ? n_parts - i : CK_BLOCK;

		memcpy(in, (const uint8_t *)src + i * width, m * width);
		memset(in + m * width, 0, (CK_BLOCK - m) * width);
		ck_block_widen(dtype, in, m == CK_BLOCK ? dst + i : out);
		if (m < CK_BLOCK)
			memcpy(dst + i, out, m * sizeof(*dst));
	}
}

void ck_encode_f64(enum ck_dtype dtype, const double *src, void *dst, size_t n_parts, struct ck_cast_counts *counts)
{
	size_t width = ck_dtype_width(dtype) / ck_dtype_parts(dtype);
	_Alignas(32) uint8_t out[CK_BLOCK * sizeof(double)];
	double in[CK_BLOCK];

	for (size_t i = 0; i < n_parts; i += CK_BLOCK) {
		size_t m = n_parts - i < CK_BLOCK ? n_parts - i : CK_BLOCK;

		memcpy(in, src + i, m * sizeof(*in));
		memset(in + m, 0, (CK_BLOCK - m) * sizeof(*in));
		if (dtype == CK_DT_BOOL)
			to_bool(in, out, m, counts);
		else
			ck_block_narrow(dtype, CK_OVERFLOW_ALLOW, in, out, counts);
		memcpy((uint8_t *)dst + i * width, out, m * width);
	}
}
