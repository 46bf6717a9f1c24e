/*
 * Floats to floats. Dtypes of at most 32 bits pass through f32, which holds them exactly, so that there is one rounding, from f32
 * or f64. Formats: IEEE 754-2019 (f16, f32, f64), "FP8 Formats for Deep Learning" (arXiv:2209.05433; f8e4m3fn has no infinities and
 * one NaN a sign), bf16 is the upper half of f32.
 *
 * Narrowing is optimistic: a first loop does what plain values need and only notes whether there is anything else in the block. If
 * so, a second loop does the block again and counts all; what has no finite result is then done by plain code, one by one.
 */
#include "vm/convert_float.h"

#include <float.h>
#include <math.h>

#include "vm/simd.h"

/* A format that values are rounded to. Codes are without sign; infinity is the NaN where there is none. */
struct format {
	uint32_t mantissa, bias, bits, infinity, nan, largest;
	bool has_infinity;
};

/* Constants, so that each inlined copy of a kernel is made for its format. */
#define F32 ((struct format){ 23, 127, 32, 0x7f800000, 0x7fc00000, 0x7f7fffff, true })
#define F16 ((struct format){ 10, 15, 16, 0x7c00, 0x7e00, 0x7bff, true })
#define BF16 ((struct format){ 7, 127, 16, 0x7f80, 0x7fc0, 0x7f7f, true })
#define F8E5M2 ((struct format){ 2, 15, 8, 0x7c, 0x7e, 0x7b, true })
#define F8E4M3FN ((struct format){ 3, 7, 8, 0x7f, 0x7f, 0x7e, false })

/* ---- to f32 and f64 */

static uint32_t get_code(uint32_t bits, const uint8_t *src)
{
	uint32_t code = 0;

	memcpy(&code, src, bits / 8); /* little-endian */
	return code;
}

/* 16 codes. gcc widens well from one size to the next, and whole registers. */
CK_INLINE u32x16 load_codes(uint32_t bits, const uint8_t *src)
{
	u16x16 halves;
	u8x16 bytes;

	if (bits == 16) {
		memcpy(&halves, src, sizeof(halves));
	} else {
		memcpy(&bytes, src, sizeof(bytes));
		halves = __builtin_convertvector(bytes, u16x16);
	}
	return __builtin_convertvector(halves, u32x16);
}

/*
 * What is not finite. f16 and bf16 keep a NaN's payload, signalling or not, as NumPy does, so that the way back gives the same
 * bytes; formats of 8 bits have one NaN a sign.
 */
static void widen_special(struct format format, const uint8_t *src, uint8_t *dst)
{
	const uint32_t quiet = 0x7fc00000;

	for (size_t i = 0; i < CK_BLOCK; i++) {
		uint32_t code = get_code(format.bits, src + i * (format.bits / 8)), result = quiet;
		uint32_t size = code & ((1u << (format.bits - 1)) - 1), sign = code >> (format.bits - 1) << 31;

		if (size < format.infinity)
			continue;
		if (size == format.infinity && format.has_infinity)
			result = 0x7f800000;
		else if (format.bits == 16)
			result = 0x7f800000 | (size - format.infinity) << (23 - format.mantissa);
		result |= sign;
		memcpy(dst + i * sizeof(result), &result, sizeof(result));
	}
}

/*
 * A code's value is its mantissa times the quantum of its binade: the mantissa put below a power of two with that quantum in its
 * last bit, less this power. That is exact, also for subnormal codes, whose binade is that of the smallest normal ones.
 */
CK_INLINE u32x8 widen_codes(struct format format, u32x8 code, u32x8 *room)
{
	const uint32_t shift = 23 - format.mantissa, sign = 1u << (format.bits - 1), least = (128 - format.bias) << 23;
	u32x8 size = code & (sign - 1), binade = (size & (format.infinity >> format.mantissa << format.mantissa)) - (1u << format.mantissa);
	u32x8 power, result;

	*room |= (format.infinity - 1) - size;
	if (format.bias == F32.bias)
		return code << shift;
	binade &= ~ck_sign_u32x8(binade);
	power = (binade << shift) + (least + (shift << 23));
	result = (u32x8)((f32x8)(power + (size - binade)) - (f32x8)power);
	return result | (code & sign) << (32 - format.bits);
}

