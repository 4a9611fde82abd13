// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "modules/h2learn/signals/signal_parts.h"
#include "modules/h2learn/weight_update/weight_update_cycles.h"

namespace h2 {
namespace {

/// One output of one sample and timestep; sample -1: none.
struct Source {
  int sample = -1, t = 0, y = 0, x = 0;
};
/// What shares one Acc tree: [sub-LUT][input].
struct Beat {
  int sample, tile, first_step, first_position;
  std::vector<std::vector<Source>> leaves;
};

class Array {
 public:
  Array(const Layer& layer, const WeightUpdateSpec& spec, TileSpec tile, int batch, int steps,
        const BitMap& input, const ValueMap& grad_u)
      : layer_(layer),
        spec_(spec),
        tiling_(layer.out_h, layer.out_w, tile),
        batch_(batch),
        steps_(steps),
        input_(input),
        grad_u_(grad_u) {}

  /// First cycle of the look-ups of beat `index`, from the start of the block of output channels,
  /// if memory keeps up: all input channels of the layer pass before the next beat.
  std::uint64_t first_cycle(std::size_t index) const {
    if (layer_.kind == LayerKind::fc) {
      return index * weight_update_fc_chunk(spec_, 0, layer_.cin_star(), 1, 1).array;
    }
    const Cycles one = weight_update_conv_chunk(layer_, spec_, Region{0, 1, 0, 1}, 0,
                                                layer_.cin_star(), 1, 1, true);
    return one.fill + index * one.array;
  }

  int lut_inputs() const { return layer_.kind == LayerKind::fc ? 1 : spec_.sub_lut_inputs; }

  /// All beats in the order of accumulation.
  std::vector<Beat> beats() const {
    std::vector<Beat> all;
    if (layer_.kind == LayerKind::fc) {
      for (int b0 = 0; b0 < batch_; b0 += spec_.sub_luts)
        for (int t0 = 0; t0 < steps_; t0 += spec_.rows) all.push_back(fc_beat(b0, t0));
      return all;
    }
    for (int sample = 0; sample < batch_; ++sample)
      for (int tile = 0; tile < tiling_.count(); ++tile)
        for (int t0 = 0; t0 < steps_; t0 += spec_.rows)
          for (int q0 = 0; q0 < tiling_.tile(tile).area(); q0 += spec_.positions())
            all.push_back(conv_beat(sample, tile, t0, q0));
    return all;
  }

  /// [output channel][leaf][entry]
  std::vector<float> tables(const Beat& beat, const SignalRange& range) const {
    std::vector<float> out;
    for (int co = range.first; co < range.first + range.count; ++co)
      for (const auto& leaf : beat.leaves) {
        std::vector<float> terms;
        terms.reserve(leaf.size());
        for (const Source& s : leaf) {
          terms.push_back(grad_u_.at(s.sample * steps_ + s.t, s.y, s.x)[co]);
        }
        append_entries(terms, lut_inputs(), out);
      }
    return out;
  }
  /// [input channel*][tap][leaf]
  std::vector<float> addresses(const Beat& beat, int first_input, int inputs) const {
    std::vector<float> out;
    for (int star = first_input; star < first_input + inputs; ++star)
      for (int tap = 0; tap < layer_.taps(); ++tap)
        for (const auto& leaf : beat.leaves) {
          unsigned bits = 0;
          for (std::size_t i = 0; i < leaf.size(); ++i) {
            bits |= unsigned{spike(leaf[i], star, tap)} << i;
          }
          out.push_back(static_cast<float>(bits));
        }
    return out;
  }

 private:
  bool spike(const Source& s, int star, int tap) const {
    const int y = s.y * layer_.stride + tap / layer_.kernel - layer_.pad;
    const int x = s.x * layer_.stride + tap % layer_.kernel - layer_.pad;
    const int map = input_.maps == batch_ ? s.sample : s.sample * steps_ + s.t;
    return inside(y, x, layer_.in_h, layer_.in_w) && input_.get(map, y, x, star);
  }
  Beat fc_beat(int b0, int t0) const {
    Beat beat{b0, 0, t0, 0, {}};
    for (int t = t0; t < t0 + spec_.rows; ++t)
      for (int b = b0; b < b0 + spec_.sub_luts; ++b) {
        beat.leaves.emplace_back();
        if (t < steps_ && b < batch_) beat.leaves.back().push_back({b, t, 0, 0});
      }
    return beat;
  }
  Beat conv_beat(int sample, int tile, int t0, int q0) const {
    Beat beat{sample, tile, t0, q0, {}};
    const Region r = tiling_.tile(tile);
    for (int t = t0; t < t0 + spec_.rows; ++t)
      for (int s = 0; s < spec_.sub_luts; ++s) {
        beat.leaves.emplace_back();
        for (int i = 0; i < spec_.sub_lut_inputs && t < steps_; ++i) {
          const int q = q0 + s * spec_.sub_lut_inputs + i;
          if (q >= r.area()) continue;
          beat.leaves.back().push_back({sample, t, r.y0 + q / r.width(), r.x0 + q % r.width()});
        }
      }
    return beat;
  }

