// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "platform/host/gdb/gdb_target.h"
#include "platform/host/gdb/packet_stream.h"
#include "platform/host/riscv/riscv_host.h"

namespace h2 {

/// GDB's remote serial protocol for the RISC-V host: starts, stops, steps and restarts the
/// processor. It starts stopped; while it is stopped simulated time stands still. After a detach it
/// runs on, and another debugger may attach.
class GdbServer : public RunControl {
 public:
  /// Answers a `monitor` command with text.
  using Monitor = std::function<std::string(const std::string& command)>;

  /// Listens at `port` of this machine (0: any free one) and announces it on stderr. Once `stop` is
  /// true it waits for no debugger any more. Throws InputError if it cannot listen.
  GdbServer(RiscvHost& host, std::uint16_t port, Monitor monitor, std::function<bool()> stop);

  std::uint64_t allow(RiscvCore::Stop last) override;
  bool ended(int exit_code) override;
  std::uint16_t port() const { return stream_.port(); }

 private:
  enum class Mode { attaching, stopped, running, stepping, detached };

  bool stops(RiscvCore::Stop last);
  bool ends_step_in_wfi();
  void report_trap();
  void listen();
  void serve();
  void handle(const std::string& packet);
  void handle_verbose(const std::string& packet);
  void resume(const std::string& action);
  void pass_breakpoint();
  void command(const std::string& packet);
  void print(const std::string& text);
  bool restart();
  void attach();
  void kill();
  void detach();

  RiscvHost& host_;
  GdbTarget target_;
  const Monitor monitor_;
  PacketStream stream_;
  Mode mode_ = Mode::attaching;
  std::string reply_;      ///< why the processor stopped
  bool extended_ = false;  ///< the session outlives the run: it may start it again
  bool killed_ = false;    ///< the session has ended the run, and may start it again
  bool over_ = false;      ///< the firmware has ended
  std::optional<std::uint32_t> stopped_at_ebreak_;
  /// Addresses from first to below second that a step passes over without a stop.
  std::optional<PacketRange> step_range_;
};

}  // namespace h2