CK_INLINE void widen(struct format format, const uint8_t *src, uint8_t *dst)
{
	u32x8 room = { 0 };

	for (size_t i = 0; i < CK_BLOCK; i += 16) {
		u32x16 codes = load_codes(format.bits, src + i * (format.bits / 8));
		u32x8 low = widen_codes(format, __builtin_shufflevector(codes, codes, 0, 1, 2, 3, 4, 5, 6, 7), &room);
		u32x8 high = widen_codes(format, __builtin_shufflevector(codes, codes, 8, 9, 10, 11, 12, 13, 14, 15), &room);

		memcpy(dst + i * 4, &low, sizeof(low));
		memcpy(dst + i * 4 + 32, &high, sizeof(high));
	}
	if (ck_or_u32x8(room) >> 31)
		widen_special(format, src, dst);
}

CK_INLINE void f32_to_f64(const uint8_t *restrict src, uint8_t *restrict dst)
{
	for (size_t i = 0; i < CK_BLOCK; i++) {
		float x;
		double y;

		memcpy(&x, src + i * sizeof(x), sizeof(x));
		y = (double)x;
		memcpy(dst + i * sizeof(y), &y, sizeof(y));
	}
}

CK_INLINE void to_f32(enum ck_dtype dtype, const uint8_t *src, uint8_t *dst)
{
	switch (dtype) {
	case CK_DT_F32:
	case CK_DT_C64:
		memcpy(dst, src, CK_BLOCK * sizeof(float));
		break;
	case CK_DT_F16:
		widen(F16, src, dst);
		break;
	case CK_DT_BF16:
		widen(BF16, src, dst);
		break;
	case CK_DT_F8E5M2:
		widen(F8E5M2, src, dst);
		break;
	case CK_DT_F8E4M3FN:
		widen(F8E4M3FN, src, dst);
		break;
	default: /* not floating, or wider: the caller's bug */
		CK_ASSERT(false);
	}
}

CK_INLINE void to_f64(enum ck_dtype dtype, const uint8_t *src, uint8_t *dst)
{
	uint8_t values[CK_BLOCK * sizeof(float)];

	if (dtype == CK_DT_F64 || dtype == CK_DT_C128) {
		memcpy(dst, src, CK_BLOCK * sizeof(double));
	} else if (dtype == CK_DT_F32 || dtype == CK_DT_C64) {
		f32_to_f64(src, dst);
	} else {
		to_f32(dtype, src, values);
		f32_to_f64(values, dst);
	}
}

/* ---- narrowing, what f32 and f64 share */

/* The code of what has no finite one: NaN, infinities, values beyond the range. */
static uint32_t special_code(struct format format, enum ck_overflow overflow, double x, struct ck_cast_counts *counts)
{
	uint32_t sign = (uint32_t)(signbit(x) != 0) << (format.bits - 1), code = format.infinity;
	float same = (float)x;

	if (isnan(x)) {
		if (format.bits != 32)
			return format.nan | sign;
		memcpy(&code, &same, sizeof(code)); /* with its payload */
		return code;
	}
	if (isfinite(x) || !format.has_infinity) {
		counts->n_overflow++;
		counts->n_nan_made += overflow == CK_OVERFLOW_ALLOW && !format.has_infinity;
		code = overflow == CK_OVERFLOW_ALLOW ? format.infinity : format.largest;
	}
	return code | sign;
}

