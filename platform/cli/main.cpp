// SPDX-License-Identifier: Apache-2.0
#include <malloc.h>

#include <cstdlib>
#include <string>
#include <systemc>

#include "modules/arithmetic/simd/isa.h"
#include "modules/base/error.h"
#include "platform/cli/commands.h"
#include "platform/cli/messages.h"

int main(int argc, char** argv) {
  h2::secure_standard_streams();
  h2::report_uncaught();
  // Jobs make and drop maps of megabytes all the time: keep them in the heap instead of asking the
  // system for fresh pages.
  mallopt(M_MMAP_MAX, 0);  // M_MMAP_THRESHOLD has a limit that the largest weights exceed
  mallopt(M_TRIM_THRESHOLD, 512 << 20);
  mallopt(M_ARENA_MAX, 1);  // what one thread drops serves the others
  setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 0);
  return sc_core::sc_elab_and_sim(argc, argv);
}

int sc_main(int argc, char** argv) {
  sc_core::sc_report_handler::set_actions("/OSCI/SystemC", sc_core::SC_INFO,
                                          sc_core::SC_DO_NOTHING);
  const std::vector<h2::Subcommand> commands{
      h2::kTrainCommand,   h2::kInferCommand,      h2::kProfileCommand, h2::kTrafficCommand,
      h2::kConfigCommand,  h2::kServeCommand,      h2::kPlayCommand,    h2::kFirmwareCommand,
      h2::kRegsCommand,    h2::kStatsCommand,      h2::kReportCommand,  h2::kSweepCommand,
      h2::kDiffCommand,    h2::kExperimentCommand, h2::kCompareCommand, h2::kInferSpikesCommand,
      h2::kConvertCommand, h2::kCheckCommand,      h2::kDataCommand,    h2::kImportCommand,
      h2::kExportCommand};
  try {
    h2::selected_isa();  // refuses H2_ISA now, not in the middle of a run
    return h2::checked_output(h2::run_command(commands, argc, argv));
  } catch (const h2::InputError& e) {
    h2::print_message(e.what());
    return 2;
  } catch (const boost::program_options::error& e) {
    h2::print_message(std::string(e.what()) + " (see h2vp --help)");
    return 2;
  } catch (const std::exception& e) {
    h2::print_message(h2::error_message(e));
    return 1;
  }
}
