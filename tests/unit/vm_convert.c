/*
 * Conversions against exact arithmetic, element by element: every pair of dtypes, every way of overflow, both builds of the
 * kernels, any length and alignment.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "vm/convert.h"
#include "vm/simd.h"

/* ---- the reference: a value is mantissa * 2^exponent */

struct exact {
	bool is_nan, is_infinite, negative, is_float;
	unsigned __int128 mantissa;
	int exponent;
	uint64_t payload; /* of a NaN: the bits of its mantissa, the highest of 52 first */
	int bits;         /* of a NaN: of the dtype that has it */
};

/* What one element counts for. */
struct loss {
	bool inexact, overflow, underflow, nan_made;
	double rounding;
};

struct layout {
	enum ck_dtype dtype;
	int mantissa, bias, bits;
	bool has_infinity, keeps_payload;
};

static const struct layout layouts[] = {
	{ CK_DT_F64, 52, 1023, 64, true, true },
	{ CK_DT_F32, 23, 127, 32, true, true },
	{ CK_DT_F16, 10, 15, 16, true, true },
	{ CK_DT_BF16, 7, 127, 16, true, true },
	{ CK_DT_F8E4M3FN, 3, 7, 8, false, false },
	{ CK_DT_F8E5M2, 2, 15, 8, true, false },
};

static const enum ck_dtype dtypes[] = {
	CK_DT_F64, CK_DT_F32, CK_DT_F16, CK_DT_BF16, CK_DT_F8E4M3FN, CK_DT_F8E5M2, CK_DT_I64, CK_DT_I32, CK_DT_I16, CK_DT_I8, CK_DT_I4,
	CK_DT_U64, CK_DT_U32, CK_DT_U16, CK_DT_U8, CK_DT_U4, CK_DT_BOOL,
};

enum { N_DTYPES = sizeof(dtypes) / sizeof(*dtypes), N_LAYOUTS = sizeof(layouts) / sizeof(*layouts) };

static const struct layout *layout_of(enum ck_dtype dtype)
{
	for (size_t i = 0; i < N_LAYOUTS; i++)
		if (layouts[i].dtype == dtype)
			return &layouts[i];
	return NULL;
}

static int int_bits(enum ck_dtype dtype)
{
	return dtype == CK_DT_BOOL ? 1 : dtype == CK_DT_I4 || dtype == CK_DT_U4 ? 4 : (int)ck_dtype_width(dtype) * 8;
}

static struct exact decode_float(const struct layout *layout, uint64_t code)
{
	uint64_t top = (uint64_t)1 << (layout->bits - 1), field = (code & (top - 1)) >> layout->mantissa;
	uint64_t mantissa = code & (((uint64_t)1 << layout->mantissa) - 1), all = (top - 1) >> layout->mantissa;
	struct exact x = { .is_float = true, .negative = code & top, .mantissa = mantissa };

	if (layout->has_infinity ? field == all : (code & (top - 1)) == top - 1) {
		x.is_infinite = layout->has_infinity && mantissa == 0;
		x.is_nan = !x.is_infinite;
		x.payload = layout->keeps_payload ? mantissa << (52 - layout->mantissa) : (uint64_t)1 << 51;
		x.bits = layout->bits;
		return x;
	}
	x.mantissa += field ? (uint64_t)1 << layout->mantissa : 0;
	x.exponent = (int)(field ? field : 1) - layout->bias - layout->mantissa;
	return x;
}

static struct exact decode_int(enum ck_dtype dtype, uint64_t code)
{
	int bits = int_bits(dtype);
	bool is_signed = ck_dtype_class(dtype) == CK_CLASS_INT;
	__int128 value = bits == 64 ? code : code & (((uint64_t)1 << bits) - 1);

	if (dtype == CK_DT_BOOL)
		value = code != 0;
	if (is_signed && value >> (bits - 1))
		value -= (__int128)1 << bits;
	return (struct exact){ .negative = value < 0, .mantissa = (unsigned __int128)(value < 0 ? -value : value) };
}

static int top_bit(unsigned __int128 x)
{
	int top = 127;

	while (top >= 0 && !(x >> top & 1))
		top--;
	return top;
}

static double scaled(unsigned __int128 mantissa, int exponent)
{
	return (double)ldexpl((long double)mantissa, exponent);
}

