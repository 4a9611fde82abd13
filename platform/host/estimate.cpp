// SPDX-License-Identifier: Apache-2.0
#include "platform/host/estimate.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>

#include "memory/dram/memory_timing.h"
#include "modules/base/error.h"
#include "modules/h2learn/network_table.h"
#include "modules/h2learn/schedule.h"
#include "modules/multicore/mail.h"
#include "platform/accelerators.h"
#include "platform/host/drawn_masks.h"
#include "platform/host/network_image.h"
#include "traces/results/run_record.h"

namespace h2 {
namespace {

void add(const TransferList& list, JobEstimate& sum) {
  const std::uint64_t mem2 = list.mem2();
  std::uint64_t reads = 0;
  for (const Transfer& t : list.transfers()) {
    if (is_mail(t.address)) continue;  // from core to core
    sum.bytes += t.charged();
    if (t.write) continue;
    reads += t.charged();
    sum.loads[static_cast<std::size_t>(t.kind)] += t.charged();
  }
  (reads != 0 ? sum.mem2_reads : sum.mem2_writes) += mem2;  // a list either loads or stores
}

/// As in the rows of results; "grad": the last layer's, which multiplies nothing.
std::string estimated_pass(std::uint8_t opcode, const Job& job) {
  if (opcode == H2_OP_UPDATE) return "update";
  if (job.element_wise) return std::string("norm_") + pass_of(opcode);
  return opcode == H2_OP_BACKWARD && job.macs == 0 ? "grad" : pass_of(opcode);
}

JobEstimate cost_of(int engine, std::uint8_t opcode, Job& job) {
  JobEstimate cost;
  cost.engine = engine;
  cost.pass = estimated_pass(opcode, job);
  cost.layer = job.layer;
  cost.norm = job.element_wise;
  cost.grad = job.macs == 0 && !cost.norm && engine == H2LearnSchedule::kBackwardEngine;
  for (int chunk = 0; chunk < job.chunks(); ++chunk) {
    bool more = true;
    for (int stage = 0; more; ++stage) {
      TransferList loads;
      more = job.load(chunk, stage, loads);
      add(loads, cost);
    }
    cost.cycles += job.work(chunk).cycles.total();
    TransferList stores;
    job.store(chunk, stores);
    add(stores, cost);
  }
  return cost;
}

/// A card whose memory holds the network table and whose windows are open.
class TableOnly : public CardAccess {
 public:
  explicit TableOnly(const h2_device& device) : address_(device.table_address) {
    const std::size_t layers = device.table.layers * sizeof(h2_layer);
    bytes_.resize(table_bytes(device.table));
    std::memcpy(bytes_.data(), &device.table, sizeof(h2_table));
    std::memcpy(bytes_.data() + sizeof(h2_table), device.layers, layers);
    std::memcpy(bytes_.data() + sizeof(h2_table) + layers, device.neurons,
                bytes_.size() - sizeof(h2_table) - layers);
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
  using Visit = std::function<void(int engine, std::uint8_t opcode, Job& job)>;

  Estimator(const Config& config, const h2_device& device)
      : device_(device), card_(device), schedule_(make_schedule(config, drawn_masks(config))) {
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
    const std::shared_ptr<CardCommand> command = schedule_->decode(d, card_);
    if (command->error == H2_OK) schedule_->begin(*command);
    if (command->error != H2_OK) {
      throw std::logic_error("the schedule refuses a descriptor of the estimate: error " +
                             std::to_string(command->error));
    }
    while (const std::optional<Step> step = schedule_->step(*command, command->steps_done)) {
      visit(step->engine, opcode, dynamic_cast<Job&>(*step->job));
      for (const Step::Beside& other : step->beside) {
        visit(other.engine, opcode, dynamic_cast<Job&>(*other.job));
      }
      ++command->steps_done;
    }
    schedule_->end(*command);
    command->ended = true;
  }

  const h2_device& device_;
  TableOnly card_;
  std::unique_ptr<Schedule> schedule_;
  std::uint16_t samples_;
  std::uint32_t tag_ = 0;
};

}  // namespace

namespace {

/// Least cycles of jobs at the peak of their memories.
class LeastTime {
 public:
  explicit LeastTime(const Config& config) {
    const double clock = config.machine.clock_mhz * 1e6;
    per_cycle_ = make_memory_timing(config.memory)->peak_gbps() * 1e9 / clock;
    memories_ = memory_count(config);
    together_ = memories_ == 1 || config.memory.organisation == MemoryOrganisation::unified;
  }

  double all_memories() const { return memories_ * per_cycle_; }
  /// `first`: the job overwrites the sums of gradients instead of adding to them.
  double of(const JobEstimate& job, bool first) const {
    const std::uint64_t skipped = first && !job.grouped ? job.mem2_reads : 0;
    const auto mem2 = static_cast<double>(job.mem2_reads + job.mem2_writes - skipped);
    const double others = static_cast<double>(job.bytes - skipped) - mem2;
    const double transfers =
        together_ ? (others + mem2) / all_memories() : std::max(others, mem2) / per_cycle_;
    return std::max(static_cast<double>(job.cycles), transfers);
  }

