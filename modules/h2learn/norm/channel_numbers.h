// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "memory/bus/transfer.h"
#include "modules/arithmetic/normalise.h"
#include "modules/h2learn/job_context.h"
#include "modules/h2learn/jobs/loop_nest.h"

namespace h2 {

/// Numbers per channel that a job reads in one piece: what batch norm keeps with the weights, or
/// what it finds for a sub-batch. Count as weights in traffic; FP32 numbers are charged as such.
class ChannelNumbers : public UnitSink {
 public:
  /// `count` numbers from `address`: values as they are stored, or FP32.
  enum class Form { stored, fp32 };
  ChannelNumbers(const JobContext& context, std::uint64_t address, std::size_t count, Form form);

  void want(TransferList& list);
  void arrived(int unit, const std::uint8_t* bytes) override;
  /// Charged.
  std::uint64_t bytes() const { return transfer().charged(); }

  std::vector<float> values;

 private:
  Transfer transfer() const;

  std::uint64_t address_;
  int value_bytes_;
  bool functional_, halved_;
};

/// gamma, beta, running mean and variance of a layer as the engines hold them.
class NormParameters : public ChannelNumbers {
 public:
  NormParameters(const JobContext& context, int layer);

  const float* gamma() const { return values.data(); }
  const float* beta() const { return values.data() + cout_; }
  /// With the running mean and variance, for inference.
  Norm running() const;
  /// With those of a sub-batch, of all channels.
  Norm of(const Moments& moments) const;

 private:
  std::size_t cout_;
  float scale_;
};

/// Pairs of FP32 numbers per channel in memory, apart where they are used.
struct ChannelPairs {
  explicit ChannelPairs(int channels)
      : first(static_cast<std::size_t>(channels)), second(first.size()) {}

  ChannelSums sums() { return {first.data(), second.data()}; }
  Moments moments() { return {first.data(), second.data()}; }
  /// From and to the order of memory.
  void take(const std::vector<float>& pairs);
  void store(const JobContext& context, std::uint64_t address, Span channels,
             TransferList& list) const;

  std::vector<float> first, second;
};

/// alpha * th_f of a layer's batch norm.
float norm_scale(const Layer& layer, Numerics numerics);
/// Values of a channel that the moments of a sub-batch are taken of: one for each timestep, also
/// where the sums of a static input are computed once.
std::uint64_t norm_values(const JobContext& context, int layer);

}  // namespace h2
