// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "modules/h2learn/signals/signal_parts.h"

namespace h2 {
namespace {

/// Where on the grad-u map window place `id` of (y, x) lies, on the zero-stuffed map's grid or not.
struct Window {
  bool stuffed, inside;
  int y, x;
};
Window window(const Layer& above, const Place& p, int id) {
  const int border = above.kernel - 1 - above.pad, stride = above.stride;
  const int y = p.y + id / above.kernel - border, x = p.x + id % above.kernel - border;
  const bool stuffed = y % stride != 0 || x % stride != 0;
  return {stuffed, y >= 0 && x >= 0 && inside(y / stride, x / stride, above.out_h, above.out_w),
          y / stride, x / stride};
}

float gradient(const Layer& above, const ValueMap& grad_u, int map, const Place& p, int id,
               int co) {
  const Window w = window(above, p, id);
  return w.stuffed || !w.inside ? 0.0F : grad_u.at(map, w.y, w.x)[co];
}

/// Whether a PE spends a cycle on the window place.
bool valid(const Layer& above, Sparsity sparsity, const ValueMap& grad_u, int map, const Place& p,
           int id, int co) {
  const Window w = window(above, p, id);
  if (w.stuffed) return false;
  if (!w.inside) return sparsity == Sparsity::none;
  const bool skips = sparsity == Sparsity::both || sparsity == Sparsity::input;
  return !skips || grad_u.at(map, w.y, w.x)[co] != 0.0F;
}

/// One PE and one output: products of the valid conv IDs, ascending.
float pe_sum(const Layer& above, const std::vector<float>& oihw, const ValueMap& grad_u, int map,
             const Place& p, int co, int ci) {
  const int taps = above.taps();
  const std::size_t row = (static_cast<std::size_t>(co) * above.cin + ci) * taps;
  float acc = 0.0F;
  for (int id = 0; id < taps; ++id) {
    const float g = gradient(above, grad_u, map, p, id, co);
    if (g != 0.0F) acc = add_fp16(acc, round_fp16(g * oihw[row + taps - 1 - id]));
  }
  return acc;
}

/// Which PE of its group takes each output: [place][map][channel], -1 = closed. Outputs of a tile
/// are dealt in scan order, anew for every map and channel.
Signal deal(const BackwardSpec& array, const std::vector<Place>& at, int maps, const BitMap& open,
            const SignalRange& range) {
  const bool masked = array.sparsity == Sparsity::both || array.sparsity == Sparsity::output;
  const auto channels = static_cast<std::size_t>(range.count);
  Signal pe = make_signal("be_pe", Signal::Type::index,
                          {at.size(), static_cast<std::size_t>(maps), channels});
  std::vector<int> next(maps * channels, 0);
  for (std::size_t i = 0; i < at.size(); ++i) {
    if (i > 0 && at[i].tile != at[i - 1].tile) std::fill(next.begin(), next.end(), 0);
    for (std::size_t k = 0; k < next.size(); ++k) {
      const int map = static_cast<int>(k / channels), c = static_cast<int>(k % channels);
      const bool taken = !masked || open.get(map, at[i].y, at[i].x, range.first + c);
      pe.values.push_back(taken ? static_cast<float>(next[k]++ % array.group) : -1.0F);
    }
  }
  return pe;
}

/// Cycle in which a PE begins with each output: [place][map][channel][row], from the start of the
/// tile, map and block of rows, where all PEs begin together; -1 = closed. A PE spends a cycle per
/// valid conv ID.
Signal begins(const BackwardSpec& array, const std::vector<Place>& at, const Signal& pe,
              const Signal& ids) {
  const std::size_t maps = ids.shape[1], rows = ids.shape[2], taps = ids.shape[3];
  const std::size_t channels = pe.shape[2], group = static_cast<std::size_t>(array.group);
  Signal start = make_signal("be_start", Signal::Type::index, {at.size(), maps, channels, rows});
  std::vector<float> spent(maps * channels * rows * group, 0.0F);
  for (std::size_t i = 0; i < at.size(); ++i) {
    if (i > 0 && at[i].tile != at[i - 1].tile) std::fill(spent.begin(), spent.end(), 0.0F);
    for (std::size_t k = 0; k < maps * channels; ++k)
      for (std::size_t row = 0; row < rows; ++row) {
        const float who = pe.values[i * maps * channels + k];
        if (who < 0) {
          start.values.push_back(-1.0F);
          continue;
        }
        float& cycles = spent[(k * rows + row) * group + static_cast<std::size_t>(who)];
        start.values.push_back(cycles);
        const auto* first = &ids.values[((i * maps + k / channels) * rows + row) * taps];
        cycles += static_cast<float>(std::count(first, first + taps, 1.0F));
      }
  }
  return start;
}

}  // namespace

std::vector<Signal> backward_signals(const Layer& above, const BackwardSpec& array, TileSpec tile,
                                     const std::vector<float>& oihw, const ValueMap& grad_u,
                                     const BitMap& open, const SignalRange& range) {
  using Type = Signal::Type;
  const auto at = places(Tiling(above.in_h, above.in_w, tile), range.tiles);
  const auto maps = static_cast<std::size_t>(grad_u.maps);
  const auto channels = static_cast<std::size_t>(range.count);
  const auto rows = static_cast<std::size_t>(above.cout);
  const std::size_t beats = (rows + array.rows - 1) / array.rows;
  const auto taps = static_cast<std::size_t>(above.taps());
  Signal ids = make_signal("be_valid_id", Type::code, {at.size(), maps, rows, taps});
  Signal sums = make_signal("be_pe_sum", Type::value, {at.size(), maps, channels, rows});
  Signal acc = make_signal("be_acc", Type::value, {at.size(), maps, channels, beats});
  Signal psum = make_signal("be_psum", Type::value, acc.shape);
  for (const Place& p : at) {
    for (int map = 0; map < grad_u.maps; ++map) {
      for (int co = 0; co < above.cout; ++co)
        for (int id = 0; id < above.taps(); ++id) {
          const bool taken = valid(above, array.sparsity, grad_u, map, p, id, co);
          ids.values.push_back(taken ? 1.0F : 0.0F);
        }
      for (int ci = range.first; ci < range.first + range.count; ++ci) {
        float sum = 0.0F;
        for (int co0 = 0; co0 < above.cout; co0 += array.rows) {
          std::vector<float> leaves;
          for (int co = co0; co < std::min(co0 + array.rows, above.cout); ++co) {
            leaves.push_back(pe_sum(above, oihw, grad_u, map, p, co, ci));
          }
          sums.values.insert(sums.values.end(), leaves.begin(), leaves.end());
          acc.values.push_back(tree_fp16(std::move(leaves)));
          sum = add_fp16(sum, acc.values.back());
          psum.values.push_back(sum);
        }
      }
    }
  }
  std::vector<Signal> all{place_signal("be_position", at), ids, sums, acc, psum};
  if (above.kind == LayerKind::conv) {
    all.push_back(deal(array, at, grad_u.maps, open, range));
    all.push_back(begins(array, at, all.back(), ids));
  }
  return all;
}

}  // namespace h2
