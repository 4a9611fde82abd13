// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace h2 {

/// A listening Unix stream socket with at most one client. Calls block the process; SIGINT and
/// SIGTERM, caught while the object exists, end them.
class WireSocket {
 public:
  /// Listens at `path`. A socket file without a server is replaced. Throws InputError if
  /// the path is too long, is something else, is being served, or cannot be made.
  explicit WireSocket(const std::string& path);
  /// Removes the file.
  ~WireSocket();
  WireSocket(const WireSocket&) = delete;
  WireSocket& operator=(const WireSocket&) = delete;

  /// Waits for a client; false if a signal came instead.
  bool accept();
  /// Exactly `bytes` bytes; false if the client has gone or a signal came.
  bool read(void* data, std::size_t bytes);
  /// Sends `bytes` bytes of `head`, then `data`.
  bool write(const void* head, std::size_t bytes, const std::vector<std::uint8_t>& data);
  /// Ends the connection.
  void close();
  /// A signal has asked for the end.
  bool stopped();

 private:
  using Protocol = boost::asio::local::stream_protocol;
  /// Starts an operation, which gets a completion handler, and runs until it or a signal is there.
  template <class Start>
  bool complete(Start start);

  const std::string path_;
  boost::asio::io_context io_{1};
  boost::asio::signal_set signals_;
  Protocol::acceptor acceptor_;
  Protocol::socket client_;
  bool stopped_ = false;
};

}  // namespace h2
