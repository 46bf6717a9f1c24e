#include "vm/random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "bundle/base/io.h"
#include "tests/unit/vm_wide.h"
#include "vm/simd.h"

/* Known answers of the authors' Random123 1.14, kat_vectors. */
Test(vm_random, philox_known_answers)
{
	static const struct {
		uint32_t counter[4], key[2], words[4];
	} rows[] = {
		{ { 0, 0, 0, 0 }, { 0, 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
		{ { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff },
		  { 0xffffffff, 0xffffffff },
		  { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
		{ { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
		  { 0xa4093822, 0x299f31d0 },
		  { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint32_t words[4];

		ck_philox(rows[i].counter, rows[i].key, words);
		cr_expect_arr_eq(words, rows[i].words, sizeof(words), "row %zu", i);
	}
}

Test(vm_random, key_is_a_digest_of_seed_and_label)
{
	const int64_t seed = -0x0102030405060708;
	uint8_t bytes[8 + 3] = { 0xf8, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 'a', '/', 'b' }, digest[CK_SHA256];
	uint32_t key[2];

	cr_assert(ck_sha256((struct ck_str){ (const char *)bytes, sizeof(bytes) }, digest));
	cr_assert(ck_random_key(seed, ck_str("a/b"), key));
	cr_expect_arr_eq(key, digest, sizeof(key));
}

static uint64_t state = 88172645463325252;

static uint64_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* The distance in units of the last place of the exact value as f64; where it is 0, only 0 will do. */
static double ulps(double x, long double exact)
{
	int exponent;

	if (x == (double)exact)
		return 0;
	(void)frexpl(exact, &exponent);
	return (double)(fabsl((long double)x - exact) / ldexpl(1, exponent - 53));
}

/* What ulps() stays below. */
static double limit(void)
{
	return long_doubles_are_wide() ? 1 : 4;
}

Test(vm_random, logarithm_to_an_ulp)
{
	cr_expect_eq(ck_log(1), 0);
	for (size_t i = 0; i < 1000000; i++) {
		uint64_t bits = next() % 0x7fefffffffffffff + 1;
		double x;

		/* Draws, values about 1, any value, subnormal ones. */
		if (i % 4 == 3)
			bits >>= 12;
		memcpy(&x, &bits, sizeof(x));
		if (i % 4 == 0)
			x = ((double)(uint32_t)bits + 0.5) * 0x1p-32;
		else if (i % 4 == 1)
			x = 1 + ldexp((double)(int64_t)bits, -64 - (int)(bits % 50));
		cr_assert(x != 0 && ulps(ck_log(x), logl((long double)x)) < limit(), "%a", x);
	}
}

static void expect_turns(double x)
{
	const long double two_pi = 6.28318530717958647692528676655900577L;
	double sine, cosine, quarters = floor(4 * x + 0.5);
	/* Of the angle that is left, which a long double holds as well as it needs to. */
	long double angle = two_pi * ((long double)x - (long double)quarters / 4), s = sinl(angle), c = cosl(angle);
	int turn = (int)quarters & 3;

	ck_sincos_turns(x, &sine, &cosine);
	cr_assert(ulps(sine, turn == 0 ? s : turn == 1 ? c : turn == 2 ? -s : -c) < limit(), "sine of %a turns: %a", x, sine);
	cr_assert(ulps(cosine, turn == 0 ? c : turn == 1 ? -s : turn == 2 ? -c : s) < limit(), "cosine of %a turns: %a", x, cosine);
}

Test(vm_random, sine_and_cosine_to_an_ulp)
{
	for (int i = 0; i <= 8; i++)
		expect_turns(i / 8.0);
	for (size_t i = 0; i < 1000000; i++)
		expect_turns(((double)(uint32_t)next() + 0.5) * 0x1p-32);
}

Test(vm_random, draws_are_of_key_and_group)
{
	static const uint64_t groups[] = { 0, 1, 0xffffffff, 0x100000000, 0x123456789abcdef };
	const uint32_t key[2] = { 12345, 67890 };

	for (size_t i = 0; i < 5; i++) {
		const uint32_t counter[4] = { (uint32_t)groups[i], (uint32_t)(groups[i] >> 32), 0, 0 };
		double uniform[4], normal[4], portable[4], sine, cosine;
		uint32_t words[4];

		ck_philox(counter, key, words);
		ck_random_uniform(key, groups[i], uniform);
		ck_random_normal(key, groups[i], normal);
		ck_simd_portable(true);
		ck_random_normal(key, groups[i], portable);
		ck_simd_portable(false);
		cr_expect_arr_eq(normal, portable, sizeof(normal));
		for (size_t j = 0; j < 4; j++)
			cr_expect_eq(uniform[j], ((double)words[j] + 0.5) / 4294967296);
		for (size_t j = 0; j < 4; j += 2) {
			double radius = sqrt(-2 * ck_log(uniform[j]));

			ck_sincos_turns(uniform[j + 1], &sine, &cosine);
			cr_expect(normal[j] == radius * cosine && normal[j + 1] == radius * sine);
		}
	}
}

Test(vm_random, moments)
{
	const uint32_t key[2] = { 1, 2 };
	double sum = 0, square = 0, fourth = 0, n = 400000;

	for (uint64_t group = 0; group < 100000; group++) {
		double draws[4];

		ck_random_normal(key, group, draws);
		for (size_t i = 0; i < 4; i++) {
			sum += draws[i];
			square += draws[i] * draws[i];
			fourth += draws[i] * draws[i] * draws[i] * draws[i];
		}
	}
	cr_expect_float_eq(sum / n, 0, 0.01);
	cr_expect_float_eq(square / n, 1, 0.01);
	cr_expect_float_eq(fourth / n, 3, 0.1);
}

/* Fixed for all time: checkpoints that were filled once are filled with the same bits again. */
Test(vm_random, pinned_draws)
{
	static const double wanted[4] = { -0x1.17f9ef24e1ed3p-2, -0x1.5ba9b6ff471ecp-7, 0x1.33d779507c87bp+0, -0x1.d53cb5bebb517p-2 };
	const uint32_t key[2] = { 0x01234567, 0x89abcdef };
	double draws[4];

	ck_random_normal(key, 7, draws);
	cr_expect_arr_eq(draws, wanted, sizeof(wanted), "%a %a %a %a", draws[0], draws[1], draws[2], draws[3]);
}