/* 16 codes to memory. *zeros gets a highest bit in some lane if one of them is 0 (but not of 8 bits). */
CK_INLINE void put_codes(uint32_t bits, u32x8 a, u32x8 b, uint8_t *dst, u32x8 *zeros)
{
	u16x16 halves = __builtin_convertvector(__builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), u16x16);
	u8x16 bytes = __builtin_convertvector(halves, u8x16); /* gcc packs well from one size to the next only */

	if (bits == 8) {
		memcpy(dst, &bytes, sizeof(bytes));
	} else if (bits == 16) {
		*zeros |= (u32x8)((halves & 0x7fff) - 1);
		memcpy(dst, &halves, sizeof(halves));
	} else {
		*zeros |= ((a & 0x7fffffff) - 1) | ((b & 0x7fffffff) - 1);
		memcpy(dst, &a, sizeof(a));
		memcpy(dst + sizeof(a), &b, sizeof(b));
	}
}

CK_INLINE bool has_zero(uint32_t bits, u32x8 zeros)
{
	return ck_or_u32x8(zeros) & (bits == 16 ? 0x80008000 : 0x80000000);
}

static void put_code(uint32_t bits, uint32_t code, uint8_t *dst)
{
	memcpy(dst, &code, bits / 8); /* little-endian */
}

/* f16 keeps of a NaN's mantissa (its highest of 52 bits first) what it has bits for, as NumPy does; 0 would be an infinity. */
static uint32_t f16_nan(bool is_negative, uint64_t mantissa)
{
	uint32_t payload = (uint32_t)(mantissa >> (52 - F16.mantissa));

	return (uint32_t)is_negative << 15 | F16.infinity | (payload ? payload : 1);
}

/* ---- narrowing from f32 */

/* The bits of the least f32 that overflows. A tie goes to the even code: beyond, unless the largest is even. */
CK_INLINE uint32_t overflow_f32(struct format format)
{
	uint32_t shift = 23 - format.mantissa, largest = (format.largest << shift) + ((127 - format.bias) << 23);

	return largest + (1u << (shift - 1)) + !(format.largest & 1);
}

/* The bits of the greatest f32 that becomes 0, half of the least subnormal. bf16's is subnormal in f32 too. */
CK_INLINE uint32_t underflow_f32(struct format format)
{
	return format.bias == F32.bias ? 1u << (22 - format.mantissa) : (127 - format.bias - format.mantissa) << 23;
}

/*
 * x to nearest, ties to even: code with sign, and the bits of |rounding error|, which is exact. As in widen(), a power of two has
 * the binade's quantum in its last bit: adding it rounds, and leaves the mantissa in the low bits.
 */
CK_INLINE u32x8 round_f32(struct format format, u32x8 x, u32x8 *ret_error)
{
	const uint32_t shift = 23 - format.mantissa, least = (128 - format.bias) << 23;
	u32x8 size = x & 0x7fffffff, binade = (size & 0x7f800000) - least, power;
	f32x8 sum;

	binade &= ~ck_sign_u32x8(binade);
	power = binade + (least + (shift << 23));
	sum = (f32x8)size + (f32x8)power;
	*ret_error = (u32x8)(sum - (f32x8)power - (f32x8)size) & 0x7fffffff;
	return ((binade >> shift) + ((u32x8)sum - power)) | (x >> (32 - format.bits) & (1u << (format.bits - 1)));
}

/* The same for bf16, whose exponents are those of f32: the carry of an integer sum rounds. */
CK_INLINE u32x8 round_bf16(u32x8 x, u32x8 *ret_error)
{
	u32x8 sum = x + 0x7fff + (x >> 16 & 1);

	*ret_error = (u32x8)((f32x8)(sum & 0xffff0000) - (f32x8)x) & 0x7fffffff;
	return sum >> 16;
}

CK_INLINE u32x8 round_any_f32(struct format format, u32x8 x, u32x8 *ret_error)
{
	return format.bias == F32.bias ? round_bf16(x, ret_error) : round_f32(format, x, ret_error);
}

struct f32_losses {
	u32x8 n_inexact, n_underflow, worst, room, zeros, beyond;
};

/* Plain values are in range and no new largest rounding error; if there are others, room gets a highest bit. */
CK_INLINE u32x8 narrow_plain_f32(struct format format, const uint8_t *src, uint32_t limit, struct f32_losses *losses)
{
	u32x8 x = ck_load_u32x8(src), error, code = round_any_f32(format, x, &error);

	losses->room |= limit - error; /* what overflows in bf16 has an infinite error, or NaN */
	if (format.bias != F32.bias)
		losses->room |= (overflow_f32(format) - 1) - (x & 0x7fffffff);
	losses->n_inexact += ck_nonzero_u32x8(error);
	return code;
}

