#include "memory/backing_store.h"

#include <algorithm>
#include <cstring>

namespace h2 {

void BackingStore::read(std::uint64_t address, std::uint8_t* data, std::uint64_t bytes) const {
  while (bytes != 0) {
    const std::uint64_t offset = address % kPageBytes;
    const std::uint64_t part = std::min(bytes, kPageBytes - offset);
    const auto found = pages_.find(address / kPageBytes);
    if (found == pages_.end()) {
      std::memset(data, kPoison, part);
    } else {
      std::memcpy(data, found->second->data() + offset, part);
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
  std::unique_ptr<Page>& page = pages_[address / kPageBytes];
  if (page == nullptr) {
    page = std::make_unique<Page>();
    page->fill(kPoison);
  }
  return page->data();
}

}  // namespace h2
