/*
 * Integers and bool, by way of 64 bits: loaded, made to fit, stored; to and from floats. As in vm/convert_float.c, a first loop
 * does plain values and notes whether there are others.
 */
#include <math.h>

#include "vm/convert_float.h"
#include "vm/simd.h"

/* ---- load and store */

CK_INLINE void load_8(bool is_signed, const uint8_t *restrict src, int64_t *restrict values)
{
	for (size_t i = 0; is_signed && i < CK_BLOCK; i++)
		values[i] = (int8_t)src[i];
	for (size_t i = 0; !is_signed && i < CK_BLOCK; i++)
		values[i] = src[i];
}

CK_INLINE void load_i16(const uint8_t *restrict src, int64_t *restrict values)
{
	for (size_t i = 0; i < CK_BLOCK; i++) {
		int16_t x;

		memcpy(&x, src + i * sizeof(x), sizeof(x));
		values[i] = x;
	}
}

CK_INLINE void load_u16(const uint8_t *restrict src, int64_t *restrict values)
{
	for (size_t i = 0; i < CK_BLOCK; i++) {
		uint16_t x;

		memcpy(&x, src + i * sizeof(x), sizeof(x));
		values[i] = x;
	}
}

CK_INLINE void load_i32(const uint8_t *restrict src, int64_t *restrict values)
{
	for (size_t i = 0; i < CK_BLOCK; i++) {
		int32_t x;

		memcpy(&x, src + i * sizeof(x), sizeof(x));
		values[i] = x;
	}
}

CK_INLINE void load_u32(const uint8_t *restrict src, int64_t *restrict values)
{
	for (size_t i = 0; i < CK_BLOCK; i++) {
		uint32_t x;

		memcpy(&x, src + i * sizeof(x), sizeof(x));
		values[i] = x;
	}
}

/* The upper half of a byte says nothing. */
CK_INLINE void load_4(bool is_signed, const uint8_t *restrict src, int64_t *restrict values)
{
	uint8_t low[CK_BLOCK];

	for (size_t i = 0; i < CK_BLOCK; i++)
		low[i] = is_signed ? (uint8_t)(((src[i] & 15) ^ 8) - 8) : src[i] & 15;
	load_8(is_signed, low, values);
}

CK_INLINE void load_bool(const uint8_t *restrict src, int64_t *restrict values)
{
	uint8_t low[CK_BLOCK];

	for (size_t i = 0; i < CK_BLOCK; i++)
		low[i] = src[i] != 0;
	load_8(false, low, values);
}

CK_INLINE void load_ints(enum ck_dtype dtype, const uint8_t *src, int64_t *values)
{
	switch (dtype) {
	case CK_DT_I64:
	case CK_DT_U64:
		memcpy(values, src, CK_BLOCK * sizeof(*values));
		break;
	case CK_DT_I32:
		load_i32(src, values);
		break;
	case CK_DT_U32:
		load_u32(src, values);
		break;
	case CK_DT_I16:
		load_i16(src, values);
		break;
	case CK_DT_U16:
		load_u16(src, values);
		break;
	case CK_DT_I8:
		load_8(true, src, values);
		break;
	case CK_DT_I4:
		load_4(true, src, values);
		break;
	case CK_DT_U4:
		load_4(false, src, values);
		break;
	case CK_DT_BOOL:
		load_bool(src, values);
		break;
	default: /* u8; others are the caller's bug */
		load_8(false, src, values);
		break;
	}
}

CK_INLINE void store_8(const int64_t *restrict values, uint8_t *restrict dst)
{
	for (size_t i = 0; i < CK_BLOCK; i++)
		dst[i] = (uint8_t)values[i];
}

CK_INLINE void store_16(const int64_t *restrict values, uint8_t *restrict dst)
{
	for (size_t i = 0; i < CK_BLOCK; i++) {
		uint16_t x = (uint16_t)values[i];

		memcpy(dst + i * sizeof(x), &x, sizeof(x));
	}
}

CK_INLINE void store_32(const int64_t *restrict values, uint8_t *restrict dst)
{
	for (size_t i = 0; i < CK_BLOCK; i++) {
		uint32_t x = (uint32_t)values[i];

		memcpy(dst + i * sizeof(x), &x, sizeof(x));
	}
}

