/* What every file stands on: attributes, sizes, checked arithmetic, limits. */
#ifndef CK_BASE_CK_H
#define CK_BASE_CK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CK_NODISCARD __attribute__((warn_unused_result))
#define CK_PRINTF(text, first) __attribute__((format(printf, text, first)))
#define CK_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* For our own bugs only, never for input. Prints where and calls abort(); also active in release builds. */
#define CK_ASSERT(truth) ((truth) ? (void)0 : ck_assert_failed(#truth, __FILE__, __LINE__))
__attribute__((noreturn)) void ck_assert_failed(const char *truth, const char *file, int line);

/* Limits on what comes from files. One list, so that a reader sees them side by side. */
enum ck_limit {
	CK_MAX_RANK = 254,              /* TensorFlow's TensorShape::MaxDimensions() */
	CK_MAX_NESTING = 200,           /* parentheses, brackets, expressions in plans */
	CK_MAX_NAME = 1 << 20,          /* bytes of one variable name */
	CK_MAX_SHARDS = 1 << 20,
	CK_MAX_TEXT = 64 << 20,         /* bytes of one .ckmig file */
	CK_MAX_SUGGESTIONS = 3,
};
/* Arena limits, bytes. */
#define CK_MANIFEST_LIMIT ((size_t)8 << 30)
#define CK_COMPILE_LIMIT ((size_t)2 << 30)
#define CK_PLAN_LIMIT ((size_t)8 << 30)

/* *sum = a + b, *product = a * b; false and *out untouched when it does not fit. */
CK_NODISCARD static inline bool ck_add(uint64_t a, uint64_t b, uint64_t *ret_sum)
{
	return !__builtin_add_overflow(a, b, ret_sum);
}

CK_NODISCARD static inline bool ck_mul(uint64_t a, uint64_t b, uint64_t *ret_product)
{
	return !__builtin_mul_overflow(a, b, ret_product);
}

#endif
