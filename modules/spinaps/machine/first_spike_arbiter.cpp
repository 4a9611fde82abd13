// SPDX-License-Identifier: Apache-2.0
#include "modules/spinaps/machine/first_spike_arbiter.h"

#include <optional>

namespace h2 {

FirstSpikeArbiter::FirstSpikeArbiter(sc_core::sc_module_name name, SpinLink& link, SpinDma& dma)
    : SpinStage(name, link), dma_(dma) {}

void FirstSpikeArbiter::work() {
  if (job().program) return;
  std::optional<FirstSpike> sample;
  for (;;) {
    waits_for_ = "spikes of neurons";
    const SpikeToken token = link_.spikes.take();
    if (token.begins_sample) {
      sample.emplace(job().rule, static_cast<int>(job().table.classes));
    }
    const bool ended = sample->take(token.fired, token.u.data());
    if (ended) {
      const GlmDecision& d = sample->decision();
      if (d.step != 0) ++link_.events[kSpinDecisions];
      dma_.store(
          {d.winner, static_cast<std::uint32_t>(d.step), d.u, static_cast<std::uint32_t>(d.steps)});
      on_decision(d);
    }
    link_.verdicts.put(ended);
  }
}

}  // namespace h2
