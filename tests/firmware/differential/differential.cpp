// SPDX-License-Identifier: Apache-2.0
// Random programs on the simulated processor and on QEMU; every byte that they leave must be the
// same. differential MONITOR QEMU SEED PROGRAMS [FIRST]: exit code 0, or 1 with the differences.

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/firmware/differential/layout.h"
#include "tests/firmware/differential/random_program.h"
#include "tests/firmware/differential/runs.h"

namespace h2 {
namespace {

using Ram = std::vector<std::uint8_t>;

std::uint32_t word_of(const Ram& ram, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, &ram[at], 4);
  return value;
}

/// What lies at an offset of a block, and the instruction it is about.
std::string place(std::uint32_t offset) {
  const std::uint32_t control = offset - DIFF_POINTER;
  char text[80];
  if (offset >= DIFF_LOG) {
    constexpr const char* kFields[] = {"mcause", "mepc", "mtval", "mstatus", "vector entry"};
    const std::uint32_t at = offset - DIFF_LOG;
    std::snprintf(text, sizeof text, "trap %u, %s", at / DIFF_LOG_ENTRY,
                  kFields[at % DIFF_LOG_ENTRY / 4]);
  } else if (control >= DIFF_RESULT && control < DIFF_RESULT_CSRS) {
    std::snprintf(text, sizeof text, "x%u at the end", (control - DIFF_RESULT) / 4);
  } else if (control >= DIFF_RESULT_CSRS && offset < DIFF_CODE) {
    std::snprintf(text, sizeof text, "CSR %u at the end", (control - DIFF_RESULT_CSRS) / 4);
  } else {
    std::snprintf(text, sizeof text, "block + 0x%x", offset);
  }
  return text;
}

/// Prints the first words that differ in a program's block; returns whether any does.
bool differs(const Ram& here, const Ram& there, std::size_t base, std::uint64_t number) {
  if (std::memcmp(&here[base], &there[base], DIFF_BLOCK_BYTES) == 0) return false;
  std::printf("program %" PRIu64 " at 0x%08zx:\n", number, DIFF_RAM + base);
  int shown = 0;
  for (std::uint32_t at = 0; at < DIFF_BLOCK_BYTES && shown < 12; at += 4) {
    const std::uint32_t a = word_of(here, base + at), b = word_of(there, base + at);
    if (a == b) continue;
    std::printf("  %s: here 0x%08x, QEMU 0x%08x\n", place(at).c_str(), a, b);
    ++shown;
  }
  return true;
}

/// Programs `first` to `first` + `count` - 1 of a seed; how many differ.
unsigned compare(const Ram& monitor, const std::string& qemu, const std::string& folder,
                 std::uint64_t seed, std::uint64_t first, std::uint32_t count) {
  Ram here(DIFF_RAM_BYTES);
  std::copy(monitor.begin(), monitor.end(), here.begin());
  std::memcpy(&here[DIFF_PROGRAMS - DIFF_RAM], &count, 4);
  const auto base_of = [](std::uint32_t n) {
    return std::size_t{DIFF_FIRST_BLOCK - DIFF_RAM} + std::size_t{n} * DIFF_BLOCK_BYTES;
  };
  for (std::uint32_t n = 0; n < count; ++n) {
    const auto address = static_cast<std::uint32_t>(DIFF_RAM + base_of(n));
    // Far apart, so that neighbouring programs have nothing in common.
    const RandomProgram program((seed + first + n) * 0x9E3779B97F4A7C15, address);
    std::copy(program.block().begin(), program.block().end(),
              here.begin() + static_cast<std::ptrdiff_t>(base_of(n)));
  }
  Ram there = here;
  run_here(here);
  run_on_qemu(qemu, folder, there);
  unsigned different = 0;
  for (std::uint32_t n = 0; n < count; ++n)
    if (differs(here, there, base_of(n), first + n)) ++different;
  return different;
}

int run(const std::string& monitor_path, const std::string& qemu, std::uint64_t seed,
        std::uint64_t programs, std::uint64_t first) {
  std::ifstream file(monitor_path, std::ios::binary);
  const Ram monitor{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (monitor.empty()) throw std::runtime_error("cannot read " + monitor_path);
  char folder[] = "/tmp/h2_differential_XXXXXX";
  if (mkdtemp(folder) == nullptr) throw std::runtime_error("cannot make a folder in /tmp");
  unsigned different = 0;
  for (std::uint64_t done = 0; done < programs;) {
    const auto count =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(programs - done, DIFF_MAX_PROGRAMS));
    different += compare(monitor, qemu, folder, seed, first + done, count);
    done += count;
    std::printf("%" PRIu64 " of %" PRIu64 " programs, %u different\n", done, programs, different);
    std::fflush(stdout);
  }
  std::filesystem::remove_all(folder);
  return different == 0 ? 0 : 1;
}

}  // namespace
}  // namespace h2

int main(int argc, char** argv) {
  if (argc < 5 || argc > 6) {
    std::fprintf(stderr, "usage: differential MONITOR QEMU SEED PROGRAMS [FIRST]\n");
    return 2;
  }
  try {
    const auto number = [&](int n) { return std::strtoull(argv[n], nullptr, 0); };
    return h2::run(argv[1], argv[2], number(3), number(4), argc == 6 ? number(5) : 0);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "differential: %s\n", e.what());
    return 1;
  }
}