/* Does the block have values other than 0 that become 0? */
CK_INLINE bool has_underflow_f32(struct format format, const uint8_t *src)
{
	u32x8 found = { 0 };

	for (size_t i = 0; i < CK_BLOCK; i += 8) {
		u32x8 size = ck_load_u32x8(src + i * 4) & 0x7fffffff;

		found |= (size - (underflow_f32(format) + 1)) & ~(size - 1);
	}
	return ck_or_u32x8(found) >> 31;
}

/* Does the block have only plain values? They are converted and counted then. */
CK_INLINE bool narrow_plain_block_f32(struct format format, const uint8_t *src, uint8_t *dst, struct ck_cast_counts *counts)
{
	struct f32_losses losses = { 0 };
	uint32_t limit = ck_rounding_limit(counts);

	for (size_t i = 0; i < CK_BLOCK; i += 16)
		put_codes(format.bits, narrow_plain_f32(format, src + i * 4, limit, &losses),
			  narrow_plain_f32(format, src + i * 4 + 32, limit, &losses), dst + i * (format.bits / 8), &losses.zeros);
	if (ck_or_u32x8(losses.room) >> 31 || (has_zero(format.bits, losses.zeros) && has_underflow_f32(format, src)))
		return false;
	counts->n_inexact += ck_sum_u32x8(losses.n_inexact);
	return true;
}

/* Any value; what is beyond the range becomes 0 for now. */
CK_INLINE u32x8 narrow_any_f32(struct format format, const uint8_t *src, struct f32_losses *losses)
{
	const uint32_t above = overflow_f32(format) - 1, below = underflow_f32(format) + 1;
	u32x8 x = ck_load_u32x8(src), is_beyond = ck_sign_u32x8(above - (x & 0x7fffffff)), size, error, code;

	x &= ~is_beyond;
	size = x & 0x7fffffff;
	code = round_any_f32(format, x, &error);
	losses->beyond |= is_beyond;
	losses->n_inexact += ck_nonzero_u32x8(error);
	losses->n_underflow += ((size - below) >> 31) - ((size - 1) >> 31);
	losses->worst = ck_max_u32x8(losses->worst, error);
	return code;
}

static void narrow_special_f32(struct format format, enum ck_overflow overflow, const uint8_t *src, uint8_t *dst,
			       struct ck_cast_counts *counts)
{
	for (size_t i = 0; i < CK_BLOCK; i++) {
		uint32_t bits;
		float x;

		memcpy(&bits, src + i * sizeof(bits), sizeof(bits));
		memcpy(&x, &bits, sizeof(x));
		if ((bits & 0x7fffffff) > F32.infinity && format.mantissa == F16.mantissa)
			put_code(16, f16_nan(bits >> 31, (uint64_t)(bits & 0x7fffff) << 29), dst + i * 2);
		else if ((bits & 0x7fffffff) >= overflow_f32(format))
			put_code(format.bits, special_code(format, overflow, (double)x, counts), dst + i * (format.bits / 8));
	}
}

CK_INLINE void narrow_f32(struct format format, enum ck_overflow overflow, const uint8_t *src, uint8_t *dst, struct ck_cast_counts *counts)
{
	struct f32_losses losses = { 0 };

	/* In formats of 8 bits hardly a block is plain. */
	if (format.bits > 8 && narrow_plain_block_f32(format, src, dst, counts))
		return;
	for (size_t i = 0; i < CK_BLOCK; i += 16)
		put_codes(format.bits, narrow_any_f32(format, src + i * 4, &losses), narrow_any_f32(format, src + i * 4 + 32, &losses),
			  dst + i * (format.bits / 8), &losses.zeros);
	ck_note_rounding(counts, ck_greatest_f32x8(losses.worst));
	counts->n_inexact += ck_sum_u32x8(losses.n_inexact);
	counts->n_underflow += ck_sum_u32x8(losses.n_underflow);
	if (ck_or_u32x8(losses.beyond))
		narrow_special_f32(format, overflow, src, dst, counts);
}

