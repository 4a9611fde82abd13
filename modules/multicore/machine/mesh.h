// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <systemc>
#include <vector>

#include "modules/multicore/machine/mesh_endpoint.h"
#include "modules/multicore/machine/router.h"

namespace h2 {

/// Routers in rows and columns, with an endpoint for every core and, at the west edge, for the
/// gateway of every row.
class Mesh : public sc_core::sc_module {
 public:
  /// `period`: of the board, which cores have unless a clock of their own is given.
  Mesh(sc_core::sc_module_name name, const MulticoreSpec& spec, const sc_core::sc_time& period,
       Trace& trace);
  ~Mesh() override;

  MeshEndpoint& core(int index) { return *endpoints_[index]; }
  MeshEndpoint& gateway(int row) { return *endpoints_[routes_.gateway(row)]; }
  const MeshRoutes& routes() const { return routes_; }
  const sc_core::sc_time& period() const { return period_; }
  /// Of core `index`.
  sc_core::sc_time core_period(int index) const;

  const Router& router(int index) const { return *routers_[index]; }
  /// Flits out of `router` by `port`.
  const FlitCounts& flits(int router, int port) const {
    return routers_[router]->output(port).flits;
  }
  FlitCounts flits_of_all_links() const;
  /// Packets under way.
  std::size_t packets() const { return pool_.in_use(); }
  MeshEndpoint::Stats latencies() const;

 private:
  MeshEndpoint::Settings endpoint(int node) const;
  void connect(int router);

  const MulticoreSpec spec_;
  const MeshRoutes routes_;
  const sc_core::sc_time board_period_, period_;
  PacketPool pool_;
  std::vector<std::unique_ptr<Router>> routers_;
  std::vector<std::unique_ptr<MeshEndpoint>> endpoints_;  // by node
};

}  // namespace h2
