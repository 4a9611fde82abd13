// SPDX-License-Identifier: Apache-2.0
#include "modules/energy/energy_model.h"

#include <algorithm>

namespace h2 {
namespace {

constexpr double kJoulePerPicojoule = 1e-12;

double sum(const std::vector<Use>& uses, Quantity quantity, const CostTable& table) {
  double all = 0;
  for (const Use& use : uses) all += use.amount * table.at(use.primitive, quantity);
  return all;
}

/// Nanowatts of a part: its own figure where there is one, else that of logic of its area.
double leakage_nw(const std::vector<Use>& uses, const CostTable& table) {
  double all = 0;
  for (const Use& use : uses) {
    const double own = table.at(use.primitive, Quantity::leakage);
    const double area = table.at(use.primitive, Quantity::area);
    all += use.amount * (own != 0 ? own : area * table.at("logic", Quantity::leakage));
  }
  return all;
}

}  // namespace

double EngineCosts::total_area_mm2() const {
  double all = 0;
  for (const auto& [name, area] : area_mm2) all += area;
  return all;
}

EngineCosts price(const EnginePlan& plan, const CostTable& table) {
  EngineCosts costs;
  for (const std::vector<Use>& uses : plan.events) {
    costs.event_pj.push_back(sum(uses, Quantity::energy, table));
  }
  for (std::size_t k = 0; k < plan.own.event_pj.size(); ++k) {
    costs.event_pj.at(k) += plan.own.event_pj[k];
  }
  costs.clock_pj = plan.clocked_bits * table.at("register_bit", Quantity::clock);
  for (const PartPlan& part : plan.parts) {
    costs.area_mm2.emplace_back(part.name, sum(part.of, Quantity::area, table) * 1e-6);
    costs.leakage_w += leakage_nw(part.of, table) * 1e-9;
  }
  costs.area_mm2.insert(costs.area_mm2.end(), plan.own.area_mm2.begin(), plan.own.area_mm2.end());
  costs.leakage_w += plan.own.leakage_w;
  return costs;
}

DramCosts price_dram(const std::string& preset, const CostTable& table) {
  const std::vector<std::string>& names = primitives();
  DramCosts costs;
  costs.known = std::count(names.begin(), names.end(), preset + "_read_bit") != 0;
  costs.activate_pj = table.at(preset + "_activate", Quantity::energy);
  costs.read_pj_per_byte = 8 * table.at(preset + "_read_bit", Quantity::energy);
  costs.write_pj_per_byte = 8 * table.at(preset + "_write_bit", Quantity::energy);
  return costs;
}

double event_pj(const EngineCosts& costs, const EventCounts& events) {
  double all = 0;
  for (std::size_t k = 0; k < costs.event_pj.size(); ++k) {
    all += costs.event_pj[k] * static_cast<double>(events[k]);
  }
  return all;
}

GlbJoules glb_joules(const EngineCosts& costs, const EventCounts& events) {
  GlbJoules joules{};
  if (costs.event_pj.size() < kDeviceEvents) return joules;
  auto read = static_cast<double>(events[kGlbReadBytes]);
  auto written = static_cast<double>(events[kGlbWriteBytes]);
  const auto add = [&](std::size_t tensor, double in, double out) {
    joules[tensor] = (in * costs.event_pj[kGlbReadBytes] + out * costs.event_pj[kGlbWriteBytes]) *
                     kJoulePerPicojoule;
  };
  for (std::size_t t = 0; t < kGlbTensors; ++t) {
    const auto in = static_cast<double>(events.glb_read()[t]);
    const auto out = static_cast<double>(events.glb_written()[t]);
    add(t, in, out);
    read -= in;
    written -= out;
  }
  add(kGlbTensors, read, written);
  return joules;
}

EnergyParts energy_of(const EngineCosts& costs, double clock_hz, const EventCounts& events,
                      double busy, double cycles) {
  EnergyParts parts;
  parts.dynamic_j = event_pj(costs, events) * kJoulePerPicojoule;
  parts.clock_j = costs.clock_pj * busy * kJoulePerPicojoule;
  parts.leakage_j = costs.leakage_w * cycles / clock_hz;
  return parts;
}

double dram_joules(const DramCosts& costs, const DramCounts& counts) {
  return (costs.activate_pj * static_cast<double>(counts.activates) +
          costs.read_pj_per_byte * static_cast<double>(counts.read_bytes) +
          costs.write_pj_per_byte * static_cast<double>(counts.write_bytes)) *
         kJoulePerPicojoule;
}

}  // namespace h2
