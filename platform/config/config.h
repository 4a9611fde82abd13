#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "memory/bus/probe_settings.h"
#include "memory/dram/memory_spec.h"
#include "modules/arithmetic/neuron_spec.h"
#include "modules/arithmetic/update.h"
#include "modules/h2learn/machine.h"
#include "modules/network/network.h"
#include "traces/record/trace_settings.h"

namespace h2 {

enum class LossKind { mse, cross_entropy };

struct TrainingConfig {
  int sub_batch = 4;    ///< samples an engine processes at once
  int batch_group = 8;  ///< sub-batches between two updates
  int epochs = 1;
  std::uint64_t seed = 1;
  LossKind loss = LossKind::mse;
  UpdateSpec update;       ///< optimizer, learning_rate, momentum, loss_scale, adam's constants
  float init_gain = 1.0F;  ///< times Kaiming normal
  bool shuffle = true;
  bool drop_last = false;         ///< drop a last sub-batch that is not full
  bool test_every_epoch = false;  ///< test after every epoch, not after the last alone
};

struct DatasetConfig {
  std::string kind = "digits";  ///< digits mnist nmnist cifar10 cifar10dvs images npy
  std::string path;             ///< folder, relative to the working directory
  std::uint64_t train_limit = 0, test_limit = 0;  ///< 0 = all (digits: 4000, 1000)
};

/// Densities for runs without data: one number per layer, or one for all.
struct ProfileConfig {
  std::vector<double> spike_density{0.15};
  std::vector<double> mask_density{0.25};
  std::vector<double> gradient_density{0.25};
  bool clustered_by_sample = false;  ///< clustering: sample
  double sample_fraction = 0.5;
  std::uint64_t samples = 0;      ///< of one epoch, for epoch_seconds
  std::uint64_t sub_batches = 0;  ///< simulated; 0 = two batch groups
  std::string masks;              ///< folder of real masks, empty = drawn
};

/// The kinds of accelerator that a card may carry.
enum class AcceleratorKind { h2learn };

/// The whole effective configuration: resolved and validated once, then const.
struct Config {
  std::string name;  ///< file name without folder and extension
  AcceleratorKind accelerator = AcceleratorKind::h2learn;
  Machine machine;
  bool overlap = true;  ///< pipeline.overlap: FE runs beside BE and WUE
  MemorySpec memory;
  std::string network_layers;  ///< as written
  PoolMode pool = PoolMode::after_soma;
  NeuronSpec neuron;
  Network network;                 ///< parsed
  bool has_network = true;         ///< false for a bare machine file
  bool static_input_once = false;  ///< encoding partial sums computed once for all timesteps
  TrainingConfig training;
  DatasetConfig dataset;
  ProfileConfig profile;
  VcdConfig vcd;
  TimelineConfig timeline;
  ProbeConfig probe;
  std::uint64_t host_cycles = 800;    ///< host.cycles_per_sub_batch: fixed cost of host work
  double host_clock_mhz = 1000;       ///< host.clock_mhz: of a simulated host processor
  std::uint64_t watchdog_cycles = 0;  ///< core cycles without progress; 0 = 100 million
};

}  // namespace h2
