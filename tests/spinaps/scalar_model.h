// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace h2 {

// SpinAPS written down a second time, from its definition alone: one number after another, with no
// code of the product.

struct ScalarNetwork {
  int inputs, classes, tau;
  double scale;        ///< units of u that 1.0 is
  std::vector<int> q;  ///< [d - 1][j][c]
  std::vector<int> gamma;
};

struct ScalarAnswer {
  int winner = -1, step = 0;
  long u = 0;
  int steps = 0;
  long rows = 0;
  bool operator==(const ScalarAnswer& o) const {
    return winner == o.winner && step == o.step && u == o.u && steps == o.steps && rows == o.rows;
  }
};

/// `x[t][j]`: spikes. `largest`: the answer without a spike is the largest potential.
ScalarAnswer scalar_answer(const ScalarNetwork& network, const std::vector<std::vector<int>>& x,
                           unsigned base_seed, unsigned long sample, int deadline, bool early_stop,
                           bool largest);

}  // namespace h2
