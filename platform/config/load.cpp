// SPDX-License-Identifier: Apache-2.0
#include "platform/config/load.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "modules/base/error.h"
#include "platform/config/energy_table.h"
#include "platform/config/fit.h"
#include "platform/config/source.h"
#include "platform/config/unused_keys.h"
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
    ++layer_;
    for (const Assignment& a : layer) {
      if (a.key->path == kPreset) set_preset(a);
    }
    for (const Assignment& a : layer) {
      if (a.key->path != kPreset) set(a);
    }
  }

  Config finish() {
    config_.name = std::filesystem::path(origins_.file).stem().string();
    for (const UnusedKey& unused : unused_keys(config_)) settle(unused);
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
    places_[a.key->path] = {layer_, a.shared};
  }

  /// A key without effect is an error of whoever gave it and could see why. Below the layer that
  /// chose otherwise, or given for several runs, it belongs to another choice and is forgotten.
  void settle(const UnusedKey& unused) {
    const std::string& path = unused.key->path;
    int chosen = 0;
    for (const std::string& chooser : unused.choosers) {
      chosen = std::max(chosen, places_[chooser].layer);
    }
    const nlohmann::json value = unused.key->get(config_);
    if (places_[path].layer >= chosen && !places_[path].shared) {
      fail(origins_.latest({path}), path,
           value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
               " has no effect with " + unused.reason,
           unused.legal);
    }
    unused.key->set(config_, unused.key->get(Config{}));
    origins_.given.erase(path);
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
  int order_ = 0, layer_ = 0;
  struct Place {
    int layer = 0;  ///< 0: not given
    bool shared = false;
  };
  std::map<std::string, Place> places_;
};

}  // namespace

std::vector<Override> shared(std::vector<Override> sets) {
  for (Override& set : sets) set.shared = true;
  return sets;
}

Config load_config(const std::string& file, const std::vector<Override>& sets) {
  Resolver resolver(file);
  for (const ConfigLayer& layer : read_files(file)) resolver.apply(layer);
  resolver.apply(read_overrides(sets));
  return resolver.finish();
}

}  // namespace h2
