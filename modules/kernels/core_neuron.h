#pragma once

#include "modules/kernels/core_tree.h"

// Soma, Grad and the elementwise steps.

namespace h2 {
namespace {

/// Calls body(offset, valid lanes) over `n` floats.
template <class Body>
inline void for_lanes(std::size_t n, Body body) {
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) body(i, kLanes);
  if (i < n) body(i, static_cast<int>(n - i));
}

inline Lanes load(const float* p, int n) {
  return n == kLanes ? Lanes::load(p) : Lanes::load(p, n);
}

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
void combine_planes(const float* acc, std::size_t plane_stride, int planes, float scale, float* out,
                    std::size_t n) {
  for_lanes(n, [&](std::size_t i, int) {
    Lanes sum = Lanes::zero();
    for (int p = 0; p < planes; ++p) {
      const Lanes weight = Lanes::broadcast(static_cast<float>(1 << p));
      sum = N::add(sum, N::multiply(Lanes::load(acc + p * plane_stride + i), weight));
    }
    if (planes > 1) sum = N::multiply(sum, Lanes::broadcast(scale));
    sum.store(out + i);
  });
}

/// Bit i: lane i is not +-0 (a NaN is not).
inline std::uint16_t nonzero_bits(const Lanes& a) {
  const Lanes zero = Lanes::zero();
  return static_cast<std::uint16_t>(~(at_least(a, zero) & at_least(zero, a)));
}

inline void nonzero(const float* in, std::size_t n, std::uint16_t* out) {
  for_lanes(n, [&](std::size_t i, int lanes) { *out++ = nonzero_bits(load(in + i, lanes)); });
}

template <class N>
void soma(const SomaArgs& args) {
  const Lanes alpha = N::constant(args.neuron.alpha);
  const Lanes th_f = N::constant(args.neuron.th_f);
  const Lanes th_l = N::constant(args.neuron.th_l);
  const Lanes th_r = N::constant(args.neuron.th_r);
  const int n = args.channels;
  const auto valid = static_cast<std::uint16_t>((1U << n) - 1);
  Lanes u = Lanes::zero();
  std::uint16_t spikes = 0;
  for (int t = 0; t < args.steps; ++t) {
    const Lanes leak = keep(static_cast<std::uint16_t>(~spikes), N::multiply(alpha, u));
    u = N::add(leak, load(args.sums + t * args.sums_step, n));
    spikes = at_least(u, th_f);
    store(u, args.u + t * args.u_step, n);
    args.spikes[t * args.word_step] = spikes & valid;
    args.mask[t * args.word_step] = less(th_l, u) & less(u, th_r) & valid;
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
  Lanes grad_u = Lanes::zero();
  for (int t = args.steps - 1; t >= 0; --t) {
    const std::size_t value = t * args.value_step;
    const std::size_t word = t * args.word_step;
    const std::uint16_t mask = args.mask[word];
    Lanes spatial = Lanes::zero();
    if (args.spatial != nullptr) spatial = load(args.spatial + t * args.spatial_step, n);
    if (args.quarter) spatial = N::multiply(spatial, quarter);
    const Lanes reset = N::multiply(minus_alpha, load(args.u + value, n));
    const Lanes grad_s = N::add(N::multiply(grad_u, reset), spatial);
    const auto silent = static_cast<std::uint16_t>(~args.spikes[word]);
    grad_u =
        N::add(keep(silent, N::multiply(grad_u, alpha)), keep(mask, N::multiply(grad_s, beta)));
    store(grad_u, args.grad_u + value, n);
    args.nonzero[word] = nonzero_bits(grad_u) & valid;
  }
}

}  // namespace
}  // namespace h2
