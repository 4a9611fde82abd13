// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "modules/device/schedule.h"
#include "modules/spinalflow/spinal_table.h"
#include "modules/spinalflow/spine_job.h"

namespace h2 {

/// A descriptor with the network table it names.
struct SpinalCommand : CardCommand {
  SpinalTable table;
};

/// The one command of SpinalFlow: the layers of a network one after another on the unit, the lists
/// that a layer writes being the input of the next. Training opcodes are refused.
class SpinalSchedule : public Schedule {
 public:
  struct Settings {
    std::uint64_t memory_base = H2_MEM_BASE(0);  ///< address of Mem0
    std::uint64_t memory_bytes = 0;              ///< of each memory
    int memories = 3;
  };

  SpinalSchedule(const SpinalUnit& unit, Settings settings) : unit_(unit), settings_(settings) {}

  const std::vector<std::string>& queues() const override;
  std::shared_ptr<CardCommand> decode(const h2_descriptor& descriptor, CardAccess& card) override;
  void begin(CardCommand&) override {}
  std::optional<Step> step(CardCommand& command, int index) override;
  void end(const CardCommand&) override {}
  void reset() override {}
  std::uint32_t status() const override { return 0; }

  /// Running number of the next command.
  std::uint64_t sub_batches() const { return commands_; }

 private:
  static std::uint32_t check_fields(const h2_descriptor& d, const CardAccess& card);
  std::uint32_t check(SpinalCommand& command, CardAccess& card) const;
  std::uint32_t read_table(SpinalCommand& command, CardAccess& card) const;
  std::uint32_t check_tensors(SpinalCommand& command, const CardAccess& card) const;
  std::uint32_t unreadable(std::uint64_t address, std::uint64_t bytes) const;
  bool in_a_memory(std::uint64_t address, std::uint64_t bytes) const;

  const SpinalUnit unit_;
  const Settings settings_;
  std::uint64_t commands_ = 0;
};

}  // namespace h2
