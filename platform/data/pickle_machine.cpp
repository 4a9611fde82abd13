// SPDX-License-Identifier: Apache-2.0
#include "platform/data/pickle_machine.h"

#include <array>
#include <cstdio>
#include <utility>

#include "modules/base/error.h"

namespace h2 {

void PickleMachine::refuse(const std::string& what) const {
  throw InputError(pickle_.path_ + ": byte " + std::to_string(begin_) + ": " + what);
}

/// Little-endian.
std::uint64_t PickleMachine::number(std::size_t bytes) {
  if (bytes > pickle_.bytes_.size() - at_) refuse("the pickle ends in the middle");
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    value |= std::uint64_t{pickle_.bytes_[at_ + i]} << (8 * i);
  }
  at_ += bytes;
  return value;
}

std::string PickleMachine::line() {
  std::string text;
  while (at_ < pickle_.bytes_.size() && pickle_.bytes_[at_] != '\n') {
    text += static_cast<char>(pickle_.bytes_[at_++]);
  }
  number(1);
  return text;
}

void PickleMachine::push(Kind kind, std::int64_t integer, std::vector<std::uint32_t> items) {
  Pickle::Node node;
  node.kind = kind;
  node.integer = integer;
  node.items = std::move(items);
  stack_.push_back(static_cast<std::uint32_t>(pickle_.nodes_.size()));
  pickle_.nodes_.push_back(std::move(node));
}

void PickleMachine::push_text(Kind kind, std::uint64_t size) {
  if (size > pickle_.bytes_.size() - at_) refuse("a text reaches beyond the end of the file");
  push(kind);
  pickle_.nodes_.back().begin = at_;
  pickle_.nodes_.back().size = static_cast<std::size_t>(size);
  at_ += static_cast<std::size_t>(size);
}

/// Python 2 and 3, and NumPy 1 and 2, name the same functions differently.
void PickleMachine::push_global(const std::string& module, const std::string& name) {
  const std::string full = module + "." + name;
  for (const char* known :
       {"numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct",
        "numpy.ndarray", "numpy.dtype"}) {
    if (full == known) return push(Kind::global);
  }
  refuse("asks for '" + full +
         "', which is not executed; legal: what makes NumPy arrays (numpy.ndarray, numpy.dtype, "
         "_reconstruct)");
}

std::uint32_t PickleMachine::pop() {
  const std::size_t floor = marks_.empty() ? 0 : marks_.back();
  if (stack_.size() <= floor) refuse("takes from an empty stack");
  const std::uint32_t top = stack_.back();
  stack_.pop_back();
  return top;
}

std::vector<std::uint32_t> PickleMachine::pop_to_mark() {
  if (marks_.empty()) refuse("asks for a mark that was not set");
  const auto mark = static_cast<std::ptrdiff_t>(marks_.back());
  marks_.pop_back();
  std::vector<std::uint32_t> items(stack_.begin() + mark, stack_.end());
  stack_.resize(static_cast<std::size_t>(mark));
  return items;
}

void PickleMachine::make_tuple(std::size_t count) {
  std::vector<std::uint32_t> items(count);
  for (std::size_t i = count; i-- > 0;) items[i] = pop();
  push(Kind::tuple, 0, std::move(items));
}

void PickleMachine::append(std::vector<std::uint32_t> items, Kind kind) {
  const std::uint32_t top = pop();
  Pickle::Node& node = pickle_.nodes_[top];
  if (node.kind != kind || (kind == Kind::dict && items.size() % 2 != 0)) {
    refuse("adds members to what is no list or dictionary");
  }
  node.items.insert(node.items.end(), items.begin(), items.end());
  stack_.push_back(top);
}

void PickleMachine::keep(std::uint64_t index) {
  memo_[index] = pop();
  stack_.push_back(memo_[index]);
}

void PickleMachine::fetch(std::uint64_t index) {
  const auto found = memo_.find(index);
  if (found == memo_.end()) refuse("asks for a value that was not kept");
  stack_.push_back(found->second);
}

bool PickleMachine::take_number(std::uint8_t opcode) {
  switch (opcode) {
    case 'N':
      push(Kind::none);
      return true;
    case 0x88:
      push(Kind::boolean, 1);
      return true;
    case 0x89:
      push(Kind::boolean, 0);
      return true;
    case 'K':
      push(Kind::integer, static_cast<std::int64_t>(number(1)));
      return true;
    case 'M':
      push(Kind::integer, static_cast<std::int64_t>(number(2)));
      return true;
    case 'J':
      push(Kind::integer, static_cast<std::int32_t>(number(4)));
      return true;
    case 0x8A: {  // so many bytes, two's complement
      const std::uint64_t bytes = number(1);
      if (bytes > 8) refuse("has an integer of more than 8 bytes");
      std::uint64_t value = number(static_cast<std::size_t>(bytes));
      if (bytes > 0 && bytes < 8 && (value >> (8 * bytes - 1)) != 0) value |= ~0ULL << (8 * bytes);
      push(Kind::integer, static_cast<std::int64_t>(value));
      return true;
    }
    default:
      return false;
  }
}

