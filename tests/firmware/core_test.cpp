// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <vector>

#include "modules/base/error.h"
#include "platform/host/riscv/riscv_core.h"

namespace h2 {
namespace {

constexpr std::uint32_t kRam = 0x80000000, kBytes = 0x10000;
constexpr std::uint32_t kDevice = 0x40000000;
constexpr std::uint32_t kNop = 0x00000013, kWfi = 0x10500073, kMret = 0x30200073;
constexpr std::uint32_t kEnableInterrupts = 0x30046073;  // csrsi mstatus, 8

/// A processor without platform: one device word, lines that the test pulls.
class CoreTest : public ::testing::Test, private RiscvBus {
 protected:
  /// Words from the start of RAM; x10 points to the device.
  RiscvCore& boot(std::vector<std::uint32_t> program) {
    program.resize(64, kNop);
    std::memcpy(ram_.get(), program.data(), 4 * program.size());
    core_ =
        std::make_unique<RiscvCore>(static_cast<RiscvBus&>(*this), ram_.get(), kRam, kBytes, kRam);
    core_->set_reg(10, kDevice);
    core_->set_csr(kCsrMtvec, kRam + 128);
    core_->set_csr(kCsrMie, kMeip | kMtip);
    return *core_;
  }
  std::uint32_t csr(std::uint32_t number) { return core_->csr(number).value(); }
  std::uint32_t reg(int n) { return core_->reg(static_cast<unsigned>(n)); }

  void write_ram(std::uint32_t offset, std::uint16_t half) {
    std::memcpy(ram_.get() + offset, &half, sizeof half);
  }

  std::uint32_t device_ = 0, lines_ = 0;
  bool lines_up_by_store_ = false;

 private:
  bool access(bool write, std::uint32_t address, void* data, unsigned bytes) override {
    if (address != kDevice || bytes != 4) return false;
    if (write && lines_up_by_store_) lines_ = kMeip;
    std::memcpy(write ? static_cast<void*>(&device_) : data, write ? data : &device_, 4);
    return true;
  }
  std::uint32_t pending() override { return lines_; }
  std::uint64_t quiet_instructions() override { return 1'000'000; }
  std::uint64_t cycles() override { return 10 * core_->instructions(); }
  std::uint64_t mtime() override { return 0x1234'5678'9ABC; }

