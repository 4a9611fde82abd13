// SPDX-License-Identifier: Apache-2.0
#include "modules/sata/array_signals.h"

#include <algorithm>

#include "modules/base/ceil_div.h"
#include "modules/h2learn/signals/signal_parts.h"

namespace h2 {
namespace {

/// Output stationary: positions on rows, channels on columns, folds of both one after another,
/// columns outermost.
class StationaryOutputs {
 public:
  StationaryOutputs(const SataSpec& array, int positions)
      : array_(array), position_folds_(ceil_div(positions, array.rows)) {}

  int row(int position) const { return position % array_.rows; }
  int column(int channel) const { return channel % array_.cols; }
  int fold(int position, int channel) const {
    return channel / array_.cols * position_folds_ + position / array_.rows;
  }

 private:
  const SataSpec& array_;
  int position_folds_;
};

/// Signals "position" and "start" of the chosen positions.
std::vector<Signal> placed(const std::string& pass, const StationaryOutputs& order, int width,
                           const std::vector<Place>& chosen, const SignalRange& range) {
  Signal position = make_signal(pass + "position", Signal::Type::index, {chosen.size(), 4});
  Signal start = make_signal(pass + "start", Signal::Type::index,
                             {chosen.size(), static_cast<std::size_t>(range.count), 2});
  for (const Place& p : chosen) {
    const int number = p.y * width + p.x;
    for (const int n : {p.tile, p.y, p.x, order.row(number)}) {
      position.values.push_back(static_cast<float>(n));
    }
    for (int c = range.first; c < range.first + range.count; ++c) {
      start.values.push_back(static_cast<float>(order.fold(number, c)));
      start.values.push_back(static_cast<float>(order.row(number) + order.column(c)));
    }
  }
  return {std::move(position), std::move(start)};
}

bool spike_under(const Layer& l, const BitMap& input, int map, int y, int x, int term) {
  const int tap = term % l.taps();
  const int iy = y * l.stride - l.pad + tap / l.kernel, ix = x * l.stride - l.pad + tap % l.kernel;
  return inside(iy, ix, l.in_h, l.in_w) && input.get(map, iy, ix, term / l.taps());
}

/// grad-u that input position (y, x) meets at term (k, r, s); 0 where there is none.
float gradient_under(const Layer& l, const ValueMap& grad_u, int map, int y, int x, int term) {
  const int tap = term % l.taps();
  const int oy = y + l.pad - tap / l.kernel, ox = x + l.pad - tap % l.kernel;
  if (oy < 0 || ox < 0 || oy % l.stride != 0 || ox % l.stride != 0) return 0.0F;
  const int sy = oy / l.stride, sx = ox / l.stride;
  return inside(sy, sx, l.out_h, l.out_w) ? grad_u.at(map, sy, sx)[term / l.taps()] : 0.0F;
}

float joined_planes(const Layer& l, const std::vector<float>& sums) {
  if (l.planes == 1) return sums.front();
  float all = 0;
  for (int p = 0; p < l.planes; ++p) {
    all = add_fp16(all, round_fp16(sums[p] * l.plane_value(p)));
  }
  return all;
}

void append(Signal& signal, float value) { signal.values.push_back(value); }

}  // namespace

SataSignalBlocks sata_signal_blocks(const SataSpec& array, const Layer& layer, bool first_layer) {
  return {ceil_div(layer.cout, array.cols), first_layer ? 0 : ceil_div(layer.cin, array.cols),
          ceil_div(layer.cin_star() * layer.taps(), array.rows) * ceil_div(layer.cout, array.cols)};
}

SataFold sata_fold(const SataSpec& array, const Layer& layer, int block) {
  const int window = layer.cin_star() * layer.taps(), folds = ceil_div(window, array.rows);
  SataFold f;
  f.row = block % folds * array.rows;
  f.rows = std::min(array.rows, window - f.row);
  f.column = block / folds * array.cols;
  f.columns = std::min(array.cols, layer.cout - f.column);
  return f;
}

std::vector<Signal> sata_forward_signals(const Layer& l, const SataSpec& array, TileSpec tile,
                                         const std::vector<float>& oihw, const BitMap& input,
                                         const SignalRange& range) {
  const int terms = l.cin_star() * l.taps(), window = l.cin * l.taps();
  const std::vector<Place> chosen = places(Tiling(l.out_h, l.out_w, tile), range.tiles);
  const std::size_t n = chosen.size(), maps = input.maps, channels = range.count, t = terms;
  const StationaryOutputs order(array, l.out_h * l.out_w);
  std::vector<Signal> all = placed("sata_forward_", order, l.out_w, chosen, range);
  Signal weight = make_signal("sata_forward_weight", Signal::Type::value, {channels, t});
  Signal spike = make_signal("sata_forward_spike", Signal::Type::code, {n, maps, t});
  Signal sum = make_signal("sata_forward_sum", Signal::Type::value, {n, maps, channels, t});
  Signal total = make_signal("sata_forward_total", Signal::Type::value, {n, maps, channels});
  for (int k = range.first; k < range.first + range.count; ++k)
    for (int term = 0; term < terms; ++term) {
      const int c = term / l.taps() / l.planes, tap = term % l.taps();
      append(weight, oihw[static_cast<std::size_t>(k) * window + c * l.taps() + tap]);
    }
  for (const Place& p : chosen)
    for (int map = 0; map < input.maps; ++map) {
      for (int term = 0; term < terms; ++term) {
        append(spike, spike_under(l, input, map, p.y, p.x, term) ? 1.0F : 0.0F);
      }
      const float* spikes = &spike.values[spike.values.size() - t];
      for (std::size_t k = 0; k < channels; ++k) {
        std::vector<float> planes(l.planes, 0.0F);
        for (int term = 0; term < terms; ++term) {
          float& of_plane = planes[term / l.taps() % l.planes];
          of_plane = add_fp16(of_plane, spikes[term] != 0 ? weight.values[k * t + term] : 0.0F);
          append(sum, of_plane);
        }
        append(total, joined_planes(l, planes));
      }
    }
  for (Signal* s : {&weight, &spike, &sum, &total}) all.push_back(std::move(*s));
  return all;
}

std::vector<Signal> sata_backward_signals(const Layer& l, const SataSpec& array, TileSpec tile,
                                          const std::vector<float>& oihw, const ValueMap& grad_u,
                                          const SignalRange& range) {
  const int terms = l.cout * l.taps();
  const std::vector<Place> chosen = places(Tiling(l.in_h, l.in_w, tile), range.tiles);
  const std::size_t n = chosen.size(), maps = grad_u.maps, channels = range.count, t = terms;
  const StationaryOutputs order(array, l.in_h * l.in_w);
  std::vector<Signal> all = placed("sata_backward_", order, l.in_w, chosen, range);
  Signal weight = make_signal("sata_backward_weight", Signal::Type::value, {channels, t});
  Signal grad = make_signal("sata_backward_grad", Signal::Type::value, {n, maps, t});
  Signal sum = make_signal("sata_backward_sum", Signal::Type::value, {n, maps, channels, t});
  for (int c = range.first; c < range.first + range.count; ++c)
    for (int term = 0; term < terms; ++term) {
      const std::size_t k = term / l.taps();
      append(weight, oihw[(k * l.cin + c) * l.taps() + term % l.taps()]);
    }
  for (const Place& p : chosen)
    for (int map = 0; map < grad_u.maps; ++map) {
      for (int term = 0; term < terms; ++term) {
        append(grad, gradient_under(l, grad_u, map, p.y, p.x, term));
      }
      const float* gradients = &grad.values[grad.values.size() - t];
      for (std::size_t c = 0; c < channels; ++c) {
        float running = 0;
        for (int term = 0; term < terms; ++term) {
          running = add_fp16(running, round_fp16(gradients[term] * weight.values[c * t + term]));
          append(sum, running);
        }
      }
    }
  for (Signal* s : {&weight, &grad, &sum}) all.push_back(std::move(*s));
  return all;
}

std::vector<Signal> sata_weight_gradient_signals(const Layer& l, const SataSpec& array, int batch,
                                                 int steps, const BitMap& input,
                                                 const ValueMap& grad_u, int block) {
  const SataFold fold = sata_fold(array, l, block);
  const std::size_t rows = fold.rows, columns = fold.columns, samples = batch;
  const int positions = l.out_h * l.out_w;
  const auto t = static_cast<std::size_t>(steps) * positions;
  Signal weight = make_signal("sata_weight_gradient_weight", Signal::Type::index, {rows, 3});
  Signal start = make_signal("sata_weight_gradient_start", Signal::Type::index, {rows, columns, 2});
  Signal spike = make_signal("sata_weight_gradient_spike", Signal::Type::code, {samples, rows, t});
  Signal grad =
      make_signal("sata_weight_gradient_grad", Signal::Type::value, {samples, columns, t});
  Signal sum =
      make_signal("sata_weight_gradient_sum", Signal::Type::value, {samples, rows, columns, t});
  for (int row = 0; row < fold.rows; ++row) {
    const int tap = (fold.row + row) % l.taps();
    for (const int v : {(fold.row + row) / l.taps(), tap / l.kernel, tap % l.kernel}) {
      append(weight, static_cast<float>(v));
    }
    for (int column = 0; column < fold.columns; ++column) {
      append(start, static_cast<float>(block));
      append(start, static_cast<float>(row + column));
    }
  }
  for (int b = 0; b < batch; ++b) {
    const auto each_term = [&](auto visit) {
      for (int step = 0; step < steps; ++step)
        for (int p = 0; p < positions; ++p) visit(step, p / l.out_w, p % l.out_w);
    };
    for (int row = 0; row < fold.rows; ++row) {
      each_term([&](int step, int y, int x) {
        const int map = input.maps == batch ? b : b * steps + step;
        append(spike, spike_under(l, input, map, y, x, fold.row + row) ? 1.0F : 0.0F);
      });
    }
    for (int column = fold.column; column < fold.column + fold.columns; ++column) {
      each_term(
          [&](int step, int y, int x) { append(grad, grad_u.at(b * steps + step, y, x)[column]); });
    }
    for (std::size_t row = 0; row < rows; ++row)
      for (std::size_t column = 0; column < columns; ++column) {
        const float* spikes = &spike.values[(b * rows + row) * t];
        const float* gradients = &grad.values[(b * columns + column) * t];
        float running = 0;
        for (std::size_t term = 0; term < t; ++term) {
          running = add_fp16(running, spikes[term] != 0 ? gradients[term] : 0.0F);
          append(sum, running);
        }
      }
  }
  return {weight, start, spike, grad, sum};
}

const std::vector<SignalKind>& sata_signal_kinds() {
  static const char* const kPlace = "tile, y, x, row of PEs";
  static const char* const kStart =
      "fold, in the order in which they follow one another, and cycle of the first term in it";
  static const std::vector<SignalKind> kinds{
      {"sata_forward_position", {"position", "field"}, kPlace},
      {"sata_forward_start", {"position", "channel", "field"}, kStart},
      {"sata_forward_weight", {"channel", "term"}, "terms ascending (channel*, r, s)"},
      {"sata_forward_spike", {"position", "map", "term"}, "1: adds the weight"},
      {"sata_forward_sum",
       {"position", "map", "channel", "term"},
       "running sum of the term's bit plane"},
      {"sata_forward_total", {"position", "map", "channel"}, "planes joined"},
      {"sata_backward_position", {"position", "field"}, kPlace},
      {"sata_backward_start", {"position", "channel", "field"}, kStart},
      {"sata_backward_weight", {"channel", "term"}, "terms ascending (k, r, s)"},
      {"sata_backward_grad", {"position", "map", "term"}, "grad-u that the weight meets, 0: none"},
      {"sata_backward_sum", {"position", "map", "channel", "term"}, "running sum of products"},
      {"sata_weight_gradient_weight", {"row", "field"}, "channel*, r, s"},
      {"sata_weight_gradient_start", {"row", "channel", "field"}, kStart},
      {"sata_weight_gradient_spike", {"sample", "row", "term"}, "terms ascending (t, y, x)"},
      {"sata_weight_gradient_grad", {"sample", "channel", "term"}, "grad-u"},
      {"sata_weight_gradient_sum",
       {"sample", "row", "channel", "term"},
       "running sum, before planes and samples are joined"},
  };
  return kinds;
}

}  // namespace h2
