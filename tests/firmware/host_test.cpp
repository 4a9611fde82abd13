// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <iostream>

#include "examples/firmware/common/small_training.h"
#include "modules/base/error.h"
#include "tests/firmware/firmware_run.h"
#include "tests/firmware/programs/integer_loop.h"

namespace h2 {
namespace {

TEST(Firmware, ExitCodeAndConsole) {
  H2_NEEDS_FIRMWARE(elf, "exit_code");
  const FirmwareResult run = run_firmware(elf);
  EXPECT_EQ(run.exit_code, 42);
  EXPECT_EQ(run.console, "a line without end");
}

TEST(Firmware, TrapsArriveExactly) {
  H2_NEEDS_FIRMWARE(elf, "traps");
  const FirmwareResult run = run_firmware(elf);
  EXPECT_EQ(run.exit_code, 0) << run.console;
}

/// The quantum changes neither what firmware sees nor how long it takes.
void expect_same_at_every_quantum(const std::string& elf, std::vector<std::uint64_t> quanta) {
  const FirmwareResult first = run_firmware(elf);
  EXPECT_EQ(first.exit_code, 0) << first.console;
  for (const std::uint64_t quantum : quanta) {
    const FirmwareResult run = run_firmware(elf, {}, quantum);
    EXPECT_EQ(run.console, first.console) << quantum;
    EXPECT_EQ(run.instructions, first.instructions) << quantum;
    EXPECT_EQ(run.cycles, first.cycles) << quantum;
  }
}

TEST(Firmware, EveryInterruptIsTakenOnce) {
  H2_NEEDS_FIRMWARE(elf, "interrupts");
  EXPECT_EQ(run_firmware(elf).console, "timer 1000, external 1000, other 0, wrong 0\n");
  expect_same_at_every_quantum(elf, {1, 50, 777, 1'000'000'000});
}

/// Tick, software interrupt and the card's interrupt switch between tasks that compute and train.
TEST(Firmware, PreemptionIsTheSameAtEveryQuantum) {
  H2_NEEDS_FIRMWARE(elf, "scheduler");
  expect_same_at_every_quantum(elf, {999, 1'000'000});
}

TEST(Firmware, CountersOfASleep) {
  H2_NEEDS_FIRMWARE(elf, "counters");
  const FirmwareResult run = run_firmware(elf, {{"host.clock_mhz", "1000"}});
  unsigned cycles = 0, instructions = 0;
  ASSERT_EQ(std::sscanf(run.console.c_str(), "cycles %u instructions %u", &cycles, &instructions),
            2);
  EXPECT_NEAR(cycles, 1'000'000, 1000);
  EXPECT_LT(instructions, 1000U);
  EXPECT_GT(instructions, 10U);
}

TEST(Firmware, HandlerAndMainProgramShareTheDma) {
  H2_NEEDS_FIRMWARE(elf, "shared_dma");
  EXPECT_EQ(run_firmware(elf).console, "interrupted, 0 wrong\n");
}

TEST(Firmware, DriverNamesIllegalArguments) {
  H2_NEEDS_FIRMWARE(elf, "arguments");
  EXPECT_EQ(run_firmware(elf).console,
            "1005 scratch is not at a multiple of 4\n"
            "1005 layers[0].stride is 0: legal is 1\n"
            "1005 labels[1] is 12: legal are 0 to 3\n");
}

/// Runs a program that ends with an error and returns its text.
std::string failure_of(const std::string& elf) {
  try {
    run_firmware(elf, {{"host.watchdog_cycles", "1000000"}});
  } catch (const RunError& e) {
    return e.what();
  }
  return "no failure";
}

TEST(Firmware, UnhandledTrapIsNamed) {
  H2_NEEDS_FIRMWARE(elf, "unhandled");
  const std::string text = failure_of(elf);
  for (const char* part : {"load access fault", "0x00000005", "stray_load", "0x40000004"})
    EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST(Firmware, WatchdogNamesTheSleeper) {
  H2_NEEDS_FIRMWARE(elf, "hang");
  const std::string text = failure_of(elf);
  for (const char* part : {"no progress", "wfi", "sleep_for_ever"})
    EXPECT_NE(text.find(part), std::string::npos) << text;
}

/// A card that answers no more ends the run although its firmware goes on polling.
TEST(Firmware, WatchdogNamesTheOneThatPolls) {
  H2_NEEDS_FIRMWARE(idle, "poll_idle");
  const std::string text = failure_of(idle);
  for (const char* part : {"no progress for 1000000 core cycles", " in main",
                           "read of 0x00000000 from 0x10000028 (IRQ_STATUS)"})
    EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST(Firmware, WatchdogNamesTheCardThatIsPolled) {
  H2_NEEDS_FIRMWARE(silent, "poll_silent");
  const std::string text = failure_of(silent);
  for (const char* part : {"no progress of the card, which has a descriptor under way",
                           "read of 0x00000000 from 0x10000028 (IRQ_STATUS)",
                           "forward works on tag 1", "waits for memory"})
    EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST(Firmware, LongSleepAndLongComputationAreNoHang) {
  H2_NEEDS_FIRMWARE(elf, "long_sleep");
  const FirmwareResult run = run_firmware(elf, {{"host.watchdog_cycles", "1000000"}});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_GT(run.cycles, 800'000'000U);
}

/// Simulated time follows from instructions and the host's clock, not from the quantum.
TEST(Firmware, TimeIsInstructionsTimesClock) {
  H2_NEEDS_FIRMWARE(elf, "long_sleep");
  const FirmwareResult fast = run_firmware(elf, {{"host.clock_mhz", "1000"}}, 1000);
  const FirmwareResult slow = run_firmware(elf, {{"host.clock_mhz", "100"}}, 1000);
  const double computing_fast = static_cast<double>(fast.cycles) - 800e6;
  const double computing_slow = static_cast<double>(slow.cycles) - 800e6;
  EXPECT_NEAR(computing_slow / computing_fast, 10, 0.1);
}

std::string trained_natively() {
  const Config config = tiny_config();
  Bench bench(config);
  std::uint64_t digest = 0;
  static std::string text;
  text.clear();
  bench.run([&](HostCpu& host) {
    const h2_bus bus = host.driver_bus();
    const auto print = [](const char* line) { text += line; };
    EXPECT_EQ(h2_small_training(&bus, print, &digest), H2_OK);
  });
  char line[40];
  std::snprintf(line, sizeof line, "weights %016" PRIx64 "\n", digest);
  return text + line;
}

TEST(SmallTraining, SameLinesAndWeightsOnBothHosts) {
  H2_NEEDS_FIRMWARE(elf, "train");
  const FirmwareResult run = run_firmware(elf);
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.console, trained_natively());
}

/// With the rings in RAM an interrupt handler takes completions without the host DMA.
TEST(SmallTraining, SameWeightsWithRingsInRam) {
  H2_NEEDS_FIRMWARE(elf, "rings");
  const FirmwareResult run = run_firmware(elf);
  EXPECT_EQ(run.exit_code, 0) << run.console;
  const std::string native = trained_natively();
  const std::string weights = native.substr(native.find("weights"));
  EXPECT_NE(run.console.find(weights), std::string::npos) << run.console;
  expect_same_at_every_quantum(elf, {50, 1'000'000});
}

TEST(SmallTraining, Learns) {
  const std::string text = trained_natively();
  unsigned correct = 0, of = 0;
  const std::size_t at = text.find("new patterns: ");
  ASSERT_NE(at, std::string::npos);
  ASSERT_EQ(std::sscanf(text.c_str() + at, "new patterns: %u of %u", &correct, &of), 2);
  EXPECT_GT(correct, of * 3 / 4) << text;  // chance is a quarter
}

double user_seconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec) +
         1e-6 * static_cast<double>(usage.ru_utime.tv_usec);
}

/// A bound on the clock would fail on a busy machine; beside the same loop, run natively, guest
/// code is as fast everywhere: about a tenth. The shortest of several times on either side, taken
/// in turns.
TEST(Firmware, GuestCodeIsFast) {
  H2_NEEDS_FIRMWARE(elf, "compute");
  double guest = 1e9, native = 1e9, instructions = 0;
  for (int i = 0; i < 5; ++i) {
    const double start = user_seconds();
    volatile std::uint32_t steps = INTEGER_LOOP_STEPS;
    volatile std::uint32_t kept = integer_loop(steps);
    static_cast<void>(kept);
    const double between = user_seconds();
    instructions = static_cast<double>(run_firmware(elf).instructions);
    native = std::min(native, between - start);
    guest = std::min(guest, user_seconds() - between);
  }
  std::cout << "integer loop: " << instructions / guest * 1e-6
            << " million instructions per second, " << guest / native << " times its native time\n";
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(guest / native, 30);
#endif
}

}  // namespace
}  // namespace h2