 private:
  double per_cycle_ = 1;
  int memories_ = 3;
  bool together_ = false;  // one memory moves everything
};

}  // namespace

/// Of one engine that does everything in turn.
double Estimate::cycles_in_turn(const Config& config) const {
  const LeastTime least(config);
  double sum = 0, update = 0;
  for (const JobEstimate& job : jobs) sum += least.of(job, false);
  for (const JobEstimate& job : updates) update += least.of(job, false);
  return sum + update / config.training.batch_group;
}

/// Of many engines at the same time: the busiest one, or all bytes at the peak of all memories.
double Estimate::cycles_at_once(const Config& config) const {
  const double n = config.training.batch_group;
  std::vector<double> busy(compute_cycles.begin(), compute_cycles.end());
  for (const JobEstimate& job : updates) busy[job.engine] += static_cast<double>(job.cycles) / n;
  const auto moved =
      static_cast<double>(std::accumulate(bytes.begin(), bytes.end(), std::uint64_t{0})) +
      static_cast<double>(update_bytes) / n;
  return std::max(*std::max_element(busy.begin(), busy.end()),
                  moved / LeastTime(config).all_memories());
}

double Estimate::cycles_per_sub_batch(const Config& config) const {
  if (compute_cycles.size() == 1) return cycles_in_turn(config);
  if (config.accelerator == AcceleratorKind::multicore) return cycles_at_once(config);
  const LeastTime least(config);
  double forward = 0, backward = 0, gradient = 0, first_gradient = 0, last_gradient = 0, update = 0,
         last_update = 0;
  for (const JobEstimate& job : jobs) {
    const double time = least.of(job, false);
    if (job.engine == H2LearnSchedule::kForwardEngine) forward += time;
    if (job.engine == H2LearnSchedule::kBackwardEngine) backward += time;
    if (job.engine != H2LearnSchedule::kWeightUpdateEngine) continue;
    gradient += time;
    first_gradient += least.of(job, true);
    if (job.layer == 0) last_gradient = time;
  }
  for (const JobEstimate& job : updates) {
    update += least.of(job, false);
    if (job.layer == 0) last_update = least.of(job, false);
  }
  const double n = config.training.batch_group;
  if (config.training.batch_group == 1) last_gradient = std::min(last_gradient, first_gradient);
  const double gradients = first_gradient + (n - 1) * gradient;
  const bool fused = effective_update_time(config.training) != UpdateTime::separate;
  const double behind = last_gradient + (fused ? last_update : update);
  double group = forward + gradients + update;
  if (config.overlap) {
    group = std::max({group, n * forward + backward + behind, forward + n * backward + behind});
  } else {
    group = std::max(n * forward + gradients + update, n * (forward + backward) + behind);
  }
  const auto moved =
      static_cast<double>(std::accumulate(bytes.begin(), bytes.end(), std::uint64_t{0})) +
      static_cast<double>(update_bytes) / n;
  return std::max(group / n, moved / least.all_memories());
}

namespace {

/// Per sub-batch of a group whose last one computes grad-w, while the others keep vectors.
JobEstimate mean_of_group(const JobEstimate& keep, const JobEstimate& last, std::uint64_t n) {
  JobEstimate mean = last;
  mean.grouped = true;
  for (auto member : {&JobEstimate::cycles, &JobEstimate::bytes, &JobEstimate::mem2_reads,
                      &JobEstimate::mem2_writes}) {
    mean.*member = (keep.*member * (n - 1) + last.*member) / n;
  }
  for (std::size_t i = 0; i < mean.loads.size(); ++i) {
    mean.loads[i] = (keep.loads[i] * (n - 1) + last.loads[i]) / n;
  }
  return mean;
}

}  // namespace

Estimate estimate_sub_batch(const Config& config, const h2_device& device) {
  Estimate sum;
  const std::size_t engines = engines_of(config).size();
  sum.compute_cycles.resize(engines);
  sum.bytes.resize(engines);
  Estimator estimator(config, device);
  const int group = config.training.batch_group;
  const auto& layers = config.network.layers;
  const auto is_grouped = [&](int engine, const Job& job) {
    return engine == H2LearnSchedule::kWeightUpdateEngine && layers[job.layer].grouped &&
           !job.element_wise;
  };
  std::map<int, JobEstimate> keep;  // by layer
  const auto before = [&](int engine, std::uint8_t opcode, Job& job) {
    if (is_grouped(engine, job)) keep[job.layer] = cost_of(engine, opcode, job);
  };
  if (group > 1) estimator.sub_batch(H2_DESC_FIRST, before);
  for (int i = 2; layers.back().grouped && i < group; ++i)
    estimator.sub_batch(0, [](int, std::uint8_t, Job&) {});
  estimator.sub_batch(group > 1 ? H2_DESC_LAST : H2_DESC_FIRST | H2_DESC_LAST,
                      [&](int engine, std::uint8_t opcode, Job& job) {
                        JobEstimate cost = cost_of(engine, opcode, job);
                        if (is_grouped(engine, job)) {
                          cost = mean_of_group(keep.at(job.layer), cost, group);
                        }
                        sum.jobs.push_back(cost);
                        sum.compute_cycles[engine] += sum.jobs.back().cycles;
                        sum.bytes[engine] += sum.jobs.back().bytes;
                      });
  estimator.update([&](int engine, std::uint8_t opcode, Job& job) {
    sum.updates.push_back(cost_of(engine, opcode, job));
    sum.update_bytes += sum.updates.back().bytes;
  });
  return sum;
}

}  // namespace h2
