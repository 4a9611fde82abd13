// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "modules/device/schedule.h"

namespace h2 {

struct H2LearnCommand;

/// In which order the commands of a batch group may come: the tables of DRIVER.md, "Order of
/// descriptors". Two state machines: what Mem0 and Mem1 hold, and how far the gradients in Mem2
/// are.
class CommandOrder {
 public:
  using CommandPtr = std::shared_ptr<H2LearnCommand>;

  /// H2_OK, H2_ERR_DEPENDENCY or H2_ERR_WEIGHTS for a command that is read now.
  std::uint32_t check(H2LearnCommand& command) const;
  /// The command has passed all checks.
  void accept(const CommandPtr& command);
  /// Its turn has come.
  std::uint32_t begin(H2LearnCommand& command) const;
  void end(const H2LearnCommand& command);
  /// After a soft reset: nothing is under way, no group is open.
  void reset();

  /// An update broke off: the weights are neither those before nor those after it.
  bool weights_lost() const { return weights_lost_; }
  /// An update ended between two layers, since its group failed; the next one goes on there.
  bool partly_updated() const { return partial_ != nullptr; }
  /// The update that uses the sums which this weight gradient, the last of its group, completes;
  /// null if there is none or nothing may be written.
  CommandPtr update_of(const H2LearnCommand& gradient) const;
  std::uint32_t last_step() const { return last_step_; }
  /// Software has written weights and optimiser state anew. False if commands are under way.
  bool restart();
  /// Steps go on behind `step`; false, and nothing changed, if that is not allowed.
  bool resume(std::uint32_t step);

 private:
  /// What a memory holds.
  struct Held {
    CommandPtr forward;                ///< the last training pass; null: none, or inference
    std::vector<CommandPtr> backward;  ///< passes on it since
    std::vector<CommandPtr> users;     ///< backward passes and weight gradients, maybe ended
  };
  /// The gradients in Mem2.
  enum class Group { none, open, closed };

  std::uint32_t check_forward(const H2LearnCommand& command) const;
  std::uint32_t check_backward(H2LearnCommand& command) const;
  std::uint32_t check_gradient(H2LearnCommand& command) const;
  std::uint32_t check_update(const H2LearnCommand& command) const;
  bool resumes(const H2LearnCommand& update) const;
  void end_update(const H2LearnCommand& update);
  bool updating() const;
  bool under_way() const;

  std::array<Held, 2> held_;
  std::vector<CommandPtr> forwards_;  ///< maybe ended
  CommandPtr update_;                 ///< the last one
  Group group_ = Group::none;
  CommandPtr first_gradient_;       ///< of the group
  std::vector<CommandPtr> kept_;    ///< its weight gradients so far, if a layer is grouped
  std::uint64_t group_number_ = 0;  ///< counts weight gradients with FIRST
  std::uint64_t broken_ = 0;        ///< the last group that a failed weight gradient has spoilt
  std::uint32_t cause_ = H2_OK;     ///< and its error
  CommandPtr partial_;              ///< the update that ended between two layers
  std::uint32_t last_step_ = 0;
  bool may_restart_ = true;  ///< step 1 may follow: no update since the soft reset
  bool weights_lost_ = false;
};

}  // namespace h2
