#include "bundle/base/str.h"

size_t ck_utf8_next(struct ck_str s, size_t at, uint32_t *ret_point)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first = (unsigned char)s.p[at];
	size_t n = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf8 ? 4 : 0;
	if (n == 0 || n > s.n - at)
		return 0;
	uint32_t point = n == 1 ? first : first & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		unsigned char next = (unsigned char)s.p[at + i];
		if ((next & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (next & 0x3fu);
	}
	if (point < least[n] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return 0;
	*ret_point = point;
	return n;
}

struct range {
	uint32_t first, last;
};

static bool within(uint32_t point, const struct range *ranges, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (point >= ranges[i].first && point <= ranges[i].last)
			return true;
	}
	return false;
}

size_t ck_utf8_columns(uint32_t point)
{
	/* Whole blocks in place of Unicode's long tables (EastAsianWidth.txt, UnicodeData.txt): the caret needs no more. */
	static const struct range combining[] = {
		{0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x064b, 0x065f}, {0x1ab0, 0x1aff},
		{0x1dc0, 0x1dff}, {0x20d0, 0x20ff}, {0x3099, 0x309a}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
	};
	static const struct range wide[] = {
		{0x1100, 0x115f}, {0x2e80, 0x303e}, {0x3041, 0x33ff}, {0x3400, 0x4dbf}, {0x4e00, 0x9fff},
		{0xa000, 0xa4cf}, {0xa960, 0xa97f}, {0xac00, 0xd7a3}, {0xf900, 0xfaff}, {0xfe30, 0xfe6f},
		{0xff01, 0xff60}, {0xffe0, 0xffe6}, {0x16fe0, 0x18dff}, {0x1b000, 0x1b2ff}, {0x1f300, 0x1f64f},
		{0x1f680, 0x1f6ff}, {0x1f900, 0x1faff}, {0x20000, 0x3fffd},
	};
	if (point < 0x300)
		return 1;
	if (within(point, combining, CK_COUNT(combining)))
		return 0;
	return within(point, wide, CK_COUNT(wide)) ? 2 : 1;
}

bool ck_utf8_is(struct ck_str s)
{
	size_t n;
	for (size_t at = 0; at < s.n; at += n) {
		uint32_t point;
		n = ck_utf8_next(s, at, &point);
		if (n == 0)
			return false;
	}
	return true;
}

bool ck_utf8_is_control(uint32_t point)
{
	static const struct range hidden[] = {
		{0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xe0000, 0xe007f},
	};
	return point < 0x20 || (point >= 0x7f && point < 0xa0) || within(point, hidden, CK_COUNT(hidden));
}

size_t ck_str_columns(struct ck_str s)
{
	size_t n_columns = 0, n;
	for (size_t at = 0; at < s.n; at += n) {
		uint32_t point = 0;
		n = ck_utf8_next(s, at, &point);
		n_columns += n ? ck_utf8_columns(point) : 1;
		n = n ? n : 1;
	}
	return n_columns;
}
