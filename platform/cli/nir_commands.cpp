// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "modules/base/error.h"
#include "modules/base/result_file.h"
#include "modules/network/extensions.h"
#include "modules/network/network_json.h"
#include "modules/tensor/npy.h"
#include "platform/cli/commands.h"
#include "platform/data/weights.h"
#include "platform/nir/nir.h"

namespace h2 {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

double parse_dt(const CommandLine& line) {
  const double dt = line.get<double>("dt", NirOptions{}.dt);
  if (dt > 0 && dt <= 1000) return dt;
  throw InputError("--dt: " + std::to_string(dt) + "; legal: above 0, at most 1000 seconds");
}

/// Does the machine need `machine.extensions` for it?
bool extended(const Network& network) {
  return std::any_of(network.layers.begin(), network.layers.end(),
                     [](const Layer& l) { return !extensions_of(l).empty(); });
}

std::string yaml_of(const std::string& source, const NirImport& network, int timesteps, double dt,
                    bool extensions) {
  std::ostringstream out;
  out.precision(9);
  out << "# " << fs::path(source).filename().string() << ", read by h2vp import with dt = " << dt
      << " s: u' = alpha u + i,\n# alpha = 1 - dt/tau, a spike at u >= th_f, which resets u to 0.\n"
      << (extensions ? "machine: {extensions: true}\n" : "")  // a JSON text is YAML
      << "network:\n  layers: " << json_of(network.layers).dump()
      << "\n  input: {channels: " << network.input.channels << ", height: " << network.input.height
      << ", width: " << network.input.width << "}\n  timesteps: " << timesteps
      << "\n  pool: " << (network.pool == PoolMode::before_soma ? "before_soma" : "after_soma")
      << "\nneuron: {alpha: " << network.neuron.alpha << ", th_f: " << network.neuron.th_f
      << ", th_l: " << network.neuron.th_l << ", th_r: " << network.neuron.th_r << "}\n";
  return out.str();
}

void write_weights(const std::string& folder, const Network& network, const NirImport& imported) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw RunError(folder + ": cannot be made: " + error.message());
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const Layer& layer = network.layers[i];
    write_npy((fs::path(folder) / (layer.name + ".w.npy")).string(), NpyType::float32,
              weight_shape(layer), imported.weights[i].data());
    if (!layer.bias) continue;
    write_npy((fs::path(folder) / (layer.name + ".b.npy")).string(), NpyType::float32,
              {imported.biases[i].size()}, imported.biases[i].data());
  }
}

void import_options(po::options_description_easy_init add) {
  add("weights", po::value<std::string>(),
      "write <layer>.w.npy (and .b.npy) of every layer to this folder");
  add("timesteps", po::value<int>(), "network.timesteps, 10 by default");
  add("dt", po::value<double>(), "timestep of the graph in seconds, 1e-4 by default");
  add("encoding", "the first layer reads static 8-bit pixels");
}

int run_import(const CommandLine& line) {
  if (line.files.size() != 1 || line.out.empty() || !line.has("weights")) {
    throw InputError(
        "import: legal: h2vp import MODEL.nir --out NETWORK.yaml --weights DIR [--timesteps N] "
        "[--dt SECONDS] [--encoding]");
  }
  NirOptions options;
  options.dt = parse_dt(line);
  options.timesteps = line.get<int>("timesteps", options.timesteps);
  options.encoding = line.has("encoding");
  if (options.timesteps < 1 || options.timesteps > 1024) {
    throw InputError("--timesteps: " + std::to_string(options.timesteps) + "; legal: 1..1024");
  }
  const std::string& source = line.files.front();
  const NirImport imported = import_nir(source, options);
  const Network network = build_network(imported.layers, imported.input, options.timesteps,
                                        imported.pool, imported.neuron);
  write_weights(line.get<std::string>("weights"), network, imported);
  write_result(line.out,
               yaml_of(source, imported, options.timesteps, options.dt, extended(network)));
  if (line.quiet) return 0;
  for (const std::string& remark : imported.remarks) std::cout << remark << '\n';
  std::cout << json_of(imported.layers).dump() << "   alpha " << imported.neuron.alpha
            << "   threshold " << imported.neuron.th_f << "\nwrote " << line.out << '\n';
  return 0;
}

void export_options(po::options_description_easy_init add) {
  add("weights", po::value<std::string>(),
      "<layer>.w.npy (and .b.npy) of every layer in this folder");
  add("dt", po::value<double>(), "timestep of the graph in seconds, 1e-4 by default");
}

int run_export(const CommandLine& line) {
  if (line.out.empty() || !line.has("weights")) {
    throw InputError(
        "export: legal: h2vp export CONFIG.yaml --weights DIR --out MODEL.nir [--dt S]");
  }
  const Config config = load_config(line.config, line.sets);
  if (!config.has_network) throw InputError("network.layers: no network given to export");
  export_nir(line.out, config.network,
             load_weights(line.get<std::string>("weights"), config.network), parse_dt(line));
  if (!line.quiet) std::cout << "wrote " << line.out << '\n';
  return 0;
}

}  // namespace

const Subcommand kImportCommand{
    "import",
    "read network and weights from a NIR file; writes a configuration and <layer>.w.npy",
    run_import,
    import_options,
    ConfigFile::none,
    "MODEL.nir"};
const Subcommand kExportCommand{"export", "write network and weights as a NIR file", run_export,
                                export_options};

}  // namespace h2
