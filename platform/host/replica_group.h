// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "modules/cluster/collective.h"
#include "platform/cluster/meeting.h"
#include "platform/host/card_session.h"

namespace h2 {

/// A batch group in `training.replicas` parts: trains those of one card, one after another, adds up
/// the gradients of all cards' parts, and lets the update follow (decision 0058).
class ReplicaGroup {
 public:
  /// `memory_gbps`: peak of Mem2. All outlive it. Used with `seat.sums` only.
  ReplicaGroup(const Config& config, const Seat& seat, CardSession& session, double memory_gbps);

  /// Points the source of the group's samples to these.
  std::function<void(std::uint64_t first, std::uint64_t count)> select;
  /// Whether an error of the driver, or an overflow of the sum of all parts (`summed`), skips the
  /// group and ends nothing.
  std::function<bool(int error, bool summed)> skips = [](int, bool) { return false; };
  /// Whether this card has to make room, asked as it comes to a meeting.
  std::function<bool()> make_room = [] { return false; };

  /// Told of every sum, at its end.
  OnMeeting on_meeting;

  /// With the card open. Throws RunError if Mem2 has no room for the gradients of the card's parts.
  void require_room() const;
  /// Trains `whole`, of which samples and results are those of all cards. Returns the driver's
  /// result: H2_OK, H2_DRV_STOPPED if any card was stopped or has broken off a test, or an error of
  /// this card. Throws RunError for one of another card.
  int train(HostCpu& host, h2_group& whole);
  /// The last group was left without its update, on all cards.
  bool skipped() const { return skipped_; }
  /// Behind the last group all cards end to make room; `broken_off()`: without it.
  bool makes_room() const { return agreement_ && agreement_->make_room; }
  bool broken_off() const { return agreement_ && agreement_->state == CardState::preempted; }

 private:
  void begin_part(const h2_group& whole, std::uint64_t part);
  static int before_update(void* self);
  bool collect();
  bool reduce();
  void come(CardState state);
  bool write_sum();
  void count(const CollectiveCost& cost);
  int outcome(int error);
  std::string layer_of(std::size_t value) const;
  /// Reads the gradients of all layers from Mem2 to `stored`, or writes them; false if it failed.
  bool each_layer(std::vector<std::uint8_t>& stored, tlm::tlm_command command) const;
  int cards() const { return seat_.sums->cards(); }
  int card() const { return cards() == 1 ? 0 : seat_.card; }

  const Config& config_;
  const Seat& seat_;
  CardSession& session_;
  const double memory_gbps_;
  const std::size_t values_;  // weights of the network
  HostCpu* host_ = nullptr;
  h2_group part_{};
  bool last_ = false;       // part of the card
  bool collected_ = false;  // the part under way
  bool lost_ = false;       // memory did not answer
  bool skipped_ = false;
  Contribution mine_;
  std::shared_ptr<const Agreement> agreement_;  // of the group under way
};

}  // namespace h2
