/*
 * Transposes of a matrix by tiles whose rows are a cache line on both sides, so that each line is used up when it is there, and
 * these by squares that fit registers: n rows of n lanes are interleaved log2(n) times. Source of the interleaving: Eklundh, "A
 * fast computer method for matrix transposing" (1972). Vectors of 16 bytes do: memory is slower than this.
 */
#include "vm/kernel.h"
#include "vm/simd.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "lanes are counted from the low address"
#endif

enum {
	LINE = 64, VECTOR = 16,
	STREAMED = 16 << 20,	/* a destination that is larger has left the cache when it is read again */
};

typedef uint32_t u32x4 __attribute__((vector_size(16)));
typedef uint64_t u64x2 __attribute__((vector_size(16)));

/* a0 b0 a1 b1 ..., the first half and the second. */
CK_INLINE u8x16 zip_low(size_t width, u8x16 a, u8x16 b)
{
	switch (width) {
	case 1:
		return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
	case 2:
		return (u8x16)__builtin_shufflevector((u16x8)a, (u16x8)b, 0, 8, 1, 9, 2, 10, 3, 11);
	case 4:
		return (u8x16)__builtin_shufflevector((u32x4)a, (u32x4)b, 0, 4, 1, 5);
	default:
		return (u8x16)__builtin_shufflevector((u64x2)a, (u64x2)b, 0, 2);
	}
}

CK_INLINE u8x16 zip_high(size_t width, u8x16 a, u8x16 b)
{
	switch (width) {
	case 1:
		return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
	case 2:
		return (u8x16)__builtin_shufflevector((u16x8)a, (u16x8)b, 4, 12, 5, 13, 6, 14, 7, 15);
	case 4:
		return (u8x16)__builtin_shufflevector((u32x4)a, (u32x4)b, 2, 6, 3, 7);
	default:
		return (u8x16)__builtin_shufflevector((u64x2)a, (u64x2)b, 1, 3);
	}
}

/* Unrolled, so that rows stay in registers. */
CK_INLINE void zip(size_t width, const u8x16 *a, u8x16 *b)
{
	const size_t half = VECTOR / width / 2;

#pragma GCC unroll 8
	for (size_t i = 0; i < half; i++) {
		b[2 * i] = zip_low(width, a[i], a[i + half]);
		b[2 * i + 1] = zip_high(width, a[i], a[i + half]);
	}
}

/* A square of 16 / width elements each way. */
CK_INLINE void square(size_t width, uint8_t *dst, int64_t dst_stride, const uint8_t *src, int64_t src_stride)
{
	const size_t n = VECTOR / width;
	u8x16 a[VECTOR], b[VECTOR];

#pragma GCC unroll 16
	for (size_t i = 0; i < n; i++)
		memcpy(&a[i], src + (int64_t)i * src_stride, VECTOR);
	if (width <= 8)
		zip(width, a, b);
	if (width <= 4)
		zip(width, b, a);
	if (width <= 2)
		zip(width, a, b);
	if (width <= 1)
		zip(width, b, a);
#pragma GCC unroll 16
	for (size_t i = 0; i < n; i++)
		memcpy(dst + (int64_t)i * dst_stride, width == 2 || width == 8 ? &b[i] : &a[i], VECTOR);
}

/* dst[i, j] = src[j, i] for any numbers of elements; what is no whole square goes one by one. */
CK_INLINE void part(size_t width, uint8_t *dst, int64_t dst_stride, const uint8_t *src, int64_t src_stride, size_t n_i, size_t n_j)
{
	const size_t n = VECTOR / width, whole_i = n_i - n_i % n, whole_j = n_j - n_j % n;

	for (size_t i = 0; i < whole_i; i += n)
		for (size_t j = 0; j < whole_j; j += n)
			square(width, dst + (int64_t)i * dst_stride + j * width, dst_stride, src + (int64_t)j * src_stride + i * width,
			       src_stride);
	for (size_t i = 0; i < n_i; i++)
		for (size_t j = i < whole_i ? whole_j : 0; j < n_j; j++)
			memcpy(dst + (int64_t)i * dst_stride + j * width, src + (int64_t)j * src_stride + i * width, width);
}

CK_INLINE void copy_lines(uint8_t *dst, int64_t dst_stride, const uint8_t *src, int64_t src_stride, size_t n)
{
	for (size_t i = 0; i < n; i++)
		memcpy(dst + (int64_t)i * dst_stride, src + (int64_t)i * src_stride, LINE);
}

