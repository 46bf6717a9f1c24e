#include "vm/statistics.h"

#include <math.h>
#include <string.h>

#include "vm/convert.h"
#include "vm/simd.h"

/* Sums run in so many lanes, which are added up in their order: the same on any machine, and vectors do it fast. */
enum { N_LANES = 8, BLOCK = 256 };

struct lanes {
	double sum[N_LANES], square[N_LANES], min[N_LANES], max[N_LANES];
	uint64_t n_nan[N_LANES], n_inf[N_LANES], n_zero[N_LANES];
};

bool ck_dtype_has_statistics(enum ck_dtype dtype)
{
	return ck_dtype_width(dtype) && ck_dtype_class(dtype) != CK_CLASS_STRING && ck_dtype_class(dtype) != CK_CLASS_OPAQUE;
}

/* Deviations are from `shift`, a value of the chunk, so that no digits cancel when the mean is far from 0. */
CK_INLINE void add_block(struct lanes *lanes, const double *values, double shift)
{
	for (size_t i = 0; i < BLOCK; i += N_LANES)
		for (size_t j = 0; j < N_LANES; j++) {
			double x = values[i + j], size = fabs(x);
			bool is_finite = size < HUGE_VAL;
			double finite = is_finite ? x : shift, deviation = finite - shift;

			lanes->sum[j] += deviation;
			lanes->square[j] += deviation * deviation;
			lanes->min[j] = finite < lanes->min[j] ? finite : lanes->min[j];
			lanes->max[j] = finite > lanes->max[j] ? finite : lanes->max[j];
			lanes->n_nan[j] += x != x;
			lanes->n_inf[j] += size == HUGE_VAL;
			lanes->n_zero[j] += x == 0;
		}
}

CK_AVX2 static void add_block_avx2(struct lanes *lanes, const double *values, double shift)
{
	add_block(lanes, values, shift);
}

static double first_finite(enum ck_dtype dtype, const uint8_t *bytes, size_t n_parts)
{
	size_t width = ck_dtype_width(dtype) / ck_dtype_parts(dtype);
	double x = 0;

	for (size_t i = 0; i < n_parts; i++) {
		ck_decode_f64(dtype, bytes + i * width, &x, 1);
		if (isfinite(x))
			return x;
	}
	return 0;
}

static void sum_up(const struct lanes *lanes, size_t n_parts, double shift, struct ck_partial *partial)
{
	double sum = 0, square = 0;

	for (size_t j = 0; j < N_LANES; j++) {
		sum += lanes->sum[j];
		square += lanes->square[j];
		partial->n_nan += lanes->n_nan[j];
		partial->n_inf += lanes->n_inf[j];
		partial->n_zero += lanes->n_zero[j];
		partial->min = lanes->min[j] < partial->min ? lanes->min[j] : partial->min;
		partial->max = lanes->max[j] > partial->max ? lanes->max[j] : partial->max;
	}
	partial->n_elems = n_parts;
	partial->n_finite = n_parts - partial->n_nan - partial->n_inf;
	if (partial->n_finite) {
		double n = (double)partial->n_finite;

		partial->mean = shift + sum / n;
		partial->m2 = square - sum * (sum / n);
		partial->m2 = partial->m2 > 0 ? partial->m2 : 0;
	}
}

void ck_statistics_chunk(enum ck_dtype dtype, const void *bytes, size_t n, struct ck_partial *ret_partial)
{
	size_t n_parts = n * ck_dtype_parts(dtype), width = ck_dtype_width(dtype) / ck_dtype_parts(dtype);
	double shift = first_finite(dtype, bytes, n_parts), values[BLOCK];
	struct lanes lanes = { 0 };
	size_t n_padding = 0;

	for (size_t j = 0; j < N_LANES; j++)
		lanes.min[j] = lanes.max[j] = shift;
	for (size_t i = 0; i < n_parts; i += BLOCK) {
		size_t m = n_parts - i < BLOCK ? n_parts - i : BLOCK;

		ck_decode_f64(dtype, (const uint8_t *)bytes + i * width, values, m);
		/* shift itself leaves no trace but among the zeros. */
		for (size_t j = m; j < BLOCK; j++, n_padding++)
			values[j] = shift;
		if (ck_has_avx2())
			add_block_avx2(&lanes, values, shift);
		else
			add_block(&lanes, values, shift);
	}
	*ret_partial = (struct ck_partial){ .min = shift, .max = shift };
	sum_up(&lanes, n_parts, shift, ret_partial);
	if (shift == 0)
		ret_partial->n_zero -= n_padding;
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
		ret_statistics->min = total->min;
		ret_statistics->max = total->max;
		ret_statistics->mean = total->mean;
		ret_statistics->stddev = sqrt(total->m2 / (double)total->n_finite);
	}
}
