// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "modules/h2learn/jobs/layer_job.h"
#include "modules/h2learn/jobs/loop_nest.h"

namespace h2 {
namespace {

constexpr std::uint64_t kBytesPerChunk = 16384;  // at most

/// Copies input and grad-u of a fully connected layer from the sub-batch's memory to Mem2, through
/// the Weight Update Engine's buffer.
class KeepVectorsJob : public LayerJob, public UnitSink {
 public:
  KeepVectorsJob(const JobContext& context, int index, const KeptVectors& to)
      : LayerJob(context, index, index, halves_of(context.machine->glb.weight_update)) {
    const std::uint64_t chunk = std::clamp<std::uint64_t>(room.operands / 2, 64, kBytesPerChunk);
    const TensorImage input = context.input_image(index),
                      gradient = context.array_gradient_image(index);
    cut({index == 0 ? TensorKind::input : TensorKind::spike, input.bits_address(0), to.input,
         h2_map_bits_bytes(&input.map())},
        chunk);
    cut({TensorKind::gradient, gradient.values_address(0, context.value_bytes), to.gradient,
         h2_map_values_bytes(&gradient.map(), static_cast<std::uint32_t>(context.value_bytes))},
        chunk);
    if (context.functional()) data_.resize(parts_.size());
  }

  int chunks() const override { return static_cast<int>(parts_.size()); }
  bool load(int chunk, int /*stage*/, TransferList& list) override {
    list.read(transfer(chunk, false), this, chunk);
    return false;
  }
  void arrived(int chunk, const std::uint8_t* bytes) override {
    data_[chunk].assign(bytes, bytes + parts_[chunk].bytes);
  }
  ChunkWork work(int /*chunk*/) override { return {}; }
  bool computes(int /*chunk*/) const override { return false; }
  void compute(int /*chunk*/) override {}
  void store(int chunk, TransferList& list) override {
    const Transfer t = transfer(chunk, true);
    if (!context_.functional()) {
      list.write_timing(t);
      return;
    }
    std::copy(data_[chunk].begin(), data_[chunk].end(), list.write(t));
    std::vector<std::uint8_t>().swap(data_[chunk]);
  }
  /// What has arrived is stored from where it lies.
  Results results(int chunk) const override {
    const std::uint64_t bytes = transfer(chunk, true).charged();
    return {bytes, bytes};
  }

 private:
  struct Part {
    TensorKind kind;
    std::uint64_t from, to, bytes;
  };
  static GlbRoom halves_of(std::uint64_t capacity) { return {capacity / 2, capacity / 2}; }
  void cut(const Part& tensor, std::uint64_t chunk) {
    for (std::uint64_t at = 0; at < tensor.bytes; at += chunk) {
      parts_.push_back(
          {tensor.kind, tensor.from + at, tensor.to + at, std::min(chunk, tensor.bytes - at)});
    }
  }
  Transfer transfer(int chunk, bool write) const {
    const Part& part = parts_[chunk];
    Transfer t;
    t.write = write;
    t.timing_only = !context_.functional();
    t.kind = part.kind;
    t.halved = part.kind == TensorKind::gradient && context_.value_bytes == 4;
    t.address = write ? part.to : part.from;
    t.bytes = part.bytes;
    return t;
  }

  std::vector<Part> parts_;
  std::vector<std::vector<std::uint8_t>> data_;  // by chunk, from its arrival to its store
};

}  // namespace

std::unique_ptr<Job> make_keep_vectors_job(const JobContext& context, int layer,
                                           const KeptVectors& to) {
  return std::make_unique<KeepVectorsJob>(context, layer, to);
}

}  // namespace h2
