// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "modules/h2learn/schedule.h"
#include "modules/sata/sata_context.h"

namespace h2 {

/// SATA takes the commands of H2Learn's family. One array: one queue, whose commands run one after
/// another.
class SataSchedule : public H2LearnSchedule {
 public:
  /// `machine`: its tile and numerics count. Both outlive the schedule.
  SataSchedule(const Machine& machine, const SataSpec& array, Settings settings);

  const std::vector<std::string>& queues() const override;
  std::shared_ptr<CardCommand> decode(const h2_descriptor& descriptor, CardAccess& card) override;
  std::optional<Step> step(CardCommand& command, int index) override;
  void reset() override;

  /// Gates of the layers that begin from now on, until a soft reset.
  void set_gates(const SataGates& gates) { gates_ = gates; }

 protected:
  std::uint32_t plan(H2LearnCommand& command) const override;

 private:
  UpdateCosts update_costs() const;

  const SataSpec& array_;
  SataGates gates_;
};

}  // namespace h2
