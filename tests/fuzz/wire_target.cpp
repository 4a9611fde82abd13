// SPDX-License-Identifier: Apache-2.0
// Requests of a remote client.

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <future>
#include <thread>

#include "platform/host/remote/remote_server.h"
#include "tests/fuzz/client.h"
#include "tests/fuzz/folder.h"
#include "tests/fuzz/simulated.h"
#include "tests/fuzz/targets.h"
#include "tests/platform/simulation.h"

namespace h2 {
namespace {

using Bytes = std::vector<std::uint8_t>;

class ServedBoard : public Simulated {
 public:
  ServedBoard() : thread_([this] { simulate(); }) { listens_.get_future().wait(); }
  ~ServedBoard() override {
    kill(getpid(), SIGTERM);
    thread_.join();
  }

  /// Sends everything. Returns the answer.
  Bytes talk(const Bytes& requests) const {
    FuzzClient client(socket_);
    client.send(requests);
    return client.rest();
  }

 private:
  void simulate() {
    Bench bench(tiny_config());
    RemoteServer server(socket_, bench.platform, false);
    listens_.set_value();
    // Nothing that a client sends ends it: an exception ends the process.
    bench.run([&](HostCpu& host) { server(host); });
  }

  const std::string socket_ = Folder::of_process().path() + "/card";
  std::promise<void> listens_;
  std::thread thread_;
};

void append(Bytes& bytes, const h2_wire_request& request) {
  const auto* first = reinterpret_cast<const std::uint8_t*>(&request);
  bytes.insert(bytes.end(), first, first + sizeof request);
}

/// As every input finds the board, but for what its memories hold.
Bytes reset_requests() {
  Bytes bytes;
  append(bytes, {H2_WIRE_MAGIC, H2_WIRE_VERSION, H2_WIRE_HELLO, 0, 0, 0});
  append(bytes,
         {H2_WIRE_MAGIC, H2_WIRE_VERSION, H2_WIRE_WRITE, H2_REGS_BASE + H2_REG_CONTROL, 4, 0});
  const std::uint32_t reset = H2_CONTROL_RESET;
  bytes.resize(bytes.size() + sizeof reset);
  std::memcpy(&bytes[bytes.size() - sizeof reset], &reset, sizeof reset);
  return bytes;
}

/// The same requests with legal waits of a millisecond at most and legal reads of 4 KiB: longer
/// ones are legal, and last.
Bytes shortened(Bytes bytes) {
  constexpr std::uint64_t kLongestNs = 1'000'000;
  constexpr std::uint32_t kMostBytes = 4096;
  for (std::size_t at = 0; at + sizeof(h2_wire_request) <= bytes.size();) {
    h2_wire_request request;
    std::memcpy(&request, &bytes[at], sizeof request);
    const bool reads = request.op == H2_WIRE_READ || request.op == H2_WIRE_DEBUG_READ;
    const bool writes = request.op == H2_WIRE_WRITE || request.op == H2_WIRE_DEBUG_WRITE;
    if (request.op == H2_WIRE_WAIT_IRQ && request.address <= H2_WIRE_MAX_WAIT_NS) {
      request.address %= kLongestNs;
    }
    if (reads && request.bytes <= H2_WIRE_MAX_BYTES) request.bytes %= kMostBytes;
    std::memcpy(&bytes[at], &request, sizeof request);
    at += sizeof request + (writes ? request.bytes : 0);
  }
  return bytes;
}

void require_whole_replies(const Bytes& bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    h2_wire_reply reply;
    fuzz_check(bytes.size() - at >= sizeof reply, "a reply that is cut off");
    std::memcpy(&reply, &bytes[at], sizeof reply);
    fuzz_check(reply.magic == H2_WIRE_MAGIC && reply.version == H2_WIRE_VERSION &&
                   reply.status <= H2_WIRE_BAD_LENGTH && reply.reserved == 0,
               "no reply of the protocol");
    fuzz_check(bytes.size() - at - sizeof reply >= reply.bytes, "data that are cut off");
    at += sizeof reply + reply.bytes;
  }
}

}  // namespace

void fuzz_wire(const std::uint8_t* data, std::size_t size) {
  GTEST_FLAG_SET(break_on_failure, true);
  auto& board = Simulated::current<ServedBoard>();
  require_whole_replies(board.talk(reset_requests()));
  require_whole_replies(board.talk(shortened({data, data + size})));
}

}  // namespace h2
