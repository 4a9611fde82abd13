// SPDX-License-Identifier: Apache-2.0
#include "platform/experiment/render.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

#include "modules/base/error.h"
#include "modules/base/markup.h"

namespace h2 {
namespace {

using Json = nlohmann::ordered_json;

const Evidence kAll[] = {Evidence::identity, Evidence::mechanism, Evidence::constant,
                         Evidence::fitted, Evidence::refuted};

constexpr char kLabels[] =
    "Labels: **identity** follows from the paper's own figures; **mechanism** comes out of the "
    "modelled machine, nothing fitted; **constant** is quoted, not measured here; **fitted** rests "
    "on a parameter that was solved from the paper; **refuted** is what the machine as modelled "
    "does not reach. What a claim has to reach to be said to hold stands in its note (asked) or "
    "above its table.";

std::vector<std::string> claim_cells(const Claim& c) {
  return {c.what,         c.paper, c.platform, c.ratio ? text_of("%.2f", *c.ratio) : "",
          name_of(c.how), c.note};
}

TextTable claims_table(const ExperimentResult& r) {
  TextTable table{"", {"claim", "paper", "platform", "ratio", "how obtained", "note"}, {}};
  for (const Claim& c : r.claims) table.rows.push_back(claim_cells(c));
  return table;
}

std::string markdown_table(const TextTable& table) {
  const auto line = [](const std::vector<std::string>& cells) {
    std::string text = "|";
    for (const std::string& cell : cells) text += " " + cell + " |";
    return text + "\n";
  };
  std::string text = line(table.head) + "|";
  for (std::size_t i = 0; i < table.head.size(); ++i) text += "---|";
  text += "\n";
  for (const auto& row : table.rows) text += line(row);
  return text;
}

std::string html_table(const TextTable& table) {
  std::string text = "<table>\n<tr>";
  for (const std::string& cell : table.head) text += "<th>" + markup_text(cell) + "</th>";
  text += "</tr>\n";
  for (const auto& row : table.rows) {
    text += "<tr>";
    for (const std::string& cell : row) {
      const bool is_label = std::any_of(std::begin(kAll), std::end(kAll),
                                        [&](Evidence e) { return cell == name_of(e); });
      text += (is_label ? "<td class=\"" + cell + "\">" : "<td>") + markup_text(cell) + "</td>";
    }
    text += "</tr>\n";
  }
  return text + "</table>\n";
}

std::string counts(const std::vector<ExperimentResult>& results) {
  std::map<Evidence, int> by_label;
  for (const ExperimentResult& r : results) {
    for (const Claim& c : r.claims) ++by_label[c.how];
  }
  std::string text;
  for (const Evidence e : kAll) {
    text += (text.empty() ? "" : ", ") + std::to_string(by_label[e]) + " " + name_of(e);
  }
  return text;
}

/// How many claims of each experiment have which label.
TextTable overview(const std::vector<ExperimentResult>& results) {
  TextTable table{"", {"experiment"}, {}};
  for (const Evidence e : kAll) table.head.emplace_back(std::string("claims: ") + name_of(e));
  for (const ExperimentResult& r : results) {
    std::vector<std::string> row{r.title};
    for (const Evidence e : kAll) {
      row.push_back(std::to_string(std::count_if(r.claims.begin(), r.claims.end(),
                                                 [&](const Claim& c) { return c.how == e; })));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

/// The lines that matter: what is refuted.
TextTable refuted(const std::vector<ExperimentResult>& results) {
  TextTable table{"", {"experiment", "claim", "paper", "platform", "why"}, {}};
  for (const ExperimentResult& r : results) {
    for (const Claim& c : r.claims) {
      if (c.how == Evidence::refuted) {
        table.rows.push_back({r.name, c.what, c.paper, c.platform, c.note});
      }
    }
  }
  return table;
}

std::string bold_as_html(const std::string& text) {
  std::string out;
  bool open = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 2, "**") == 0) {
      out += open ? "</b>" : "<b>";
      open = !open;
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string contents_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// An SVG without what belongs before it in a file of its own.
std::string inline_svg(const std::filesystem::path& file) {
  const std::string text = contents_of(file);
  const std::size_t begin = text.find("<svg");
  return begin == std::string::npos ? "" : text.substr(begin);
}

constexpr char kStyle[] =
    "body{font:15px/1.45 sans-serif;margin:2em auto;max-width:72em;padding:0 1em}"
    "table{border-collapse:collapse;margin:1em 0}td,th{border:1px solid #bbb;padding:.25em .6em;"
    "text-align:left;vertical-align:top}svg{max-width:100%;height:auto}.identity,.mechanism{"
    "background:#dff2df}.constant{background:#eee}.fitted{background:#fdf3d0}.refuted{"
    "background:#fbdcdc}";

}  // namespace

Json result_json(const ExperimentResult& r) {
  Json claims = Json::array(), tables = Json::array(), plots = Json::array();
  for (const Claim& c : r.claims) {
    claims.push_back({{"claim", c.what},
                      {"paper", c.paper},
                      {"platform", c.platform},
                      {"ratio", c.ratio ? Json(*c.ratio) : Json()},
                      {"how", name_of(c.how)},
                      {"note", c.note}});
  }
  for (const TextTable& t : r.tables) {
    tables.push_back({{"title", t.title}, {"head", t.head}, {"rows", t.rows}});
  }
  for (const Plot& p : r.plots) {
    Json series = Json::object();
    for (const Series& s : p.series) {
      series[s.title] = Json::array();
      for (const double v : s.values)
        series[s.title].push_back(std::isfinite(v) ? Json(v) : Json());
    }
    plots.push_back({{"name", p.name}, {"title", p.title}, {"x", p.x}, {"series", series}});
  }
  return {
      {"schema", 1},      {"name", r.name},   {"title", r.title}, {"assumptions", r.assumptions},
      {"claims", claims}, {"tables", tables}, {"plots", plots}};
}

ExperimentResult result_of(const Json& json) {
  ExperimentResult r{json.at("name"), json.at("title"), json.at("assumptions"), {}, {}, {}};
  for (const Json& c : json.at("claims")) {
    const auto* how = std::find_if(std::begin(kAll), std::end(kAll),
                                   [&](Evidence e) { return c.at("how") == name_of(e); });
    if (how == std::end(kAll)) throw InputError("no label: " + c.at("how").dump());
    const auto ratio =
        c.at("ratio").is_null() ? std::nullopt : std::optional<double>(c.at("ratio"));
    r.claims.push_back({c.at("claim"), c.at("paper"), c.at("platform"), ratio, *how, c.at("note")});
  }
  for (const Json& t : json.at("tables"))
    r.tables.push_back({t.at("title"), t.at("head"), t.at("rows")});
  for (const Json& p : json.at("plots")) {
    Plot plot;
    plot.name = p.at("name");
    plot.title = p.at("title");
    r.plots.push_back(std::move(plot));
  }
  return r;
}

std::string result_markdown(const ExperimentResult& r) {
  std::string text = "## " + r.title + "\n\n";
  for (const std::string& a : r.assumptions) text += "- " + a + "\n";
  text += "\n" + markdown_table(claims_table(r));
  for (const TextTable& t : r.tables) text += "\n" + t.title + ":\n\n" + markdown_table(t);
  for (const Plot& p : r.plots) text += "\n![" + p.title + "](" + p.name + ".svg)\n";
  return text;
}

std::string results_markdown(const std::vector<ExperimentResult>& results) {
  std::string text =
      "# The paper's tables and figures on the platform\n\n"
      "Written by `h2vp experiment all`; run it again to rebuild this page.\n\n" +
      std::string(kLabels) + "\n\nClaims: " + counts(results) + ".\n\n" +
      markdown_table(overview(results)) + "\n## What is refuted\n\n" +
      markdown_table(refuted(results));
  for (const ExperimentResult& r : results) text += "\n" + result_markdown(r);
  return text;
}

std::string results_page(const std::vector<ExperimentResult>& results,
                         const std::filesystem::path& folder) {
  std::string text =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>H2Learn-VP: the "
      "paper's tables and figures</title><style>" +
      std::string(kStyle) +
      "</style></head><body>\n<h1>The paper's tables and figures on the platform</h1>\n<p>" +
      bold_as_html(markup_text(kLabels)) + "</p>\n<p>Claims: " + counts(results) + ".</p>\n" +
      html_table(overview(results)) + "<h2>What is refuted</h2>\n" + html_table(refuted(results));
  for (const ExperimentResult& r : results) {
    text += "<h2 id=\"" + r.name + "\">" + markup_text(r.title) + "</h2>\n<ul>";
    for (const std::string& a : r.assumptions) text += "<li>" + markup_text(a) + "</li>\n";
    text += "</ul>\n" + html_table(claims_table(r));
    for (const Plot& p : r.plots) text += inline_svg(folder / (p.name + ".svg"));
    for (const TextTable& t : r.tables)
      text += "<h3>" + markup_text(t.title) + "</h3>" + html_table(t);
  }
  return text + "</body></html>\n";
}

}  // namespace h2
