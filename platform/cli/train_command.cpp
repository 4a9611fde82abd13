// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <sstream>

#include "modules/base/error.h"
#include "modules/h2learn/schedule.h"
#include "platform/cli/commands.h"
#include "platform/cli/dry_run.h"
#include "platform/cli/interrupt.h"
#include "platform/cli/outputs.h"
#include "platform/cli/summary_run.h"
#include "platform/data/dataset.h"
#include "platform/data/weights.h"
#include "platform/host/snapshot.h"
#include "platform/host/training.h"
#include "traces/results/golden/golden_writer.h"

namespace h2 {
namespace {

std::vector<std::vector<float>> start_weights(const Config& config, const std::string& folder) {
  if (!folder.empty()) return load_weights(folder, config.network);
  std::vector<std::vector<float>> weights;
  for (std::size_t l = 0; l < config.network.layers.size(); ++l) {
    weights.push_back(initial_weights(config.network.layers[l], config.training.init_gain,
                                      config.training.seed, static_cast<int>(l)));
  }
  return weights;
}

std::set<std::uint64_t> parse_numbers(const std::string& option, const std::string& text) {
  std::set<std::uint64_t> numbers;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    if (part.empty() || part.size() > 18 ||
        part.find_first_not_of("0123456789") != std::string::npos) {
      throw InputError(option + " " + text + ": expected numbers as 0,1,5");
    }
    numbers.insert(std::stoull(part));
  }
  return numbers;
}

std::set<std::string> parse_names(const std::string& text) {
  std::set<std::string> names;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) names.insert(part);
  return names;
}

/// Null unless the command line asks for tensors.
std::unique_ptr<GoldenWriter> make_golden(const CommandLine& line, RunInfo info,
                                          const std::filesystem::path& out,
                                          std::uint64_t sub_batches) {
  if (!line.has("golden") && !line.has("dump-tensors") && !line.has("golden-units")) return nullptr;
  const auto numbers = [&](const char* option) {
    return parse_numbers(std::string("--") + option, line.get<std::string>(option, "0"));
  };
  GoldenRequest request;
  request.folder = line.get<std::string>("golden", (out / "tensors").string());
  request.sub_batches = numbers("golden-sub-batches");
  if (*request.sub_batches.rbegin() >= sub_batches) {
    throw InputError("--golden-sub-batches " + std::to_string(*request.sub_batches.rbegin()) +
                     ": no such sub-batch; legal: 0.." + std::to_string(sub_batches - 1));
  }
  request.tensors = parse_names(line.get<std::string>("dump-tensors"));
  request.units = parse_names(line.get<std::string>("golden-units"));
  request.tiles = numbers("golden-tiles");
  request.block = line.get<std::uint64_t>("golden-block", 0);
  request.readmemh = line.has("golden-readmemh");
  if (!request.units.empty()) {
    return std::make_unique<GoldenWriter>(std::move(info), std::move(request));
  }
  for (const char* option : {"golden-tiles", "golden-block", "golden-readmemh"}) {
    if (!line.has(option)) continue;
    throw InputError(std::string("--") + option + ": needs --golden-units, which names layers");
  }
  return std::make_unique<GoldenWriter>(std::move(info), std::move(request));
}

/// Does what writes an output besides the results; a file that cannot be written becomes a warning.
bool keep_going(RunRecord& record, const char* output, const std::function<void()>& write) {
  try {
    write();
    return true;
  } catch (const RunError& e) {
    record.warnings.push_back({"output", e.what(), output});
  } catch (const std::filesystem::filesystem_error& e) {
    record.warnings.push_back({"output", e.what(), output});
  }
  return false;
}

/// After the first file that cannot be written no other is tried.
void connect(GoldenWriter& golden, Training& training, Platform& platform, RunRecord& record) {
  const auto writable = std::make_shared<bool>(true);
  training.on_labels = [&, writable](const std::uint32_t* labels, std::size_t count) {
    if (*writable)
      *writable = keep_going(record, "--golden", [&] { golden.labels(labels, count); });
  };
  platform.controller.command_ended.add([&, writable](const CardCommand& c) {
    const auto write = [&] {
      golden.descriptor_ended(c.descriptor, job_context(c), platform.host.reader());
    };
    if (*writable) *writable = keep_going(record, "--golden", write);
  });
}

void train_options(boost::program_options::options_description_easy_init add) {
  add_trace_options(add);
  namespace po = boost::program_options;
  add("dry-run", "print sizes and estimates, then stop");
  add("weights", po::value<std::string>(), "start from <layer>.w.npy in this folder");
  add("golden", po::value<std::string>(), "write tensors as .npy to this folder");
  add("golden-sub-batches", po::value<std::string>(), "which, as 0,1,5 (default 0)");
  add("golden-units", po::value<std::string>(),
      "also the signals inside the engines for these layers, as conv2,fc1");
  add("golden-tiles", po::value<std::string>(), "their tiles, as 0,1 (default 0)");
  add("golden-block", po::value<std::uint64_t>(), "their block of channels (default 0)");
  add("golden-readmemh", "their signals also as text for Verilog's $readmemh");
  add("dump-tensors", po::value<std::string>(),
      "only these, as conv2.u,conv2.grad_u; to <out>/tensors without --golden");
  add("record", po::value<std::string>(), "write the host's accesses for h2vp play to this file");
}

int run_train(const CommandLine& line) {
  const Config config = load_config(line.config, line.sets);
  if (line.has("dry-run")) return print_dry_run(config);
  require_trainable(config);
  require_tiles_fit(config);
  const auto begin = std::chrono::steady_clock::now();
  const Interrupt interrupt;
  const LoadedData data = load_data(config.dataset, config.network.input, config.network.timesteps,
                                    config.training.seed);
  require_fits(data, config.network);
  auto weights = start_weights(config, line.get<std::string>("weights"));
  WallClock wall;
  wall.input_seconds = processor_seconds();
  const ResultFolder folder(line, make_output_folder(line, config));
  const std::unique_ptr<Trace> trace = make_trace(line, config, folder.path());

  RunRecord record;
  Platform::Options options;
  options.threads = line.threads;
  Platform platform("top", config, options, *trace);
  Training training(config, data, std::move(weights), platform, record);
  Progress progress(line.quiet, config.machine.clock_mhz);
  training.on_progress = [&](const Training::Status& s) { progress.show(s, platform.cycle()); };
  const std::unique_ptr<GoldenWriter> golden =
      make_golden(line, run_info(config, platform), folder.path(),
                  epoch_sub_batches(config.training, data.train.size()) *
                      static_cast<std::uint64_t>(config.training.epochs));
  if (golden != nullptr) connect(*golden, training, platform, record);
  const std::unique_ptr<TransactionRecorder> recorder = make_recorder(line, platform.host);
  training.stop = Interrupt::requested;
  platform.host.program = [&](HostCpu& host) { training(host); };
  return run_to_summary({line, config, folder, platform, *trace, progress, record, begin}, wall,
                        [&] {
                          keep_going(record, "--golden", [&] {
                            if (golden != nullptr) golden->close();
                          });
                          keep_going(record, "--record", [&] {
                            if (recorder != nullptr) recorder->close();
                          });
                        });
}

}  // namespace

const Subcommand kTrainCommand{
    "train", "train the network through the platform; writes summary.json and a waveform",
    run_train, train_options};

}  // namespace h2
