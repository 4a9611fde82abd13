// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace h2 {

/// Number format of every stored value and every arithmetic step.
enum class Numerics { fp16, fp32 };

}  // namespace h2
