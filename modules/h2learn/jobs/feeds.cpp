// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/jobs/feeds.h"

#include <algorithm>

#include "modules/arithmetic/neuron.h"
#include "modules/base/ceil_div.h"
#include "modules/h2learn/backward/backward_array.h"
#include "modules/h2learn/backward/backward_count.h"

namespace h2 {
Region receptive(const Layer& layer, Region out) {
  const auto low = [&](int o) { return std::max(0, o * layer.stride - layer.pad); };
  const auto high = [&](int o, int size) {
    return std::min(size, (o - 1) * layer.stride - layer.pad + layer.kernel);
  };
  return {low(out.y0), high(out.y1, layer.in_h), low(out.x0), high(out.x1, layer.in_w)};
}

Region fed_by(const Layer& layer, Region in) {
  // Output o reads inputs o*stride-pad .. o*stride-pad+kernel-1.
  const auto low = [&](int i) {
    return std::max(0, ceil_div(std::max(0, i + layer.pad - layer.kernel + 1), layer.stride));
  };
  const auto high = [&](int i, int size) {
    return std::min(size, (i - 1 + layer.pad) / layer.stride + 1);
  };
  return {low(in.y0), high(in.y1, layer.out_h), low(in.x0), high(in.x1, layer.out_w)};
}

Region stored_gradient(const Layer& layer, Region conv) {
  if (layer.pool != PoolMode::before_soma) return conv;
  return {conv.y0 / 2, ceil_div(conv.y1, 2), conv.x0 / 2, ceil_div(conv.x1, 2)};
}

namespace {

/// Copies to a map of the same size that has more channels.
void widen(const BitMap& from, BitMap& to) {
  for (int m = 0; m < from.maps; ++m) {
    for (int y = 0; y < from.height; ++y) {
      for (int x = 0; x < from.width; ++x) {
        std::copy_n(from.at(m, y, x), from.words(), to.at(m, y, x));
      }
    }
  }
}

}  // namespace

/// Decodes in the producer's shape and, for an FC layer, scatters to the flattened order.
class InputFeed::Source : public BitOperand {
 public:
  Source(const TensorImage& image, TensorKind kind, bool functional, InputFeed* owner)
      : BitOperand(kind, image, functional), owner_(owner) {}

 protected:
  void take(int unit, PartRange parts, const std::uint8_t* bytes) override {
    BitOperand::take(unit, parts, bytes);
    owner_->arrived(unit);
  }

