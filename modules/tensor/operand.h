// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "memory/bus/transfer.h"
#include "modules/base/ceil_div.h"
#include "modules/base/numerics.h"
#include "modules/base/raw_vector.h"
#include "modules/tensor/maps.h"
#include "modules/tensor/tensor_image.h"
#include "modules/tensor/value_codec.h"

namespace h2 {

/// An input tensor of a job, read piece by piece. Only the first read of a piece moves data: later
/// ones cost time alone.
class Operand : public UnitSink {
 public:
  /// Whether a piece that the pass has read before is read again.
  enum class Reuse { again, once_per_pass };

  Operand(TensorKind kind, int pieces, bool functional)
      : kind_(kind), functional_(functional), seen_(pieces, 0) {}

  void set_reuse(Reuse reuse) { reuse_ = reuse; }
  void begin_pass() { since_ = ++pass_; }
  /// Number of the pass, from 1.
  std::uint32_t pass() const { return pass_; }
  /// Until the next pass: pieces that pass `pass` or a later one has read are kept. None are with
  /// kNothing.
  void keep_since(std::uint32_t pass) {
    reuse_ = Reuse::once_per_pass;
    since_ = pass;
  }
  static constexpr std::uint32_t kNothing = ~std::uint32_t{0};

 protected:
  /// Whether the pass already has the piece and keeps it.
  bool kept(int piece) const {
    return reuse_ == Reuse::once_per_pass && read_before(piece) && seen_[piece] >= since_;
  }
  void mark(int piece) { seen_[piece] = pass_; }
  bool read_before(int piece) const { return seen_[piece] != 0; }
  Transfer transfer(std::uint64_t address, std::uint64_t bytes, bool before, bool halved) const;

 private:
  TensorKind kind_;
  bool functional_;
  Reuse reuse_ = Reuse::again;
  std::uint32_t pass_ = 1, since_ = 1;
  std::vector<std::uint32_t> seen_;  // pass of the last read, 0 = never
};

/// Operand of a map tensor: pieces are the parts of its units, chosen by region and channels.
class MapOperand : public Operand {
 public:
  MapOperand(TensorKind kind, TensorImage image, bool functional)
      : Operand(kind, image.units() * static_cast<int>(H2_PARTS), functional),
        image_(std::move(image)) {}

  const TensorImage& image() const { return image_; }
  /// Parts that hold channels [c0, c1) of `region` (clipped to the map).
  void want_region(Region region, int c0, int c1, TransferList& list);
  /// All parts of a unit.
  void want_unit(int unit, TransferList& list) {
    want_parts(unit, image_.all_parts(unit / image_.blocks()), list);
  }
  void arrived(int run, const std::uint8_t* bytes) final;

 protected:
  virtual std::uint64_t address(int unit, int part) const = 0;
  virtual std::uint64_t bytes(int unit, PartRange parts) const = 0;
  virtual bool halved() const { return false; }
  /// Whether parts that are neighbours are so in memory too.
  virtual bool joined() const { return true; }
  virtual void take(int unit, PartRange parts, const std::uint8_t* bytes) = 0;

  TensorImage image_;

 private:
  void want_parts(int unit, unsigned parts, TransferList& list);
};

class BitOperand : public MapOperand {
 public:
  BitOperand(TensorKind kind, const TensorImage& image, bool functional);

  BitMap bits;

 protected:
  std::uint64_t address(int unit, int part) const override {
    return image_.bits_address(unit, part);
  }
  std::uint64_t bytes(int unit, PartRange parts) const override {
    return image_.bits_bytes(unit, parts);
  }
  void take(int unit, PartRange parts, const std::uint8_t* bytes) override {
    image_.decode_bits(unit, bytes, bits, parts);
  }
};

/// Values, dense or packed by a mask that has arrived before.
class ValueOperand : public MapOperand {
 public:
  /// `packed_by` null: dense.
  ValueOperand(TensorKind kind, const TensorImage& image, int value_bytes, const BitMap* packed_by,
               bool functional);

  ValueMap values;

 protected:
  std::uint64_t address(int unit, int part) const override {
    return image_.values_address(unit, value_bytes_, part);
  }
  std::uint64_t bytes(int unit, PartRange parts) const override;
  bool halved() const override { return value_bytes_ == 4; }
  bool joined() const override { return packed_by_ == nullptr; }
  void take(int unit, PartRange parts, const std::uint8_t* bytes) override;

 private:
  int value_bytes_;
  const BitMap* packed_by_;
};

/// Blocked order of a layer's weights (h2_layout.h).
struct WeightImage {
  std::uint64_t base = 0;
  int cout = 0, cin = 0, taps = 1;
  int value_bytes = 2;
  ValueCodec codec{value_bytes};

  int out_blocks() const { return ceil_div(cout, 16); }
  int in_blocks() const { return (cin + 63) / 64; }
  int units() const { return out_blocks() * in_blocks(); }
  int unit(int out_block, int in_block) const { return out_block * in_blocks() + in_block; }
  std::uint64_t address(int unit) const;
  std::uint64_t bytes(int unit) const;
  void decode(int unit, const std::uint8_t* bytes, float* oihw) const;
  void encode(int unit, const float* oihw, std::uint8_t* bytes) const;
  /// sum = sum + terms over the weights of a unit; addition commutes bit for bit.
  void add(int unit, Numerics numerics, const float* terms, float* sum) const;
  /// Weights of a unit that are infinite or NaN.
  std::uint64_t not_finite(int unit, const float* oihw) const;

 private:
  struct Block {
    int o0, o1, i0, i1;
  };
  Block block(int unit) const;
};

class WeightOperand : public Operand {
 public:
  WeightOperand(TensorKind kind, const WeightImage& image, bool functional);
  void arrived(int unit, const std::uint8_t* bytes) override;
  /// Units that hold weights of outputs [o0, o1) from inputs [i0, i1).
  void want_range(int o0, int o1, int i0, int i1, TransferList& list);
  void want(int unit, TransferList& list);
  const WeightImage& image() const { return image_; }

  RawVector<float> oihw;

 private:
  WeightImage image_;
};

}  // namespace h2
