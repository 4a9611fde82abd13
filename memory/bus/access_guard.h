// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <tlm>

#include "memory/bus/transfer_info.h"

namespace h2 {

/// A range of the system address map that software has opened for the card.
struct AccessWindow {
  std::uint64_t base = 0, limit = 0;  ///< first byte, byte behind
  bool read = false, write = false;
};

/// What the card itself may reach: every transaction of its controller and engines is checked
/// against the windows. The host is not restricted. Also the place where faults are injected.
class AccessGuard {
 public:
  enum class Verdict { pass, refuse, fail, swallow };
  enum class Fault { none, error, silence };

  AccessWindow& window(std::size_t index) { return windows_.at(index); }
  void close_all() { windows_ = {}; }
  /// True if one window covers the bytes with all the rights asked for.
  bool allows(std::uint64_t address, std::uint64_t bytes, bool read, bool write) const;

  /// The transaction that follows `after` others of the same engine gets an
  /// error response, or none at all.
  void inject(Fault fault, int engine, std::uint32_t after);
  bool armed() const { return fault_ != Fault::none; }

  /// What is to become of a transaction at its system address. An injected fault strikes once.
  Verdict judge(const tlm::tlm_generic_payload& payload);

 private:
  std::array<AccessWindow, 8> windows_;
  Fault fault_ = Fault::none;
  int engine_ = 0;
  std::uint32_t after_ = 0;
};

}  // namespace h2
