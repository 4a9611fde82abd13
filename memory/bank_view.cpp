// SPDX-License-Identifier: Apache-2.0
#include "memory/bank_view.h"

namespace h2 {
namespace {

constexpr int kRowBits = 24;
constexpr std::uint64_t kClosed = (std::uint64_t{1} << kRowBits) - 1;

}  // namespace

BankView::BankView(const std::string& memory, const MemorySpec& spec, Trace& trace)
    : trace_(trace) {
  if (spec.ideal) return;
  const DramSpec& dram = spec.dram;
  signals_.resize(static_cast<std::size_t>(dram.channels));
  for (std::size_t c = 0; c < signals_.size(); ++c) {
    const std::string channel = memory + ".channel" + std::to_string(c);
    for (int b = 0; b < dram.ranks * dram.bank_groups * dram.banks_per_group; ++b) {
      signals_[c].push_back(trace.add_value(channel + ".bank" + std::to_string(b), "row", kRowBits,
                                            TraceLevel::banks, "closed"));
    }
  }
}

void BankView::start(MemoryTiming& timing) {
  bool traced = false;
  for (const auto& channel : signals_) {
    for (const int signal : channel) {
      traced = traced || signal != VcdWriter::kNotTraced;
      show(signal, MemoryTiming::kNoRow);
    }
  }
  if (!traced) return;
  timing.observe_rows([this](int channel, int bank, std::int64_t row) {
    show(signals_[static_cast<std::size_t>(channel)][static_cast<std::size_t>(bank)], row);
  });
}

void BankView::show(int signal, std::int64_t row) {
  if (signal == VcdWriter::kNotTraced) return;
  trace_.change(signal, row == MemoryTiming::kNoRow ? kClosed : static_cast<std::uint64_t>(row));
}

}  // namespace h2
