// SPDX-License-Identifier: Apache-2.0
#include "modules/sata/sata_input.h"

#include <algorithm>

#include "modules/h2learn/jobs/feeds.h"
#include "modules/sata/value_array.h"

namespace h2 {
namespace {

class SpikeInput : public SataInput {
 public:
  SpikeInput(const SataContext& context, int layer)
      : batch_(context.family.batch),
        steps_(context.family.steps),
        feed_(context.family, layer),
        forward_(context.layer(layer), context.family.machine->numerics),
        gradient_(context.layer(layer), context.family.machine->numerics) {}

  void begin_pass() override { feed_.begin_pass(); }
  void want(Region region, int c0, int c1, TransferList& list) override {
    feed_.want(region, c0, c1, list);
  }
  const BitMap& nonzero() override { return feed_.spikes(); }
  int maps() const override { return feed_.bits().maps; }
  void load(const float* oihw, int k0, int k1) override { forward_.load(oihw, k0, k1); }
  void sum(Region region, ValueMap& sums) const override {
    forward_.run(feed_.bits(), region, sums);
  }
  void weight_gradient(const ValueMap& grad_u, const SataWeightGradient::Part& part,
                       float* oihw) const override {
    gradient_.run(feed_.bits(), grad_u, batch_, steps_, part, oihw);
  }

 private:
  int batch_, steps_;
  InputFeed feed_;
  SataForward forward_;
  SataWeightGradient gradient_;
};

/// Activations of the layer below; of the first layer, pixels and events, which lie in memory as
/// bits.
class ActivationInput : public SataInput {
 public:
  ActivationInput(const SataContext& context, int layer);

  void begin_pass() override { operand_->begin_pass(); }
  void want(Region region, int c0, int c1, TransferList& list) override;
  const BitMap& nonzero() override;
  int maps() const override { return values_.maps; }
  void load(const float* oihw, int k0, int k1) override { products_.load(oihw, k0, k1); }
  void sum(Region region, ValueMap& sums) const override { products_.run(values_, region, sums); }
  void weight_gradient(const ValueMap& grad_u, const SataWeightGradient::Part& part,
                       float* oihw) const override {
    products_.weight_gradient(values_, grad_u, part, oihw);
  }

 private:
  class Pixels;
  class Values;
  void put(int map, int y, int x, int channel, float value);
  void take_pixels(const BitOperand& from, int unit);
  void take_values(const ValueOperand& from, int unit);
  void draw();

  const JobContext& context_;
  const int layer_;
  const Layer stored_;  ///< with the planes of its input in memory
  std::unique_ptr<MapOperand> operand_;
  int positions_ = 1;  // of the producer's map where the layer reads it flattened
  ValueMap values_;
  BitMap nonzero_;
  bool drawn_ = false;
  SataProducts products_;
};

class ActivationInput::Pixels : public BitOperand {
 public:
  Pixels(const TensorImage& image, bool functional, ActivationInput* owner)
      : BitOperand(TensorKind::input, image, functional), owner_(owner) {}

 protected:
  void take(int unit, PartRange parts, const std::uint8_t* bytes) override {
    BitOperand::take(unit, parts, bytes);
    owner_->take_pixels(*this, unit);
  }

 private:
  ActivationInput* owner_;
};

class ActivationInput::Values : public ValueOperand {
 public:
  Values(const TensorImage& image, int value_bytes, bool functional, ActivationInput* owner)
      : ValueOperand(TensorKind::potential, image, value_bytes, nullptr, functional),
        owner_(owner) {
    std::fill(values.values.begin(), values.values.end(), 0.0F);
  }

 protected:
  void take(int unit, PartRange parts, const std::uint8_t* bytes) override {
    ValueOperand::take(unit, parts, bytes);
    owner_->take_values(*this, unit);
  }

