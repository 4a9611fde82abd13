// SPDX-License-Identifier: Apache-2.0
#include "platform/cluster/exchange.h"

#include <algorithm>

namespace h2 {

Agreement agree(const std::vector<const Contribution*>& cards) {
  Agreement all;
  for (std::size_t i = 0; i < cards.size(); ++i) {
    const Contribution& c = *cards[i];
    if (c.state > all.state) {
      all.state = c.state;
      all.card = static_cast<int>(i);
      all.reason = c.reason;
    }
    all.times_ps.push_back(c.time_ps);
    all.latest_ps = std::max(all.latest_ps, c.time_ps);
    all.make_room = all.make_room || c.make_room;
    all.accounts.push_back(c.account);
    all.results.insert(all.results.end(), c.results.begin(), c.results.end());
  }
  return all;
}

}  // namespace h2
