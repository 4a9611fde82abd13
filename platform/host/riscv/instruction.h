// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "platform/host/riscv/alu.h"

// The instructions of RV32IMAC as the interpreter distinguishes them. `a` and `b` are the values of
// rs1 and rs2, `imm` is the immediate, `m` the word in memory.

/// rd = value.
#define H2_RISCV_COMPUTE(X)                                        \
  X(constant, imm)                                                 \
  X(addi, a + imm)                                                 \
  X(slti, as_signed(a) < as_signed(imm) ? 1U : 0U)                 \
  X(sltiu, a < imm ? 1U : 0U)                                      \
  X(xori, a ^ imm)                                                 \
  X(ori, a | imm)                                                  \
  X(andi, (a & imm))                                               \
  X(slli, a << imm)                                                \
  X(srli, a >> imm)                                                \
  X(srai, shift_right_signed(a, imm))                              \
  X(add, a + b)                                                    \
  X(sub, a - b)                                                    \
  X(sll, a << (b & 31))                                            \
  X(slt, as_signed(a) < as_signed(b) ? 1U : 0U)                    \
  X(sltu, a < b ? 1U : 0U)                                         \
  X(xor_, a ^ b)                                                   \
  X(srl, a >> (b & 31))                                            \
  X(sra, shift_right_signed(a, b & 31))                            \
  X(or_, a | b)                                                    \
  X(and_, (a & b))                                                 \
  X(mul, (a * b))                                                  \
  X(mulh, multiply_high(a, b))                                     \
  X(mulhsu, multiply_high_signed_unsigned(a, b))                   \
  X(mulhu, static_cast<std::uint32_t>(std::uint64_t{a} * b >> 32)) \
  X(div, divide(a, b))                                             \
  X(divu, b == 0 ? ~0U : a / b)                                    \
  X(rem, remainder(a, b))                                          \
  X(remu, b == 0 ? a : a % b)

/// pc += imm if the condition holds.
#define H2_RISCV_BRANCH(X)             \
  X(beq, a == b)                       \
  X(bne, a != b)                       \
  X(blt, as_signed(a) < as_signed(b))  \
  X(bge, as_signed(a) >= as_signed(b)) \
  X(bltu, a < b)                       \
  X(bgeu, a >= b)

/// rd = memory of this type at rs1 + imm.
#define H2_RISCV_LOAD(X) \
  X(lb, std::int8_t)     \
  X(lh, std::int16_t)    \
  X(lw, std::uint32_t)   \
  X(lbu, std::uint8_t)   \
  X(lhu, std::uint16_t)

/// Memory of this type at rs1 + imm = rs2.
#define H2_RISCV_STORE(X) \
  X(sb, std::uint8_t)     \
  X(sh, std::uint16_t)    \
  X(sw, std::uint32_t)

/// rd = word at rs1; word = value.
#define H2_RISCV_ATOMIC(X)                       \
  X(amoswap, b)                                  \
  X(amoadd, m + b)                               \
  X(amoxor, m ^ b)                               \
  X(amoand, m& b)                                \
  X(amoor, m | b)                                \
  X(amomin, as_signed(m) < as_signed(b) ? m : b) \
  X(amomax, as_signed(m) > as_signed(b) ? m : b) \
  X(amominu, m < b ? m : b)                      \
  X(amomaxu, m > b ? m : b)

/// The others. `system` are the SYSTEM opcodes and fence.i, `undecoded` has not been executed yet,

#define H2_RISCV_OTHER(X) \
  X(jal, )                \
  X(jalr, )               \
  X(lr, )                 \
  X(sc, )                 \
  X(fence, )              \
  X(system, )             \
  X(illegal, )            \
  X(fetch_fault, )        \
  X(fetch_fault_behind, ) \
  X(undecoded, )          \
  X(page_end, )

#define H2_RISCV_INSTRUCTIONS(X) \
  H2_RISCV_COMPUTE(X)            \
  H2_RISCV_BRANCH(X)             \
  H2_RISCV_LOAD(X)               \
  H2_RISCV_STORE(X)              \
  H2_RISCV_ATOMIC(X)             \
  H2_RISCV_OTHER(X)

namespace h2 {

/// Each once for 4 bytes and once, directly behind, for the 2 bytes of a compressed instruction:
/// the interpreter then knows where the next one is without reading it.
enum class Op : std::uint8_t {
#define H2_OP(name, ...) name, name##_short,
  H2_RISCV_INSTRUCTIONS(H2_OP)
#undef H2_OP
};

constexpr bool is_short(Op op) { return (static_cast<unsigned>(op) & 1) != 0; }
constexpr Op shortened(Op op) { return static_cast<Op>(static_cast<unsigned>(op) | 1); }

/// Where writes to x0 go.
constexpr std::uint8_t kSink = 32;

/// An instruction ready for execution. `imm` of lui and auipc is the value of rd; that of `system`
/// and `illegal` the instruction as it is in memory, c.ebreak as ebreak.
struct Instruction {
  Op op = Op::undecoded;
  std::uint8_t rd = kSink;  ///< kSink for x0
  std::uint8_t rs1 = 0, rs2 = 0;
  std::uint32_t imm = 0;

  std::uint32_t bytes() const { return is_short(op) ? 2 : 4; }
};
static_assert(sizeof(Instruction) == 8);

}  // namespace h2
