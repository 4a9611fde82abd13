// SPDX-License-Identifier: Apache-2.0
// The multi-core trainer: energy per operation in several readings, DRAM traffic against a list of
// GPU kernels, and training on 1 to 20 cores.

#include <fstream>

#include "modules/base/error.h"
#include "modules/multicore/mapper.h"
#include "modules/multicore/published_constants.h"
#include "modules/multicore/traffic.h"
#include "platform/experiment/experiment.h"

namespace h2 {
namespace {

using Json = nlohmann::ordered_json;

std::vector<Override> on_cores(int count, int columns, std::vector<Override> sets = {}) {
  sets.push_back({"accelerator", "multicore"});
  sets.push_back({"cores.count", std::to_string(count)});
  sets.push_back({"cores.columns", std::to_string(columns)});
  sets.push_back({"trace.vcd.enable", "false"});
  return sets;
}

Json statistics_of(const RunOutcome& outcome) {
  std::ifstream in(outcome.folder + "/stats.json");
  const Json stats = Json::parse(in, nullptr, false);
  if (!stats.is_object() || !stats.contains("items")) {
    throw RunError(outcome.folder + "/stats.json: no statistics");
  }
  return stats["items"];
}

/// Bytes that all memories moved of one tensor.
double moved(const Json& items, const std::string& tensor) {
  double sum = 0;
  for (const char* memory : {"mem0", "mem1", "mem2"}) {
    for (const char* way : {"read", "write"}) {
      const std::string path = std::string("memory.") + memory + "." + way + "_bytes." + tensor;
      if (items.contains(path)) sum += items[path]["value"].get<double>();
    }
  }
  return sum;
}

/// One profiled step of the CIFAR10 network on 20 cores.
struct Step {
  double samples = 0, neuron_steps = 0, synapse_steps = 0;  ///< of the run
  std::vector<std::pair<std::string, double>> bytes;        ///< by tensor
  double of_neurons = 0;                                    ///< bytes
  double of_weights = 0;  ///< bytes of weights, their gradients and masters in a sub-batch
};

Step profiled_step(const RunOutcome& outcome) {
  Step step;
  const Json items = statistics_of(outcome);
  const Network& network = outcome.config.network;
  step.samples = items["run.samples"]["value"].get<double>();
  for (const Layer& l : network.layers) {
    const double maps = step.samples * network.timesteps;
    step.neuron_steps += maps * l.cout * l.soma_h * l.soma_w;
    step.synapse_steps += maps * static_cast<double>(l.macs());
  }
  for (const char* tensor :
       {"spike", "mask", "potential", "gradient", "input", "weight", "weight_gradient", "master"}) {
    const double bytes = moved(items, tensor);
    step.bytes.emplace_back(tensor, bytes);
    const std::string name = tensor;
    if (name == "spike" || name == "mask" || name == "potential" || name == "gradient") {
      step.of_neurons += bytes;
    } else if (name != "input") {
      step.of_weights += bytes / items["run.sub_batches"]["value"].get<double>();
    }
  }
  return step;
}

void add_readings(ExperimentResult& r, const Step& step) {
  const CoreCosts costs;
  const double per_synapse = step.of_neurons / step.synapse_steps;
  const double alone = synapse_energy(costs, CoreReading::arithmetic);
  const double sums = synapse_energy(costs, CoreReading::sums);
  const double dram = synapse_energy(costs, CoreReading::dram, per_synapse);
  // Weights are moved once for all samples of a sub-batch.
  const double synapses = step.synapse_steps / step.samples;  // of a sample
  const auto with_weights = [&](double samples) {
    return synapse_energy(costs, CoreReading::dram,
                          per_synapse + step.of_weights / samples / synapses);
  };
  constexpr double kPublished = 0.73;
  const double left_pj = 6 / kPublished - dram;
  const double sharing = 8 * costs.dram_bit * step.of_weights / synapses / left_pj;
  TextTable table{"Energy of a synapse and timestep in three passes, published 32 nm constants",
                  {"what is counted", "pJ", "TFLOPS/W"},
                  {}};
  const auto add = [&](const char* what, double energy) {
    table.rows.push_back({what, text_of("%.3f", energy), text_of("%.2f", tflops_per_watt(energy))});
  };
  add("additions and products", alone);
  add("and sums: a register per operation, SRAM every 9 taps", sums);
  add("and DRAM: tensors of neurons, as the memories moved them", dram);
  for (const double samples : {2.0, 8.0, 32.0}) {
    add(text_of("and DRAM: all tensors, weights moved once for %.0f samples", samples).c_str(),
        with_weights(samples));
  }
  r.tables.push_back(std::move(table));
  const double low = tflops_per_watt(sums), high = tflops_per_watt(alone);
  r.claims.push_back(claim("TFLOPS/W, arithmetic and sums in SRAM, without DRAM and mesh", 1.05,
                           "%.2f", low, within(low / 1.05, kCostTolerance),
                           text_of("arithmetic alone gives %.2f, ", high) +
                               text_of("with DRAM it is %.2f", tflops_per_watt(dram))));
  r.claims.push_back(claim_within("TFLOPS/W with DRAM", kPublished, "%.2f", tflops_per_watt(dram),
                                  kCostTolerance,
                                  "tensors of neurons alone; with weights moved once for " +
                                      text_of("%.0f samples it is the published number", sharing)));
}

void add_traffic(ExperimentResult& r, const Step& step) {
  const double own = step.of_neurons / step.neuron_steps;
  TextTable table{
      "Bytes per neuron and timestep", {"machine", "bytes", "the 20 cores need less by"}, {}};
  table.rows.push_back(
      {"20 cores, spikes, masks, u, grad-u as the memories moved them", text_of("%.2f", own), ""});
  double savings[2];
  for (const bool fused : {true, false}) {
    const double gpu = gpu_bytes(fused);
    savings[fused ? 0 : 1] = 100 * (1 - own / gpu);
    table.rows.push_back({fused ? "GPU, FP16, one kernel per direction for the neuron"
                                : "GPU, FP16, one kernel per operation",
                          text_of("%.0f", gpu), text_of("%.0f %%", 100 * (1 - own / gpu))});
  }
  r.tables.push_back(std::move(table));
  for (const bool fused : {true, false}) {
    TextTable kernels{fused ? "GPU kernels, fused" : "GPU kernels, one per operation",
                      {"kernel", "bytes read", "bytes written"},
                      {}};
    for (const GpuKernel& k : gpu_kernels(fused)) {
      kernels.rows.push_back(
          {k.name, text_of("%.0f", k.read_bytes), text_of("%.0f", k.written_bytes)});
    }
    r.tables.push_back(std::move(kernels));
  }
  TextTable tensors{"Bytes that the memories moved, per sample", {"tensor", "bytes"}, {}};
  for (const auto& [tensor, bytes] : step.bytes) {
    tensors.rows.push_back({tensor, text_of("%.0f", bytes / step.samples)});
  }
  r.tables.push_back(std::move(tensors));
  const bool overlap = savings[1] >= 55 && savings[0] <= 85;
  r.claims.push_back({"less DRAM traffic than a GPU", "55 to 85 %",
                      text_of("%.0f", savings[0]) + text_of(" to %.0f %%", savings[1]),
                      std::nullopt, label(overlap),
                      "fused kernels to one per operation, FP16; caches of the GPU are left out"});
}

void add_mapping(ExperimentResult& r, const Config& config) {
  const Mapping mapping = map_layers(config.multicore, config.network);
  const MappingLoad load = load_of(config.multicore, mapping, config.network);
  const TrafficBytes bytes = arriving(streams_of(mapping, config.network));
  r.claims.push_back(claim("cycles per sample of the busiest core, CIFAR10, T = 10", 368640, "%.0f",
                           static_cast<double>(load.forward.slowest),
                           load.forward.slowest == 368640 ? Evidence::identity : Evidence::refuted,
                           "1024 lanes; conv4 cut for 4 cores"));
  TextTable table{"20 cores, CIFAR10, plain mapping", {"what", "value"}, {}};
  table.rows.push_back({"balance, mean over busiest", text_of("%.3f", load.forward.balance)});
  table.rows.push_back(
      {"spikes between cores per sample, MB", text_of("%.3f", bytes.spikes / 1e6)});
  table.rows.push_back(
      {"grad-u between cores per sample, MB", text_of("%.3f", bytes.gradients / 1e6)});
  r.tables.push_back(std::move(table));
}

/// Both ways to share the cores, and what a profiled group takes with each.
void add_balance(ExperimentResult& r, const std::vector<RunOutcome>& outcomes) {
  TextTable table{"20 cores, CIFAR10, cores.mapping",
                  {"mapping", "forward, busiest core", "balance", "backward, busiest core",
                   "balance", "cycles per sub-batch"},
                  {}};
  for (const RunOutcome& o : outcomes) {
    const MulticoreSpec& spec = o.config.multicore;
    const MappingLoad load = load_of(spec, map_layers(spec, o.config.network), o.config.network);
    table.rows.push_back(
        {spec.mapping.front(), text_of("%.0f", static_cast<double>(load.forward.slowest)),
         text_of("%.3f", load.forward.balance),
         text_of("%.0f", static_cast<double>(load.backward.slowest)),
         text_of("%.3f", load.backward.balance),
         text_of("%.0f", o.summary["time"]["cycles_per_sub_batch"].get<double>())});
  }
  r.tables.push_back(std::move(table));
}

void add_training(ExperimentResult& r, const RunAll& runs) {
  const std::vector<Override> few{
      {"dataset.train_limit", "96"}, {"dataset.test_limit", "8"}, {"trace.vcd.enable", "false"}};
  const std::vector<RunOutcome> outcomes =
      runs({{"quickstart.yaml", few, "train"},
            {"quickstart.yaml", on_cores(1, 1, few), "train"},
            {"quickstart.yaml", on_cores(4, 2, few), "train"},
            {"quickstart.yaml", on_cores(20, 5, few), "train"}});
  TextTable table{"Training the quickstart's network, 96 digits",
                  {"machine", "cycles per sub-batch", "speed-up over one core", "weights"},
                  {}};
  const auto cycles = [](const RunOutcome& o) {
    return o.summary["time"]["cycles_per_sub_batch"].get<double>();
  };
  const auto hash = [](const RunOutcome& o) {
    return o.summary["result"]["weights_sha256"].get<std::string>();
  };
  const char* const names[] = {"H2Learn", "1 core", "4 cores", "20 cores"};
  bool same = true;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    same = same && hash(outcomes[i]) == hash(outcomes[0]);
    table.rows.push_back({names[i], text_of("%.0f", cycles(outcomes[i])),
                          text_of("%.2f", cycles(outcomes[1]) / cycles(outcomes[i])),
                          hash(outcomes[i]).substr(0, 12)});
  }
  r.tables.push_back(std::move(table));
  r.claims.push_back({"training on 20 cores", "shown on FPGA",
                      same ? "same weights as one core and as H2Learn" : "other weights",
                      std::nullopt, label(same),
                      "no figure is published to compare the speed with"});
}

}  // namespace

