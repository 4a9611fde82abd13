// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace h2 {

/// What the header of a .npy file says, NumPy's "NEP 1" format.
struct NpyFields {
  std::string descr;  ///< element type, as "<f4"
  bool fortran_order = false;
  std::vector<std::size_t> shape;
};

/// Reads a header's text: a Python dictionary with exactly the keys descr, fortran_order and shape
/// in any order, in quotes of either kind, and blanks behind it. Throws InputError that names the
/// file and the key.
NpyFields parse_npy_fields(const std::string& path, std::string_view header);

}  // namespace h2
