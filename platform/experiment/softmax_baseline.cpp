// SPDX-License-Identifier: Apache-2.0
#include "platform/experiment/softmax_baseline.h"

#include <algorithm>

#include "modules/arithmetic/update.h"
#include "modules/base/rng.h"
#include "modules/spinaps/steady_math.h"

namespace h2 {
namespace {

constexpr std::size_t kGroup = 32;

class Softmax {
 public:
  Softmax(std::size_t inputs, std::size_t classes)
      : inputs_(inputs), classes_(classes), weights_((inputs + 1) * classes) {
    for (auto* list : {&gradient_, &first_, &second_}) list->resize(weights_.size());
    update_.optimizer = Optimizer::adam;
    update_.learning_rate = 0.002F;
  }

  /// Sums of the classes; the last row of weights is the biases.
  std::vector<float> sums(const std::uint8_t* pixels) const {
    std::vector<float> z(weights_.end() - static_cast<std::ptrdiff_t>(classes_), weights_.end());
    for (std::size_t j = 0; j < inputs_; ++j) {
      if (pixels[j] == 0) continue;
      const float x = static_cast<float>(pixels[j]) / 256;
      for (std::size_t c = 0; c < classes_; ++c) z[c] += x * weights_[j * classes_ + c];
    }
    return z;
  }

  void add_gradient(const std::uint8_t* pixels, int label) {
    std::vector<float> error = sums(pixels);
    const float most = *std::max_element(error.begin(), error.end());
    double all = 0;
    for (const float z : error) all += steady_exp(z - most);
    for (std::size_t c = 0; c < classes_; ++c) {
      const double p = steady_exp(error[c] - most) / all;
      error[c] = static_cast<float>(p - (static_cast<int>(c) == label ? 1 : 0)) / kGroup;
      gradient_[inputs_ * classes_ + c] += error[c];
    }
    for (std::size_t j = 0; j < inputs_; ++j) {
      if (pixels[j] == 0) continue;
      const float x = static_cast<float>(pixels[j]) / 256;
      for (std::size_t c = 0; c < classes_; ++c) gradient_[j * classes_ + c] += x * error[c];
    }
  }

  void step() {
    update_weights(update_, ++steps_, gradient_.data(), weights_.data(), first_.data(),
                   second_.data(), weights_.size());
    std::fill(gradient_.begin(), gradient_.end(), 0.0F);
  }

 private:
  const std::size_t inputs_, classes_;
  std::vector<float> weights_, gradient_, first_, second_;
  UpdateSpec update_;
  unsigned steps_ = 0;
};

}  // namespace

double softmax_accuracy(const LoadedData& data, int epochs, std::uint64_t seed) {
  Softmax model(data.train.sample_size(), static_cast<std::size_t>(data.train.classes));
  for (int epoch = 0; epoch < epochs; ++epoch) {
    const auto order = permutation(static_cast<std::uint32_t>(data.train.size()), seed, epoch);
    for (std::size_t i = 0; i < order.size(); ++i) {
      model.add_gradient(data.train.sample(order[i]), data.train.label(order[i]));
      if ((i + 1) % kGroup == 0 || i + 1 == order.size()) model.step();
    }
  }
  std::size_t right = 0;
  for (std::size_t i = 0; i < data.test.size(); ++i) {
    const std::vector<float> z = model.sums(data.test.sample(i));
    right += std::max_element(z.begin(), z.end()) - z.begin() == data.test.label(i) ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(data.test.size());
}

}  // namespace h2
