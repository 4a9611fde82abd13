// SPDX-License-Identifier: Apache-2.0
#include "modules/arithmetic/events.h"

#include <algorithm>

#include "modules/base/bits.h"
#include "modules/base/ceil_div.h"

namespace h2 {
namespace {

constexpr int kWord = 16;  // channels in a BitMap word

int ceil_div_from_zero(int a, int b) { return a <= 0 ? 0 : (a + b - 1) / b; }

/// Calls append(y, x, end of the list) at every position; it returns the new end.
template <class Entry, class Append>
void fill(EventLists<Entry>& lists, Region region, int channels, Append append) {
  const std::size_t most =
      lists.count + static_cast<std::size_t>(region.area()) * channels + kLanes;
  if (lists.entries.size() < most) lists.entries.resize(std::max(most, 2 * lists.count));
  Entry* end = lists.entries.data() + lists.count;
  const auto mark = [&] {
    lists.starts.push_back(static_cast<std::uint32_t>(end - lists.entries.data()));
  };
  for (int y = region.y0; y < region.y1; ++y) {
    for (int x = region.x0; x < region.x1; ++x) {
      mark();
      end = append(y, x, end);
    }
    mark();
  }
  lists.count = static_cast<std::size_t>(end - lists.entries.data());
}

}  // namespace

Windows Windows::forward(const Layer& layer) { return {layer.stride, layer.pad, layer.kernel, 1}; }

Windows Windows::backward(const Layer& layer) {
  return {1, layer.kernel - 1 - layer.pad, layer.kernel, layer.stride};
}

Region Windows::reach(Region outputs, int height, int width) const {
  const auto low = [&](int at) { return ceil_div_from_zero(at * scale - before, step); };
  const auto high = [&](int at, int size) {
    const int last = (at - 1) * scale - before + kernel - 1;
    return last < 0 ? 0 : std::min(size, last / step + 1);
  };
  Region r{low(outputs.y0), high(outputs.y1, height), low(outputs.x0), high(outputs.x1, width)};
  r.y1 = std::max(r.y0, r.y1);
  r.x1 = std::max(r.x0, r.x1);
  return r;
}

void list_spikes(const VectorOps& ops, const BitMap& map, int index, Region region, int c0,
                 int channels, EventLists<std::uint32_t>& lists) {
  const int words = ceil_div(channels, kWord);
  fill(lists, region, channels, [&](int y, int x, std::uint32_t* end) {
    const auto first = static_cast<std::uint32_t>((x - region.x0) * channels);
    return ops.list_ones(map.at(index, y, x) + c0 / kWord, words, first, end);
  });
}

void list_values(const VectorOps& ops, const ValueMap& map, int index, Region region, int c0,
                 int channels, int step, EventLists<Term>& lists) {
  fill(lists, region, channels, [&](int y, int x, Term* end) {
    const auto first = static_cast<std::uint32_t>((x - region.x0) * step * channels);
    return ops.list_nonzeros(map.at(index, y, x) + c0, channels, first, end);
  });
}

double density(const BitMap& map) {
  std::size_t ones = 0;
  for (const std::uint16_t word : map.bits) ones += count_ones(word);
  const double all = static_cast<double>(map.maps) * map.height * map.width * map.channels;
  return static_cast<double>(ones) / all;
}

double density(const ValueMap& map, int c0, int channels) {
  const std::size_t positions = static_cast<std::size_t>(map.maps) * map.height * map.width;
  std::size_t set = 0;
  for (std::size_t i = 0; i < positions; ++i) {
    const float* from = &map.values[i * map.channels + c0];
    for (int c = 0; c < channels; ++c) set += from[c] != 0.0F ? 1 : 0;
  }
  return static_cast<double>(set) / (static_cast<double>(positions) * channels);
}

std::vector<std::uint16_t> padded_words(const BitMap& map, int c0, int channels, int border) {
  const int words = ceil_div(channels, kWord), word0 = c0 / kWord, shift = c0 % kWord;
  const int width = map.width + 2 * border, height = map.height + 2 * border;
  std::vector<std::uint16_t> out(static_cast<std::size_t>(map.maps) * height * width * words, 0);
  for (int m = 0; m < map.maps; ++m) {
    for (int y = 0; y < map.height; ++y) {
      for (int x = 0; x < map.width; ++x) {
        const std::uint16_t* from = map.at(m, y, x);
        std::uint16_t* to =
            &out[((static_cast<std::size_t>(m) * height + y + border) * width + x + border) *
                 words];
        for (int w = 0; w * kWord < channels; ++w) {
          unsigned bits = from[word0 + w];
          if (word0 + w + 1 < map.words()) bits |= unsigned{from[word0 + w + 1]} << kWord;
          const int left = channels - w * kWord;
          const unsigned used = left >= kWord ? 0xFFFFU : (1U << left) - 1;
          to[w] = static_cast<std::uint16_t>(bits >> shift & used);
        }
      }
    }
  }
  return out;
}

std::vector<Run> plan_runs(const Windows& windows, Region outputs, Region seen) {
  const int k = windows.kernel, step = windows.step;
  std::vector<Run> runs;
  runs.reserve(static_cast<std::size_t>(outputs.area()) * k);
  for (int y = outputs.y0; y < outputs.y1; ++y) {
    for (int x = outputs.x0; x < outputs.x1; ++x) {
      const int left = x * windows.scale - windows.before;
      const int x0 = std::clamp(ceil_div_from_zero(left, step), seen.x0, seen.x1);
      const int x1 = std::clamp(ceil_div_from_zero(left + k, step), x0, seen.x1);
      for (int j = 0; j < k; ++j) {
        const int at = y * windows.scale - windows.before + j;
        const int row = at / step;
        Run run;
        if (at >= 0 && at % step == 0 && row >= seen.y0 && row < seen.y1) {
          const int start = (row - seen.y0) * (seen.width() + 1) - seen.x0;
          run.begin = start + x0;
          run.end = start + x1;
          run.shift = j * k - (left - seen.x0 * step);
        }
        runs.push_back(run);
      }
    }
  }
  return runs;
}

}  // namespace h2
