// SPDX-License-Identifier: Apache-2.0
#include "platform/host/player/transaction_player.h"

#include <algorithm>
#include <cstring>
#include <fstream>

#include "modules/base/error.h"
#include "modules/base/file.h"
#include "modules/contract/h2_contract.h"
#include "platform/host/player/card_text.h"
#include "platform/host/player/hex_text.h"
#include "platform/host/player/response_name.h"

namespace h2 {
namespace {

using Bytes = std::vector<std::uint8_t>;

/// Accesses outside simulated time move this much at once.
constexpr std::uint64_t kBlock = 1 << 20;

std::uint32_t word_of(const Bytes& bytes) {
  std::uint32_t word;
  std::memcpy(&word, bytes.data(), sizeof word);
  return word;
}

/// A register or word is shown whole, anything longer by its first wrong byte.
std::string shown(const Bytes& bytes, std::size_t at) {
  return bytes.size() == 4 ? hex_text(word_of(bytes), 8) : hex_text(bytes[at], 2);
}

const char* keyword_of(const Transaction& t) {
  static const char* const words[] = {"write", "read", "load",     "verify",
                                      "dump",  "wait", "wait_irq", "reset"};
  return words[static_cast<int>(t.kind)];
}

std::string what_of(const Transaction& t, std::uint64_t address) {
  return keyword_of(t) + (" " + place_text(address));
}

/// Also where a link leads out of the folder.
void check_dump(const std::filesystem::path& path, const Transaction& t, bool allow_outside) {
  namespace fs = std::filesystem;
  const std::string place = path.string() + ":" + std::to_string(t.line) + ": dump: ";
  const std::string kind = special_file(t.file.string());
  if (!kind.empty()) throw InputError(place + t.file.string() + ": is " + kind);
  if (allow_outside) return;
  std::error_code ignored;
  const fs::path folder = fs::weakly_canonical(fs::absolute(path).parent_path(), ignored);
  const fs::path file = fs::weakly_canonical(fs::absolute(t.file), ignored);
  const auto differ = std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
  if (differ.first == folder.end() && differ.second != file.end()) return;
  throw InputError(place + t.file.string() + ": lies outside of " + folder.string() +
                   "; legal: a file in it, or --allow-outside");
}

}  // namespace

TransactionPlayer::TransactionPlayer(const std::filesystem::path& path, bool keep_going,
                                     bool allow_outside)
    : path_(path), keep_going_(keep_going) {
  TransactionReader reader(path);
  Transaction t;
  if (!reader.next(t)) throw InputError(path.string() + ": holds no transaction");
  do {
    if (t.kind == Transaction::Kind::dump) check_dump(path, t, allow_outside);
  } while (reader.next(t));
}

void TransactionPlayer::operator()(HostCpu& host) {
  TransactionReader reader(path_);
  for (Transaction t; (keep_going_ || stats_.failures == 0) && reader.next(t);) {
    if (stop()) {
      throw RunError(path_.string() + ": interrupted after " + std::to_string(stats_.transactions) +
                     " transactions");
    }
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
      return host.pause(sc_core::sc_time::from_value(t.time_ps));
    case Transaction::Kind::wait_irq:
      return wait_irq(host, t);
    case Transaction::Kind::reset:
      return reset(host, t);
  }
}

void TransactionPlayer::access(HostCpu& host, const Transaction& t) {
  const bool writes = t.kind == Transaction::Kind::write;
  const Bytes data = t.refused && !writes ? Bytes(t.bytes) : t.part(0, t.bytes);
  Bytes moved = writes ? data : Bytes(t.bytes);
  const tlm::tlm_response_status status =
      host.transport(writes ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND, t.address,
                     moved.data(), moved.size());
  if (!answered(host, t, status) || t.refused || writes) return;
  ++stats_.checks;
  compare(host, t, t.address, moved, data, t.mask);
}

bool TransactionPlayer::answered(HostCpu& host, const Transaction& t,
                                 tlm::tlm_response_status status) {
  const bool ok = status == tlm::TLM_OK_RESPONSE;
  if (t.refused) ++stats_.checks;
  if (ok != t.refused && (t.response.empty() || t.response == response_name(status))) return true;
  std::string text = what_of(t, t.address) + ": ";
  text += ok ? "was not refused" : "refused with " + response_name(status) + error_text(host);
  if (t.refused) text += ", expected " + (t.response.empty() ? "an error" : t.response);
  fail(t, text);
  return false;
}

bool TransactionPlayer::loaded(const Transaction& t, std::uint64_t at, bool ok) {
  if (t.refused) ++stats_.checks;
  if (ok != t.refused) return true;
  fail(t, what_of(t, at) + (ok ? ": was not refused, expected an error" : ": not in memory"));
  return false;
}

void TransactionPlayer::wait_irq(HostCpu& host, const Transaction& t) {
  const sc_core::sc_time limit = sc_core::sc_time::from_value(t.time_ps);
  if (host.wait_irq(limit)) return;
  fail(t, "wait_irq: the interrupt did not come in " + limit.to_string() + ": " +
              interrupt_text(host) + (describe ? "; " + describe() : "") + error_text(host));
}

void TransactionPlayer::load(HostCpu& host, const Transaction& t) {
  const h2_bus bus = host.loader_bus();
  std::uint64_t at = 0;
  do {
    const Bytes data = t.part(at, std::min(kBlock, t.bytes - at));
    if (!loaded(t, t.address + at,
                bus.write(bus.context, t.address + at, data.data(), data.size()) == 0)) {
      return;
    }
    at += kBlock;
  } while (at < t.bytes);
}

void TransactionPlayer::verify(HostCpu& host, const Transaction& t) {
  const h2_bus bus = host.loader_bus();
  if (t.refused) {
    Bytes got(t.bytes);
    loaded(t, t.address, bus.read(bus.context, t.address, got.data(), got.size()) == 0);
    return;
  }
  ++stats_.checks;
  for (std::uint64_t at = 0; at < t.bytes; at += kBlock) {
    Bytes got(std::min(kBlock, t.bytes - at));
    if (!loaded(t, t.address + at,
                bus.read(bus.context, t.address + at, got.data(), got.size()) == 0)) {
      return;
    }
    if (!compare(host, t, t.address + at, got, t.part(at, got.size()), {})) return;
  }
}

void TransactionPlayer::dump(HostCpu& host, const Transaction& t) {
  const h2_bus bus = host.loader_bus();
  std::ofstream out(t.file, std::ios::binary);
  for (std::uint64_t at = 0; at < t.bytes; at += kBlock) {
    Bytes data(std::min(kBlock, t.bytes - at));
    if (bus.read(bus.context, t.address + at, data.data(), data.size()) != 0) {
      return fail(t, what_of(t, t.address + at) + ": not in memory");
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
    if (status != tlm::TLM_OK_RESPONSE) {
      return fail(t, "reset: refused with " + response_name(status) + error_text(host));
    }
    if (sc_core::sc_time_stamp() > limit) {
      return fail(t, "reset: does not end" + (describe ? ": " + describe() : ""));
    }
    status = host.transport(tlm::TLM_READ_COMMAND, at, &control, sizeof control);
  } while (control != 0);
}

bool TransactionPlayer::compare(HostCpu& host, const Transaction& t, std::uint64_t address,
                                const Bytes& got, const Bytes& expected, const Bytes& mask) {
  std::size_t first = got.size(), wrong = 0;
  for (std::size_t i = got.size(); i-- > 0;) {
    if (((got[i] ^ expected[i]) & (mask.empty() ? 0xFF : mask[i])) == 0) continue;
    first = i;
    ++wrong;
  }
  if (wrong == 0) return true;
  const bool word = got.size() == 4;
  std::string text = what_of(t, address + (word ? 0 : first)) + ": got " + shown(got, first) +
                     ", expected " + shown(expected, first);
  if (!mask.empty()) text += ", mask " + shown(mask, first);
  if (word) {
    text += difference_text(address, word_of(got), word_of(expected),
                            mask.empty() ? ~0U : word_of(mask));
  } else {
    text += " (" + std::to_string(wrong) + " of " + std::to_string(got.size()) + " bytes differ)";
  }
  fail(t, text + error_text(host));
  return false;
}

void TransactionPlayer::fail(const Transaction& t, const std::string& text) {
  ++stats_.failures;
  if (on_failure) on_failure(path_.string() + ":" + std::to_string(t.line) + ": " + text);
}

}  // namespace h2
