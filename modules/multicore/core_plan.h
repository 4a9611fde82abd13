// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "modules/device/glb_room.h"
#include "modules/multicore/mapper.h"

namespace h2 {

/// How a slice's work on one engine lies in its buffer: `channels` at a time, and for those all
/// samples, before the next ones. With all channels at once, samples pass through one after the
/// other; otherwise the inputs of the whole sub-batch stay.
struct SliceCut {
  int channels = 0;
  GlbRoom room;
};

/// A network on the cores for sub-batches of one size.
class CorePlan {
 public:
  /// Results pass through memory also where mailboxes cannot hold them. Throws InputError that
  /// names the layer and the key if a slice does not fit a buffer.
  CorePlan(const MulticoreSpec& spec, const Network& network, int batch);

  const Mapping& mapping() const { return mapping_; }
  int rounds() const { return mapping_.round_count(); }
  /// Layers whose results pass through memory because mailboxes are too small for them, one
  /// sentence each.
  const std::vector<std::string>& too_small() const { return too_small_; }
  /// Layers of a round, ascending.
  std::vector<int> layers_of(int round) const;
  /// Output channels of the slice's layer.
  const SliceCut& forward(const CoreSlice& slice) const { return forward_.at(key(slice)); }
  /// The slice's own channels as inputs of the layer above, or of the last layer those whose grad-u
  /// follows from the loss.
  const SliceCut& backward(const CoreSlice& slice) const { return backward_.at(key(slice)); }
  const SliceCut& weight_gradient(const CoreSlice& slice) const {
    return weight_gradient_.at(key(slice));
  }
  /// Samples that mailboxes hold: spikes of `layer`; grad-u of `layer`.
  int spike_slots(int layer) const { return spike_slots_[layer]; }
  int gradient_slots(int layer) const { return gradient_slots_[layer]; }

 private:
  using Key = std::pair<int, int>;  // layer, core
  static Key key(const CoreSlice& s) { return {s.layer, s.core}; }
  struct Need {
    std::uint64_t input = 0;   ///< of one sample
    std::uint64_t fixed = 0;   ///< that stays for the pass
    std::uint64_t result = 0;  ///< of one sample
    std::uint64_t kept = 0;    ///< results that stay for the pass
  };
  void cut_all();
  Need forward_need(const CoreSlice& slice, int channels) const;
  Need backward_need(const CoreSlice& slice, int channels) const;
  template <class NeedOf>
  SliceCut cut(const CoreSlice& slice, const char* pass, bool whole_input, NeedOf need) const;
  SliceCut cut_weights(const CoreSlice& slice) const;
  bool streams(const std::map<Key, SliceCut>& cuts, int layer) const;
  void find_slots();
  bool split_where_mail_does_not_fit();
  [[noreturn]] void refuse(const CoreSlice& slice, const char* pass, std::uint64_t bytes) const;

  MulticoreSpec spec_;
  Network network_;
  int batch_;
  Mapping mapping_;
  std::map<Key, SliceCut> forward_, backward_, weight_gradient_;
  std::vector<int> spike_slots_, gradient_slots_;
  std::vector<std::string> too_small_;
};

/// Bytes of layer weights between `outputs` and `inputs` as they are read: in blocks of 16 outputs
/// and 64 inputs.
std::uint64_t weight_block_bytes(const Layer& layer, int o0, int o1, int i0, int i1);
/// Positions of the map that a layer reads flattened; 1 if it reads its own map.
int flattened_positions(const Network& network, int layer);

}  // namespace h2
