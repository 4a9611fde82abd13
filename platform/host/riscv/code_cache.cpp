// SPDX-License-Identifier: Apache-2.0
#include "platform/host/riscv/code_cache.h"

#include <cstring>

#include "platform/host/riscv/decoder.h"

namespace h2 {

CodeCache::CodeCache(const std::uint8_t* ram, std::uint32_t base, std::uint32_t bytes)
    : ram_(ram), base_(base), bytes_(bytes), pages_(bytes / kPageBytes) {
  outside_.slots.fill({Op::fetch_fault});
}

CodeCache::Page& CodeCache::new_page(std::uint32_t address) {
  const std::uint32_t offset = address - base_;
  if (offset >= bytes_) {
    outside_.address = address;
    return outside_;
  }
  std::unique_ptr<Page>& page = pages_[offset / kPageBytes];
  page = std::make_unique<Page>();
  page->address = address & ~(kPageBytes - 1);
  page->slots[kPageBytes / 2].op = page->slots[kPageBytes / 2 + 1].op = Op::page_end;
  return *page;
}

Instruction CodeCache::decoded(std::uint32_t address) const {
  const std::uint32_t offset = address - base_;
  std::uint16_t low = 0, high = 0;
  std::memcpy(&low, ram_ + offset, sizeof low);
  if (instruction_bytes(low) == 4) {
    if (offset + 2 >= bytes_) return {Op::fetch_fault_behind};
    std::memcpy(&high, ram_ + offset + 2, sizeof high);
  }
  return decode(std::uint32_t{high} << 16 | low, address);
}

void CodeCache::clear() {
  for (auto& page : pages_) page.reset();
}

/// An instruction in front of the range may reach into it.
void CodeCache::clear(std::uint32_t address, std::uint32_t bytes) {
  if (bytes == 0 || address - base_ >= bytes_) return;
  const std::uint32_t first = address - base_, last = first + bytes - 1;
  for (std::uint32_t n = (first < 2 ? 0 : first - 2) / kPageBytes;
       n <= last / kPageBytes && n < pages_.size(); ++n) {
    pages_[n].reset();
  }
}

}  // namespace h2
