// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include "modules/base/error.h"
#include "modules/base/result_file.h"
#include "modules/spinalflow/spine_file.h"
#include "platform/cli/commands.h"

namespace h2 {
namespace {

bool is_npy(const std::string& path) {
  return path.size() > 4 && path.compare(path.size() - 4, 4, ".npy") == 0;
}

int run_convert(const CommandLine& line) {
  if (line.files.size() != 2) {
    throw InputError("h2vp convert: expected two files, the one to read and the one to write");
  }
  const std::string &from = line.files[0], &to = line.files[1];
  if (is_npy(from) == is_npy(to)) {
    throw InputError("h2vp convert " + from + " " + to +
                     ": legal are spikes (.npy) to spike lists, or lists to spikes");
  }
  require_folder_of(to);
  const std::vector<SpineMap> samples = is_npy(from) ? read_spikes(from) : read_spines(from);
  if (is_npy(from)) {
    write_spines(to, samples);
  } else {
    write_spikes(to, samples);
  }
  if (line.quiet) return 0;
  std::uint64_t spikes = 0;
  for (const SpineMap& map : samples) spikes += map.count();
  const SpineShape& s = samples.front().shape;
  const double neurons =
      static_cast<double>(samples.size()) * s.positions() * static_cast<double>(s.most());
  std::cout << to << ": " << samples.size() << " samples, " << s.channels << " channels of "
            << s.height << " x " << s.width << ", " << s.ticks << " ticks, " << spikes
            << " spikes, density " << static_cast<double>(spikes) / neurons << '\n';
  return 0;
}

}  // namespace

const Subcommand kConvertCommand{
    "convert",        "spikes of a golden folder (.npy) to sorted spike lists and back",
    run_convert,      nullptr,
    ConfigFile::none, "FROM TO"};

}  // namespace h2
