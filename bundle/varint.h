/* Base-128 varints and little-endian numbers, as the index and string tensors store them. */
#ifndef CK_BUNDLE_VARINT_H
#define CK_BUNDLE_VARINT_H

#include "bundle/base/str.h"

enum { CK_MAX_VARINT = 10 };	/* bytes of 64 bits, 7 at a time */

/* Takes a varint off the front of *in; false (and *in untouched) when it does not end there or has more than 64 bits. */
CK_NODISCARD static inline bool ck_varint_take(struct ck_str *in, uint64_t *ret_value)
{
	uint64_t value = 0;
	for (unsigned i = 0; i < CK_MAX_VARINT && i < in->n; i++) {
		uint64_t byte = (unsigned char)in->p[i];
		if (i == CK_MAX_VARINT - 1 && byte > 1)
			return false;
		value |= (byte & 0x7f) << (7 * i);
		if (byte < 0x80) {
			*in = (struct ck_str){in->p + i + 1, in->n - i - 1};
			*ret_value = value;
			return true;
		}
	}
	return false;
}

static inline void ck_varint_put(struct ck_buf *out, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		ck_buf_char(out, (char)(unsigned char)(value | 0x80));
	ck_buf_char(out, (char)(unsigned char)value);
}

static inline uint32_t ck_u32_load(const char *bytes)
{
	const unsigned char *b = (const unsigned char *)bytes;
	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static inline void ck_u32_put(struct ck_buf *out, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		ck_buf_char(out, (char)(unsigned char)(value >> (8 * i)));
}

#endif