  const Layer& layer_;
  const WeightUpdateSpec& spec_;
  Tiling tiling_;
  int batch_, steps_;
  const BitMap& input_;
  const ValueMap& grad_u_;
};

/// The signals of the chosen beats.
struct Recorder {
  Signal beat, lut, address, out, acc, sum;

  Recorder(std::size_t beats, std::size_t channels, std::size_t leaves, std::size_t entries,
           std::size_t inputs, std::size_t taps)
      : beat(make_signal("wue_beat", Signal::Type::index, {beats, 5})),
        lut(make_signal("wue_lut", Signal::Type::value, {beats, channels, leaves, entries})),
        address(make_signal("wue_lut_address", Signal::Type::code, {beats, inputs, taps, leaves})),
        out(make_signal("wue_lut_out", Signal::Type::value,
                        {beats, channels, inputs, taps, leaves})),
        acc(make_signal("wue_acc", Signal::Type::value, {beats, channels, inputs, taps})),
        sum(make_signal("wue_sum", Signal::Type::value, acc.shape)) {}

  void begin(const Beat& b, std::uint64_t cycle, const std::vector<float>& tables,
             const std::vector<float>& addresses) {
    for (const int v : {b.sample, b.tile, b.first_step, b.first_position}) {
      beat.values.push_back(static_cast<float>(v));
    }
    beat.values.push_back(static_cast<float>(cycle));
    lut.values.insert(lut.values.end(), tables.begin(), tables.end());
    address.values.insert(address.values.end(), addresses.begin(), addresses.end());
  }
  void weight(const std::vector<float>& looked_up, float beat_sum, float total) {
    out.values.insert(out.values.end(), looked_up.begin(), looked_up.end());
    acc.values.push_back(beat_sum);
    sum.values.push_back(total);
  }
};

}  // namespace

std::vector<Signal> weight_gradient_signals(const Layer& layer, const WeightUpdateSpec& array,
                                            TileSpec tile, int batch, int steps,
                                            const BitMap& input, const ValueMap& grad_u,
                                            const SignalRange& range, int first_input, int inputs) {
  const Array insides(layer, array, tile, batch, steps, input, grad_u);
  const std::vector<Beat> beats = insides.beats();
  const auto chosen = [&](const Beat& beat) {
    return std::find(range.tiles.begin(), range.tiles.end(), beat.tile) != range.tiles.end();
  };
  const auto count = static_cast<std::size_t>(std::count_if(beats.begin(), beats.end(), chosen));
  const std::size_t leaves = beats.front().leaves.size();
  const std::size_t entries = std::size_t{1} << insides.lut_inputs();
  const auto taps = static_cast<std::size_t>(layer.taps());
  const std::size_t columns = static_cast<std::size_t>(inputs) * taps;
  Recorder recorder(count, range.count, leaves, entries, inputs, taps);
  std::vector<float> sums(range.count * columns, 0.0F), looked_up(leaves);
  for (std::size_t index = 0; index < beats.size(); ++index) {
    const Beat& beat = beats[index];
    const std::vector<float> tables = insides.tables(beat, range);
    const std::vector<float> addresses = insides.addresses(beat, first_input, inputs);
    const bool keep = chosen(beat);
    if (keep) recorder.begin(beat, insides.first_cycle(index), tables, addresses);
    for (std::size_t w = 0; w < sums.size(); ++w) {
      for (std::size_t leaf = 0; leaf < leaves; ++leaf) {
        const auto entry = static_cast<std::size_t>(addresses[w % columns * leaves + leaf]);
        looked_up[leaf] = tables[(w / columns * leaves + leaf) * entries + entry];
      }
      const float beat_sum = tree_fp16(looked_up);
      sums[w] = add_fp16(sums[w], beat_sum);
      if (keep) recorder.weight(looked_up, beat_sum, sums[w]);
    }
  }
  return {recorder.beat, recorder.lut, recorder.address, recorder.out, recorder.acc, recorder.sum};
}

}  // namespace h2
