#include "platform/host/player/transaction_recorder.h"

#include <cstring>
#include <utility>

#include "modules/base/error.h"
#include "platform/host/player/hex_text.h"

namespace h2 {
namespace {

/// Longer data go to the side file; a descriptor still stands in the text.
constexpr std::size_t kInline = 64;
/// Of every recorded wait for the interrupt: no descriptor takes longer.
constexpr const char* kIrqTimeout = "10s";
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
  if (!text_ || !data_) throw InputError("--record " + path.string() + ": cannot be written");
  text_ << "# Accesses of a host, recorded by h2vp. Data in " << data_path_.filename().string()
        << ".\n";
}

void TransactionRecorder::operator()(const HostAccess& access) {
  // A wait in vain leaves nothing but the time until the next access.
  if (access.kind == HostAccess::Kind::wait_irq && !access.ok) return;
  if (access.start > end_) text_ << "wait " << time_text((access.start - end_).value()) << '\n';
  end_ = sc_core::sc_time_stamp();
  if (access.kind == HostAccess::Kind::wait_irq) {
    text_ << "wait_irq " << kIrqTimeout << '\n';
  } else {
    move(access);
  }
}

void TransactionRecorder::move(const HostAccess& access) {
  const auto* data = static_cast<const std::uint8_t*>(access.data);
  const bool reads = access.kind == HostAccess::Kind::read;
  const bool timed = reads || access.kind == HostAccess::Kind::write;
  text_ << kWords[static_cast<int>(access.kind)] << ' ' << hex_text(access.address, 8) << ' ';
  if (timed && access.bytes <= kInline) {
    if (reads) text_ << (access.bytes == 4 ? "0xFFFFFFFF " : "all ");
    text_ << value_text(data, access.bytes) << '\n';
    return;
  }
  text_ << data_path_.filename().string() << ' ' << data_bytes_ << ' ' << access.bytes << '\n';
  data_.write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(access.bytes));
  data_bytes_ += access.bytes;
}

void TransactionRecorder::close() {
  text_.close();
  data_.close();
  if (!text_ || !data_) throw RunError(path_.string() + ": cannot be written");
}

}  // namespace h2