 private:
  InputFeed* owner_;
};

InputFeed::InputFeed(const JobContext& context, int layer, const TensorImage& image)
    : context_(context), layer_(layer), kind_(layer == 0 ? TensorKind::input : TensorKind::spike) {
  const h2_map& m = image.map();
  const Layer& l = context.layer(layer);
  positions_ = static_cast<int>(m.height * m.width);
  planes_ = l.planes;
  flat_ = l.kind == LayerKind::fc && positions_ > 1;
  inputs_ = l.inputs_star();
  constant_ = l.bias ? l.cin_star() - 1 : -1;
  operand_ = std::make_unique<Source>(image, kind_, context.functional(), this);
  const int maps = static_cast<int>(m.steps * m.samples);
  if (flat_) {
    flattened_ = BitMap(maps, 1, 1, l.cin_star());
    set_constant(flattened_, {0, 1, 0, 1});
  } else if (l.bias && context.functional()) {
    operand_->bits = BitMap(maps, l.in_h, l.in_w, l.cin_star());
    set_constant(operand_->bits, {0, l.in_h, 0, l.in_w});
  }
}

/// The input that is 1 everywhere in the map: the last plane of the last channel.
void InputFeed::set_constant(BitMap& map, Region region) const {
  if (constant_ < 0) return;
  for (int m = 0; m < map.maps; ++m) {
    for (int y = region.y0; y < region.y1; ++y) {
      for (int x = region.x0; x < region.x1; ++x) map.set(m, y, x, constant_, true);
    }
  }
}

void InputFeed::arrived(int unit) {
  if (flat_) return scatter(unit);
  const TensorImage& image = operand_->image();
  // What is stored of the block of 16 channels that the constant lies in has overwritten it.
  if (unit % image.blocks() == constant_ / 16 && constant_ >= 0) {
    set_constant(operand_->bits, image.tiling().tile(unit / image.blocks()));
  }
}

void InputFeed::want(Region region, int c0, int c1, TransferList& list) {
  c1 = std::min(c1, inputs_);
  if (c0 >= c1) return;
  if (!flat_) {
    operand_->want_region(region, c0, c1, list);
    return;
  }
  const h2_map& m = operand_->image().map();
  const int per_channel = positions_ * planes_;  // flattened inputs* of one producer channel
  const int first = c0 / per_channel * planes_;
  const int last = ((c1 - 1) / per_channel + 1) * planes_;
  operand_->want_region({0, static_cast<int>(m.height), 0, static_cast<int>(m.width)}, first, last,
                        list);
}

void InputFeed::scatter(int unit) {
  const TensorImage& image = operand_->image();
  const Region r = image.tiling().tile(unit / image.blocks());
  scatter(operand_->bits, r, unit % image.blocks() * 16);
}

/// Channels c0..c0+15 of a region. A place takes bits once, at zeros.
void InputFeed::scatter(const BitMap& from, Region r, int c0) {
  int flat[16];  // of the block's channels at the map's first position
  for (int c = c0; c < c0 + 16; ++c)
    flat[c - c0] = c / planes_ * positions_ * planes_ + c % planes_;
  for (int map = 0; map < flattened_.maps; ++map)
    for (int y = r.y0; y < r.y1; ++y)
      for (int x = r.x0; x < r.x1; ++x) {
        const int position = (y * from.width + x) * planes_;
        for (unsigned ones = from.at(map, y, x)[c0 / 16]; ones != 0; ones &= ones - 1) {
          flattened_.set(map, 0, 0, flat[__builtin_ctz(ones)] + position, true);
        }
      }
}

const BitMap& InputFeed::spikes() {
  if (context_.functional()) return bits();
  if (drawn_ == nullptr) take_drawn();
  return *drawn_;
}

void InputFeed::take_drawn() {
  if (layer_ == 0) {
    drawn_ = &context_.masks->input();
  } else if (const Layer& below = context_.layer(layer_ - 1); below.pool != PoolMode::after_soma) {
    drawn_ = &context_.masks->spikes(layer_ - 1);
  } else {
    const BitMap& from = context_.masks->spikes(layer_ - 1);
    drawn_planes_ = BitMap(from.maps, below.next_h, below.next_w, below.cout * below.next_planes);
    const auto pool = below.max_pool ? pool_largest : pool_spikes;
    pool(from, {0, below.next_h, 0, below.next_w}, 0, below.cout, drawn_planes_);
    drawn_ = &drawn_planes_;
  }
  if (flat_) {
    for (int c = 0; c < drawn_->channels; c += 16) {
      scatter(*drawn_, {0, drawn_->height, 0, drawn_->width}, c);
    }
    drawn_ = &flattened_;
  } else if (constant_ >= 0) {
    drawn_biased_ = BitMap(drawn_->maps, drawn_->height, drawn_->width, constant_ + 1);
    widen(*drawn_, drawn_biased_);
    set_constant(drawn_biased_, {0, drawn_->height, 0, drawn_->width});
    drawn_ = &drawn_biased_;
  }
}

GradientFeed::GradientFeed(const JobContext& context, int layer, bool with_mask,
                           const TensorImage& values)
    : layer_(context.layer(layer)),
      spread_(layer_.pool == PoolMode::before_soma),
      numerics_(context.machine->numerics),
      functional_(context.functional()) {
  const Layer& l = layer_;
  const bool conv = l.kind == LayerKind::conv;
  packed_ = conv && context.compress_gradients;
  with_mask_ = conv && (with_mask || packed_);
  mask_ = std::make_unique<BitOperand>(TensorKind::gradient_mask,
                                       context.gradient_mask_image(layer), functional_);
  mask_bits_ = functional_ ? &mask_->bits : &context.masks->nonzero(layer);
  values_ = std::make_unique<ValueOperand>(TensorKind::gradient, values, context.value_bytes,
                                           packed_ ? mask_bits_ : nullptr, functional_);
  if (!spread_) return;
  const int maps = context.batch * context.steps;
  conv_mask_ = BitMap(maps, l.out_h, l.out_w, l.cout);
  if (functional_) conv_values_ = ValueMap(maps, l.out_h, l.out_w, l.cout);
}

void GradientFeed::set_reuse(Operand::Reuse reuse) {
  mask_->set_reuse(reuse);
  values_->set_reuse(reuse);
}

void GradientFeed::begin_pass() {
  mask_->begin_pass();
  values_->begin_pass();
}

void GradientFeed::keep_since(std::uint32_t pass) {
  mask_->keep_since(pass);
  values_->keep_since(pass);
}

void GradientFeed::want_mask(Region region, int c0, int c1, TransferList& list) {
  if (with_mask_) mask_->want_region(stored(region), c0, c1, list);
}

void GradientFeed::want_values(Region region, int c0, int c1, TransferList& list) {
  values_->want_region(stored(region), c0, c1, list);
}

void GradientFeed::settle(Region region) {
  if (!spread_) return;
  const h2_map& m = mask_->image().map();
  Region pooled = stored(region);
  pooled.y1 = std::min(pooled.y1, static_cast<int>(m.height));
  pooled.x1 = std::min(pooled.x1, static_cast<int>(m.width));
  if (with_mask_) spread_mask(*mask_bits_, pooled, conv_mask_);
  if (functional_) spread_quarters(numerics_, values_->values, pooled, conv_values_);
}

}  // namespace h2
