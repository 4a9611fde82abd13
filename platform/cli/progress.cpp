// SPDX-License-Identifier: Apache-2.0
#include "platform/cli/progress.h"

#include <unistd.h>

#include <cstdio>

namespace h2 {
namespace {

constexpr double kTerminalSeconds = 0.2, kPipeSeconds = 5.0;
/// A test is the forward pass of a training without the rest: its pace before the first one.
constexpr double kTestShare = 1.0 / 3;

using Count = unsigned long long;

}  // namespace

Progress::Progress(bool quiet, double clock_mhz)
    : quiet_(quiet),
      terminal_(isatty(STDOUT_FILENO) != 0),
      clock_mhz_(clock_mhz),
      last_(Clock::now()),
      shown_(last_) {}

bool Progress::due(const Training::Status& status) {
  const double since = std::chrono::duration<double>(last_ - shown_).count();
  const bool done = phase_ == "test" ? status.test_sub_batches == status.test_of
                                     : status.sub_batches == status.of;
  if (!done && since < (terminal_ ? kTerminalSeconds : kPipeSeconds)) return false;
  shown_ = last_;
  return true;
}

double Progress::seconds_left(const Training::Status& s, double training_seconds,
                              double testing_seconds) {
  const auto pace = [](double seconds, std::uint64_t of) {
    return of != 0 ? seconds / static_cast<double>(of) : 0.0;
  };
  const double train = pace(training_seconds, s.sub_batches);
  const double test =
      s.test_sub_batches != 0 ? pace(testing_seconds, s.test_sub_batches) : kTestShare * train;
  return train * static_cast<double>(s.of - s.sub_batches) +
         test * static_cast<double>(s.test_of - s.test_sub_batches);
}

void Progress::show(const Training::Status& status, std::uint64_t cycle) {
  if (quiet_) return;
  const auto now = Clock::now();
  const bool testing = std::string(status.phase) == "test";
  (testing ? testing_seconds_ : training_seconds_) +=
      std::chrono::duration<double>(now - last_).count();
  last_ = now;
  if (status.phase != phase_) {
    finish();
    phase_ = status.phase;
  }
  if (!due(status)) return;
  char epoch[64] = "", result[96] = "";
  if (phase_ == "train") {
    std::snprintf(epoch, sizeof epoch, "epoch %llu/%llu ", static_cast<Count>(status.epoch),
                  static_cast<Count>(status.epochs));
    std::snprintf(result, sizeof result, "   loss %.4f   accuracy %.1f %%", status.loss,
                  status.accuracy * 100);
  }
  char text[320];
  std::snprintf(text, sizeof text, "%-7s %ssub-batch %llu/%llu%s   simulated %.3f ms   ETA %.0f s",
                status.phase, epoch,
                static_cast<Count>(testing ? status.test_sub_batches : status.sub_batches),
                static_cast<Count>(testing ? status.test_of : status.of), result,
                static_cast<double>(cycle) / clock_mhz_ / 1e3,
                seconds_left(status, training_seconds_, testing_seconds_));
  std::printf(terminal_ ? "\r%-120s" : "%s\n", text);
  std::fflush(stdout);
  open_ = terminal_;
}

void Progress::finish() {
  if (open_) std::printf("\n");
  open_ = false;
}

}  // namespace h2
