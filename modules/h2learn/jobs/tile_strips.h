// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "modules/device/kernel_clock.h"
#include "modules/device/worker_pool.h"
#include "modules/network/tiling.h"
#include "modules/tensor/maps.h"

namespace h2 {

/// The tiles of a layer pass by pass through a kernel, ForwardArray or BackwardArray, each cut
/// into strips of rows that threads share. What the kernel needs of the operand is prepared in the
/// first pass. From the second on the operand is complete: all strips of the pass may be computed
/// ahead of simulated time. Belongs behind the kernel and the sums: its parts use them.
template <class Kernel>
class TileStrips {
 public:
  /// `tiles` of the kernel's results. Refers to all three.
  TileStrips(const Kernel& kernel, const Tiling& tiles, KernelClock& clock)
      : kernel_(kernel), tiles_(tiles), clock_(clock), inputs_(tiles.count() * kPerTile) {}

  /// Once the weights of the pass are loaded. The results go to `sums`, from `channel0` on.
  void begin_pass(int pass, WorkerPool& workers, ValueMap& sums, int channel0) {
    sums_ = &sums;
    channel0_ = channel0;
    if (pass == 0) return;
    ahead_ = std::make_unique<WorkerPool::Work>(workers, WorkerPool::Urgency::ahead,
                                                static_cast<int>(inputs_.size()),
                                                [this](int index) { run(index); });
  }
  /// Returns when the results of a tile are there; tiles in ascending order.
  template <class Operand>
  void compute(int pass, int tile, WorkerPool& workers, const Operand& operand) {
    if (pass > 0) {
      ahead_->finish((tile + 1) * kPerTile);
      return;
    }
    workers.share(kPerTile, [&](int part) {
      const int index = tile * kPerTile + part;
      const Region region = strip(tiles_.tile(tile), part, kPerTile);
      if (region.area() == 0) return;
      clock_.run([&] { inputs_[index] = kernel_.prepare(operand, region); });
      run(index);
    });
  }
  /// The same where passes take turns within a tile and the kernel has the weights of this one; no
  /// begin_pass(). `first`: the first pass of the tile.
  template <class Operand>
  void compute_in_turn(bool first, int tile, WorkerPool& workers, const Operand& operand,
                       ValueMap& sums, int channel0) {
    sums_ = &sums;
    channel0_ = channel0;
    workers.share(kPerTile, [&](int part) {
      const int index = tile * kPerTile + part;
      const Region region = strip(tiles_.tile(tile), part, kPerTile);
      if (first && region.area() != 0) {
        clock_.run([&] { inputs_[index] = kernel_.prepare(operand, region); });
      }
      run(index);
    });
  }

 private:
  static constexpr int kPerTile = 2;

  void run(int index) {
    if (inputs_[index].region.area() == 0) return;
    clock_.run([&] { kernel_.run(inputs_[index], *sums_, channel0_); });
  }

  const Kernel& kernel_;
  const Tiling& tiles_;
  KernelClock& clock_;
  ValueMap* sums_ = nullptr;  // of the pass, and the first channel of its results
  int channel0_ = 0;
  std::vector<typename Kernel::Input> inputs_;  // [tile][strip]
  std::unique_ptr<WorkerPool::Work> ahead_;     // the strips of the pass, but the first
};

}  // namespace h2
