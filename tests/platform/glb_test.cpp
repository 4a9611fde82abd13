// SPDX-License-Identifier: Apache-2.0
#include "memory/glb.h"

#include <gtest/gtest.h>
#include <tlm_utils/simple_initiator_socket.h>

#include <functional>
#include <numeric>

#include "memory/bus/memory_port.h"
#include "memory/bus/payload.h"
#include "memory/external_memory.h"
#include "tests/platform/simulation.h"

namespace h2 {
namespace {

/// A GLB and a port to a memory, with a program in between as an engine.
struct Bay : sc_core::sc_module {
  tlm_utils::simple_initiator_socket<Bay> socket{"glb_socket"};
  Glb glb;
  MemoryPort port;
  ExternalMemory memory;
  std::function<void(Bay&)> program;

  Bay(sc_core::sc_module_name name, Trace& trace)
      : sc_module(name),
        glb("glb", 1 << 20, trace),
        port("port", {1024, 2, load_port(0)}),
        memory("memory", MemorySpec{}, trace) {
    SC_HAS_PROCESS(Bay);
    socket.bind(glb.socket);
    port.socket.bind(memory.socket);
    SC_THREAD(run);
  }
  void run() { program(*this); }

  tlm::tlm_response_status access(tlm::tlm_command command, std::uint64_t address,
                                  std::uint8_t* data, std::uint64_t bytes) {
    tlm::tlm_generic_payload payload;
    set_access(payload, command, address, data, bytes);
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    socket->b_transport(payload, delay);
    return payload.get_response_status();
  }
};

void simulate(std::function<void(Bay&)> program) {
  const FreshContext context;
  Trace trace;
  Bay bay("bay", trace);
  bay.program = std::move(program);
  sc_core::sc_start();
}

std::vector<std::uint8_t> counting(std::size_t bytes) {
  std::vector<std::uint8_t> data(bytes);
  std::iota(data.begin(), data.end(), std::uint8_t{1});
  return data;
}

TEST(Glb, HoldsWhatIsWrittenOrLiesThere) {
  simulate([](Bay& bay) {
    const std::uint64_t at = Glb::address(Glb::operands, 1);
    auto data = counting(100);
    EXPECT_EQ(bay.access(tlm::TLM_WRITE_COMMAND, at + 28, data.data(), 100), tlm::TLM_OK_RESPONSE);
    std::vector<std::uint8_t> read(100);
    EXPECT_EQ(bay.access(tlm::TLM_READ_COMMAND, at + 28, read.data(), 100), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(read, data);
    EXPECT_EQ(bay.access(tlm::TLM_READ_COMMAND, at + 29, read.data(), 100),
              tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(
        bay.access(tlm::TLM_READ_COMMAND, std::uint64_t{2 * Glb::kSlots} << 32, read.data(), 1),
        tlm::TLM_ADDRESS_ERROR_RESPONSE);

    const auto half = bay.glb.memory(Glb::results, 3);
    EXPECT_TRUE(half->empty());
    half->assign(data.begin(), data.end());
    const std::uint64_t there = Glb::address(Glb::results, 3);
    for (const auto command : {tlm::TLM_WRITE_COMMAND, tlm::TLM_READ_COMMAND}) {
      EXPECT_EQ(bay.access(command, there, half->data(), 100), tlm::TLM_OK_RESPONSE);
    }
    EXPECT_EQ(bay.access(tlm::TLM_READ_COMMAND, there, read.data(), 100), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(read, data);
  });
}

TEST(Glb, CreditsEndAtTheShareOfEachSide) {
  simulate([](Bay& bay) {
    EXPECT_FALSE(bay.glb.divide(1 << 20, 1));
    EXPECT_TRUE(bay.glb.divide(1000, (1 << 20) - 1000));
    EXPECT_TRUE(bay.glb.take(Glb::operands, 600));
    EXPECT_FALSE(bay.glb.take(Glb::operands, 401));
    EXPECT_TRUE(bay.glb.take(Glb::results, (1 << 20) - 1000));
    EXPECT_TRUE(bay.glb.take(Glb::operands, 400));
    EXPECT_EQ(bay.glb.held(), bay.glb.capacity());
    bay.glb.give(Glb::operands, 600);
    EXPECT_TRUE(bay.glb.take(Glb::operands, 600));
    EXPECT_EQ(bay.glb.high_water(), bay.glb.capacity());
  });
}

TEST(Glb, AnAnswerToATransactionGivenUpSpoilsNothing) {
  simulate([](Bay& bay) {
    auto in_memory = counting(4096);
    tlm::tlm_generic_payload payload;
    set_access(payload, tlm::TLM_WRITE_COMMAND, 0, in_memory.data(), in_memory.size());
    ASSERT_EQ(bay.port.socket->transport_dbg(payload), 4096U);

    Transfer t;
    t.bytes = 2048;
    {
      MemoryPort::Batch late{TransferList(bay.glb.memory(Glb::operands, 0))};
      late.list.read(t, nullptr, 0);
      bay.port.issue(late);
      bay.port.cancel();
      bay.port.drop_responses();
      EXPECT_FALSE(bay.port.finish(late));
    }
    const auto half = bay.glb.memory(Glb::operands, 2);
    half->assign(2048, 77);
    EXPECT_EQ(bay.memory.stats().latency.count(), 0U);
    sc_core::wait(1, sc_core::SC_US);
    EXPECT_EQ(bay.memory.stats().latency.count(), 2U);  // both bursts were answered
    EXPECT_EQ(*half, Glb::Bytes(2048, 77));

    bay.port.resume();
    t.address = 1024;
    MemoryPort::Batch again{TransferList(half)};
    again.list.read(t, nullptr, 0);
    bay.port.issue(again);
    EXPECT_TRUE(bay.port.finish(again));
    EXPECT_EQ(again.list.begin(), 2048U);
    EXPECT_TRUE(std::equal(half->begin() + 2048, half->end(), in_memory.begin() + 1024));
  });
}

}  // namespace
}  // namespace h2
