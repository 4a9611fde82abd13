// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <systemc>

#include "platform/cluster/meeting.h"
#include "platform/host/card_session.h"

namespace h2 {

/// Rounds of a federated training (decision 0059): every card has trained on samples of its own;
/// their FP32 weights become the mean of all cards', and the optimisers start anew.
class FederatedRound {
 public:
  /// `memory_gbps`: peak of Mem2; `samples`: of this card. All outlive it.
  FederatedRound(const Config& config, const Seat& seat, CardSession& session, double memory_gbps,
                 std::uint64_t samples);

  /// Told of every average, at its end.
  OnMeeting on_meeting;

  /// A round begins at the present time.
  void begin() { begin_ = sc_core::sc_time_stamp(); }
  /// Whether this card has to make room, asked as it comes to a meeting.
  std::function<bool()> make_room = [] { return false; };
  /// Ends the round and begins the next. Returns how the cards came: `done`; `stopped` or
  /// `preempted`, without the average. Throws RunError for an error of another card, or where
  /// memory does not answer.
  CardState average(HostCpu& host);
  /// Behind the last round all cards end to make room.
  bool makes_room() const { return makes_room_; }

 private:
  void lag(HostCpu& host) const;

  const Config& config_;
  const Seat& seat_;
  CardSession& session_;
  const double memory_gbps_;
  const std::uint64_t samples_;
  sc_core::sc_time begin_;
  bool makes_room_ = false;
};

}  // namespace h2
