// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "platform/config/config.h"
#include "platform/driver/h2_driver.h"
#include "platform/host/host_cpu.h"

namespace h2 {

/// The samples of one batch group.
struct TrainingGroup {
  std::vector<std::uint32_t> sizes;  ///< of the sub-batches
  std::vector<std::vector<std::uint8_t>> samples;
  std::vector<std::uint32_t> labels;
};

/// Random pixels (for an encoding layer) or spikes, and labels. `density` of spikes.
TrainingGroup random_training_group(const Config& config, std::vector<std::uint32_t> sizes,
                                    std::uint32_t seed, double density = 0.3);

/// The driver's view of the card from a host program: opened, network and start weights loaded.
class Card {
 public:
  /// `index`: of the card on the board.
  Card(HostCpu& host, const Config& config, std::uint32_t index = 0);

  /// Opens the card again and loads everything anew, as after a reset.
  void load();
  /// Trains one batch group and returns the driver's result code.
  int train(const TrainingGroup& training_group);
  /// Forward, backward and weight gradient of the first sub-batch, as a whole group, up to `last`.
  void group_without_update(const TrainingGroup& training_group,
                            std::uint8_t last = H2_OP_WEIGHT_GRADIENT);
  /// Returns the tag of an update descriptor on its way.
  std::uint32_t submit_update(std::uint32_t step);
  /// Stored weights of all layers, OIHW.
  std::vector<std::vector<std::uint8_t>> weights();

  /// Descriptors of the first sub-batch of `training_group`, whose input and loss gradient (a ramp)
  /// are written to Mem0.
  h2_descriptor prepare(const TrainingGroup& training_group, std::uint8_t opcode);
  /// Puts the bytes of `descriptor` in the ring as they are and rings the doorbell.
  void submit_raw(const h2_descriptor& descriptor);
  /// Waits for the interrupt line.
  void wait_irq() { device.bus.wait_irq(device.bus.context); }

  std::uint64_t memory(unsigned n) const { return device.memories + n * H2_MEM_STRIDE; }
  std::uint32_t reg(std::uint32_t offset);
  /// True if the access was answered with OK.
  bool write_reg(std::uint32_t offset, std::uint32_t value);
  bool read(std::uint64_t address, void* data, std::size_t bytes);
  bool write(std::uint64_t address, const void* data, std::size_t bytes);
  /// The completion that the card wrote to entry `index` of its ring.
  h2_completion completion(std::uint32_t index);

  HostCpu& host;
  h2_device device{};
  h2_group group{};                       ///< of the last train()
  std::uint32_t retries = 0;              ///< of train()
  std::uint32_t update = H2_UPDATE_AUTO;  ///< of train()
  int (*before_update)(void* context) = nullptr;
  void* update_context = nullptr;

 private:
  const Config& config_;
  const std::uint32_t index_;
  std::vector<std::uint64_t> scratch_;
};

}  // namespace h2