static uint64_t nan_code(const struct layout *layout, const struct exact *x)
{
	uint64_t all = ((uint64_t)1 << (layout->bits - 1)) - 1, ones = all >> layout->mantissa << layout->mantissa;
	uint64_t quiet = (uint64_t)1 << (layout->mantissa - 1), payload = x->payload >> (52 - layout->mantissa);

	if (!layout->has_infinity)
		return all;
	/* As NumPy: f16 keeps what it has bits for, bf16 and f8e5m2 nothing; the hardware's conversion of f32 and f64 makes quiet. */
	if (layout->dtype == CK_DT_F16)
		return ones | (payload ? payload : 1);
	if (layout->bits <= 16)
		return ones | quiet;
	return ones | payload | (layout->bits == 32 && x->bits < 32 ? 0 : quiet);
}

static uint64_t encode_float(const struct layout *layout, enum ck_overflow overflow, const struct exact *x, struct loss *loss)
{
	uint64_t sign = (uint64_t)x->negative << (layout->bits - 1), ones = ((uint64_t)1 << (layout->bits - 1)) - 1;
	uint64_t infinity = layout->has_infinity ? ones >> layout->mantissa << layout->mantissa : ones, largest = infinity - 1, code;
	int least = 1 - layout->bias - layout->mantissa, quantum = x->exponent + top_bit(x->mantissa) - layout->mantissa, shift;
	unsigned __int128 rounded, rest = 0;

	if (x->is_nan)
		return sign | nan_code(layout, x);
	if (x->is_infinite && layout->has_infinity)
		return sign | infinity;
	if (!x->is_infinite && x->mantissa == 0)
		return sign;
	quantum = quantum < least ? least : quantum;
	shift = quantum - x->exponent;
	if (shift <= 0) {
		rounded = x->mantissa << -shift;
	} else {
		unsigned __int128 half = (unsigned __int128)1 << (shift > 127 ? 126 : shift - 1);

		rounded = shift > 127 ? 0 : x->mantissa >> shift;
		rest = shift > 127 ? x->mantissa : x->mantissa & (2 * half - 1);
		rounded += rest > half || (rest == half && rounded & 1);
		rest = rest > half ? 2 * half - rest : rest;
	}
	code = x->is_infinite ? infinity : (uint64_t)rounded + ((uint64_t)(quantum - least) << layout->mantissa);
	if (code > largest) {
		loss->overflow = true;
		loss->nan_made = overflow == CK_OVERFLOW_ALLOW && !layout->has_infinity;
		return sign | (overflow == CK_OVERFLOW_ALLOW ? infinity : largest);
	}
	loss->inexact = rest != 0;
	loss->underflow = rest != 0 && code == 0;
	loss->rounding = scaled(rest, x->exponent);
	return sign | code;
}

/* The whole part of a value below 2^100 in size; *ret_rest is of 2^-exponent. */
static __int128 whole_part(const struct exact *x, unsigned __int128 *ret_rest)
{
	unsigned __int128 whole;

	*ret_rest = 0;
	if (x->exponent >= 0) {
		whole = x->mantissa << x->exponent;
	} else {
		whole = x->exponent < -127 ? 0 : x->mantissa >> -x->exponent;
		*ret_rest = x->exponent < -127 ? x->mantissa : x->mantissa - (whole << -x->exponent);
	}
	return x->negative ? -(__int128)whole : (__int128)whole;
}

static uint64_t encode_bool(const struct exact *x, struct loss *loss)
{
	bool is_zero = !x->is_nan && !x->is_infinite && x->mantissa == 0;
	unsigned __int128 rest = 0;
	__int128 whole = 2;

	if (is_zero)
		return 0;
	if (!x->is_nan && !x->is_infinite && x->exponent + top_bit(x->mantissa) < 60)
		whole = whole_part(x, &rest);
	loss->overflow = x->negative || whole > 1 || (whole == 1 && rest);
	loss->inexact = !loss->overflow && rest;
	if (loss->inexact)
		loss->rounding = 1 - scaled(rest, x->exponent);
	return 1;
}

