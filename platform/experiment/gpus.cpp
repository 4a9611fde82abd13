// SPDX-License-Identifier: Apache-2.0
// GPUs as reference machines: the V100 by a roofline, an H200 as measured.

#include <cmath>

#include "platform/experiment/experiment.h"
#include "platform/experiment/networks.h"

namespace h2 {
namespace {

constexpr double kV100Flops = 15.7e12, kEfficiency = 0.70;
constexpr double kPasses = 3, kSteps = 10, kOperations = 2;

/// Seconds of an epoch: forward, backward and weight gradient, dense, at a share of the peak.
double v100_roofline(const PaperNetwork& n) {
  return n.macs_per_step * kSteps * kPasses * kOperations * n.samples / (kV100Flops * kEfficiency);
}

void add_v100(ExperimentResult& r) {
  for (const PaperNetwork& n : paper_networks()) {
    if (!n.v100_epoch_s) continue;
    const double seconds = v100_roofline(n);
    const bool holds = std::abs(seconds / *n.v100_epoch_s - 1) < 0.05;
    r.claims.push_back(claim(std::string("epoch of the V100, s, ") + n.title, *n.v100_epoch_s,
                             "%.2f", seconds, holds ? Evidence::fitted : Evidence::refuted,
                             holds ? "70 % of 15.7 TFLOPS, one factor for both small networks"
                                   : "the same 70 %: the rest is not arithmetic (preprocessing, as "
                                     "the paper supposes)"));
  }
}

}  // namespace

ExperimentResult gpus(const RunAll& runs) {
  ExperimentResult r{"gpus", "GPUs as reference machines", {}, {}, {}, {}};
  r.assumptions = {
      "V100: dense operations of three passes at 70 % of its FP32 peak.",
      "H200: measured on 2026-11-27, PyTorch 2.11, T = 10, SGD, random weights, drawn input; "
      "neuron's loop in eager FP32 as in the paper, or one fused kernel per layer in bf16; watts "
      "of "
      "the board with its memory. Batch 4 is the accelerator's sub-batch.",
      "Accelerator: simulated time; joules at public28 with its external memories, and at the "
      "paper's 20.57 W."};
  add_v100(r);
  std::vector<RunRequest> requests;
  for (const PaperNetwork& n : paper_networks()) requests.push_back(network_profile(n, {}));
  const std::vector<RunOutcome> outcomes = runs(requests);
  TextTable table{"An H200 beside the simulated accelerator, per epoch",
                  {"network", "GPU", "batch", "GPU, s", "accelerator, s", "time: GPU / accelerator",
                   "GPU, mJ per sample", "public28 with memories, mJ", "at 20.57 W, mJ",
                   "energy: GPU / accelerator at 20.57 W"},
                  {}};
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const PaperNetwork& n = paper_networks()[i];
    const double seconds = epoch_seconds(n, outcomes[i]);
    const auto& energy = outcomes[i].summary["energy"];
    const double own =
        1e3 * (energy["per_sample_j"].get<double>() + energy["dram_per_sample_j"].get<double>());
    const double paper = 1e3 * 20.57 * seconds / n.samples;
    for (const MeasuredGpu& g : measured_h200()) {
      if (std::string(g.config) != n.config) continue;
      table.rows.push_back({n.title, std::string("H200, ") + g.arithmetic, std::to_string(g.batch),
                            text_of("%.1f", g.epoch_s), text_of("%.1f", seconds),
                            text_of("%.2f", g.epoch_s / seconds), text_of("%.1f", g.mj_per_sample),
                            text_of("%.2f", own), text_of("%.2f", paper),
                            text_of("%.1f", g.mj_per_sample / paper)});
      if (g.batch == 4 || std::string(g.arithmetic) == "fp32, eager") continue;
      r.claims.push_back({std::string("today's GPU in bf16, fused neuron, ") + n.title, "-",
                          text_of("time %.2fx", g.epoch_s / seconds) +
                              text_of(", energy %.1fx", g.mj_per_sample / paper),
                          std::nullopt, Evidence::mechanism,
                          g.epoch_s < seconds
                              ? "the GPU is faster, the accelerator needs less energy"
                              : "the accelerator is faster and needs less energy"});
    }
  }
  r.tables.push_back(std::move(table));
  return r;
}

}  // namespace h2
