// SPDX-License-Identifier: Apache-2.0
#include "platform/config/key_builders.h"

namespace h2 {
namespace {

constexpr Range kAreaF2{0, 100000, true};
constexpr Range kPicojoules{0, 1000000};
constexpr Range kWriteNs{0, 1000000, true};
constexpr Range kLeakageNw{0, 1000000};

template <class Access>
void add_cell_keys(std::vector<Key>& keys, const std::string& name, const std::string& what,
                   Access cell) {
  const auto at = [cell](auto member) {
    return [ cell, member ](auto& c) -> auto& { return cell(c).*member; };
  };
  keys.push_back(
      number(name + "area_f2", kAreaF2, "area of " + what + ", F2", at(&SpinCell::area_f2)));
  keys.push_back(
      number(name + "read_pj", kPicojoules, "reading " + what + ", pJ", at(&SpinCell::read_pj)));
  keys.push_back(number(name + "write_pj", kPicojoules, "writing " + what + " once, pJ",
                        at(&SpinCell::write_pj)));
  keys.push_back(number(name + "write_ns", kWriteNs, "writing the bits of a slice, ns",
                        at(&SpinCell::write_ns)));
  keys.push_back(number(name + "leakage_nw", kLeakageNw, "leakage of " + what + ", nW",
                        at(&SpinCell::leakage_nw)));
}

void add_array_keys(std::vector<Key>& keys) {
  keys.push_back(choice(
      "spinaps.technology", {{"stt", SpinTechnology::stt}, {"sram", SpinTechnology::sram}},
      "cells of the arrays: which of the two sets of figures counts", H2_AT(spinaps.technology)));
  add_cell_keys(keys, "spinaps.stt.", "an STT-RAM cell", H2_AT(spinaps.stt));
  add_cell_keys(keys, "spinaps.sram.", "an SRAM cell", H2_AT(spinaps.sram));
  keys.push_back(
      number("spinaps.feature_nm", {1, 1000}, "feature size F, nm", H2_AT(spinaps.feature_nm)));
  keys.push_back(number("spinaps.array_efficiency", {0, 1, true},
                        "share of the cells in the area of an array",
                        H2_AT(spinaps.array_efficiency)));
  keys.push_back(integer("spinaps.rows", {1, 65536}, "rows of an array", H2_AT(spinaps.rows)));
  keys.push_back(integer("spinaps.columns", {1, 65536}, "cells of a row", H2_AT(spinaps.columns)));
  keys.push_back(integer("spinaps.arrays", {0, 4096}, "arrays; 0: as many as the network takes",
                         H2_AT(spinaps.arrays)));
  keys.push_back(boolean("spinaps.parallel", "arrays are read at once, not one after another",
                         H2_AT(spinaps.parallel)));
  keys.push_back(integer("spinaps.buffer_bytes", {64, 1073741824},
                         "buffer of the spikes of two samples, bytes",
                         H2_AT(spinaps.buffer_bytes)));
  keys.push_back(integer("spinaps.write_tries", {1, 1000}, "writes of a slice until it verifies",
                         H2_AT(spinaps.write_tries)));
  keys.push_back(number("spinaps.write_failure", {0, 1},
                        "probability that a bit that should turn over stays as it was",
                        H2_AT(spinaps.write_failure)));
  keys.push_back(integer("spinaps.endurance", {1, 1e15}, "writes that a cell survives",
                         H2_AT(spinaps.endurance)));
}

}  // namespace

std::vector<Key> spinaps_keys() {
  std::vector<Key> keys;
  add_array_keys(keys);
  std::vector<Key> rules{
      integer("spinaps.weight_bits", {2, 8}, "bits of a weight", H2_AT(spinaps.weight_bits)),
      integer("spinaps.tau", {1, 64}, "steps that a spike acts for", H2_AT(spinaps.tau)),
      integer("spinaps.kernels", {1, 64}, "raised cosines that a response is made of",
              H2_AT(spinaps.kernels)),
      number("spinaps.start_bias", {-100, 100}, "bias of all neurons before training",
             H2_AT(spinaps.start_bias)),
      integer("spinaps.seed", {1, 65535}, "seed of the neurons' generator for sample 0",
              H2_AT(spinaps.seed)),
      boolean("spinaps.early_stop", "a sample ends with the first spike of a neuron",
              H2_AT(spinaps.early_stop)),
      integer("spinaps.deadline", {0, 1024}, "steps after which a sample ends; 0: all",
              H2_AT(spinaps.deadline)),
      choice("spinaps.undecided",
             {{"largest", SpinUndecided::largest}, {"none", SpinUndecided::none}},
             "answer without a spike: the largest potential, or none", H2_AT(spinaps.undecided)),
      choice("spinaps.encoding",
             {{"rate", SpinEncoding::rate},
              {"latency", SpinEncoding::latency},
              {"constant", SpinEncoding::constant}},
             "pixels as spikes: drawn at each step, one the earlier the brighter, or at each step "
             "from half brightness on",
             H2_AT(spinaps.encoding))};
  for (Key& key : rules) keys.push_back(std::move(key));
  return keys;
}

}  // namespace h2
