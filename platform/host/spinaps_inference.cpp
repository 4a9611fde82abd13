// SPDX-License-Identifier: Apache-2.0
#include "platform/host/spinaps_inference.h"

#include <algorithm>

#include "modules/base/error.h"
#include "platform/host/snapshot.h"
#include "platform/platform.h"

namespace h2 {

sa_table spin_table(const GlmNetwork& network, int steps, int samples) {
  sa_table t{};
  t.inputs = static_cast<std::uint32_t>(network.inputs);
  t.classes = static_cast<std::uint32_t>(network.classes);
  t.tau = static_cast<std::uint32_t>(network.tau);
  t.steps = static_cast<std::uint32_t>(steps);
  t.weight_bits = static_cast<std::uint32_t>(network.weight_bits);
  t.scale = network.scale_q16;
  t.samples = static_cast<std::uint32_t>(samples);
  return t;
}

SpinInference::SpinInference(const Config& config, const GlmNetwork& network,
                             const Dataset& samples, Platform& platform, RunRecord& record)
    : config_(config), network_(network), samples_(samples), platform_(platform), record_(record) {}

void SpinInference::operator()(HostCpu& host) {
  const auto classes = static_cast<std::size_t>(network_.classes);
  record_.inference.emplace();
  record_.inference->confusion.assign(classes, std::vector<std::uint64_t>(classes, 0));
  record_.inference->spikes = record_.inference->confusion;
  record_.inference->by_step.resize(spin_rule(config_).deadline + 1);
  record_.train_start = take_snapshot(platform_);
  auto& jobs = platform_.controller.job_ended;
  const int observer = jobs.add([this](const LayerRecord& r) {
    if (r.opcode == SA_OP_INFER) record_.add_densities(r.job);
    record_.add(r);
  });
  open(host);
  run(host);
  jobs.remove(observer);
  record_.train_end = take_snapshot(platform_);
  record_.test_accuracy = record_.inference->accuracy();
  record_.test_set = record_.inference->predicted.size();
}

void SpinInference::open(HostCpu& host) {
  const h2_bus bus = host.driver_bus();
  check(sa_open(&device_, &bus, 0), "opening the card");
  const sa_table table =
      spin_table(network_, config_.network.timesteps, config_.training.sub_batch);
  check(sa_load_network(&device_, &table), "loading the network");
  device_.card.bus = host.loader_bus();
  check(sa_write_network(&device_, network_.weights.data(), network_.biases.data(),
                         sigmoid_table().data()),
        "writing the network");
  device_.card.bus = host.driver_bus();
  check(sa_program(&device_), "programming the arrays");
}

void SpinInference::run(HostCpu& host) {
  const std::size_t samples = samples_.size();
  const auto step = static_cast<std::size_t>(config_.training.sub_batch);
  record_.epoch_sub_batches = (samples + step - 1) / step;
  for (std::size_t first = 0; first < samples; first += step) {
    if (stop && stop()) {
      record_.interrupted = true;
      return;
    }
    const std::size_t count = std::min(step, samples - first);
    record_.begin_group(platform_.cycle());
    run_sub_batch(host, first, count);
    ++record_.sub_batches;
    record_.samples += count;
    record_.end_group(platform_.cycle(), 1, count == step || record_.sub_batches == 1,
                      bytes_per_cycle(config_, platform_));
    if (!on_progress) continue;
    Training::Status s;
    s.phase = "test";
    s.test_sub_batches = record_.sub_batches;
    s.test_of = record_.epoch_sub_batches;
    on_progress(s);
  }
}

void SpinInference::run_sub_batch(HostCpu& host, std::size_t first, std::size_t count) {
  // Spikes are made, and answers read, by the host; the card's own traffic takes simulated time.
  device_.card.bus = host.loader_bus();
  for (std::size_t i = 0; i < count; ++i) {
    const std::vector<std::uint8_t> bits = pack_spikes(test_spikes(config_, samples_, first + i));
    check(sa_write_spikes(&device_, static_cast<std::uint32_t>(i), bits.data()),
          "writing the spikes");
  }
  device_.card.bus = host.driver_bus();
  host.work();
  const FirstSpikeRule rule = spin_rule(config_);
  sa_rule how{};
  if (rule.early_stop) how.flags |= SA_FLAG_EARLY_STOP;
  if (rule.undecided == SpinUndecided::largest) how.flags |= SA_FLAG_LARGEST;
  how.deadline = static_cast<std::uint32_t>(rule.deadline);
  how.seed = config_.spinaps.seed;
  check(sa_infer(&device_, static_cast<std::uint32_t>(count), static_cast<std::uint32_t>(first),
                 &how),
        "inference");
  device_.card.bus = host.loader_bus();
  std::vector<sa_result> answers(count);
  check(sa_read_results(&device_, static_cast<std::uint32_t>(count), answers.data()),
        "reading the results");
  device_.card.bus = host.driver_bus();
  for (std::size_t i = 0; i < count; ++i) this->count(first + i, answers[i]);
}

void SpinInference::count(std::size_t sample, const sa_result& result) {
  InferenceRecord& r = *record_.inference;
  const int label = samples_.label(sample);
  const bool right = result.winner == label;
  results.push_back(result);
  r.predicted.push_back(static_cast<std::uint32_t>(result.winner));
  if (result.winner >= 0) ++r.confusion[label][result.winner];
  if (result.step != 0) ++r.spikes[label][result.winner];
  InferenceRecord::Decided& decided = r.by_step.at(result.step);
  ++decided.samples;
  decided.right += right ? 1 : 0;
}

void SpinInference::check(int error, const std::string& what) const {
  if (error == H2_OK) return;
  std::string text = what + ": " + h2_error_text(error);
  const std::string reason = h2_reason(&device_.card);
  if (!reason.empty()) text += ": " + reason;
  throw RunError(text);
}

}  // namespace h2
