// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/backward/shortcut_gradient.h"

#include <algorithm>

#include "modules/arithmetic/neuron.h"

namespace h2 {

ShortcutGradient::ShortcutGradient(const JobContext& context, int layer)
    : context_(context), l_(context.layer(layer)) {
  for (const int from : l_.added_by) read(from, false);
  for (const int from : l_.potentials_added_by) read(from, true);
  if (l_.potentials_added_by.empty() || !context.functional()) return;
  direct_ = ValueMap::raw(context.batch * context.steps, l_.soma_h, l_.soma_w, l_.cout);
}

void ShortcutGradient::read(int from, bool potentials) {
  Term& term = terms_.emplace_back();
  term.potentials = potentials;
  const bool functional = context_.functional();
  const BitMap* packed_by = nullptr;
  if (context_.layer(from).kind == LayerKind::conv && context_.compress_gradients) {
    term.mask.emplace(TensorKind::gradient_mask, context_.gradient_mask_image(from), functional);
    packed_by = functional ? &term.mask->bits : &context_.masks->nonzero(from);
  }
  term.values.emplace(TensorKind::gradient, context_.gradient_image(from), context_.value_bytes,
                      packed_by, functional);
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

void ShortcutGradient::add(Term& term, ValueMap& sums, int tile, Span blocks) const {
  add_values(context_.machine->numerics, term.values->values,
             term.values->image().tiling().tile(tile), blocks.begin * 16,
             std::min(blocks.end * 16, l_.cout), sums);
}

void ShortcutGradient::add_to(ValueMap& sums, int tile, Span blocks) {
  for (Term& term : terms_) {
    if (!term.potentials) add(term, sums, tile, blocks);
  }
}

const ValueMap* ShortcutGradient::direct(int tile, Span blocks) {
  if (l_.potentials_added_by.empty()) return nullptr;
  const Region r = terms_.back().values->image().tiling().tile(tile);
  const int c0 = blocks.begin * 16, c1 = std::min(blocks.end * 16, l_.cout);
  for (int map = 0; map < direct_.maps; ++map) {
    for (int y = r.y0; y < r.y1; ++y) {
      for (int x = r.x0; x < r.x1; ++x) {
        std::fill(direct_.at(map, y, x) + c0, direct_.at(map, y, x) + c1, 0.0F);
      }
    }
  }
  for (Term& term : terms_) {
    if (term.potentials) add(term, direct_, tile, blocks);
  }
  return &direct_;
}

}  // namespace h2
