#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "modules/engine/engine.h"
#include "platform/controller/controller.h"

namespace h2 {

class Platform;

inline constexpr std::array<const char*, 3> kEngineKeys{"forward", "backward", "weight_update"};

/// Counters of the whole board at one moment.
struct Snapshot {
  std::uint64_t cycle = 0;
  std::array<Engine::Stats, 3> engines{};
  std::array<std::uint64_t, 3> read_bytes{},
      write_bytes{};  ///< Mem0..2 (unified: all in the first)
};
Snapshot take_snapshot(const Platform& platform);

/// One layer on one engine: the last sub-batch seen, and sums over the run.
struct LayerCost {
  int engine = 0;
  JobRecord last;
  JobRecord total;
  std::uint64_t jobs = 0;
};

/// What a run leaves behind, apart from files.
struct RunRecord {
  std::vector<double> loss;  ///< mean per sample, one per batch group
  double train_accuracy = 0, test_accuracy = 0;
  std::vector<std::vector<std::uint8_t>> weights;  ///< stored values, OIHW, little-endian
  bool interrupted = false;                        ///< ended before its time, on request
  std::uint64_t sub_batches = 0, samples = 0, test_samples = 0;
  std::uint64_t epoch_sub_batches = 0;     ///< of one whole epoch
  double steady_cycles_per_sub_batch = 0;  ///< over the last whole group
  Snapshot train_start, train_end, test_end;
  /// By (engine, layer index), jobs of training sub-batches that own weights.
  std::map<std::pair<int, int>, LayerCost> layers;
  static constexpr std::size_t kMostJobs = 512;
  std::deque<LayerRecord> jobs;  ///< the last ones, of all kinds

  void add(const LayerRecord& record);
};

}  // namespace h2
