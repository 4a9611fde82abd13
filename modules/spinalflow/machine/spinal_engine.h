// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "modules/device/staged_engine.h"
#include "modules/spinalflow/machine/lane_array.h"
#include "modules/spinalflow/machine/merge_unit.h"
#include "modules/spinalflow/machine/min_find_unit.h"
#include "modules/spinalflow/machine/output_sorter.h"
#include "modules/spinalflow/machine/spine_dma.h"

namespace h2 {

/// The whole unit: memory -> spine buffers -> min-find -> merge -> filter buffer -> lanes ->
/// sorter -> memory. Runs SpineJobs.
class SpinalEngine : public StagedEngine {
 public:
  struct Settings : JobEngine::Settings {
    SpinalUnit unit;
    std::uint32_t dma_bytes = 160;  ///< per cycle
  };

  SpinalEngine(sc_core::sc_module_name name, const Settings& settings, Glb& filter_memory,
               Trace& trace);

 private:
  void begin(const EngineJob& job) override;
  bool finished() const override { return sorter_.done() && !dma_.busy(); }
  void add_ends(sc_core::sc_event_or_list& events) const override;
  bool under_way() const override { return dma_.under_way(); }
  void end(bool failed) override;
  void fill_record(const EngineJob& job, JobRecord& record) override;
  std::string outcome(const JobRecord& record) const override;
  void add_arguments(const JobRecord& record, nlohmann::ordered_json& arguments) const override;

  SpineLink link_;
  std::optional<SpinePlan> plan_;
  StreamBuffers<SpineEvent> spines_, tiles_;
  StreamBuffers<SumRow> sums_;
  MinFindUnit::Fifos groups_;
  BoundedFifo<SpineToken> merged_{2};
  BoundedFifo<RowToken> rows_{2};
  LaneFifos lane_fifos_;
  MinFindUnit min_find_;
  MergeUnit merge_;
  FilterBuffer filter_;
  SpineDma dma_;
  LaneArray lanes_;
  OutputSorter sorter_;
};

}  // namespace h2
