// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "modules/spinaps/spinaps_machine.h"

namespace h2 {

/// The cells of all arrays, without time: rows of weights, each in a slice of a row of an array.
/// Row r lies in array r % arrays. What is written stays when a job or a reset ends.
class NvmStore {
 public:
  explicit NvmStore(const SpinApsMachine& machine);

  /// Prepares rows of `classes` weights of `weight_bits`; cells keep what they hold.
  void shape(int rows, int classes, int weight_bits);

  struct Write {
    int tries = 0;
    std::uint64_t bits = 0;  ///< cells written, over all attempts
    bool verified = false, worn = false;
  };
  /// Writes row `row` and reads it back, again where bits differ, until it is right or the attempts
  /// are used up. A cell that should turn over stays as it was with the probability of a failure.
  Write write(int row, const std::int8_t* weights);
  /// The weights of a row.
  const std::int8_t* read(int row) const {
    return &weights_[static_cast<std::size_t>(row) * classes_];
  }
  int array_of(int row) const { return row % arrays_; }
  int arrays() const { return arrays_; }
  int slice_bits() const { return classes_ * bits_; }
  /// Attempts that the slice written most often has seen.
  std::uint64_t most_writes() const;

 private:
  bool attempt(int row, const std::int8_t* weights, bool first, Write& result);

  const SpinApsMachine machine_;
  const int arrays_;
  int classes_ = 1, bits_ = 8;
  std::vector<std::int8_t> weights_;
  std::vector<std::uint64_t> writes_;  // by slice
  std::uint64_t attempts_ = 0;         // of all slices: item of the failures' draws
};

}  // namespace h2
