// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/reference_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "modules/arithmetic/fp16.h"
#include "modules/arithmetic/neuron.h"
#include "modules/arithmetic/simd/isa.h"
#include "modules/arithmetic/update.h"
#include "modules/h2learn/backward/backward_array.h"
#include "modules/h2learn/forward/forward_array.h"
#include "modules/h2learn/weight_update/weight_gradient_array.h"
#include "platform/driver/h2_math.h"
#include "platform/driver/h2_values.h"
#include "tests/arithmetic/reference.h"
#include "tests/platform/simulation.h"

namespace h2 {
namespace {

Region all_of(int height, int width) { return {0, height, 0, width}; }

/// C,H,W order, planes fastest, as one 1x1 map.
BitMap flattened(const BitMap& map, int planes) {
  const int area = map.height * map.width;
  BitMap flat(map.maps, 1, 1, area * map.channels);
  for (int m = 0; m < map.maps; ++m)
    for (int star = 0; star < map.channels; ++star)
      for (int i = 0; i < area; ++i) {
        const int to = (star / planes * area + i) * planes + star % planes;
        flat.set(m, 0, 0, to, map.get(m, i / map.width, i % map.width, star));
      }
  return flat;
}

/// With the constant input of a layer with bias behind the others.
BitMap with_constant(const BitMap& map, const Layer& layer) {
  if (!layer.bias) return map;
  BitMap wide(map.maps, map.height, map.width, map.channels + layer.planes);
  for (int m = 0; m < map.maps; ++m)
    for (int y = 0; y < map.height; ++y)
      for (int x = 0; x < map.width; ++x) {
        for (int c = 0; c < map.channels; ++c) wide.set(m, y, x, c, map.get(m, y, x, c));
        wide.set(m, y, x, wide.channels - 1, true);
      }
  return wide;
}

ValueMap unflattened(const ValueMap& flat, int height, int width, int channels) {
  ValueMap map(flat.maps, height, width, channels);
  for (int m = 0; m < flat.maps; ++m)
    for (int i = 0; i < height * width * channels; ++i) {
      map.at(m, i / width % height, i % width)[i / (height * width)] = flat.at(m, 0, 0)[i];
    }
  return map;
}

}  // namespace

ReferenceModel::ReferenceModel(const Config& config, Sums sums)
    : config_(config),
      network_(config.network),
      machine_(config.machine),
      sums_(sums),
      value_bytes_(bytes_of(config.machine.numerics)),
      master_(start_weights(config)) {
  for (const auto& w : master_) {
    first_.emplace_back(w.size(), 0.0F);
    second_.emplace_back(w.size(), 0.0F);
  }
  stored_ = master_;
  if (value_bytes_ == 2) {
    for (auto& layer : stored_)
      for (float& w : layer) w = round_fp16(w);
  }
}

BitMap ReferenceModel::input_of(const TrainingGroup& training_group, std::size_t first,
                                int batch) const {
  const Layer& l = network_.layers.front();
  const int steps = l.encoding ? 1 : network_.timesteps;
  BitMap map(batch * steps, l.in_h, l.in_w, l.inputs_star());
  for (int m = 0; m < map.maps; ++m)
    for (int y = 0; y < l.in_h; ++y)
      for (int x = 0; x < l.in_w; ++x)
        for (int star = 0; star < map.channels; ++star) {
          const int channel = m % steps * l.inputs() + star / l.planes;
          const std::size_t at = (static_cast<std::size_t>(channel) * l.in_h + y) * l.in_w + x;
          const unsigned byte = training_group.samples[first + m / steps][at];
          map.set(m, y, x, star, (byte >> (star % l.planes)) & 1U);
        }
  return map;
}

ValueMap ReferenceModel::forward_sums(std::size_t l, const BitMap& input) const {
  const Layer& layer = network_.layers[l];
  if (sums_ == Sums::reference) {
    return reference::forward_sums(layer, machine_.forward, machine_.numerics, stored_[l], input);
  }
  ForwardArray kernel(layer, machine_.forward, machine_.numerics);
  kernel.load(stored_[l].data(), 0, layer.cout);
  ValueMap sums(input.maps, layer.out_h, layer.out_w, layer.cout);
  kernel.run(input, all_of(layer.out_h, layer.out_w), sums);
  return sums;
}

ValueMap ReferenceModel::backward_sums(std::size_t l, const ValueMap& grad_u) const {
  const Layer& layer = network_.layers[l];
  if (sums_ == Sums::reference) {
    return reference::backward_sums(layer, machine_.backward, machine_.numerics, stored_[l],
                                    grad_u);
  }
  BackwardArray kernel(layer, machine_.backward, machine_.numerics);
  kernel.load(stored_[l].data(), 0, layer.inputs());
  ValueMap sums(grad_u.maps, layer.in_h, layer.in_w, layer.inputs());
  kernel.run(grad_u, all_of(layer.in_h, layer.in_w), sums);
  return sums;
}

std::vector<float> ReferenceModel::weight_gradient(const Layer& layer, int batch,
                                                   const BitMap& input,
                                                   const ValueMap& grad_u) const {
  if (sums_ == Sums::reference) {
    return reference::weight_gradient(layer, machine_.weight_update, machine_.tile,
                                      machine_.numerics, batch, network_.timesteps, input, grad_u);
  }
  std::vector<float> oihw(layer.weight_count());
  const WeightGradientArray kernel(layer, machine_.weight_update, machine_.tile, machine_.numerics);
  kernel.run(batch, network_.timesteps, input, grad_u, 0, layer.cout, 0, layer.cin, oihw.data());
  for (std::size_t end = layer.weight_count() / layer.cout; layer.bias && end <= oihw.size();
       end += layer.weight_count() / layer.cout) {
    for (int tap = 0; tap < layer.taps(); ++tap) {
      float& g = oihw[end - layer.taps() + tap];
      g = tap == layer.taps() / 2 ? g / layer.plane_value(layer.planes - 1) : 0.0F;
      if (value_bytes_ == 2) g = round_fp16(g);
    }
  }
  return oihw;
}

ReferenceModel::Kept ReferenceModel::forward(std::size_t l, int batch, BitMap input,
                                             const Kept* added) const {
  const Layer& layer = network_.layers[l];
  const int maps = batch * network_.timesteps;
  Kept kept;
  kept.input = layer.kind == LayerKind::fc && input.height * input.width > 1
                   ? flattened(input, layer.planes)
                   : std::move(input);
  kept.input = with_constant(kept.input, layer);
  ValueMap sums = forward_sums(l, kept.input);
  const Region region = all_of(layer.soma_h, layer.soma_w);
  if (layer.pool == PoolMode::before_soma) {
    ValueMap pooled(sums.maps, layer.soma_h, layer.soma_w, layer.cout);
    pool_potentials(machine_.numerics, sums, region, 0, layer.cout, pooled);
    sums = pooled;
  }
  if (layer.normalised()) sums = normalised(l, kept, std::move(sums));
  for (std::size_t i = 0; added != nullptr && i < sums.values.size(); ++i) {
    const int at = static_cast<int>(i) / layer.cout, x = at % layer.soma_w;
    const int y = at / layer.soma_w % layer.soma_h, map = at / layer.soma_w / layer.soma_h;
    const bool fires = added->spikes.get(map, y, x, static_cast<int>(i) % layer.cout);
    const float more = layer.adds_potentials ? added->u.values[i] : fires ? 1.0F : 0.0F;
    sums.values[i] = value_bytes_ == 2 ? round_fp16(sums.values[i] + more) : sums.values[i] + more;
  }
  kept.u = ValueMap(maps, layer.soma_h, layer.soma_w, layer.cout);
  kept.spikes = BitMap(maps, layer.soma_h, layer.soma_w, layer.cout);
  kept.mask = kept.spikes;
  soma(layer.neuron, machine_.numerics, batch, network_.timesteps, sums, region, 0, layer.cout,
       kept.u, kept.spikes, kept.mask);
  return kept;
}

/// Of a read-out: from the mean potential over the timesteps.
ValueMap ReferenceModel::readout_gradient(const TrainingGroup& training_group, std::size_t first,
                                          int batch, const ValueMap& u) {
  const int steps = network_.timesteps;
  const auto samples = static_cast<std::uint32_t>(training_group.samples.size());
  const bool mse = config_.training.loss == LossKind::mse;
  ValueMap grad_s(u.maps, 1, 1, u.channels);
  for (int b = 0; b < batch; ++b) {
    std::vector<float> mean(static_cast<std::size_t>(u.channels)), gradient(mean.size());
    for (int t = 0; t < steps; ++t)
      for (int c = 0; c < u.channels; ++c) mean[c] += u.at(b * steps + t, 0, 0)[c];
    for (float& m : mean) m /= static_cast<float>(steps);
    const std::uint32_t label = training_group.labels[first + b];
    loss_ += h2_value_loss(mse ? H2_LOSS_MSE : H2_LOSS_CROSS_ENTROPY, mean.data(),
                           static_cast<std::uint32_t>(u.channels), label, samples,
                           config_.training.update.loss_scale / static_cast<float>(steps),
                           gradient.data());
    for (float& g : gradient) g = value_bytes_ == 2 ? round_fp16(g) : g;
    for (int t = 0; t < steps; ++t)
      std::copy(gradient.begin(), gradient.end(), grad_s.at(b * steps + t, 0, 0));
  }
  return grad_s;
}

ValueMap ReferenceModel::loss_gradient(const TrainingGroup& training_group, std::size_t first,
                                       int batch, const BitMap& spikes) {
  const std::uint32_t classes = static_cast<std::uint32_t>(spikes.channels);
  const auto samples = static_cast<std::uint32_t>(training_group.samples.size());
  const auto steps = static_cast<std::uint32_t>(network_.timesteps);
  const float scale = config_.training.update.loss_scale;
  ValueMap grad_s(spikes.maps, 1, 1, spikes.channels);
  for (int b = 0; b < batch; ++b) {
    std::vector<std::uint32_t> counts(classes, 0);
    for (std::uint32_t i = 0; i < steps * classes; ++i) {
      counts[i % classes] += spikes.get(b * steps + i / classes, 0, 0, i % classes) ? 1 : 0;
    }
    std::vector<float> gradient(classes);
    const std::uint32_t label = training_group.labels[first + b];
    loss_ +=
        config_.training.loss == LossKind::mse
            ? h2_loss_mse(counts.data(), classes, label, steps, samples, scale, gradient.data())
            : h2_loss_cross_entropy(counts.data(), classes, label, samples, scale, gradient.data());
    for (float& g : gradient) g = value_bytes_ == 2 ? round_fp16(g) : g;
    for (std::uint32_t t = 0; t < steps; ++t) {
      std::copy(gradient.begin(), gradient.end(), grad_s.at(b * steps + t, 0, 0));
    }
  }
  return grad_s;
}

/// grad-u at the Soma positions.
ValueMap ReferenceModel::backward(const Layer& layer, int batch, const Kept& kept,
                                  const ValueMap& spatial, const ValueMap& direct) const {
  const int maps = batch * network_.timesteps;
  ValueMap grad_u(maps, layer.soma_h, layer.soma_w, layer.cout);
  BitMap nonzero(maps, layer.soma_h, layer.soma_w, layer.cout);
  grad(layer.neuron, machine_.numerics, layer.pool, batch, network_.timesteps, spatial, kept.u,
       kept.spikes, kept.mask, all_of(layer.soma_h, layer.soma_w), 0, layer.cout, grad_u, nonzero,
       layer.max_pool, layer.potentials_added_by.empty() ? nullptr : &direct);
  return grad_u;
}

ValueMap ReferenceModel::normalised(std::size_t l, Kept& kept, ValueMap currents) const {
  const Layer& layer = network_.layers[l];
  kept.moments = reference::moments(currents, machine_.tile);
  kept.currents = std::move(currents);
  return reference::normalised(layer, machine_.numerics, kept.moments,
                               &stored_[l][layer.weight_count()], kept.currents);
}

/// Adds the gradients of gamma and beta behind those of the weights, and lets the running mean and
/// variance follow.
ValueMap ReferenceModel::through_norm(std::size_t l, const Kept& kept, const ValueMap& grad_u,
                                      std::vector<float>& gradients) {
  const Layer& layer = network_.layers[l];
  reference::NormGradient found = reference::norm_gradient(layer, machine_.numerics, kept.moments,
                                                           &stored_[l][layer.weight_count()],
                                                           grad_u, kept.currents, machine_.tile);
  gradients = std::move(found.gamma);
  gradients.insert(gradients.end(), found.beta.begin(), found.beta.end());
  gradients.resize(layer.norm_count(), 0.0F);
  float* running = &master_[l][layer.trained_count()];
  const double values = static_cast<double>(grad_u.maps) * grad_u.height * grad_u.width;
  for (int c = 0; c < layer.cout; ++c) {
    float &mean = running[c], &variance = running[layer.cout + c];
    mean = reference::follow(mean, kept.moments.mean[c]);
    variance = reference::follow(variance, reference::unbiased(kept.moments.variance[c], values));
  }
  return std::move(found.currents);
}

/// grad-u at the convolution's positions.
ValueMap ReferenceModel::at_convolution(const Layer& layer, const ValueMap& grad_u) const {
  if (layer.pool != PoolMode::before_soma) return grad_u;
  ValueMap conv(grad_u.maps, layer.out_h, layer.out_w, layer.cout);
  spread_quarters(machine_.numerics, grad_u, {0, grad_u.height, 0, grad_u.width}, conv);
  return conv;
}

ReferenceModel::Gradients ReferenceModel::sub_batch(const TrainingGroup& training_group,
                                                    std::size_t first, int batch) {
  const std::vector<Layer>& layers = network_.layers;
  std::vector<Kept> kept;
  BitMap map = input_of(training_group, first, batch);
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const int adds = layers[l].adds;
    kept.push_back(forward(l, batch, std::move(map), adds < 0 ? nullptr : &kept[adds]));
    map = kept.back().spikes;
    if (layers[l].pool == PoolMode::after_soma) {
      const Layer& layer = layers[l];
      map = BitMap(map.maps, layer.next_h, layer.next_w, layer.next_planes * layer.cout);
      (layer.max_pool ? pool_largest : pool_spikes)(
          kept.back().spikes, all_of(map.height, map.width), 0, kept.back().spikes.channels, map);
    }
  }
  ValueMap spatial = layers.back().readout
                         ? readout_gradient(training_group, first, batch, kept.back().u)
                         : loss_gradient(training_group, first, batch, kept.back().spikes);
  Gradients gradients(layers.size());
  std::vector<ValueMap> soma(layers.size());
  for (std::size_t l = layers.size(); l-- > 0;) {
    for (const int by : layers[l].added_by) {
      selected_ops(machine_.numerics)
          .add(soma[by].values.data(), spatial.values.data(), spatial.values.size());
    }
    ValueMap direct(kept[l].u.maps, kept[l].u.height, kept[l].u.width, kept[l].u.channels);
    for (const int by : layers[l].potentials_added_by) {
      for (std::size_t i = 0; i < direct.values.size(); ++i) {
        const float sum = direct.values[i] + soma[by].values[i];
        direct.values[i] = value_bytes_ == 2 ? round_fp16(sum) : sum;
      }
    }
    soma[l] = backward(layers[l], batch, kept[l], spatial, direct);
    std::vector<float> norm;
    const ValueMap grad_u = layers[l].normalised() ? through_norm(l, kept[l], soma[l], norm)
                                                   : at_convolution(layers[l], soma[l]);
    gradients[l] = weight_gradient(layers[l], batch, kept[l].input, grad_u);
    gradients[l].insert(gradients[l].end(), norm.begin(), norm.end());
    if (l == 0) break;
    spatial = backward_sums(l, grad_u);
    const Layer& below = layers[l - 1];
    if (layers[l].kind == LayerKind::fc && below.kind == LayerKind::conv) {
      spatial = unflattened(spatial, below.next_h, below.next_w, below.cout);
    }
  }
  return gradients;
}

