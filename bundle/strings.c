/**
 * String tensors: the lengths as varints, a masked checksum over the lengths as fixed-width numbers, the contents. The entry's own
 * checksum covers the lengths as fixed-width numbers, the stored checksum, and the contents.
 * Source: tensorflow/core/util/tensor_bundle/tensor_bundle.cc, ReadStringTensor and WriteStringTensor.
 */
#include "bundle/strings.h"

#include <string.h>

#include "bundle/crc32c.h"
#include "bundle/varint.h"

uint32_t ck_strings_crc_length(uint32_t crc, uint64_t length, bool wide, bool big_endian)
{
	unsigned char bytes[8];
	unsigned n = wide || length > UINT32_MAX ? 8 : 4;
	for (unsigned i = 0; i < n; i++)
		bytes[i] = (unsigned char)(length >> (8 * (big_endian ? n - 1 - i : i)));
	return ck_crc32c(crc, bytes, n);
}

uint32_t ck_strings_checksum(const char bytes[CK_STRINGS_CHECKSUM], bool big_endian)
{
	uint32_t stored = ck_u32_load(bytes);
	return ck_crc32c_unmask(big_endian ? __builtin_bswap32(stored) : stored);
}

const char *ck_strings_decode(struct ck_str bytes, size_t n, bool big_endian, struct ck_str *strings, uint32_t *ret_crc)
{
	uint32_t crc = 0;
	*ret_crc = 0;
	if (n == 0 && bytes.n == 0)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		uint64_t length;
		if (!ck_varint_take(&bytes, &length) || length > bytes.n)
			return "a length that cannot be read, or is longer than the tensor";
		strings[i] = (struct ck_str){NULL, (size_t)length};
		crc = ck_strings_crc_length(crc, length, false, big_endian);
	}
	if (bytes.n < CK_STRINGS_CHECKSUM)
		return "no room for the checksum of its lengths";
	if (ck_strings_checksum(bytes.p, big_endian) != crc)
		return "lengths whose own checksum does not match";
	crc = ck_crc32c(crc, bytes.p, bytes.n);
	bytes = ck_str_slice(bytes, CK_STRINGS_CHECKSUM, bytes.n);
	for (size_t i = 0; i < n; i++) {
		if (strings[i].n > bytes.n)
			return "lengths that add up to more than its bytes";
		strings[i].p = bytes.p;
		bytes = ck_str_slice(bytes, strings[i].n, bytes.n);
	}
	if (bytes.n)
		return "lengths that add up to less than its bytes";
	*ret_crc = crc;
	return NULL;
}

void ck_strings_encode(const struct ck_str *strings, size_t n, struct ck_buf *out, uint32_t *ret_crc)
{
	uint32_t crc = 0;
	for (size_t i = 0; i < n; i++) {
		ck_varint_put(out, strings[i].n);
		crc = ck_strings_crc_length(crc, strings[i].n, false, false);
	}
	size_t begin = out->n;
	ck_u32_put(out, ck_crc32c_mask(crc));
	for (size_t i = 0; i < n; i++)
		ck_buf_str(out, strings[i]);
	*ret_crc = out->failed ? 0 : ck_crc32c(crc, out->p + begin, out->n - begin);
}

uint64_t ck_strings_bytes_of_one(uint64_t n)
{
	uint64_t n_varint = 1;
	for (uint64_t rest = n; rest >= 0x80; rest >>= 7)
		n_varint++;
	return n_varint + CK_STRINGS_CHECKSUM + n;
}

uint64_t ck_strings_bytes_of_empty(uint64_t n_elems)
{
	return n_elems + CK_STRINGS_CHECKSUM;
}
