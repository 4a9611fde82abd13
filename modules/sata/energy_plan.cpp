// SPDX-License-Identifier: Apache-2.0
#include "modules/sata/energy_plan.h"

#include "modules/sata/event_counts.h"

namespace h2 {
namespace {

constexpr double kValueBits = 16;
constexpr double kScratchBytes = 26;  ///< of a PE: spikes 9, weights 9, sums 8 (public tool)

}  // namespace

std::vector<EnginePlan> sata_energy_plan(const SataSpec& array) {
  EnginePlan plan;
  plan.events.resize(kSataEvents);
  plan.events[kGlbReadBytes] = {{"sram_read_byte", 1}};
  plan.events[kGlbWriteBytes] = {{"sram_write_byte", 1}};
  // The weight (or grad-u) and the sum are read, the sum is written.
  plan.events[kSpikeMacs] = {{"fp16_add", 1}, {"register_bit", 3 * kValueBits}};
  plan.events[kValueMacs] = {{"fp16_mul", 1}, {"fp16_add", 1}, {"register_bit", 4 * kValueBits}};
  // A shift is wires: decay and sum are two additions; comparisons with th_f, th_l and th_r.
  plan.events[kLifUpdates] = {{"fp16_add", 2}, {"int16_add", 3}, {"register_bit", 3 * kValueBits}};
  // A comparison with 0, and the activation.
  plan.events[kReluUpdates] = {{"int16_add", 1}, {"register_bit", kValueBits}};
  // The product with the surrogate, two decays by shift, two sums; a gated one is the decay alone.
  plan.events[kPotentialGradients] = {{"fp16_mul", 2}, {"fp16_add", 4}};
  plan.events[kGatedPotentialGradients] = {{"fp16_add", 1}};
  plan.events[kSataWeightUpdates] = {{"fp32_mul", 2}, {"fp32_add", 2}};
  plan.events[kSataWeightDecays] = {{"fp32_mul", 1}, {"fp32_add", 1}};
  const double pes = array.pes();
  plan.parts = {
      {"pes", {{"fp16_mul", pes}, {"fp16_add", pes}}},
      {"scratch", {{"register_bit", pes * kScratchBytes * 8}}},
      {"neuron_units", {{"fp16_mul", 2 * pes}, {"fp16_add", 4 * pes}, {"int16_add", 3 * pes}}},
      {"optimiser", {{"fp32_mul", 2 * pes}, {"fp32_add", 2 * pes}}},
      {"buffers", {{"sram_byte", static_cast<double>(array.buffers.total())}}}};
  plan.clocked_bits = pes * kValueBits;
  return {plan};
}

}  // namespace h2
