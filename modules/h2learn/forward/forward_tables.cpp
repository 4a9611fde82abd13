// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <string>

#include "modules/arithmetic/fp16.h"
#include "modules/base/ceil_div.h"
#include "modules/base/error.h"
#include "modules/h2learn/forward/forward_array.h"

namespace h2 {
namespace {

void check_range(const char* name, int value, int end) {
  if (value < 0 || value >= end) {
    throw InputError("table fault: " + std::string(name) + " = " + std::to_string(value) +
                     ": legal 0.." + std::to_string(end - 1));
  }
}

float flip_bit(Numerics numerics, float value, int bit) {
  if (numerics == Numerics::fp16) {
    return from_fp16(static_cast<std::uint16_t>(to_fp16(value) ^ (1U << bit)));
  }
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  bits ^= 1U << bit;
  std::memcpy(&value, &bits, sizeof bits);
  return value;
}

}  // namespace

void ForwardArray::load(const float* oihw, int co0, int count) {
  if (fp32_) {
    fp32_->load(oihw, co0, count);
    return;
  }
  count_ = count;
  faults_.clear();
  pack_weights(oihw, co0);
  if (evaluation_ == Evaluation::direct) return;
  tables_.resize(blocks() * block_entries_ * kLanes * ops_->entry_bytes);
  for (int block = 0; block < blocks(); ++block) {
    for (const Iteration& it : iterations_) {
      for (int table = 0; table < it.tables; ++table) fill_table(block, it, table);
    }
  }
}

/// Where an iteration's weights lie in the kernel of one output channel, in the order of the leaves
/// (-1: no such tap).
void ForwardArray::plan_weights(const Iteration& it, std::vector<int>& offsets) const {
  const TapChunk& chunk = chunks_[it.chunk];
  offsets.clear();
  for (int r = 0; r < it.channels; ++r) {
    const int first = (it.first_channel + r) / layer_.planes * layer_.taps() + chunk.first_tap;
    for (int s = 0; s < sub_luts_; ++s) {
      for (int i = 0; i < inputs_; ++i) {
        offsets.push_back(i < chunk.leaf_taps[s] ? first + s * inputs_ + i : -1);
      }
    }
  }
}

void ForwardArray::pack_weights(const float* oihw, int co0) {
  weights_.assign(blocks() * block_weights_, 0.0F);
  const std::size_t kernel = static_cast<std::size_t>(layer_.cin) * layer_.taps();
  std::vector<int> offsets;
  for (const Iteration& it : iterations_) {
    plan_weights(it, offsets);
    for (int block = 0; block < blocks(); ++block) {
      const int lanes = std::min(kLanes, count_ - block * kLanes);
      const float* from = oihw + (co0 + block * kLanes) * kernel;
      float* to = &weights_[block * block_weights_ + it.weights];
      for (const int offset : offsets) {
        for (int lane = 0; lane < lanes && offset >= 0; ++lane)
          to[lane] = from[lane * kernel + offset];
        to += kLanes;
      }
      for (int r = 0; layer_.planes > 1 && r < it.channels; ++r) {
        const float value = layer_.star_value(it.first_channel + r);
        const std::size_t row = static_cast<std::size_t>(sub_luts_) * inputs_ * kLanes;
        float* weights = &weights_[block * block_weights_ + it.weights + r * row];
        ops_->scale(weights, value, weights, row);
      }
    }
  }
}

int ForwardArray::fill_leaf(int block, const Iteration& iteration, int leaf,
                            AlignedVector<float>& out) const {
  const bool exists = leaf < iteration.channels * sub_luts_;
  const int taps = exists ? chunks_[iteration.chunk].leaf_taps[leaf % sub_luts_] : 0;
  if (taps == 0) return 0;
  const std::size_t first = block * block_weights_ + iteration.weights +
                            static_cast<std::size_t>(leaf) * inputs_ * kLanes;
  ops_->leaf_table(&weights_[first], taps, SubtreeTable::room(out, taps));
  for (const Fault& fault : faults_) {
    const bool here = fault.block == block && &iterations_[fault.iteration] == &iteration;
    if (!here || fault.leaf != leaf) continue;
    float& entry = out[static_cast<std::size_t>(fault.entry) * kLanes + fault.lane];
    entry = flip_bit(numerics_, entry, fault.bit);
  }
  return taps;
}

void ForwardArray::fill_table(int block, const Iteration& iteration, int table) {
  const TapChunk& chunk = chunks_[iteration.chunk];
  const auto leaf = [&](int index, AlignedVector<float>& out) {
    return fill_leaf(block, iteration, index, out);
  };
  const int bits = subtree_.fill(*ops_, chunk.merge, table, leaf);
  const std::size_t first =
      block * block_entries_ + iteration.table + table * table_pitch(chunk.address_bits);
  const std::size_t count = bits == 0 ? 0 : std::size_t{1} << bits;
  ops_->store_entries(subtree_.entries(), count, &tables_[first * kLanes * ops_->entry_bytes]);
}

void ForwardArray::corrupt(int channel, int input, int table, int entry, int bit) {
  if (fp32_ || evaluation_ == Evaluation::direct) {
    throw InputError("table fault: this evaluation has no tables; legal: Evaluation::table");
  }
  check_range("channel", channel, count_);
  check_range("input", input, layer_.cin_star());
  check_range("table", table, ceil_div(layer_.taps(), inputs_));
  const int chunk = table / sub_luts_;
  const int taps = chunks_[chunk].leaf_taps[table % sub_luts_];
  check_range("entry", entry, 1 << taps);
  check_range("bit", bit, numerics_ == Numerics::fp16 ? 16 : 32);
  Fault fault{channel / kLanes, channel % kLanes, 0, 0, entry, bit};
  fault.iteration = input / rows_ * static_cast<int>(chunks_.size()) + chunk;
  fault.leaf = input % rows_ * sub_luts_ + table % sub_luts_;
  faults_.push_back(fault);
  fill_table(fault.block, iterations_[fault.iteration], fault.leaf >> chunks_[chunk].merge);
}

}  // namespace h2
