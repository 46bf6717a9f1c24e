/* Elementwise arithmetic. Blocks are decoded to f64, which holds every f32 exactly, computed in f32 or f64, and encoded. */
#include "vm/kernel.h"

#include <string.h>

enum { BLOCK = 256 };

/* Is the dtype computed in f64? The others are in f32. */
static bool is_wide(enum ck_dtype dtype)
{
	return dtype == CK_DT_F64 || dtype == CK_DT_C128;
}

static void scale_block(bool wide, bool is_complex, double x, double *values, size_t n)
{
	float narrow = (float)x;

	/* (a + bi)(x + 0i) */
	for (size_t i = 0; is_complex && wide && i < n; i += 2) {
		double re = values[i], im = values[i + 1];

		values[i] = re * x - im * 0;
		values[i + 1] = re * 0 + im * x;
	}
	for (size_t i = 0; is_complex && !wide && i < n; i += 2) {
		float re = (float)values[i], im = (float)values[i + 1];

		values[i] = (double)(re * narrow - im * 0);
		values[i + 1] = (double)(re * 0 + im * narrow);
	}
	for (size_t i = 0; !is_complex && i < n; i++)
		values[i] = wide ? values[i] * x : (double)((float)values[i] * narrow);
}

static void shift_block(bool wide, bool is_complex, double x, double *values, size_t n)
{
	float narrow = (float)x;

	for (size_t i = 0; i < n; i += 1 + is_complex)
		values[i] = wide ? values[i] + x : (double)((float)values[i] + narrow);
	for (size_t i = 1; is_complex && i < n; i += 2)
		values[i] += 0;
}

typedef void block_function(bool wide, bool is_complex, double x, double *values, size_t n);

static void each_block(block_function *function, enum ck_dtype dtype, double x, const uint8_t *src, uint8_t *dst, size_t n)
{
	size_t parts = ck_dtype_parts(dtype), width = ck_dtype_width(dtype) / parts;
	struct ck_cast_counts ignored = { 0 };
	double values[BLOCK];

	n *= parts;
	for (size_t i = 0; i < n; i += BLOCK) {
		size_t m = n - i < BLOCK ? n - i : BLOCK;

		ck_decode_f64(dtype, src + i * width, values, m);
		function(is_wide(dtype), parts == 2, x, values, m);
		ck_encode_f64(dtype, values, dst + i * width, m, &ignored);
	}
}

void ck_scale(enum ck_dtype dtype, double x, const void *src, void *dst, size_t n)
{
	each_block(scale_block, dtype, x, src, dst, n);
}

void ck_shift(enum ck_dtype dtype, double x, const void *src, void *dst, size_t n)
{
	each_block(shift_block, dtype, x, src, dst, n);
}

/* ---- add */

static size_t add_ints(enum ck_dtype dtype, const uint8_t *a, const uint8_t *b, uint8_t *dst, size_t n)
{
	size_t width = ck_dtype_width(dtype), n_over = 0;
	__int128 low, high;

	ck_dtype_range(dtype, &low, &high);
	for (size_t i = 0; i < n; i++) {
		__int128 sum = ck_load_int(dtype, a + i * width) + ck_load_int(dtype, b + i * width);

		n_over += sum < low || sum > high;
		ck_store_int(dtype, sum, dst + i * width);
	}
	return n_over;
}

size_t ck_add_elements(enum ck_dtype dtype, const void *a, const void *b, void *dst, size_t n)
{
	size_t parts = ck_dtype_parts(dtype), width = ck_dtype_width(dtype) / parts;
	struct ck_cast_counts ignored = { 0 };
	double x[BLOCK], y[BLOCK];

	if (ck_dtype_class(dtype) == CK_CLASS_INT || ck_dtype_class(dtype) == CK_CLASS_UINT)
		return add_ints(dtype, a, b, dst, n);
	n *= parts;
	for (size_t i = 0; i < n; i += BLOCK) {
		size_t m = n - i < BLOCK ? n - i : BLOCK;

		ck_decode_f64(dtype, (const uint8_t *)a + i * width, x, m);
		ck_decode_f64(dtype, (const uint8_t *)b + i * width, y, m);
		for (size_t j = 0; j < m; j++)
			x[j] = is_wide(dtype) ? x[j] + y[j] : (double)((float)x[j] + (float)y[j]);
		ck_encode_f64(dtype, x, (uint8_t *)dst + i * width, m, &ignored);
	}
	return 0;
}

void ck_accumulate(enum ck_dtype dtype, const void *src, double weight, double *sums, size_t n_parts)
{
	size_t width = ck_dtype_width(dtype) / ck_dtype_parts(dtype);
	double values[BLOCK];

	for (size_t i = 0; i < n_parts; i += BLOCK) {
		size_t m = n_parts - i < BLOCK ? n_parts - i : BLOCK;

		ck_decode_f64(dtype, (const uint8_t *)src + i * width, values, m);
		for (size_t j = 0; j < m; j++)
			sums[i + j] += weight * values[j];
	}
}
