// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "modules/spinalflow/spinal_machine.h"
#include "modules/spinalflow/spinal_schedule.h"
#include "platform/driver/sf_driver.h"

namespace h2 {

/// A SpinalFlow card without a simulator: three memories, registers that hold what is written, and
/// a schedule. The driver has laid out three layers: a pooled convolution, one of two tiles, and a
/// fully connected one.
class SpinalCard : public CardAccess {
 public:
  SpinalCard();

  bool read(std::uint64_t address, void* data, std::size_t bytes) override;
  bool allows(std::uint64_t, std::uint64_t, bool, bool) const override { return windows_open; }
  std::vector<ByteRange> rings() const override { return rings_; }
  bool in_flight(std::uint32_t tag) const override { return tags.count(tag) != 0; }
  bool write(std::uint64_t address, const void* data, std::size_t bytes);

  /// Writes the driver's table as it is now, with its checksum.
  void write_table();
  h2_descriptor describe() const;
  std::shared_ptr<CardCommand> decode(const h2_descriptor& d) { return schedule.decode(d, *this); }
  std::uint32_t error_of(const h2_descriptor& d) { return decode(d)->error; }

  static constexpr std::uint64_t kMemoryBytes = 8 << 20;

  SpinalSchedule schedule;
  sf_device device{};
  std::set<std::uint32_t> tags;  ///< in flight
  bool windows_open = true;

 private:
  std::uint8_t* at(std::uint64_t address, std::size_t bytes);

  std::vector<std::uint8_t> memories_[3];
  std::map<std::uint64_t, std::uint32_t> registers_;
  std::vector<ByteRange> rings_;
};

}  // namespace h2
