// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "modules/arithmetic/update.h"
#include "modules/spinaps/glm_network.h"
#include "modules/spinaps/glm_spikes.h"

// Maximum likelihood for first-to-spike decoding (Bagheri, Simeone, Rajendran, arXiv 1710.10704),
// on the host: SPINAPS.md, "Training".

namespace h2 {

/// a[k][d], d = 1..tau: raised cosines over log d, half-overlapping, from d = 1 to d = tau.
std::vector<double> raised_cosines(int kernels, int tau);

/// Parameters in the basis of the kernels: weights[j][k][c], biases[c].
template <class Real>
struct GlmParameters {
  int inputs = 0, classes = 0, tau = 1, kernels = 1;
  std::vector<Real> weights, biases;

  GlmParameters() = default;
  /// Weights 0, all biases `bias`.
  GlmParameters(int inputs_, int classes_, int tau_, int kernels_, double bias)
      : inputs(inputs_),
        classes(classes_),
        tau(tau_),
        kernels(kernels_),
        weights(static_cast<std::size_t>(inputs_) * kernels_ * classes_),
        biases(static_cast<std::size_t>(classes_), static_cast<Real>(bias)) {}
};

/// Log likelihood of samples and its gradient. Keeps room for one sample's filtered spikes.
template <class Real>
class GlmLikelihood {
 public:
  GlmLikelihood(const GlmParameters<Real>& parameters, int steps);

  /// log of the probability that class `label` fires first within the steps. Adds its derivatives
  /// to `gradient`, which has the shape of the parameters, unless that is null.
  double add(const GlmSpikes& spikes, int label, GlmParameters<Real>* gradient);
  /// u[t][c] of the sample given last.
  const std::vector<Real>& potentials() const { return u_; }

 private:
  struct Active {
    int input = 0;
    int first = 0;  ///< step from which its filtered spikes may differ from 0
  };
  void filter(const GlmSpikes& spikes);
  void potentials_of_spikes();
  double errors_of(int label);

  const GlmParameters<Real>& p_;
  const int steps_;
  std::vector<Real> kernels_;            // [k][d]
  std::vector<std::vector<int>> times_;  // by input, of the sample
  std::vector<Active> active_;
  std::vector<Real> filtered_;  // [active][t][k]
  std::vector<Real> u_;         // [t][c]
  std::vector<double> error_;   // dL/du [t][c]
};

/// Adds optimiser steps up; state is FP32.
class GlmTrainer {
 public:
  GlmTrainer(const GlmParameters<float>& start, int steps, const UpdateSpec& update);

  /// Mean log likelihood of the samples before the step that they lead to.
  double train(const std::vector<const GlmSpikes*>& samples, const std::vector<int>& labels);
  const GlmParameters<float>& parameters() const { return parameters_; }

 private:
  void update(std::vector<float>& weights, std::vector<float>& gradient, std::size_t state,
              std::size_t samples);

  GlmParameters<float> parameters_, gradient_;
  GlmLikelihood<float> likelihood_;
  const UpdateSpec update_;
  unsigned step_ = 0;
  std::vector<float> first_[2], second_[2];  // of weights and biases
};

/// Kernels times weights, rounded to `bits`: of the scales tried the one with the least squared
/// error, what lies beyond the largest number being clipped.
GlmNetwork quantise(const GlmParameters<float>& parameters, int bits);

extern template class GlmLikelihood<float>;
extern template class GlmLikelihood<double>;

}  // namespace h2
