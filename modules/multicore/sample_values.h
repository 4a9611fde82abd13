// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "memory/bus/transfer.h"
#include "modules/base/raw_vector.h"
#include "modules/h2learn/jobs/loop_nest.h"
#include "modules/tensor/maps.h"
#include "modules/tensor/tensor_image.h"

namespace h2 {

/// Dense values of a tensor of a whole sub-batch, read or written one sample at a time: of each
/// part of a tile a piece per timestep.
class SampleValues : public UnitSink {
 public:
  SampleValues(TensorKind kind, const TensorImage& whole, int value_bytes, bool functional);

  const TensorImage& image() const { return whole_; }
  /// Adds the reads of blocks [begin, end) of 16 channels.
  void want(int sample, Span blocks, TransferList& list);
  void arrived(int piece, const std::uint8_t* bytes) override;
  /// What has arrived of `blocks` of a sample, into `steps` maps.
  void copy(int sample, Span blocks, ValueMap& values) const;
  /// Adds the writes of `blocks` from `steps` maps.
  void store(int sample, Span blocks, const ValueMap& values, TransferList& list) const;
  /// Bytes of one sample, as stored.
  std::uint64_t bytes(Span blocks) const;

 private:
  template <class Visit>
  void for_pieces(int sample, Span blocks, Visit visit) const;
  Transfer transfer(bool write, std::uint64_t address, std::uint64_t bytes) const;

  TensorKind kind_;
  TensorImage whole_, one_;  // of all samples; of one, at address 0
  int value_bytes_;
  bool functional_;
  struct Piece {
    int sample;
    std::uint64_t offset, bytes;
  };
  std::vector<Piece> pieces_;                     // that were asked for
  std::vector<RawVector<std::uint8_t>> arrived_;  // by sample
};

}  // namespace h2