  struct Free {
    void operator()(std::uint8_t* memory) const { std::free(memory); }
  };
  std::unique_ptr<std::uint8_t, Free> ram_{
      static_cast<std::uint8_t*>(std::aligned_alloc(4096, kBytes))};
  std::unique_ptr<RiscvCore> core_;
};

TEST_F(CoreTest, BudgetCountsInstructions) {
  RiscvCore& core = boot({});
  EXPECT_EQ(core.run(7), RiscvCore::Stop::budget);
  EXPECT_EQ(core.instructions(), 7U);
  EXPECT_EQ(core.pc(), kRam + 28);
  EXPECT_EQ(core.run(1), RiscvCore::Stop::budget);
  EXPECT_EQ(core.pc(), kRam + 32);
}

TEST_F(CoreTest, DeviceAccesses) {
  RiscvCore& core = boot({0x07B00593,    // li x11, 123
                          0x00B52023,    // sw x11, 0(x10)
                          0x00052603});  // lw x12, 0(x10)
  core.run(3);
  EXPECT_EQ(device_, 123U);
  EXPECT_EQ(reg(12), 123U);
}

TEST_F(CoreTest, RefusedLoadTrapsAndChangesNothing) {
  RiscvCore& core = boot({0x07B00613,    // li x12, 123
                          0x00452603});  // lw x12, 4(x10)
  core.run(3);
  EXPECT_EQ(core.pc(), kRam + 132);  // behind the first instruction of the handler
  EXPECT_EQ(reg(12), 123U);
  EXPECT_EQ(csr(kCsrMepc), kRam + 4);
  EXPECT_EQ(csr(kCsrMcause), 5U);
  EXPECT_EQ(csr(kCsrMtval), kDevice + 4);
}

TEST_F(CoreTest, TrapWithoutHandlerEndsTheRun) {
  RiscvCore& core = boot({0x00452603});
  core.set_csr(kCsrMtvec, 0);
  EXPECT_THROW(core.run(10), RunError);
}

/// The line comes up in a store, and is taken in front of the next instruction.
TEST_F(CoreTest, InterruptBehindTheStoreThatCausesIt) {
  lines_up_by_store_ = true;
  RiscvCore& core = boot({kEnableInterrupts, 0x00B52023, kNop, kNop});
  core.run(3);
  EXPECT_EQ(csr(kCsrMepc), kRam + 8);
  EXPECT_EQ(csr(kCsrMcause), 0x8000000BU);
  EXPECT_EQ(core.pc(), kRam + 132);
}

/// A window of one instruction in which interrupts are enabled is enough.
TEST_F(CoreTest, InterruptInTheShortestWindow) {
  RiscvCore& core = boot({kNop, kEnableInterrupts, 0x30047073 /* csrci mstatus, 8 */, kNop});
  lines_ = kMeip;
  core.run(3);
  EXPECT_EQ(csr(kCsrMepc), kRam + 8);
}

TEST_F(CoreTest, ExternalComesBeforeTimerAndMaskedOnesNever) {
  for (const auto& [enabled, cause] :
       std::map<std::uint32_t, std::uint32_t>{{kMeip | kMtip, 11}, {kMtip, 7}, {0, 0}}) {
    RiscvCore& core = boot({kEnableInterrupts});
    core.set_csr(kCsrMie, enabled);
    lines_ = kMeip | kMtip;
    core.run(2);
    EXPECT_EQ(csr(kCsrMcause) & 0xFF, cause);
  }
}

TEST_F(CoreTest, MretGoesBackAndEnablesAgain) {
  std::vector<std::uint32_t> program(64, kNop);
  program[0] = kEnableInterrupts;
  program[32] = kMret;
  RiscvCore& core = boot(program);
  core.run(1);
  lines_ = kMtip;
  core.run(1);  // mret
  EXPECT_EQ(core.pc(), kRam + 4);
  lines_ = 0;
  core.run(1);
  EXPECT_EQ(core.pc(), kRam + 8);
  EXPECT_NE(csr(kCsrMstatus) & 8U, 0U);
}

TEST_F(CoreTest, WfiSleepsBehindItUntilAnEnabledLineIsUp) {
  RiscvCore& core = boot({kWfi, kNop});
  EXPECT_EQ(core.run(10), RiscvCore::Stop::wfi);
  EXPECT_EQ(core.pc(), kRam + 4);
  lines_ = kMsip;  // not enabled
  EXPECT_EQ(core.run(10), RiscvCore::Stop::wfi);
  EXPECT_EQ(core.instructions(), 1U);
  lines_ = kMeip;  // wakes although interrupts are masked
  EXPECT_EQ(core.run(1), RiscvCore::Stop::budget);
  EXPECT_EQ(core.pc(), kRam + 8);
}

TEST_F(CoreTest, InterruptThatWakesReturnsBehindTheWfi) {
  RiscvCore& core = boot({kEnableInterrupts, kWfi});
  EXPECT_EQ(core.run(10), RiscvCore::Stop::wfi);
  lines_ = kMtip;
  core.run(1);
  EXPECT_EQ(csr(kCsrMepc), kRam + 8);
}

TEST_F(CoreTest, CountersAndLinesAreThoseOfTheSimulation) {
  RiscvCore& core = boot({0x34402673,    // csrr x12, mip
                          0xC01026F3,    // rdtime x13
                          0xC8102773,    // rdtimeh x14
                          0xB02027F3});  // csrr x15, minstret
  lines_ = kMtip;
  core.run(4);
  EXPECT_EQ(reg(12), kMtip);
  EXPECT_EQ(reg(13), 0x56789ABCU);
  EXPECT_EQ(reg(14), 0x1234U);
  EXPECT_EQ(reg(15), 3U);
}

TEST_F(CoreTest, BreakpointsStopInFrontAndNotAtTheStart) {
  RiscvCore& core = boot({});
  core.points().breakpoints = {kRam + 8};
  EXPECT_EQ(core.run(100), RiscvCore::Stop::breakpoint);
  EXPECT_EQ(core.pc(), kRam + 8);
  EXPECT_EQ(core.run(5), RiscvCore::Stop::budget);
  EXPECT_EQ(core.pc(), kRam + 28);
}

TEST_F(CoreTest, WatchpointsStopBehindTheAccess) {
  RiscvCore& core = boot({0x07B00593, 0x00052603, 0x00B52023, kNop});
  core.points().watches = {{kDevice, 4, false, true}};
  EXPECT_EQ(core.run(100), RiscvCore::Stop::watchpoint);
  EXPECT_EQ(core.pc(), kRam + 12);
  EXPECT_EQ(device_, 123U);
}

TEST_F(CoreTest, StopsInFrontOfATrapOnceAndThenTakesIt) {
  RiscvCore& core = boot({kNop, 0x00452603});  // lw x12, 4(x10)
  core.stop_before = [](const Trap&) { return true; };
  EXPECT_EQ(core.run(10), RiscvCore::Stop::trap);
  EXPECT_EQ(core.trap().cause, kLoadFault);
  EXPECT_EQ(core.pc(), kRam + 4);
  EXPECT_EQ(csr(kCsrMcause), 0U);
  core.run(1);
  EXPECT_EQ(core.pc(), kRam + 128);
  EXPECT_EQ(csr(kCsrMepc), kRam + 4);
}

TEST_F(CoreTest, StopsInFrontOfAnInterruptWithoutHandler) {
  RiscvCore& core = boot({kEnableInterrupts, kNop});
  core.set_csr(kCsrMtvec, 0);
  core.stop_before = [&](const Trap&) { return !core.has_handler(); };
  lines_ = kMtip;
  EXPECT_EQ(core.run(10), RiscvCore::Stop::trap);
  EXPECT_EQ(core.trap().cause, kInterrupt | 7);
  EXPECT_EQ(core.pc(), kRam + 4);
  EXPECT_THROW(core.run(10), RunError);
}

TEST_F(CoreTest, WakesFromASleepThatNoLineEnds) {
  RiscvCore& core = boot({kWfi, kNop, kNop});
  EXPECT_EQ(core.run(1), RiscvCore::Stop::budget);
  EXPECT_EQ(core.run(1), RiscvCore::Stop::wfi);
  core.wake();
  EXPECT_EQ(core.run(1), RiscvCore::Stop::budget);
  EXPECT_EQ(core.pc(), kRam + 8);
}

TEST_F(CoreTest, ATrapTakesAClockButDoesNotRetire) {
  RiscvCore& core = boot({kNop, 0x00000073 /* ecall */});
  core.run(3);
  EXPECT_EQ(csr(kCsrMcause), 11U);
  EXPECT_EQ(core.instructions(), 3U);
  EXPECT_EQ(csr(kCsrMinstret), 2U);
}

TEST_F(CoreTest, UserModeEndsWithATrap) {
  std::vector<std::uint32_t> program(64, kNop);
  program[0] = kMret;
  program[1] = kMret;  // illegal in user mode
  RiscvCore& core = boot(program);
  core.set_csr(kCsrMepc, kRam + 4);
  core.set_csr(kCsrMstatus, 0);
  core.run(1);
  EXPECT_EQ(core.privilege(), Privilege::user);
  core.run(1);
  EXPECT_EQ(csr(kCsrMcause), 2U);
  EXPECT_EQ(csr(kCsrMtval), kMret);
  EXPECT_EQ(core.privilege(), Privilege::machine);
  EXPECT_EQ(csr(kCsrMstatus) & kMstatusMpp, 0U);
}

TEST_F(CoreTest, WfiInUserModeIsIllegalWhereTheTimeoutBitIsSet) {
  RiscvCore& core = boot({kWfi});
  core.set_privilege(Privilege::user);
  EXPECT_EQ(core.run(5), RiscvCore::Stop::wfi);
  core.set_pc(kRam);
  core.set_csr(kCsrMstatus, kMstatusTw);
  core.run(1);
  EXPECT_EQ(csr(kCsrMcause), 2U);
}

TEST_F(CoreTest, FaultsOfAtomicInstructions) {
  struct Case {
    std::uint32_t instruction, address, cause;
  };
  constexpr std::uint32_t kAdd = 0x00B5252F, kLoad = 0x1005252F, kStore = 0x18B5252F;
  for (const Case& c :
       {Case{kAdd, kDevice, 7}, Case{kAdd, kRam + 2, 6}, Case{kLoad, kDevice, 5},
        Case{kLoad, kRam + 1, 4}, Case{kStore, kDevice, 7}, Case{kStore, kRam + 3, 6}}) {
    RiscvCore& core = boot({c.instruction});
    core.set_reg(10, c.address);
    core.run(1);
    EXPECT_EQ(csr(kCsrMcause), c.cause) << std::hex << c.instruction;
    EXPECT_EQ(csr(kCsrMtval), c.address);
    EXPECT_EQ(reg(10), c.address);
  }
}

TEST_F(CoreTest, MisalignedAccessesStopAtTheEndOfRam) {
  RiscvCore& core = boot({0x00052603 /* lw x12, 0(x10) */, 0x00B52023 /* sw x11, 0(x10) */});
  core.set_reg(10, kRam + kBytes - 6);
  core.set_reg(11, 0x11223344);
  core.run(2);
  EXPECT_EQ(core.pc(), kRam + 8);
  core.set_pc(kRam + 4);
  core.set_reg(10, kRam + kBytes - 2);
  core.run(1);
  EXPECT_EQ(csr(kCsrMcause), 7U);
  EXPECT_EQ(csr(kCsrMtval), kRam + kBytes);
}

/// An instruction that does not lie in RAM as a whole.
TEST_F(CoreTest, FetchFaultOfTheSecondHalf) {
  RiscvCore& core = boot({0x00052023 /* sw x0, 0(x10) */});
  core.set_reg(10, kRam + kBytes - 4);
  core.run(1);
  write_ram(kBytes - 2, 0x0013);
  core.set_pc(kRam + kBytes - 2);
  core.run(1);
  EXPECT_EQ(csr(kCsrMcause), 1U);
  EXPECT_EQ(csr(kCsrMepc), kRam + kBytes - 2);
  EXPECT_EQ(csr(kCsrMtval), kRam + kBytes);
}

TEST_F(CoreTest, AReservationEndsWithADeviceAccess) {
  RiscvCore& core = boot({0x1005A62F,    // lr.w x12, (x11)
                          0x00052683,    // lw x13, 0(x10)
                          0x1805A72F});  // sc.w x14, x0, (x11)
  core.set_reg(11, kRam + 0x1000);
  core.run(3);
  EXPECT_EQ(reg(14), 1U);
}

TEST_F(CoreTest, WrittenCodeIsSeenAfterFenceI) {
  // x12 counts; the second instruction is rewritten by x11 at x10.
  RiscvCore& core = boot({kNop, 0x00160613 /* addi x12, x12, 1 */, 0x00B52023, 0x0000100F, kNop});
  core.set_reg(10, kRam + 4);
  core.set_reg(11, 0x00A60613);  // addi x12, x12, 10
  core.run(3);
  core.set_pc(kRam + 4);
  core.run(1);
  EXPECT_EQ(reg(12), 2U);
  core.run(2);
  core.set_pc(kRam + 4);
  core.run(1);
  EXPECT_EQ(reg(12), 12U);
}

}  // namespace
}  // namespace h2
