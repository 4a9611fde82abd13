// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <string>
#include <thread>

#include "platform/host/remote/remote_server.h"
#include "platform/library/h2.h"
#include "tests/config/config_files.h"
#include "tests/platform/simulation.h"

namespace h2 {

/// Tests of a card that is served to a client in a thread of its own.
class ServedCard : public ConfigFiles {
 protected:
  std::string socket() const { return (folder_ / "card").string(); }

  /// Serves a card until `client` returns and a signal ends the server.
  RemoteServer::Stats serve(const std::function<void()>& client, const Sets& sets = {}) const {
    Bench bench(tiny_config(sets));
    RemoteServer server(socket(), bench.platform, false);
    std::thread thread([&] {
      client();
      kill(getpid(), SIGTERM);
    });
    EXPECT_NO_THROW(bench.run([&](HostCpu& host) { server(host); }));
    thread.join();
    return server.stats();
  }

  /// The same for a client that is connected by the library.
  RemoteServer::Stats serve_bus(const std::function<void(h2_bus&)>& client,
                                const Sets& sets = {}) const {
    return serve(
        [&] {
          h2_bus bus;
          EXPECT_EQ(h2_connect(socket().c_str(), &bus), H2_OK);
          if (bus.context != nullptr) client(bus);
          h2_disconnect(&bus);
        },
        sets);
  }
};

inline std::uint64_t time_ps(const h2_bus& bus) {
  std::uint64_t time = 0;
  EXPECT_EQ(h2_time_ps(&bus, &time), H2_OK);
  return time;
}

}  // namespace h2
