/* Statistics of a chunk against two passes in long double, and both builds of the kernels against each other. */
#include "vm/statistics.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "tests/unit/vm_wide.h"
#include "vm/convert.h"
#include "vm/simd.h"

static uint64_t state = 88172645463325252;

static uint64_t next(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % below;
}

static double uniform(void)
{
	return (double)next((uint64_t)1 << 53) * 0x1p-53;
}

static const enum ck_dtype dtypes[] = {
	CK_DT_F64, CK_DT_F32, CK_DT_F16, CK_DT_BF16, CK_DT_F8E4M3FN, CK_DT_F8E5M2, CK_DT_C64, CK_DT_C128, CK_DT_I64, CK_DT_I32, CK_DT_I16,
	CK_DT_I8, CK_DT_I4, CK_DT_U64, CK_DT_U32, CK_DT_U16, CK_DT_U8, CK_DT_U4, CK_DT_BOOL,
};

enum { MAX_PARTS = 2 * CK_STATISTICS_CHUNK };

static uint8_t bytes[MAX_PARTS * 8 + 16];
static double decoded[MAX_PARTS];

static struct ck_partial measure_slowly(size_t n)
{
	struct ck_partial partial = { .n_elems = n, .min = HUGE_VAL, .max = -HUGE_VAL };
	long double sum = 0, square = 0, rest = 0;

	for (size_t i = 0; i < n; i++) {
		partial.n_nan += isnan(decoded[i]) != 0;
		partial.n_inf += isinf(decoded[i]) != 0;
		partial.n_zero += decoded[i] == 0;
		if (!isfinite(decoded[i]))
			continue;
		partial.n_finite++;
		sum += (long double)decoded[i];
		partial.min = fmin(partial.min, decoded[i]);
		partial.max = fmax(partial.max, decoded[i]);
	}
	if (!partial.n_finite)
		return partial;
	sum /= (long double)partial.n_finite;
	for (size_t i = 0; i < n; i++)
		if (isfinite(decoded[i])) {
			square += ((long double)decoded[i] - sum) * ((long double)decoded[i] - sum);
			rest += (long double)decoded[i] - sum;
		}
	partial.mean = (double)sum;
	partial.m2 = (double)(square - rest * rest / (long double)partial.n_finite);
	return partial;
}

/*
 * The mean to 1e-12 of what the values spread, or of itself; m2 to 1e-12 of itself and what the last bit of a mean makes. A slow sum of
 * doubles has an error of its own.
 */
static void expect_near(const struct ck_partial *a, const struct ck_partial *b, const char *what, size_t n)
{
	double spread = b->n_finite ? sqrt(b->m2 / (double)b->n_finite) : 0, bit = (double)n * 0x1p-52 * fabs(b->mean) * spread;
	double little = long_doubles_are_wide() ? 1e-12 : 1e-12 + (double)n * 0x1p-52;

	cr_assert(a->n_elems == b->n_elems && a->n_finite == b->n_finite && a->n_nan == b->n_nan && a->n_inf == b->n_inf && a->n_zero == b->n_zero,
		  "%s, %zu: counts %llu %llu %llu %llu", what, n, (unsigned long long)a->n_finite, (unsigned long long)a->n_nan,
		  (unsigned long long)a->n_inf, (unsigned long long)a->n_zero);
	if (!b->n_finite)
		return;
	cr_assert(a->min == b->min && a->max == b->max, "%s, %zu: from %g to %g, not %g to %g", what, n, a->min, a->max, b->min, b->max);
	cr_assert(fabs(a->mean - b->mean) <= little * fmax(spread, fabs(b->mean)), "%s, %zu: mean %.17g, not %.17g", what, n, a->mean, b->mean);
	cr_assert(fabs(a->m2 - b->m2) <= little * b->m2 + bit, "%s, %zu: m2 %.17g, not %.17g", what, n, a->m2, b->m2);
}

