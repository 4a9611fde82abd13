// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "modules/device/job.h"
#include "modules/h2learn/job_context.h"
#include "modules/multicore/core_plan.h"
#include "modules/multicore/mail.h"

namespace h2 {

/// What the jobs of one command share: tensors of H2Learn's descriptor family, the plan, and the
/// streams between layers by the layer that sends.
struct CoreContext {
  JobContext family;
  const MulticoreSpec* spec = nullptr;
  std::shared_ptr<const CorePlan> plan;
  std::vector<std::optional<std::uint32_t>> spikes, gradients;

  const Layer& layer(int index) const { return family.layer(index); }
  bool last(int index) const { return index + 1 == static_cast<int>(family.layers->size()); }
};

/// Forward pass of a slice. Spikes come from the mailbox, or of the whole sub-batch from memory,
/// and go to both.
std::unique_ptr<Job> make_core_forward_job(const CoreContext& context, const CoreSlice& slice);
/// grad-u of a slice's channels from grad-u of the layer above, or, of the last layer, from grad-s
/// that the host left at `loss`.
std::unique_ptr<Job> make_core_backward_job(const CoreContext& context, const CoreSlice& slice,
                                            std::uint64_t loss);
/// grad-w of a slice. `first`: overwrite grad-w in Mem2, otherwise add to it.
std::unique_ptr<Job> make_core_weight_gradient_job(const CoreContext& context,
                                                   const CoreSlice& slice, bool first);

}  // namespace h2
