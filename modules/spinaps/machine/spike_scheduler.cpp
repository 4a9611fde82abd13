// SPDX-License-Identifier: Apache-2.0
#include "modules/spinaps/machine/spike_scheduler.h"

namespace h2 {

SpikeScheduler::SpikeScheduler(sc_core::sc_module_name name, SpinLink& link, SpinDma& dma)
    : SpinStage(name, link), dma_(dma) {}

void SpikeScheduler::work() {
  if (job().program) return;
  const SpinProgram& program = link_.program;
  if (!program.valid || program.table.checksum != job().table.checksum) {
    return link_.fail(SA_ERR_PROGRAMMED);
  }
  for (int s = 0; s < job().samples; ++s) run_sample(s);
  done_ = true;
  finished_.notify();
}

void SpikeScheduler::run_sample(int sample) {
  const sa_table& t = job().table;
  waits_for_ = "spikes of a sample";
  const std::vector<std::uint8_t> bytes = dma_.take();
  const GlmSpikes spikes =
      unpack_spikes(bytes.data(), static_cast<int>(t.inputs), static_cast<int>(t.steps));
  link_.on_state(true);
  waits_for_ = "the arbiter";
  for (int step = 0;; ++step) {
    StepToken token;
    token.rows = rows_of_step(spikes, static_cast<int>(t.tau), step);
    token.begins_sample = step == 0;
    token.seed = sample_seed(job().seed, std::uint64_t{job().first} + sample);
    link_.steps.put(std::move(token));
    if (link_.verdicts.take()) break;
  }
  link_.on_state(false);
  dma_.release();
}

}  // namespace h2
