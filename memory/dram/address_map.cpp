// SPDX-License-Identifier: Apache-2.0
#include "memory/dram/address_map.h"

#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "modules/base/error.h"

namespace h2 {
namespace {

constexpr const char* kFields = "row, rank, bank, column, bankgroup, channel";

int bits_of(const std::string& what, std::uint64_t count) {
  if (count == 0 || (count & (count - 1)) != 0) {
    throw InputError("memory.dram: " + what + " = " + std::to_string(count) +
                     " must be a power of two");
  }
  int bits = 0;
  while ((count >> bits) > 1) ++bits;
  return bits;
}

}  // namespace

AddressMap::AddressMap(const DramSpec& spec, std::uint64_t capacity_bytes) {
  const int columns = bits_of("row_bytes/64", spec.row_bytes / kLineBytes);
  parts_ = spec.channels % 3 == 0 && capacity_bytes % 3 == 0 ? 3 : 1;
  const int channels = bits_of("channels", static_cast<std::uint64_t>(spec.channels) / parts_);
  const int ranks = bits_of("ranks", static_cast<std::uint64_t>(spec.ranks));
  const int groups = bits_of("bank_groups", static_cast<std::uint64_t>(spec.bank_groups));
  const int banks = bits_of("banks_per_group", static_cast<std::uint64_t>(spec.banks_per_group));
  const int row_bits =
      bits_of("bytes", capacity_bytes / parts_) - 6 - columns - channels - ranks - groups - banks;
  if (row_bits < 0) {
    throw InputError("memory.bytes = " + std::to_string(capacity_bytes) +
                     " is less than one row in every bank");
  }
  struct Entry {
    Field* field;
    int bits;
  };
  const std::map<std::string, Entry> entries{
      {"row", {&row_, row_bits}},       {"rank", {&rank_, ranks}},
      {"bank", {&bank_, banks}},        {"column", {&column_, columns}},
      {"bankgroup", {&group_, groups}}, {"channel", {&channel_, channels}}};

  std::vector<std::string> names;
  std::stringstream text(spec.address_map);
  for (std::string name; std::getline(text, name, '-');) names.push_back(name);
  std::set<std::string> seen;
  int shift = 6;
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    const auto entry = entries.find(*name);
    if (entry == entries.end() || !seen.insert(*name).second) {
      throw InputError("memory.dram.address_map: field '" + *name +
                       "' is unknown or repeated in '" + spec.address_map +
                       "'; it must name each of " + kFields + " once");
    }
    entry->second.field->shift = shift;
    entry->second.field->bits = entry->second.bits;
    entry->second.field->mask = (std::uint64_t{1} << entry->second.bits) - 1;
    shift += entry->second.bits;
  }
  if (seen.size() != entries.size()) {
    throw InputError("memory.dram.address_map: '" + spec.address_map + "' must name each of " +
                     kFields + " once, most significant first");
  }
  if (spec.bank_hash) hash_bits_ = groups + banks;
  for (std::uint64_t index = 0; index < kTable; ++index) low_[index] = place(index);
}

LinePlace AddressMap::place(std::uint64_t index) const {
  const std::uint64_t address = index * kLineBytes;
  const std::uint64_t group = rank_.of(address) << group_.bits | group_.of(address);
  return {static_cast<std::int64_t>(row_.of(address)),
          static_cast<std::uint32_t>(channel_.of(address)) * parts_,
          static_cast<int>((group << bank_.bits | bank_.of(address)) ^ hash(row_.of(address)))};
}

std::uint64_t AddressMap::hash(std::uint64_t row) const {
  std::uint64_t folded = 0;
  for (; hash_bits_ > 0 && row != 0; row >>= hash_bits_) folded ^= row;
  return folded & ((std::uint64_t{1} << hash_bits_) - 1);
}

DramLocation AddressMap::decode(std::uint64_t address) const {
  std::uint64_t part = 0;
  if (parts_ > 1) {
    const std::uint64_t line = address / kLineBytes;
    part = line % parts_;
    address = line / parts_ * kLineBytes;
  }
  DramLocation at;
  at.channel = static_cast<int>(channel_.of(address) * parts_ + part);
  at.rank = static_cast<int>(rank_.of(address));
  at.row = static_cast<std::int64_t>(row_.of(address));
  const std::uint64_t hashed = hash(row_.of(address));
  at.group = static_cast<int>(group_.of(address) ^ hashed >> bank_.bits);
  at.bank = static_cast<int>(bank_.of(address) ^ (hashed & bank_.mask));
  at.column = static_cast<int>(column_.of(address));
  return at;
}

std::uint64_t AddressMap::encode(const DramLocation& at) const {
  const auto channel = static_cast<std::uint64_t>(at.channel);
  const std::uint64_t hashed = hash(static_cast<std::uint64_t>(at.row));
  const std::uint64_t address =
      channel_.at(channel / parts_) | rank_.at(static_cast<std::uint64_t>(at.rank)) |
      group_.at(static_cast<std::uint64_t>(at.group) ^ hashed >> bank_.bits) |
      bank_.at(static_cast<std::uint64_t>(at.bank) ^ hashed) |
      row_.at(static_cast<std::uint64_t>(at.row)) |
      column_.at(static_cast<std::uint64_t>(at.column));
  return (address / kLineBytes * parts_ + channel % parts_) * kLineBytes;
}

bool AddressMap::interleaves_groups() const {
  return group_.mask != 0 && group_.shift < column_.shift;
}

}  // namespace h2
