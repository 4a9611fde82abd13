#pragma once

#include <memory>
#include <vector>

#include "modules/h2learn/job_context.h"
#include "platform/config/config.h"

namespace h2 {

/// Masks drawn from profile.mask_density and profile.gradient_density: seeded by training.seed,
/// different for every sub-batch and layer.
class DrawnMasks : public MaskSource {
 public:
  DrawnMasks(const Config& config, std::uint64_t sub_batch);

  const BitMap& open(int layer) const override { return open_[layer]; }
  const BitMap& nonzero(int layer) const override { return nonzero_[layer]; }

 private:
  std::vector<BitMap> open_, nonzero_;
};

/// Makes them for one sub-batch after another. `config` must outlive the factory.
MaskFactory drawn_masks(const Config& config);

}  // namespace h2
