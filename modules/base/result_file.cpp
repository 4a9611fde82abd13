// SPDX-License-Identifier: Apache-2.0
#include "modules/base/result_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "modules/base/error.h"

namespace h2 {

std::string partial_name(const std::string& path) { return path + ".partial"; }

void publish(const std::string& path) {
  if (std::rename(partial_name(path).c_str(), path.c_str()) == 0) return;
  throw RunError(path + ": cannot be written: " + std::strerror(errno));
}

void require_folder_of(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (folder.empty() || std::filesystem::is_directory(folder)) return;
  throw InputError(path + ": cannot be written: " + folder.string() + " is no folder");
}

void write_result(const std::string& path, const std::string& text) {
  const std::string partial = partial_name(path);
  errno = 0;
  std::ofstream file(partial, std::ios::binary);
  file << text;
  file.close();
  if (!file) {
    const std::string reason = errno != 0 ? std::strerror(errno) : "unknown reason";
    std::remove(partial.c_str());
    throw RunError(path + ": cannot be written: " + reason);
  }
  publish(path);
}

namespace {

[[noreturn]] void give_up(const std::string& path, int descriptor) {
  const std::string reason = std::strerror(errno);
  if (descriptor >= 0) close(descriptor);
  std::remove(partial_name(path).c_str());
  throw RunError(path + ": cannot be written: " + reason);
}

void write_all(const std::string& path, int file, const std::string& bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t written = write(file, bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) give_up(path, file);
    done += static_cast<std::size_t>(written);
  }
}

}  // namespace

void write_durable(const std::string& path, const std::string& bytes) {
  constexpr mode_t kReadableByAll = 0644;
  const int file =
      open(partial_name(path).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kReadableByAll);
  if (file < 0) give_up(path, file);
  write_all(path, file, bytes);
  if (fsync(file) != 0) give_up(path, file);
  if (close(file) != 0) give_up(path, -1);
  publish(path);
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  const int folder =
      open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  fsync(folder);  // not every file system has it for folders
  close(folder);
}

}  // namespace h2
