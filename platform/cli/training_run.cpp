// SPDX-License-Identifier: Apache-2.0
#include "platform/cli/training_run.h"

#include <iostream>
#include <systemc>
#include <utility>

#include "modules/base/error.h"
#include "platform/cli/interrupt.h"
#include "platform/cli/messages.h"
#include "platform/cli/version.h"
#include "platform/host/learning_warnings.h"
#include "platform/host/snapshot.h"
#include "traces/results/sha256.h"

namespace h2 {
namespace {

/// Takes the place of a simulation whose modules are gone: time begins at 0.
void renew_simulation() {
  sc_core::sc_curr_simcontext = new sc_core::sc_simcontext;
  sc_core::sc_default_global_context = sc_core::sc_curr_simcontext;
}

/// Simulated time of the run at which the next board begins.
std::uint64_t begin_ps(const Config& config, const RunState& state) {
  const sc_core::sc_time period(1e6 / config.machine.clock_mhz, sc_core::SC_PS);
  return state.board.cycle * period.value();
}

}  // namespace

Platform::Options TrainingBoard::options(int nodes, int threads, const RunState& state) {
  Platform::Options options;
  options.nodes = nodes;
  options.threads = threads;
  options.earlier = state.board;
  options.first_sub_batch = state.board.sub_batches;
  return options;
}

TrainingBoard::TrainingBoard(const Config& config, const LoadedData& data, int threads,
                             RunState& state, Trace& trace, const Elsewhere& elsewhere)
    : platform("top", config, options(nodes_of(config, elsewhere), threads, state), trace),
      trainings(config, data, state.training, platform, state.record, elsewhere),
      training(trainings.first()),
      sampler(
          "sampler", [this] { return take_snapshot(platform); }, state.samples,
          begin_ps(config, state)) {}

TrainingRun::TrainingRun(const CommandLine& line, const Config& config, const LoadedData& data,
                         const ResultFolder& folder)
    : line_(line),
      config_(config),
      data_(data),
      folder_(folder),
      progress_(line.quiet, config.machine.clock_mhz) {
  if (config.training.checkpoint.every != 0 || line.has("resume")) {
    identity_ = identity_of(kVersion, config, data);
  }
}

std::string TrainingRun::digest() const {
  const RunIdentity all = identity_of(kVersion, config_, data_);
  return sha256_hex(all.program + all.config.dump() + all.data);
}

std::filesystem::path TrainingRun::checkpoint_folder() const {
  const std::string& dir = config_.training.checkpoint.dir;
  return dir.empty() ? folder_.path() / "checkpoints" : std::filesystem::path(dir);
}

void TrainingRun::start(std::vector<std::vector<float>> weights) {
  if (config_.training.checkpoint.every != 0 && holds_checkpoints(checkpoint_folder())) {
    throw InputError(checkpoint_folder().string() +
                     ": holds checkpoints of another run; go on from them with --resume, name "
                     "another training.checkpoint.dir, or remove them");
  }
  state_.training = start_of_training(std::move(weights));
}

void TrainingRun::resume(const std::string& path) {
  const std::filesystem::path file = find_checkpoint(path);
  state_ = read_checkpoint(file, identity_);
  require_fits(state_, config_, file.string());
  if (!line_.quiet) {
    std::cout << "resumed from " << file.string() << ": " << groups_of(state_) << " batch groups\n";
  }
}

std::unique_ptr<TrainingBoard> TrainingRun::next_board() {
  if (begun_) {
    renew_simulation();
  } else {
    trace_ = writes() ? make_trace(line_, config_, folder_.path()) : std::make_unique<Trace>();
  }
  trace_->next_board(begin_ps(config_, state_));
  auto board =
      std::make_unique<TrainingBoard>(config_, data_, line_.threads, state_, *trace_, elsewhere);
  Platform& platform = board->platform;
  Training& training = board->training;
  training.on_progress = [&](const Training::Status& s) {
    warn_early(s);
    progress_.show(s, platform.cycle());
  };
  // With checkpoints a run that has to make room loses nothing.
  const bool resumable = config_.training.checkpoint.every != 0;
  board->trainings.set_stop(resumable ? Interrupt::stopped : Interrupt::requested);
  if (resumable) board->trainings.set_make_room(Interrupt::preempted);
  on_board(*board);
  if (begun_) return board;
  trace_->require_matches();
  platform.probes.require_matches();
  if (writes()) folder_.begin();
  trace_->start();
  begun_ = true;
  return board;
}

/// A long run that does not learn says so when it begins, and not at its end alone.
void TrainingRun::warn_early(const Training::Status& status) {
  constexpr std::size_t kGroups = 10;
  if (warned_ || state_.record.loss.size() < kGroups || 4 * status.sub_batches > status.of) return;
  warned_ = true;
  for (const Warning& w : learning_warnings(config_, state_.record)) {
    progress_.finish();
    std::cerr << "h2vp: warning: after " << state_.record.loss.size() << " batch groups " << w.text
              << '\n';
  }
}

void TrainingRun::simulate(TrainingBoard& board) {
  try {
    board.platform.run();
  } catch (const std::exception& e) {
    progress_.finish();
    if (writes()) write_failed(summary_run(board), board.sampler, error_message(e));
    throw;
  }
  wall.kernel_seconds += board.platform.kernel_seconds();
}

/// Takes up the state that the board leaves. A checkpoint that cannot be written becomes a warning,
/// and no other one is tried.
void TrainingRun::checkpoint(const TrainingBoard& board) {
  last_checkpoint_.clear();
  state_.training = board.training.state();
  state_.board = board.platform.counts();
  state_.samples = board.sampler.state();
  if (!writable_ || !writes()) return;
  try {
    last_checkpoint_ =
        write_checkpoint(checkpoint_folder(), config_.training.checkpoint.keep, identity_, state_);
  } catch (const RunError& e) {
    writable_ = false;
    state_.record.warnings.push_back({"output", e.what(), "training.checkpoint"});
  }
}

int TrainingRun::finish(TrainingBoard& board) {
  trace_->close();
  progress_.finish();
  // What ends all ranks together ends them with the code of the first.
  if (!writes()) return state_.record.interrupted && !board.training.preempted() ? 1 : 0;
  on_end();
  wall.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  wall.samples = state_.record.samples + state_.record.test_samples;
  return write_run(summary_run(board), board.sampler, wall);
}

int TrainingRun::operator()() {
  for (;;) {
    const std::unique_ptr<TrainingBoard> board = next_board();
    simulate(*board);
    if (!board->training.paused()) return finish(*board);
    checkpoint(*board);
    if (!board->training.preempted()) continue;
    state_.record.checkpoint = last_checkpoint_.string();
    return finish(*board);
  }
}

}  // namespace h2
