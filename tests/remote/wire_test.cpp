// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <fstream>
#include <optional>
#include <random>

#include "platform/host/remote/h2_wire.h"
#include "platform/host/remote/wire_socket.h"
#include "tests/remote/served_card.h"

// What a server does with damaged requests, and with the place it is to listen at.

namespace h2 {
namespace {

/// A client without the library.
class RawClient {
 public:
  explicit RawClient(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~RawClient() { close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void send(const void* data, std::size_t bytes) {
    ::send(socket_, data, bytes, MSG_NOSIGNAL);  // the server may have gone already
  }
  void send(const h2_wire_request& request) { send(&request, sizeof request); }
  /// Nothing if the server has closed the connection.
  std::optional<h2_wire_reply> reply() {
    h2_wire_reply r;
    if (recv(socket_, &r, sizeof r, MSG_WAITALL) != sizeof r) return std::nullopt;
    return r;
  }

 private:
  int socket_;
};

h2_wire_request request(std::uint16_t op, std::uint64_t address = 0, std::uint32_t bytes = 0) {
  return {H2_WIRE_MAGIC, H2_WIRE_VERSION, op, address, bytes, 42};
}

class Wire : public ServedCard {
 protected:
  /// The server answers `bad` with `status`, in a connection of its own, and closes it.
  void expect_refused(const h2_wire_request& bad, int status, bool greet = true) const {
    SCOPED_TRACE(status);
    RawClient client(socket());
    if (greet) {
      client.send(request(H2_WIRE_HELLO));
      EXPECT_TRUE(client.reply());
    }
    client.send(bad);
    const std::optional<h2_wire_reply> reply = client.reply();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->magic, H2_WIRE_MAGIC);
    EXPECT_EQ(reply->version, H2_WIRE_VERSION);
    EXPECT_EQ(reply->status, status);
    EXPECT_EQ(reply->sequence, bad.sequence);
    EXPECT_EQ(reply->bytes, 0U);
    EXPECT_FALSE(client.reply());
  }
};

TEST_F(Wire, DamagedRequestsEndTheirConnection) {
  const RemoteServer::Stats stats = serve([this] {
    h2_wire_request bad = request(H2_WIRE_READ, H2_MEM_BASE(0), 4);
    bad.magic ^= 1;
    expect_refused(bad, H2_WIRE_BAD_MAGIC);
    bad = request(H2_WIRE_HELLO);
    bad.version = 2;
    expect_refused(bad, H2_WIRE_BAD_VERSION, false);
    expect_refused(request(0), H2_WIRE_BAD_OP);
    expect_refused(request(H2_WIRE_WORK + 1), H2_WIRE_BAD_OP);
    expect_refused(request(H2_WIRE_TIME), H2_WIRE_BAD_OP, false);
    expect_refused(request(H2_WIRE_READ, 0, H2_WIRE_MAX_BYTES + 1), H2_WIRE_BAD_LENGTH);
    expect_refused(request(H2_WIRE_WRITE, 0, ~0U), H2_WIRE_BAD_LENGTH);
    expect_refused(request(H2_WIRE_TIME, 0, 1), H2_WIRE_BAD_LENGTH);
    expect_refused(request(H2_WIRE_WAIT_IRQ, ~std::uint64_t{0}), H2_WIRE_BAD_LENGTH);
  });
  EXPECT_EQ(stats.damaged, 9U);
  EXPECT_EQ(stats.clients, 7U);
  EXPECT_EQ(stats.reads + stats.writes + stats.waits, 0U);
}

TEST_F(Wire, RepliesCarryTheBusResponse) {
  serve([this] {
    RawClient client(socket());
    client.send(request(H2_WIRE_HELLO));
    EXPECT_EQ(client.reply()->status, H2_WIRE_OK);
    client.send(request(H2_WIRE_READ, 0x20, 4));
    std::optional<h2_wire_reply> reply = client.reply();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, H2_WIRE_REFUSED);
    EXPECT_EQ(reply->response, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    client.send(request(H2_WIRE_READ, H2_REGS_BASE, 8));
    reply = client.reply();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->response, tlm::TLM_BURST_ERROR_RESPONSE);
    client.send(request(H2_WIRE_READ, H2_MEM_BASE(0), 0));
    reply = client.reply();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, H2_WIRE_REFUSED);
  });
}

/// Clients that leave in the middle of a request or send nonsense.
TEST_F(Wire, ServerOutlivesAnyClient) {
  const RemoteServer::Stats stats = serve([this] {
    std::mt19937 engine(3);
    for (int round = 0; round < 100; ++round) {
      RawClient client(socket());
      const h2_wire_request hello = request(H2_WIRE_HELLO);
      h2_wire_request broken = request(H2_WIRE_WRITE, H2_MEM_BASE(0), 1000);
      client.send(hello);
      auto* bytes = reinterpret_cast<std::uint8_t*>(&broken);
      for (int n = 0; n < 4; ++n) {
        // Not the waits: a random timeout is legal and lasts.
        bytes[engine() % sizeof broken] = static_cast<std::uint8_t>(engine());
      }
      if (broken.op == H2_WIRE_WAIT_IRQ) broken.op = H2_WIRE_WRITE;
      client.send(&broken, engine() % (sizeof broken + 1));
    }
    h2_bus bus;
    EXPECT_EQ(h2_connect(socket().c_str(), &bus), H2_OK);
    std::uint32_t id = 0;
    EXPECT_EQ(bus.read(bus.context, H2_REGS_BASE, &id, 4), 0);
    EXPECT_EQ(id, H2_ID);
    h2_disconnect(&bus);
  });
  EXPECT_EQ(stats.clients, 101U);
}

/// The error of listening at `path`, "" if there is none.
std::string listen_error(const std::string& path) {
  try {
    const WireSocket socket(path);
  } catch (const InputError& e) {
    return e.what();
  }
  return "";
}

TEST_F(Wire, PlaceToListenAt) {
  EXPECT_NE(listen_error("").find("1 to 103 characters"), std::string::npos);
  EXPECT_NE(listen_error(std::string(104, 'x')).find("1 to 103 characters"), std::string::npos);
  EXPECT_NE(listen_error((folder_ / "no/card").string()).find("No such file"), std::string::npos);
  EXPECT_NE(listen_error(write("file", "text")).find("not a socket"), std::string::npos);
  EXPECT_EQ(read_text((folder_ / "file").string()), "text");
  {
    const WireSocket first(socket());
    EXPECT_NE(listen_error(socket()).find("another server listens"), std::string::npos);
    EXPECT_TRUE(std::filesystem::is_socket(socket()));
  }
  EXPECT_FALSE(std::filesystem::exists(socket()));
}

TEST_F(Wire, OnlyTheOwnerMayConnect) {
  const mode_t before = umask(0);
  {
    const WireSocket open(socket());
    EXPECT_EQ(std::filesystem::status(socket()).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  umask(before);
}

TEST_F(Wire, SocketOfADeadServerIsReplaced) {
  const int dead = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(bind(dead, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  close(dead);
  EXPECT_EQ(listen_error(socket()), "");
}

}  // namespace
}  // namespace h2
