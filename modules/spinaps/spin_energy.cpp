// SPDX-License-Identifier: Apache-2.0
#include "modules/spinaps/spin_energy.h"

#include "modules/spinaps/spin_events.h"

namespace h2 {
namespace {

/// A sum has 32 bits: two additions of 16.
constexpr double kHalves = 2, kSumBits = 32;
constexpr double kTableBytes = 512, kGeneratorBits = 16;

double array_mm2(const SpinApsMachine& m) {
  const double f_mm = m.feature_nm * 1e-6;
  const double cells = static_cast<double>(m.arrays) * m.rows * m.columns;
  return cells * m.cell().area_f2 * f_mm * f_mm / m.array_efficiency;
}

}  // namespace

EnginePlan spin_energy_plan(const SpinApsMachine& machine, int classes) {
  EnginePlan plan;
  plan.events.resize(kSpinEvents);
  plan.events[kGlbReadBytes] = {{"sram_read_byte", 1}};
  plan.events[kGlbWriteBytes] = {{"sram_write_byte", 1}};
  plan.events[kSpinAdds] = {{"int16_add", kHalves}, {"register_bit", kSumBits}};
  // Index into the table (a multiplication by 8/scale), its entry, the comparison.
  plan.events[kSpinNeuronSteps] = {{"fp16_mul", 1}, {"lut_bit", 16}, {"int16_add", 1}};
  plan.events[kSpinDraws] = {{"register_bit", kGeneratorBits}};
  plan.events[kSpinSteps] = {{"int16_add", kHalves * classes}};
  const SpinCell& cell = machine.cell();
  plan.own.event_pj.resize(kSpinEvents);
  plan.own.event_pj[kSpinBitsRead] = cell.read_pj;
  plan.own.event_pj[kSpinBitsWritten] = cell.write_pj;
  plan.own.event_pj[kSpinBitsVerified] = cell.read_pj;
  plan.own.area_mm2 = {{"arrays", array_mm2(machine)}};
  plan.own.leakage_w =
      static_cast<double>(machine.arrays) * machine.rows * machine.columns * cell.leakage_nw * 1e-9;
  plan.parts = {{"neurons",
                 {{"int16_add", kHalves * classes},
                  {"register_bit", 2 * kSumBits * classes},
                  {"fp16_mul", 1}}},
                {"sigmoid", {{"lut_byte", kTableBytes}}},
                {"generator", {{"register_bit", kGeneratorBits}}},
                {"arbiter", {{"int16_add", kHalves * classes}}},
                {"buffer", {{"sram_byte", static_cast<double>(machine.buffer_bytes)}}}};
  plan.clocked_bits = kSumBits * classes + kGeneratorBits;
  return plan;
}

}  // namespace h2
