// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <sstream>

#include "modules/arithmetic/fp16.h"
#include "modules/base/error.h"
#include "platform/data/shape_text.h"
#include "platform/nir/nir.h"
#include "platform/nir/nir_graph.h"

namespace h2 {
namespace {

/// FP32 constants of other frameworks miss the numbers they stand for by their last bits: the
/// nearest FP16 number, or one of six decimals, if it is that close.
double intended(double value) {
  constexpr double kClose = 1e-6;
  const double half = round_fp16(static_cast<float>(value));
  if (std::abs(half - value) <= kClose * std::abs(value)) return half;
  const double decimal = std::round(value * 1e6) / 1e6;
  return std::abs(decimal - value) <= kClose * std::abs(value) ? decimal : value;
}

std::string number_text(double value) {
  std::ostringstream text;
  text.precision(9);
  text << value;
  return text.str();
}

class Importer {
 public:
  Importer(const NirOptions& options, const Hdf5File& file) : options_(options), file_(file) {}

  NirImport run() {
    for (const NirNode& node : nir_chain(file_)) take(node);
    // What the notation cannot say is refused with its own message.
    parse_network(out_.layers, out_.input, options_.timesteps, out_.pool);
    return out_;
  }

 private:
  void take(const NirNode& node) {
    const std::string& type = node.type();
    if (type == "Input") return take_input(node);
    if (type == "Output") return take_output(node);
    if (type == "Conv2d") return take_convolution(node);
    if (type == "Linear" || type == "Affine") return take_linear(node);
    if (type == "LIF" || type == "IF" || type == "CubaLIF") return take_neuron(node);
    if (type == "AvgPool2d" || type == "SumPool2d") return take_pool(node);
    if (type == "Flatten") return take_flatten(node);
    if (type == "Scale") return take_scale(node);
    node.refuse(
        "is not mapped; legal: Input, Output, Conv2d, Linear, Affine, LIF, IF, CubaLIF, AvgPool2d, "
        "SumPool2d, Flatten, Scale");
  }

  void take_input(const NirNode& node) {
    const Hdf5Array shape = node.array("shape");
    std::vector<int> sides;
    for (const double side : shape.values) {
      if (side < 1 || side > 65536 || side != std::floor(side)) {
        node.refuse("has a shape that is not of whole numbers in 1..65536");
      }
      sides.push_back(static_cast<int>(side));
    }
    if (sides.size() != 1 && sides.size() != 3) {
      node.refuse("has " + std::to_string(sides.size()) +
                  " dimensions; legal: 3 (channels, height, width) or 1");
    }
    sides.resize(3, 1);
    shape_ = out_.input = {sides[0], sides[1], sides[2]};
    out_.encoding = options_.encoding || node.text("metadata/encoding") == "pixels";
  }

  void take_output(const NirNode& node) {
    if (out_.weights.empty()) node.refuse("follows no layer");
    require_neuron(node, "ends");
    if (input_scale_ != 1) node.refuse("follows a sum or scale of spikes");
  }

  /// Every layer is one of weights, then neurons.
  void require_neuron(const NirNode& node, const char* what) const {
    if (open_) node.refuse(std::string(what) + " a layer without LIF, IF or CubaLIF");
  }

  void require_no_bias(const NirNode& node) const {
    if (!node.has("bias")) return;
    for (const double bias : node.array("bias").values) {
      if (bias != 0) {
        node.refuse("has a bias of " + number_text(bias) +
                    "; the engines add none: legal are zeros, train without bias or fold it into "
                    "the input");
      }
    }
  }

  void open_layer(const NirNode& node, const Hdf5Array& weight, const std::string& item) {
    out_.layers += (out_.layers.empty() ? "" : "-") + item;
    out_.weights.emplace_back();
    for (const double w : weight.values) {
      if (!std::isfinite(w)) node.refuse("has a weight that is not finite");
      out_.weights.back().push_back(static_cast<float>(w * input_scale_));
    }
    if (input_scale_ != 1) {
      out_.remarks.push_back("node '" + node.name() + "': weights times " +
                             number_text(input_scale_) + " of the pool or scale before");
    }
    input_scale_ = 1;
    open_ = true;
  }

