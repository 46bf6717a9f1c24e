/* Strided copies against a plain odometer, arithmetic against plain arithmetic, in both builds of the kernels. */
#include "vm/kernel.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "vm/simd.h"

static uint64_t state = 88172645463325252;

static uint64_t next(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % below;
}

static const size_t widths[] = { 1, 2, 4, 8, 16 };

/* ---- copies */

enum { MAX_RANK = 5, N_BYTES = 1 << 20, MARGIN = 64 };

static uint8_t src[N_BYTES], dst[N_BYTES], expected[N_BYTES];

/* A box laid out in some order of its axes, with gaps. */
struct layout {
	int64_t strides[MAX_RANK];
	uint64_t n_bytes;
};

static struct layout lay_out(size_t rank, const uint64_t *count, size_t width, uint64_t gap)
{
	size_t order[MAX_RANK];
	struct layout layout = { { 0 }, width };

	for (size_t i = 0; i < rank; i++)
		order[i] = i;
	for (size_t i = rank; i-- > 1 && next(4);) {
		size_t j = next(i + 1), axis = order[i];

		order[i] = order[j];
		order[j] = axis;
	}
	for (size_t i = rank; i-- > 0;) {
		layout.strides[order[i]] = (int64_t)layout.n_bytes;
		layout.n_bytes = layout.n_bytes * (count[order[i]] ? count[order[i]] : 1) + (gap && !next(3) ? next(gap) : 0);
	}
	return layout;
}

static void copy_slowly(size_t rank, const uint64_t *count, uint8_t *to, const int64_t *to_strides, const uint8_t *from,
			const int64_t *from_strides, size_t width)
{
	if (rank == 0)
		memcpy(to, from, width);
	for (uint64_t i = 0; rank && i < count[0]; i++)
		copy_slowly(rank - 1, count + 1, to + (int64_t)i * to_strides[0], to_strides + 1, from + (int64_t)i * from_strides[0],
			    from_strides + 1, width);
}

static void check_copy(size_t rank, const uint64_t *count, struct layout to, struct layout from, size_t width)
{
	int64_t to_start = MARGIN, from_start = MARGIN;

	if (to.n_bytes + 2 * MARGIN > N_BYTES || from.n_bytes + 2 * MARGIN > N_BYTES)
		return;
	for (size_t i = 0; i < rank; i++) {
		if (!next(6))
			from.strides[i] = 0;
		if (!next(6) && count[i]) {
			to_start += to.strides[i] * (int64_t)(count[i] - 1);
			to.strides[i] = -to.strides[i];
		}
		if (!next(6) && count[i]) {
			from_start += from.strides[i] * (int64_t)(count[i] - 1);
			from.strides[i] = -from.strides[i];
		}
	}
	memset(dst, 0xa5, to.n_bytes + 2 * MARGIN);
	memset(expected, 0xa5, to.n_bytes + 2 * MARGIN);
	ck_copy_strided(rank, count, dst + to_start, to.strides, src + from_start, from.strides, width);
	copy_slowly(rank, count, expected + to_start, to.strides, src + from_start, from.strides, width);
	cr_assert_arr_eq(dst, expected, to.n_bytes + 2 * MARGIN, "width %zu, rank %zu, counts %llu %llu %llu", width, rank,
			 (unsigned long long)(rank > 0 ? count[0] : 0), (unsigned long long)(rank > 1 ? count[1] : 0),
			 (unsigned long long)(rank > 2 ? count[2] : 0));
}

Test(vm_kernel, copies_of_any_shape_and_strides, .timeout = 300)
{
	for (size_t i = 0; i < N_BYTES; i++)
		src[i] = (uint8_t)next(256);
	for (size_t trial = 0; trial < 40000; trial++) {
		size_t rank = next(MAX_RANK + 1), width = widths[next(5)];
		uint64_t count[MAX_RANK], gap = next(2) ? 0 : next(2) ? 8 : 100;

		for (size_t i = 0; i < rank; i++)
			count[i] = next(50) ? 1 + next(trial % 8 ? 9 : 70) : 0;
		check_copy(rank, count, lay_out(rank, count, width, gap), lay_out(rank, count, width, gap), width);
	}
}

Test(vm_kernel, runs_of_any_length)
{
	for (uint64_t n = 1; n <= 140; n++)
		for (size_t i = 0; i < 5; i++)
			for (uint64_t outer = 1; outer <= 20; outer += 9) {
				const uint64_t count[3] = { 3, outer, n };
				const int64_t wide = (int64_t)((n + 1) * widths[i] + 3), width = (int64_t)widths[i];
				struct layout loose = { { 40 * wide, wide, width }, (uint64_t)(120 * wide) };

				check_copy(3, count, loose, loose, widths[i]);
			}
}

