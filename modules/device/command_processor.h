// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm_utils/simple_initiator_socket.h>

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <systemc>
#include <vector>

#include "memory/bus/access_guard.h"
#include "modules/device/job_engine.h"
#include "modules/device/observers.h"
#include "modules/device/register_bank.h"
#include "modules/device/schedule.h"
#include "traces/record/trace.h"

namespace h2 {

/// Fetches descriptors from the ring, has them checked by the accelerator's schedule, runs the
/// steps of the commands on the engines, writes completions and raises the interrupt. Rings,
/// registers, windows, error queue, time-out and soft reset; knows no layer and no tensor.
class CommandProcessor : public sc_core::sc_module, private CardAccess {
 public:
  struct Settings {
    sc_core::sc_time period;  ///< core clock
    int first_port = 0;       ///< of the card on the bus
    RegisterMap registers;
  };

  tlm_utils::simple_initiator_socket<CommandProcessor> bus{"bus"};
  sc_core::sc_out<bool> irq{"irq"};
  RegisterBank registers;

  /// `schedule` and `engines` outlive the command processor.
  CommandProcessor(sc_core::sc_module_name name, const Settings& settings, Schedule& schedule,
                   std::vector<JobEngine*> engines, Trace& trace);
  ~CommandProcessor() override;

  /// Every job, as it ends.
  Observers<const LayerRecord&> job_ended;
  /// Every command that has ended without error, before its completion is written.
  Observers<const CardCommand&> command_ended;
  /// For the interconnect: what becomes of a transaction of the card.
  AccessGuard::Verdict judge(const tlm::tlm_generic_payload& payload);
  /// Puts `error` in the error queue, with the tag of a descriptor or the offset of a register.
  void report(std::uint32_t error, std::uint32_t tag);
  void update_status();
  std::uint64_t interrupts() const { return interrupts_; }
  /// Goes on from what was counted before; before time starts.
  void go_on_from(std::uint64_t interrupts) { interrupts_ = interrupts; }
  /// A descriptor is under way.
  bool working() const { return running_ > 0; }
  /// Grows while any engine computes or memory answers it.
  std::uint64_t activity() const;
  std::string describe() const;

 private:
  using CommandPtr = std::shared_ptr<CardCommand>;
  /// The commands of one queue that wait for their turn, the current one first.
  struct Queue {
    static constexpr std::size_t kDepth = 4;
    std::string key;
    std::deque<CommandPtr> commands;
    sc_core::sc_event filled;
    CommandPtr current;
  };

  bool may_fetch() const;
  void fetch_process();
  void fetch();
  void take(const CommandPtr& command);
  void queue_process(Queue& queue);
  void run_next(Queue& queue);
  void run(CardCommand& command);
  bool await(const Step& step, CardCommand& command);
  void run_jobs(CardCommand& command, const Step& step);
  void run_job(CardCommand& command, int engine, EngineJob& job);
  void abort_beside(const CardCommand& command, const Step& step);
  /// `turn`: when its queue came to it.
  void show_descriptor(const CardCommand& command, std::uint64_t turn) const;
  void complete(CardCommand& command);
  void end_work();
  std::uint32_t write_completion(const h2_completion& completion);

  bool read(std::uint64_t address, void* data, std::size_t bytes) override;
  bool allows(std::uint64_t address, std::uint64_t bytes, bool read, bool write) const override;
  std::vector<ByteRange> rings() const override;
  bool in_flight(std::uint32_t tag) const override { return in_flight_.count(tag) != 0; }

  void connect_registers();
  void connect_rings();
  void connect_windows();
  bool set_window(std::uint32_t n, std::uint32_t reg, std::uint32_t before, std::uint32_t after);
  bool inject(std::uint32_t value);
  bool ring_registers_open() const;
  bool ring_doorbell(std::uint32_t before, std::uint32_t after);
  bool control(std::uint32_t after);
  void reset();
  void await_idle();
  void clear_registers();
  void raise(std::uint32_t irq_bits);
  void drop_error();
  void show_error();
  void update_irq();
  bool access(tlm::tlm_command command, std::uint64_t address, void* data, std::size_t bytes);
  std::uint64_t cycle() const;

  const sc_core::sc_time period_;
  const int first_port_;
  Schedule& schedule_;
  const std::vector<JobEngine*> engines_;
  std::vector<CardCommand*> served_;  // whose job each engine runs, or null
  Trace& trace_;
  const ModuleLog log_;
  int head_signal_, tail_signal_, irq_signal_;

  std::vector<std::unique_ptr<Queue>> queues_;
  sc_core::sc_event progress_;  // a step or a command has ended
  AccessGuard guard_;
  struct QueuedError {
    std::uint32_t code = H2_OK, tag = 0;
  };
  std::deque<QueuedError> errors_;
  std::set<std::uint32_t> in_flight_;  // tags of accepted descriptors
  int running_ = 0;
  bool aborting_ = false;
  sc_core::sc_event doorbell_, space_, irq_change_, idle_;
  sc_core::sc_mutex completion_lock_;
  std::uint64_t interrupts_ = 0;
  mutable std::uint64_t arrows_ = 0;
};

}  // namespace h2
