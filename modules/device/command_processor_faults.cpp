// SPDX-License-Identifier: Apache-2.0
#include "modules/device/command_processor.h"

// Error queue, windows and fault injection.

namespace h2 {

void CommandProcessor::report(std::uint32_t error, std::uint32_t tag) {
  if (errors_.size() == H2_ERROR_QUEUE) {
    registers.set(H2_REG_ERROR_LOST, registers.get(H2_REG_ERROR_LOST) + 1);
  } else {
    errors_.push_back({error, tag});
  }
  show_error();
}

void CommandProcessor::drop_error() {
  if (!errors_.empty()) errors_.pop_front();
  show_error();
}

/// The oldest error is in the registers and keeps the interrupt up.
void CommandProcessor::show_error() {
  const QueuedError shown = errors_.empty() ? QueuedError{} : errors_.front();
  registers.set(H2_REG_ERROR, shown.code);
  registers.set(H2_REG_ERROR_TAG, shown.tag);
  if (!errors_.empty()) raise(H2_IRQ_ERROR);
  update_status();
}

void CommandProcessor::connect_windows() {
  for (std::uint32_t n = 0; n < H2_WINDOWS; ++n) {
    for (const std::uint32_t reg :
         {H2_REG_WINDOW_BASE(n), H2_REG_WINDOW_LIMIT(n), H2_REG_WINDOW_CONTROL(n)}) {
      registers.on_write(reg, [this, n, reg](auto before, auto after) {
        return set_window(n, reg, before, after);
      });
    }
  }
  registers.on_write(H2_REG_INJECT, [this](auto, auto after) { return inject(after); });
}

bool CommandProcessor::set_window(std::uint32_t n, std::uint32_t reg, std::uint32_t before,
                                  std::uint32_t after) {
  const bool is_control = reg == H2_REG_WINDOW_CONTROL(n);
  const std::uint32_t control = registers.get(H2_REG_WINDOW_CONTROL(n));
  const std::uint32_t rights = H2_WINDOW_READ | H2_WINDOW_WRITE;
  const bool locked = ((is_control ? before : control) & H2_WINDOW_LOCK) != 0;
  if (locked || (is_control && (after & ~(rights | H2_WINDOW_LOCK)) != 0)) {
    report(H2_ERR_REGISTER, reg);
    return false;
  }
  AccessWindow& window = guard_.window(n);
  window.base = std::uint64_t{registers.get(H2_REG_WINDOW_BASE(n))} * H2_WINDOW_PAGE;
  window.limit = std::uint64_t{registers.get(H2_REG_WINDOW_LIMIT(n))} * H2_WINDOW_PAGE;
  window.read = (control & H2_WINDOW_READ) != 0;
  window.write = (control & H2_WINDOW_WRITE) != 0;
  return true;
}

bool CommandProcessor::inject(std::uint32_t value) {
  const std::uint32_t kind = H2_GET(INJECT, KIND, value), engine = H2_GET(INJECT, ENGINE, value);
  const std::uint32_t known =
      H2_PUT(INJECT, KIND, 3) | H2_PUT(INJECT, ENGINE, 3) | H2_PUT(INJECT, AFTER, 0xFFFF);
  if (kind > 2 || engine >= engines_.size() || (value & ~known) != 0) {
    report(H2_ERR_REGISTER, H2_REG_INJECT);
    return false;
  }
  const AccessGuard::Fault faults[] = {AccessGuard::Fault::none, AccessGuard::Fault::error,
                                       AccessGuard::Fault::silence};
  guard_.inject(faults[kind], static_cast<int>(engine), H2_GET(INJECT, AFTER, value));
  return true;
}

AccessGuard::Verdict CommandProcessor::judge(const tlm::tlm_generic_payload& payload) {
  const bool armed = guard_.armed();
  const AccessGuard::Verdict verdict = guard_.judge(payload);
  if (armed && !guard_.armed()) registers.set(H2_REG_INJECT, 0);
  return verdict;
}

bool CommandProcessor::allows(std::uint64_t address, std::uint64_t bytes, bool read,
                              bool write) const {
  return guard_.allows(address, bytes, read, write);
}

}  // namespace h2
