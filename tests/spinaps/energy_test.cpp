// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "modules/spinaps/spin_energy.h"
#include "modules/spinaps/spin_events.h"
#include "platform/config/energy_table.h"

namespace h2 {
namespace {

EngineCosts costs_of(SpinApsMachine machine) {
  machine.arrays = 3;
  return price(spin_energy_plan(machine, 10), load_cost_table({}));
}

double arrays_mm2(const EngineCosts& costs) {
  for (const auto& [part, area] : costs.area_mm2) {
    if (part == "arrays") return area;
  }
  return 0;
}

TEST(SpinEnergy, CellsCostWhatTheirFiguresSay) {
  const SpinApsMachine machine;
  const EngineCosts stt = costs_of(machine);
  EXPECT_DOUBLE_EQ(stt.event_pj[kSpinBitsRead], 0.03);
  EXPECT_DOUBLE_EQ(stt.event_pj[kSpinBitsVerified], 0.03);
  EXPECT_DOUBLE_EQ(stt.event_pj[kSpinBitsWritten], 0.5);
  // 3 x 256 x 1024 cells of 54 F2 at 28 nm, half of the area.
  EXPECT_NEAR(arrays_mm2(stt), 786432.0 * 54 * 28e-6 * 28e-6 / 0.5, 1e-12);
  SpinApsMachine other = machine;
  other.technology = SpinTechnology::sram;
  const EngineCosts sram = costs_of(other);
  EXPECT_DOUBLE_EQ(sram.event_pj[kSpinBitsRead], 0.04375);
  EXPECT_NEAR(arrays_mm2(sram) / arrays_mm2(stt), 146.0 / 54, 1e-12);
  EXPECT_NEAR(sram.leakage_w - stt.leakage_w, 786432 * 17.9e-9, 1e-12);
  // All else is the same.
  EXPECT_DOUBLE_EQ(sram.event_pj[kSpinAdds], stt.event_pj[kSpinAdds]);
  EXPECT_GT(stt.event_pj[kSpinAdds], 0);
  EXPECT_GT(stt.event_pj[kSpinNeuronSteps], 0);
}

TEST(SpinEnergy, TheAreaFollowsFeatureSizeAndEfficiency) {
  SpinApsMachine finer;
  finer.feature_nm = 14;
  EXPECT_NEAR(arrays_mm2(costs_of(finer)) / arrays_mm2(costs_of({})), 0.25, 1e-12);
  SpinApsMachine denser;
  denser.array_efficiency = 1;
  EXPECT_NEAR(arrays_mm2(costs_of(denser)) / arrays_mm2(costs_of({})), 0.5, 1e-12);
}

}  // namespace
}  // namespace h2
