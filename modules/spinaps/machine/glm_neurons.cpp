// SPDX-License-Identifier: Apache-2.0
#include "modules/spinaps/machine/glm_neurons.h"

#include <algorithm>

namespace h2 {

GlmNeurons::GlmNeurons(sc_core::sc_module_name name, SpinLink& link) : SpinStage(name, link) {}

void GlmNeurons::work() {
  if (job().program) return;
  const SpinProgram& program = link_.program;
  const auto classes = static_cast<std::size_t>(job().table.classes);
  for (;;) {
    waits_for_ = "potentials";
    SumToken sums = link_.sums.take();
    if (sums.begins_sample) generator_ = Xorshift16(sums.seed);
    SpikeToken spikes;
    fire(program.sigmoid, job().table.scale, sums.u, generator_, spikes.fired);
    compute(kNeuronCycles);
    ++link_.events[kSpinSteps];
    link_.events[kSpinNeuronSteps] += classes;
    link_.events[kSpinDraws] += classes;
    link_.events[kSpinSpikes] += std::count(spikes.fired.begin(), spikes.fired.end(), 1);
    spikes.u = std::move(sums.u);
    spikes.begins_sample = sums.begins_sample;
    link_.spikes.put(std::move(spikes));
  }
}

}  // namespace h2
