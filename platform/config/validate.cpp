// SPDX-License-Identifier: Apache-2.0
#include "platform/config/validate.h"

#include <algorithm>
#include <sstream>

#include "memory/dram/limits.h"
#include "modules/base/error.h"
#include "modules/contract/h2_contract.h"
#include "modules/contract/spinaps_contract.h"
#include "modules/multicore/mapper.h"
#include "modules/network/extensions.h"
#include "platform/config/keys.h"

namespace h2 {
namespace {

using Paths = std::vector<std::string>;

/// Reports the first broken rule.
class Rules {
 public:
  Rules(const Config& config, const Origins& origins) : config_(config), origins_(origins) {}

  /// The first path is the one blamed.
  void require(bool holds, const Paths& paths, const std::string& legal) const {
    if (holds) return;
    std::string others;
    for (std::size_t i = 1; i < paths.size(); ++i) {
      others += (i == 1 ? " contradicts " : ", ") + paths[i] + " = " + value(paths[i]);
    }
    throw InputError(origins_.latest(paths) + ": " + paths[0] + ": " + value(paths[0]) +
                     (others.empty() ? " is illegal" : others) + "; legal: " + legal);
  }

 private:
  std::string value(const std::string& path) const {
    return find_key(path)->get(config_).dump(-1, ' ', false,
                                             nlohmann::json::error_handler_t::replace);
  }

