// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>
#include <tlm_utils/peq_with_get.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <chrono>
#include <memory>
#include <systemc>

#include "memory/bus/interconnect.h"
#include "memory/bus/memory_port.h"
#include "memory/external_memory.h"
#include "traces/record/trace.h"

// What a burst costs on the way from an engine to a memory, beside the least that an
// approximately-timed transaction of this SystemC costs: two phases each way through event queues.

namespace h2 {
namespace {

constexpr int kTransactions = 20000;
constexpr unsigned kBytes = 4096;

/// The least: one transaction at a time, request and response 1 ns apart, no data.
struct BareTarget : sc_core::sc_module {
  tlm_utils::simple_target_socket<BareTarget> socket{"socket"};
  tlm_utils::peq_with_get<tlm::tlm_generic_payload> requests{"requests"};
  explicit BareTarget(sc_core::sc_module_name name) : sc_module(name) {
    socket.register_nb_transport_fw(this, &BareTarget::forward);
    SC_HAS_PROCESS(BareTarget);
    SC_METHOD(respond);
    sensitive << requests.get_event();
    dont_initialize();
  }
  tlm::tlm_sync_enum forward(tlm::tlm_generic_payload& p, tlm::tlm_phase& phase,
                             sc_core::sc_time&) {
    if (phase == tlm::END_RESP) return tlm::TLM_COMPLETED;
    requests.notify(p, sc_core::sc_time(1, sc_core::SC_NS));
    phase = tlm::END_REQ;
    return tlm::TLM_UPDATED;
  }
  void respond() {
    while (tlm::tlm_generic_payload* p = requests.get_next_transaction()) {
      tlm::tlm_phase phase = tlm::BEGIN_RESP;
      sc_core::sc_time delay;
      p->set_response_status(tlm::TLM_OK_RESPONSE);
      socket->nb_transport_bw(*p, phase, delay);
    }
  }
};

struct BareInitiator : sc_core::sc_module {
  tlm_utils::simple_initiator_socket<BareInitiator> socket{"socket"};
  tlm_utils::peq_with_get<tlm::tlm_generic_payload> responses{"responses"};
  explicit BareInitiator(sc_core::sc_module_name name) : sc_module(name) {
    socket.register_nb_transport_bw(this, &BareInitiator::backward);
    SC_HAS_PROCESS(BareInitiator);
    SC_THREAD(run);
  }
  tlm::tlm_sync_enum backward(tlm::tlm_generic_payload& p, tlm::tlm_phase&, sc_core::sc_time&) {
    responses.notify(p, sc_core::sc_time(1, sc_core::SC_NS));
    return tlm::TLM_ACCEPTED;
  }
  void run() {
    tlm::tlm_generic_payload payload;
    for (int i = 0; i < kTransactions; ++i) {
      tlm::tlm_phase phase = tlm::BEGIN_REQ;
      sc_core::sc_time delay;
      payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
      socket->nb_transport_fw(payload, phase, delay);
      wait(responses.get_event());
      responses.get_next_transaction();
      phase = tlm::END_RESP;
      socket->nb_transport_fw(payload, phase, delay);
    }
  }
};

/// The platform's path, with a memory that costs nothing but its event.
struct Reader : sc_core::sc_module {
  MemoryPort port;
  explicit Reader(sc_core::sc_module_name name)
      : sc_module(name), port("port", {kBytes, 8, load_port(0)}) {
    SC_HAS_PROCESS(Reader);
    SC_THREAD(run);
  }
  void run() {
    for (int i = 0; i < kTransactions; i += 8) {
      MemoryPort::Batch batch;
      for (std::uint64_t k = 0; k < 8; ++k) {
        Transfer t;
        t.address = (static_cast<std::uint64_t>(i) + k) * kBytes % (64U << 20);
        t.bytes = kBytes;
        t.timing_only = true;
        batch.list.write_timing(t);
      }
      port.issue(batch);
      port.finish(batch);
    }
  }
};

/// Each run in a SystemC context of its own; only the simulation is timed.
template <class Build>
void simulate(benchmark::State& state, Build build) {
  for (auto _ : state) {
    const auto board = build();
    const auto begin = std::chrono::steady_clock::now();
    sc_core::sc_start(1, sc_core::SC_SEC);
    state.SetIterationTime(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    sc_core::sc_curr_simcontext = new sc_core::sc_simcontext;
    sc_core::sc_default_global_context = sc_core::sc_curr_simcontext;
  }
  state.SetItemsProcessed(state.iterations() * kTransactions);
}

void bare(benchmark::State& state) {
  struct Board {
    BareInitiator initiator{"initiator"};
    BareTarget target{"target"};
    Board() { initiator.socket.bind(target.socket); }
  };
  simulate(state, [] { return std::make_unique<Board>(); });
}
BENCHMARK(bare)->UseManualTime()->Unit(benchmark::kMillisecond);

void platform_path(benchmark::State& state, bool ideal) {
  struct Board {
    Trace trace;
    Reader reader{"reader"};
    Interconnect interconnect;
    ExternalMemory memory;
    explicit Board(const MemorySpec& spec)
        : interconnect("interconnect", {{"mem", 0, spec.bytes, 0, 0}}),
          memory("memory", spec, trace) {
      reader.port.socket.bind(interconnect.initiators);
      interconnect.targets.bind(memory.socket);
    }
  };
  simulate(state, [&] {
    MemorySpec spec;
    spec.ideal = ideal;
    return std::make_unique<Board>(spec);
  });
}
BENCHMARK_CAPTURE(platform_path, ideal, true)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(platform_path, hbm2, false)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace h2

int sc_main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
