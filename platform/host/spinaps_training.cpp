// SPDX-License-Identifier: Apache-2.0
#include "platform/host/spinaps_training.h"

#include <algorithm>
#include <numeric>

#include "modules/base/error.h"

namespace h2 {
namespace {

GlmSpikes spikes_of(const Config& config, const Dataset& data, std::size_t index,
                    std::uint64_t draw) {
  const int inputs = config.network.layers.front().cin, steps = config.network.timesteps;
  if (data.input_steps != 0) return spikes_of_events(data.sample(index), inputs, steps);
  CounterRng rng(config.training.seed, RandomStream::spikes, draw);
  return encode_pixels(data.sample(index), inputs, steps, config.spinaps.encoding, rng);
}

std::vector<std::uint32_t> order_of(const TrainingConfig& training, std::size_t count, int epoch) {
  const auto samples = static_cast<std::uint32_t>(count);
  if (training.shuffle) return permutation(samples, training.seed, epoch);
  std::vector<std::uint32_t> order(samples);
  std::iota(order.begin(), order.end(), 0U);
  return order;
}

}  // namespace

void require_fits_spinaps(const LoadedData& data, const Config& config) {
  const Layer& layer = config.network.layers.front();
  const InputShape& s = data.train.shape;
  const int inputs = s.channels * s.height * s.width;
  if (inputs != layer.cin) {
    throw InputError("network.input: " + std::to_string(layer.cin) + " inputs; the samples have " +
                     std::to_string(inputs));
  }
  const int classes = std::max(data.train.classes, data.test.classes);
  if (classes > layer.cout) {
    throw InputError("network.layers: the layer has " + std::to_string(layer.cout) +
                     " neurons, the labels reach " + std::to_string(classes - 1));
  }
}

GlmSpikes test_spikes(const Config& config, const Dataset& data, std::size_t index) {
  return spikes_of(config, data, index, index);
}

GlmSpikes training_spikes(const Config& config, const Dataset& data, std::size_t index, int epoch) {
  return spikes_of(config, data, index, (static_cast<std::uint64_t>(epoch) + 1) << 32 | index);
}

GlmParameters<float> start_parameters(const Config& config) {
  const Layer& layer = config.network.layers.front();
  const SpinApsMachine& m = config.spinaps;
  return {layer.cin, layer.cout, m.tau, m.kernels, m.start_bias};
}

FirstSpikeRule spin_rule(const Config& config, int deadline) {
  const SpinApsMachine& m = config.spinaps;
  if (deadline == 0) deadline = m.deadline;
  return {deadline != 0 ? deadline : config.network.timesteps, m.early_stop, m.undecided};
}

namespace {

double accuracy_on(const Config& config, const GlmNetwork& network, const Dataset& samples,
                   const std::function<GlmSpikes(std::size_t)>& spikes) {
  std::size_t right = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const GlmDecision d = decide(network, sigmoid_table(), spikes(i), spin_rule(config),
                                 sample_seed(config.spinaps.seed, i));
    right += d.winner == samples.label(i) ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(samples.size());
}

}  // namespace

GlmParameters<float> SpinTraining::operator()(RunRecord& record) const {
  const TrainingConfig& training = config.training;
  GlmTrainer trainer(start_parameters(config), config.network.timesteps, training.update);
  const auto group = static_cast<std::size_t>(training.sub_batch) * training.batch_group;
  Training::Status status;
  status.epochs = training.epochs;
  status.of = (samples.size() + group - 1) / group * training.epochs;
  for (int epoch = 0; epoch < training.epochs; ++epoch) {
    const std::vector<std::uint32_t> order = order_of(training, samples.size(), epoch);
    double loss = 0;
    for (std::size_t first = 0; first < order.size(); first += group) {
      if (stop()) {
        record.interrupted = true;
        return trainer.parameters();
      }
      std::vector<GlmSpikes> spikes;
      std::vector<const GlmSpikes*> pointers;
      std::vector<int> labels;
      const std::size_t end = std::min(order.size(), first + group);
      for (std::size_t i = first; i < end; ++i) {
        spikes.push_back(training_spikes(config, samples, order[i], epoch));
        labels.push_back(samples.label(order[i]));
      }
      pointers.reserve(spikes.size());
      for (const GlmSpikes& s : spikes) pointers.push_back(&s);
      record.loss.push_back(-trainer.train(pointers, labels));
      loss += record.loss.back() * static_cast<double>(end - first);
      ++status.sub_batches;
      status.epoch = epoch + 1;
      status.loss = loss / static_cast<double>(end);
      on_progress(status);
    }
    const GlmNetwork network = quantise(trainer.parameters(), config.spinaps.weight_bits);
    EpochRecord e;
    e.loss = loss / static_cast<double>(samples.size());
    e.train_accuracy = accuracy_on(config, network, samples, [&](std::size_t i) {
      return training_spikes(config, samples, i, epoch);
    });
    if (validation != nullptr) {
      e.validation_accuracy = accuracy_on(config, network, *validation, [&](std::size_t i) {
        return test_spikes(config, *validation, i);
      });
      record.validation_accuracy = e.validation_accuracy;
      record.validation_set = validation->size();
    }
    record.epochs.push_back(e);
    record.train_accuracy = e.train_accuracy;
  }
  return trainer.parameters();
}

}  // namespace h2
