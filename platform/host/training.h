// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "platform/config/config.h"
#include "platform/data/dataset.h"
#include "platform/host/card_session.h"
#include "traces/results/run_record.h"

namespace h2 {

class Platform;

/// Sub-batches of one epoch over so many samples; the last may be a short one.
std::uint64_t epoch_sub_batches(const TrainingConfig& training, std::uint64_t samples);

/// The host's training program: epochs over a data set through the driver, then a test by forward
/// descriptors on samples never trained on. Talks to the card through the driver alone.
class Training {
 public:
  /// Where a run stands, after every batch group and every sub-batch of a test.
  struct Status {
    const char* phase = "train";                      ///< train, test or profile
    std::uint64_t sub_batches = 0, of = 0;            ///< trained, of the whole run
    std::uint64_t test_sub_batches = 0, test_of = 0;  ///< tested, of all tests of the run
    std::uint64_t epoch = 0, epochs = 0;              ///< from 1
    double loss = 0, accuracy = 0;                    ///< of the epoch so far, train only
  };

  /// `weights`: start values per layer, OIHW.
  Training(const Config& config, const LoadedData& data, std::vector<std::vector<float>> weights,
           Platform& platform, RunRecord& record);

  std::function<void(const Status&)> on_progress;
  /// Asked before every sub-batch; true ends the run: what is under way is finished, the group is
  /// left without its update, the test is left out.
  std::function<bool()> stop;
  /// Labels of every training sub-batch in order.
  std::function<void(const std::uint32_t* labels, std::size_t count)> on_labels;
  void operator()(HostCpu& host);

 private:
  void write_weights(HostCpu& host);
  void train();
  EpochRecord train_epoch(int epoch);
  void test_between();
  void train_group(const std::vector<std::uint32_t>& order, std::size_t first, std::size_t count);
  /// Accuracy on the test set; nothing if it was interrupted.
  std::optional<double> test();
  void read_weights(HostCpu& host);
  void keep_weights(HostCpu& host);
  void report(const char* phase, double correct = 0, double loss = 0, std::uint64_t samples = 0);
  static int next_sub_batch(void* self, h2_sub_batch* next);
  void fill(const Dataset& set, const std::uint32_t* indices, std::size_t count,
            h2_sub_batch& batch);

  const Config& config_;
  const LoadedData& data_;
  std::vector<std::vector<float>> initial_;
  Platform& platform_;
  RunRecord& record_;
  CardSession card_;
  std::vector<const std::uint8_t*> pointers_;
  std::vector<std::uint32_t> labels_;
  h2_group group_{};
  const std::uint32_t* group_indices_ = nullptr;
  std::size_t group_left_ = 0;
  std::uint64_t total_sub_batches_ = 0;
  std::uint64_t tested_sub_batches_ = 0, total_test_sub_batches_ = 0;
  std::uint64_t epoch_ = 0;
  std::uint64_t last_group_end_ = 0;
  bool testing_ = false;  // between epochs
};

}  // namespace h2
