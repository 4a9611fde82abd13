// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "modules/multicore/mesh_routes.h"

// Mailboxes: where the results of one layer wait for the engines of the next. A job writes to and
// reads from addresses of its own core's network interface; what is written goes over the mesh.

namespace h2 {

/// Results of one layer for the cores of a neighbouring one, sample by sample, during one command.
struct MailStream {
  bool gradients = false;
  NodeSet producers, consumers;
  std::uint64_t sample_bytes = 0;  ///< that a consumer gets for one sample, as stored
  int samples = 0;
  int slots = 0;        ///< samples that a consumer's mailbox holds at once
  bool halved = false;  ///< FP32 values charged as FP16
};

/// Place of a byte of a stream. Memory lies below kMailBase.
struct MailAddress {
  std::uint32_t stream = 0;
  int sample = 0;
  std::uint64_t offset = 0;  ///< in the sample
};
constexpr std::uint64_t kMailBase = std::uint64_t{1} << 60;
constexpr std::uint64_t kMostSampleBytes = std::uint64_t{1} << 28;
constexpr int kMostMailSamples = 1024;
std::uint64_t mail_address(const MailAddress& place);
MailAddress mail_place(std::uint64_t address);
inline bool is_mail(std::uint64_t address) { return address >= kMailBase; }

/// The streams of the commands under way.
class MailStreams {
 public:
  std::uint32_t open(const MailStream& stream);
  /// Null: closed. What is still on its way then is dropped.
  const MailStream* find(std::uint32_t id) const;
  void close(std::uint32_t id);
  /// Called by close(), for the places that hold something of the stream.
  std::function<void(std::uint32_t id)> closed;

 private:
  static constexpr std::uint32_t kIds = 1U << 20;
  std::map<std::uint32_t, MailStream> open_;
  std::uint32_t next_ = 0;
};

}  // namespace h2
