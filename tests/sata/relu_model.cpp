// SPDX-License-Identifier: Apache-2.0
#include "tests/sata/relu_model.h"

#include "modules/arithmetic/fp16.h"
#include "modules/arithmetic/update.h"
#include "platform/driver/h2_values.h"
#include "tests/platform/simulation.h"

namespace h2 {
namespace {

/// Calls visit(k, c, r, s, y, x, iy, ix) for every product of a convolution, in the order of its
/// sums; positions outside of the map are left out.
template <class Visit>
void for_products(const Layer& l, Visit visit) {
  for (int k = 0; k < l.cout; ++k)
    for (int y = 0; y < l.out_h; ++y)
      for (int x = 0; x < l.out_w; ++x)
        for (int c = 0; c < l.cin; ++c)
          for (int r = 0; r < l.kernel; ++r)
            for (int s = 0; s < l.kernel; ++s) {
              const int iy = y * l.stride - l.pad + r, ix = x * l.stride - l.pad + s;
              if (iy < 0 || iy >= l.in_h || ix < 0 || ix >= l.in_w) continue;
              const int w = ((k * l.cin + c) * l.kernel + r) * l.kernel + s;
              visit(w, (k * l.out_h + y) * l.out_w + x, (c * l.in_h + iy) * l.in_w + ix);
            }
}

}  // namespace

ReluModel::ReluModel(const Config& config, bool exact)
    : config_(config), exact_(exact), stored_(start_weights(config)), master_(stored_) {
  for (auto& layer : stored_) {
    first_.emplace_back(layer.size(), 0.0F);
    second_.emplace_back(layer.size(), 0.0F);
    for (float& w : layer) w = static_cast<float>(rounded(w));
  }
}

double ReluModel::rounded(double value) const {
  if (exact_) return value;
  const auto single = static_cast<float>(value);
  return config_.machine.numerics == Numerics::fp16 ? round_fp16(single) : single;
}

double ReluModel::product_added(double sum, double a, double b) const {
  return rounded(sum + rounded(a * b));
}

ReluModel::Values ReluModel::convolved(std::size_t l, const Values& input) const {
  const Layer& layer = config_.network.layers[l];
  Values sums(static_cast<std::size_t>(layer.cout) * layer.out_h * layer.out_w, 0.0);
  for_products(layer, [&](int w, int out, int in) {
    sums[out] = product_added(sums[out], stored_[l][w], input[in]);
  });
  return sums;
}

ReluModel::Values ReluModel::averaged(const Layer& l, const Values& conv) const {
  if (l.pool == PoolMode::none) return conv;
  Values pooled;
  for (int k = 0; k < l.cout; ++k)
    for (int y = 0; y < l.next_h; ++y)
      for (int x = 0; x < l.next_w; ++x) {
        const auto at = [&](int dy, int dx) {
          return conv[(k * l.out_h + 2 * y + dy) * l.out_w + 2 * x + dx];
        };
        const double top = rounded(at(0, 0) + at(0, 1)), bottom = rounded(at(1, 0) + at(1, 1));
        pooled.push_back(rounded(rounded(top + bottom) * 0.25));
      }
  return pooled;
}

/// Gradients of the average, at the convolution's positions.
ReluModel::Values ReluModel::spread(const Layer& l, const Values& pooled) const {
  if (l.pool == PoolMode::none) return pooled;
  Values conv(static_cast<std::size_t>(l.cout) * l.out_h * l.out_w, 0.0);
  for (int k = 0; k < l.cout; ++k)
    for (int y = 0; y < 2 * l.next_h; ++y)
      for (int x = 0; x < 2 * l.next_w; ++x) {
        conv[(k * l.out_h + y) * l.out_w + x] =
            rounded(pooled[(k * l.next_h + y / 2) * l.next_w + x / 2] * 0.25);
      }
  return conv;
}

/// Terms of one input meet in ascending (k, r, s): r and s fall as the output position rises.
ReluModel::Values ReluModel::carried_back(std::size_t l, const Values& grad) const {
  const Layer& layer = config_.network.layers[l];
  Values sums(static_cast<std::size_t>(layer.cin) * layer.in_h * layer.in_w, 0.0);
  for (int k = 0; k < layer.cout; ++k)
    for (int r = 0; r < layer.kernel; ++r)
      for (int s = 0; s < layer.kernel; ++s)
        for (int y = 0; y < layer.out_h; ++y)
          for (int x = 0; x < layer.out_w; ++x)
            for (int c = 0; c < layer.cin; ++c) {
              const int iy = y * layer.stride - layer.pad + r;
              const int ix = x * layer.stride - layer.pad + s;
              if (iy < 0 || iy >= layer.in_h || ix < 0 || ix >= layer.in_w) continue;
              double& sum = sums[(c * layer.in_h + iy) * layer.in_w + ix];
              const int w = ((k * layer.cin + c) * layer.kernel + r) * layer.kernel + s;
              sum =
                  product_added(sum, grad[(k * layer.out_h + y) * layer.out_w + x], stored_[l][w]);
            }
  return sums;
}

void ReluModel::add_weight_gradient(const Layer& layer, const Values& input, const Values& grad,
                                    Values& sum) const {
  Values own(layer.weight_count(), 0.0);
  for_products(
      layer, [&](int w, int out, int in) { own[w] = product_added(own[w], grad[out], input[in]); });
  for (std::size_t w = 0; w < own.size(); ++w) sum[w] = rounded(sum[w] + own[w]);
}

void ReluModel::sample(const TrainingGroup& group, std::size_t number, std::vector<Values>& sums) {
  const std::vector<Layer>& layers = config_.network.layers;
  std::vector<Kept> kept;
  Values now;
  for (const std::uint8_t byte : group.samples[number]) {
    now.push_back(layers.front().encoding ? byte / 256.0 : byte);
  }
  for (std::size_t l = 0; l < layers.size(); ++l) {
    kept.push_back({now, {}});
    now = averaged(layers[l], convolved(l, now));
    for (double& value : now) {
      const bool passes = l + 1 == layers.size() || value > 0;
      kept.back().open.push_back(passes);
      value = passes ? value : 0.0;
    }
  }
  const std::vector<float> outputs(now.begin(), now.end());
  std::vector<float> gradient(outputs.size());
  loss_ +=
      h2_value_loss(config_.training.loss == LossKind::mse ? H2_LOSS_MSE : H2_LOSS_CROSS_ENTROPY,
                    outputs.data(), static_cast<std::uint32_t>(outputs.size()),
                    group.labels[number], static_cast<std::uint32_t>(group.samples.size()),
                    config_.training.update.loss_scale, gradient.data());
  Values grad;
  for (const float g : gradient) grad.push_back(rounded(g));
  for (std::size_t l = layers.size(); l-- > 0;) {
    for (std::size_t i = 0; i < grad.size(); ++i) grad[i] = kept[l].open[i] ? grad[i] : 0.0;
    const Values conv = spread(layers[l], grad);
    add_weight_gradient(layers[l], kept[l].input, conv, sums[l]);
    if (l != 0) grad = carried_back(l, conv);
  }
}

void ReluModel::train(const TrainingGroup& group) {
  std::vector<Values> total;
  std::size_t first = 0;
  loss_ = 0;
  for (const auto& layer : stored_) total.emplace_back(layer.size(), 0.0);
  for (const std::uint32_t size : group.sizes) {
    std::vector<Values> sums;
    for (const auto& layer : stored_) sums.emplace_back(layer.size(), 0.0);
    for (std::uint32_t b = 0; b < size; ++b) sample(group, first + b, sums);
    for (std::size_t l = 0; l < sums.size(); ++l)
      for (std::size_t w = 0; w < sums[l].size(); ++w) {
        total[l][w] = rounded(total[l][w] + sums[l][w]);
      }
    first += size;
  }
  update(total);
}

void ReluModel::update(const std::vector<Values>& sums) {
  ++step_;
  for (std::size_t l = 0; l < sums.size(); ++l) {
    const std::vector<float> gradient(sums[l].begin(), sums[l].end());
    update_weights(config_.training.update, step_, gradient.data(), master_[l].data(),
                   first_[l].data(), second_[l].data(), gradient.size());
    for (std::size_t w = 0; w < gradient.size(); ++w) {
      stored_[l][w] = static_cast<float>(rounded(master_[l][w]));
    }
  }
}

}  // namespace h2
