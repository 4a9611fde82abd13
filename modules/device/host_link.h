// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace h2 {

/// Time of an access over the link between host and card, in core cycles (decision): of the host to
/// a register, of the card to the host's memory.
constexpr double kHostLinkCycles = 16;

}  // namespace h2
