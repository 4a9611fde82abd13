// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "platform/config/config.h"
#include "platform/data/dataset.h"
#include "platform/host/card_session.h"
#include "platform/host/federated_round.h"
#include "platform/host/learning_rates.h"
#include "platform/host/loss_scaling.h"
#include "platform/host/replica_group.h"
#include "platform/host/sample_feed.h"
#include "platform/host/training_state.h"
#include "traces/results/run_record.h"

namespace h2 {

class CommandProcessor;
class Platform;

/// Sub-batches of one epoch over so many samples; the last may be a short one.
std::uint64_t epoch_sub_batches(const TrainingConfig& training, std::uint64_t samples);
/// Throws InputError unless the batch groups of such an epoch have a sub-batch for each part.
void require_parts(const TrainingConfig& training, std::uint64_t samples);

/// The host's training program: epochs over a data set through the driver, then a test by forward
/// descriptors on samples never trained on. Between epochs the validation part is tested where
/// there is one, so that nothing can be chosen by the test part. Talks to the card through the
/// driver alone. Where several cards train together, each has its own; card 0 tests.
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

  /// `record` is empty, or that of the run which had come to `start`.
  Training(const Config& config, const LoadedData& data, TrainingState start, Platform& platform,
           RunRecord& record, const Seat& seat = {});
  /// `weights`: start values per layer, OIHW.
  Training(const Config& config, const LoadedData& data, std::vector<std::vector<float>> weights,
           Platform& platform, RunRecord& record)
      : Training(config, data, start_of_training(std::move(weights)), platform, record) {}

  std::function<void(const Status&)> on_progress;
  /// Asked before every sub-batch; true ends the run: what is under way is finished, the group is
  /// left without its update, the test is left out.
  std::function<bool()> stop;
  /// Asked behind every batch group, or round of a federated training, and in tests; true ends the
  /// run there, as for a checkpoint: paused() and preempted(). A test is broken off and forgotten.
  std::function<bool()> make_room;
  /// Labels of every training sub-batch in order.
  std::function<void(const std::uint32_t* labels, std::size_t count)> on_labels;
  void operator()(HostCpu& host);

  /// training.checkpoint.every batch groups were trained: the program has ended at a clock edge, to
  /// go on from state() on another board.
  bool paused() const { return paused_; }
  /// It has paused to make room: no other board is to follow in this process.
  bool preempted() const { return preempted_; }
  TrainingState state() const { return state_; }

 private:
  void run(HostCpu& host);
  void train(HostCpu& host);
  EpochRecord train_epoch(HostCpu& host);
  void pause_here(bool preempted);
  bool may_pause() const;
  bool has_to_make_room() const { return make_room && make_room(); }
  void leave_state(HostCpu& host);
  void hand_over(HostCpu& host);
  void conclude(HostCpu& host);
  std::shared_ptr<const Agreement> gather(HostCpu& host);
  void take_up(const Agreement& all);
  void tell(HostCpu& host, CardState state);
  bool test_between(HostCpu& host);
  /// False if the group was skipped.
  bool train_group(HostCpu& host, const std::vector<std::uint32_t>& order, std::size_t first,
                   std::size_t count);
  int run_group(HostCpu& host);
  bool end_epoch(HostCpu& host, EpochRecord trained);
  bool meet_to_average(HostCpu& host);
  void count_group(std::size_t samples);
  std::vector<std::uint32_t> sample_order() const;
  /// The share predicted right; nothing if it was interrupted.
  std::optional<double> test(const Dataset& set);
  void test_at_end(HostCpu& host);
  void forget_test(std::uint64_t samples, std::uint64_t sub_batches);
  CommandProcessor& commands() const;
  void leave_weights(HostCpu& host);
  void keep_weights(HostCpu& host);
  Status status(const char* phase) const;
  void report_training() const;
  static int next_sub_batch(void* self, h2_sub_batch* next);
  void fill(const Dataset& set, const std::uint32_t* indices, std::size_t count,
            h2_sub_batch& batch);

  const Config& config_;
  const LoadedData& data_;
  TrainingState state_;
  Platform& platform_;
  RunRecord& record_;
  const Seat seat_;
  const std::vector<std::uint32_t> shard_;  // samples of a federated card
  const std::size_t train_size_;            // samples of an epoch on this card
  CardSession card_;
  std::vector<const std::uint8_t*> pointers_;
  std::vector<std::uint32_t> labels_;
  h2_group group_{};
  const std::uint32_t* group_begin_ = nullptr;
  const std::uint32_t* group_indices_ = nullptr;
  std::size_t group_left_ = 0;
  std::uint64_t total_sub_batches_ = 0;
  std::uint64_t total_test_sub_batches_ = 0;
  std::uint64_t last_group_end_ = 0;
  std::uint64_t groups_ = 0, rounds_ = 0;  // on this board
  bool paused_ = false;
  bool preempted_ = false;
  CardCounts board_start_;
  LossScaling scaling_;
  LearningRates rates_;
  SampleFeed feed_;
  ReplicaGroup parts_;    // used with seat_.sums
  FederatedRound round_;  // used with seat_.averages
  bool testing_ = false;  // between epochs
  bool told_ = false;     // all cards know that the run is interrupted
};

}  // namespace h2
