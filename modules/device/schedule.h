// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "modules/contract/h2_contract.h"
#include "modules/device/job.h"

namespace h2 {

/// A descriptor that the card has read. A schedule derives what it needs besides.
struct CardCommand {
  CardCommand() = default;
  virtual ~CardCommand() = default;
  CardCommand(const CardCommand&) = delete;
  CardCommand& operator=(const CardCommand&) = delete;

  h2_descriptor descriptor{};
  std::string kind;             ///< in traces: "weight_gradient"
  int queue = 0;                ///< index in Schedule::queues()
  std::uint64_t sub_batch = 0;  ///< running number
  bool indivisible = false;     ///< ends before a soft reset does, once it has begun
  bool begun = false;           ///< its turn has come, or a first job of it has run
  /// An h2_error, with the layer and the timestep it belongs to, counted from 1 (0: none).
  std::uint32_t error = H2_OK, error_layer = 0, error_timestep = 0;

  // Kept by the command processor.
  int steps_done = 0;      ///< steps that have ended without an error
  bool ended = false;      ///< no further step will run
  bool aborted = false;    ///< by a soft reset: runs no further step
  bool forgotten = false;  ///< by a soft reset: no completion
  std::uint64_t start_cycle = 0;
  std::uint64_t fetch_begin_ps = 0, fetch_end_ps = 0;  ///< from the read of the ring to the queue
};

/// "Step `step` of `command` has ended", counted from 0.
struct After {
  std::shared_ptr<const CardCommand> command;
  int step = 0;
};

/// One job of a command.
struct Step {
  int engine = 0;  ///< index in the accelerator's list of engines
  std::unique_ptr<EngineJob> job;
  std::optional<After> after;  ///< what has to happen first
  /// The job belongs to this command, which is queued behind; null: to the one that was asked.
  std::shared_ptr<CardCommand> owner;
  /// Jobs that other engines do at the same time; the step ends with the last of them. If one
  /// fails, the others are aborted.
  struct Beside {
    int engine = 0;
    std::unique_ptr<EngineJob> job;
  };
  std::vector<Beside> beside = {};
};

struct ByteRange {
  std::uint64_t address = 0, bytes = 0;
};

/// The card as a schedule sees it while it checks a descriptor.
class CardAccess {
 public:
  virtual ~CardAccess() = default;
  /// Reads system memory as the card does, through its windows; takes simulated time. False:
  /// refused or failed.
  virtual bool read(std::uint64_t address, void* data, std::size_t bytes) = 0;
  /// True if one window covers the bytes with the rights asked for.
  virtual bool allows(std::uint64_t address, std::uint64_t bytes, bool read, bool write) const = 0;
  /// The descriptor ring and the completion ring.
  virtual std::vector<ByteRange> rings() const = 0;
  /// True for the tag of an accepted descriptor without completion.
  virtual bool in_flight(std::uint32_t tag) const = 0;
};

/// What is special about an accelerator's commands: their checks, their queues, their jobs and what
/// those wait for. Knows no simulator.
class Schedule {
 public:
  virtual ~Schedule() = default;

  /// Keys of the queues, each with a process of its own that runs its commands in order.
  virtual const std::vector<std::string>& queues() const = 0;
  /// Reads and checks what the descriptor names. A refused command has its `error` set.
  virtual std::shared_ptr<CardCommand> decode(const h2_descriptor& descriptor,
                                              CardAccess& card) = 0;
  /// The command's turn has come; may refuse it by setting `error`.
  virtual void begin(CardCommand& command) = 0;
  /// What comes after `index` own steps of the command; none: it is done. A step with an owner is
  /// asked for in between and counts for that one.
  virtual std::optional<Step> step(CardCommand& command, int index) = 0;
  /// The last step has ended, or `error` or `aborted` keeps the rest from running.
  virtual void end(const CardCommand& command) = 0;
  /// A soft reset is done: no command is left.
  virtual void reset() = 0;
  /// Bits of the STATUS register that belong to the accelerator.
  virtual std::uint32_t status() const = 0;
};

}  // namespace h2
