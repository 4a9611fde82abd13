// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "modules/arithmetic/neuron.h"
#include "modules/h2learn/backward/backward_count.h"
#include "modules/h2learn/forward/forward_array.h"
#include "modules/h2learn/jobs/feeds.h"
#include "modules/h2learn/jobs/loop_nest.h"
#include "modules/multicore/core_context.h"
#include "modules/multicore/core_events.h"
#include "modules/multicore/messages.h"
#include "modules/multicore/sample_values.h"

namespace h2 {
namespace {

constexpr int kRowsOfAStrip = 8;

/// Channels [c0, c1) of one sample's maps into those of the sub-batch; c0 a multiple of 16.
void copy_words(const BitMap& from, int c0, int c1, int map0, BitMap& to) {
  const int w0 = c0 / 16, w1 = ceil_div(c1, 16);
  for (int map = 0; map < from.maps; ++map)
    for (int y = 0; y < from.height; ++y)
      for (int x = 0; x < from.width; ++x) {
        std::copy(from.at(map, y, x) + w0, from.at(map, y, x) + w1, to.at(map0 + map, y, x) + w0);
      }
}

/// for channels { for sample { spikes; sums, Soma, pooling; u to memory, spikes to the cores of the
/// next layer } spikes and mask to memory }.
class CoreForwardJob : public Job, private UnitSink {
 public:
  CoreForwardJob(CoreContext context, const CoreSlice& slice);

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
  bool mailed() const { return layer > 0 && context_.spikes[layer - 1].has_value(); }
  int input_maps() const { return l_.encoding ? 1 : steps(); }
  void arrived(int sample, const std::uint8_t* bytes) override;
  void load_input(int chunk, TransferList& list);
  void take_sample(int sample);
  void allocate();
  void fire(Span c);
  void count_densities(Span c);
  std::uint64_t macs_before(int chunk) const;
  void store_bits(const TensorImage& image, const BitMap& bits, Span blocks,
                  TransferList& list) const;
  void send(int chunk, TransferList& list);