bool PickleMachine::take_text(std::uint8_t opcode) {
  switch (opcode) {
    case 'U':
    case 'C':
      push_text(Kind::bytes, number(1));
      return true;
    case 'T':
    case 'B':
      push_text(Kind::bytes, number(4));
      return true;
    case 0x8E:
      push_text(Kind::bytes, number(8));
      return true;
    case 0x8C:
      push_text(Kind::text, number(1));
      return true;
    case 'X':
      push_text(Kind::text, number(4));
      return true;
    case 0x8D:
      push_text(Kind::text, number(8));
      return true;
    default:
      return false;
  }
}

bool PickleMachine::take_container(std::uint8_t opcode) {
  switch (opcode) {
    case '(':
      marks_.push_back(stack_.size());
      return true;
    case ']':
      push(Kind::list);
      return true;
    case '}':
      push(Kind::dict);
      return true;
    case ')':
      push(Kind::tuple);
      return true;
    case 't':
      push(Kind::tuple, 0, pop_to_mark());
      return true;
    case 'l':
      push(Kind::list, 0, pop_to_mark());
      return true;
    case 0x85:
    case 0x86:
    case 0x87:
      make_tuple(opcode - 0x84U);
      return true;
    case 'a':
      append({pop()}, Kind::list);
      return true;
    case 'e':
      append(pop_to_mark(), Kind::list);
      return true;
    case 'u':
      append(pop_to_mark(), Kind::dict);
      return true;
    case 's': {
      const std::uint32_t value = pop(), key = pop();
      append({key, value}, Kind::dict);
      return true;
    }
    default:
      return false;
  }
}

bool PickleMachine::take_memo(std::uint8_t opcode) {
  switch (opcode) {
    case 'q':
      keep(number(1));
      return true;
    case 'r':
      keep(number(4));
      return true;
    case 0x94:
      keep(memo_.size());
      return true;
    case 'h':
      fetch(number(1));
      return true;
    case 'j':
      fetch(number(4));
      return true;
    default:
      return false;
  }
}

bool PickleMachine::take_object(std::uint8_t opcode) {
  switch (opcode) {
    case 'c': {
      const std::string module = line(), name = line();
      push_global(module, name);
      return true;
    }
    case 0x93: {
      const Pickle::Node name = pickle_.nodes_[pop()], module = pickle_.nodes_[pop()];
      push_global(std::string(pickle_.text(module)), std::string(pickle_.text(name)));
      return true;
    }
    case 'R': {
      const std::uint32_t arguments = pop(), function = pop();
      if (pickle_.nodes_[function].kind != Kind::global) refuse("calls what is no function");
      push(Kind::object, 0, {function, arguments});
      return true;
    }
    case 'b': {
      const std::uint32_t state = pop(), object = pop();
      if (pickle_.nodes_[object].items.size() != 2 || pickle_.nodes_[object].kind != Kind::object) {
        refuse("gives a state to what is no new object");
      }
      pickle_.nodes_[object].items.push_back(state);
      stack_.push_back(object);
      return true;
    }
    default:
      return false;
  }
}

bool PickleMachine::step(std::uint8_t opcode) {
  if (opcode == 0x80) {
    const std::uint64_t protocol = number(1);
    if (protocol < 2 || protocol > 4) {
      refuse("is a pickle of protocol " + std::to_string(protocol) + "; legal: 2 to 4");
    }
    return true;
  }
  if (opcode == 0x95) {  // a frame's length: what is in it follows
    number(8);
    return true;
  }
  return take_number(opcode) || take_text(opcode) || take_container(opcode) || take_memo(opcode) ||
         take_object(opcode);
}

std::uint32_t PickleMachine::run() {
  const std::vector<std::uint8_t>& bytes = pickle_.bytes_;
  if (bytes.empty() || bytes[0] != 0x80) {
    throw InputError(pickle_.path_ + ": is no pickle of protocol 2 to 4");
  }
  while (at_ < bytes.size()) {
    begin_ = at_;
    const std::uint8_t opcode = bytes[at_++];
    if (opcode == '.') return pop();
    if (!step(opcode)) {
      std::array<char, 8> text{};
      std::snprintf(text.data(), text.size(), "0x%02x", static_cast<unsigned>(opcode));
      refuse("opcode " + std::string(text.data()) +
             " is not read; legal: those of numbers, texts, lists, tuples, dictionaries and NumPy "
             "arrays");
    }
  }
  begin_ = at_;
  refuse("the pickle ends in the middle");
}

}  // namespace h2
