#pragma once

#include <cstdint>
#include <tlm>

#include "memory/bus/transfer.h"

namespace h2 {

/// Initiators of memory transactions; a memory keeps requests of one port in order.
enum Port : int {
  kHostPort,
  kControllerPort,
  kForwardLoad,
  kForwardStore,
  kBackwardLoad,
  kBackwardStore,
  kWeightUpdateLoad,
  kWeightUpdateStore,
};

/// Ignorable extension of an engine's transactions: what is carried, and whether only time counts.
/// A target that ignores it moves scratch bytes, which is slower and harmless for reads; the
/// memories honour it.
struct TransferInfo : tlm::tlm_extension<TransferInfo> {
  TensorKind kind = TensorKind::control;
  bool timing_only = false;
  int port = 0;                     ///< of the initiator, see Port
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
