// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/backward/backward_count.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>

#include "modules/base/bits.h"
#include "modules/base/ceil_div.h"
#include "modules/tensor/channel_bits.h"

namespace h2 {
namespace {

void require(bool ok, const char* what) {
  if (!ok) throw std::logic_error(std::string("BackwardCounter: ") + what);
}

}  // namespace

BackwardCounter::BackwardCounter(const Layer& above, const BackwardSpec& array, TileSpec payload,
                                 bool again)
    : above_(above),
      array_(array),
      payload_(payload),
      again_(again),
      masked_outputs_(array.sparsity == Sparsity::both || array.sparsity == Sparsity::output),
      masked_inputs_(array.sparsity == Sparsity::both || array.sparsity == Sparsity::input),
      padding_(array.sparsity == Sparsity::none) {
  require(above.kind == LayerKind::conv, "counts convolutions only");
}

BackwardSums backward_sums(const Layer& above, const BackwardSpec& array, int area) {
  const int taps_per_axis = ceil_div(above.kernel, above.stride);
  const int longest_output = std::max(taps_per_axis * taps_per_axis, array.empty_window_cycles);
  // Consecutive open outputs go to different PEs, so of a window's row a PE has few.
  const int per_grad = above.kernel * ceil_div(above.kernel, array.group);
  return {static_cast<std::uint64_t>(std::max(per_grad, array.empty_window_cycles)),
          std::uint64_t{1} * ceil_div(area, array.group) * longest_output};
}

int BackwardCounter::grad_words(const BackwardWindow& window) const {
  return ceil_div(window.grads().area(), 64);
}

int BackwardCounter::set_words(const BackwardWindow& window) const {
  const int outputs = array_.empty_window_cycles > 0 ? ceil_div(window.tile().area(), 64) : 0;
  return grad_words(window) + outputs;
}

void BackwardCounter::take(Side& side, const BitMap& map, int height, int width, Region tile,
                           bool masked) const {
  require(map.height == height && map.width == width, "mask of another map than the layer's");
  require(tile.y0 >= 0 && tile.x0 >= 0 && tile.y1 <= above_.in_h && tile.x1 <= above_.in_w &&
              tile.height() <= payload_.height && tile.width() <= payload_.width,
          "tile outside the map or larger than the payload");
  side.maps = map.maps;
  side.kept = masked ? map.maps : 1;
  side.counted = masked ? side.channels : 1;
  if (!same(side.window.tile(), tile)) side.window = BackwardWindow(above_, tile, padding_);
}

void BackwardCounter::outputs(const BitMap& mask, Region tile, int ci0, int ci1) {
  require(ci0 >= 0 && ci0 < ci1 && ci1 <= mask.channels && ci1 - ci0 <= array_.cols,
          "output channels outside the mask or the array");
  out_.channels = ci1 - ci0;
  take(out_, mask, above_.in_h, above_.in_w, tile, masked_outputs_);

  const BackwardSums most = backward_sums(above_, array_, tile.area());
  const int words = ceil_div(out_.counted, 64) * array_.group;
  shape_ =
      LaneTable(ceil_div(words, kLaneWords), 64 * set_words(out_.window), most.addend, most.sum);
  tables_.assign(shape_.words() * out_.kept, 0);
  work_.assign(static_cast<std::size_t>(shape_.entries) * out_.kept, 0);
  open_outputs_ = 0;
  for (int map = 0; map < out_.kept; ++map) {
    deal(masked_outputs_ ? &mask : nullptr, map, ci0);
    fill_table(map);
    open_outputs_ = std::accumulate(opened_.begin(), opened_.end(), open_outputs_);
  }
  if (!masked_outputs_) open_outputs_ *= std::uint64_t{1} * out_.channels * out_.maps;
}

void BackwardCounter::deal(const BitMap* mask, int map, int ci0) {
  const Region tile = out_.window.tile();
  const int group = array_.group;
  open_.assign(static_cast<std::size_t>(tile.area()) * lane_words(), 0);
  opened_.assign(tile.area(), 0);
  for (int c = 0; c < out_.counted; c += 64) {
    const int channels = std::min(64, out_.counted - c);
    // next[p]: the channels whose next open output goes to PE p.
    std::vector<std::uint64_t> next(group, 0);
    next[0] = ~std::uint64_t{0};
    for (int i = 0; i < tile.area(); ++i) {
      const int y = tile.y0 + i / tile.width();
      const int x = tile.x0 + i % tile.width();
      const std::uint64_t bits =
          mask != nullptr ? channel_bits(mask->at(map, y, x), ci0 + c, channels) : 1;
      std::uint64_t* to = &open_[static_cast<std::size_t>(i) * lane_words() + c / 64 * group];
      std::uint64_t previous = next[group - 1];
      for (int p = 0; p < group; ++p) {
        const std::uint64_t own = next[p];
        to[p] = bits & own;
        next[p] = (own & ~bits) | (previous & bits);
        previous = own;
      }
      opened_[i] += count_ones64(bits);
    }
  }
}

void BackwardCounter::fill_table(int map) {
  const BackwardWindow& window = out_.window;
  std::uint64_t* table = tables_.data() + shape_.words() * map;
  std::uint32_t* work = work_.data() + static_cast<std::size_t>(shape_.entries) * map;
  for (int i = 0; i < window.grads().area(); ++i) {
    const std::vector<int>& outputs = window.outputs(i);
    for (int b = 0; b < shape_.blocks; ++b) {
      sum_lanes(open_.data() + b * kLaneWords, lane_words(), outputs, shape_.planes,
                table + shape_.at(b, i));
    }
    for (const int output : outputs) work[i] += opened_[output];
  }
  if (array_.empty_window_cycles > 0) fill_empty(table, work);
}

void BackwardCounter::fill_empty(std::uint64_t* table, std::uint32_t* work) const {
  const int cost = array_.empty_window_cycles;
  for (int i = 0; i < out_.window.tile().area(); ++i) {
    const int entry = 64 * grad_words(out_.window) + i;
    work[entry] = opened_[i] * cost;
    for (int w = 0; w < lane_words(); ++w) {
      std::uint64_t* number = table + shape_.at(w / kLaneWords, entry) + w % kLaneWords;
      const std::uint64_t lanes = open_[static_cast<std::size_t>(i) * lane_words() + w];
      for (int p = 0; (cost >> p) != 0; ++p) {
        if (((cost >> p) & 1) != 0) number[p * kLaneWords] = lanes;
      }
    }
  }
}

void BackwardCounter::inputs(const BitMap& nonzero, Region tile, int co0, int co1) {
  require(co0 >= 0 && co0 < co1 && co1 <= nonzero.channels && co1 - co0 <= array_.rows,
          "grad-u channels outside the mask or the array");
  in_.channels = co1 - co0;
  take(in_, nonzero, above_.out_h, above_.out_w, tile, masked_inputs_);
  kept_key_ = {tile.y0 * above_.in_w + tile.x0, co0, co1};
  Choices& to = again_ ? kept_[kept_key_] : choices_;
  if (again_ && !to.sets.empty()) return;
  const int words = set_words(in_.window);
  to.sets.assign(static_cast<std::size_t>(words) * in_.counted * in_.kept, 0);
  to.channels.assign(static_cast<std::size_t>(64) * words * in_.kept, 0);
  if (!masked_inputs_) {
    const int grads = in_.window.grads().area();
    for (int i = 0; i < grads; ++i) to.sets[i / 64] |= std::uint64_t{1} << (i % 64);
    std::fill_n(to.channels.begin(), grads, 1);
  }
  for (int map = 0; map < in_.kept; ++map) {
    if (masked_inputs_) choose(nonzero, map, co0, to);
    if (array_.empty_window_cycles > 0) choose_empty(map, to);
  }
}

void BackwardCounter::choose(const BitMap& nonzero, int map, int co0, Choices& choices) {
  const Region grads = in_.window.grads();
  const int words = set_words(in_.window);
  std::vector<std::uint16_t> column(static_cast<std::size_t>(64) * grad_words(in_.window), 0);
  for (int c = 0; c < in_.counted; c += 16) {
    const int first = co0 + c, channels = std::min(16, in_.counted - c);
    const bool whole_word = first % 16 == 0 && channels == 16;
    std::uint16_t* to = column.data();
    for (int y = grads.y0; y < grads.y1; ++y) {
      const std::uint16_t* from = nonzero.at(map, y, grads.x0);
      for (int x = grads.x0; x < grads.x1; ++x, from += nonzero.words()) {
        *to++ = whole_word ? from[first / 16]
                           : static_cast<std::uint16_t>(channel_bits(from, first, channels));
      }
    }
    add_popcounts(column, choices.channels.data() + static_cast<std::size_t>(64) * words * map);
    transpose(column, channels, words,
              choices.sets.data() + (static_cast<std::size_t>(map) * in_.counted + c) * words);
  }
}

void BackwardCounter::choose_empty(int map, Choices& to) {
  const BackwardWindow& window = in_.window;
  const int words = set_words(window);
  const int first = 64 * grad_words(window);
  std::vector<bool> fed(window.tile().area());
  for (int c = 0; c < in_.counted; ++c) {
    std::uint64_t* set = to.sets.data() + (static_cast<std::size_t>(map) * in_.counted + c) * words;
    std::fill(fed.begin(), fed.end(), false);
    for (int i = 0; i < window.grads().area(); ++i) {
      if (((set[i / 64] >> (i % 64)) & 1) == 0) continue;
      for (const int output : window.outputs(i)) fed[output] = true;
    }
    for (int output = 0; output < window.tile().area(); ++output) {
      if (fed[output]) continue;
      const int entry = first + output;
      set[entry / 64] |= std::uint64_t{1} << (entry % 64);
      ++to.channels[static_cast<std::size_t>(64) * words * map + entry];
    }
  }
}

BackwardWork BackwardCounter::count() const {
  require(out_.maps > 0 && out_.maps == in_.maps && same(out_.window.tile(), in_.window.tile()),
          "outputs and inputs of different tiles or numbers of maps");
  const std::uint64_t pes = std::uint64_t{1} * out_.channels * in_.channels * array_.group;
  const std::uint64_t weight = (out_.channels / out_.counted) * (in_.channels / in_.counted);
  const int grads = 64 * grad_words(out_.window);
  const int words = set_words(out_.window);
  const Choices& chosen = choices();
  BackwardWork total;
  total.open_outputs = open_outputs_;
  total.cycles.fill = std::uint64_t{1} * out_.maps * array_.tile_fill_cycles;
  for (int map = 0; map < out_.maps; ++map) {
    const int out_map = out_.kept > 1 ? map : 0;
    const int in_map = in_.kept > 1 ? map : 0;
    const std::uint64_t longest = longest_lane(
        shape_, tables_.data() + shape_.words() * out_map,
        chosen.sets.data() + static_cast<std::size_t>(in_map) * in_.counted * words, in_.counted);
    const std::uint32_t* work = work_.data() + static_cast<std::size_t>(shape_.entries) * out_map;
    const std::uint32_t* choices =
        chosen.channels.data() + static_cast<std::size_t>(shape_.entries) * in_map;
    std::uint64_t executed = 0;
    std::uint64_t empty = 0;
    for (int i = 0; i < grads; ++i) executed += std::uint64_t{work[i]} * choices[i];
    for (int i = grads; i < shape_.entries; ++i) empty += std::uint64_t{work[i]} * choices[i];
    total.cycles.array += longest;
    total.executed_macs += executed * weight;
    total.sync_loss += longest * pes - (executed + empty) * weight;
  }
  return total;
}

void pooled_mask(const BitMap& mask, Region region, BitMap& pooled) {
  for (int map = 0; map < pooled.maps; ++map) {
    for (int y = region.y0; y < region.y1; ++y) {
      for (int x = region.x0; x < region.x1; ++x) {
        std::uint16_t* to = pooled.at(map, y, x);
        for (int w = 0; w < pooled.words(); ++w) {
          to[w] = mask.at(map, 2 * y, 2 * x)[w] | mask.at(map, 2 * y, 2 * x + 1)[w] |
                  mask.at(map, 2 * y + 1, 2 * x)[w] | mask.at(map, 2 * y + 1, 2 * x + 1)[w];
        }
      }
    }
  }
}

void spread_mask(const BitMap& pooled, Region region, BitMap& conv) {
  for (int map = 0; map < pooled.maps; ++map) {
    for (int y = region.y0; y < region.y1; ++y) {
      for (int x = region.x0; x < region.x1; ++x) {
        const std::uint16_t* from = pooled.at(map, y, x);
        for (int child = 0; child < 4; ++child) {
          std::copy(from, from + pooled.words(),
                    conv.at(map, 2 * y + child / 2, 2 * x + child % 2));
        }
      }
    }
  }
}

}  // namespace h2
