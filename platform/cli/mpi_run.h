// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "platform/cli/command_line.h"
#include "platform/host/card_trainings.h"

namespace h2 {

/// What a training asks of the processes beside it.
struct Ranks {
  Elsewhere elsewhere;
  int count = 1;
  /// Throws InputError on all ranks unless all give the same digest; does nothing without MPI.
  std::function<void(const std::string& digest)> require_same = [](const std::string&) {};
};

/// Runs `train` as one rank of those that mpirun has started. Where a rank ends in an error, it is
/// named, and all end. Throws InputError if the program was built without MPI.
int run_with_mpi(const std::function<int(const Ranks&)>& train);

}  // namespace h2
