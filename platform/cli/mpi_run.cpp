// SPDX-License-Identifier: Apache-2.0
#include "platform/cli/mpi_run.h"

#include <iostream>

#include "modules/base/error.h"
#ifdef H2_MPI
#include "platform/cluster/mpi_exchange.h"
#endif

namespace h2 {

#ifdef H2_MPI

int run_with_mpi(const std::function<int(const Ranks&)>& train) {
  MpiSession session;
  Ranks ranks;
  ranks.elsewhere = {&session.exchange(), session.rank()};
  ranks.count = session.size();
  ranks.require_same = [&](const std::string& digest) { session.require_same(digest); };
  int code = 1;
  try {
    code = train(ranks);
    session.finish();
    return code;
  } catch (const InputError& e) {
    code = 2;
    std::cerr << "h2vp: rank " << session.rank() << ": " << e.what() << std::endl;
  } catch (const std::exception& e) {
    std::cerr << "h2vp: rank " << session.rank() << ": " << e.what() << std::endl;
  }
  session.abort(code);
}

#else

int run_with_mpi(const std::function<int(const Ranks&)>&) {
  throw InputError(
      "--mpi: this h2vp was built without MPI; legal: a build with libopenmpi-dev and "
      "libboost-mpi-dev, or cluster.cards up to 8 in one process without --mpi");
}

#endif

}  // namespace h2
