// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <iostream>

#include "modules/base/error.h"
#include "modules/contract/h2_manual.h"
#include "modules/contract/spinalflow_contract.h"
#include "modules/contract/spinaps_contract.h"
#include "modules/multicore/register_map.h"
#include "modules/sata/register_map.h"
#include "platform/accelerators.h"
#include "platform/cli/commands.h"

namespace h2 {
namespace {

struct Form {
  const char* option;
  const char* text;
  std::string (*print)(const BuiltFor&);
};

constexpr std::array<Form, 6> kForms{{
    {"markdown", "tables in Markdown", [](const BuiltFor& c) { return contract_manual(c, true); }},
    {"systemrdl", "the registers as SystemRDL 2.0", contract_systemrdl},
    {"svd", "the registers as CMSIS-SVD", contract_svd},
    {"ipxact", "the registers as IP-XACT (IEEE 1685-2014)", contract_ipxact},
    {"header", "the registers as macros of a C header", contract_header},
    {"devicetree", "a device-tree binding with a node as an example", contract_devicetree},
}};

void regs_options(boost::program_options::options_description_easy_init add) {
  for (const Form& f : kForms) add(f.option, f.text);
}

BuiltFor built_for(const Config& config) {
  BuiltFor card;
  card.value_bytes = bytes_of(config.machine.numerics);
  card.tile_height = static_cast<std::uint32_t>(config.machine.tile.height);
  card.tile_width = static_cast<std::uint32_t>(config.machine.tile.width);
  card.memories = static_cast<std::uint32_t>(memory_count(config));
  card.memory_bytes = config.memory.bytes;
  if (config.accelerator == AcceleratorKind::sata) {
    card.own = sata_own_registers(config.sata);
    card.own_capabilities = sata_capabilities(config.sata);
  } else if (config.accelerator == AcceleratorKind::multicore) {
    card.own = multicore_own_registers(config.multicore);
  } else if (config.accelerator != AcceleratorKind::h2learn) {
    // These keep to their own contracts: no tiles, spikes and weights of a byte.
    card.id = config.accelerator == AcceleratorKind::spinaps ? SA_ID : SF_ID;
    card.value_bytes = 1;
    card.tile_height = card.tile_width = 0;
    card.counts_memories = false;
  }
  return card;
}

int run_regs(const CommandLine& line) {
  if (line.config.empty() && !line.sets.empty()) {
    throw InputError("h2vp regs: --set needs a configuration file");
  }
  const Form* chosen = nullptr;
  for (const Form& f : kForms) {
    if (!line.has(f.option)) continue;
    if (chosen != nullptr) {
      throw InputError(std::string("h2vp regs: --") + chosen->option + " and --" + f.option +
                       " exclude each other");
    }
    chosen = &f;
  }
  const BuiltFor card =
      built_for(line.config.empty() ? Config{} : load_config(line.config, line.sets));
  std::cout << (chosen != nullptr ? chosen->print(card) : contract_manual(card, false));
  return 0;
}

}  // namespace

const Subcommand kRegsCommand{
    "regs",
    "print the manual of registers, descriptors and error codes, with a CONFIG for its card",
    run_regs, regs_options, ConfigFile::optional};

}  // namespace h2