static uint64_t encode_int(enum ck_dtype dtype, enum ck_overflow overflow, const struct exact *x, struct loss *loss)
{
	int bits = int_bits(dtype);
	bool is_signed = ck_dtype_class(dtype) == CK_CLASS_INT;
	__int128 low = is_signed ? -((__int128)1 << (bits - 1)) : 0, high = ((__int128)1 << (bits - is_signed)) - 1, value;
	unsigned __int128 rest = 0;

	if (dtype == CK_DT_BOOL)
		return encode_bool(x, loss);
	if (x->is_nan) {
		loss->overflow = true;
		return 0;
	}
	if (x->is_infinite || x->exponent + top_bit(x->mantissa) > 100)
		value = x->negative ? -((__int128)1 << 100) : (__int128)1 << 100;
	else
		value = whole_part(x, &rest);
	loss->overflow = value < low || value > high;
	loss->inexact = !loss->overflow && rest;
	loss->underflow = loss->inexact && value == 0;
	loss->rounding = loss->inexact ? scaled(rest, x->exponent) : 0;
	if (loss->overflow && (x->is_float || overflow != CK_OVERFLOW_ALLOW))
		value = value < low ? low : high;
	/* The upper half of the byte is clear. */
	return dtype == CK_DT_I4 || dtype == CK_DT_U4 ? (uint64_t)(value & 15) : (uint64_t)value;
}

static uint64_t load(const uint8_t *bytes, size_t width)
{
	uint64_t code = 0;

	memcpy(&code, bytes, width);
	return code;
}

static void convert_one(enum ck_dtype from, enum ck_dtype to, enum ck_overflow overflow, const uint8_t *src, uint8_t *dst,
			struct loss *loss)
{
	uint64_t code = load(src, ck_dtype_width(from));
	struct exact x = layout_of(from) ? decode_float(layout_of(from), code) : decode_int(from, code);

	*loss = (struct loss){ 0 };
	code = layout_of(to) ? encode_float(layout_of(to), overflow, &x, loss) : encode_int(to, overflow, &x, loss);
	memcpy(dst, &code, ck_dtype_width(to));
}

/* ---- values */

static uint64_t state = 88172645463325252;

static uint64_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

enum { N_VALUES = 4096 };

struct values {
	enum ck_dtype dtype;
	size_t n, width;
	uint8_t bytes[N_VALUES * 8];
};

static void put(struct values *values, uint64_t code)
{
	if (values->n < N_VALUES)
		memcpy(values->bytes + values->n++ * values->width, &code, values->width);
}

/* The double and its neighbours, as the dtype has them. */
static void put_around(struct values *values, double x)
{
	float narrow = (float)x;
	uint64_t wide_code;
	uint32_t narrow_code;

	memcpy(&wide_code, &x, sizeof(x));
	memcpy(&narrow_code, &narrow, sizeof(narrow));
	for (int step = -1; step <= 1; step++)
		put(values, values->dtype == CK_DT_F64 ? wide_code + (uint64_t)(int64_t)step : narrow_code + (uint32_t)step);
}

/* Codes of a narrower format, the ties between them, and what is about them. */
static void put_ties(struct values *values, const struct layout *layout, int n)
{
	for (int i = 0; i < n; i++) {
		uint64_t largest = (((uint64_t)1 << (layout->bits - 1)) - 1) >> layout->mantissa << layout->mantissa;
		uint64_t code = i < 4 ? (uint64_t)i : i < 8 ? largest - (uint64_t)(i - 3) : next() % largest;
		struct exact a = decode_float(layout, code);
		double low = scaled(a.mantissa, a.exponent), quantum = ldexp(1, a.exponent);

		put_around(values, i % 2 ? -low : low);
		put_around(values, i % 2 ? -(low + quantum / 2) : low + quantum / 2);
	}
}

static void fill_float(struct values *values, const struct layout *layout)
{
	uint64_t infinity = (((uint64_t)1 << (layout->bits - 1)) - 1) >> layout->mantissa << layout->mantissa;
	uint64_t sign = (uint64_t)1 << (layout->bits - 1);

	for (uint64_t i = 0; i < 4; i++) {
		put(values, i);
		put(values, sign | i);
		put(values, infinity - i);
		put(values, sign | (infinity + i));
		put(values, infinity + 1 + next() % ((uint64_t)1 << layout->mantissa));
	}
	if (layout->bits < 32)
		return;
	for (size_t i = 0; i < N_LAYOUTS; i++)
		if (layouts[i].bits < layout->bits)
			put_ties(values, &layouts[i], 40);
	for (int i = -1; i < 66; i++) {
		put_around(values, ldexp(1, i));
		put_around(values, -ldexp(1, i));
		put_around(values, ldexp(1, i) + 0.5);
		put_around(values, ldexp(1.75, i) - 0.25);
	}
}

