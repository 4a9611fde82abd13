// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "modules/h2learn/machine.h"
#include "modules/network/network.h"
#include "modules/tensor/maps.h"

namespace h2 {

/// What a part of an array carries, beat by beat, as an RTL bench compares it.
struct Signal {
  enum class Type { value, code, index };  ///< FP16; 0..255; whole number

  std::string name;
  Type type = Type::value;
  std::vector<std::size_t> shape;  ///< C order
  std::vector<float> values;
};

/// Which part of a layer: tiles in the engine's order, and one block of channels.
struct SignalRange {
  std::vector<int> tiles;  ///< numbers in row-major order of the map the engine works on
  int first = 0, count = 0;
};

/// What a signal is: ARITHMETIC.md, section 13, and the manifest of golden tensors say the same.
struct SignalKind {
  const char* name;
  std::vector<std::string> axes;  ///< outermost first
  const char* text;
};
/// All signals, engine by engine.
const std::vector<SignalKind>& signal_kinds();

// The signals of one layer under fp16 numerics, evaluated in the plain order of ARITHMETIC.md,
// section 13, which names them and their axes. Slow; for a few tiles.

/// Forward Engine; `range` counts output channels. `input` as ForwardArray takes it, of `batch`
/// samples.
std::vector<Signal> forward_signals(const Layer& layer, const ForwardSpec& array, TileSpec tile,
                                    const std::vector<float>& oihw, int batch, const BitMap& input,
                                    const SignalRange& range);

/// Backward Engine through the weights of `above`; `range` counts input channels of `above`.
/// `open` is the gradient mask at the positions and channels `above` reads (conv; FC: empty).
std::vector<Signal> backward_signals(const Layer& above, const BackwardSpec& array, TileSpec tile,
                                     const std::vector<float>& oihw, const ValueMap& grad_u,
                                     const BitMap& open, const SignalRange& range);

/// Weight Update Engine; `range` counts output channels, `first_input` and `inputs` the input
/// channels*. Sums run on from the tiles before.
std::vector<Signal> weight_gradient_signals(const Layer& layer, const WeightUpdateSpec& array,
                                            TileSpec tile, int batch, int steps,
                                            const BitMap& input, const ValueMap& grad_u,
                                            const SignalRange& range, int first_input, int inputs);

}  // namespace h2
