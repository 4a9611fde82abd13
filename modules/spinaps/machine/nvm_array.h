// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "modules/spinaps/machine/spin_dma.h"
#include "modules/spinaps/nvm_store.h"

namespace h2 {

/// The arrays with their port: a row of weights a cycle, one array after another or all at once;
/// programming a row takes the cells' write time and a cycle to verify, once per attempt.
class NvmArray : public SpinStage {
 public:
  NvmArray(sc_core::sc_module_name name, SpinLink& link, const SpinApsMachine& machine,
           SpinDma& dma);

  /// The PROGRAM of the job is done.
  bool programmed() const { return programmed_; }
  const sc_core::sc_event& finished() const { return finished_; }
  void begin() { programmed_ = false; }
  const NvmStore& store() const { return store_; }

 private:
  void work() override;
  void program();
  bool load_neurons();
  bool write_row(int row, const std::int8_t* weights);
  void read_rows();
  std::uint64_t cycles_of(const std::vector<int>& rows) const;

  const SpinApsMachine machine_;
  SpinDma& dma_;
  NvmStore store_;
  bool programmed_ = false;
  sc_core::sc_event finished_;
};

}  // namespace h2
