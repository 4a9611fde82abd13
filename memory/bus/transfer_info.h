// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <tlm>

#include "memory/bus/transfer.h"

namespace h2 {

/// Initiators of memory transactions; a memory keeps requests of one port in order. Card k has the
/// ports from k * kPortsOfACard on: its host, its command processor, its engines.
constexpr int kHostPort = 0, kCommandPort = 1, kPortsOfACard = 8;
/// Relative to the card's first port; `engine` counts from 0.
constexpr int load_port(int engine) { return 2 + 2 * engine; }
constexpr int store_port(int engine) { return 3 + 2 * engine; }

/// Ignorable extension of an engine's transactions: what is carried, and whether only time counts.
/// A target that ignores it moves scratch bytes, which is slower and harmless for reads; the
/// memories honour it.
struct TransferInfo : tlm::tlm_extension<TransferInfo> {
  TensorKind kind = TensorKind::control;
  bool timing_only = false;
  int port = 0;                     ///< of the initiator
  std::uint32_t charged_bytes = 0;  ///< what the hardware moves (FP32 stored, FP16 charged)

  tlm::tlm_extension_base* clone() const override { return new TransferInfo(*this); }
  void copy_from(tlm::tlm_extension_base const& other) override {
    *this = static_cast<const TransferInfo&>(other);
  }
};

/// Bytes the hardware would move in a transaction.
inline std::uint64_t charged_bytes(tlm::tlm_generic_payload& payload) {
  const TransferInfo* info = payload.get_extension<TransferInfo>();
  return info != nullptr ? info->charged_bytes : payload.get_data_length();
}

}  // namespace h2
