// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "modules/arithmetic/neuron_spec.h"
#include "modules/network/network.h"

namespace h2 {

/// How a graph of the Neuromorphic Intermediate Representation is read as our network. It has no
/// timestep of its own: the Euler step `dt` turns its equations into ours.
struct NirOptions {
  double dt = 1e-4;  ///< seconds, as snnTorch and SpikingJelly write their graphs
  int timesteps = 10;
  bool encoding = false;  ///< the first layer reads static 8-bit pixels
};

/// A network that was imported.
struct NirImport {
  NetworkText layers;  ///< the paper's notation where it says all, else a list
  InputShape input;
  PoolMode pool = PoolMode::after_soma;
  NeuronSpec neuron;  ///< of the layers that have none of their own
  bool encoding = false;
  std::vector<std::vector<float>> weights;  ///< by layer, OIHW or (out,in)
  std::vector<std::vector<float>> biases;   ///< by layer, (out); empty: none
  std::vector<std::string> remarks;         ///< on values that were folded or rounded
};

/// Reads a chain of nodes, with shortcuts of spikes, from a NIR file (HDF5). Throws InputError that
/// names node and reason for what cannot be mapped. The formulas are in docs/nir.md.
NirImport import_nir(const std::string& path, const NirOptions& options);

/// Writes network and weights, by layer as load_weights() gives them, as such a file. Throws
/// InputError that names the layer for what NIR has no node for, RunError.
void export_nir(const std::string& path, const Network& network,
                const std::vector<std::vector<float>>& weights, double dt);

}  // namespace h2
