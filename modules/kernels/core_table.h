#pragma once

#include "modules/kernels/core_events.h"
#include "modules/kernels/core_fp32.h"
#include "modules/kernels/core_neuron.h"
#include "modules/kernels/core_pack.h"
#include "modules/kernels/core_program.h"
#include "modules/kernels/core_tree.h"
#include "modules/kernels/core_windows.h"

namespace h2 {
namespace {

/// `Array`: the numerics of N as the arrays' tables and trees compute it.
template <class N, class Array>
Core make_core() {
  Core core{};
  core.entry_bytes = sizeof(typename Array::Entry);
  core.scale = scale<N>;
  core.add = add<N>;
  core.average = average<N>;
  core.combine_planes = combine_planes<N>;
  core.from_half = from_half;
  core.to_half = to_half;
  core.pack_half = pack_half;
  core.unpack_half = unpack_half;
  core.nonzero = nonzero;
  core.list_ones = list_ones;
  core.list_nonzeros = list_nonzeros;
  core.leaf_table = leaf_table<Array>;
  core.merge_tables = merge_tables<Array>;
  core.store_entries = store_entries<Array>;
  core.tree_tables = tree_tables<Array>;
  core.tree_direct = tree_direct<Array>;
  core.product_trees = product_trees<Array>;
  core.window_trees = window_trees<Array>;
  core.select_trees = select_trees<Array>;
  core.row_sums = row_sums;
  core.product_sums = product_sums;
  core.select_sums = select_sums;
  core.soma = soma<N>;
  core.grad = grad<N>;
  return core;
}

template <class HalfArray>
const Core& core_of(Numerics numerics) {
  static const Core fp16 = make_core<Fp16, HalfArray>();
  static const Core fp32 = make_core<Fp32, Fp32>();
  return numerics == Numerics::fp16 ? fp16 : fp32;
}

}  // namespace
}  // namespace h2
