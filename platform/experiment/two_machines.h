// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "platform/experiment/experiment.h"

namespace h2 {

/// What some layers of one sample cost on one engine.
struct EngineRun {
  double cycles = 0;   ///< of its jobs, waits for memory included
  double busy = 0;     ///< of its array
  double seconds = 0;  ///< of its jobs, at the clock of the run
  double joules = 0;   ///< events and clock, external memory apart
  double leakage_w = 0;
  double area_mm2 = 0;
  double macs = 0, executed = 0;  ///< dense multiply-accumulates; those that were executed

  double leakage_j() const { return leakage_w * seconds; }
  double density() const { return executed / macs; }
};
/// Of the layers `names` in the array jobs of `engine`, per sample of all sub-batches.
EngineRun engine_run(const RunOutcome& outcome, const std::string& engine,
                     const std::vector<std::string>& names);

/// Keys that put SpinalFlow in the place of H2Learn, and the pooling that it can take.
std::vector<Override> spinalflow_sets(const std::vector<Override>& more);

/// Whole units as published: SpinalFlow's 162 mW and 2.09 mm2 are of tables in later papers,
/// unverified; the Forward Engine has 21.61 mm2 (Table VII), and of H2Learn's 20.57 W the share of
/// its area, of 110.46 mm2.
struct WholeUnit {
  double watts, mm2;
};
inline constexpr WholeUnit kSpinalFlowUnit{0.162, 2.09};
inline constexpr WholeUnit kForwardUnit{20.57 * 21.61 / 110.46, 21.61};

/// SpinalFlow over the Forward Engine on the same layers and spikes.
struct MachineRatio {
  double units = 0;             ///< of SpinalFlow for the throughput of one Forward Engine
  double area_published = 0;    ///< of so many, by the published areas of both
  double area_counted = 0;      ///< by the parts of both at the prices of the cost table
  double energy_published = 0;  ///< published power of a whole unit times its time
  double energy_events = 0;     ///< by events and clock
  double energy_counted = 0;    ///< with leakage over the time
};
MachineRatio ratio_of(const EngineRun& spinalflow, const EngineRun& forward);

/// Where a curve through the points (x ascending) reaches 1, by the line through the two points
/// beside it, or through the first or last two.
double where_one(const std::vector<double>& x, const std::vector<double>& y);

/// The part about a dense machine like Eyeriss. `runs`: of the layers `names`.
void add_dense_machine(ExperimentResult& r, const RunAll& runs,
                       const std::vector<std::string>& names);

}  // namespace h2
