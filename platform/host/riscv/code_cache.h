// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "platform/host/riscv/instruction.h"

namespace h2 {

/// Instructions of RAM as they were when first executed, decoded. A store to them shows after
/// clear(), which fence.i calls for.
class CodeCache {
 public:
  static constexpr std::uint32_t kPageBytes = 4096;

  struct Page {
    std::uint32_t address = 0;
    /// One for every halfword, and two behind the end of the page, where an instruction may lead.
    std::array<Instruction, kPageBytes / 2 + 2> slots;

    std::uint32_t address_of(const Instruction* slot) const {
      return address + 2 * static_cast<std::uint32_t>(slot - slots.data());
    }
  };

  /// Whole pages of RAM, used in place.
  CodeCache(const std::uint8_t* ram, std::uint32_t base, std::uint32_t bytes);

  /// The page that an address belongs to; outside RAM one whose first slot, for that address, is
  /// fetch_fault.
  Page& page(std::uint32_t address) {
    const std::uint32_t offset = address - base_;
    if (offset < bytes_ && pages_[offset / kPageBytes] != nullptr)
      return *pages_[offset / kPageBytes];
    return new_page(address);
  }
  /// Of the address within its page.
  static Instruction* slot(Page& page, std::uint32_t address) {
    return &page.slots[(address - page.address) / 2];
  }
  /// What to put into an undecoded slot.
  Instruction decoded(std::uint32_t address) const;

  /// All pages, or those with instructions in a range, are to be decoded again. No page may be in
  /// use.
  void clear();
  void clear(std::uint32_t address, std::uint32_t bytes);

 private:
  Page& new_page(std::uint32_t address);

  const std::uint8_t* const ram_;
  const std::uint32_t base_, bytes_;
  std::vector<std::unique_ptr<Page>> pages_;
  Page outside_;
};

}  // namespace h2
