/**
 * Statistics of elements, in chunks of a fixed number of elements whose results are combined in their order: so they depend on
 * neither tiles nor threads. Parts of complex numbers count as two elements.
 */
#ifndef CK_VM_STATISTICS_H
#define CK_VM_STATISTICS_H

#include "vm/report.h"

enum { CK_STATISTICS_CHUNK = 65536 };

/* Of a chunk, or of all up to one. Mean and m2 (the sum of squared deviations from it) are of the n_finite finite elements. */
struct ck_partial {
	uint64_t n_elems, n_finite, n_nan, n_inf, n_zero;
	double min, max, mean, m2;
};

/* Whether there are statistics of a dtype: not of strings and opaque ones. */
bool ck_dtype_has_statistics(enum ck_dtype dtype);
/* Of n elements, at most CK_STATISTICS_CHUNK. */
void ck_statistics_chunk(enum ck_dtype dtype, const void *bytes, size_t n, struct ck_partial *ret_partial);
/* total becomes total and what follows it. Source: Chan, Golub and LeVeque, "Updating formulae" (1979). */
void ck_statistics_combine(struct ck_partial *total, const struct ck_partial *next);
void ck_statistics_finish(const struct ck_partial *total, struct ck_statistics *ret_statistics);

#endif