CK_INLINE void store_ints(enum ck_dtype dtype, const int64_t *values, uint8_t *dst)
{
	switch (ck_dtype_width(dtype)) {
	case 8:
		memcpy(dst, values, CK_BLOCK * sizeof(*values));
		return;
	case 4:
		store_32(values, dst);
		return;
	case 2:
		store_16(values, dst);
		return;
	default:
		break;
	}
	store_8(values, dst);
	/* TensorFlow's int4 has a clear upper half. */
	for (size_t i = 0; (dtype == CK_DT_I4 || dtype == CK_DT_U4) && i < CK_BLOCK; i++)
		dst[i] &= 15;
}

/* ---- ranges */

/* Values fit when value + offset has no bits above `bits`. Others become low, if negative and signed, or high. */
struct range {
	uint64_t offset;
	unsigned bits;
	uint64_t low, high;
};

/* bits is 64 where everything fits. */
static struct range range_of(enum ck_dtype from, enum ck_dtype to)
{
	unsigned width = to == CK_DT_BOOL ? 1 : to == CK_DT_I4 || to == CK_DT_U4 ? 4 : (unsigned)ck_dtype_width(to) * 8;
	bool is_signed = ck_dtype_class(to) == CK_CLASS_INT;
	unsigned bits = width - is_signed;
	struct range range = { .bits = bits, .high = bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1 };

	if (to == CK_DT_BOOL) {
		range.low = 1; /* everything but 0 is true */
	} else if (from == CK_DT_U64) {
		range.low = range.high; /* the highest bit is no sign */
	} else if (is_signed) {
		range.offset = range.high + 1;
		range.bits = width;
		range.low = 0 - range.offset;
	} else if (width == 64) {
		range.bits = 63; /* from signed values: not negative */
		range.high = INT64_MAX;
	}
	return range;
}

CK_INLINE bool all_fit(struct range range, const int64_t *values)
{
	u64x4 rest = { 0 };

	for (size_t i = 0; i < CK_BLOCK; i += 4)
		rest |= (ck_load_u64x4(values + i) + range.offset) >> range.bits;
	return !ck_or_u64x4(rest);
}

/* All ones in lanes that do not fit. */
CK_INLINE u64x4 misfits(struct range range, u64x4 values)
{
	return 0 - ck_nonzero_u64x4((values + range.offset) >> range.bits);
}

CK_INLINE uint64_t clamp(struct range range, bool keeps, int64_t *values)
{
	u64x4 n = { 0 };

	for (size_t i = 0; i < CK_BLOCK; i += 4) {
		u64x4 x = ck_load_u64x4(values + i), misfit = misfits(range, x);
		u64x4 limit = range.high ^ ((range.high ^ range.low) & ck_sign_u64x4(x));

		n -= misfit;
		x ^= (x ^ limit) & misfit;
		if (!keeps)
			memcpy(values + i, &x, sizeof(x));
	}
	return ck_sum_u64x4(n);
}

CK_INLINE void fit_ints(enum ck_dtype from, enum ck_dtype to, enum ck_overflow overflow, int64_t *values, struct ck_cast_counts *counts)
{
	struct range range = range_of(from, to);

	if (range.bits < 64 && !all_fit(range, values))
		counts->n_overflow += clamp(range, overflow == CK_OVERFLOW_ALLOW && to != CK_DT_BOOL, values);
}

/* ---- to floats */

/* Below 2^n_bits in size? */
CK_INLINE bool are_small(bool is_signed, unsigned n_bits, const int64_t *values)
{
	struct range range = { is_signed ? (uint64_t)1 << n_bits : 0, n_bits + is_signed, 0, 0 };

	return all_fit(range, values);
}

CK_INLINE void small_ints_to_f32(const int64_t *values, float *dst)
{
	int32_t low[CK_BLOCK];

	store_32(values, (uint8_t *)low);
	for (size_t i = 0; i < CK_BLOCK; i++)
		dst[i] = (float)low[i];
}

/*
 * Both halves of an integer become f64 exactly, as the low bits of 2^52 and 2^84; their sum is rounded, and what it lost is known
 * exactly. Source of the latter: Dekker, "A floating-point technique for extending the available precision" (1971).
 */
