// SPDX-License-Identifier: Apache-2.0
#include "platform/cli/dry_run.h"

#include <cinttypes>
#include <cstdio>
#include <string>

#include "modules/base/error.h"
#include "platform/accelerators.h"
#include "platform/driver/h2_driver.h"
#include "platform/host/estimate.h"

namespace h2 {
namespace {

void print_layers(const Config& config, const h2_device& device) {
  std::printf("Tensors (offset in MemN)\n  %-8s %12s %12s %12s %12s %12s %14s\n", "layer",
              "weights", "spikes", "potential", "mask", "gradient",
              memory_count(config) == 1 ? "grad-w" : "grad-w (Mem2)");
  for (std::size_t i = 0; i < config.network.layers.size(); ++i) {
    const h2_layer& l = device.layers[i];
    std::printf("  %-8s %12" PRIx64 " %12" PRIx64 " %12" PRIx64 " %12" PRIx64 " %12" PRIx64
                " %14" PRIx64 "\n",
                config.network.layers[i].name.c_str(), l.weights, l.spikes, l.potential, l.mask,
                l.gradient, l.weight_gradient);
  }
}

void print_jobs(const Config& config, const Estimate& estimate) {
  std::printf(
      "Jobs of one sub-batch (drawn masks, no memory stalls)\n  %-8s %-19s %12s %10s %10s  %s\n",
      "layer", "engine", "cycles", "MB", "buffer KB", "dataflow");
  const auto engines = engines_of(config);
  for (const JobEstimate& job : estimate.jobs) {
    const JobNote note = describe_job(config, job);
    std::string engine = engines[job.engine].key;
    if (engines.size() == 1) engine += " " + job.pass;  // which of its passes
    std::printf("  %-8s %-19s %12" PRIu64 " %10.3f %10.1f  %s\n",
                config.network.layers[job.layer].name.c_str(), engine.c_str(), job.cycles,
                static_cast<double>(job.bytes) / 1e6, static_cast<double>(note.buffer_bytes) / 1024,
                note.dataflow.c_str());
  }
}

void print_estimate(const Config& config, const Estimate& estimate) {
  std::printf("Estimate of one sub-batch\n");
  const auto engines = engines_of(config);
  for (std::size_t e = 0; e < engines.size(); ++e) {
    std::printf("  %-14s %12" PRIu64 " cycles %10.2f MB\n", engines[e].key.c_str(),
                estimate.compute_cycles[e], static_cast<double>(estimate.bytes[e]) / 1e6);
  }
  const double cycles = estimate.cycles_per_sub_batch(config);
  std::printf("  update         %10.2f MB once per %d sub-batches\n",
              static_cast<double>(estimate.update_bytes) / 1e6, config.training.batch_group);
  std::printf(
      "  at least %.0f cycles = %.3f ms per sub-batch, fill and update of the group included\n",
      cycles, cycles / config.machine.clock_mhz / 1e3);
}

}  // namespace

int print_dry_run(const Config& config) {
  if (!config.has_network) throw InputError("network.layers: missing; a dry run needs a network");
  std::printf("Global buffers\n%s", describe_buffers(config).c_str());
  const h2_device device = place_network(config);
  std::printf("Address map\n  %-10s %#14" PRIx64 " + %#" PRIx64 "\n", "registers", H2_REGS_BASE,
              H2_REGS_SIZE);
  for (int n = 0; n < memory_count(config); ++n) {
    std::printf("  mem%-7d %#14" PRIx64 " + %#" PRIx64 "   %.1f MB used\n", n, H2_MEM_BASE(n),
                config.memory.bytes, device.used[n] / 1e6);
  }
  print_layers(config, device);
  std::uint64_t macs = 0;
  for (const Layer& l : config.network.layers) macs += l.macs();
  const std::uint64_t passes =
      std::uint64_t{3} * config.training.sub_batch * config.network.timesteps;
  std::printf(
      "Work\n  %.2f M MACs per sample and timestep, %.2f G per sub-batch over the three "
      "phases\n",
      macs / 1e6, static_cast<double>(macs * passes) / 1e9);
  const Estimate estimate = estimate_sub_batch(config, device);
  print_jobs(config, estimate);
  print_estimate(config, estimate);
  return 0;
}

}  // namespace h2
