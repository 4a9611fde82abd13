#include <iostream>

#include "modules/base/error.h"
#include "modules/contract/h2_manual.h"
#include "platform/cli/commands.h"

namespace h2 {
namespace {

void options(boost::program_options::options_description_easy_init add) {
  add("markdown", "tables in Markdown");
  add("systemrdl", "the registers as SystemRDL 2.0 instead");
}

int run_regs(const CommandLine& line) {
  if (line.has("markdown") && line.has("systemrdl")) {
    throw InputError("h2vp regs: --markdown and --systemrdl exclude each other");
  }
  std::cout << (line.has("systemrdl") ? contract_systemrdl()
                                      : contract_manual(line.has("markdown")));
  return 0;
}

}  // namespace

const Command kRegsCommand{"regs", "print the manual of registers, descriptors and error codes",
                           run_regs, options, ConfigFile::none};

}  // namespace h2
