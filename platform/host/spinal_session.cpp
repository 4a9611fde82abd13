// SPDX-License-Identifier: Apache-2.0
#include "platform/host/spinal_session.h"

#include "modules/base/error.h"
#include "modules/spinalflow/spinal_table.h"

namespace h2 {

template <class Call>
void SpinalSession::untimed(const Call& call) {
  device_.card.bus = host_->loader_bus();
  call();
  device_.card.bus = host_->driver_bus();
}

void SpinalSession::open(HostCpu& host) {
  host_ = &host;
  const h2_bus bus = host.driver_bus();
  check(sf_open(&device_, &bus, 0), "opening the card");
}

void SpinalSession::load(const SpinalNetwork& network, int first) {
  network_ = &network;
  first_ = first;
  check(sf_load_network(&device_, &network.table, network.layers.data(),
                        static_cast<std::uint32_t>(network.layers.size())),
        "loading the network");
  untimed([&] {
    for (std::size_t l = 0; l < network.weights.size(); ++l) {
      check(sf_write_weights(&device_, static_cast<std::uint32_t>(l), network.weights[l].data()),
            "writing the weights of " + config_.network.layers[l + first].name);
    }
  });
}

void SpinalSession::write_input(std::uint32_t slot, const SpineMap& spikes) {
  std::vector<sf_list> lists;
  std::vector<std::uint8_t> entries(spikes.count() * kSpineEntryBytes + 1);
  std::uint32_t first = 0;
  for (const Spine& spine : spikes.spines) {
    lists.push_back({first, static_cast<std::uint32_t>(spine.size())});
    for (const SpineEvent& event : spine) {
      put_spine_entry(event, entries.data() + static_cast<std::size_t>(first) * kSpineEntryBytes);
      ++first;
    }
  }
  untimed([&] {
    check(sf_write_lists(&device_, slot, lists.data(), entries.data()), "writing the input");
  });
}

void SpinalSession::infer(std::uint32_t samples) {
  host_->work();
  check(sf_infer(&device_, samples), "inference");
}

SpineMap SpinalSession::read_output(std::uint32_t layer, std::uint32_t slot) {
  SpineMap map(spinal_layer(network_->layers[layer], config_.network.timesteps).output());
  std::vector<std::uint8_t> entries(map.shape.most() * kSpineEntryBytes);
  untimed([&] {
    for (int p = 0; p < map.shape.positions(); ++p) {
      std::uint32_t count = 0;
      check(sf_read_list(&device_, layer, slot, static_cast<std::uint32_t>(p), entries.data(),
                         static_cast<std::uint32_t>(map.shape.most()), &count),
            "reading the spikes of " + config_.network.layers[layer + first_].name);
      for (std::uint32_t i = 0; i < count; ++i) {
        map.spines[p].push_back(get_spine_entry(entries.data() + i * kSpineEntryBytes));
      }
    }
  });
  return map;
}

LayerRecord SpinalSession::named(const LayerRecord& record) const {
  LayerRecord named = record;
  named.job.layer_index = named.job.result_layer = record.job.layer_index + first_;
  named.job.layer = config_.network.layers[named.job.layer_index].name;
  return named;
}

void SpinalSession::check(int error, const std::string& what) const {
  if (error == H2_OK) return;
  std::string text = what + ": " + h2_error_text(error);
  const std::string reason = h2_reason(&device_.card);
  if (!reason.empty()) text += ": " + reason;
  const h2_completion& f = device_.card.failure;
  if (f.status == static_cast<std::uint32_t>(error) && f.layer != 0) {
    text += " in layer " + config_.network.layers[f.layer - 1 + first_].name;
  }
  throw RunError(text);
}

}  // namespace h2
