/*
 * Two builds of a hot function: the portable one and one for AVX2. A kernel is written once, as an inline function, and called
 * from two wrappers. Both give the same bits: nothing is contracted, and sums have a fixed order.
 */
#ifndef CK_VM_SIMD_H
#define CK_VM_SIMD_H

#include <stdbool.h>

#define CK_INLINE static inline __attribute__((always_inline))
#if defined(__x86_64__)
#define CK_AVX2 __attribute__((target("avx2")))
static inline bool ck_has_avx2(void)
{
	return __builtin_cpu_supports("avx2");
}
#else
#define CK_AVX2
static inline bool ck_has_avx2(void)
{
	return false;
}
#endif

#endif
