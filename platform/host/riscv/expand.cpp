// SPDX-License-Identifier: Apache-2.0
#include "platform/host/riscv/decoder.h"

// Compressed instructions: each is equivalent to a 32-bit one, which is put together here from its
// fields.

namespace h2 {
namespace {

constexpr std::uint32_t bits(std::uint32_t half, unsigned from, unsigned count) {
  return half >> from & ((1U << count) - 1);
}

/// `count` bits from bit `from` on, moved to bit `to` of an immediate.
constexpr std::uint32_t moved(std::uint32_t half, unsigned from, unsigned count, unsigned to) {
  return bits(half, from, count) << to;
}

/// Bit 12 is the sign: it fills an immediate from bit `to` on.
constexpr std::uint32_t sign(std::uint32_t half, unsigned to) {
  return bits(half, 12, 1) != 0 ? ~0U << to : 0;
}

constexpr std::uint32_t type_i(std::uint32_t opcode, unsigned f3, unsigned rd, unsigned rs1,
                               std::uint32_t imm) {
  return imm << 20 | rs1 << 15 | f3 << 12 | rd << 7 | opcode;
}

constexpr std::uint32_t type_r(unsigned f7, unsigned f3, unsigned rd, unsigned rs1, unsigned rs2) {
  return f7 << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 | rd << 7 | 0x33;
}

constexpr std::uint32_t store_word(unsigned rs1, unsigned rs2, std::uint32_t imm) {
  return (imm >> 5) << 25 | rs2 << 20 | rs1 << 15 | 2U << 12 | (imm & 31) << 7 | 0x23;
}

constexpr std::uint32_t jump(unsigned rd, std::uint32_t imm) {
  return bits(imm, 20, 1) << 31 | bits(imm, 1, 10) << 21 | bits(imm, 11, 1) << 20 |
         bits(imm, 12, 8) << 12 | rd << 7 | 0x6F;
}

constexpr std::uint32_t branch_zero(unsigned f3, unsigned rs1, std::uint32_t imm) {
  return bits(imm, 12, 1) << 31 | bits(imm, 5, 6) << 25 | rs1 << 15 | f3 << 12 |
         bits(imm, 1, 4) << 8 | bits(imm, 11, 1) << 7 | 0x63;
}

constexpr std::uint32_t kAddImmediate = 0x13, kLoad = 0x03, kJalr = 0x67, kLui = 0x37;
constexpr std::uint32_t kEbreak = 0x00100073;
constexpr unsigned kRa = 1, kSp = 2;

std::uint32_t immediate_6(std::uint32_t h) { return sign(h, 5) | bits(h, 2, 5); }

std::uint32_t immediate_jump(std::uint32_t h) {
  return sign(h, 11) | moved(h, 11, 1, 4) | moved(h, 9, 2, 8) | moved(h, 8, 1, 10) |
         moved(h, 7, 1, 6) | moved(h, 6, 1, 7) | moved(h, 3, 3, 1) | moved(h, 2, 1, 5);
}

std::uint32_t immediate_branch(std::uint32_t h) {
  return sign(h, 8) | moved(h, 10, 2, 3) | moved(h, 5, 2, 6) | moved(h, 3, 2, 1) |
         moved(h, 2, 1, 5);
}

/// Registers x8 to x15 in three bits.
unsigned short_low(std::uint32_t h) { return 8 + bits(h, 2, 3); }
unsigned short_high(std::uint32_t h) { return 8 + bits(h, 7, 3); }

std::uint32_t quadrant_0(std::uint32_t h) {
  const std::uint32_t offset = moved(h, 10, 3, 3) | moved(h, 6, 1, 2) | moved(h, 5, 1, 6);
  switch (bits(h, 13, 3)) {
    case 0: {  // c.addi4spn
      const std::uint32_t imm =
          moved(h, 11, 2, 4) | moved(h, 7, 4, 6) | moved(h, 6, 1, 2) | moved(h, 5, 1, 3);
      return imm == 0 ? 0 : type_i(kAddImmediate, 0, short_low(h), kSp, imm);
    }
    case 2:  // c.lw
      return type_i(kLoad, 2, short_low(h), short_high(h), offset);
    case 6:  // c.sw
      return store_word(short_high(h), short_low(h), offset);
    default:
      return 0;
  }
}

/// c.addi16sp and c.lui.
std::uint32_t upper_immediate(std::uint32_t h, unsigned rd) {
  if (immediate_6(h) == 0) return 0;
  if (rd != kSp) return immediate_6(h) << 12 | rd << 7 | kLui;
  const std::uint32_t imm =
      sign(h, 9) | moved(h, 6, 1, 4) | moved(h, 5, 1, 6) | moved(h, 3, 2, 7) | moved(h, 2, 1, 5);
  return type_i(kAddImmediate, 0, kSp, kSp, imm);
}

/// Shifts to the right, c.andi and the operations on two registers.
std::uint32_t arithmetic(std::uint32_t h) {
  const unsigned rd = short_high(h), kind = bits(h, 10, 2);
  const bool bit12 = bits(h, 12, 1) != 0;
  if (kind == 2) return type_i(kAddImmediate, 7, rd, rd, immediate_6(h));
  if (bit12) return 0;
  if (kind < 2) return type_i(kAddImmediate, 5, rd, rd, bits(h, 2, 5) | kind << 10);
  constexpr struct {
    unsigned f7, f3;
  } kOps[] = {{0x20, 0}, {0, 4}, {0, 6}, {0, 7}};  // sub, xor, or, and
  const auto& op = kOps[bits(h, 5, 2)];
  return type_r(op.f7, op.f3, rd, rd, short_low(h));
}

std::uint32_t quadrant_1(std::uint32_t h) {
  const unsigned rd = bits(h, 7, 5);
  switch (bits(h, 13, 3)) {
    case 0:  // c.addi
      return type_i(kAddImmediate, 0, rd, rd, immediate_6(h));
    case 1:  // c.jal
      return jump(kRa, immediate_jump(h));
    case 2:  // c.li
      return type_i(kAddImmediate, 0, rd, 0, immediate_6(h));
    case 3:
      return upper_immediate(h, rd);
    case 4:
      return arithmetic(h);
    case 5:  // c.j
      return jump(0, immediate_jump(h));
    case 6:  // c.beqz
      return branch_zero(0, short_high(h), immediate_branch(h));
    default:  // c.bnez
      return branch_zero(1, short_high(h), immediate_branch(h));
  }
}

/// c.jr, c.mv, c.ebreak, c.jalr and c.add.
std::uint32_t jump_or_move(std::uint32_t h) {
  const unsigned rd = bits(h, 7, 5), rs2 = bits(h, 2, 5);
  const bool bit12 = bits(h, 12, 1) != 0;
  if (rs2 != 0) return type_r(0, 0, rd, bit12 ? rd : 0, rs2);
  if (rd != 0) return type_i(kJalr, 0, bit12 ? kRa : 0, rd, 0);
  return bit12 ? kEbreak : 0;
}

std::uint32_t quadrant_2(std::uint32_t h) {
  const unsigned rd = bits(h, 7, 5);
  switch (bits(h, 13, 3)) {
    case 0:  // c.slli
      return bits(h, 12, 1) != 0 ? 0 : type_i(kAddImmediate, 1, rd, rd, bits(h, 2, 5));
    case 2: {  // c.lwsp
      const std::uint32_t imm = moved(h, 12, 1, 5) | moved(h, 4, 3, 2) | moved(h, 2, 2, 6);
      return rd == 0 ? 0 : type_i(kLoad, 2, rd, kSp, imm);
    }
    case 4:
      return jump_or_move(h);
    case 6:  // c.swsp
      return store_word(kSp, bits(h, 2, 5), moved(h, 9, 4, 2) | moved(h, 7, 2, 6));
    default:
      return 0;
  }
}

}  // namespace

std::uint32_t expand(std::uint32_t half) {
  switch (half & 3) {
    case 0:
      return quadrant_0(half);
    case 1:
      return quadrant_1(half);
    default:
      return quadrant_2(half);
  }
}

}  // namespace h2
