// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <utility>

#include "modules/arithmetic/neuron.h"
#include "modules/h2learn/backward/backward_array.h"
#include "modules/h2learn/jobs/loop_nest.h"
#include "modules/multicore/core_context.h"
#include "modules/multicore/core_events.h"
#include "modules/multicore/messages.h"
#include "modules/multicore/sample_values.h"

namespace h2 {
namespace {

constexpr int kRowsOfABackwardStrip = 8;

/// grad-s of the last layer as the host left it.
TensorImage loss_map(const JobContext& context, int index, std::uint64_t address) {
  h2_map map = context.next_image(index).map();
  map.channels = context.layer(index).cout;
  return {address, map};
}

/// for channels { spikes, mask; for sample { grad-u of the layer above, u; sums, Grad; grad-u to
/// memory and to the cores of the layer below } }. Of the last layer, grad-s takes the place of the
/// sums.
class CoreBackwardJob : public Job, private UnitSink {
 public:
  CoreBackwardJob(CoreContext context, const CoreSlice& slice, std::uint64_t loss);

  int chunks() const override { return passes_ * batch(); }
  bool load(int chunk, int stage, TransferList& list) override;
  ChunkWork work(int chunk) override;
  bool computes(int /*chunk*/) const override { return family().functional(); }
  void compute(int chunk) override;
  void store(int chunk, TransferList& list) override;
  Results results(int chunk) const override;

 private:
  const JobContext& family() const { return context_.family; }
  int batch() const { return family().batch; }
  int steps() const { return family().steps; }
  int sample(int chunk) const { return chunk % batch(); }
  int pass(int chunk) const { return chunk / batch(); }
  Span channels(int chunk) const {
    const int begin = slice_.begin + pass(chunk) * cut_.channels;
    return {begin, std::min(begin + cut_.channels, slice_.end)};
  }
  static Span blocks(Span c) { return {c.begin / 16, ceil_div(c.end, 16)}; }
  int own() const { return slice_.layer; }
  bool from_loss() const { return above_ == nullptr; }
  bool mailed() const { return !from_loss() && context_.gradients[own() + 1].has_value(); }
  bool flat() const { return positions_ > 1; }
  void arrived(int sample, const std::uint8_t* bytes) override;
  void load_state(int chunk, TransferList& list);
  void load_gradient(int chunk, TransferList& list);
  void allocate();
  void take_gradient(int sample);
  void sum(Span c);
  void unflatten(Span c);
  std::uint64_t macs_before(int chunk) const;
  void send(int chunk, TransferList& list);

