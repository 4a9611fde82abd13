// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "modules/h2learn/schedule.h"
#include "modules/multicore/core_context.h"
#include "modules/multicore/core_engines.h"

namespace h2 {

/// H2Learn's commands on many cores: a step of a command is a round, whose slices all cores
/// work on at the same time.
class MulticoreSchedule : public H2LearnSchedule {
 public:
  /// `machine`: its tile, its numerics and the order of additions of its arrays count. Both outlive
  /// the schedule.
  MulticoreSchedule(const Machine& machine, const MulticoreSpec& spec, Settings settings);

  void begin(CardCommand& command) override;
  std::optional<Step> step(CardCommand& command, int index) override;
  void end(const CardCommand& command) override;
  void reset() override;

  /// What each core works on: "conv2 0-47"; of the last command that has begun.
  const std::vector<std::string>& work() const { return work_; }
  /// For the network interfaces of the cores.
  MailStreams& streams() { return streams_; }

 protected:
  std::uint32_t plan(H2LearnCommand& command) const override;

 private:
  void open_streams(CoreContext& context, std::uint8_t opcode);
  void close_streams(const CoreContext& context);
  std::unique_ptr<EngineJob> job(const H2LearnCommand& command, const CoreContext& context,
                                 const CoreSlice& slice) const;
  std::unique_ptr<Job> update(const H2LearnCommand& command, const CoreSlice& slice) const;

  const MulticoreSpec& spec_;
  MailStreams streams_;
  std::map<const CardCommand*, CoreContext> under_way_;
  std::vector<std::string> work_;
};

}  // namespace h2
