// SPDX-License-Identifier: Apache-2.0
#include "platform/host/player/transaction_recorder.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "modules/base/error.h"
#include "platform/host/player/hex_text.h"
#include "platform/host/player/response_name.h"

namespace h2 {
namespace {

/// Longer data go to the side file; a descriptor still stands in the text.
constexpr std::size_t kInline = 64;
/// Of a recorded wait for the interrupt that took less.
constexpr std::uint64_t kIrqTimeout = 10'000'000'000'000;
/// Longest time of one line.
constexpr std::uint64_t kMaxTime = 1'000'000'000'000'000;
/// By HostAccess::Kind.
constexpr const char* kWords[] = {"read", "write", "verify", "load"};

std::filesystem::path side_file(const std::filesystem::path& path) {
  std::filesystem::path side = path;
  side += ".bin";
  return side;
}

std::string time_text(std::uint64_t ps) {
  static const char* const units[] = {"ps", "ns", "us", "ms", "s"};
  int unit = 0;
  while (unit < 4 && ps % 1000 == 0) {
    ps /= 1000;
    ++unit;
  }
  return std::to_string(ps) + units[unit];
}

std::string value_text(const std::uint8_t* data, std::size_t bytes) {
  if (bytes == 4) {
    std::uint32_t word;
    std::memcpy(&word, data, sizeof word);
    return hex_text(word, 8);
  }
  std::string text = "bytes:";
  for (std::size_t i = 0; i < bytes; ++i) text += hex_text(data[i], 2).substr(2);
  return text;
}

}  // namespace

TransactionRecorder::TransactionRecorder(const std::filesystem::path& path)
    : path_(path), data_path_(side_file(path)) {
  if (path.filename().string().find_first_of(" \t#") != std::string::npos) {
    throw InputError("--record " + path.string() + ": spaces and # are not legal in the name");
  }
  text_.open(path);
  data_.open(data_path_, std::ios::binary);
  note_failure();
  if (error_ != 0) {
    throw InputError("--record " + path.string() + ": cannot be written: " + std::strerror(error_));
  }
  text_ << "# Accesses of a host, recorded by h2vp. Data in " << data_path_.filename().string()
        << ".\n";
}

void TransactionRecorder::operator()(const HostAccess& access) {
  // A wait in vain leaves nothing but the time until the next access.
  if (access.kind == HostAccess::Kind::wait_irq && !access.ok) return;
  const sc_core::sc_time now = sc_core::sc_time_stamp();
  const std::uint64_t waited = (now - access.start).value();
  if (access.kind != HostAccess::Kind::wait_irq) {
    pass(access.start);
    move(access);
  } else if (waited < kIrqTimeout) {
    pass(access.start);
    text_ << "wait_irq " << time_text(kIrqTimeout) << '\n';
  } else {  // most of it as time alone: a line has a limit
    pass(now);
    text_ << "wait_irq " << time_text(kIrqTimeout) << '\n';
  }
  end_ = now;
  note_failure();
}

void TransactionRecorder::note_failure() {
  if (error_ == 0 && (!text_ || !data_)) error_ = errno != 0 ? errno : EIO;
}

void TransactionRecorder::pass(const sc_core::sc_time& until) {
  while (until > end_) {
    const std::uint64_t left = std::min<std::uint64_t>((until - end_).value(), kMaxTime);
    text_ << "wait " << time_text(left) << '\n';
    end_ += sc_core::sc_time::from_value(left);
  }
}

void TransactionRecorder::move(const HostAccess& access) {
  const auto* data = static_cast<const std::uint8_t*>(access.data);
  const bool reads = access.kind == HostAccess::Kind::read;
  const bool timed = reads || access.kind == HostAccess::Kind::write;
  text_ << kWords[static_cast<int>(access.kind)] << ' ' << hex_text(access.address, 8) << ' ';
  if (!access.ok && (reads || access.kind == HostAccess::Kind::debug_read)) {
    text_ << access.bytes;
  } else if (timed && access.bytes <= kInline) {
    if (reads) text_ << (access.bytes == 4 ? "0xFFFFFFFF " : "all ");
    text_ << value_text(data, access.bytes);
  } else {
    text_ << data_path_.filename().string() << ' ' << data_bytes_ << ' ' << access.bytes;
    data_.write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(access.bytes));
    data_bytes_ += access.bytes;
  }
  if (!access.ok) text_ << " expect error";
  if (!access.ok && timed) text_ << ' ' << response_name(access.status);
  text_ << '\n';
}

TransactionRecorder::~TransactionRecorder() { finish(); }

void TransactionRecorder::finish() {
  if (!text_.is_open()) return;
  pass(sc_core::sc_time_stamp());
  text_.close();
  data_.close();
  note_failure();
}

void TransactionRecorder::close() {
  finish();
  if (error_ != 0) {
    throw RunError(path_.string() + ": cannot be written: " + std::strerror(error_));
  }
}

}  // namespace h2
