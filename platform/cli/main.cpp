#include <boost/program_options.hpp>
#include <cstdlib>
#include <iostream>
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
      "quiet", "no progress, no table")("dry-run", "print sizes and estimates, then stop")(
      "schema", "config: print the JSON Schema of configuration files");
  return o;
}

std::string usage() {
  std::ostringstream text;
  text << "h2vp <command> CONFIG.yaml [options]\n\nCommands\n";
  for (const Command& c : kCommands) {
    text << "  " << c.name << std::string(10 - std::string(c.name).size(), ' ') << c.text << '\n';
  }
  text << '\n' << options() << "\nExit code: 0 success, 1 the run failed, 2 wrong usage or "
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

CommandLine parse(const po::variables_map& values) {
  CommandLine line;
  line.command = values["command"].as<std::string>();
  if (values.count("config") != 0) line.config = values["config"].as<std::string>();
  if (values.count("set") != 0) {
    for (const auto& s : values["set"].as<std::vector<std::string>>()) {
      line.sets.push_back(parse_set(s));
    }
  }
  if (values.count("out") != 0) line.out = values["out"].as<std::string>();
  if (values.count("weights") != 0) line.weights = values["weights"].as<std::string>();
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
  all.add(options()).add(hidden);
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
  setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 0);
  return sc_core::sc_elab_and_sim(argc, argv);
}

int sc_main(int argc, char** argv) {
  sc_core::sc_report_handler::set_actions("/OSCI/SystemC", sc_core::SC_INFO, sc_core::SC_DO_NOTHING);
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
