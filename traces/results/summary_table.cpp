// SPDX-License-Identifier: Apache-2.0
// What a run prints at its end.

#include <algorithm>
#include <cstdio>
#include <sstream>

#include "traces/results/summary.h"

namespace h2 {
namespace {

using Json = nlohmann::ordered_json;

std::string share_text(const Json& share) {
  if (share.is_null()) return "not tested";
  char text[16];
  std::snprintf(text, sizeof text, "%.2f %%", share.get<double>() * 100);
  return text;
}

std::string dram_text(const Json& energy) {
  if (energy["dram_j"].is_null()) return "not modelled";
  char text[32];
  std::snprintf(text, sizeof text, "%.4g J", energy["dram_per_sample_j"].get<double>());
  return text;
}

/// How many samples each accuracy is of, and what that is worth.
std::string intervals_text(const Json& result) {
  std::string text;
  for (const std::string set : {"validation", "test"}) {
    if (!result.contains(set + "_samples")) continue;
    const Json& interval = result[set + "_interval_95"];
    char line[160];
    std::snprintf(line, sizeof line,
                  "%11s %s %s of %.0f samples, 95 %% interval %.2f %% to %.2f %%\n", "",
                  set.c_str(), share_text(result[set + "_accuracy"]).c_str(),
                  result[set + "_samples"].get<double>(), interval[0].get<double>() * 100,
                  interval[1].get<double>() * 100);
    text += line;
  }
  return text;
}

/// Engines at work and energy of every card, and of all.
std::string cards_text(const Json& s) {
  const Json& cluster = s["cluster"];
  const double cycles = std::max(1.0, s["time"]["cycles"].get<double>()) / 100;
  std::string text;
  char line[200];
  for (std::size_t i = 0; i < cluster["by_card"].size(); ++i) {
    const Json& card = cluster["by_card"][i];
    if (card.is_null()) continue;
    std::string busy;
    for (const auto& engine : card["engines"]) {
      std::snprintf(line, sizeof line, "%s%.1f", busy.empty() ? "" : " / ",
                    engine["busy_cycles"].get<double>() / cycles);
      busy += line;
    }
    std::snprintf(line, sizeof line, "%11s card %zu: engines busy %s %%, %.4g J, waits %.6f s\n",
                  "", i, busy.c_str(), card["energy_j"].get<double>(),
                  cluster["wait_seconds"][i].get<double>());
    text += line;
  }
  const Json& all = cluster["all_cards"];
  if (all.is_null()) return text;
  std::snprintf(line, sizeof line,
                "%11s all cards: %.4g J, %.4g J per sample; memories apart: ", "",
                all["energy_j"].get<double>(), all["per_sample_j"].get<double>());
  return text + line + dram_text(all) + '\n';
}

}  // namespace

std::string summary_table(const Json& s) {
  std::ostringstream out;
  char line[160];
  const auto print = [&](const char* format, auto... values) {
    std::snprintf(line, sizeof line, format, values...);
    out << line << '\n';
  };
  if (s.contains("result") && !s["result"]["loss"].empty()) {
    const Json& result = s["result"];
    print("accuracy    train %s   test %s   loss %.4f -> %.4f",
          share_text(result["train_accuracy"]).c_str(), share_text(result["test_accuracy"]).c_str(),
          result["loss"].front().get<double>(), result["loss"].back().get<double>());
    out << intervals_text(result);
    if (result.contains("loss_scale")) {
      const Json& scale = result["loss_scale"];
      print("loss scale  %.0f   %.0f batch groups skipped   %.0f doublings",
            scale["factor"].get<double>(), scale["skipped_groups"].get<double>(),
            scale["doublings"].get<double>());
    }
  }
  if (s.contains("inference")) {
    const Json& i = s["inference"];
    print(
        "accuracy    %s of %.0f samples, 95 %% interval %.2f %% to %.2f %%   %.0f cycles per "
        "sample",
        share_text(i["accuracy"]).c_str(), i["samples"].get<double>(),
        i["accuracy_interval_95"][0].get<double>() * 100,
        i["accuracy_interval_95"][1].get<double>() * 100, i["cycles_per_sample"].get<double>());
    if (!i["energy"].is_null()) {
      print("%11s %.4g J per sample in the Forward Engine, %.4g J in the accelerator", "",
            i["energy"]["forward_per_sample_j"].get<double>(),
            i["energy"]["accelerator_per_sample_j"].get<double>());
    }
  }
  const Json& time = s["time"];
  print("simulated   %.6f s   %.0f cycles per sub-batch   %.1f samples/s",
        time["seconds"].get<double>(), time["cycles_per_sub_batch"].get<double>(),
        time["samples_per_second"].get<double>());
  if (!time["steady"].get<bool>()) {
    print("%11s the run has no two whole batch groups: the time of an epoch is not known", "");
  }
  if (s.contains("cluster")) {
    const Json& c = s["cluster"];
    print("cluster     %.0f cards, %.0f parts of a batch group   %.6f s on links, %.6f s in Mem2",
          c["cards"].get<double>(), c["replicas"].get<double>(), c["link_seconds"].get<double>(),
          c["memory_seconds"].get<double>());
    out << cards_text(s);
    print("%11s below: card 0", "");
  }
  print("%-14s %8s %8s %8s", "engine", "busy %", "stall %", "idle %");
  const double cycles = std::max(1.0, time["cycles"].get<double>()) / 100;
  for (const auto& [name, e] : s["engines"].items()) {
    print("%-14s %8.1f %8.1f %8.1f", name.c_str(), e["busy_cycles"].get<double>() / cycles,
          e["stall_cycles"].get<double>() / cycles, e["idle_cycles"].get<double>() / cycles);
  }
  print("%-14s %8s %8s %8s %8s", "memory", "GB read", "written", "GB/s", "peak");
  for (const auto& [name, m] : s["memory"].items()) {
    print("%-14s %8.3f %8.3f %8.2f %8.1f", name.c_str(), m["read_bytes"].get<double>() / 1e9,
          m["write_bytes"].get<double>() / 1e9, m["bandwidth_gbps"].get<double>(),
          m["peak_gbps"].get<double>());
  }
  const Json& energy = s["energy"];
  print("%-14s %.4g J per sample, %.2f W, %.1f mm2; memories apart: %s (costs: %s)", "energy",
        energy["per_sample_j"].get<double>(), energy["power_w"].get<double>(),
        s["area"]["total_mm2"].get<double>(), dram_text(energy).c_str(),
        energy["preset"].get<std::string>().c_str());
  return out.str();
}

}  // namespace h2