/// Sums of parts of a group, pairwise by level, not rounded to FP16 before the last.
void ReferenceModel::add_parts(std::vector<Gradients>& parts) const {
  for (std::size_t step = 1; step < parts.size(); step *= 2) {
    for (std::size_t p = 0; p + step < parts.size(); p += 2 * step) {
      for (std::size_t l = 0; l < parts[p].size(); ++l) {
        for (std::size_t i = 0; i < parts[p][l].size(); ++i)
          parts[p][l][i] += parts[p + step][l][i];
      }
    }
  }
  if (value_bytes_ == 4) return;
  for (auto& layer : parts.front()) {
    for (float& g : layer) g = round_fp16(g);
  }
}

void ReferenceModel::train(const TrainingGroup& training_group) {
  const auto count = static_cast<std::size_t>(config_.training.replicas);
  std::vector<Gradients> parts(count);
  const std::size_t sub_batches = training_group.sizes.size();
  std::size_t first = 0, done = 0;
  loss_ = 0;
  for (std::size_t p = 0; p < count; ++p) {
    Gradients& sum = parts[p];
    // The first parts are the longer ones.
    for (std::size_t left = (sub_batches - done + count - p - 1) / (count - p); left > 0; --left) {
      const std::uint32_t size = training_group.sizes[done++];
      Gradients now = sub_batch(training_group, first, static_cast<int>(size));
      for (std::size_t l = 0; l < sum.size(); ++l) {
        selected_ops(machine_.numerics).add(now[l].data(), sum[l].data(), sum[l].size());
      }
      if (sum.empty()) sum = std::move(now);
      first += size;
    }
  }
  add_parts(parts);
  update(parts.front());
}

