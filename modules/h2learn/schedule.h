// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "modules/device/schedule.h"
#include "modules/h2learn/command_order.h"
#include "modules/h2learn/glb_plan.h"
#include "modules/h2learn/job_context.h"
#include "modules/h2learn/machine.h"
#include "modules/h2learn/network_table.h"

namespace h2 {

/// A descriptor with the network table it names.
struct H2LearnCommand : CardCommand {
  NetworkTable table;
  GlbPlan glb;
  JobContext context;
  std::shared_ptr<const MaskSource> masks;  ///< of the context, runs without data
  /// Of a backward pass the forward pass, of a weight gradient the backward pass that it follows.
  std::shared_ptr<H2LearnCommand> depends;
  std::uint64_t group = 0;  ///< running number, weight gradients and updates
  /// Weight gradients before this one of its group, whose vectors grouped layers keep.
  std::vector<std::shared_ptr<H2LearnCommand>> kept;
  bool writes_weights = false;  ///< an update that has begun
  bool ends_whole = false;      ///< an update that ends between two layers: its group failed
};

/// The commands of H2Learn (paper, Fig. 10): each pass goes through the layers on its engine, the
/// weight gradient of a layer follows the backward pass of the same layer, and an update uses up
/// the gradients of its group. An update that waits behind the group's last weight gradient goes
/// along with it: a layer is updated once its gradient is complete and the backward pass has used
/// its weights.
class H2LearnSchedule : public Schedule {
 public:
  struct Settings {
    std::uint64_t memory_base = H2_MEM_BASE(0);  ///< address of Mem0
    std::uint64_t memory_bytes = 0;              ///< of each memory
    unsigned memories = 3;  ///< 1: Mem0, which takes what else would lie in Mem1 and Mem2
    bool dense = false;     ///< JobContext::dense
    bool compress_gradients = false;
    MaskFactory masks;  ///< set in runs without data
    std::optional<LutFault> fault;
    std::uint64_t first_sub_batch = 0;  ///< its running number
  };
  /// Engines in the order of h2learn_engines().
  enum EngineIndex { kForwardEngine, kBackwardEngine, kWeightUpdateEngine };

  /// `machine` outlives the schedule.
  H2LearnSchedule(const Machine& machine, Settings settings);

  const std::vector<std::string>& queues() const override;
  std::shared_ptr<CardCommand> decode(const h2_descriptor& descriptor, CardAccess& card) override;
  void begin(CardCommand& command) override;
  std::optional<Step> step(CardCommand& command, int index) override;
  void end(const CardCommand& command) override;
  void reset() override;
  std::uint32_t status() const override;
  /// Software has written weights and optimiser state anew. False if commands are under way.
  bool restart() { return order_.restart(); }
  /// The same, of a training that had come to `step`. False also unless no update has ended since
  /// the reset and the weights are whole.
  bool resume(std::uint32_t step) { return order_.resume(step); }
  /// Running number of the next sub-batch.
  std::uint64_t sub_batches() const { return sub_batches_; }

 protected:
  /// Whether the machine takes the network of the command, and how it lies in its buffers. Returns
  /// an h2_error.
  virtual std::uint32_t plan(H2LearnCommand& command) const;
  const Machine& machine() const { return machine_; }
  const Settings& settings() const { return settings_; }
  /// Address of MemN.
  std::uint64_t base_of(unsigned memory) const {
    return settings_.memory_base + (settings_.memories == 1 ? 0 : memory) * H2_MEM_STRIDE;
  }
  /// Where the weights lie that an update writes: one base per copy.
  std::vector<std::uint64_t> weight_copies() const;

 private:
  std::uint32_t check_fields(const h2_descriptor& descriptor, const CardAccess& card) const;
  std::uint32_t check(H2LearnCommand& command, CardAccess& card);
  std::uint32_t read_table(H2LearnCommand& command, CardAccess& card) const;
  std::uint32_t check_tensors(const H2LearnCommand& command, const CardAccess& card) const;
  std::uint32_t check_windows(const H2LearnCommand& command, const CardAccess& card) const;
  bool covers_control(const H2LearnCommand& command, const CardAccess& card) const;
  Step update_step(const H2LearnCommand& update, int index) const;
  Step gradient_step(const H2LearnCommand& command, int layer, bool second) const;
  std::shared_ptr<H2LearnCommand> early_update(H2LearnCommand& gradient, int index);
  bool in_a_memory(std::uint64_t address, std::uint64_t bytes) const;
  void hold_sub_batch(H2LearnCommand& command);
  std::unique_ptr<Job> weight_gradient(const H2LearnCommand& command, int layer) const;

  const Machine& machine_;
  const Settings settings_;
  CommandOrder order_;
  /// The sub-batch that Mem0 and Mem1 hold: running number, and masks in runs without data.
  struct Held {
    std::uint64_t number = 0;
    std::shared_ptr<const MaskSource> masks;
  };
  std::array<Held, 2> held_;
  std::uint64_t sub_batches_ = 0;
};

/// What the jobs of a command of an H2LearnSchedule share.
inline const JobContext& job_context(const CardCommand& command) {
  return static_cast<const H2LearnCommand&>(command).context;
}

}  // namespace h2
