// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>

namespace h2 {

/// Bad input from outside: configuration, data file, weights. The message names the file, line or
/// field and the legal values. The command line turns it into exit code 2.
struct InputError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A run that started correctly and could not be completed. Exit code 1.
struct RunError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace h2
