// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <stdexcept>

#include "modules/base/error.h"
#include "traces/record/trace.h"

// How the values of signals become changes in the files.

namespace h2 {
namespace {

constexpr std::uint64_t kGridPs = 10'000'000;

/// End of the part of the grid that a time belongs to: parts include their end.
std::uint64_t part_end(std::uint64_t ps) { return (ps + kGridPs - 1) / kGridPs * kGridPs; }

}  // namespace

void Trace::change(int id, std::uint64_t value) {
  if (id == VcdWriter::kNotTraced) return;
  const std::uint64_t now = this->now();
  settle(now);
  if (first_change_ps_ == 0) first_change_ps_ = now;
  Signal& s = signals_[static_cast<std::size_t>(id)];
  if (s.kind == Kind::sampled) {
    change_sampled(id, now, value);
    return;
  }
  s.value = value;
  show(s, now);
}

void Trace::change(int id, std::string_view word) {
  if (id == VcdWriter::kNotTraced) return;
  Signal& s = signals_[static_cast<std::size_t>(id)];
  if (s.strings) {
    settle(now());
    to_vcd([&](VcdWriter& vcd) { vcd.change_text(s.vcd, now(), word); });
    return;
  }
  const auto known = std::find(s.words.begin(), s.words.end(), word);
  const auto number = static_cast<std::uint64_t>(known - s.words.begin());
  if (known == s.words.end()) s.words.emplace_back(word);
  change(id, number);
}

void Trace::show(Signal& s, std::uint64_t at_ps) {
  if (s.vcd != VcdWriter::kNotTraced) {
    to_vcd([&](VcdWriter& vcd) { vcd.change(s.vcd, at_ps, s.value); });
  }
  count_at(s, at_ps);
}

void Trace::count_at(Signal& s, std::uint64_t at_ps) {
  if (s.counter.empty() || s.value == s.counted) return;
  s.counted = s.value;
  to_timeline([&](Timeline& t) { t.counter(s.counter, at_ps, static_cast<double>(s.value)); });
}

void Trace::change_sampled(int id, std::uint64_t now, std::uint64_t value) {
  Signal& s = signals_[static_cast<std::size_t>(id)];
  const bool edge = value == 0 || s.value == 0;
  s.value = value;
  if (s.exact_in_vcd && s.vcd != VcdWriter::kNotTraced) {
    to_vcd([&](VcdWriter& vcd) { vcd.change(s.vcd, now, value); });
    if (s.counter.empty()) return;
  }
  if (edge || now > s.due_ps) {
    s.due_ps = part_end(now);
    s.pending = false;
    show(s, now);
  } else if (!s.pending) {
    s.pending = true;
    wake_for(id);
  }
}

void Trace::wake_for(int id) {
  if (std::find(waiting_.begin(), waiting_.end(), id) == waiting_.end()) waiting_.push_back(id);
  first_due_ps_ = std::min(first_due_ps_, signals_[static_cast<std::size_t>(id)].due_ps);
}

void Trace::settle(std::uint64_t now) {
  while (now > first_due_ps_) settle_at(first_due_ps_);
}

void Trace::settle_at(std::uint64_t due_ps) {
  std::vector<int> later;
  first_due_ps_ = ~std::uint64_t{0};
  for (const int id : waiting_) {
    Signal& s = signals_[static_cast<std::size_t>(id)];
    if (s.due_ps <= due_ps) {
      if (s.pending) show(s, due_ps);
      s.pending = false;
      if (s.on) {
        if (s.parts.size() == 2) tell_parts(s, 1, s.parts[1].since_ps);
        open_part(s, due_ps);
      }
    }
    if (!s.pending && !s.on) continue;
    later.push_back(id);
    first_due_ps_ = std::min(first_due_ps_, s.due_ps);
  }
  waiting_ = std::move(later);
}

void Trace::rate_on(int id) {
  if (id == VcdWriter::kNotTraced) return;
  const std::uint64_t now = this->now();
  settle(now);
  Signal& s = signals_[static_cast<std::size_t>(id)];
  s.on = true;
  open_part(s, now);
  wake_for(id);
}

void Trace::rate_off(int id) {
  if (id == VcdWriter::kNotTraced) return;
  const std::uint64_t now = this->now();
  settle(now);
  end_rate(signals_[static_cast<std::size_t>(id)], now);
}

void Trace::add(int id, std::uint64_t bytes) {
  if (id == VcdWriter::kNotTraced) return;
  settle(now());
  Signal& s = signals_[static_cast<std::size_t>(id)];
  if (s.on) s.parts.back().bytes += bytes;
}

void Trace::end_rate(Signal& s, std::uint64_t now) {
  tell_parts(s, s.parts.size(), now);
  s.on = false;
  s.value = 0;
  show(s, now);
}

void Trace::open_part(Signal& s, std::uint64_t begin_ps) {
  s.parts.push_back({begin_ps, s.left_bytes});
  s.left_bytes = 0;
  s.due_ps = (begin_ps / kGridPs + 1) * kGridPs;
  if (s.vcd != VcdWriter::kNotTraced) to_vcd([&](VcdWriter& vcd) { vcd.open(s.vcd, begin_ps); });
}

void Trace::tell_parts(Signal& s, std::size_t count, std::uint64_t end_ps) {
  constexpr std::uint64_t kMost = 0xffffffff;
  const std::uint64_t span = end_ps - s.parts.front().since_ps;
  std::uint64_t bytes = 0;
  for (std::size_t p = 0; p < count; ++p) bytes += s.parts[p].bytes;
  if (span == 0) s.left_bytes += bytes;
  // B/ps is 1e6 MB/s.
  s.value = span == 0 ? 0 : std::min(kMost, (bytes * 1'000'000 + span / 2) / span);
  for (std::size_t p = 0; p < count; ++p) {
    if (s.vcd != VcdWriter::kNotTraced) {
      to_vcd([&](VcdWriter& vcd) { vcd.resolve(s.vcd, s.value); });
    }
    if (span != 0) count_at(s, s.parts[p].since_ps);
  }
  s.parts.erase(s.parts.begin(), s.parts.begin() + static_cast<std::ptrdiff_t>(count));
}

}  // namespace h2
