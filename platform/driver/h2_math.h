// SPDX-License-Identifier: Apache-2.0
/* Arithmetic of the driver without libc: the same bits on every host. */
#ifndef H2_MATH_H
#define H2_MATH_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* FP16 bits of `value`, round to nearest even. */
uint16_t h2_half(float value);
/* Value of FP16 bits. */
float h2_single(uint16_t half);
/* e^-n for n >= 0. */
double h2_exp_minus(uint32_t n);
/* e^-x for x >= 0, relative error below 1e-12; 0 from 700 on and for what is no such number. */
double h2_exp_below(double x);
/* Natural logarithm of a finite x >= 1, error below 1e-12; 0 for any other x. */
double h2_log(double x);

/* 1 - cos(pi x) for 0 <= x <= 1, error below 1e-14. */
double h2_versine(double x);

/* Loss of one sample from its output spike counts and, in `gradient` (one value per class), the
 * gradient of the loss with respect to a spike at any timestep, for a mean over `samples` samples,
 * times `scale`. -1, and no gradient, unless `label` is below `classes` and `samples` and
 * `timesteps` are above 0. */
double h2_loss_mse(const uint32_t* counts, uint32_t classes, uint32_t label, uint32_t timesteps,
                   uint32_t samples, float scale, float* gradient);
double h2_loss_cross_entropy(const uint32_t* counts, uint32_t classes, uint32_t label,
                             uint32_t samples, float scale, float* gradient);

#ifdef __cplusplus
}
#endif
#endif
