// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace h2 {

/// Number format of every stored value and every arithmetic step.
enum class Numerics { fp16, fp32 };

/// Of one stored value.
constexpr int bytes_of(Numerics numerics) { return numerics == Numerics::fp16 ? 2 : 4; }

}  // namespace h2