 private:
  ActivationInput* owner_;
};

ActivationInput::ActivationInput(const SataContext& context, int layer)
    : context_(context.family),
      layer_(layer),
      stored_(context.layer(layer)),
      products_(context.array_layer(layer), context.family.machine->numerics) {
  const bool functional = context_.functional();
  if (layer == 0) {
    operand_ = std::make_unique<Pixels>(context_.input_image(0), functional, this);
  } else {
    operand_ = std::make_unique<Values>(context_.potential_image(layer - 1), context_.value_bytes,
                                        functional, this);
  }
  positions_ = context.producer_positions(layer);
  nonzero_ = BitMap(context_.batch, stored_.in_h, stored_.in_w, stored_.cin);
  if (functional) values_ = ValueMap(context_.batch, stored_.in_h, stored_.in_w, stored_.cin);
}

void ActivationInput::want(Region region, int c0, int c1, TransferList& list) {
  const h2_map& m = operand_->image().map();
  if (positions_ > 1) {
    return operand_->want_region({0, static_cast<int>(m.height), 0, static_cast<int>(m.width)},
                                 c0 / positions_, (c1 - 1) / positions_ + 1, list);
  }
  const int planes = layer_ == 0 ? stored_.planes : 1;
  operand_->want_region(region, c0 * planes, c1 * planes, list);
}

/// `y` and `x` of the producer's map.
void ActivationInput::put(int map, int y, int x, int channel, float value) {
  const bool flat = positions_ > 1;
  const int width = static_cast<int>(operand_->image().map().width);
  const int at = flat ? channel * positions_ + y * width + x : channel;
  values_.at(map, flat ? 0 : y, flat ? 0 : x)[at] = value;
  nonzero_.set(map, flat ? 0 : y, flat ? 0 : x, at, value != 0);
}

void ActivationInput::take_pixels(const BitOperand& from, int unit) {
  const TensorImage& image = from.image();
  const Region r = image.tiling().tile(unit / image.blocks());
  const int first = unit % image.blocks() * 16 / stored_.planes;
  const int end = std::min(stored_.cin, first + 16 / stored_.planes);
  for (int map = 0; map < values_.maps; ++map)
    for (int y = r.y0; y < r.y1; ++y)
      for (int x = r.x0; x < r.x1; ++x)
        for (int c = first; c < end; ++c) {
          float value = 0;
          for (int p = 0; p < stored_.planes; ++p) {
            if (from.bits.get(map, y, x, c * stored_.planes + p)) value += stored_.plane_value(p);
          }
          put(map, y, x, c, value);
        }
}

void ActivationInput::take_values(const ValueOperand& from, int unit) {
  const TensorImage& image = from.image();
  const Region r = image.tiling().tile(unit / image.blocks());
  const int first = unit % image.blocks() * 16;
  const int end = std::min(from.values.channels, first + 16);
  for (int map = 0; map < values_.maps; ++map)
    for (int y = r.y0; y < r.y1; ++y)
      for (int x = r.x0; x < r.x1; ++x)
        for (int c = first; c < end; ++c) put(map, y, x, c, from.values.at(map, y, x)[c]);
}

const BitMap& ActivationInput::nonzero() {
  if (!context_.functional() && !drawn_) draw();
  return nonzero_;
}

/// A pixel is not 0 if one of its bits is not.
void ActivationInput::draw() {
  InputFeed feed(context_, layer_);
  const BitMap& bits = feed.spikes();
  for (int map = 0; map < nonzero_.maps; ++map)
    for (int y = 0; y < nonzero_.height; ++y)
      for (int x = 0; x < nonzero_.width; ++x)
        for (int star = 0; star < bits.channels; ++star) {
          if (bits.get(map, y, x, star)) nonzero_.set(map, y, x, star / stored_.planes, true);
        }
  drawn_ = true;
}

}  // namespace

std::unique_ptr<SataInput> make_sata_input(const SataContext& context, int layer) {
  if (context.array.ann) return std::make_unique<ActivationInput>(context, layer);
  return std::make_unique<SpikeInput>(context, layer);
}

}  // namespace h2
