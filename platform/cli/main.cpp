#include <malloc.h>

#include <boost/program_options.hpp>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <systemc>
#include <thread>

#include "modules/error.h"
#include "platform/cli/commands.h"
#include "platform/cli/version.h"

namespace h2 {
namespace {

namespace po = boost::program_options;

struct Command {
  const char* name;
  const char* text;
  int (*run)(const CommandLine&);
};

const Command kCommands[] = {
    {"train", "train the network through the platform; writes summary.json and a waveform",
     run_train},
    {"profile", "time a network without data, from densities; writes summary.json", run_profile},
    {"traffic", "load one MemN with synthetic requests: bandwidth and latency",
     run_traffic_command},
    {"config", "print the whole effective configuration (--schema: its JSON Schema)", run_config},
};

po::options_description options() {
  po::options_description o("Options");
  o.add_options()("help,h", "show this text")("version", "show the version")(
      "set", po::value<std::vector<std::string>>()->composing(),
      "key.path=value: override a configuration key (repeatable)")(
      "out", po::value<std::string>(), "folder for results (default out/<config name>)")(
      "threads", po::value<int>(), "worker threads (default: processors); never changes a result")(
      "weights", po::value<std::string>(), "start from <layer>.w.npy in this folder")(
      "golden", po::value<std::string>(), "train: write tensors as .npy to this folder")(
      "golden-sub-batches", po::value<std::string>(), "train: which, as 0,1,5 (default 0)")(
      "quiet", "no progress, no table")("dry-run", "print sizes and estimates, then stop")(
      "schema", "config: print the JSON Schema of configuration files");
  return o;
}

po::options_description traffic_options() {
  std::string patterns;
  for (const std::string& p : traffic_patterns()) patterns += (patterns.empty() ? "" : " ") + p;
  po::options_description o("Options of traffic");
  o.add_options()("pattern", po::value<std::string>(), patterns.c_str())(
      "queue-depth", po::value<int>(), "requests each requestor keeps outstanding")(
      "requests", po::value<std::uint64_t>(), "64 B requests completed in all")(
      "warmup", po::value<std::uint64_t>(), "first completions that are not measured")(
      "seed", po::value<std::uint64_t>(), "seed of random patterns")(
      "stride", po::value<std::uint64_t>(), "bytes between reads of pattern stride")(
      "memory", po::value<std::string>(), "mem0, mem1 or mem2 (they are alike)")(
      "idle-latency", "measure closed, hit and conflict latency of an idle channel instead")(
      "json", po::value<std::string>(), "also write the result to this file");
  return o;
}

template <class T>
void take(const po::variables_map& values, const char* name, T& target) {
  if (values.count(name) != 0) target = values[name].as<T>();
}

void parse_traffic(const po::variables_map& values, CommandLine& line) {
  take(values, "pattern", line.traffic.pattern);
  take(values, "queue-depth", line.traffic.queue_depth);
  take(values, "requests", line.traffic.requests);
  take(values, "warmup", line.traffic.warmup);
  take(values, "seed", line.traffic.seed);
  take(values, "stride", line.traffic.stride);
  take(values, "memory", line.memory);
  take(values, "json", line.json);
  line.idle_latency = values.count("idle-latency") != 0;
}

std::string usage() {
  std::ostringstream text;
  text << "h2vp <command> CONFIG.yaml [options]\n\nCommands\n";
  for (const Command& c : kCommands) {
    text << "  " << c.name << std::string(10 - std::string(c.name).size(), ' ') << c.text << '\n';
  }
  text << '\n'
       << options() << '\n'
       << traffic_options() << "\nExit code: 0 success, 1 the run failed, 2 wrong usage or "
       << "configuration.\n";
  return text.str();
}

Override parse_set(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw InputError("--set " + text + ": expected key.path=value");
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

std::set<std::uint64_t> parse_numbers(const std::string& text) {
  std::set<std::uint64_t> numbers;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    if (part.empty() || part.size() > 18 ||
        part.find_first_not_of("0123456789") != std::string::npos) {
      throw InputError("--golden-sub-batches " + text + ": expected numbers as 0,1,5");
    }
    numbers.insert(std::stoull(part));
  }
  return numbers;
}

CommandLine parse(const po::variables_map& values) {
  CommandLine line;
  line.command = values["command"].as<std::string>();
  take(values, "config", line.config);
  if (values.count("set") != 0) {
    for (const auto& s : values["set"].as<std::vector<std::string>>()) {
      line.sets.push_back(parse_set(s));
    }
  }
  take(values, "out", line.out);
  take(values, "weights", line.weights);
  take(values, "golden", line.golden);
  if (values.count("golden-sub-batches") != 0) {
    line.golden_sub_batches = parse_numbers(values["golden-sub-batches"].as<std::string>());
  }
  parse_traffic(values, line);
  const int processors = static_cast<int>(std::thread::hardware_concurrency());
  line.threads = values.count("threads") != 0 ? values["threads"].as<int>() : processors;
  if (line.threads < 1 || line.threads > 256) {
    if (values.count("threads") != 0) throw InputError("--threads: legal are 1 to 256");
    line.threads = 1;
  }
  line.quiet = values.count("quiet") != 0;
  line.dry_run = values.count("dry-run") != 0;
  line.schema = values.count("schema") != 0;
  return line;
}

int run(int argc, char** argv) {
  po::options_description hidden;
  hidden.add_options()("command", po::value<std::string>())("config", po::value<std::string>());
  po::options_description all;
  all.add(options()).add(traffic_options()).add(hidden);
  po::positional_options_description positional;
  positional.add("command", 1).add("config", 1);
  po::variables_map values;
  po::store(po::command_line_parser(argc, argv).options(all).positional(positional).run(), values);
  if (values.count("version") != 0) {
    std::cout << "h2vp " << kVersion << '\n';
    return 0;
  }
  if (values.count("help") != 0) {
    std::cout << usage();
    return 0;
  }
  if (values.count("command") == 0) throw InputError("no command\n\n" + usage());
  const CommandLine line = parse(values);
  for (const Command& c : kCommands) {
    if (line.command != c.name) continue;
    if (line.config.empty() && !line.schema) {
      throw InputError("h2vp " + line.command + ": no configuration file");
    }
    return c.run(line);
  }
  std::string names;
  for (const Command& c : kCommands) names += std::string(names.empty() ? "" : ", ") + c.name;
  throw InputError("unknown command '" + line.command + "'; legal: " + names);
}

}  // namespace
}  // namespace h2

int main(int argc, char** argv) {
  // Jobs make and drop maps of megabytes all the time: keep them in the heap instead of asking the
  // system for fresh pages.
  mallopt(M_MMAP_THRESHOLD, 256 << 20);
  mallopt(M_TRIM_THRESHOLD, 512 << 20);
  setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 0);
  return sc_core::sc_elab_and_sim(argc, argv);
}

int sc_main(int argc, char** argv) {
  sc_core::sc_report_handler::set_actions("/OSCI/SystemC", sc_core::SC_INFO,
                                          sc_core::SC_DO_NOTHING);
  try {
    return h2::run(argc, argv);
  } catch (const h2::InputError& e) {
    std::cerr << "h2vp: " << e.what() << '\n';
    return 2;
  } catch (const boost::program_options::error& e) {
    std::cerr << "h2vp: " << e.what() << " (see h2vp --help)\n";
    return 2;
  } catch (const std::exception& e) {
    std::cerr << "h2vp: " << e.what() << '\n';
    return 1;
  }
}
