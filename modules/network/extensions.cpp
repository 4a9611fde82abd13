// SPDX-License-Identifier: Apache-2.0
#include "modules/network/extensions.h"

namespace h2 {

std::vector<std::string> extensions_of(const Layer& layer) {
  std::vector<std::string> found;
  if (layer.max_pool) found.emplace_back("the largest of four spikes");
  if (layer.normalised()) found.emplace_back("trained batch norm");
  if (layer.readout) found.emplace_back("a read-out of potentials");
  if (layer.adds >= 0) {
    found.emplace_back(layer.adds_potentials ? "potentials of another layer added"
                                             : "spikes of another layer added");
  }
  const Reset reset = layer.neuron.reset;
  if (reset == Reset::soft || reset == Reset::soft_after_decay) found.emplace_back("a soft reset");
  if (layer.neuron.surrogate != Surrogate::rectangle) {
    found.emplace_back("a surrogate from a table");
  }
  return found;
}

}  // namespace h2
