// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

#include "modules/spinaps/first_spike.h"
#include "modules/spinaps/glm_training.h"
#include "platform/config/config.h"
#include "platform/data/dataset.h"
#include "platform/host/training.h"
#include "traces/results/run_record.h"

namespace h2 {

/// Throws InputError unless the samples fit the one layer of the network.
void require_fits_spinaps(const LoadedData& data, const Config& config);

/// Spikes of sample `index` of the test set, and of the training set in an epoch counted from 0:
/// drawn anew in each. Recordings of events are taken as they are.
GlmSpikes test_spikes(const Config& config, const Dataset& data, std::size_t index);
GlmSpikes training_spikes(const Config& config, const Dataset& data, std::size_t index, int epoch);

/// Parameters before training.
GlmParameters<float> start_parameters(const Config& config);

/// Trains on the host, in groups of training.sub_batch x training.batch_group samples. `record`
/// gets the loss (minus log likelihood) of every group and epoch; its training accuracy is that of
/// the quantised network on the samples as they were drawn in the epoch, its validation accuracy
/// that on the samples of `validation`, drawn as for a test.
struct SpinTraining {
  const Config& config;
  const Dataset& samples;
  std::function<void(const Training::Status&)> on_progress = [](const Training::Status&) {};
  std::function<bool()> stop = [] { return false; };
  const Dataset* validation = nullptr;  ///< none, or not empty

  GlmParameters<float> operator()(RunRecord& record) const;
};

/// The rule of `config`, with the deadline given (0: that of the configuration).
FirstSpikeRule spin_rule(const Config& config, int deadline = 0);

}  // namespace h2
