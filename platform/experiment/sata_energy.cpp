// SPDX-License-Identifier: Apache-2.0
// SATA: its published ratios from the energy tool's model, the tool's words counted by the machine,
// and the same ratios from networks trained here.

#include <cmath>
#include <map>

#include "modules/sata/cycles.h"
#include "modules/sata/published_energy.h"
#include "platform/experiment/experiment.h"
#include "platform/experiment/sata_training.h"

namespace h2 {
namespace {

constexpr int kSataSteps = 8;
constexpr double kFitted = 0.2;    ///< density of grad-u
constexpr double kReached = 0.05;  ///< of a ratio that counts as reached

/// The tool's network, with the same shapes as on the machine.
std::vector<Override> vgg5() {
  return {{"network.layers", "64C3(Encoding)-AP2-128C3-128C3-AP2-1024FC-10FC"},
          {"network.input.channels", "3"},
          {"network.input.height", "32"},
          {"network.input.width", "32"},
          {"network.timesteps", "8"},
          {"training.sub_batch", "1"},
          {"training.batch_group", "1"},
          {"profile.sub_batches", "1"}};
}

std::vector<Layer> vgg5_layers() {
  return parse_network(vgg5().front().value, {3, 32, 32}, kSataSteps, PoolMode::after_soma).layers;
}

SataDensities densities(double gradients) {
  return {{0.565, 0.142, 0.084, 0.016, 0.016}, gradients, 0.4};
}

const SataDensities kDense{{1, 1, 1, 1, 1}, 1, 1};

/// Reached within kReached: `how`.
Claim ratio_claim(const char* what, double paper, double platform, Evidence how,
                  const std::string& note) {
  const bool reached = std::abs(platform / paper - 1) <= kReached;
  return claim(what, paper, "%.2f", platform, reached ? how : Evidence::refuted, note);
}

double spiking_total(const SataDensities& d, int steps, int samples = 1) {
  return spiking_energy(vgg5_layers(), steps, d, SataCosts{}, samples).total();
}

void add_sparsity(ExperimentResult& r) {
  const std::vector<Layer> layers = vgg5_layers();
  const double dense = spiking_energy(layers, kSataSteps, kDense, SataCosts{}).compute;
  TextTable table{"Computation, gates off to on, by density of grad-u",
                  {"density of grad-u", "gain", "gain / 5.58"},
                  {}};
  Plot plot{"sata_sparsity",
            "Computation, gates off to on (published: 5.58)",
            "density of grad-u",
            "gain",
            {},
            {{"VGG5, T = 8", {}}},
            false};
  std::map<double, double> gains;
  for (const double density : {0.05, 0.1, 0.15, kFitted, 0.25, 0.3, 0.4}) {
    const double gain =
        dense / spiking_energy(layers, kSataSteps, densities(density), SataCosts{}).compute;
    table.rows.push_back(
        {text_of("%.2f", density), text_of("%.2f", gain), text_of("%.2f", gain / 5.58)});
    plot.x.push_back(text_of("%.2f", density));
    plot.series[0].values.push_back(gain);
    gains[density] = gain;
  }
  r.claims.push_back(
      ratio_claim("computation, gates off to on", 5.58, gains[kFitted], Evidence::fitted,
                  "the density of grad-u is not published; 0.2 meets the number, " +
                      text_of("0.1 gives %.2f, ", gains[0.1]) + text_of("0.3 %.2f", gains[0.3])));
  r.tables.push_back(std::move(table));
  r.plots.push_back(std::move(plot));
}

void add_relu(ExperimentResult& r) {
  const std::vector<Layer> layers = vgg5_layers();
  const PublishedEnergy relu = relu_energy(layers, SataCosts{});
  const PublishedEnergy dense = spiking_energy(layers, kSataSteps, kDense, SataCosts{});
  const double on = spiking_total(densities(kFitted), kSataSteps) / relu.total();
  const std::string range =
      text_of("uses the fit: %.2f", spiking_total(densities(0.1), kSataSteps) / relu.total()) +
      text_of(" to %.2f at densities 0.1 to 0.3",
              spiking_total(densities(0.3), kSataSteps) / relu.total());
  r.claims.push_back(
      ratio_claim("spiking to ReLU training, gates on", 1.27, on, Evidence::fitted, range));
  const char* quoted = "number as readers of the paper quote it";
  r.claims.push_back(ratio_claim("spiking to ReLU training, gates off", 1.35,
                                 dense.total() / relu.total(), Evidence::mechanism, quoted));
  r.claims.push_back(ratio_claim("the same, computation", 3.28, dense.compute / relu.compute,
                                 Evidence::mechanism, quoted));
  r.claims.push_back(ratio_claim("the same, memory", 1.28, dense.memory / relu.memory,
                                 Evidence::mechanism, quoted));
  const double shared = spiking_total(densities(kFitted), kSataSteps, 32) /
                        relu_energy(layers, SataCosts{}, 32).total();
  r.claims.push_back(ratio_claim(
      "spiking to ReLU training where 32 samples share the weights that DRAM moves", 1.27, shared,
      Evidence::mechanism, "the published ratio holds for single samples only"));
}

void add_timesteps(ExperimentResult& r) {
  const double relu = relu_energy(vgg5_layers(), SataCosts{}).total();
  TextTable table{"Spiking to ReLU training by timesteps", {"T", "gates on", "gates off"}, {}};
  Plot plot{"sata_timesteps",
            "Spiking to ReLU training, VGG5",
            "timesteps",
            "ratio of energies",
            {},
            {{"gates on", {}}, {"gates off", {}}},
            false};
  for (const int steps : {1, 2, 4, 6, 8, 10, 12}) {
    const double on = spiking_total(densities(kFitted), steps) / relu;
    const double off = spiking_total(kDense, steps) / relu;
    table.rows.push_back({std::to_string(steps), text_of("%.2f", on), text_of("%.2f", off)});
    plot.x.push_back(std::to_string(steps));
    plot.series[0].values.push_back(on);
    plot.series[1].values.push_back(off);
  }
  r.tables.push_back(std::move(table));
  r.plots.push_back(std::move(plot));
}

Claim equal_claim(const std::string& what, double paper, double platform, const std::string& note) {
  return claim(what, paper, "%.0f", platform,
               platform == paper ? Evidence::identity : Evidence::refuted, note);
}

void add_cycles(ExperimentResult& r) {
  SataSpec wide;
  wide.rows = 8;
  wide.cols = 16;
  for (const auto& [array, cycles] : {std::pair<SataSpec, double>{wide, 270295},
                                      std::pair<SataSpec, double>{SataSpec{}, 272687}}) {
    const std::string shape = std::to_string(array.rows) + "x" + std::to_string(array.cols);
    r.claims.push_back(
        equal_claim("cycles of a timestep, 64 channels to 64, 3x3, 30x30, array " + shape, cycles,
                    static_cast<double>(sata_step_cycles(array, 64, 30 * 30, 64 * 9)),
                    "the tool's own report"));
  }
}

/// The tool's network on the simulated machine: its words, and the bytes that really moved.
void add_words(ExperimentResult& r, const RunAll& runs) {
  const RunOutcome outcome = runs({{"sata.yaml", vgg5(), "profile"}}).front();
  struct Row {
    const char *pass, *title;
    double dram, glb;
  };
  for (const Row& row : {Row{"forward", "forward", 9709328, 19418656},
                         Row{"backward", "backward", 1087568, 16081136},
                         Row{"weight_update", "update", 17243520, 156279248}}) {
    const auto count = [&](const char* event) {
      double sum = sata_pass(outcome, row.pass, event);
      if (row.pass == std::string("backward")) sum += sata_pass(outcome, "grad", event);
      return sum;
    };
    const std::string what = std::string(", VGG5, T = 8, ") + row.title;
    r.claims.push_back(equal_claim("words of DRAM" + what, row.dram, count("words_published_dram"),
                                   "counted on the machine"));
    r.claims.push_back(equal_claim("words of buffers" + what, row.glb, count("words_published_glb"),
                                   "counted on the machine"));
  }
  double bytes = 0;
  for (const auto& [name, m] : outcome.summary["memory"].items()) {
    bytes += m["read_bytes"].get<double>() + m["write_bytes"].get<double>();
  }
  const double words = sata_counters(outcome).dram;
  r.claims.push_back({"words that a sub-batch with its update really moved, to the tool's", "1",
                      text_of("%.2f", bytes / 2 / words), bytes / 2 / words, Evidence::refuted,
                      "the tool leaves out weights in backward passes, spikes and gradients in "
                      "updates, the optimiser, and what is read again"});
}

}  // namespace

ExperimentResult sata_energy(const RunAll& runs) {
  ExperimentResult r{"sata", "SATA: energy by sparsity, spiking against ReLU", {}, {}, {}, {}};
  r.assumptions = {
      "The paper here is SATA's (VGG5 on CIFAR10, T = 8, single samples). Ratios come from the "
      "model "
      "of its authors' public energy tool with three faults put right (modules/sata/SATA.md), a "
      "16-bit multiplication with an addition being 0.2779; absolute joules are no claim.",
      "Spike densities by layer: 0.565, 0.142, 0.084, 0.016, 0.016 (the paper's Table VI as quoted "
      "by others; the last layer, which it does not have, as the one before). Surrogate: 0.4, the "
      "tool's default.",
      "Labels: identity if equal to the last digit; a ratio within 5 % of the published one is a "
      "mechanism, or fitted where the density of grad-u takes part, which 5.58 was solved for; "
      "otherwise refuted. Gains of a network trained here count as a mechanism if they are at "
      "least "
      "the published one.",
      "Trained here: the quickstart's network on 2,000 generated digits, spiking (T = 4) and with "
      "ReLU (T = 1, sata.ann), on the same array; counters of the run times the tool's costs."};
  add_sparsity(r);
  add_relu(r);
  add_timesteps(r);
  add_cycles(r);
  add_words(r, runs);
  add_sata_training(r, runs);
  return r;
}

}  // namespace h2
