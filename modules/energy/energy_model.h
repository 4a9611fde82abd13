// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "modules/device/event_counts.h"
#include "modules/energy/cost_table.h"

// Counts of events, times and parts priced by a table. Knows no accelerator: each says what its
// events and parts are made of (EnginePlan), and gets costs in pJ, W and mm2 (EngineCosts).

namespace h2 {

/// So many of a primitive.
struct Use {
  const char* primitive;
  double amount;
};

/// A part of an engine that has area and leaks.
struct PartPlan {
  std::string name;  ///< in results: "lut", "adders", "glb"
  std::vector<Use> of;
};

/// What no table prices: figures of an accelerator's own settings, added to those of the table.
struct OwnCosts {
  std::vector<double> event_pj;  ///< by event; empty: none
  std::vector<std::pair<std::string, double>> area_mm2;
  double leakage_w = 0;
};

/// What one engine is made of, and what its events take.
struct EnginePlan {
  std::vector<std::vector<Use>> events;  ///< by event of the accelerator's list
  std::vector<PartPlan> parts;
  double clocked_bits = 0;  ///< register bits with a clock in every cycle of the array
  OwnCosts own;
};

/// An EnginePlan at the prices of a table.
struct EngineCosts {
  std::vector<double> event_pj;
  double clock_pj = 0;  ///< per cycle of the array
  double leakage_w = 0;
  std::vector<std::pair<std::string, double>> area_mm2;

  double total_area_mm2() const;
};

/// Prices of one external memory, which lies outside the accelerator.
struct DramCosts {
  bool known = false;  ///< false: of an ideal memory there is no energy
  double activate_pj = 0, read_pj_per_byte = 0, write_pj_per_byte = 0;
};

/// Everything that turns counts into energy.
struct EnergyModel {
  std::string table;  ///< name of the cost table
  double clock_hz = 0;
  std::vector<EngineCosts> engines;  ///< in the order of the accelerator's list
  DramCosts dram;
};

/// Joules by cause.
struct EnergyParts {
  double dynamic_j = 0, clock_j = 0, leakage_j = 0;

  double total() const { return dynamic_j + clock_j + leakage_j; }
  EnergyParts& operator+=(const EnergyParts& o) {
    dynamic_j += o.dynamic_j;
    clock_j += o.clock_j;
    leakage_j += o.leakage_j;
    return *this;
  }
};

EngineCosts price(const EnginePlan& plan, const CostTable& table);
/// Of the DRAM preset of that name; `known` is false if the table does not have it.
DramCosts price_dram(const std::string& preset, const CostTable& table);

/// Picojoules of these events, without clock and leakage.
double event_pj(const EngineCosts& costs, const EventCounts& events);
/// Joules of what moved through the global buffer, by tensor (glb_tensor_name); the last: bytes
/// that were counted without one.
using GlbJoules = std::array<double, kGlbTensors + 1>;
GlbJoules glb_joules(const EngineCosts& costs, const EventCounts& events);
/// Of an engine whose array works `busy` of `cycles` core cycles.
EnergyParts energy_of(const EngineCosts& costs, double clock_hz, const EventCounts& events,
                      double busy, double cycles);

/// What a memory did.
struct DramCounts {
  std::uint64_t activates = 0, read_bytes = 0, write_bytes = 0;
};
double dram_joules(const DramCosts& costs, const DramCounts& counts);

}  // namespace h2
