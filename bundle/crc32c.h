/* CRC32C (Castagnoli) by ISA-L, TensorFlow's mask, and the combination of checksums of adjacent ranges. */
#ifndef CK_BUNDLE_CRC32C_H
#define CK_BUNDLE_CRC32C_H

#include "bundle/base/ck.h"

/* The checksum of bytes that follow what `crc` is the checksum of; start with 0. */
uint32_t ck_crc32c(uint32_t crc, const void *bytes, size_t n);
/* crc(AB) from crc(A), crc(B) and the length of B in bytes; O(log n_b). Source: zlib's crc32_combine, polynomial 0x82f63b78. */
uint32_t ck_crc32c_combine(uint32_t crc_a, uint32_t crc_b, uint64_t n_b);
/**
 * The checksum of a whole from pieces that are read or written in any order, by several threads: the parts of all pieces are
 * XORed, and ck_crc32c_whole() makes the checksum of them. Checksums are linear: a piece counts as the whole with zeros
 * everywhere else.
 * @places   a thread's memory of the last piece, zero at first: equally spaced pieces cost two multiplications each
 * @crc, n   checksum and length in bytes of the piece; n_after: bytes of the whole that follow it
 */
struct ck_crc32c_places {
	uint64_t n, n_after, step;
	uint32_t zeros, power, back;	/* of n zeros; x^(8 n_after); x^(-8 step), 0: not computed yet */
};
uint32_t ck_crc32c_part(struct ck_crc32c_places *places, uint32_t crc, uint64_t n, uint64_t n_after);
uint32_t ck_crc32c_whole(uint32_t parts, uint64_t n_bytes);
uint32_t ck_crc32c_mask(uint32_t crc);
uint32_t ck_crc32c_unmask(uint32_t masked);

#endif
