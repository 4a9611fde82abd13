#include "platform/host/estimate.h"

#include <algorithm>

#include "memory/dram/memory_timing.h"
#include "modules/h2learn/job_context.h"
#include "platform/host/drawn_masks.h"

namespace h2 {
namespace {

void add(Job& job, std::uint64_t& cycles, std::uint64_t& bytes) {
  for (int chunk = 0; chunk < job.chunks(); ++chunk) {
    bool more = true;
    for (int stage = 0; more; ++stage) {
      TransferList loads;
      more = job.load(chunk, stage, loads);
      bytes += loads.charged();
    }
    cycles += job.work(chunk).cycles.total();
    TransferList stores;
    job.store(chunk, stores);
    bytes += stores.charged();
  }
}

}  // namespace

double Estimate::cycles_per_sub_batch(const Config& config) const {
  const double clock = config.machine.clock_mhz * 1e6;
  const double per_cycle = 3 * make_memory_timing(config.memory)->peak_gbps() * 1e9 / clock;
  const double moved = static_cast<double>(bytes[0] + bytes[1] + bytes[2]) +
                       static_cast<double>(update_bytes) / config.training.batch_group;
  const std::uint64_t chain = compute_cycles[0] + std::max(compute_cycles[1], compute_cycles[2]);
  const std::uint64_t pace =
      config.overlap ? *std::max_element(compute_cycles.begin(), compute_cycles.end()) : chain;
  return std::max(static_cast<double>(pace), moved / per_cycle);
}

Estimate estimate_sub_batch(const Config& config, const h2_device& device) {
  const DrawnMasks masks(config, 0);
  const GlbPlan glb = plan_glb(config.machine, config.network, config.training.sub_batch);
  std::vector<PlacedLayer> layers;
  for (std::size_t i = 0; i < config.network.layers.size(); ++i) {
    layers.push_back({config.network.layers[i], device.layers[i]});
  }
  JobContext context;
  context.machine = &config.machine;
  context.layers = &layers;
  context.glb = &glb;
  context.masks = &masks;
  context.neuron = config.neuron;
  context.batch = config.training.sub_batch;
  context.steps = config.network.timesteps;
  context.value_bytes = static_cast<int>(device.value_bytes);
  context.static_once = config.static_input_once;
  context.compress_gradients = config.memory.compress_gradients;

  Estimate sum;
  const int last = static_cast<int>(layers.size()) - 1;
  std::uint64_t update_cycles = 0;
  for (int l = 0; l <= last; ++l) {
    add(*make_forward_job(context, l), sum.compute_cycles[0], sum.bytes[0]);
    if (l < last) add(*make_backward_job(context, l), sum.compute_cycles[1], sum.bytes[1]);
    add(*make_weight_gradient_job(context, l, false), sum.compute_cycles[2], sum.bytes[2]);
    add(*make_update_job(context, l, config.training.update, 1, {0, 0}), update_cycles,
        sum.update_bytes);
  }
  return sum;
}

}  // namespace h2
