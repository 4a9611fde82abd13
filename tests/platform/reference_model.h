// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "modules/tensor/maps.h"
#include "platform/config/config.h"
#include "tests/arithmetic/norm_reference.h"
#include "tests/platform/card.h"

namespace h2 {

/// One training step after another as ARITHMETIC.md defines it: whole maps, layer by layer, without
/// engines, memories, tiles or blocks of channels.
class ReferenceModel {
 public:
  /// Where the sums come from: the fast kernels, or the scalar reference of the kernel tests.
  enum class Sums { kernels, reference };

  ReferenceModel(const Config& config, Sums sums);
  virtual ~ReferenceModel() = default;

  void train(const TrainingGroup& training_group);
  /// Stored weights of all layers, OIHW.
  std::vector<std::vector<std::uint8_t>> weights() const;
  double loss() const { return loss_; }

 protected:
  /// Sums of the machine's arrays with the stored weights; another machine overrides them.
  virtual ValueMap forward_sums(std::size_t l, const BitMap& input) const;
  virtual ValueMap backward_sums(std::size_t l, const ValueMap& grad_u) const;
  virtual std::vector<float> weight_gradient(const Layer& layer, int batch, const BitMap& input,
                                             const ValueMap& grad_u) const;
  const Network& network() const { return network_; }
  const std::vector<float>& stored(std::size_t l) const { return stored_[l]; }

 private:
  /// What the forward pass of a layer leaves.
  struct Kept {
    BitMap input, spikes, mask;
    ValueMap u, currents;
    reference::Moments moments;  ///< of the currents, with batch norm
  };
  using Gradients = std::vector<std::vector<float>>;

  BitMap input_of(const TrainingGroup& training_group, std::size_t first, int batch) const;
  /// `added`: another layer whose spikes or potentials are added to the sums, or null.
  Kept forward(std::size_t l, int batch, BitMap input, const Kept* added) const;
  ValueMap loss_gradient(const TrainingGroup& training_group, std::size_t first, int batch,
                         const BitMap& spikes);
  ValueMap readout_gradient(const TrainingGroup& training_group, std::size_t first, int batch,
                            const ValueMap& u);
  /// `direct`: a further term of grad-u.
  ValueMap backward(const Layer& layer, int batch, const Kept& kept, const ValueMap& spatial,
                    const ValueMap& direct) const;
  ValueMap normalised(std::size_t l, Kept& kept, ValueMap currents) const;
  ValueMap through_norm(std::size_t l, const Kept& kept, const ValueMap& grad_u,
                        std::vector<float>& gradients);
  ValueMap at_convolution(const Layer& layer, const ValueMap& grad_u) const;
  Gradients sub_batch(const TrainingGroup& training_group, std::size_t first, int batch);
  double share_of(unsigned step) const;
  void add_parts(std::vector<Gradients>& parts) const;
  void update(const Gradients& sum);

  const Config& config_;
  const Network& network_;
  const Machine& machine_;
  Sums sums_;
  int value_bytes_;
  unsigned step_ = 0;
  double loss_ = 0;
  std::vector<std::vector<float>> stored_, master_, first_, second_;
};

}  // namespace h2
