// SPDX-License-Identifier: Apache-2.0
#include "platform/cli/outputs.h"

#include <sys/resource.h>

#include <algorithm>
#include <exception>
#include <iostream>
#include <systemc>

#include "modules/base/error.h"
#include "platform/cli/messages.h"
#include "traces/record/fst.h"

namespace h2 {

namespace fs = std::filesystem;

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

void add_limit_options(boost::program_options::options_description_easy_init& add) {
  add("max-output", boost::program_options::value<std::int64_t>(),
      "bytes that each file written, and a console, may grow to (default 10000000000)");
}

std::uint64_t max_output(const CommandLine& line) {
  constexpr std::int64_t kDefault = 10'000'000'000, kLeast = 1000;
  const auto most = line.get<std::int64_t>("max-output", kDefault);
  if (most < kLeast) {
    throw InputError("--max-output " + std::to_string(most) + ": legal are " +
                     std::to_string(kLeast) + " and more");
  }
  return static_cast<std::uint64_t>(most);
}

void limit_files(const CommandLine& line) {
  rlimit limit{};
  getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = std::min<rlim_t>(max_output(line), limit.rlim_max);
  setrlimit(RLIMIT_FSIZE, &limit);
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
    trace->add_timeline((out / "timeline.json").string(), config.timeline.level, now,
                        config.timeline.max_bytes);
  }
  std::vector<Log::Pattern> patterns;
  for (const auto& text : line.get<std::vector<std::string>>("verbose")) {
    patterns.push_back(parse_verbose(text));
  }
  if (!patterns.empty()) trace->add_log(std::move(patterns), std::cerr, now);
  return trace;
}

int close_trace(Trace& trace) {
  trace.close();
  int code = 0;
  for (const TraceNote& note : trace.notes()) {
    print_message("warning: " + note.text);
    if (note.failed) code = 1;
  }
  return code;
}

std::unique_ptr<TransactionRecorder> make_recorder(const CommandLine& line, HostCpu& host) {
  if (!line.has("record")) return nullptr;
  auto recorder = std::make_unique<TransactionRecorder>(line.get<std::string>("record"));
  host.on_record = [recorder = recorder.get()](const HostAccess& a) { (*recorder)(a); };
  return recorder;
}

int run_to_files(Platform& platform, Trace& trace, TransactionRecorder* recorder) {
  std::exception_ptr failure;
  trace.start();
  try {
    platform.run();
  } catch (const std::exception&) {
    failure = std::current_exception();
  }
  const int traced = close_trace(trace);
  if (recorder != nullptr) recorder->close();
  if (failure) std::rethrow_exception(failure);
  return traced;
}

}  // namespace h2
