// SPDX-License-Identifier: Apache-2.0
// Whether what a checkpoint holds is a state of this network. A file whose digest is right may have
// been made by hand: what numbers say where to look is checked before anything looks there.

#include <algorithm>

#include "modules/base/error.h"
#include "platform/checkpoint/checkpoint.h"

namespace h2 {
namespace {

class Fit {
 public:
  Fit(const RunState& state, const Config& config, std::string path)
      : state_(state),
        layers_(config.network.layers),
        engines_(state.board.engines.size()),
        path_(std::move(path)) {}

  void check() const {
    check_weights();
    check_record();
    check_looks();
  }

 private:
  void require(bool holds, const std::string& what) const {
    if (!holds) throw InputError(path_ + ": is no state of this network and machine: " + what);
  }

  void check_weights() const {
    const auto& found = state_.training.layers;
    require(found.size() == layers_.size(), "it has " + std::to_string(found.size()) +
                                                " layers, the network has " +
                                                std::to_string(layers_.size()));
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const std::uint64_t count = layers_[l].parameter_count();
      const auto require_count = [&](std::size_t size, const char* values) {
        require(size == count, std::to_string(size) + " " + values + " of " + layers_[l].name +
                                   " instead of " + std::to_string(count));
      };
      require_count(found[l].master.size(), "weights");
      if (!found[l].first.empty()) require_count(found[l].first.size(), "first moments");
      if (!found[l].second.empty()) require_count(found[l].second.size(), "second moments");
    }
  }

  void require_layer(int index) const {
    require(index >= 0 && static_cast<std::size_t>(index) < layers_.size(),
            "layer " + std::to_string(index) + " of its record");
  }
  void require_engine(int index) const {
    require(index >= 0 && static_cast<std::size_t>(index) < engines_,
            "engine " + std::to_string(index) + " of its record");
  }
  void require_kind(JobKind kind) const {
    require(kind >= JobKind::update && kind <= JobKind::norm,
            "kind " + std::to_string(static_cast<int>(kind)) + " of jobs in its record");
  }

  void check_record() const {
    const RunRecord& record = state_.record;
    for (const auto& [key, cost] : record.layers) {
      require_kind(key.kind);
      require_kind(cost.kind);
      require_engine(key.engine);
      require_engine(cost.engine);
      require_layer(key.layer);
    }
    for (const LayerRecord& job : record.jobs) require_engine(job.engine);
    require(record.jobs.size() <= RunRecord::kMostJobs, "too many jobs in its record");
    require_layers(record.densities);
    require_layers(record.epoch_densities);
    for (const EpochRecord& epoch : record.epochs) require_layers(epoch.densities);
  }
  void require_layers(const std::map<int, LayerDensities>& densities) const {
    for (const auto& [layer, ignored] : densities) require_layer(layer);
  }

  void check_looks() const {
    const SamplerState& samples = state_.samples;
    require(samples.looks.empty() || samples.step_ps > 0, "samples without a step");
    require(samples.looks.size() < Sampler::kMost, "too many samples over time");
    const auto fits = [this](const Snapshot& look) {
      return look.engines.size() == engines_ && look.events.size() == engines_ &&
             look.memories.size() == state_.board.memories.size();
    };
    require(std::all_of(samples.looks.begin(), samples.looks.end(), fits),
            "samples of other engines or memories");
    require(state_.board.events.size() == engines_, "events of other engines");
  }

  const RunState& state_;
  const std::vector<Layer>& layers_;
  const std::size_t engines_;
  const std::string path_;
};

}  // namespace

void require_fits(const RunState& state, const Config& config, const std::string& path) {
  Fit(state, config, path).check();
}

}  // namespace h2
