// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "modules/h2learn/machine.h"

// What the arrays can do at most: the identities that tie the configuration to the paper's tables
// (VII and VIII).

namespace h2 {

/// Spike operations (one weight selected by one spike) per cycle: 36,864 by default.
inline int spike_operations(const ForwardSpec& a) {
  return a.rows * a.cols * a.taps() * a.parallelism;
}
/// The same of the Weight Update Engine: 40,960.
inline int spike_operations(const WeightUpdateSpec& a) {
  return a.rows * a.cols * a.positions() * a.parallelism;
}

/// FP16 adders of the Acc trees of one lane: 3,072.
inline int acc_adders(const ForwardSpec& a) { return a.rows * a.cols * a.sub_luts; }
/// The same of the Weight Update Engine: 2,560.
inline int acc_adders(const WeightUpdateSpec& a) { return a.rows * a.cols * a.sub_luts; }

/// FP16 operations per second in units of 1e12 (a multiply-accumulate is two): 27.8528.
inline double peak_tflops(const Machine& m) {
  const int pes = m.backward.rows * m.backward.cols * m.backward.group;
  const double per_cycle = acc_adders(m.forward) * m.forward.parallelism +
                           acc_adders(m.weight_update) * m.weight_update.parallelism + 2.0 * pes +
                           pes;
  return m.clock_mhz * per_cycle * 1e-6;
}

}  // namespace h2
