// SPDX-License-Identifier: Apache-2.0
#include "platform/accelerators.h"

#include <cstdarg>
#include <cstdio>

#include "modules/base/error.h"
#include "modules/h2learn/energy_plan.h"
#include "modules/h2learn/engines.h"
#include "modules/h2learn/glb_plan.h"
#include "modules/h2learn/schedule.h"
#include "modules/multicore/schedule.h"
#include "modules/multicore/traffic.h"
#include "modules/sata/buffer_plan.h"
#include "modules/sata/energy_plan.h"
#include "modules/sata/engines.h"
#include "modules/sata/schedule.h"
#include "platform/host/estimate.h"

namespace h2 {
namespace {

H2LearnSchedule::Settings schedule_settings(const Config& config, const MaskFactory& masks) {
  H2LearnSchedule::Settings s;
  s.memory_bytes = config.memory.bytes;
  s.compress_gradients = config.memory.compress_gradients;
  s.masks = masks;
  return s;
}

std::string text_of(const char* format, ...) {
  char text[256];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return text;
}

std::string describe_glb(const char* engine, const GlbDemand& demand) {
  std::string text = text_of("  %-14s %10.1f of %.1f KB (largest in ", engine,
                             demand.total() / 1024.0, demand.capacity / 1024.0) +
                     demand.worst_layer + "):";
  for (const GlbItem& item : demand.items) {
    text +=
        " " + item.name + text_of(" %.1f%s", item.bytes / 1024.0, item.halves == 2 ? " x2" : "");
  }
  return text + "\n";
}

/// What an engine does with a layer's operands.
std::string dataflow_of(const Config& config, const GlbPlan& glb, const JobEstimate& job) {
  const Layer& layer = config.network.layers[job.layer];
  const bool fc = layer.kind == LayerKind::fc;
  if (job.norm) return "batch norm, element by element";
  if (job.grad) return "Grad of the last layer";
  if (job.engine == H2LearnSchedule::kForwardEngine) {
    if (fc) return glb.forward_resident[job.layer] ? "vectors stay" : "vectors read again";
    return std::to_string(glb.forward_tiles[job.layer]) + " tiles per half";
  }
  if (job.engine == H2LearnSchedule::kBackwardEngine) {
    if (!fc) return h2::text_of(glb.backward_nest[job.layer], layer);
    const FcOrder order = glb.fc_order[job.layer];
    return order == FcOrder::stream     ? "weights streamed, sums and grad-u stay"
           : order == FcOrder::resident ? "grad-u stays"
                                        : "grad-u read again";
  }
  if (fc && glb.weight_update_resident[job.layer]) return "vectors stay";
  const std::string when = layer.grouped ? "once per group, " : "";
  return when + std::to_string(glb.weight_update_channels[job.layer]) + " input channels per pass";
}

std::uint64_t buffer_of(const GlbPlan& glb, const JobEstimate& job) {
  if (job.grad) return glb.grad_bytes;
  const auto layer = static_cast<std::size_t>(job.layer);
  if (job.norm) {
    return job.engine == H2LearnSchedule::kForwardEngine    ? glb.norm_forward_bytes[layer]
           : job.engine == H2LearnSchedule::kBackwardEngine ? glb.norm_backward_bytes[layer]
                                                            : glb.norm_update_bytes[layer];
  }
  return job.engine == H2LearnSchedule::kForwardEngine    ? glb.forward_bytes[layer]
         : job.engine == H2LearnSchedule::kBackwardEngine ? glb.backward_bytes[layer]
                                                          : glb.weight_update_bytes[layer];
}

std::string describe_h2learn(const Config& config) {
  const GlbPlan glb = plan_glb(config.machine, config.network, config.training.sub_batch);
  return describe_glb("forward", glb.forward) + describe_glb("weight_update", glb.weight_update) +
         describe_glb("backward", glb.backward);
}

std::string describe_sata(const Config& config) {
  require_tiles_fit(config);
  const SataBuffers& b = config.sata.buffers;
  std::string text =
      text_of("  spikes %.1f, potentials %.1f, weights %.1f, gradients %.1f, mask %.1f KB\n",
              b.spikes / 1024.0, b.potentials / 1024.0, b.weights / 1024.0, b.gradients / 1024.0,
              b.mask / 1024.0);
  const auto& layers = config.network.layers;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const int positions = producer_positions(config.network, i);
    const SataCut forward = cut_forward(sata_sizes(config), layers[i], positions);
    const SataCut update = cut_weight_gradient(sata_sizes(config), layers[i], positions);
    text += "  " + layers[i].name +
            text_of(": forward %d outputs of %d inputs, weight gradient %d of %d", forward.outputs,
                    forward.inputs, update.outputs, update.inputs);
    if (i > 0) {
      const SataCut back = cut_backward(sata_sizes(config), layers[i - 1], layers[i]);
      text += text_of(", backward %d of %d", back.outputs, back.inputs);
    }
    text += "\n";
  }
  return text;
}

/// Which core does what, and what goes over the mesh.
std::string describe_multicore(const Config& config) {
  const CorePlan plan(config.multicore, config.network, config.training.sub_batch);
  std::string notes;
  for (const std::string& text : plan.too_small()) notes += "  " + text + "\n";
  return describe(config.multicore, plan.mapping(), config.network) + notes +
         describe_traffic(config.multicore, streams_of(plan.mapping(), config.network));
}

}  // namespace

