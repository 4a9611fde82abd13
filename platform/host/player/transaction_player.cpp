#include "platform/host/player/transaction_player.h"

#include <algorithm>
#include <cstring>
#include <fstream>

#include "modules/contract/h2_contract.h"
#include "platform/host/player/hex_text.h"

namespace h2 {
namespace {

using Bytes = std::vector<std::uint8_t>;

/// Accesses outside simulated time move this much at once.
constexpr std::uint64_t kBlock = 1 << 20;

/// A register or word is shown whole, anything longer by its first wrong byte.
std::string shown(const Bytes& bytes, std::size_t at) {
  if (bytes.size() != 4) return hex_text(bytes[at], 2);
  std::uint32_t word;
  std::memcpy(&word, bytes.data(), sizeof word);
  return hex_text(word, 8);
}

std::string response_text(tlm::tlm_response_status status) {
  tlm::tlm_generic_payload payload;
  payload.set_response_status(status);
  return payload.get_response_string();
}

}  // namespace

TransactionPlayer::TransactionPlayer(const std::filesystem::path& path, bool keep_going)
    : path_(path), keep_going_(keep_going) {
  TransactionReader reader(path);
  for (Transaction t; reader.next(t);) {
  }
}

void TransactionPlayer::operator()(HostCpu& host) {
  TransactionReader reader(path_);
  for (Transaction t; (keep_going_ || stats_.failures == 0) && reader.next(t);) {
    ++stats_.transactions;
    play(host, t);
  }
}

void TransactionPlayer::play(HostCpu& host, const Transaction& t) {
  switch (t.kind) {
    case Transaction::Kind::write:
    case Transaction::Kind::read:
      return access(host, t);
    case Transaction::Kind::load:
      return load(host, t);
    case Transaction::Kind::verify:
      return verify(host, t);
    case Transaction::Kind::dump:
      return dump(host, t);
    case Transaction::Kind::wait:
      return sc_core::wait(sc_core::sc_time::from_value(t.time_ps));
    case Transaction::Kind::wait_irq:
      if (!host.wait_irq(sc_core::sc_time::from_value(t.time_ps))) {
        fail(t, "wait_irq: the interrupt did not come");
      }
      return;
    case Transaction::Kind::reset:
      return reset(host, t);
  }
}

void TransactionPlayer::access(HostCpu& host, const Transaction& t) {
  const bool writes = t.kind == Transaction::Kind::write;
  const Bytes data = t.part(0, t.bytes);
  Bytes moved = writes ? data : Bytes(t.bytes);
  const tlm::tlm_response_status status =
      host.transport(writes ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND, t.address,
                     moved.data(), moved.size());
  if (status != tlm::TLM_OK_RESPONSE) {
    return fail(
        t, (writes ? "write " : "read ") + hex_text(t.address, 8) + ": " + response_text(status));
  }
  if (writes) return;
  ++stats_.checks;
  compare(t, t.address, moved, data, t.mask);
}

void TransactionPlayer::load(HostCpu& host, const Transaction& t) {
  const h2_bus bus = host.loader_bus();
  for (std::uint64_t at = 0; at < t.bytes; at += kBlock) {
    const Bytes data = t.part(at, std::min(kBlock, t.bytes - at));
    if (bus.write(bus.context, t.address + at, data.data(), data.size()) != 0) {
      return fail(t, "load " + hex_text(t.address + at, 8) + ": not in memory");
    }
  }
}

void TransactionPlayer::verify(HostCpu& host, const Transaction& t) {
  ++stats_.checks;
  const h2_bus bus = host.loader_bus();
  for (std::uint64_t at = 0; at < t.bytes; at += kBlock) {
    Bytes got(std::min(kBlock, t.bytes - at));
    if (bus.read(bus.context, t.address + at, got.data(), got.size()) != 0) {
      return fail(t, "verify " + hex_text(t.address + at, 8) + ": not in memory");
    }
    if (!compare(t, t.address + at, got, t.part(at, got.size()), {})) return;
  }
}

void TransactionPlayer::dump(HostCpu& host, const Transaction& t) {
  const h2_bus bus = host.loader_bus();
  std::ofstream out(t.file, std::ios::binary);
  for (std::uint64_t at = 0; at < t.bytes; at += kBlock) {
    Bytes data(std::min(kBlock, t.bytes - at));
    if (bus.read(bus.context, t.address + at, data.data(), data.size()) != 0) {
      return fail(t, "dump " + hex_text(t.address + at, 8) + ": not in memory");
    }
    out.write(reinterpret_cast<const char*>(data.data()),
              static_cast<std::streamsize>(data.size()));
  }
  out.close();
  if (!out) fail(t, "dump: " + t.file.string() + ": cannot be written");
}

void TransactionPlayer::reset(HostCpu& host, const Transaction& t) {
  const std::uint64_t at = H2_REGS_BASE + H2_REG_CONTROL;
  const sc_core::sc_time limit = sc_core::sc_time_stamp() + sc_core::sc_time(10, sc_core::SC_SEC);
  std::uint32_t control = H2_CONTROL_RESET;
  tlm::tlm_response_status status =
      host.transport(tlm::TLM_WRITE_COMMAND, at, &control, sizeof control);
  do {
    if (status != tlm::TLM_OK_RESPONSE) return fail(t, "reset: " + response_text(status));
    if (sc_core::sc_time_stamp() > limit) return fail(t, "reset: does not end");
    status = host.transport(tlm::TLM_READ_COMMAND, at, &control, sizeof control);
  } while (control != 0);
}

bool TransactionPlayer::compare(const Transaction& t, std::uint64_t address, const Bytes& got,
                                const Bytes& expected, const Bytes& mask) {
  std::size_t first = got.size(), wrong = 0;
  for (std::size_t i = got.size(); i-- > 0;) {
    if (((got[i] ^ expected[i]) & (mask.empty() ? 0xFF : mask[i])) == 0) continue;
    first = i;
    ++wrong;
  }
  if (wrong == 0) return true;
  const bool word = got.size() == 4;
  std::string text = (t.kind == Transaction::Kind::read ? "read " : "verify ") +
                     hex_text(address + (word ? 0 : first), 8) + ": got " + shown(got, first) +
                     ", expected " + shown(expected, first);
  if (!mask.empty()) text += ", mask " + shown(mask, first);
  if (!word) {
    text += " (" + std::to_string(wrong) + " of " + std::to_string(got.size()) + " bytes differ)";
  }
  fail(t, text);
  return false;
}

void TransactionPlayer::fail(const Transaction& t, const std::string& text) {
  ++stats_.failures;
  if (on_failure) on_failure(path_.string() + ":" + std::to_string(t.line) + ": " + text);
}

}  // namespace h2
