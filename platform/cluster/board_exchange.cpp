// SPDX-License-Identifier: Apache-2.0
#include "platform/cluster/board_exchange.h"

#include <utility>

namespace h2 {

std::shared_ptr<const Agreement> BoardExchange::meet(int card, Contribution mine) {
  if (broken_) return broken_;
  waiting_[static_cast<std::size_t>(card)] = std::move(mine);
  if (++arrived_ == waiting_.size()) {
    conclude();
    return agreement_;
  }
  const std::uint64_t meeting = meetings_;
  while (meetings_ == meeting && !broken_) sc_core::wait(concluded_);
  return meetings_ == meeting ? broken_ : agreement_;
}

void BoardExchange::conclude() {
  std::vector<const Contribution*> cards;
  GradientParts parts;
  std::vector<double> samples;
  for (const auto& c : waiting_) {
    cards.push_back(&*c);
    for (const auto& values : c->values) parts.push_back(values.data());
    for (const PartResult& r : c->results) samples.push_back(r.samples);
  }
  auto all = std::make_shared<Agreement>(agree(cards));
  const Combination& how = cards.front()->combination;
  all->bad = how.values;
  if (all->state == CardState::done && how.kind != Combination::Kind::none) {
    all->values.resize(how.bytes());
    all->bad = combine(how, parts, samples, how.values, all->values.data());
  }
  agreement_ = std::move(all);
  for (auto& c : waiting_) c.reset();
  arrived_ = 0;
  ++meetings_;
  concluded_.notify();
}

void BoardExchange::leave(int card, const std::string& reason) {
  auto failed = std::make_shared<Agreement>();
  failed->state = CardState::failed;
  failed->card = card;
  failed->reason = reason;
  if (!broken_) broken_ = std::move(failed);
  concluded_.notify();
}

}  // namespace h2
