// SPDX-License-Identifier: Apache-2.0
#include <chrono>

#include "modules/base/error.h"
#include "platform/accelerators.h"
#include "platform/cli/dry_run.h"
#include "platform/cli/interrupt.h"
#include "platform/cli/outputs.h"
#include "platform/cli/summary_run.h"
#include "platform/host/drawn_masks.h"
#include "platform/host/profile.h"
#include "platform/host/recorded_masks.h"
#include "platform/host/spinal_profile.h"

namespace h2 {
namespace {

void profile_options(boost::program_options::options_description_easy_init add) {
  add_trace_options(add);
  add("dry-run", "print sizes and estimates, then stop");
}

/// Layer by layer, on drawn spikes.
int profile_spinalflow(const CommandLine& line, const Config& config) {
  if (line.has("dry-run")) {
    throw InputError("--dry-run: sizes are known for h2learn and sata; legal here: a run");
  }
  const auto begin = std::chrono::steady_clock::now();
  const ResultFolder folder(line, make_output_folder(line, config));
  const std::unique_ptr<Trace> trace = make_trace(line, config, folder.path());
  RunRecord record;
  Platform platform("top", config, {}, *trace);
  SpinalProfile profile(config, platform, record);
  Progress progress(line.quiet, config.machine.clock_mhz);
  profile.on_progress = [&](const Training::Status& s) { progress.show(s, platform.cycle()); };
  const Interrupt interrupt;
  profile.stop = Interrupt::requested;
  platform.host.program = [&](HostCpu& host) { profile(host); };
  return run_to_summary({line, config, folder, platform, *trace, progress, record, begin}, {});
}

int run_profile(const CommandLine& line) {
  const Config config = load_config(line.config, line.sets);
  if (!config.has_network) {
    throw InputError(line.config + ": network.layers: missing; a profile needs a network");
  }
  if (config.accelerator == AcceleratorKind::spinalflow) return profile_spinalflow(line, config);
  require_training_accelerator(config);
  if (line.has("dry-run")) return print_dry_run(config);
  require_tiles_fit(config);
  const auto begin = std::chrono::steady_clock::now();
  const ResultFolder folder(line, make_output_folder(line, config));
  const std::unique_ptr<Trace> trace = make_trace(line, config, folder.path());

  RunRecord record;
  Platform::Options options;
  options.masks = config.profile.masks.empty() ? drawn_masks(config) : recorded_masks(config);
  Platform platform("top", config, options, *trace);
  Profile profile(config, platform, record);
  Progress progress(line.quiet, config.machine.clock_mhz);
  profile.on_progress = [&](const Training::Status& s) { progress.show(s, platform.cycle()); };
  const Interrupt interrupt;
  profile.stop = Interrupt::requested;
  platform.host.program = [&](HostCpu& host) { profile(host); };
  return run_to_summary({line, config, folder, platform, *trace, progress, record, begin}, {});
}

}  // namespace

const Subcommand kProfileCommand{"profile",
                                 "time a network without data, from densities; writes summary.json",
                                 run_profile, profile_options};

}  // namespace h2
