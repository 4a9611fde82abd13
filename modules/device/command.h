#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <systemc>

#include "modules/device/controller.h"

namespace h2 {

/// A descriptor under way.
struct Controller::Command {
  h2_descriptor descriptor{};
  NetworkTable table;
  GlbPlan glb;
  JobContext context;
  std::uint64_t sub_batch = 0;              ///< running number
  std::shared_ptr<const MaskSource> masks;  ///< of the context, runs without data
  CommandPtr depends;                       ///< backward pass that a weight gradient follows
  std::uint32_t error = H2_OK;
  std::uint32_t error_layer = 0, error_timestep = 0;
  std::uint64_t fetch_cycle = 0, start_cycle = 0;
  bool aborted = false;    ///< by a soft reset: runs no further layer
  bool forgotten = false;  ///< by a soft reset: no completion
  /// Backward: grad-u of layers >= this is in memory. `progress` is notified when it falls or the
  /// command fails.
  int gradients_from = 1 << 30;
  bool ended = false;
  sc_core::sc_event progress;
};

/// The queue of one engine's descriptors.
struct Controller::Phase {
  static constexpr std::size_t kDepth = 4;
  std::deque<CommandPtr> queue;
  sc_core::sc_event filled;
  CommandPtr current;
};

}  // namespace h2
