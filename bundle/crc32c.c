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
	for (unsigned i = 0; i < 32; i++) {
		product ^= b & -(a >> 31);
		b = (b >> 1) ^ (POLYNOMIAL & -(b & 1));
		a <<= 1;
	}
	return product;
}

/* f times x to the power of n * 2^k. */
static uint32_t shift(uint32_t f, uint64_t n, unsigned k)
{
	for (; n; n >>= 1, k = (k + 1) % N_POWERS) {
		if (n & 1)
			f = multiply(powers[k], f);
	}
	return f;
}

enum { BYTES = 3 };	/* 2^3 bits */
#define ONE ((uint32_t)1 << 31)

uint32_t ck_crc32c_combine(uint32_t crc_a, uint32_t crc_b, uint64_t n_b)
{
	return shift(crc_a, n_b, BYTES) ^ crc_b;
}

static uint32_t zeros(uint64_t n_bytes)
{
	return ~shift(~(uint32_t)0, n_bytes, BYTES);
}

/* x to the power of -8 n. */
static uint32_t power_back(uint64_t n_bytes)
{
	const uint64_t order = ((uint64_t)1 << 31) - 1;
	return shift(ONE, order - n_bytes % order * 8 % order, 0);
}

uint32_t ck_crc32c_part(struct ck_crc32c_places *places, uint32_t crc, uint64_t n, uint64_t n_after)
{
	uint64_t step = places->n_after - n_after;
	if (n != places->n) {
		places->n = n;
		places->zeros = zeros(n);
	}
	if (step && step == places->step && n_after < places->n_after) {
		places->back = places->back ? places->back : power_back(step);
		places->power = multiply(places->power, places->back);
	} else if (step || !places->power) {
		places->power = shift(ONE, n_after, BYTES);
		places->step = step;
		places->back = 0;
	}
	places->n_after = n_after;
	return multiply(crc ^ places->zeros, places->power);
}

uint32_t ck_crc32c_whole(uint32_t parts, uint64_t n_bytes)
{
	return parts ^ zeros(n_bytes);
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
