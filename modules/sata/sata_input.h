// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "modules/sata/sata_array.h"
#include "modules/sata/sata_context.h"

namespace h2 {

/// A layer's input with what the array makes of it: spikes that add weights and gradients, or
/// activations that multiply them. Inputs are numbered as in the layer's own view (array_view()):
/// bit planes of spikes as channels, a map flattened for a fully connected layer.
class SataInput {
 public:
  virtual ~SataInput() = default;

  virtual void begin_pass() = 0;
  /// Inputs [c0, c1) of `region` of the input map.
  virtual void want(Region region, int c0, int c1, TransferList& list) = 0;
  /// Spikes, or activations that are not 0; also in runs without data.
  virtual const BitMap& nonzero() = 0;
  /// Maps that sums are made of: those of a static input alone where it is one.
  virtual int maps() const = 0;

  /// Takes the weights of output channels [k0, k1).
  virtual void load(const float* oihw, int k0, int k1) = 0;
  /// Forward sums of these channels at `region`.
  virtual void sum(Region region, ValueMap& sums) const = 0;
  virtual void weight_gradient(const ValueMap& grad_u, const SataWeightGradient::Part& part,
                               float* oihw) const = 0;
};

std::unique_ptr<SataInput> make_sata_input(const SataContext& context, int layer);

}  // namespace h2
