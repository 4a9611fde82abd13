#include <filesystem>
#include <fstream>
#include <iostream>

#include "modules/base/error.h"
#include "platform/cli/commands.h"
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
  std::ofstream file(path);
  file << report_page(runs);
  file.close();
  if (!file) throw InputError(path.string() + ": cannot be written");
  if (!line.quiet) std::cout << "wrote " << path.string() << '\n';
  return 0;
}

}  // namespace

const Subcommand kReportCommand{
    "report",         "write report.html about runs, side by side if several; --out names the file",
    run_report,       nullptr,
    ConfigFile::none, "RUN [RUN...]"};

}  // namespace h2
