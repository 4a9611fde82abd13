// SPDX-License-Identifier: Apache-2.0
#include "modules/multicore/sample_values.h"

#include <cstring>

namespace h2 {
namespace {

h2_map of_one_sample(h2_map map) {
  map.samples = 1;
  return map;
}

}  // namespace

SampleValues::SampleValues(TensorKind kind, const TensorImage& whole, int value_bytes,
                           bool functional)
    : kind_(kind),
      whole_(whole),
      one_(0, of_one_sample(whole.map())),
      value_bytes_(value_bytes),
      functional_(functional),
      arrived_(whole.map().samples) {}

/// Calls visit(address, offset in the sample, bytes).
template <class Visit>
void SampleValues::for_pieces(int sample, Span blocks, Visit visit) const {
  const int steps = static_cast<int>(whole_.map().steps);
  const std::uint64_t samples = whole_.map().samples;
  for (int tile = 0; tile < whole_.tiles(); ++tile)
    for (int block = blocks.begin; block < blocks.end; ++block) {
      const int unit = whole_.unit(tile, block);
      for (int p = 0; p < static_cast<int>(H2_PARTS); ++p) {
        const std::uint64_t bytes = one_.elements(unit, {p, p + 1}) / steps * value_bytes_;
        if (bytes == 0) continue;
        const std::uint64_t base = whole_.values_address(unit, value_bytes_, p);
        const std::uint64_t own = one_.values_address(unit, value_bytes_, p);
        for (int t = 0; t < steps; ++t) {
          visit(base + (t * samples + sample) * bytes, own + t * bytes, bytes);
        }
      }
    }
}

Transfer SampleValues::transfer(bool write, std::uint64_t address, std::uint64_t bytes) const {
  Transfer t;
  t.write = write;
  t.timing_only = !functional_;
  t.halved = value_bytes_ == 4;
  t.kind = kind_;
  t.address = address;
  t.bytes = bytes;
  return t;
}

void SampleValues::want(int sample, Span blocks, TransferList& list) {
  if (functional_) arrived_[sample].resize(bytes({0, one_.blocks()}));
  for_pieces(sample, blocks, [&](std::uint64_t address, std::uint64_t offset, std::uint64_t bytes) {
    list.read(transfer(false, address, bytes), functional_ ? this : nullptr,
              static_cast<int>(pieces_.size()));
    if (functional_) pieces_.push_back({sample, offset, bytes});
  });
}

void SampleValues::arrived(int piece, const std::uint8_t* bytes) {
  const Piece& p = pieces_[piece];
  std::memcpy(arrived_[p.sample].data() + p.offset, bytes, p.bytes);
}

void SampleValues::copy(int sample, Span blocks, ValueMap& values) const {
  const std::uint8_t* bytes = arrived_[sample].data();
  for (int tile = 0; tile < one_.tiles(); ++tile)
    for (int block = blocks.begin; block < blocks.end; ++block) {
      const int unit = one_.unit(tile, block);
      one_.decode_values(unit, value_bytes_, bytes + one_.values_address(unit, value_bytes_),
                         values);
    }
}

void SampleValues::store(int sample, Span blocks, const ValueMap& values,
                         TransferList& list) const {
  RawVector<std::uint8_t> encoded;
  if (functional_) {
    encoded.resize(bytes({0, one_.blocks()}));
    for (int tile = 0; tile < one_.tiles(); ++tile)
      for (int block = blocks.begin; block < blocks.end; ++block) {
        const int unit = one_.unit(tile, block);
        one_.encode_values(unit, value_bytes_, values,
                           encoded.data() + one_.values_address(unit, value_bytes_));
      }
  }
  for_pieces(sample, blocks, [&](std::uint64_t address, std::uint64_t offset, std::uint64_t bytes) {
    const Transfer t = transfer(true, address, bytes);
    if (functional_) {
      std::memcpy(list.write(t), encoded.data() + offset, bytes);
    } else {
      list.write_timing(t);
    }
  });
}

std::uint64_t SampleValues::bytes(Span blocks) const {
  std::uint64_t elements = 0;
  for (int tile = 0; tile < one_.tiles(); ++tile)
    for (int block = blocks.begin; block < blocks.end; ++block) {
      elements += one_.elements(one_.unit(tile, block));
    }
  return elements * value_bytes_;
}

}  // namespace h2
