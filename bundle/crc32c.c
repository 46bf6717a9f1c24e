#include "bundle/crc32c.h"

#include <isa-l/crc.h>

enum { N_POWERS = 31 };
#define MAX_CALL ((size_t)1 << 30)	/* ISA-L counts in int */
#define POLYNOMIAL 0x82f63b78u		/* Castagnoli's, bits reversed */
#define MASK_DELTA 0xa282ead8u

/* x to the power of 2^k modulo the polynomial. They repeat after 31, as x has the order 2^31 - 1. */
static const uint32_t powers[N_POWERS] = {
	0x40000000, 0x20000000, 0x08000000, 0x00800000, 0x00008000, 0x82f63b78, 0x6ea2d55c, 0x18b8ea18,
	0x510ac59a, 0xb82be955, 0xb8fdb1e7, 0x88e56f72, 0x74c360a4, 0xe4172b16, 0x0d65762a, 0x35d73a62,
	0x28461564, 0xbf455269, 0xe2ea32dc, 0xfe7740e6, 0xf946610b, 0x3c204f8f, 0x538586e3, 0x59726915,
	0x734d5309, 0xbc1ac763, 0x7d0722cc, 0xd289cabe, 0xe94ca9bc, 0x05b74f3f, 0xa51e1f42,
};

/* ISA-L takes and gives the bare register: what RFC 3720 inverts before the first and after the last byte is done here. */
uint32_t ck_crc32c(uint32_t crc, const void *bytes, size_t n)
{
	unsigned char *at = (unsigned char *)(uintptr_t)bytes;	/* only its prototype lacks the const */
	uint32_t state = ~crc;
	while (n > 0) {
		size_t part = n < MAX_CALL ? n : MAX_CALL;
		state = crc32_iscsi(at, (int)part, state);
		at += part;
		n -= part;
	}
	return ~state;
}

/* The product of two polynomials modulo POLYNOMIAL; the highest bit is the coefficient of x^0. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
	uint32_t product = 0;
	for (uint32_t bit = (uint32_t)1 << 31; bit; bit >>= 1) {
		if (a & bit)
			product ^= b;
		b = b & 1 ? (b >> 1) ^ POLYNOMIAL : b >> 1;
	}
	return product;
}

uint32_t ck_crc32c_combine(uint32_t crc_a, uint32_t crc_b, uint64_t n_b)
{
	unsigned k = 3;	/* n_b bytes are n_b * 2^3 bits */
	for (; n_b; n_b >>= 1, k = (k + 1) % N_POWERS) {
		if (n_b & 1)
			crc_a = multiply(powers[k], crc_a);
	}
	return crc_a ^ crc_b;
}

uint32_t ck_crc32c_mask(uint32_t crc)
{
	return ((crc >> 15) | (crc << 17)) + MASK_DELTA;
}

uint32_t ck_crc32c_unmask(uint32_t masked)
{
	uint32_t rotated = masked - MASK_DELTA;
	return (rotated >> 17) | (rotated << 15);
}
