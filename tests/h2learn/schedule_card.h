// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "modules/h2learn/schedule.h"
#include "platform/driver/h2_driver.h"

namespace h2 {

/// A card without a simulator: three memories, registers that hold what is written, and a schedule.
/// The driver has laid out a network of one convolution and two FC layers.
class ScheduleCard : public CardAccess {
 public:
  ScheduleCard();

  bool read(std::uint64_t address, void* data, std::size_t bytes) override;
  bool allows(std::uint64_t address, std::uint64_t bytes, bool read, bool write) const override;
  std::vector<ByteRange> rings() const override { return rings_; }
  bool in_flight(std::uint32_t tag) const override { return tags.count(tag) != 0; }
  bool write(std::uint64_t address, const void* data, std::size_t bytes);

  /// Writes the driver's table as it is now, with its checksum.
  void write_table();
  /// A descriptor with the tensors of memory `memory` and a tag of its own.
  h2_descriptor describe(std::uint8_t opcode, std::uint16_t flags = 0, std::uint16_t memory = 0);
  std::shared_ptr<CardCommand> decode(const h2_descriptor& d) { return schedule.decode(d, *this); }
  /// Lets the command begin, run all its steps and end, as a command processor without time does.
  /// Returns its error.
  std::uint32_t run(CardCommand& command);
  /// decode() and run().
  std::uint32_t take(const h2_descriptor& d);

  static constexpr std::uint64_t kMemoryBytes = 1 << 20;
  static constexpr int kLayers = 3;

  Machine machine;
  H2LearnSchedule schedule;
  h2_device device{};
  std::set<std::uint32_t> tags;  ///< in flight
  bool windows_open = true;

 private:
  std::uint8_t* at(std::uint64_t address, std::size_t bytes);

  std::vector<std::uint8_t> memories_[3];
  std::map<std::uint64_t, std::uint32_t> registers_;
  std::vector<ByteRange> rings_;
};

}  // namespace h2
