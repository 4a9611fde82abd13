// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace h2 {

/// Throws InputError that names file and byte if an object of a global heap, in which texts and
/// lists of variable length lie, does not lie inside the heap, or is free space of 0 bytes: libhdf5
/// (1.10) would read behind the heap, or for ever. Of files whose lengths have 64 bits, as all that
/// h5py writes.
void require_sound_heaps(const std::string& path);

}  // namespace h2
