// SPDX-License-Identifier: Apache-2.0
#include "modules/spinaps/machine/nvm_array.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace h2 {

NvmArray::NvmArray(sc_core::sc_module_name name, SpinLink& link, const SpinApsMachine& machine,
                   SpinDma& dma)
    : SpinStage(name, link), machine_(machine), dma_(dma), store_(machine) {}

void NvmArray::work() {
  if (job().program) return program();
  for (;;) read_rows();
}

/// From here until the last row is written no network is in the arrays.
void NvmArray::program() {
  const sa_table& t = job().table;
  link_.program.valid = false;
  store_.shape(job().weight_rows(), static_cast<int>(t.classes), static_cast<int>(t.weight_bits));
  bool first = true;
  for (int row = 0; row < job().weight_rows();) {
    waits_for_ = "weights";
    const std::vector<std::uint8_t> bytes = dma_.take();
    link_.on_state(true);
    if (first && !load_neurons()) return;
    first = false;
    for (std::size_t at = 0; at < bytes.size(); at += t.classes, ++row) {
      if (!write_row(row, reinterpret_cast<const std::int8_t*>(&bytes[at]))) return;
    }
    link_.on_state(false);
    dma_.release();
  }
  link_.program.table = t;
  link_.program.valid = programmed_ = true;
  finished_.notify();
}

/// Biases and table, which came before the first weights.
bool NvmArray::load_neurons() {
  SpinProgram& p = link_.program;
  p.biases.resize(job().table.classes);
  std::memcpy(p.biases.data(), dma_.biases().data(), dma_.biases().size());
  std::memcpy(p.sigmoid.data(), dma_.sigmoid().data(), dma_.sigmoid().size());
  if (is_monotone(p.sigmoid)) return true;
  link_.fail(SA_ERR_SIGMOID);
  return false;
}

bool NvmArray::write_row(int row, const std::int8_t* weights) {
  const int most = (1 << (job().table.weight_bits - 1)) - 1;
  const int classes = static_cast<int>(job().table.classes);
  // -most - 1 has no counterpart among the positive ones: no training makes it.
  const auto fits = [&](std::int8_t w) { return w >= -most && w <= most; };
  if (!std::all_of(weights, weights + classes, fits)) {
    link_.fail(SA_ERR_WEIGHT);
    return false;
  }
  const NvmStore::Write write = store_.write(row, weights);
  const double pulse = machine_.cell().write_ns * 1e-9 / link_.period.to_seconds();
  waits_for_ = "the cells to be written";
  compute(write.tries * (static_cast<std::uint64_t>(std::ceil(pulse - 1e-9)) + 1));
  ++link_.events[kSpinSlicesWritten];
  link_.events[kSpinWrites] += write.tries;
  link_.events[kSpinBitsWritten] += write.bits;
  link_.events[kSpinBitsVerified] += static_cast<std::uint64_t>(write.tries) * store_.slice_bits();
  if (write.worn) {
    link_.fail(SA_ERR_ENDURANCE);
  } else if (!write.verified) {
    link_.fail(SA_ERR_WRITE);
  }
  return write.verified;
}

std::uint64_t NvmArray::cycles_of(const std::vector<int>& rows) const {
  if (!machine_.parallel) return rows.size();
  std::vector<std::uint64_t> reads(store_.arrays());
  for (const int row : rows) ++reads[store_.array_of(row)];
  return *std::max_element(reads.begin(), reads.end());
}

void NvmArray::read_rows() {
  waits_for_ = "a step";
  StepToken step = link_.steps.take();
  const std::size_t classes = job().table.classes;
  SumToken sums{link_.program.biases, step.begins_sample, step.seed};
  for (const int row : step.rows) {
    const std::int8_t* q = store_.read(row);
    for (std::size_t c = 0; c < classes; ++c) sums.u[c] += q[c];
  }
  const std::uint64_t rows = step.rows.size();
  const std::uint64_t cycles = cycles_of(step.rows);
  if (cycles > 0) compute(cycles);
  link_.events[kSpinRowReads] += rows;
  link_.events[kSpinBitsRead] += rows * store_.slice_bits();
  link_.events[kSpinAdds] += rows * classes;
  link_.sums.put(std::move(sums));
}

}  // namespace h2
