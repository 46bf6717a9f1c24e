/*
 * Blocks of a chunk are measured by their deviations from what was the mean so far, and again from their own mean where that was
 * no good choice: so no digits cancel wherever the values lie. Sums run in 16 lanes, which are added in a fixed order: the same bits
 * on any machine.
 *
 * As in vm/convert_float.c, the loop only notes whether a block has a new minimum or maximum, or values that are not finite. Squares
 * of floats are finite doubles: their sum tells the latter.
 */
#include "vm/statistics.h"

#include <math.h>

#include "vm/convert_float.h"
#include "vm/simd.h"

enum { LANES = 16, BLOCK = 2 * CK_BLOCK };

/* n values: f64 (wide), or f32. Behind them the first is repeated, so that lanes are full. */
struct block {
	size_t n;
	const uint8_t *bytes;	/* the caller's, or memory */
	union {
		uint8_t memory[(BLOCK + LANES) * sizeof(double)];
		double wide[BLOCK + LANES];
		float narrow[BLOCK + LANES];
	};
};

/* What is seen of a block: sums of deviations from shift and of their squares, and the rest. */
struct sight {
	double shift, sum, square;
	uint64_t n_zero;
	bool has_special, has_extreme;	/* values that are not finite; values beyond the given extremes */
};

struct lanes {
	f64x4 a, b, c, d;
};

bool ck_dtype_has_statistics(enum ck_dtype dtype)
{
	return ck_dtype_width(dtype) && ck_dtype_class(dtype) != CK_CLASS_STRING && ck_dtype_class(dtype) != CK_CLASS_OPAQUE;
}

CK_INLINE double get(bool wide, const struct block *block, size_t i)
{
	double x;
	float narrow;

	if (wide) {
		memcpy(&x, block->bytes + i * sizeof(x), sizeof(x));
		return x;
	}
	memcpy(&narrow, block->bytes + i * sizeof(narrow), sizeof(narrow));
	return (double)narrow;
}

CK_INLINE void move(bool wide, struct block *block, size_t to, size_t from)
{
	if (wide)
		block->wide[to] = block->wide[from];
	else
		block->narrow[to] = block->narrow[from];
}

CK_INLINE size_t n_padding(const struct block *block)
{
	return (0 - block->n) % LANES;
}

CK_INLINE void pad(bool wide, struct block *block)
{
	for (size_t i = 0; i < n_padding(block); i++)
		move(wide, block, block->n + i, 0);
}

/* ---- the loop */

struct notes_32 {
	u32x8 n_zero, extreme;
};

struct notes_64 {
	u64x4 n_zero, special, extreme;
};

/* A difference has a sign where the first is less. */
CK_INLINE void note_32(u32x8 x, f32x8 min, f32x8 max, struct notes_32 *notes)
{
	notes->n_zero += ((x & 0x7fffffff) - 1) >> 31;
	notes->extreme |= (u32x8)((f32x8)x - min) | (u32x8)(max - (f32x8)x);
}

CK_INLINE void note_64(f64x4 x, f64x4 min, f64x4 max, struct notes_64 *notes)
{
	u64x4 size = (u64x4)x & (uint64_t)INT64_MAX;

	notes->n_zero += (size - 1) >> 63;
	notes->special |= 0x7fefffffffffffff - size;
	notes->extreme |= (u64x4)(x - min) | (u64x4)(max - x);
}

CK_INLINE struct lanes load_lanes(bool wide, const struct block *block, size_t i)
{
	struct lanes x;
	f64x8 low, high;

	if (wide) {
		x.a = (f64x4)ck_load_u64x4(block->bytes + i * 8);
		x.b = (f64x4)ck_load_u64x4(block->bytes + i * 8 + 32);
		x.c = (f64x4)ck_load_u64x4(block->bytes + i * 8 + 64);
		x.d = (f64x4)ck_load_u64x4(block->bytes + i * 8 + 96);
	} else {
		low = __builtin_convertvector((f32x8)ck_load_u32x8(block->bytes + i * 4), f64x8);
		high = __builtin_convertvector((f32x8)ck_load_u32x8(block->bytes + i * 4 + 32), f64x8);
		x = (struct lanes){ ck_low_f64x8(low), ck_high_f64x8(low), ck_low_f64x8(high), ck_high_f64x8(high) };
	}
	return x;
}

CK_INLINE void add_deviations(struct lanes x, double shift, struct lanes *sum, struct lanes *square)
{
	x = (struct lanes){ x.a - shift, x.b - shift, x.c - shift, x.d - shift };
	*sum = (struct lanes){ sum->a + x.a, sum->b + x.b, sum->c + x.c, sum->d + x.d };
	*square = (struct lanes){ square->a + x.a * x.a, square->b + x.b * x.b, square->c + x.c * x.c, square->d + x.d * x.d };
}

CK_INLINE double total_of(struct lanes sum)
{
	f64x4 x = (sum.a + sum.b) + (sum.c + sum.d);

	x += __builtin_shufflevector(x, x, 2, 3, 0, 1);
	return x[0] + x[1];
}

