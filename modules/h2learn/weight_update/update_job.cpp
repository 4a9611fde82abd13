#include <algorithm>
#include <cmath>
#include <limits>

#include "modules/arithmetic/update.h"
#include "modules/h2learn/event_counts.h"
#include "modules/h2learn/job_context.h"
#include "modules/h2learn/jobs/loop_nest.h"
#include "modules/tensor/value_codec.h"

namespace h2 {
namespace {

constexpr int kWeightsPerChunk = 16384;

/// Optimiser step of one layer: streams grad-w, FP32 master and state through the Weight Update
/// Engine in memory order and writes the new weights to Mem0 and Mem1.
class UpdateJob : public Job {
 public:
  UpdateJob(const JobContext& context, int index, const UpdateSpec& update, unsigned step,
            const std::vector<std::uint64_t>& copies)
      : context_(context),
        l_(context.layer(index)),
        update_(update),
        step_(step),
        copies_(copies),
        weights_(static_cast<int>(l_.weight_count())),
        arrays_{{TensorKind::weight_gradient, context.place(index).weight_gradient},
                {TensorKind::master, context.place(index).master},
                {TensorKind::master, context.place(index).momentum}} {
    name = l_.name;
    layer = index;
    if (update.optimizer == Optimizer::adam) {
      arrays_.push_back({TensorKind::master, context.place(index).variance});
    }
    for (Array& a : arrays_) {
      a.value_bytes = a.kind == TensorKind::master ? 4 : context.value_bytes;
      a.weights = weights_;
    }
  }

  int chunks() const override { return pieces(kWeightsPerChunk, weights_); }

  bool load(int chunk, int, TransferList& list) override {
    const Span range = piece(chunk, kWeightsPerChunk, weights_);
    for (Array& a : arrays_) list.read(transfer(a, range, false), &a, chunk);
    return false;
  }

  ChunkWork work(int chunk) override {
    const Span range = piece(chunk, kWeightsPerChunk, weights_);
    return {weight_update_step(context_.machine->weight_update, range.size()), 0,
            update_events(range.size(), static_cast<int>(arrays_.size()) - 2)};
  }

  bool computes(int /*chunk*/) const override { return context_.functional(); }
  void compute(int chunk) override;
  void store(int chunk, TransferList& list) override;

 private:
  struct Array : UnitSink {
    Array(TensorKind kind, std::uint64_t offset) : kind(kind), offset(offset) {}
    void arrived(int chunk, const std::uint8_t* bytes) override {
      // Two chunks are in flight: one computes while the next arrives.
      std::vector<float>& to = values[chunk % 2];
      to.resize(kWeightsPerChunk);
      ValueCodec(value_bytes)
          .load(bytes, to.data(), piece(chunk, kWeightsPerChunk, weights).size());
    }
    TensorKind kind;
    std::uint64_t offset;
    int value_bytes = 4;
    int weights = 0;  // of the layer
    std::vector<float> values[2];
  };

  Transfer transfer(const Array& a, Span range, bool write) const {
    Transfer t;
    t.write = write;
    t.timing_only = !context_.functional();
    t.kind = a.kind;
    t.halved = a.kind != TensorKind::master && a.value_bytes == 4;
    t.address = context_.base2 + a.offset + static_cast<std::uint64_t>(range.begin) * a.value_bytes;
    t.bytes = static_cast<std::uint64_t>(range.size()) * a.value_bytes;
    return t;
  }
  void put(const Transfer& t, const std::vector<float>& values, int value_bytes,
           TransferList& list) const;

  JobContext context_;
  const Layer& l_;
  UpdateSpec update_;
  unsigned step_;
  std::vector<std::uint64_t> copies_;
  int weights_;
  std::vector<Array> arrays_;  // gradient, master, first state, second state (adam)
};

void UpdateJob::compute(int chunk) {
  const int half = chunk % 2;
  const int count = piece(chunk, kWeightsPerChunk, weights_).size();
  const float* gradient = arrays_[0].values[half].data();
  kernels.run([&] {
    update_weights(update_, step_, gradient, arrays_[1].values[half].data(),
                   arrays_[2].values[half].data(),
                   arrays_.size() > 3 ? arrays_[3].values[half].data() : nullptr, count);
  });
  const float* master = arrays_[1].values[half].data();
  // From 65520 on FP16 rounds to infinity.
  const float limit = context_.value_bytes == 2 ? 65520.0F : std::numeric_limits<float>::infinity();
  if (!std::all_of(master, master + count, [&](float w) { return std::fabs(w) < limit; })) {
    error = H2_ERR_OVERFLOW;
  }
}

void UpdateJob::store(int chunk, TransferList& list) {
  const Span range = piece(chunk, kWeightsPerChunk, weights_);
  const int half = chunk % 2;
  for (std::size_t i = 1; i < arrays_.size(); ++i) {
    put(transfer(arrays_[i], range, true), arrays_[i].values[half], 4, list);
  }
  for (const std::uint64_t base : copies_) {
    Transfer t;
    t.write = true;
    t.kind = TensorKind::weight;
    t.halved = context_.value_bytes == 4;
    t.address = base + context_.place(layer).weights +
                static_cast<std::uint64_t>(range.begin) * context_.value_bytes;
    t.bytes = static_cast<std::uint64_t>(range.size()) * context_.value_bytes;
    put(t, arrays_[1].values[half], context_.value_bytes, list);
  }
}

void UpdateJob::put(const Transfer& t, const std::vector<float>& values, int value_bytes,
                    TransferList& list) const {
  if (!context_.functional()) {
    list.write_timing(t);
    return;
  }
  ValueCodec(value_bytes).store(values.data(), list.write(t), t.bytes / value_bytes);
}

}  // namespace

std::unique_ptr<Job> make_update_job(const JobContext& context, int layer, const UpdateSpec& update,
                                     unsigned step, const std::vector<std::uint64_t>& copies) {
  return std::make_unique<UpdateJob>(context, layer, update, step, copies);
}

}  // namespace h2
