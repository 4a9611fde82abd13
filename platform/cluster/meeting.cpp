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

void count_meeting(RunRecord& record, const Agreement& agreement, const CollectiveCost& cost,
                   std::uint64_t first_ps) {
  if (!record.cluster) record.cluster.emplace();
  ClusterRecord& r = *record.cluster;
  r.cards = static_cast<int>(agreement.times_ps.size());
  ++r.meetings;
  r.link_ps += cost.link_ps;
  r.memory_ps += cost.memory_ps;
  r.sent_bytes += cost.sent_bytes;
  r.memory_bytes += cost.memory_bytes;
  r.wait_ps.resize(agreement.times_ps.size());
  MeetingRecord meeting{{}, first_ps + agreement.latest_ps, cost.link_ps, cost.memory_ps};
  for (std::size_t i = 0; i < r.wait_ps.size(); ++i) {
    r.wait_ps[i] += agreement.latest_ps - agreement.times_ps[i];
    meeting.arrivals_ps.push_back(first_ps + agreement.times_ps[i]);
  }
  r.last.push_back(std::move(meeting));
  if (r.last.size() > ClusterRecord::kMostMeetings) r.last.pop_front();
}

void show_meeting(const HostCpu& host, const Agreement& agreement, const CollectiveCost& cost) {
  const std::uint64_t begin = agreement.latest_ps, links = begin + cost.link_ps;
  host.show("cluster", "links", {begin, links});
  host.show("cluster", "Mem2", {links, links + cost.memory_ps});
  for (std::size_t card = 0; card < agreement.times_ps.size(); ++card) {
    host.show("cluster.card" + std::to_string(card), "waits for later cards",
              {agreement.times_ps[card], begin});
  }
}

std::string failure_of(const Agreement& agreement) {
  return "card " + std::to_string(agreement.card) + ": " + agreement.reason;
}

}  // namespace h2
