// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "modules/base/memory_reader.h"
#include "modules/h2learn/job_context.h"
#include "traces/results/golden/golden_units.h"
#include "traces/results/run_info.h"

namespace h2 {

/// What to write of a training run.
struct GoldenRequest {
  std::string folder;
  std::set<std::uint64_t> sub_batches;
  std::set<std::string> tensors;  ///< `<layer>.<kind>`; empty: all
  std::set<std::string>
      units;  ///< layers whose engines are opened up (modules/h2learn/signals/signals.h)
  std::set<std::uint64_t> tiles;  ///< of those layers
  std::uint64_t block = 0;        ///< of channels there, see golden_units.h
  bool readmemh = false;          ///< signals for Verilog's $readmemh besides
  /// What opens engines up; null: those of H2Learn.
  std::shared_ptr<const GoldenUnits> engines = nullptr;
};

/// Writes the tensors of chosen training sub-batches as NumPy files, read from the modelled
/// memories through debug transport: DIR/<sub_batch>/<layer>.<kind>.npy and DIR/manifest.json. Axes
/// B,T,C,H,W (T = 1 for static pixels, H = W = 1 for FC) or OIHW / (out,in).
class GoldenWriter {
 public:
  /// Throws InputError if the folder cannot be made, or for a tensor, unit, tile or block that the
  /// network does not have, with the legal ones.
  GoldenWriter(RunInfo info, GoldenRequest request);

  /// Tells the labels of the next training sub-batch.
  void labels(const std::uint32_t* labels, std::size_t count);
  /// Call when a descriptor has ended, before its completion reaches the driver.
  void descriptor_ended(const h2_descriptor& descriptor, const JobContext& context,
                        const MemoryReader& memory);
  /// Writes the manifest. Throws RunError if a file cannot be written.
  void close();

 private:
  struct Sample {
    std::uint64_t number = 0;
    bool chosen = false;
  };
  bool wanted(const std::string& tensor) const {
    return request_.tensors.empty() || request_.tensors.count(tensor) != 0;
  }
  /// Calls write(path) if the tensor is wanted.
  template <class Write>
  void write(std::uint64_t number, const std::string& tensor, Write write);
  void write_forward(const Sample& sample, const JobContext& c, const MemoryReader& memory);
  void write_gradients(const Sample& sample, const h2_descriptor& d, const JobContext& c,
                       const MemoryReader& memory);
  void write_weights(std::uint64_t number, const char* kind, bool gradient, const JobContext& c,
                     const MemoryReader& memory);
  void write_signals(const Sample& sample, bool forward, const JobContext& c,
                     const MemoryReader& memory);
  /// Folder of a sub-batch and name of a file in it, without what says its format.
  std::string place(std::uint64_t number, const std::string& name);
  std::string path(std::uint64_t number, const std::string& name);
  const GoldenUnits& engines() const;
  nlohmann::ordered_json signals_json() const;

  const RunInfo info_;
  GoldenRequest request_;
  std::uint64_t started_ = 0, labelled_ = 0;
  std::map<unsigned, Sample> in_memory_;  // by Mem0/Mem1
  std::vector<std::uint64_t> group_;      // chosen sub-batches that wait for the update
  std::map<std::uint64_t, std::vector<std::string>> files_;
  std::map<int, std::vector<float>> weights_;  // of layers with signals, as the last pass read them
};

}  // namespace h2
