// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/event_counts.h"

#include <algorithm>

#include "modules/base/ceil_div.h"
#include "modules/h2learn/jobs/feeds.h"

namespace h2 {
namespace {

constexpr std::uint64_t kFp16Bytes = 2;  // as charged
constexpr std::uint64_t kFp32Bytes = 4;

std::uint64_t bytes_of_bits(std::uint64_t bits) { return ceil_div(bits, 8); }

std::uint64_t vectors(const ChunkPart& part) {
  return static_cast<std::uint64_t>(part.batch) * part.steps;
}
std::uint64_t inputs(const ChunkPart& part) {
  return static_cast<std::uint64_t>(part.in1 - part.in0);
}
/// Bytes of the spikes that the part's output positions read, halo included.
std::uint64_t spike_bytes(const Layer& layer, const ChunkPart& part) {
  return bytes_of_bits(vectors(part) * receptive(layer, part.tile).area() * inputs(part));
}
/// Traffic of sums that take part in `rounds` grid iterations one after another.
void count_sums(EventCounts& events, std::uint64_t sums, std::uint64_t rounds, bool first) {
  events.read_glb(kPartialSums, sums * kFp16Bytes * (rounds - (first ? 1 : 0)));
  events.write_glb(kPartialSums, sums * kFp16Bytes * rounds);
}
/// Bits of two tensors in one array; the first takes the odd byte.
struct TwoBits {
  std::uint64_t first, second;
};
TwoBits bytes_of_both(std::uint64_t bits_of_each) {
  const std::uint64_t bytes = bytes_of_bits(2 * bits_of_each);
  return {bytes - bytes / 2, bytes / 2};
}

}  // namespace

const std::vector<EventKind>& h2learn_events() {
  static const std::vector<EventKind> kinds{
      {"glb_read_bytes", "B", "read from the engine's global buffer, by the array and by stores",
       "chunk by chunk: operands and partial sums of every grid iteration, and bytes stored"},
      {"glb_write_bytes", "B", "written to the engine's global buffer, by loads and by the array",
       "chunk by chunk: bytes loaded, partial sums of every grid iteration, and results"},
      {"lut_writes", "1", "FP16 entries written into sub-LUTs",
       "2^n for each sub-LUT of n operands, at every fill; fully connected layers: 1 each"},
      {"lut_fill_adds", "1", "FP16 additions that make those entries",
       "2^n - n - 1 for each sub-LUT of n operands, at every fill"},
      {"lut_reads", "1", "look-ups", "one per sub-LUT, sample, timestep and place that shares it"},
      {"acc_adds", "1", "FP16 additions of Acc trees and partial sums (without LUT: of the PEs)",
       "one per operand of a tree"},
      {"spiking_acc_adds", "1", "those of acc_adds in LUT engines whose operand has a spike",
       "ones among the spikes of each look-up: 1 if there is any"},
      {"macs", "1", "FP16 multiplications, each with an addition, of the Backward Engine's PEs",
       "one per tap that a PE takes"},
      {"mask_scans", "1", "mask bits that Effectual-O finders look at",
       "bits of the open mask of each tile, if outputs are skipped"},
      {"window_scans", "1", "windows of grad-u that Effectual-I/O finders look at",
       "open outputs x channels of grad-u, if inputs are skipped"},
      {"soma_updates", "1", "potentials that Soma computes", "one per neuron, sample, timestep"},
      {"grad_updates", "1", "gradients that Grad computes", "one per neuron, sample, timestep"},
      {"weight_updates", "1", "weights that take an optimiser step", "one per weight and update"},
      {"weight_decays", "1", "weights that an optimiser step also decays",
       "one per weight and update with a weight decay above 0"},
      {"slope_reads", "1", "look-ups in Grad's table of a surrogate",
       "one per neuron, sample, timestep of a layer whose surrogate is no rectangle"},
      {"norm_values", "1", "values that go through batch norm: sums, normalisation, gradients",
       "forward 2 per current (inference 1), backward 2 per gradient"},
  };
  return kinds;
}

SubLuts sub_luts(int parts, int inputs) {
  SubLuts luts;
  for (; parts > 0; parts -= inputs) {
    const int bits = std::min(parts, inputs);
    const std::uint64_t entries = std::uint64_t{1} << bits;
    ++luts.count;
    luts.entries += entries;
    luts.fill_adds += entries - bits - 1;
  }
  return luts;
}

EventCounts forward_events(const Layer& layer, const ForwardSpec& array, const ChunkPart& part,
                           std::uint64_t spiking) {
  const bool fc = layer.kind == LayerKind::fc;
  const SubLuts luts = sub_luts(layer.taps(), fc || !array.lut ? 1 : array.sub_lut_inputs);
  const std::uint64_t outputs = vectors(part) * part.tile.area() * part.outputs;
  const std::uint64_t pairs = inputs(part) * part.outputs;
  const int rows = array.rows * (fc ? array.sub_luts : 1);
  const std::uint64_t tap_rounds = ceil_div(layer.taps(), fc ? 1 : array.taps());
  EventCounts events;
  events[kAccAdds] = outputs * inputs(part) * luts.count;
  events[kSpikingAccAdds] = spiking * part.outputs;
  if (array.lut) {
    events[kLutReads] = events[kAccAdds];
    events[kLutWrites] = pairs * (fc ? 1 : luts.entries);
    events[kLutFillAdds] = pairs * luts.fill_adds;
  }
  events.read_glb(part.operands, tap_rounds * spike_bytes(layer, part));
  events.read_glb(TensorKind::weight, pairs * layer.taps() * kFp16Bytes);
  count_sums(events, outputs, ceil_div(inputs(part), rows) * tap_rounds, part.first);
  return events;
}

EventCounts soma_events(std::uint64_t potentials) {
  EventCounts events;
  events[kSomaUpdates] = potentials;
  events.read_glb(kPartialSums, potentials * kFp16Bytes);
  events.write_glb(TensorKind::potential, potentials * kFp16Bytes);
  const TwoBits bits = bytes_of_both(potentials);
  events.write_glb(TensorKind::spike, bits.first);
  events.write_glb(TensorKind::mask, bits.second);
  return events;
}

EventCounts norm_events(std::uint64_t values) {
  EventCounts events;
  events[kNormValues] = values;
  events.read_glb(TensorKind::potential, values * kFp16Bytes);
  events.write_glb(TensorKind::potential, values * kFp16Bytes);
  return events;
}

EventCounts weight_gradient_events(const Layer& layer, const WeightUpdateSpec& array,
                                   const ChunkPart& part, std::uint64_t spiking,
                                   std::uint64_t merged) {
  const bool fc = layer.kind == LayerKind::fc;
  const int positions = part.tile.area();
  const SubLuts luts = sub_luts(positions, fc || !array.lut ? 1 : array.sub_lut_inputs);
  const std::uint64_t weights = inputs(part) * layer.taps() * part.outputs;
  const std::uint64_t fills = vectors(part) * part.outputs;
  EventCounts events;
  events[kAccAdds] = vectors(part) * luts.count * weights + merged;
  events[kSpikingAccAdds] = spiking * part.outputs;
  if (array.lut) {
    events[kLutReads] = vectors(part) * luts.count * weights;
    events[kLutWrites] = fills * (fc ? 1 : luts.entries);
    events[kLutFillAdds] = fills * luts.fill_adds;
  }
  events.read_glb(part.operands, spike_bytes(layer, part));
  events.read_glb(TensorKind::gradient, fills * positions * kFp16Bytes);
  const std::uint64_t sets =
      ceil_div(part.steps, array.rows) * (fc ? ceil_div(part.batch, array.sub_luts)
                                             : part.batch * ceil_div(positions, array.positions()));
  count_sums(events, weights, sets, part.first);
  return events;
}

EventCounts update_events(std::uint64_t weights, int states, bool decays) {
  const std::uint64_t masters = weights * kFp32Bytes * (1 + states);
  EventCounts events;
  events[kWeightUpdates] = weights;
  if (decays) events[kWeightDecays] = weights;
  events.read_glb(TensorKind::master, masters);
  events.read_glb(TensorKind::weight_gradient, weights * kFp16Bytes);
  events.write_glb(TensorKind::master, masters);
  events.write_glb(TensorKind::weight, weights * kFp16Bytes);
  return events;
}

EventCounts backward_events(const Layer& above, const BackwardSpec& array, const ChunkPart& part,
                            const BackwardCounts& counts) {
  const bool finders = above.kind == LayerKind::conv;
  const Sparsity sparsity = finders ? array.sparsity : Sparsity::none;
  EventCounts events;
  events[kMacs] = counts.macs;
  events[kAccAdds] = counts.open_outputs * part.outputs;
  if (sparsity == Sparsity::both || sparsity == Sparsity::output) {
    events[kMaskScans] = counts.mask_bits;
  }
  if (sparsity == Sparsity::both || sparsity == Sparsity::input) {
    events[kWindowScans] = counts.open_outputs * part.outputs;
  }
  const std::uint64_t grads = vectors(part) * fed_by(above, part.tile).area() * part.outputs;
  events.read_glb(TensorKind::gradient, grads * kFp16Bytes);
  events.read_glb(TensorKind::gradient_mask, bytes_of_bits(grads));
  events.read_glb(TensorKind::weight, inputs(part) * part.outputs * above.taps() * kFp16Bytes);
  count_sums(events, counts.open_outputs, ceil_div(part.outputs, array.rows), part.first);
  return events;
}

EventCounts grad_events(std::uint64_t gradients, Surrogate surrogate) {
  EventCounts events;
  if (surrogate != Surrogate::rectangle) events[kSlopeReads] = gradients;
  events[kGradUpdates] = gradients;
  // u and the sum of grad-s, spike and mask bit; grad-u and its bit.
  events.read_glb(TensorKind::potential, gradients * kFp16Bytes);
  events.read_glb(kPartialSums, gradients * kFp16Bytes);
  const TwoBits bits = bytes_of_both(gradients);
  events.read_glb(TensorKind::spike, bits.first);
  events.read_glb(TensorKind::mask, bits.second);
  events.write_glb(TensorKind::gradient, gradients * kFp16Bytes);
  events.write_glb(TensorKind::gradient_mask, bytes_of_bits(gradients));
  return events;
}

}  // namespace h2
