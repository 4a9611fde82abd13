// SPDX-License-Identifier: Apache-2.0
#include "memory/dram/limits.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "memory/dram/address_map.h"
#include "memory/dram/device.h"
#include "modules/base/error.h"

namespace h2 {
namespace {

/// A clock count far above every device's.
constexpr double kMostClocks = 10000000;
/// A refresh must leave room for accesses: the rows of a burst opened, written and closed.
constexpr int kClocksBetweenRefreshes = 64;

template <auto member>
double value_of(const DramSpec& spec) {
  return static_cast<double>(spec.*member);
}

template <auto member>
DramLimit power_of_two(const char* name, double min, double max) {
  return {name, min, max, true, value_of<member>};
}

template <auto member>
DramLimit clocks(const char* name) {
  return {name, 1, kMostClocks, false, value_of<member>};
}

bool is_power_of_two(double value) {
  const auto whole = static_cast<std::uint64_t>(value);
  return static_cast<double>(whole) == value && whole != 0 && (whole & (whole - 1)) == 0;
}

std::string text(double value) {
  const auto whole = static_cast<std::int64_t>(value);
  return static_cast<double>(whole) == value ? std::to_string(whole) : nlohmann::json(value).dump();
}

void check_limit(const DramLimit& limit, double value) {
  const bool shape = !limit.power_of_two || is_power_of_two(value);
  if (value >= limit.min && value <= limit.max && shape) return;
  throw InputError(std::string("memory.dram.") + limit.name + ": " + text(value) +
                   "; legal: " + (limit.power_of_two ? "a power of two in " : "") +
                   text(limit.min) + ".." + text(limit.max));
}

}  // namespace

const std::vector<DramLimit>& dram_limits() {
  static const std::vector<DramLimit> table{
      power_of_two<&DramSpec::channels>("channels", 1, 64),
      power_of_two<&DramSpec::data_bits>("data_bits", 8, 256),
      {"tck_ns", 0.01, 1000, false, value_of<&DramSpec::tck_ns>},
      power_of_two<&DramSpec::burst_length>("burst_length", 2, 64),
      power_of_two<&DramSpec::bank_groups>("bank_groups", 1, kMaxBanks),
      power_of_two<&DramSpec::banks_per_group>("banks_per_group", 1, kMaxBanks),
      power_of_two<&DramSpec::ranks>("ranks", 1, 16),
      power_of_two<&DramSpec::row_bytes>("row_bytes", kLineBytes, 1048576),
      clocks<&DramSpec::cl>("cl"),
      clocks<&DramSpec::cwl>("cwl"),
      clocks<&DramSpec::trcd>("trcd"),
      clocks<&DramSpec::trp>("trp"),
      clocks<&DramSpec::tras>("tras"),
      clocks<&DramSpec::trrd_s>("trrd_s"),
      clocks<&DramSpec::trrd_l>("trrd_l"),
      clocks<&DramSpec::tfaw>("tfaw"),
      clocks<&DramSpec::twtr_s>("twtr_s"),
      clocks<&DramSpec::twtr_l>("twtr_l"),
      clocks<&DramSpec::twr>("twr"),
      clocks<&DramSpec::trtp>("trtp"),
      clocks<&DramSpec::tccd_s>("tccd_s"),
      clocks<&DramSpec::tccd_l>("tccd_l"),
      clocks<&DramSpec::trfc>("trfc"),
      clocks<&DramSpec::trefi>("trefi"),
      {"read_queue", 8, 4096, false, value_of<&DramSpec::read_queue>},
      {"write_queue", 8, 4096, false, value_of<&DramSpec::write_queue>},
  };
  return table;
}

const DramLimit& dram_limit(const std::string& name) {
  const auto& table = dram_limits();
  return *std::find_if(table.begin(), table.end(),
                       [&](const DramLimit& limit) { return name == limit.name; });
}

std::vector<DramRule> dram_rules(const DramSpec& d) {
  const int banks = d.ranks * d.bank_groups * d.banks_per_group;
  const int access_bits = d.data_bits * d.burst_length;
  const int refresh = d.trfc + d.trp + d.tras + d.cwl + d.twr + kClocksBetweenRefreshes;
  return {
      {{"data_bits", "burst_length"},
       access_bits == static_cast<int>(8 * kLineBytes),
       "data_bits * burst_length = 512, an access of 64 B"},
      {{"ranks", "bank_groups", "banks_per_group"},
       banks <= kMaxBanks,
       "ranks * bank_groups * banks_per_group <= " + std::to_string(kMaxBanks)},
      {{"tras", "trcd", "trtp"}, d.tras >= d.trcd + d.trtp, "tras >= trcd + trtp"},
      {{"trrd_s", "trrd_l"}, d.trrd_s <= d.trrd_l, "trrd_s <= trrd_l"},
      {{"twtr_s", "twtr_l"}, d.twtr_s <= d.twtr_l, "twtr_s <= twtr_l"},
      {{"tccd_s", "tccd_l"}, d.tccd_s <= d.tccd_l, "tccd_s <= tccd_l"},
      {{"tccd_s", "burst_length"},
       2 * d.tccd_s >= d.burst_length,
       "tccd_s >= burst_length / 2, two beats per clock"},
      {{"tfaw", "trrd_s"}, d.tfaw >= d.trrd_s, "tfaw >= trrd_s"},
      {{"trefi", "trfc", "trp", "tras", "cwl", "twr"},
       d.trefi >= refresh,
       "trefi >= trfc + trp + tras + cwl + twr + " + std::to_string(kClocksBetweenRefreshes) +
           " = " + std::to_string(refresh)},
  };
}

void check_dram(const DramSpec& spec) {
  for (const DramLimit& limit : dram_limits()) {
    const bool unified = limit.value == &value_of<&DramSpec::channels> && spec.channels % 3 == 0;
    const int channels_of_one = spec.channels / 3;
    check_limit(limit, unified ? channels_of_one : limit.value(spec));
  }
  for (const DramRule& rule : dram_rules(spec)) {
    if (rule.holds) continue;
    std::string values;
    for (const char* name : rule.names) {
      values += (values.empty() ? "memory.dram." : ", ") + std::string(name) + " = " +
                text(dram_limit(name).value(spec));
    }
    throw InputError(values + "; legal: " + rule.legal);
  }
}

}  // namespace h2
