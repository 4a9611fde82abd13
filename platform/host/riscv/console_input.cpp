// SPDX-License-Identifier: Apache-2.0
#include "platform/host/riscv/console_input.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "modules/base/error.h"

namespace h2 {
namespace {

constexpr std::size_t kBlock = 4096;

int open_input(const std::string& path) {
  if (path == "-") return STDIN_FILENO;
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status {};
  const bool folder = file >= 0 && fstat(file, &status) == 0 && S_ISDIR(status.st_mode);
  if (folder) {
    close(file);
    errno = EISDIR;
  }
  if (file < 0 || folder) {
    throw InputError("--input " + path + ": " + std::strerror(errno) +
                     "; legal: a file that can be read, or - for standard input");
  }
  return file;
}

bool has_data(int file) {
  pollfd entry{file, POLLIN, 0};
  return poll(&entry, 1, 0) > 0;
}

}  // namespace

ConsoleInput::ConsoleInput(const std::string& path)
    : file_(open_input(path)), terminal_(isatty(file_) != 0) {}

ConsoleInput::~ConsoleInput() {
  if (file_ != STDIN_FILENO) close(file_);
}

std::optional<std::uint8_t> ConsoleInput::next() {
  if (taken_ == buffer_.size()) {
    if (ended_ || (terminal_ && !has_data(file_))) return std::nullopt;
    buffer_.resize(kBlock);
    ssize_t bytes = 0;
    do {
      bytes = ::read(file_, buffer_.data(), kBlock);
    } while (bytes < 0 && errno == EINTR);
    if (bytes < 0) throw RunError(std::string("--input: ") + std::strerror(errno));
    buffer_.resize(bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
    taken_ = 0;
    ended_ = buffer_.empty();
    if (ended_) return std::nullopt;
  }
  return static_cast<std::uint8_t>(buffer_[taken_++]);
}

}  // namespace h2
