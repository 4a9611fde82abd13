#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "modules/device/job_record.h"

namespace h2 {

/// Bytes that a memory has moved.
struct MemoryBytes {
  std::uint64_t read = 0, written = 0;
};

/// Counters of the whole board at one moment.
struct Snapshot {
  std::uint64_t cycle = 0;
  std::vector<EngineStats> engines;
  std::vector<MemoryBytes> memories;
};
/// What the counters gained between two moments, and sums of such gains. A snapshot without engines
/// and memories counts as zero.
Snapshot operator-(const Snapshot& end, const Snapshot& start);
Snapshot operator+(const Snapshot& a, const Snapshot& b);

/// One layer on one engine: the last sub-batch seen, and sums over the run.
struct LayerCost {
  int engine = 0;
  JobRecord last;
  JobRecord total;
  std::uint64_t jobs = 0;
};

/// What one pass over the training set came to.
struct EpochRecord {
  double loss = 0;            ///< mean per sample
  double train_accuracy = 0;  ///< as the samples were trained
  std::optional<double> test_accuracy;
};

/// What a run leaves behind, apart from files.
struct RunRecord {
  std::vector<double> loss;  ///< mean per sample, one per batch group
  double train_accuracy = 0, test_accuracy = 0;
  std::vector<EpochRecord> epochs;                 ///< those that were finished
  std::vector<std::vector<std::uint8_t>> weights;  ///< stored values, OIHW, little-endian
  bool interrupted = false;                        ///< ended before its time, on request
  std::uint64_t sub_batches = 0, samples = 0, test_samples = 0;
  std::uint64_t epoch_sub_batches = 0;     ///< of one whole epoch
  double steady_cycles_per_sub_batch = 0;  ///< over the last whole group
  Snapshot train_start, train_end;
  Snapshot tests;         ///< spent in tests between epochs
  Snapshot tests_at_end;  ///< spent in the test after the last
  /// Spent in training: tests between epochs left out.
  Snapshot trained() const { return train_end - train_start - tests; }
  /// By (engine, layer index), jobs of training sub-batches that own weights.
  std::map<std::pair<int, int>, LayerCost> layers;
  /// By layer index, over all training sub-batches.
  std::map<int, LayerDensities> densities;
  static constexpr std::size_t kMostJobs = 512;
  std::deque<LayerRecord> jobs;  ///< the last ones, of all kinds

  void add(const LayerRecord& record);
  void add_densities(const JobRecord& job);
};

}  // namespace h2
