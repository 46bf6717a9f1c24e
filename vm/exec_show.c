/* One stored variable, for people: its statistics and a histogram. */
#include <float.h>
#include <string.h>

#include "vm/convert.h"
#include "vm/exec_internal.h"

struct histogram {
	double scale;		/* 1/2 where max - min is beyond the range of f64, else 1 */
	double min, width;	/* scaled; width is of a bin; 0 where all are equal */
	uint64_t *bins;
	size_t n_bins;
};

/* Finite elements only; the greatest belongs to the last bin. */
static void count_chunk(const struct histogram *histogram, enum ck_dtype dtype, const uint8_t *bytes, size_t n)
{
	enum { BLOCK = 256 };
	size_t n_parts = n * ck_dtype_parts(dtype), width = ck_dtype_width(dtype) / ck_dtype_parts(dtype);
	double values[BLOCK];

	for (size_t i = 0; i < n_parts; i += BLOCK) {
		size_t m = n_parts - i < BLOCK ? n_parts - i : BLOCK;

		ck_decode_f64(dtype, bytes + i * width, values, m);
		for (size_t j = 0; j < m; j++) {
			double place = histogram->width > 0 ? (values[j] * histogram->scale - histogram->min) / histogram->width : 0;

			if (!(values[j] - values[j] == 0))
				continue;
			histogram->bins[place < (double)histogram->n_bins ? (size_t)place : histogram->n_bins - 1]++;
		}
	}
}

/* Reads all of the variable, chunk by chunk; one of partial and histogram is filled. */
static enum ck_code each_chunk(const struct ck_data *data, const struct ck_variable *variable, uint8_t *buffer, struct ck_diags *diags,
			       struct ck_partial *partial, const struct histogram *histogram)
{
	size_t width = ck_dtype_width(variable->dtype), n_buffer = CK_STATISTICS_CHUNK * width;
	enum ck_code code = CK_OK;

	for (uint64_t at = 0; at < variable->place.n_bytes && code == CK_OK; at += n_buffer) {
		uint64_t left = variable->place.n_bytes - at;
		size_t n = left < n_buffer ? (size_t)left : n_buffer;
		struct ck_partial chunk;

		code = ck_data_read(data, variable, at, n, buffer, diags);
		if (code == CK_OK && histogram) {
			count_chunk(histogram, variable->dtype, buffer, n / width);
		} else if (code == CK_OK) {
			ck_statistics_chunk(variable->dtype, buffer, n / width, &chunk);
			ck_statistics_combine(partial, &chunk);
		}
	}
	return code;
}

enum ck_code ck_variable_statistics(const struct ck_data *data, const struct ck_variable *variable, struct ck_diags *diags,
				    struct ck_statistics *ret_statistics, uint64_t *histogram, size_t n_bins)
{
	struct ck_partial partial = { 0 };
	struct histogram bins = { .bins = histogram, .n_bins = n_bins };
	uint8_t *buffer;
	enum ck_code code;

	*ret_statistics = (struct ck_statistics){ 0 };
	memset(histogram, 0, n_bins * sizeof(*histogram));
	if (!ck_dtype_has_statistics(variable->dtype))
		return CK_OK;
	buffer = ck_alloc(CK_STATISTICS_CHUNK * ck_dtype_width(variable->dtype));
	if (!buffer)
		return ck_error_nomem(diags);
	code = each_chunk(data, variable, buffer, diags, &partial, NULL);
	if (code == CK_OK) {
		ck_statistics_finish(&partial, ret_statistics);
		bins.scale = ret_statistics->max - ret_statistics->min <= DBL_MAX ? 1 : 0.5;
		bins.min = ret_statistics->min * bins.scale;
		bins.width = (ret_statistics->max * bins.scale - bins.min) / (double)n_bins;
	}
	if (code == CK_OK && n_bins)
		code = each_chunk(data, variable, buffer, diags, NULL, &bins);
	ck_free(buffer);
	return code;
}
