// SPDX-License-Identifier: Apache-2.0
// Latency and throughput of the mesh against the rate at which cores inject: uniform random
// packets of 64 bytes on 4 x 5 routers. One line per rate, as a Markdown table.

#include <cmath>
#include <cstdio>
#include <systemc>

#include "modules/base/rng.h"
#include "modules/multicore/machine/mesh.h"

namespace h2 {
namespace {

constexpr int kFlits = 5, kCycles = 20000, kSettle = 4000;

/// Injects packets at random times, `rate` flits per cycle on average.
class Source : public sc_core::sc_module {
 public:
  Source(const sc_core::sc_module_name& name, Mesh& mesh, int node, int cores, double rate)
      : sc_module(name),
        mesh_(mesh),
        node_(node),
        cores_(cores),
        rate_(rate),
        rng_(1, RandomStream::spikes, static_cast<std::uint64_t>(node)) {
    SC_HAS_PROCESS(Source);
    SC_THREAD(run);
  }

 private:
  void run() {
    for (;;) {
      const double gap = -std::log(1.0 - rng_.uniform()) * kFlits / rate_;
      wait(std::ceil(gap) * mesh_.period());
      const auto other = static_cast<int>(rng_.below(cores_ - 1));
      mesh_.core(node_).send(
          {NodeSet().set(other < node_ ? other : other + 1), PacketKind::spikes, kFlits, nullptr});
    }
  }
  Mesh& mesh_;
  const int node_, cores_;
  const double rate_;
  CounterRng rng_;
};

void measure(double rate) {
  sc_core::sc_curr_simcontext = new sc_core::sc_simcontext;
  sc_core::sc_default_global_context = sc_core::sc_curr_simcontext;
  MulticoreSpec spec;
  Trace trace;
  const sc_core::sc_time period(1250, sc_core::SC_PS);
  Mesh mesh("mesh", spec, period, trace);
  std::vector<std::unique_ptr<Source>> sources;
  for (int core = 0; core < spec.count; ++core) {
    const std::string name = "source" + std::to_string(core);
    sources.push_back(std::make_unique<Source>(name.c_str(), mesh, core, spec.count, rate));
  }
  sc_core::sc_start(kSettle * period);
  const MeshEndpoint::Stats before = mesh.latencies();
  sc_core::sc_start(kCycles * period);
  const MeshEndpoint::Stats after = mesh.latencies();
  const double packets = static_cast<double>(after.received - before.received);
  std::printf("| %.2f | %.3f | %.1f |\n", rate, packets * kFlits / kCycles / spec.count,
              static_cast<double>(after.latency_cycles - before.latency_cycles) / packets);
}

}  // namespace
}  // namespace h2

int sc_main(int /*argc*/, char** /*argv*/) {
  std::printf(
      "| injected, flits per core and cycle | arrived | mean latency in the mesh, cycles |\n"
      "|---|---|---|\n");
  for (const double rate : {.05, .1, .2, .3, .4, .5, .6, .7, .8, .9, 1.}) h2::measure(rate);
  return 0;
}
