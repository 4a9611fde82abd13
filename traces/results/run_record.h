// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "memory/bus/transfer.h"
#include "modules/device/job_record.h"
#include "modules/device/noc_record.h"
#include "traces/results/breakdown.h"

namespace h2 {

/// Bytes that a memory has moved, also by what they were (TensorKind), and rows it has opened.
struct MemoryBytes {
  using ByKind = std::array<std::uint64_t, static_cast<int>(TensorKind::count)>;
  std::uint64_t read = 0, written = 0;
  std::uint64_t activates = 0;
  /// 64 B accesses of the device, those that bursts are rounded by included.
  std::uint64_t device_reads = 0, device_writes = 0;
  ByKind read_by_kind{}, written_by_kind{};
};

/// Counters of the whole board at one moment.
struct Snapshot {
  std::uint64_t cycle = 0;
  std::vector<EngineStats> engines;
  std::vector<EventCounts> events;  ///< by engine
  std::vector<MemoryBytes> memories;
};
/// What the counters gained between two moments, and sums of such gains. A snapshot without engines
/// and memories counts as zero.
Snapshot operator-(const Snapshot& end, const Snapshot& start);
Snapshot operator+(const Snapshot& a, const Snapshot& b);

/// What a job is for: an optimiser step, the last layer's Grad alone, array work, or the
/// element-wise pass of batch norm.
enum class JobKind { update, grad, array, norm };
/// "update", "grad", "array", "norm".
const char* name_of(JobKind kind);

/// The pass that an opcode's jobs belong to: "forward", "backward", "weight_update"; "" for another
/// opcode.
const char* pass_of(std::uint8_t opcode);

/// Jobs whose costs are added up: those of one layer on one engine, by kind, and by pass where an
/// engine does several.
struct JobKey {
  JobKind kind = JobKind::array;
  int engine = 0;
  std::uint8_t opcode = 0;
  int layer = 0;
  friend bool operator<(const JobKey& a, const JobKey& b) {
    return std::tie(a.kind, a.engine, a.opcode, a.layer) <
           std::tie(b.kind, b.engine, b.opcode, b.layer);
  }
};

/// One layer on one engine: the last sub-batch seen, and sums over the run.
struct LayerCost {
  JobKind kind = JobKind::array;
  int engine = 0;
  std::string pass;  ///< of array jobs and of batch norm, pass_of()
  JobRecord last;
  JobRecord total;
  std::uint64_t jobs = 0;
};

/// What one pass over the training set came to.
struct EpochRecord {
  double loss = 0;            ///< mean per sample
  double train_accuracy = 0;  ///< as the samples were trained
  std::optional<double> test_accuracy, validation_accuracy;
  std::map<int, LayerDensities> densities;  ///< by layer index, in this pass alone
};

/// A restriction of the results that their reader has to know.
struct Warning {
  std::string kind;   ///< trace, output, interrupted, uncharged, extension, learning
  std::string text;   ///< one sentence
  std::string where;  ///< file or part
};

/// A stretch of simulated time.
struct CycleSpan {
  std::uint64_t begin = 0, end = 0;
};

/// Of a loss scale that adapts itself.
struct LossScaleRecord {
  float factor = 1;
  std::uint64_t skipped_groups = 0;  ///< whose gradients overflowed: without update, then halved
  std::uint64_t doublings = 0;
  std::uint64_t groups_since = 0;  ///< trained with this factor
};

/// When cards met: picoseconds of the run.
struct MeetingRecord {
  std::vector<std::uint64_t> arrivals_ps;  ///< by card; the last one begins the meeting
  std::uint64_t begin_ps = 0;
  std::uint64_t link_ps = 0;    ///< on the links between the cards
  std::uint64_t memory_ps = 0;  ///< then, reading and writing Mem2
};

/// What a card has counted in training.
struct CardCounts {
  Snapshot spent;
  std::uint64_t samples = 0;  ///< of its own; 0: the record's
};

/// What cards that train together spent on their meetings.
struct ClusterRecord {
  int cards = 1;
  std::uint64_t meetings = 0;          ///< sums of gradients, or averages of weights
  std::uint64_t link_ps = 0;           ///< on the links between the cards
  std::uint64_t memory_ps = 0;         ///< reading and writing Mem2 for it
  std::uint64_t sent_bytes = 0;        ///< by the card that sends most
  std::uint64_t memory_bytes = 0;      ///< of one card
  std::vector<std::uint64_t> wait_ps;  ///< for later cards, by card
  static constexpr std::size_t kMostMeetings = 64;
  std::deque<MeetingRecord> last;  ///< meetings
  /// By card; the first is empty. Their cycles include tests, in which they wait.
  std::vector<CardCounts> others;
};

/// What classifying a data set came to. Labels and neurons of the last layer have the same numbers.
struct InferenceRecord {
  std::vector<std::uint32_t> predicted;               ///< in the order of the samples
  std::vector<std::vector<std::uint64_t>> confusion;  ///< samples, [label][predicted]
  std::vector<std::vector<std::uint64_t>> spikes;     ///< of each neuron, [label][neuron]
  /// Where the first spike decides: samples by the step of their decision, counted from 1; at 0
  /// those in which no neuron fired. Empty elsewhere.
  struct Decided {
    std::uint64_t samples = 0, right = 0;
  };
  std::vector<Decided> by_step;

