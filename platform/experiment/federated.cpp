// SPDX-License-Identifier: Apache-2.0
// Five workers that keep their samples and average their weights, beside one that has all samples.

#include "platform/experiment/experiment.h"

namespace h2 {
namespace {

constexpr int kWorkers = 5, kEpochs = 6;

struct Training {
  const char* name;
  std::vector<Override> sets;
};

RunRequest request_of(const Training& training) {
  RunRequest request{"quickstart.yaml", training.sets, "train"};
  const std::vector<Override> common{{"training.epochs", std::to_string(kEpochs)},
                                     {"dataset.train_limit", "3000"},
                                     {"dataset.test_limit", "1000"},
                                     {"trace.vcd.enable", "false"}};
  request.sets.insert(request.sets.end(), common.begin(), common.end());
  return request;
}

std::vector<Override> workers(const char* shards, const char* straggler = "1") {
  return {{"cluster.cards", std::to_string(kWorkers)},
          {"federated.local_epochs", "1"},
          {"federated.shards", shards},
          {"federated.straggler", straggler}};
}

std::vector<std::string> row_of(const Training& training, const RunOutcome& outcome) {
  const auto& s = outcome.summary;
  const double accuracy = s["result"]["test_accuracy"].get<double>();
  const double seconds = s["time"]["seconds"].get<double>();
  if (!s.contains("cluster")) {
    return {training.name,
            text_of("%.1f %%", accuracy * 100),
            "",
            "",
            "",
            text_of("%.2f", seconds * 1e3),
            text_of("%.3f", s["energy"]["total_j"].get<double>())};
  }
  const auto& cluster = s["cluster"];
  const double rounds = cluster["meetings"].get<double>();
  const double meeting =
      cluster["link_seconds"].get<double>() + cluster["memory_seconds"].get<double>();
  return {training.name,
          text_of("%.1f %%", accuracy * 100),
          text_of("%.3f", cluster["sent_bytes"].get<double>() / rounds / 1e6),
          text_of("%.3f", meeting / rounds * 1e3),
          text_of("%.3f", seconds / rounds * 1e3),
          text_of("%.2f", seconds * 1e3),
          text_of("%.3f", cluster["all_cards"]["energy_j"].get<double>())};
}

}  // namespace

ExperimentResult federated(const RunAll& runs) {
  ExperimentResult r{"federated", "Federated learning: five workers beside one", {}, {}, {}, {}};
  r.assumptions = {
      "The quickstart's network, 3,000 generated digits, 6 epochs; 1,000 other digits test. Five "
      "cards train one epoch each on samples of their own and average their FP32 weights, six "
      "times (decision 0059). iid: even parts of a random order; two_label: two labels each.",
      "A round makes a fifth of the updates of one card's epoch, so that five cards need more "
      "rounds.",
      "Links of a server that all cards share: cluster.bandwidth_gbps and cluster.latency_us are "
      "assumed. One straggler takes twice the time of the others."};
  const std::vector<Training> trainings{{"one card, all samples", {}},
                                        {"five cards, iid", workers("iid")},
                                        {"five cards, iid, a straggler", workers("iid", "2")},
                                        {"five cards, two_label", workers("two_label")}};
  std::vector<RunRequest> requests;
  for (const Training& t : trainings) requests.push_back(request_of(t));
  const std::vector<RunOutcome> outcomes = runs(requests);
  TextTable table{"Trainings",
                  {"training", "test accuracy", "MB sent by a card per round",
                   "ms of a round's average", "ms per round", "ms in all", "J of all cards"},
                  {}};
  for (std::size_t i = 0; i < trainings.size(); ++i) {
    table.rows.push_back(row_of(trainings[i], outcomes[i]));
  }
  r.tables.push_back(std::move(table));
  const auto accuracy = [&](std::size_t i) {
    return 100 * outcomes[i].summary["result"]["test_accuracy"].get<double>();
  };
  const double lost = accuracy(0) - accuracy(1);
  r.claims.push_back(
      {"five workers with iid samples, points of accuracy lost", "up to 2", text_of("%.1f", lost),
       std::nullopt, label(lost <= 2),
       text_of("%.1f %% on one card, ", accuracy(0)) + text_of("%.1f %% on five", accuracy(1))});
  const double uneven = accuracy(0) - accuracy(3);
  r.claims.push_back({"five workers with two labels each, points of accuracy lost", "-",
                      text_of("%.1f", uneven), std::nullopt, Evidence::mechanism,
                      text_of("%.1f %%; no figure is published to compare with", accuracy(3))});
  return r;
}

}  // namespace h2
