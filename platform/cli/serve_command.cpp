// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <iostream>

#include "modules/base/error.h"
#include "platform/cli/messages.h"
#include "platform/cli/outputs.h"
#include "platform/cli/result_folder.h"
#include "platform/host/remote/remote_server.h"
#include "platform/platform.h"

namespace h2 {
namespace {

void serve_options(boost::program_options::options_description_easy_init add) {
  add_trace_options(add);
  add_limit_options(add);
  namespace po = boost::program_options;
  add("socket", po::value<std::string>(), "Unix socket to make; programs reach it with libh2.so");
  add("once", "end after the first client");
  add("record", po::value<std::string>(), "write the clients' accesses for h2vp play to this file");
}

void print(const RemoteServer::Stats& s) {
  const auto number = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
  std::printf(
      "%llu clients: %llu reads (%llu B), %llu writes (%llu B), %llu waits, %llu loader accesses, "
      "%llu damaged requests; simulated %s\n",
      number(s.clients), number(s.reads), number(s.read_bytes), number(s.writes),
      number(s.write_bytes), number(s.waits), number(s.loader_accesses), number(s.damaged),
      sc_core::sc_time_stamp().to_string().c_str());
}

int run_serve(const CommandLine& line) {
  const Config config = load_config(line.config, line.sets);
  limit_files(line);
  const auto path = line.get<std::string>("socket");
  if (path.empty()) throw InputError("h2vp serve: --socket PATH is missing");
  const std::unique_ptr<Trace> trace =
      make_trace(line, config, wants_files(config) ? make_output_folder(line, config) : "");
  Platform::Options options;
  options.threads = line.threads;
  Platform platform("top", config, options, *trace);
  const std::unique_ptr<TransactionRecorder> recorder = make_recorder(line, platform.host);
  RemoteServer server(path, platform, line.has("once"));
  platform.host.program = [&](HostCpu& host) { server(host); };
  if (!line.quiet) std::cout << "listening on " << path << std::endl;
  int traced = 0;
  try {
    traced = run_to_files(platform, *trace, recorder.get());
  } catch (const std::exception& e) {
    // While the clients still have their connection: what they see next is its end.
    print_message(error_message(e));
    return 1;
  }
  if (!line.quiet) print(server.stats());
  return traced;
}

}  // namespace

const Subcommand kServeCommand{
    "serve", "serve the card to a program outside, over a Unix socket, until SIGINT or SIGTERM",
    run_serve, serve_options};

}  // namespace h2
