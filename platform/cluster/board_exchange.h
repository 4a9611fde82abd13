// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <systemc>

#include "platform/cluster/exchange.h"

namespace h2 {

/// Cards of one board, in one simulation: hosts wait for each other in simulated time.
class BoardExchange : public Exchange {
 public:
  explicit BoardExchange(int cards) : waiting_(static_cast<std::size_t>(cards)) {}

  int cards() const override { return static_cast<int>(waiting_.size()); }
  std::shared_ptr<const Agreement> meet(int card, Contribution mine) override;
  void leave(int card, const std::string& reason) override;

 private:
  void conclude();

  std::vector<std::optional<Contribution>> waiting_;  // by card, of the meeting that is open
  std::size_t arrived_ = 0;
  std::uint64_t meetings_ = 0;                  // concluded
  std::shared_ptr<const Agreement> agreement_;  // of the last one
  std::shared_ptr<const Agreement> broken_;     // of all further ones
  sc_core::sc_event concluded_;
};

}  // namespace h2