CK_INLINE f64x4 to_double(bool is_signed, u64x4 x, f64x4 *ret_lost)
{
	const uint64_t low_bias = 0x4330000000000000, high_bias = 0x4530000000000000, sign = (uint64_t)is_signed << 63;
	u64x4 upper = (x ^ sign) >> 32 | high_bias, lower = (x & 0xffffffff) | low_bias;
	f64x4 high = (f64x4)upper - (0x1p84 + (is_signed ? 0x1p63 : 0)), low = (f64x4)lower - 0x1p52, sum = high + low;

	*ret_lost = low - (sum - high);
	return sum;
}

/*
 * To f64, rounded so that rounding once more to a format of fewer bits is as if from the integer: where something was lost and
 * the last bit is 0, the neighbour on the lost side is taken, whose last bit is 1. Source: Boldo and Melquiond, "Emulation of a
 * FMA and correctly rounded sums" (2008).
 */
CK_INLINE void ints_to_odd(bool is_signed, const int64_t *values, double *dst)
{
	for (size_t i = 0; i < CK_BLOCK; i += 4) {
		f64x4 lost, sum = to_double(is_signed, ck_load_u64x4(values + i), &lost);
		u64x4 bits = (u64x4)sum, moves = ck_nonzero_u64x4((u64x4)lost & (uint64_t)INT64_MAX) & ~bits;

		/* One up in size if the lost part has the sum's sign, else one down. */
		bits += moves - (moves << 1 & ck_sign_u64x4(bits ^ (u64x4)lost));
		memcpy(dst + i, &bits, sizeof(bits));
	}
}

/* Of less than 52 bits, which the low bits of 1.5 * 2^52 hold, with sign. */
CK_INLINE void small_ints_to_f64(const int64_t *values, uint8_t *dst)
{
	for (size_t i = 0; i < CK_BLOCK; i += 4) {
		f64x4 x = (f64x4)(ck_load_u64x4(values + i) + 0x4338000000000000) - 0x1.8p52;

		memcpy(dst + i * 8, &x, sizeof(x));
	}
}

CK_INLINE void ints_to_f64(bool is_signed, const int64_t *values, uint8_t *dst, struct ck_cast_counts *counts)
{
	u64x4 n_inexact = { 0 }, worst = { 0 };

	for (size_t i = 0; i < CK_BLOCK; i += 4) {
		f64x4 lost, sum = to_double(is_signed, ck_load_u64x4(values + i), &lost);
		u64x4 error = (u64x4)lost & (uint64_t)INT64_MAX;

		n_inexact += ck_nonzero_u64x4(error);
		worst = ck_max_u64x4(worst, error);
		memcpy(dst + i * 8, &sum, sizeof(sum));
	}
	ck_note_rounding(counts, ck_greatest_f64x4(worst));
	counts->n_inexact += ck_sum_u64x4(n_inexact);
}

/* The largest difference between integers and what they became. */
CK_INLINE double largest_rounding(bool is_signed, const int64_t *values, const double *results)
{
	u64x4 worst = { 0 };

	for (size_t i = 0; i < CK_BLOCK; i += 4) {
		f64x4 lost, sum = to_double(is_signed, ck_load_u64x4(values + i), &lost);
		f64x4 difference = ((f64x4)ck_load_u64x4(results + i) - sum) - lost; /* the first one is exact */

		worst = ck_max_u64x4(worst, (u64x4)difference & (uint64_t)INT64_MAX);
	}
	return ck_greatest_f64x4(worst);
}

/* Integers of any size to a shorter format than f64. */
CK_INLINE void large_ints_to_floats(bool is_signed, enum ck_dtype to, enum ck_overflow overflow, const int64_t *values, uint8_t *dst,
				    struct ck_cast_counts *counts)
{
	double odd[CK_BLOCK], results[CK_BLOCK], before = counts->max_rounding;

	ints_to_odd(is_signed, values, odd);
	ck_block_from_f64(to, overflow, (const uint8_t *)odd, dst, counts);
	/* Where large integers do not overflow, the rounding is that of odd, not quite theirs. */
	if (ck_dtype_max(to) > 0x1p64) {
		counts->max_rounding = before;
		ck_block_to_f64(to, dst, (uint8_t *)results);
		ck_note_rounding(counts, largest_rounding(is_signed, values, results));
	}
}

