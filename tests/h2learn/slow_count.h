// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "modules/h2learn/backward/backward_count.h"
#include "modules/network/network.h"
#include "modules/tensor/maps.h"
#include "modules/tensor/masks.h"

namespace h2 {

/// A convolution that stands alone: symmetric padding, as many planes as asked.
inline Layer conv_layer(int cin, int cout, int size, int kernel = 3, int stride = 1,
                        int planes = 1) {
  Layer layer;
  layer.name = "conv";
  layer.cin = cin;
  layer.cout = cout;
  layer.planes = planes;
  layer.in_h = layer.in_w = size;
  layer.kernel = kernel;
  layer.stride = stride;
  derive_shapes(layer);
  return layer;
}

inline Region whole(int height, int width) { return {0, height, 0, width}; }

/// The work of one chunk, written down as the hardware is described: output by output, PE by PE.
inline BackwardWork slow_count(const Layer& above, const BackwardSpec& array, const BitMap& mask,
                               const BitMap& nonzero, Region tile, int ci0, int ci1, int co0,
                               int co1) {
  const bool open_only = array.sparsity == Sparsity::both || array.sparsity == Sparsity::output;
  const bool nonzero_only = array.sparsity == Sparsity::both || array.sparsity == Sparsity::input;
  BackwardWork work;
  for (int map = 0; map < mask.maps; ++map) {
    std::vector<std::uint64_t> pes;
    for (int co = co0; co < co1; ++co) {
      for (int ci = ci0; ci < ci1; ++ci) {
        std::vector<std::uint64_t> group(array.group, 0);
        int dealt = 0;
        for (int y = tile.y0; y < tile.y1; ++y) {
          for (int x = tile.x0; x < tile.x1; ++x) {
            if (open_only && !mask.get(map, y, x, ci)) continue;
            if (co == co0) ++work.open_outputs;
            int taps = 0;
            for (int ky = 0; ky < above.kernel; ++ky) {
              for (int kx = 0; kx < above.kernel; ++kx) {
                const int sy = y + above.pad - ky;
                const int sx = x + above.pad - kx;
                if (sy % above.stride != 0 || sx % above.stride != 0) continue;
                const int oy = sy / above.stride;
                const int ox = sx / above.stride;
                const bool inside = sy >= 0 && sx >= 0 && oy < above.out_h && ox < above.out_w;
                if (!inside && array.sparsity != Sparsity::none) continue;
                if (nonzero_only && !nonzero.get(map, oy, ox, co)) continue;
                ++taps;
              }
            }
            group[dealt++ % array.group] += taps > 0 ? taps : array.empty_window_cycles;
            work.executed_macs += taps;
          }
        }
        pes.insert(pes.end(), group.begin(), group.end());
      }
    }
    std::uint64_t longest = 0;
    for (const std::uint64_t own : pes) longest = std::max(longest, own);
    for (const std::uint64_t own : pes) work.sync_loss += longest - own;
    work.cycles.array += longest;
    work.cycles.fill += array.tile_fill_cycles;
  }
  return work;
}

}  // namespace h2
