// SPDX-License-Identifier: Apache-2.0
#include <chrono>

#include "modules/base/error.h"
#include "modules/spinalflow/spine_file.h"
#include "platform/cli/commands.h"
#include "platform/cli/interrupt.h"
#include "platform/cli/outputs.h"
#include "platform/cli/progress.h"
#include "platform/cli/summary_run.h"
#include "platform/data/dataset.h"
#include "platform/data/weights.h"
#include "platform/host/sample_feed.h"
#include "platform/host/spinal_inference.h"

namespace h2 {
namespace {

void infer_spikes_options(boost::program_options::options_description_easy_init add) {
  add_trace_options(add);
  namespace po = boost::program_options;
  add("weights", po::value<std::string>(),
      "<layer>.w.npy of a training in this folder (default: initial weights)");
  add("from", po::value<std::string>(), "first layer that the card runs, as conv2");
  add("to", po::value<std::string>(), "last layer that the card runs (default: the last)");
  add("spikes", po::value<std::string>(),
      "its input: spike lists (h2vp convert) or .npy (default: the test set)");
  add("write-spikes", po::value<std::string>(),
      "write the spikes of every layer to <layer>.s.npy in this folder");
}

int layer_named(const Config& config, const char* option, const std::string& name) {
  std::string legal;
  for (std::size_t l = 0; l < config.network.layers.size(); ++l) {
    if (config.network.layers[l].name == name) return static_cast<int>(l);
    legal += (l == 0 ? "" : ", ") + config.network.layers[l].name;
  }
  throw InputError(std::string("--") + option + " " + name + ": no such layer; legal: " + legal);
}

/// Layers [first, end) of the network that the card runs.
struct Part {
  int first = 0, end = 0;
};

Part part_of(const CommandLine& line, const Config& config) {
  Part part{0, static_cast<int>(config.network.layers.size())};
  if (line.has("from")) {
    part.first = layer_named(config, "from", line.get<std::string>("from"));
  }
  if (line.has("to")) part.end = layer_named(config, "to", line.get<std::string>("to")) + 1;
  if (part.first < part.end) return part;
  throw InputError("--to " + line.get<std::string>("to") + ": lies before --from " +
                   line.get<std::string>("from"));
}

/// The map that a layer reads: of a fully connected one the map below it.
SpineShape input_shape(const Config& config, int first) {
  const Layer& l = config.network.layers[first];
  const int ticks = config.network.timesteps;
  if (l.kind == LayerKind::conv || first == 0) return {l.in_h, l.in_w, l.cin, ticks};
  const Layer& below = config.network.layers[first - 1];
  return {below.next_h, below.next_w, below.cout, ticks};
}

std::string text_of(const SpineShape& s) {
  return std::to_string(s.channels) + " channels of " + std::to_string(s.height) + " x " +
         std::to_string(s.width) + ", " + std::to_string(s.ticks) + " ticks";
}

std::vector<SpineMap> spikes_of_file(const std::string& path, const SpineShape& wanted) {
  const bool npy = path.size() > 4 && path.compare(path.size() - 4, 4, ".npy") == 0;
  std::vector<SpineMap> maps = npy ? read_spikes(path) : read_spines(path);
  const SpineShape& s = maps.front().shape;
  if (s.height != wanted.height || s.width != wanted.width || s.channels != wanted.channels ||
      s.ticks != wanted.ticks) {
    throw InputError(path + ": has " + text_of(s) + "; the layer reads " + text_of(wanted));
  }
  return maps;
}

void take_test_set(const Config& config, const SpineShape& shape, SpinalInference::Input& input) {
  const LoadedData data = load_data(config.dataset, config.network.input, config.network.timesteps,
                                    config.training.seed);
  require_fits(data, config.network, config.dataset.coding);
  SampleFeed feed(config);
  for (std::size_t i = 0; i < data.test.size(); ++i) {
    SpineMap map(shape);
    const std::uint8_t* value = feed.take(data.test, {i, 0, true}, 0);
    for (int t = 0; t < shape.ticks; ++t) {
      for (int c = 0; c < shape.channels; ++c) {
        for (int p = 0; p < shape.positions(); ++p, ++value) {
          if (*value == 0) continue;
          map.spines[p].push_back({shape.neuron(p, c), static_cast<std::uint8_t>(t)});
        }
      }
    }
    input.spikes.push_back(std::move(map));
    input.labels.push_back(static_cast<std::uint32_t>(data.test.label(i)));
  }
}

SpinalInference::Input read_input(const CommandLine& line, const Config& config, const Part& part) {
  SpinalInference::Input input;
  input.first = part.first;
  const SpineShape shape = input_shape(config, input.first);
  if (line.has("spikes")) {
    input.spikes = spikes_of_file(line.get<std::string>("spikes"), shape);
  } else if (input.first != 0) {
    throw InputError("--from " + config.network.layers[input.first].name +
                     ": needs --spikes, what the layer below it hands on");
  } else {
    take_test_set(config, shape, input);
    // Classes are those of the last layer.
    if (part.end != static_cast<int>(config.network.layers.size())) input.labels.clear();
  }
  return input;
}

std::vector<std::vector<float>> weights_of(const CommandLine& line, const Config& config) {
  if (line.has("weights")) return load_weights(line.get<std::string>("weights"), config.network);
  std::vector<std::vector<float>> weights;
  for (std::size_t l = 0; l < config.network.layers.size(); ++l) {
    weights.push_back(initial_weights(config.network.layers[l], config.training.init_gain,
                                      config.training.seed, static_cast<int>(l)));
  }
  return weights;
}

void write_outputs(const std::string& folder, const Config& config, int first,
                   const std::vector<std::vector<SpineMap>>& outputs) {
  std::filesystem::create_directories(folder);
  for (std::size_t l = 0; l < outputs.size(); ++l) {
    const std::string& name = config.network.layers[first + l].name;
    if (!outputs[l].empty()) {
      write_spikes((std::filesystem::path(folder) / (name + ".s.npy")).string(), outputs[l]);
    }
  }
}

/// `out/<configuration>-spikes`: the folder of the training keeps its results.
std::filesystem::path folder_of(CommandLine line, const Config& config) {
  namespace fs = std::filesystem;
  if (line.out.empty()) line.out = (fs::path("out") / (config.name + "-spikes")).string();
  fs::path out = make_output_folder(line, config);
  std::error_code error;
  if (!fs::equivalent(line.get<std::string>("weights"), out / "weights", error)) return out;
  throw InputError("--out " + out.string() +
                   ": holds the weights that are to be read; legal: another folder");
}

int run_infer_spikes(const CommandLine& line) {
  const Config config = load_config(line.config, line.sets);
  if (config.accelerator != AcceleratorKind::spinalflow) {
    throw InputError(
        line.config +
        ": accelerator: h2vp infer-spikes runs on spinalflow; others infer in `h2vp train`");
  }
  if (!config.has_network) {
    throw InputError(line.config + ": network.layers: missing; an inference needs a network");
  }
  const auto begin = std::chrono::steady_clock::now();
  // Refuses what the card cannot run before any data are read.
  const Part part = part_of(line, config);
  const SpinalNetwork network =
      spinal_network(config, part.first, part.end, weights_of(line, config));
  const SpinalInference::Input input = read_input(line, config, part);
  WallClock wall;
  wall.input_seconds = processor_seconds();
  const ResultFolder folder(line, folder_of(line, config));
  const std::unique_ptr<Trace> trace = make_trace(line, config, folder.path());
  RunRecord record;
  Platform::Options options;
  options.threads = line.threads;
  Platform platform("top", config, options, *trace);
  SpinalInference inference(config, network, input, platform, record);
  inference.keep_outputs = line.has("write-spikes");
  Progress progress(line.quiet, config.machine.clock_mhz);
  inference.on_progress = [&](const Training::Status& s) { progress.show(s, platform.cycle()); };
  const Interrupt interrupt;
  inference.stop = Interrupt::requested;
  platform.host.program = [&](HostCpu& host) { inference(host); };
  const auto write = [&] {
    if (!inference.keep_outputs) return;
    write_outputs(line.get<std::string>("write-spikes"), config, part.first, inference.outputs);
  };
  return run_to_summary({line, config, folder, platform, *trace, progress, record, begin}, wall,
                        write);
}

}  // namespace

const Subcommand kInferSpikesCommand{
    "infer-spikes", "run a trained network on SpinalFlow; writes summary.json and a waveform",
    run_infer_spikes, infer_spikes_options};

}  // namespace h2
