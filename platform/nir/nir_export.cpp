// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <utility>

#include "modules/base/error.h"
#include "platform/data/hdf5_file.h"
#include "platform/nir/nir.h"

namespace h2 {
namespace {

using Shape = std::vector<std::size_t>;

std::size_t count_of(const Shape& shape) {
  std::size_t count = 1;
  for (const std::size_t side : shape) count *= side;
  return count;
}

Shape map_shape(int channels, int height, int width, bool flat) {
  if (flat) return {static_cast<std::size_t>(channels) * height * width};
  return {static_cast<std::size_t>(channels), static_cast<std::size_t>(height),
          static_cast<std::size_t>(width)};
}

/// Weights of a layer as the card holds them, with those of the constant input behind the others:
/// apart.
std::pair<std::vector<float>, std::vector<float>> without_bias(const Layer& layer,
                                                               const std::vector<float>& all) {
  if (!layer.bias) return {all, {}};
  const auto taps = static_cast<std::ptrdiff_t>(layer.taps());
  const std::ptrdiff_t row = layer.inputs() * taps;
  std::vector<float> weights, bias;
  for (auto at = all.begin(); at != all.end(); at += row + taps) {
    weights.insert(weights.end(), at, at + row);
    bias.push_back(*(at + row + taps / 2));
  }
  return {weights, bias};
}

void require_nodes(const Network& network) {
  for (const Layer& layer : network.layers) {
    const bool soft = !layer.readout && layer.neuron.reset != Reset::hard;
    const char* lacks = layer.max_pool          ? "max pooling"
                        : layer.normalised()    ? "trained batch norm"
                        : soft                  ? "a soft reset"
                        : layer.adds_potentials ? "a shortcut of potentials"
                                                : nullptr;
    if (lacks != nullptr) {
      throw InputError("export: layer " + layer.name + " has " + lacks +
                       "; legal: what NIR's nodes can say (docs/nir.md)");
    }
  }
}

/// Writes nodes one after another and joins them.
class Writer {
 public:
  Writer(Hdf5File& file, double dt) : file_(file), dt_(dt) {}

  void end(const std::string& name, const char* type, const Shape& shape) {
    begin(name, type);
    write_shape("shape", shape);
  }

  void convolution(const Layer& layer, const std::vector<float>& all) {
    const auto [weights, bias] = without_bias(layer, all);
    begin(layer.name, "Conv2d");
    const auto pair = [&](const char* member, std::int64_t value) {
      file_.write_integers(at_ + member, {2}, {value, value});
    };
    file_.write_integers(at_ + "input_shape", {2}, {layer.in_h, layer.in_w});
    const auto side = static_cast<std::size_t>(layer.kernel);
    const auto out = static_cast<std::size_t>(layer.cout);
    file_.write(at_ + "weight", {out, static_cast<std::size_t>(layer.inputs()), side, side},
                weights);
    file_.write(at_ + "bias", {out}, layer.bias ? bias : std::vector<float>(out, 0.0F));
    pair("stride", layer.stride);
    pair("padding", layer.pad);
    pair("dilation", 1);
    file_.write_integers(at_ + "groups", {}, {1});
  }

  void linear(const Layer& layer, const std::vector<float>& all) {
    const auto [weights, bias] = without_bias(layer, all);
    begin(layer.name, layer.bias ? "Affine" : "Linear");
    const auto out = static_cast<std::size_t>(layer.cout);
    file_.write(at_ + "weight", {out, static_cast<std::size_t>(layer.inputs())}, weights);
    if (layer.bias) file_.write(at_ + "bias", {out}, bias);
  }

