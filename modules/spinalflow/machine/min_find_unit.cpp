// SPDX-License-Identifier: Apache-2.0
#include "modules/spinalflow/machine/min_find_unit.h"

#include <algorithm>

#include "modules/spinalflow/min_find.h"
#include "modules/spinalflow/spinal_events.h"

namespace h2 {

MinFindUnit::MinFindUnit(sc_core::sc_module_name name, SpineLink& link,
                         StreamBuffers<SpineEvent>& spines, Fifos& fifos)
    : SpineStage(name, link), spines_(spines), fifos_(fifos) {}

void MinFindUnit::work() {
  for (const SpinePass& pass : plan().passes()) {
    for (int v = 0; v < plan().visits(); ++v) {
      visit(static_cast<int>(plan().field(pass, v).size()));
    }
  }
}

void MinFindUnit::visit(int lists) {
  const int groups = std::max(1, plan().groups(lists));
  ended_.assign(lists, 0);
  open_.assign(groups, 1);
  while (std::any_of(open_.begin(), open_.end(), [](char open) { return open != 0; })) {
    int group = -1, list = -1;
    bool waiting = false;
    for (int g = 0; g < groups; ++g) {
      const auto& fifo = *fifos_[g];
      if (open_[g] == 0 || fifo.full()) continue;
      if (group >= 0 && fifo.held() >= fifos_[group]->held()) continue;
      const int found = find(g, lists);
      if (found == kGroupEnded) {
        fifos_[g]->push_mark({{}, -1});
        open_[g] = 0;
      } else if (found < 0) {
        waiting = true;
      } else {
        group = g;
        list = found;
      }
    }
    if (group >= 0) {
      const SpineEvent* event = nullptr;
      spines_.look(list, event);
      const SpineToken token{*event, list};
      spines_.pop(list);
      set_starved(false);
      waits_for_ = "its clock";
      cycle();
      ++link_.events[kSpineReads];
      fifos_[group]->push(token);
    } else if (std::any_of(open_.begin(), open_.end(), [](char open) { return open != 0; })) {
      set_starved(waiting);
      waits_for_ = waiting ? "lists from memory" : "room in the intermediate FIFOs";
      sc_core::sc_event_or_list wakes;
      wakes |= spines_.filled();
      for (int g = 0; g < groups; ++g) wakes |= fifos_[g]->popped();
      wait(wakes);
    }
  }
  set_starved(false);
}

int MinFindUnit::find(int group, int lists) {
  const int first = group * plan().job().unit.spine_buffers;
  const int count = std::min(plan().job().unit.spine_buffers, lists - first);
  bool waiting = false;
  const int found = min_find(count, [&](int i) {
    const int list = first + i;
    const SpineEvent* event = nullptr;
    if (ended_[list] != 0) return event;
    const auto head = spines_.look(list, event);
    if (head == StreamBuffers<SpineEvent>::Head::ended) ended_[list] = 1;
    waiting = waiting || head == StreamBuffers<SpineEvent>::Head::waiting;
    return event;
  });
  if (waiting) return -1;
  return found < 0 ? kGroupEnded : first + found;
}

void MinFindUnit::set_starved(bool starved) {
  if (starved_ == starved) return;
  starved_ = starved;
  changed_.notify();
}

}  // namespace h2
