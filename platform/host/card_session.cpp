// SPDX-License-Identifier: Apache-2.0
#include "platform/host/card_session.h"

#include "modules/base/error.h"
#include "platform/host/network_image.h"

namespace h2 {

void CardSession::open(HostCpu& host) {
  const h2_bus bus = host.driver_bus();
  check(h2_open_card(&device, &bus, card_, nullptr, 0), "opening the card");
  int error = network_image(config_).load(device);
  if (error == H2_DRV_SCRATCH) {
    scratch_.resize(h2_scratch_bytes(&device) / sizeof(scratch_[0]) + 1);
    device.scratch = reinterpret_cast<std::uint8_t*>(scratch_.data());
    device.scratch_bytes = scratch_.size() * sizeof(scratch_[0]);
    error = H2_OK;
  }
  check(error, "loading the network");
}

namespace {

/// What became infinite or NaN under a descriptor.
std::string overflown(std::uint8_t opcode) {
  switch (opcode) {
    case H2_OP_FORWARD:
      return ": a potential";
    case H2_OP_BACKWARD:
      return ": a grad-u";
    case H2_OP_WEIGHT_GRADIENT:
      return ": a weight's gradient, summed over the samples and timesteps of the batch group,";
    default:
      return ": an updated weight";
  }
}

}  // namespace

void CardSession::check(int error, const std::string& what) const {
  if (error == H2_OK) return;
  std::string text = what + ": " + h2_error_text(error);
  const h2_completion& f = device.failure;
  if (f.status == static_cast<std::uint32_t>(error) && f.layer != 0) {
    if (error == H2_ERR_OVERFLOW) text += overflown(device.failure_opcode);
    text += " in layer " + config_.network.layers[f.layer - 1].name;
    if (f.timestep != 0) text += " at timestep " + std::to_string(f.timestep);
  }
  const std::string reason = h2_reason(&device);
  if (!reason.empty()) text += ": " + reason;
  throw RunError(text);
}

}  // namespace h2
