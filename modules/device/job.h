// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "memory/bus/transfer.h"
#include "modules/arithmetic/range_count.h"
#include "modules/contract/h2_contract.h"
#include "modules/device/cycles.h"
#include "modules/device/event_counts.h"
#include "modules/device/glb_room.h"
#include "modules/device/kernel_clock.h"
#include "modules/device/worker_pool.h"
#include "modules/tensor/density.h"

namespace h2 {

/// Compute time of a chunk and what the array did in it.
struct ChunkWork {
  Cycles cycles;
  std::uint64_t executed_macs = 0;
  EventCounts events;  ///< of the accelerator's list
};

/// One layer of one phase of one sub-batch on one engine.
class EngineJob {
 public:
  virtual ~EngineJob() = default;

  std::string name;        ///< owner of the weights
  int layer = 0;           ///< index in the network
  std::uint64_t macs = 0;  ///< dense multiply-accumulates, bit planes counted once
  /// Of the results, once the last of them is computed; with data only.
  LayerDensities densities;
  int result_layer = 0;       ///< index of the layer they belong to
  bool element_wise = false;  ///< of batch norm: beside the layer's job in the array
};

/// A job as a sequence of chunks that the engine loads, computes and stores. A result that is not
/// finite ends it (H2_ERR_OVERFLOW).
/// Jobs know no simulator: they say what to move, what it costs, and do the arithmetic. Chunks are
/// loaded, computed and stored in order; `compute` may run on a worker thread while later chunks
/// load.
class Job : public EngineJob {
 public:
  virtual int chunks() const = 0;
  /// Adds the reads of `chunk` to `list`. True: call again with the next stage once they arrived.
  virtual bool load(int chunk, int stage, TransferList& list) = 0;
  /// Called once per chunk, when all its reads have arrived.
  virtual ChunkWork work(int chunk) = 0;
  /// Whether `compute` has something to do: with data, when the operands of a result are complete.
  virtual bool computes(int chunk) const = 0;
  virtual void compute(int chunk) = 0;
  /// Adds the writes of what became complete with `chunk`.
  virtual void store(int chunk, TransferList& list) = 0;

  /// Bytes of the GLB that sums and results take from before `chunk` is computed, and those that
  /// are given back behind it: once its stores are through, if it has any.
  struct Results {
    std::uint64_t begin = 0, end = 0;
  };
  virtual Results results(int /*chunk*/) const { return {}; }
  /// Of the GLB, for this job; nothing said: half of it for either side.
  GlbRoom room;

  /// Set by compute when the result must not be used (h2_error).
  std::uint32_t error = H2_OK;
  RangeCount range;               ///< of the results so far; an overflow sets `error`
  KernelClock kernels;            ///< every call of arithmetic runs in it
  WorkerPool* workers = nullptr;  ///< that `compute` shares its work with; set before

 protected:
  void count(const RangeCount& found) {
    range += found;
    if (found.overflows != 0) error = H2_ERR_OVERFLOW;
  }
};

}  // namespace h2
