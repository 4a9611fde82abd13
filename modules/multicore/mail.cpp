// SPDX-License-Identifier: Apache-2.0
#include "modules/multicore/mail.h"

namespace h2 {
namespace {

constexpr int kOffsetBits = 28, kSampleBits = 10;

}  // namespace

std::uint64_t mail_address(const MailAddress& place) {
  return kMailBase | std::uint64_t{place.stream} << (kOffsetBits + kSampleBits) |
         static_cast<std::uint64_t>(place.sample) << kOffsetBits | place.offset;
}

MailAddress mail_place(std::uint64_t address) {
  const std::uint64_t below = address & ~kMailBase;
  return {static_cast<std::uint32_t>(below >> (kOffsetBits + kSampleBits)),
          static_cast<int>(below >> kOffsetBits & (kMostMailSamples - 1)),
          below & (kMostSampleBytes - 1)};
}

std::uint32_t MailStreams::open(const MailStream& stream) {
  while (open_.count(next_) != 0) next_ = (next_ + 1) % kIds;
  const std::uint32_t id = next_;
  next_ = (next_ + 1) % kIds;
  open_.emplace(id, stream);
  return id;
}

const MailStream* MailStreams::find(std::uint32_t id) const {
  const auto found = open_.find(id);
  return found == open_.end() ? nullptr : &found->second;
}

void MailStreams::close(std::uint32_t id) {
  if (open_.erase(id) != 0 && closed) closed(id);
}

}  // namespace h2
