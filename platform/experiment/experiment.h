// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "platform/config/load.h"

// Tables and figures of the H2Learn paper, and claims about other accelerators, run on the platform
// itself.

namespace h2 {

/// How a number of the platform stands to the paper's.
enum class Evidence {
  identity,   ///< follows from the paper's own figures, exactly
  mechanism,  ///< comes out of the modelled machine, nothing fitted
  constant,   ///< the paper's number, quoted for comparison
  fitted,     ///< a parameter was solved from it, or from its neighbour
  refuted     ///< the machine as modelled does not reach it
};
const char* name_of(Evidence evidence);

/// One row of the claims table.
struct Claim {
  std::string what;
  std::string paper;            ///< as printed, with its unit
  std::string platform;         ///< what came out
  std::optional<double> ratio;  ///< platform / paper
  Evidence how = Evidence::mechanism;
  std::string note;  ///< why, or what it rests on
};

struct Series {
  std::string title;
  std::vector<double> values;  ///< NaN: none
};

/// Values over names or numbers, drawn as SVG.
struct Plot {
  std::string name;  ///< of the file, without extension
  std::string title, x_label, y_label;
  std::vector<std::string> x;
  std::vector<Series> series;
  bool bars = true;
};

struct TextTable {
  std::string title;
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;
};

struct ExperimentResult {
  std::string name, title;
  std::vector<std::string> assumptions;
  std::vector<Claim> claims;
  std::vector<TextTable> tables;
  std::vector<Plot> plots;
};

/// One run that an experiment needs.
struct RunRequest {
  std::string config;  ///< "mnist.yaml", in the folder of configurations
  std::vector<Override> sets;
  std::string command = "profile";  ///< or train, infer-spikes
  /// Of its command line, all with a value; "{out}" in it stands for the folder of the run.
  std::vector<std::pair<std::string, std::string>> options = {};
};
/// Its summary and the folder with its files, or why there is none.
struct RunOutcome {
  Config config;  ///< effective
  nlohmann::ordered_json summary;
  std::string folder;
  std::string refused;
};
/// Runs all of them, side by side, and keeps what was run before.
class RunAll {
 public:
  using Run = std::function<std::vector<RunOutcome>(const std::vector<RunRequest>&)>;
  explicit RunAll(Run run) : run_(std::move(run)) {}

  std::vector<RunOutcome> operator()(const std::vector<RunRequest>& requests) const {
    return run_(requests);
  }

  bool train_long = false;         ///< run the long trainings, instead of reading what they came to
  std::filesystem::path measured;  ///< folder of what they came to
  std::filesystem::path out;       ///< folder of the results

 private:
  Run run_;
};

struct Experiment {
  const char* name;
  const char* text;
  ExperimentResult (*run)(const RunAll& runs);
};
/// All of them, in the order of the paper.
const std::vector<Experiment>& experiments();

ExperimentResult tables_7_and_8(const RunAll& runs);
ExperimentResult tables_1_and_3(const RunAll& runs);
ExperimentResult figure_11(const RunAll& runs);
ExperimentResult figure_12(const RunAll& runs);
ExperimentResult figure_13(const RunAll& runs);
ExperimentResult figure_14(const RunAll& runs);
ExperimentResult figure_15(const RunAll& runs);
ExperimentResult figure_15a(const RunAll& runs);
ExperimentResult figure_16(const RunAll& runs);
ExperimentResult gpus(const RunAll& runs);
ExperimentResult sata_energy(const RunAll& runs);
ExperimentResult scaling(const RunAll& runs);
ExperimentResult federated(const RunAll& runs);
ExperimentResult multicore_experiment(const RunAll& runs);
ExperimentResult spinaps_experiment(const RunAll& runs);

/// "%.3g" and the like.
std::string text_of(const char* format, double value);
/// How far a ratio of cycles, or one of energy or area from public figures, may lie from the
/// paper's to be said to hold.
constexpr double kCycleTolerance = 0.1, kCostTolerance = 0.2;
/// `good` where a claim holds, else refuted.
Evidence label(bool holds, Evidence good = Evidence::mechanism);
Evidence within(double ratio, double tolerance, Evidence good = Evidence::mechanism);
/// A claim of a number: platform and ratio are printed from it.
Claim claim(std::string what, double paper, const char* format, double platform, Evidence how,
            std::string note);
/// The same, labelled by how far they lie apart.
Claim claim_within(std::string what, double paper, const char* format, double platform,
                   double tolerance, std::string note);

}  // namespace h2
