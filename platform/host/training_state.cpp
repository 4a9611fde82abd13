// SPDX-License-Identifier: Apache-2.0
#include "platform/host/training_state.h"

#include <utility>

namespace h2 {
namespace {

/// The driver reaches the card outside simulated time while it exists.
class LoaderBus {
 public:
  LoaderBus(HostCpu& host, CardSession& card) : host_(host), card_(card) {
    card_.device.bus = host_.loader_bus();
  }
  ~LoaderBus() { card_.device.bus = host_.driver_bus(); }
  LoaderBus(const LoaderBus&) = delete;
  LoaderBus& operator=(const LoaderBus&) = delete;

 private:
  HostCpu& host_;
  CardSession& card_;
};

std::vector<float> read_layer(const Layer& layer, std::size_t index, std::uint32_t state,
                              CardSession& card) {
  std::vector<float> values(layer.parameter_count());
  card.check(h2_read_state(&card.device, static_cast<std::uint32_t>(index), state, values.data()),
             "reading the optimiser's state of " + layer.name);
  return values;
}

}  // namespace

TrainingState start_of_training(std::vector<std::vector<float>> weights) {
  TrainingState state;
  for (std::vector<float>& master : weights) state.layers.push_back({std::move(master), {}, {}});
  return state;
}

void write_state(const TrainingState& state, const Config& config, HostCpu& host,
                 CardSession& card) {
  {
    const LoaderBus loader(host, card);
    for (std::size_t l = 0; l < state.layers.size(); ++l) {
      const LayerState& layer = state.layers[l];
      const auto index = static_cast<std::uint32_t>(l);
      const std::string what = "writing the weights of " + config.network.layers[l].name;
      card.check(h2_write_weights(&card.device, index, layer.master.data()), what);
      const std::vector<float>* kept[] = {&layer.first, &layer.second};
      for (std::uint32_t k = 0; k < 2; ++k) {
        if (kept[k]->empty()) continue;
        card.check(h2_write_state(&card.device, index, H2_STATE_FIRST + k, kept[k]->data()), what);
      }
    }
  }
  if (state.step == 0) return;
  card.check(h2_resume_steps(&card.device, state.step),
             "going on behind step " + std::to_string(state.step));
}

std::vector<LayerState> read_state(const Config& config, HostCpu& host, CardSession& card) {
  const LoaderBus loader(host, card);
  std::vector<LayerState> layers;
  for (std::size_t l = 0; l < config.network.layers.size(); ++l) {
    const Layer& layer = config.network.layers[l];
    LayerState state;
    state.master = read_layer(layer, l, H2_STATE_MASTER, card);
    state.first = read_layer(layer, l, H2_STATE_FIRST, card);
    if (config.training.update.optimizer == Optimizer::adam) {
      state.second = read_layer(layer, l, H2_STATE_SECOND, card);
    }
    layers.push_back(std::move(state));
  }
  return layers;
}

std::vector<std::vector<float>> read_masters(const Config& config, HostCpu& host,
                                             CardSession& card) {
  const LoaderBus loader(host, card);
  std::vector<std::vector<float>> masters;
  for (std::size_t l = 0; l < config.network.layers.size(); ++l) {
    masters.push_back(read_layer(config.network.layers[l], l, H2_STATE_MASTER, card));
  }
  return masters;
}

std::vector<std::vector<std::uint8_t>> read_weights(const Config& config, HostCpu& host,
                                                    CardSession& card) {
  const LoaderBus loader(host, card);
  std::vector<std::vector<std::uint8_t>> weights;
  for (std::size_t l = 0; l < config.network.layers.size(); ++l) {
    const Layer& layer = config.network.layers[l];
    std::vector<std::uint8_t> bytes(layer.parameter_count() * card.device.value_bytes);
    card.check(h2_read_weights(&card.device, static_cast<std::uint32_t>(l), bytes.data()),
               "reading the weights of " + layer.name);
    weights.push_back(std::move(bytes));
  }
  return weights;
}

}  // namespace h2
