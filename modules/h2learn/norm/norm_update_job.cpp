// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstring>
#include <vector>

#include "modules/arithmetic/simd/isa.h"
#include "modules/h2learn/jobs/layer_job.h"
#include "modules/h2learn/norm/channel_numbers.h"
#include "modules/h2learn/weight_update/weight_update_cycles.h"
#include "modules/tensor/value_codec.h"

namespace h2 {
namespace {

/// What the Weight Update Engine does for batch norm once per sub-batch, all channels in one chunk:
/// the sums that the Backward Engine left become the gradients of gamma and beta, beside those of
/// the weights, and the running mean and variance, beside the master weights, follow.
class NormUpdateJob : public LayerJob {
 public:
  NormUpdateJob(const JobContext& context, int index, bool first)
      : LayerJob(context, index, index, context.glb->norm_update_room),
        first_(first),
        moments_(context_, context_.moments(index), channels() * 2, ChannelNumbers::Form::fp32),
        sums_(context_, context_.norm_gradients(index), channels() * 2, ChannelNumbers::Form::fp32),
        gradients_(context_, gradient_address(), channels() * 2, ChannelNumbers::Form::stored),
        running_(context_, running_address(), channels() * 2, ChannelNumbers::Form::fp32) {
    element_wise = true;
  }

  int chunks() const override { return 1; }
  bool load(int /*chunk*/, int /*stage*/, TransferList& list) override {
    moments_.want(list);
    sums_.want(list);
    if (!first_) gradients_.want(list);
    running_.want(list);
    return false;
  }
  /// A channel per column and cycle, as an optimiser step.
  ChunkWork work(int /*chunk*/) override {
    ChunkWork work;
    work.cycles = weight_update_step(context_.machine->weight_update, 2 * channels());
    work.events = norm_events(2 * channels());
    return work;
  }
  bool computes(int /*chunk*/) const override { return context_.functional(); }
  void compute(int chunk) override;
  void store(int chunk, TransferList& list) override;
  Results results(int /*chunk*/) const override {
    const std::uint64_t bytes = channels() * (2 * 2 + 2 * 4);
    return {bytes, bytes};
  }

 private:
  std::size_t channels() const { return static_cast<std::size_t>(l_.cout); }
  std::uint64_t gradient_address() const {
    return context_.base2 + context_.place(layer).weight_gradient +
           l_.weight_count() * static_cast<std::uint64_t>(context_.value_bytes);
  }
  std::uint64_t running_address() const {
    return context_.base2 + context_.place(layer).master + l_.trained_count() * 4;
  }
  void put(TensorKind kind, std::uint64_t address, const std::vector<float>& values,
           int value_bytes, TransferList& list) const;

  bool first_;
  ChannelNumbers moments_, sums_, gradients_, running_;
};

void NormUpdateJob::compute(int /*chunk*/) {
  const std::size_t n = channels();
  const float scale = norm_scale(l_, context_.machine->numerics);
  std::vector<float> own(2 * n);
  for (std::size_t c = 0; c < n; ++c) {
    own[c] = scale * sums_.values[2 * c + 1];
    own[n + c] = sums_.values[2 * c];
    follow_moments(moments_.values[2 * c], moments_.values[2 * c + 1], norm_values(context_, layer),
                   running_.values[c], running_.values[n + c]);
  }
  const ValueCodec codec(context_.value_bytes);
  std::vector<std::uint8_t> stored(2 * n * static_cast<std::size_t>(context_.value_bytes));
  codec.store(own.data(), stored.data(), 2 * n);
  codec.load(stored.data(), own.data(), 2 * n);
  if (first_) {
    gradients_.values = own;
  } else {
    selected_ops(context_.machine->numerics).add(own.data(), gradients_.values.data(), 2 * n);
  }
  RangeCount found;
  for (const float g : gradients_.values) found.overflows += std::isfinite(g) ? 0 : 1;
  count(found);
}

void NormUpdateJob::put(TensorKind kind, std::uint64_t address, const std::vector<float>& values,
                        int value_bytes, TransferList& list) const {
  Transfer t;
  t.write = true;
  t.kind = kind;
  t.halved = kind == TensorKind::weight_gradient && value_bytes == 4;
  t.address = address;
  t.bytes = values.size() * static_cast<std::uint64_t>(value_bytes);
  if (!context_.functional()) {
    list.write_timing(t);
    return;
  }
  ValueCodec(value_bytes).store(values.data(), list.write(t), values.size());
}

void NormUpdateJob::store(int /*chunk*/, TransferList& list) {
  put(TensorKind::weight_gradient, gradient_address(), gradients_.values, context_.value_bytes,
      list);
  put(TensorKind::master, running_address(), running_.values, 4, list);
}

}  // namespace

std::unique_ptr<Job> make_norm_update_job(const JobContext& context, int layer, bool first) {
  return std::make_unique<NormUpdateJob>(context, layer, first);
}

}  // namespace h2
