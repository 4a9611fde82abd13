#pragma once

#include "modules/kernels/core_numerics.h"

// Sums under numerics fp32. Needs a lanes file before it. Every lane of every output adds its terms
// one after another in the order given; which outputs are computed side by side changes nothing.

namespace h2 {
namespace {

template <int Blocks>
struct LaneBlocks {
  Lanes part[Blocks];

  static LaneBlocks load(const float* p) {
    LaneBlocks r;
    for (int b = 0; b < Blocks; ++b) r.part[b] = Lanes::load(p + b * kLanes);
    return r;
  }
  void store(float* p) const {
    for (int b = 0; b < Blocks; ++b) part[b].store(p + b * kLanes);
  }
  void add(const float* p) {
    for (int b = 0; b < Blocks; ++b) part[b] = part[b] + Lanes::load(p + b * kLanes);
  }
  void add_product(const Lanes& factor, const float* p) {
    for (int b = 0; b < Blocks; ++b) part[b] = fused(factor, Lanes::load(p + b * kLanes), part[b]);
  }
};

/// The events of one run and the operand rows they select from.
template <class Event>
struct RunRange {
  const Event *begin, *end;
  const float* rows;

  RunRange(const EventSumArgs<Event>& args, const Run& run, std::size_t width)
      : begin(args.events + args.starts[run.begin]),
        end(args.events + args.starts[run.end]),
        rows(args.rows + static_cast<std::ptrdiff_t>(run.shift) * args.channels *
                             static_cast<std::ptrdiff_t>(width)) {}
};

template <int Blocks>
inline void add_event(LaneBlocks<Blocks>& sum, const float* rows, std::uint32_t row) {
  sum.add(rows + std::size_t{row} * Blocks * kLanes);
}

template <int Blocks>
inline void add_event(LaneBlocks<Blocks>& sum, const float* rows, const Term& term) {
  sum.add_product(Lanes::broadcast(term.value), rows + std::size_t{term.row} * Blocks * kLanes);
}

template <int Blocks, class Event>
void add_outputs_one_by_one(const EventSumArgs<Event>& args, int first) {
  constexpr std::size_t width = Blocks * kLanes;
  for (int i = first; i < args.outputs; ++i) {
    const RunRange<Event> range(args, args.runs[static_cast<std::size_t>(i) * args.run_pitch],
                                width);
    float* sums = args.sums + i * width;
    auto sum = LaneBlocks<Blocks>::load(sums);
    for (const Event* e = range.begin; e < range.end; ++e) add_event(sum, range.rows, *e);
    sum.store(sums);
  }
}

/// Two outputs at once, so that their chains of dependent additions overlap.
template <int Blocks, class Event>
void add_outputs_in_pairs(const EventSumArgs<Event>& args) {
  constexpr std::size_t width = Blocks * kLanes;
  int i = 0;
  for (; i + 2 <= args.outputs; i += 2) {
    const Run* run = args.runs + static_cast<std::size_t>(i) * args.run_pitch;
    const RunRange<Event> ra(args, run[0], width), rb(args, run[args.run_pitch], width);
    float* sums = args.sums + i * width;
    auto a = LaneBlocks<Blocks>::load(sums), b = LaneBlocks<Blocks>::load(sums + width);
    const Event *ea = ra.begin, *eb = rb.begin;
    for (; ea < ra.end && eb < rb.end; ++ea, ++eb) {
      add_event(a, ra.rows, *ea);
      add_event(b, rb.rows, *eb);
    }
    for (; ea < ra.end; ++ea) add_event(a, ra.rows, *ea);
    for (; eb < rb.end; ++eb) add_event(b, rb.rows, *eb);
    a.store(sums);
    b.store(sums + width);
  }
  add_outputs_one_by_one<Blocks>(args, i);
}

template <int Blocks>
void select_sums_blocks(const SelectSumArgs& args) {
  auto sum = LaneBlocks<Blocks>::load(args.sums);
  for (int i = 0; i < args.count; ++i) {
    const std::uint16_t* words = args.words + args.terms[i].row;
    const Lanes value = Lanes::broadcast(args.terms[i].value);
    for (int b = 0; b < Blocks; ++b) sum.part[b] = sum.part[b] + keep(words[b], value);
  }
  sum.store(args.sums);
}

void row_sums(const RowSumArgs& args) {
  by_blocks(
      args, add_outputs_in_pairs<1, std::uint32_t>, add_outputs_in_pairs<2, std::uint32_t>,
      [](const RowSumArgs& a) { add_outputs_one_by_one<3>(a, 0); },
      [](const RowSumArgs& a) { add_outputs_one_by_one<4>(a, 0); });
}

void product_sums(const ProductSumArgs& args) {
  by_blocks(
      args, add_outputs_in_pairs<1, Term>, add_outputs_in_pairs<2, Term>,
      [](const ProductSumArgs& a) { add_outputs_one_by_one<3>(a, 0); },
      [](const ProductSumArgs& a) { add_outputs_one_by_one<4>(a, 0); });
}

void select_sums(const SelectSumArgs& args) {
  by_blocks(args, select_sums_blocks<1>, select_sums_blocks<2>, select_sums_blocks<3>,
            select_sums_blocks<4>);
}

}  // namespace
}  // namespace h2
