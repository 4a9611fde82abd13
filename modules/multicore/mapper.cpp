// SPDX-License-Identifier: Apache-2.0
#include "modules/multicore/mapper.h"

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <set>

#include "modules/base/error.h"
#include "modules/multicore/mapping_text.h"

namespace h2 {
namespace {

int blocks_of(const Layer& layer) { return ceil_div(layer.cout, kSliceChannels); }

/// Cuts a layer evenly for `cores`, larger pieces first.
std::vector<CoreSlice> cut(const Layer& layer, int index, const std::vector<int>& cores) {
  const int blocks = blocks_of(layer), parts = static_cast<int>(cores.size());
  std::vector<CoreSlice> slices;
  int block = 0;
  for (int i = 0; i < parts; ++i) {
    const int width = blocks / parts + (i < blocks % parts ? 1 : 0);
    const int end = std::min((block + width) * kSliceChannels, layer.cout);
    slices.push_back({index, cores[i], block * kSliceChannels, end});
    block += width;
  }
  return slices;
}

bool is_one_word(const MulticoreSpec& spec, const char* word) {
  return spec.mapping == std::vector<std::string>{word};
}

/// Of the busiest core of a layer that `cores` share.
std::uint64_t slowest_of(const MulticoreSpec& spec, const Network& network, int layer, int cores) {
  const Layer& l = network.layers[layer];
  const int widest = std::min(ceil_div(blocks_of(l), cores) * kSliceChannels, l.cout);
  const std::uint64_t forward = core_cycles(spec, l, widest, network.timesteps);
  if (!is_one_word(spec, "balanced")) return forward;
  return std::max(forward, backward_cycles(spec, network, layer, widest));
}

/// Cores of each layer where there are at least as many as layers.
std::vector<int> share_cores(const MulticoreSpec& spec, const Network& network) {
  const int layers = static_cast<int>(network.layers.size());
  std::vector<int> cores(layers, 1);
  for (int left = spec.count - layers; left > 0; --left) {
    int most = -1;
    std::uint64_t cycles = 0;
    for (int l = 0; l < layers; ++l) {
      if (cores[l] == blocks_of(network.layers[l])) continue;
      const std::uint64_t own = slowest_of(spec, network, l, cores[l]);
      if (own <= cycles) continue;
      cycles = own;
      most = l;
    }
    if (most < 0) break;  // no layer can be cut further
    ++cores[most];
  }
  return cores;
}

Mapping automatic(const MulticoreSpec& spec, const Network& network) {
  const int layers = static_cast<int>(network.layers.size());
  const bool apart = spec.count >= layers;  // every layer has cores of its own
  const std::vector<int> shares = apart ? share_cores(spec, network) : std::vector<int>{};
  Mapping mapping;
  int next = 0;
  for (int l = 0; l < layers; ++l) {
    const Layer& layer = network.layers[l];
    std::vector<int> cores(apart ? shares[l] : std::min(spec.count, blocks_of(layer)));
    for (std::size_t i = 0; i < cores.size(); ++i) cores[i] = next + static_cast<int>(i);
    if (apart) next += shares[l];
    mapping.layers.push_back(cut(layer, l, cores));
  }
  return mapping;
}

int layer_named(const Network& network, const std::string& name, const std::string& text) {
  std::string names;
  for (std::size_t l = 0; l < network.layers.size(); ++l) {
    if (network.layers[l].name == name) return static_cast<int>(l);
    names += (l == 0 ? "" : ", ") + network.layers[l].name;
  }
  throw InputError("cores.mapping: '" + text + "' names no layer of the network; legal: " + names);
}

void require_cores(const MulticoreSpec& spec, const MappingItem& item, const std::string& text) {
  std::set<int> seen;
  for (const int core : item.cores) {
    if (core >= spec.count) {
      throw InputError("cores.mapping: '" + text + "': the mesh is too small for core " +
                       std::to_string(core) + "; legal: 0 to " + std::to_string(spec.count - 1) +
                       " (cores.count)");
    }
    if (!seen.insert(core).second) {
      throw InputError("cores.mapping: '" + text + "' names core " + std::to_string(core) +
                       " twice");
    }
  }
}

std::vector<CoreSlice> slices_of(const MappingItem& item, const Layer& layer, int index,
                                 const std::string& text) {
  if (!item.ranged) {
    if (static_cast<int>(item.cores.size()) > blocks_of(layer)) {
      throw InputError("cores.mapping: '" + text + "': " + layer.name + " has " +
                       std::to_string(layer.cout) + " output channels; legal: at most " +
                       std::to_string(blocks_of(layer)) + " cores, 16 channels each");
    }
    return cut(layer, index, item.cores);
  }
  const int end = item.last + 1;
  if (item.first % kSliceChannels != 0 || end > layer.cout ||
      (end % kSliceChannels != 0 && end != layer.cout)) {
    throw InputError("cores.mapping: '" + text + "': channels of " + layer.name +
                     " are cut at multiples of 16 of its " + std::to_string(layer.cout));
  }
  return {{index, item.cores[0], item.first, end}};
}

/// All channels, each once, and no core twice.
void require_whole(const Layer& layer, std::vector<CoreSlice>& slices) {
  if (slices.empty()) throw InputError("cores.mapping: " + layer.name + " is a layer without core");
  std::sort(slices.begin(), slices.end(),
            [](const CoreSlice& a, const CoreSlice& b) { return a.begin < b.begin; });
  std::set<int> cores;
  int next = 0;
  for (const CoreSlice& s : slices) {
    if (s.begin < next) {
      throw InputError("cores.mapping: slices of " + layer.name + " overlap in channel " +
                       std::to_string(s.begin));
    }
    if (s.begin > next) {
      throw InputError("cores.mapping: channel " + std::to_string(next) + " of " + layer.name +
                       " is on no core");
    }
    if (!cores.insert(s.core).second) {
      throw InputError("cores.mapping: " + layer.name + " has two slices on core " +
                       std::to_string(s.core) + "; legal: one slice per layer and core");
    }
    next = s.end;
  }
  if (next != layer.cout) {
    throw InputError("cores.mapping: channel " + std::to_string(next) + " of " + layer.name +
                     " is on no core");
  }
}

Mapping listed(const MulticoreSpec& spec, const Network& network) {
  Mapping mapping;
  mapping.layers.resize(network.layers.size());
  for (const std::string& text : spec.mapping) {
    const MappingItem item = parse_mapping_item(text);
    const int index = layer_named(network, item.layer, text);
    require_cores(spec, item, text);
    for (const CoreSlice& s : slices_of(item, network.layers[index], index, text)) {
      mapping.layers[index].push_back(s);
    }
  }
  for (std::size_t l = 0; l < network.layers.size(); ++l) {
    require_whole(network.layers[l], mapping.layers[l]);
  }
  return mapping;
}

/// A core that is taken already begins a round.
void find_rounds(Mapping& mapping) {
  std::set<int> taken;
  int round = 0;
  for (const auto& slices : mapping.layers) {
    const bool again = std::any_of(slices.begin(), slices.end(),
                                   [&](const CoreSlice& s) { return taken.count(s.core) != 0; });
    if (again) {
      ++round;
      taken.clear();
    }
    for (const CoreSlice& s : slices) taken.insert(s.core);
    mapping.rounds.push_back(round);
  }
}

}  // namespace

std::uint64_t core_cycles(const MulticoreSpec& spec, const Layer& layer, int channels, int steps) {
  const std::uint64_t macs = layer.macs() / layer.cout * channels * steps;
  return ceil_div(macs, static_cast<std::uint64_t>(spec.lanes));
}

std::uint64_t backward_cycles(const MulticoreSpec& spec, const Network& network, int layer,
                              int channels) {
  const Layer& own = network.layers[layer];
  std::uint64_t work = std::uint64_t{1} * channels * own.soma_h * own.soma_w;
  if (layer + 1 < static_cast<int>(network.layers.size())) {
    const Layer& above = network.layers[layer + 1];
    const int positions = above.kind == LayerKind::fc ? own.next_h * own.next_w : 1;
    work = above.macs() / above.cin * positions * channels;
  }
  return ceil_div(work * network.timesteps, static_cast<std::uint64_t>(spec.lanes));
}

Mapping map_layers(const MulticoreSpec& spec, const Network& network) {
  const bool whole = is_one_word(spec, "auto") || is_one_word(spec, "balanced");
  Mapping mapping = whole ? automatic(spec, network) : listed(spec, network);
  find_rounds(mapping);
  return mapping;
}

MappingLoad load_of(const MulticoreSpec& spec, const Mapping& mapping, const Network& network) {
  MappingLoad load;
  load.forward.cycles.resize(spec.count);
  load.backward.cycles.resize(spec.count);
  for (const auto& slices : mapping.layers) {
    for (const CoreSlice& s : slices) {
      load.forward.cycles[s.core] +=
          core_cycles(spec, network.layers[s.layer], s.channels(), network.timesteps);
      load.backward.cycles[s.core] += backward_cycles(spec, network, s.layer, s.channels());
    }
  }
  for (PassLoad* pass : {&load.forward, &load.backward}) {
    const auto& cycles = pass->cycles;
    const auto sum = std::accumulate(cycles.begin(), cycles.end(), std::uint64_t{0});
    pass->slowest = *std::max_element(cycles.begin(), cycles.end());
    pass->balance = static_cast<double>(sum) / (static_cast<double>(pass->slowest) * spec.count);
  }
  return load;
}

std::string describe(const MulticoreSpec& spec, const Mapping& mapping, const Network& network) {
  std::string text;
  for (std::size_t l = 0; l < mapping.layers.size(); ++l) {
    const Layer& layer = network.layers[l];
    text += "  " + layer.name;
    if (mapping.round_count() > 1) text += ", round " + std::to_string(mapping.rounds[l]);
    text += ":";
    for (const CoreSlice& s : mapping.layers[l]) {
      text += " core " + std::to_string(s.core) + " channels " + std::to_string(s.begin) + "-" +
              std::to_string(s.end - 1) + " (" +
              std::to_string(core_cycles(spec, layer, s.channels(), network.timesteps)) +
              " cycles per sample)";
    }
    text += "\n";
  }
  const MappingLoad load = load_of(spec, mapping, network);
  const auto& cycles = load.forward.cycles;
  const auto idle = std::count(cycles.begin(), cycles.end(), 0U);
  char line[240];
  std::snprintf(line, sizeof line,
                "  busiest core %llu cycles per sample and engine, balance %.2f, %lld of %d cores "
                "without a slice\n  backward pass: busiest core %llu cycles per sample, balance "
                "%.2f\n",
                static_cast<unsigned long long>(load.forward.slowest), load.forward.balance,
                static_cast<long long>(idle), spec.count,
                static_cast<unsigned long long>(load.backward.slowest), load.backward.balance);
  return text + line;
}

}  // namespace h2
