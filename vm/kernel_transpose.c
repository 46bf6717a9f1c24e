/*
 * Transposes of a matrix by blocks that fit the cache, and these by squares that fit registers: n rows of n lanes are interleaved
 * log2(n) times. Source of the interleaving: Eklundh, "A fast computer method for matrix transposing" (1972).
 */
#include <string.h>

#include "vm/kernel.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "lanes are counted from the low address"
#endif

enum { BLOCK_BYTES = 128 };

typedef uint8_t u8x16 __attribute__((vector_size(16)));
typedef uint16_t u16x8 __attribute__((vector_size(16)));
typedef uint32_t u32x4 __attribute__((vector_size(16)));
typedef uint64_t u64x2 __attribute__((vector_size(16)));

static void square_8(uint8_t *dst, int64_t dst_stride, const uint8_t *src, int64_t src_stride)
{
	u8x16 a[16], b[16];

	for (int i = 0; i < 16; i++)
		memcpy(&a[i], src + i * src_stride, 16);
	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < 8; i++) {
			b[2 * i] = __builtin_shufflevector(a[i], a[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
			b[2 * i + 1] =
				__builtin_shufflevector(a[i], a[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
		}
		memcpy(a, b, sizeof(a));
	}
	for (int i = 0; i < 16; i++)
		memcpy(dst + i * dst_stride, &a[i], 16);
}

static void square_16(uint8_t *dst, int64_t dst_stride, const uint8_t *src, int64_t src_stride)
{
	u16x8 a[8], b[8];

	for (int i = 0; i < 8; i++)
		memcpy(&a[i], src + i * src_stride, 16);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 4; i++) {
			b[2 * i] = __builtin_shufflevector(a[i], a[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
			b[2 * i + 1] = __builtin_shufflevector(a[i], a[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
		}
		memcpy(a, b, sizeof(a));
	}
	for (int i = 0; i < 8; i++)
		memcpy(dst + i * dst_stride, &a[i], 16);
}

static void square_32(uint8_t *dst, int64_t dst_stride, const uint8_t *src, int64_t src_stride)
{
	u32x4 a[4], b[4];

	for (int i = 0; i < 4; i++)
		memcpy(&a[i], src + i * src_stride, 16);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 2; i++) {
			b[2 * i] = __builtin_shufflevector(a[i], a[i + 2], 0, 4, 1, 5);
			b[2 * i + 1] = __builtin_shufflevector(a[i], a[i + 2], 2, 6, 3, 7);
		}
		memcpy(a, b, sizeof(a));
	}
	for (int i = 0; i < 4; i++)
		memcpy(dst + i * dst_stride, &a[i], 16);
}

static void square_64(uint8_t *dst, int64_t dst_stride, const uint8_t *src, int64_t src_stride)
{
	u64x2 a, b, c;

	memcpy(&a, src, 16);
	memcpy(&b, src + src_stride, 16);
	c = __builtin_shufflevector(a, b, 0, 2);
	memcpy(dst, &c, 16);
	c = __builtin_shufflevector(a, b, 1, 3);
	memcpy(dst + dst_stride, &c, 16);
}

/* A square of 16 / width elements each way. */
static inline void square(uint8_t *dst, int64_t dst_stride, const uint8_t *src, int64_t src_stride, size_t width)
{
	switch (width) {
	case 1:
		square_8(dst, dst_stride, src, src_stride);
		break;
	case 2:
		square_16(dst, dst_stride, src, src_stride);
		break;
	case 4:
		square_32(dst, dst_stride, src, src_stride);
		break;
	case 8:
		square_64(dst, dst_stride, src, src_stride);
		break;
	default: /* 16 */
		memcpy(dst, src, 16);
		break;
	}
}

/* Elements that are left at an edge. */
static inline void edge(uint8_t *dst, int64_t dst_stride, const uint8_t *src, int64_t src_stride, uint64_t n_i, uint64_t n_j, size_t width)
{
	for (uint64_t i = 0; i < n_i; i++)
		for (uint64_t j = 0; j < n_j; j++)
			memcpy(dst + (int64_t)i * dst_stride + j * width, src + (int64_t)j * src_stride + i * width, width);
}

static inline void block(uint8_t *dst, int64_t dst_stride, const uint8_t *src, int64_t src_stride, uint64_t n_i, uint64_t n_j, size_t width)
{
	const uint64_t n = 16 / width, whole_i = n_i - n_i % n, whole_j = n_j - n_j % n;

	for (uint64_t i = 0; i < whole_i; i += n)
		for (uint64_t j = 0; j < whole_j; j += n)
			square(dst + (int64_t)i * dst_stride + j * width, dst_stride, src + (int64_t)j * src_stride + i * width, src_stride,
			       width);
	if (whole_j < n_j)
		edge(dst + whole_j * width, dst_stride, src + (int64_t)whole_j * src_stride, src_stride, whole_i, n_j - whole_j, width);
	if (whole_i < n_i)
		edge(dst + (int64_t)whole_i * dst_stride, dst_stride, src + whole_i * width, src_stride, n_i - whole_i, n_j, width);
}

static inline void blocks(uint8_t *dst, int64_t dst_stride, const uint8_t *src, int64_t src_stride, uint64_t n_i, uint64_t n_j, size_t width)
{
	const uint64_t n = BLOCK_BYTES / width;

	for (uint64_t i = 0; i < n_i; i += n)
		for (uint64_t j = 0; j < n_j; j += n)
			block(dst + (int64_t)i * dst_stride + j * width, dst_stride, src + (int64_t)j * src_stride + i * width, src_stride,
			      n_i - i < n ? n_i - i : n, n_j - j < n ? n_j - j : n, width);
}

void ck_transpose(uint8_t *dst, int64_t dst_stride, const uint8_t *src, int64_t src_stride, uint64_t n_i, uint64_t n_j, size_t width)
{
	switch (width) {
	case 1:
		blocks(dst, dst_stride, src, src_stride, n_i, n_j, 1);
		break;
	case 2:
		blocks(dst, dst_stride, src, src_stride, n_i, n_j, 2);
		break;
	case 4:
		blocks(dst, dst_stride, src, src_stride, n_i, n_j, 4);
		break;
	case 8:
		blocks(dst, dst_stride, src, src_stride, n_i, n_j, 8);
		break;
	default:
		blocks(dst, dst_stride, src, src_stride, n_i, n_j, 16);
		break;
	}
}
