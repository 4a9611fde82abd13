// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "modules/arithmetic/update.h"
#include "modules/contract/h2_contract.h"
#include "modules/contract/h2_layout.h"
#include "modules/device/job.h"
#include "modules/h2learn/glb_plan.h"
#include "modules/h2learn/machine.h"
#include "modules/network/network.h"
#include "modules/tensor/operand.h"

namespace h2 {

inline std::uint32_t input_border(const Layer& layer) {
  return h2_input_border(h2_reach(layer.kernel, layer.valid));
}
inline std::uint32_t gradient_border(const Layer& layer) {
  return h2_gradient_border(h2_reach(layer.kernel, layer.valid), layer.stride,
                            layer.pool == PoolMode::before_soma);
}

/// A layer of the network table: shapes, and where its tensors lie.
struct PlacedLayer {
  Layer layer;
  h2_layer place{};
};

/// Where runs without data take the masks of one sub-batch from: per layer, batch*steps maps at the
/// Soma positions.
class MaskSource {
 public:
  virtual ~MaskSource() = default;
  virtual const BitMap& open(int layer) const = 0;     ///< Eq. (5)
  virtual const BitMap& nonzero(int layer) const = 0;  ///< Eq. (6)
  virtual const BitMap& spikes(int layer) const = 0;
  /// What the first layer reads, bit planes as channels; of a static input one map per sample.
  virtual const BitMap& input() const = 0;
};

/// Masks of the sub-batch with this running number.
using MaskFactory = std::function<std::shared_ptr<const MaskSource>(std::uint64_t sub_batch)>;

/// The vectors of a sub-batch that a grouped layer keeps in Mem2.
struct KeptVectors {
  std::uint64_t input = 0, gradient = 0;  ///< addresses
  int samples = 1;
  const MaskSource* masks = nullptr;  ///< in runs without data
};

/// A flipped bit in a look-up table of the Forward Engine (fault injection), as ForwardArray's
/// corrupt() takes it; `channel` counts all output channels of layer `layer` (index).
struct LutFault {
  int layer = 0, channel = 0, input = 0, table = 0, entry = 0, bit = 0;
};

/// What all jobs of one descriptor share.
struct JobContext {
  const Machine* machine = nullptr;
  const std::vector<PlacedLayer>* layers = nullptr;
  const GlbPlan* glb = nullptr;
  const MaskSource* masks = nullptr;  ///< set in runs without data
  int batch = 1, steps = 1;
  int table_batch = 1;       ///< most samples of a sub-batch, for which tensors have room
  int value_bytes = 2;       ///< of one stored value
  std::uint64_t base = 0;    ///< of the Mem0 or Mem1 that holds the sub-batch
  std::uint64_t base2 = 0;   ///< of Mem2
  std::uint64_t input = 0;   ///< address of the first layer's input
  bool static_once = false;  ///< a static input's sum is computed once for all timesteps
  bool inference = false;    ///< forward stores spikes only
  bool compress_gradients = false;
  bool dense = false;  ///< u of every neuron is stored, and no bitmap of grad-u
  bool relu = false;   ///< activations in place of spikes, one timestep: they lie where u would
  std::optional<LutFault> fault;

  bool functional() const { return masks == nullptr; }
  const Layer& layer(int index) const { return (*layers)[index].layer; }
  const h2_layer& place(int index) const { return (*layers)[index].place; }
  /// Tensors of layer `index` at its Soma positions: mask or potential; spikes; grad-u and its
  /// bitmap.
  TensorImage soma_image(int index, std::uint64_t offset) const {
    return soma_image(index, offset, 0);
  }
  TensorImage potential_image(int index) const {
    return soma_image(index, place(index).potential, relu ? next_border(index) : 0);
  }
  /// u of every neuron is stored, not only where the mask is open.
  bool all_potentials(int index) const {
    const Layer& l = layer(index);
    return dense || l.kind == LayerKind::fc || !l.potentials_added_by.empty();
  }
  TensorImage spikes_image(int index) const;
  TensorImage gradient_image(int index) const;
  TensorImage gradient_mask_image(int index) const;
  /// Of a layer with batch norm: its currents, and in their place what array_gradient_image() says.
  TensorImage currents_image(int index) const {
    return currents_image(index, current_steps(index));
  }
  /// What the arrays read as grad-u: behind batch norm the gradient of the currents.
  TensorImage array_gradient_image(int index) const;
  /// Addresses of mean and variance of each channel, and of grad-beta and grad-gamma.
  std::uint64_t moments(int index) const;
  std::uint64_t norm_gradients(int index) const;
  /// What layer `index` hands to the next layer.
  TensorImage next_image(int index) const;
  /// What layer `index` reads, in the producer's shape.
  TensorImage input_image(int index) const;
  WeightImage weight_image(int index, std::uint64_t address) const;
  /// Where grouped layer `index` keeps the vectors of the group's sub-batch `slot` (h2_layout.h);
  /// `sub_batch`: of the network table.
  KeptVectors vectors_in_slot(int index, int sub_batch, std::size_t slot) const;

