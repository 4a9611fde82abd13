#include "platform/cli/outputs.h"

#include <fstream>
#include <iostream>
#include <systemc>

#include "modules/base/error.h"
#include "traces/record/fst.h"
#include "traces/results/summary.h"

namespace h2 {

namespace fs = std::filesystem;

fs::path make_output_folder(const CommandLine& line, const Config& config) {
  fs::path out = line.out.empty() ? fs::path("out") / config.name : fs::path(line.out);
  std::error_code error;
  fs::create_directories(out, error);
  if (error) throw InputError("--out " + out.string() + ": " + error.message());
  return out;
}

namespace {

Log::Pattern parse_verbose(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string level = equals == std::string::npos ? "phases" : text.substr(equals + 1);
  const std::string modules = text.substr(0, equals);
  if (modules.empty()) throw InputError("-v " + text + ": expected PATH[=LEVEL]");
  if (level == "phases") return {modules, TraceLevel::phases};
  if (level == "tiles") return {modules, TraceLevel::tiles};
  if (level == "bursts") return {modules, TraceLevel::bursts};
  throw InputError("-v " + text + ": legal levels: phases, tiles, bursts");
}

}  // namespace

void add_trace_options(boost::program_options::options_description_easy_init& add) {
  add("fst", "also trace.fst, the waveform compressed by GTKWave's vcd2fst");
  add("verbose,v", boost::program_options::value<std::vector<std::string>>()->composing(),
      "PATH[=LEVEL]: print messages of the modules PATH, a glob, as top.forward; LEVEL phases "
      "(default), tiles, bursts (repeatable)");
}

std::unique_ptr<Trace> make_trace(const CommandLine& line, const Config& config,
                                  const fs::path& out) {
  const auto now = [] { return sc_core::sc_time_stamp().value(); };
  if (line.has("fst")) {
    if (!config.vcd.enable) throw InputError("--fst: there is no waveform: set trace.vcd.enable");
    require_vcd2fst();
  }
  auto trace = config.vcd.enable
                   ? std::make_unique<Trace>((out / "trace.vcd").string(), config.vcd, now)
                   : std::make_unique<Trace>();
  if (line.has("fst")) trace->add_fst();
  if (config.timeline.enable) {
    trace->add_timeline((out / "timeline.json").string(), config.timeline.level, now);
  }
  std::vector<Log::Pattern> patterns;
  for (const auto& text : line.get<std::vector<std::string>>("verbose")) {
    patterns.push_back(parse_verbose(text));
  }
  if (!patterns.empty()) trace->add_log(std::move(patterns), std::cerr, now);
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
  if (line.has("fst")) std::cout << ", " << (out / "trace.fst").string();
  if (config.timeline.enable) std::cout << ", " << (out / "timeline.json").string();
  std::cout << '\n';
}

int exit_code(const RunRecord& record) {
  if (!record.interrupted) return 0;
  std::cerr << "h2vp: interrupted; results are those of " << record.sub_batches << " sub-batches\n";
  return 1;
}

}  // namespace h2