static void check(enum ck_dtype dtype, const uint8_t *values, size_t n)
{
	size_t n_parts = n * ck_dtype_parts(dtype);
	struct ck_partial fast, portable, slow;

	ck_statistics_chunk(dtype, values, n, &fast);
	ck_simd_portable(true);
	ck_statistics_chunk(dtype, values, n, &portable);
	ck_simd_portable(false);
	cr_assert_eq(memcmp(&fast, &portable, sizeof(fast)), 0, "%s, %zu: %a %a %a %a, portable %a %a %a %a", ck_dtype_name(dtype), n,
		     fast.min, fast.max, fast.mean, fast.m2, portable.min, portable.max, portable.mean, portable.m2);
	ck_decode_f64(dtype, values, decoded, n_parts);
	slow = measure_slowly(n_parts);
	expect_near(&fast, &slow, ck_dtype_name(dtype), n);
}

static size_t some_size(size_t trial)
{
	return trial < 70 ? trial : trial % 4 ? next(5000) : CK_STATISTICS_CHUNK - (trial % 8 ? 0 : next(100));
}

Test(vm_statistics, of_any_dtype_and_length, .timeout = 300)
{
	for (size_t i = 0; i < sizeof(dtypes) / sizeof(*dtypes); i++)
		for (size_t trial = 0; trial < 90; trial++) {
			size_t n = some_size(trial), width = ck_dtype_width(dtypes[i]), align = next(16);
			struct ck_cast_counts ignored = { 0 };

			for (size_t j = 0; j < n * ck_dtype_parts(dtypes[i]); j++)
				decoded[j] = next(9) ? (uniform() + uniform() - 0.7) * (ck_dtype_class(dtypes[i]) == CK_CLASS_FLOAT ? 1 : 90) : 0;
			if (ck_dtype_class(dtypes[i]) == CK_CLASS_FLOAT || ck_dtype_class(dtypes[i]) == CK_CLASS_COMPLEX)
				ck_encode_f64(dtypes[i], decoded, bytes + align, n * ck_dtype_parts(dtypes[i]), &ignored);
			else
				ck_convert(CK_DT_F64, dtypes[i], CK_OVERFLOW_SATURATE, decoded, bytes + align, n, &ignored);
			/* Some values of any kind; f64 only so large that squares are finite. */
			for (size_t j = 0; trial % 3 == 0 && n && j < 5; j++) {
				size_t at = next(n) * width;

				for (size_t k = 0; k < width; k++)
					bytes[align + at + k] = (uint8_t)next(256);
				if (ck_dtype_parts(dtypes[i]) < width && width / ck_dtype_parts(dtypes[i]) == 8 && i < 8)
					memset(bytes + align + at, j % 2 ? 0xff : 0, width);
			}
			check(dtypes[i], bytes + align, n);
		}
}

static void check_f32(const float *values, size_t n)
{
	static float aligned[CK_STATISTICS_CHUNK];

	memcpy(aligned, values, n * sizeof(*values));
	check(CK_DT_F32, (const uint8_t *)aligned, n);
	for (size_t i = 0; i < n; i++)
		decoded[i] = (double)values[i];
	memcpy(bytes, decoded, n * sizeof(*decoded));
	check(CK_DT_F64, bytes, n);
}

/* Where digits could cancel, or a first value, or a block, is not like the others. */
Test(vm_statistics, of_awkward_values, .timeout = 300)
{
	static float values[CK_STATISTICS_CHUNK];
	static const float starts[] = { 0, 1, 1000, -1e30f, 1e-30f, 0.1f };

	for (size_t i = 0; i < 6; i++)
		for (size_t n = 1; n <= CK_STATISTICS_CHUNK; n = n * 5 + (n == 15625 ? 0 : 1)) {
			for (size_t j = 0; j < n; j++)
				values[j] = 1000 + (float)uniform();
			values[0] = starts[i];
			check_f32(values, n);
			for (size_t j = 0; j < n; j++)
				values[j] = j < 1024 ? starts[i] : (float)(j / 1024) * 3 + (float)uniform();
			check_f32(values, n);
			for (size_t j = 0; j < n; j++)
				values[j] = next(3) ? (float)next(2) * INFINITY : next(2) ? NAN : starts[i] - (float)j;
			check_f32(values, n);
			for (size_t j = 0; j < n; j++)
				values[j] = -NAN;
			check_f32(values, n);
			for (size_t j = 0; j < n; j++)
				values[j] = j == n / 2 ? starts[i] * 1.0000001f : starts[i];
			check_f32(values, n);
		}
}

