// SPDX-License-Identifier: Apache-2.0
#include "platform/cli/completion.h"

#include "platform/config/keys.h"

namespace h2 {
namespace {

namespace po = boost::program_options;

constexpr char kHead[] = R"(# bash completion of h2vp, made by `h2vp --bash-completion`
_h2vp() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} options=
  COMPREPLY=()
)";

constexpr char kTail[] = R"(  if [ "$before" = --set ]; then
    compopt -o nospace
    COMPREPLY=($(compgen -S = -W "$keys" -- "$word"))
  elif [[ " $with_value " == *" $before "* ]]; then
    compopt -o filenames
    COMPREPLY=($(compgen -f -- "$word"))
  elif [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$word"))
  elif [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "$commands" -- "$word"))
  elif [ "$before" != = ]; then
    compopt -o filenames
    COMPREPLY=($(compgen -f -X '!*.@(yaml|txn)' -- "$word") $(compgen -d -- "$word"))
  fi
}
shopt -s extglob
complete -F _h2vp h2vp
)";

using Words = std::vector<std::string>;

std::string joined_by_spaces(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

/// Appends the options' long names: all of them to `all`, those with a value also to `with_value`.
void append(const po::options_description& options, Words& all, Words& with_value) {
  for (const auto& option : options.options()) {
    const std::string name = "--" + option->long_name();
    all.push_back(name);
    if (option->semantic()->max_tokens() > 0) with_value.push_back(name);
  }
}

}  // namespace

std::string bash_completion(const std::vector<Subcommand>& commands,
                            const po::options_description& common) {
  Words names, with_value, keys, everywhere;
  append(common, everywhere, with_value);
  std::string cases;
  for (const Subcommand& command : commands) {
    po::options_description own;
    if (command.options != nullptr) command.options(own.add_options());
    Words options = everywhere;
    append(own, options, with_value);
    names.emplace_back(command.name);
    cases +=
        std::string("    ") + command.name + ") options='" + joined_by_spaces(options) + "' ;;\n";
  }
  for (const Key& key : key_table()) keys.push_back(key.path);
  return kHead +
         ("  local commands='" + joined_by_spaces(names) + "'\n  local with_value='" +
          joined_by_spaces(with_value) + "'\n  local keys='" + joined_by_spaces(keys) +
          "'\n  case ${COMP_WORDS[1]} in\n" + cases +
          "    *) options='--help --version' ;;\n  esac\n") +
         kTail;
}

}  // namespace h2
