// SPDX-License-Identifier: Apache-2.0
#include "platform/config/key_builders.h"

namespace h2 {
namespace {

constexpr Range kArraySide{1, 4096};
constexpr Range kLanes{1, 64};
constexpr Range kSubLuts{1, 16};
constexpr Range kSubLutInputs{1, 8};
constexpr Range kGlbBytes{1024, 1099511627776.0};
constexpr Range kCycles{0, 1000000};
constexpr Range kFp16{-65504, 65504};
constexpr Range kFp16Positive{0, 65504, true};

std::vector<Key> engine_keys() {
  return {
      integer("engines.forward.rows", kArraySide, "input channels per grid iteration",
              H2_AT(machine.forward.rows)),
      integer("engines.forward.cols", kArraySide, "output channels per grid iteration",
              H2_AT(machine.forward.cols)),
      integer("engines.forward.sub_luts", kSubLuts, "sub-LUTs of one PE",
              H2_AT(machine.forward.sub_luts)),
      integer("engines.forward.sub_lut_inputs", kSubLutInputs,
              "spikes that address one sub-LUT of 2^inputs entries",
              H2_AT(machine.forward.sub_lut_inputs)),
      integer("engines.forward.parallelism", kLanes, "lanes: samples served at once",
              H2_AT(machine.forward.parallelism)),
      integer("engines.forward.soma_lanes", kLanes, "potentials one Soma takes per cycle",
              H2_AT(machine.forward.soma_lanes)),
      boolean("engines.forward.lut", "false: plain adders, same throughput, no table fill",
              H2_AT(machine.forward.lut)),
      integer("engines.weight_update.rows", kArraySide, "timesteps per grid iteration",
              H2_AT(machine.weight_update.rows)),
      integer("engines.weight_update.cols", kArraySide, "output channels per grid iteration",
              H2_AT(machine.weight_update.cols)),
      integer("engines.weight_update.sub_luts", kSubLuts, "sub-LUTs of one PE",
              H2_AT(machine.weight_update.sub_luts)),
      integer("engines.weight_update.sub_lut_inputs", kSubLutInputs,
              "output positions whose grad-u fill one sub-LUT of 2^inputs entries",
              H2_AT(machine.weight_update.sub_lut_inputs)),
      integer("engines.weight_update.parallelism", kLanes,
              "lanes: input channels or kernel offsets served at once",
              H2_AT(machine.weight_update.parallelism)),
      boolean("engines.weight_update.lut", "false: plain adders, same throughput, no table fill",
              H2_AT(machine.weight_update.lut)),
      integer("engines.backward.rows", kArraySide, "channels of grad-u of the layer above",
              H2_AT(machine.backward.rows)),
      integer("engines.backward.cols", kArraySide,
              "channels of the layer whose gradient is computed", H2_AT(machine.backward.cols)),
      integer("engines.backward.group", kLanes, "PEs that share one tile",
              H2_AT(machine.backward.group)),
      choice("engines.backward.sparsity",
             {{"both", Sparsity::both},
              {"input", Sparsity::input},
              {"output", Sparsity::output},
              {"none", Sparsity::none}},
             "zeros that are skipped: of grad-u (input), of the mask (output)",
             H2_AT(machine.backward.sparsity)),
      integer("engines.backward.empty_window_cycles", kCycles,
              "cycles of an output without any valid tap",
              H2_AT(machine.backward.empty_window_cycles)),
      integer("engines.backward.tile_fill_cycles", kCycles, "cycles of pipeline fill per tile",
              H2_AT(machine.backward.tile_fill_cycles)),
      integer("engines.backward.grad_lanes", kLanes, "outputs one Grad takes per cycle",
              H2_AT(machine.backward.grad_lanes)),
  };
}

std::vector<Key> array_keys() {
  return {
      integer("tile.height", {1, 1024}, "rows of a spatial tile, halo excluded",
              H2_AT(machine.tile.height)),
      integer("tile.width", {1, 1024}, "columns of a spatial tile, halo excluded",
              H2_AT(machine.tile.width)),
      choice(
          "dataflow.halo", {{"refetch", Halo::refetch}, {"free", Halo::free}},
          "rows of neighbouring tiles: read again with every tile, or kept without being charged",
          H2_AT(machine.halo)),
      choice("dataflow.backward",
             {{"text", BackwardOrder::text}, {"auto", BackwardOrder::automatic}},
             "loops of the Backward Engine through convolutions: as the paper words them, or per "
             "layer those that read least and fit its buffer",
             H2_AT(machine.backward_order)),
      integer(
          "dataflow.psum_copies", {1, 64},
          "partial sums kept per position in the Backward Engine, at most one per PE of a group",
          H2_AT(machine.psum_copies)),
      choice("dataflow.fc_weight_gradient",
             {{"per_sub_batch", FcGradient::per_sub_batch}, {"per_group", FcGradient::per_group}},
             "weight gradients of fully connected layers: added up in Mem2 sub-batch by sub-batch, "
             "or computed once per batch group from the vectors of all its sub-batches",
             H2_AT(machine.fc_weight_gradient)),
      integer("glb.forward.bytes", kGlbBytes, "global buffer of the Forward Engine, bytes",
              H2_AT(machine.glb.forward)),
      integer("glb.weight_update.bytes", kGlbBytes,
              "global buffer of the Weight Update Engine, bytes", H2_AT(machine.glb.weight_update)),
      integer("glb.backward.bytes", kGlbBytes, "global buffer of the Backward Engine, bytes",
              H2_AT(machine.glb.backward)),
      boolean("pipeline.overlap", "Forward Engine runs beside the other two engines",
              H2_AT(overlap)),
      boolean("machine.extensions",
              "true: accepts what is beyond the paper's hardware (docs/configuration.md)",
              H2_AT(machine.extensions)),
      choice("numerics", {{"fp16", Numerics::fp16}, {"fp32", Numerics::fp32}},
             "format of stored values and of every arithmetic step", H2_AT(machine.numerics)),
      number("neuron.alpha", {0, 1}, "leakage factor of the potential", H2_AT(neuron.alpha)),
      number("neuron.th_f", kFp16Positive, "firing threshold", H2_AT(neuron.th_f)),
      number("neuron.th_l", kFp16, "left border of the open mask interval", H2_AT(neuron.th_l)),
      number("neuron.th_r", kFp16, "right border of the open mask interval", H2_AT(neuron.th_r)),
      number("neuron.beta", kFp16Positive, "surrogate gradient inside the mask interval",
             H2_AT(neuron.beta)),
      choice("neuron.reset",
             {{"hard", Reset::hard},
              {"soft", Reset::soft},
              {"soft_after_decay", Reset::soft_after_decay}},
             "a spike sets the potential to 0, or takes th_f away before or after its decay; soft "
             "ones are extensions",
             H2_AT(neuron.reset)),
      choice("neuron.surrogate",
             {{"rectangle", Surrogate::rectangle},
              {"triangle", Surrogate::triangle},
              {"atan", Surrogate::atan},
              {"fast_sigmoid", Surrogate::fast_sigmoid}},
             "gradient of a spike over the mask interval: beta, or beta times a curve from a "
             "table, an extension",
             H2_AT(neuron.surrogate)),
  };
}

std::vector<Key> sata_keys() {
  return {
      integer("sata.rows", kArraySide, "PEs of SATA's array that take output positions",
              H2_AT(sata.rows)),
      integer("sata.cols", kArraySide, "PEs of SATA's array that take output channels",
              H2_AT(sata.cols)),
      boolean(
          "sata.ann",
          "networks of ReLU with one timestep in place of spiking ones: activations of 16 bits, "
          "products in the forward pass",
          H2_AT(sata.ann)),
      boolean("sata.gates.spikes", "additions without a spike keep their PE still",
              H2_AT(sata.gates.spikes)),
      boolean("sata.gates.gradients", "products of a grad-u that is zero keep their PE still",
              H2_AT(sata.gates.gradients)),
      boolean("sata.gates.surrogate", "products of a closed mask keep the gradient unit still",
              H2_AT(sata.gates.surrogate)),
      integer("sata.buffers.spikes.bytes", kGlbBytes, "spikes, read and written, bytes",
              H2_AT(sata.buffers.spikes)),
      integer("sata.buffers.potentials.bytes", kGlbBytes, "membrane potentials, bytes",
              H2_AT(sata.buffers.potentials)),
      integer("sata.buffers.weights.bytes", kGlbBytes, "weights or their gradients, bytes",
              H2_AT(sata.buffers.weights)),
      integer("sata.buffers.gradients.bytes", kGlbBytes, "gradients of potentials, bytes",
              H2_AT(sata.buffers.gradients)),
      integer("sata.buffers.mask.bytes", kGlbBytes, "masks, bytes", H2_AT(sata.buffers.mask)),
  };
}

std::vector<Key> spinalflow_keys() {
  return {
      choice("spinalflow.fire", {{"tick", SpinalFire::tick}, {"event", SpinalFire::event}},
             "a neuron compares its potential at the end of a tick, or after every event",
             H2_AT(spinalflow.fire)),
      choice("spinalflow.reset",
             {{"zero", SpinalReset::zero},
              {"subtract", SpinalReset::subtract},
              {"none", SpinalReset::none}},
             "potential behind a spike: 0, less the threshold, or as it is",
             H2_AT(spinalflow.reset)),
      boolean("spinalflow.one_spike", "true: a neuron fires once per sample",
              H2_AT(spinalflow.one_spike)),
      integer("spinalflow.leak", {0, 256}, "potential * leak / 256 between two ticks",
              H2_AT(spinalflow.leak)),
      integer("spinalflow.dma_bytes", {1, 65536}, "bytes the DMA takes per cycle",
              H2_AT(spinalflow.dma_bytes)),
      integer("spinalflow.lane_fifo", {1, 256}, "spikes that wait behind one processing element",
              H2_AT(spinalflow.unit.lane_fifo)),
  };
}

}  // namespace

namespace {

std::vector<Key> energy_keys() {
  return {
      choice("energy.preset", {{"public28", "public28"}, {"paper_fit", "paper_fit"}},
             "cost table: published figures alone, or three of them fitted to the paper",
             H2_AT(energy.preset)),
      file_path("energy.table", "a file, \"\" for the preset",
                "cost table in YAML that takes the place of the preset", H2_AT(energy.table)),
  };
}

}  // namespace

std::vector<Key> machine_keys() {
  std::vector<Key> keys{
      choice("accelerator",
             {{"h2learn", AcceleratorKind::h2learn},
              {"sata", AcceleratorKind::sata},
              {"spinalflow", AcceleratorKind::spinalflow},
              {"spinaps", AcceleratorKind::spinaps},
              {"multicore", AcceleratorKind::multicore}},
             "what the card carries", H2_AT(accelerator)),
      number("clock_mhz", {0.001, 100000}, "core clock, MHz", H2_AT(machine.clock_mhz))};
  for (Key& key : engine_keys()) keys.push_back(std::move(key));
  for (Key& key : array_keys()) keys.push_back(std::move(key));
  for (Key& key : sata_keys()) keys.push_back(std::move(key));
  for (Key& key : spinalflow_keys()) keys.push_back(std::move(key));
  for (Key& key : spinaps_keys()) keys.push_back(std::move(key));
  for (Key& key : multicore_keys()) keys.push_back(std::move(key));
  for (Key& key : energy_keys()) keys.push_back(std::move(key));
  return keys;
}

}  // namespace h2
