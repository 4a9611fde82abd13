// SPDX-License-Identifier: Apache-2.0
#include "memory/dram/limits.h"
#include "platform/config/key_builders.h"
#include "platform/config/presets.h"

namespace h2 {
namespace {

Range power_of_two(double min, double max) { return {min, max, false, false, true}; }

Range range_of(const std::string& name) {
  const DramLimit& limit = dram_limit(name);
  return {limit.min, limit.max, false, false, limit.power_of_two};
}

Key preset_key() {
  Key key = text("memory.preset", "", "device behind each MemN; resets memory.dram",
                 H2_AT(memory.dram.preset));
  key.type = KeyType::choice;
  key.choices = {"hbm2", "ddr4_3200", "lpddr4_2400", kIdealPreset};
  key.get = [](const Config& c) {
    return nlohmann::json(c.memory.ideal ? kIdealPreset : c.memory.dram.preset);
  };
  key.set = [](Config& c, const nlohmann::json& v) {
    apply_memory_preset(c.memory, v.get<std::string>());
  };
  return key;
}

std::vector<Key> port_keys() {
  return {
      choice("memory.organisation",
             {{"split", MemoryOrganisation::split}, {"unified", MemoryOrganisation::unified}},
             "Mem0, Mem1, Mem2, or one memory of the summed bandwidth behind an arbiter",
             H2_AT(memory.organisation)),
      preset_key(),
      integer("memory.bytes", power_of_two(1048576, 68719476736.0), "capacity of each MemN, bytes",
              H2_AT(memory.bytes)),
      boolean("memory.compress_gradients", "grad-u moves as mask and packed values",
              H2_AT(memory.compress_gradients)),
      integer("memory.burst_bytes", power_of_two(64, 1048576),
              "largest transaction of an engine, bytes", H2_AT(memory.burst_bytes)),
      integer("memory.outstanding", {1, 1024}, "transactions one port keeps in flight",
              H2_AT(memory.outstanding)),
      number("memory.ideal.latency_ns", {0, 1000000}, "latency of preset ideal, ns",
             H2_AT(memory.ideal_timing.latency_ns)),
      number("memory.ideal.bandwidth_gbps", {0.001, 1000000}, "bandwidth of preset ideal, 1e9 B/s",
             H2_AT(memory.ideal_timing.bandwidth_gbps)),
  };
}

std::vector<Key> dram_shape_keys() {
  return {
      integer("memory.dram.channels", range_of("channels"), "channels of one MemN",
              H2_AT(memory.dram.channels)),
      integer("memory.dram.data_bits", range_of("data_bits"), "data bus of one channel, bits",
              H2_AT(memory.dram.data_bits)),
      number("memory.dram.tck_ns", range_of("tck_ns"), "DRAM clock period, ns",
             H2_AT(memory.dram.tck_ns)),
      integer("memory.dram.burst_length", range_of("burst_length"),
              "beats of one access, two per clock", H2_AT(memory.dram.burst_length)),
      integer("memory.dram.bank_groups", range_of("bank_groups"), "bank groups of one rank",
              H2_AT(memory.dram.bank_groups)),
      integer("memory.dram.banks_per_group", range_of("banks_per_group"), "banks of one bank group",
              H2_AT(memory.dram.banks_per_group)),
      integer("memory.dram.ranks", range_of("ranks"), "ranks of one channel",
              H2_AT(memory.dram.ranks)),
      integer("memory.dram.row_bytes", range_of("row_bytes"),
              "row buffer of one bank over the channel's width, bytes",
              H2_AT(memory.dram.row_bytes)),
  };
}

Key clocks(const std::string& name, std::string description, int DramSpec::*member) {
  return integer(
      "memory.dram." + name, range_of(name),
      std::move(description) + ", DRAM clocks", [member](auto& c) -> auto& {
        return c.memory.dram.*member;
      });
}

std::vector<Key> dram_timing_keys() {
  return {
      clocks("cl", "read command to data", &DramSpec::cl),
      clocks("cwl", "write command to data", &DramSpec::cwl),
      clocks("trcd", "activate to read or write", &DramSpec::trcd),
      clocks("trp", "precharge to activate", &DramSpec::trp),
      clocks("tras", "activate to precharge", &DramSpec::tras),
      clocks("trrd_s", "activate to activate, other bank group", &DramSpec::trrd_s),
      clocks("trrd_l", "activate to activate, same bank group", &DramSpec::trrd_l),
      clocks("tfaw", "window of four activates", &DramSpec::tfaw),
      clocks("twtr_s", "end of write data to read, other bank group", &DramSpec::twtr_s),
      clocks("twtr_l", "end of write data to read, same bank group", &DramSpec::twtr_l),
      clocks("twr", "end of write data to precharge", &DramSpec::twr),
      clocks("trtp", "read to precharge", &DramSpec::trtp),
      clocks("tccd_s", "column command to column command, other bank group", &DramSpec::tccd_s),
      clocks("tccd_l", "column command to column command, same bank group", &DramSpec::tccd_l),
      clocks("trfc", "refresh of all banks", &DramSpec::trfc),
      clocks("trefi", "average time between refreshes", &DramSpec::trefi),
      integer("memory.dram.read_queue", range_of("read_queue"), "read requests one channel holds",
              H2_AT(memory.dram.read_queue)),
      integer("memory.dram.write_queue", range_of("write_queue"),
              "write requests one channel holds", H2_AT(memory.dram.write_queue)),
      text("memory.dram.address_map",
           "row, rank, bank, column, bankgroup, channel in any order, joined by '-'",
           "address fields, most significant first", H2_AT(memory.dram.address_map)),
      boolean("memory.dram.bank_hash",
              "the bits of the row are XORed to bank group and bank: strides of whole rows "
              "spread over the banks",
              H2_AT(memory.dram.bank_hash)),
  };
}

}  // namespace

std::vector<Key> memory_keys() {
  std::vector<Key> keys = port_keys();
  for (Key& key : dram_shape_keys()) keys.push_back(std::move(key));
  for (Key& key : dram_timing_keys()) keys.push_back(std::move(key));
  return keys;
}

}  // namespace h2
