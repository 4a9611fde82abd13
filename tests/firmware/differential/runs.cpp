// SPDX-License-Identifier: Apache-2.0
#include "tests/firmware/differential/runs.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "modules/base/error.h"
#include "platform/host/riscv/riscv_core.h"
#include "tests/firmware/differential/layout.h"

namespace h2 {
namespace {

/// Core-local interruptor and finisher at the reference's addresses.
class ReferenceBus : public RiscvBus {
 public:
  const RiscvCore* core = nullptr;
  bool finished = false;

  /// The processor sleeps: time goes on to the timer's interrupt. False: there is none.
  bool sleep() {
    if (compare_ == ~std::uint64_t{0}) return false;
    if (compare_ * kTick > now()) slept_ += compare_ * kTick - now();
    return true;
  }

 private:
  static constexpr std::uint64_t kTick = 100;  ///< instructions in one tick of mtime

  std::uint64_t now() const { return core->instructions() + slept_; }
  std::uint64_t cycles() override { return now(); }
  std::uint64_t mtime() override { return now() / kTick; }
  std::uint32_t pending() override {
    return (software_ ? kMsip : 0) | (mtime() >= compare_ ? kMtip : 0);
  }
  std::uint64_t quiet_instructions() override {
    constexpr std::uint64_t kLong = 1'000'000;
    if (compare_ > now() / kTick + kLong || compare_ <= mtime()) return kLong;
    return compare_ * kTick - now();
  }
  bool access(bool write, std::uint32_t address, void* data, unsigned bytes) override {
    if (bytes != 4) return false;
    std::uint32_t word = 0;
    std::memcpy(&word, data, 4);
    const std::uint64_t time = mtime();
    if (!write && address == DIFF_MTIME) {
      std::memcpy(data, &time, 4);
      return true;
    }
    if (!write) return false;
    if (address == DIFF_MTIMECMP) {
      compare_ = (compare_ >> 32 << 32) | word;
    } else if (address == DIFF_MTIMECMP + 4) {
      compare_ = (compare_ & 0xFFFFFFFF) | std::uint64_t{word} << 32;
    } else if (address == DIFF_MSIP) {
      software_ = (word & 1) != 0;
    } else if (address == DIFF_FINISHER) {
      finished = true;
    } else {
      return false;
    }
    return true;
  }

  std::uint64_t compare_ = ~std::uint64_t{0}, slept_ = 0;
  bool software_ = false;
};

/// Runs a command without input and output; its exit code.
int execute(std::vector<std::string> command) {
  std::vector<char*> arguments;
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) throw RunError("cannot start a process");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

}  // namespace

void run_here(std::vector<std::uint8_t>& ram) {
  ReferenceBus bus;
  RiscvCore core(bus, ram.data(), DIFF_RAM, DIFF_RAM_BYTES, DIFF_RAM);
  bus.core = &core;
  constexpr std::uint64_t kSlice = 10'000, kMost = 1'000'000'000;
  while (!bus.finished) {
    const RiscvCore::Stop stop = core.run(kSlice);
    if (stop == RiscvCore::Stop::wfi && !bus.sleep()) throw RunError("sleeps for ever");
    if (core.instructions() > kMost) throw RunError("does not end");
  }
}

void run_on_qemu(const std::string& qemu, const std::string& folder,
                 std::vector<std::uint8_t>& ram) {
  const std::string path = folder + "/ram";
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(ram.data()), static_cast<std::streamsize>(ram.size()));
  // Above the compared part QEMU puts a description of its machine.
  if (truncate(path.c_str(), 2 * DIFF_RAM_BYTES) != 0) throw RunError("cannot write " + path);
  constexpr const char* kProcessor =
      "rv32,f=off,d=off,s=off,h=off,pmp=off,mmu=off,debug=off,zba=off,zbb=off,zbc=off,zbs=off,"
      "sstc=off,pmu-num=0,mvendorid=0,marchid=0,mimpid=0";
  const int code = execute({"timeout",
                            "300",
                            qemu,
                            "-M",
                            "virt,memory-backend=ram",
                            "-object",
                            "memory-backend-file,id=ram,size=32M,share=on,mem-path=" + path,
                            "-m",
                            "32M",
                            "-cpu",
                            kProcessor,
                            "-icount",
                            "shift=0,sleep=off",
                            "-bios",
                            "none",
                            "-nographic",
                            "-monitor",
                            "none",
                            "-serial",
                            "none"});
  std::ifstream(path, std::ios::binary)
      .read(reinterpret_cast<char*>(ram.data()), static_cast<std::streamsize>(ram.size()));
  unlink(path.c_str());
  if (code != 0) throw RunError(qemu + " ended with exit code " + std::to_string(code));
}

}  // namespace h2
