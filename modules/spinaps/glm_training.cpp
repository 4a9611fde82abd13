// SPDX-License-Identifier: Apache-2.0
#include "modules/spinaps/glm_training.h"

#include <algorithm>
#include <cmath>

#include "modules/spinaps/steady_math.h"

namespace h2 {

std::vector<double> raised_cosines(int kernels, int tau) {
  constexpr double kPi = 3.14159265358979323846;
  const double last = steady_log(tau);
  // One kernel falls from 1 at d = 1 to 1/2 at d = tau.
  const double distance = kernels > 1 ? last / (kernels - 1) : last;
  std::vector<double> a;
  for (int k = 0; k < kernels; ++k) {
    for (int d = 1; d <= tau; ++d) {
      const double away = distance > 0 ? (steady_log(d) - k * distance) / distance : 0;
      const double angle = std::clamp(away * kPi / 2, -kPi, kPi);
      a.push_back((1 + std::cos(angle)) / 2);
    }
  }
  return a;
}

template <class Real>
GlmLikelihood<Real>::GlmLikelihood(const GlmParameters<Real>& parameters, int steps)
    : p_(parameters), steps_(steps), times_(parameters.inputs) {
  for (const double a : raised_cosines(p_.kernels, p_.tau)) {
    kernels_.push_back(static_cast<Real>(a));
  }
  u_.resize(static_cast<std::size_t>(steps) * p_.classes);
  error_.resize(u_.size());
}

/// The kernels over the spikes of each input that has any: f[t][k] = sum of a[k][d] x[t - d].
template <class Real>
void GlmLikelihood<Real>::filter(const GlmSpikes& spikes) {
  for (const Active& a : active_) times_[a.input].clear();
  active_.clear();
  for (int t = 0; t + 1 < steps_; ++t) {
    for (const std::uint16_t j : spikes.steps[t]) {
      if (times_[j].empty()) active_.push_back({j, t + 1});
      times_[j].push_back(t);
    }
  }
  const std::size_t size = static_cast<std::size_t>(steps_) * p_.kernels;
  filtered_.assign(active_.size() * size, Real(0));
  Real* f = filtered_.data();
  for (const Active& a : active_) {
    for (const int spike : times_[a.input]) {
      for (int d = 1; d <= std::min(p_.tau, steps_ - 1 - spike); ++d) {
        for (int k = 0; k < p_.kernels; ++k) {
          f[(spike + d) * p_.kernels + k] += kernels_[k * p_.tau + d - 1];
        }
      }
    }
    f += size;
  }
}

template <class Real>
void GlmLikelihood<Real>::potentials_of_spikes() {
  for (int t = 0; t < steps_; ++t) {
    std::copy(p_.biases.begin(), p_.biases.end(), u_.begin() + t * p_.classes);
  }
  const Real* f = filtered_.data();
  for (const Active& a : active_) {
    const Real* weights = &p_.weights[static_cast<std::size_t>(a.input) * p_.kernels * p_.classes];
    for (int t = a.first; t < steps_; ++t) {
      Real* u = &u_[t * p_.classes];
      for (int k = 0; k < p_.kernels; ++k) {
        const Real amount = f[t * p_.kernels + k];
        if (amount == 0) continue;
        for (int c = 0; c < p_.classes; ++c) u[c] += amount * weights[k * p_.classes + c];
      }
    }
    f += static_cast<std::size_t>(steps_) * p_.kernels;
  }
}

/// Fills dL/du: of the label q_t - h_t g, of the others -h_t g; q_t: probability, given the label,
/// that it fires first at t, h_t: at t or later. Returns L.
template <class Real>
double GlmLikelihood<Real>::errors_of(int label) {
  const int classes = p_.classes;
  std::vector<double> log_p(steps_);
  double quiet = 0;  // log of the probability that nobody has fired before
  for (int t = 0; t < steps_; ++t) {
    const Real* u = &u_[t * classes];
    double others = 0;
    for (int c = 0; c < classes; ++c) {
      if (c != label) others -= softplus(u[c]);
    }
    log_p[t] = quiet + others - softplus(-u[label]);
    quiet += others - softplus(u[label]);
  }
  const double most = *std::max_element(log_p.begin(), log_p.end());
  double sum = 0;
  for (const double p : log_p) sum += steady_exp(p - most);
  double later = 0;
  for (int t = steps_ - 1; t >= 0; --t) {
    const double q = steady_exp(log_p[t] - most) / sum;
    later += q;
    for (int c = 0; c < classes; ++c) {
      const double g = 1 / (1 + steady_exp(-static_cast<double>(u_[t * classes + c])));
      error_[t * classes + c] = (c == label ? q : 0) - later * g;
    }
  }
  return most + steady_log(sum);
}

template <class Real>
double GlmLikelihood<Real>::add(const GlmSpikes& spikes, int label, GlmParameters<Real>* gradient) {
  filter(spikes);
  potentials_of_spikes();
  const double likelihood = errors_of(label);
  if (gradient == nullptr) return likelihood;
  const int classes = p_.classes;
  std::vector<Real> error(error_.begin(), error_.end());
  for (int t = 0; t < steps_; ++t) {
    for (int c = 0; c < classes; ++c) gradient->biases[c] += error[t * classes + c];
  }
  const Real* f = filtered_.data();
  for (const Active& a : active_) {
    Real* weights = &gradient->weights[static_cast<std::size_t>(a.input) * p_.kernels * classes];
    for (int t = a.first; t < steps_; ++t) {
      const Real* e = &error[t * classes];
      for (int k = 0; k < p_.kernels; ++k) {
        const Real amount = f[t * p_.kernels + k];
        if (amount == 0) continue;
        for (int c = 0; c < classes; ++c) weights[k * classes + c] += amount * e[c];
      }
    }
    f += static_cast<std::size_t>(steps_) * p_.kernels;
  }
  return likelihood;
}

template class GlmLikelihood<float>;
template class GlmLikelihood<double>;

GlmTrainer::GlmTrainer(const GlmParameters<float>& start, int steps, const UpdateSpec& update)
    : parameters_(start), gradient_(start), likelihood_(parameters_, steps), update_(update) {
  for (const std::size_t i : {0U, 1U}) {
    const std::size_t count = i == 0 ? start.weights.size() : start.biases.size();
    first_[i].resize(count);
    second_[i].resize(count);
  }
}

/// The likelihood is to grow: its gradient is followed upwards.
void GlmTrainer::update(std::vector<float>& weights, std::vector<float>& gradient,
                        std::size_t state, std::size_t samples) {
  const float scale = -1.0F / static_cast<float>(samples);
  for (float& g : gradient) g *= scale;
  update_weights(update_, step_, gradient.data(), weights.data(), first_[state].data(),
                 second_[state].data(), weights.size());
}

double GlmTrainer::train(const std::vector<const GlmSpikes*>& samples,
                         const std::vector<int>& labels) {
  std::fill(gradient_.weights.begin(), gradient_.weights.end(), 0.0F);
  std::fill(gradient_.biases.begin(), gradient_.biases.end(), 0.0F);
  double sum = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    sum += likelihood_.add(*samples[i], labels[i], &gradient_);
  }
  ++step_;
  update(parameters_.weights, gradient_.weights, 0, samples.size());
  update(parameters_.biases, gradient_.biases, 1, samples.size());
  return sum / static_cast<double>(samples.size());
}

