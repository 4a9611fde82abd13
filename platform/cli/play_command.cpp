// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <iostream>

#include "modules/base/error.h"
#include "platform/cli/interrupt.h"
#include "platform/cli/messages.h"
#include "platform/cli/outputs.h"
#include "platform/cli/result_folder.h"
#include "platform/host/player/transaction_player.h"
#include "platform/platform.h"

namespace h2 {
namespace {

void play_options(boost::program_options::options_description_easy_init add) {
  add_trace_options(add);
  add_limit_options(add);
  add("keep-going", "print every failed transaction instead of ending with the first");
  add("allow-outside", "dumps may go to folders outside of that of the file");
}

int run_play(const CommandLine& line) {
  const Config config = load_config(line.config, line.sets);
  limit_files(line);
  if (line.files.size() != 1) throw InputError("h2vp play: expected one transaction file");
  TransactionPlayer player(line.files.front(), line.has("keep-going"), line.has("allow-outside"));
  const Interrupt interrupt;
  player.stop = Interrupt::requested;
  player.on_failure = print_message;
  const std::unique_ptr<Trace> trace =
      make_trace(line, config, wants_files(config) ? make_output_folder(line, config) : "");
  Platform::Options options;
  options.threads = line.threads;
  Platform platform("top", config, options, *trace);
  player.describe = [&] { return platform.describe_card(); };
  platform.host.program = [&](HostCpu& host) { player(host); };
  const int traced = run_to_files(platform, *trace, nullptr);
  const TransactionPlayer::Stats& s = player.stats();
  if (!line.quiet) {
    std::printf(
        "%llu transactions, %llu checks, %llu failures; simulated %s\n",
        static_cast<unsigned long long>(s.transactions), static_cast<unsigned long long>(s.checks),
        static_cast<unsigned long long>(s.failures), sc_core::sc_time_stamp().to_string().c_str());
  }
  return s.failures == 0 ? traced : 1;
}

}  // namespace

const Subcommand kPlayCommand{"play",
                              "execute the transactions of a file on the card's bus and check them",
                              run_play,
                              play_options,
                              ConfigFile::required,
                              "FILE.txn"};

}  // namespace h2
