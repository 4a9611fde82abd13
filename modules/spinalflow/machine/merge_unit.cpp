// SPDX-License-Identifier: Apache-2.0
#include "modules/spinalflow/machine/merge_unit.h"

#include <algorithm>

#include "modules/spinalflow/min_find.h"
#include "modules/spinalflow/spinal_events.h"

namespace h2 {

MergeUnit::MergeUnit(sc_core::sc_module_name name, SpineLink& link, MinFindUnit::Fifos& in,
                     BoundedFifo<SpineToken>& out)
    : SpineStage(name, link), in_(in), out_(out) {}

void MergeUnit::work() {
  for (const SpinePass& pass : plan().passes()) {
    for (int v = 0; v < plan().visits(); ++v) {
      visit(std::max(1, plan().groups(static_cast<int>(plan().field(pass, v).size()))));
    }
  }
}

void MergeUnit::visit(int groups) {
  for (;;) {
    waits_for_ = "min-find";
    for (int g = 0; g < groups; ++g) {
      while (in_[g]->empty()) wait(in_[g]->pushed());
    }
    const int group = min_find(groups, [&](int g) {
      const SpineToken& token = in_[g]->front();
      return token.list < 0 ? nullptr : &token.event;
    });
    if (group < 0) break;
    const SpineToken token = in_[group]->pop();
    waits_for_ = "the filter buffer";
    cycle();
    ++link_.events[kMerges];
    while (out_.full()) wait(out_.popped());
    out_.push(token);
  }
  for (int g = 0; g < groups; ++g) in_[g]->pop();
  out_.push_mark({{}, -1});
}

}  // namespace h2