/// Share of the learning rate at a step: the formula, with the C library's cosine.
double ReferenceModel::share_of(unsigned step) const {
  const TrainingConfig::Schedule& s = config_.training.schedule;
  if (step <= s.warmup) return static_cast<double>(step) / s.warmup;
  const double done = step - 1 - s.warmup;
  if (s.kind == ScheduleKind::step) return std::pow(s.factor, std::floor(done / s.every));
  if (s.kind == ScheduleKind::constant) return 1;
  const double angle = std::acos(-1.0) * std::min(1.0, done / (s.steps - s.warmup));
  return s.floor + (1 - s.floor) * (1 + std::cos(angle)) / 2;
}

void ReferenceModel::update(const Gradients& sum) {
  ++step_;
  UpdateSpec update = config_.training.update;
  update.learning_rate = static_cast<float>(update.learning_rate * share_of(step_));
  for (std::size_t l = 0; l < sum.size(); ++l) {
    update_weights(update, step_, sum[l].data(), master_[l].data(), first_[l].data(),
                   second_[l].data(), network_.layers[l].trained_count());
    for (std::size_t i = 0; i < sum[l].size(); ++i) {
      stored_[l][i] = value_bytes_ == 2 ? round_fp16(master_[l][i]) : master_[l][i];
    }
  }
}

std::vector<std::vector<std::uint8_t>> ReferenceModel::weights() const {
  std::vector<std::vector<std::uint8_t>> all;
  for (const auto& layer : stored_) {
    all.emplace_back(layer.size() * value_bytes_);
    for (std::size_t i = 0; i < layer.size(); ++i) {
      const std::uint16_t half = to_fp16(layer[i]);
      const void* value = value_bytes_ == 2 ? static_cast<const void*>(&half) : &layer[i];
      std::memcpy(&all.back()[i * value_bytes_], value, value_bytes_);
    }
  }
  return all;
}

}  // namespace h2
