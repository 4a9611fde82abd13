// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm_utils/simple_initiator_socket.h>

#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <systemc>
#include <utility>

#include "memory/bus/transfer_info.h"
#include "modules/base/memory_reader.h"
#include "platform/driver/h2_driver.h"
#include "platform/host/host_memory.h"
#include "platform/host/host_view.h"
#include "platform/host/repeated_reads.h"

namespace h2 {

/// One access of the host's program, seen when it has ended.
struct HostAccess {
  enum class Kind { read, write, debug_read, debug_write, wait_irq };
  Kind kind;
  std::uint64_t address;
  const void* data;  ///< read or written
  std::size_t bytes;
  sc_core::sc_time start;  ///< simulated time at which it began; it ends now
  bool ok;                 ///< answered without error; the interrupt came
  /// Of a read or write.
  tlm::tlm_response_status status = tlm::TLM_OK_RESPONSE;
};

/// The host processor: runs a program whose only ways to the card are the bus and the interrupt
/// line. The program is native code, a simulated processor, or acts on behalf of another process.
/// Computation of native code takes a fixed configured time; bus accesses take theirs.
class HostCpu : public sc_core::sc_module {
 public:
  using Program = std::function<void(HostCpu&)>;

  tlm_utils::simple_initiator_socket<HostCpu> bus{"bus"};
  sc_core::sc_in<bool> irq{"irq"};
  /// What the card can reach of the host's RAM.
  HostMemory memory;

  /// `work` is the time of one sub-batch's host computation, `link` that of an access of the card
  /// to the host's memory.
  HostCpu(sc_core::sc_module_name name, sc_core::sc_time work, sc_core::sc_time link, Trace& trace);

  /// To be set before simulation starts. An exception ends the simulation and is kept in `failure`.
  Program program;
  bool finished() const { return finished_; }
  std::exception_ptr failure() const { return failure_; }
  /// From a program that makes progress without accesses, for the watchdog.
  void heartbeat() { ++heartbeats_; }
  /// Grows with heartbeat() and every timed access but a read that finds what it found before:
  /// polling is no progress.
  std::uint64_t heartbeats() const { return heartbeats_; }
  /// Timed accesses so far.
  std::uint64_t accesses() const { return accesses_; }
  /// While it exists the program waits until a time that is fixed. Several may exist at once.
  class BoundedWait {
   public:
    explicit BoundedWait(HostCpu& host);
    ~BoundedWait();
    BoundedWait(const BoundedWait&) = delete;
    BoundedWait& operator=(const BoundedWait&) = delete;

   private:
    HostCpu& host_;
    const sc_core::sc_time before_;
  };
  /// A wait with an end has lasted since `time` or longer: that is no hang.
  bool bounded_wait_since(sc_core::sc_time time) const { return bounded_wait_ <= time; }
  /// What the program waits for besides accesses and the interrupt; "" for nothing.
  void set_waiting_for(std::string what) { waiting_for_ = std::move(what); }
  /// Where the program is while it waits for nothing, as "in main"; may be empty.
  std::function<std::string()> place;
  /// For the watchdog's message: "waits for the interrupt", "runs in main, after a read of ...".
  std::string describe() const;

  /// Called when the program has ended. The board stops the simulation with the last of its hosts.
  std::function<void()> on_end = [] { sc_core::sc_stop(); };
  /// Called with every timed access, wait for the interrupt, and access of a loader.
  std::function<void(const HostAccess&)> on_access;
  /// The same, for a recorder that goes on while other observers come and go.
  std::function<void(const HostAccess&)> on_record;

  /// A timed access, to be called from the program; returns when its time has passed. An access of
  /// no bytes is none of TLM-2.0: it is refused with TLM_BURST_ERROR_RESPONSE in no time.
  tlm::tlm_response_status transport(tlm::tlm_command command, std::uint64_t address, void* data,
                                     std::size_t bytes);
  /// Returns true once the interrupt line is up, false after `timeout`. From the program.
  bool wait_irq(sc_core::sc_time timeout = sc_core::sc_max_time());

  /// Lets time pass. From the program.
  void pause(sc_core::sc_time time);
  /// Lets the time of one sub-batch's host computation pass.
  void work();

  /// Shows a stretch of simulated time on a row of its own of the timeline, below the host's.
  void show(const std::string& row, const std::string& name, const Timeline::Span& span) const {
    view_.slice(row, name, span);
  }

  /// The same for the driver.
  h2_bus driver_bus();
  /// Debug accesses, outside simulated time: what a loader uses before a run and a reader after it.
  h2_bus loader_bus();
  /// Reads memory through debug().
  MemoryReader reader();
  /// Time and side-effect free access, false outside memory and for no bytes.
  bool debug(tlm::tlm_command command, std::uint64_t address, void* data, std::size_t bytes);

 private:
  void run();
  void note(const HostAccess& access);
  void see_irq() { view_.interrupt(irq.read()); }
  /// Passes the access on to all observers.
  void ended(const HostAccess& access);
  int load(tlm::tlm_command command, std::uint64_t address, void* data, std::size_t bytes);

  const sc_core::sc_time work_;
  HostView view_;
  TransferInfo info_;
  std::uint64_t heartbeats_ = 0, accesses_ = 0;
  RepeatedReads reads_;
  struct LastAccess {
    bool write = false;
    std::uint64_t address = 0;
    std::uint32_t value = 0;  ///< its first four bytes
  } last_;
  bool finished_ = false;
  sc_core::sc_time bounded_wait_ = sc_core::sc_max_time();  ///< since when; maximal: there is none
  std::exception_ptr failure_;
  std::string waiting_for_;
  bool in_access_ = false;
};

}  // namespace h2
