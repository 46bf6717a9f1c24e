/*
 * Strided copies. Axes are sorted by the destination's strides and joined where they run on. An odometer runs over all but the two
 * innermost, a plane, which one of three loops copies: runs of bytes that lie together on both sides, a transpose (another axis is
 * the dense one of each side), or single elements.
 */
#include "vm/kernel.h"

#include "vm/simd.h"

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

/* Runs that are as wide as an element could be are elements. */
static void widen(struct copy *copy)
{
	while (copy->rank) {
		const struct axis *last = &copy->axes[copy->rank - 1];
		uint64_t n = last->count;
		int64_t width = (int64_t)copy->width;

		if (last->dst != width || last->src != width || (n != 2 && n != 4 && n != 8 && n != 16) || n * copy->width > 16)
			return;
		copy->width *= n;
		copy->rank--;
	}
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
	widen(copy);
	return true;
}

/* ---- planes */

/* A line of n single elements. A constant width makes each copy one instruction. */
CK_INLINE void elements(uint8_t *dst, int64_t dst_stride, const uint8_t *src, int64_t src_stride, uint64_t n, size_t width)
{
	for (; n >= 4; n -= 4) {
		memcpy(dst, src, width);
		memcpy(dst + dst_stride, src + src_stride, width);
		memcpy(dst + 2 * dst_stride, src + 2 * src_stride, width);
		memcpy(dst + 3 * dst_stride, src + 3 * src_stride, width);
		dst += 4 * dst_stride;
		src += 4 * src_stride;
	}
	for (; n; n--) {
		memcpy(dst, src, width);
		dst += dst_stride;
		src += src_stride;
	}
}

/* One element to all places of a dense line of at least a pattern's size. */
static void repeat(uint8_t *dst, const uint8_t *src, uint64_t n, size_t width)
{
	uint8_t pattern[64];
	uint64_t n_bytes = n * width, at = 0;

	elements(pattern, (int64_t)width, src, 0, sizeof(pattern) / width, width);
	for (; at + sizeof(pattern) <= n_bytes; at += sizeof(pattern))
		memcpy(dst + at, pattern, sizeof(pattern));
	memcpy(dst + n_bytes - sizeof(pattern), pattern, sizeof(pattern)); /* the rest, and again some before it */
}

CK_INLINE void plane_of_elements(const struct axis *outer, const struct axis *inner, uint8_t *dst, const uint8_t *src, size_t width)
{
	bool repeats = inner->src == 0 && inner->dst == (int64_t)width && inner->count * width >= 64;

	for (uint64_t i = 0; i < outer->count; i++) {
		if (repeats)
			repeat(dst, src, inner->count, width);
		else
			elements(dst, inner->dst, src, inner->src, inner->count, width);
		dst += outer->dst;
		src += outer->src;
	}
}

/* Short lines cost more than their elements: they are copied across, so many at a time that they stay in cache. */
CK_INLINE void any_plane(const struct axis *outer, const struct axis *inner, uint8_t *dst, const uint8_t *src, size_t width)
{
	struct axis across = *outer;

	if (inner->count >= 8 || outer->count <= inner->count) {
		plane_of_elements(outer, inner, dst, src, width);
		return;
	}
	for (uint64_t i = 0; i < outer->count; i += across.count) {
		across.count = outer->count - i < 256 ? outer->count - i : 256;
		plane_of_elements(inner, &across, dst + (int64_t)i * outer->dst, src + (int64_t)i * outer->src, width);
	}
}

/* Runs of half to twice half bytes: two copies of a constant size, which overlap. */
CK_INLINE void short_runs(const struct axis *outer, uint8_t *dst, const uint8_t *src, size_t n_bytes, size_t half)
{
	const size_t last = n_bytes - half;

	for (uint64_t i = 0; i < outer->count; i++) {
		memcpy(dst, src, half);
		memcpy(dst + last, src + last, half);
		dst += outer->dst;
		src += outer->src;
	}
}

