// SPDX-License-Identifier: Apache-2.0
#include "modules/tensor/operand.h"

#include <algorithm>

#include "modules/arithmetic/simd/isa.h"
#include "modules/base/bits.h"

namespace h2 {

Transfer Operand::transfer(std::uint64_t address, std::uint64_t bytes, bool before,
                           bool halved) const {
  Transfer t;
  t.kind = kind_;
  t.timing_only = !functional_ || before;
  t.repeated = before;
  t.halved = halved;
  t.address = address;
  t.bytes = bytes;
  return t;
}

namespace {

constexpr int kParts = static_cast<int>(H2_PARTS);
// Neighbouring parts of a unit as one number, for UnitSink.
int run_of(int unit, PartRange r) { return (unit * kParts + r.begin) * (kParts + 1) + r.end; }

}  // namespace

void MapOperand::want_region(Region region, int c0, int c1, TransferList& list) {
  const Tiling& tiling = image_.tiling();
  const Region map = {0, static_cast<int>(image_.map().height), 0,
                      static_cast<int>(image_.map().width)};
  region = {std::max(region.y0, map.y0), std::min(region.y1, map.y1), std::max(region.x0, map.x0),
            std::min(region.x1, map.x1)};
  if (region.y0 >= region.y1 || region.x0 >= region.x1) return;
  for (int row = tiling.row_of(region.y0); row <= tiling.row_of(region.y1 - 1); ++row) {
    for (int col = tiling.col_of(region.x0); col <= tiling.col_of(region.x1 - 1); ++col) {
      const int tile = row * tiling.cols() + col;
      const unsigned parts = image_.parts_touching(tile, region);
      for (int block = c0 / 16; block <= (c1 - 1) / 16; ++block) {
        want_parts(image_.unit(tile, block), parts, list);
      }
    }
  }
}

void MapOperand::want_parts(int unit, unsigned parts, TransferList& list) {
  const unsigned present = image_.all_parts(unit / image_.blocks());
  const auto wanted = [&](int p) { return (parts >> p & 1U) != 0 && !kept(unit * kParts + p); };
  for (int p = 0; p < kParts;) {
    if (!wanted(p)) {
      ++p;
      continue;
    }
    PartRange run{p, p + 1};
    const bool before = read_before(unit * kParts + p);
    mark(unit * kParts + p);
    // Empty parts between two others take no room.
    while (joined() && run.end < kParts &&
           ((present >> run.end & 1U) == 0 ||
            (wanted(run.end) && read_before(unit * kParts + run.end) == before))) {
      mark(unit * kParts + run.end);
      ++run.end;
    }
    list.read(transfer(address(unit, run.begin), bytes(unit, run), before, halved()), this,
              run_of(unit, run));
    p = run.end;
  }
}

void MapOperand::arrived(int run, const std::uint8_t* bytes) {
  const int first = run / (kParts + 1);
  take(first / kParts, {first % kParts, run % (kParts + 1)}, bytes);
}

BitOperand::BitOperand(TensorKind kind, const TensorImage& image, bool functional)
    : MapOperand(kind, image, functional) {
  const h2_map& m = image.map();
  if (functional) {
    bits = BitMap(static_cast<int>(m.steps * m.samples), static_cast<int>(m.height),
                  static_cast<int>(m.width), static_cast<int>(m.channels));
  }
}

ValueOperand::ValueOperand(TensorKind kind, const TensorImage& image, int value_bytes,
                           const BitMap* packed_by, bool functional)
    : MapOperand(kind, image, functional), value_bytes_(value_bytes), packed_by_(packed_by) {
  const h2_map& m = image.map();
  if (functional) {
    values = ValueMap::raw(static_cast<int>(m.steps * m.samples), static_cast<int>(m.height),
                           static_cast<int>(m.width), static_cast<int>(m.channels));
  }
}

std::uint64_t ValueOperand::bytes(int unit, PartRange parts) const {
  const std::uint64_t count =
      packed_by_ != nullptr ? image_.count(unit, *packed_by_, parts) : image_.elements(unit, parts);
  return count * value_bytes_;
}

void ValueOperand::take(int unit, PartRange parts, const std::uint8_t* bytes) {
  if (packed_by_ != nullptr) {
    image_.decode_packed(unit, value_bytes_, *packed_by_, bytes, values, parts);
  } else {
    image_.decode_values(unit, value_bytes_, bytes, values, parts);
  }
}

WeightImage::Block WeightImage::block(int unit) const {
  const int o0 = unit / in_blocks() * 16, i0 = unit % in_blocks() * 64;
  return {o0, std::min(o0 + 16, cout), i0, std::min(i0 + 64, cin)};
}

std::uint64_t WeightImage::address(int unit) const {
  const Block b = block(unit);
  return base + h2_weight_index(cout, cin, taps, b.o0, b.i0, 0) * value_bytes;
}

std::uint64_t WeightImage::bytes(int unit) const {
  const Block b = block(unit);
  return static_cast<std::uint64_t>(b.o1 - b.o0) * (b.i1 - b.i0) * taps * value_bytes;
}

void WeightImage::decode(int unit, const std::uint8_t* bytes, float* oihw) const {
  const Block b = block(unit);
  const std::size_t run = static_cast<std::size_t>(b.i1 - b.i0) * taps;
  const std::size_t row = static_cast<std::size_t>(cin) * taps;
  codec.load_rows(bytes, oihw + b.o0 * row + static_cast<std::size_t>(b.i0) * taps, run,
                  static_cast<std::size_t>(b.o1 - b.o0), row);
}

void WeightImage::encode(int unit, const float* oihw, std::uint8_t* bytes) const {
  const Block b = block(unit);
  const std::size_t run = static_cast<std::size_t>(b.i1 - b.i0) * taps;
  const std::size_t row = static_cast<std::size_t>(cin) * taps;
  codec.store_rows(oihw + b.o0 * row + static_cast<std::size_t>(b.i0) * taps, bytes, run,
                   static_cast<std::size_t>(b.o1 - b.o0), row);
}

void WeightImage::add(int unit, Numerics numerics, const float* terms, float* sum) const {
  const Block b = block(unit);
  const VectorOps& ops = selected_ops(numerics);
  for (int o = b.o0; o < b.o1; ++o) {
    const std::size_t at = (static_cast<std::size_t>(o) * cin + b.i0) * taps;
    ops.add(terms + at, sum + at, static_cast<std::size_t>(b.i1 - b.i0) * taps);
  }
}

std::uint64_t WeightImage::not_finite(int unit, const float* oihw) const {
  const Block b = block(unit);
  std::uint64_t found = 0;
  for (int o = b.o0; o < b.o1; ++o) {
    const std::size_t at = (static_cast<std::size_t>(o) * cin + b.i0) * taps;
    found += count_not_finite(oihw + at, static_cast<std::size_t>(b.i1 - b.i0) * taps);
  }
  return found;
}

WeightOperand::WeightOperand(TensorKind kind, const WeightImage& image, bool functional)
    : Operand(kind, image.units(), functional), image_(image) {
  if (functional) oihw.resize(static_cast<std::size_t>(image.cout) * image.cin * image.taps);
}

void WeightOperand::arrived(int unit, const std::uint8_t* bytes) {
  image_.decode(unit, bytes, oihw.data());
}

void WeightOperand::want(int unit, TransferList& list) {
  if (kept(unit)) return;
  const bool before = read_before(unit);
  mark(unit);
  list.read(transfer(image_.address(unit), image_.bytes(unit), before, image_.value_bytes == 4),
            this, unit);
}

void WeightOperand::want_range(int o0, int o1, int i0, int i1, TransferList& list) {
  for (int o = o0 / 16; o <= (o1 - 1) / 16; ++o) {
    for (int i = i0 / 64; i <= (i1 - 1) / 64; ++i) want(image_.unit(o, i), list);
  }
}

}  // namespace h2
