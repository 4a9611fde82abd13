// SPDX-License-Identifier: Apache-2.0
#include "modules/spinalflow/spine_plan.h"

#include <algorithm>

namespace h2 {

SpinePlan::SpinePlan(const SpineJob& job) : job_(job), passes_(job.passes()) {
  for (const RowRange& rows : job.shape.parts(job.unit)) {
    fields_.emplace_back();
    int most = 1;
    for (int position = 0; position < job.positions(); ++position) {
      fields_.back().push_back(job.shape.field(position, rows));
      most = std::max(most, static_cast<int>(fields_.back().back().size()));
    }
    most_groups_.push_back(groups(most));
  }
}

}  // namespace h2