Test(vm_statistics, equal_values_have_no_deviation)
{
	static double values[CK_STATISTICS_CHUNK];

	for (double x = 1e-9; x < 1e200; x *= -37.7)
		for (size_t n = 1; n < CK_STATISTICS_CHUNK; n += n * 3 + 7) {
			struct ck_partial partial;

			for (size_t i = 0; i < n; i++)
				values[i] = x;
			ck_statistics_chunk(CK_DT_F64, values, n, &partial);
			cr_assert(partial.mean == x && partial.m2 == 0 && partial.min == x && partial.max == x, "%zu times %g", n, x);
		}
}

/* Squares, sums and differences overflow; the mean does not. */
Test(vm_statistics, of_huge_values)
{
	double values[3000];
	struct ck_partial partial;

	for (size_t i = 0; i < 3000; i++)
		values[i] = i % 3 ? 1.7e308 : 1.5e308;
	ck_statistics_chunk(CK_DT_F64, values, 3000, &partial);
	cr_expect(partial.mean > 1.6e308 && partial.mean < 1.65e308, "%g", partial.mean);
	cr_expect(partial.m2 == HUGE_VAL);
	for (size_t i = 0; i < 3000; i++)
		values[i] = i % 2 ? 1.7e308 : -1.7e308;
	ck_statistics_chunk(CK_DT_F64, values, 3000, &partial);
	cr_expect(fabs(partial.mean) < 1e306, "%g", partial.mean);
	cr_expect(partial.m2 == HUGE_VAL);
}

Test(vm_statistics, chunks_combine)
{
	static float values[5 * 40000];
	struct ck_partial total = { 0 }, slow;
	struct ck_statistics statistics;

	for (size_t i = 0; i < 200000; i++)
		values[i] = i / 40000 == 2 ? NAN : i / 40000 == 3 ? INFINITY : (float)(i / 40000) * 100 + (float)uniform();
	for (size_t i = 0; i < 5; i++) {
		struct ck_partial chunk;

		ck_statistics_chunk(CK_DT_F32, values + i * 40000, 40000, &chunk);
		ck_statistics_combine(&total, &chunk);
	}
	memmove(values + 80000, values + 160000, 40000 * sizeof(*values));
	for (size_t i = 0; i < 120000; i++)
		decoded[i] = (double)values[i];
	slow = measure_slowly(120000);
	slow.n_elems = 200000;
	slow.n_nan = slow.n_inf = 40000;
	expect_near(&total, &slow, "five chunks", 200000);
	ck_statistics_finish(&total, &statistics);
	cr_expect(statistics.valid && statistics.n_elems == 200000 && statistics.n_nan == 40000 && statistics.n_inf == 40000);
	cr_expect_float_eq(statistics.stddev, sqrt(slow.m2 / 120000), 1e-9);
	total = (struct ck_partial){ .n_elems = 1, .n_finite = 1, .n_zero = 1, .min = -0.0, .max = -0.0 };
	ck_statistics_finish(&total, &statistics);
	cr_expect(!signbit(statistics.min) && !signbit(statistics.max));
}

/* The same bits on any machine. */
Test(vm_statistics, pinned_values)
{
	static float values[5000];
	struct ck_partial partial;

	for (uint32_t i = 0; i < 5000; i++)
		values[i] = (float)(i * 2654435761u >> 8) * 0x1p-24f - 0.25f;
	ck_statistics_chunk(CK_DT_F32, values, 5000, &partial);
	cr_expect(partial.mean == 0x1.ffe5bc7247454p-3 && partial.m2 == 0x1.a0b9bfdd97d9ap+8, "%a %a", partial.mean, partial.m2);
}

Test(vm_statistics, dtypes_that_have_them)
{
	cr_expect(ck_dtype_has_statistics(CK_DT_F32) && ck_dtype_has_statistics(CK_DT_BOOL) && ck_dtype_has_statistics(CK_DT_C128));
	cr_expect(!ck_dtype_has_statistics(CK_DT_STRING) && !ck_dtype_has_statistics(CK_DT_QINT8) && !ck_dtype_has_statistics(CK_DT_VARIANT));
}
