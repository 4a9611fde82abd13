// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace h2 {

/// The save file that GTKWave opens with a waveform, made for the signals that are in it: host and
/// controller first, then engines, buffers and memories, DRAM channels folded; numbers as curves,
/// words by tables beside it.
class SaveFile {
 public:
  struct Row {
    enum class Kind { bit, number, curve, word };
    Kind kind = Kind::number;
    std::string scope, leaf;  ///< "top.forward", "forward_state"
    int width = 1;
    std::vector<std::pair<std::uint64_t, std::string>> words;  ///< by value
  };

  /// The time that the page shows when it is opened.
  struct Window {
    std::uint64_t from_ps = 0, to_ps = 0;
  };

  /// `<stem>.gtkw` and `<stem>.<leaf>.words` beside the waveform `<stem>.vcd`. Throws RunError when
  /// a file cannot be written.
  static void write(const std::string& vcd, std::vector<Row> rows, const Window& window);
};

}  // namespace h2
