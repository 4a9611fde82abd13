// SPDX-License-Identifier: Apache-2.0
#include "platform/host/riscv/riscv_bus.h"
#include "platform/host/riscv/riscv_csr.h"
#include "tests/firmware/differential/layout.h"
#include "tests/firmware/differential/random_program.h"

// Steps with jumps, traps, interrupts and time.

namespace h2 {
namespace {

constexpr unsigned kRa = 1;
constexpr std::uint32_t kMret = 0x30200073, kWfi = 0x10500073, kFenceI = 0x0000100F;
constexpr std::uint32_t kMedeleg = 0x302, kMideleg = 0x303;

struct CsrBits {
  std::uint32_t number;
  std::uint32_t bits;  ///< that may be written; the reference has more of them, of other modes
};

std::uint32_t encode_csr(unsigned f3, std::uint32_t csr, unsigned rd, unsigned rs1) {
  return encode_i(0x73, f3, rd, rs1, csr);
}

}  // namespace

// Jumps.

void RandomProgram::skip_forward() {
  const unsigned kind = draw_.below(6), low = short_target();
  const std::uint32_t at = code_.here();
  if (kind == 1 && !writable(kRa)) return;
  const unsigned link = draw_.chance(2) ? 0 : target();
  const unsigned base = target();
  if (kind == 5 && base == 0) return;
  const unsigned halves = kind == 5 ? 4 : kind >= 3 ? 2 : 1;
  for (unsigned n = 0; n < halves; ++n) code_.half(0);
  for (std::uint32_t n = draw_.below(4); n > 0; --n) step(true);
  const std::uint32_t distance = code_.here() - at;
  constexpr unsigned kBranches[] = {0, 1, 4, 5, 6, 7};
  switch (kind) {
    case 0:
      return code_.patch(at, encode_short_branch(6 + draw_.below(2), low, distance), halves);
    case 1:
      return code_.patch(at, encode_short_jump(1, distance), halves);
    case 2:
      return code_.patch(at, encode_short_jump(5, distance), halves);
    case 3:
      return code_.patch(at, encode_b(draw_.one_of(kBranches), any(), any(), distance), halves);
    case 4:
      return code_.patch(at, encode_jal(link, distance), halves);
    default:  // auipc, jalr; bit 0 of the target is cleared
      code_.patch(at, base << 7 | 0x17, 2);
      code_.patch(at + 4, encode_i(0x67, 0, link, base, distance + draw_.below(2)), 2);
  }
}

void RandomProgram::loop() {
  const unsigned counter = target();
  if (counter == 0) return;
  code_.word(encode_addi(counter, 0, 1 + draw_.below(4)));
  loop_register_ = counter;
  const std::uint32_t begin = code_.here();
  for (std::uint32_t n = 1 + draw_.below(5); n > 0; --n) step(true);
  loop_register_ = 31;
  code_.word(encode_addi(counter, counter, ~0U));
  code_.word(encode_b(1, counter, 0, begin - code_.here()));
}

// Traps.

/// CSRs with an operand that both sides treat alike.
void RandomProgram::csr() {
  constexpr CsrBits kCsrs[] = {{kCsrMstatus, kMstatusMie | kMstatusMpie},
                               {kCsrMstatus, kMstatusMpp},
                               {kCsrMie, kMsip | kMtip | kMeip},
                               {kCsrMip, kMsip | kMtip | kMeip},
                               {kCsrMscratch, ~0U},
                               {kCsrMcause, ~0U},
                               {kCsrMtval, ~0U},
                               {kCsrMepc, ~1U},
                               {kCsrMcounteren, 7},
                               {kCsrMenvcfg, 1},
                               {kCsrMenvcfgh, 0},
                               {kCsrMisa, ~0U},
                               {kCsrMtvec, 0}};
  const CsrBits chosen = draw_.one_of(kCsrs);
  const unsigned rd = target();
  unsigned kind = 1 + draw_.below(3);
  const bool whole = chosen.bits == kMstatusMpp;  // the reference takes modes it does not have
  if (chosen.number == kCsrMie && sleeps_) kind = 2;
  if (chosen.bits == 0 || (chosen.number == kCsrMstatus && kind == 1)) kind = 2 + draw_.below(2);
  if (draw_.chance(3) && !whole) {
    const std::uint32_t immediate = draw_.below(32) & chosen.bits;
    return code_.word(encode_csr(4 + kind, chosen.number, rd, immediate));
  }
  const unsigned operand = target();
  if (operand == 0)
    return code_.word(encode_csr(chosen.bits == ~0U ? kind : 2, chosen.number, rd, 0));
  code_.load_immediate(operand, whole ? chosen.bits : interesting() & chosen.bits);
  code_.word(encode_csr(kind, chosen.number, rd, operand));
}

/// Reads any CSR, most of which do not exist, or writes where nothing can be written.
void RandomProgram::any_csr() {
  const std::uint32_t number = draw_.below(4096), low = number & ~kCsrHigh;
  if (number >> 10 == 3 && draw_.chance(2)) {  // read only
    constexpr unsigned kWrites[] = {1, 5, 6, 7};
    return code_.word(encode_csr(draw_.one_of(kWrites), number, target(), 1 + draw_.below(31)));
  }
  if (draw_.chance(8)) {  // reserved modes of mtvec
    const unsigned value = target();
    if (value == 0) return;
    code_.load_immediate(value, draw_.word() | 2);
    return code_.word(encode_csr(1, kCsrMtvec, target(), value));
  }
  const bool counts = (low >= kCsrMcycle && low <= kCsrMhpmcounter31) ||
                      (low >= kCsrCycle && low <= kCsrHpmcounter31) ||
                      (number >= kCsrMcountinhibit && number <= kCsrMhpmevent31);
  if (counts || number == kMedeleg || number == kMideleg) return;
  code_.word(encode_csr(2 + draw_.below(2) + 4 * draw_.below(2), number, target(), 0));
}

void RandomProgram::return_from_trap() {
  const unsigned base = target();
  if (base == 0) return;
  const std::uint32_t at = code_.here();
  code_.word(base << 7 | 0x17);  // auipc
  code_.word(0);
  code_.word(encode_csr(1, kCsrMepc, 0, base));
  if (draw_.chance(3)) {
    code_.load_immediate(base, kMstatusMpp);
    code_.word(encode_csr(2 + draw_.below(2), kCsrMstatus, 0, base));
  }
  code_.word(kMret);
  if (draw_.chance(2)) plain();  // skipped, unless the mode may not do any of this
  code_.patch(at + 4, encode_addi(base, base, code_.here() - at), 2);
}

void RandomProgram::environment() {
  // ecall, ebreak, mret of user mode aside; sret, uret, dret, wrs.nto, hlv.b
  constexpr std::uint32_t kWords[] = {0x00000073, 0x00000073, 0x00100073, 0x10200073,
                                      0x00200073, 0x7B200073, 0x00D00073, 0x60004073};
  if (draw_.chance(5)) return code_.half(0x9002);  // c.ebreak
  code_.word(draw_.one_of(kWords));
}

void RandomProgram::bad_access() {
  constexpr std::uint32_t kHoles[] = {0x05000000, 0x90000000, 0x00000010};
  const unsigned base = target();
  if (base == 0) return;
  code_.load_immediate(base, draw_.one_of(kHoles));
  const std::uint32_t offset = 4 * draw_.below(16);
  constexpr unsigned kLoads[] = {0, 1, 2, 4, 5};
  if (draw_.chance(2)) {
    code_.word(encode_i(0x03, draw_.one_of(kLoads), target(), base, offset));
  } else if (draw_.chance(4)) {
    code_.word(encode_r(0x2F, 2 << 2, 2, target(), base, 0));  // lr
  } else {
    code_.word(encode_s(draw_.below(3), base, any(), offset));
  }
}

/// The monitor goes on at ra.
void RandomProgram::bad_jump() {
  constexpr std::uint32_t kHoles[] = {0x05000000, 0x90000000, 0x00000010};
  const unsigned base = target();
  if (base == 0) return;
  code_.load_immediate(base, draw_.one_of(kHoles));
  if (draw_.chance(2)) return code_.half(9U << 12 | base << 7 | 2);  // c.jalr
  code_.word(encode_i(0x67, 0, kRa, base, draw_.below(64)));
}

// Interrupts and time.

void RandomProgram::software_interrupt() {
  const unsigned base = target(), value = target();
  if (base == 0 || base == value) return;
  code_.load_immediate(base, DIFF_MSIP);
  code_.word(encode_addi(value, 0, draw_.below(2)));
  code_.word(encode_s(2, base, value, 0));
}

/// A timer that is due since ever, or never.
void RandomProgram::timer_interrupt() {
  const unsigned base = target();
  if (base == 0) return;
  code_.load_immediate(base, DIFF_MTIMECMP);
  const bool due = draw_.chance(2);
  const unsigned value = due ? 0 : target();
  if (value == base) return;
  if (!due) code_.word(encode_addi(value, 0, ~0U));
  code_.word(encode_s(2, base, due ? 0 : value, 4));
  code_.word(encode_s(2, base, due ? 0 : value, 0));
}

/// wfi until the timer, which is set to some hundred instructions from now.
void RandomProgram::sleep() {
  const unsigned time = target(), base = target();
  if (!sleeps_ || time == 0 || base == 0 || time == base) return;
  code_.load_immediate(base, DIFF_MTIME);
  code_.word(encode_i(0x03, 2, time, base, 0));
  code_.word(encode_addi(time, time, 3));
  code_.load_immediate(base, DIFF_MTIMECMP);
  code_.word(encode_s(2, base, time, 0));
  code_.word(encode_s(2, base, 0, 4));
  code_.word(kWfi);
  code_.word(encode_addi(time, 0, ~0U));
  code_.word(encode_s(2, base, time, 4));
  code_.word(encode_s(2, base, time, 0));
}

/// Code that writes an instruction in front of itself, executes it, and does it once more.
void RandomProgram::rewrite() {
  const unsigned base = target(), value = target(), again = target(), rd = target();
  if (base == 0 || value == 0 || again == 0 || base == value || again == base || again == value ||
      rd == base || rd == again) {
    return;
  }
  constexpr std::uint32_t kToSlot = 16;  // from the auipc
  code_.word(encode_addi(again, 0, 1));
  code_.load_immediate(value, encode_addi(rd, 0, draw_.word()));
  code_.word(base << 7 | 0x17);  // auipc
  const std::uint32_t begin = code_.here();
  code_.word(encode_s(2, base, value, kToSlot));
  code_.word(kFenceI);
  code_.word(encode_addi(0, 0, 0));  // or else what was written before would be executed
  code_.word(0);                     // the slot
  code_.load_immediate(value, encode_addi(rd, value, draw_.word()));
  code_.word(encode_addi(again, again, ~0U));
  code_.word(encode_b(5, again, 0, begin - code_.here()));  // bge
}

/// Instructions between two readings of minstret. User mode may not read it.
void RandomProgram::count() {
  const unsigned before = target(), after = target();
  if (before == 0 || after == 0 || before == after) return;
  const std::uint32_t csr = draw_.chance(2) ? kCsrMinstret : kCsrInstret;
  code_.word(encode_csr(2, csr, before, 0));
  for (std::uint32_t n = draw_.below(4); n > 0; --n) code_.word(encode_addi(0, 0, n));
  code_.word(encode_csr(2, csr, after, 0));
  code_.word(encode_r(0x33, 0x20, 0, after, after, before));
  code_.word(encode_addi(before, 0, 0));
  // A refused reading leaves a count in `before` alone: forget both.
  code_.word(encode_i(0x13, 7, after, after, 31));
}

/// A counter that stands still keeps what is written to it.
void RandomProgram::set_counter() {
  constexpr std::uint32_t kCounters[] = {kCsrMcycle, kCsrMinstret, kCsrMcycle | kCsrHigh,
                                         kCsrMinstret | kCsrHigh};
  const std::uint32_t counter = draw_.one_of(kCounters);
  const unsigned rd = target();
  code_.word(encode_csr(5, kCsrMcountinhibit, 0, 5));
  code_.word(encode_csr(1, counter, 0, any()));
  code_.word(encode_csr(2, counter, rd, 0));
  code_.word(encode_csr(5, kCsrMcountinhibit, 0, 0));
}

}  // namespace h2
