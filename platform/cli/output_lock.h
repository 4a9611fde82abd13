// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace h2 {

/// Keeps a folder of results for this process until it ends, however it ends; nothing is left in
/// the folder. Once more by the same process changes nothing. Throws InputError while another
/// process has the folder. File systems without locks are not guarded.
void lock_output(const std::filesystem::path& folder);

}  // namespace h2
