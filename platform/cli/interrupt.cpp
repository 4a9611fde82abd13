// SPDX-License-Identifier: Apache-2.0
#include "platform/cli/interrupt.h"

#include <array>
#include <csignal>

namespace h2 {
namespace {

volatile std::sig_atomic_t requests = 0;
volatile std::sig_atomic_t preemptions = 0;

constexpr std::array<int, 4> kSignals{SIGINT, SIGTERM, SIGHUP, SIGUSR1};

void note(int signal) {
  if (signal == SIGTERM || signal == SIGUSR1) preemptions = 1;
  requests = 1;
}

}  // namespace

Interrupt::Interrupt() {
  struct sigaction action {};
  action.sa_handler = note;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  for (const int signal : kSignals) {
    struct sigaction before {};
    sigaction(signal, nullptr, &before);
    // Under nohup a run outlives its terminal.
    if (signal != SIGHUP || before.sa_handler != SIG_IGN) sigaction(signal, &action, nullptr);
  }
}

Interrupt::~Interrupt() {
  for (const int signal : kSignals) std::signal(signal, SIG_DFL);
}

bool Interrupt::requested() { return requests != 0; }

bool Interrupt::preempted() { return preemptions != 0; }

}  // namespace h2