  const CoreContext context_;
  const CoreSlice slice_;
  const Layer& l_;
  const Layer* above_;
  const SliceCut cut_;
  const int passes_;
  int positions_ = 1;  // of the map that the layer above reads flattened
  std::optional<WeightOperand> weights_;
  BitOperand mask_, spikes_;
  SampleValues potentials_, gradients_;  // of this layer
  std::optional<SampleValues> from_;     // grad-u of the layer above in memory, or grad-s
  std::optional<BackwardArray> kernel_;
  std::vector<RawVector<std::uint8_t>> mail_;  // by sample
  // Of one sample:
  ValueMap above_gradient_, conv_gradient_, flat_sums_, sums_, u_, gradient_;
  BitMap sample_mask_, sample_spikes_, nonzero_;
};

CoreBackwardJob::CoreBackwardJob(CoreContext context, const CoreSlice& slice, std::uint64_t loss)
    : context_(std::move(context)),
      slice_(slice),
      l_(context_.layer(slice.layer)),
      above_(context_.last(slice.layer) ? nullptr : &context_.layer(slice.layer + 1)),
      cut_(context_.plan->backward(slice)),
      passes_(pieces(cut_.channels, slice.channels())),
      mask_(TensorKind::mask, family().soma_image(own(), family().place(own()).mask),
            family().functional()),
      spikes_(TensorKind::spike, family().spikes_image(own()), family().functional()),
      potentials_(TensorKind::potential, family().potential_image(own()), family().value_bytes,
                  family().functional()),
      gradients_(TensorKind::gradient, family().gradient_image(own()), family().value_bytes,
                 family().functional()),
      mail_(family().batch) {
  name = l_.name;
  layer = result_layer = own();
  room = cut_.room;
  if (from_loss()) {
    from_.emplace(TensorKind::gradient, loss_map(family(), own(), loss), family().value_bytes,
                  family().functional());
  } else {
    name = above_->name;
    layer = own() + 1;
    if (above_->kind == LayerKind::fc) positions_ = l_.next_h * l_.next_w;
    macs = above_->macs() / above_->cin * positions_ * slice.channels() * batch() * steps();
    weights_.emplace(TensorKind::weight,
                     family().weight_image(layer, family().base + family().place(layer).weights),
                     family().functional());
    kernel_.emplace(*above_, family().machine->backward, family().machine->numerics);
    if (!mailed()) {
      from_.emplace(TensorKind::gradient, family().gradient_image(layer), family().value_bytes,
                    family().functional());
    }
  }
  if (family().functional()) allocate();
}

void CoreBackwardJob::allocate() {
  if (!from_loss()) {
    above_gradient_ = ValueMap(steps(), above_->soma_h, above_->soma_w, above_->cout);
    if (above_->pool == PoolMode::before_soma) {
      conv_gradient_ = ValueMap(steps(), above_->out_h, above_->out_w, above_->cout);
    }
    if (flat()) flat_sums_ = ValueMap(steps(), 1, 1, above_->cin);
  }
  sums_ = ValueMap(steps(), l_.next_h, l_.next_w, l_.cout);
  u_ = ValueMap(steps(), l_.soma_h, l_.soma_w, l_.cout);
  gradient_ = u_;
  sample_mask_ = BitMap(steps(), l_.soma_h, l_.soma_w, l_.cout);
  sample_spikes_ = nonzero_ = sample_mask_;
}

void CoreBackwardJob::arrived(int sample, const std::uint8_t* bytes) {
  const std::uint64_t size =
      GradientMessage(*above_, steps(), family().value_bytes).offset(above_->cout);
  mail_[sample].resize(size);
  std::copy(bytes, bytes + size, mail_[sample].data());
}

bool CoreBackwardJob::load(int chunk, int /*stage*/, TransferList& list) {
  const Span c = channels(chunk);
  if (sample(chunk) == 0) load_state(chunk, list);
  if (from_loss()) {
    from_->want(sample(chunk), blocks(c), list);
  } else if (pass(chunk) == 0) {
    load_gradient(chunk, list);
  }
  potentials_.want(sample(chunk), blocks(c), list);
  return false;
}

/// Weights, spikes and mask of the pass stay for all samples.
void CoreBackwardJob::load_state(int chunk, TransferList& list) {
  const Span c = channels(chunk);
  list.hold_until((pass(chunk) + 1) * batch() - 1);
  if (weights_) {
    weights_->begin_pass();
    weights_->want_range(0, above_->cout, c.begin * positions_, c.end * positions_, list);
  }
  for (int tile = 0; tile < mask_.image().tiles(); ++tile)
    for (int block = blocks(c).begin; block < blocks(c).end; ++block) {
      mask_.want_unit(mask_.image().unit(tile, block), list);
      spikes_.want_unit(spikes_.image().unit(tile, block), list);
    }
  list.hold_until(TransferList::kOwnChunk);
}

/// With channels in turns, grad-u of the layer above stays to the last of them.
void CoreBackwardJob::load_gradient(int chunk, TransferList& list) {
  if (passes_ > 1) list.hold_until((passes_ - 1) * batch() + chunk);
  if (mailed()) {
    Transfer t;
    t.kind = TensorKind::gradient;
    t.timing_only = !family().functional();
    t.halved = family().value_bytes == 4;
    t.address = mail_address({*context_.gradients[own() + 1], chunk, 0});
    t.bytes = GradientMessage(*above_, steps(), family().value_bytes).offset(above_->cout);
    list.read(t, this, chunk);
  } else {
    from_->want(chunk, {0, from_->image().blocks()}, list);
  }
  list.hold_until(TransferList::kOwnChunk);
}

std::uint64_t CoreBackwardJob::macs_before(int chunk) const {
  if (from_loss()) return 0;
  const std::uint64_t each = above_->macs() / above_->cin * positions_ * steps();
  if (pass(chunk) == passes_) return each * slice_.channels() * batch();
  const auto before = static_cast<std::uint64_t>(pass(chunk)) * cut_.channels * batch();
  return each * (before + static_cast<std::uint64_t>(channels(chunk).size()) * sample(chunk));
}

ChunkWork CoreBackwardJob::work(int chunk) {
  const Span c = channels(chunk);
  ChunkWork work;
  const std::uint64_t gradients =
      static_cast<std::uint64_t>(l_.soma_h) * l_.soma_w * steps() * c.size();
  work.events[kCorePotentialGradients] = gradients;
  if (!from_loss()) {
    work.cycles = lane_cycles(*context_.spec, macs_before(chunk), macs_before(chunk + 1));
    std::uint64_t driven = 0;
    if (family().functional()) {
      take_gradient(sample(chunk));
      driven = driven_back(*above_, conv_gradient_.maps != 0 ? conv_gradient_ : above_gradient_);
    } else {
      driven =
          driven_back(*above_, family().masks->nonzero(layer), sample(chunk) * steps(), steps());
      if (above_->pool == PoolMode::before_soma) driven *= 4;
    }
    work.events[kCoreProducts] = driven * c.size() * positions_;
    work.executed_macs = work.events[kCoreProducts];
  } else {
    work.cycles = lane_cycles(*context_.spec, 0, gradients);
  }
  if (context_.gradients[own()]) {
    const GradientMessage message(l_, steps(), 2);
    work.events[kMailBytes] = message.offset(c.end) - message.offset(c.begin);
  }
  return work;
}

/// grad-u of the layer above at its convolution positions.
void CoreBackwardJob::take_gradient(int sample) {
  if (mailed()) {
    GradientMessage(*above_, steps(), family().value_bytes)
        .decode(mail_[sample].data(), above_gradient_);
  } else {
    from_->copy(sample, {0, from_->image().blocks()}, above_gradient_);
  }
  if (above_->pool != PoolMode::before_soma) return;
  spread_quarters(family().machine->numerics, above_gradient_,
                  {0, above_->soma_h, 0, above_->soma_w}, conv_gradient_);
}

void CoreBackwardJob::compute(int chunk) {
  const Span c = channels(chunk);
  const int n = sample(chunk);
  if (from_loss()) {
    from_->copy(n, blocks(c), sums_);
  } else {
    if (n == 0) {
      kernels.run([&] {
        kernel_->load(weights_->oihw.data(), c.begin * positions_, c.size() * positions_);
      });
    }
    sum(c);
  }
  potentials_.copy(n, blocks(c), u_);
  const std::size_t words = sample_mask_.bits.size();
  std::copy_n(mask_.bits.at(n * steps(), 0, 0), words, sample_mask_.bits.data());
  std::copy_n(spikes_.bits.at(n * steps(), 0, 0), words, sample_spikes_.bits.data());
  count(kernels.run([&] {
    return grad(l_.neuron, family().machine->numerics, l_.pool, 1, steps(), sums_, u_,
                sample_spikes_, sample_mask_, {0, l_.soma_h, 0, l_.soma_w}, c.begin, c.end,
                gradient_, nonzero_);
  }));
  densities.gradient.nonzeros += ones_of(nonzero_, c.begin, c.end);
  densities.gradient.elements +=
      static_cast<std::uint64_t>(steps()) * l_.soma_h * l_.soma_w * c.size();
}

void CoreBackwardJob::sum(Span c) {
  const ValueMap& from = conv_gradient_.maps != 0 ? conv_gradient_ : above_gradient_;
  if (flat() || above_->kind == LayerKind::fc) {
    kernels.run([&] {
      kernel_->run(kernel_->prepare(from, {0, 1, 0, 1}), flat() ? flat_sums_ : sums_,
                   c.begin * positions_);
    });
    if (flat()) unflatten(c);
    return;
  }
  const Region whole{0, l_.next_h, 0, l_.next_w};
  const int strips = ceil_div(l_.next_h, kRowsOfABackwardStrip);
  workers->share(strips, [&](int index) {
    kernels.run(
        [&] { kernel_->run(kernel_->prepare(from, strip(whole, index, strips)), sums_, c.begin); });
  });
}

void CoreBackwardJob::unflatten(Span c) {
  for (int map = 0; map < steps(); ++map) {
    const float* from = flat_sums_.at(map, 0, 0);
    for (int p = 0; p < positions_; ++p) {
      float* to = sums_.at(map, p / l_.next_w, p % l_.next_w);
      for (int k = c.begin; k < c.end; ++k) {
        to[k] = from[static_cast<std::size_t>(k) * positions_ + p];
      }
    }
  }
}

void CoreBackwardJob::store(int chunk, TransferList& list) {
  gradients_.store(sample(chunk), blocks(channels(chunk)), gradient_, list);
  if (context_.gradients[own()]) send(chunk, list);
}

void CoreBackwardJob::send(int chunk, TransferList& list) {
  const Span c = channels(chunk);
  const GradientMessage message(l_, steps(), family().value_bytes);
  Transfer t;
  t.write = true;
  t.kind = TensorKind::gradient;
  t.halved = family().value_bytes == 4;
  t.address = mail_address({*context_.gradients[own()], sample(chunk), message.offset(c.begin)});
  t.bytes = message.offset(c.end) - message.offset(c.begin);
  if (family().functional()) {
    message.encode(gradient_, c.begin, c.end, list.write(t));
  } else {
    list.write_timing(t);
  }
}

/// Sums and grad-u of a sample until they are stored.
Job::Results CoreBackwardJob::results(int chunk) const {
  const std::uint64_t positions =
      static_cast<std::uint64_t>(l_.soma_h) * l_.soma_w + l_.next_h * l_.next_w;
  const std::uint64_t bytes = 2 * positions * channels(chunk).size() * steps();
  return {bytes, bytes};
}

}  // namespace

std::unique_ptr<Job> make_core_backward_job(const CoreContext& context, const CoreSlice& slice,
                                            std::uint64_t loss) {
  return std::make_unique<CoreBackwardJob>(context, slice, loss);
}

}  // namespace h2