#if defined(__x86_64__)
/* Past the cache, which would read each line of dst before it is overwritten. Lines are aligned. */
CK_INLINE void stream_lines(uint8_t *dst, int64_t dst_stride, const uint8_t *src, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < LINE; j += VECTOR)
			_mm_stream_si128((__m128i *)(void *)(dst + (int64_t)i * dst_stride + j),
					 _mm_load_si128((const __m128i *)(const void *)(src + i * LINE + j)));
}

/* What was written past the cache is there for others, such as the thread that writes it to a file. */
CK_INLINE void end_stream(void)
{
	_mm_sfence();
}
#else
CK_INLINE void stream_lines(uint8_t *dst, int64_t dst_stride, const uint8_t *src, size_t n)
{
	copy_lines(dst, dst_stride, src, LINE, n);
}

CK_INLINE void end_stream(void)
{
}
#endif

static uint64_t size_of(int64_t stride)
{
	return stride < 0 ? 0 - (uint64_t)stride : (uint64_t)stride;
}

/*
 * In how many of the 64 sets of an L1 cache do n lines at this stride lie? Where they are few, as they are near powers of two, a
 * tile's lines throw each other out before they are used up, and are copied whole instead. The factors in transpose() are measured.
 */
static size_t count_sets(int64_t stride, size_t n)
{
	uint64_t sets = 0;

	for (size_t i = 0; i < n; i++)
		sets |= (uint64_t)1 << (uint64_t)stride * i / LINE % 64;
	return (size_t)__builtin_popcountll(sets);
}

CK_INLINE void tile(size_t width, bool gathers, bool scatters, bool streams, uint8_t *dst, int64_t dst_stride, const uint8_t *src, int64_t src_stride)
{
	const size_t n = LINE / width;
	_Alignas(LINE) uint8_t in[LINE * LINE], out[LINE * LINE];

	if (gathers)
		copy_lines(in, LINE, src, src_stride, n);
	part(width, scatters ? out : dst, scatters ? LINE : dst_stride, gathers ? in : src, gathers ? LINE : src_stride, n, n);
	if (streams)
		stream_lines(dst, dst_stride, out, n);
	else if (scatters)
		copy_lines(dst, dst_stride, out, LINE, n);
}

CK_INLINE void transpose(size_t width, uint8_t *dst, int64_t dst_stride, const uint8_t *src, int64_t src_stride, uint64_t n_i, uint64_t n_j)
{
	const size_t n = LINE / width;
	bool gathers = count_sets(src_stride, n) * 8 <= n, scatters = count_sets(dst_stride, VECTOR / width) * 4 <= VECTOR / width;
	bool streams = size_of(dst_stride) * n_i > STREAMED && ((uintptr_t)dst | (uint64_t)dst_stride) % LINE == 0;

	/* Along src, which is read forward then, and writes wait for nobody; but not where they all go to other pages. */
	bool along_dst = size_of(dst_stride) >= 1 << 15 && size_of(dst_stride) > 2 * size_of(src_stride);
	uint64_t n_outer = along_dst ? n_i : n_j, n_inner = along_dst ? n_j : n_i;

	for (uint64_t outer = 0; outer < n_outer; outer += n)
		for (uint64_t inner = 0; inner < n_inner; inner += n) {
			uint64_t i = along_dst ? outer : inner, j = along_dst ? inner : outer;
			uint8_t *to = dst + (int64_t)i * dst_stride + j * width;
			const uint8_t *from = src + (int64_t)j * src_stride + i * width;

			if (n_i - i >= n && n_j - j >= n)
				tile(width, gathers, scatters || streams, streams, to, dst_stride, from, src_stride);
			else
				part(width, to, dst_stride, from, src_stride, n_i - i < n ? n_i - i : n, n_j - j < n ? n_j - j : n);
		}
	if (streams)
		end_stream();
}

void ck_transpose(uint8_t *dst, int64_t dst_stride, const uint8_t *src, int64_t src_stride, uint64_t n_i, uint64_t n_j, size_t width)
{
	switch (width) {
	case 1:
		transpose(1, dst, dst_stride, src, src_stride, n_i, n_j);
		break;
	case 2:
		transpose(2, dst, dst_stride, src, src_stride, n_i, n_j);
		break;
	case 4:
		transpose(4, dst, dst_stride, src, src_stride, n_i, n_j);
		break;
	case 8:
		transpose(8, dst, dst_stride, src, src_stride, n_i, n_j);
		break;
	default:
		transpose(16, dst, dst_stride, src, src_stride, n_i, n_j);
		break;
	}
}
