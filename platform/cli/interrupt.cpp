#include "platform/cli/interrupt.h"

#include <csignal>

namespace h2 {
namespace {

volatile std::sig_atomic_t requests = 0;

void note(int) { requests = 1; }

}  // namespace

Interrupt::Interrupt() {
  struct sigaction action {};
  action.sa_handler = note;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigaction(SIGINT, &action, nullptr);
}

Interrupt::~Interrupt() { std::signal(SIGINT, SIG_DFL); }

bool Interrupt::requested() { return requests != 0; }

}  // namespace h2
