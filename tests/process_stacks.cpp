// SPDX-License-Identifier: Apache-2.0
// For builds with AddressSanitizer, which has to know on which stack a program is. SystemC (2.3.4)
// announces a change of stack when a process waits, but not when a process ends, and it does not
// say where the stack of the program itself lies. AddressSanitizer would then take the next
// exception for a mistake of the program ("ignoring requested __asan_handle_no_return", then false
// reports). The two functions here come before those of the libraries and announce what is missing.
#include <dlfcn.h>
#include <pthread.h>
#include <sanitizer/common_interface_defs.h>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace {

using Start = decltype(&__sanitizer_start_switch_fiber);

struct Stack {
  const void* bottom = nullptr;
  std::size_t bytes = 0;

  bool holds(const void* address) const {
    const auto* first = static_cast<const char*>(bottom);
    const auto* byte = static_cast<const char*>(address);
    return byte >= first && byte < first + bytes;
  }
};

Stack stack_of_this_thread() {
  Stack stack;
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return stack;
  void* bottom = nullptr;
  pthread_attr_getstack(&attributes, &bottom, &stack.bytes);
  stack.bottom = bottom;
  pthread_attr_destroy(&attributes);
  return stack;
}

/// The program's stack first, then those of all processes that ran; one that was freed and used
/// again has been replaced.
std::vector<Stack>& stacks() {
  static std::vector<Stack> all{stack_of_this_thread()};
  return all;
}

void remember(const Stack& stack) {
  auto& all = stacks();
  const auto overlaps = [&](const Stack& s) {
    return s.holds(stack.bottom) || stack.holds(s.bottom);
  };
  all.erase(std::remove_if(all.begin() + 1, all.end(), overlaps), all.end());
  all.push_back(stack);
}

}  // namespace

extern "C" void __sanitizer_start_switch_fiber(void** fake_stack, const void* bottom,
                                               std::size_t bytes) {
  static const auto start =
      reinterpret_cast<Start>(dlsym(RTLD_NEXT, "__sanitizer_start_switch_fiber"));
  const Stack program = stacks().front();
  if (bottom == nullptr) {
    start(fake_stack, program.bottom, program.bytes);
    return;
  }
  remember({bottom, bytes});
  start(fake_stack, bottom, bytes);
}

/// SystemC runs this on the stack of the next process after one has ended.
extern "C" void* sc_cor_qt_aborthelp(void* /*from*/, void* /*argument*/, void* /*argument*/) {
  const void* here = __builtin_frame_address(0);
  for (const Stack& stack : stacks()) {
    if (!stack.holds(here)) continue;
    const Stack next = stack;
    void* fake_stack = nullptr;
    __sanitizer_start_switch_fiber(&fake_stack, next.bottom, next.bytes);
    __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
    break;
  }
  return nullptr;
}
