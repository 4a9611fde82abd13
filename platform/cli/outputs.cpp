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
  const auto now = [] { return sc_core::sc_time_stamp().value(); };
  auto trace = config.vcd.enable
                   ? std::make_unique<Trace>((out / "trace.vcd").string(), config.vcd, now)
                   : std::make_unique<Trace>();
  if (config.timeline.enable) {
    trace->add_timeline((out / "timeline.json").string(), config.timeline.level, now);
  }
  return trace;
}

std::unique_ptr<TransactionRecorder> make_recorder(const CommandLine& line, HostCpu& host) {
  if (!line.has("record")) return nullptr;
  auto recorder = std::make_unique<TransactionRecorder>(line.get<std::string>("record"));
  host.on_access = [recorder = recorder.get()](const HostAccess& a) { (*recorder)(a); };
  return recorder;
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
  if (config.vcd.enable) std::cout << ", " << (out / "trace.vcd").string();
  if (config.timeline.enable) std::cout << ", " << (out / "timeline.json").string();
  std::cout << '\n';
}

int exit_code(const RunRecord& record) {
  if (!record.interrupted) return 0;
  std::cerr << "h2vp: interrupted; results are those of " << record.sub_batches << " sub-batches\n";
  return 1;
}

}  // namespace h2