CK_INLINE void ints_to_floats(enum ck_dtype from, enum ck_dtype to, enum ck_overflow overflow, const int64_t *values, uint8_t *dst,
			      struct ck_cast_counts *counts)
{
	bool is_signed = from != CK_DT_U64;
	float small[CK_BLOCK];

	if (to == CK_DT_F64 || to == CK_DT_C128) {
		if (ck_dtype_width(from) <= 4 || are_small(is_signed, 51, values))
			small_ints_to_f64(values, dst);
		else
			ints_to_f64(is_signed, values, dst, counts);
	} else if (ck_dtype_width(from) <= 2 || are_small(is_signed, 24, values)) {
		small_ints_to_f32(values, small);
		ck_block_from_f32(to, overflow, (const uint8_t *)small, dst, counts);
	} else {
		large_ints_to_floats(is_signed, to, overflow, values, dst, counts);
	}
}

/* ---- from floats */

/* False unless all are below 2^31 in size and in range, and there is no new largest rounding error. */
CK_INLINE bool plain_f32_to_ints(struct range range, const uint8_t *src, int64_t *values, struct ck_cast_counts *counts)
{
	const uint32_t above = 0x4effffff, one = 0x3f800000; /* above: the last f32 below 2^31 */
	u32x8 n_inexact = { 0 }, n_underflow = { 0 }, room = { 0 };
	uint32_t limit = ck_rounding_limit(counts);
	int32_t whole[CK_BLOCK];

	for (size_t i = 0; i < CK_BLOCK; i += 8) {
		u32x8 x = ck_load_u32x8(src + i * 4), size = x & 0x7fffffff, left = above - size, error;
		i32x8 result;

		x &= ~ck_sign_u32x8(left); /* C does not say what others convert to */
		result = __builtin_convertvector((f32x8)x, i32x8);
		error = (u32x8)((f32x8)x - __builtin_convertvector(result, f32x8)) & 0x7fffffff;
		room |= left | (limit - error);
		n_inexact += ck_nonzero_u32x8(error);
		n_underflow += ((size - one) >> 31) - ((size - 1) >> 31);
		memcpy(whole + i, &result, sizeof(result));
	}
	load_i32((const uint8_t *)whole, values);
	if (ck_or_u32x8(room) >> 31 || !all_fit(range, values))
		return false;
	counts->n_inexact += ck_sum_u32x8(n_inexact);
	counts->n_underflow += ck_sum_u32x8(n_underflow);
	return true;
}

/* Where is x beyond 31 bits? It becomes 0. */
CK_INLINE u64x4 take_beyond(u64x4 *x)
{
	const uint64_t above = 0x41dfffffffffffff; /* the last f64 below 2^31 */
	u64x4 is_beyond = ck_sign_u64x4(above - (*x & (uint64_t)INT64_MAX));

	*x &= ~is_beyond;
	return is_beyond;
}

/* 1 where x is between 0 and 1 in size. */
CK_INLINE u64x4 is_fraction(u64x4 x)
{
	const uint64_t one = 0x3ff0000000000000;
	u64x4 size = x & (uint64_t)INT64_MAX;

	return ((size - one) >> 63) - ((size - 1) >> 63);
}

struct f64_losses {
	u64x4 n_inexact, n_underflow, worst, room, beyond;
};

/* 8 values, without what take_beyond() takes. */
CK_INLINE i32x8 truncate_f64(const uint8_t *src, u64x4 *ret_low_error, u64x4 *ret_high_error, struct f64_losses *losses)
{
	u64x4 low = ck_load_u64x4(src), high = ck_load_u64x4(src + 32);
	i32x8 whole;
	f64x8 back;

	losses->beyond |= take_beyond(&low) | take_beyond(&high);
	losses->n_underflow += is_fraction(low) + is_fraction(high);
	whole = __builtin_convertvector(ck_join_f64x4((f64x4)low, (f64x4)high), i32x8);
	back = __builtin_convertvector(whole, f64x8);
	*ret_low_error = (u64x4)((f64x4)low - ck_low_f64x8(back)) & (uint64_t)INT64_MAX;
	*ret_high_error = (u64x4)((f64x4)high - ck_high_f64x8(back)) & (uint64_t)INT64_MAX;
	return whole;
}

