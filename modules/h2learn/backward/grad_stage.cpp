// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/backward/grad_stage.h"

#include <algorithm>

#include "modules/arithmetic/neuron.h"
#include "modules/h2learn/backward/backward_array.h"

namespace h2 {
namespace {

/// The region with all of every 2x2 window that begins or ends in it.
Region windows_of(Region r) {
  return {r.y0 / 2 * 2, (r.y1 + 1) / 2 * 2, r.x0 / 2 * 2, (r.x1 + 1) / 2 * 2};
}

}  // namespace

GradStage::GradStage(const JobContext& context, int layer)
    : context_(context),
      l_(context.layer(layer)),
      layer_(layer),
      conv_(l_.kind == LayerKind::conv),
      mask_(TensorKind::mask, context.soma_image(layer, context.place(layer).mask),
            context.functional()),
      spikes_(TensorKind::spike, context.spikes_image(layer), context.functional()),
      open_(context.functional() ? &mask_.bits : &context.masks->open(layer)),
      u_(TensorKind::potential, context.potential_image(layer), context.value_bytes,
         context.all_potentials(layer) ? nullptr : open_, context.functional()),
      shortcut_(context, layer),
      gradient_image_(context.gradient_image(layer)),
      bitmap_image_(context.gradient_mask_image(layer)) {
  mask_.set_reuse(Operand::Reuse::once_per_pass);
  if (!context.functional()) return;
  const int maps = context.batch * context.steps;
  sums_ = ValueMap::raw(maps, l_.next_h, l_.next_w, l_.cout);
  gradient_ = ValueMap::raw(maps, l_.soma_h, l_.soma_w, l_.cout);
  nonzero_ = BitMap(maps, l_.soma_h, l_.soma_w, l_.cout);
  if (context.relu || l_.readout) {
    std::fill(u_.values.values.begin(), u_.values.values.end(), 0.0F);
  }
  if (l_.readout) std::fill(mask_.bits.bits.begin(), mask_.bits.bits.end(), 0xFFFFU);
}

void GradStage::begin_pass() { mask_.begin_pass(); }

/// A read-out passes its gradient on whatever the neurons did.
void GradStage::want_mask(Region region, int c0, int c1, TransferList& list) {
  if (l_.readout) return;
  mask_.want_region(region, c0, c1, list);
}

void GradStage::want_mask(int tile, Span blocks, TransferList& list) {
  if (l_.readout) return;
  shortcut_.want_mask(tile, blocks, list);
  for (int b = blocks.begin; b < blocks.end; ++b) {
    mask_.want_unit(mask_.image().unit(tile, b), list);
  }
}

/// The gradient of ReLU takes the mask alone.
void GradStage::want_state(int tile, Span blocks, TransferList& list) {
  if (context_.relu || l_.readout) return;
  shortcut_.want_values(tile, blocks, list);
  if (l_.max_pool) {
    spikes_.want_region(windows_of(spikes_.image().tiling().tile(tile)), blocks.begin * 16,
                        std::min(blocks.end * 16, l_.cout), list);
  }
  for (int b = blocks.begin; b < blocks.end && !l_.max_pool; ++b) {
    spikes_.want_unit(spikes_.image().unit(tile, b), list);
  }
  for (int b = blocks.begin; b < blocks.end; ++b) {
    u_.want_unit(u_.image().unit(tile, b), list);
  }
}

std::uint64_t GradStage::bytes(int tile, Span blocks) const {
  std::uint64_t values = 0;
  for (int b = blocks.begin; b < blocks.end; ++b) {
    values += gradient_image_.elements(gradient_image_.unit(tile, b));
  }
  return 2 * 2 * values;
}

Region GradStage::soma_region(Region next) const {
  if (l_.pool != PoolMode::after_soma) return next;
  return {next.y0 * 2, next.y1 == l_.next_h ? l_.soma_h : next.y1 * 2, next.x0 * 2,
          next.x1 == l_.next_w ? l_.soma_w : next.x1 * 2};
}

Region GradStage::next_region(Region soma) const {
  if (l_.pool != PoolMode::after_soma) return soma;
  const auto low = [](int at, int size) { return std::min(at / 2, size - 1); };
  const auto high = [](int at, int size) { return std::min((at + 1) / 2, size); };
  return {low(soma.y0, l_.next_h), high(soma.y1, l_.next_h), low(soma.x0, l_.next_w),
          high(soma.x1, l_.next_w)};
}

RangeCount GradStage::run(int tile, Span blocks, KernelClock& kernels) {
  return kernels.run([&] {
    shortcut_.add_to(sums_, tile, blocks);
    return grad(l_.neuron, context_.machine->numerics, l_.pool, context_.batch, context_.steps,
                sums_, u_.values, spikes_.bits, mask_.bits, image().tiling().tile(tile),
                blocks.begin * 16, std::min(blocks.end * 16, l_.cout), gradient_, nonzero_,
                l_.max_pool, shortcut_.direct(tile, blocks));
  });
}

void GradStage::store(int tile, Span blocks, TransferList& list) {
  for (int b = blocks.begin; b < blocks.end; ++b) {
    const int unit = gradient_image_.unit(tile, b);
    Transfer t;
    t.write = true;
    // Batch norm makes the gradient that the arrays read, and its bitmap.
    if (conv_ && !context_.dense && !l_.normalised()) {
      t.kind = TensorKind::gradient_mask;
      t.address = bitmap_image_.bits_address(unit);
      t.bytes = bitmap_image_.bits_bytes(unit);
      if (context_.functional()) {
        bitmap_image_.encode_bits(unit, nonzero_, list.write(t));
      } else {
        list.write_timing(t);
      }
    }
    const bool packed = conv_ && context_.compress_gradients;
    const int parts = packed ? static_cast<int>(H2_PARTS) : 1;
    for (int p = 0; p < parts; ++p) {
      store_values(unit, packed ? PartRange{p, p + 1} : PartRange{}, packed, list);
    }
  }
}

/// Packed values have a slot per part.
void GradStage::store_values(int unit, PartRange parts, bool packed, TransferList& list) {
  const BitMap& nonzero = context_.functional() ? nonzero_ : context_.masks->nonzero(layer_);
  const TensorImage& image = gradient_image_;
  Transfer t;
  t.write = true;
  t.kind = TensorKind::gradient;
  t.halved = context_.value_bytes == 4;
  t.address = image.values_address(unit, context_.value_bytes, parts.begin);
  t.bytes = (packed ? image.count(unit, nonzero, parts) : image.elements(unit, parts)) *
            context_.value_bytes;
  if (t.bytes == 0) return;
  if (!context_.functional()) {
    list.write_timing(t);
  } else if (packed) {
    image.encode_packed(unit, context_.value_bytes, nonzero, gradient_, list.write(t), parts);
  } else {
    image.encode_values(unit, context_.value_bytes, gradient_, list.write(t));
  }
}

}  // namespace h2
