// SPDX-License-Identifier: Apache-2.0
#include "platform/host/player/transaction.h"

#include <algorithm>
#include <array>
#include <limits>
#include <sstream>
#include <utility>

#include "modules/base/error.h"
#include "modules/base/file.h"
#include "platform/host/player/response_name.h"

namespace h2 {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;
using Bytes = std::vector<std::uint8_t>;

constexpr std::uint64_t kMaxAccess = 1 << 28;
constexpr std::uint64_t kMaxTime = 1'000'000'000'000'000;  // 1000 s in ps

struct Form {
  const char* word;
  Transaction::Kind kind;
  std::size_t least, most;  ///< words behind the first
  const char* usage;
};
using Kind = Transaction::Kind;
using Forms = std::array<Form, 8>;
constexpr Forms kForms{{
    {"write", Kind::write, 2, 4,
     "write ADDRESS WORD|bytes:HEX, or write ADDRESS FILE OFFSET BYTES"},
    {"read", Kind::read, 3, 4,
     "read ADDRESS MASK WORD, read ADDRESS bytes:HEX|all bytes:HEX, or read ADDRESS FILE OFFSET "
     "BYTES"},
    {"load", Kind::load, 2, 4, "load ADDRESS FILE [OFFSET BYTES]"},
    {"verify", Kind::verify, 2, 4, "verify ADDRESS FILE [OFFSET BYTES]"},
    {"dump", Kind::dump, 3, 3, "dump ADDRESS BYTES FILE"},
    {"wait", Kind::wait, 1, 1, "wait TIME"},
    {"wait_irq", Kind::wait_irq, 1, 1, "wait_irq TIMEOUT"},
    {"reset", Kind::reset, 0, 0, "reset"},
}};

/// What a line that ends with "expect error" looks like before that: nothing is read.
constexpr std::array<Form, 4> kRefusedForms{{
    {"write", Kind::write, 2, 4,
     "write ADDRESS WORD|bytes:[HEX] expect error [STATUS], or write ADDRESS FILE OFFSET BYTES "
     "expect error [STATUS]"},
    {"read", Kind::read, 2, 2, "read ADDRESS BYTES expect error [STATUS]"},
    {"load", Kind::load, 2, 4, "load ADDRESS FILE [OFFSET BYTES] expect error"},
    {"verify", Kind::verify, 2, 2, "verify ADDRESS BYTES expect error"},
}};

/// Why a line is refused; the reader adds file and line.
[[noreturn]] void refuse(const std::string& word, const std::string& legal) {
  throw InputError("'" + word + "': expected " + legal);
}

std::uint64_t number(const std::string& word, const std::string& what,
                     std::uint64_t most = std::numeric_limits<std::uint64_t>::max()) {
  const bool hex = word.rfind("0x", 0) == 0;
  const std::string digits = hex ? word.substr(2) : word;
  const std::string legal = what + ", 123 or 0x7B, at most " + std::to_string(most);
  const char* alphabet = hex ? "0123456789abcdefABCDEF" : "0123456789";
  if (digits.empty() || digits.find_first_not_of(alphabet) != std::string::npos) {
    refuse(word, legal);
  }
  std::uint64_t value = 0;
  try {
    value = std::stoull(digits, nullptr, hex ? 16 : 10);
  } catch (const std::out_of_range&) {
    refuse(word, legal);
  }
  if (value > most) refuse(word, legal);
  return value;
}

std::uint64_t time_of(const std::string& word) {
  static const std::pair<const char*, std::uint64_t> units[] = {
      {"ps", 1}, {"ns", 1'000}, {"us", 1'000'000}, {"ms", 1'000'000'000}, {"s", 1'000'000'000'000}};
  const std::size_t split = word.find_first_not_of("0123456789");
  for (const auto& [unit, ps] : units) {
    if (split == 0 || split == std::string::npos || word.substr(split) != unit) continue;
    return number(word.substr(0, split), "a number", kMaxTime / ps) * ps;
  }
  refuse(word, "a time as 500ns with unit ps, ns, us, ms or s, at most 1000s");
}

constexpr const char* kBytesPrefix = "bytes:";

bool is_bytes(const std::string& word) { return word.rfind(kBytesPrefix, 0) == 0; }

Bytes bytes_of(const std::string& word) {
  const std::string digits = word.substr(std::string(kBytesPrefix).size());
  if (digits.size() % 2 != 0 ||
      digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) {
    refuse(word, "two hexadecimal digits per byte, in the order of memory");
  }
  Bytes bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(digits.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

/// A 32-bit word as it lies in memory, or bytes.
Bytes value_of(const std::string& word, const std::string& what) {
  if (is_bytes(word)) return bytes_of(word);
  const std::uint64_t value = number(word, what + ": a 32-bit word or bytes:HEX",
                                     std::numeric_limits<std::uint32_t>::max());
  Bytes bytes;
  for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  return bytes;
}

/// FILE [OFFSET BYTES] from word `at` on.
void take_file(Transaction& t, const Words& words, std::size_t at, const fs::path& folder) {
  t.file = folder / words[at];
  require_plain_file(t.file.string(), "a file of data");
  std::error_code error;
  const std::uint64_t size = fs::file_size(t.file, error);
  if (error) throw InputError(t.file.string() + ": " + error.message());
  const bool whole = words.size() == at + 1;
  t.offset = whole ? 0 : number(words[at + 1], "the offset in the file");
  t.bytes = whole ? size : number(words[at + 2], "the number of bytes");
  if (t.offset > size || t.bytes > size - t.offset) {
    throw InputError(t.file.string() + ": has " + std::to_string(size) + " bytes, asked for " +
                     std::to_string(t.bytes) + " from " + std::to_string(t.offset));
  }
}

void take_mask(Transaction& t, const std::string& word) {
  t.mask = word == "all" ? Bytes(t.data.size(), 0xFF) : value_of(word, "the mask, or all");
  if (t.mask.size() != t.data.size()) {
    refuse(word, "a mask as long as the value, " + std::to_string(t.data.size()) + " bytes");
  }
}

void take_data(Transaction& t, const Words& words, const fs::path& folder) {
  if (words.size() == 5) {
    take_file(t, words, 2, folder);
  } else if (t.kind == Kind::write) {
    t.data = value_of(words[2], "the value");
  } else {
    t.data = value_of(words[3], "the value");
    take_mask(t, words[2]);
  }
  if (t.file.empty()) t.bytes = t.data.size();
  if (t.bytes > kMaxAccess) {
    throw InputError("one access moves at most " + std::to_string(kMaxAccess) + " bytes");
  }
}

template <class Forms>
const Form& form_of(const Words& words, const Forms& forms) {
  for (const Form& f : forms) {
    if (words.front() != f.word) continue;
    const std::size_t count = words.size() - 1;
    // OFFSET goes with BYTES: of write, load and verify three words behind the first are none.
    const bool half = f.least == 2 && count == 3;
    if (count >= f.least && count <= f.most && !half) return f;
    throw InputError(std::string("expected ") + f.usage);
  }
  std::string legal;
  for (const Form& f : forms) legal += std::string(legal.empty() ? "" : ", ") + f.word;
  refuse(words.front(), "one of " + legal);
}

/// Takes "expect error [STATUS]" off the end of a line.
void take_refusal(Transaction& t, Words& words) {
  const auto expect = std::find(words.begin(), words.end(), "expect");
  if (expect == words.end()) return;
  const Words behind(expect + 1, words.end());
  words.erase(expect, words.end());
  if (words.empty() || behind.empty() || behind.size() > 2 || behind.front() != "error") {
    throw InputError("expected error [STATUS] behind expect");
  }
  t.refused = true;
  if (behind.size() == 1) return;
  t.response = behind.back();
  std::string legal;
  for (const auto& [status, name] : kResponseNames) {
    if (status == tlm::TLM_OK_RESPONSE) continue;
    if (t.response == name) return;
    legal += std::string(legal.empty() ? "" : ", ") + name;
  }
  refuse(t.response, "one of " + legal);
}

Transaction parse(Words words, const fs::path& folder) {
  Transaction t;
  take_refusal(t, words);
  t.kind = t.refused ? form_of(words, kRefusedForms).kind : form_of(words, kForms).kind;
  if (!t.response.empty() && (t.kind == Kind::load || t.kind == Kind::verify)) {
    throw InputError("a loader's access has no STATUS");
  }
  if (t.kind == Kind::reset) return t;
  if (t.kind == Kind::wait || t.kind == Kind::wait_irq) {
    t.time_ps = time_of(words[1]);
    return t;
  }
  t.address = number(words[1], "an address");
  if (t.kind == Kind::dump) {
    t.bytes = number(words[2], "the number of bytes");
    t.file = folder / words[3];
  } else if (t.refused && (t.kind == Kind::read || t.kind == Kind::verify)) {
    t.bytes = number(words[2], "the number of bytes", kMaxAccess);
  } else if (t.kind == Kind::load || t.kind == Kind::verify) {
    take_file(t, words, 2, folder);
  } else {
    take_data(t, words, folder);
  }
  if (t.bytes == 0 && !t.refused) throw InputError("no bytes to move");
  return t;
}

Words words_of(const std::string& line) {
  std::istringstream text(line.substr(0, line.find('#')));
  Words words;
  for (std::string word; text >> word;) words.push_back(word);
  return words;
}

}  // namespace

Bytes Transaction::part(std::uint64_t begin, std::uint64_t count) const {
  if (!data.empty() || file.empty()) {
    const auto from = data.begin() + static_cast<std::ptrdiff_t>(begin);
    return {from, from + static_cast<std::ptrdiff_t>(count)};
  }
  std::ifstream in(file, std::ios::binary);
  in.seekg(static_cast<std::streamoff>(offset + begin));
  Bytes bytes(count);
  if (!in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(count))) {
    throw InputError(file.string() + ": cannot be read");
  }
  return bytes;
}

TransactionReader::TransactionReader(const fs::path& path) : path_(path) {
  require_plain_file(path.string(), "a file of transactions");
  in_.open(path);
  if (!in_) throw InputError(path.string() + ": cannot be read; legal: a file of transactions");
}

bool TransactionReader::next(Transaction& transaction) {
  for (std::string line; std::getline(in_, line);) {
    ++line_;
    const Words words = words_of(line);
    if (words.empty()) continue;
    try {
      transaction = parse(words, path_.parent_path());
    } catch (const InputError& e) {
      throw InputError(path_.string() + ":" + std::to_string(line_) + ": " + e.what());
    }
    transaction.line = line_;
    return true;
  }
  return false;
}

}  // namespace h2
