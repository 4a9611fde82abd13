// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <chrono>
#include <numeric>

#include "examples/firmware/common/small_training.h"
#include "platform/host/remote/h2_wire.h"
#include "tests/remote/served_card.h"

// An external process drives the card through the library.

namespace h2 {
namespace {

using Remote = ServedCard;

const Sets kHostWork{{"host.cycles_per_sub_batch", "777"}};

/// The same C training on the host itself: digest of the weights and simulated time at its end.
std::pair<std::uint64_t, std::uint64_t> native_training() {
  Bench bench(tiny_config(kHostWork));
  std::pair<std::uint64_t, std::uint64_t> result;
  bench.run([&](HostCpu& host) {
    const h2_bus bus = host.driver_bus();
    EXPECT_EQ(h2_small_training(&bus, nullptr, &result.first), H2_OK);
    result.second = sc_core::sc_time_stamp().value();
  });
  return result;
}

TEST_F(Remote, TrainsToTheSameWeightsInTheSameTimeAsNativeCode) {
  const auto [digest, time] = native_training();
  std::uint64_t remote_digest = 0, remote_time = 0;
  const RemoteServer::Stats stats = serve_bus(
      [&](h2_bus& bus) {
        EXPECT_EQ(h2_small_training(&bus, nullptr, &remote_digest), H2_OK);
        remote_time = time_ps(bus);
      },
      kHostWork);
  EXPECT_EQ(remote_digest, digest);
  EXPECT_EQ(remote_time, time);
  EXPECT_EQ(stats.clients, 1U);
  EXPECT_GT(stats.waits, 100U);
  EXPECT_EQ(stats.damaged, 0U);
}

TEST_F(Remote, TimeStandsStillWhileTheClientThinks) {
  serve_bus([](h2_bus& bus) {
    std::uint32_t id = 0;
    EXPECT_EQ(bus.read(bus.context, H2_REGS_BASE + H2_REG_ID, &id, 4), 0);
    EXPECT_EQ(id, H2_ID);
    const std::uint64_t before = time_ps(bus);
    EXPECT_GT(before, 0U);
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    EXPECT_EQ(time_ps(bus), before);
    EXPECT_EQ(bus.read(bus.context, H2_REGS_BASE + H2_REG_ID, &id, 4), 0);
    EXPECT_GT(time_ps(bus), before);
  });
}

TEST_F(Remote, MemoryOfAnyLengthOverBusAndLoader) {
  serve_bus([](h2_bus& bus) {
    std::vector<std::uint8_t> out(H2_WIRE_MAX_BYTES + 100), in(out.size());
    std::iota(out.begin(), out.end(), std::uint8_t{3});
    out.back() = 77;
    const std::uint64_t start = time_ps(bus);
    h2_bus loader = h2_loader_bus(&bus);
    EXPECT_EQ(loader.write(loader.context, H2_MEM_BASE(1) + 64, out.data(), out.size()), 0);
    EXPECT_EQ(loader.read(loader.context, H2_MEM_BASE(1) + 64, in.data(), in.size()), 0);
    EXPECT_TRUE(in == out);
    EXPECT_EQ(time_ps(bus), start);
    in.assign(in.size(), 0);
    EXPECT_EQ(bus.read(bus.context, H2_MEM_BASE(1) + 64, in.data(), in.size()), 0);
    EXPECT_TRUE(in == out);
    EXPECT_GT(time_ps(bus), start + 100'000'000);  // 16 MiB at 128 GB/s: 131 us
  });
}

TEST_F(Remote, RefusedAccessesAreErrorsOfTheAccessAlone) {
  const RemoteServer::Stats stats = serve_bus([](h2_bus& bus) {
    std::uint64_t word = 0;
    h2_bus loader = h2_loader_bus(&bus);
    EXPECT_NE(bus.read(bus.context, 0, &word, 4), 0);                          // unmapped
    EXPECT_NE(bus.read(bus.context, H2_REGS_BASE + 1, &word, 4), 0);           // misaligned
    EXPECT_NE(bus.write(bus.context, H2_REGS_BASE + H2_REG_ID, &word, 4), 0);  // read-only
    EXPECT_NE(bus.write(bus.context, H2_REGS_BASE + H2_REG_CONTROL, &word, 8), 0);
    EXPECT_NE(loader.write(loader.context, 0, &word, 8), 0);
    EXPECT_EQ(bus.read(bus.context, H2_REGS_BASE + H2_REG_ID, &word, 4), 0);
    EXPECT_EQ(word, H2_ID);
  });
  EXPECT_EQ(stats.damaged, 0U);
  EXPECT_EQ(stats.reads, 3U);
  EXPECT_EQ(stats.writes, 2U);
}

TEST_F(Remote, WaitsForTheInterrupt) {
  serve_bus([](h2_bus& bus) {
    const std::uint64_t start = time_ps(bus);
    EXPECT_EQ(h2_wait_irq_for(&bus, 1234), H2_DRV_IRQ);
    EXPECT_EQ(time_ps(bus), start + 1'234'000);
    EXPECT_EQ(h2_wait_irq_for(&bus, 2'000'000'000), H2_DRV_IRQ);  // longer than the watchdog
    EXPECT_EQ(time_ps(bus), start + 2'000'001'234'000);
    EXPECT_EQ(h2_wait_irq_for(&bus, 0), H2_DRV_ARGUMENT);
    EXPECT_EQ(h2_wait_irq_for(&bus, H2_WIRE_MAX_WAIT_NS + 1), H2_DRV_ARGUMENT);
  });
  serve_bus([](h2_bus& bus) {
    // A register that does not exist raises the error interrupt.
    const std::uint32_t mask = H2_IRQ_ERROR;
    EXPECT_EQ(bus.write(bus.context, H2_REGS_BASE + H2_REG_IRQ_MASK, &mask, 4), 0);
    std::uint32_t word;
    EXPECT_NE(bus.read(bus.context, H2_REGS_BASE + 0x800, &word, 4), 0);
    EXPECT_EQ(bus.wait_irq(bus.context), 0);
    EXPECT_EQ(h2_wait_irq_for(&bus, 1), H2_OK);
  });
}

/// A wait in which nothing can ever happen is the client's mistake: it ends, and the card goes on.
TEST_F(Remote, WaitInVainEndsBeforeTheWatchdog) {
  serve_bus(
      [](h2_bus& bus) {
        for (int i = 0; i < 5; ++i) EXPECT_NE(bus.wait_irq(bus.context), 0);
        std::uint64_t digest;
        EXPECT_EQ(h2_small_training(&bus, nullptr, &digest), H2_OK);
      },
      {{"host.watchdog_cycles", "100000"}});
}

TEST_F(Remote, CardKeepsItsStateBetweenClients) {
  const RemoteServer::Stats stats = serve([this] {
    const std::uint64_t at = H2_MEM_BASE(2) + 4096;
    for (std::uint32_t n = 0; n < 3; ++n) {
      h2_bus bus{};
      ASSERT_EQ(h2_connect(socket().c_str(), &bus), H2_OK);
      std::uint32_t word = 0;
      EXPECT_EQ(bus.read(bus.context, at, &word, 4), 0);
      if (n > 0) {
        EXPECT_EQ(word, n);
      }
      word = n + 1;
      EXPECT_EQ(bus.write(bus.context, at, &word, 4), 0);
      h2_disconnect(&bus);
    }
  });
  EXPECT_EQ(stats.clients, 3U);
}

TEST_F(Remote, ConnectingNamesWhatIsWrong) {
  h2_bus bus;
  EXPECT_EQ(h2_connect(socket().c_str(), &bus), H2_DRV_NOT_FOUND);
  EXPECT_EQ(errno, ENOENT);
  EXPECT_EQ(bus.context, nullptr);
  EXPECT_EQ(h2_connect(std::string(200, 'x').c_str(), &bus), H2_DRV_ARGUMENT);
  EXPECT_EQ(h2_connect("", &bus), H2_DRV_ARGUMENT);
  EXPECT_EQ(h2_connect(nullptr, &bus), H2_DRV_ARGUMENT);
  EXPECT_EQ(h2_connect(socket().c_str(), nullptr), H2_DRV_ARGUMENT);
  h2_disconnect(&bus);
}

/// A bus that is none, or whose connection has ended.
TEST_F(Remote, CallsWithoutAConnectionAreRefused) {
  h2_bus none{};
  std::uint64_t time = 0;
  for (h2_bus* bus : {static_cast<h2_bus*>(nullptr), &none}) {
    h2_disconnect(bus);
    EXPECT_EQ(h2_wait_irq_for(bus, 1), H2_DRV_ARGUMENT);
    EXPECT_EQ(h2_time_ps(bus, &time), H2_DRV_ARGUMENT);
    EXPECT_EQ(h2_loader_bus(bus).read, nullptr);
  }
  serve_bus([](h2_bus& bus) { EXPECT_EQ(h2_time_ps(&bus, nullptr), H2_DRV_ARGUMENT); });
}

/// A wait beyond the end of simulated time ends with an error that names it; the client loses its
/// connection.
TEST_F(Remote, SimulatedTimeEnds) {
  Bench bench(tiny_config());
  auto server = std::make_unique<RemoteServer>(socket(), bench.platform, false);
  std::thread client([this] {
    h2_bus bus;
    ASSERT_EQ(h2_connect(socket().c_str(), &bus), H2_OK);
    int seconds = 0, code = H2_DRV_IRQ;
    for (; code == H2_DRV_IRQ && seconds < 3'000'000; seconds += 1000) {
      code = h2_wait_irq_for(&bus, H2_WIRE_MAX_WAIT_NS);
    }
    EXPECT_EQ(code, H2_DRV_BUS);
    EXPECT_EQ(seconds, 2'300'000);  // the last wait is cut off
    h2_disconnect(&bus);
  });
  try {
    bench.run([&](HostCpu& host) { (*server)(host); });
    ADD_FAILURE() << "no end";
  } catch (const RunError& e) {
    EXPECT_EQ(std::string(e.what()).rfind("simulated time has reached its end, 2300000 s: ", 0),
              0U);
  }
  server.reset();
  client.join();
}

TEST_F(Remote, RegistersAndMemoriesByName) {
  EXPECT_EQ(h2_register_address("ID"), H2_REGS_BASE + H2_REG_ID);
  EXPECT_EQ(h2_register_address("ERROR_TAG"), H2_REGS_BASE + H2_REG_ERROR_TAG);
  EXPECT_EQ(h2_register_address("NONSENSE"), 0U);
  EXPECT_EQ(h2_memory_address(2), H2_MEM_BASE(2));
  EXPECT_EQ(h2_memory_address(3), 0U);
  EXPECT_EQ(h2_register_address(nullptr), 0U);
  EXPECT_EQ(h2_structure_bytes(nullptr), 0U);
  EXPECT_EQ(h2_structure_bytes("h2_group"), sizeof(h2_group));
  EXPECT_EQ(h2_structure_bytes("nonsense"), 0U);
}

}  // namespace
}  // namespace h2
