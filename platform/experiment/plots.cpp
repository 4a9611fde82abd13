// SPDX-License-Identifier: Apache-2.0
// Plots are drawn by gnuplot: programs with their data inside go to its standard input.

#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "modules/base/error.h"
#include "platform/experiment/render.h"

namespace h2 {
namespace {

/// In double quotes of gnuplot, with nothing that it would interpret.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == '`') continue;
    out += c;
  }
  return out + "\"";
}

std::string number(double value) { return std::isfinite(value) ? text_of("%.6g", value) : "NaN"; }

std::string data(const Plot& plot) {
  std::string text = "$data << EOD\n";
  for (std::size_t i = 0; i < plot.x.size(); ++i) {
    text += quoted(plot.x[i]);
    for (const Series& s : plot.series) text += " " + number(s.values[i]);
    text += "\n";
  }
  return text + "EOD\n";
}

}  // namespace

std::string plot_program(const Plot& plot, const std::string& svg) {
  std::string text =
      "reset\nset encoding utf8\nset terminal svg size 860,420 font \"sans,13\" noenhanced name "
      "\"plot\"\nset output " +
      quoted(svg) + "\nset title " + quoted(plot.title) + "\nset xlabel " + quoted(plot.x_label) +
      "\nset ylabel " + quoted(plot.y_label) +
      "\nset key outside right top\nset grid ytics\nset yrange [0:*]\nset xtics rotate by -25 "
      "nomirror\nset style data " +
      (plot.bars ? "histograms\nset style histogram clustered gap 1\nset style fill solid 0.8\n"
                 : "linespoints\n") +
      data(plot) + "plot ";
  for (std::size_t s = 0; s < plot.series.size(); ++s) {
    text += (s == 0 ? "" : ", ") + std::string("$data using ") + std::to_string(s + 2) +
            ":xtic(1) title " + quoted(plot.series[s].title);
  }
  return text + "\nunset output\n";
}

bool draw(const std::vector<Plot>& plots, const std::filesystem::path& folder) {
  if (plots.empty()) return true;
  if (std::system("command -v gnuplot > /dev/null 2>&1") != 0) return false;
  FILE* gnuplot = popen("LC_ALL=C.UTF-8 gnuplot", "w");
  if (gnuplot == nullptr) throw RunError("gnuplot cannot be started");
  for (const Plot& plot : plots) {
    const std::string program = plot_program(plot, (folder / (plot.name + ".svg")).string());
    std::fputs(program.c_str(), gnuplot);
  }
  if (pclose(gnuplot) != 0) throw RunError("gnuplot failed");
  return true;
}

}  // namespace h2
