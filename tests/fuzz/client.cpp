// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "tests/fuzz/folder.h"

namespace h2 {

FuzzClient::FuzzClient(const std::string& socket_path) : socket_(socket(AF_UNIX, SOCK_STREAM, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
  fuzz_check(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0,
             "nobody listens any more");
}

FuzzClient::FuzzClient() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {}

FuzzClient::FuzzClient(std::uint16_t port) : FuzzClient() {
  fuzz_check(connect_to(port), "no debugger can connect any more");
}

void FuzzClient::knock(std::uint16_t port) {
  const FuzzClient nobody;
  nobody.connect_to(port);
}

bool FuzzClient::connect_to(std::uint16_t port) const {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

FuzzClient::~FuzzClient() { close(socket_); }

bool FuzzClient::send(const void* data, std::size_t bytes) const {
  const auto* next = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t sent = ::send(socket_, next, bytes, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    next += sent;
    bytes -= static_cast<std::size_t>(sent);
  }
  return true;
}

bool FuzzClient::await(char byte, int milliseconds) const {
  std::array<char, 4096> part;
  pollfd entry{socket_, POLLIN, 0};
  while (poll(&entry, 1, milliseconds) > 0) {
    const ssize_t bytes = recv(socket_, part.data(), part.size(), 0);
    if (bytes <= 0) return false;
    if (std::find(part.begin(), part.begin() + bytes, byte) != part.begin() + bytes) return true;
  }
  return false;
}

std::vector<std::uint8_t> FuzzClient::rest() const {
  shutdown(socket_, SHUT_WR);
  std::vector<std::uint8_t> all;
  std::array<std::uint8_t, 4096> part;
  for (;;) {
    const ssize_t bytes = recv(socket_, part.data(), part.size(), 0);
    if (bytes <= 0) return all;
    all.insert(all.end(), part.begin(), part.begin() + bytes);
  }
}

}  // namespace h2
