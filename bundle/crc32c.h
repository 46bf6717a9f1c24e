/* CRC32C (Castagnoli) by ISA-L, TensorFlow's mask, and the combination of checksums of adjacent ranges. */
#ifndef CK_BUNDLE_CRC32C_H
#define CK_BUNDLE_CRC32C_H

#include "bundle/base/ck.h"

/* The checksum of bytes that follow what `crc` is the checksum of; start with 0. */
uint32_t ck_crc32c(uint32_t crc, const void *bytes, size_t n);
/* crc(AB) from crc(A), crc(B) and the length of B in bytes; O(log n_b). Source: zlib's crc32_combine, polynomial 0x82f63b78. */
uint32_t ck_crc32c_combine(uint32_t crc_a, uint32_t crc_b, uint64_t n_b);
uint32_t ck_crc32c_mask(uint32_t crc);
uint32_t ck_crc32c_unmask(uint32_t masked);

#endif
