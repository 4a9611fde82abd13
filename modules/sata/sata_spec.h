// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace h2 {

/// Which zero operands keep a unit of SATA from switching. A gate saves energy, never a cycle, and
/// changes no bit.
struct SataGates {
  bool spikes = true;     ///< no spike: no addition, in forward passes and weight gradients
  bool gradients = true;  ///< grad-u is zero: no multiplication, in backward passes
  bool surrogate = true;  ///< the surrogate gradient is zero: no product in the gradient unit
};

/// Capacities of the operand buffers in bytes. Sized by SATA's authors for the third convolution of
/// their network: 3x3x128x128 weights, 8x16x16x128 spikes and potentials of one byte.
struct SataBuffers {
  std::uint64_t spikes = 32768;
  std::uint64_t potentials = 262144;
  std::uint64_t weights = 147456;
  std::uint64_t gradients = 65536;
  std::uint64_t mask = 8192;

  std::uint64_t total() const { return spikes + potentials + weights + gradients + mask; }
};

/// SATA: one systolic array that forward pass, backward pass and weight update take in turn.
struct SataSpec {
  int rows = 16;  ///< PEs that take output positions
  int cols = 8;   ///< PEs that take output channels
  SataGates gates;
  SataBuffers buffers;
  bool ann = false;  ///< trains networks of ReLU with one timestep; its PEs multiply forward

  int pes() const { return rows * cols; }
};

/// The decay of SATA's neurons: x - (x >> 4), a shift and a subtraction.
constexpr float kSataAlpha = 0.9375F;

}  // namespace h2