CK_INLINE struct sight see_narrow(const struct block *block, double shift, double least, double greatest)
{
	const f32x8 min = (f32x8){ 0 } + (float)least, max = (f32x8){ 0 } + (float)greatest;
	struct lanes sum = { 0 }, square = { 0 };
	struct notes_32 notes = { 0 };

	for (size_t i = 0; i < block->n; i += LANES) {
		note_32(ck_load_u32x8(block->bytes + i * 4), min, max, &notes);
		note_32(ck_load_u32x8(block->bytes + i * 4 + 32), min, max, &notes);
		add_deviations(load_lanes(false, block, i), shift, &sum, &square);
	}
	return (struct sight){ shift, total_of(sum), total_of(square), ck_sum_u32x8(notes.n_zero), !isfinite(total_of(square)),
			       ck_or_u32x8(notes.extreme) >> 31 };
}

CK_INLINE struct sight see_wide(const struct block *block, double shift, double least, double greatest)
{
	const f64x4 min = (f64x4){ 0 } + least, max = (f64x4){ 0 } + greatest;
	struct lanes sum = { 0 }, square = { 0 };
	struct notes_64 notes = { 0 };

	for (size_t i = 0; i < block->n; i += LANES) {
		struct lanes x = load_lanes(true, block, i);

		note_64(x.a, min, max, &notes);
		note_64(x.b, min, max, &notes);
		note_64(x.c, min, max, &notes);
		note_64(x.d, min, max, &notes);
		add_deviations(x, shift, &sum, &square);
	}
	return (struct sight){ shift, total_of(sum), total_of(square), ck_sum_u64x4(notes.n_zero), ck_or_u64x4(notes.special) >> 63,
			       ck_or_u64x4(notes.extreme) >> 63 };
}

CK_INLINE struct sight see(bool wide, const struct block *block, double shift, const struct ck_partial *total)
{
	struct sight sight = wide ? see_wide(block, shift, total->min, total->max) :
			     shift == 0 ? see_narrow(block, 0, total->min, total->max) : see_narrow(block, shift, total->min, total->max);
	double first = get(wide, block, 0), n = (double)n_padding(block);

	sight.sum -= (first - shift) * n;
	sight.square -= (first - shift) * (first - shift) * n;
	if (first == 0)
		sight.n_zero -= n_padding(block);
	return sight;
}

/* ---- what is done with a block */

/* Takes out what is not finite. */
CK_INLINE void squeeze(bool wide, struct block *block, struct ck_partial *partial)
{
	size_t n = 0;

	if (block->bytes != block->memory)
		memcpy(block->memory, block->bytes, block->n * (wide ? sizeof(double) : sizeof(float)));
	block->bytes = block->memory;
	for (size_t i = 0; i < block->n; i++) {
		double x = get(wide, block, i);

		move(wide, block, n, i);
		n += isfinite(x) != 0;
		partial->n_nan += isnan(x) != 0;
	}
	partial->n_inf = block->n - n - partial->n_nan;
	block->n = n;
	pad(wide, block);
}

CK_INLINE f64x4 lesser(f64x4 a, f64x4 b)
{
	u64x4 is_less = ck_sign_u64x4((u64x4)(a - b));

	return (f64x4)((u64x4)b ^ (((u64x4)a ^ (u64x4)b) & is_less));
}

CK_INLINE void find_extremes(bool wide, const struct block *block, struct ck_partial *partial)
{
	f64x4 min = (f64x4){ 0 } + get(wide, block, 0), max = -min; /* of what is negated */

	for (size_t i = 0; i < block->n; i += LANES) {
		struct lanes x = load_lanes(wide, block, i);

		min = lesser(lesser(lesser(x.a, x.b), lesser(x.c, x.d)), min);
		max = lesser(lesser(lesser(-x.a, -x.b), lesser(-x.c, -x.d)), max);
	}
	partial->min = min[0];
	partial->max = -max[0];
	for (size_t i = 1; i < 4; i++) {
		partial->min = min[i] < partial->min ? min[i] : partial->min;
		partial->max = -max[i] > partial->max ? -max[i] : partial->max;
	}
}

static double m2_of(const struct sight *sight, size_t n)
{
	return sight->square - sight->sum * (sight->sum / (double)n);
}

/* The mean, as far as sight tells; the first value where it is that, so that equal values have no deviation. */
CK_INLINE double mean_of(bool wide, const struct block *block, const struct sight *sight)
{
	double n = (double)block->n, first = get(wide, block, 0), mean = sight->shift + sight->sum / n;

	if (!isfinite(mean)) {
		mean = 0;
		for (size_t i = 0; i < block->n; i++)
			mean += get(wide, block, i) / n;
	}
	return fabs(mean - first) <= 0x1p-40 * fabs(first) ? first : mean;
}

