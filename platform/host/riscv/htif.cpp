// SPDX-License-Identifier: Apache-2.0
#include "platform/host/riscv/htif.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace h2 {
namespace {

constexpr std::uint64_t kInterval = 1024;  ///< instructions between two looks
/// Instructions in which a program that stores a request as two words has stored both.
constexpr std::uint64_t kSettling = 16;

/// A request: device in bits 63:56, command in 55:48, the rest is its operand.
constexpr std::uint64_t kOperand = (std::uint64_t{1} << 48) - 1;
constexpr std::uint32_t kSystem = 0, kConsole = 0x0100;  ///< device and command 0
constexpr std::uint32_t kConsoleWrite = kConsole | 1;
constexpr std::uint64_t kByte = 0x100;  ///< of a console's answer: the byte is valid

constexpr std::uint64_t kWrite = 64, kExit = 93;               ///< numbers of system calls
constexpr std::uint64_t kNoSuchCall = ~std::uint64_t{0} - 37;  // -ENOSYS

/// An exit code has eight bits; no failure may look like success.
int exit_code(std::uint64_t code) { return static_cast<int>(std::min(code, std::uint64_t{255})); }

}  // namespace

std::uint64_t Htif::instructions_until_look(std::uint64_t instructions) const {
  return next_look_ > instructions ? next_look_ - instructions : 1;
}

void Htif::look(std::uint64_t instructions, bool asleep) {
  if (instructions < next_look_ && !asleep) return;
  const std::uint64_t request = load(tohost_);
  if (request != 0 && !seen_ && !asleep) {
    seen_ = true;
    next_look_ = instructions + kSettling;
    return;
  }
  seen_ = false;
  next_look_ = (instructions / kInterval + 1) * kInterval;
  if (request != 0) serve(request);
  if (!reads_) return;
  const std::optional<std::uint8_t> byte = uart_.take();
  if (!byte) return;
  reads_ = false;
  answer(std::uint64_t{kConsole} << 48, kByte | *byte);
}

void Htif::serve(std::uint64_t request) {
  store(tohost_, 0);
  const std::uint64_t operand = request & kOperand;
  switch (request >> 48) {
    case kSystem:
      if ((operand & 1) != 0) {
        finisher_.finish(exit_code(operand >> 1));
      } else {
        call(static_cast<std::uint32_t>(operand));
        answer(request, 1);
      }
      break;
    case kConsole:
      reads_ = true;
      break;
    case kConsoleWrite:
      uart_.put(static_cast<std::uint8_t>(operand));
      answer(request, kByte | (operand & 0xFF));
      break;
    default:
      break;  // a device that is not there never answers
  }
}

/// Double words at `arguments`: number of the call and its arguments; the first becomes the result.
void Htif::call(std::uint32_t arguments) {
  std::uint64_t result = kNoSuchCall;
  const std::uint64_t number = load(arguments);
  if (number == kExit) {
    finisher_.finish(exit_code(load(arguments + 8)));
    return;
  }
  if (number == kWrite) {
    const auto text = static_cast<std::uint32_t>(load(arguments + 16));
    const auto bytes = static_cast<std::uint32_t>(load(arguments + 24));
    const std::uint8_t* const from = ram_.at(text, bytes);
    for (std::uint32_t i = 0; from != nullptr && i < bytes; ++i) uart_.put(from[i]);
    if (from != nullptr) result = bytes;
  }
  store(arguments, result);
}

void Htif::answer(std::uint64_t request, std::uint64_t value) {
  if (fromhost_) store(*fromhost_, (request & ~kOperand) | value);
}

/// Zero outside RAM.
std::uint64_t Htif::load(std::uint32_t address) const {
  std::uint64_t value = 0;
  const std::uint8_t* const at = ram_.at(address, sizeof value);
  if (at != nullptr) std::memcpy(&value, at, sizeof value);
  return value;
}

void Htif::store(std::uint32_t address, std::uint64_t value) {
  std::uint8_t* const at = ram_.at(address, sizeof value);
  if (at != nullptr) std::memcpy(at, &value, sizeof value);
}

}  // namespace h2
