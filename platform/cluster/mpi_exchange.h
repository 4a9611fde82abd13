// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/mpi/communicator.hpp>
#include <boost/mpi/environment.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "platform/cluster/exchange.h"

namespace h2 {

/// Cards of several processes, one each: rank r has card r. A process that waits sleeps. Sums and
/// averages are not MPI's, whose order of additions varies with the number of ranks: every rank
/// combines an even share of the values, in the order of the cards, and passes it on.
class MpiExchange : public Exchange {
 public:
  explicit MpiExchange(const boost::mpi::communicator& world) : world_(world) {}

  int cards() const override { return world_.size(); }
  std::shared_ptr<const Agreement> meet(int card, Contribution mine) override;
  void leave(int card, const std::string& reason) override;
  /// What all ranks say, by rank, without the processor while it waits for them.
  std::vector<std::string> all_texts(const std::string& mine);
  /// Returns when all ranks have called it, without the processor in the meantime.
  void wait_for_all();

 private:
  using Bytes = std::vector<char>;

  std::vector<std::size_t> swap_sizes(std::uint64_t mine);
  std::vector<Bytes> swap_headers(const Bytes& mine);
  std::vector<Bytes> swap(const std::vector<Bytes>& out, const std::vector<std::size_t>& sizes);
  void combine_shares(const Contribution& mine, const std::vector<double>& samples, Agreement& all);

  const boost::mpi::communicator world_;
};

/// MPI while it exists, between all processes that mpirun has started.
class MpiSession {
 public:
  int rank() const { return world_.rank(); }
  int size() const { return world_.size(); }
  Exchange& exchange() { return exchange_; }
  /// Throws InputError on all ranks unless all give the same digest.
  void require_same(const std::string& digest);
  /// Ends the session once all ranks come here.
  void finish() { exchange_.wait_for_all(); }
  /// Ends all ranks at once.
  [[noreturn]] void abort(int code);

 private:
  /// Of MPI itself, before it starts.
  struct Settings {
    Settings();
  };

  Settings settings_;
  boost::mpi::environment environment_;
  boost::mpi::communicator world_;
  MpiExchange exchange_{world_};
};

}  // namespace h2
