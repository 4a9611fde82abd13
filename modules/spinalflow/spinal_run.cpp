// SPDX-License-Identifier: Apache-2.0
#include "modules/spinalflow/spinal_run.h"

#include <algorithm>

#include "modules/spinalflow/filter_rows.h"
#include "modules/spinalflow/min_find.h"

namespace h2 {
namespace {

/// The lists of one field, merged as the unit does it: min-find in groups, then across the groups.
class FieldMerge {
 public:
  FieldMerge(const std::vector<FieldSpine>& field, const SpineMap& input, int group)
      : field_(field), input_(input), next_(field.size(), 0), group_(group) {}

  /// Index of the list whose head comes first, -1 behind the last spike.
  int find() const {
    const int lists = static_cast<int>(field_.size());
    const int groups = (lists + group_ - 1) / group_;
    std::vector<int> best(groups);
    for (int g = 0; g < groups; ++g) {
      const int first = g * group_, count = std::min(group_, lists - first);
      const int found = min_find(count, [&](int i) { return head(first + i); });
      best[g] = found < 0 ? -1 : first + found;
    }
    const int g = min_find(groups, [&](int i) { return best[i] < 0 ? nullptr : head(best[i]); });
    return g < 0 ? -1 : best[g];
  }
  SpineEvent take(int list) { return spine(list)[next_[list]++]; }

 private:
  const Spine& spine(int list) const { return input_.spines[field_[list].position]; }
  const SpineEvent* head(int list) const {
    return next_[list] < spine(list).size() ? &spine(list)[next_[list]] : nullptr;
  }

  const std::vector<FieldSpine>& field_;
  const SpineMap& input_;
  std::vector<std::size_t> next_;
  const int group_;
};

class LayerRun {
 public:
  LayerRun(const SpinalLayer& layer, const SpinalUnit& unit, const SpinalNeuron& neuron,
           const std::vector<std::int8_t>& rows, const SpineMap& input, SpinalCounts& counts)
      : layer_(layer),
        unit_(unit),
        neuron_(neuron),
        rows_(rows),
        input_(input),
        counts_(counts),
        parts_(layer.parts(unit)),
        output_(layer.output()) {}

  SpineMap run() {
    for (int tile = 0; tile < layer_.tiles(unit_); ++tile) {
      sums_.assign(output_.shape.positions(), {});
      for (std::size_t part = 0; part < parts_.size(); ++part) {
        counts_.weight_rows += parts_[part].count;
        for (int position = 0; position < output_.shape.positions(); ++position) {
          run_position(tile, part, position);
        }
      }
    }
    for (Spine& spine : output_.spines) {
      std::sort(spine.begin(), spine.end());
      counts_.output_events += spine.size();
    }
    return std::move(output_);
  }

 private:
  void run_position(int tile, std::size_t part, int position) {
    const std::vector<FieldSpine> field = layer_.field(position, parts_[part]);
    FieldMerge merge(field, input_, unit_.spine_buffers);
    lanes_.begin(neuron_, layer_.lanes(unit_, tile), part + 1 < parts_.size());
    begin_tick(part, position);
    for (int list = merge.find(); list >= 0; list = merge.find()) {
      const SpineEvent event = merge.take(list);
      while (lanes_.tick() < event.tick) end_tick(tile, part, position);
      const int channel = static_cast<int>(layer_.input.channel_of(event.neuron));
      for (const int offset : field[list].offsets) {
        const int row = offset * layer_.input.channels + channel;
        if (!parts_[part].holds(row)) continue;
        lanes_.add(&rows_[filter_offset(layer_, unit_, tile, row)]);
        ++counts_.row_reads;
      }
    }
    while (lanes_.tick() < layer_.input.ticks) end_tick(tile, part, position);
  }

  std::int32_t* sums_at(int position, int tick) {
    auto& sums = sums_[position];
    sums.resize(static_cast<std::size_t>(layer_.input.ticks) * SpinalLanes::kMost);
    return &sums[static_cast<std::size_t>(tick) * SpinalLanes::kMost];
  }

  void begin_tick(std::size_t part, int position) {
    if (part == 0 || lanes_.tick() == layer_.input.ticks) return;
    lanes_.add_sums(sums_at(position, lanes_.tick()));
  }

  void end_tick(int tile, std::size_t part, int position) {
    const auto tick = static_cast<std::uint8_t>(lanes_.tick());
    if (part + 1 < parts_.size()) {
      lanes_.take_sums(sums_at(position, tick));
      ++counts_.sum_rows;
    } else {
      const SpinalLanes::Fired fired = lanes_.end_tick();
      for (int lane = 0; lane < layer_.lanes(unit_, tile); ++lane) {
        if (!fired[lane]) continue;
        output_.spines[position].push_back(
            {output_.shape.neuron(position, tile * unit_.lanes + lane), tick});
      }
    }
    begin_tick(part, position);
  }

  const SpinalLayer& layer_;
  const SpinalUnit& unit_;
  const SpinalNeuron& neuron_;
  const std::vector<std::int8_t>& rows_;
  const SpineMap& input_;
  SpinalCounts& counts_;
  const std::vector<RowRange> parts_;
  SpineMap output_;
  SpinalLanes lanes_;
  std::vector<std::vector<std::int32_t>> sums_;  // of the tile, by position: tick, lane
};

}  // namespace

SpineMap run_layer(const SpinalLayer& layer, const SpinalUnit& unit, const SpinalNeuron& neuron,
                   const std::vector<std::int8_t>& rows, const SpineMap& input,
                   SpinalCounts& counts) {
  return LayerRun(layer, unit, neuron, rows, input, counts).run();
}

}  // namespace h2