/* Strides at which lines of the cache collide, too. */
Test(vm_kernel, transposes)
{
	static const int64_t extras[] = { 0, 16, 64, 1024, 7 };

	for (size_t trial = 0; trial < 1500; trial++) {
		size_t width = widths[next(5)];
		uint64_t n_i = 1 + next(200), n_j = 1 + next(200);
		int64_t row = (int64_t)(n_j * width), column = (int64_t)(n_i * width), to = row + extras[next(5)], from = column + extras[next(5)];

		if (next(2)) {
			to = (to + 1023) / 1024 * 1024;
			from = (from + 1023) / 1024 * 1024;
		}
		if (to * (int64_t)n_i + MARGIN > N_BYTES || from * (int64_t)n_j + MARGIN > N_BYTES)
			continue;
		memset(dst, 0xa5, (size_t)to * n_i + MARGIN);
		memset(expected, 0xa5, (size_t)to * n_i + MARGIN);
		for (size_t i = 0; i < (size_t)from * n_j; i++)
			src[i] = (uint8_t)next(256);
		ck_transpose(dst, to, src, from, n_i, n_j, width);
		copy_slowly(2, (uint64_t[]){ n_i, n_j }, expected, (int64_t[]){ to, (int64_t)width }, src, (int64_t[]){ (int64_t)width, from }, width);
		cr_assert_arr_eq(dst, expected, (size_t)to * n_i + MARGIN, "width %zu: %llu times %llu", width, (unsigned long long)n_i,
				 (unsigned long long)n_j);
	}
}

/* Destinations too large for the cache, aligned and not; what lies between the rows stays. */
Test(vm_kernel, transposes_past_the_cache)
{
	enum { STRIDE = 128 << 10, N_I = 150, N_J = 70 };
	uint8_t *large = aligned_alloc(64, STRIDE * N_I + 64), *row = malloc(STRIDE);

	cr_assert(large && row);
	for (size_t i = 0; i < 10; i++) {
		size_t width = widths[i % 5], shift = i < 5 ? 0 : width;
		int64_t from = (int64_t)(N_I * width);

		memset(large, 0xa5, STRIDE * N_I + 64);
		for (size_t j = 0; j < (size_t)from * N_J; j++)
			src[j] = (uint8_t)next(256);
		ck_transpose(large + shift, STRIDE, src, from, N_I, N_J, width);
		for (size_t j = 0; j < N_I; j++) {
			memset(row, 0xa5, STRIDE);
			for (size_t k = 0; k < N_J; k++)
				memcpy(row + k * width, src + j * width + k * (size_t)from, width);
			cr_assert_arr_eq(large + shift + j * STRIDE, row, STRIDE - shift, "width %zu, row %zu", width, j);
		}
	}
	free(large);
	free(row);
}

