// SPDX-License-Identifier: Apache-2.0
#include "traces/record/fst.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "modules/base/error.h"
#include "modules/base/result_file.h"

namespace h2 {
namespace {

constexpr char kConverter[] = "vcd2fst";

bool in_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string file = (folder.empty() ? "." : folder) + "/" + program;
    if (access(file.c_str(), X_OK) == 0) return true;
  }
  return false;
}

/// Exit code of the converter, whose standard output is dropped; -1 if it did not run or was
/// killed.
int convert(std::string vcd, std::string fst) {
  std::string program = kConverter;
  char* const arguments[] = {program.data(), vcd.data(), fst.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int error = posix_spawnp(&child, kConverter, &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return -1;
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

void require_vcd2fst() {
  if (in_path(kConverter)) return;
  throw InputError(
      "--fst: vcd2fst is not in PATH; install GTKWave (Debian package gtkwave), or leave --fst out "
      "and open trace.vcd");
}

std::string fst_path(const std::string& vcd) {
  return std::filesystem::path(vcd).replace_extension(".fst").string();
}

void convert_to_fst(const std::string& vcd) {
  const std::string fst = fst_path(vcd), partial = partial_name(fst);
  const int code = convert(vcd, partial);
  std::error_code ignored;
  if (code == 0 && std::filesystem::exists(partial, ignored)) {
    publish(fst);
    return;
  }
  std::filesystem::remove(partial, ignored);
  throw RunError(fst + ": cannot be written: vcd2fst " + vcd + " " + fst + " failed, exit code " +
                 std::to_string(code) + "; " + vcd + " is complete");
}

}  // namespace h2
