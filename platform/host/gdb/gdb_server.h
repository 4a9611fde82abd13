#pragma once

#include <cstdint>
#include <string>

#include "platform/host/gdb/gdb_target.h"
#include "platform/host/gdb/packet_stream.h"
#include "platform/host/riscv/riscv_host.h"

namespace h2 {

/// GDB's remote serial protocol for the RISC-V host: starts, stops and steps the processor. It
/// starts stopped; while it is stopped simulated time stands still. After a detach it runs on, and
/// another debugger may attach.
class GdbServer : public RunControl {
 public:
  /// Listens at `port` of this machine (0: any free one) and announces it on stderr. Throws
  /// InputError if that is impossible.
  GdbServer(RiscvHost& host, std::uint16_t port, GdbTarget::Monitor monitor);

  std::uint64_t allow(RiscvCore::Stop last) override;
  void ended(int exit_code) override;

 private:
  enum class Mode { attaching, stopped, running, stepping, detached };

  bool stops(RiscvCore::Stop last);
  void serve();
  void handle(const std::string& packet);
  void resume(const std::string& packet);
  void detach();

  RiscvHost& host_;
  GdbTarget target_;
  PacketStream stream_;
  Mode mode_ = Mode::attaching;
  std::string reply_ = "S05";  ///< why the processor stopped: SIGTRAP
};

}  // namespace h2
