#include "vm/random.h"

#include <math.h>
#include <string.h>

#include "bundle/base/io.h"
#include "vm/simd.h"

void ck_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t ret_words[4])
{
	uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], k0 = key[0], k1 = key[1];

	for (int round = 0; round < 10; round++) {
		uint64_t a = (uint64_t)0xd2511f53 * c0, b = (uint64_t)0xcd9e8d57 * c2;

		c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
		c1 = (uint32_t)b;
		c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
		c3 = (uint32_t)a;
		k0 += 0x9e3779b9;
		k1 += 0xbb67ae85;
	}
	ret_words[0] = c0;
	ret_words[1] = c1;
	ret_words[2] = c2;
	ret_words[3] = c3;
}

bool ck_random_key(int64_t seed, struct ck_str label, uint32_t ret_key[2])
{
	struct ck_buf buf = { 0 };
	uint8_t digest[CK_SHA256];
	bool done;

	for (unsigned i = 0; i < 8; i++)
		ck_buf_char(&buf, (char)(uint8_t)((uint64_t)seed >> 8 * i));
	ck_buf_str(&buf, label);
	done = !buf.failed && ck_sha256(ck_buf_view(&buf), digest);
	ck_buf_clear(&buf);
	for (unsigned i = 0; i < 2 && done; i++)
		ret_key[i] = (uint32_t)digest[4 * i] | (uint32_t)digest[4 * i + 1] << 8 | (uint32_t)digest[4 * i + 2] << 16 |
			     (uint32_t)digest[4 * i + 3] << 24;
	return done;
}

/* ---- logarithm, sine and cosine, four at a time; sums and products in the order that the bits depend on */

/*
 * Of x / 2^scale, where x > 0 is normal: x = 2^k (1 + f) with sqrt(1/2) < 1 + f < sqrt(2), then an odd polynomial in f / (2 + f).
 * Coefficients and error bound (below 1 ulp): Sun's fdlibm 5.3, e_log.c.
 */
CK_INLINE f64x4 log_f64x4(f64x4 x, uint64_t scale)
{
	static const double odd[] = { 6.666666666666735130e-01, 2.857142874366239149e-01, 1.818357216161805012e-01, 1.479819860511658591e-01 };
	static const double even[] = { 3.999999999940941908e-01, 2.222219843214978396e-01, 1.531383769920937332e-01 };
	const double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
	const uint64_t mantissa = ((uint64_t)1 << 52) - 1, half_bits = (uint64_t)1022 << 52;
	u64x4 fraction = ((u64x4)x & mantissa) | half_bits; /* in [1/2, 1) */
	u64x4 is_low = (u64x4)((f64x4)fraction - 0x1.6a09e667f3bcdp-1) >> 63;
	/* The exponent as the low bits of 1.5 * 2^52. */
	f64x4 exponent = (f64x4)(((u64x4)x >> 52) - 1022 - scale - is_low + 0x4338000000000000) - 0x1.8p52;
	f64x4 f = (f64x4)(fraction + (is_low << 52)) - 1, s = f / (2 + f), z = s * s, w = z * z, half = 0.5 * f * f;
	f64x4 rest = z * (odd[0] + w * (odd[1] + w * (odd[2] + w * odd[3]))) + w * (even[0] + w * (even[1] + w * even[2]));

	return exponent * ln2_high - ((half - (s * (half + rest) + exponent * ln2_low)) - f);
}

/* Sine and cosine of x + y for |x| <= pi/4, y the tail of x. Source: fdlibm 5.3, k_sin.c and k_cos.c, error below 1 ulp. */
CK_INLINE f64x4 sine(f64x4 x, f64x4 y)
{
	f64x4 z = x * x, cube = z * x;
	f64x4 r = 8.33333333332248946124e-03 +
		  z * (-1.98412698298579493134e-04 +
		       z * (2.75573137070700676789e-06 + z * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10)));

	return x - ((z * (0.5 * y - cube * r) - y) - cube * -1.66666666666666324348e-01);
}

