// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "platform/nir/nir.h"
#include "platform/nir/nir_graph.h"

namespace h2 {

/// Takes the nodes of a chain one after another. Every layer is one of weights, then neurons.
class NirImporter {
 public:
  NirImporter(const NirOptions& options, const Hdf5File& file) : options_(options), file_(file) {}

  NirImport run();

 private:
  void take(const NirNode& node);
  void take_input(const NirNode& node);
  void take_output(const NirNode& node);
  /// Every layer is one of weights, then neurons.
  void require_neuron(const NirNode& node, const char* what) const;
  void open_layer(const NirNode& node, const Hdf5Array& weight, LayerItem item);
  /// A bias of zeros is none.
  void take_bias(const NirNode& node);
  int padding_of(const NirNode& node, int kernel, int stride) const;
  void take_convolution(const NirNode& node);
  void take_linear(const NirNode& node);
  /// v' = alpha v + gain i, alpha = 1 - dt/tau; the gain goes into the weights.
  struct Leak {
    float alpha;
    double gain;
  };
  Leak leak_of(const NirNode& node) const;
  void take_neuron(const NirNode& node);
  /// A last layer of neurons that do not fire: its potentials are the outputs.
  void take_read_out(const NirNode& node);
  /// Spikes of a layer before, which the neurons get beside their sums.
  void take_shortcut(const NirNode& node, double gain);
  /// The first layer's neuron is that of the network; layers that differ have their own. The
  /// surrogate's rectangle lies around the threshold, as wide as by default.
  void take_model(const NirNode& node, float alpha, float threshold);
  void scale_rows(const NirNode& node, double factor);
  void take_pool(const NirNode& node);
  void take_flatten(const NirNode& node);
  /// A factor for each output of the layer, or one for all spikes.
  void take_scale(const NirNode& node);

  const NirOptions& options_;
  const Hdf5File& file_;
  NirImport out_;
  InputShape shape_;          // of what the next node gets
  double input_scale_ = 1;    // of the spikes that the next weights read
  bool open_ = false;         // weights without neurons
  bool convolution_ = false;  // they, or the neurons behind them, may be pooled
  bool flat_ = false, pooled_ = false, read_out_ = false;
  std::map<std::string, std::string> shortcuts_;  // of NirChain
  std::map<std::string, std::string> layer_of_;   // neurons -> name of their layer
  int convolutions_ = 0, linears_ = 0;            // so far
  std::vector<LayerItem> items_;
  std::size_t layer_ = 0;  // of items_: the last with weights
};

/// FP32 constants of other frameworks miss the numbers they stand for by their last bits: the
/// nearest FP16 number, or one of six decimals, if it is that close.
double intended_number(double value);
/// Nine digits.
std::string nir_number(double value);

}  // namespace h2
