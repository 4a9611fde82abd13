#pragma once

#include <tlm_utils/simple_initiator_socket.h>

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <systemc>
#include <vector>

#include "memory/bus/access_guard.h"
#include "memory/dram/memory_spec.h"
#include "modules/device/engine.h"
#include "modules/device/register_bank.h"
#include "modules/h2learn/network_table.h"
#include "traces/record/trace.h"

namespace h2 {

/// Fetches descriptors from the ring, checks them, orders the layers of each phase on its engine
/// and the weight gradient behind the backward pass, writes completions and raises the interrupt.
class Controller : public sc_core::sc_module {
 public:
  struct Engines {
    Engine& forward;
    Engine& backward;
    Engine& weight_update;
  };
  struct Settings {
    sc_core::sc_time period;
    std::uint64_t memory_bytes = 0;
    bool compress_gradients = false;
    MaskFactory masks;  ///< set in runs without data
    std::optional<LutFault> fault;
  };

  tlm_utils::simple_initiator_socket<Controller> bus{"bus"};
  sc_core::sc_out<bool> irq{"irq"};
  RegisterBank registers;

  Controller(sc_core::sc_module_name name, const Machine& machine, const Settings& settings,
             Engines engines, Trace& trace);
  ~Controller() override;

  /// Called with every job as it ends.
  std::function<void(const LayerRecord&)> on_job;
  /// Called when a descriptor has ended without error, before its completion is written.
  std::function<void(const h2_descriptor&, const JobContext&)> on_descriptor;
  /// For the interconnect: what becomes of a transaction of the card.
  AccessGuard::Verdict judge(const tlm::tlm_generic_payload& payload);
  std::uint64_t interrupts() const { return interrupts_; }
  std::string describe() const;

 private:
  struct Command;
  using CommandPtr = std::shared_ptr<Command>;
  struct Phase;

  void fetch_process();
  void fetch();
  void run_phase(Phase& phase);
  void forward_process();
  void backward_process();
  void weight_process();
  void forward(Command& command);
  void backward(Command& command);
  void weight_gradient(Command& command);
  void update(Command& command);

  std::uint32_t accept(const h2_descriptor& descriptor, const CommandPtr& command);
  /// Numbers the sub-batches as forward descriptors bring them.
  void hold_sub_batch(Command& command);
  std::uint32_t read_table(Command& command);
  std::uint32_t check_fields(const h2_descriptor& descriptor) const;
  std::uint32_t check_tensors(const Command& command) const;
  std::uint32_t check_windows(const Command& command) const;
  std::uint32_t check_dependence(const CommandPtr& command);
  bool covers_control(const Command& command) const;
  bool in_a_memory(std::uint64_t address, std::uint64_t bytes) const;
  std::uint32_t run_job(Command& command, Engine& engine, int engine_index, Job& job);
  void show_descriptor(const Command& command) const;
  void complete(Command& command);
  void end_work();
  std::uint32_t write_completion(const h2_completion& completion);

  void connect_registers();
  void connect_windows();
  bool set_window(std::uint32_t n, std::uint32_t reg, std::uint32_t before, std::uint32_t after);
  bool inject(std::uint32_t value);
  bool ring_doorbell(std::uint32_t before, std::uint32_t after);
  bool control(std::uint32_t after);
  void reset();
  void clear_registers();
  void raise(std::uint32_t irq_bits);
  void report(std::uint32_t error, std::uint32_t tag);
  void drop_error();
  void show_error();
  void update_status();
  void update_irq();
  bool access(tlm::tlm_command command, std::uint64_t address, void* data, std::size_t bytes);
  std::uint64_t cycle() const;

  const Machine machine_;
  const Settings settings_;
  Engines engines_;
  Trace& trace_;
  const ModuleLog log_;
  int head_signal_, tail_signal_, irq_signal_;

  std::unique_ptr<Phase> forward_phase_, backward_phase_, weight_phase_;
  AccessGuard guard_;
  struct QueuedError {
    std::uint32_t code = H2_OK, tag = 0;
  };
  std::deque<QueuedError> errors_;
  std::set<std::uint32_t> in_flight_;         // tags of accepted descriptors
  std::deque<CommandPtr> backward_commands_;  // for the dependence of weight gradients
  bool gradients_usable_ = false;             // grad-w of the group is complete and finite so far
  /// The sub-batch that Mem0 and Mem1 hold: running number, and masks in runs without data.
  struct Held {
    std::uint64_t number = 0;
    std::shared_ptr<const MaskSource> masks;
  };
  std::array<Held, 2> held_;
  std::uint64_t sub_batches_ = 0;
  int running_ = 0;
  bool aborting_ = false;
  sc_core::sc_event doorbell_, space_, irq_change_, idle_;
  sc_core::sc_mutex completion_lock_;
  std::uint64_t interrupts_ = 0;
  mutable std::uint64_t arrows_ = 0;
};

}  // namespace h2
