// SPDX-License-Identifier: Apache-2.0
#include "modules/multicore/core_plan.h"

#include <algorithm>
#include <string>

#include "modules/base/error.h"
#include "modules/multicore/mail.h"
#include "modules/multicore/traffic.h"

namespace h2 {
namespace {

constexpr std::uint64_t kValue = 2;
constexpr std::uint64_t kSlack = 256;

std::uint64_t positions(int height, int width) {
  return static_cast<std::uint64_t>(height) * width;
}

/// Bits of one channel of one sample that the forward pass keeps until the sub-batch is through:
/// spikes, mask and what pooling makes of the spikes.
std::uint64_t kept_bits(const Layer& l) {
  const std::uint64_t pooled =
      l.pool == PoolMode::after_soma ? positions(l.next_h, l.next_w) * l.next_planes : 0;
  return 2 * positions(l.soma_h, l.soma_w) + pooled;
}

}  // namespace

std::uint64_t weight_block_bytes(const Layer& layer, int o0, int o1, int i0, int i1) {
  const int outputs = std::min(ceil_div(o1, 16) * 16, layer.cout) - o0 / 16 * 16;
  const int inputs = std::min(ceil_div(i1, 64) * 64, layer.cin) - i0 / 64 * 64;
  return kValue * outputs * inputs * layer.taps();
}

int flattened_positions(const Network& network, int layer) {
  if (layer == 0 || network.layers[layer].kind == LayerKind::conv) return 1;
  const Layer& below = network.layers[layer - 1];
  return below.next_h * below.next_w;
}

CorePlan::CorePlan(const MulticoreSpec& spec, const Network& network, int batch)
    : spec_(spec), network_(network), batch_(batch), mapping_(map_layers(spec, network)) {
  do {
    cut_all();
    find_slots();
  } while (split_where_mail_does_not_fit());
}

void CorePlan::cut_all() {
  for (const auto& slices : mapping_.layers) {
    for (const CoreSlice& s : slices) {
      const bool from_memory = s.layer == 0 || !mapping_.joined(s.layer - 1);
      forward_[key(s)] =
          cut(s, "forward", from_memory, [&](int channels) { return forward_need(s, channels); });
      backward_[key(s)] =
          cut(s, "backward", false, [&](int channels) { return backward_need(s, channels); });
      weight_gradient_[key(s)] = cut_weights(s);
    }
  }
}

CorePlan::Need CorePlan::forward_need(const CoreSlice& slice, int channels) const {
  const Layer& l = network_.layers[slice.layer];
  const std::uint64_t steps = network_.timesteps;
  Need need;
  const std::uint64_t input_steps = l.encoding ? 1 : steps;
  need.input = ceil_div(positions(l.in_h, l.in_w) * l.cin_star() * input_steps, std::uint64_t{8});
  if (slice.layer > 0) {
    const Layer& below = network_.layers[slice.layer - 1];
    need.input = std::max(need.input, spike_bytes(below, below.cout, network_.timesteps));
  }
  need.fixed = weight_block_bytes(l, slice.begin, slice.begin + channels, 0, l.cin);
  need.result = kValue * channels * positions(l.soma_h, l.soma_w) * steps;
  if (l.pool == PoolMode::before_soma) {
    need.result += kValue * channels * positions(l.out_h, l.out_w) * steps;
  }
  need.kept = ceil_div(channels * kept_bits(l) * steps * batch_, std::uint64_t{8});
  return need;
}

CorePlan::Need CorePlan::backward_need(const CoreSlice& slice, int channels) const {
  const Layer& l = network_.layers[slice.layer];
  const std::uint64_t steps = network_.timesteps;
  const bool last = slice.layer + 1 == static_cast<int>(network_.layers.size());
  const std::uint64_t soma = positions(l.soma_h, l.soma_w), next = positions(l.next_h, l.next_w);
  Need need;
  need.fixed = ceil_div(2 * channels * soma * steps * batch_, std::uint64_t{8});  // spikes, mask
  if (last) {
    need.input = kValue * l.cout * next * steps;
  } else {
    const Layer& above = network_.layers[slice.layer + 1];
    const int flat = flattened_positions(network_, slice.layer + 1);
    need.input = gradient_bytes(above, above.cout, network_.timesteps);
    need.fixed += weight_block_bytes(above, 0, above.cout, slice.begin * flat,
                                     (slice.begin + channels) * flat);
  }
  need.input += kValue * channels * soma * steps;           // u
  need.result = kValue * channels * (soma + next) * steps;  // sums and grad-u
  return need;
}

/// The most channels whose need fits, with room for a second sample if there is any.
template <class NeedOf>
SliceCut CorePlan::cut(const CoreSlice& slice, const char* pass, bool whole_input,
                       NeedOf need_of) const {
  std::uint64_t least = 0;
  for (int channels = slice.channels();;) {
    const bool all = channels == slice.channels();
    const Need need = need_of(channels);
    const auto inputs = static_cast<std::uint64_t>(whole_input || !all ? batch_ : 1);
    const std::uint64_t results = need.result + need.kept;
    const std::uint64_t operands = need.fixed + need.input * inputs;
    // Bits of a part of a tile begin in a byte of their own.
    const std::uint64_t bytes = operands + operands / 32 + kSlack + results;
    if (bytes <= spec_.buffer_bytes) {
      const bool twice = bytes + need.result <= spec_.buffer_bytes;
      const std::uint64_t made = results + (twice ? need.result : 0);
      return {channels, {spec_.buffer_bytes - made, made}};
    }
    least = bytes;
    const int fewer = (ceil_div(channels, kSliceChannels) - 1) * kSliceChannels;
    if (fewer <= 0) break;
    channels = fewer;
  }
  refuse(slice, pass, least);
}

/// Sums of the pass as results; sums so far, spikes and grad-u of a tile as operands.
SliceCut CorePlan::cut_weights(const CoreSlice& slice) const {
  const Layer& l = network_.layers[slice.layer];
  const std::uint64_t per_channel = kValue * l.cin * l.taps();
  const std::uint64_t half = spec_.buffer_bytes / 2;
  const std::uint64_t fitting = half / per_channel / kSliceChannels * kSliceChannels;
  const int channels = static_cast<int>(
      std::min<std::uint64_t>(fitting, static_cast<std::uint64_t>(slice.channels())));
  if (per_channel * slice.channels() <= half) return {slice.channels(), {half, half}};
  if (channels == 0) refuse(slice, "weight gradient", 2 * per_channel * kSliceChannels);
  return {channels, {half, half}};
}

void CorePlan::refuse(const CoreSlice& slice, const char* pass, std::uint64_t bytes) const {
  throw InputError("cores.buffer.bytes: " + std::to_string(spec_.buffer_bytes) + ", but " + pass +
                   " of " + network_.layers[slice.layer].name + " takes " + std::to_string(bytes) +
                   " for 16 channels, with training.sub_batch " + std::to_string(batch_) +
                   " and network.timesteps " + std::to_string(network_.timesteps) +
                   ": smaller ones need less");
}

bool CorePlan::streams(const std::map<Key, SliceCut>& cuts, int layer) const {
  const auto& slices = mapping_.layers[layer];
  return std::any_of(slices.begin(), slices.end(),
                     [&](const CoreSlice& s) { return cuts.at(key(s)).channels < s.channels(); });
}

/// Where channels take turns, a mailbox has to hold the whole sub-batch.
void CorePlan::find_slots() {
  const int layers = static_cast<int>(mapping_.layers.size()), steps = network_.timesteps;
  spike_slots_.assign(layers, 0);
  gradient_slots_.assign(layers, 0);
  const auto slots = [&](std::uint64_t bytes, bool all) {
    if (bytes >= kMostSampleBytes / 2) return 0;
    const auto fitting =
        static_cast<int>(std::min<std::uint64_t>(spec_.mailbox_bytes / bytes, batch_));
    return all && fitting < batch_ ? 0 : fitting;
  };
  for (int l = 0; l + 1 < layers; ++l) {
    const Layer &below = network_.layers[l], &above = network_.layers[l + 1];
    spike_slots_[l] = slots(spike_bytes(below, below.cout, steps),
                            streams(forward_, l) || streams(forward_, l + 1));
    gradient_slots_[l + 1] = slots(gradient_bytes(above, above.cout, steps),
                                   streams(backward_, l) || streams(backward_, l + 1));
  }
}

/// A new round behind the first layer whose results find no room. True: there was one.
bool CorePlan::split_where_mail_does_not_fit() {
  for (int l = 0; l + 1 < static_cast<int>(mapping_.layers.size()); ++l) {
    if (!mapping_.joined(l) || (spike_slots_[l] > 0 && gradient_slots_[l + 1] > 0)) continue;
    for (std::size_t above = l + 1; above < mapping_.rounds.size(); ++above) {
      ++mapping_.rounds[above];
    }
    const Layer &below = network_.layers[l], &next = network_.layers[l + 1];
    const bool spikes = spike_slots_[l] == 0;
    const std::uint64_t bytes = spikes ? spike_bytes(below, below.cout, network_.timesteps)
                                       : gradient_bytes(next, next.cout, network_.timesteps);
    too_small_.push_back("cores.mailbox.bytes " + std::to_string(spec_.mailbox_bytes) +
                         " is too small for " + (spikes ? "spikes of " : "grad-u of ") +
                         (spikes ? below : next).name + ", " + std::to_string(bytes) +
                         " a sample: results between " + below.name + " and " + next.name +
                         " pass through memory");
    return true;
  }
  return false;
}

std::vector<int> CorePlan::layers_of(int round) const {
  std::vector<int> layers;
  for (std::size_t l = 0; l < mapping_.rounds.size(); ++l) {
    if (mapping_.rounds[l] == round) layers.push_back(static_cast<int>(l));
  }
  return layers;
}

}  // namespace h2