CK_INLINE bool plain_f64_to_ints(struct range range, const uint8_t *src, int64_t *values, struct ck_cast_counts *counts)
{
	struct f64_losses losses = { 0 };
	int32_t whole[CK_BLOCK];
	uint64_t limit;

	memcpy(&limit, &counts->max_rounding, sizeof(limit));
	for (size_t i = 0; i < CK_BLOCK; i += 8) {
		u64x4 low_error, high_error;
		i32x8 result = truncate_f64(src + i * 8, &low_error, &high_error, &losses);

		losses.room |= (limit - low_error) | (limit - high_error);
		losses.n_inexact += ck_nonzero_u64x4(low_error) + ck_nonzero_u64x4(high_error);
		memcpy(whole + i, &result, sizeof(result));
	}
	load_i32((const uint8_t *)whole, values);
	if (ck_or_u64x4(losses.room | losses.beyond) >> 63 || !all_fit(range, values))
		return false;
	counts->n_inexact += ck_sum_u64x4(losses.n_inexact);
	counts->n_underflow += ck_sum_u64x4(losses.n_underflow);
	return true;
}

/* What misses the range is clamped later, and counts as no rounding. */
CK_INLINE void count_rounding(struct range range, u64x4 whole, u64x4 error, struct f64_losses *losses)
{
	error &= ~misfits(range, whole);
	losses->n_inexact += ck_nonzero_u64x4(error);
	losses->worst = ck_max_u64x4(losses->worst, error);
}

/* What is beyond 31 bits becomes 0 for now; is there any? */
CK_INLINE bool any_f64_to_ints(struct range range, const uint8_t *src, int64_t *values, struct ck_cast_counts *counts)
{
	struct f64_losses losses = { 0 };

	for (size_t i = 0; i < CK_BLOCK; i += 8) {
		u64x4 low_error, high_error;
		i64x8 whole = __builtin_convertvector(truncate_f64(src + i * 8, &low_error, &high_error, &losses), i64x8);

		count_rounding(range, (u64x4)__builtin_shufflevector(whole, whole, 0, 1, 2, 3), low_error, &losses);
		count_rounding(range, (u64x4)__builtin_shufflevector(whole, whole, 4, 5, 6, 7), high_error, &losses);
		memcpy(values + i, &whole, sizeof(whole));
	}
	ck_note_rounding(counts, ck_greatest_f64x4(losses.worst));
	counts->n_inexact += ck_sum_u64x4(losses.n_inexact);
	counts->n_underflow += ck_sum_u64x4(losses.n_underflow);
	return ck_or_u64x4(losses.beyond);
}

/* What any_f64_to_ints() has left: NaN, infinities, and what is beyond 31 bits. */
static void special_to_ints(enum ck_dtype to, struct range range, const uint8_t *src, int64_t *values, struct ck_cast_counts *counts)
{
	bool is_signed = ck_dtype_class(to) == CK_CLASS_INT;
	double ceiling = ldexp(1, (int)ck_dtype_width(to) * 8 - is_signed), floor = is_signed ? -ceiling : 0;
	uint64_t high = to == CK_DT_U64 ? UINT64_MAX : range.high; /* range is that of signed values */

	for (size_t i = 0; i < CK_BLOCK; i++) {
		double x, whole;

		memcpy(&x, src + i * sizeof(x), sizeof(x));
		if (fabs(x) < 0x1p31)
			continue;
		whole = trunc(x);
		if (whole >= floor && whole < ceiling) {
			values[i] = whole < 0x1p63 ? (int64_t)whole : (int64_t)(uint64_t)whole;
			counts->n_inexact += whole != x;
			ck_note_rounding(counts, fabs(whole - x));
		} else {
			values[i] = whole > 0 ? (int64_t)high : whole < 0 ? (int64_t)range.low : 0;
			counts->n_overflow++;
		}
	}
}

