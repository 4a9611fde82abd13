// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "modules/device/schedule.h"
#include "modules/spinaps/spin_job.h"

namespace h2 {

/// A descriptor with the network table it names.
struct SpinCommand : CardCommand {
  sa_descriptor own{};
  sa_table table{};
};

/// Header of a network, as it lies in memory. Returns an h2_error or sa_error.
std::uint32_t check_spin_table(const sa_table& table, const SpinApsMachine& machine);

/// PROGRAM and INFER, one after another on one queue. Training opcodes are refused.
class SpinSchedule : public Schedule {
 public:
  struct Settings {
    std::uint64_t memory_base = H2_MEM_BASE(0);  ///< address of Mem0
    std::uint64_t memory_bytes = 0;              ///< of each memory
    int memories = 3;
  };

  /// `machine.arrays`: how many the card has, 1 or more.
  SpinSchedule(const SpinApsMachine& machine, Settings settings)
      : machine_(machine), settings_(settings) {}

  const std::vector<std::string>& queues() const override;
  std::shared_ptr<CardCommand> decode(const h2_descriptor& descriptor, CardAccess& card) override;
  void begin(CardCommand&) override {}
  std::optional<Step> step(CardCommand& command, int index) override;
  void end(const CardCommand&) override {}
  void reset() override {}
  std::uint32_t status() const override { return 0; }

  /// Running number of the next inference.
  std::uint64_t sub_batches() const { return inferences_; }

 private:
  std::uint32_t check(SpinCommand& command, CardAccess& card) const;
  std::uint32_t check_inference(const SpinCommand& command) const;
  std::uint32_t check_tensors(const SpinCommand& command, const CardAccess& card) const;
  bool in_a_memory(std::uint64_t address, std::uint64_t bytes) const;

  const SpinApsMachine machine_;
  const Settings settings_;
  std::uint64_t inferences_ = 0;
};

}  // namespace h2