/* Everything that may need a case of its own, then random codes of all sizes. */
static void fill_special(struct values *values, enum ck_dtype dtype)
{
	int bits = layout_of(dtype) ? layout_of(dtype)->bits : int_bits(dtype);

	*values = (struct values){ .dtype = dtype, .width = ck_dtype_width(dtype) };
	if (layout_of(dtype))
		fill_float(values, layout_of(dtype));
	for (int i = 0; i < bits && !layout_of(dtype); i++)
		for (uint64_t j = 0; j < 3; j++) {
			put(values, ((uint64_t)1 << i) + j - 1);
			put(values, 0 - ((uint64_t)1 << i) + j - 1);
		}
	while (values->n < 1500)
		put(values, dtype == CK_DT_BOOL ? next() % 3 : layout_of(dtype) ? next() : next() >> next() % 64);
	for (size_t i = values->n; i-- > 1;) {
		size_t j = next() % (i + 1);
		uint64_t a = load(values->bytes + i * values->width, values->width), b = load(values->bytes + j * values->width, values->width);

		memcpy(values->bytes + i * values->width, &b, values->width);
		memcpy(values->bytes + j * values->width, &a, values->width);
	}
}

/* Values that most conversions round and none loses. */
static void fill_plain(struct values *values, enum ck_dtype dtype)
{
	*values = (struct values){ .dtype = dtype, .width = ck_dtype_width(dtype) };
	while (values->n < N_VALUES) {
		double wide = 1 + (double)(next() >> 11) * 0x1p-51;
		float narrow = (float)wide;
		uint64_t code = 0;

		if (dtype == CK_DT_F64)
			memcpy(&code, &wide, sizeof(wide));
		else if (dtype == CK_DT_F32)
			memcpy(&code, &narrow, sizeof(narrow));
		else if (layout_of(dtype))
			code = ((uint64_t)layout_of(dtype)->bias << layout_of(dtype)->mantissa) + next() % ((uint64_t)2 << layout_of(dtype)->mantissa);
		else
			code = next() % (dtype == CK_DT_BOOL ? 2 : 8);
		put(values, code);
	}
}

/* ---- the comparison */

struct reference {
	uint8_t bytes[N_VALUES * 8];
	struct loss losses[N_VALUES];
};

static void make_reference(const struct values *values, enum ck_dtype to, enum ck_overflow overflow, struct reference *reference)
{
	for (size_t i = 0; i < values->n; i++)
		convert_one(values->dtype, to, overflow, values->bytes + i * values->width, reference->bytes + i * ck_dtype_width(to),
			    &reference->losses[i]);
}

static bool same_counts(const struct reference *reference, size_t first, size_t n, const struct ck_cast_counts *counts)
{
	struct ck_cast_counts sum = { 0 };

	for (size_t i = first; i < first + n; i++) {
		const struct loss *loss = &reference->losses[i];

		sum.n_inexact += loss->inexact;
		sum.n_overflow += loss->overflow;
		sum.n_underflow += loss->underflow;
		sum.n_nan_made += loss->nan_made;
		sum.max_rounding = loss->rounding > sum.max_rounding ? loss->rounding : sum.max_rounding;
	}
	return memcmp(&sum, counts, sizeof(sum)) == 0;
}

static const char *const modes[] = { "error", "saturate", "allow" };

