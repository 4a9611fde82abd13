// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <optional>

#include "modules/base/error.h"
#include "platform/cli/commands.h"
#include "platform/cli/interrupt.h"
#include "platform/cli/outputs.h"
#include "platform/cli/result_folder.h"
#include "platform/host/gdb/gdb_server.h"
#include "platform/host/gdb/monitor.h"
#include "platform/host/riscv/console_input.h"
#include "platform/host/riscv/h2_soc.h"
#include "platform/host/riscv/riscv_host.h"
#include "platform/platform.h"

namespace h2 {
namespace {

constexpr std::int64_t kMaxQuantum = 1'000'000'000;
constexpr double kMaxMicroseconds = 1e13;  ///< SystemC counts to 1.8e13

void firmware_options(boost::program_options::options_description_easy_init add) {
  add_trace_options(add);
  add_limit_options(add);
  namespace po = boost::program_options;
  add("elf", po::value<std::string>(), "firmware, a 32-bit RISC-V executable");
  add("input", po::value<std::string>(),
      "what the firmware's console receives: a file, or - for standard input");
  add("gdb", po::value<int>(),
      "wait for GDB at this TCP port of this machine (0: any free one, printed on stderr)");
  add("quantum", po::value<std::int64_t>(),
      "most instructions between two synchronisations with the platform (default 10000)");
  add("max-instructions", po::value<std::int64_t>(),
      "end with an error after so many instructions");
  add("max-time", po::value<double>(), "end with an error after so many simulated microseconds");
  add("record", po::value<std::string>(),
      "write the accesses to the card for h2vp play to this file");
}

RiscvHost::Settings settings_of(const CommandLine& line, const Config& config, Probes& probes) {
  RiscvHost::Settings s;
  s.probes = &probes;
  s.stop = Interrupt::requested;
  s.period = sc_core::sc_time(1e6 / config.host_clock_mhz, sc_core::SC_PS);
  const auto quantum = line.get<std::int64_t>("quantum", static_cast<std::int64_t>(s.quantum));
  if (quantum < 1 || quantum > kMaxQuantum) {
    throw InputError("--quantum " + std::to_string(quantum) + ": legal are 1 to " +
                     std::to_string(kMaxQuantum));
  }
  s.quantum = static_cast<std::uint64_t>(quantum);
  s.max_output = max_output(line);
  if (line.has("max-instructions")) {
    const auto most = line.get<std::int64_t>("max-instructions");
    if (most < 1)
      throw InputError("--max-instructions " + std::to_string(most) + ": legal are 1 and more");
    s.max_instructions = static_cast<std::uint64_t>(most);
  }
  if (line.has("max-time")) {
    const auto most = line.get<double>("max-time");
    if (!(most > 0 && most <= kMaxMicroseconds))
      throw InputError("--max-time " + std::to_string(most) +
                       ": legal are more than 0 and up to 1e13");
    s.max_time = sc_core::sc_time(most, sc_core::SC_US);
  }
  return s;
}

std::unique_ptr<GdbServer> make_debugger(const CommandLine& line, Platform& platform,
                                         RiscvHost& riscv) {
  if (!line.has("gdb")) return nullptr;
  const int port = line.get<int>("gdb");
  if (port < 0 || port > 65535)
    throw InputError("--gdb " + std::to_string(port) + ": legal are 0 to 65535");
  return std::make_unique<GdbServer>(riscv, static_cast<std::uint16_t>(port),
                                     Monitor(platform, riscv), Interrupt::requested);
}

int run_firmware(const CommandLine& line) {
  if (!line.has("elf")) throw InputError("h2vp firmware: --elf FILE is missing");
  const Interrupt interrupt;
  const Config config = load_config(line.config, line.sets);
  limit_files(line);
  ElfImage image = read_elf(line.get<std::string>("elf"), H2_SOC_RAM_BASE, H2_SOC_RAM_SIZE);
  const std::unique_ptr<Trace> trace =
      make_trace(line, config, wants_files(config) ? make_output_folder(line, config) : "");
  Platform::Options options;
  options.threads = line.threads;
  Platform platform("top", config, options, *trace);
  RiscvHost riscv("riscv", platform.host, std::move(image),
                  settings_of(line, config, platform.probes), std::cout);
  std::optional<ConsoleInput> input;
  if (line.has("input")) riscv.uart.input = &input.emplace(line.get<std::string>("input"));
  const std::unique_ptr<GdbServer> debugger = make_debugger(line, platform, riscv);
  riscv.control = debugger.get();
  const std::unique_ptr<TransactionRecorder> recorder = make_recorder(line, platform.host);
  platform.host.program = [&](HostCpu&) { riscv.run(); };
  const int traced = run_to_files(platform, *trace, recorder.get());
  if (!line.quiet) {
    std::cerr << "firmware ended with exit code " << riscv.exit_code() << " after "
              << riscv.instructions() << " instructions, core cycle " << platform.cycle() << '\n';
  }
  return riscv.exit_code() != 0 ? riscv.exit_code() : traced;
}

}  // namespace

const Subcommand kFirmwareCommand{
    "firmware", "run firmware on a simulated RISC-V host; its exit code is that of the program",
    run_firmware, firmware_options};

}  // namespace h2