namespace {

/// Q of the network, before rounding: [d][j][c].
std::vector<double> expand(const GlmParameters<float>& p) {
  const std::vector<double> a = raised_cosines(p.kernels, p.tau);
  std::vector<double> expanded(static_cast<std::size_t>(p.tau) * p.inputs * p.classes);
  double* to = expanded.data();
  for (int d = 0; d < p.tau; ++d) {
    const float* w = p.weights.data();
    for (int j = 0; j < p.inputs; ++j) {
      for (int k = 0; k < p.kernels; ++k, w += p.classes) {
        for (int c = 0; c < p.classes; ++c) to[c] += a[k * p.tau + d] * w[c];
      }
      to += p.classes;
    }
  }
  return expanded;
}

double rounded(double value, double scale, double most) {
  return std::clamp(std::floor(value * scale + 0.5), -most, most);
}

double squared_error(const std::vector<double>& values, double scale, double most) {
  double all = 0;
  for (const double v : values) {
    const double off = v - rounded(v, scale, most) / scale;
    all += off * off;
  }
  return all;
}

}  // namespace

GlmNetwork quantise(const GlmParameters<float>& p, int bits) {
  const std::vector<double> values = expand(p);
  const double most = (1 << (bits - 1)) - 1;
  double largest = 0;
  for (const double v : values) largest = std::max(largest, std::fabs(v));
  GlmNetwork network;
  network.inputs = p.inputs;
  network.classes = p.classes;
  network.tau = p.tau;
  network.weight_bits = bits;
  if (largest > 0) {
    constexpr int kScales = 32;
    double best = -1;
    for (int i = 1; i <= kScales; ++i) {
      const double units = most / largest * kScales / i * 65536;
      const auto scale = static_cast<std::uint32_t>(std::clamp(units, 1.0, 4294967295.0));
      const double error = squared_error(values, scale / 65536.0, most);
      if (best >= 0 && error >= best) continue;
      best = error;
      network.scale_q16 = scale;
    }
  }
  const double scale = network.scale_q16 / 65536.0;
  for (const double v : values) {
    network.weights.push_back(static_cast<std::int8_t>(rounded(v, scale, most)));
  }
  for (const float b : p.biases) {
    network.biases.push_back(static_cast<std::int32_t>(rounded(b, scale, 1e9)));
  }
  return network;
}

}  // namespace h2
