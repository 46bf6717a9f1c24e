/* Blocks of values; for vm/ kernels only. */
#ifndef CK_VM_CONVERT_FLOAT_H
#define CK_VM_CONVERT_FLOAT_H

#include <string.h>

#include "vm/convert.h"

/*
 * Kernels work on whole blocks: compilers vectorise plain conversions only where the number of turns is known, and what passes
 * from one kernel to the next stays in L1. Zeros pad the last block: they convert without a trace. Memory need not be aligned.
 */
enum { CK_BLOCK = 512 };

/* One block of a floating dtype to f64, exactly; to f32, exactly, from dtypes that are no wider. Complex dtypes go by parts. */
void ck_block_to_f64(enum ck_dtype dtype, const uint8_t *src, uint8_t *dst);
void ck_block_to_f32(enum ck_dtype dtype, const uint8_t *src, uint8_t *dst);
/* One block of f64 or f32 to a floating dtype. */
void ck_block_from_f64(enum ck_dtype dtype, enum ck_overflow overflow, const uint8_t *src, uint8_t *dst, struct ck_cast_counts *counts);
void ck_block_from_f32(enum ck_dtype dtype, enum ck_overflow overflow, const uint8_t *src, uint8_t *dst, struct ck_cast_counts *counts);

/* One block of an integer dtype or bool as 64 bits: u64 as it is, the others extended. */
void ck_block_load_ints(enum ck_dtype dtype, const uint8_t *src, int64_t *values);
/* The low bits; bool: not 0. */
void ck_block_store_ints(enum ck_dtype dtype, const int64_t *values, uint8_t *dst);
/* Counts the values of dtype `from` that `to` cannot hold, and replaces them by the nearest one, unless overflow is ALLOW. */
void ck_block_fit_ints(enum ck_dtype from, enum ck_dtype to, enum ck_overflow overflow, int64_t *values, struct ck_cast_counts *counts);
/* Values of dtype `from` to a floating dtype. */
void ck_block_ints_to_floats(enum ck_dtype from, enum ck_dtype to, enum ck_overflow overflow, const int64_t *values, uint8_t *dst,
			     struct ck_cast_counts *counts);
/* f64 (wide) or f32 to values of an integer dtype or bool. */
void ck_block_floats_to_ints(bool wide, enum ck_dtype to, const uint8_t *src, int64_t *values, struct ck_cast_counts *counts);

static inline void ck_note_rounding(struct ck_cast_counts *counts, double rounding)
{
	counts->max_rounding = rounding > counts->max_rounding ? rounding : counts->max_rounding;
}

/* Its bits as the greatest f32 that is not above. */
static inline uint32_t ck_rounding_limit(const struct ck_cast_counts *counts)
{
	float limit = (float)counts->max_rounding;
	uint32_t bits;

	memcpy(&bits, &limit, sizeof(bits));
	return bits - ((double)limit > counts->max_rounding);
}

#endif
