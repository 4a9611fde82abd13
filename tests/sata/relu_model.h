// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "platform/config/config.h"
#include "tests/platform/card.h"

namespace h2 {

/// Training steps of a network of ReLU as modules/sata/SATA.md words them, as scalar code over
/// whole maps in C,H,W order that multiplies every zero. Shares the driver's losses and the
/// optimiser with the product.
class ReluModel {
 public:
  /// `exact`: sums in double, rounded to FP32 values at the ends of layers only; otherwise every
  /// operation is rounded as `numerics` says.
  ReluModel(const Config& config, bool exact);

  void train(const TrainingGroup& group);
  const std::vector<std::vector<float>>& weights() const { return stored_; }
  double loss() const { return loss_; }

 private:
  using Values = std::vector<double>;
  /// What the forward pass of a layer leaves: what it reads, and which sums are above 0.
  struct Kept {
    Values input;
    std::vector<bool> open;
  };

  double rounded(double value) const;
  double product_added(double sum, double a, double b) const;
  Values convolved(std::size_t l, const Values& input) const;
  Values averaged(const Layer& layer, const Values& conv) const;
  Values spread(const Layer& layer, const Values& pooled) const;
  Values carried_back(std::size_t l, const Values& grad) const;
  void add_weight_gradient(const Layer& layer, const Values& input, const Values& grad,
                           Values& sum) const;
  void sample(const TrainingGroup& group, std::size_t number, std::vector<Values>& sums);
  void update(const std::vector<Values>& sums);

  const Config& config_;
  const bool exact_;
  unsigned step_ = 0;
  double loss_ = 0;
  std::vector<std::vector<float>> stored_, master_, first_, second_;
};

}  // namespace h2
