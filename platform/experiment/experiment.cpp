// SPDX-License-Identifier: Apache-2.0
#include "platform/experiment/experiment.h"

#include <cmath>
#include <cstdio>
#include <utility>

namespace h2 {

const char* name_of(Evidence evidence) {
  static const char* const names[] = {"identity", "mechanism", "constant", "fitted", "refuted"};
  return names[static_cast<int>(evidence)];
}

std::string text_of(const char* format, double value) {
  std::string text(static_cast<std::size_t>(std::snprintf(nullptr, 0, format, value)), ' ');
  std::snprintf(text.data(), text.size() + 1, format, value);
  return text;
}

Claim claim(std::string what, double paper, const char* format, double platform, Evidence how,
            std::string note) {
  return {std::move(what), text_of(format, paper), text_of(format, platform), platform / paper, how,
          std::move(note)};
}

Evidence label(bool holds, Evidence good) { return holds ? good : Evidence::refuted; }

Evidence within(double ratio, double tolerance, Evidence good) {
  return label(std::abs(ratio - 1) <= tolerance, good);
}

Claim claim_within(std::string what, double paper, const char* format, double platform,
                   double tolerance, std::string note) {
  return claim(std::move(what), paper, format, platform, within(platform / paper, tolerance),
               std::move(note));
}

const std::vector<Experiment>& experiments() {
  static const std::vector<Experiment> all{
      {"tables", "Tables VII and VIII: sizes, peak rates and areas from the configuration",
       tables_7_and_8},
      {"table3", "Tables I and III: accuracy and sparsity of networks trained here",
       tables_1_and_3},
      {"fig11", "Fig. 11: energy and area of sub-LUTs, all sizes", figure_11},
      {"fig12", "Fig. 12: area, energy and throughput of the engines with tables", figure_12},
      {"fig13", "Fig. 13: what sparsity saves in the Backward Engine", figure_13},
      {"fig14", "Fig. 14: throughput with arrays halved and doubled", figure_14},
      {"fig15", "Fig. 15(b): throughput by engine and layer", figure_15},
      {"fig15a", "Fig. 15(a): area and energy of SpinalFlow beside the Forward Engine", figure_15a},
      {"fig16", "Fig. 16 and Table II: speed, power, energy and area beside the V100; ablations",
       figure_16},
      {"gpus", "GPUs as reference machines: V100 by a roofline, H200 as measured", gpus},
      {"sata", "SATA: energy by sparsity, spiking against ReLU, words of the published tool",
       sata_energy},
      {"spinaps", "SpinAPS: accuracy by deadline, early stop, weight bits, STT-RAM beside SRAM",
       spinaps_experiment},
      {"scaling", "Several cards: weak and strong scaling, 1 to 1,024 cards", scaling},
      {"federated", "Federated learning: five workers, iid and two labels each, beside one card",
       federated},
      {"multicore", "Multi-core trainer: TFLOPS/W, DRAM traffic beside a GPU, 1 to 20 cores",
       multicore_experiment}};
  return all;
}

}  // namespace h2
