/**
 * Random numbers that depend on seed, name and index alone. Philox 4x32-10: Salmon et al., "Parallel random numbers: as easy as
 * 1, 2, 3" (SC11). All arithmetic is f64 without contraction; logarithm, sine and cosine are our own, so that no libm decides.
 */
#ifndef CK_VM_RANDOM_H
#define CK_VM_RANDOM_H

#include "bundle/base/str.h"

/* One block: counter and key to 4 words. */
void ck_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t ret_words[4]);
/* The key of a target's fill: the first 8 bytes of SHA-256 of the seed (8 little-endian bytes) and the label. False: no memory. */
CK_NODISCARD bool ck_random_key(int64_t seed, struct ck_str label, uint32_t ret_key[2]);

/* Draws for the 4 elements 4 * group .. 4 * group + 3: uniform in (0, 1), and standard normal. */
void ck_random_uniform(const uint32_t key[2], uint64_t group, double ret_draws[4]);
void ck_random_normal(const uint32_t key[2], uint64_t group, double ret_draws[4]);

/* Of finite x > 0; of turns (x is a fraction of a circle, 0 <= x <= 1). Within 1 ulp. */
double ck_log(double x);
void ck_sincos_turns(double x, double *ret_sin, double *ret_cos);

#endif
