// SPDX-License-Identifier: Apache-2.0
// Packets of a debugger.

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <iostream>
#include <mutex>
#include <sstream>
#include <thread>

#include "modules/base/error.h"
#include "platform/host/gdb/gdb_server.h"
#include "platform/host/gdb/monitor.h"
#include "platform/host/riscv/h2_soc.h"
#include "tests/fuzz/client.h"
#include "tests/fuzz/simulated.h"
#include "tests/fuzz/targets.h"
#include "tests/platform/simulation.h"

namespace h2 {
namespace {

/// Counts in a loop for ever.
ElfImage counting_program() {
  ElfImage image;
  image.entry = H2_SOC_RAM_BASE;
  // addi a0, a0, 1; j -4
  image.segments.push_back({H2_SOC_RAM_BASE, {0x13, 0x05, 0x15, 0x00, 0x6F, 0xF0, 0xDF, 0xFF}});
  return image;
}

class DebuggedBoard : public Simulated {
 public:
  DebuggedBoard() : thread_([this] { simulate(); }) {}
  ~DebuggedBoard() override {
    change([this] { ends_ = true; });
    thread_.join();
  }
  bool alive() const override {
    const std::lock_guard<std::mutex> lock(mutex_);
    return !over_;
  }

  /// A debugger's session: `talk` is called with a connection, then it is closed.
  void session(const std::function<void(FuzzClient&)>& talk) {
    change([this] {
      wanted_ = true;
      left_ = false;
      port_ = 0;
    });
    const std::uint16_t port = await_port();
    if (port == 0) return;
    {
      FuzzClient client(port);
      talk(client);
      client.rest();
    }
    change([this] { left_ = true; });
    std::unique_lock<std::mutex> lock(mutex_);
    const auto gone = [this] { return !wanted_ || over_; };
    // A server that waits for the next debugger looks whether to end when one comes.
    while (!changed_.wait_for(lock, std::chrono::milliseconds(5), gone)) FuzzClient::knock(port);
  }

 private:
  void change(const std::function<void()>& how) {
    const std::lock_guard<std::mutex> lock(mutex_);
    how();
    changed_.notify_all();
  }
  bool left() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return left_;
  }
  /// 0: the simulation has ended instead.
  std::uint16_t await_port() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return port_ != 0 || over_; });
    return over_ ? 0 : port_;
  }
  /// Waits for the next session; false: there will be none.
  bool next() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return wanted_ || ends_; });
    return !ends_;
  }

  void simulate() {
    try {
      const Config config = tiny_config();
      Bench bench(config);
      RiscvHost::Settings settings;
      settings.period = sc_core::sc_time(1e6 / config.host_clock_mhz, sc_core::SC_PS);
      settings.probes = &bench.platform.probes;
      settings.max_output = 1 << 20;
      settings.stop = [this] { return left(); };
      std::ostringstream console;
      RiscvHost riscv("riscv", bench.platform.host, counting_program(), settings, console);
      bench.run([&](HostCpu&) { serve(bench.platform, riscv); });
    } catch (const RunError&) {
      // Legal: the watchdog ends a program that a debugger has broken.
    }
    change([this] { over_ = true; });
  }

  void serve(Platform& platform, RiscvHost& riscv) {
    for (bool first = true; next(); first = false) {
      if (!first) riscv.reset();
      GdbServer server(riscv, 0, Monitor(platform, riscv), [this] { return left(); });
      riscv.control = &server;
      change([&] { port_ = server.port(); });
      try {
        riscv.run();
      } catch (const RunError&) {
        // A debugger may end the run or break the program.
      }
      riscv.control = nullptr;
      riscv.core().stop_before = nullptr;
      riscv.core().points() = {};
      change([this] { wanted_ = false; });
    }
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool wanted_ = false;     // a session
  std::uint16_t port_ = 0;  // where it listens
  bool left_ = false;       // its debugger
  bool ends_ = false, over_ = false;
  std::thread thread_;
};

std::string framed(const std::string& packet) {
  unsigned sum = 0;
  for (const char c : packet) sum += static_cast<unsigned char>(c);
  char hex[8];
  std::snprintf(hex, sizeof hex, "#%02x", sum & 0xFF);
  return "$" + packet + hex;
}

bool starts(const std::string& text, const char* with) { return text.rfind(with, 0) == 0; }

/// One packet after the other, as a debugger sends them: it breaks into what goes on running.
void send_packets(FuzzClient& client, const std::string& lines) {
  constexpr int kSoonMs = 1, kLateMs = 50;
  std::istringstream in(lines);
  for (std::string packet; std::getline(in, packet);) {
    if (!client.send(framed(packet))) return;
    const bool silent = starts(packet, "R") || starts(packet, "k");
    const bool resumes = starts(packet, "c") || starts(packet, "C") || starts(packet, "vCont;");
    if (silent || client.await('#', resumes ? kSoonMs : kLateMs) || !resumes) continue;
    client.send("\3");
    client.await('#', kLateMs);
  }
}

/// std::cerr says where each debugger may connect.
class Silence {
 public:
  Silence() : before_(std::cerr.rdbuf(nullptr)) {}
  ~Silence() {
    std::cerr.rdbuf(before_);
    std::cerr.clear();
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  std::streambuf* const before_;
};

}  // namespace

void fuzz_packets(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return;
  GTEST_FLAG_SET(break_on_failure, true);
  const Silence silence;
  const std::string text(data + 1, data + size);
  Simulated::current<DebuggedBoard>().session([&](FuzzClient& client) {
    if (data[0] % 2 == 0) {
      client.send(text);
    } else {
      send_packets(client, text);
    }
  });
}

}  // namespace h2
