// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "modules/spinalflow/spine_job.h"

namespace h2 {

/// The steps of a job that all units go through in the same order: passes, in each pass the visits
/// of the positions of its samples.
class SpinePlan {
 public:
  explicit SpinePlan(const SpineJob& job);

  const SpineJob& job() const { return job_; }
  const std::vector<SpinePass>& passes() const { return passes_; }
  /// Visits of a pass: sample by sample, position by position.
  int visits() const { return job_.samples * job_.positions(); }
  int sample(int visit) const { return visit / job_.positions(); }
  int position(int visit) const { return visit % job_.positions(); }
  /// The lists that a visit merges.
  const std::vector<FieldSpine>& field(const SpinePass& pass, int visit) const {
    return fields_[pass.part][position(visit)];
  }
  int groups(int lists) const {
    return (lists + job_.unit.spine_buffers - 1) / job_.unit.spine_buffers;
  }
  /// Groups of the visit of a pass that has the most lists: the lists of so many groups share the
  /// halves of a spine buffer.
  int most_groups(const SpinePass& pass) const { return most_groups_[pass.part]; }

 private:
  const SpineJob& job_;
  std::vector<SpinePass> passes_;
  std::vector<std::vector<std::vector<FieldSpine>>> fields_;  // by part and position
  std::vector<int> most_groups_;
};

}  // namespace h2
