// SPDX-License-Identifier: Apache-2.0
#include "platform/cluster/meeting.h"

#include <utility>

#include "platform/host/host_cpu.h"

namespace h2 {

std::shared_ptr<const Agreement> meet(HostCpu& host, Exchange& exchange, int card,
                                      Contribution mine) {
  mine.time_ps = sc_core::sc_time_stamp().value();
  host.set_waiting_for("the other cards of the cluster");
  const std::shared_ptr<const Agreement> agreement = exchange.meet(card, std::move(mine));
  host.set_waiting_for("");
  const std::uint64_t now = sc_core::sc_time_stamp().value();
  if (agreement->state != CardState::failed && agreement->latest_ps > now) {
    host.pause(sc_core::sc_time::from_value(agreement->latest_ps - now));
  }
  return agreement;
}

std::string failure_of(const Agreement& agreement) {
  return "card " + std::to_string(agreement.card) + ": " + agreement.reason;
}

}  // namespace h2
