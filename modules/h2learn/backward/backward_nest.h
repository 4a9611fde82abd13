// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "modules/h2learn/machine.h"
#include "modules/network/network.h"

namespace h2 {

/// Order of the Backward Engine's loops through a convolution, and what stays in its buffer instead
/// of being read again. The default is the order that the text of V-B3 words: for 64 channels of
/// the layer { for tile { for 16 channels of the layer above } }.
struct BackwardNest {
  bool tile_outermost = false;  ///< a tile passes through all channels before the next one
  /// Channels of the layer above, from 0 on, whose grad-u stays: of a tile for all its passes
  /// (tile outermost), otherwise of the whole map for the job. A multiple of 16, or all.
  int gradient_channels = 0;
  /// The same whose weights stay: all of them for the job (tile outermost), otherwise those of a
  /// pass for its tiles.
  int weight_channels = 0;

  bool is_text() const { return !tile_outermost && gradient_channels == 0 && weight_channels == 0; }
};

/// "pass outermost, grad-u of 128 and weights of 256 of 512 channels stay"
std::string text_of(const BackwardNest& nest, const Layer& above);

/// What a job of the Backward Engine through the convolution `above` reads under a nest, grad-u
/// dense, and what of it the buffer holds beside the chunks under way. Values count 2 bytes.
class BackwardCosts {
 public:
  BackwardCosts(const Machine& machine, const Layer& above, int batch, int steps);

  /// grad-u, its bitmap and weights.
  std::uint64_t read_bytes(const BackwardNest& nest) const;
  std::uint64_t gradient_bytes(const BackwardNest& nest) const;
  std::uint64_t weight_bytes(const BackwardNest& nest) const;
  /// What stays.
  std::uint64_t held_gradient(const BackwardNest& nest) const;
  std::uint64_t held_weights(const BackwardNest& nest) const;
  std::uint64_t held_bytes(const BackwardNest& nest) const {
    return held_gradient(nest) + held_weights(nest);
  }
  /// Of all nests whose held bytes are at most `room` the one that reads least, of these the one
  /// that holds least. The array's cycles are those of the masks in every nest, so this one also
  /// has the least maximum of compute time and transfer time, whatever masks and bandwidth are.
  BackwardNest least(std::uint64_t room) const;

 private:
  /// A block of 16 channels of the layer above.
  struct Block {
    std::uint64_t windows = 0;         ///< grad-u of all tiles, each with its halo
    std::uint64_t largest_window = 0;  ///< of one tile
    std::uint64_t map = 0;             ///< grad-u that any tile reads, once
    std::uint64_t weights = 0;         ///< of all inputs, once
    std::uint64_t pass_weights = 0;    ///< summed over the passes, stored blocks of 64 inputs each
    std::uint64_t largest_pass = 0;    ///< of one pass
    int reads = 0;                     ///< chunks of a tile and pass that need the block
  };
  void measure_gradient(const Machine& machine, const Layer& above, int batch, int steps);
  void measure_weights(const Machine& machine, const Layer& above);
  bool stays(std::size_t block, int channels) const {
    return static_cast<int>(block) * 16 < channels;
  }
  BackwardNest largest(BackwardNest nest, std::uint64_t room) const;
  int channels_of(std::size_t blocks) const;

  std::vector<Block> blocks_;
  int channels_, passes_, tiles_;
  Halo halo_;
};

}  // namespace h2
