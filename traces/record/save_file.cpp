// SPDX-License-Identifier: Apache-2.0
#include "traces/record/save_file.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <set>

#include "modules/base/result_file.h"

namespace h2 {
namespace {

/// GTKWave's flags of a row, as in its save files.
constexpr char kBit[] = "@28", kNumber[] = "@24", kCurve[] = "@88024", kWord[] = "@2024";
constexpr char kTitle[] = "@200", kBlank[] = "@20000";
constexpr char kGroup[] = "@c00200", kGroupEnd[] = "@1401200";

/// GTKWave takes files beside the save file for those that were beside it where it was saved: a
/// folder that says so, so that the folder of a run can be moved.
constexpr char kFolder[] = "/run/";

/// Modules in the order of the page; those with the first name that their own begins with.
struct Part {
  const char* begins;
  const char* title;
  int color;  // 0: GTKWave's own
};
constexpr std::array<Part, 11> kParts{{{"host", "Host", 0},
                                       {"controller", "Descriptors and interrupt", 0},
                                       {"forward", "Forward Engine", 3},
                                       {"glb_forward", "", 3},
                                       {"backward", "Backward Engine", 4},
                                       {"glb_backward", "", 4},
                                       {"weight_update", "Weight Update Engine", 2},
                                       {"glb_weight_update", "", 2},
                                       {"array", "SATA array", 3},
                                       {"buffers", "", 3},
                                       {"mem", "Memories", 0}}};

/// "forward" of "top.forward.load".
std::string module_of(const std::string& scope) {
  const std::size_t first = scope.find('.');
  if (first == std::string::npos) return "";
  return scope.substr(first + 1, scope.find('.', first + 1) - first - 1);
}

std::size_t part_of(const SaveFile::Row& row) {
  const std::string module = module_of(row.scope);
  for (std::size_t p = 0; p < kParts.size(); ++p) {
    if (module.rfind(kParts[p].begins, 0) == 0) return p;
  }
  return kParts.size();
}

/// "top.mem0.channel2" of one of its banks; empty for what is no part of a channel.
std::string channel_of(const SaveFile::Row& row) {
  const std::size_t at = row.scope.find(".channel");
  return at == std::string::npos ? "" : row.scope.substr(0, row.scope.find('.', at + 1));
}

void add_row(const SaveFile::Row& row, int color, const std::string& table, std::string& text) {
  using Kind = SaveFile::Row::Kind;
  const char* const flags = row.kind == Kind::bit     ? kBit
                            : row.kind == Kind::curve ? kCurve
                            : row.words.empty()       ? kNumber
                                                      : kWord;
  text += std::string(flags) + "\n";
  if (color != 0) text += "[color] " + std::to_string(color) + "\n";
  if (!row.words.empty()) text += std::string("^1 ") + kFolder + table + "\n";
  text += row.scope + "." + row.leaf;
  if (row.width > 1) text += "[" + std::to_string(row.width - 1) + ":0]";
  text += "\n";
  if (row.kind == Kind::curve) text += std::string(kBlank) + "\n-\n";
}

/// GTKWave draws 2^-zoom of its time units on 200 pixels; of the 1600 about 900 are left for them.
std::string zoom(const SaveFile::Window& window) {
  constexpr double kPixels = 200.0, kWaves = 900.0;
  const double span =
      static_cast<double>(std::max<std::uint64_t>(window.to_ps - window.from_ps, 1));
  char text[40];
  std::snprintf(text, sizeof text, "*%.6f 0", -std::log2(span * kPixels / kWaves));
  return text;
}

std::string page(const std::vector<SaveFile::Row>& rows, const std::vector<std::string>& tables,
                 const std::string& vcd, const std::string& save_file,
                 const SaveFile::Window& window) {
  std::string text = "[*]\n[*] Signals of " + vcd + " for GTKWave\n[*]\n";
  text += "[dumpfile] \"" + (kFolder + vcd) + "\"\n[savefile] \"" + kFolder + save_file + "\"\n";
  text += "[timestart] " + std::to_string(window.from_ps) + "\n[size] 1600 1000\n[pos] -1 -1\n";
  text += zoom(window) + "\n[sst_width] 200\n[signals_width] 360\n";
  std::string channel;
  std::size_t part = kParts.size() + 1;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (channel != channel_of(rows[i])) {
      if (!channel.empty()) text += std::string(kGroupEnd) + "\n-" + channel + "\n";
      channel = channel_of(rows[i]);
      if (!channel.empty()) text += std::string(kGroup) + "\n-" + channel + "\n";
    }
    const std::size_t now = part_of(rows[i]);
    const char* const title = now < kParts.size() ? kParts[now].title : "Others";
    if (now != part && *title != '\0') text += std::string(kTitle) + "\n-" + title + "\n";
    part = now;
    add_row(rows[i], now < kParts.size() ? kParts[now].color : 0, tables[i], text);
  }
  if (!channel.empty()) text += std::string(kGroupEnd) + "\n-" + channel + "\n";
  return text;
}

}  // namespace

void SaveFile::write(const std::string& vcd, std::vector<Row> rows, const Window& window) {
  namespace fs = std::filesystem;
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return part_of(a) < part_of(b); });
  const fs::path stem = fs::path(vcd).replace_extension();
  std::vector<std::string> tables;
  std::set<std::string> written;  // banks share one
  for (const Row& row : rows) {
    tables.emplace_back();
    if (row.words.empty()) continue;
    std::string text;
    for (const auto& [value, word] : row.words) text += std::to_string(value) + " " + word + "\n";
    const std::string name = row.scope.find(".channel") == std::string::npos ? row.leaf : "row";
    tables.back() = stem.filename().string() + "." + name + ".words";
    if (written.insert(tables.back()).second) {
      write_result((stem.parent_path() / tables.back()).string(), text);
    }
  }
  const std::string save_file = stem.string() + ".gtkw";
  write_result(save_file, page(rows, tables, fs::path(vcd).filename().string(),
                               fs::path(save_file).filename().string(), window));
}

}  // namespace h2
