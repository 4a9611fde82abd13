// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "platform/host/riscv/csr_file.h"
#include "platform/host/riscv/trap.h"

namespace h2 {
namespace {

class CsrTest : public ::testing::Test, private RiscvBus {
 protected:
  std::uint32_t read(std::uint32_t number) { return csrs_.read(number, retired_).value(); }
  /// As an instruction does it, which counts afterwards.
  bool write(std::uint32_t number, std::uint32_t value) {
    const bool ok = csrs_.write(number, value, retired_, true);
    pass(1, 1);
    return ok;
  }
  void pass(std::uint64_t instructions, std::uint64_t cycles) {
    retired_ += instructions;
    cycles_ += cycles;
  }
  std::uint32_t after_write(std::uint32_t number, std::uint32_t value) {
    EXPECT_TRUE(write(number, value)) << std::hex << number;
    return read(number);
  }

  CsrFile csrs_{static_cast<RiscvBus&>(*this)};
  std::uint64_t retired_ = 0, cycles_ = 0;
  std::uint32_t lines_ = 0;

 private:
  bool access(bool, std::uint32_t, void*, unsigned) override { return false; }
  std::uint32_t pending() override { return lines_; }
  std::uint64_t quiet_instructions() override { return 1; }
  std::uint64_t cycles() override { return cycles_; }
  std::uint64_t mtime() override { return 0x1122'3344'5566'7788; }
};

TEST_F(CsrTest, OnlyDescribedBitsAreKept) {
  EXPECT_EQ(read(kCsrMstatus), 0x1800U);
  EXPECT_EQ(after_write(kCsrMstatus, ~0U), 0x00221888U);
  EXPECT_EQ(after_write(kCsrMstatus, 1U << 11), 0U);  // supervisor mode becomes user mode
  EXPECT_EQ(after_write(kCsrMie, ~0U), 0x888U);
  EXPECT_EQ(after_write(kCsrMtvec, 0x80000101), 0x80000101U);
  EXPECT_EQ(after_write(kCsrMtvec, 0x80000202), 0x80000101U);
  EXPECT_EQ(after_write(kCsrMepc, ~0U), ~1U);
  EXPECT_EQ(after_write(kCsrMcounteren, ~0U), 7U);
  EXPECT_EQ(after_write(kCsrMcountinhibit, ~0U), 5U);
  EXPECT_EQ(after_write(kCsrMenvcfg, ~0U), 1U);
  EXPECT_EQ(after_write(kCsrMisa, 0), 0x40101105U);
  for (const std::uint32_t number : {kCsrMscratch, kCsrMcause, kCsrMtval})
    EXPECT_EQ(after_write(number, 0xDEADBEEF), 0xDEADBEEF);
  for (const std::uint32_t number : {kCsrMstatush, kCsrMenvcfgh, kCsrMhpmevent3, kCsrMhpmcounter31})
    EXPECT_EQ(after_write(number, ~0U), 0U);
}

TEST_F(CsrTest, LinesCannotBeWritten) {
  lines_ = kMtip;
  EXPECT_EQ(after_write(kCsrMip, kMsip), kMtip);
}

TEST_F(CsrTest, WhatIsNotDescribedDoesNotExist) {
  // fflags, sstatus, satp, medeleg, mideleg, pmpcfg0, pmpaddr0, mseccfg, tselect, dcsr, mtinst
  for (const std::uint32_t number : {0x001U, 0x100U, 0x180U, 0x302U, 0x303U, 0x3A0U, 0x3B0U, 0x747U,
                                     0x7A0U, 0x7B0U, 0x34AU, 0xB01U, 0xB81U, 0xF16U}) {
    EXPECT_FALSE(csrs_.read(number, 0).has_value()) << std::hex << number;
    EXPECT_FALSE(write(number, 0)) << std::hex << number;
  }
}

TEST_F(CsrTest, ReadOnlyRegisters) {
  for (std::uint32_t number = kCsrMvendorid; number <= kCsrMconfigptr; ++number) {
    EXPECT_EQ(read(number), 0U);
    EXPECT_FALSE(write(number, 1));
  }
  for (const std::uint32_t number : {kCsrCycle, kCsrTime, kCsrInstret, kCsrHpmcounter31})
    EXPECT_FALSE(write(number, 1));
}

TEST_F(CsrTest, CountersCountInstructionsAndSimulatedClocks) {
  pass(7, 5'000'000'000);
  EXPECT_EQ(read(kCsrMinstret), 7U);
  EXPECT_EQ(read(kCsrMcycle), 705'032'704U);
  EXPECT_EQ(read(kCsrMcycle + kCsrHigh), 1U);
  EXPECT_EQ(read(kCsrCycle), read(kCsrMcycle));
  EXPECT_EQ(read(kCsrTime), 0x55667788U);
  EXPECT_EQ(read(kCsrTime + kCsrHigh), 0x11223344U);
}

TEST_F(CsrTest, AWrittenCounterReadsItsValueInTheNextInstruction) {
  pass(100, 300);
  EXPECT_EQ(after_write(kCsrMinstret, 5), 5U);
  EXPECT_EQ(after_write(kCsrMcycle + kCsrHigh, 9), 9U);
  EXPECT_EQ(after_write(kCsrMcycle, ~0U), ~0U);
  pass(1, 1);
  EXPECT_EQ(read(kCsrMcycle), 0U);
  EXPECT_EQ(read(kCsrMcycle + kCsrHigh), 10U);
}

/// A write of one half stops the count of the whole counter, so nothing is carried.
TEST_F(CsrTest, WritingOneHalfLeavesTheOther) {
  for (const std::uint32_t counter : {kCsrMinstret, kCsrMcycle}) {
    write(counter, ~0U);
    EXPECT_EQ(after_write(counter + kCsrHigh, ~0U), ~0U);
    EXPECT_EQ(read(counter), ~0U);
    pass(1, 1);
    EXPECT_EQ(read(counter), 0U);
    EXPECT_EQ(read(counter + kCsrHigh), 0U);
  }
}

TEST_F(CsrTest, InhibitedCountersStandStill) {
  write(kCsrMcountinhibit, kCounterInstret);
  const std::uint32_t instret = read(kCsrMinstret), cycle = read(kCsrMcycle);
  pass(10, 10);
  EXPECT_EQ(read(kCsrMinstret), instret);
  EXPECT_EQ(read(kCsrMcycle), cycle + 10);
  EXPECT_EQ(after_write(kCsrMinstret, 77), 77U);
  write(kCsrMcountinhibit, 0);
  EXPECT_EQ(read(kCsrMinstret), 77U);
  pass(3, 3);
  EXPECT_EQ(read(kCsrMinstret), 80U);
}

TEST_F(CsrTest, UserModeSeesTheCountersItMay) {
  write(kCsrMcounteren, kCounterTime);
  csrs_.state.privilege = Privilege::user;
  EXPECT_FALSE(csrs_.permits(kCsrMscratch));
  EXPECT_FALSE(csrs_.permits(kCsrMvendorid));
  EXPECT_TRUE(csrs_.permits(kCsrTime));
  EXPECT_TRUE(csrs_.permits(kCsrTime + kCsrHigh));
  EXPECT_FALSE(csrs_.permits(kCsrCycle));
  EXPECT_FALSE(csrs_.permits(kCsrInstret + kCsrHigh));
  EXPECT_FALSE(csrs_.permits(kCsrHpmcounter31));
}

TEST(Trap, EntryAndReturnKeepModeAndEnable) {
  MachineState s;
  s.mtvec = 0x80000101;  // vectored
  s.mstatus = kMstatusMie | kMstatusMprv;
  s.privilege = Privilege::user;
  EXPECT_EQ(enter_trap(s, {kIllegal, 0x1234}, 0x80000010), 0x80000100U);
  EXPECT_EQ(s.mstatus, kMstatusMpie | kMstatusMprv);
  EXPECT_EQ(s.privilege, Privilege::machine);
  EXPECT_EQ(s.mepc, 0x80000010U);
  EXPECT_EQ(s.mcause, 2U);
  EXPECT_EQ(s.mtval, 0x1234U);
  EXPECT_EQ(enter_trap(s, {kInterrupt | 7, 0}, 0x80000100), 0x8000011CU);
  EXPECT_EQ(s.mstatus, kMstatusMpp | kMstatusMprv);
  EXPECT_EQ(leave_trap(s), 0x80000100U);
  EXPECT_EQ(s.privilege, Privilege::machine);
  EXPECT_EQ(s.mstatus, kMstatusMpie | kMstatusMprv);
  leave_trap(s);  // MPP is user mode now
  EXPECT_EQ(s.privilege, Privilege::user);
  EXPECT_EQ(s.mstatus, kMstatusMpie | kMstatusMie);
}

TEST(Trap, InterruptsByPriorityAndMode) {
  MachineState s;
  s.mie = kMsip | kMtip;
  EXPECT_EQ(interrupt_to_take(s, kMsip | kMtip | kMeip), 0U);  // MIE is 0
  s.privilege = Privilege::user;
  EXPECT_EQ(interrupt_to_take(s, kMsip | kMtip | kMeip), kInterrupt | 3);
  s.mie = kMtip;
  EXPECT_EQ(interrupt_to_take(s, kMsip | kMeip), 0U);
  s.mie |= kMeip;
  EXPECT_EQ(interrupt_to_take(s, kMtip | kMeip), kInterrupt | 11);
}

}  // namespace
}  // namespace h2
