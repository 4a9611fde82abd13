// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace h2 {

/// GDB's remote serial protocol below the packets: framing, checksums, acknowledgements. One client
/// at a time, on this machine only.
class PacketStream {
 public:
  /// Port 0: any free one. Every wait ends, as if the client had gone, once `stop` is true. Throws
  /// InputError if the port cannot be listened at.
  PacketStream(std::uint16_t port, std::function<bool()> stop);

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  bool connected() const { return client_.is_open(); }
  /// Waits for a client; false: it is to stop.
  bool accept();
  /// Takes a client that is already waiting.
  bool try_accept();
  void disconnect();

  /// A packet has begun to arrive. Waits for it if `wait`, until the client has gone at the latest.
  bool packet_begun(bool wait);
  /// The next packet, without frame; waits for it. Nothing: the client has gone.
  std::optional<std::string> receive();
  /// The client sent Ctrl-C since the last call; does not wait.
  bool interrupted();
  /// A client that has gone is noticed by the next receive().
  void send(const std::string& packet);
  void stop_acknowledging() { acknowledge_ = false; }

 private:
  /// The next byte; waits for it. Negative: the client has gone.
  int next();
  void fill(bool wait);
  /// Until `socket` can be read or accepted from; false: it is to stop.
  bool await(int socket) const;
  void write(const std::string& bytes);

  const std::function<bool()> stop_;
  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::ip::tcp::socket client_;
  std::string input_;
  bool acknowledge_ = true;
};

}  // namespace h2
