#include "vm/random.h"

#include <math.h>
#include <string.h>

#include "bundle/base/io.h"

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

/*
 * x = 2^k (1 + f) with sqrt(1/2) < 1 + f < sqrt(2), then an odd polynomial in f / (2 + f). Coefficients and error bound (below 1
 * ulp): Sun's fdlibm 5.3, e_log.c.
 */
double ck_log(double x)
{
	static const double odd[] = { 6.666666666666735130e-01, 2.857142874366239149e-01, 1.818357216161805012e-01, 1.479819860511658591e-01 };
	static const double even[] = { 3.999999999940941908e-01, 2.222219843214978396e-01, 1.531383769920937332e-01 };
	const double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
	int exponent;
	double f = frexp(x, &exponent), s, z, w, rest, half;

	if (f < 0x1.6a09e667f3bcdp-1) {
		f *= 2;
		exponent--;
	}
	f -= 1;
	s = f / (2 + f);
	z = s * s;
	w = z * z;
	rest = z * (odd[0] + w * (odd[1] + w * (odd[2] + w * odd[3]))) + w * (even[0] + w * (even[1] + w * even[2]));
	half = 0.5 * f * f;
	return exponent * ln2_high - ((half - (s * (half + rest) + exponent * ln2_low)) - f);
}

/* Sine and cosine of x + y for |x| <= pi/4, y the tail of x. Source: fdlibm 5.3, k_sin.c and k_cos.c, error below 1 ulp. */
static double sine(double x, double y)
{
	double z = x * x, cube = z * x;
	double r = 8.33333333332248946124e-03 +
		   z * (-1.98412698298579493134e-04 +
			z * (2.75573137070700676789e-06 + z * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10)));

	return x - ((z * (0.5 * y - cube * r) - y) - cube * -1.66666666666666324348e-01);
}

static double cosine(double x, double y)
{
	double z = x * x, half = 0.5 * z, w = 1 - half;
	double r = z * (4.16666666666666019037e-02 +
			z * (-1.38888888888741095749e-03 +
			     z * (2.48015872894767294178e-05 +
				  z * (-2.75573143513906633035e-07 + z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11)))));

	return w + (((1 - w) - half) + (z * r - x * y));
}

/* The nearest quarter turn is taken off exactly; what is left times 2 pi keeps a tail, as the draws have 33 bits. */
void ck_sincos_turns(double x, double *ret_sin, double *ret_cos)
{
	const double two_pi_high = 0x1.921fbp+2, two_pi_low = 0x1.5110b4611a626p-20; /* the first has 20 bits: its product is exact */
	double quarters = floor(4 * x + 0.5), left = x - quarters / 4;
	double a = left * two_pi_high, b = left * two_pi_low, angle = a + b, tail = b - (angle - a);
	double s = sine(angle, tail), c = cosine(angle, tail);

	switch ((int)quarters & 3) {
	case 0:
		*ret_sin = s;
		*ret_cos = c;
		break;
	case 1:
		*ret_sin = c;
		*ret_cos = -s;
		break;
	case 2:
		*ret_sin = -s;
		*ret_cos = -c;
		break;
	default:
		*ret_sin = -c;
		*ret_cos = s;
		break;
	}
}

void ck_random_uniform(const uint32_t key[2], uint64_t group, double ret_draws[4])
{
	const uint32_t counter[4] = { (uint32_t)group, (uint32_t)(group >> 32), 0, 0 };
	uint32_t words[4];

	ck_philox(counter, key, words);
	for (int i = 0; i < 4; i++)
		ret_draws[i] = ((double)words[i] + 0.5) * 0x1p-32;
}

/* Box and Muller, "A note on the generation of random normal deviates" (1958). */
void ck_random_normal(const uint32_t key[2], uint64_t group, double ret_draws[4])
{
	double uniform[4], sin, cos;

	ck_random_uniform(key, group, uniform);
	for (int i = 0; i < 4; i += 2) {
		double radius = sqrt(-2 * ck_log(uniform[i]));

		ck_sincos_turns(uniform[i + 1], &sin, &cos);
		ret_draws[i] = radius * cos;
		ret_draws[i + 1] = radius * sin;
	}
}
