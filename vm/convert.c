/* Conversion between any two dtypes, block by block: what blocks go through is in vm/convert_float.c and vm/convert_int.c. */
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
	case CK_DT_I4: /* the upper half says nothing */
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
	/* TensorFlow's int4 has a clear upper half. */
	*dst = (uint8_t)(dtype == CK_DT_I4 || dtype == CK_DT_U4 ? low & 15 : low);
}

/* ---- blocks */

static bool is_wide(enum ck_dtype dtype)
{
	return dtype == CK_DT_F64 || dtype == CK_DT_C128;
}

static void convert_floats(enum ck_dtype from, enum ck_dtype to, enum ck_overflow overflow, const uint8_t *src, uint8_t *dst,
			   struct ck_cast_counts *counts)
{
	uint8_t values[CK_BLOCK * sizeof(float)];
	int64_t ints[CK_BLOCK];

	if (to == CK_DT_F32 && !is_wide(from)) {
		ck_block_to_f32(from, src, dst);
		return;
	}
	if (ck_dtype_width(from) / ck_dtype_parts(from) < sizeof(float)) {
		ck_block_to_f32(from, src, values);
		src = values;
	}
	if (!is_floating(to)) {
		ck_block_floats_to_ints(is_wide(from), to, src, ints, counts);
		ck_block_store_ints(to, ints, dst);
	} else if (is_wide(from)) {
		ck_block_from_f64(to, overflow, src, dst, counts);
	} else {
		ck_block_from_f32(to, overflow, src, dst, counts);
	}
}

static void convert_ints(enum ck_dtype from, enum ck_dtype to, enum ck_overflow overflow, const uint8_t *src, uint8_t *dst,
			 struct ck_cast_counts *counts)
{
	int64_t ints[CK_BLOCK];

	ck_block_load_ints(from, src, ints);
	if (is_floating(to)) {
		ck_block_ints_to_floats(from, to, overflow, ints, dst, counts);
	} else {
		ck_block_fit_ints(from, to, overflow, ints, counts);
		ck_block_store_ints(to, ints, dst);
	}
}

/* Reals as complex numbers. */
static void spread(size_t width, const uint8_t *reals, uint8_t *dst, size_t n)
{
	memset(dst, 0, 2 * n * width);
	for (size_t i = 0; width == sizeof(float) && i < n; i++)
		memcpy(dst + 2 * i * sizeof(float), reals + i * sizeof(float), sizeof(float));
	for (size_t i = 0; width == sizeof(double) && i < n; i++)
		memcpy(dst + 2 * i * sizeof(double), reals + i * sizeof(double), sizeof(double));
}

void ck_convert(enum ck_dtype from, enum ck_dtype to, enum ck_overflow overflow, const void *src, void *dst, size_t n,
		struct ck_cast_counts *counts)
{
	bool is_spread = ck_dtype_parts(to) > ck_dtype_parts(from);
	size_t parts = ck_dtype_parts(from), from_width = ck_dtype_width(from) / parts;
	size_t to_width = ck_dtype_width(to) / ck_dtype_parts(to), out_width = to_width * (1 + is_spread);
	uint8_t in[CK_BLOCK * sizeof(double)], out[CK_BLOCK * sizeof(double)];
	struct ck_cast_counts sum = { 0 }; /* of one pair of dtypes, as kernels want it */

	n *= parts;
	for (size_t i = 0; i < n; i += CK_BLOCK) {
		size_t m = n - i < CK_BLOCK ? n - i : CK_BLOCK;
		const uint8_t *from_bytes = (const uint8_t *)src + i * from_width;
		uint8_t *to_bytes = (uint8_t *)dst + i * out_width, *block = m < CK_BLOCK || is_spread ? out : to_bytes;

		if (m < CK_BLOCK) {
			memcpy(in, from_bytes, m * from_width);
			memset(in + m * from_width, 0, (CK_BLOCK - m) * from_width);
			from_bytes = in;
		}
		(is_floating(from) ? convert_floats : convert_ints)(from, to, overflow, from_bytes, block, &sum);
		if (is_spread)
			spread(to_width, out, to_bytes, m);
		else if (block == out)
			memcpy(to_bytes, out, m * to_width);
	}
	ck_cast_counts_add(counts, &sum, 1);
}

static void decode_block(enum ck_dtype dtype, const uint8_t *src, double *dst)
{
	struct ck_cast_counts ignored = { 0 };
	int64_t ints[CK_BLOCK];

	if (is_floating(dtype)) {
		ck_block_to_f64(dtype, src, (uint8_t *)dst);
	} else {
		ck_block_load_ints(dtype, src, ints);
		ck_block_ints_to_floats(dtype, CK_DT_F64, CK_OVERFLOW_ALLOW, ints, (uint8_t *)dst, &ignored);
	}
}

void ck_decode_f64(enum ck_dtype dtype, const void *src, double *dst, size_t n_parts)
{
	size_t width = ck_dtype_width(dtype) / ck_dtype_parts(dtype), i = 0, m;
	uint8_t in[CK_BLOCK * sizeof(double)];
	double out[CK_BLOCK];

	for (; n_parts - i >= CK_BLOCK; i += CK_BLOCK)
		decode_block(dtype, (const uint8_t *)src + i * width, dst + i);
	m = n_parts - i;
	if (m) {
		memcpy(in, (const uint8_t *)src + i * width, m * width);
		memset(in + m * width, 0, (CK_BLOCK - m) * width);
		decode_block(dtype, in, out);
		memcpy(dst + i, out, m * sizeof(*dst));
	}
}

void ck_decode_f32(enum ck_dtype dtype, const void *src, float *dst, size_t n_parts)
{
	size_t width = ck_dtype_width(dtype) / ck_dtype_parts(dtype), i = 0, m;
	uint8_t in[CK_BLOCK * sizeof(float)];
	float out[CK_BLOCK];

	for (; n_parts - i >= CK_BLOCK; i += CK_BLOCK)
		ck_block_to_f32(dtype, (const uint8_t *)src + i * width, (uint8_t *)(dst + i));
	m = n_parts - i;
	if (m) {
		memcpy(in, (const uint8_t *)src + i * width, m * width);
		memset(in + m * width, 0, (CK_BLOCK - m) * width);
		ck_block_to_f32(dtype, in, (uint8_t *)out);
		memcpy(dst + i, out, m * sizeof(*dst));
	}
}

void ck_encode_f64(enum ck_dtype dtype, const double *src, void *dst, size_t n_parts, struct ck_cast_counts *counts)
{
	size_t width = ck_dtype_width(dtype) / ck_dtype_parts(dtype);
	uint8_t out[CK_BLOCK * sizeof(double)];
	struct ck_cast_counts sum = { 0 };
	double in[CK_BLOCK];

	for (size_t i = 0; i < n_parts; i += CK_BLOCK) {
		size_t m = n_parts - i < CK_BLOCK ? n_parts - i : CK_BLOCK;

		for (size_t j = 0; j < m; j++)
			in[j] = isnan(src[i + j]) ? (double)NAN : src[i + j];
		memset(in + m, 0, (CK_BLOCK - m) * sizeof(*in));
		convert_floats(CK_DT_F64, dtype, CK_OVERFLOW_ALLOW, (const uint8_t *)in, out, &sum);
		memcpy((uint8_t *)dst + i * width, out, m * width);
	}
	ck_cast_counts_add(counts, &sum, 1);
}
