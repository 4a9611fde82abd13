// SPDX-License-Identifier: Apache-2.0
#include "platform/sweep/process_pool.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iostream>
#include <map>
#include <string>

#include "modules/base/error.h"

namespace h2 {
namespace {

int guarded(const std::function<int(std::size_t)>& work, std::size_t i) {
  try {
    return work(i);
  } catch (const InputError& e) {
    std::cerr << "h2vp: " << e.what() << '\n';
    return 2;
  } catch (const std::exception& e) {
    std::cerr << "h2vp: " << e.what() << '\n';
    return 1;
  }
}

pid_t begin(const std::function<int(std::size_t)>& work, std::size_t i) {
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) throw RunError(std::string("no process can be made: ") + std::strerror(errno));
  if (child > 0) return child;
  const int code = guarded(work, i);
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
  _exit(code);  // what the parent registered for its own end is not done here
}

int code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

}  // namespace

std::size_t run_forked(std::size_t count, int jobs, const std::function<int(std::size_t)>& work,
                       const std::function<void(std::size_t, int)>& ended,
                       const std::function<bool()>& stop) {
  std::map<pid_t, std::size_t> running;
  std::size_t next = 0, done = 0;
  bool told = false;
  while (next < count || !running.empty()) {
    if (stop()) {
      next = count;
      for (const auto& [child, i] : running) {
        if (!told) kill(child, SIGTERM);
      }
      told = true;
      if (running.empty()) break;
    }
    if (next < count && running.size() < static_cast<std::size_t>(jobs)) {
      running[begin(work, next)] = next;
      ++next;
      continue;
    }
    int status = 0;
    const pid_t child = wait(&status);
    if (child < 0) continue;  // a signal came
    const auto found = running.find(child);
    if (found == running.end()) continue;
    const std::size_t i = found->second;
    running.erase(found);
    ++done;
    ended(i, code_of(status));
  }
  return done;
}

}  // namespace h2
