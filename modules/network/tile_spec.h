// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace h2 {

/// Spatial tile payload, halo excluded (design decision: 8x8).
struct TileSpec {
  int height = 8;
  int width = 8;
};

}  // namespace h2
