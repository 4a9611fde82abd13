#pragma once

#include <unicorn/unicorn.h>

#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace h2 {

/// Bits of mie and mip.
constexpr std::uint32_t kMsip = 1U << 3, kMtip = 1U << 7, kMeip = 1U << 11;

/// What a processor sees of the world outside its RAM.
class RiscvBus {
 public:
  virtual ~RiscvBus() = default;
  /// A load or store of 1, 2 or 4 bytes outside RAM; false: access fault.
  virtual bool access(bool write, std::uint32_t address, void* data, unsigned bytes) = 0;
  /// Interrupt lines that are up, as bits of mip.
  virtual std::uint32_t pending() = 0;
  /// Instructions after which a line may come up by itself: the timer's.
  virtual std::uint64_t quiet_instructions() = 0;
  virtual std::uint64_t mtime() = 0;
};

/// RV32IMAC in machine mode on Unicorn, without SystemC. Unicorn executes the instructions; traps,
/// interrupts, wfi and the counters, which it lacks, are added here between instructions: a hook in
/// front of every instruction counts it and stops at SYSTEM opcodes, the only ones that can change
/// what is enabled.
class RiscvCore {
 public:
  enum class Stop { budget, wfi, breakpoint, watchpoint, halt };

  /// `ram` is used in place. Starts at `entry` with registers zero.
  RiscvCore(RiscvBus& bus, std::uint8_t* ram, std::uint32_t ram_base, std::uint32_t ram_bytes,
            std::uint32_t entry);
  ~RiscvCore();
  RiscvCore(const RiscvCore&) = delete;
  RiscvCore& operator=(const RiscvCore&) = delete;

  /// Executes until `budget` more instructions are counted or something else happens first; wfi
  /// stops in front of it unless an enabled line is up. Throws RunError for a trap without handler
  /// (mtvec 0).
  Stop run(std::uint64_t budget);
  /// Ends run() behind the current instruction; from RiscvBus::access.
  void halt();
  /// Instructions executed since the start, the current one included.
  std::uint64_t instructions() const { return instructions_; }
  std::uint32_t pc() const { return get(UC_RISCV_REG_PC); }
  void set_pc(std::uint32_t value) { set(UC_RISCV_REG_PC, value); }
  /// `reg` is one of uc_riscv_reg.
  std::uint32_t get(int reg) const;
  void set(int reg, std::uint32_t value);
  /// Interrupt lines that are up, and those that may wake from wfi.
  std::uint32_t pending() const { return bus_.pending(); }
  std::uint32_t enabled() const { return get(UC_RISCV_REG_MIE); }

  /// For a debugger. Code in RAM was changed from outside.
  void code_changed(std::uint32_t address, std::uint32_t bytes);
  std::unordered_set<std::uint32_t> breakpoints;
  struct Watch {
    std::uint32_t address, bytes;
    bool on_read, on_write;
  };
  /// Accesses stop behind the instruction. To be called before the first run(); slows stores and
  /// loads down.
  void enable_watchpoints();
  std::vector<Watch> watches;
  /// The one that stopped run().
  const Watch& hit() const { return hit_; }

  /// Names a code address in messages.
  std::function<std::string(std::uint32_t)> name_of;

 private:
  static void on_instruction(uc_engine*, std::uint64_t address, std::uint32_t, void* self);
  static void on_exception(uc_engine*, std::uint32_t number, void* self);
  static void on_memory(uc_engine*, uc_mem_type type, std::uint64_t address, int bytes,
                        std::int64_t, void* self);
  static std::uint64_t on_read(uc_engine*, std::uint64_t offset, unsigned bytes, void* window);
  static void on_write(uc_engine*, std::uint64_t offset, unsigned bytes, std::uint64_t value,
                       void* window);

  /// A part of the address space that is not RAM.
  struct Window {
    RiscvCore* core;
    std::uint32_t base;
  };
  struct Trap {
    std::uint32_t cause, value;
  };

  void hook(int type, void* callback);
  std::uint64_t access(bool write, std::uint32_t address, std::uint64_t value, unsigned bytes);
  void execute(std::uint32_t pc);
  Trap illegal() const;
  Trap trap_of(uc_err error) const;
  bool take_interrupt();
  void enter_trap(const Trap& trap, std::uint32_t pc);
  /// The instruction is a SYSTEM opcode: CSR access, wfi, mret, ecall, ebreak.
  bool is_system(std::uint32_t address) const {
    return address - ram_base_ < ram_bytes_ && (ram_[address - ram_base_] & 0x7F) == 0x73;
  }
  std::uint32_t leave_trap();
  bool read_counter(std::uint32_t word);
  std::uint32_t word_at(std::uint32_t address) const;

  RiscvBus& bus_;
  std::uint8_t* const ram_;
  const std::uint32_t ram_base_, ram_bytes_;
  uc_engine* uc_ = nullptr;
  uc_context* before_fault_ = nullptr;
  Window low_, high_;

  std::uint64_t instructions_ = 0, limit_ = 0;
  std::uint32_t current_ = 0;  ///< address of the instruction under way
  std::uint32_t passed_ = 0;   ///< address at which the hook does not stop: run() started there
  bool halted_ = false, watched_ = false;
  Watch hit_{};
  std::optional<Trap> trap_;
  std::exception_ptr failure_;  ///< of RiscvBus::access: it may not pass through Unicorn's frames
};

}  // namespace h2
