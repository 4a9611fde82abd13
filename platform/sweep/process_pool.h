// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>

namespace h2 {

/// Calls `work(i)` for 0..count-1, each in a process that is forked for it, at most `jobs` at once,
/// and `ended(i, code)` here as they end: with what `work` returned, or 128 + the signal that ended
/// it. Once `stop` returns true no more are begun, and those under way are sent SIGTERM. Returns
/// how many ended. To be called before there are threads.
std::size_t run_forked(std::size_t count, int jobs, const std::function<int(std::size_t)>& work,
                       const std::function<void(std::size_t, int)>& ended,
                       const std::function<bool()>& stop);

}  // namespace h2