  int padding_of(const NirNode& node, int kernel, int stride) const {
    const std::string text = node.text("padding");
    if (text == "same" && stride == 1) return kernel / 2;
    if (text == "valid") return 0;
    if (!text.empty()) node.refuse("has padding '" + text + "' at a stride of 2");
    return node.side("padding");
  }

  void take_convolution(const NirNode& node) {
    require_neuron(node, "follows");
    if (flat_) node.refuse("follows a Flatten");
    const Hdf5Array weight = node.array("weight");
    const bool square = weight.shape.size() == 4 && weight.shape[2] == weight.shape[3];
    if (!square || weight.shape[2] % 2 == 0) {
      node.refuse("has a kernel that is not square with an odd side");
    }
    const int kernel = static_cast<int>(weight.shape[2]), stride = node.side("stride");
    if (stride != 1 && stride != 2) {
      node.refuse("has a stride of " + std::to_string(stride) + "; legal: 1, 2");
    }
    if (const int pad = padding_of(node, kernel, stride); pad != kernel / 2) {
      node.refuse("has a padding of " + std::to_string(pad) + "; legal: half the kernel, " +
                  std::to_string(kernel / 2));
    }
    if (node.uniform("dilation", 1) != 1) node.refuse("is dilated; legal: 1");
    if (node.uniform("groups", 1) != 1) node.refuse("has groups; legal: 1");
    require_no_bias(node);
    if (weight.shape[1] != static_cast<std::size_t>(shape_.channels)) {
      node.refuse("reads " + std::to_string(weight.shape[1]) + " channels, but gets " +
                  std::to_string(shape_.channels));
    }
    const bool first = out_.weights.empty();
    shape_ = {static_cast<int>(weight.shape[0]), (shape_.height + stride - 1) / stride,
              (shape_.width + stride - 1) / stride};
    open_layer(node, weight,
               std::to_string(shape_.channels) + "C" + std::to_string(kernel) +
                   (stride == 2 ? "S2" : "") + (first && out_.encoding ? "(Encoding)" : ""));
    convolution_ = true;
  }

  void take_linear(const NirNode& node) {
    require_neuron(node, "follows");
    const Hdf5Array weight = node.array("weight");
    if (weight.shape.size() != 2) node.refuse("has weights that are no matrix");
    require_no_bias(node);
    const auto inputs = static_cast<std::size_t>(shape_.channels) * shape_.height * shape_.width;
    if (weight.shape[1] != inputs) {
      node.refuse("reads " + std::to_string(weight.shape[1]) + " values, but gets " +
                  shape_text(shape_));
    }
    if (out_.weights.empty() && out_.encoding) {
      node.refuse("is the first layer and would read pixels; legal: a Conv2d");
    }
    shape_ = {static_cast<int>(weight.shape[0]), 1, 1};
    flat_ = true;
    open_layer(node, weight, std::to_string(weight.shape[0]) + "FC");
    convolution_ = false;
  }

  /// v' = alpha v + gain i, alpha = 1 - dt/tau; the gain goes into the weights.
  void take_neuron(const NirNode& node) {
    if (!open_) node.refuse("follows no weights");
    const double dt = options_.dt;
    double alpha = 1, gain = node.uniform("r");
    if (node.type() == "IF") {
      gain *= dt;
    } else {
      const double tau = node.uniform(node.type() == "LIF" ? "tau" : "tau_mem");
      if (tau < dt) {
        node.refuse("has a time constant of " + number_text(tau) + " s, below the timestep of " +
                    number_text(dt) + " s; name the one it was made with by --dt");
      }
      alpha = 1 - dt / tau;
      gain *= dt / tau;
      if (node.uniform("v_leak", 0) != 0) node.refuse("leaks to another potential than 0");
    }
    if (node.type() == "CubaLIF") {
      const double share = intended(dt / node.uniform("tau_syn"));
      if (share != 1) {
        node.refuse("has currents that outlast a timestep (dt/tau_syn is " + number_text(share) +
                    "); legal: 1, at which they are those of the timestep alone");
      }
      gain *= node.uniform("w_in", 1);
    }
    if (node.uniform("v_reset", 0) != 0) node.refuse("is reset to another potential than 0");
    scale_rows(node, intended(gain));
    take_model(node, static_cast<float>(intended(alpha)),
               static_cast<float>(intended(node.uniform("v_threshold"))));
    open_ = false;
  }

