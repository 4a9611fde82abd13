#include "platform/cli/outputs.h"

#include <fstream>
#include <iostream>
#include <systemc>

#include "modules/error.h"
#include "traces/summary.h"

namespace h2 {

namespace fs = std::filesystem;

fs::path make_output_folder(const CommandLine& line, const Config& config) {
  const fs::path out = line.out.empty() ? fs::path("out") / config.name : fs::path(line.out);
  std::error_code error;
  fs::create_directories(out, error);
  if (error) throw InputError("--out " + out.string() + ": " + error.message());
  return out;
}

std::unique_ptr<Trace> make_trace(const Config& config, const fs::path& out) {
  if (!config.vcd.enable) return std::make_unique<Trace>();
  return std::make_unique<Trace>((out / "trace.vcd").string(), config.vcd,
                                 [] { return sc_core::sc_time_stamp().value(); });
}

void finish_run(const CommandLine& line, const Config& config, const fs::path& out,
                const nlohmann::ordered_json& summary) {
  const fs::path path = out / "summary.json";
  std::ofstream file(path);
  file << summary.dump(2) << '\n';
  file.close();
  if (!file) throw RunError(path.string() + ": cannot be written");
  if (line.quiet) return;
  std::cout << summary_table(summary) << "wrote " << path.string();
  if (config.vcd.enable) std::cout << " and " << (out / "trace.vcd").string();
  std::cout << '\n';
}

}  // namespace h2
