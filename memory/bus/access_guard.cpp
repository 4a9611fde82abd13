// SPDX-License-Identifier: Apache-2.0
#include "memory/bus/access_guard.h"

#include <algorithm>

namespace h2 {

bool AccessGuard::allows(std::uint64_t address, std::uint64_t bytes, bool read, bool write) const {
  return std::any_of(windows_.begin(), windows_.end(), [&](const AccessWindow& w) {
    return address >= w.base && address < w.limit && bytes <= w.limit - address &&
           (w.read || !read) && (w.write || !write);
  });
}

void AccessGuard::inject(Fault fault, int engine, std::uint32_t after) {
  fault_ = fault;
  engine_ = engine;
  after_ = after;
}

AccessGuard::Verdict AccessGuard::judge(const tlm::tlm_generic_payload& payload) {
  const TransferInfo* info = payload.get_extension<TransferInfo>();
  const int port = (info != nullptr ? info->port : kHostPort) % kPortsOfACard;
  if (port == kHostPort) return Verdict::pass;
  if (!allows(payload.get_address(), payload.get_data_length(), payload.is_read(),
              payload.is_write())) {
    return Verdict::refuse;
  }
  const bool struck = armed() && (port == load_port(engine_) || port == store_port(engine_));
  if (!struck) return Verdict::pass;
  if (after_ > 0) {
    --after_;
    return Verdict::pass;
  }
  const Fault fault = fault_;
  fault_ = Fault::none;
  return fault == Fault::error ? Verdict::fail : Verdict::swallow;
}

}  // namespace h2
