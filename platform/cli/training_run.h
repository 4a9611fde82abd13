// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "platform/checkpoint/checkpoint.h"
#include "platform/cli/outputs.h"
#include "platform/cli/summary_run.h"
#include "platform/host/card_trainings.h"

namespace h2 {

/// One board of a training, and what runs on it.
struct TrainingBoard {
  TrainingBoard(const Config& config, const LoadedData& data, int threads, RunState& state,
                Trace& trace, const Elsewhere& elsewhere);

  Platform platform;
  CardTrainings trainings;
  Training& training;  ///< of the first card
  Sampler sampler;

 private:
  static Platform::Options options(int nodes, int threads, const RunState& state);
};

/// A training from its start, or from a checkpoint, to its end and its results. Behind every
/// checkpoint another board takes the place of the one before, and begins with what the checkpoint
/// holds: a run that is resumed and one that was never interrupted do the same.
class TrainingRun {
 public:
  /// All outlive the run.
  TrainingRun(const CommandLine& line, const Config& config, const LoadedData& data,
              const ResultFolder& folder);

  /// Begins with start weights per layer, OIHW. Throws InputError if the folder of the checkpoints
  /// holds some already.
  void start(std::vector<std::vector<float>> weights);
  /// Begins with a checkpoint. Throws InputError that says why it cannot.
  void resume(const std::string& path);

  /// Called with every board before time starts on it.
  std::function<void(TrainingBoard&)> on_board = [](TrainingBoard&) {};
  /// Called before the results are written.
  std::function<void()> on_end = [] {};
  /// Cards in other processes. That of card 0 writes results and checkpoints, the others nothing.
  Elsewhere elsewhere;
  WallClock wall;
  RunRecord& record() { return state_.record; }
  /// SHA-256 of program, configuration and data: what all processes of a training have in common.
  std::string digest() const;

  /// Returns the exit code.
  int operator()();

 private:
  bool writes() const { return elsewhere.card == 0; }
  std::unique_ptr<TrainingBoard> next_board();
  void warn_early(const Training::Status& status);
  void simulate(TrainingBoard& board);
  void checkpoint(const TrainingBoard& board);
  int finish(TrainingBoard& board);
  SummaryRun summary_run(TrainingBoard& board) {
    return {line_, config_, folder_, board.platform, *trace_, progress_, state_.record, begin_};
  }
  std::filesystem::path checkpoint_folder() const;

  const CommandLine& line_;
  const Config& config_;
  const LoadedData& data_;
  const ResultFolder& folder_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  RunIdentity identity_;
  RunState state_;
  std::unique_ptr<Trace> trace_;
  Progress progress_;
  std::filesystem::path last_checkpoint_;  // empty: it could not be written
  bool begun_ = false;
  bool writable_ = true;  // checkpoints
  bool warned_ = false;   // early
};

}  // namespace h2
