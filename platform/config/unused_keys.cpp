// SPDX-License-Identifier: Apache-2.0
#include "platform/config/unused_keys.h"

#include <algorithm>

namespace h2 {
namespace {

/// Keys, by path or by section with a '.' at the end, and when they have an effect.
struct Use {
  std::vector<std::string> keys;
  std::vector<std::string> choosers;
  std::string users;  ///< values of the first chooser with which they have one
  bool (*used)(const Config&);
};

bool files(const Config& c) { return c.dataset.kind != "digits"; }

bool recordings(const Config& c) {
  const std::string& kind = c.dataset.kind;
  return kind == "nmnist" || kind == "cifar10dvs" || kind == "dvsgesture" || kind == "shd" ||
         kind == "ssc";
}

bool sgd(const Config& c) { return c.training.update.optimizer == Optimizer::sgd; }

template <AcceleratorKind kind>
bool card(const Config& c) {
  return c.accelerator == kind;
}

template <ScheduleKind kind>
bool schedule(const Config& c) {
  return c.training.schedule.kind == kind;
}

const std::vector<Use>& uses() {
  static const std::string kRecorded = "nmnist, cifar10dvs, dvsgesture, shd, ssc";
  static const std::vector<Use> list{
      {{"dataset.path", "dataset.cache_bytes"}, {"dataset.kind"}, "any but digits", files},
      {{"dataset.windows", "dataset.window_us", "dataset.events"},
       {"dataset.kind"},
       kRecorded,
       recordings},
      {{"dataset.coding"},
       {"dataset.kind", "dataset.events"},
       "one of pixels, or dataset.events counts",
       [](const Config& c) { return !recordings(c) || c.dataset.events == EventValues::counts; }},
      {{"dataset.resize"},
       {"dataset.kind"},
       "images",
       [](const Config& c) { return c.dataset.kind == "images"; }},
      {{"training.momentum"}, {"training.optimizer"}, "sgd", sgd},
      {{"training.beta1", "training.beta2", "training.epsilon"},
       {"training.optimizer"},
       "adam",
       [](const Config& c) { return !sgd(c); }},
      {{"training.schedule.every", "training.schedule.factor"},
       {"training.schedule.kind"},
       "step",
       schedule<ScheduleKind::step>},
      {{"training.schedule.steps", "training.schedule.floor"},
       {"training.schedule.kind"},
       "cosine",
       schedule<ScheduleKind::cosine>},
      {{"training.loss_scale_growth"},
       {"training.loss_scale"},
       "dynamic",
       [](const Config& c) { return c.training.dynamic_loss_scale; }},
      {{"profile.sample_fraction"},
       {"profile.clustering"},
       "sample",
       [](const Config& c) { return c.profile.clustered_by_sample; }},
      {{"memory.ideal."},
       {"memory.preset"},
       "ideal",
       [](const Config& c) { return c.memory.ideal; }},
      {{"federated.shards", "federated.straggler"},
       {"federated.local_epochs"},
       "1 or more",
       [](const Config& c) { return c.federated.enabled(); }},
      {{"sata."}, {"accelerator"}, "sata", card<AcceleratorKind::sata>},
      {{"cores.", "noc."}, {"accelerator"}, "multicore", card<AcceleratorKind::multicore>},
      {{"spinalflow."}, {"accelerator"}, "spinalflow", card<AcceleratorKind::spinalflow>},
      {{"spinaps."}, {"accelerator"}, "spinaps", card<AcceleratorKind::spinaps>},
  };
  return list;
}

/// nullptr for a key that always has an effect.
const Use* use_of(const std::string& path) {
  for (const Use& use : uses()) {
    for (const std::string& key : use.keys) {
      if (key.back() == '.' ? path.compare(0, key.size(), key) == 0 : path == key) return &use;
    }
  }
  return nullptr;
}

std::string section_of(const std::string& path) { return path.substr(0, path.rfind('.') + 1); }

/// Keys beside `path` that have an effect; of a whole section none has.
std::string others(const std::string& path, const Config& config) {
  const std::string section = section_of(path);
  std::vector<std::string> names;
  for (const Key& key : key_table()) {
    if (section_of(key.path) != section) continue;
    const Use* use = use_of(key.path);
    if (use == nullptr || use->used(config)) names.push_back(key.path.substr(section.size()));
  }
  return names.empty() ? "no key of " + section.substr(0, section.size() - 1)
                       : "of " + section.substr(0, section.size() - 1) + " only " + joined(names);
}

}  // namespace

std::vector<UnusedKey> unused_keys(const Config& config) {
  static const Config kDefaults;
  std::vector<UnusedKey> found;
  for (const Key& key : key_table()) {
    const Use* use = use_of(key.path);
    if (use == nullptr || use->used(config) || key.get(config) == key.get(kDefaults)) continue;
    const std::string& chooser = use->choosers.front();
    found.push_back({&key, use->choosers, chooser + " " + find_key(chooser)->get(config).dump(),
                     chooser + " " + use->users + ", or " + others(key.path, config)});
  }
  return found;
}

}  // namespace h2
