// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <systemc>

#include "memory/bus/interconnect.h"
#include "memory/bus/probes.h"
#include "platform/host/host_cpu.h"
#include "platform/host/riscv/elf_image.h"
#include "platform/host/riscv/htif.h"
#include "platform/host/riscv/riscv_core.h"
#include "platform/host/riscv/soc_devices.h"
#include "platform/host/riscv/soc_plic.h"
#include "platform/host/riscv/soc_ram.h"
#include "platform/host/riscv/soc_uart.h"

namespace h2 {

/// Decides between slices whether the processor goes on: a debugger.
class RunControl {
 public:
  virtual ~RunControl() = default;
  /// Called before the processor executes; takes its time while the processor is stopped. `last`
  /// is why it came back. Returns the instructions that it may execute before it asks again.
  virtual std::uint64_t allow(RiscvCore::Stop last) = 0;
  /// The firmware has ended. True: it has been reset meanwhile, and is to run again.
  virtual bool ended(int exit_code) = 0;
};

/// The host as a RISC-V processor with RAM and peripherals (h2_soc.h); its program is an ELF file.
/// It takes the place of the native program of a HostCpu and uses that one's way to the card and
/// interrupt line. An instruction takes one clock. The processor runs ahead of the rest of the
/// platform while nothing can happen there, by the quantum at most: what it sees does not depend on
/// the quantum.
class RiscvHost : public sc_core::sc_module, private RiscvBus {
 public:
  struct Settings {
    sc_core::sc_time period;
    std::uint64_t quantum = 10'000;  ///< instructions
    /// The run ends with an error when either is reached.
    std::uint64_t max_instructions = std::numeric_limits<std::uint64_t>::max();
    sc_core::sc_time max_time = sc_core::sc_max_time();
    /// The same for bytes written to the console.
    std::uint64_t max_output = std::numeric_limits<std::uint64_t>::max();
    /// Asked about a thousand times a second: true ends the run with an error.
    std::function<bool()> stop = [] { return false; };
    Probes* probes = nullptr;  ///< of the platform
  };

  tlm_utils::simple_initiator_socket<RiscvHost> bus{"bus"};
  /// The card's registers on the processor's bus.
  tlm_utils::simple_target_socket<RiscvHost> card{"card"};
  Interconnect interconnect;
  SocRam ram;
  SocTimer timer;
  SocPlic plic;
  SocUart uart;
  SocDma dma;
  SocFinisher finisher;

  /// What firmware writes to its console goes to `console`.
  RiscvHost(sc_core::sc_module_name name, HostCpu& host, ElfImage image, const Settings& settings,
            std::ostream& console);

  /// To be called as the program of the HostCpu; returns when the firmware ends. Throws RunError
  /// for a trap that the firmware does not handle and for a limit of the settings.
  void run();
  int exit_code() const { return finisher.code(); }
  /// The function that the processor is in, or the address without symbols.
  std::string place() const;

  /// The program again from its entry: processor, RAM and devices as at the start, mtime 0, a soft
  /// reset of the card. Simulated time goes on. Within run(), while the processor is stopped; false
  /// if the card does not end its reset.
  bool reset();

  /// Null: no debugger.
  RunControl* control = nullptr;
  /// While it sleeps in wfi: a device or the card may raise a line that it waits for.
  bool can_wake();
  /// Within run().
  RiscvCore& core() { return *core_; }
  const ElfImage& image() const { return image_; }
  /// Since the start, over all resets.
  std::uint64_t instructions() const {
    return before_reset_ + (core_ == nullptr ? 0 : core_->instructions());
  }
  /// Simulated time of the processor, which may be ahead of the platform's by the quantum.
  sc_core::sc_time now() const;
  /// Access without time or side effects, for debuggers; false where nothing answers.
  bool debug(tlm::tlm_command command, std::uint32_t address, void* data, std::uint32_t bytes);

 private:
  bool access(bool write, std::uint32_t address, void* data, unsigned bytes) override;
  std::uint32_t pending() override;
  std::uint64_t quiet_instructions() override;
  std::uint64_t cycles() override { return (now() - started_).value() / settings_.period.value(); }
  std::uint64_t mtime() override { return timer.ticks(now()); }

  void connect();
  void load();
  bool reset_card();
  void execute();
  std::uint64_t budget() const;
  void idle();
  void update_heartbeat();
  std::string progress_text() const;
  sc_core::sc_time wake_time() const;
  void synchronise();
  std::uint64_t instructions_until(sc_core::sc_time time) const;
  void card_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned card_debug(tlm::tlm_generic_payload& payload);

  HostCpu& host_;
  const ElfImage image_;
  const Settings settings_;
  std::unique_ptr<RiscvCore> core_;
  std::optional<Htif> htif_;        ///< of a program that has the symbol tohost
  sc_core::sc_time started_;        ///< the last reset
  std::uint64_t before_reset_ = 0;  ///< instructions of the runs before the last reset
  std::uint64_t synchronised_ = 0;  ///< instructions whose time has passed on the platform
  // At the last heartbeat: instructions and accesses to the card; and whether another device has
  // been accessed since.
  std::uint64_t beat_instructions_ = 0, beat_accesses_ = 0;
  bool used_device_ = false;
  // A sleep until the timer: its instruction count, and for the watchdog.
  std::uint64_t asleep_at_ = 0;
  std::optional<HostCpu::BoundedWait> sleep_;
};

}  // namespace h2