/* Everything but 0 is true. What is neither 0 nor 1 loses something: beyond [0, 1] it is an overflow, and NaN too. */
CK_INLINE void f64_to_bool(const uint8_t *src, int64_t *values, struct ck_cast_counts *counts)
{
	const uint64_t one = 0x3ff0000000000000, sizes = INT64_MAX;
	u64x4 n_inexact = { 0 }, n_overflow = { 0 }, worst = { 0 };

	for (size_t i = 0; i < CK_BLOCK; i += 4) {
		u64x4 x = ck_load_u64x4(src + i * 8), size = x & sizes, is_true = ck_nonzero_u64x4(size);
		u64x4 is_beyond = (x >> 63 | (one - size) >> 63) & is_true;
		u64x4 error = (u64x4)(1 - (f64x4)size) & (0 - (is_true & ~is_beyond));

		n_overflow += is_beyond;
		n_inexact += ck_nonzero_u64x4(error);
		worst = ck_max_u64x4(worst, error);
		memcpy(values + i, &is_true, sizeof(is_true));
	}
	ck_note_rounding(counts, ck_greatest_f64x4(worst));
	counts->n_inexact += ck_sum_u64x4(n_inexact);
	counts->n_overflow += ck_sum_u64x4(n_overflow);
}

CK_INLINE void floats_to_ints(bool wide, enum ck_dtype to, const uint8_t *src, int64_t *values, struct ck_cast_counts *counts)
{
	struct range range = range_of(CK_DT_I64, to);
	uint8_t extended[CK_BLOCK * sizeof(double)];

	if (!wide && to != CK_DT_BOOL && plain_f32_to_ints(range, src, values, counts))
		return;
	if (!wide) {
		ck_block_to_f64(CK_DT_F32, src, extended);
		src = extended;
	}
	if (to == CK_DT_BOOL) {
		f64_to_bool(src, values, counts);
	} else if (!wide || !plain_f64_to_ints(range, src, values, counts)) {
		bool has_special = any_f64_to_ints(range, src, values, counts);

		if (!all_fit(range, values))
			counts->n_overflow += clamp(range, false, values);
		if (has_special)
			special_to_ints(to, range, src, values, counts);
	}
}

/* ---- the two builds */

CK_AVX2 static void load_ints_avx2(enum ck_dtype dtype, const uint8_t *src, int64_t *values)
{
	load_ints(dtype, src, values);
}

CK_AVX2 static void store_ints_avx2(enum ck_dtype dtype, const int64_t *values, uint8_t *dst)
{
	store_ints(dtype, values, dst);
}

CK_AVX2 static void fit_ints_avx2(enum ck_dtype from, enum ck_dtype to, enum ck_overflow overflow, int64_t *values,
				  struct ck_cast_counts *counts)
{
	fit_ints(from, to, overflow, values, counts);
}

CK_AVX2 static void ints_to_floats_avx2(enum ck_dtype from, enum ck_dtype to, enum ck_overflow overflow, const int64_t *values,
					uint8_t *dst, struct ck_cast_counts *counts)
{
	ints_to_floats(from, to, overflow, values, dst, counts);
}

CK_AVX2 static void floats_to_ints_avx2(bool wide, enum ck_dtype to, const uint8_t *src, int64_t *values, struct ck_cast_counts *counts)
{
	floats_to_ints(wide, to, src, values, counts);
}

void ck_block_load_ints(enum ck_dtype dtype, const uint8_t *src, int64_t *values)
{
	if (ck_has_avx2())
		load_ints_avx2(dtype, src, values);
	else
		load_ints(dtype, src, values);
}

void ck_block_store_ints(enum ck_dtype dtype, const int64_t *values, uint8_t *dst)
{
	if (ck_has_avx2())
		store_ints_avx2(dtype, values, dst);
	else
		store_ints(dtype, values, dst);
}

void ck_block_fit_ints(enum ck_dtype from, enum ck_dtype to, enum ck_overflow overflow, int64_t *values, struct ck_cast_counts *counts)
{
	if (ck_has_avx2())
		fit_ints_avx2(from, to, overflow, values, counts);
	else
		fit_ints(from, to, overflow, values, counts);
}

void ck_block_ints_to_floats(enum ck_dtype from, enum ck_dtype to, enum ck_overflow overflow, const int64_t *values, uint8_t *dst,
			     struct ck_cast_counts *counts)
{
	if (ck_has_avx2())
		ints_to_floats_avx2(from, to, overflow, values, dst, counts);
	else
		ints_to_floats(from, to, overflow, values, dst, counts);
}

void ck_block_floats_to_ints(bool wide, enum ck_dtype to, const uint8_t *src, int64_t *values, struct ck_cast_counts *counts)
{
	if (ck_has_avx2())
		floats_to_ints_avx2(wide, to, src, values, counts);
	else
		floats_to_ints(wide, to, src, values, counts);
}
