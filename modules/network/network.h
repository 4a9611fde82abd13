// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "modules/arithmetic/neuron_spec.h"

namespace h2 {

enum class LayerKind { conv, fc };

/// Where 2x2 average pooling (AP2) acts on the layer it follows.
enum class PoolMode { none, after_soma, before_soma };

/// Threshold-dependent batch norm between the sums and Soma (Zheng et al. 2021, decision 0070):
/// its alpha is 1, or 1 / sqrt(2) for a branch that another one is added to.
enum class BatchNormKind { none = 0, tdbn = 1, tdbn_branch = 2 };

struct InputShape {
  int channels = 1;
  int height = 28;
  int width = 28;
};

/// One layer that owns weights, with every shape the engines need. FC layers are 1x1 maps with
/// `cin` flattened in C,H,W order.
struct Layer {
  std::string name;  ///< conv1.., fc1.. in order
  LayerKind kind = LayerKind::conv;
  bool encoding = false;  ///< reads static 8-bit pixels, value = byte/256
  bool grouped = false;   ///< fully connected: grad-w is computed once per batch group
  PoolMode pool = PoolMode::none;
  bool max_pool = false;  ///< of spikes (after_soma): one of four instead of their average
  bool bias = false;      ///< the last of `cin` channels is constant (decision 0054)
  bool readout = false;   ///< potentials, which never fire, are the outputs; the last layer only
  BatchNormKind norm = BatchNormKind::none;  ///< of the sums, before Soma
  int adds = -1;                 ///< index of the layer below whose spikes are added; -1: none
  bool adds_potentials = false;  ///< its potentials instead
  std::vector<int> added_by;     ///< indices of the layers that add this one's spikes, ascending
  std::vector<int> potentials_added_by;  ///< those that add its potentials, ascending

  int cin = 1;     ///< input channels, the constant one included
  int planes = 1;  ///< bit planes of one input value: 1 spikes, 3 AP2 quarters, 8 pixels
  int in_h = 1, in_w = 1;
  int cout = 1;
  int kernel = 1, stride = 1, pad = 0;
  bool valid = false;          ///< no padding: only windows that lie inside the map
  int out_h = 1, out_w = 1;    ///< convolution result
  int soma_h = 1, soma_w = 1;  ///< where Soma and Grad work: out, or pooled (before_soma)
  int next_h = 1, next_w = 1;  ///< map handed to the next layer: pooled if AP2 follows
  int next_planes = 1;         ///< bit planes of the values handed on: 3 after AP2 on spikes
  NeuronSpec neuron;           ///< of this layer's Soma and Grad

  /// Input channels as the arrays see them: planes packed as extra channels, index c*planes+p.
  int cin_star() const { return cin * planes; }
  /// Channels that the layer below hands on.
  int inputs() const { return cin - (bias ? 1 : 0); }
  int inputs_star() const { return inputs() * planes; }
  int taps() const { return kernel * kernel; }
  std::uint64_t weight_count() const { return static_cast<std::uint64_t>(cout) * cin * taps(); }
  bool normalised() const { return norm != BatchNormKind::none; }
  /// Of a layer with batch norm, behind its weights: gamma, beta, running mean and variance, each
  /// of all output channels (decision 0070).
  std::uint64_t norm_count() const {
    return normalised() ? static_cast<std::uint64_t>(cout) * 4 : 0;
  }
  /// What an update may change by its gradient: the weights, gamma and beta.
  std::uint64_t trained_count() const { return weight_count() + norm_count() / 2; }
  /// All that lies together: the weights and what belongs to batch norm.
  std::uint64_t parameter_count() const { return weight_count() + norm_count(); }
  /// Dense multiply-accumulates of one timestep and sample, planes counted once.
  std::uint64_t macs() const { return weight_count() * out_h * out_w; }
  /// What a spike of bit plane p counts, a power of two: 2^(p-8), 2^(p-2) or 1 (decision 0003).
  float plane_value(int p) const {
    return static_cast<float>(1 << p) / (planes == 8 ? 256.0F : planes == 3 ? 4.0F : 1.0F);
  }
  /// What a spike of channel* `star` counts: that of the constant, in its last plane, is 1.
  float star_value(int star) const {
    return star < inputs_star() ? plane_value(star % planes) : 1.0F;
  }
};

/// Makes layer `index` add the spikes of layer `from`, or its potentials. Returns why it cannot, ""
/// if it can.
std::string add_shortcut(std::vector<Layer>& layers, int index, int from, bool potentials = false);

/// Fills pad, out_*, soma_*, next_* and next_planes from the other fields.
void derive_shapes(Layer& layer);

struct Network {
  InputShape input;
  int timesteps = 10;
  std::vector<Layer> layers;

  bool encoding() const { return layers.front().encoding; }
};

/// One layer as it is written, in the paper's notation or as a map of a list.
struct LayerItem {
  enum class Type { conv, fc, pool };
  Type type = Type::conv;
  bool max_pool = false;  ///< of a pool
  int size = 1;           ///< output channels, or neurons
  int kernel = 3, stride = 1;
  bool valid = false;     ///< padding 0 instead of kernel / 2
  bool encoding = false;  ///< reads pixels; the first layer only
  bool bias = false;
  bool readout = false;  ///< of an FC layer, the last one
  BatchNormKind norm = BatchNormKind::none;
  /// Instead of the neuron that the network's layers share.
  std::optional<float> alpha, th_f, th_l, th_r, beta;
  std::optional<Reset> reset;
  std::optional<Surrogate> surrogate;
  std::string adds;             ///< name of a layer below, "": none
  std::string adds_potentials;  ///< likewise, with `adds` empty
  std::string place;            ///< "file:line:column" for messages; may be empty
};

/// A network as it is written: a text in the paper's notation, or a list of layers.
struct NetworkText {
  std::string notation;
  std::vector<LayerItem> items;  ///< of a list; empty: `notation` counts

  bool empty() const { return notation.empty() && items.empty(); }
};

constexpr int kMostLayerChannels = 65536;
constexpr int kLargestLayerKernel = 31;

/// Parses the paper's notation: `<n>C<k>[S<s>][(Encoding)]`, `AP2`, `<n>FC[(Encoding)]`, joined by
/// `-`. (Encoding) only first, AP2 only directly after a convolution, odd k, stride 1 or 2, no
/// convolution after an FC layer. `pool` (after_soma or before_soma) says how AP2 acts.
/// Throws InputError that names the offending item, its position and what is legal.
Network parse_network(const std::string& layers, InputShape input, int timesteps, PoolMode pool);

/// The same of either form; `neuron` is that of layers which name none of their own. Of a list only
/// what depends on other layers or fields is checked: single numbers are in their ranges. A message
/// about an item of a list begins with the item's place, if it has one.
Network build_network(const NetworkText& text, InputShape input, int timesteps, PoolMode pool,
                      const NeuronSpec& neuron);

}  // namespace h2
