#pragma once

#include <boost/asio.hpp>
#include <cstdint>
#include <optional>
#include <string>

namespace h2 {

/// GDB's remote serial protocol below the packets: framing, checksums, acknowledgements. One client
/// at a time, on this machine only.
class PacketStream {
 public:
  /// Port 0: any free one. Throws InputError if it cannot be listened at.
  explicit PacketStream(std::uint16_t port);

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  bool connected() const { return client_.is_open(); }
  /// Waits for a client.
  void accept();
  /// Takes a client that is already waiting.
  bool try_accept();
  void disconnect();

  /// A packet has begun to arrive. Waits for it if `wait`, until the client has gone at the latest.
  bool heard(bool wait);
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
  void write(const std::string& bytes);

  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::ip::tcp::socket client_;
  std::string input_;
  bool acknowledge_ = true;
};

}  // namespace h2
