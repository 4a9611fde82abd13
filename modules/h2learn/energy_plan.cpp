// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/energy_plan.h"

#include "modules/h2learn/event_counts.h"
#include "modules/h2learn/peak.h"

namespace h2 {
namespace {

constexpr double kValueBits = 16;

/// Events that cost the same in every engine.
EnginePlan common_plan() {
  EnginePlan plan;
  plan.events.resize(kH2LearnEvents);
  plan.events[kGlbReadBytes] = {{"sram_read_byte", 1}};
  plan.events[kGlbWriteBytes] = {{"sram_write_byte", 1}};
  plan.events[kLutWrites] = {{"register_bit", kValueBits}};
  plan.events[kLutFillAdds] = {{"fp16_add", 1}};
  plan.events[kAccAdds] = {{"fp16_add", 1}};
  // Weight, grad-u and sum are read, the sum is written.
  plan.events[kMacs] = {{"fp16_mul", 1}, {"fp16_add", 1}, {"register_bit", 4 * kValueBits}};
  plan.events[kMaskScans] = {{"register_bit", 1}};
  // The bits of a 3x3 window and one step of a priority encoder.
  plan.events[kWindowScans] = {{"register_bit", 9}, {"int8_add", 1}};
  // alpha u, the sum, and comparisons with th_f, th_l and th_r. Eq. (1), (5)
  plan.events[kSomaUpdates] = {{"fp16_mul", 1}, {"fp16_add", 1}, {"int16_add", 3}};
  // Eq. (2): three products of each neuron's terms and the surrogate's, two sums.
  plan.events[kGradUpdates] = {{"fp16_mul", 4}, {"fp16_add", 2}};
  // SGD with momentum in FP32.
  plan.events[kWeightUpdates] = {{"fp32_mul", 2}, {"fp32_add", 2}};
  // The product and the sum that the decay adds to a step.
  plan.events[kWeightDecays] = {{"fp32_mul", 1}, {"fp32_add", 1}};
  // Distance from th_l, times entries per distance; the entry.
  plan.events[kSlopeReads] = {{"fp16_mul", 1}, {"fp16_add", 1}, {"lut_bit", kValueBits}};
  // Distance from the mean, its factors, and two sums, in FP32.
  plan.events[kNormValues] = {{"fp32_mul", 2}, {"fp32_add", 3}};
  return plan;
}

/// Tables of `entries` FP16 numbers, adders behind them, or adders alone.
struct Tables {
  double pes, sub_luts, inputs, lanes;
  bool lut;

  double adders() const { return pes * sub_luts * (lut ? 1 : inputs) * lanes; }
  double bytes() const { return lut ? static_cast<double>(1U << static_cast<int>(inputs)) * 2 : 0; }
};

EnginePlan table_plan(const Tables& t, std::uint64_t glb_bytes) {
  EnginePlan plan = common_plan();
  plan.events[kLutReads] = {{"lut_bit", kValueBits}, {"lut_byte", t.bytes()}};
  // Without tables a PE holds the operands themselves.
  const double operand_bits = t.lut ? 0 : t.pes * t.sub_luts * t.inputs * kValueBits;
  plan.parts = {{"luts", {{"lut_byte", t.pes * t.sub_luts * t.bytes()}}},
                {"adders", {{"fp16_add", t.adders()}}},
                {"registers", {{"register_bit", t.adders() * kValueBits + operand_bits}}},
                {"glb", {{"sram_byte", static_cast<double>(glb_bytes)}}}};
  plan.clocked_bits = t.adders() * kValueBits;
  return plan;
}

EnginePlan forward_plan(const Machine& m) {
  const ForwardSpec& a = m.forward;
  EnginePlan plan =
      table_plan({static_cast<double>(a.rows) * a.cols, static_cast<double>(a.sub_luts),
                  static_cast<double>(a.sub_lut_inputs), static_cast<double>(a.parallelism), a.lut},
                 m.glb.forward);
  const double lanes = static_cast<double>(a.cols) * a.soma_lanes;
  plan.parts.push_back(
      {"somas", {{"fp16_mul", lanes}, {"fp16_add", lanes}, {"int16_add", 3 * lanes}}});
  return plan;
}

EnginePlan weight_update_plan(const Machine& m) {
  const WeightUpdateSpec& a = m.weight_update;
  EnginePlan plan =
      table_plan({static_cast<double>(a.rows) * a.cols, static_cast<double>(a.sub_luts),
                  static_cast<double>(a.sub_lut_inputs), static_cast<double>(a.parallelism), a.lut},
                 m.glb.weight_update);
  constexpr double kStepLanes = 8;  // as many weights per cycle as Mem2 brings
  plan.parts.push_back({"optimiser", {{"fp32_mul", 2 * kStepLanes}, {"fp32_add", 2 * kStepLanes}}});
  return plan;
}

EnginePlan backward_plan(const Machine& m) {
  const BackwardSpec& a = m.backward;
  EnginePlan plan = common_plan();
  const double groups = static_cast<double>(a.rows) * a.cols;
  const double pes = groups * a.group;
  const double grads = static_cast<double>(a.cols) * a.grad_lanes;
  const double positions = static_cast<double>(m.tile.height) * m.tile.width;
  constexpr double kIdBits = 6;       // of a position in a tile of 8x8
  constexpr double kWindowBits = 9;   // tag of a 3x3 window
  constexpr double kFinderSteps = 4;  // encoder, decoders of weight and grad-u, IDs
  plan.parts = {
      {"pes", {{"fp16_mul", pes}, {"fp16_add", pes}, {"register_bit", 2 * kValueBits * pes}}},
      {"adders", {{"fp16_add", pes}, {"register_bit", kValueBits * pes}}},
      {"weights", {{"register_bit", kWindowBits * kValueBits * groups}}},
      {"grads", {{"fp16_mul", 4 * grads}, {"fp16_add", 2 * grads}}},
      {"glb", {{"sram_byte", static_cast<double>(m.glb.backward)}}}};
  if (a.sparsity == Sparsity::both || a.sparsity == Sparsity::output) {
    plan.parts.push_back(
        {"output_finders",
         {{"register_bit", positions * kIdBits * a.cols}, {"int8_add", 1.0 * a.cols}}});
  }
  if (a.sparsity == Sparsity::both || a.sparsity == Sparsity::input) {
    plan.parts.push_back(
        {"input_finders", {{"register_bit", kWindowBits * pes}, {"int8_add", kFinderSteps * pes}}});
  }
  plan.clocked_bits = 3 * kValueBits * pes;
  return plan;
}

}  // namespace

std::vector<EnginePlan> h2learn_energy_plan(const Machine& machine) {
  return {forward_plan(machine), backward_plan(machine), weight_update_plan(machine)};
}

}  // namespace h2
