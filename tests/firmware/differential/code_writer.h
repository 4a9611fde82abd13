// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

namespace h2 {

/// Numbers from a seed, the same on every machine.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : engine_(seed) {}
  std::uint32_t word() { return static_cast<std::uint32_t>(engine_() >> 32); }
  /// 0 to `count` - 1.
  std::uint32_t below(std::uint32_t count) {
    return static_cast<std::uint32_t>(std::uint64_t{word()} * count >> 32);
  }
  bool chance(std::uint32_t of) { return below(of) == 0; }
  template <class T, std::size_t n>
  T one_of(const T (&choices)[n]) {
    return choices[below(n)];
  }

 private:
  std::mt19937_64 engine_;
};

// Encodings.

constexpr std::uint32_t encode_i(unsigned opcode, unsigned f3, unsigned rd, unsigned rs1,
                                 std::uint32_t imm) {
  return imm << 20 | rs1 << 15 | f3 << 12 | rd << 7 | opcode;
}
constexpr std::uint32_t encode_r(unsigned opcode, unsigned f7, unsigned f3, unsigned rd,
                                 unsigned rs1, unsigned rs2) {
  return encode_i(opcode, f3, rd, rs1, f7 << 5 | rs2);
}
constexpr std::uint32_t encode_s(unsigned f3, unsigned rs1, unsigned rs2, std::uint32_t imm) {
  return (imm >> 5) << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 | (imm & 31) << 7 | 0x23;
}
constexpr std::uint32_t encode_b(unsigned f3, unsigned rs1, unsigned rs2, std::uint32_t imm) {
  return (imm >> 12 & 1) << 31 | (imm >> 5 & 63) << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 |
         (imm >> 1 & 15) << 8 | (imm >> 11 & 1) << 7 | 0x63;
}
constexpr std::uint32_t encode_jal(unsigned rd, std::uint32_t imm) {
  return (imm >> 20 & 1) << 31 | (imm >> 1 & 0x3FF) << 21 | (imm >> 11 & 1) << 20 |
         (imm >> 12 & 0xFF) << 12 | rd << 7 | 0x6F;
}
constexpr std::uint32_t encode_addi(unsigned rd, unsigned rs1, std::uint32_t imm) {
  return encode_i(0x13, 0, rd, rs1, imm);
}
/// c.beqz and c.bnez (f3 6 and 7), forward.
constexpr std::uint32_t encode_short_branch(unsigned f3, unsigned rs1, std::uint32_t imm) {
  return f3 << 13 | (imm >> 8 & 1) << 12 | (imm >> 3 & 3) << 10 | (rs1 - 8) << 7 |
         (imm >> 6 & 3) << 5 | (imm >> 1 & 3) << 3 | (imm >> 5 & 1) << 2 | 1;
}
/// c.jal and c.j (f3 1 and 5).
constexpr std::uint32_t encode_short_jump(unsigned f3, std::uint32_t imm) {
  return f3 << 13 | (imm >> 11 & 1) << 12 | (imm >> 4 & 1) << 11 | (imm >> 8 & 3) << 9 |
         (imm >> 10 & 1) << 8 | (imm >> 6 & 1) << 7 | (imm >> 7 & 1) << 6 | (imm >> 1 & 7) << 3 |
         (imm >> 5 & 1) << 2 | 1;
}

/// A piece of code that grows.
class CodeWriter {
 public:
  explicit CodeWriter(std::uint32_t address) : address_(address) {}

  std::uint32_t here() const { return address_ + bytes(); }
  std::uint32_t bytes() const { return 2 * static_cast<std::uint32_t>(halves_.size()); }
  const std::vector<std::uint16_t>& halves() const { return halves_; }

  void half(std::uint32_t instruction) {
    halves_.push_back(static_cast<std::uint16_t>(instruction));
  }
  void word(std::uint32_t instruction) {
    half(instruction);
    half(instruction >> 16);
  }
  /// Puts a finished instruction where room was left for it.
  void patch(std::uint32_t at, std::uint32_t instruction, unsigned halves) {
    for (unsigned n = 0; n < halves; ++n)
      halves_[(at - address_) / 2 + n] = static_cast<std::uint16_t>(instruction >> 16 * n);
  }
  void load_immediate(unsigned rd, std::uint32_t value) {
    const std::uint32_t upper = value + 0x800;
    word((upper & 0xFFFFF000) | rd << 7 | 0x37);
    word(encode_addi(rd, rd, value));
  }

 private:
  const std::uint32_t address_;
  std::vector<std::uint16_t> halves_;
};

}  // namespace h2
