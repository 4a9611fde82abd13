// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "memory/bus/interconnect.h"
#include "memory/external_memory.h"
#include "modules/spinalflow/machine/spinal_engine.h"
#include "tests/spinalflow/random_layer.h"

namespace h2 {

/// The unit alone, in front of one memory; its tensors lie there as a driver places them.
class SpinalBench : public sc_core::sc_module {
 public:
  SpinalBench(sc_core::sc_module_name name, const MemorySpec& memory, std::uint32_t dma_bytes,
              Trace& trace);

  /// Writes weights and spikes, one map per sample.
  SpineJob place(const SpinalCase& c, const std::vector<SpineMap>& samples);
  /// Writes a tensor with lists that follow each other without gaps.
  void write_spines(const SpineTensor& tensor, const std::vector<SpineMap>& samples);
  SpineMap read_output(const SpineJob& job, int sample);
  void write(std::uint64_t address, const void* data, std::size_t bytes);
  void read(std::uint64_t address, void* data, std::size_t bytes);

  std::function<void(SpinalBench&)> program;
  Glb glb;
  SpinalEngine engine;
  Interconnect bus;
  ExternalMemory memory;

 private:
  void run() { program(*this); }
  void access(tlm::tlm_command command, std::uint64_t address, void* data, std::size_t bytes);
};

/// A memory that answers at once, with as much bandwidth as anybody asks for.
MemorySpec instant_memory();

/// Runs one program in a simulation of its own.
void simulate_unit(const MemorySpec& memory, const std::function<void(SpinalBench&)>& program,
                   std::uint32_t dma_bytes = 160);

}  // namespace h2
