// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <thread>

#include "modules/base/error.h"
#include "modules/base/result_file.h"
#include "platform/accelerators.h"
#include "platform/cli/commands.h"
#include "platform/cli/interrupt.h"
#include "platform/cli/messages.h"
#include "platform/cli/point.h"
#include "platform/experiment/experiment.h"
#include "platform/experiment/render.h"
#include "platform/sweep/process_pool.h"

namespace h2 {
namespace {

namespace fs = std::filesystem;

void experiment_options(boost::program_options::options_description_easy_init add) {
  namespace po = boost::program_options;
  add("configs", po::value<std::string>(),
      "folder of the shipped configurations (default configs)");
  add("jobs", po::value<int>(), "runs at once, each in one thread (default: processors)");
  add("long",
      "train the networks of table3 again, about 5 minutes of processor time, instead of "
      "reading CONFIGS/measured; needs the data sets");
}

std::vector<const Experiment*> chosen(const CommandLine& line) {
  std::string names = "all";
  for (const Experiment& e : experiments()) names += std::string(", ") + e.name;
  if (line.files.empty()) throw InputError("h2vp experiment: expected a name; legal: " + names);
  std::vector<const Experiment*> list;
  for (const std::string& name : line.files) {
    const std::size_t before = list.size();
    for (const Experiment& e : experiments()) {
      if (name == "all" || name == e.name) list.push_back(&e);
    }
    if (list.size() == before) {
      throw InputError("h2vp experiment " + name + ": no such experiment; legal: " + names);
    }
  }
  return list;
}

/// Runs the profiles of experiments in processes of their own, in `runs` below the output folder,
/// and finds those again that were run before.
class Runner {
 public:
  Runner(const CommandLine& line, fs::path out)
      : configs_(line.get<std::string>("configs", "configs")),
        out_(std::move(out)),
        jobs_(line.get("jobs", std::max(1, static_cast<int>(std::thread::hardware_concurrency())))),
        sets_(shared(line.sets)) {
    if (jobs_ < 1 || jobs_ > 1024) throw InputError("--jobs: legal are 1 to 1024");
  }

  std::vector<RunOutcome> operator()(const std::vector<RunRequest>& requests) const {
    std::vector<RunOutcome> outcomes(requests.size());
    std::vector<RunPoint> points(requests.size());
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      points[i] = point_of(requests[i]);
      outcomes[i].config = load_config(points[i].config, points[i].sets);
      outcomes[i].refused = refusal(points[i], outcomes[i].config);
      if (!outcomes[i].refused.empty()) continue;
      points[i].folder = out_ / "runs" / point_hash(points[i]);
      const bool again = std::any_of(open.begin(), open.end(), [&](std::size_t o) {
        return points[o].folder == points[i].folder;
      });
      if (!again && !finished_summary(points[i])) open.push_back(i);
    }
    run(points, open);
    for (std::size_t i = 0; i < requests.size(); ++i) {
      if (!outcomes[i].refused.empty()) continue;
      auto summary = finished_summary(points[i]);
      if (!summary) throw RunError(points[i].folder.string() + ": has no result, see log.txt");
      outcomes[i].summary = std::move(*summary);
      outcomes[i].folder = points[i].folder.string();
    }
    return outcomes;
  }

 private:
  RunPoint point_of(const RunRequest& request) const {
    std::vector<Override> sets = request.sets;
    sets.insert(sets.end(), sets_.begin(), sets_.end());
    return {request.command,
            (fs::path(configs_) / request.config).string(),
            std::move(sets),
            {},
            request.options};
  }

  static std::string refusal(const RunPoint& point, const Config& config) {
    const DatasetConfig& data = config.dataset;
    if (point.command == "train" && data.kind != "digits" && !fs::exists(data.path)) {
      return "dataset.path: " + data.path + " does not exist";
    }
    try {
      require_tiles_fit(config);
    } catch (const InputError& e) {
      return e.what();
    }
    return "";
  }

  void run(const std::vector<RunPoint>& points, const std::vector<std::size_t>& open) const {
    const Interrupt interrupt;
    const std::size_t done = run_forked(
        open.size(), jobs_, [&](std::size_t n) { return run_point(points[open[n]]); },
        [&](std::size_t n, int code) {
          if (code == 0) return;
          print_message(points[open[n]].folder.string() + " failed with exit code " +
                        std::to_string(code));
        },
        Interrupt::requested);
    if (done < open.size()) throw RunError("interrupted");
  }

  const std::string configs_;
  const fs::path out_;
  const int jobs_;
  const std::vector<Override> sets_;
};

/// With those that earlier calls left in the folder, in the order of the list.
std::vector<ExperimentResult> with_earlier(const std::vector<ExperimentResult>& now,
                                           const fs::path& out) {
  std::vector<ExperimentResult> all;
  for (const Experiment& e : experiments()) {
    const auto found =
        std::find_if(now.begin(), now.end(), [&](const auto& r) { return r.name == e.name; });
    const fs::path file = out / (std::string(e.name) + ".json");
    if (found != now.end()) {
      all.push_back(*found);
    } else if (fs::exists(file)) {
      std::ifstream in(file);
      try {
        all.push_back(result_of(nlohmann::ordered_json::parse(in)));
      } catch (const std::exception& error) {
        throw InputError(file.string() + ": no result of h2vp experiment: " + error.what());
      }
    }
  }
  return all;
}

int run_experiment(const CommandLine& line) {
  const std::vector<const Experiment*> list = chosen(line);
  const fs::path out = line.out.empty() ? fs::path("out") / "paper" : fs::path(line.out);
  std::error_code error;
  fs::create_directories(out / "runs", error);
  if (error) throw InputError("--out " + out.string() + ": " + error.message());
  const Runner runner(line, out);
  RunAll runs([&](const std::vector<RunRequest>& r) { return runner(r); });
  runs.train_long = line.has("long");
  runs.measured = fs::path(line.get<std::string>("configs", "configs")) / "measured";
  runs.out = out;
  std::vector<ExperimentResult> results;
  bool drawn = true;
  for (const Experiment* e : list) {
    if (!line.quiet) std::cout << e->name << ": " << e->text << std::endl;
    results.push_back(e->run(runs));
    const ExperimentResult& r = results.back();
    write_result((out / (r.name + ".json")).string(), result_json(r).dump(1) + "\n");
    write_result((out / (r.name + ".md")).string(), result_markdown(r));
    drawn = draw(r.plots, out) && drawn;
    if (!line.quiet) std::cout << result_markdown(r) << '\n';
  }
  const std::vector<ExperimentResult> all = with_earlier(results, out);
  write_result((out / "RESULTS.md").string(), results_markdown(all));
  write_result((out / "index.html").string(), results_page(all, out));
  if (!drawn) std::cerr << "h2vp: warning: gnuplot is missing: there are no plots\n";
  if (!line.quiet) std::cout << "wrote " << (out / "index.html").string() << '\n';
  return 0;
}

}  // namespace

const Subcommand kExperimentCommand{
    "experiment",     "tables and figures of the paper: JSON, SVG, Markdown, a page",
    run_experiment,   experiment_options,
    ConfigFile::none, "NAME|all"};

}  // namespace h2
