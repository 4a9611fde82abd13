// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "modules/base/bits.h"
#include "modules/base/ceil_div.h"
#include "modules/h2learn/weight_update/weight_gradient_array.h"

// Evaluation through look-up tables of gradients, as the hardware does, or by the adders alone.

namespace h2 {
namespace {

constexpr int kWord = 16;        // channels in a BitMap word
constexpr int kAddressBits = 8;  // a table address is one byte

}  // namespace

void WeightGradientArray::plan_tables(Job& job) const {
  job.blocks = ceil_div(job.co_count, kLanes);
  job.sums_per_block = static_cast<std::size_t>(job.channels) * layer_.taps() * kLanes;
  job.sums.assign(job.blocks * job.sums_per_block * ops_->cell_bytes, 0);
  job.nodes.resize(tree_nodes(rows_ * sub_luts_) * ops_->cell_bytes);
  const int look_ups = job.channels * layer_.taps();
  // A wider table saves one addition per look-up and costs one per entry.
  while (evaluation_ != Evaluation::direct && sub_luts_ % (2 << job.merge) == 0 &&
         inputs_ * (2 << job.merge) <= kAddressBits &&
         look_ups > 1 << (inputs_ * (2 << job.merge))) {
    ++job.merge;
  }
}

void WeightGradientArray::run_group(Job& job, const std::vector<Source>& sources, int step0,
                                    int steps) const {
  const int per_table = inputs_ << job.merge;
  TreeArgs args;
  args.address_bits = evaluation_ == Evaluation::direct
                          ? inputs_
                          : std::min(per_table, static_cast<int>(sources.size()));
  args.leaves = steps * (sub_luts_ >> job.merge);
  args.count = job.channels * layer_.taps();
  args.nodes = job.nodes.data();
  bool have_addresses = false;
  for (int block = 0; block < job.blocks; ++block) {
    if (!fill_tables(job, block, sources, step0, steps, args.address_bits)) continue;
    if (!have_addresses) fill_addresses(job, sources, step0, steps);
    have_addresses = true;
    args.tables = job.tables.data();
    args.addresses = job.addresses.data();
    args.sums = &job.sums[block * job.sums_per_block * ops_->cell_bytes];
    if (evaluation_ == Evaluation::direct) {
      ops_->tree_direct(args);
    } else {
      ops_->tree_tables(args);
    }
  }
}

/// Tables (direct: weights) of one block of output channels; false if every gradient is zero.
bool WeightGradientArray::fill_tables(Job& job, int block, const std::vector<Source>& sources,
                                      int step0, int steps, int address_bits) const {
  const int tables_per_step = sub_luts_ >> job.merge;
  const int count = static_cast<int>(sources.size());
  const int lanes = std::min(kLanes, job.co_count - block * kLanes);
  AlignedVector<float>& grads = job.grads;
  grads.assign(static_cast<std::size_t>(sub_luts_) * inputs_ * kLanes, 0.0F);
  const auto leaf = [&](int s, AlignedVector<float>& out) {
    const int bits = std::clamp(count - s * inputs_, 0, inputs_);
    ops_->leaf_table(&grads[static_cast<std::size_t>(s) * inputs_ * kLanes], bits,
                     SubtreeTable::room(out, bits));
    return bits;
  };
  const bool direct = evaluation_ == Evaluation::direct;
  const std::size_t table_bytes = direct ? inputs_ * kLanes * sizeof(float)
                                         : kLanes * ops_->entry_bytes * table_pitch(address_bits);
  const std::size_t step_bytes = tables_per_step * table_bytes;
  if (job.tables.size() < steps * step_bytes) job.tables.resize(steps * step_bytes);
  bool any = false;
  for (int t = 0; t < steps; ++t) {
    bool live = false;
    for (int i = 0; i < count; ++i) {
      const Source& source = sources[i];
      const float* from =
          job.grad_u->at(source.sample * job.steps + step0 + t, source.y, source.x) + job.co0 +
          block * kLanes;
      std::copy(from, from + lanes, &grads[static_cast<std::size_t>(i) * kLanes]);
      live = live || std::any_of(from, from + lanes, [](float g) { return g != 0.0F; });
    }
    unsigned char* to = &job.tables[t * step_bytes];
    if (!live) {
      std::memset(to, 0, step_bytes);
      continue;
    }
    any = true;
    if (direct) {
      std::memcpy(to, grads.data(), step_bytes);
      continue;
    }
    for (int v = 0; v < tables_per_step; ++v, to += table_bytes) {
      const int bits = job.subtree.fill(*ops_, job.merge, v, leaf);
      ops_->store_entries(job.subtree.entries(), std::size_t{1} << bits, to);
    }
  }
  return any;
}

void WeightGradientArray::fill_addresses(Job& job, const std::vector<Source>& sources, int step0,
                                         int steps) const {
  const int taps = layer_.taps();
  const int per_table = inputs_ << job.merge;
  const int tables_per_step = sub_luts_ >> job.merge;
  const BitMap& input = *job.input;
  const bool is_static = input.maps == job.batch;
  const std::size_t rows = static_cast<std::size_t>(job.channels) * taps;
  job.addresses.resize(address_bytes(steps * tables_per_step, rows));
  const int word0 = job.c0 / kWord;
  const int words = ceil_div(job.c0 + job.channels, kWord) - word0;
  for (int leaf = 0; leaf < steps * tables_per_step; ++leaf) {
    const int t = step0 + leaf / tables_per_step;
    const int first = leaf % tables_per_step * per_table;
    const int count = std::clamp(static_cast<int>(sources.size()) - first, 0, per_table);
    for (int tap = 0; tap < taps; ++tap) {
      const std::uint16_t* at[kAddressBits];
      for (int i = 0; i < count; ++i) {
        const Source& source = sources[first + i];
        const int y = source.y * layer_.stride + tap / layer_.kernel - layer_.pad;
        const int x = source.x * layer_.stride + tap % layer_.kernel - layer_.pad;
        const bool inside = y >= 0 && y < input.height && x >= 0 && x < input.width;
        const int map = is_static ? source.sample : source.sample * job.steps + t;
        at[i] = inside ? input.at(map, y, x) + word0 : nullptr;
      }
      for (int w = 0; w < words; ++w) {
        std::uint16_t gathered[kAddressBits];
        std::uint8_t bytes[kWord];
        for (int i = 0; i < count; ++i) gathered[i] = at[i] == nullptr ? 0 : at[i][w];
        gather_bits(gathered, count, bytes);
        const int base = (word0 + w) * kWord - job.c0;
        for (int c = std::max(0, -base); c < std::min(kWord, job.channels - base); ++c) {
          const std::size_t row = static_cast<std::size_t>(base + c) * taps + tap;
          job.addresses[(leaf / 8 * rows + row) * 8 + leaf % 8] = bytes[c];
        }
      }
    }
  }
}

std::uint64_t WeightGradientArray::write_out(const Job& job, float* oihw) const {
  const std::size_t taps = layer_.taps();
  const int channels = job.channels / layer_.planes;
  const int ci0 = job.c0 / layer_.planes;
  AlignedVector<float> row(taps * kLanes), sums(job.sums_per_block);
  std::uint64_t underflows = 0;
  for (int block = 0; block < job.blocks; ++block) {
    ops_->read_cells(&job.sums[block * job.sums_per_block * ops_->cell_bytes], sums.data(),
                     sums.size());
    const int lanes = std::min(kLanes, job.co_count - block * kLanes);
    for (int c = 0; c < channels; ++c) {
      const std::size_t first = static_cast<std::size_t>(c) * layer_.planes * row.size();
      underflows += ops_->combine_planes(&sums[first], row.size(), layer_.planes,
                                         layer_.plane_value(0), row.data(), row.size());
      for (int lane = 0; lane < lanes; ++lane) {
        const std::size_t co = job.co0 + block * kLanes + lane;
        float* to = oihw + (co * layer_.cin + ci0 + c) * taps;
        for (std::size_t tap = 0; tap < taps; ++tap) to[tap] = row[tap * kLanes + lane];
      }
    }
  }
  return underflows;
}

}  // namespace h2
