// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "modules/arithmetic/update.h"
#include "modules/h2learn/event_counts.h"
#include "modules/h2learn/job_context.h"
#include "modules/h2learn/jobs/loop_nest.h"
#include "modules/h2learn/weight_update/weight_update_cycles.h"
#include "modules/tensor/value_codec.h"

namespace h2 {
namespace {

constexpr int kWeightsPerChunk = 16384;  // at most

/// Optimiser step of one layer: streams grad-w, FP32 master and state through the Weight Update
/// Engine in memory order and writes the new weights to Mem0 and Mem1.
class UpdateJob : public Job {
 public:
  UpdateJob(const JobContext& context, int index, const UpdateSpec& update, unsigned step,
            std::vector<std::uint64_t> copies, UpdateCosts costs, WeightRange range)
      : context_(context),
        costs_(std::move(costs)),
        l_(context.layer(index)),
        update_(update),
        step_(step),
        copies_(std::move(copies)),
        first_(range.begin),
        weights_(range.end != 0 ? range.end - range.begin : static_cast<int>(l_.parameter_count())),
        arrays_{{TensorKind::weight_gradient, context.place(index).weight_gradient},
                {TensorKind::master, context.place(index).master}} {
    name = l_.name;
    layer = index;
    if (update.has_first()) arrays_.emplace_back(TensorKind::master, context.place(index).momentum);
    if (update.optimizer == Optimizer::adam) {
      arrays_.emplace_back(TensorKind::master, context.place(index).variance);
    }
    const std::uint64_t capacity = costs_.buffer_bytes;
    room = {capacity / 2, capacity / 2};
    // Two chunks fit each half: one loads while the other is computed or stored.
    const std::uint64_t fitting = capacity / 4 / weight_bytes();
    chunk_ = static_cast<int>(std::clamp<std::uint64_t>(fitting, 1, kWeightsPerChunk));
    for (Array& a : arrays_) {
      a.value_bytes = a.kind == TensorKind::master ? 4 : context.value_bytes;
      a.weights = weights_;
      a.chunk = chunk_;
      a.values.resize(chunks());
    }
  }

  int chunks() const override { return pieces(chunk_, weights_); }

  bool load(int chunk, int, TransferList& list) override {
    const Span range = piece(chunk, chunk_, weights_);
    for (Array& a : arrays_) list.read(transfer(a, range, false), &a, chunk);
    return false;
  }

  ChunkWork work(int chunk) override {
    const Span range = piece(chunk, chunk_, weights_);
    return costs_.work(range.size(), static_cast<int>(arrays_.size()) - 2,
                       update_.weight_decay != 0);
  }

  bool computes(int /*chunk*/) const override { return context_.functional(); }
  void compute(int chunk) override;
  void store(int chunk, TransferList& list) override;
  /// What is updated is stored from where it lies: it counts as results from then on.
  Results results(int chunk) const override {
    const std::uint64_t bytes = piece(chunk, chunk_, weights_).size() * weight_bytes();
    return {bytes, bytes};
  }

 private:
  /// Of gradient, master and state; as many are stored, the copies from one place.
  std::uint64_t weight_bytes() const { return 4 * (arrays_.size() - 1) + 2; }
  struct Array : UnitSink {
    Array(TensorKind kind, std::uint64_t offset) : kind(kind), offset(offset) {}
    void arrived(int index, const std::uint8_t* bytes) override {
      const Span range = piece(index, chunk, weights);
      std::vector<float>& to = values[index];
      to.resize(range.size());
      ValueCodec(value_bytes).load(bytes, to.data(), range.size());
    }
    TensorKind kind;
    std::uint64_t offset;
    int value_bytes = 4;
    int chunk = 0;                           // weights of one
    int weights = 0;                         // of the layer
    std::vector<std::vector<float>> values;  // by chunk, from its arrival to its stores
  };

