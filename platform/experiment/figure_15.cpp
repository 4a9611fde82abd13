// SPDX-License-Identifier: Apache-2.0
// Fig. 15(b): throughput of the engines by layer on CIFAR10.

#include <cmath>

#include "platform/experiment/experiment.h"
#include "platform/experiment/networks.h"

namespace h2 {
namespace {

const char* const kEngines[] = {"forward", "backward", "weight_update"};

double throughput(const nlohmann::ordered_json& summary, const std::string& layer,
                  const std::string& engine) {
  for (const auto& l : summary["layers"]) {
    if (l["name"] != layer || l["engine"] != engine || l["kind"] != "array") continue;
    return 2 * l["macs"].get<double>() / l["cycles"].get<double>() * 800e6 * 1e-12;
  }
  return std::nan("");
}

}  // namespace

ExperimentResult figure_15(const RunAll& runs) {
  ExperimentResult r{"fig15", "Fig. 15(b): engines by layer, CIFAR10", {}, {}, {}, {}};
  r.assumptions = {
      "Dense operations (two per multiply-accumulate) of a job over its time, HBM2, all "
      "engines at once; densities of Table III.",
      "The V100's peak of 15.7 TFLOPS stands for the GPU: its throughput by layer is a "
      "chart without numbers. Fig. 15(a) is fig15a."};
  const RunOutcome outcome = runs({network_profile(paper_networks()[1], {})}).front();
  Plot plot{"fig15", "CIFAR10, dense operations over the job's time",
            "layer", "TFLOPS",
            {},      {{"forward", {}}, {"backward", {}}, {"weight update", {}}},
            true};
  int above = 0, jobs = 0;
  double early = 0;
  for (const auto& l : outcome.summary["layers"]) {
    const auto name = l["name"].get<std::string>();
    if (l["engine"] != "forward" || l["kind"] != "array" || name.rfind("conv", 0) != 0) continue;
    plot.x.push_back(name);
    for (std::size_t e = 0; e < std::size(kEngines); ++e) {
      const double t = throughput(outcome.summary, name, kEngines[e]);
      plot.series[e].values.push_back(t);
      if (std::isnan(t)) continue;
      ++jobs;
      above += t > 15.7 ? 1 : 0;
      if (name == "conv2" && e == 2) early = t;
    }
  }
  r.claims.push_back({"jobs of convolutions above the V100's peak of 15.7 TFLOPS",
                      "all, by its chart", std::to_string(above) + " of " + std::to_string(jobs),
                      std::nullopt, above == jobs ? Evidence::mechanism : Evidence::refuted,
                      "the first layers move more bytes than the channels carry in that time"});
  r.claims.push_back({"weight update of an early layer (conv2) gains most", "yes",
                      text_of("%.1f TFLOPS", early), early / 15.7,
                      early > 15.7 ? Evidence::mechanism : Evidence::refuted,
                      "against the V100's peak, which no layer reaches there"});
  r.plots.push_back(std::move(plot));
  return r;
}

}  // namespace h2
