/*
 * Strided copies. Axes are sorted by the destination's strides and joined where they run on, which leaves one of three loops:
 * rows that lie together on both sides, a transpose (another axis is the dense one of each side), or single elements.
 */
#include "vm/kernel.h"

#include <string.h>

struct axis {
	uint64_t count;
	int64_t dst, src;	/* strides in bytes */
};

struct copy {
	struct axis axes[CK_MAX_RANK];
	size_t rank;
	uint8_t *dst;
	const uint8_t *src;
	size_t width;
};

static uint64_t size_of(int64_t stride)
{
	return stride < 0 ? 0 - (uint64_t)stride : (uint64_t)stride;
}

/* Outermost first: by the destination's strides, so that writes run forward. */
static void sort_axes(struct copy *copy)
{
	for (size_t i = 1; i < copy->rank; i++) {
		struct axis axis = copy->axes[i];
		size_t j = i;

		for (; j > 0 && size_of(copy->axes[j - 1].dst) < size_of(axis.dst); j--)
			copy->axes[j] = copy->axes[j - 1];
		copy->axes[j] = axis;
	}
}

static void join_axes(struct copy *copy)
{
	size_t n = 0;

	for (size_t i = 0; i < copy->rank; i++) {
		struct axis axis = copy->axes[i], *last = n ? &copy->axes[n - 1] : NULL;

		if (last && last->dst == axis.dst * (int64_t)axis.count && last->src == axis.src * (int64_t)axis.count) {
			last->count *= axis.count;
			last->dst = axis.dst;
			last->src = axis.src;
		} else {
			copy->axes[n++] = axis;
		}
	}
	copy->rank = n;
}

/* False when there is nothing to copy. */
static bool copy_init(struct copy *copy, size_t rank, const uint64_t *count, uint8_t *dst, const int64_t *dst_strides, const uint8_t *src,
		      const int64_t *src_strides, size_t width)
{
	copy->rank = 0;
	copy->dst = dst;
	copy->src = src;
	copy->width = width;
	for (size_t i = 0; i < rank; i++) {
		struct axis axis = { count[i], dst_strides[i], src_strides[i] };

		if (axis.count == 0)
			return false;
		if (axis.count == 1)
			continue;
		if (axis.dst < 0) {
			copy->dst += axis.dst * (int64_t)(axis.count - 1);
			copy->src += axis.src * (int64_t)(axis.count - 1);
			axis.dst = -axis.dst;
			axis.src = -axis.src;
		}
		copy->axes[copy->rank++] = axis;
	}
	sort_axes(copy);
	join_axes(copy);
	return true;
}

/* ---- rows of single elements; a constant width makes the inner copy one instruction */

static inline void elements(uint8_t *dst, int64_t dst_stride, const uint8_t *src, int64_t src_stride, uint64_t n, size_t width)
{
	for (uint64_t i = 0; i < n; i++)
		memcpy(dst + (int64_t)i * dst_stride, src + (int64_t)i * src_stride, width);
}

static void copy_row(const struct axis *axis, uint8_t *dst, const uint8_t *src, size_t width)
{
	if (axis->dst == (int64_t)width && axis->src == (int64_t)width) {
		memcpy(dst, src, axis->count * width);
		return;
	}
	switch (width) {
	case 1:
		if (axis->dst == 1 && axis->src == 0)
			memset(dst, *src, axis->count);
		else
			elements(dst, axis->dst, src, axis->src, axis->count, 1);
		break;
	case 2:
		elements(dst, axis->dst, src, axis->src, axis->count, 2);
		break;
	case 4:
		elements(dst, axis->dst, src, axis->src, axis->count, 4);
		break;
	case 8:
		elements(dst, axis->dst, src, axis->src, axis->count, 8);
		break;
	default:
		elements(dst, axis->dst, src, axis->src, axis->count, width);
		break;
	}
}

/* The axes [0, n) as an odometer; the callers copy what is below. False after the last position. */
static bool advance(const struct copy *copy, size_t n, uint64_t *at, uint8_t **dst, const uint8_t **src)
{
	for (size_t i = n; i-- > 0;) {
		const struct axis *axis = &copy->axes[i];

		*dst += axis->dst;
		*src += axis->src;
		if (++at[i] < axis->count)
			return true;
		*dst -= axis->dst * (int64_t)axis->count;
		*src -= axis->src * (int64_t)axis->count;
		at[i] = 0;
	}
	return false;
}

static void copy_rows(const struct copy *copy)
{
	const struct axis one = { 1, (int64_t)copy->width, (int64_t)copy->width };
	size_t n = copy->rank ? copy->rank - 1 : 0;
	const struct axis *row = copy->rank ? &copy->axes[n] : &one;
	uint64_t at[CK_MAX_RANK];
	uint8_t *dst = copy->dst;
	const uint8_t *src = copy->src;

	memset(at, 0, n * sizeof(*at));
	do
		copy_row(row, dst, src, copy->width);
	while (advance(copy, n, at, &dst, &src));
}

/* Brings axis i to place rank - 2, so that the last two are the planes of a transpose. */
static void copy_planes(struct copy *copy, size_t i)
{
	size_t n = copy->rank - 2;
	struct axis across = copy->axes[i];
	uint64_t at[CK_MAX_RANK];
	uint8_t *dst = copy->dst;
	const uint8_t *src = copy->src;

	for (; i < n; i++)
		copy->axes[i] = copy->axes[i + 1];
	copy->axes[n] = across;
	memset(at, 0, n * sizeof(*at));
	do
		ck_transpose(dst, across.dst, src, copy->axes[n + 1].src, across.count, copy->axes[n + 1].count, copy->width);
	while (advance(copy, n, at, &dst, &src));
}

void ck_copy_strided(size_t rank, const uint64_t *count, uint8_t *dst, const int64_t *dst_strides, const uint8_t *src,
		     const int64_t *src_strides, size_t width)
{
	struct copy copy;
	size_t i, last;

	CK_ASSERT(rank <= CK_MAX_RANK);
	if (!copy_init(&copy, rank, count, dst, dst_strides, src, src_strides, width))
		return;
	last = copy.rank - 1;
	if (copy.rank >= 2 && copy.axes[last].dst == (int64_t)width && copy.axes[last].src != (int64_t)width) {
		for (i = 0; i < last && copy.axes[i].src != (int64_t)width; i++)
			;
		if (i < last && copy.axes[i].count >= 4) {
			copy_planes(&copy, i);
			return;
		}
	}
	copy_rows(&copy);
}

void ck_fill_strided(size_t rank, const uint64_t *count, uint8_t *dst, const int64_t *dst_strides, const uint8_t *element, size_t width)
{
	static const int64_t zeros[CK_MAX_RANK];

	ck_copy_strided(rank, count, dst, dst_strides, element, zeros, width);
}
