#pragma once

#include "modules/kernels/core_events.h"
#include "modules/kernels/core_numerics.h"

// Soma, Grad and the elementwise steps.

namespace h2 {
namespace {

inline void store(const Lanes& a, float* p, int n) {
  if (n == kLanes) {
    a.store(p);
  } else {
    a.store(p, n);
  }
}

template <class N>
void scale(const float* in, float factor, float* out, std::size_t n) {
  const Lanes by = Lanes::broadcast(factor);
  for_lanes(n, [&](std::size_t i, int lanes) {
    store(N::multiply(load(in + i, lanes), by), out + i, lanes);
  });
}

template <class N>
void add(const float* add, float* sum, std::size_t n) {
  for_lanes(n, [&](std::size_t i, int lanes) {
    store(N::add(load(sum + i, lanes), load(add + i, lanes)), sum + i, lanes);
  });
}

template <class N>
void average(const float* a, const float* b, const float* c, const float* d, float* out,
             std::size_t n) {
  const Lanes quarter = Lanes::broadcast(0.25F);
  for_lanes(n, [&](std::size_t i, int lanes) {
    const Lanes top = N::add(load(a + i, lanes), load(b + i, lanes));
    const Lanes bottom = N::add(load(c + i, lanes), load(d + i, lanes));
    store(N::multiply(N::add(top, bottom), quarter), out + i, lanes);
  });
}

template <class N>
std::size_t combine_planes(const float* acc, std::size_t plane_stride, int planes, float scale,
                           float* out, std::size_t n) {
  std::size_t underflows = 0;
  for_lanes(n, [&](std::size_t i, int) {
    Lanes sum = Lanes::zero();
    for (int p = 0; p < planes; ++p) {
      const Lanes weight = Lanes::broadcast(static_cast<float>(1 << p));
      sum = N::add(sum, N::multiply(Lanes::load(acc + p * plane_stride + i), weight));
    }
    if (planes > 1) {
      const Lanes scaled = N::multiply(sum, Lanes::broadcast(scale));
      underflows += __builtin_popcount(nonzero_bits(sum) & ~nonzero_bits(scaled));
      sum = scaled;
    }
    sum.store(out + i);
  });
  return underflows;
}

/// Bit i: lane i is infinite or NaN.
inline std::uint16_t not_finite(const Lanes& a) {
  const Lanes infinity = Lanes::broadcast(__builtin_inff());
  const Lanes negative = Lanes::broadcast(-__builtin_inff());
  return static_cast<std::uint16_t>(~(less(negative, a) & less(a, infinity)));
}

/// Counts the overflows of timestep t; timesteps are computed forward or backward.
inline void count_overflows(unsigned lanes, int t, bool forward, RangeCount& range) {
  if (lanes == 0) return;
  range.overflows += __builtin_popcount(lanes);
  const int step = t + 1, known = range.overflow_step;
  if (known == 0 || (forward ? step < known : step > known)) range.overflow_step = step;
}

template <class N>
void soma(const SomaArgs& args) {
  const Lanes alpha = N::constant(args.neuron.alpha);
  const Lanes th_f = N::constant(args.neuron.th_f);
  const Lanes th_l = N::constant(args.neuron.th_l);
  const Lanes th_r = N::constant(args.neuron.th_r);
  const int n = args.channels;
  const auto valid = static_cast<std::uint16_t>((1U << n) - 1);
  const unsigned others = ~(static_cast<unsigned>(valid) << args.first_bit);
  const auto put = [&](unsigned bits, std::uint16_t& word) {
    word = static_cast<std::uint16_t>((word & others) | bits << args.first_bit);
  };
  Lanes u = Lanes::zero();
  std::uint16_t spikes = 0;
  for (int t = 0; t < args.steps; ++t) {
    const Lanes leak = keep(static_cast<std::uint16_t>(~spikes), N::multiply(alpha, u));
    u = N::add(leak, load(args.sums + t * args.sums_step, n));
    spikes = at_least(u, th_f);
    store(u, args.u + t * args.u_step, n);
    count_overflows(not_finite(u) & valid, t, true, *args.range);
    put(spikes & valid, args.spikes[t * args.word_step]);
    put(less(th_l, u) & less(u, th_r) & valid, args.mask[t * args.word_step]);
  }
}

template <class N>
void grad(const GradArgs& args) {
  const Lanes alpha = N::constant(args.neuron.alpha);
  const Lanes minus_alpha = alpha * Lanes::broadcast(-1.0F);
  const Lanes beta = N::constant(args.neuron.beta);
  const Lanes quarter = Lanes::broadcast(0.25F);
  const int n = args.channels;
  const auto valid = static_cast<std::uint16_t>((1U << n) - 1);
  const unsigned leaks = nonzero_bits(alpha), passes = nonzero_bits(beta);
  Lanes grad_u = Lanes::zero();
  unsigned later = 0;  // lanes whose grad-u of the next timestep is not zero
  for (int t = args.steps - 1; t >= 0; --t) {
    const std::size_t value = t * args.value_step;
    const std::size_t word = t * args.word_step;
    const std::uint16_t mask = args.mask[word];
    Lanes spatial = Lanes::zero();
    if (args.spatial != nullptr) spatial = load(args.spatial + t * args.spatial_step, n);
    const unsigned driven = nonzero_bits(spatial);
    if (args.quarter) spatial = N::multiply(spatial, quarter);
    const Lanes u = load(args.u + value, n);
    const Lanes reset = N::multiply(minus_alpha, u);
    const Lanes grad_s = N::add(N::multiply(grad_u, reset), spatial);
    const auto silent = static_cast<std::uint16_t>(~args.spikes[word]);
    grad_u =
        N::add(keep(silent, N::multiply(grad_u, alpha)), keep(mask, N::multiply(grad_s, beta)));
    store(grad_u, args.grad_u + value, n);
    const unsigned carried = later & leaks;
    const unsigned terms =
        (mask & passes & (driven | (carried & nonzero_bits(u)))) | (silent & carried);
    later = nonzero_bits(grad_u) & valid;
    args.nonzero[word] = static_cast<std::uint16_t>(later);
    args.range->underflows += __builtin_popcount(terms & ~later & valid);
    count_overflows(not_finite(grad_u) & valid, t, false, *args.range);
  }
}

}  // namespace
}  // namespace h2
