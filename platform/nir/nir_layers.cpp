// SPDX-License-Identifier: Apache-2.0
// Nodes with weights, and those that act on them.

#include <algorithm>
#include <cmath>
#include <utility>

#include "platform/data/shape_text.h"
#include "platform/nir/nir_importer.h"

namespace h2 {

void NirImporter::require_neuron(const NirNode& node, const char* what) const {
  if (open_) node.refuse(std::string(what) + " a layer without LIF, IF, CubaLIF, LI, I or CubaLI");
}

void NirImporter::take_bias(const NirNode& node) {
  if (!node.has("bias")) return;
  const Hdf5Array bias = node.array("bias");
  if (std::all_of(bias.values.begin(), bias.values.end(), [](double b) { return b == 0; })) return;
  const auto outputs = static_cast<std::size_t>(shape_.channels);
  if (bias.values.size() != outputs) {
    node.refuse("has " + std::to_string(bias.values.size()) + " biases for " +
                std::to_string(outputs) + " outputs");
  }
  for (const double b : bias.values) {
    if (!std::isfinite(b)) node.refuse("has a bias that is not finite");
    out_.biases.back().push_back(static_cast<float>(b));
  }
  items_[layer_].bias = true;
}

void NirImporter::open_layer(const NirNode& node, const Hdf5Array& weight, LayerItem item) {
  if (weight.values.empty()) node.refuse("has no weights");
  item.encoding = items_.empty() && out_.encoding;
  ++(item.type == LayerItem::Type::conv ? convolutions_ : linears_);
  if (read_out_) node.refuse("follows a read-out of potentials; legal: Output");
  items_.push_back(std::move(item));
  layer_ = items_.size() - 1;
  out_.weights.emplace_back();
  out_.biases.emplace_back();
  for (const double w : weight.values) {
    if (!std::isfinite(w)) node.refuse("has a weight that is not finite");
    out_.weights.back().push_back(static_cast<float>(w * input_scale_));
  }
  if (input_scale_ != 1) {
    out_.remarks.push_back("node '" + node.name() + "': weights times " + nir_number(input_scale_) +
                           " of the pool or scale before");
  }
  input_scale_ = 1;
  open_ = true;
}

int NirImporter::padding_of(const NirNode& node, int kernel, int stride) const {
  const std::string text = node.text("padding");
  if (text == "same" && stride == 1) return kernel / 2;
  if (text == "valid") return 0;
  if (!text.empty()) node.refuse("has padding '" + text + "' at a stride of 2");
  return node.side("padding");
}

void NirImporter::take_convolution(const NirNode& node) {
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
  const int pad = padding_of(node, kernel, stride);
  if (pad != kernel / 2 && pad != 0) {
    node.refuse("has a padding of " + std::to_string(pad) + "; legal: 0, or half the kernel, " +
                std::to_string(kernel / 2));
  }
  if (kernel > shape_.height + 2 * pad || kernel > shape_.width + 2 * pad) {
    node.refuse("has a kernel that does not fit the map it reads, " + shape_text(shape_));
  }
  if (node.uniform("dilation", 1) != 1) node.refuse("is dilated; legal: 1");
  if (node.uniform("groups", 1) != 1) node.refuse("has groups; legal: 1");
  if (weight.shape[1] != static_cast<std::size_t>(shape_.channels)) {
    node.refuse("reads " + std::to_string(weight.shape[1]) + " channels, but gets " +
                std::to_string(shape_.channels));
  }
  shape_ = {static_cast<int>(weight.shape[0]), (shape_.height + 2 * pad - kernel) / stride + 1,
            (shape_.width + 2 * pad - kernel) / stride + 1};
  LayerItem item;
  item.size = shape_.channels;
  item.kernel = kernel;
  item.stride = stride;
  item.valid = pad != kernel / 2;
  open_layer(node, weight, item);
  take_bias(node);
  convolution_ = true;
}

void NirImporter::take_linear(const NirNode& node) {
  require_neuron(node, "follows");
  const Hdf5Array weight = node.array("weight");
  if (weight.shape.size() != 2) node.refuse("has weights that are no matrix");
  const auto inputs = static_cast<std::size_t>(shape_.channels) * shape_.height * shape_.width;
  if (weight.shape[1] != inputs) {
    node.refuse("reads " + std::to_string(weight.shape[1]) + " values, but gets " +
                shape_text(shape_));
  }
  shape_ = {static_cast<int>(weight.shape[0]), 1, 1};
  flat_ = true;
  LayerItem item;
  item.type = LayerItem::Type::fc;
  item.size = shape_.channels;
  open_layer(node, weight, item);
  take_bias(node);
  convolution_ = false;
}

void NirImporter::scale_rows(const NirNode& node, double factor) {
  if (factor == 1) return;
  for (float& w : out_.weights.back()) w = static_cast<float>(w * factor);
  for (float& b : out_.biases.back()) b = static_cast<float>(b * factor);
  out_.remarks.push_back("node '" + node.name() + "': weights before it times " +
                         nir_number(factor));
}

void NirImporter::take_pool(const NirNode& node) {
  const bool two =
      node.side("kernel_size") == 2 && node.side("stride") == 2 && node.uniform("padding", 0) == 0;
  if (!two) node.refuse("is no pool of 2x2 with stride 2 without padding");
  if (!convolution_ || flat_) node.refuse("does not follow a convolution");
  const PoolMode mode = open_ ? PoolMode::before_soma : PoolMode::after_soma;
  if (pooled_ && mode != out_.pool) {
    node.refuse("acts on the other side of its neurons than the pool before; legal: one way");
  }
  pooled_ = true;
  out_.pool = mode;
  items_.emplace_back();
  items_.back().type = LayerItem::Type::pool;
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

void NirImporter::take_flatten(const NirNode& node) {
  const int first = static_cast<int>(node.uniform("start_dim", 0));
  const int last = static_cast<int>(node.uniform("end_dim", -1));
  if ((first != 0 && first != -3) || (last != -1 && last != 2)) {
    node.refuse("keeps some dimensions; legal: all of channels, height, width into one");
  }
  flat_ = true;
}

void NirImporter::take_scale(const NirNode& node) {
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
    if (items_[layer_].bias) {
      float& b = out_.biases.back()[row];
      b = static_cast<float>(b * factor);
    }
  }
  out_.remarks.push_back("node '" + node.name() + "': folded into the weights before it");
}

}  // namespace h2
