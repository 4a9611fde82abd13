// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm_utils/simple_initiator_socket.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <systemc>
#include <vector>

#include "memory/bus/memory_port.h"
#include "memory/glb.h"
#include "modules/device/job.h"
#include "modules/device/job_record.h"

namespace h2 {

/// What carries out one job after another: the ports to memory, the global buffer, and what the
/// command processor and the board ask for. How a job runs is the derived module's own.
class JobEngine : public sc_core::sc_module {
 public:
  struct Settings {
    sc_core::sc_time period;  ///< of its clock
    MemoryPort::Settings load, store;
    /// Of the cycles in records and statistics; zero: its own clock.
    sc_core::sc_time counted = sc_core::SC_ZERO_TIME;
  };
  using Stats = EngineStats;

  MemoryPort load_port, store_port;
  /// To be bound to the socket of the engine's GLB.
  tlm_utils::simple_initiator_socket<JobEngine> glb_socket{"glb_socket"};

  /// Carries `job` out and returns its cost; call from one thread process at a time. `sub_batch` is
  /// shown in the waveform. A job that takes longer than `limit` (zero: none) is aborted with
  /// H2_ERR_TIMEOUT.
  virtual JobRecord run(EngineJob& job, std::uint32_t sub_batch, sc_core::sc_time limit) = 0;
  /// Ends the job under way, if any, with `error`: nothing more is sent to memory, and responses
  /// that do not come within kGraceCycles are not waited for.
  virtual void abort(std::uint32_t error) = 0;
  static constexpr int kGraceCycles = 16384;

  /// Up to now, an interval under way included.
  virtual Stats stats() const = 0;
  /// Processor seconds in the kernels of the jobs ended so far.
  virtual double kernel_seconds() const = 0;
  /// What its jobs did so far, those under way included.
  virtual const EventCounts& events() const = 0;
  /// Shows the power of jobs in waveform and timeline: picojoules by event, and per cycle of the
  /// array. To be called before the simulation starts.
  virtual void show_power(std::vector<double> event_pj, double clock_pj) = 0;
  /// Jobs ended so far.
  virtual std::uint64_t jobs() const = 0;
  const Glb& buffer() const { return glb_; }
  /// What each process does, for the watchdog.
  virtual std::string describe() const = 0;

 protected:
  JobEngine(const sc_core::sc_module_name& name, const Settings& settings, Glb& glb)
      : sc_module(name),
        load_port("load", settings.load),
        store_port("store", settings.store),
        settings_(settings),
        glb_(glb) {}

  std::uint64_t cycles(const sc_core::sc_time& time) const {
    return static_cast<std::uint64_t>(std::llround(time / counted()));
  }
  const sc_core::sc_time& counted() const {
    return settings_.counted > sc_core::SC_ZERO_TIME ? settings_.counted : settings_.period;
  }
  /// Waits for the next edge of the core clock, if there is none now.
  void wait_edge() {
    const auto period = settings_.period.value();
    const auto late = sc_core::sc_time_stamp().value() % period;
    if (late != 0) wait(sc_core::sc_time::from_value(period - late));
  }

  const Settings settings_;
  Glb& glb_;
};

}  // namespace h2
