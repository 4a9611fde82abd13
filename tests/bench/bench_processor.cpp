// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <cstring>
#include <vector>

#include "platform/host/riscv/riscv_core.h"

namespace h2 {
namespace {

constexpr std::uint32_t kBase = 0x80000000, kBytes = 1 << 20, kCode = kBase + 0x80000;

/// Devices that answer at once; no line ever comes up.
class QuietBus : public RiscvBus {
 public:
  bool access(bool, std::uint32_t, void*, unsigned) override { return true; }
  std::uint32_t pending() override { return 0; }
  std::uint64_t quiet_instructions() override { return 10'000; }
  std::uint64_t cycles() override { return 0; }
  std::uint64_t mtime() override { return 0; }
};

/// Instructions per second of the bare processor in an endless loop; a0 is `a0` at its start.
void loop(benchmark::State& state, const std::vector<std::uint32_t>& program, std::uint32_t a0) {
  constexpr std::uint64_t kInstructions = 1'000'000;
  std::vector<std::uint8_t> ram(kBytes);
  std::memcpy(ram.data() + (kCode - kBase), program.data(), 4 * program.size());
  QuietBus bus;
  RiscvCore core(bus, ram.data(), kBase, kBytes, kCode);
  core.set_reg(10, a0);
  core.set_reg(13, 33);
  core.set_reg(16, kBase + 0x1FFFC);
  for (auto _ : state) benchmark::DoNotOptimize(core.run(kInstructions));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kInstructions));
}

/// Integer work in registers, each instruction needing the one before.
const std::vector<std::uint32_t> kCompute{0x00d51613,   // slli a2, a0, 13
                                          0x00c54533,   // xor a0, a0, a2
                                          0x01155613,   // srli a2, a0, 17
                                          0x00c54533,   // xor a0, a0, a2
                                          0x00551613,   // slli a2, a0, 5
                                          0x00c54533,   // xor a0, a0, a2
                                          0x02d585b3,   // mul a1, a1, a3
                                          0x00a585b3,   // add a1, a1, a0
                                          0x00170713,   // addi a4, a4, 1
                                          0xfddff06f};  // j -36
BENCHMARK_CAPTURE(loop, compute, kCompute, 1)->Unit(benchmark::kMillisecond);

/// Every word of the first 128 KiB is read and written.
const std::vector<std::uint32_t> kMemory{0x00052603,   // lw a2, 0(a0)
                                         0x00160613,   // addi a2, a2, 1
                                         0x00c52023,   // sw a2, 0(a0)
                                         0x00450513,   // addi a0, a0, 4
                                         0x01057533,   // and a0, a0, a6
                                         0xfedff06f};  // j -20
BENCHMARK_CAPTURE(loop, memory, kMemory, kBase)->Unit(benchmark::kMillisecond);

const std::vector<std::uint32_t> kCalls{0x008000ef,   // jal ra, 8
                                        0xffdff06f,   // j -4
                                        0x00008067};  // ret
BENCHMARK_CAPTURE(loop, calls, kCalls, 0)->Unit(benchmark::kMillisecond);

const std::vector<std::uint32_t> kDevice{0x00052603,   // lw a2, 0(a0)
                                         0xffdff06f};  // j -4
BENCHMARK_CAPTURE(loop, device, kDevice, 0x10000000)->Unit(benchmark::kMillisecond);

const std::vector<std::uint32_t> kCsr{0x34061673,   // csrrw a2, mscratch, a2
                                      0xffdff06f};  // j -4
BENCHMARK_CAPTURE(loop, csr, kCsr, 0)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace h2
