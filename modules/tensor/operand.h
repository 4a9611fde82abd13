#pragma once

#include <cstdint>
#include <vector>

#include "memory/bus/transfer.h"
#include "modules/base/numerics.h"
#include "modules/base/raw_vector.h"
#include "modules/tensor/maps.h"
#include "modules/tensor/tensor_image.h"
#include "modules/tensor/value_codec.h"

namespace h2 {

/// An input tensor of a job, read unit by unit. Every pass over the loop nest reads a unit once, at
/// the first chunk that needs any of it (halos stay on chip); only the first read of the job moves
/// data, later passes cost time alone.
class Operand : public UnitSink {
 public:
  Operand(TensorKind kind, int units, bool functional)
      : kind_(kind), functional_(functional), seen_(units, 0) {}

  void begin_pass() { ++pass_; }
  /// Adds the read of `unit` to `list` unless this pass holds it already.
  void want(int unit, TransferList& list);

 protected:
  virtual std::uint64_t address(int unit) const = 0;
  virtual std::uint64_t bytes(int unit) const = 0;
  virtual bool halved() const { return false; }

 private:
  TensorKind kind_;
  bool functional_;
  std::uint32_t pass_ = 1;
  std::vector<std::uint32_t> seen_;  // pass of the last read, 0 = never
};

/// Operand of a map tensor: adds the choice of units by region and channels.
class MapOperand : public Operand {
 public:
  MapOperand(TensorKind kind, TensorImage image, bool functional)
      : Operand(kind, image.units(), functional), image_(std::move(image)) {}

  const TensorImage& image() const { return image_; }
  /// Units that hold channels [c0, c1) of `region` (clipped to the map).
  void want_region(Region region, int c0, int c1, TransferList& list);

 protected:
  TensorImage image_;
};

class BitOperand : public MapOperand {
 public:
  BitOperand(TensorKind kind, const TensorImage& image, bool functional);
  void arrived(int unit, const std::uint8_t* bytes) override;

  BitMap bits;

 protected:
  std::uint64_t address(int unit) const override { return image_.bits_address(unit); }
  std::uint64_t bytes(int unit) const override { return image_.bits_bytes(unit); }
};

/// Values, dense or packed by a mask that has arrived before.
class ValueOperand : public MapOperand {
 public:
  /// `packed_by` null: dense.
  ValueOperand(TensorKind kind, const TensorImage& image, int value_bytes, const BitMap* packed_by,
               bool functional);
  void arrived(int unit, const std::uint8_t* bytes) override;

  ValueMap values;

 protected:
  std::uint64_t address(int unit) const override {
    return image_.values_address(unit, value_bytes_);
  }
  std::uint64_t bytes(int unit) const override;
  bool halved() const override { return value_bytes_ == 4; }

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

  int out_blocks() const { return (cout + 15) / 16; }
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
  const WeightImage& image() const { return image_; }

  RawVector<float> oihw;

 protected:
  std::uint64_t address(int unit) const override { return image_.address(unit); }
  std::uint64_t bytes(int unit) const override { return image_.bytes(unit); }
  bool halved() const override { return image_.value_bytes == 4; }

 private:
  WeightImage image_;
};

}  // namespace h2
