// SPDX-License-Identifier: Apache-2.0
#include "modules/spinalflow/spinal_energy.h"

#include "modules/spinalflow/spinal_events.h"

namespace h2 {
namespace {

/// Bytes of a spike in a buffer, and what a comparison of two spikes takes.
constexpr double kEntry = kSpineEntryBytes;
/// An addition or a comparison of 32 bits is two of 16.
constexpr double kHalves = 2;
constexpr double kPotentialBits = 32;

}  // namespace

EnginePlan spinal_energy_plan(const SpinalUnit& unit) {
  EnginePlan plan;
  plan.events.resize(kSpinalEvents);
  plan.events[kGlbReadBytes] = {{"sram_read_byte", 1}};
  plan.events[kGlbWriteBytes] = {{"sram_write_byte", 1}};
  // Written to its buffer, read, and the comparators of a tree over all buffers.
  plan.events[kSpineReads] = {{"sram_write_byte", kEntry},
                              {"sram_read_byte", kEntry},
                              {"int8_add", kEntry * (unit.spine_buffers - 1)}};
  // Through an intermediate FIFO.
  plan.events[kMerges] = {{"sram_write_byte", kEntry},
                          {"sram_read_byte", kEntry},
                          {"int8_add", kEntry * (unit.merge_ways - 1)}};
  // The potential is read, added to, compared and written.
  plan.events[kAdds] = {{"int16_add", 2 * kHalves}, {"register_bit", 2 * kPotentialBits}};
  plan.events[kTickEnds] = {{"int16_add", 2 * kHalves}};
  plan.events[kSorted] = {{"sram_write_byte", kEntry},
                          {"sram_read_byte", kEntry},
                          {"int8_add", kEntry * (unit.output_tiles - 1)}};
  const double lists =
      kEntry *
      (2.0 * unit.buffer_entries * unit.spine_buffers + 1.0 * unit.merge_fifo * unit.merge_ways +
       2.0 * unit.buffer_entries * (unit.output_tiles - 1) + 2.0 * unit.output_entries);
  const double comparators =
      kEntry * (unit.spine_buffers - 1 + unit.merge_ways - 1 + unit.output_tiles - 1);
  plan.parts = {
      {"lanes",
       {{"int16_add", 2 * kHalves * unit.lanes}, {"register_bit", kPotentialBits * unit.lanes}}},
      {"finders", {{"int8_add", comparators}}},
      {"lists", {{"sram_byte", lists}}},
      {"glb", {{"sram_byte", static_cast<double>(unit.filter_bytes)}}}};
  plan.clocked_bits = kPotentialBits * unit.lanes;
  return plan;
}

}  // namespace h2
