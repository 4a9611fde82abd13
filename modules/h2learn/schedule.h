#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "modules/device/schedule.h"
#include "modules/h2learn/glb_plan.h"
#include "modules/h2learn/job_context.h"
#include "modules/h2learn/machine.h"
#include "modules/h2learn/network_table.h"

namespace h2 {

/// A descriptor with the network table it names.
struct H2LearnCommand : Command {
  NetworkTable table;
  GlbPlan glb;
  JobContext context;
  std::shared_ptr<const MaskSource> masks;        ///< of the context, runs without data
  std::shared_ptr<const H2LearnCommand> depends;  ///< backward pass that a weight gradient follows
  bool completes = false;  ///< weight gradient: all sums of the group are usable if it ends
};

/// The commands of H2Learn (paper, Fig. 10): each pass goes through the layers on its engine, the
/// weight gradient of a layer follows the backward pass of the same layer, and an update uses up
/// the gradients of its group.
class H2LearnSchedule : public Schedule {
 public:
  struct Settings {
    std::uint64_t memory_base = H2_MEM_BASE(0);  ///< address of Mem0
    std::uint64_t memory_bytes = 0;              ///< of each of the three memories
    bool compress_gradients = false;
    MaskFactory masks;  ///< set in runs without data
    std::optional<LutFault> fault;
  };
  /// Engines in the order of h2learn_engines().
  enum EngineIndex { kForwardEngine, kBackwardEngine, kWeightUpdateEngine };

  /// `machine` outlives the schedule.
  H2LearnSchedule(const Machine& machine, Settings settings);

  const std::vector<std::string>& queues() const override;
  std::shared_ptr<Command> decode(const h2_descriptor& descriptor, CardAccess& card) override;
  void begin(Command& command) override;
  std::optional<Step> step(const Command& command, int index) override;
  void end(const Command& command) override;
  void reset() override;

 private:
  static std::uint32_t check_fields(const h2_descriptor& descriptor, const CardAccess& card);
  std::uint32_t check(H2LearnCommand& command, CardAccess& card);
  std::uint32_t read_table(H2LearnCommand& command, CardAccess& card) const;
  std::uint32_t check_tensors(const H2LearnCommand& command, const CardAccess& card) const;
  std::uint32_t check_windows(const H2LearnCommand& command, const CardAccess& card) const;
  std::uint32_t check_dependence(H2LearnCommand& command) const;
  bool covers_control(const H2LearnCommand& command, const CardAccess& card) const;
  std::uint64_t base_of(unsigned memory) const {
    return settings_.memory_base + memory * H2_MEM_STRIDE;
  }
  bool in_a_memory(std::uint64_t address, std::uint64_t bytes) const;
  void hold_sub_batch(H2LearnCommand& command);

  const Machine& machine_;
  const Settings settings_;
  std::deque<std::shared_ptr<const H2LearnCommand>> backward_commands_;
  bool gradients_usable_ = false;  ///< grad-w of the group is complete and finite so far
  /// The sub-batch that Mem0 and Mem1 hold: running number, and masks in runs without data.
  struct Held {
    std::uint64_t number = 0;
    std::shared_ptr<const MaskSource> masks;
  };
  std::array<Held, 2> held_;
  std::uint64_t sub_batches_ = 0;
};

/// What the jobs of a command of an H2LearnSchedule share.
inline const JobContext& job_context(const Command& command) {
  return static_cast<const H2LearnCommand&>(command).context;
}

}  // namespace h2
