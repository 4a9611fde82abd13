// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "modules/tensor/density.h"
#include "platform/config/config.h"
#include "platform/data/dataset.h"
#include "platform/host/card_session.h"
#include "platform/host/sample_feed.h"

namespace h2 {

class Platform;

/// What one sub-batch came to in one layer.
struct TrialLayer {
  LayerDensities densities;
  std::uint64_t lost_gradients = 0;  ///< rounded to zero in the Backward Engine
  std::uint64_t overflows = 0;       ///< potentials, gradients, and gradients of weights
  double lost_share() const {
    const auto all = static_cast<double>(densities.gradient.elements);
    return all > 0 ? static_cast<double>(lost_gradients) / all : 0;
  }
};

/// One pass of one sub-batch.
struct TrialPass {
  std::vector<TrialLayer> layers;
  std::uint64_t cycles = 0;
  double seconds = 0;  ///< of the computer that simulates

  /// Index of the first layer whose share of spikes is outside [low, high]; nothing if all are
  /// inside. The last layer only has to fire.
  std::optional<std::size_t> rate_outside(double low, double high) const;
  bool overflows() const;
  double lost_share() const;  ///< the largest of a layer
};

/// The first sub-batch of a training, forward and backward, without an update; where it shows too
/// few or too many spikes, or gradients that FP16 cannot hold, the same with other weights and
/// loss scales. The host's program of `h2vp check`.
class Trial {
 public:
  static constexpr double kFewSpikes = 0.01, kManySpikes = 0.6;
  static constexpr double kLostGradients = 0.001;  ///< of a layer's

  /// `weights`: start values per layer, OIHW. All outlive the trial.
  Trial(const Config& config, const Dataset& samples, std::vector<std::vector<float>> weights,
        Platform& platform);
  void operator()(HostCpu& host);

  TrialPass first;
  /// Factor on the start weights with which all layers fire; nothing: none was needed or found.
  std::optional<float> gain;
  /// Loss scale with which (almost) no gradient is lost; the same.
  std::optional<float> loss_scale;

 private:
  TrialPass pass(bool backward);
  void write_weights(HostCpu& host, float factor);
  void find_gain(HostCpu& host);
  void find_loss_scale();
  bool fits(float loss_scale);
  static int next_sub_batch(void* self, h2_sub_batch* next);

  const Config& config_;
  const Dataset& samples_;
  const std::vector<std::vector<float>> weights_;
  Platform& platform_;
  CardSession card_;
  SampleFeed feed_;
  std::vector<const std::uint8_t*> pointers_;
  std::vector<std::uint32_t> labels_;
  bool taken_ = false;  // the sub-batch of the pass under way
};

}  // namespace h2