CK_INLINE void from_f32(enum ck_dtype dtype, enum ck_overflow overflow, const uint8_t *src, uint8_t *dst, struct ck_cast_counts *counts)
{
	switch (dtype) {
	case CK_DT_F64:
	case CK_DT_C128:
		f32_to_f64(src, dst);
		break;
	case CK_DT_F32:
	case CK_DT_C64:
		memcpy(dst, src, CK_BLOCK * sizeof(float));
		break;
	case CK_DT_F16:
		narrow_f32(F16, overflow, src, dst, counts);
		break;
	case CK_DT_BF16:
		narrow_f32(BF16, overflow, src, dst, counts);
		break;
	case CK_DT_F8E5M2:
		narrow_f32(F8E5M2, overflow, src, dst, counts);
		break;
	case CK_DT_F8E4M3FN:
		narrow_f32(F8E4M3FN, overflow, src, dst, counts);
		break;
	default: /* not floating: the caller's bug */
		CK_ASSERT(false);
	}
}

/* ---- narrowing from f64: the same in lanes of 64 bits */

CK_INLINE uint64_t overflow_f64(struct format format)
{
	uint32_t shift = 52 - format.mantissa;
	uint64_t largest = ((uint64_t)format.largest << shift) + ((uint64_t)(1023 - format.bias) << 52);

	return largest + ((uint64_t)1 << (shift - 1)) + !(format.largest & 1);
}

CK_INLINE uint64_t underflow_f64(struct format format)
{
	return (uint64_t)(1023 - format.bias - format.mantissa) << 52;
}

/* The low halves of what it returns are codes. */
CK_INLINE u64x4 round_f64(struct format format, u64x4 x, u64x4 *ret_error)
{
	const uint32_t shift = 52 - format.mantissa;
	const uint64_t least = (uint64_t)(1024 - format.bias) << 52, sizes = INT64_MAX;
	u64x4 size = x & sizes, binade = (size & (uint64_t)0x7ff << 52) - least, power;
	f64x4 sum;

	binade &= ~ck_sign_u64x4(binade);
	power = binade + (least + ((uint64_t)shift << 52));
	sum = (f64x4)size + (f64x4)power;
	*ret_error = (u64x4)(sum - (f64x4)power - (f64x4)size) & sizes;
	return ((binade >> shift) + ((u64x4)sum - power)) | (x >> 63 << (format.bits - 1));
}

/* 8 codes. The hardware rounds to f32. */
CK_INLINE u32x8 round_any_f64(struct format format, u64x4 x, u64x4 y, u64x4 *ret_x_error, u64x4 *ret_y_error)
{
	f32x8 result = __builtin_convertvector(ck_join_f64x4((f64x4)x, (f64x4)y), f32x8);
	f64x8 back = __builtin_convertvector(result, f64x8);

	if (format.bits == 32) {
		*ret_x_error = (u64x4)(ck_low_f64x8(back) - (f64x4)x) & (uint64_t)INT64_MAX;
		*ret_y_error = (u64x4)(ck_high_f64x8(back) - (f64x4)y) & (uint64_t)INT64_MAX;
		return (u32x8)result;
	}
	x = round_f64(format, x, ret_x_error);
	y = round_f64(format, y, ret_y_error);
	return __builtin_shufflevector((u32x8)x, (u32x8)y, 0, 2, 4, 6, 8, 10, 12, 14);
}

struct f64_losses {
	u64x4 n_inexact, n_underflow, worst, room, beyond;
	u32x8 zeros;
};