static void check(const struct values *values, enum ck_dtype to, enum ck_overflow overflow, const struct reference *reference, size_t first,
		  size_t n, bool portable)
{
	static uint8_t in[N_VALUES * 8 + 16], out[N_VALUES * 8 + 48];
	size_t to_width = ck_dtype_width(to), align = n % 16, out_align = n / 16 % 16;
	struct ck_cast_counts counts = { 0 };

	memcpy(in + align, values->bytes + first * values->width, n * values->width);
	memset(out, 0xa5, out_align + n * to_width + 16);
	ck_simd_portable(portable);
	ck_convert(values->dtype, to, overflow, in + align, out + out_align, n, &counts);
	ck_simd_portable(false);
	for (size_t i = 0; i < n; i++)
		cr_assert_arr_eq(out + out_align + i * to_width, reference->bytes + (first + i) * to_width, to_width,
				 "%s to %s, %s%s: %#llx became %#llx, not %#llx", ck_dtype_name(values->dtype), ck_dtype_name(to), modes[overflow],
				 portable ? ", portable" : "", (unsigned long long)load(values->bytes + (first + i) * values->width, values->width),
				 (unsigned long long)load(out + out_align + i * to_width, to_width),
				 (unsigned long long)load(reference->bytes + (first + i) * to_width, to_width));
	for (size_t i = 0; i < 16; i++)
		cr_assert(out[out_align + n * to_width + i] == 0xa5 && (i >= out_align || out[i] == 0xa5), "%s to %s: writes beyond %zu elements",
			  ck_dtype_name(values->dtype), ck_dtype_name(to), n);
	cr_assert(same_counts(reference, first, n, &counts), "%s to %s, %s%s, %zu from %zu: counts %llu %llu %llu %llu %g",
		  ck_dtype_name(values->dtype), ck_dtype_name(to), modes[overflow], portable ? ", portable" : "", n, first,
		  (unsigned long long)counts.n_inexact, (unsigned long long)counts.n_overflow, (unsigned long long)counts.n_underflow,
		  (unsigned long long)counts.n_nan_made, counts.max_rounding);
}

static struct values values, plain;
static struct reference reference;

Test(vm_convert, special_values_at_any_length_and_alignment, .timeout = 300)
{
	for (size_t from = 0; from < N_DTYPES; from++) {
		fill_special(&values, dtypes[from]);
		for (size_t to = 0; to < N_DTYPES; to++)
			for (int overflow = 0; from != to && overflow < 3; overflow++) {
				make_reference(&values, dtypes[to], (enum ck_overflow)overflow, &reference);
				for (size_t n = 0; n <= 600; n += n < 40 || n > 500 ? 1 : 1 + next() % 7)
					check(&values, dtypes[to], (enum ck_overflow)overflow, &reference, next() % (values.n - n), n, n % 2);
				check(&values, dtypes[to], (enum ck_overflow)overflow, &reference, 0, values.n, false);
				check(&values, dtypes[to], (enum ck_overflow)overflow, &reference, 0, values.n, true);
			}
	}
}

/* Loops for plain values, and single others that they must notice. */
Test(vm_convert, plain_values, .timeout = 300)
{
	for (size_t from = 0; from < N_DTYPES; from++) {
		size_t width = ck_dtype_width(dtypes[from]);

		fill_special(&values, dtypes[from]);
		fill_plain(&plain, dtypes[from]);
		for (size_t to = 0; to < N_DTYPES; to++)
			for (size_t trial = 0; from != to && trial < 20; trial++) {
				enum ck_overflow overflow = (enum ck_overflow)(trial % 3);

				make_reference(&plain, dtypes[to], overflow, &reference);
				check(&plain, dtypes[to], overflow, &reference, trial, plain.n - 40, trial % 2);
				memcpy(plain.bytes + next() % plain.n * width, values.bytes + next() % values.n * width, width);
			}
	}
}

/* All codes of 8 and 16 bits. */
Test(vm_convert, all_codes, .timeout = 300)
{
	for (size_t from = 0; from < N_DTYPES; from++) {
		size_t width = ck_dtype_width(dtypes[from]);

		for (uint64_t first = 0; width <= 2 && first < (uint64_t)1 << 8 * width; first += N_VALUES) {
			values = (struct values){ .dtype = dtypes[from], .width = width };
			for (uint64_t code = first; code < first + N_VALUES && code < (uint64_t)1 << 8 * width; code++)
				put(&values, code);
			for (size_t to = 0; to < N_DTYPES; to++)
				for (int overflow = 0; from != to && overflow < 3; overflow++) {
					make_reference(&values, dtypes[to], (enum ck_overflow)overflow, &reference);
					check(&values, dtypes[to], (enum ck_overflow)overflow, &reference, 0, values.n, first & N_VALUES);
				}
		}
	}
}

/* ---- what else there is */

Test(vm_convert, counts_are_added)
{
	const float wide[4] = { 1, 1e10f, 1.0001f, 1e-30f };
	uint16_t narrow[4];
	struct ck_cast_counts counts = { .n_inexact = 5, .max_rounding = 1e-9 }, sum = { 0 };

	ck_convert(CK_DT_F32, CK_DT_F16, CK_OVERFLOW_SATURATE, wide, narrow, 4, &counts);
	cr_expect_eq(counts.n_inexact, 7);
	cr_expect_eq(counts.n_overflow, 1);
	cr_expect_eq(counts.n_underflow, 1);
	cr_expect_float_eq(counts.max_rounding, 1e-4, 1e-6);
	ck_cast_counts_add(&sum, &counts, 3);
	cr_expect_eq(sum.n_inexact, 21);
	cr_expect_eq(sum.max_rounding, counts.max_rounding);
}

