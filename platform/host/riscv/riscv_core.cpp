#include "platform/host/riscv/riscv_core.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "modules/error.h"
#include "platform/host/riscv/riscv_csr.h"

namespace h2 {
namespace {

constexpr std::uint32_t kWfi = 0x10500073, kMret = 0x30200073;
/// Odd, so that no instruction is there.
constexpr std::uint64_t kNever = 1;

void check(uc_err error, const char* what) {
  if (error != UC_ERR_OK)
    throw RunError(std::string("processor: ") + what + ": " + uc_strerror(error));
}

}  // namespace

RiscvCore::RiscvCore(RiscvBus& bus, std::uint8_t* ram, std::uint32_t ram_base,
                     std::uint32_t ram_bytes, std::uint32_t entry)
    : bus_(bus),
      ram_(ram),
      ram_base_(ram_base),
      ram_bytes_(ram_bytes),
      low_{this, 0},
      high_{this, ram_base + ram_bytes} {
  check(uc_open(UC_ARCH_RISCV, UC_MODE_RISCV32, &uc_), "starting Unicorn");
  check(uc_context_alloc(uc_, &before_fault_), "starting Unicorn");
  check(uc_mem_map_ptr(uc_, ram_base, ram_bytes, UC_PROT_ALL, ram), "mapping RAM");
  check(uc_mmio_map(uc_, low_.base, ram_base, on_read, &low_, on_write, &low_), "mapping devices");
  check(uc_mmio_map(uc_, high_.base, (std::uint64_t{1} << 32) - high_.base, on_read, &high_,
                    on_write, &high_),
        "mapping devices");
  hook(UC_HOOK_CODE, reinterpret_cast<void*>(on_instruction));
  hook(UC_HOOK_INTR, reinterpret_cast<void*>(on_exception));
  set(UC_RISCV_REG_MSTATUS, kMstatusMpp);
  set_pc(entry);
}

RiscvCore::~RiscvCore() {
  uc_context_free(before_fault_);
  uc_close(uc_);
}

void RiscvCore::hook(int type, void* callback) {
  uc_hook handle = 0;
  check(uc_hook_add(uc_, &handle, type, callback, this, 1, 0), "adding a hook");
}

std::uint32_t RiscvCore::get(int reg) const {
  std::uint32_t value = 0;
  check(uc_reg_read(uc_, reg, &value), "reading a register");
  return value;
}

void RiscvCore::set(int reg, std::uint32_t value) {
  check(uc_reg_write(uc_, reg, &value), "writing a register");
}

void RiscvCore::halt() {
  halted_ = true;
  limit_ = 0;
}

// Called by Unicorn.

void RiscvCore::on_instruction(uc_engine* uc, std::uint64_t address, std::uint32_t, void* self) {
  RiscvCore& core = *static_cast<RiscvCore*>(self);
  const auto at = static_cast<std::uint32_t>(address);
  if (core.instructions_ >= core.limit_ ||
      (at != core.passed_ &&
       (core.is_system(at) || (!core.breakpoints.empty() && core.breakpoints.count(at) != 0)))) {
    uc_emu_stop(uc);
    return;
  }
  core.passed_ = kNever;
  core.current_ = at;
  ++core.instructions_;
}

/// Exceptions that Unicorn hands over instead of entering the trap. It names ecall as from user
/// mode.
void RiscvCore::on_exception(uc_engine* uc, std::uint32_t number, void* self) {
  RiscvCore& core = *static_cast<RiscvCore*>(self);
  core.trap_ =
      number == kIllegal ? core.illegal() : Trap{number == kUserEcall ? kEcall : number, 0};
  uc_emu_stop(uc);
}

void RiscvCore::on_memory(uc_engine*, uc_mem_type type, std::uint64_t address, int bytes,
                          std::int64_t, void* self) {
  RiscvCore& core = *static_cast<RiscvCore*>(self);
  const bool write = type == UC_MEM_WRITE;
  for (const Watch& w : core.watches) {
    if (!(write ? w.on_write : w.on_read)) continue;
    if (address + static_cast<std::uint64_t>(bytes) <= w.address || address >= w.address + w.bytes)
      continue;
    core.watched_ = true;
    core.hit_ = w;
    core.limit_ = 0;
  }
}

std::uint64_t RiscvCore::on_read(uc_engine*, std::uint64_t offset, unsigned bytes, void* window) {
  const Window& w = *static_cast<const Window*>(window);
  return w.core->access(false, w.base + static_cast<std::uint32_t>(offset), 0, bytes);
}

void RiscvCore::on_write(uc_engine*, std::uint64_t offset, unsigned bytes, std::uint64_t value,
                         void* window) {
  const Window& w = *static_cast<const Window*>(window);
  w.core->access(true, w.base + static_cast<std::uint32_t>(offset), value, bytes);
}

std::uint64_t RiscvCore::access(bool write, std::uint32_t address, std::uint64_t value,
                                unsigned bytes) {
  limit_ = 0;           // time passes in an access: lines may change
  if (trap_) return 0;  // the other half of a misaligned access has failed
  try {
    if (bus_.access(write, address, &value, bytes)) return value;
  } catch (...) {
    failure_ = std::current_exception();
    return 0;
  }
  // The instruction cannot be abandoned here. It completes with a made-up value, and the state
  // from before it is put back.
  trap_ = Trap{write ? kStoreFault : kLoadFault, address};
  uc_context_save(uc_, before_fault_);
  return 0;
}

// Between instructions.

RiscvCore::Stop RiscvCore::run(std::uint64_t budget) {
  const std::uint64_t end = instructions_ + budget;
  halted_ = watched_ = false;
  for (bool first = true;; first = false) {
    if (halted_) return Stop::halt;
    if (watched_) return Stop::watchpoint;
    if (instructions_ >= end) return Stop::budget;
    if (take_interrupt()) first = false;
    const std::uint32_t at = pc();
    if (!first && breakpoints.count(at) != 0) return Stop::breakpoint;
    limit_ = std::min(end, instructions_ + bus_.quiet_instructions());
    if (is_system(at)) {
      const std::uint32_t word = word_at(at);
      if (word == kWfi && (bus_.pending() & enabled()) == 0) return Stop::wfi;
      if (word == kWfi || word == kMret || read_counter(word)) {
        ++instructions_;
        set_pc(word == kMret ? leave_trap() : at + 4);
        continue;
      }
      limit_ = instructions_ + 1;
    }
    execute(at);
  }
}

void RiscvCore::execute(std::uint32_t pc) {
  trap_.reset();
  passed_ = pc;
  const uc_err error = uc_emu_start(uc_, pc, kNever, 0, 0);
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  if (!trap_ && error == UC_ERR_OK) return;
  if (!trap_) trap_ = trap_of(error);
  if (trap_->cause == kLoadFault || trap_->cause == kStoreFault) {
    check(uc_context_restore(uc_, before_fault_), "restoring registers");
  }
  enter_trap(*trap_, trap_->cause == kFetchFault ? trap_->value : current_);
}

std::uint32_t RiscvCore::word_at(std::uint32_t address) const {
  std::uint32_t word = 0;
  const std::uint32_t offset = address - ram_base_;
  if (offset < ram_bytes_) {
    std::memcpy(&word, ram_ + offset, offset + 4 <= ram_bytes_ ? 4 : ram_bytes_ - offset);
  }
  return word;
}

// For a debugger.

void RiscvCore::enable_watchpoints() {
  hook(UC_HOOK_MEM_READ, reinterpret_cast<void*>(on_memory));
  hook(UC_HOOK_MEM_WRITE, reinterpret_cast<void*>(on_memory));
}

void RiscvCore::code_changed(std::uint32_t address, std::uint32_t bytes) {
  uc_ctl_remove_cache(uc_, std::uint64_t{address}, std::uint64_t{address} + bytes);
}

}  // namespace h2