  /// Timesteps of a layer's currents: those of a static input are the same at all.
  int current_steps(int index) const { return layer(index).encoding ? 1 : steps; }

 private:
  TensorImage soma_image(int index, std::uint64_t offset, std::uint32_t border) const;
  TensorImage currents_image(int index, int map_steps) const;
  std::uint64_t behind_gradient(int index, std::uint64_t (*offset)(std::uint64_t)) const;
  h2_map map(int channels, int height, int width, int map_steps, std::uint32_t border) const;
  /// Of the map that layer `index` hands on.
  std::uint32_t next_border(int index) const {
    return index + 1 < static_cast<int>(layers->size()) ? input_border(layer(index + 1)) : 0;
  }
};

std::unique_ptr<Job> make_forward_job(const JobContext& context, int layer);
/// Of a layer with batch norm, behind the forward job, which leaves currents: y, then Soma.
std::unique_ptr<Job> make_soma_job(const JobContext& context, int layer);
/// Of such a layer behind its grad-u: grad-gamma, grad-beta and the gradient of the currents.
std::unique_ptr<Job> make_norm_gradient_job(const JobContext& context, int layer);
/// And behind its weight gradient: adds those of gamma and beta to the ones of the group (`first`:
/// overwrites them), and brings the running mean and variance forward.
std::unique_ptr<Job> make_norm_update_job(const JobContext& context, int layer, bool first);
/// grad-u of `layer` from grad-u of layer+1 through the weights of layer+1.
std::unique_ptr<Job> make_backward_job(const JobContext& context, int layer);
/// grad-u of the last layer from grad-s that the host left at `gradient`.
std::unique_ptr<Job> make_grad_job(const JobContext& context, std::uint64_t gradient);
/// `first`: overwrite grad-w in Mem2, otherwise add to it.
std::unique_ptr<Job> make_weight_gradient_job(const JobContext& context, int layer, bool first);
/// Of a grouped layer, in place of the weight gradient: copies the vectors of a sub-batch to Mem2.
std::unique_ptr<Job> make_keep_vectors_job(const JobContext& context, int layer,
                                           const KeptVectors& to);
/// The same, of the group's last sub-batch: grad-w of all of them, `kept` in the order they came.
std::unique_ptr<Job> make_group_gradient_job(const JobContext& context, int layer,
                                             const std::vector<KeptVectors>& kept);
/// What an optimiser step takes of a machine.
struct UpdateCosts {
  std::uint64_t buffer_bytes = 0;  ///< of the buffer that weights stream through
  /// Of a chunk of `weights` with `states` FP32 values beside each FP32 weight; `decays`: with a
  /// weight decay.
  std::function<ChunkWork(std::uint64_t weights, int states, bool decays)> work;
};
UpdateCosts h2learn_update_costs(const Machine& machine);

/// Weights of a layer in memory order; none: all.
struct WeightRange {
  int begin = 0, end = 0;
};
/// Optimiser step `step` (1 for the first): grad-w, master and state from Mem2, new FP16 weights to
/// every MemN base in `copies`.
std::unique_ptr<Job> make_update_job(const JobContext& context, int layer, const UpdateSpec& update,
                                     unsigned step, const std::vector<std::uint64_t>& copies,
                                     UpdateCosts costs, WeightRange range = {});
/// With the costs of H2Learn's machine.
std::unique_ptr<Job> make_update_job(const JobContext& context, int layer, const UpdateSpec& update,
                                     unsigned step, const std::vector<std::uint64_t>& copies);

}  // namespace h2