  const CoreContext context_;
  const CoreSlice slice_;
  const Layer& l_;
  const SliceCut cut_;
  const int passes_;
  std::unique_ptr<InputFeed> feed_;
  WeightOperand weights_;
  TensorImage spikes_image_, mask_image_, next_image_;
  SampleValues potentials_;
  ForwardArray kernel_;
  std::vector<RawVector<std::uint8_t>> mail_;  // by sample
  BitMap input_;                               // of one sample, as the array reads it
  ValueMap sums_, pooled_sums_, u_;            // of one sample
  BitMap spikes_, mask_, planes_;              // of one sample
  BitMap all_spikes_, all_mask_, all_planes_;  // of the sub-batch, until they are stored
};

CoreForwardJob::CoreForwardJob(CoreContext context, const CoreSlice& slice)
    : context_(std::move(context)),
      slice_(slice),
      l_(context_.layer(slice.layer)),
      cut_(context_.plan->forward(slice)),
      passes_(pieces(cut_.channels, slice.channels())),
      weights_(
          TensorKind::weight,
          family().weight_image(slice.layer, family().base + family().place(slice.layer).weights),
          family().functional()),
      spikes_image_(family().spikes_image(slice.layer)),
      mask_image_(family().soma_image(slice.layer, family().place(slice.layer).mask)),
      next_image_(family().next_image(slice.layer)),
      potentials_(TensorKind::potential, family().potential_image(slice.layer),
                  family().value_bytes, family().functional()),
      kernel_(l_, family().machine->forward, family().machine->numerics),
      mail_(family().batch) {
  name = l_.name;
  layer = result_layer = slice.layer;
  macs = l_.macs() / l_.cout * slice.channels() * batch() * steps();
  room = cut_.room;
  if (!mailed() || !family().functional()) feed_ = std::make_unique<InputFeed>(family(), layer);
  if (family().functional()) allocate();
}

void CoreForwardJob::allocate() {
  const int maps = batch() * steps();
  input_ = BitMap(input_maps(), l_.in_h, l_.in_w, l_.cin_star());
  sums_ = ValueMap(input_maps(), l_.out_h, l_.out_w, l_.cout);
  if (l_.pool == PoolMode::before_soma) {
    pooled_sums_ = ValueMap(input_maps(), l_.soma_h, l_.soma_w, l_.cout);
  }
  u_ = ValueMap(steps(), l_.soma_h, l_.soma_w, l_.cout);
  spikes_ = BitMap(steps(), l_.soma_h, l_.soma_w, l_.cout);
  mask_ = spikes_;
  all_spikes_ = BitMap(maps, l_.soma_h, l_.soma_w, l_.cout);
  all_mask_ = all_spikes_;
  if (l_.pool != PoolMode::after_soma) return;
  planes_ = BitMap(steps(), l_.next_h, l_.next_w, l_.cout * l_.next_planes);
  all_planes_ = BitMap(maps, l_.next_h, l_.next_w, l_.cout * l_.next_planes);
}

void CoreForwardJob::arrived(int sample, const std::uint8_t* bytes) {
  const std::uint64_t size =
      SpikeMessage(context_.layer(layer - 1), steps()).offset(context_.layer(layer - 1).cout);
  mail_[sample].resize(size);
  std::copy(bytes, bytes + size, mail_[sample].data());
}

bool CoreForwardJob::load(int chunk, int /*stage*/, TransferList& list) {
  const Span c = channels(chunk);
  if (sample(chunk) == 0) {
    weights_.begin_pass();
    list.hold_until((pass(chunk) + 1) * batch() - 1);
    weights_.want_range(c.begin, c.end, 0, l_.cin, list);
    list.hold_until(TransferList::kOwnChunk);
  }
  if (pass(chunk) == 0) load_input(chunk, list);
  return false;
}

/// With channels in turns, inputs stay to the last of them.
void CoreForwardJob::load_input(int chunk, TransferList& list) {
  if (!mailed()) {
    if (chunk > 0) return;
    list.hold_until(chunks() - 1);
    feed_->want({0, l_.in_h, 0, l_.in_w}, 0, l_.cin_star(), list);
    list.hold_until(TransferList::kOwnChunk);
    return;
  }
  const Layer& below = context_.layer(layer - 1);
  Transfer t;
  t.kind = TensorKind::spike;
  t.timing_only = !family().functional();
  t.address = mail_address({*context_.spikes[layer - 1], chunk, 0});
  t.bytes = SpikeMessage(below, steps()).offset(below.cout);
  if (passes_ > 1) list.hold_until((passes_ - 1) * batch() + chunk);
  list.read(t, this, chunk);
  list.hold_until(TransferList::kOwnChunk);
}

/// The sample's input as the array reads it.
void CoreForwardJob::take_sample(int sample) {
  if (!mailed()) {
    const BitMap& all = feed_->bits();
    const auto* first = all.at(sample * input_maps(), 0, 0);
    std::copy_n(first, input_.bits.size(), input_.bits.data());
    return;
  }
  const Layer& below = context_.layer(layer - 1);
  const SpikeMessage message(below, steps());
  if (l_.kind != LayerKind::fc || below.next_h * below.next_w == 1) {
    message.decode(mail_[sample].data(), input_);
    return;
  }
  BitMap map(steps(), below.next_h, below.next_w, below.cout * below.next_planes);
  message.decode(mail_[sample].data(), map);
  flatten(map, below.next_planes, input_);
}

std::uint64_t CoreForwardJob::macs_before(int chunk) const {
  const std::uint64_t each =
      l_.macs() / l_.cout * (l_.encoding && family().static_once ? 1 : steps());
  const auto before = static_cast<std::uint64_t>(pass(chunk)) * cut_.channels * batch();
  if (pass(chunk) == passes_) return each * slice_.channels() * batch();
  return each * (before + static_cast<std::uint64_t>(channels(chunk).size()) * sample(chunk));
}

ChunkWork CoreForwardJob::work(int chunk) {
  const int n = sample(chunk), channel_count = channels(chunk).size();
  const bool once = l_.encoding && family().static_once;
  std::uint64_t driven = 0;
  if (family().functional()) {
    take_sample(n);
    driven = driven_sums(l_, input_, 0, input_maps());
  } else {
    driven = driven_sums(l_, feed_->spikes(), n * input_maps(), input_maps());
  }
  if (l_.encoding && !once) driven *= steps();
  ChunkWork work;
  work.cycles = lane_cycles(*context_.spec, macs_before(chunk), macs_before(chunk + 1));
  work.events[kCoreAdditions] = driven * channel_count;
  work.events[kCoreNeurons] =
      static_cast<std::uint64_t>(l_.soma_h) * l_.soma_w * steps() * channel_count;
  work.executed_macs = work.events[kCoreAdditions];
  if (context_.spikes[layer]) {
    const SpikeMessage message(l_, steps());
    const Span c = channels(chunk);
    work.events[kMailBytes] = message.offset(c.end) - message.offset(c.begin);
  }
  return work;
}

void CoreForwardJob::compute(int chunk) {
  const Span c = channels(chunk);
  if (sample(chunk) == 0) {
    kernels.run([&] { kernel_.load(weights_.oihw.data(), c.begin, c.size()); });
  }
  const Region whole{0, l_.out_h, 0, l_.out_w};
  const int strips = ceil_div(l_.out_h, kRowsOfAStrip);
  workers->share(strips, [&](int index) {
    kernels.run(
        [&] { kernel_.run(kernel_.prepare(input_, strip(whole, index, strips)), sums_, c.begin); });
  });
  fire(c);
  const int map0 = sample(chunk) * steps();
  copy_words(spikes_, c.begin, c.end, map0, all_spikes_);
  copy_words(mask_, c.begin, c.end, map0, all_mask_);
  if (l_.pool == PoolMode::after_soma) {
    copy_words(planes_, c.begin * l_.next_planes, c.end * l_.next_planes, map0, all_planes_);
  }
  count_densities(c);
}

void CoreForwardJob::fire(Span c) {
  const Numerics numerics = family().machine->numerics;
  const Region region{0, l_.soma_h, 0, l_.soma_w};
  const bool pooled = l_.pool == PoolMode::before_soma;
  count(kernels.run([&] {
    if (pooled) pool_potentials(numerics, sums_, region, c.begin, c.end, pooled_sums_);
    const ValueMap& sums = pooled ? pooled_sums_ : sums_;
    return soma(l_.neuron, numerics, 1, steps(), sums, region, c.begin, c.end, u_, spikes_, mask_);
  }));
  if (l_.pool != PoolMode::after_soma) return;
  kernels.run([&] { pool_spikes(spikes_, {0, l_.next_h, 0, l_.next_w}, c.begin, c.end, planes_); });
}

/// Of the slice's own channels.
void CoreForwardJob::count_densities(Span c) {
  const auto add = [&](const BitMap& bits, Density& density) {
    density.nonzeros += ones_of(bits, c.begin, c.end);
    density.elements += static_cast<std::uint64_t>(bits.maps) * bits.height * bits.width * c.size();
  };
  add(mask_, densities.mask);
  if (l_.pool != PoolMode::after_soma) return add(spikes_, densities.spikes);
  BitMap handed_on(steps(), l_.next_h, l_.next_w, l_.cout);
  pooled_mask(spikes_, {0, l_.next_h, 0, l_.next_w}, handed_on);
  add(handed_on, densities.spikes);
}

void CoreForwardJob::store(int chunk, TransferList& list) {
  const Span c = channels(chunk), blocks{c.begin / 16, ceil_div(c.end, 16)};
  if (!family().inference) potentials_.store(sample(chunk), blocks, u_, list);
  if (context_.spikes[layer]) send(chunk, list);
  if (sample(chunk) + 1 < batch()) return;
  store_bits(spikes_image_, all_spikes_, blocks, list);
  if (!family().inference) store_bits(mask_image_, all_mask_, blocks, list);
  if (l_.pool == PoolMode::after_soma) {
    const Span planes{c.begin * l_.next_planes / 16, ceil_div(c.end * l_.next_planes, 16)};
    store_bits(next_image_, all_planes_, planes, list);
  }
}

void CoreForwardJob::store_bits(const TensorImage& image, const BitMap& bits, Span blocks,
                                TransferList& list) const {
  for (int tile = 0; tile < image.tiles(); ++tile)
    for (int block = blocks.begin; block < blocks.end; ++block) {
      const int unit = image.unit(tile, block);
      Transfer t;
      t.write = true;
      t.kind = &image == &mask_image_ ? TensorKind::mask : TensorKind::spike;
      t.address = image.bits_address(unit);
      t.bytes = image.bits_bytes(unit);
      if (family().functional()) {
        image.encode_bits(unit, bits, list.write(t));
      } else {
        list.write_timing(t);
      }
    }
}

void CoreForwardJob::send(int chunk, TransferList& list) {
  const Span c = channels(chunk);
  const SpikeMessage message(l_, steps());
  Transfer t;
  t.write = true;
  t.kind = TensorKind::spike;
  t.address = mail_address({*context_.spikes[layer], sample(chunk), message.offset(c.begin)});
  t.bytes = message.offset(c.end) - message.offset(c.begin);
  if (family().functional()) {
    const BitMap& bits = l_.pool == PoolMode::after_soma ? planes_ : spikes_;
    message.encode(bits, 0, c.begin, c.end, list.write(t));
  } else {
    list.write_timing(t);
  }
}

/// u of a sample until it is stored; spikes and mask until the sub-batch is through.
Job::Results CoreForwardJob::results(int chunk) const {
  const std::uint64_t k = channels(chunk).size(), t = steps();
  const std::uint64_t soma = k * l_.soma_h * l_.soma_w * t, conv = k * l_.out_h * l_.out_w * t;
  const std::uint64_t bits =
      2 * soma +
      (l_.pool == PoolMode::after_soma ? k * l_.next_h * l_.next_w * l_.next_planes * t : 0);
  const std::uint64_t own = 2 * soma + (l_.pool == PoolMode::before_soma ? 2 * conv : 0);
  const std::uint64_t kept = bits * batch() / 8;
  return {own + (sample(chunk) == 0 ? kept : 0), own + (sample(chunk) + 1 == batch() ? kept : 0)};
}

}  // namespace

std::unique_ptr<Job> make_core_forward_job(const CoreContext& context, const CoreSlice& slice) {
  return std::make_unique<CoreForwardJob>(context, slice);
}

}  // namespace h2
