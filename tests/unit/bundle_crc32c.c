#include "bundle/crc32c.h"

#include <criterion/criterion.h>
#include <string.h>

static uint32_t slow_crc(const unsigned char *bytes, size_t n)
{
	uint32_t crc = ~(uint32_t)0;
	for (size_t i = 0; i < n; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return ~crc;
}

/* RFC 3720, B.4. */
Test(bundle_crc32c, vectors)
{
	unsigned char zeros[32] = {0}, ones[32], up[32], down[32];
	unsigned char command[48] = {
		0x01, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 0x04, 0, 0, 0, 0, 0x14, 0, 0, 0, 0x18,
		0x28, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0, 0,
	};
	memset(ones, 0xff, sizeof(ones));
	for (unsigned i = 0; i < 32; i++) {
		up[i] = (unsigned char)i;
		down[i] = (unsigned char)(31 - i);
	}
	cr_expect_eq(ck_crc32c(0, zeros, 32), 0x8a9136aa);
	cr_expect_eq(ck_crc32c(0, ones, 32), 0x62a8ab43);
	cr_expect_eq(ck_crc32c(0, up, 32), 0x46dd794e);
	cr_expect_eq(ck_crc32c(0, down, 32), 0x113fdb5c);
	cr_expect_eq(ck_crc32c(0, command, 48), 0xd9963a56);
	cr_expect_eq(ck_crc32c(0, "123456789", 9), 0xe3069283);
	cr_expect_eq(ck_crc32c(0, NULL, 0), 0);
	cr_expect_eq(ck_crc32c_mask(0), 0xa282ead8);
	cr_expect_eq(ck_crc32c_unmask(ck_crc32c_mask(0x12345678)), 0x12345678);
	cr_expect_neq(ck_crc32c_mask(0xe3069283), 0xe3069283);
}

Test(bundle_crc32c, any_length_in_any_pieces)
{
	unsigned char bytes[3000];
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 131 + i / 7);
	for (size_t n = 0; n < sizeof(bytes); n += 1 + n / 9) {
		uint32_t whole = slow_crc(bytes, n);
		cr_assert_eq(ck_crc32c(0, bytes, n), whole, "%zu bytes", n);
		for (size_t cut = 0; cut <= n; cut += 1 + n / 5) {
			uint32_t a = ck_crc32c(0, bytes, cut), b = ck_crc32c(0, bytes + cut, n - cut);
			cr_assert_eq(ck_crc32c(a, bytes + cut, n - cut), whole, "%zu of %zu", cut, n);
			cr_assert_eq(ck_crc32c_combine(a, b, n - cut), whole, "%zu of %zu", cut, n);
		}
	}
}

/* 2^k bytes of zeros, by doubling: lengths that no test could hold. */
Test(bundle_crc32c, combines_huge_ranges)
{
	uint32_t zeros = ck_crc32c(0, "", 1), a = 0xdeadbeef;
	for (unsigned k = 0; k < 62; k++) {
		uint32_t one_step = ck_crc32c_combine(a, ck_crc32c_combine(zeros, zeros, (uint64_t)1 << k), (uint64_t)2 << k);
		uint32_t two_steps = ck_crc32c_combine(ck_crc32c_combine(a, zeros, (uint64_t)1 << k), zeros, (uint64_t)1 << k);
		cr_assert_eq(one_step, two_steps, "2^%u bytes", k);
		zeros = ck_crc32c_combine(zeros, zeros, (uint64_t)1 << k);
	}
	cr_expect_eq(ck_crc32c_combine(a, 0x1234, 0), a ^ 0x1234);
}

/* Pieces of equal and of other lengths, at equal and at other distances, forwards, backwards and mixed. */
Test(bundle_crc32c, parts_in_any_order)
{
	unsigned char bytes[2000];
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 37 + i / 5);
	for (size_t length = 1; length <= sizeof(bytes); length += 1 + length / 3) {
		for (unsigned order = 0; order < 3; order++) {
			struct ck_crc32c_places places = {0};
			size_t n_pieces = (sizeof(bytes) + length - 1) / length;
			uint32_t parts = 0;
			for (size_t i = 0; i < n_pieces; i++) {
				size_t piece = order == 0 ? i : order == 1 ? n_pieces - 1 - i : (i * 7 + 3) % n_pieces, at = piece * length;
				size_t n = sizeof(bytes) - at < length ? sizeof(bytes) - at : length;
				if (order == 2 && n_pieces % 7 == 0)
					continue;
				parts ^= ck_crc32c_part(&places, ck_crc32c(0, bytes + at, n), n, sizeof(bytes) - at - n);
			}
			if (order == 2 && n_pieces % 7 == 0)
				continue;
			cr_assert_eq(ck_crc32c_whole(parts, sizeof(bytes)), slow_crc(bytes, sizeof(bytes)), "length %zu, order %u", length, order);
		}
	}
	cr_expect_eq(ck_crc32c_whole(0, 0), 0);
}