Test(vm_convert, complex_numbers)
{
	float narrow[2 * 1000], back[2 * 1000];
	double wide[2 * 1000];
	struct ck_cast_counts counts = { 0 };

	for (size_t i = 0; i < 2000; i++)
		narrow[i] = (float)i / 7;
	ck_convert(CK_DT_C64, CK_DT_C128, CK_OVERFLOW_ERROR, narrow, wide, 1000, &counts);
	ck_convert(CK_DT_C128, CK_DT_C64, CK_OVERFLOW_ERROR, wide, back, 1000, &counts);
	cr_expect_arr_eq(narrow, back, sizeof(narrow));
	cr_expect_eq(counts.n_inexact, 0);
	ck_convert(CK_DT_F32, CK_DT_C128, CK_OVERFLOW_ERROR, narrow, wide, 1000, &counts);
	for (size_t i = 0; i < 1000; i++)
		cr_assert(wide[2 * i] == (double)narrow[i] && wide[2 * i + 1] == 0, "%zu", i);
	ck_convert(CK_DT_F64, CK_DT_C64, CK_OVERFLOW_ERROR, wide, back, 1000, &counts);
	for (size_t i = 0; i < 1000; i++)
		cr_assert(back[2 * i] == (float)wide[i] && back[2 * i + 1] == 0, "%zu", i);
}

Test(vm_convert, decode_and_encode)
{
	double decoded[N_VALUES], doubles[3] = { -NAN, 1e300, -0.1 };
	float narrow[N_VALUES], floats[3];
	struct ck_cast_counts counts = { 0 };

	for (size_t from = 0; from < N_DTYPES; from++) {
		fill_special(&values, dtypes[from]);
		make_reference(&values, CK_DT_F64, CK_OVERFLOW_ERROR, &reference);
		ck_decode_f64(dtypes[from], values.bytes, decoded, values.n);
		for (size_t i = 0; i < values.n && dtypes[from] != CK_DT_F64; i++)
			cr_assert_arr_eq(&decoded[i], reference.bytes + i * 8, 8, "%s %zu", ck_dtype_name(dtypes[from]), i);
		if (!layout_of(dtypes[from]) || layout_of(dtypes[from])->bits > 16)
			continue;
		make_reference(&values, CK_DT_F32, CK_OVERFLOW_ERROR, &reference);
		ck_decode_f32(dtypes[from], values.bytes, narrow, values.n);
		for (size_t i = 0; i < values.n; i++)
			cr_assert_arr_eq(&narrow[i], reference.bytes + i * 4, 4, "%s %zu", ck_dtype_name(dtypes[from]), i);
	}
	ck_encode_f64(CK_DT_F32, doubles, floats, 3, &counts);
	cr_expect_arr_eq(&floats[0], &(uint32_t){ 0x7fc00000 }, 4, "a NaN of arithmetic has no sign");
	cr_expect(floats[1] == HUGE_VALF && floats[2] == -0.1f);
	cr_expect(counts.n_overflow == 1 && counts.n_inexact == 1);
}

Test(vm_convert, single_integers)
{
	for (size_t i = 0; i < N_DTYPES; i++) {
		__int128 low, high;
		uint8_t bytes[8];

		if (layout_of(dtypes[i]))
			continue;
		ck_dtype_range(dtypes[i], &low, &high);
		ck_store_int(dtypes[i], high, bytes);
		cr_expect(ck_load_int(dtypes[i], bytes) == high, "%s", ck_dtype_name(dtypes[i]));
		ck_store_int(dtypes[i], low, bytes);
		cr_expect(ck_load_int(dtypes[i], bytes) == low, "%s", ck_dtype_name(dtypes[i]));
	}
	cr_expect(ck_dtype_max(CK_DT_F16) == 65504 && ck_dtype_max(CK_DT_BF16) == 0x1.fep127 && ck_dtype_max(CK_DT_F8E4M3FN) == 448);
	cr_expect(ck_dtype_max(CK_DT_F8E5M2) == 57344);
}