/* Mean, m2, min and max of finite values. */
CK_INLINE void measure(bool wide, const struct block *block, struct sight sight, const struct ck_partial *total, struct ck_partial *partial)
{
	double n = (double)block->n;

	if (sight.has_extreme || !total->n_finite)
		find_extremes(wide, block, partial);
	/* Were two bits lost in the difference? */
	if (!(sight.square <= 4 * m2_of(&sight, block->n)))
		sight = see(wide, block, mean_of(wide, block, &sight), total);
	partial->mean = isfinite(sight.sum) ? sight.shift + sight.sum / n : sight.shift;
	partial->m2 = isfinite(sight.square) ? fmax(m2_of(&sight, block->n), 0) : HUGE_VAL;
}

/* The mean so far; 0 where it lies among the values so far, as it does with weights: no digits cancel, and nothing is to be subtracted. */
CK_INLINE double first_shift(bool wide, const struct block *block, const struct ck_partial *total)
{
	if (!total->n_finite)
		return get(wide, block, 0);
	return total->mean * total->mean * (double)total->n_finite <= total->m2 ? 0 : total->mean;
}

CK_INLINE void add_block(bool wide, struct block *block, struct ck_partial *total)
{
	struct ck_partial partial = { .n_elems = block->n, .min = total->min, .max = total->max };
	struct sight sight = see(wide, block, first_shift(wide, block, total), total);

	partial.n_zero = sight.n_zero;
	if (sight.has_special) {
		squeeze(wide, block, &partial);
		sight = see(wide, block, first_shift(wide, block, total), total);
	}
	partial.n_finite = block->n;
	if (block->n)
		measure(wide, block, sight, total, &partial);
	ck_statistics_combine(total, &partial);
}

CK_AVX2 static void add_block_avx2(bool wide, struct block *block, struct ck_partial *total)
{
	if (wide)
		add_block(true, block, total);
	else
		add_block(false, block, total);
}

static void add_block_portable(bool wide, struct block *block, struct ck_partial *total)
{
	if (wide)
		add_block(true, block, total);
	else
		add_block(false, block, total);
}

static void decode(enum ck_dtype dtype, bool wide, const uint8_t *src, struct block *block)
{
	size_t width = ck_dtype_width(dtype) / ck_dtype_parts(dtype);
	bool is_floating = ck_dtype_class(dtype) == CK_CLASS_FLOAT || ck_dtype_class(dtype) == CK_CLASS_COMPLEX;

	block->bytes = block->memory;
	if (block->n == BLOCK && is_floating && width >= sizeof(float))
		block->bytes = src;
	else if (wide)
		ck_decode_f64(dtype, src, block->wide, block->n);
	else
		ck_decode_f32(dtype, src, block->narrow, block->n);
	pad(wide, block);
}

/* f32 holds floats of at most as many bits; the others are f64. */
static bool is_wide(enum ck_dtype dtype)
{
	bool is_floating = ck_dtype_class(dtype) == CK_CLASS_FLOAT || ck_dtype_class(dtype) == CK_CLASS_COMPLEX;

	return !is_floating || ck_dtype_width(dtype) / ck_dtype_parts(dtype) > sizeof(float);
}

void ck_statistics_chunk(enum ck_dtype dtype, const void *bytes, size_t n, struct ck_partial *ret_partial)
{
	size_t n_parts = n * ck_dtype_parts(dtype), width = ck_dtype_width(dtype) / ck_dtype_parts(dtype);
	bool wide = is_wide(dtype);
	struct block block;

	*ret_partial = (struct ck_partial){ 0 };
	for (size_t i = 0; i < n_parts; i += BLOCK) {
		block.n = n_parts - i < BLOCK ? n_parts - i : BLOCK;
		decode(dtype, wide, (const uint8_t *)bytes + i * width, &block);
		if (ck_has_avx2())
			add_block_avx2(wide, &block, ret_partial);
		else
			add_block_portable(wide, &block, ret_partial);
	}
}

void ck_statistics_combine(struct ck_partial *total, const struct ck_partial *next)
{
	double n = (double)total->n_finite, m = (double)next->n_finite, difference = next->mean - total->mean;

	if (next->n_finite && total->n_finite) {
		total->mean += difference * (m / (n + m));
		total->m2 += next->m2 + difference * difference * (n * (m / (n + m)));
		total->min = next->min < total->min ? next->min : total->min;
		total->max = next->max > total->max ? next->max : total->max;
	} else if (next->n_finite) {
		total->mean = next->mean;
		total->m2 = next->m2;
		total->min = next->min;
		total->max = next->max;
	}
	total->n_elems += next->n_elems;
	total->n_finite += next->n_finite;
	total->n_nan += next->n_nan;
	total->n_inf += next->n_inf;
	total->n_zero += next->n_zero;
}

void ck_statistics_finish(const struct ck_partial *total, struct ck_statistics *ret_statistics)
{
	*ret_statistics = (struct ck_statistics){ .valid = true, .n_elems = total->n_elems, .n_nan = total->n_nan, .n_inf = total->n_inf,
						  .n_zero = total->n_zero };
	if (total->n_finite) {
		ret_statistics->min = total->min + 0; /* never -0, which is as little as 0 */
		ret_statistics->max = total->max + 0;
		ret_statistics->mean = total->mean;
		ret_statistics->stddev = sqrt(total->m2 / (double)total->n_finite);
	}
}
