// SPDX-License-Identifier: Apache-2.0
#include "platform/host/learning_warnings.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

namespace h2 {
namespace {

constexpr std::size_t kJudgedGroups = 25;  // at the end, whose mean loss is compared
constexpr double kBelowChance = 0.99;      // of the loss of chance: anything above is none

bool all_zero(const Density& d) { return d.elements != 0 && d.nonzeros == 0; }

/// Densities of a layer; without elements where none were counted.
LayerDensities densities_of(const RunRecord& record, std::size_t layer) {
  const auto found = record.densities.find(static_cast<int>(layer));
  return found == record.densities.end() ? LayerDensities{} : found->second;
}

void add_silent_layer(const Network& network, const RunRecord& record, std::vector<Warning>& to) {
  for (std::size_t l = 0; l < network.layers.size(); ++l) {
    if (!all_zero(densities_of(record, l).spikes)) continue;
    const std::string which =
        l == 0 ? "no layer fires" : "no layer after " + network.layers[l - 1].name + " fires";
    to.push_back({"learning", which + ": raise training.init_gain or lower neuron.th_f",
                  network.layers[l].name});
    return;
  }
}

void add_zero_gradients(const Network& network, const RunRecord& record, std::vector<Warning>& to) {
  std::string names;
  std::size_t highest = 0;
  for (std::size_t l = 0; l < network.layers.size(); ++l) {
    if (!all_zero(densities_of(record, l).gradient)) continue;
    names += (names.empty() ? "" : ", ") + network.layers[l].name;
    highest = l;
  }
  if (names.empty()) return;
  const bool closed = all_zero(densities_of(record, highest).mask);
  to.push_back({"learning",
                "all gradients of " + names + " are zero: " +
                    (closed ? "no potential of " + network.layers[highest].name +
                                  " lies between neuron.th_l and neuron.th_r"
                            : std::string("raise training.loss_scale")),
                network.layers[highest].name});
}

void add_loss_of_chance(const Config& config, const RunRecord& record, std::vector<Warning>& to) {
  if (record.loss.size() < 2 * kJudgedGroups) return;
  const double mean = std::accumulate(record.loss.end() - kJudgedGroups, record.loss.end(), 0.0) /
                      static_cast<double>(kJudgedGroups);
  const double chance = chance_loss(config.training.loss, config.network.layers.back().cout);
  if (mean < kBelowChance * chance) return;
  char text[160];
  std::snprintf(text, sizeof text,
                "the mean loss of the last %zu batch groups, %.4f, is that of chance, %.4f: the "
                "network has not learnt",
                kJudgedGroups, mean, chance);
  to.push_back({"learning", text, "training"});
}

}  // namespace

double chance_loss(LossKind loss, int classes) {
  const double k = classes;
  // Equal rates r of all classes cost ((1-r)^2 + (k-1) r^2) / k, at best with r = 1/k.
  return loss == LossKind::mse ? (k - 1) / (k * k) : std::log(k);
}

std::vector<Warning> learning_warnings(const Config& config, const RunRecord& record) {
  std::vector<Warning> found;
  add_silent_layer(config.network, record, found);
  if (record.loss.empty() || record.inference) return found;
  add_zero_gradients(config.network, record, found);
  add_loss_of_chance(config, record, found);
  return found;
}

}  // namespace h2
