// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <sstream>
#include <string>

#include "platform/host/riscv/h2_soc.h"
#include "platform/host/riscv/riscv_host.h"
#include "tests/platform/simulation.h"

namespace h2 {

/// Path of a built firmware file, "" if there is no compiler for it.
inline std::string firmware_path(const std::string& name) {
  const std::string path = std::string(H2_FIRMWARE_DIR) + "/" + name + ".elf";
  return std::filesystem::exists(path) ? path : "";
}

struct FirmwareResult {
  int exit_code = -1;
  std::string console;
  std::uint64_t instructions = 0, cycles = 0;
};

inline RiscvHost::Settings settings_of(const Config& config, std::uint64_t quantum,
                                       Probes& probes) {
  RiscvHost::Settings s;
  s.period = sc_core::sc_time(1e6 / config.host_clock_mhz, sc_core::SC_PS);
  s.quantum = quantum;
  s.probes = &probes;
  return s;
}

/// Runs a firmware file on the published machine; rethrows what ends the simulation.
inline FirmwareResult run_firmware(const std::string& path, const Sets& sets = {},
                                   std::uint64_t quantum = 10'000) {
  const Config config = tiny_config(sets);
  Bench bench(config);
  std::ostringstream console;
  RiscvHost riscv("riscv", bench.platform.host, read_elf(path, H2_SOC_RAM_BASE, H2_SOC_RAM_SIZE),
                  settings_of(config, quantum, bench.platform.probes), console);
  bench.run([&](HostCpu&) { riscv.run(); });
  return {riscv.exit_code(), console.str(), riscv.instructions(), bench.platform.cycle()};
}

}  // namespace h2

/// Ends the test if the bare-metal compiler was missing at build time.
#define H2_NEEDS_FIRMWARE(variable, name)               \
  const std::string variable = h2::firmware_path(name); \
  if (variable.empty()) GTEST_SKIP() << name << ".elf was not built: no bare-metal RISC-V compiler"
