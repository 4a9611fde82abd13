// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <set>
#include <thread>

#include "modules/base/error.h"
#include "modules/base/result_file.h"
#include "platform/accelerators.h"
#include "platform/cli/commands.h"
#include "platform/cli/interrupt.h"
#include "platform/cli/messages.h"
#include "platform/cli/point.h"
#include "platform/host/energy_model.h"
#include "platform/sweep/points_table.h"
#include "platform/sweep/process_pool.h"
#include "platform/sweep/sweep_file.h"

namespace h2 {
namespace {

namespace fs = std::filesystem;

/// Every n-th point from the i-th on, counted from 1.
struct Shard {
  std::size_t index = 1, count = 1;

  bool has(std::size_t point) const { return point % count == index - 1; }
  std::string file(const char* name, const char* extension) const {
    if (count == 1) return std::string(name) + extension;
    return std::string(name) + "-" + std::to_string(index) + "-of-" + std::to_string(count) +
           extension;
  }
};

void sweep_options(boost::program_options::options_description_easy_init add) {
  namespace po = boost::program_options;
  add("shard", po::value<std::string>(), "i/n: only every n-th point, beginning with the i-th");
  add("jobs", po::value<int>(), "points at once, each in one thread (default: processors)");
  add("dry-run", "print what would be run, then stop");
}

Shard shard_of(const CommandLine& line) {
  Shard shard;
  if (!line.has("shard")) return shard;
  const auto text = line.get<std::string>("shard");
  char rest = 0;
  const int read = std::sscanf(text.c_str(), "%zu/%zu%c", &shard.index, &shard.count, &rest);
  const bool legal = read == 2 && text.find('-') == std::string::npos && shard.index >= 1 &&
                     shard.index <= shard.count && shard.count <= kMostPoints;
  if (!legal) throw InputError("--shard " + text + ": legal is i/n with 1 <= i <= n, as 2/8");
  return shard;
}

int jobs_of(const CommandLine& line) {
  const int processors = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const int jobs = line.get("jobs", processors);
  if (jobs < 1 || jobs > 1024) throw InputError("--jobs: legal are 1 to 1024");
  return jobs;
}

std::vector<Override> all_sets(const SweepFile& sweep, const CommandLine& line,
                               const SweepPoint& point) {
  std::vector<Override> sets = sweep.sets;
  sets.insert(sets.end(), line.sets.begin(), line.sets.end());
  sets = shared(std::move(sets));
  sets.insert(sets.end(), point.begin(), point.end());
  return sets;
}

double area_mm2(const Config& config) {
  double area = 0;
  for (const EngineCosts& e : energy_model(config, energy_plan_of(config)).engines) {
    area += e.total_area_mm2();
  }
  return area;
}

/// The points of a sweep with what is known of each before anything runs.
class Sweep {
 public:
  Sweep(const CommandLine& line, SweepFile file, fs::path out)
      : line_(line), file_(std::move(file)), out_(std::move(out)) {
    for (const SweepPoint& point : file_.points) add(point);
  }

  std::vector<PointRow> rows;
  std::vector<RunPoint> points;
  const SweepFile& file() const { return file_; }

  /// Takes the numbers of a finished run over.
  bool take(std::size_t i) {
    const auto summary = finished_summary(points[i]);
    if (!summary) return false;
    rows[i].status = "ok";
    rows[i].note.clear();
    for (std::size_t c = 0; c < file_.columns.size(); ++c) {
      rows[i].values[c] = number_at(*summary, file_.columns[c].path);
    }
    return true;
  }

 private:
  void add(const SweepPoint& point) {
    PointRow row;
    row.status = "open";
    row.values.resize(file_.columns.size());
    for (const std::string& key : file_.keys) {
      std::string value;
      for (const Override& set : point) value = set.path == key ? set.value : value;
      row.keys.push_back(value);
    }
    RunPoint p{file_.command, file_.config, all_sets(file_, line_, point), {}};
    try {
      const Config config = load_config(p.config, p.sets);
      if (!config.has_network) throw InputError(p.config + ": network.layers: missing");
      require_tiles_fit(config);
      row.folder = "points/" + point_hash(p);
      p.folder = out_ / row.folder;
      if (file_.area_budget_mm2 && area_mm2(config) > *file_.area_budget_mm2) {
        row.status = "over budget";
        row.note = "area " + std::to_string(area_mm2(config)) + " mm2";
      }
    } catch (const InputError& e) {
      row.status = "refused";
      row.note = e.what();
    }
    rows.push_back(std::move(row));
    points.push_back(std::move(p));
  }