Test(vm_kernel, fills)
{
	const uint8_t element[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

	for (size_t i = 0; i < 5; i++)
		for (uint64_t n = 0; n < 200; n++) {
			const uint64_t count[2] = { 3, n };
			const int64_t width = (int64_t)widths[i], dense[2] = { (int64_t)n * width, width }, loose[2] = { 250 * width, width };

			for (int j = 0; j < 2; j++) {
				const int64_t *strides = j ? loose : dense, zeros[2] = { 0 };

				memset(dst, 0xa5, 1 << 14);
				memset(expected, 0xa5, 1 << 14);
				ck_fill_strided(2, count, dst + 5, strides, element, widths[i]);
				copy_slowly(2, count, expected + 5, strides, element, zeros, widths[i]);
				cr_assert_arr_eq(dst, expected, 1 << 14, "width %zu, %llu elements", widths[i], (unsigned long long)n);
			}
		}
}

/* ---- arithmetic */

static const enum ck_dtype floats[] = {
	CK_DT_F64, CK_DT_F32, CK_DT_F16, CK_DT_BF16, CK_DT_F8E4M3FN, CK_DT_F8E5M2, CK_DT_C64, CK_DT_C128,
};

static bool is_wide(enum ck_dtype dtype)
{
	return dtype == CK_DT_F64 || dtype == CK_DT_C128;
}

/* One part of a result as the dtype has it; *ret_is_nan: all NaNs are one. */
static void encode_part(enum ck_dtype dtype, double wide, float narrow, uint8_t *bytes)
{
	struct ck_cast_counts ignored = { 0 };
	enum ck_dtype part = dtype == CK_DT_C64 ? CK_DT_F32 : dtype == CK_DT_C128 ? CK_DT_F64 : dtype;

	wide = isnan(wide) ? (double)NAN : wide;
	narrow = isnan(narrow) ? NAN : narrow;
	if (is_wide(dtype))
		memcpy(bytes, &wide, sizeof(wide));
	else if (part == CK_DT_F32)
		memcpy(bytes, &narrow, sizeof(narrow));
	else
		ck_convert(CK_DT_F32, part, CK_OVERFLOW_ALLOW, &narrow, bytes, 1, &ignored);
}

enum arith { SCALE, SHIFT, NEG, ADD, N_ARITH };

/* Part i of n_parts parts. */
static void compute_part(enum ck_dtype dtype, enum arith arith, double x, const double *a, const double *b, size_t i, uint8_t *bytes)
{
	size_t parts = ck_dtype_parts(dtype), other = i ^ 1;
	double wide = 0;
	float narrow = 0, y = (float)x;

	switch (arith) {
	case SCALE:
		wide = a[i] * x;
		narrow = (float)a[i] * y;
		if (parts == 2) {
			wide = i % 2 ? a[other] * 0 + wide : wide - a[other] * 0;
			narrow = i % 2 ? (float)a[other] * 0 + narrow : narrow - (float)a[other] * 0;
		}
		break;
	case SHIFT:
		wide = a[i] + (parts == 2 && i % 2 ? 0 : x);
		narrow = (float)a[i] + (parts == 2 && i % 2 ? 0 : y);
		break;
	case NEG:
		wide = -a[i];
		narrow = -(float)a[i];
		break;
	case ADD:
	case N_ARITH:
		wide = a[i] + b[i];
		narrow = (float)a[i] + (float)b[i];
		break;
	}
	encode_part(dtype, wide, narrow, bytes);
}

enum { N_ELEMS = 1200 };

static void compute(enum ck_dtype dtype, enum arith arith, double x, const uint8_t *a, const uint8_t *b, uint8_t *result, size_t n)
{
	if (arith == SCALE)
		ck_scale(dtype, x, a, result, n);
	else if (arith == SHIFT)
		ck_shift(dtype, x, a, result, n);
	else if (arith == NEG)
		cr_assert_eq(ck_negate(dtype, a, result, n), 0);
	else
		cr_assert_eq(ck_add_elements(dtype, a, b, result, n), 0);
}

static void check_arith(enum ck_dtype dtype, enum arith arith, double x, const uint8_t *a, const uint8_t *b, size_t n)
{
	static double decoded_a[2 * N_ELEMS], decoded_b[2 * N_ELEMS];
	size_t n_parts = n * ck_dtype_parts(dtype), width = ck_dtype_width(dtype) / ck_dtype_parts(dtype);

	ck_decode_f64(dtype, a, decoded_a, n_parts);
	ck_decode_f64(dtype, b, decoded_b, n_parts);
	for (size_t i = 0; i < n_parts; i++)
		compute_part(dtype, arith, x, decoded_a, decoded_b, i, expected + i * width);
	for (int build = 0; build < 2; build++) {
		ck_simd_portable(build);
		memset(dst, 0xa5, n_parts * width + 16);
		compute(dtype, arith, x, a, b, dst, n);
		cr_assert_arr_eq(dst, expected, n_parts * width, "%s %d, %zu elements", ck_dtype_name(dtype), arith, n);
		cr_assert_eq(dst[n_parts * width], 0xa5);
		memcpy(dst, a, n_parts * width);
		compute(dtype, arith, x, dst, b, dst, n);
		cr_assert_arr_eq(dst, expected, n_parts * width, "%s %d in place, %zu elements", ck_dtype_name(dtype), arith, n);
	}
	ck_simd_portable(false);
}

Test(vm_kernel, arithmetic, .timeout = 300)
{
	static uint8_t a[N_ELEMS * 16], b[N_ELEMS * 16];
	static const double numbers[] = { 0.1, -3, 0, 1e30, HUGE_VAL, 0.3333333333333333 };

	for (size_t i = 0; i < sizeof(floats) / sizeof(*floats); i++) {
		struct ck_cast_counts ignored = { 0 };
		size_t n_parts = N_ELEMS * ck_dtype_parts(floats[i]);
		double tame[2 * N_ELEMS];

		for (size_t j = 0; j < 2 * N_ELEMS; j++)
			tame[j] = (double)next(1000) / 7 - 70;
		for (int kind = 0; kind < 3; kind++) {
			/* Tame values, tame ones with a few of all kinds, and all kinds. */
			ck_encode_f64(floats[i], tame, a, n_parts, &ignored);
			ck_encode_f64(floats[i], tame + 1, b, n_parts - 1, &ignored);
			for (size_t j = 0; kind && j < sizeof(a); j += kind == 1 ? 1 + next(4000) : 1)
				a[j] = (uint8_t)next(256);
			for (size_t j = 0; kind == 2 && j < sizeof(b); j++)
				b[j] = (uint8_t)next(256);
			for (size_t n = 0; n <= N_ELEMS; n += n < 20 ? 1 : 1 + next(200))
				for (int arith = 0; arith < N_ARITH; arith++)
					check_arith(floats[i], (enum arith)arith, numbers[next(6)], a, b, n);
		}
	}
}

static const enum ck_dtype ints[] = {
	CK_DT_I64, CK_DT_I32, CK_DT_I16, CK_DT_I8, CK_DT_I4, CK_DT_U64, CK_DT_U32, CK_DT_U16, CK_DT_U8, CK_DT_U4,
};

Test(vm_kernel, sums_of_integers)
{
	static uint8_t a[N_ELEMS * 8], b[N_ELEMS * 8];

	for (size_t i = 0; i < sizeof(ints) / sizeof(*ints); i++)
		for (size_t n = 0; n <= N_ELEMS; n += n < 20 ? 1 : 1 + next(60)) {
			size_t width = ck_dtype_width(ints[i]), n_over = 0;
			__int128 low, high;

			ck_dtype_range(ints[i], &low, &high);
			for (size_t j = 0; j < n; j++) {
				__int128 x = low + (__int128)(next(2) ? next(5) : next(UINT64_MAX)) % (high - low + 1), y = next(2) ? high - x : 1, sum;

				ck_store_int(ints[i], x, a + j * width);
				ck_store_int(ints[i], y, b + j * width);
				sum = ck_load_int(ints[i], a + j * width) + ck_load_int(ints[i], b + j * width);
				n_over += sum < low || sum > high;
				ck_store_int(ints[i], sum, expected + j * width);
			}
			for (int build = 0; build < 2; build++) {
				ck_simd_portable(build);
				memset(dst, 0xa5, n * width + 16);
				cr_assert_eq(ck_add_elements(ints[i], a, b, dst, n), n_over, "%s, %zu elements", ck_dtype_name(ints[i]), n);
				cr_assert_arr_eq(dst, expected, n * width, "%s, %zu elements", ck_dtype_name(ints[i]), n);
				cr_assert_eq(dst[n * width], 0xa5);
			}
			ck_simd_portable(false);
		}
}

Test(vm_kernel, negatives_of_integers)
{
	static uint8_t a[N_ELEMS * 8];

	for (size_t i = 0; i < sizeof(ints) / sizeof(*ints); i++)
		for (size_t n = 0; n <= N_ELEMS; n += n < 20 ? 1 : 1 + next(60)) {
			size_t width = ck_dtype_width(ints[i]), n_over = 0;
			__int128 low, high;

			ck_dtype_range(ints[i], &low, &high);
			for (size_t j = 0; j < n; j++) {
				__int128 negative;

				/* Many zeros and least ones. */
				ck_store_int(ints[i], next(2) ? (next(2) ? low : 0) : (__int128)next(UINT64_MAX), a + j * width);
				negative = -ck_load_int(ints[i], a + j * width);
				n_over += negative < low || negative > high;
				ck_store_int(ints[i], negative, expected + j * width);
			}
			for (int build = 0; build < 2; build++) {
				ck_simd_portable(build);
				memset(dst, 0xa5, n * width + 16);
				cr_assert_eq(ck_negate(ints[i], a, dst, n), n_over, "%s, %zu elements", ck_dtype_name(ints[i]), n);
				cr_assert_arr_eq(dst, expected, n * width, "%s, %zu elements", ck_dtype_name(ints[i]), n);
				cr_assert_eq(dst[n * width], 0xa5);
			}
			ck_simd_portable(false);
		}
}

Test(vm_kernel, accumulation)
{
	static double sums[2 * N_ELEMS + 1], wanted[2 * N_ELEMS + 1], decoded[2 * N_ELEMS];
	static uint8_t a[N_ELEMS * 16];

	for (size_t i = 0; i < sizeof(a); i++)
		a[i] = (uint8_t)(next(256) & 0x3f);
	for (size_t i = 0; i < sizeof(floats) / sizeof(*floats); i++)
		for (size_t n = 0; n <= 2 * N_ELEMS && n * ck_dtype_width(floats[i]) <= sizeof(a); n += n < 20 ? 1 : 1 + next(60))
			for (int build = 0; build < 2; build++) {
				ck_simd_portable(build);
				ck_decode_f64(floats[i], a, decoded, n);
				for (size_t j = 0; j <= n; j++)
					sums[j] = wanted[j] = (double)j;
				for (size_t j = 0; j < n; j++)
					wanted[j] += 0.3 * decoded[j];
				ck_accumulate(floats[i], a, 0.3, sums, n);
				cr_assert_arr_eq(sums, wanted, (n + 1) * sizeof(*sums), "%s, %zu parts", ck_dtype_name(floats[i]), n);
			}
	ck_simd_portable(false);
}
