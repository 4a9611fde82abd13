#include "platform/cli/progress.h"

#include <unistd.h>

#include <cstdio>

namespace h2 {
namespace {

constexpr double kTerminalSeconds = 0.2, kPipeSeconds = 5.0;

}  // namespace

Progress::Progress(bool quiet, double clock_mhz)
    : quiet_(quiet),
      terminal_(isatty(STDOUT_FILENO) != 0),
      clock_mhz_(clock_mhz),
      start_(std::chrono::steady_clock::now()),
      shown_(start_) {}

bool Progress::due(const Training::Status& status) {
  const auto now = std::chrono::steady_clock::now();
  const double since = std::chrono::duration<double>(now - shown_).count();
  if (status.sub_batches != status.of && since < (terminal_ ? kTerminalSeconds : kPipeSeconds)) {
    return false;
  }
  shown_ = now;
  return true;
}

void Progress::show(const Training::Status& status, std::uint64_t cycle) {
  if (quiet_) return;
  if (status.phase != phase_) {
    finish();
    phase_ = status.phase;
    start_ = shown_ = std::chrono::steady_clock::now();
  }
  if (!due(status)) return;
  const double elapsed = std::chrono::duration<double>(shown_ - start_).count();
  const double left = elapsed * static_cast<double>(status.of - status.sub_batches) /
                      static_cast<double>(status.sub_batches);
  char loss[32] = "";
  if (phase_ == "train") std::snprintf(loss, sizeof loss, "   loss %.4f", status.loss);
  char text[160];
  std::snprintf(text, sizeof text, "%-7s sub-batch %llu/%llu%s   simulated %.3f ms   ETA %.0f s",
                status.phase, static_cast<unsigned long long>(status.sub_batches),
                static_cast<unsigned long long>(status.of), loss,
                static_cast<double>(cycle) / clock_mhz_ / 1e3, left);
  std::printf(terminal_ ? "\r%-100s" : "%s\n", text);
  std::fflush(stdout);
  open_ = terminal_;
}

void Progress::finish() {
  if (open_) std::printf("\n");
  open_ = false;
}

}  // namespace h2
