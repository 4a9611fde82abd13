// SPDX-License-Identifier: Apache-2.0
#include "platform/config/validate.h"

#include <algorithm>
#include <sstream>

#include "memory/dram/limits.h"
#include "modules/contract/h2_contract.h"
#include "platform/config/rules.h"

namespace h2 {
namespace {

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
  check_accelerator(config, origins, rules);
  rules.require(config.dataset.windows == EventWindows::time || config.dataset.window_us == 0,
                {"dataset.window_us", "dataset.windows"}, "0 with windows by count");
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
