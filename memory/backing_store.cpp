// SPDX-License-Identifier: Apache-2.0
#include "memory/backing_store.h"

#include <algorithm>
#include <cstring>

namespace h2 {

void BackingStore::read(std::uint64_t address, std::uint8_t* data, std::uint64_t bytes) const {
  while (bytes != 0) {
    const std::uint64_t offset = address % kPageBytes;
    const std::uint64_t part = std::min(bytes, kPageBytes - offset);
    const std::uint64_t index = address / kPageBytes;
    if (index < pages_.size() && pages_[index] != nullptr) {
      std::memcpy(data, pages_[index]->data() + offset, part);
    } else {
      std::memset(data, kPoison, part);
    }
    address += part;
    data += part;
    bytes -= part;
  }
}

void BackingStore::write(std::uint64_t address, const std::uint8_t* data, std::uint64_t bytes) {
  while (bytes != 0) {
    const std::uint64_t offset = address % kPageBytes;
    const std::uint64_t part = std::min(bytes, kPageBytes - offset);
    std::memcpy(page(address) + offset, data, part);
    address += part;
    data += part;
    bytes -= part;
  }
}

std::uint8_t* BackingStore::page(std::uint64_t address) {
  const std::uint64_t index = address / kPageBytes;
  if (index >= pages_.size()) pages_.resize(index + 1);
  std::unique_ptr<Page>& page = pages_[index];
  if (page == nullptr) {
    page = std::make_unique<Page>();
    page->fill(kPoison);
  }
  return page->data();
}

}  // namespace h2