  const CommandLine& line_;
  const SweepFile file_;
  const fs::path out_;
};

/// Indices of the points that are to be run: open, of this shard, without an earlier result, each
/// configuration once.
std::vector<std::size_t> open_points(Sweep& sweep, const Shard& shard) {
  std::vector<std::size_t> open;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < sweep.rows.size(); ++i) {
    if (sweep.rows[i].status != "open" || sweep.take(i) || !shard.has(i)) continue;
    if (seen.insert(sweep.rows[i].folder).second) open.push_back(i);
  }
  return open;
}

void write_tables(const CommandLine& line, Sweep& sweep, const Shard& shard, const fs::path& out) {
  std::vector<std::size_t> objectives;
  for (const std::string& path : sweep.file().pareto) {
    for (std::size_t c = 0; c < sweep.file().columns.size(); ++c) {
      if (sweep.file().columns[c].path == path) objectives.push_back(c);
    }
  }
  mark_pareto(sweep.rows, objectives);
  const std::string csv = (out / shard.file("points", ".csv")).string();
  const std::string page = (out / shard.file("pareto", ".html")).string();
  write_result(csv, points_csv(sweep.file(), sweep.rows));
  write_result(page, pareto_page(sweep.file(), sweep.rows,
                                 "Sweep " + fs::path(line.config).stem().string()));
  if (!line.quiet) std::cout << "wrote " << csv << ", " << page << '\n';
}

std::size_t count(const Sweep& sweep, const std::string& status) {
  return static_cast<std::size_t>(
      std::count_if(sweep.rows.begin(), sweep.rows.end(),
                    [&](const PointRow& row) { return row.status == status; }));
}

int run_sweep(const CommandLine& line) {
  const Shard shard = shard_of(line);
  const int jobs = jobs_of(line);
  const fs::path out =
      line.out.empty() ? fs::path("out") / fs::path(line.config).stem() : fs::path(line.out);
  Sweep sweep(line, read_sweep(line.config), out);
  const std::vector<std::size_t> open = open_points(sweep, shard);
  const std::string known = std::to_string(sweep.rows.size()) + " points, " +
                            std::to_string(count(sweep, "ok")) + " done, " +
                            std::to_string(count(sweep, "refused")) + " refused, " +
                            std::to_string(count(sweep, "over budget")) + " over budget, " +
                            std::to_string(open.size()) + " to run";
  if (!line.quiet || line.has("dry-run")) std::cout << known << '\n';
  if (line.has("dry-run")) return 0;
  std::error_code error;
  fs::create_directories(out / "points", error);
  if (error) throw InputError("--out " + out.string() + ": " + error.message());
  const Interrupt interrupt;
  const std::size_t done = run_forked(
      open.size(), jobs, [&](std::size_t n) { return run_point(sweep.points[open[n]]); },
      [&](std::size_t n, int code) {
        PointRow& row = sweep.rows[open[n]];
        if (code == 0 && sweep.take(open[n])) return;
        row.status = "failed";
        row.note = "exit code " + std::to_string(code) + ", see " + row.folder + "/log.txt";
        print_message(row.folder + " failed with exit code " + std::to_string(code));
      },
      Interrupt::requested);
  // Points of one configuration, and those of other shards that have ended by now.
  for (std::size_t i = 0; i < sweep.rows.size(); ++i) {
    if (sweep.rows[i].status == "open") sweep.take(i);
  }
  write_tables(line, sweep, shard, out);
  if (done < open.size()) std::cerr << "h2vp: interrupted\n";
  return done < open.size() || count(sweep, "failed") != 0 ? 1 : 0;
}

}  // namespace

const Subcommand kSweepCommand{"sweep",
                               "run every point of SWEEP.yaml that is not done yet; points.csv, "
                               "pareto.html",
                               run_sweep, sweep_options};

}  // namespace h2