  /// One neuron model serves all layers.
  void take_model(const NirNode& node, float alpha, float threshold) {
    if (!(threshold > 0)) node.refuse("has a threshold that is not above 0");
    if (model_of_.empty()) {
      model_of_ = node.name();
      out_.alpha = alpha;
      out_.th_f = threshold;
      return;
    }
    if (alpha != out_.alpha || threshold != out_.th_f) {
      node.refuse("has leak " + number_text(alpha) + " and threshold " + number_text(threshold) +
                  ", but '" + model_of_ + "' has " + number_text(out_.alpha) + " and " +
                  number_text(out_.th_f) + "; legal: the same in all layers");
    }
  }

  void scale_rows(const NirNode& node, double factor) {
    if (factor == 1) return;
    for (float& w : out_.weights.back()) w = static_cast<float>(w * factor);
    out_.remarks.push_back("node '" + node.name() + "': weights before it times " +
                           number_text(factor));
  }

  void take_pool(const NirNode& node) {
    const bool two = node.side("kernel_size") == 2 && node.side("stride") == 2 &&
                     node.uniform("padding", 0) == 0;
    if (!two) node.refuse("is no pool of 2x2 with stride 2 without padding");
    if (!convolution_ || flat_) node.refuse("does not follow a convolution");
    const PoolMode mode = open_ ? PoolMode::before_soma : PoolMode::after_soma;
    if (pooled_ && mode != out_.pool) {
      node.refuse("acts on the other side of its neurons than the pool before; legal: one way");
    }
    pooled_ = true;
    out_.pool = mode;
    out_.layers += "-AP2";
    convolution_ = false;
    shape_.height /= 2;
    shape_.width /= 2;
    if (node.type() == "AvgPool2d") return;
    // A sum is four times the mean.
    if (open_) {
      scale_rows(node, 4);
    } else {
      input_scale_ *= 4;
    }
  }

  void take_flatten(const NirNode& node) {
    const int first = static_cast<int>(node.uniform("start_dim", 0));
    const int last = static_cast<int>(node.uniform("end_dim", -1));
    if ((first != 0 && first != -3) || (last != -1 && last != 2)) {
      node.refuse("keeps some dimensions; legal: all of channels, height, width into one");
    }
    flat_ = true;
  }

  /// A factor for each output of the layer, or one for all spikes.
  void take_scale(const NirNode& node) {
    const Hdf5Array scale = node.array("scale");
    const auto all = static_cast<std::size_t>(shape_.channels) * shape_.height * shape_.width;
    if (!open_) {
      input_scale_ *= node.uniform("scale");
      return;
    }
    if (scale.values.size() == 1) return scale_rows(node, scale.values[0]);
    const auto rows = static_cast<std::size_t>(shape_.channels);
    if (scale.values.size() != all && scale.values.size() != rows) {
      node.refuse("has another shape than what it scales, " + shape_text(shape_));
    }
    std::vector<float>& weights = out_.weights.back();
    const std::size_t per_row = weights.size() / rows, per_channel = scale.values.size() / rows;
    for (std::size_t row = 0; row < rows; ++row) {
      const double factor = scale.values[row * per_channel];
      for (std::size_t i = 1; i < per_channel; ++i) {
        if (scale.values[row * per_channel + i] != factor) {
          node.refuse("scales the pixels of a channel differently");
        }
      }
      for (std::size_t i = 0; i < per_row; ++i) {
        float& w = weights[row * per_row + i];
        w = static_cast<float>(w * factor);
      }
    }
    out_.remarks.push_back("node '" + node.name() + "': folded into the weights before it");
  }

  const NirOptions& options_;
  const Hdf5File& file_;
  NirImport out_;
  InputShape shape_;          // of what the next node gets
  double input_scale_ = 1;    // of the spikes that the next weights read
  bool open_ = false;         // weights without neurons
  bool convolution_ = false;  // they, or the neurons behind them, may be pooled
  bool flat_ = false, pooled_ = false;
  std::string model_of_;  // the node that gave leak and threshold
};

}  // namespace

NirImport import_nir(const std::string& path, const NirOptions& options) {
  const Hdf5File file(path, Hdf5File::Mode::read);
  return Importer(options, file).run();
}

}  // namespace h2