  std::uint64_t samples(std::size_t label) const;
  /// Of one neuron per sample of a class; 0 without samples.
  double mean_spikes(std::size_t label, std::size_t neuron) const;
  /// Share of samples predicted right; nothing without samples.
  std::optional<double> accuracy() const;
  /// wilson_interval() of the accuracy.
  std::pair<double, double> interval() const;
};

/// What a run leaves behind, apart from files.
struct RunRecord {
  std::vector<double> loss;  ///< mean per sample, one per batch group
  /// Nothing where it was not measured, as in a run that was interrupted.
  std::optional<double> train_accuracy, test_accuracy, validation_accuracy;
  std::uint64_t test_set = 0, validation_set = 0;  ///< samples that one test of each takes
  std::vector<EpochRecord> epochs;                 ///< those that were finished
  std::vector<std::vector<std::uint8_t>> weights;  ///< stored values, OIHW, little-endian
  std::vector<std::vector<float>> masters;         ///< FP32, where they were asked for
  std::optional<LossScaleRecord> loss_scale;       ///< where it is dynamic
  std::optional<ClusterRecord> cluster;            ///< of several cards or parts
  std::optional<InferenceRecord> inference;        ///< of a run that classifies only
  bool interrupted = false;                        ///< ended before its time, on request
  std::string checkpoint;  ///< that an interrupted run has left to go on from
  std::uint64_t sub_batches = 0, samples = 0, test_samples = 0;
  std::uint64_t epoch_sub_batches = 0;     ///< of one whole epoch
  double steady_cycles_per_sub_batch = 0;  ///< over the last whole group
  Snapshot train_start, train_end;
  Snapshot tests;                     ///< spent in tests between epochs
  Snapshot tests_at_end;              ///< spent in the test after the last
  std::vector<CycleSpan> test_spans;  ///< when the tests ran
  /// Spent in training: tests between epochs left out.
  Snapshot trained() const { return train_end - train_start - tests; }
  /// The same of a card of several that trained together, over the same time. Empty where it is not
  /// known, as of a run that failed.
  Snapshot trained(std::size_t card) const;
  /// Of all cards.
  std::uint64_t samples_of_all() const;
  /// All jobs of training sub-batches.
  std::map<JobKey, LayerCost> layers;
  /// Where the time of the last whole group went.
  Breakdown breakdown;
  /// Whether the group that gave it followed another one of the same length.
  bool steady = false;
  std::uint64_t whole_groups = 0;  ///< that counted for it so far
  /// Whether optimiser steps ran along with the last weight gradients of their group.
  bool fused = false;
  /// By layer index, over all training sub-batches.
  std::map<int, LayerDensities> densities;
  /// Those since the last epoch that was finished.
  std::map<int, LayerDensities> epoch_densities;
  static constexpr std::size_t kMostJobs = 512;
  std::deque<LayerRecord> jobs;  ///< the last ones, of all kinds
  std::vector<Warning> warnings;
  std::optional<NocRecord> noc;  ///< of accelerators with a network on chip

  void begin_group(std::uint64_t cycle);
  /// Ends a group of `sub_batches`; `whole`: it counts for the time per sub-batch.
  void end_group(std::uint64_t cycle, std::uint64_t sub_batches, bool whole,
                 double bytes_per_cycle);
  void add(const LayerRecord& record);
  void add_densities(const JobRecord& job);

 private:
  std::vector<LayerRecord> group_;  // jobs of the group under way
  std::uint64_t group_start_ = 0;
};

}  // namespace h2