ExperimentResult multicore_experiment(const RunAll& runs) {
  ExperimentResult r{"multicore", "Multi-core trainer: energy, DRAM traffic, 20 cores", {}, {}, {},
                     {}};
  r.assumptions = {
      "The paper here is that of the multi-core trainer. Sizes, clock and mesh are assumed "
      "(configs/multicore.yaml); constants of 32 nm are those of its authors' energy tool, whose "
      "accounting leaves out DRAM and mesh.",
      "A synapse and timestep in forward pass, backward pass and weight gradient counts as six "
      "floating-point operations, whether a spike or a zero comes in.",
      "CIFAR10: one profiled group of the shipped network on 20 cores with drawn masks; bytes are "
      "those of the memories' counters.",
      "Labels: identity if equal to the last digit; TFLOPS/W within 20 % is a mechanism; traffic "
      "if "
      "the two lists of kernels bracket part of the published band."};
  const auto profiled = [](const char* mapping) {
    return on_cores(20, 5,
                    {{"training.sub_batch", "2"},
                     {"training.batch_group", "2"},
                     {"profile.sub_batches", "2"},
                     {"cores.mapping", mapping}});
  };
  const std::vector<RunOutcome> outcomes =
      runs({{"cifar10.yaml", profiled("[auto]"), "profile"},
            {"cifar10.yaml", profiled("[balanced]"), "profile"}});
  const RunOutcome& outcome = outcomes.front();
  const Step step = profiled_step(outcome);
  add_mapping(r, outcome.config);
  add_balance(r, outcomes);
  add_readings(r, step);
  add_traffic(r, step);
  add_training(r, runs);
  return r;
}

}  // namespace h2
