// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/forward/forward_array.h"

#include <algorithm>
#include <string>

#include "modules/arithmetic/simd/isa.h"
#include "modules/base/ceil_div.h"
#include "modules/base/error.h"

namespace h2 {
namespace {

/// Tables of merged leaves stay below this width: 64 entries, which keeps 64 channels of a 3x3
/// layer within a level-2 cache.
constexpr int kMergedAddressBits = 6;

}  // namespace

ForwardArray::ForwardArray(const Layer& layer, const ForwardSpec& array, Numerics numerics,
                           Evaluation evaluation)
    : layer_(layer),
      numerics_(numerics),
      evaluation_(evaluation),
      ops_(&selected_ops(numerics)),
      rows_(array.rows),
      sub_luts_(array.sub_luts),
      inputs_(array.sub_lut_inputs) {
  if (inputs_ < 1 || inputs_ > 8) {
    throw InputError("engines.forward.sub_lut_inputs = " + std::to_string(inputs_) +
                     ": legal 1..8");
  }
  if (numerics == Numerics::fp32 && evaluation == Evaluation::fast) {
    fp32_.emplace(layer);
    return;
  }
  if (layer.kind == LayerKind::fc) {
    rows_ *= sub_luts_;
    sub_luts_ = 1;
    inputs_ = 1;
  }
  for (int tap = 0; tap < layer.taps(); tap += sub_luts_ * inputs_) {
    chunks_.push_back(plan_chunk(tap));
  }
  plan_iterations();
}

TapChunk ForwardArray::plan_chunk(int first_tap) const {
  TapChunk chunk;
  chunk.first_tap = first_tap;
  for (int s = 0; s < sub_luts_; ++s) {
    const int left = layer_.taps() - first_tap - s * inputs_;
    chunk.leaf_taps.push_back(std::clamp(left, 0, inputs_));
  }
  const int leaves = rows_ * sub_luts_;
  const auto widest = [&](int merge, int& parts) {
    int bits = 0;
    parts = 0;
    for (int first = 0; first < leaves; first += 1 << merge) {
      int sum = 0, used = 0;
      for (int i = first; i < std::min(first + (1 << merge), leaves); ++i) {
        sum += chunk.leaf_taps[i % sub_luts_];
        used += chunk.leaf_taps[i % sub_luts_] > 0 ? 1 : 0;
      }
      bits = std::max(bits, sum);
      parts = std::max(parts, used);
    }
    return bits;
  };
  int parts = 0;
  chunk.address_bits = evaluation_ == Evaluation::direct ? inputs_ : widest(0, chunk.parts);
  if (evaluation_ == Evaluation::direct) chunk.parts = 1;
  while (evaluation_ != Evaluation::direct && (1 << chunk.merge) < leaves) {
    const int bits = widest(chunk.merge + 1, parts);
    if (bits > kMergedAddressBits) break;
    ++chunk.merge;
    chunk.address_bits = bits;
    chunk.parts = parts;
  }
  const auto none = static_cast<std::uint16_t>(leaves);
  for (int first = 0; first < leaves; first += 1 << chunk.merge) {
    int shift = 0, used = 0;
    for (int i = first; i < std::min(first + (1 << chunk.merge), leaves); ++i) {
      const int taps = chunk.leaf_taps[i % sub_luts_];
      if (taps == 0) continue;
      chunk.source.push_back(static_cast<std::uint16_t>(i % sub_luts_ * rows_ + i / sub_luts_));
      chunk.shift.push_back(static_cast<std::uint8_t>(shift));
      shift += taps;
      ++used;
    }
    chunk.source.insert(chunk.source.end(), chunk.parts - used, none);
    chunk.shift.insert(chunk.shift.end(), chunk.parts - used, 0);
  }
  return chunk;
}

void ForwardArray::plan_iterations() {
  const int channels = layer_.cin_star();
  for (int first = 0; first < channels; first += rows_) {
    for (std::size_t c = 0; c < chunks_.size(); ++c) {
      Iteration it;
      it.first_channel = first;
      it.channels = std::min(rows_, channels - first);
      it.chunk = static_cast<int>(c);
      const int leaves = it.channels * sub_luts_;
      const int width = 1 << chunks_[c].merge;
      it.tables = ceil_div(leaves, width);
      it.weights = block_weights_;
      it.table = block_entries_;
      block_weights_ += static_cast<std::size_t>(leaves) * inputs_ * kLanes;
      block_entries_ += it.tables * table_pitch(chunks_[c].address_bits);
      iterations_.push_back(it);
    }
  }
}

ForwardArray::Input ForwardArray::prepare(const BitMap& input, Region region) const {
  Input prepared;
  prepared.maps = input.maps;
  prepared.region = region;
  if (fp32_) {
    prepared.fp32 = fp32_->prepare(input, region);
    return prepared;
  }
  const std::size_t positions = static_cast<std::size_t>(input.maps) * region.area();
  std::size_t bytes = 0;
  for (const Iteration& it : iterations_) bytes += address_bytes(it.tables, positions);
  prepared.addresses.resize(bytes);
  std::uint8_t* to = prepared.addresses.data();
  AddressBuilder builder(layer_, rows_, sub_luts_);
  for (const Iteration& it : iterations_) {
    for (int map = 0; map < input.maps; ++map) {
      builder.build(input, map, region, chunks_[it.chunk], it.first_channel, it.channels, it.tables,
                    to + static_cast<std::size_t>(map) * region.area() * 8, positions);
    }
    to += address_bytes(it.tables, positions);
  }
  return prepared;
}

void ForwardArray::run(const Input& input, ValueMap& sums, int channel0) const {
  if (fp32_) {
    fp32_->run(input.fp32, sums, channel0);
    return;
  }
  const std::size_t positions = static_cast<std::size_t>(input.maps) * input.region.area();
  const std::size_t block_sums = positions * kLanes;
  AlignedVector<unsigned char> cells(blocks() * block_sums * ops_->cell_bytes, 0);
  AlignedVector<unsigned char> nodes(tree_nodes(rows_ * sub_luts_) * ops_->cell_bytes);
  TreeArgs args;
  args.addresses = input.addresses.data();
  args.count = static_cast<int>(positions);
  args.nodes = nodes.data();
  for (const Iteration& it : iterations_) {
    args.address_bits = chunks_[it.chunk].address_bits;
    args.leaves = it.tables;
    for (int block = 0; block < blocks(); ++block) {
      args.sums = &cells[block * block_sums * ops_->cell_bytes];
      if (evaluation_ == Evaluation::direct) {
        args.tables = &weights_[block * block_weights_ + it.weights];
        ops_->tree_direct(args);
      } else {
        const std::size_t entry = block * block_entries_ + it.table;
        args.tables = &tables_[entry * kLanes * ops_->entry_bytes];
        ops_->tree_tables(args);
      }
    }
    args.addresses += address_bytes(it.tables, positions);
  }
  AlignedVector<float> psums(blocks() * block_sums);
  ops_->read_cells(cells.data(), psums.data(), psums.size());
  write_out(psums, input, sums, channel0);
}

void ForwardArray::write_out(const AlignedVector<float>& psums, const Input& input, ValueMap& sums,
                             int channel0) const {
  const Region region = input.region;
  const float* from = psums.data();
  for (int block = 0; block < blocks(); ++block) {
    const int lanes = std::min(kLanes, count_ - block * kLanes);
    for (int map = 0; map < input.maps; ++map) {
      for (int y = region.y0; y < region.y1; ++y) {
        for (int x = region.x0; x < region.x1; ++x, from += kLanes) {
          std::copy(from, from + lanes, sums.at(map, y, x) + channel0 + block * kLanes);
        }
      }
    }
  }
}

}  // namespace h2
