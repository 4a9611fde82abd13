// SPDX-License-Identifier: Apache-2.0
// Prints the statements of section V-B3 about the scaling figure as a table: throughput of each
// engine when one dimension of its array is halved or doubled, with and without a buffer that the
// paper does not name. docs/scaling.py puts it into docs/speedup.md.

#include <cstdio>
#include <string>
#include <vector>

#include "modules/base/error.h"
#include "tests/platform/jobs_alone.h"

namespace h2 {
namespace {

/// What the paper says about doubling. It says of every dimension that halving takes half.
enum class Claim { twice, less_than_twice, nothing };

struct Statement {
  const char* name;
  const char* key;
  int engine;
  std::uint8_t pass;
  int value;
  Claim claim;
};

const Statement kStatements[] = {
    {"forward rows", "engines.forward.rows", 0, H2_OP_FORWARD, 64, Claim::less_than_twice},
    {"forward columns", "engines.forward.cols", 0, H2_OP_FORWARD, 16, Claim::less_than_twice},
    {"forward parallelism", "engines.forward.parallelism", 0, H2_OP_FORWARD, 4,
     Claim::less_than_twice},
    {"weight update rows", "engines.weight_update.rows", 2, H2_OP_WEIGHT_GRADIENT, 10,
     Claim::nothing},
    {"weight update columns", "engines.weight_update.cols", 2, H2_OP_WEIGHT_GRADIENT, 128,
     Claim::twice},
    {"weight update parallelism", "engines.weight_update.parallelism", 2, H2_OP_WEIGHT_GRADIENT, 4,
     Claim::twice},
    {"backward rows", "engines.backward.rows", 1, H2_OP_BACKWARD, 16, Claim::less_than_twice},
    {"backward columns", "engines.backward.cols", 1, H2_OP_BACKWARD, 64, Claim::twice},
    {"backward group", "engines.backward.group", 1, H2_OP_BACKWARD, 4, Claim::less_than_twice},
};

constexpr double kTwice = 1.8;     // two times, to a tenth
constexpr double kNothing = 1.05;  // no more than that is no gain

const char* text_of(Claim claim) {
  return claim == Claim::twice ? "twice" : claim == Claim::nothing ? "no gain" : "less than twice";
}

struct Measured {
  double cycles = 0;
  std::string error;  ///< why the machine cannot be built
};

Measured measure(const Statement& s, const Sets& sets) {
  Sets all = sets;
  // Masks matter to the Backward Engine alone.
  if (s.pass != H2_OP_BACKWARD) all.insert(all.begin(), {"engines.backward.sparsity", "none"});
  Config config;
  try {
    config = layer_of_figure_14(all);
  } catch (const InputError& e) {
    return {0, e.what()};
  }
  for (const LayerRecord& r : jobs_alone(config, s.pass)) {
    const bool of_layer = r.job.layer == "conv2" && r.engine == s.engine && r.job.macs != 0;
    if (of_layer) return {static_cast<double>(r.job.cycles), ""};
  }
  return {0, "no such job"};
}

/// Throughput over that of the paper's machine.
struct Scaled {
  double halved = 0, doubled = 0;
  std::string error;
};

Scaled scale(const Statement& s, const char* halo) {
  const auto with = [&](int value) {
    Sets sets{{"dataflow.halo", halo}, {s.key, std::to_string(value)}};
    // One partial sum per PE, as in the paper's buffer.
    if (std::string(s.key) == "engines.backward.group") {
      sets.push_back({"dataflow.psum_copies", std::to_string(value)});
    }
    return measure(s, sets);
  };
  const Measured base = with(s.value), half = with(s.value / 2), twice = with(s.value * 2);
  Scaled scaled;
  scaled.halved = base.cycles / half.cycles;
  scaled.doubled = twice.error.empty() ? base.cycles / twice.cycles : 0;
  scaled.error = twice.error;
  return scaled;
}

std::string two_digits(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", value);
  return text;
}

/// "4838 of 4840 KB" of "... needs N bytes with ..., M are available".
std::string needs(const std::string& error) {
  const auto number = [&](std::size_t at) { return std::stoull(error.substr(at)) / 1024.0; };
  const std::size_t needed = error.find("needs ") + 6, available = error.find("timesteps, ") + 11;
  char text[64];
  std::snprintf(text, sizeof text, "%.0f of %.0f KB", number(needed), number(available));
  return text;
}

std::string verdict(Claim claim, const Scaled& s) {
  std::string against;
  const auto add = [&](const std::string& text) {
    against += (against.empty() ? "" : ", ") + text;
  };
  if (s.halved > 1 / kTwice) add("halved " + two_digits(s.halved));
  if (!s.error.empty()) {
    add("doubled needs " + needs(s.error));
  } else if (claim == Claim::twice ? s.doubled < kTwice
                                   : s.doubled >= (claim == Claim::nothing ? kNothing : kTwice)) {
    add("doubled " + two_digits(s.doubled));
  }
  return against.empty() ? "holds" : "refuted: " + against;
}

void print() {
  const char* halos[] = {"refetch", "free"};
  std::printf("| engine, dimension | paper, doubled |");
  for (const char* halo : halos) std::printf(" `%s`: halved | doubled | |", halo);
  std::printf("\n|---|---|---|---|---|---|---|---|\n");
  for (const Statement& s : kStatements) {
    std::printf("| %s | %s |", s.name, text_of(s.claim));
    for (const char* halo : halos) {
      const Scaled scaled = scale(s, halo);
      std::printf(" %s | %s | %s |", two_digits(scaled.halved).c_str(),
                  scaled.error.empty() ? two_digits(scaled.doubled).c_str() : "does not fit",
                  verdict(s.claim, scaled).c_str());
    }
    std::printf("\n");
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace h2

int main() {
  h2::print();
  return 0;
}
