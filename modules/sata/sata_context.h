// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "modules/base/ceil_div.h"
#include "modules/device/job.h"
#include "modules/h2learn/job_context.h"
#include "modules/sata/buffer_plan.h"
#include "modules/sata/sata_spec.h"

namespace h2 {

/// What all jobs of one descriptor share: the tensors of H2Learn's descriptor family, and the array
/// with the gates that were on when the descriptor was read.
struct SataContext {
  JobContext family;
  SataSpec array;

  const Layer& layer(int index) const { return family.layer(index); }
  Layer array_layer(int index) const { return array_view(layer(index), array.ann); }
  std::uint64_t maps() const { return static_cast<std::uint64_t>(family.batch) * family.steps; }
  /// Samples and timesteps of a layer's input: pixels do not change with time.
  std::uint64_t input_maps(const Layer& l) const {
    return l.encoding ? static_cast<std::uint64_t>(family.batch) : maps();
  }
  SataSizes sizes() const {
    return {array.buffers, family.machine->tile, family.batch, family.steps, array.ann};
  }
  /// Positions of the map that a layer reads flattened; 1 if it reads its own map.
  int producer_positions(int index) const {
    if (index == 0 || layer(index).kind == LayerKind::conv) return 1;
    return layer(index - 1).next_h * layer(index - 1).next_w;
  }
  /// Channels of the array's columns take turns.
  std::uint64_t folds(int outputs) const { return ceil_div(outputs, array.cols); }
  /// Of an input as the array takes it: a spike, or an activation.
  std::uint64_t input_bits() const { return array.ann ? 16 : 1; }
  /// Timesteps whose sums the array makes in a forward pass.
  int forward_steps(const Layer& l) const {
    return l.encoding && family.static_once ? 1 : family.steps;
  }
};

std::unique_ptr<Job> make_sata_forward_job(const SataContext& context, int layer);
/// grad-u of `layer` from grad-u of layer+1 through the weights of layer+1.
std::unique_ptr<Job> make_sata_backward_job(const SataContext& context, int layer);
/// grad-u of the last layer from grad-s that the host left at `gradient`.
std::unique_ptr<Job> make_sata_gradient_job(const SataContext& context, std::uint64_t gradient);
/// `first`: overwrite grad-w, otherwise add to it.
std::unique_ptr<Job> make_sata_weight_gradient_job(const SataContext& context, int layer,
                                                   bool first);

}  // namespace h2