  /// alpha = 1 - dt/tau and r dt/tau = 1; without leak an integrator with r dt = 1. Those of a
  /// read-out never fire.
  void neurons(const Layer& layer) {
    const NeuronSpec& neuron = layer.neuron;
    const bool leaks = neuron.alpha < 1;
    begin(neurons_of(layer), layer.readout ? (leaks ? "LI" : "I") : (leaks ? "LIF" : "IF"));
    const Shape shape =
        map_shape(layer.cout, layer.soma_h, layer.soma_w, layer.kind == LayerKind::fc);
    const double tau = dt_ / (1.0 - static_cast<double>(neuron.alpha));
    const auto fill = [&](const char* member, double value) {
      file_.write(at_ + member, shape,
                  std::vector<float>(count_of(shape), static_cast<float>(value)));
    };
    if (leaks) {
      fill("tau", tau);
      fill("v_leak", 0);
    }
    fill("r", leaks ? tau / dt_ : 1 / dt_);
    if (layer.readout) return;
    fill("v_threshold", neuron.th_f);
    fill("v_reset", 0);
  }

  /// Spikes that the neurons of `layer` get beside their sums.
  void shortcut(const Layer& from, const Layer& layer) {
    edges_.push_back(neurons_of(from));
    edges_.push_back(neurons_of(layer));
  }

  void pool(const Layer& layer) {
    begin(layer.name + "_pool", "AvgPool2d");
    for (const auto& [member, value] :
         {std::pair<const char*, std::int64_t>{"kernel_size", 2}, {"stride", 2}, {"padding", 0}}) {
      file_.write_integers(at_ + member, {2}, {value, value});
    }
  }

  void flatten(int channels, int height, int width) {
    begin("flatten", "Flatten");
    write_shape("input_type", map_shape(channels, height, width, false));
    file_.write_integers(at_ + "start_dim", {}, {0});
    file_.write_integers(at_ + "end_dim", {}, {-1});
  }

  void note(const char* member, const char* text) { file_.write_text(at_ + member, text); }

  void finish() {
    file_.write_texts("node/edges", {edges_.size() / 2, 2}, edges_);
    file_.write_text("node/type", "NIRGraph");
    file_.write_text("version", "1.0");
  }

 private:
  static std::string neurons_of(const Layer& layer) { return layer.name + "_neurons"; }

  void begin(const std::string& name, const char* type) {
    if (!last_.empty()) {
      edges_.push_back(last_);
      edges_.push_back(name);
    }
    last_ = name;
    at_ = "node/nodes/" + name + "/";
    file_.write_text(at_ + "type", type);
  }

  void write_shape(const char* member, const Shape& shape) {
    file_.write_integers(at_ + member, {shape.size()}, {shape.begin(), shape.end()});
  }

  Hdf5File& file_;
  double dt_;
  std::string last_, at_;
  std::vector<std::string> edges_;
};

}  // namespace

void export_nir(const std::string& path, const Network& network,
                const std::vector<std::vector<float>>& weights, double dt) {
  require_nodes(network);
  Hdf5File file(path, Hdf5File::Mode::create);
  Writer writer(file, dt);
  const InputShape& in = network.input;
  writer.end("input", "Input", map_shape(in.channels, in.height, in.width, false));
  if (network.encoding()) writer.note("metadata/encoding", "pixels");
  InputShape map = in;
  bool flat = false;
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const Layer& layer = network.layers[i];
    if (layer.kind == LayerKind::conv) {
      writer.convolution(layer, weights[i]);
    } else {
      if (!flat) writer.flatten(map.channels, map.height, map.width);
      flat = true;
      writer.linear(layer, weights[i]);
    }
    if (layer.pool == PoolMode::before_soma) writer.pool(layer);
    writer.neurons(layer);
    if (layer.pool == PoolMode::after_soma) writer.pool(layer);
    map = {layer.cout, layer.next_h, layer.next_w};
  }
  writer.end("output", "Output", map_shape(map.channels, map.height, map.width, flat));
  for (const Layer& layer : network.layers) {
    if (layer.adds >= 0)
      writer.shortcut(network.layers[static_cast<std::size_t>(layer.adds)], layer);
  }
  writer.finish();
}

}  // namespace h2