std::unique_ptr<Schedule> make_schedule(const Config& config, const MaskFactory& masks) {
  const H2LearnSchedule::Settings settings = schedule_settings(config, masks);
  switch (config.accelerator) {
    case AcceleratorKind::h2learn:
      return std::make_unique<H2LearnSchedule>(config.machine, settings);
    case AcceleratorKind::sata:
      return std::make_unique<SataSchedule>(config.machine, config.sata, settings);
    case AcceleratorKind::multicore:
      return std::make_unique<MulticoreSchedule>(config.machine, config.multicore, settings);
    case AcceleratorKind::spinalflow:
    case AcceleratorKind::spinaps:
      break;
  }
  throw InputError(
      "accelerator: spinalflow and spinaps infer only; legal here: h2learn, sata, multicore");
}

std::vector<EngineInfo> engines_of(const Config& config) {
  const bool unified = config.memory.organisation == MemoryOrganisation::unified;
  if (config.accelerator == AcceleratorKind::sata) return sata_engines(config.sata);
  if (config.accelerator == AcceleratorKind::multicore) {
    return multicore_engines(config.multicore, unified);
  }
  return h2learn_engines(config.machine, unified);
}

std::vector<EnginePlan> energy_plan_of(const Config& config) {
  if (config.accelerator == AcceleratorKind::sata) return sata_energy_plan(config.sata);
  if (config.accelerator == AcceleratorKind::multicore) {
    return multicore_energy_plan(config.multicore);
  }
  return h2learn_energy_plan(config.machine);
}

SpinApsMachine built_spinaps(const Config& config) {
  SpinApsMachine machine = config.spinaps;
  machine.fault_seed = config.training.seed;
  if (machine.arrays != 0) return machine;
  machine.arrays = 1;
  if (!config.has_network) return machine;
  const Layer& layer = config.network.layers.back();
  const SpinLayout layout =
      lay_out(config.spinaps, layer.cin * machine.tau, layer.cout, machine.weight_bits);
  if (layout.refusal.empty()) machine.arrays = layout.arrays;
  return machine;
}

JobNote describe_job(const Config& config, const JobEstimate& job) {
  if (config.accelerator == AcceleratorKind::sata) {
    return {config.sata.buffers.total(), "cut as above"};
  }
  if (config.accelerator == AcceleratorKind::multicore) {
    return {config.multicore.buffer_bytes, "cut as above"};
  }
  const GlbPlan glb = plan_glb(config.machine, config.network, config.training.sub_batch);
  return {buffer_of(glb, job), dataflow_of(config, glb, job)};
}

std::string describe_buffers(const Config& config) {
  if (config.accelerator == AcceleratorKind::multicore) return describe_multicore(config);
  return config.accelerator == AcceleratorKind::sata ? describe_sata(config)
                                                     : describe_h2learn(config);
}

}  // namespace h2
