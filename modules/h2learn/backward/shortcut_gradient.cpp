// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/backward/shortcut_gradient.h"

#include <algorithm>

#include "modules/arithmetic/simd/isa.h"

namespace h2 {

ShortcutGradient::ShortcutGradient(const JobContext& context, int layer)
    : context_(context), l_(context.layer(layer)) {
  for (const int from : l_.added_by) {
    Term& term = terms_.emplace_back();
    const BitMap* packed_by = nullptr;
    if (context.layer(from).kind == LayerKind::conv && context.compress_gradients) {
      term.mask.emplace(TensorKind::gradient_mask, context.gradient_mask_image(from),
                        context.functional());
      packed_by = context.functional() ? &term.mask->bits : &context.masks->nonzero(from);
    }
    term.values.emplace(TensorKind::gradient, context.gradient_image(from), context.value_bytes,
                        packed_by, context.functional());
  }
}

void ShortcutGradient::want(MapOperand& operand, int tile, Span blocks, TransferList& list) {
  const TensorImage& image = operand.image();
  for (int b = blocks.begin; b < blocks.end; ++b) operand.want_unit(image.unit(tile, b), list);
}

void ShortcutGradient::want_mask(int tile, Span blocks, TransferList& list) {
  for (Term& term : terms_) {
    if (term.mask) want(*term.mask, tile, blocks, list);
  }
}

void ShortcutGradient::want_values(int tile, Span blocks, TransferList& list) {
  for (Term& term : terms_) want(*term.values, tile, blocks, list);
}

void ShortcutGradient::add_to(ValueMap& sums, int tile, Span blocks) {
  const VectorOps& ops = selected_ops(context_.machine->numerics);
  const int c0 = blocks.begin * 16, c1 = std::min(blocks.end * 16, l_.cout);
  for (Term& term : terms_) {
    const Region r = term.values->image().tiling().tile(tile);
    for (int map = 0; map < sums.maps; ++map) {
      for (int y = r.y0; y < r.y1; ++y) {
        for (int x = r.x0; x < r.x1; ++x) {
          ops.add(term.values->values.at(map, y, x) + c0, sums.at(map, y, x) + c0,
                  static_cast<std::size_t>(c1 - c0));
        }
      }
    }
  }
}

}  // namespace h2
