// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "platform/config/load.h"
#include "platform/host/training.h"
#include "platform/platform.h"

namespace h2 {

/// Room for one simulation: SystemC's warnings and errors fail the test, and the context is renewed
/// afterwards, so that one process can run many. Destroy all modules before it.
class FreshContext {
 public:
  FreshContext();
  ~FreshContext();
  FreshContext(const FreshContext&) = delete;
  FreshContext& operator=(const FreshContext&) = delete;
};

using Sets = std::vector<Override>;

/// The published machine with a small network on generated digits (T = 2, sub-batches of 2, groups
/// of 2), then `sets`.
Config tiny_config(const Sets& sets = {});

/// The same with every socket of the board checked against the TLM-2.0 base protocol.
Config with_probes(Config config);

/// The board with a program on its host, and a probe at every socket.
class Bench {
 public:
  /// `vcd`: path of a waveform, "" for none.
  explicit Bench(const Config& config, const Platform::Options& options = {},
                 const std::string& vcd = "");

  /// Simulates until `program` returns; rethrows what it threw.
  void run(HostCpu::Program program);

 private:
  FreshContext context_;
  Config config_;
  std::unique_ptr<Trace> trace_;

 public:
  Platform platform;
};

/// What a training run by the product's own host program leaves behind.
struct TrainingRun {
  RunRecord record;
  std::string summary;  ///< summary.json without the wall block
};

/// Kaiming start values of every layer, OIHW, as the product draws them.
std::vector<std::vector<float>> start_weights(const Config& config);

/// Trains `config` on its data set. `prepare` sees the board before time starts.
TrainingRun train(const Config& config, const Platform::Options& options = {},
                  const std::string& vcd = "",
                  const std::function<void(Platform&)>& prepare = nullptr);

}  // namespace h2
