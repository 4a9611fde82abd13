// SPDX-License-Identifier: Apache-2.0
/* Learning rates that change from step to step. */
#include "platform/driver/h2_driver.h"
#include "platform/driver/h2_math.h"

static double power(double base, uint32_t exponent) {
  double result = 1.0;
  for (; exponent != 0; exponent >>= 1, base *= base)
    if (exponent & 1U) result *= base;
  return result;
}

/* Share of the rate `done` steps behind the warm-up. */
static double share(const h2_schedule* s, uint32_t done) {
  if (s->kind == H2_SCHEDULE_STEP && s->every != 0) return power(s->factor, done / s->every);
  if (s->kind != H2_SCHEDULE_COSINE || s->steps <= s->warmup) return 1.0;
  const uint32_t all = s->steps - s->warmup;
  const double passed = done < all ? (double)done / all : 1.0;
  return 1.0 - (1.0 - (double)s->floor) * 0.5 * h2_versine(passed);
}

float h2_scheduled_rate(const h2_schedule* s, uint32_t step) {
  if (s == NULL || step == 0) return 0.0F;
  if (step <= s->warmup) return (float)((double)s->rate * step / s->warmup);
  return (float)(s->rate * share(s, step - 1 - s->warmup));
}
