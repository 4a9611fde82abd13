// SPDX-License-Identifier: Apache-2.0
#include "platform/cli/messages.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iostream>
#include <new>
#include <system_error>
#include <systemc>

#include "modules/base/printable.h"

namespace h2 {
namespace {

const char* const kNoMemory =
    "the system gives no more memory (see ulimit -v); legal: a smaller network or sub-batch, fewer "
    "--threads";

/// There may be no memory left for anything but the text.
[[noreturn]] void end_with_message() {
  const char* text = "ended by an error within another";
  try {
    if (const std::exception_ptr error = std::current_exception()) std::rethrow_exception(error);
  } catch (const std::bad_alloc&) {
    text = kNoMemory;
  } catch (const std::exception& error) {
    text = error.what();
  } catch (...) {
  }
  std::fprintf(stderr, "h2vp: %s\n", text);
  std::_Exit(1);
}

}  // namespace

void report_uncaught() { std::set_terminate(end_with_message); }

void print_message(const std::string& text) {
  std::cerr << "h2vp: " << printable(text) << std::endl;
}

std::string error_message(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return kNoMemory;
  // The kernel wraps what a process of the simulation throws.
  const auto* report = dynamic_cast<const sc_core::sc_report*>(&error);
  if (report == nullptr) return error.what();
  const std::string text = report->get_msg();
  return text.find("std::bad_alloc") == std::string::npos ? text : kNoMemory;
}

void secure_standard_streams() {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream) {
    // The lowest free number is this one. Nothing can be written to what is open for reading.
    if (fcntl(stream, F_GETFD) < 0 && errno == EBADF) open("/dev/null", O_RDONLY);
  }
  std::signal(SIGXFSZ, SIG_IGN);
}

int checked_output(int code) {
  errno = 0;
  std::cout.flush();
  const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && !std::cout.fail();
  if (written) return code;
  print_message(std::string("standard output: cannot be written") +
                (errno != 0 ? std::string(": ") + std::strerror(errno) : ""));
  return code != 0 ? code : 1;
}

}  // namespace h2
