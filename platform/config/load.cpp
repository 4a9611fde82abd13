// SPDX-License-Identifier: Apache-2.0
#include "platform/config/load.h"

#include <filesystem>

#include "modules/base/error.h"
#include "platform/config/energy_table.h"
#include "platform/config/fit.h"
#include "platform/config/validate.h"
#include "platform/config/yaml_sources.h"

namespace h2 {
namespace {

constexpr const char* kPreset = "memory.preset";
constexpr const char* kDram = "memory.dram.";

/// Applies layers of assignments to the defaults.
class Resolver {
 public:
  explicit Resolver(std::string file) { origins_.file = std::move(file); }

  void apply(const ConfigLayer& layer) {
    for (const Assignment& a : layer) {
      if (a.key->path == kPreset) set_preset(a);
    }
    for (const Assignment& a : layer) {
      if (a.key->path != kPreset) set(a);
    }
  }

  Config finish() {
    config_.name = std::filesystem::path(origins_.file).stem().string();
    config_.has_network = !config_.network_text.empty();
    if (config_.has_network) parse();
    validate(config_, origins_);
    check_fit(config_, origins_);
    load_cost_table(config_.energy);
    return std::move(config_);
  }

 private:
  void set(const Assignment& a) {
    a.key->set(config_, a.value);
    auto& items = config_.network_text.items;
    for (std::size_t i = 0; a.key->layer_list && i < a.places.size(); ++i) {
      items[i].place = a.places[i];
    }
    origins_.given[a.key->path] = {++order_, a.where};
  }

  void set_preset(const Assignment& a) {
    set(a);
    for (auto it = origins_.given.begin(); it != origins_.given.end();) {
      it = it->first.rfind(kDram, 0) == 0 ? origins_.given.erase(it) : std::next(it);
    }
  }

  void parse() {
    try {
      config_.network = build_network(config_.network_text, config_.network.input,
                                      config_.network.timesteps, config_.pool, config_.neuron);
      // A group of one has nothing to keep, and pixels of an input do not change in it.
      const bool grouped = config_.machine.fc_weight_gradient == FcGradient::per_group &&
                           config_.training.batch_group > 1;
      for (Layer& l : config_.network.layers) {
        l.grouped = grouped && l.kind == LayerKind::fc && !l.encoding;
      }
    } catch (const InputError& e) {
      if (!config_.network_text.items.empty()) throw;  // names the item's place
      throw InputError(origins_.latest({"network.layers"}) + ": " + e.what());
    }
  }

  Config config_;
  Origins origins_;
  int order_ = 0;
};

}  // namespace

Config load_config(const std::string& file, const std::vector<Override>& sets) {
  Resolver resolver(file);
  for (const ConfigLayer& layer : read_files(file)) resolver.apply(layer);
  resolver.apply(read_overrides(sets));
  return resolver.finish();
}

}  // namespace h2
