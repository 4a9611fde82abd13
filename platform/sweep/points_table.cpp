// SPDX-License-Identifier: Apache-2.0
#include "platform/sweep/points_table.h"

#include <nlohmann/json.hpp>

#include "modules/base/markup.h"
#include "platform/config/keys.h"
#include "traces/report/page_parts.h"

namespace h2 {
namespace {

using Json = nlohmann::ordered_json;

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

bool dominates(const PointRow& a, const PointRow& b, const std::vector<std::size_t>& objectives) {
  bool better = false;
  for (const std::size_t o : objectives) {
    if (*a.values[o] > *b.values[o]) return false;
    better = better || *a.values[o] < *b.values[o];
  }
  return better;
}

std::string head(const SweepColumn& column) { return column.path + " [" + column.unit + "]"; }

std::string table(const SweepFile& sweep, const std::vector<PointRow>& rows) {
  std::string text = "<table><tr><th>point</th>";
  for (const std::string& key : sweep.keys) text += "<th>" + markup_text(key) + "</th>";
  for (const SweepColumn& c : sweep.columns) text += "<th>" + markup_text(head(c)) + "</th>";
  text += "</tr>\n";
  for (const PointRow& row : rows) {
    if (!row.pareto) continue;
    text += "<tr><td>" + markup_text(row.folder) + "</td>";
    for (const std::string& key : row.keys) text += "<td>" + markup_text(key) + "</td>";
    for (const auto& value : row.values) {
      text += "<td>" + (value ? shortest(*value) : std::string()) + "</td>";
    }
    text += "</tr>\n";
  }
  return text + "</table>\n";
}

/// What the page's script draws: columns, and per point its keys, values and mark.
std::string data(const SweepFile& sweep, const std::vector<PointRow>& rows) {
  Json columns = Json::array(), points = Json::array();
  for (const SweepColumn& c : sweep.columns) columns.push_back(head(c));
  for (const PointRow& row : rows) {
    if (row.status != "ok") continue;
    std::string label;
    for (std::size_t k = 0; k < row.keys.size(); ++k) {
      label += (k == 0 ? "" : ", ") + sweep.keys[k] + " " + row.keys[k];
    }
    Json values = Json::array();
    for (const auto& value : row.values) values.push_back(value ? Json(*value) : Json());
    points.push_back({{"label", label}, {"values", values}, {"pareto", row.pareto}});
  }
  return script_json(Json{{"columns", columns}, {"points", points}}.dump());
}

constexpr char kStyle[] =
    "body{font:15px sans-serif;margin:2em;max-width:75em}table{border-collapse:collapse}"
    "td,th{border:1px solid #999;padding:.2em .5em;text-align:right}canvas{max-height:32em}";

constexpr char kScript[] = R"(
const all = JSON.parse(document.getElementById("data").textContent);
const choose = ["x", "y"].map((id) => document.getElementById(id));
choose.forEach((select, i) => {
  all.columns.forEach((name, c) => select.add(new Option(name, c)));
  select.selectedIndex = Math.min(Number(select.dataset.first), all.columns.length - 1);
  select.addEventListener("change", draw);
});
let chart;
function draw() {
  const [x, y] = choose.map((select) => Number(select.value));
  const set = (label, marked, color) => ({ label, backgroundColor: color,
    data: all.points.filter((p) => p.pareto === marked)
      .map((p) => ({ x: p.values[x], y: p.values[y], text: p.label })) });
  if (chart) chart.destroy();
  chart = new Chart(document.getElementById("chart"), { type: "scatter",
    data: { datasets: [set("not dominated", true, "#c33"), set("others", false, "#89a")] },
    options: { animation: false, scales: {
      x: { title: { display: true, text: all.columns[x] } },
      y: { title: { display: true, text: all.columns[y] } } },
      plugins: { tooltip: { callbacks: { label: (item) => item.raw.text } } } } });
}
draw();
)";

std::size_t index_of(const SweepFile& sweep, const std::string& path) {
  for (std::size_t c = 0; c < sweep.columns.size(); ++c) {
    if (sweep.columns[c].path == path) return c;
  }
  return 0;
}

}  // namespace

void mark_pareto(std::vector<PointRow>& rows, const std::vector<std::size_t>& objectives) {
  std::vector<PointRow*> candidates;
  for (PointRow& row : rows) {
    bool complete = row.status == "ok";
    for (const std::size_t o : objectives) complete = complete && row.values[o].has_value();
    if (complete) candidates.push_back(&row);
  }
  for (PointRow* row : candidates) {
    row->pareto = true;
    for (const PointRow* other : candidates) {
      if (dominates(*other, *row, objectives)) row->pareto = false;
    }
  }
}

std::string points_csv(const SweepFile& sweep, const std::vector<PointRow>& rows) {
  std::string text = "point,status";
  for (const std::string& key : sweep.keys) text += "," + quoted(key);
  for (const SweepColumn& c : sweep.columns) text += "," + quoted(head(c));
  text += ",pareto,note\n";
  for (const PointRow& row : rows) {
    text += row.folder + "," + row.status;
    for (const std::string& key : row.keys) text += "," + quoted(key);
    for (const auto& value : row.values) text += "," + (value ? shortest(*value) : std::string());
    text += std::string(",") + (row.pareto ? "1" : "0") + "," + quoted(row.note) + "\n";
  }
  return text;
}

std::string pareto_page(const SweepFile& sweep, const std::vector<PointRow>& rows,
                        const std::string& title) {
  std::string objectives;
  for (const std::string& path : sweep.pareto) {
    objectives += (objectives.empty() ? "" : ", ") + path;
  }
  std::string text = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>";
  text += markup_text(title) + "</title><style>" + kStyle + "</style></head><body>\n<h1>" +
          markup_text(title) +
          "</h1>\n<p>Points that no other is as good as in all of: " + markup_text(objectives) +
          ".</p>\n<p><label>x <select id=\"x\" data-first=\"" +
          std::to_string(index_of(sweep, sweep.pareto[0])) +
          "\"></select></label> <label>y <select id=\"y\" data-first=\"" +
          std::to_string(index_of(sweep, sweep.pareto[1])) +
          "\"></select></label></p>\n<canvas id=\"chart\"></canvas>\n" + table(sweep, rows) +
          "<script type=\"application/json\" id=\"data\">" + data(sweep, rows) +
          "</script>\n<script>";
  text += page_parts().at("chart.js");
  return text + "</script>\n<script>" + kScript + "</script>\n</body></html>\n";
}

}  // namespace h2
