// SPDX-License-Identifier: Apache-2.0
#include "platform/host/riscv/decoder.h"

#include <gtest/gtest.h>

#include <limits>

#include "platform/host/riscv/alu.h"

namespace h2 {
namespace {

constexpr std::uint32_t kPc = 0x80000100;

void expect(std::uint32_t word, Op op, unsigned rd, unsigned rs1, unsigned rs2, std::uint32_t imm) {
  const Instruction i = decode(word, kPc);
  EXPECT_EQ(i.op, op) << std::hex << word;
  EXPECT_EQ(i.rd, rd) << std::hex << word;
  EXPECT_EQ(i.rs1, rs1) << std::hex << word;
  EXPECT_EQ(i.rs2, rs2) << std::hex << word;
  EXPECT_EQ(i.imm, imm) << std::hex << word;
}

Op op_of(std::uint32_t word) { return decode(word, kPc).op; }

/// Immediates at their ends, and x0 as target.
TEST(Decoder, FieldsOfEveryFormat) {
  expect(0x80000513, Op::addi, 10, 0, 0, 0xFFFFF800);        // li a0, -2048
  expect(0x7FF00013, Op::addi, kSink, 0, 31, 2047);          // addi x0, x0, 2047
  expect(0x41F5D513, Op::srai, 10, 11, 31, 31);              // srai a0, a1, 31
  expect(0x40C58533, Op::sub, 10, 11, 12, 0);                // sub a0, a1, a2
  expect(0xFEA5AFA3, Op::sw, 31, 11, 10, 0xFFFFFFFF);        // sw a0, -1(a1)
  expect(0x80B50063, Op::beq, kSink, 10, 11, 0xFFFFF000);    // beq a0, a1, -4096
  expect(0x7EB51FE3, Op::bne, 31, 10, 11, 4094);             // bne a0, a1, 4094
  expect(0x800000EF, Op::jal, 1, 0, 0, 0xFFF00000);          // jal -1 MiB
  expect(0x7FFFF0EF, Op::jal, 1, 31, 31, 0xFFFFE);           // jal 1 MiB - 2
  expect(0xFFFFF537, Op::constant, 10, 31, 31, 0xFFFFF000);  // lui a0, 0xFFFFF
  expect(0x00001517, Op::constant, 10, 0, 0, kPc + 0x1000);  // auipc a0, 1
  expect(0x00C5A52F, Op::amoadd, 10, 11, 12, 0);             // amoadd.w a0, a2, (a1)
  expect(0x30002573, Op::system, 10, 0, 0, 0x30002573);      // csrr a0, mstatus
}

/// Compressed instructions are their long ones, told apart by their length.
TEST(Decoder, CompressedInstructions) {
  expect(0x1FFC, Op::addi_short, 15, 2, 28, 1020);             // c.addi4spn a5, 1020
  expect(0x5D7C, Op::lw_short, 15, 10, 28, 124);               // c.lw a5, 124(a0)
  expect(0xDD7C, Op::sw_short, 28, 10, 15, 124);               // c.sw a5, 124(a0)
  expect(0x1501, Op::addi_short, 10, 10, 0, 0xFFFFFFE0);       // c.addi a0, -32
  expect(0x7139, Op::addi_short, 2, 2, 0, 0xFFFFFFC0);         // c.addi16sp -64
  expect(0x757D, Op::constant_short, 10, 31, 31, 0xFFFFF000);  // c.lui a0, 0xFFFFF
  expect(0x857D, Op::srai_short, 10, 10, 31, 31);              // c.srai a0, 31
  expect(0x8D0D, Op::sub_short, 10, 10, 11, 0);                // c.sub a0, a1
  expect(0xB001, Op::jal_short, kSink, 31, 1, 0xFFFFF800);     // c.j -2048
  expect(0xD101, Op::beq_short, 1, 10, 0, 0xFFFFFF00);         // c.beqz a0, -256
  expect(0x8082, Op::jalr_short, kSink, 1, 0, 0);              // ret
  expect(0x852E, Op::add_short, 10, 0, 11, 0);                 // c.mv a0, a1
  expect(0x557E, Op::lw_short, 10, 2, 28, 252);                // c.lwsp a0, 252
  expect(0xDFAA, Op::sw_short, 28, 2, 10, 252);                // c.swsp a0, 252
  expect(0x9002, Op::system_short, kSink, 0, 1, 0x00100073);   // c.ebreak
}

TEST(Decoder, TheUpperHalfDoesNotBelongToACompressedInstruction) {
  EXPECT_EQ(decode(0xFFFF852E, kPc).op, Op::add_short);
}

/// mtval of what is illegal is the instruction: 16 bits of a compressed one.
TEST(Decoder, IllegalInstructionsKeepTheirBits) {
  for (const std::uint32_t word : {0xFFFFFFFFU, 0x00000007U, 0x02051513U, 0x1010202FU, 0x00003003U,
                                   0x00002063U, 0x00001067U, 0x0000003BU}) {
    EXPECT_EQ(op_of(word), Op::illegal) << std::hex << word;
    EXPECT_EQ(decode(word, kPc).imm, word);
  }
  for (const std::uint32_t half :
       {0x0000U, 0x2000U, 0x8000U, 0x6101U, 0x6001U, 0x9C01U, 0x1502U, 0x4002U, 0x8002U, 0xA002U}) {
    EXPECT_EQ(op_of(0xABCD0000 | half), Op::illegal_short) << std::hex << half;
    EXPECT_EQ(decode(0xABCD0000 | half, kPc).imm, half);
  }
}

TEST(Alu, DivisionHasNoTraps) {
  constexpr std::uint32_t kLowest = 0x80000000, kMinusOne = ~0U;
  EXPECT_EQ(divide(7, 0), kMinusOne);
  EXPECT_EQ(remainder(7, 0), 7U);
  EXPECT_EQ(divide(kLowest, kMinusOne), kLowest);
  EXPECT_EQ(remainder(kLowest, kMinusOne), 0U);
  EXPECT_EQ(divide(0U - 7, 2), 0U - 3);
  EXPECT_EQ(remainder(0U - 7, 2), 0U - 1);
}

TEST(Alu, UpperHalvesOfProducts) {
  constexpr std::uint32_t kLowest = 0x80000000, kMinusOne = ~0U;
  EXPECT_EQ(multiply_high(kLowest, kLowest), 0x40000000U);
  EXPECT_EQ(multiply_high(kMinusOne, 1), kMinusOne);
  EXPECT_EQ(multiply_high_signed_unsigned(kMinusOne, kMinusOne), kMinusOne);
  EXPECT_EQ(multiply_high_signed_unsigned(1, kMinusOne), 0U);
  EXPECT_EQ(shift_right_signed(kLowest, 31), kMinusOne);
}

}  // namespace
}  // namespace h2