static void plane_of_runs(const struct axis *outer, uint8_t *dst, const uint8_t *src, size_t n_bytes)
{
	if (n_bytes <= 2)
		short_runs(outer, dst, src, n_bytes, 1);
	else if (n_bytes <= 4)
		short_runs(outer, dst, src, n_bytes, 2);
	else if (n_bytes <= 8)
		short_runs(outer, dst, src, n_bytes, 4);
	else if (n_bytes <= 16)
		short_runs(outer, dst, src, n_bytes, 8);
	else if (n_bytes <= 32)
		short_runs(outer, dst, src, n_bytes, 16);
	else if (n_bytes <= 64)
		short_runs(outer, dst, src, n_bytes, 32);
	for (uint64_t i = 0; n_bytes > 64 && i < outer->count; i++)
		memcpy(dst + (int64_t)i * outer->dst, src + (int64_t)i * outer->src, n_bytes);
}

static void copy_plane(const struct axis *outer, const struct axis *inner, uint8_t *dst, const uint8_t *src, size_t width)
{
	if (inner->dst == (int64_t)width && inner->src == (int64_t)width) {
		plane_of_runs(outer, dst, src, inner->count * width);
		return;
	}
	switch (width) {
	case 1:
		any_plane(outer, inner, dst, src, 1);
		break;
	case 2:
		any_plane(outer, inner, dst, src, 2);
		break;
	case 4:
		any_plane(outer, inner, dst, src, 4);
		break;
	case 8:
		any_plane(outer, inner, dst, src, 8);
		break;
	default:
		any_plane(outer, inner, dst, src, 16);
		break;
	}
}

/* ---- all planes */

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

/* Brings axis i to place rank - 2: with the last one it makes the planes. */
static void choose_plane(struct copy *copy, size_t i)
{
	struct axis across = copy->axes[i];

	for (; i + 2 < copy->rank; i++)
		copy->axes[i] = copy->axes[i + 1];
	copy->axes[copy->rank - 2] = across;
}

/* Which axis transposes with the last one: that which is dense in src. SIZE_MAX: none, or too few elements for a vector. */
static size_t find_across(const struct copy *copy)
{
	size_t last = copy->rank - 1;
	const struct axis *inner = &copy->axes[last];

	for (size_t i = 0; i < last; i++)
		if (copy->axes[i].src == (int64_t)copy->width && inner->dst == (int64_t)copy->width && inner->src != (int64_t)copy->width &&
		    copy->axes[i].count * copy->width >= 16 && inner->count * copy->width >= 16)
			return i;
	return SIZE_MAX;
}

/* The next to last one, unless it is short: then the longest, so that the odometer seldom turns. */
static size_t find_outer(const struct copy *copy)
{
	size_t best = copy->rank - 2;

	for (size_t i = best; copy->axes[copy->rank - 2].count < 8 && i-- > 0;)
		best = copy->axes[i].count > copy->axes[best].count ? i : best;
	return best;
}

static void copy_planes(struct copy *copy)
{
	size_t across = find_across(copy), n = copy->rank - 2;
	const struct axis *outer = &copy->axes[n], *inner = &copy->axes[n + 1];
	uint64_t at[CK_MAX_RANK];
	uint8_t *dst = copy->dst;
	const uint8_t *src = copy->src;

	choose_plane(copy, across == SIZE_MAX ? find_outer(copy) : across);
	memset(at, 0, n * sizeof(*at));
	do {
		if (across == SIZE_MAX)
			copy_plane(outer, inner, dst, src, copy->width);
		else
			ck_transpose(dst, outer->dst, src, inner->src, outer->count, inner->count, copy->width);
	} while (advance(copy, n, at, &dst, &src));
}

void ck_copy_strided(size_t rank, const uint64_t *count, uint8_t *dst, const int64_t *dst_strides, const uint8_t *src,
		     const int64_t *src_strides, size_t width)
{
	const struct axis one = { 1, 0, 0 };
	struct copy copy;

	CK_ASSERT(rank <= CK_MAX_RANK);
	if (!copy_init(&copy, rank, count, dst, dst_strides, src, src_strides, width))
		return;
	if (copy.rank >= 2)
		copy_planes(&copy);
	else if (copy.rank == 1)
		copy_plane(&one, &copy.axes[0], copy.dst, copy.src, copy.width);
	else
		memcpy(copy.dst, copy.src, copy.width);
}

void ck_fill_strided(size_t rank, const uint64_t *count, uint8_t *dst, const int64_t *dst_strides, const uint8_t *element, size_t width)
{
	static const int64_t zeros[CK_MAX_RANK];

	ck_copy_strided(rank, count, dst, dst_strides, element, zeros, width);
}
