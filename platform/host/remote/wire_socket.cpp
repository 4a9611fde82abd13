// SPDX-License-Identifier: Apache-2.0
#include "platform/host/remote/wire_socket.h"

#include <sys/un.h>

#include <array>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <csignal>
#include <filesystem>
#include <optional>

#include "modules/base/error.h"

namespace h2 {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;

/// The socket is made under this name and renamed, so that a client can connect as soon as the
/// path exists.
constexpr const char* kUnfinished = ".new";

std::string unfinished(const std::string& path) {
  std::string name = path + kUnfinished;
  constexpr std::size_t kLimit = sizeof(sockaddr_un::sun_path) - 1;
  if (path.empty() || name.size() > kLimit) {
    throw InputError("--socket " + path + ": legal are 1 to " +
                     std::to_string(kLimit - std::string(kUnfinished).size()) + " characters");
  }
  return name;
}

/// Removes the socket file of a server that has ended.
void remove_stale(asio::io_context& io, const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(path, error);
  if (!fs::exists(status)) return;
  if (!fs::is_socket(status)) {
    throw InputError("--socket " + path + ": exists and is not a socket");
  }
  asio::local::stream_protocol::socket probe(io);
  boost::system::error_code refused;
  probe.connect(asio::local::stream_protocol::endpoint(path), refused);
  if (!refused) throw InputError("--socket " + path + ": another server listens there");
  fs::remove(path, error);
}

}  // namespace

WireSocket::WireSocket(const std::string& path)
    : path_(path), signals_(io_, SIGINT, SIGTERM), acceptor_(io_), client_(io_) {
  const std::string name = unfinished(path);
  remove_stale(io_, path);
  remove_stale(io_, name);
  try {
    acceptor_.open();
    acceptor_.bind(Protocol::endpoint(name));
    // Before a client can connect: the card is for the user who started the server.
    fs::permissions(name, fs::perms::owner_read | fs::perms::owner_write);
    acceptor_.listen();
    fs::rename(name, path);
  } catch (const std::system_error& e) {
    throw InputError("--socket " + path + ": " + e.code().message());
  } catch (const boost::system::system_error& e) {
    throw InputError("--socket " + path + ": " + e.code().message());
  }
  signals_.async_wait([this](const boost::system::error_code& error, int) {
    if (!error) stopped_ = true;
  });
}

WireSocket::~WireSocket() {
  std::error_code ignored;
  fs::remove(path_, ignored);
}

template <class Start>
bool WireSocket::complete(Start start) {
  if (stopped_) return false;
  std::optional<boost::system::error_code> result;
  start([&result](const boost::system::error_code& error, std::size_t = 0) { result = error; });
  while (!result && !stopped_) io_.run_one();
  if (!result) {
    acceptor_.close();
    client_.close();
    while (!result) io_.run_one();
  }
  return !stopped_ && !*result;
}

bool WireSocket::accept() {
  return complete([this](auto handler) { acceptor_.async_accept(client_, handler); });
}

bool WireSocket::read(void* data, std::size_t bytes) {
  return complete(
      [&](auto handler) { asio::async_read(client_, asio::buffer(data, bytes), handler); });
}

bool WireSocket::write(const void* head, std::size_t bytes, const std::vector<std::uint8_t>& data) {
  const std::array<asio::const_buffer, 2> parts{asio::buffer(head, bytes), asio::buffer(data)};
  return complete([&](auto handler) { asio::async_write(client_, parts, handler); });
}

void WireSocket::close() {
  boost::system::error_code ignored;
  client_.close(ignored);
}

bool WireSocket::stopped() {
  io_.poll();
  return stopped_;
}

}  // namespace h2