CK_INLINE u32x8 narrow_plain_f64(struct format format, const uint8_t *src, uint64_t limit, struct f64_losses *losses)
{
	const uint64_t above = overflow_f64(format) - 1, sizes = INT64_MAX;
	u64x4 x = ck_load_u64x4(src), y = ck_load_u64x4(src + 32), x_error, y_error;
	u32x8 code = round_any_f64(format, x, y, &x_error, &y_error);

	losses->room |= (limit - x_error) | (limit - y_error); /* what overflows in f32 has an infinite error, or NaN */
	if (format.bits != 32)
		losses->room |= (above - (x & sizes)) | (above - (y & sizes));
	losses->n_inexact += ck_nonzero_u64x4(x_error) + ck_nonzero_u64x4(y_error);
	return code;
}

CK_INLINE bool has_underflow_f64(struct format format, const uint8_t *src)
{
	u64x4 found = { 0 };

	for (size_t i = 0; i < CK_BLOCK; i += 4) {
		u64x4 size = ck_load_u64x4(src + i * 8) & (uint64_t)INT64_MAX;

		found |= (size - (underflow_f64(format) + 1)) & ~(size - 1);
	}
	return ck_or_u64x4(found) >> 63;
}

CK_INLINE bool narrow_plain_block_f64(struct format format, const uint8_t *src, uint8_t *dst, struct ck_cast_counts *counts)
{
	struct f64_losses losses = { 0 };
	uint64_t limit;

	memcpy(&limit, &counts->max_rounding, sizeof(limit));
	for (size_t i = 0; i < CK_BLOCK; i += 16)
		put_codes(format.bits, narrow_plain_f64(format, src + i * 8, limit, &losses),
			  narrow_plain_f64(format, src + i * 8 + 64, limit, &losses), dst + i * (format.bits / 8), &losses.zeros);
	if (ck_or_u64x4(losses.room) >> 63 || (has_zero(format.bits, losses.zeros) && has_underflow_f64(format, src)))
		return false;
	counts->n_inexact += ck_sum_u64x4(losses.n_inexact);
	return true;
}

/* Where is x beyond the range? It becomes 0. */
CK_INLINE u64x4 take_beyond_f64(struct format format, u64x4 *x)
{
	u64x4 is_beyond = ck_sign_u64x4((overflow_f64(format) - 1) - (*x & (uint64_t)INT64_MAX));

	*x &= ~is_beyond;
	return is_beyond;
}

CK_INLINE u64x4 is_underflow_f64(struct format format, u64x4 x)
{
	u64x4 size = x & (uint64_t)INT64_MAX;

	return ((size - (underflow_f64(format) + 1)) >> 63) - ((size - 1) >> 63);
}

CK_INLINE u32x8 narrow_any_f64(struct format format, const uint8_t *src, struct f64_losses *losses)
{
	u64x4 x = ck_load_u64x4(src), y = ck_load_u64x4(src + 32), x_error, y_error;
	u32x8 code;

	losses->beyond |= take_beyond_f64(format, &x) | take_beyond_f64(format, &y);
	code = round_any_f64(format, x, y, &x_error, &y_error);
	losses->n_inexact += ck_nonzero_u64x4(x_error) + ck_nonzero_u64x4(y_error);
	losses->n_underflow += is_underflow_f64(format, x) + is_underflow_f64(format, y);
	losses->worst = ck_max_u64x4(losses->worst, ck_max_u64x4(x_error, y_error));
	return code;
}

static void narrow_special_f64(struct format format, enum ck_overflow overflow, const uint8_t *src, uint8_t *dst,
			       struct ck_cast_counts *counts)
{
	const uint64_t infinity = (uint64_t)0x7ff << 52;

	for (size_t i = 0; i < CK_BLOCK; i++) {
		uint64_t bits;
		double x;

		memcpy(&bits, src + i * sizeof(bits), sizeof(bits));
		memcpy(&x, &bits, sizeof(x));
		if ((bits & (uint64_t)INT64_MAX) > infinity && format.mantissa == F16.mantissa)
			put_code(16, f16_nan(bits >> 63, bits & (((uint64_t)1 << 52) - 1)), dst + i * 2);
		else if ((bits & (uint64_t)INT64_MAX) >= overflow_f64(format))
			put_code(format.bits, special_code(format, overflow, x, counts), dst + i * (format.bits / 8));
	}
}

