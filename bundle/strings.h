/* The stored form of string tensors, in memory; inside bundle/ only. data.h has what others need. */
#ifndef CK_BUNDLE_STRINGS_H
#define CK_BUNDLE_STRINGS_H

#include "bundle/data.h"

enum { CK_STRINGS_CHECKSUM = 4 };	/* bytes of the checksum over the lengths */

/* Continues a checksum by a length: as 4 bytes, or 8 when it needs them or wide says so (variants). */
uint32_t ck_strings_crc_length(uint32_t crc, uint64_t length, bool wide, bool big_endian);
/* The checksum that is stored in these bytes, unmasked. */
uint32_t ck_strings_checksum(const char bytes[CK_STRINGS_CHECKSUM], bool big_endian);

/**
 * Splits the stored bytes of n strings, which borrow from bytes. *ret_crc is what the entry's checksum (unmasked) has to be.
 * Returns NULL, or what is wrong: "the tensor has ...".
 */
const char *ck_strings_decode(struct ck_str bytes, size_t n, bool big_endian, struct ck_str *strings, uint32_t *ret_crc);

#endif
