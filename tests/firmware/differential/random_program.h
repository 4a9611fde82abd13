// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "tests/firmware/differential/code_writer.h"

namespace h2 {

/// A program of a differential test: straight code with forward branches and short loops, of all
/// instructions, CSRs, traps and interrupts that both sides must agree on. It always ends.
class RandomProgram {
 public:
  /// For the block at `address` (layout.h).
  RandomProgram(std::uint64_t seed, std::uint32_t address);
  /// The block, DIFF_BLOCK_BYTES.
  const std::vector<std::uint8_t>& block() const { return block_; }

 private:
  void control_words(std::uint32_t entry);
  void set(std::uint32_t offset, std::uint32_t value);

  // One step each of the program.
  void step(bool straight);
  void plain();
  void edges();
  void reserved();
  void drawn_word();
  void drawn_half();
  void memory();
  void short_memory();
  void atomic();
  void conditional();
  void skip_forward();
  void loop();
  void csr();
  void any_csr();
  void return_from_trap();
  void environment();
  void bad_access();
  void bad_jump();
  void software_interrupt();
  void timer_interrupt();
  void sleep();
  void rewrite();
  void count();
  void set_counter();

  unsigned any() { return draw_.below(32); }
  unsigned target();
  unsigned short_target() { return 8 + draw_.below(8); }
  bool writable(unsigned rd) const { return rd != 31 && rd != loop_register_; }
  std::uint32_t interesting();
  std::uint32_t data_offset(unsigned bytes);
  std::uint32_t point_to_data(unsigned rd, unsigned alignment);

  Draw draw_;
  const std::uint32_t address_;
  CodeWriter code_;
  std::vector<std::uint8_t> block_;
  bool sleeps_;  ///< the timer's interrupt stays enabled, so that wfi ends
  unsigned loop_register_ = 31;
};

}  // namespace h2
