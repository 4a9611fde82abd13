// SPDX-License-Identifier: Apache-2.0
#include "modules/spinaps/nvm_store.h"

#include <algorithm>

#include "modules/base/rng.h"

namespace h2 {
namespace {

unsigned code(std::int8_t weight, int bits) {
  return static_cast<std::uint8_t>(weight) & ((1U << bits) - 1);
}

/// Two's complement of so many bits.
std::int8_t weight_of(unsigned code, int bits) {
  const int value = static_cast<int>(code);
  return static_cast<std::int8_t>(value >> (bits - 1) != 0 ? value - (1 << bits) : value);
}

}  // namespace

NvmStore::NvmStore(const SpinApsMachine& machine)
    : machine_(machine), arrays_(std::max(1, machine.arrays)) {}

void NvmStore::shape(int rows, int classes, int weight_bits) {
  classes_ = classes;
  bits_ = weight_bits;
  weights_.resize(static_cast<std::size_t>(rows) * classes);
  if (writes_.size() < static_cast<std::size_t>(rows)) writes_.resize(rows);
}

NvmStore::Write NvmStore::write(int row, const std::int8_t* weights) {
  Write result;
  while (!result.verified && !result.worn && result.tries < machine_.write_tries) {
    result.verified = attempt(row, weights, result.tries == 0, result);
  }
  return result;
}

bool NvmStore::attempt(int row, const std::int8_t* weights, bool first, Write& result) {
  ++result.tries;
  result.worn = ++writes_[row] > machine_.endurance;
  if (result.worn) return false;
  CounterRng rng(machine_.fault_seed, RandomStream::faults, attempts_++);
  bool right = true;
  for (int c = 0; c < classes_; ++c) {
    std::int8_t& cell = weights_[static_cast<std::size_t>(row) * classes_ + c];
    const unsigned held = code(cell, bits_), wanted = code(weights[c], bits_);
    unsigned wrong = held ^ wanted;
    result.bits += first ? bits_ : __builtin_popcount(wrong);
    for (int b = 0; b < bits_ && machine_.write_failure > 0; ++b) {
      // A cell that keeps its value cannot fail; one that turns over is right from now on, or not.
      if ((wrong >> b & 1U) != 0 && rng.uniform() >= machine_.write_failure) wrong &= ~(1U << b);
    }
    if (machine_.write_failure == 0) wrong = 0;
    cell = weight_of(wanted ^ wrong, bits_);
    right = right && wrong == 0;
  }
  return right;
}

std::uint64_t NvmStore::most_writes() const {
  return writes_.empty() ? 0 : *std::max_element(writes_.begin(), writes_.end());
}

}  // namespace h2
