// SPDX-License-Identifier: Apache-2.0
#include "modules/multicore/core_engines.h"

#include <string>

#include "modules/multicore/core_events.h"

namespace h2 {
namespace {

constexpr double kValueBits = 16;

std::vector<std::vector<Use>> event_uses() {
  std::vector<std::vector<Use>> events(kCoreEvents);
  events[kGlbReadBytes] = {{"sram_read_byte", 1}};
  events[kGlbWriteBytes] = {{"sram_write_byte", 1}};
  // A weight, or grad-u, and the sum are read, the sum is written.
  events[kCoreAdditions] = {{"fp16_add", 1}, {"register_bit", 3 * kValueBits}};
  events[kCoreProducts] = {{"fp16_mul", 1}, {"fp16_add", 1}, {"register_bit", 4 * kValueBits}};
  // A decay and an addition; comparisons with th_f, th_l and th_r.
  events[kCoreNeurons] = {{"fp16_mul", 1}, {"fp16_add", 1}, {"int16_add", 3}};
  events[kCorePotentialGradients] = {{"fp16_mul", 4}, {"fp16_add", 2}};
  events[kCoreWeightUpdates] = {{"fp32_mul", 1}, {"fp32_add", 1}};
  events[kCoreStateUpdates] = {{"fp32_mul", 1}, {"fp32_add", 1}};
  // Read once on their way out; links and routers have no published price.
  events[kMailBytes] = {{"sram_read_byte", 1}};
  return events;
}

EnginePlan plan_of(const MulticoreSpec& spec, CoreEngine engine) {
  const double lanes = spec.lanes;
  EnginePlan plan;
  plan.events = event_uses();
  plan.parts = {{"lanes", {{"fp16_add", lanes}}},
                {"buffer", {{"sram_byte", static_cast<double>(spec.buffer_bytes)}}}};
  if (engine == kCoreBackward) plan.parts[0].of.push_back({"fp16_mul", lanes});
  if (engine != kCoreWeights) {
    plan.parts.push_back({"mailbox", {{"sram_byte", static_cast<double>(spec.mailbox_bytes)}}});
  }
  plan.clocked_bits = lanes * kValueBits;
  return plan;
}

}  // namespace

std::vector<EngineInfo> multicore_engines(const MulticoreSpec& spec, bool unified) {
  static const char* const keys[] = {"fp", "bp", "wg"};
  static const char* const titles[] = {"forward engine", "backward engine",
                                       "weight gradient engine"};
  std::vector<EngineInfo> engines;
  for (int core = 0; core < spec.count; ++core) {
    const std::string number = std::to_string(core);
    for (int e = 0; e < kCoreEngines; ++e) {
      EngineInfo info;
      info.key = "core" + number + "_" + keys[e];
      info.title = "Core " + number + ", " + titles[e];
      info.peak_macs_per_cycle = spec.lanes;
      info.memories = {"mem0"};
      info.memories_text = "Mem0 and Mem1 (by turns)";
      if (e == kCoreWeights) {
        info.memories.emplace_back("mem2");
        info.memories_text = "Mem2 and one of Mem0 and Mem1";
      }
      if (unified) {
        info.memories = {"mem"};
        info.memories_text = "the memory";
      }
      engines.push_back(info);
    }
  }
  return engines;
}

std::vector<EnginePlan> multicore_energy_plan(const MulticoreSpec& spec) {
  std::vector<EnginePlan> plans;
  for (int core = 0; core < spec.count; ++core) {
    for (int e = 0; e < kCoreEngines; ++e)
      plans.push_back(plan_of(spec, static_cast<CoreEngine>(e)));
  }
  return plans;
}

}  // namespace h2
