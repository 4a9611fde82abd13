#include <cstdio>

#include "modules/error.h"
#include "platform/host/riscv/riscv_core.h"
#include "platform/host/riscv/riscv_csr.h"

// What Unicorn leaves to the platform: traps into and out of machine mode, and registers that tell
// of the simulated machine.

namespace h2 {
namespace {

constexpr std::uint32_t kShortEbreak = 0x9002;

const char* cause_text(std::uint32_t cause) {
  switch (cause) {
    case kFetchFault:
      return "instruction access fault";
    case kIllegal:
      return "illegal instruction";
    case kBreakpoint:
      return "ebreak";
    case 4:
      return "misaligned load";
    case kLoadFault:
      return "load access fault";
    case 6:
      return "misaligned store";
    case kStoreFault:
      return "store access fault";
    case kEcall:
      return "ecall";
    case kInterrupt | 3:
      return "software interrupt";
    case kInterrupt | 7:
      return "timer interrupt";
    case kInterrupt | 11:
      return "external interrupt";
    default:
      return "trap";
  }
}

std::string hex(std::uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%08x", value);
  return text;
}

}  // namespace

/// What Unicorn calls illegal; the short ebreak is among it.
RiscvCore::Trap RiscvCore::illegal() const {
  const std::uint32_t word = word_at(current_);
  const std::uint32_t instruction = (word & 3) == 3 ? word : word & 0xFFFF;
  return instruction == kShortEbreak ? Trap{kBreakpoint, 0} : Trap{kIllegal, instruction};
}

RiscvCore::Trap RiscvCore::trap_of(uc_err error) const {
  switch (error) {
    case UC_ERR_INSN_INVALID:
      return illegal();
    case UC_ERR_FETCH_UNMAPPED:
    case UC_ERR_FETCH_PROT:
      return {kFetchFault, pc()};
    default:
      throw RunError(std::string("processor: ") + uc_strerror(error) + " at pc " + hex(current_));
  }
}

bool RiscvCore::take_interrupt() {
  const std::uint32_t up = bus_.pending();
  if (up == 0 || (up & enabled()) == 0 || (get(UC_RISCV_REG_MSTATUS) & kMstatusMie) == 0)
    return false;
  for (const std::uint32_t line : {11U, 3U, 7U}) {  // by priority
    if ((up & enabled() & 1U << line) == 0) continue;
    enter_trap({kInterrupt | line, 0}, pc());
    return true;
  }
  return false;
}

void RiscvCore::enter_trap(const Trap& trap, std::uint32_t pc) {
  const std::uint32_t vector = get(UC_RISCV_REG_MTVEC);
  if (vector == 0) {
    throw RunError(std::string("firmware: ") + cause_text(trap.cause) + " (mcause " +
                   hex(trap.cause) + ") at pc " + hex(pc) + (name_of ? " in " + name_of(pc) : "") +
                   ", mtval " + hex(trap.value) + ", and no trap handler is set (mtvec is 0)");
  }
  std::uint32_t status = get(UC_RISCV_REG_MSTATUS);
  status = (status & ~kMstatusMpie) | ((status & kMstatusMie) != 0 ? kMstatusMpie : 0);
  set(UC_RISCV_REG_MSTATUS, status & ~kMstatusMie);
  set(UC_RISCV_REG_MEPC, pc);
  set(UC_RISCV_REG_MCAUSE, trap.cause);
  set(UC_RISCV_REG_MTVAL, trap.value);
  const bool vectored = (vector & 1) != 0 && (trap.cause & kInterrupt) != 0;
  set_pc((vector & ~3U) + (vectored ? 4 * (trap.cause & ~kInterrupt) : 0));
}

/// There is only machine mode. Unicorn's mret would leave it in mstatus for the next trap to put
/// back, and drop its address translations each time.
std::uint32_t RiscvCore::leave_trap() {
  std::uint32_t status = get(UC_RISCV_REG_MSTATUS);
  status = (status & ~kMstatusMie) | ((status & kMstatusMpie) != 0 ? kMstatusMie : 0);
  set(UC_RISCV_REG_MSTATUS, status | kMstatusMpie);
  return get(UC_RISCV_REG_MEPC);
}

/// `csrr rd, csr` of what Unicorn does not know: the interrupt lines, and counters of simulated
/// time instead of the computer's.
bool RiscvCore::read_counter(std::uint32_t word) {
  const std::uint32_t function = word >> 12 & 7;
  const bool reads_only = (function & 3) >= 2 && (word >> 15 & 31) == 0;
  if (!reads_only) return false;
  std::uint64_t value = 0;
  const std::uint32_t csr = word >> 20;
  switch (csr & ~0x80U) {
    case 0x344:
      value = bus_.pending();
      break;
    case 0xB00:
    case 0xC00:
    case 0xB02:
    case 0xC02:
      value = instructions_;
      break;
    case 0xC01:
      value = bus_.mtime();
      break;
    default:
      return false;
  }
  const std::uint32_t rd = word >> 7 & 31;
  if (rd != 0) {
    set(UC_RISCV_REG_X0 + static_cast<int>(rd),
        static_cast<std::uint32_t>((csr & 0x80) != 0 ? value >> 32 : value));
  }
  return true;
}

}  // namespace h2
