// SPDX-License-Identifier: Apache-2.0
#include "platform/platform.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "modules/base/error.h"

namespace h2 {
namespace {

std::vector<std::unique_ptr<Node>> make_nodes(const Config& config,
                                              const Platform::Options& options, WorkerPool& workers,
                                              Trace& trace) {
  std::vector<std::unique_ptr<Node>> nodes;
  for (int i = 0; i < options.nodes; ++i) {
    nodes.push_back(std::make_unique<Node>(config, i, options, workers, trace));
  }
  return nodes;
}

int checked(int nodes) {
  if (nodes < 1 || nodes > Platform::kMostNodes) {
    throw InputError("a board has 1 to " + std::to_string(Platform::kMostNodes) + " nodes, not " +
                     std::to_string(nodes));
  }
  return nodes;
}

/// Where simulated time ends. The memories count in 64 bits of picoseconds with two to spare
/// (kNoEvent, 2,305,843 s); what began before the end may still look ahead by a time-out.
constexpr std::uint64_t kLastSecond = 2'300'000;

const sc_core::sc_time& end_of_time() {
  static const sc_core::sc_time end =
      sc_core::sc_time::from_value(kLastSecond * 1'000'000'000'000U);
  return end;
}

}  // namespace

Platform::Platform(sc_core::sc_module_name name, const Config& config, const Options& options,
                   Trace& trace)
    : sc_module(name),
      config_(config),
      earlier_(options.earlier),
      period_(1e6 / config.machine.clock_mhz, sc_core::SC_PS),
      workers_(options.threads),
      probes(config.probe, trace),
      interconnect("interconnect", address_map(config, checked(options.nodes))),
      nodes(make_nodes(config, options, workers_, trace)),
      host(nodes.front()->host),
      accelerator(*nodes.front()->accelerator),
      controller(accelerator.commands()),
      memories(nodes.front()->memories) {
  for (const auto& node : nodes) {
    node->connect(config, probes, interconnect, trace);
    node->host.on_end = [this] {
      if (finished()) sc_core::sc_stop();
    };
  }
  interconnect.guard = [this](const tlm::tlm_generic_payload& p) { return judge(p); };
  go_on();
}

/// Everything that counts goes on from earlier boards.
void Platform::go_on() {
  const bool none = earlier_.engines.empty() && earlier_.memories.empty();
  if (!none &&
      (earlier_.engines.size() != engines().size() || earlier_.memories.size() != memories.size() ||
       earlier_.probes.size() != probes.all().size())) {
    throw InputError(
        "the state to go on from is of a board with other engines, memories or probes");
  }
  for (std::size_t i = 0; i < earlier_.memories.size(); ++i) {
    memories.at(i)->go_on_from(earlier_.memories[i]);
  }
  for (std::size_t i = 0; i < earlier_.probes.size(); ++i) {
    probes.all().at(i)->go_on_from(earlier_.probes[i]);
  }
  controller.go_on_from(earlier_.interrupts);
  controller.registers.go_on_from(earlier_.register_reads, earlier_.register_writes);
}

EngineStats Platform::engine_stats(std::size_t engine) const {
  const EngineStats now = engines().at(engine)->stats();
  return engine < earlier_.engines.size() ? earlier_.engines[engine] + now : now;
}

EventCounts Platform::engine_events(std::size_t engine) const {
  const EventCounts now = engines().at(engine)->events();
  return engine < earlier_.events.size() ? earlier_.events[engine] + now : now;
}

BoardCounts Platform::counts() const {
  BoardCounts c;
  c.cycle = cycle();
  c.sub_batches = accelerator.sub_batches();
  for (std::size_t i = 0; i < engines().size(); ++i) {
    c.engines.push_back(engine_stats(i));
    c.events.push_back(engine_events(i));
  }
  for (const auto& memory : memories) c.memories.push_back(memory->counts());
  for (const auto& probe : probes.all()) c.probes.push_back(probe->stats());
  c.interrupts = controller.interrupts();
  c.register_reads = controller.registers.reads();
  c.register_writes = controller.registers.writes();
  return c;
}

/// By the card that a transaction comes from.
AccessGuard::Verdict Platform::judge(const tlm::tlm_generic_payload& payload) {
  const TransferInfo* info = payload.get_extension<TransferInfo>();
  const std::size_t node = info != nullptr ? info->port / kPortsOfACard : 0;
  return nodes[node]->accelerator->commands().judge(payload);
}

bool Platform::finished() const {
  return std::all_of(nodes.begin(), nodes.end(), [](const auto& n) {
    return n->host.finished() || n->host.program == nullptr;
  });
}

bool Platform::bounded_wait_since(sc_core::sc_time time) const {
  return std::any_of(nodes.begin(), nodes.end(),
                     [&](const auto& n) { return n->host.bounded_wait_since(time); });
}

std::uint64_t Platform::watchdog_cycles() const {
  return config_.watchdog_cycles != 0 ? config_.watchdog_cycles : 100'000'000;
}

std::uint64_t Platform::progress() const { return take_progress().all; }

Platform::Progress Platform::take_progress() const {
  Progress progress;
  for (const auto& node : nodes) {
    progress.cards.push_back(node->accelerator->commands().activity());
    progress.all += node->host.heartbeats() + progress.cards.back();
  }
  return progress;
}

/// Why the watchdog ends the run at the end of a window; "" if there was progress.
std::string Platform::hang(const Progress& before, const Progress& now,
                           sc_core::sc_time window) const {
  if (bounded_wait_since(sc_core::sc_time_stamp() - window)) return "";
  const std::string cycles =
      std::to_string(watchdog_cycles()) + " core cycles (host.watchdog_cycles)";
  if (before.all == now.all) return "no progress for " + cycles;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i]->accelerator->commands().working() && before.cards[i] == now.cards[i]) {
      return "no progress of the " + nodes[i]->prefix +
             "card, which has a descriptor under way, for " + cycles;
    }
  }
  return "";
}

void Platform::run() {
  probes.require_matches();
  const double most = end_of_time() / period_;
  const sc_core::sc_time window = std::min(static_cast<double>(watchdog_cycles()), most) * period_;
  std::optional<Progress> seen;
  while (!finished()) {
    sc_core::sc_start(std::min(window, end_of_time() - sc_core::sc_time_stamp()));
    if (finished()) break;
    if (sc_core::sc_time_stamp() >= end_of_time()) {
      throw RunError("simulated time has reached its end, " + std::to_string(kLastSecond) +
                     " s: " + describe());
    }
    Progress now = take_progress();
    const std::string problem = seen ? hang(*seen, now, window) : "";
    if (!problem.empty()) throw RunError(problem + ": " + describe());
    seen = std::move(now);
  }
  for (const auto& node : nodes) {
    if (node->host.failure()) std::rethrow_exception(node->host.failure());
  }
}

double Platform::kernel_seconds() const {
  double seconds = 0;
  for (const auto& node : nodes) {
    for (const JobEngine* e : node->accelerator->engines()) seconds += e->kernel_seconds();
  }
  return seconds;
}

std::string Platform::describe() const {
  std::string text;
  for (const auto& node : nodes) {
    if (!text.empty()) text += "; ";
    text += node->prefix + "host " + node->host.describe() + "; " +
            node->accelerator->commands().describe();
    for (const JobEngine* e : node->accelerator->engines()) text += "; " + e->describe();
  }
  return text;
}

std::string Platform::describe_card() const {
  std::string text = controller.describe();
  for (const JobEngine* e : engines()) text += "; " + e->describe();
  return text;
}

}  // namespace h2
