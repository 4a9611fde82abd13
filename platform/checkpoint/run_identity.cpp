// SPDX-License-Identifier: Apache-2.0
#include "platform/checkpoint/checkpoint.h"
#include "platform/config/load.h"
#include "traces/results/sha256.h"

namespace h2 {
namespace {

/// At most so many samples of each part are looked at.
constexpr std::size_t kMost = 1024;

std::string fingerprint(const Dataset& set) {
  std::string bytes = std::to_string(set.size()) + " " + std::to_string(set.sample_size()) + " " +
                      std::to_string(set.input_steps) + " ";
  const std::size_t count = std::min(set.size(), kMost);
  for (std::size_t n = 0; n < count; ++n) {
    const std::size_t i = n * set.size() / count;
    const std::uint8_t* sample = set.sample(i);
    bytes.append(sample, sample + set.sample_size());
    bytes += std::to_string(set.label(i)) + " ";
  }
  return sha256_hex(bytes);
}

}  // namespace

RunIdentity identity_of(const std::string& program, const Config& config, const LoadedData& data) {
  RunIdentity identity;
  identity.program = program;
  identity.config = nlohmann::json(config_json(config));
  // How often and where checkpoints are kept, and what is recorded, may change from run to run.
  nlohmann::json& checkpoint = identity.config["training"]["checkpoint"];
  checkpoint.erase("dir");
  checkpoint.erase("keep");
  identity.config["trace"].erase("vcd");
  identity.config["trace"].erase("timeline");
  identity.config["dataset"].erase("path");
  identity.data = fingerprint(data.train) + fingerprint(data.test) + fingerprint(data.validation);
  return identity;
}

std::uint64_t groups_of(const RunState& state) {
  const std::uint64_t skipped =
      state.record.loss_scale ? state.record.loss_scale->skipped_groups : 0;
  return state.record.loss.size() + skipped;
}

}  // namespace h2
