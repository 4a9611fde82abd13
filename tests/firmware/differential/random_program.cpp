// SPDX-License-Identifier: Apache-2.0
#include "tests/firmware/differential/random_program.h"

#include "platform/host/riscv/decoder.h"
#include "platform/host/riscv/riscv_bus.h"
#include "platform/host/riscv/riscv_csr.h"
#include "tests/firmware/differential/layout.h"

namespace h2 {
namespace {

constexpr unsigned kPointer = 31;
constexpr std::uint32_t kEcall = 0x00000073, kShortEbreak = 0x9002;
constexpr std::uint32_t kLongestStep = 128;

bool computes(Op op) { return op <= Op::remu_short; }

}  // namespace

RandomProgram::RandomProgram(std::uint64_t seed, std::uint32_t address)
    : draw_(seed),
      address_(address),
      code_(address + DIFF_CODE + 2 * draw_.below((DIFF_CODE_END - DIFF_CODE) / 4)),
      block_(DIFF_BLOCK_BYTES),
      sleeps_(draw_.chance(4)) {
  for (std::uint32_t i = 0; i < DIFF_POINTER + DIFF_DATA_END; i += 4) {
    const std::uint32_t value = draw_.word();
    std::memcpy(&block_[i], &value, 4);
  }
  const std::uint32_t steps = 20 + draw_.below(80);
  const std::uint32_t begin = code_.here(), end = address + DIFF_CODE_END - kLongestStep;
  for (std::uint32_t n = 0; n < steps && code_.here() < end; ++n) step(false);
  control_words(begin);
  code_.word(kEcall);
  std::memcpy(&block_[begin - address], code_.halves().data(), code_.bytes());
}

void RandomProgram::set(std::uint32_t offset, std::uint32_t value) {
  std::memcpy(&block_[DIFF_POINTER + offset], &value, 4);
}

void RandomProgram::control_words(std::uint32_t entry) {
  set(DIFF_ENTRY, entry);
  set(DIFF_END, code_.here());
  set(DIFF_MSTATUS, (draw_.chance(2) ? kMstatusMpp : 0) | (draw_.chance(2) ? kMstatusMpie : 0));
  set(DIFF_MIE, sleeps_ ? kMtip | (draw_.word() & kMsip) : draw_.word() & (kMsip | kMtip | kMeip));
  set(DIFF_VECTORED, draw_.below(2));
  set(DIFF_ECALL_MASK, draw_.chance(2) ? kMstatusMpp : 0);
  set(DIFF_MSCRATCH, draw_.word());
  set(DIFF_MCOUNTEREN, draw_.below(8));
  set(DIFF_LOG_NEXT, address_ + DIFF_LOG);
  for (unsigned n = 1; n < 31; ++n) set(DIFF_REGISTERS + 4 * n, interesting());
}

unsigned RandomProgram::target() {
  for (;;) {
    const unsigned rd = any();
    if (writable(rd)) return rd;
  }
}

/// Values at which arithmetic changes its behaviour, more often than by chance.
std::uint32_t RandomProgram::interesting() {
  constexpr std::uint32_t kEdges[] = {0,          1,          2,          0xFFFFFFFF, 0x80000000,
                                      0x7FFFFFFF, 0x80000001, 0xFFFFFFFE, 31,         32};
  return draw_.chance(3) ? draw_.one_of(kEdges) : draw_.word() >> draw_.below(32);
}

/// `straight`: without jumps and without time, as the body of a loop or of a skipped part.
void RandomProgram::step(bool straight) {
  using Step = void (RandomProgram::*)();
  constexpr Step kStraight[] = {&RandomProgram::plain,        &RandomProgram::plain,
                                &RandomProgram::plain,        &RandomProgram::edges,
                                &RandomProgram::drawn_word,   &RandomProgram::drawn_word,
                                &RandomProgram::drawn_half,   &RandomProgram::drawn_half,
                                &RandomProgram::memory,       &RandomProgram::memory,
                                &RandomProgram::memory,       &RandomProgram::atomic,
                                &RandomProgram::short_memory, &RandomProgram::csr,
                                &RandomProgram::bad_access,   &RandomProgram::software_interrupt};
  constexpr Step kOthers[] = {&RandomProgram::conditional,
                              &RandomProgram::skip_forward,
                              &RandomProgram::skip_forward,
                              &RandomProgram::skip_forward,
                              &RandomProgram::loop,
                              &RandomProgram::csr,
                              &RandomProgram::any_csr,
                              &RandomProgram::return_from_trap,
                              &RandomProgram::environment,
                              &RandomProgram::bad_jump,
                              &RandomProgram::timer_interrupt,
                              &RandomProgram::sleep,
                              &RandomProgram::rewrite,
                              &RandomProgram::count,
                              &RandomProgram::set_counter};
  (this->*(straight || draw_.chance(2) ? draw_.one_of(kStraight) : draw_.one_of(kOthers)))();
}

// Computation.

void RandomProgram::plain() {
  const unsigned rd = target(), f3 = draw_.below(8);
  constexpr unsigned kKinds[] = {0, 0, 1, 1, 0x20};
  const unsigned f7 = draw_.one_of(kKinds);
  const bool alternative = f3 == 0 || f3 == 5;  // sub, sra
  if (draw_.chance(2)) {
    code_.word(encode_r(0x33, f7 == 0x20 && !alternative ? 0 : f7, f3, rd, any(), any()));
  } else if (f3 == 1 || f3 == 5) {
    const std::uint32_t arithmetic = f3 == 5 && draw_.chance(2) ? 0x400 : 0;
    code_.word(encode_i(0x13, f3, rd, any(), draw_.below(32) | arithmetic));
  } else {
    code_.word(encode_i(0x13, f3, rd, any(), draw_.word()));
  }
}

/// Multiplication and division of values at their edges.
void RandomProgram::edges() {
  const unsigned a = target(), b = target();
  if (a == 0 || b == 0) return;
  code_.load_immediate(a, interesting());
  code_.load_immediate(b, interesting());
  code_.word(encode_r(0x33, 1, draw_.below(8), target(), a, b));
}

/// Any word that only computes, or that is illegal.
void RandomProgram::drawn_word() {
  constexpr std::uint32_t kOpcodes[] = {0x03, 0x0F, 0x13, 0x17, 0x23, 0x2F, 0x33,
                                        0x37, 0x3B, 0x63, 0x67, 0x07, 0x53, 0x57};
  for (;;) {
    std::uint32_t word = draw_.word() | 3;
    if (!draw_.chance(4)) word = (word & ~0x7FU) | draw_.one_of(kOpcodes);
    if ((word & 0x7F) == 0x2F && !draw_.chance(4)) word = (word & ~0x7000U) | 0x2000;
    const Instruction i = decode(word, code_.here());
    const bool allowed = computes(i.op) ? writable(i.rd) : i.op == Op::fence;
    if (allowed || i.op == Op::illegal) return code_.word(word);
  }
}

void RandomProgram::drawn_half() {
  for (;;) {
    const std::uint32_t half = draw_.word() >> 16;
    if ((half & 3) == 3) continue;
    const Instruction i = decode(half, code_.here());
    if ((computes(i.op) && writable(i.rd)) || i.op == Op::illegal_short) return code_.half(half);
  }
}

/// Encodings beside the legal ones, whatever the decoder under test takes them for.
void RandomProgram::reserved() {
  struct Bits {
    std::uint32_t fixed, free;  ///< the others are zero
  };
  constexpr std::uint32_t kOperands = 0xFFFF8F80;  // of 32 bits, all but opcode and funct3
  constexpr Bits kWords[] = {
      {0x00003003, kOperands},  {0x00006003, kOperands}, {0x00007003, kOperands},   // loads
      {0x00003023, kOperands},  {0x00004023, kOperands}, {0x00007023, kOperands},   // stores
      {0x00002063, kOperands},  {0x00003063, kOperands},                            // branches
      {0x00001067, kOperands},  {0x00007067, kOperands},                            // jalr
      {0x0000002F, kOperands},  {0x0000302F, kOperands}, {0x2800202F, 0x060F8F80},  // AMO
      {0x1010202F, 0x06FF8F80},                                                     // lr with rs2
      {0x0000300F, kOperands},  {0x00004073, kOperands}};                           // fence, SYSTEM
  constexpr Bits kHalves[] = {
      {0x0000, 0x001C}, {0x2000, 0x1FFC}, {0x6000, 0x1FFC}, {0x8000, 0x1FFC},
      {0xA000, 0x1FFC}, {0xE000, 0x1FFC}, {0x6001, 0x0F80}, {0x8002, 0x0000},
      {0x2002, 0x1FFC}, {0x4002, 0x107C}, {0x6002, 0x1FFC}, {0xA002, 0x1FFC},
      {0xE002, 0x1FFC}, {0x1002, 0x0FFC}, {0x9001, 0x0BFC}, {0x9C01, 0x03FC}};
  if (draw_.chance(2)) {
    const Bits bits = draw_.one_of(kHalves);
    return code_.half(bits.fixed | (draw_.word() & bits.free));
  }
  const Bits bits = draw_.one_of(kWords);
  code_.word(bits.fixed | (draw_.word() & bits.free));
}

// Memory.

/// From x31; every byte accessed belongs to the program.
std::uint32_t RandomProgram::data_offset(unsigned bytes) {
  return draw_.below(DIFF_POINTER + DIFF_DATA_END - bytes + 1) - DIFF_POINTER;
}

/// rd = x31 + the offset returned.
std::uint32_t RandomProgram::point_to_data(unsigned rd, unsigned alignment) {
  const std::uint32_t offset = data_offset(alignment) & ~(alignment - 1);
  code_.word(encode_addi(rd, kPointer, offset));
  return offset;
}

void RandomProgram::memory() {
  constexpr unsigned kLoads[] = {0, 1, 2, 4, 5};
  std::uint32_t offset = data_offset(4);
  if (!draw_.chance(3)) offset &= ~3U;
  if (draw_.chance(2)) {
    code_.word(encode_i(0x03, draw_.one_of(kLoads), target(), kPointer, offset));
  } else {
    code_.word(encode_s(draw_.below(3), kPointer, any(), offset));
  }
}

/// c.lw, c.sw, c.lwsp and c.swsp, with a base that leaves room for their offsets.
void RandomProgram::short_memory() {
  const bool stack = draw_.chance(2), stores = draw_.chance(2);
  const unsigned base = stack ? 2 : short_target();
  if (!writable(base)) return;
  code_.word(encode_addi(base, kPointer, draw_.below(DIFF_POINTER) - DIFF_POINTER));
  const std::uint32_t fields = draw_.word();
  if (!stack) {
    const unsigned other = 8 + (fields >> 2 & 7);
    if (!stores && !writable(other)) return;
    code_.half((fields & 0x1C7C) | (base - 8) << 7 | (stores ? 6U : 2U) << 13);
  } else if (stores) {
    code_.half((fields & 0x1FFC) | 6U << 13 | 2);
  } else {
    const unsigned rd = target();
    if (rd != 0) code_.half((fields & 0x107C) | rd << 7 | 2U << 13 | 2);
  }
}

void RandomProgram::atomic() {
  constexpr unsigned kKinds[] = {0x00, 0x01, 0x04, 0x08, 0x0C, 0x10, 0x14, 0x18, 0x1C};
  const unsigned base = target();
  if (base == 0) return;
  point_to_data(base, 4);
  const unsigned order = draw_.below(4);
  code_.word(encode_r(0x2F, draw_.one_of(kKinds) << 2 | order, 2, target(), base, any()));
}

/// lr and sc: to one address, to two, with or without something in between, and sc alone.
void RandomProgram::conditional() {
  const unsigned base = target();
  if (base == 0) return;
  point_to_data(base, 4);
  const auto conditional_store = [&] {
    code_.word(encode_r(0x2F, 3 << 2 | draw_.below(4), 2, target(), base, any()));
  };
  if (draw_.chance(6)) return conditional_store();
  if (draw_.chance(8)) code_.word(encode_addi(base, base, 1 + draw_.below(3)));  // misaligned
  code_.word(encode_r(0x2F, 2 << 2 | draw_.below(4), 2, target(), base, 0));
  point_to_data(base, 4);
  if (draw_.chance(2)) return conditional_store();
  const unsigned again = target();
  if (again == 0) return;
  const std::uint32_t offset = point_to_data(again, 4);
  code_.word(encode_r(0x2F, 2 << 2, 2, target(), again, 0));
  if (draw_.chance(2)) plain();
  // A trap and a return from one end the reservation.
  if (draw_.chance(4)) code_.half(kShortEbreak);
  if (draw_.chance(4)) return_from_trap();
  code_.word(encode_addi(base, kPointer, offset));
  conditional_store();
  code_.word(encode_addi(base, kPointer, offset));
  conditional_store();  // the reservation is used up
}

}  // namespace h2
