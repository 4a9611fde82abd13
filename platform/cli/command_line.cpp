// SPDX-License-Identifier: Apache-2.0
#include "platform/cli/command_line.h"

#include <iostream>
#include <sstream>
#include <thread>

#include "modules/base/error.h"
#include "platform/cli/completion.h"
#include "platform/cli/version.h"

namespace h2 {
namespace {

namespace po = boost::program_options;

po::options_description common_options() {
  po::options_description o("Options of all commands");
  o.add_options()("help,h", "show this text")("version", "show the version")(
      "set", po::value<std::vector<std::string>>()->composing(),
      "key.path=value: override a configuration key (repeatable)")(
      "out", po::value<std::string>(), "folder for results (default out/<config name>)")(
      "threads", po::value<int>(),
      "threads, the simulator's included (default: processors); never changes a result")(
      "quiet", "no progress, no table");
  return o;
}

po::options_description own_options(const Subcommand& command) {
  po::options_description o(std::string("Options of ") + command.name);
  if (command.options != nullptr) command.options(o.add_options());
  return o;
}

Override parse_set(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw InputError("--set " + text + ": expected key.path=value");
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

int threads_of(const CommandLine& line) {
  const int processors = static_cast<int>(std::thread::hardware_concurrency());
  const int threads = line.get("threads", processors);
  if (threads >= 1 && threads <= 256) return threads;
  if (line.has("threads")) throw InputError("--threads: legal are 1 to 256");
  return 1;
}

const Subcommand& find(const std::vector<Subcommand>& commands, const std::string& name) {
  std::string names;
  for (const Subcommand& c : commands) {
    if (name == c.name) return c;
    names += std::string(names.empty() ? "" : ", ") + c.name;
  }
  throw InputError("unknown command '" + name + "'; legal: " + names);
}

std::string text_of(int argc, char** argv) {
  std::string text;
  for (int i = 1; i < argc; ++i) {
    const std::string part = argv[i];
    if (part == "--quiet" || part.rfind("--out=", 0) == 0 || part.rfind("--threads=", 0) == 0) {
      continue;
    }
    if (part == "--out" || part == "--threads") {
      ++i;
      continue;
    }
    const std::string shown = part.rfind('/', 0) == 0 ? part.substr(part.rfind('/') + 1) : part;
    const bool plain = shown.find_first_of(" \t\"'*?[](){}$&;|<>\\") == std::string::npos;
    text += (text.empty() ? "" : " ") + (plain ? shown : "'" + shown + "'");
  }
  return text;
}

CommandLine parse(const Subcommand& command, int argc, char** argv) {
  po::options_description hidden;
  hidden.add_options()("arguments", po::value<std::vector<std::string>>());
  po::options_description all;
  all.add(common_options()).add(own_options(command)).add(hidden);
  po::positional_options_description positional;
  positional.add("arguments", -1);
  CommandLine line;
  line.command = command.name;
  line.text = text_of(argc, argv);
  po::store(po::command_line_parser(argc - 1, argv + 1).options(all).positional(positional).run(),
            line.values);
  line.files = line.get<std::vector<std::string>>("arguments");
  if (command.config_file != ConfigFile::none && !line.files.empty()) {
    line.config = line.files.front();
    line.files.erase(line.files.begin());
  }
  if (!line.files.empty() && *command.files == '\0') {
    throw InputError("h2vp " + line.command + ": unexpected argument '" + line.files.front() + "'");
  }
  for (const auto& s : line.get<std::vector<std::string>>("set")) line.sets.push_back(parse_set(s));
  line.out = line.get<std::string>("out");
  line.threads = threads_of(line);
  line.quiet = line.has("quiet");
  return line;
}

}  // namespace

std::string usage(const std::vector<Subcommand>& commands) {
  std::ostringstream text;
  text << "h2vp <command> CONFIG.yaml [options]\n\nCommands\n";
  for (const Subcommand& c : commands) {
    text << "  " << c.name << std::string(12 - std::string(c.name).size(), ' ') << c.text << '\n';
  }
  text << '\n' << common_options();
  for (const Subcommand& c : commands) {
    if (c.options != nullptr) text << '\n' << own_options(c);
  }
  text << "\nh2vp --bash-completion prints a completion script for bash.\n";
  text << "Exit code: 0 success, 1 the run failed, 2 wrong usage or configuration.\n";
  return text.str();
}

int run_command(const std::vector<Subcommand>& commands, int argc, char** argv) {
  const std::string first = argc > 1 ? argv[1] : "";
  if (first == "--version") {
    std::cout << "h2vp " << kVersion << '\n';
    return 0;
  }
  if (first == "--bash-completion") {
    std::cout << bash_completion(commands, common_options());
    return 0;
  }
  if (first == "--help" || first == "-h") {
    std::cout << usage(commands);
    return 0;
  }
  if (first.empty()) {
    std::cerr << "h2vp: no command\n\n" << usage(commands);
    return 2;
  }
  const Subcommand& command = find(commands, first);
  const CommandLine line = parse(command, argc, argv);
  if (line.has("help")) {
    std::cout << "h2vp " << command.name
              << (command.config_file != ConfigFile::none ? " CONFIG.yaml" : "")
              << (*command.files != '\0' ? " " : "") << command.files
              << " [options]: " << command.text << "\n\n"
              << own_options(command) << '\n'
              << common_options();
    return 0;
  }
  if (line.config.empty() && command.config_file == ConfigFile::required) {
    throw InputError("h2vp " + line.command + ": no configuration file");
  }
  return command.run(line);
}

}  // namespace h2
