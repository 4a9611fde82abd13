#pragma once

#include "modules/kernels/core_convert.h"
#include "modules/kernels/core_neuron.h"
#include "modules/kernels/core_window.h"

namespace h2 {
namespace {

template <class N>
Core make_core() {
  Core core{};
  core.entry_bytes = sizeof(typename N::Entry);
  core.scale = scale<N>;
  core.add = add<N>;
  core.average = average<N>;
  core.combine_planes = combine_planes<N>;
  core.from_half = from_half;
  core.to_half = to_half;
  core.nonzero = nonzero;
  core.leaf_table = leaf_table<N>;
  core.merge_tables = merge_tables<N>;
  core.store_entries = store_entries<N>;
  core.tree_tables = tree_tables<N>;
  core.tree_direct = tree_direct<N>;
  core.window = window<N>;
  core.soma = soma<N>;
  core.grad = grad<N>;
  return core;
}

const Core& core_of(Numerics numerics) {
  static const Core fp16 = make_core<Fp16>();
  static const Core fp32 = make_core<Fp32>();
  return numerics == Numerics::fp16 ? fp16 : fp32;
}

}  // namespace
}  // namespace h2
