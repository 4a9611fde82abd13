// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace h2 {

/// What of a part or an operation a cost is of.
enum class Quantity { energy, clock, area, leakage };

/// A cost and where it comes from.
struct UnitCost {
  double value = 0;    ///< energy pJ per use, clock pJ per clocked cycle, area um2, leakage nW
  std::string status;  ///< published, scaled, fitted, assumed
  std::string source;
  /// Numbers of the source, whose product the value is; empty: the value stands for itself.
  std::vector<std::pair<std::string, double>> figures;
};

/// The operations and parts that a table prices, in this order.
const std::vector<std::string>& primitives();

/// Prices of a technology. What has no cost of a quantity is free of it.
class CostTable {
 public:
  std::string name;

  /// Replaces what was there.
  void set(std::string_view primitive, Quantity quantity, UnitCost cost) {
    costs_[{std::string(primitive), quantity}] = std::move(cost);
  }
  double at(std::string_view primitive, Quantity quantity) const {
    const auto found = costs_.find({std::string(primitive), quantity});
    return found == costs_.end() ? 0.0 : found->second.value;
  }
  const std::map<std::pair<std::string, Quantity>, UnitCost>& all() const { return costs_; }

 private:
  std::map<std::pair<std::string, Quantity>, UnitCost> costs_;
};

/// "energy", ... and its unit: "pJ", "pJ", "um2", "nW".
const char* name_of(Quantity quantity);
const char* unit_of(Quantity quantity);

}  // namespace h2
