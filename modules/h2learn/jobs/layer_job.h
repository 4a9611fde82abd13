// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "modules/h2learn/event_counts.h"
#include "modules/h2learn/job_context.h"

namespace h2 {

/// What the jobs of a layer share: a descriptor's context and the layer that the results belong to.
class LayerJob : public Job {
 protected:
  /// `owner` has the weights, `result` what is computed from them.
  LayerJob(const JobContext& context, int owner, int result, const GlbRoom& glb_room)
      : context_(context), l_(context.layer(result)) {
    name = context.layer(owner).name;
    layer = owner;
    result_layer = result;
    room = glb_room;
  }
  /// Maps of a tensor: one per sample and timestep.
  int maps() const { return context_.batch * context_.steps; }
  std::uint64_t over_maps(std::uint64_t count) const { return count * maps(); }
  /// Dense multiply-accumulates of the whole sub-batch with the owner's weights.
  std::uint64_t dense_macs() const { return context_.layer(layer).macs() * maps(); }

  JobContext context_;
  const Layer& l_;
};

}  // namespace h2
