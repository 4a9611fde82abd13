// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "platform/data/pickle.h"

namespace h2 {

/// The stack machine that a pickle is written for, with the opcodes that data need. It makes nodes
/// and calls nothing.
class PickleMachine {
 public:
  explicit PickleMachine(Pickle& pickle) : pickle_(pickle) {}
  /// The node that the file ends with. Throws InputError.
  std::uint32_t run();

 private:
  using Kind = Pickle::Kind;
  bool step(std::uint8_t opcode);  // false: unknown
  bool take_number(std::uint8_t opcode);
  bool take_text(std::uint8_t opcode);
  bool take_container(std::uint8_t opcode);
  bool take_memo(std::uint8_t opcode);
  bool take_object(std::uint8_t opcode);

  [[noreturn]] void refuse(const std::string& what) const;
  std::uint64_t number(std::size_t bytes);
  std::string line();
  void push(Kind kind, std::int64_t integer = 0, std::vector<std::uint32_t> items = {});
  void push_text(Kind kind, std::uint64_t size);
  void push_global(const std::string& module, const std::string& name);
  std::uint32_t pop();
  std::vector<std::uint32_t> pop_to_mark();
  void make_tuple(std::size_t count);
  void append(std::vector<std::uint32_t> items, Kind kind);
  void keep(std::uint64_t index);
  void fetch(std::uint64_t index);

  Pickle& pickle_;
  std::size_t at_ = 0, begin_ = 0;
  std::vector<std::uint32_t> stack_;
  std::vector<std::size_t> marks_;
  std::map<std::uint64_t, std::uint32_t> memo_;
};

}  // namespace h2
