// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "memory/bus/probe_settings.h"
#include "memory/dram/memory_spec.h"
#include "modules/arithmetic/neuron_spec.h"
#include "modules/cluster/cluster_spec.h"
#include "modules/h2learn/machine.h"
#include "modules/multicore/multicore_spec.h"
#include "modules/network/network.h"
#include "modules/sata/sata_spec.h"
#include "modules/spinalflow/spinal_machine.h"
#include "modules/spinaps/spinaps_machine.h"
#include "platform/config/energy_config.h"
#include "platform/data/dataset_config.h"
#include "platform/host/profile_config.h"
#include "platform/host/training_config.h"
#include "traces/record/trace_settings.h"

namespace h2 {

/// The kinds of accelerator that a card may carry.
enum class AcceleratorKind { h2learn, sata, spinalflow, spinaps, multicore };

/// The whole effective configuration: resolved and validated once, then const.
struct Config {
  std::string name;  ///< file name without folder and extension
  AcceleratorKind accelerator = AcceleratorKind::h2learn;
  Machine machine;
  SataSpec sata;
  SpinalMachine spinalflow;  ///< used by accelerator spinalflow only
  SpinApsMachine spinaps;    ///< used by accelerator spinaps only
  MulticoreSpec multicore;   ///< used by accelerator multicore only
  bool overlap = true;       ///< pipeline.overlap: FE runs beside BE and WUE
  MemorySpec memory;
  NetworkText network_text;  ///< as written
  PoolMode pool = PoolMode::after_soma;
  NeuronSpec neuron;
  Network network;                 ///< parsed
  bool has_network = true;         ///< false for a bare machine file
  bool static_input_once = false;  ///< encoding partial sums computed once for all timesteps
  TrainingConfig training;
  ClusterSpec cluster;
  FederatedSpec federated;
  DatasetConfig dataset;
  ProfileConfig profile;
  VcdConfig vcd;
  TimelineConfig timeline;
  ProbeConfig probe;
  EnergyConfig energy;
  std::uint64_t host_cycles = 800;    ///< host.cycles_per_sub_batch: fixed cost of host work
  double host_clock_mhz = 1000;       ///< host.clock_mhz: of a simulated host processor
  std::uint64_t watchdog_cycles = 0;  ///< core cycles without progress; 0 = 100 million
};

}  // namespace h2
