// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "modules/h2learn/forward/forward_cycles.h"
#include "modules/h2learn/signals/signal_parts.h"

namespace h2 {
namespace {

/// One sub-LUT in one grid iteration; no taps: it idles.
struct SubLut {
  int channel = 0, first_tap = 0, taps = 0;
};
struct Beat {
  int first_channel = 0, first_tap = 0;
  std::vector<SubLut> leaves;  ///< row by row
};

std::vector<Beat> plan(const Layer& layer, const ForwardSpec& array) {
  std::vector<Beat> beats;
  const bool fc = layer.kind == LayerKind::fc;
  const int leaves = array.rows * array.sub_luts;
  const int taps = fc ? 1 : array.taps();
  for (int c0 = 0; c0 < layer.cin_star(); c0 += fc ? leaves : array.rows) {
    for (int t0 = 0; t0 < layer.taps(); t0 += taps) {
      Beat beat{c0, t0, {}};
      for (int leaf = 0; leaf < leaves; ++leaf) {
        SubLut s;
        s.channel = c0 + (fc ? leaf : leaf / array.sub_luts);
        s.first_tap = t0 + (fc ? 0 : leaf % array.sub_luts * array.sub_lut_inputs);
        const int left = s.channel < layer.cin_star() ? layer.taps() - s.first_tap : 0;
        s.taps = std::clamp(left, 0, fc ? 1 : array.sub_lut_inputs);
        beat.leaves.push_back(s);
      }
      beats.push_back(beat);
    }
  }
  return beats;
}

unsigned address(const Layer& layer, const BitMap& input, int map, const Place& p, SubLut s) {
  unsigned bits = 0;
  for (int i = 0; i < s.taps; ++i) {
    const int tap = s.first_tap + i;
    const int y = p.y * layer.stride + tap / layer.kernel - layer.pad;
    const int x = p.x * layer.stride + tap % layer.kernel - layer.pad;
    if (inside(y, x, layer.in_h, layer.in_w))
      bits |= unsigned{input.get(map, y, x, s.channel)} << i;
  }
  return bits;
}

std::vector<float> terms(const Layer& layer, const std::vector<float>& oihw, int co, SubLut s) {
  std::vector<float> out;
  const float plane = layer.star_value(s.channel);
  for (int i = 0; i < s.taps; ++i) {
    const std::size_t row = static_cast<std::size_t>(co) * layer.cin + s.channel / layer.planes;
    out.push_back(round_fp16(oihw[row * layer.taps() + s.first_tap + i] * plane));
  }
  return out;
}

/// [output channel][beat][leaf][entry]
Signal tables(const Layer& layer, const std::vector<Beat>& beats, int inputs,
              const std::vector<float>& oihw, const SignalRange& range) {
  const std::size_t entries = std::size_t{1} << inputs;
  Signal lut = make_signal(
      "fe_lut", Signal::Type::value,
      {static_cast<std::size_t>(range.count), beats.size(), beats[0].leaves.size(), entries});
  for (int co = range.first; co < range.first + range.count; ++co)
    for (const Beat& beat : beats)
      for (const SubLut& s : beat.leaves)
        append_entries(terms(layer, oihw, co, s), inputs, lut.values);
  return lut;
}

/// What the array spends on one beat: fill of its tables, then look-ups.
Cycles cost(const Layer& layer, const ForwardSpec& array, const Region& tile, const Beat& beat,
            int batch, int steps) {
  if (layer.kind == LayerKind::fc) {
    const int end = std::min(beat.first_channel + array.rows * array.sub_luts, layer.cin_star());
    return forward_fc_chunk(array, beat.first_channel, end, batch, steps, false);
  }
  Layer part = layer;  // the taps of this beat alone
  const int end = std::min(beat.first_channel + array.rows, layer.cin_star());
  part.kernel = 1;
  return forward_conv_chunk(part, array, tile, beat.first_channel, end, batch, steps, false);
}

/// [tile][beat][first channel*, first tap, cycle of the fill, cycle of the first look-up]; cycles
/// from the start of the tile's work in the array.
Signal beat_signal(const Layer& layer, const ForwardSpec& array, const Tiling& tiling,
                   const std::vector<int>& tiles, const std::vector<Beat>& beats, int batch,
                   int steps) {
  Signal signal =
      make_signal("fe_beat", Signal::Type::index, {tiles.size(), beats.size(), std::size_t{4}});
  for (const int tile : tiles) {
    std::uint64_t cycle = 0;
    for (const Beat& beat : beats) {
      const Cycles spent = cost(layer, array, tiling.tile(tile), beat, batch, steps);
      for (const std::uint64_t value :
           {static_cast<std::uint64_t>(beat.first_channel),
            static_cast<std::uint64_t>(beat.first_tap), cycle, cycle + spent.fill}) {
        signal.values.push_back(static_cast<float>(value));
      }
      cycle += spent.fill + spent.array;
    }
  }
  return signal;
}

}  // namespace

std::vector<Signal> forward_signals(const Layer& layer, const ForwardSpec& array, TileSpec tile,
                                    const std::vector<float>& oihw, int batch, const BitMap& input,
                                    const SignalRange& range) {
  using Type = Signal::Type;
  const std::vector<Beat> beats = plan(layer, array);
  const Tiling tiling(layer.out_h, layer.out_w, tile);
  const auto at = places(tiling, range.tiles);
  const int inputs = layer.kind == LayerKind::fc ? 1 : array.sub_lut_inputs;
  const std::size_t entries = std::size_t{1} << inputs, leaves = beats.front().leaves.size();
  const std::size_t maps = static_cast<std::size_t>(input.maps), n = beats.size();
  const auto channels = static_cast<std::size_t>(range.count);
  const Signal lut = tables(layer, beats, inputs, oihw, range);
  Signal addresses = make_signal("fe_lut_address", Type::code, {at.size(), maps, n, leaves});
  Signal out = make_signal("fe_lut_out", Type::value, {at.size(), maps, channels, n, leaves});
  Signal acc = make_signal("fe_acc", Type::value, {at.size(), maps, channels, n});
  Signal psum = make_signal("fe_psum", Type::value, acc.shape);
  for (const Place& p : at) {
    for (int map = 0; map < input.maps; ++map) {
      const std::size_t first = addresses.values.size();
      for (const Beat& beat : beats)
        for (const SubLut& s : beat.leaves) {
          addresses.values.push_back(static_cast<float>(address(layer, input, map, p, s)));
        }
      for (std::size_t c = 0; c < channels; ++c) {
        float sum = 0.0F;
        for (std::size_t b = 0; b < n; ++b) {
          std::vector<float> looked_up;
          for (std::size_t leaf = 0; leaf < leaves; ++leaf) {
            const auto entry =
                static_cast<std::size_t>(addresses.values[first + b * leaves + leaf]);
            looked_up.push_back(lut.values[((c * n + b) * leaves + leaf) * entries + entry]);
          }
          out.values.insert(out.values.end(), looked_up.begin(), looked_up.end());
          acc.values.push_back(tree_fp16(std::move(looked_up)));
          sum = add_fp16(sum, acc.values.back());
          psum.values.push_back(sum);
        }
      }
    }
  }
  const Signal order =
      beat_signal(layer, array, tiling, range.tiles, beats, batch, input.maps / batch);
  return {place_signal("fe_position", at), order, lut, addresses, out, acc, psum};
}

}  // namespace h2
