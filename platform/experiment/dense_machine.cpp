// SPDX-License-Identifier: Apache-2.0
// SpinalFlow beside a dense machine like Eyeriss (Chen et al., ISCA 2016).

#include <cmath>
#include <string>

#include "platform/experiment/two_machines.h"

namespace h2 {
namespace {

constexpr double kPes = 168, kClock = 200e6, kTo28nm = 0.507;
/// Horowitz, ISSCC 2014, at 45 nm: a product and an addition of 8 bits, in pJ. A product of b bits
/// is taken as b * b / 64 of it.
constexpr double kMul8 = 0.2, kAdd8 = 0.03;
/// Row-stationary: weight, activation and the sum twice, each from a register file that costs as
/// much as a multiply-accumulate of its width (Eyeriss, Fig. 10).
constexpr double kRegisterFiles = 4;

/// pJ of a multiply-accumulate of the dense layer: zeros keep the multiplier still, and nothing
/// else.
double dense_pj(double bits, double density) {
  const double product = kMul8 * bits * bits / 64 + kAdd8;
  const double file = (kMul8 + kAdd8) * bits / 8;
  return kTo28nm * (product * density + kRegisterFiles * file);
}

/// One spike for every activation that is not 0, among 16 ticks: 4 bits.
RunRequest coded(double nonzero) {
  const double per_tick = 1 - std::pow(1 - nonzero, 1.0 / 16);
  return {"cifar10.yaml",
          spinalflow_sets({{"network.timesteps", "16"},
                           {"training.sub_batch", "1"},
                           {"profile.sub_batches", "1"},
                           {"profile.spike_density", text_of("%.6f", per_tick)},
                           {"spinalflow.leak", "256"},
                           {"spinalflow.one_spike", "true"}}),
          "profile"};
}

struct DenseRatios {
  double time = 0, at4 = 0, at8 = 0;  ///< dense machine / SpinalFlow
};

DenseRatios dense_ratios(const EngineRun& s, double nonzero) {
  const double macs = s.macs / 16;  // of the dense network: one pass, no ticks
  DenseRatios r;
  r.time = macs / kPes / kClock / s.seconds;
  r.at4 = macs * dense_pj(4, nonzero) * 1e-12 / s.joules;
  r.at8 = macs * dense_pj(8, nonzero) * 1e-12 / s.joules;
  return r;
}

/// Within a factor of 1.5 of the published number.
Evidence near(double value, double published) {
  return value > published / 1.5 && value < published * 1.5 ? Evidence::mechanism
                                                            : Evidence::refuted;
}

}  // namespace

void add_dense_machine(ExperimentResult& r, const RunAll& runs,
                       const std::vector<std::string>& names) {
  const double zeros[] = {0.6, 0.9, 0.98};
  std::vector<RunRequest> requests;
  for (const double z : zeros) requests.push_back(coded(1 - z));
  const std::vector<RunOutcome> outcomes = runs(requests);
  TextTable table{
      "A dense row-stationary machine of 168 PEs over SpinalFlow, CIFAR10, conv2 to "
      "conv6, one spike for every activation that is not 0, 16 ticks",
      {"zeros", "time", "energy, 4 bits", "energy, 8 bits"},
      {}};
  DenseRatios at60, at90;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const DenseRatios d = dense_ratios(engine_run(outcomes[i], "spinalflow", names), 1 - zeros[i]);
    table.rows.push_back({text_of("%.0f %%", 100 * zeros[i]), text_of("%.2f", d.time),
                          text_of("%.2f", d.at4), text_of("%.2f", d.at8)});
    if (i == 0) at60 = d;
    if (i == 1) at90 = d;
  }
  const char* const model =
      "dense machine: register files and arithmetic by public figures, no leakage on either side";
  r.claims.push_back(
      claim("SpinalFlow's paper: energy, 4-bit dense machine / SpinalFlow, 90 % "
            "zeros",
            1.8, "%.2f", at90.at4, near(at90.at4, 1.8), model));
  r.claims.push_back(
      claim("the same, 8-bit dense machine", 5, "%.2f", at90.at8, near(at90.at8, 5), model));
  r.claims.push_back(claim("the same, time", 5.4, "%.2f", at90.time, near(at90.time, 5.4),
                           "every PE busy in every cycle at 200 MHz; weights of SpinalFlow loaded "
                           "for one sample"));
  r.claims.push_back({"at 60 % zeros SpinalFlow takes more energy than at 4 bits dense", "1.18x",
                      text_of("%.2fx", 1 / at60.at4), (1 / at60.at4) / 1.18,
                      at60.at4 < 1 ? Evidence::mechanism : Evidence::refuted, model});
  r.tables.push_back(std::move(table));
}

}  // namespace h2