  /// Of its first weight, in memory order.
  std::uint64_t place_of(Span range) const {
    return static_cast<std::uint64_t>(first_) + static_cast<std::uint64_t>(range.begin);
  }
  Transfer transfer(const Array& a, Span range, bool write) const {
    Transfer t;
    t.write = write;
    t.timing_only = !context_.functional();
    t.kind = a.kind;
    t.halved = a.kind != TensorKind::master && a.value_bytes == 4;
    t.address = context_.base2 + a.offset + place_of(range) * a.value_bytes;
    t.bytes = static_cast<std::uint64_t>(range.size()) * a.value_bytes;
    return t;
  }
  void put(const Transfer& t, const std::vector<float>& values, int value_bytes,
           TransferList& list) const;

  JobContext context_;
  UpdateCosts costs_;
  const Layer& l_;
  UpdateSpec update_;
  unsigned step_;
  std::vector<std::uint64_t> copies_;
  int first_, weights_;
  int chunk_ = kWeightsPerChunk;  // weights of one
  std::vector<Array> arrays_;     // gradient, master; first state, second state (adam)
};

void UpdateJob::compute(int chunk) {
  const int count = piece(chunk, chunk_, weights_).size();
  const float* gradient = arrays_[0].values[chunk].data();
  // Plain SGD has no state: it starts from zero every time.
  std::vector<float> none(update_.has_first() ? 0 : count);
  // The running mean and variance of batch norm are copied as they are.
  const auto trained = std::clamp<std::int64_t>(
      static_cast<std::int64_t>(l_.trained_count()) -
          static_cast<std::int64_t>(place_of(piece(chunk, chunk_, weights_))),
      0, count);
  kernels.run([&] {
    update_weights(update_, step_, gradient, arrays_[1].values[chunk].data(),
                   update_.has_first() ? arrays_[2].values[chunk].data() : none.data(),
                   arrays_.size() > 3 ? arrays_[3].values[chunk].data() : nullptr,
                   static_cast<std::size_t>(trained));
  });
  const float* master = arrays_[1].values[chunk].data();
  // From 65520 on FP16 rounds to infinity.
  const float limit = context_.value_bytes == 2 ? 65520.0F : std::numeric_limits<float>::infinity();
  if (!std::all_of(master, master + count, [&](float w) { return std::fabs(w) < limit; })) {
    error = H2_ERR_OVERFLOW;
  }
}

void UpdateJob::store(int chunk, TransferList& list) {
  const Span range = piece(chunk, chunk_, weights_);
  for (std::size_t i = 1; i < arrays_.size(); ++i) {
    put(transfer(arrays_[i], range, true), arrays_[i].values[chunk], 4, list);
  }
  for (const std::uint64_t base : copies_) {
    Transfer t;
    t.write = true;
    t.kind = TensorKind::weight;
    t.halved = context_.value_bytes == 4;
    t.address = base + context_.place(layer).weights + place_of(range) * context_.value_bytes;
    t.bytes = static_cast<std::uint64_t>(range.size()) * context_.value_bytes;
    put(t, arrays_[1].values[chunk], context_.value_bytes, list);
  }
  for (Array& a : arrays_) std::vector<float>().swap(a.values[chunk]);
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

UpdateCosts h2learn_update_costs(const Machine& machine) {
  return {machine.glb.weight_update, [&machine](std::uint64_t weights, int states, bool decays) {
            return ChunkWork{weight_update_step(machine.weight_update, weights), 0,
                             update_events(weights, states, decays)};
          }};
}

std::unique_ptr<Job> make_update_job(const JobContext& context, int layer, const UpdateSpec& update,
                                     unsigned step, const std::vector<std::uint64_t>& copies,
                                     UpdateCosts costs, WeightRange range) {
  return std::make_unique<UpdateJob>(context, layer, update, step, copies, std::move(costs), range);
}

std::unique_ptr<Job> make_update_job(const JobContext& context, int layer, const UpdateSpec& update,
                                     unsigned step, const std::vector<std::uint64_t>& copies) {
  return make_update_job(context, layer, update, step, copies,
                         h2learn_update_costs(*context.machine));
}

}  // namespace h2
