// SPDX-License-Identifier: Apache-2.0
#include "platform/data/hdf5_heaps.h"

#include <algorithm>
#include <boost/iostreams/device/mapped_file.hpp>
#include <cstdint>
#include <string_view>

#include "modules/base/error.h"

namespace h2 {
namespace {

constexpr std::uint64_t kHeadBytes = 16;  // of a heap, and of each of its objects

std::uint64_t number_at(std::string_view bytes, std::size_t at, int count) {
  std::uint64_t value = 0;
  for (int i = count - 1; i >= 0; --i) {
    value = value << 8U | static_cast<std::uint8_t>(bytes[at + static_cast<std::size_t>(i)]);
  }
  return value;
}

/// Walks the objects of the heap at the begin of `bytes` as the library does. Returns the first one
/// that does not lie inside, "" if all do.
std::string unsound_object(std::string_view bytes) {
  const std::uint64_t end = number_at(bytes, 8, 8);
  if (end > bytes.size()) return "its " + std::to_string(end) + " bytes are not all there";
  for (std::uint64_t at = kHeadBytes; at + kHeadBytes <= end;) {
    const std::uint64_t index = number_at(bytes, at, 2), size = number_at(bytes, at + 8, 8);
    // The size of free space counts its head.
    const std::uint64_t head = index == 0 ? 0 : kHeadBytes;
    if (size > end - at - head || head + size == 0) {
      return "object " + std::to_string(index) + " has " + std::to_string(size) + " bytes";
    }
    at += head + (size + 7) / 8 * 8;
  }
  return "";
}

}  // namespace

void require_sound_heaps(const std::string& path) {
  using namespace std::string_view_literals;
  boost::iostreams::mapped_file_source file;
  try {
    file.open(path);
  } catch (const std::exception&) {
    return;  // empty, or what the library will say
  }
  const std::string_view bytes(file.data(), file.size());
  constexpr std::string_view kSignature = "GCOL\1\0\0\0"sv;
  for (std::size_t at = bytes.find(kSignature); at != std::string_view::npos;
       at = bytes.find(kSignature, at + 1)) {
    if (bytes.size() - at < 2 * kHeadBytes) continue;
    const std::string object = unsound_object(bytes.substr(at));
    if (object.empty()) continue;
    throw InputError(path + ": is damaged: heap at byte " + std::to_string(at) + ": " + object);
  }
}

}  // namespace h2
