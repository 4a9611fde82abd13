// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <iostream>

#include "modules/base/error.h"
#include "modules/base/result_file.h"
#include "platform/cli/commands.h"
#include "traces/report/read_json.h"
#include "traces/report/report.h"

namespace h2 {
namespace {

namespace fs = std::filesystem;

int run_report(const CommandLine& line) {
  if (line.files.empty()) {
    throw InputError("h2vp report: expected one or more output folders of train or profile");
  }
  const std::vector<ReportRun> runs = read_runs(line.files);
  const fs::path path =
      line.out.empty() ? fs::path(line.files.front()) / "report.html" : fs::path(line.out);
  require_folder_of(path.string());
  std::string names;
  for (const std::string& file : line.files) names += (names.empty() ? "" : ", ") + file;
  write_result(path.string(), with_types_of_a_run(names, [&] { return report_page(runs); }));
  if (!line.quiet) std::cout << "wrote " << path.string() << '\n';
  return 0;
}

}  // namespace

const Subcommand kReportCommand{
    "report",         "write report.html about runs, side by side if several; --out names the file",
    run_report,       nullptr,
    ConfigFile::none, "RUN [RUN...]"};

}  // namespace h2
