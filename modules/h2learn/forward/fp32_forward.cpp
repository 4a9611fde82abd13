// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/forward/fp32_forward.h"

#include <algorithm>
#include <utility>

#include "modules/arithmetic/events.h"
#include "modules/arithmetic/simd/isa.h"

namespace h2 {
namespace {

/// Channels* added up before the next: their weights for one row of a 3x3 window (24 KB) stay in a
/// level-1 cache.
constexpr int kChannels = 128;

}  // namespace

Fp32Forward::Fp32Forward(Layer layer)
    : layer_(std::move(layer)), ops_(&selected_ops(Numerics::fp32)) {}

void Fp32Forward::load(const float* oihw, int co0, int count) {
  count_ = count;
  block_weights_ = static_cast<std::size_t>(layer_.taps()) * layer_.cin_star() * kLanes;
  weights_.assign(blocks() * block_weights_, 0.0F);
  for (int block = 0; block < blocks(); ++block) pack_block(oihw, co0 + block * kLanes, block);
}

void Fp32Forward::pack_block(const float* oihw, int co0, int block) {
  const int taps = layer_.taps(), planes = layer_.planes;
  const int lanes = std::min(kLanes, count_ - block * kLanes);
  for (int star0 = 0; star0 < layer_.cin_star(); star0 += kChannels) {
    const int channels = std::min(kChannels, layer_.cin_star() - star0);
    int offset[kChannels];
    float factor[kChannels];
    for (int i = 0; i < channels; ++i) {
      offset[i] = (star0 + i) / planes * taps;
      factor[i] = layer_.star_value(star0 + i);
    }
    float* to = &weights_[block * block_weights_ + static_cast<std::size_t>(star0) * taps * kLanes];
    for (int tap = 0; tap < taps; ++tap) {
      for (int lane = 0; lane < lanes; ++lane) {
        const float* row = oihw + static_cast<std::size_t>(co0 + lane) * layer_.cin * taps + tap;
        for (int i = 0; i < channels; ++i) to[i * kLanes + lane] = row[offset[i]] * factor[i];
      }
      to += channels * kLanes;
    }
  }
}

Fp32Forward::Input Fp32Forward::prepare(const BitMap& input, Region region) const {
  const Windows windows = Windows::forward(layer_);
  Input prepared;
  prepared.maps = input.maps;
  prepared.region = region;
  prepared.seen = windows.reach(region, input.height, input.width);
  prepared.runs = plan_runs(windows, region, prepared.seen);
  for (int star = 0; star < layer_.cin_star(); star += kChannels) {
    const int channels = std::min(kChannels, layer_.cin_star() - star);
    for (int map = 0; map < input.maps; ++map) {
      list_spikes(*ops_, input, map, prepared.seen, star, channels, prepared.events);
    }
  }
  return prepared;
}

void Fp32Forward::run(const Input& input, ValueMap& sums, int channel0) const {
  const std::size_t block_sums = static_cast<std::size_t>(input.region.area()) * kLanes;
  AlignedVector<float> psums(blocks() * input.maps * block_sums, 0.0F);
  RowSumArgs args;
  args.run_pitch = layer_.kernel;
  args.outputs = input.region.area();
  args.events = input.events.entries.data();
  std::size_t first_list = 0;
  for (int star = 0; star < layer_.cin_star(); star += kChannels, first_list += input.maps) {
    args.channels = std::min(kChannels, layer_.cin_star() - star);
    const std::size_t weights = static_cast<std::size_t>(star) * layer_.taps() * kLanes;
    for (int row = 0; row < layer_.kernel; ++row) {
      args.runs = input.runs.data() + row;
      for (int block = 0; block < blocks(); ++block) {
        args.rows = &weights_[block * block_weights_ + weights];
        args.sums = &psums[block * input.maps * block_sums];
        for (int map = 0; map < input.maps; ++map, args.sums += block_sums) {
          args.starts = input.events.list(first_list + map, input.seen);
          ops_->row_sums(args);
        }
      }
    }
  }
  write_out(psums, input.region, sums, channel0);
}

void Fp32Forward::write_out(const AlignedVector<float>& psums, Region region, ValueMap& sums,
                            int channel0) const {
  const float* from = psums.data();
  for (int block = 0; block < blocks(); ++block) {
    const int lanes = std::min(kLanes, count_ - block * kLanes);
    for (int map = 0; map < sums.maps; ++map) {
      for (int y = region.y0; y < region.y1; ++y) {
        for (int x = region.x0; x < region.x1; ++x, from += kLanes) {
          std::copy(from, from + lanes, sums.at(map, y, x) + channel0 + block * kLanes);
        }
      }
    }
  }
}

}  // namespace h2
