// SPDX-License-Identifier: Apache-2.0
#include "platform/host/riscv/csr_file.h"

namespace h2 {
namespace {

constexpr std::uint32_t kLines = kMsip | kMtip | kMeip;
constexpr std::uint32_t kFiom = 1;  ///< of menvcfg; fences order everything anyway

constexpr bool between(std::uint32_t number, std::uint32_t first, std::uint32_t last) {
  return first <= number && number <= last;
}

/// MPP can only hold a mode that exists.
std::uint32_t legal_mstatus(std::uint32_t value) {
  const std::uint32_t kept = kMstatusMie | kMstatusMpie | kMstatusMprv | kMstatusTw;
  return (value & kept) | ((value & kMstatusMpp) == kMstatusMpp ? kMstatusMpp : 0);
}

std::uint64_t with_half(std::uint64_t value, bool high, std::uint32_t half) {
  return high ? (value & 0xFFFFFFFF) | std::uint64_t{half} << 32
              : (value & ~std::uint64_t{0xFFFFFFFF}) | half;
}

}  // namespace

void SettableCounter::set(std::uint64_t value, std::uint64_t count) {
  held_ = value;
  offset_ = value - count;
}

void SettableCounter::stop(bool stopped, std::uint64_t count) {
  if (stopped != stopped_) set(value(count), count);
  stopped_ = stopped;
}

/// The mode is in bits 9:8. Counters of user mode are opened by mcounteren.
bool CsrFile::permits(std::uint32_t number) const {
  if (state.privilege == Privilege::machine) return true;
  if ((number >> 8 & 3) != 0) return false;
  const std::uint32_t counter = number & ~kCsrHigh;
  return !between(counter, kCsrCycle, kCsrHpmcounter31) ||
         (mcounteren_ >> (counter - kCsrCycle) & 1) != 0;
}

std::optional<std::uint32_t> CsrFile::read(std::uint32_t number, std::uint64_t retired) const {
  switch (number) {
    case kCsrMstatus:
      return state.mstatus;
    case kCsrMisa:
      return kMisa;
    case kCsrMie:
      return state.mie;
    case kCsrMtvec:
      return state.mtvec;
    case kCsrMcounteren:
      return mcounteren_;
    case kCsrMenvcfg:
      return menvcfg_;
    case kCsrMstatush:
    case kCsrMenvcfgh:
      return 0;
    case kCsrMcountinhibit:
      return mcountinhibit_;
    case kCsrMscratch:
      return state.mscratch;
    case kCsrMepc:
      return state.mepc;
    case kCsrMcause:
      return state.mcause;
    case kCsrMtval:
      return state.mtval;
    case kCsrMip:
      return bus_.pending();
    default:
      return read_counter(number, retired);
  }
}

/// Counters, and what only reads zero: identification and the events that are not counted.
std::optional<std::uint32_t> CsrFile::read_counter(std::uint32_t number,
                                                   std::uint64_t retired) const {
  if (between(number, kCsrMvendorid, kCsrMconfigptr)) return 0;
  if (between(number, kCsrMhpmevent3, kCsrMhpmevent31)) return 0;
  const std::uint32_t low = number & ~kCsrHigh;
  const bool mine = between(low, kCsrMcycle, kCsrMhpmcounter31) && low != kCsrMcycle + 1;
  if (!mine && !between(low, kCsrCycle, kCsrHpmcounter31)) return std::nullopt;
  const std::uint64_t value = counter(low, retired);
  return static_cast<std::uint32_t>(low == number ? value : value >> 32);
}

std::uint64_t CsrFile::counter(std::uint32_t number, std::uint64_t retired) const {
  switch (number) {
    case kCsrMcycle:
    case kCsrCycle:
      return mcycle_.value(bus_.cycles());
    case kCsrMinstret:
    case kCsrInstret:
      return minstret_.value(retired);
    case kCsrTime:
      return bus_.mtime();
    default:
      return 0;
  }
}

bool CsrFile::write(std::uint32_t number, std::uint32_t value, std::uint64_t retired,
                    bool executing) {
  // Counts that the next instruction sees.
  const std::uint64_t extra = executing ? 1 : 0;
  switch (number) {
    case kCsrMstatus:
      state.mstatus = legal_mstatus(value);
      return true;
    case kCsrMie:
      state.mie = value & kLines;
      return true;
    case kCsrMtvec:  // other modes than direct and vectored are reserved
      if ((value & 3) < 2) state.mtvec = value;
      return true;
    case kCsrMcounteren:
      mcounteren_ = value & (kCounterCycle | kCounterTime | kCounterInstret);
      return true;
    case kCsrMenvcfg:
      menvcfg_ = value & kFiom;
      return true;
    case kCsrMcountinhibit:
      inhibit(value, retired + extra, bus_.cycles() + extra);
      return true;
    case kCsrMscratch:
      state.mscratch = value;
      return true;
    case kCsrMepc:
      state.mepc = value & ~1U;
      return true;
    case kCsrMcause:
      state.mcause = value;
      return true;
    case kCsrMtval:
      state.mtval = value;
      return true;
    default:
      return write_counter(number, value, retired, extra);
  }
}

/// Other registers may be written if bits 11:10 of their number allow it, mostly without effect.
/// The other half of a counter stays what it was in front of the instruction: neither half counts
/// the write.
bool CsrFile::write_counter(std::uint32_t number, std::uint32_t value, std::uint64_t retired,
                            std::uint64_t extra) {
  const std::uint32_t low = number & ~kCsrHigh;
  const auto set = [&](SettableCounter& counter, std::uint64_t count) {
    counter.set(with_half(counter.value(count), low != number, value), count + extra);
  };
  if (low == kCsrMcycle) set(mcycle_, bus_.cycles());
  if (low == kCsrMinstret) set(minstret_, retired);
  return number >> 10 != 3 && read(number, retired).has_value();
}

void CsrFile::inhibit(std::uint32_t value, std::uint64_t retired, std::uint64_t cycles) {
  mcountinhibit_ = value & (kCounterCycle | kCounterInstret);
  mcycle_.stop((value & kCounterCycle) != 0, cycles);
  minstret_.stop((value & kCounterInstret) != 0, retired);
}

}  // namespace h2
