// SPDX-License-Identifier: Apache-2.0
#include "traces/report/report.h"

#include "modules/base/markup.h"
#include "traces/report/machine_peaks.h"
#include "traces/report/page_parts.h"
#include "traces/report/sparsity.h"
#include "traces/report/warnings.h"

namespace h2 {
namespace {

using Json = nlohmann::ordered_json;

}  // namespace

Json report_data(const std::vector<ReportRun>& runs) {
  Json all = Json::array();
  for (const ReportRun& run : runs) {
    all.push_back({{"name", run.name},
                   {"summary", run.summary},
                   {"stats", run.stats},
                   {"analysis",
                    {{"warnings", warnings(run)},
                     {"rooflines", rooflines(run)},
                     {"sparsity", sparsity(run)}}}});
  }
  return {{"runs", all}};
}

std::string report_page(const std::vector<ReportRun>& runs) {
  // page.html names a part as {{part}}; nothing that is inserted is searched again.
  const std::string_view page = page_parts().at("page.html");
  std::string text;
  std::size_t at = 0;
  for (std::size_t open; (open = page.find("{{", at)) != std::string_view::npos;) {
    const std::size_t close = page.find("}}", open);
    const std::string_view part = page.substr(open + 2, close - open - 2);
    text += page.substr(at, open - at);
    text +=
        part == "data" ? script_json(report_data(runs).dump()) : std::string(page_parts().at(part));
    at = close + 2;
  }
  text += page.substr(at);
  return text;
}

}  // namespace h2
