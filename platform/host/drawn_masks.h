// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "modules/h2learn/job_context.h"
#include "platform/config/config.h"

namespace h2 {

/// Masks and spikes drawn from profile.mask_density, gradient_density and spike_density: seeded by
/// training.seed, different for every sub-batch and layer. The input is as dense as the spikes of
/// the first layer.
class DrawnMasks : public MaskSource {
 public:
  DrawnMasks(const Config& config, std::uint64_t sub_batch);

  const BitMap& open(int layer) const override { return open_[layer]; }
  const BitMap& nonzero(int layer) const override { return nonzero_[layer]; }
  const BitMap& spikes(int layer) const override { return spikes_[layer]; }
  const BitMap& input() const override { return input_; }

 private:
  std::vector<BitMap> open_, nonzero_, spikes_;
  BitMap input_;
};

/// Makes them for one sub-batch after another. `config` must outlive the factory.
MaskFactory drawn_masks(const Config& config);

}  // namespace h2