CK_INLINE void narrow_f64(struct format format, enum ck_overflow overflow, const uint8_t *src, uint8_t *dst, struct ck_cast_counts *counts)
{
	struct f64_losses losses = { 0 };

	if (format.bits > 8 && narrow_plain_block_f64(format, src, dst, counts))
		return;
	for (size_t i = 0; i < CK_BLOCK; i += 16)
		put_codes(format.bits, narrow_any_f64(format, src + i * 8, &losses), narrow_any_f64(format, src + i * 8 + 64, &losses),
			  dst + i * (format.bits / 8), &losses.zeros);
	ck_note_rounding(counts, ck_greatest_f64x4(losses.worst));
	counts->n_inexact += ck_sum_u64x4(losses.n_inexact);
	counts->n_underflow += ck_sum_u64x4(losses.n_underflow);
	if (ck_or_u64x4(losses.beyond))
		narrow_special_f64(format, overflow, src, dst, counts);
}

CK_INLINE void from_f64(enum ck_dtype dtype, enum ck_overflow overflow, const uint8_t *src, uint8_t *dst, struct ck_cast_counts *counts)
{
	switch (dtype) {
	case CK_DT_F64:
	case CK_DT_C128:
		memcpy(dst, src, CK_BLOCK * sizeof(double));
		break;
	case CK_DT_F32:
	case CK_DT_C64:
		narrow_f64(F32, overflow, src, dst, counts);
		break;
	case CK_DT_F16:
		narrow_f64(F16, overflow, src, dst, counts);
		break;
	case CK_DT_BF16:
		narrow_f64(BF16, overflow, src, dst, counts);
		break;
	case CK_DT_F8E5M2:
		narrow_f64(F8E5M2, overflow, src, dst, counts);
		break;
	case CK_DT_F8E4M3FN:
		narrow_f64(F8E4M3FN, overflow, src, dst, counts);
		break;
	default: /* not floating: the caller's bug */
		CK_ASSERT(false);
	}
}

/* ---- the two builds */

CK_AVX2 static void to_f32_avx2(enum ck_dtype dtype, const uint8_t *src, uint8_t *dst)
{
	to_f32(dtype, src, dst);
}

CK_AVX2 static void to_f64_avx2(enum ck_dtype dtype, const uint8_t *src, uint8_t *dst)
{
	to_f64(dtype, src, dst);
}

CK_AVX2 static void from_f32_avx2(enum ck_dtype dtype, enum ck_overflow overflow, const uint8_t *src, uint8_t *dst,
				  struct ck_cast_counts *counts)
{
	from_f32(dtype, overflow, src, dst, counts);
}

CK_AVX2 static void from_f64_avx2(enum ck_dtype dtype, enum ck_overflow overflow, const uint8_t *src, uint8_t *dst,
				  struct ck_cast_counts *counts)
{
	from_f64(dtype, overflow, src, dst, counts);
}

void ck_block_to_f32(enum ck_dtype dtype, const uint8_t *src, uint8_t *dst)
{
	if (ck_has_avx2())
		to_f32_avx2(dtype, src, dst);
	else
		to_f32(dtype, src, dst);
}

void ck_block_to_f64(enum ck_dtype dtype, const uint8_t *src, uint8_t *dst)
{
	if (ck_has_avx2())
		to_f64_avx2(dtype, src, dst);
	else
		to_f64(dtype, src, dst);
}

void ck_block_from_f32(enum ck_dtype dtype, enum ck_overflow overflow, const uint8_t *src, uint8_t *dst, struct ck_cast_counts *counts)
{
	if (ck_has_avx2())
		from_f32_avx2(dtype, overflow, src, dst, counts);
	else
		from_f32(dtype, overflow, src, dst, counts);
}

void ck_block_from_f64(enum ck_dtype dtype, enum ck_overflow overflow, const uint8_t *src, uint8_t *dst, struct ck_cast_counts *counts)
{
	if (ck_has_avx2())
		from_f64_avx2(dtype, overflow, src, dst, counts);
	else
		from_f64(dtype, overflow, src, dst, counts);
}
