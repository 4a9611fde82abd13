// SPDX-License-Identifier: Apache-2.0
// Rules of single accelerators.

#include <algorithm>

#include "modules/contract/spinaps_contract.h"
#include "modules/multicore/mapper.h"
#include "modules/network/extensions.h"
#include "platform/config/rules.h"

namespace h2 {
namespace {

void check_ann(const Config& config, const Rules& rules) {
  if (!config.sata.ann || !config.has_network) return;
  rules.require(config.network.timesteps == 1, {"network.timesteps", "sata.ann"},
                "1: activations do not change with time");
  rules.require(config.neuron.beta == 1.0F, {"neuron.beta", "sata.ann"}, "1, the slope of ReLU");
  const auto& layers = config.network.layers;
  const bool pooled = std::any_of(layers.begin(), layers.end(),
                                  [](const Layer& l) { return l.pool == PoolMode::after_soma; });
  rules.require(!pooled, {"network.pool", "sata.ann"},
                "before_soma: sums are averaged, then ReLU acts");
}

const char* name_of(AcceleratorKind kind) {
  switch (kind) {
    case AcceleratorKind::sata:
      return "SATA";
    case AcceleratorKind::spinalflow:
      return "SpinalFlow";
    case AcceleratorKind::spinaps:
      return "SpinAPS";
    case AcceleratorKind::multicore:
      return "the multi-core trainer";
    case AcceleratorKind::h2learn:
      break;
  }
  return "H2Learn";
}

void check_extensions(const Config& config, const Origins& origins) {
  const std::string where = origins.latest(
      {"machine.extensions", "network.layers", "neuron.reset", "neuron.surrogate", "accelerator"});
  for (const Layer& l : config.network.layers) {
    std::vector<std::string> wanted = extensions_of(l);
    if (config.accelerator != AcceleratorKind::h2learn) {
      if (l.bias) wanted.emplace_back("a bias");
      if (wanted.empty()) continue;
      throw InputError(where + ": network.layers: " + l.name + " has " + wanted.front() +
                       "; legal: a network without, " + name_of(config.accelerator) + " has none");
    }
    if (wanted.empty() || config.machine.extensions) continue;
    throw InputError(where + ": machine.extensions: false; legal: true with " + wanted.front() +
                     " (" + l.name + "), which is beyond the paper's hardware");
  }
}

/// Statistics are those of a sub-batch on one card, and no gradient behind batch norm is 0.
void check_norm(const Config& config, const Rules& rules) {
  const auto& layers = config.network.layers;
  if (std::none_of(layers.begin(), layers.end(), [](const Layer& l) { return l.normalised(); })) {
    return;
  }
  const std::string one = "1 with batch_norm: its running mean and variance are one card's";
  rules.require(config.cluster.cards == 1, {"cluster.cards", "network.layers"}, one);
  rules.require(config.training.replicas == 1, {"training.replicas", "network.layers"}, one);
  rules.require(!config.federated.enabled(), {"federated.local_epochs", "network.layers"},
                "0 with batch_norm: its running mean and variance are one card's");
  rules.require(!config.memory.compress_gradients, {"memory.compress_gradients", "network.layers"},
                "false with batch_norm, behind which hardly a gradient is 0");
}

void check_sata(const Config& config, const Rules& rules) {
  if (config.accelerator != AcceleratorKind::sata) return;
  rules.require(config.neuron.alpha == kSataAlpha, {"neuron.alpha", "accelerator"},
                "0.9375, the decay by a shift of four bits");
  for (const Layer& l : config.network.layers) {
    if (l.neuron.alpha == kSataAlpha) continue;
    throw InputError("network.layers: " + l.name + " has its own alpha; legal with accelerator " +
                     "sata: 0.9375 in all layers, the decay by a shift of four bits");
  }
  rules.require(config.memory.organisation == MemoryOrganisation::split,
                {"memory.organisation", "accelerator"}, "split: SATA has one memory");
  rules.require(!config.memory.compress_gradients, {"memory.compress_gradients", "accelerator"},
                "false: SATA stores gradients dense");
  rules.require(config.machine.fc_weight_gradient == FcGradient::per_sub_batch,
                {"dataflow.fc_weight_gradient", "accelerator"},
                "per_sub_batch: SATA adds up gradients in its memory");
  check_ann(config, rules);
}

/// A mesh with all its clocks, and a mapping that this network can have.
void check_multicore(const Config& config, const Origins& origins, const Rules& rules) {
  if (config.accelerator != AcceleratorKind::multicore) return;
  const MulticoreSpec& m = config.multicore;
  rules.require(m.columns <= m.count, {"cores.columns", "cores.count"}, "up to cores.count");
  rules.require(m.rows() * m.columns <= kMostCores, {"cores.columns", "cores.count"},
                "rows x columns up to " + std::to_string(kMostCores));
  const auto clocks = static_cast<int>(m.clocks_mhz.size());
  rules.require(clocks == 1 || clocks == m.count, {"cores.clocks_mhz", "cores.count"},
                "one clock, or one for each core");
  rules.require(!config.memory.compress_gradients, {"memory.compress_gradients", "accelerator"},
                "false: cores store gradients dense");
  rules.require(config.machine.fc_weight_gradient == FcGradient::per_sub_batch,
                {"dataflow.fc_weight_gradient", "accelerator"},
                "per_sub_batch: cores add up gradients in Mem2");
  if (!config.has_network) return;
  try {
    map_layers(m, config.network);
  } catch (const InputError& error) {
    throw InputError(origins.latest({"cores.mapping", "cores.count", "network.layers"}) + ": " +
                     error.what());
  }
}

/// One layer, whose weights and spikes fit the arrays and the buffer.
void check_spinaps(const Config& config, const Origins& origins, const Rules& rules) {
  if (config.accelerator != AcceleratorKind::spinaps) return;
  const SpinApsMachine& m = config.spinaps;
  rules.require(m.kernels <= m.tau, {"spinaps.kernels", "spinaps.tau"}, "1 to tau");
  if (!config.has_network) return;
  rules.require(m.deadline <= config.network.timesteps, {"spinaps.deadline", "network.timesteps"},
                "0, or 1 to the timesteps");
  const Layer& layer = config.network.layers.front();
  rules.require(config.network.layers.size() == 1 && layer.kind == LayerKind::fc,
                {"network.layers", "accelerator"}, "<n>FC, one layer of n neurons");
  const int most = 65535;
  rules.require(layer.cin <= most,
                {"network.input.channels", "network.input.height", "network.input.width"},
                "up to 65535 inputs together");
  const SpinLayout layout = lay_out(m, layer.cin * m.tau, layer.cout, m.weight_bits);
  if (!layout.refusal.empty()) {
    throw InputError(origins.latest({"spinaps.arrays", "spinaps.columns", "spinaps.rows",
                                     "spinaps.tau", "spinaps.weight_bits", "network.layers"}) +
                     ": " + layout.refusal);
  }
  const std::uint64_t sample = sa_sample_bytes(layer.cin, config.network.timesteps);
  const std::uint64_t half = std::max<std::uint64_t>(sample, layer.cout);
  rules.require(m.buffer_bytes >= 2 * half, {"spinaps.buffer_bytes", "network.timesteps"},
                std::to_string(2 * half) + " or more, the spikes of two samples");
}

}  // namespace

void check_accelerator(const Config& config, const Origins& origins, const Rules& rules) {
  check_sata(config, rules);
  check_spinaps(config, origins, rules);
  check_extensions(config, origins);
  check_norm(config, rules);
  check_multicore(config, origins, rules);
}

}  // namespace h2
