// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "memory/bus/interconnect.h"
#include "memory/bus/probes.h"
#include "memory/dram/address_map.h"
#include "memory/external_memory.h"
#include "tests/platform/at_initiator.h"
#include "tests/platform/simulation.h"

namespace h2 {
namespace {

std::vector<std::uint8_t> pattern(std::size_t bytes, unsigned seed) {
  std::vector<std::uint8_t> data(bytes);
  for (std::size_t i = 0; i < bytes; ++i) data[i] = static_cast<std::uint8_t>(i * 7 + seed);
  return data;
}

/// Initiators, the interconnect and two memories, with a probe at every socket.
struct System {
  FreshContext context;
  Trace trace;
  AtInitiator initiator{"initiator"}, other{"other"};
  Interconnect bus{"bus",
                   {{"low", 0x10000, 0x10000, 0, 0x100000}, {"high", 0x4000000000, 1 << 20, 1, 0}}};
  ExternalMemory low, high;
  Probes probes{ProbeConfig{true}, trace};

  System() : low("low", small(), trace), high("high", small(), trace) {
    probes.connect(initiator.socket, bus.initiators);
    probes.connect(other.socket, bus.initiators);
    probes.connect(bus.targets, low.socket, low.socket);
    probes.connect(bus.targets, high.socket, high.socket);
    other.program = [] { sc_core::wait(1, sc_core::SC_SEC); };
  }
  static MemorySpec small() {
    MemorySpec spec;
    spec.bytes = 16 << 20;
    return spec;
  }
  void run(std::function<void()> program) {
    initiator.program = std::move(program);
    sc_core::sc_start();
  }
};

constexpr std::uint64_t kHigh = 0x4000000000;

void exercise(System& system) {
  system.run([&] {
    AtInitiator& at = system.initiator;
    for (unsigned i = 0; i < 12; ++i) {
      at.begin(tlm::TLM_WRITE_COMMAND, kHigh + i * 4096, pattern(4096, i));
    }
    at.wait_all();
    for (unsigned i = 0; i < 12; ++i) {
      at.begin(tlm::TLM_READ_COMMAND, kHigh + i * 4096, std::vector<std::uint8_t>(4096, 0));
    }
    at.wait_all();
  });
  const auto& all = system.initiator.transactions();
  ASSERT_EQ(all.size(), 24U);
  for (unsigned i = 0; i < 24; ++i) {
    EXPECT_TRUE(all[i]->freed) << i;
    EXPECT_EQ(all[i]->status, tlm::TLM_OK_RESPONSE) << i;
    EXPECT_EQ(all[i]->data, pattern(4096, i % 12)) << i;
  }
  EXPECT_GE(system.initiator.most_outstanding(), 4);
  EXPECT_EQ(system.high.stats().total_write(), 12U * 4096);
  EXPECT_EQ(system.high.stats().total_read(), 12U * 4096);
  EXPECT_EQ(system.low.stats().total_read() + system.low.stats().total_write(), 0U);
}

TEST(Tlm, ManyTransactionsOutstanding) {
  System system;
  exercise(system);
}

/// The response channel is taken until END_RESP.
TEST(Tlm, LateEndOfResponseHoldsTheNextResponseBack) {
  System system;
  system.initiator.response_time = sc_core::sc_time(500, sc_core::SC_NS);
  exercise(system);
  const auto& all = system.initiator.transactions();
  EXPECT_GE(all.back()->end, 24 * system.initiator.response_time);
}

/// End of each of four reads; `annotated` on every call, or waited for.
std::vector<sc_core::sc_time> ends(const sc_core::sc_time& delay, bool annotated) {
  System system;
  std::vector<sc_core::sc_time> times;
  system.run([&] {
    AtInitiator& at = system.initiator;
    if (annotated) at.annotated = delay;
    for (unsigned i = 0; i < 4; ++i) {
      if (!annotated) sc_core::wait(delay);
      at.begin(tlm::TLM_READ_COMMAND, kHigh + i * 4096, std::vector<std::uint8_t>(64, 0));
    }
    at.wait_all();
    for (const auto& t : at.transactions()) times.push_back(t->end);
  });
  return times;
}

TEST(Tlm, AnnotatedDelayOfARequestIsSpent) {
  const sc_core::sc_time delay(70, sc_core::SC_NS);
  const auto waited = ends(delay, false), annotated = ends(delay, true);
  EXPECT_EQ(waited, annotated);
  EXPECT_GT(waited[0], delay);
}

TEST(Tlm, AnnotatedDelayOfAnEndOfResponseHoldsTheNextResponseBack) {
  const auto last_end = [](bool annotated) {
    System system;
    system.initiator.response_time = sc_core::sc_time(annotated ? 10 : 60, sc_core::SC_NS);
    system.run([&] {
      AtInitiator& at = system.initiator;
      for (unsigned i = 0; i < 8; ++i) {
        at.begin(tlm::TLM_READ_COMMAND, kHigh + i * 64, std::vector<std::uint8_t>(64, 0));
      }
      if (annotated) at.annotated = sc_core::sc_time(50, sc_core::SC_NS);
      at.wait_all();
    });
    return system.initiator.transactions().back()->end;
  };
  EXPECT_EQ(last_end(true) + sc_core::sc_time(50, sc_core::SC_NS), last_end(false));
}

TEST(Tlm, ErrorsComeBackWithoutSideEffects) {
  System system;
  system.run([&] {
    AtInitiator& at = system.initiator;
    const std::vector<std::uint8_t> line(64, 1);
    EXPECT_EQ(at.begin(tlm::TLM_READ_COMMAND, 0, line).status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(at.begin(tlm::TLM_READ_COMMAND, 0x1FFE0, line).status,
              tlm::TLM_ADDRESS_ERROR_RESPONSE);  // over the end of the range
    EXPECT_EQ(at.begin(tlm::TLM_IGNORE_COMMAND, kHigh, line).status,
              tlm::TLM_COMMAND_ERROR_RESPONSE);
    EXPECT_EQ(at.begin(tlm::TLM_WRITE_COMMAND, kHigh, {}).status, tlm::TLM_BURST_ERROR_RESPONSE);
    at.begin(tlm::TLM_READ_COMMAND, kHigh, line);
    at.wait_all();
    EXPECT_EQ(at.transactions().back()->data, std::vector<std::uint8_t>(64, 0xFF));
  });
  EXPECT_EQ(system.high.stats().total_read(), 64U);
  EXPECT_EQ(system.high.stats().total_write(), 0U);
}

/// One address, four interfaces.
TEST(Tlm, AllTransportsSeeTheSameBytes) {
  System system;
  system.run([&] {
    auto& socket = system.initiator.socket;
    std::vector<std::uint8_t> data = pattern(256, 3);
    tlm::tlm_generic_payload p;
    p.set_address(0x10000 + 0x2345);
    p.set_data_ptr(data.data());
    p.set_data_length(256);
    p.set_streaming_width(256);
    sc_core::sc_time delay = sc_core::sc_time(7, sc_core::SC_NS);
    p.set_write();
    const sc_core::sc_time before = sc_core::sc_time_stamp();
    socket->b_transport(p, delay);
    EXPECT_TRUE(p.is_response_ok());
    EXPECT_GT(sc_core::sc_time_stamp() + delay, before + sc_core::sc_time(7, sc_core::SC_NS));
    EXPECT_EQ(p.get_address(), 0x12345U);

    const auto now = sc_core::sc_time_stamp();
    const auto counted = system.low.stats().total_read();
    p.set_read();
    std::fill(data.begin(), data.end(), 0);
    EXPECT_EQ(socket->transport_dbg(p), 256U);
    EXPECT_EQ(data, pattern(256, 3));
    EXPECT_EQ(p.get_address(), 0x12345U);

    tlm::tlm_dmi dmi;
    ASSERT_TRUE(socket->get_direct_mem_ptr(p, dmi));
    EXPECT_LE(dmi.get_start_address(), 0x12345U);
    ASSERT_GE(dmi.get_end_address(), 0x12345U + 255);
    std::uint8_t* direct = dmi.get_dmi_ptr() + (0x12345 - dmi.get_start_address());
    EXPECT_TRUE(std::equal(data.begin(), data.end(), direct));
    EXPECT_EQ(sc_core::sc_time_stamp(), now);
    EXPECT_EQ(system.low.stats().total_read(), counted);

    direct[17] ^= 0xFF;
    auto& t =
        system.initiator.begin(tlm::TLM_READ_COMMAND, 0x12345, std::vector<std::uint8_t>(256, 0));
    system.initiator.wait_all();
    data[17] ^= 0xFF;
    EXPECT_EQ(t.data, data);
    EXPECT_GT(sc_core::sc_time_stamp(), now);
  });
}

/// Direct access never reaches what the map does not show.
TEST(Tlm, DirectAccessStaysInsideItsRange) {
  System system;
  system.run([&] {
    for (const std::uint64_t at :
         {std::uint64_t{0x10000}, std::uint64_t{0x1FFC0}, kHigh, kHigh + (1 << 20) - 64}) {
      tlm::tlm_generic_payload p;
      p.set_read();
      p.set_address(at);
      p.set_data_length(64);
      p.set_streaming_width(64);
      tlm::tlm_dmi dmi;
      ASSERT_TRUE(system.initiator.socket->get_direct_mem_ptr(p, dmi));
      const std::uint64_t base = at < kHigh ? 0x10000 : kHigh;
      EXPECT_GE(dmi.get_start_address(), base);
      EXPECT_LE(dmi.get_end_address(), base + (at < kHigh ? 0xFFFF : (1 << 20) - 1));
    }
    tlm::tlm_generic_payload p;
    p.set_read();
    p.set_address(64);
    p.set_data_length(64);
    p.set_streaming_width(64);
    tlm::tlm_dmi dmi;
    EXPECT_FALSE(system.initiator.socket->get_direct_mem_ptr(p, dmi));
  });
}

TEST(Tlm, TwoInitiatorsGetTheirOwnResponses) {
  System system;
  system.other.program = [&] {
    for (unsigned i = 0; i < 8; ++i) {
      system.other.begin(tlm::TLM_WRITE_COMMAND, kHigh + 0x80000 + i * 512, pattern(512, 40 + i));
    }
    system.other.wait_all();
    sc_core::wait(1, sc_core::SC_MS);
  };
  system.run([&] {
    for (unsigned i = 0; i < 8; ++i) {
      system.initiator.begin(tlm::TLM_WRITE_COMMAND, 0x10000 + i * 512, pattern(512, i));
      system.initiator.begin(tlm::TLM_WRITE_COMMAND, kHigh + i * 512, pattern(512, 20 + i));
    }
    sc_core::wait(1, sc_core::SC_US);
    system.initiator.wait_all();
  });
  EXPECT_EQ(system.low.stats().total_write(), 8U * 512);
  EXPECT_EQ(system.high.stats().total_write(), 16U * 512);
  for (const auto& t : system.other.transactions()) EXPECT_TRUE(t->freed);
}

/// Three memories as one: every line of the whole range has a place of its own.
TEST(Unified, AddressesAreOneToOne) {
  const MemorySpec spec = unified_memory(MemorySpec{});
  EXPECT_EQ(spec.dram.channels, 12);
  const AddressMap map(spec.dram, spec.bytes);
  std::vector<int> lines(12, 0);
  for (std::uint64_t i = 0; i < 12000; ++i) {  // at both ends of the range
    const std::uint64_t line = i < 6000 ? i : spec.bytes / 64 - 12000 + i;
    const DramLocation at = map.decode(line * 64);
    ASSERT_LT(at.channel, 12);
    ASSERT_LT(at.row, map.rows());
    ++lines[at.channel];
    ASSERT_EQ(map.encode(at), line * 64);
  }
  for (const int n : lines) EXPECT_EQ(n, 1000);
}

TEST(Unified, HasTheSummedBandwidth) {
  System system;
  EXPECT_NEAR(system.low.peak_gbps(), 128.0, 0.01);
  Trace trace;
  const ExternalMemory memory("all", unified_memory(MemorySpec{}), trace);
  EXPECT_NEAR(memory.peak_gbps(), 384.0, 0.01);
  EXPECT_EQ(memory.bytes(), 12ULL << 30);
}

}  // namespace
}  // namespace h2
