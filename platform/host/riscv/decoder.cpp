// SPDX-License-Identifier: Apache-2.0
#include "platform/host/riscv/decoder.h"

namespace h2 {
namespace {

/// Bits `from` + `count` - 1 to `from`.
constexpr std::uint32_t bits(std::uint32_t word, unsigned from, unsigned count) {
  return word >> from & ((1U << count) - 1);
}

/// The upper bits of an immediate are copies of bit 31.
constexpr std::uint32_t sign(std::uint32_t word, unsigned shift) {
  return shift_right_signed(word & 0x80000000, shift);
}

constexpr std::uint32_t immediate_i(std::uint32_t w) { return shift_right_signed(w, 20); }

constexpr std::uint32_t immediate_s(std::uint32_t w) {
  return sign(w, 20) | bits(w, 25, 6) << 5 | bits(w, 7, 5);
}

constexpr std::uint32_t immediate_b(std::uint32_t w) {
  return sign(w, 19) | bits(w, 7, 1) << 11 | bits(w, 25, 6) << 5 | bits(w, 8, 4) << 1;
}

constexpr std::uint32_t immediate_j(std::uint32_t w) {
  return sign(w, 11) | bits(w, 12, 8) << 12 | bits(w, 20, 1) << 11 | bits(w, 21, 10) << 1;
}

constexpr Op kBad = Op::illegal;

Op branch(unsigned f3) {
  constexpr Op kOps[] = {Op::beq, Op::bne, kBad, kBad, Op::blt, Op::bge, Op::bltu, Op::bgeu};
  return kOps[f3];
}

Op load(unsigned f3) {
  constexpr Op kOps[] = {Op::lb, Op::lh, Op::lw, kBad, Op::lbu, Op::lhu, kBad, kBad};
  return kOps[f3];
}

Op store(unsigned f3) {
  constexpr Op kOps[] = {Op::sb, Op::sh, Op::sw};
  return f3 < 3 ? kOps[f3] : kBad;
}

Op with_immediate(unsigned f3, unsigned f7) {
  constexpr Op kOps[] = {Op::addi, Op::slli, Op::slti, Op::sltiu,
                         Op::xori, Op::srli, Op::ori,  Op::andi};
  if (f3 == 5 && f7 == 0x20) return Op::srai;
  return (f3 == 1 || f3 == 5) && f7 != 0 ? kBad : kOps[f3];
}

Op with_registers(unsigned f3, unsigned f7) {
  constexpr Op kBase[] = {Op::add,  Op::sll, Op::slt, Op::sltu,
                          Op::xor_, Op::srl, Op::or_, Op::and_};
  constexpr Op kMultiply[] = {Op::mul, Op::mulh, Op::mulhsu, Op::mulhu,
                              Op::div, Op::divu, Op::rem,    Op::remu};
  if (f7 == 0) return kBase[f3];
  if (f7 == 1) return kMultiply[f3];
  if (f7 == 0x20 && f3 == 0) return Op::sub;
  return f7 == 0x20 && f3 == 5 ? Op::sra : kBad;
}

Op atomic(unsigned f3, unsigned f5, unsigned rs2) {
  if (f3 != 2) return kBad;
  switch (f5) {
    case 0x00:
      return Op::amoadd;
    case 0x01:
      return Op::amoswap;
    case 0x02:
      return rs2 == 0 ? Op::lr : kBad;
    case 0x03:
      return Op::sc;
    case 0x04:
      return Op::amoxor;
    case 0x08:
      return Op::amoor;
    case 0x0C:
      return Op::amoand;
    case 0x10:
      return Op::amomin;
    case 0x14:
      return Op::amomax;
    case 0x18:
      return Op::amominu;
    case 0x1C:
      return Op::amomaxu;
    default:
      return kBad;
  }
}

/// Operation and immediate of a 32-bit instruction.
struct Meaning {
  Op op;
  std::uint32_t imm;
};

Meaning meaning(std::uint32_t w, std::uint32_t pc) {
  const unsigned f3 = bits(w, 12, 3), f7 = bits(w, 25, 7);
  switch (bits(w, 0, 7)) {
    case 0x03:
      return {load(f3), immediate_i(w)};
    case 0x0F:
      return {f3 == 0 ? Op::fence : f3 == 1 ? Op::system : kBad, w};
    case 0x13: {
      const bool shifts = f3 == 1 || f3 == 5;
      return {with_immediate(f3, f7), shifts ? bits(w, 20, 5) : immediate_i(w)};
    }
    case 0x17:
      return {Op::constant, pc + (w & 0xFFFFF000)};
    case 0x23:
      return {store(f3), immediate_s(w)};
    case 0x2F:
      return {atomic(f3, bits(w, 27, 5), bits(w, 20, 5)), 0};
    case 0x33:
      return {with_registers(f3, f7), 0};
    case 0x37:
      return {Op::constant, w & 0xFFFFF000};
    case 0x63:
      return {branch(f3), immediate_b(w)};
    case 0x67:
      return {f3 == 0 ? Op::jalr : kBad, immediate_i(w)};
    case 0x6F:
      return {Op::jal, immediate_j(w)};
    case 0x73:
      return {Op::system, w};
    default:
      return {kBad, 0};
  }
}

}  // namespace

Instruction decode(std::uint32_t word, std::uint32_t pc) {
  const bool compressed = instruction_bytes(word) == 2;
  const std::uint32_t half = word & 0xFFFF, w = compressed ? expand(half) : word;
  const Meaning m = meaning(w, pc);
  const auto rd = static_cast<std::uint8_t>(bits(w, 7, 5));
  Instruction i;
  i.op = compressed ? shortened(m.op) : m.op;
  i.rd = rd == 0 ? kSink : rd;
  i.rs1 = static_cast<std::uint8_t>(bits(w, 15, 5));
  i.rs2 = static_cast<std::uint8_t>(bits(w, 20, 5));
  i.imm = m.op != kBad ? m.imm : compressed ? half : word;
  return i;
}

}  // namespace h2
