// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace h2 {

/// FST, GTKWave's compressed format, made by GTKWave's own vcd2fst. Throws InputError if that
/// program is not in PATH: to be asked before a long run.
void require_vcd2fst();

/// Path of the waveform in FST that belongs to a VCD: trace.vcd, trace.fst.
std::string fst_path(const std::string& vcd);

/// Writes fst_path(vcd); the VCD stays. Throws RunError when the converter fails.
void convert_to_fst(const std::string& vcd);

}  // namespace h2
