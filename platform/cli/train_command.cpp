// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <functional>
#include <iostream>
#include <memory>
#include <set>
#include <sstream>

#include "modules/base/error.h"
#include "modules/h2learn/schedule.h"
#include "platform/accelerators.h"
#include "platform/cli/commands.h"
#include "platform/cli/dry_run.h"
#include "platform/cli/interrupt.h"
#include "platform/cli/mpi_run.h"
#include "platform/cli/outputs.h"
#include "platform/cli/spinaps_run.h"
#include "platform/cli/training_run.h"
#include "platform/data/dataset.h"
#include "platform/data/weights.h"
#include "platform/host/snapshot.h"
#include "platform/host/training.h"
#include "platform/platform.h"
#include "traces/results/golden/golden_signals.h"
#include "traces/results/golden/golden_writer.h"

namespace h2 {
namespace {

std::vector<std::vector<float>> start_weights(const Config& config, const std::string& folder) {
  if (!folder.empty()) return load_weights(folder, config.network);
  return initial_weights(config.network, config.training.init_gain, config.training.seed);
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
std::unique_ptr<GoldenWriter> make_golden(const CommandLine& line, const Config& config,
                                          RunInfo info, const std::filesystem::path& out,
                                          std::uint64_t sub_batches) {
  if (!line.has("golden") && !line.has("dump-tensors") && !line.has("golden-units")) return nullptr;
  if (info.network.layers.back().grouped) {
    throw InputError(
        "--golden: needs a gradient of each sub-batch; dataflow.fc_weight_gradient has to be "
        "per_sub_batch");
  }
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
  if (config.accelerator == AcceleratorKind::sata) request.engines = sata_units(config.sata);
  if (!request.units.empty() && config.accelerator == AcceleratorKind::multicore) {
    throw InputError(
        "--golden-units: signals of arrays; legal with accelerator multicore: without");
  }
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
  add("resume", po::value<std::string>(),
      "go on from the newest checkpoint in this folder, or from this one");
  add("golden", po::value<std::string>(), "write tensors as .npy to this folder");
  add("golden-sub-batches", po::value<std::string>(), "which, as 0,1,5 (default 0)");
  add("golden-units", po::value<std::string>(),
      "also the signals inside the engines for these layers, as conv2,fc1");
  add("golden-tiles", po::value<std::string>(), "their tiles, as 0,1 (default 0)");
  add("golden-block", po::value<std::uint64_t>(), "their block of channels (default 0)");
  add("golden-readmemh", "their signals also as text for Verilog's $readmemh");
  add("dump-tensors", po::value<std::string>(),
      "only these, as conv2.u,conv2.grad_u; to <out>/tensors without --golden");
  add("allow-outside",
      "checkpoints may go where a configuration file says, outside of this folder");
  add("mpi", "one rank of several, one card each, that mpirun has started");
  add("record", po::value<std::string>(), "write the host's accesses for h2vp play to this file");
}

/// Of a folder that a configuration file names.
bool leads_outside(const std::string& folder) {
  const std::filesystem::path path = std::filesystem::path(folder).lexically_normal();
  return path.is_absolute() || (!path.empty() && *path.begin() == "..");
}

/// What several boards, one after another, or other accelerators cannot have.
void require_legal_outputs(const CommandLine& line, const Config& config) {
  if (line.has("resume") && line.has("weights")) {
    throw InputError("--weights: a checkpoint has weights of its own; legal: without --resume");
  }
  const std::string& checkpoints = config.training.checkpoint.dir;
  const bool typed = std::any_of(line.sets.begin(), line.sets.end(), [](const Override& set) {
    return std::string("training.checkpoint.dir").rfind(set.path, 0) == 0;
  });
  if (!typed && !line.has("allow-outside") && leads_outside(checkpoints)) {
    throw InputError(line.config + ": training.checkpoint.dir: " + checkpoints +
                     " lies outside of the working folder; legal: a folder in it, --set or " +
                     "--allow-outside");
  }
  if (config.training.checkpoint.every != 0 && line.has("record")) {
    throw InputError(
        "--record: the card is started anew behind every checkpoint; legal: with "
        "training.checkpoint.every 0");
  }
  const bool parts = config.training.replicas > 1 || config.cluster.cards > 1;
  if (parts && line.has("record")) {
    throw InputError(
        "--record: gradients of several parts are added up outside the host's program; legal: "
        "with training.replicas 1 and cluster.cards 1");
  }
  const bool golden = line.has("golden") || line.has("dump-tensors") || line.has("golden-units");
  if (golden && parts) {
    throw InputError(
        "--golden: the tensors are those of one card and one part; legal: with training.replicas 1 "
        "and cluster.cards 1");
  }
  if (golden && config.training.dynamic_loss_scale) {
    throw InputError(
        "--golden: the tensors have one loss scale; legal: training.loss_scale a number");
  }
}

void require_ranks(const Config& config, const Ranks& ranks) {
  if (ranks.elsewhere.exchange == nullptr || ranks.count == config.cluster.cards) return;
  throw InputError("cluster.cards: " + std::to_string(config.cluster.cards) +
                   ", but mpirun started " + std::to_string(ranks.count) +
                   " ranks; legal: one rank for each card");
}

int train(const CommandLine& line, const Config& config, const Ranks& ranks) {
  require_ranks(config, ranks);
  require_trainable(config);
  require_tiles_fit(config);
  require_legal_outputs(line, config);
  const Interrupt interrupt;
  const LoadedData data = load_data(config.dataset, config.network.input, config.network.timesteps,
                                    config.training.seed);
  require_fits(data, config.network, config.dataset.coding);
  require_shares(config, data.train);
  if (!line.quiet) {
    for (const Dataset* set : {&data.train, &data.test}) {
      for (const std::string& remark : set->remarks) std::cout << "data: " << remark << '\n';
    }
  }
  const ResultFolder folder(line, ranks.elsewhere.card == 0 ? make_output_folder(line, config)
                                                            : shared_output_folder(line, config));
  TrainingRun run(line, config, data, folder);
  run.elsewhere = ranks.elsewhere;
  if (ranks.count > 1) ranks.require_same(run.digest());
  if (line.has("resume")) {
    run.resume(line.get<std::string>("resume"));
  } else {
    run.start(start_weights(config, line.get<std::string>("weights")));
  }
  run.wall.input_seconds = processor_seconds();
  std::unique_ptr<GoldenWriter> golden;
  std::unique_ptr<TransactionRecorder> recorder;
  run.on_board = [&](TrainingBoard& board) {
    if (golden == nullptr) {
      golden = make_golden(line, config, run_info(config, board.platform), folder.path(),
                           epoch_sub_batches(config.training, data.train.size()) *
                               static_cast<std::uint64_t>(config.training.epochs));
    }
    if (golden != nullptr) connect(*golden, board.training, board.platform, run.record());
    if (recorder == nullptr) recorder = make_recorder(line, board.platform.host);
  };
  run.on_end = [&] {
    keep_going(run.record(), "--golden", [&] {
      if (golden != nullptr) golden->close();
    });
    keep_going(run.record(), "--record", [&] {
      if (recorder != nullptr) recorder->close();
    });
  };
  return run();
}

int run_train(const CommandLine& line) {
  const Config config = load_config(line.config, line.sets);
  if (line.has("dry-run")) {
    require_training_accelerator(config);
    return print_dry_run(config);
  }
  if (config.accelerator == AcceleratorKind::spinaps) return train_spinaps(line, config);
  if (!line.has("mpi")) return train(line, config, {});
  return run_with_mpi([&](const Ranks& ranks) {
    CommandLine own = line;
    own.quiet = line.quiet || ranks.elsewhere.card != 0;
    return train(own, config, ranks);
  });
}

}  // namespace

const Subcommand kTrainCommand{
    "train", "train the network through the platform; writes summary.json and a waveform",
    run_train, train_options};

}  // namespace h2
