// SPDX-License-Identifier: Apache-2.0
#include "platform/host/estimate.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>

#include "memory/dram/memory_timing.h"
#include "modules/base/error.h"
#include "modules/h2learn/engines.h"
#include "modules/h2learn/schedule.h"
#include "platform/host/drawn_masks.h"
#include "platform/host/network_image.h"

namespace h2 {
namespace {

struct Cost {
  std::uint64_t cycles = 0, bytes = 0;
};

Cost cost_of(Job& job) {
  Cost cost;
  for (int chunk = 0; chunk < job.chunks(); ++chunk) {
    bool more = true;
    for (int stage = 0; more; ++stage) {
      TransferList loads;
      more = job.load(chunk, stage, loads);
      cost.bytes += loads.charged();
    }
    cost.cycles += job.work(chunk).cycles.total();
    TransferList stores;
    job.store(chunk, stores);
    cost.bytes += stores.charged();
  }
  return cost;
}

/// A card whose memory holds the network table and whose windows are open.
class TableOnly : public CardAccess {
 public:
  explicit TableOnly(const h2_device& device) : address_(device.table_address) {
    const std::size_t layers = device.table.layers * sizeof(h2_layer);
    bytes_.resize(sizeof(h2_table) + layers);
    std::memcpy(bytes_.data(), &device.table, sizeof(h2_table));
    std::memcpy(bytes_.data() + sizeof(h2_table), device.layers, layers);
  }

  bool read(std::uint64_t address, void* data, std::size_t bytes) override {
    const std::uint64_t offset = address - address_;
    if (offset > bytes_.size() || bytes > bytes_.size() - offset) return false;
    std::memcpy(data, bytes_.data() + offset, bytes);
    return true;
  }
  bool allows(std::uint64_t /*address*/, std::uint64_t /*bytes*/, bool /*read*/,
              bool /*write*/) const override {
    return true;
  }
  std::vector<ByteRange> rings() const override { return {}; }
  bool in_flight(std::uint32_t /*tag*/) const override { return false; }

 private:
  std::uint64_t address_;
  std::vector<std::uint8_t> bytes_;
};

/// Hands descriptors to a schedule one after another, each run to its end.
class Estimator {
 public:
  using Visit = std::function<void(int engine, Job& job)>;

  Estimator(const Config& config, const h2_device& device)
      : device_(device), card_(device), schedule_(config.machine, settings(config)) {
    samples_ = static_cast<std::uint16_t>(config.training.sub_batch);
  }

  /// Forward, backward and weight gradient of a sub-batch.
  void sub_batch(unsigned flags, const Visit& visit) {
    run(H2_OP_FORWARD, 0, visit);
    run(H2_OP_BACKWARD, flags, visit);
    run(H2_OP_WEIGHT_GRADIENT, flags, visit);
  }
  void update(const Visit& visit) { run(H2_OP_UPDATE, 0, visit); }

 private:
  static H2LearnSchedule::Settings settings(const Config& config) {
    H2LearnSchedule::Settings s;
    s.memory_bytes = config.memory.bytes;
    s.compress_gradients = config.memory.compress_gradients;
    s.masks = drawn_masks(config);
    return s;
  }

  void run(std::uint8_t opcode, unsigned flags, const Visit& visit) {
    h2_descriptor d{};
    d.version = H2_DESCRIPTOR_VERSION;
    d.size = sizeof d;
    d.opcode = opcode;
    d.flags = static_cast<std::uint16_t>(flags);
    d.depends = opcode == H2_OP_WEIGHT_GRADIENT ? tag_ : 0;
    d.tag = ++tag_;
    d.samples = samples_;
    d.step = opcode == H2_OP_UPDATE ? 1 : 0;
    d.table = device_.table_address;
    d.input = device_.input[0];
    d.output_gradient = device_.gradient[0];
    const std::shared_ptr<CardCommand> command = schedule_.decode(d, card_);
    if (command->error == H2_OK) schedule_.begin(*command);
    if (command->error != H2_OK) {
      throw std::logic_error("the schedule refuses a descriptor of the estimate: error " +
                             std::to_string(command->error));
    }
    while (const std::optional<Step> step = schedule_.step(*command, command->steps_done)) {
      visit(step->engine, *step->job);
      ++command->steps_done;
    }
    schedule_.end(*command);
    command->ended = true;
  }

  const h2_device& device_;
  TableOnly card_;
  H2LearnSchedule schedule_;
  std::uint16_t samples_;
  std::uint32_t tag_ = 0;
};

}  // namespace

h2_device place_network(const Config& config) {
  h2_device device{};
  device.value_bytes = bytes_of(config.machine.numerics);
  device.tile_height = config.machine.tile.height;
  device.tile_width = config.machine.tile.width;
  device.memory_bytes = config.memory.bytes;
  device.memories = H2_MEM_BASE(0);
  device.scratch_bytes = ~std::size_t{0};
  device.bus.read = [](void*, std::uint64_t, void*, std::size_t) { return 0; };
  device.bus.write = [](void*, std::uint64_t, const void*, std::size_t) { return 0; };
  const NetworkImage image = network_image(config);
  const int error = h2_load_network(&device, &image.table, image.layers.data(),
                                    static_cast<std::uint32_t>(image.layers.size()));
  if (error != H2_OK) {
    throw InputError(std::string("memory.bytes: ") + h2_error_text(error) + ": " +
                     h2_reason(&device));
  }
  return device;
}

double Estimate::cycles_per_sub_batch(const Config& config) const {
  const double clock = config.machine.clock_mhz * 1e6;
  const double per_cycle = 3 * make_memory_timing(config.memory)->peak_gbps() * 1e9 / clock;
  const auto moved =
      static_cast<double>(std::accumulate(bytes.begin(), bytes.end(), std::uint64_t{0})) +
      static_cast<double>(update_bytes) / config.training.batch_group;
  // Without overlap the engines behind the forward pass wait for it.
  const auto first = compute_cycles.begin() + H2LearnSchedule::kForwardEngine;
  const std::uint64_t chain = *first + *std::max_element(first + 1, compute_cycles.end());
  const std::uint64_t pace =
      config.overlap ? *std::max_element(compute_cycles.begin(), compute_cycles.end()) : chain;
  return std::max(static_cast<double>(pace), moved / per_cycle);
}

Estimate estimate_sub_batch(const Config& config, const h2_device& device) {
  Estimate sum;
  const std::size_t engines = h2learn_engines(config.machine, false).size();
  sum.compute_cycles.resize(engines);
  sum.bytes.resize(engines);
  Estimator estimator(config, device);
  const bool several = config.training.batch_group > 1;
  if (several) estimator.sub_batch(H2_DESC_FIRST, [](int, Job&) {});
  estimator.sub_batch(several ? H2_DESC_LAST : H2_DESC_FIRST | H2_DESC_LAST,
                      [&](int engine, Job& job) {
                        const Cost cost = cost_of(job);
                        sum.compute_cycles[engine] += cost.cycles;
                        sum.bytes[engine] += cost.bytes;
                      });
  estimator.update([&](int, Job& job) { sum.update_bytes += cost_of(job).bytes; });
  return sum;
}

}  // namespace h2
