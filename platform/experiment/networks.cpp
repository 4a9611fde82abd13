// SPDX-License-Identifier: Apache-2.0
#include "platform/experiment/networks.h"

#include <cmath>

namespace h2 {

const std::vector<PaperNetwork>& paper_networks() {
  static const std::vector<PaperNetwork> all{
      {"mnist.yaml", "MNIST", 138.55, 60000, 418.18e6},
      {"cifar10.yaml", "CIFAR10", 147.07, 50000, 547.30e6},
      {"imagenet.yaml", "ImageNet", 4.00 * 3600, 1281167, 1047.67e6},
      {"nmnist.yaml", "N-MNIST", std::nullopt, 60000, 619.19e6},
      {"cifar10dvs.yaml", "CIFAR10-DVS", std::nullopt, 9000, 1064.44e6}};
  return all;
}

RunRequest network_profile(const PaperNetwork& network, const std::vector<Override>& sets) {
  RunRequest request{network.config, {{"profile.sub_batches", "8"}}, "profile"};
  request.sets.insert(request.sets.end(), sets.begin(), sets.end());
  return request;
}

double epoch_seconds(const PaperNetwork& network, const RunOutcome& outcome) {
  if (!outcome.refused.empty()) return std::nan("");
  const double cycles = outcome.summary["time"]["cycles_per_sub_batch"].get<double>();
  return cycles * network.samples / 4 / 800e6;
}

/// NVIDIA H200, PyTorch 2.11, T = 10, SGD, random weights, drawn input, board power with memory:
/// the neuron's loop in eager mode in FP32, or one fused kernel per layer in bf16.
const std::vector<MeasuredGpu>& measured_h200() {
  static const std::vector<MeasuredGpu> all{
      {"mnist.yaml", "fp32, eager", 128, 46.5, 568, 439.9},
      {"mnist.yaml", "bf16, fused", 128, 6.2, 555, 57.1},
      {"mnist.yaml", "bf16, fused", 4, 91.9, 170, 259.8},
      {"cifar10.yaml", "fp32, eager", 128, 52.9, 600, 635.2},
      {"cifar10.yaml", "bf16, fused", 128, 6.5, 572, 73.8},
      {"cifar10.yaml", "bf16, fused", 4, 79.7, 180, 286.7},
      {"imagenet.yaml", "fp32, eager", 32, 4075.2, 550, 1748.2},
      {"imagenet.yaml", "bf16, fused", 32, 428.4, 594, 198.5},
      {"imagenet.yaml", "bf16, fused", 4, 2031.6, 281, 445.7},
      {"nmnist.yaml", "fp32, eager", 128, 78.0, 616, 800.7},
      {"nmnist.yaml", "bf16, fused", 128, 9.6, 567, 90.6},
      {"nmnist.yaml", "bf16, fused", 4, 68.3, 200, 228.1},
      {"cifar10dvs.yaml", "fp32, eager", 128, 16.4, 578, 1052.7},
      {"cifar10dvs.yaml", "bf16, fused", 128, 2.5, 578, 158.2},
      {"cifar10dvs.yaml", "bf16, fused", 4, 11.6, 234, 300.0}};
  return all;
}

}  // namespace h2
