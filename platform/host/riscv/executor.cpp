// SPDX-License-Identifier: Apache-2.0
#include "platform/host/riscv/executor.h"

namespace h2 {

/// A load or store that does not lie in RAM as a whole. On the way out of RAM the first byte behind
/// it faults.
bool Executor::outside(bool write, std::uint32_t address, void* data, unsigned bytes) {
  reserved_.reset();  // a device may write to RAM
  if (has_ram(address)) {
    address = base_ + bytes_;
  } else if (bus_.access(write, address, data, bytes)) {
    return true;
  }
  trap_ = {write ? kStoreFault : kLoadFault, address};
  return false;
}

/// Atomic instructions work on aligned words of RAM.
bool Executor::atomic(std::uint32_t address, bool only_load) {
  if (address % 4 != 0) {
    trap_ = {only_load ? kLoadMisaligned : kStoreMisaligned, address};
    return false;
  }
  if (has_ram(address)) return true;
  trap_ = {only_load ? kLoadFault : kStoreFault, address};
  return false;
}

/// Whether an sc to this address may write; uses the reservation up.
bool Executor::conditional(std::uint32_t address) {
  const bool may = reserved_ == address;
  reserved_.reset();
  return may;
}

bool Executor::watch(std::uint32_t address, unsigned bytes, bool write) {
  const DebugPoints::Watch* const touched = points.touched(address, bytes, write);
  if (touched != nullptr) watched_ = *touched;
  return touched != nullptr;
}

// The cases of the loop. `break` leads to the next instruction, which is at `at`.

/// Both sizes of an instruction.
#define H2_CASES(name, ...)   \
  case Op::name: {            \
    constexpr int kSlots = 2; \
    __VA_ARGS__               \
    at += kSlots;             \
    break;                    \
  }                           \
  case Op::name##_short: {    \
    constexpr int kSlots = 1; \
    __VA_ARGS__               \
    at += kSlots;             \
    break;                    \
  }

#define H2_OPERANDS                                    \
  [[maybe_unused]] const std::uint32_t a = x[at->rs1]; \
  [[maybe_unused]] const std::uint32_t b = x[at->rs2]; \
  [[maybe_unused]] const std::uint32_t imm = at->imm;

#define H2_COMPUTE(name, value) \
  H2_CASES(name, {              \
    H2_OPERANDS                 \
    x[at->rd] = value;          \
  })

#define H2_BRANCH(name, condition)      \
  H2_CASES(name, {                      \
    H2_OPERANDS                         \
    if (condition) {                    \
      jump(page->address_of(at) + imm); \
      break;                            \
    }                                   \
  })

#define H2_LOAD(name, type)                                                   \
  H2_CASES(name, {                                                            \
    const std::uint32_t address = x[at->rs1] + at->imm;                       \
    type value = 0;                                                           \
    if (in_ram<type>(address)) {                                              \
      value = load<type>(address);                                            \
    } else {                                                                  \
      save();                                                                 \
      if (!outside(false, address, &value, sizeof value)) return Leave::trap; \
      stop_behind();                                                          \
    }                                                                         \
    if (debugged && watch(address, sizeof value, false)) stop_behind();       \
    x[at->rd] = static_cast<std::uint32_t>(std::int64_t{value});              \
  })

#define H2_STORE(name, type)                                                 \
  H2_CASES(name, {                                                           \
    const std::uint32_t address = x[at->rs1] + at->imm;                      \
    auto value = static_cast<type>(x[at->rs2]);                              \
    if (in_ram<type>(address)) {                                             \
      store<type>(address, value);                                           \
    } else {                                                                 \
      save();                                                                \
      if (!outside(true, address, &value, sizeof value)) return Leave::trap; \
      stop_behind();                                                         \
    }                                                                        \
    if (debugged && watch(address, sizeof value, true)) stop_behind();       \
  })

#define H2_ATOMIC(name, value)                                                \
  H2_CASES(name, {                                                            \
    H2_OPERANDS                                                               \
    if (!atomic(a, false)) return leave(Leave::trap);                         \
    const auto m = load<std::uint32_t>(a);                                    \
    store<std::uint32_t>(a, value);                                           \
    x[at->rd] = m;                                                            \
    if (debugged && (watch(a, 4, false) || watch(a, 4, true))) stop_behind(); \
  })

template <bool debugged>
Executor::Leave Executor::loop(std::uint64_t limit, bool first) {
  std::uint64_t left = limit - count;
  CodeCache::Page* page = &code_.page(pc);
  Instruction* at = CodeCache::slot(*page, pc);
  const auto jump = [&](std::uint32_t target) {
    if (target - page->address >= CodeCache::kPageBytes) page = &code_.page(target);
    at = CodeCache::slot(*page, target);
  };
  const auto save = [&] {
    count = limit - left;
    pc = page->address_of(at);
  };
  const auto leave = [&](Leave why) {
    save();
    return why;
  };
  // The instruction under way is the last one.
  const auto stop_behind = [&] {
    limit -= left - 1;
    left = 1;
  };

  for (;;) {
    if (debugged && !first && points.breakpoints.count(page->address_of(at)) != 0)
      return leave(Leave::breakpoint);
    switch (at->op) {
      H2_RISCV_COMPUTE(H2_COMPUTE)
      H2_RISCV_BRANCH(H2_BRANCH)
      H2_RISCV_LOAD(H2_LOAD)
      H2_RISCV_STORE(H2_STORE)
      H2_RISCV_ATOMIC(H2_ATOMIC)
      H2_CASES(jal, {
        const std::uint32_t here = page->address_of(at);
        x[at->rd] = here + 2 * kSlots;
        jump(here + at->imm);
        break;
      })
      H2_CASES(jalr, {
        const std::uint32_t target = (x[at->rs1] + at->imm) & ~1U;
        x[at->rd] = page->address_of(at) + 2 * kSlots;
        jump(target);
        break;
      })
      H2_CASES(lr, {
        const std::uint32_t address = x[at->rs1];
        if (!atomic(address, true)) return leave(Leave::trap);
        reserved_ = address;
        x[at->rd] = load<std::uint32_t>(address);
        if (debugged && watch(address, 4, false)) stop_behind();
      })
      H2_CASES(sc, {
        const std::uint32_t address = x[at->rs1];
        if (!atomic(address, false)) return leave(Leave::trap);
        const bool done = conditional(address);
        if (done) store<std::uint32_t>(address, x[at->rs2]);
        x[at->rd] = done ? 0 : 1;
        if (debugged && done && watch(address, 4, true)) stop_behind();
      })
      H2_CASES(fence, )
      case Op::system:
      case Op::system_short:
        instruction_ = *at;
        return leave(Leave::system);
      case Op::illegal:
      case Op::illegal_short:
        trap_ = {kIllegal, at->imm};
        return leave(Leave::trap);
      case Op::fetch_fault:
      case Op::fetch_fault_behind:
        trap_ = {kFetchFault, page->address_of(at) + (at->op == Op::fetch_fault ? 0 : 2)};
        return leave(Leave::trap);
      case Op::undecoded:
        *at = code_.decoded(page->address_of(at));
        continue;
      case Op::page_end:
        jump(page->address_of(at));
        continue;
      default:
        __builtin_unreachable();
    }
    if (debugged) first = false;
    if (--left == 0) return leave(Leave::limit);
  }
}

template Executor::Leave Executor::loop<false>(std::uint64_t limit, bool first);
template Executor::Leave Executor::loop<true>(std::uint64_t limit, bool first);

}  // namespace h2
