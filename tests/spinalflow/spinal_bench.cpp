// SPDX-License-Identifier: Apache-2.0
#include "tests/spinalflow/spinal_bench.h"

#include <gtest/gtest.h>

#include "memory/bus/payload.h"
#include "modules/spinalflow/filter_rows.h"
#include "tests/platform/simulation.h"

namespace h2 {
namespace {

SpinalEngine::Settings settings(std::uint32_t dma_bytes) {
  SpinalEngine::Settings s;
  s.period = sc_core::sc_time(5, sc_core::SC_NS);
  s.load = {16384, 8, load_port(0)};
  s.store = {16384, 8, store_port(0)};
  s.dma_bytes = dma_bytes;
  return s;
}

}  // namespace

SpinalBench::SpinalBench(sc_core::sc_module_name name, const MemorySpec& spec,
                         std::uint32_t dma_bytes, Trace& trace)
    : sc_module(name),
      glb("filter_memory", SpinalUnit{}.filter_bytes, trace),
      engine("unit", settings(dma_bytes), glb, trace),
      bus("bus", {{"mem", 0, spec.bytes, 0, 0}}),
      memory("mem", spec, trace) {
  engine.load_port.socket.bind(bus.initiators);
  engine.store_port.socket.bind(bus.initiators);
  engine.glb_socket.bind(glb.socket);
  bus.targets.bind(memory.socket);
  bus.guard = [](const tlm::tlm_generic_payload&) { return AccessGuard::Verdict::pass; };
  SC_HAS_PROCESS(SpinalBench);
  SC_THREAD(run);
}

void SpinalBench::access(tlm::tlm_command command, std::uint64_t address, void* data,
                         std::size_t bytes) {
  if (bytes == 0) return;
  tlm::tlm_generic_payload payload;
  set_access(payload, command, address, data, bytes);
  EXPECT_EQ(bus.targets->transport_dbg(payload), bytes);
}

void SpinalBench::write(std::uint64_t address, const void* data, std::size_t bytes) {
  access(tlm::TLM_WRITE_COMMAND, address, const_cast<void*>(data), bytes);
}

void SpinalBench::read(std::uint64_t address, void* data, std::size_t bytes) {
  access(tlm::TLM_READ_COMMAND, address, data, bytes);
}

void SpinalBench::write_spines(const SpineTensor& tensor, const std::vector<SpineMap>& samples) {
  std::vector<sf_list> places;
  std::vector<std::uint8_t> entries;
  for (const SpineMap& map : samples) {
    for (const Spine& spine : map.spines) {
      const std::size_t first = entries.size() / kSpineEntryBytes;
      places.push_back(
          {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(spine.size())});
      for (const SpineEvent& event : spine) {
        entries.resize(entries.size() + kSpineEntryBytes);
        put_spine_entry(event, entries.data() + entries.size() - kSpineEntryBytes);
      }
    }
  }
  write(tensor.address, places.data(), places.size() * sizeof(sf_list));
  write(tensor.entries(0), entries.data(), entries.size());
}

SpineJob SpinalBench::place(const SpinalCase& c, const std::vector<SpineMap>& samples) {
  SpineJob job;
  job.name = "layer";
  job.shape = c.layer;
  job.neuron = c.neuron;
  job.samples = job.most_samples = static_cast<int>(samples.size());
  const SpineShape in = c.layer.input, out = c.layer.output();
  std::uint64_t at = 0;
  const auto take = [&](std::uint64_t bytes) {
    const std::uint64_t address = at;
    at += (bytes + 63) / 64 * 64;
    return address;
  };
  const std::vector<std::int8_t> rows = filter_rows(c.layer, job.unit, c.oihw);
  job.weights = take(rows.size());
  job.input = take(sf_tensor_bytes(samples.size(), in.positions(), in.channels, in.ticks));
  job.output = take(sf_tensor_bytes(samples.size(), out.positions(), out.channels, out.ticks));
  job.partial = take(sf_tensor_bytes(samples.size(), out.positions(), SF_LANES, out.ticks) * 8);
  job.sums = take(sf_sums_bytes(samples.size(), out.positions(), out.ticks));
  write(job.weights, rows.data(), rows.size());
  write_spines(job.input_tensor(), samples);
  return job;
}

SpineMap SpinalBench::read_output(const SpineJob& job, int sample) {
  SpineMap map(job.shape.output());
  const SpineTensor tensor = job.output_tensor();
  std::vector<sf_list> places(tensor.positions);
  read(tensor.table(sample), places.data(), tensor.table_bytes());
  for (int p = 0; p < tensor.positions; ++p) {
    std::vector<std::uint8_t> bytes(places[p].count * kSpineEntryBytes);
    read(tensor.entries(places[p].first), bytes.data(), bytes.size());
    for (std::uint32_t i = 0; i < places[p].count; ++i) {
      map.spines[p].push_back(get_spine_entry(bytes.data() + i * kSpineEntryBytes));
    }
  }
  return map;
}

MemorySpec instant_memory() {
  MemorySpec spec;
  spec.ideal = true;
  spec.ideal_timing = {0, 1e9};
  return spec;
}

void simulate_unit(const MemorySpec& memory, const std::function<void(SpinalBench&)>& program,
                   std::uint32_t dma_bytes) {
  const FreshContext context;
  Trace trace;
  SpinalBench bench("bench", memory, dma_bytes, trace);
  bench.program = program;
  sc_core::sc_start();
}

}  // namespace h2
