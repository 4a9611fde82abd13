// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "modules/device/engine_info.h"
#include "modules/device/register_map.h"

namespace h2 {

enum class SpinTechnology { stt, sram };
/// The answer for a sample in which no neuron has fired at the deadline.
enum class SpinUndecided { largest, none };
/// How pixels become spikes, on the host: encode_pixels().
enum class SpinEncoding { rate, latency, constant };

/// One bit of the arrays. Nothing about it is published: all assumed.
struct SpinCell {
  double area_f2 = 0;     ///< of the cell, squares of the feature size
  double read_pj = 0;     ///< per bit
  double write_pj = 0;    ///< per bit and attempt
  double write_ns = 0;    ///< of a slice, whose bits are written at once
  double leakage_nw = 0;  ///< per bit
};

/// Everything about a SpinAPS card that shapes results, cycles or energy, but its clock.
struct SpinApsMachine {
  SpinTechnology technology = SpinTechnology::stt;
  SpinCell stt{54, 0.03, 0.5, 10, 0};
  SpinCell sram{146, 0.04375, 0.13625, 5, 17.9};
  double feature_nm = 28;
  double array_efficiency = 0.5;  ///< share of the cells in the area of an array

  int rows = 256, columns = 1024;     ///< of an array, cells
  int arrays = 0;                     ///< 0: as many as a network takes
  bool parallel = false;              ///< arrays are read at the same time, not one after another
  std::uint64_t buffer_bytes = 8192;  ///< of the spikes of samples, two halves
  int write_tries = 4;                ///< of a slice, the first included
  double write_failure = 0;           ///< probability that a written bit stays as it was
  std::uint64_t endurance = 1000000000000;  ///< writes that a cell survives
  std::uint64_t fault_seed = 1;             ///< of the failures

  int weight_bits = 8;
  int tau = 8;                  ///< steps that a spike acts for
  int kernels = 4;              ///< raised cosines that a connection's response is made of
  double start_bias = -7;       ///< of all neurons, before training
  std::uint32_t seed = 0x2545;  ///< of sample 0
  bool early_stop = true;
  int deadline = 0;  ///< steps after which a sample ends; 0: all
  SpinUndecided undecided = SpinUndecided::largest;
  SpinEncoding encoding = SpinEncoding::rate;

  const SpinCell& cell() const { return technology == SpinTechnology::stt ? stt : sram; }
};

/// Numbers that a network takes of the arrays, or why it does not fit.
struct SpinLayout {
  int slices = 0;       ///< rows of weights that lie side by side in a row of an array
  int arrays = 0;       ///< that hold the weights
  std::string refusal;  ///< "" or what is too small, with numbers and the key's name
};
SpinLayout lay_out(const SpinApsMachine& machine, int weight_rows, int classes, int weight_bits);

std::vector<EngineInfo> spinaps_engines(const SpinApsMachine& machine, int classes);
/// The registers all cards share, with the identification of SpinAPS. `memory_bytes`: of each
/// memory.
RegisterMap spinaps_registers(std::uint64_t memory_bytes);

}  // namespace h2