  const Config& config_;
  const Origins& origins_;
};

Paths dram(const std::vector<const char*>& names) {
  Paths paths;
  for (const char* name : names) paths.push_back(std::string("memory.dram.") + name);
  return paths;
}

bool is_address_map(const std::string& map) {
  std::vector<std::string> fields;
  std::istringstream in(map);
  for (std::string field; std::getline(in, field, '-');) fields.push_back(field);
  std::sort(fields.begin(), fields.end());
  return fields == Paths{"bank", "bankgroup", "channel", "column", "rank", "row"} &&
         map.back() != '-';
}

void check_dram_shape(const MemorySpec& memory, const Rules& rules) {
  const DramSpec& d = memory.dram;
  const std::uint64_t row_set = d.row_bytes * d.channels * d.ranks * d.bank_groups *
                                static_cast<std::uint64_t>(d.banks_per_group);
  Paths capacity = dram({"channels", "ranks", "bank_groups", "banks_per_group", "row_bytes"});
  capacity.insert(capacity.begin(), "memory.bytes");
  rules.require(memory.bytes >= row_set, capacity,
                "at least one row in every bank, " + std::to_string(row_set) + " bytes");
  rules.require(is_address_map(d.address_map), dram({"address_map"}),
                find_key("memory.dram.address_map")->text_form);
}

void check_dram_rules(const DramSpec& spec, const Rules& rules) {
  for (const DramRule& rule : dram_rules(spec)) {
    rules.require(rule.holds, dram(rule.names), rule.legal);
  }
}

void check_profile(const Config& config, const Rules& rules) {
  if (!config.has_network) return;
  const std::size_t layers = config.network.layers.size();
  const auto per_layer = [&](const char* path, const std::vector<double>& list) {
    rules.require(list.size() == 1 || list.size() == layers, {path, "network.layers"},
                  "one number, or one for each of the " + std::to_string(layers) + " layers");
  };
  per_layer("profile.spike_density", config.profile.spike_density);
  per_layer("profile.mask_density", config.profile.mask_density);
  per_layer("profile.gradient_density", config.profile.gradient_density);
}

/// What a data set demands of the network; 0: any value will do.
struct DataShape {
  const char* kind;
  int channels, height, width, classes;
  bool pixels;  ///< static 8-bit pixels, which only an encoding layer reads
};

constexpr DataShape kDataShapes[] = {
    {"digits", 1, 28, 28, 10, true},    {"mnist", 1, 0, 0, 0, true},
    {"nmnist", 0, 0, 0, 10, false},     {"cifar10", 3, 32, 32, 10, true},
    {"cifar100", 3, 32, 32, 100, true}, {"cifar10dvs", 0, 0, 0, 10, false},
    {"dvsgesture", 0, 0, 0, 11, false}, {"shd", 0, 0, 0, 20, false},
    {"ssc", 0, 0, 0, 35, false},        {"images", 0, 0, 0, 0, true},
};

void require_data_shape(const Config& config, const DataShape& shape) {
  const Network& net = config.network;
  const std::string kind = " for dataset.kind " + config.dataset.kind;
  const InputShape& in = net.input;
  const auto side = [](int size) { return size == 0 ? std::string("any") : std::to_string(size); };
  const auto fits = [](int wanted, int given) { return wanted == 0 || wanted == given; };
  if (!fits(shape.channels, in.channels) || !fits(shape.height, in.height) ||
      !fits(shape.width, in.width)) {
    throw InputError("network.input: " + std::to_string(in.channels) + "x" +
                     std::to_string(in.height) + "x" + std::to_string(in.width) + "; legal" + kind +
                     ": " + side(shape.channels) + "x" + side(shape.height) + "x" +
                     side(shape.width) + " (channels, height, width)");
  }
  const bool pixels = shape.pixels || config.dataset.events == EventValues::counts;
  const bool direct = pixels && config.dataset.coding == PixelCoding::direct;
  if (net.encoding() != direct) {
    throw InputError("network.layers: the first layer " + std::string(direct ? "lacks" : "has") +
                     " (Encoding); legal" + kind +
                     (direct ? ": a first layer with it, it reads pixels"
                             : ": a first layer without it, it reads spikes"));
  }
  if (!fits(shape.classes, net.layers.back().cout)) {
    throw InputError("network.layers: the last layer has " +
                     std::to_string(net.layers.back().cout) + " neurons; legal" + kind + ": " +
                     std::to_string(shape.classes) + ", one per class");
  }
}

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

bool is_power_of_two(int value) { return (value & (value - 1)) == 0; }

/// Cards that share batch groups.
void check_parts(const Config& config, const Rules& rules) {
  const TrainingConfig& t = config.training;
  const int cards = config.cluster.cards;
  rules.require(t.replicas % cards == 0, {"training.replicas", "cluster.cards"},
                "a multiple of the cards, of which each sums the same number of parts");
  if (config.cluster.algorithm == CollectiveAlgorithm::ring) return;
  rules.require(is_power_of_two(t.replicas / cards),
                {"training.replicas", "cluster.cards", "cluster.algorithm"},
                "1, 2, 4, .. times the cards: a card's parts make a partial sum; any multiple with "
                "ring");
}

/// Cards that average their weights.
void check_federated(const Config& config, const Rules& rules) {
  const TrainingConfig& t = config.training;
  const std::string with = "federated.local_epochs";
  rules.require(t.epochs % config.federated.local_epochs == 0, {"training.epochs", with},
                "a multiple of the local epochs, rounds of which the training consists");
  rules.require(t.checkpoint.every == 0 || !t.dynamic_loss_scale,
                {"training.checkpoint.every", with, "training.loss_scale"},
                "0, or a loss scale that is a number: a checkpoint holds one for all cards");
  rules.require(t.schedule.kind == ScheduleKind::constant, {"training.schedule.kind", with},
                "constant: optimisers start anew in every round");
  rules.require(t.schedule.warmup == 0, {"training.schedule.warmup", with},
                "0: optimisers start anew in every round");
}

void check_cluster(const Config& config, const Rules& rules) {
  const TrainingConfig& t = config.training;
  const bool several =
      config.accelerator == AcceleratorKind::h2learn || config.accelerator == AcceleratorKind::sata;
  rules.require(several || config.cluster.cards == 1, {"cluster.cards", "accelerator"},
                "1 unless the cards are h2learn or sata");
  const bool by_host = config.accelerator == AcceleratorKind::spinaps;
  rules.require(!by_host || t.replicas == 1, {"training.replicas", "accelerator"},
                "1: the host trains it sample by sample");
  rules.require(!by_host || !config.federated.enabled(), {"federated.local_epochs", "accelerator"},
                "0: the host trains it");
  rules.require(t.replicas <= t.batch_group, {"training.replicas", "training.batch_group"},
                "1 to the sub-batches of a group");
  rules.require(t.replicas == 1 || t.update_time != UpdateTime::fused,
                {"training.update", "training.replicas"},
                "auto or separate with several parts: the update needs their sum");
  rules.require(config.cluster.algorithm != CollectiveAlgorithm::halving ||
                    is_power_of_two(config.cluster.cards),
                {"cluster.cards", "cluster.algorithm"}, "1, 2, 4, .. with halving");
  if (config.federated.enabled()) return check_federated(config, rules);
  check_parts(config, rules);
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

std::string Origins::latest(const std::vector<std::string>& paths) const {
  std::pair<int, std::string> best{-1, file};
  for (const std::string& path : paths) {
    const auto found = given.find(path);
    if (found != given.end()) best = std::max(best, found->second);
  }
  return best.second;
}

void validate(const Config& config, const Origins& origins) {
  const Rules rules(config, origins);
  rules.require(
      config.training.update_time != UpdateTime::fused || !config.training.dynamic_loss_scale,
      {"training.update", "training.loss_scale"},
      "auto or separate with a dynamic loss scale, which may skip a step");
  const std::size_t layers = config.network.layers.size();
  if (layers > H2_MAX_LAYERS) {
    throw InputError(origins.latest({"network.layers"}) + ": network.layers: has " +
                     std::to_string(layers) + " layers with weights; legal: up to " +
                     std::to_string(H2_MAX_LAYERS));
  }
  check_cluster(config, rules);
  check_sata(config, rules);
  check_spinaps(config, origins, rules);
  rules.require(config.dataset.windows == EventWindows::time || config.dataset.window_us == 0,
                {"dataset.window_us", "dataset.windows"}, "0 with windows by count");
  check_extensions(config, origins);
  check_norm(config, rules);
  check_multicore(config, origins, rules);
  rules.require(config.neuron.th_l < config.neuron.th_r, {"neuron.th_l", "neuron.th_r"},
                "th_l < th_r");
  check_dram_rules(config.memory.dram, rules);
  check_dram_shape(config.memory, rules);
  check_profile(config, rules);
  rules.require(config.vcd.to_us == 0.0 || config.vcd.to_us > config.vcd.from_us,
                {"trace.vcd.to_us", "trace.vcd.from_us"}, "0, or to_us > from_us");
  rules.require(!config.probe.timeline || (config.probe.enable && config.timeline.enable),
                {"trace.probe.timeline", "trace.probe.enable", "trace.timeline.enable"},
                "false, or all three true");
}

void require_training_accelerator(const Config& config) {
  if (config.accelerator == AcceleratorKind::spinalflow) {
    throw InputError(
        "accelerator: spinalflow infers only; legal here: h2learn, sata (see h2vp infer-spikes)");
  }
  if (config.accelerator == AcceleratorKind::spinaps) {
    throw InputError(
        "accelerator: spinaps is trained on the host; legal here: h2learn, sata (see h2vp train "
        "and "
        "h2vp infer)");
  }
}

void require_trainable(const Config& config) {
  require_training_accelerator(config);
  if (!config.has_network) {
    throw InputError("network.layers: no network given; legal for training: a network");
  }
  const Layer& last = config.network.layers.back();
  if (last.kind != LayerKind::fc) {
    throw InputError("network.layers: the last layer " + last.name +
                     " is a convolution; legal for training: an FC layer last");
  }
  for (const DataShape& shape : kDataShapes) {
    if (config.dataset.kind == shape.kind) require_data_shape(config, shape);
  }
  if (config.dataset.kind != "digits" && config.dataset.path.empty()) {
    throw InputError("dataset.path: none given; legal for dataset.kind " + config.dataset.kind +
                     ": the folder of the data");
  }
}

}  // namespace h2
