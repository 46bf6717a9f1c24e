/* Blocks of floats; for vm/convert*.c only. */
#ifndef CK_VM_CONVERT_FLOAT_H
#define CK_VM_CONVERT_FLOAT_H

#include "vm/convert.h"

/* Kernels work on whole blocks, so that compilers vectorise them. Zeros pad the last one: they convert without a trace. */
enum { CK_BLOCK = 256 };

/* One block to f64, exactly. dtype is floating. */
void ck_block_widen(enum ck_dtype dtype, const void *src, double dst[CK_BLOCK]);
/* One block of f64 to a floating dtype. */
void ck_block_narrow(enum ck_dtype dtype, enum ck_overflow overflow, const double src[CK_BLOCK], void *dst, struct ck_cast_counts *counts);
/* One block of f32 to bf16. */
void ck_block_f32_bf16(enum ck_overflow overflow, const uint32_t src[CK_BLOCK], uint16_t dst[CK_BLOCK], struct ck_cast_counts *counts);

#endif