CK_INLINE f64x4 cosine(f64x4 x, f64x4 y)
{
	f64x4 z = x * x, half = 0.5 * z, w = 1 - half;
	f64x4 r = z * (4.16666666666666019037e-02 +
		       z * (-1.38888888888741095749e-03 +
			    z * (2.48015872894767294178e-05 +
				 z * (-2.75573143513906633035e-07 + z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11)))));

	return w + (((1 - w) - half) + (z * r - x * y));
}

/*
 * The nearest quarter turn is taken off exactly; what is left times 2 pi keeps a tail, as the draws have 33 bits. A quarter turn
 * swaps sine and cosine and changes signs.
 */
CK_INLINE void sincos_f64x4(f64x4 x, f64x4 *ret_sin, f64x4 *ret_cos)
{
	const double two_pi_high = 0x1.921fbp+2, two_pi_low = 0x1.5110b4611a626p-20; /* the first has 20 bits: its product is exact */
	f64x4 wanted = 4 * x + 0.5, near = (wanted + 0x1p52) - 0x1p52; /* an integer, perhaps the one above */
	f64x4 quarters = near - (f64x4)(ck_sign_u64x4((u64x4)(wanted - near)) & 0x3ff0000000000000), left = x - quarters / 4;
	f64x4 a = left * two_pi_high, b = left * two_pi_low, angle = a + b, tail = b - (angle - a);
	u64x4 s = (u64x4)sine(angle, tail), c = (u64x4)cosine(angle, tail), turn = (u64x4)(quarters + 0x1p52);
	u64x4 swap = (s ^ c) & (0 - (turn & 1));

	*ret_sin = (f64x4)(s ^ swap ^ (turn & 2) << 62);
	*ret_cos = (f64x4)(c ^ swap ^ ((turn + 1) & 2) << 62);
}

double ck_log(double x)
{
	bool is_normal = x >= 0x1p-1022;

	return log_f64x4((f64x4){ 0 } + (is_normal ? x : x * 0x1p54), is_normal ? 0 : 54)[0];
}

void ck_sincos_turns(double x, double *ret_sin, double *ret_cos)
{
	f64x4 sin, cos;

	sincos_f64x4((f64x4){ 0 } + x, &sin, &cos);
	*ret_sin = sin[0];
	*ret_cos = cos[0];
}

/* ---- draws */

void ck_random_uniform(const uint32_t key[2], uint64_t group, double ret_draws[4])
{
	const uint32_t counter[4] = { (uint32_t)group, (uint32_t)(group >> 32), 0, 0 };
	uint32_t words[4];

	ck_philox(counter, key, words);
	for (int i = 0; i < 4; i++)
		ret_draws[i] = ((double)words[i] + 0.5) * 0x1p-32;
}

/* Box and Muller, "A note on the generation of random normal deviates" (1958). */
CK_INLINE void normal(const double uniform[4], double ret_draws[4])
{
	f64x4 first = { uniform[0], uniform[2], uniform[0], uniform[2] }, second = { uniform[1], uniform[3], uniform[1], uniform[3] };
	f64x4 square = -2 * log_f64x4(first, 0), sin, cos;

	sincos_f64x4(second, &sin, &cos);
	for (int i = 0; i < 2; i++) {
		double radius = sqrt(square[i]);

		ret_draws[2 * i] = radius * cos[i];
		ret_draws[2 * i + 1] = radius * sin[i];
	}
}

CK_AVX2 static void normal_avx2(const double uniform[4], double ret_draws[4])
{
	normal(uniform, ret_draws);
}

static void normal_portable(const double uniform[4], double ret_draws[4])
{
	normal(uniform, ret_draws);
}

void ck_random_normal(const uint32_t key[2], uint64_t group, double ret_draws[4])
{
	double uniform[4];

	ck_random_uniform(key, group, uniform);
	(ck_has_avx2() ? normal_avx2 : normal_portable)(uniform, ret_draws);
}
