#include "vm/simd.h"

static bool is_portable;

void ck_simd_portable(bool portable)
{
	is_portable = portable;
}

bool ck_has_avx2(void)
{
#if defined(__x86_64__)
	return !is_portable && __builtin_cpu_supports("avx2");
#else
	return false;
#endif
}
