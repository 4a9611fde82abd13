#include "modules/kernels/forward.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "modules/error.h"
#include "modules/kernels/bits.h"
#include "modules/kernels/fp16.h"
#include "modules/kernels/isa.h"
#include "modules/kernels/subtree.h"

namespace h2 {
namespace {

/// Tables of merged leaves stay below this width: 64 entries, which keeps 64 channels of a 3x3
/// layer within a level-2 cache.
constexpr int kMergedAddressBits = 6;
/// Positions whose addresses are held at once.
constexpr int kPositionsAtOnce = 512;

int blocks_of(int channels) { return (channels + kLanes - 1) / kLanes; }

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

/// codes[r] = sum of taps[i][r] << i: the address of one leaf per row.
void leaf_codes(const std::uint8_t* const* taps, int count, int rows, std::uint8_t* codes) {
  if (count == 3) {
    const std::uint8_t *a = taps[0], *b = taps[1], *c = taps[2];
    for (int r = 0; r < rows; ++r) codes[r] = static_cast<std::uint8_t>(a[r] + 2 * b[r] + 4 * c[r]);
    return;
  }
  std::memset(codes, 0, rows);
  for (int i = count - 1; i >= 0; --i) {
    const std::uint8_t* tap = taps[i];
    for (int r = 0; r < rows; ++r) codes[r] = static_cast<std::uint8_t>(2 * codes[r] + tap[r]);
  }
}

/// addresses[j] = the codes of table j's parts side by side.
template <int Parts>
void join_codes(const std::uint8_t* codes, const std::uint16_t* source, const std::uint8_t* shift,
                int tables, int parts, std::uint8_t* addresses) {
  const int count = Parts > 0 ? Parts : parts;
  for (int j = 0; j < tables; ++j, source += count, shift += count) {
    unsigned address = 0;
    for (int i = 0; i < count; ++i) address |= unsigned{codes[source[i]]} << shift[i];
    addresses[j] = static_cast<std::uint8_t>(address);
  }
}

}  // namespace

struct ForwardKernel::Scratch {
  std::vector<std::uint8_t> spikes;  ///< [y][x][channel of the iteration], 0 or 1, with padding
  std::vector<std::uint8_t> codes;   ///< [sub-LUT][row], and one code that is always 0
  std::vector<const std::uint8_t*> taps;
};

ForwardKernel::ForwardKernel(const Layer& layer, const ForwardSpec& array, Numerics numerics,
                             Evaluation evaluation)
    : layer_(layer),
      numerics_(numerics),
      evaluation_(evaluation),
      core_(&selected_core(numerics)),
      rows_(array.rows),
      sub_luts_(array.sub_luts),
      inputs_(array.sub_lut_inputs) {
  if (inputs_ < 1 || inputs_ > 8) {
    throw InputError("engines.forward.sub_lut_inputs = " + std::to_string(inputs_) +
                     ": legal 1..8");
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

ForwardKernel::Chunk ForwardKernel::plan_chunk(int first_tap) const {
  Chunk chunk;
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
  while (evaluation_ == Evaluation::table && (1 << chunk.merge) < leaves) {
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

void ForwardKernel::plan_iterations() {
  const int channels = layer_.cin_star();
  for (int first = 0; first < channels; first += rows_) {
    for (std::size_t c = 0; c < chunks_.size(); ++c) {
      Iteration it;
      it.first_channel = first;
      it.channels = std::min(rows_, channels - first);
      it.chunk = static_cast<int>(c);
      const int leaves = it.channels * sub_luts_;
      const int width = 1 << chunks_[c].merge;
      it.tables = (leaves + width - 1) / width;
      it.weights = block_weights_;
      it.table = block_entries_;
      block_weights_ += static_cast<std::size_t>(leaves) * inputs_ * kLanes;
      block_entries_ += static_cast<std::size_t>(it.tables) << chunks_[c].address_bits;
      iterations_.push_back(it);
    }
  }
}

void ForwardKernel::load(const float* oihw, int co0, int count) {
  count_ = count;
  faults_.clear();
  zero_entries_ = true;
  pack_weights(oihw, co0);
  if (evaluation_ == Evaluation::direct) return;
  tables_.resize(blocks_of(count) * block_entries_ * kLanes * core_->entry_bytes);
  for (int block = 0; block < blocks_of(count); ++block) {
    for (const Iteration& it : iterations_) {
      for (int table = 0; table < it.tables; ++table) fill_table(block, it, table);
    }
  }
}

void ForwardKernel::pack_weights(const float* oihw, int co0) {
  weights_.assign(blocks_of(count_) * block_weights_, 0.0F);
  const int taps = layer_.taps();
  for (int block = 0; block < blocks_of(count_); ++block) {
    const int lanes = std::min(kLanes, count_ - block * kLanes);
    for (const Iteration& it : iterations_) {
      const Chunk& chunk = chunks_[it.chunk];
      float* to = &weights_[block * block_weights_ + it.weights];
      for (int r = 0; r < it.channels; ++r) {
        const int channel = (it.first_channel + r) / layer_.planes;
        const int plane = (it.first_channel + r) % layer_.planes;
        for (int s = 0; s < sub_luts_; ++s, to += inputs_ * kLanes) {
          for (int i = 0; i < chunk.leaf_taps[s]; ++i) {
            const int tap = chunk.first_tap + s * inputs_ + i;
            float* row = to + i * kLanes;
            for (int lane = 0; lane < lanes; ++lane) {
              const std::size_t co = co0 + block * kLanes + lane;
              row[lane] = oihw[(co * layer_.cin + channel) * taps + tap];
            }
            if (plane > 0) core_->scale(row, static_cast<float>(1 << plane), row, kLanes);
          }
        }
      }
    }
  }
}

int ForwardKernel::fill_leaf(int block, const Iteration& iteration, int leaf,
                             std::vector<float>& out) const {
  const bool exists = leaf < iteration.channels * sub_luts_;
  const int taps = exists ? chunks_[iteration.chunk].leaf_taps[leaf % sub_luts_] : 0;
  if (taps == 0) return 0;
  out.resize(static_cast<std::size_t>(kLanes) << taps);
  const std::size_t first = block * block_weights_ + iteration.weights +
                            static_cast<std::size_t>(leaf) * inputs_ * kLanes;
  core_->leaf_table(&weights_[first], taps, out.data());
  for (const Fault& fault : faults_) {
    const bool here = fault.block == block && &iterations_[fault.iteration] == &iteration;
    if (!here || fault.leaf != leaf) continue;
    float& entry = out[static_cast<std::size_t>(fault.entry) * kLanes + fault.lane];
    entry = flip_bit(numerics_, entry, fault.bit);
  }
  return taps;
}

void ForwardKernel::fill_table(int block, const Iteration& iteration, int table) {
  const Chunk& chunk = chunks_[iteration.chunk];
  std::vector<float> entries;
  const auto leaf = [&](int index, std::vector<float>& out) {
    return fill_leaf(block, iteration, index, out);
  };
  const int bits = subtree_table(*core_, chunk.merge, table, leaf, entries);
  const std::size_t first = block * block_entries_ + iteration.table +
                            (static_cast<std::size_t>(table) << chunk.address_bits);
  const std::size_t count = bits == 0 ? 0 : std::size_t{1} << bits;
  core_->store_entries(entries.data(), count, &tables_[first * kLanes * core_->entry_bytes]);
}

void ForwardKernel::corrupt(int channel, int input, int table, int entry, int bit) {
  if (evaluation_ == Evaluation::direct) {
    throw InputError("table fault: direct evaluation has no tables; legal with lut: true");
  }
  check_range("channel", channel, count_);
  check_range("input", input, layer_.cin_star());
  check_range("table", table, (layer_.taps() + inputs_ - 1) / inputs_);
  const int chunk = table / sub_luts_;
  const int taps = chunks_[chunk].leaf_taps[table % sub_luts_];
  check_range("entry", entry, 1 << taps);
  check_range("bit", bit, numerics_ == Numerics::fp16 ? 16 : 32);
  Fault fault{channel / kLanes, channel % kLanes, 0, 0, entry, bit};
  fault.iteration = input / rows_ * static_cast<int>(chunks_.size()) + chunk;
  fault.leaf = input % rows_ * sub_luts_ + table % sub_luts_;
  faults_.push_back(fault);
  if (entry == 0) zero_entries_ = false;
  fill_table(fault.block, iterations_[fault.iteration], fault.leaf >> chunks_[chunk].merge);
}

/// Table addresses of one map: row i of `addresses` is the i-th position of the region.
void ForwardKernel::add_addresses(const BitMap& input, int map, Region region,
                                  const Iteration& iteration, Scratch& scratch,
                                  std::uint8_t* addresses, int stride) const {
  const int word0 = iteration.first_channel / 16;
  const int words = (iteration.first_channel + iteration.channels + 15) / 16 - word0;
  const int width = (region.width() - 1) * layer_.stride + layer_.kernel;
  const int height = (region.height() - 1) * layer_.stride + layer_.kernel;
  const int y0 = region.y0 * layer_.stride - layer_.pad;
  const int x0 = region.x0 * layer_.stride - layer_.pad;
  scratch.spikes.assign(static_cast<std::size_t>(height) * width * words * 16, 0);
  for (int y = std::max(0, -y0); y < std::min(height, input.height - y0); ++y) {
    for (int x = std::max(0, -x0); x < std::min(width, input.width - x0); ++x) {
      const std::uint16_t* from = input.at(map, y0 + y, x0 + x) + word0;
      std::uint8_t* to = &scratch.spikes[(static_cast<std::size_t>(y) * width + x) * words * 16];
      for (int w = 0; w < words; ++w) expand_bits(from[w], to + w * 16);
    }
  }
  const Chunk& chunk = chunks_[iteration.chunk];
  const auto join = chunk.parts == 1   ? join_codes<1>
                    : chunk.parts == 2 ? join_codes<2>
                    : chunk.parts == 4 ? join_codes<4>
                                       : join_codes<0>;
  scratch.codes.assign(static_cast<std::size_t>(rows_) * sub_luts_ + 1, 0);
  scratch.taps.resize(inputs_);
  const std::uint8_t* spikes = scratch.spikes.data() + iteration.first_channel % 16;
  for (int y = 0; y < region.height(); ++y) {
    for (int x = 0; x < region.width(); ++x, addresses += stride) {
      for (int s = 0; s < sub_luts_; ++s) {
        for (int i = 0; i < chunk.leaf_taps[s]; ++i) {
          const int tap = chunk.first_tap + s * inputs_ + i;
          const int py = y * layer_.stride + tap / layer_.kernel;
          const int px = x * layer_.stride + tap % layer_.kernel;
          scratch.taps[i] = spikes + (static_cast<std::size_t>(py) * width + px) * words * 16;
        }
        leaf_codes(scratch.taps.data(), chunk.leaf_taps[s], iteration.channels,
                   &scratch.codes[static_cast<std::size_t>(s) * rows_]);
      }
      join(scratch.codes.data(), chunk.source.data(), chunk.shift.data(), iteration.tables,
           chunk.parts, addresses);
    }
  }
}

void ForwardKernel::run(const BitMap& input, Region region, ValueMap& sums) const {
  const int area = region.area();
  const int blocks = blocks_of(count_);
  const std::size_t positions = static_cast<std::size_t>(input.maps) * area;
  std::vector<float> psums(blocks * positions * kLanes, 0.0F);
  std::vector<std::uint8_t> addresses;
  Scratch scratch;
  const int maps_at_once = std::max(1, kPositionsAtOnce / area);
  for (const Iteration& it : iterations_) {
    TreeArgs args;
    args.address_bits = chunks_[it.chunk].address_bits;
    args.leaves = it.tables;
    args.stride = (it.tables + 7) / 8 * 8;
    args.skip_zero = zero_entries_;
    addresses.resize(static_cast<std::size_t>(maps_at_once) * area * args.stride);
    for (int map0 = 0; map0 < input.maps; map0 += maps_at_once) {
      const int maps = std::min(maps_at_once, input.maps - map0);
      for (int m = 0; m < maps; ++m) {
        add_addresses(input, map0 + m, region, it, scratch,
                      &addresses[static_cast<std::size_t>(m) * area * args.stride], args.stride);
      }
      args.addresses = addresses.data();
      args.count = maps * area;
      for (int block = 0; block < blocks; ++block) {
        const std::size_t first = static_cast<std::size_t>(map0) * area;
        args.sums = &psums[(block * positions + first) * kLanes];
        if (evaluation_ == Evaluation::direct) {
          args.tables = &weights_[block * block_weights_ + it.weights];
          core_->tree_direct(args);
        } else {
          const std::size_t entry = block * block_entries_ + it.table;
          args.tables = &tables_[entry * kLanes * core_->entry_bytes];
          core_->tree_tables(args);
        }
      }
    }
  }
  if (layer_.planes > 1) {
    core_->scale(psums.data(), layer_.plane_scale(), psums.data(), psums.size());
  }
  for (int block = 0; block < blocks; ++block) {
    const int lanes = std::min(kLanes, count_ - block * kLanes);
    const float* from = &psums[block * positions * kLanes];
    for (int map = 0; map < input.maps; ++map) {
      for (int y = region.y0; y < region.y1; ++y) {
        for (int x = region.x0; x < region.x1; ++x, from += kLanes) {
          std::copy(from, from + lanes, sums.at(map, y, x) + block * kLanes);
        }
      }
    }
  }
}

}  // namespace h2
