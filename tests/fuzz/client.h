// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace h2 {

/// The other end of a connection, which sends whatever it is told. Ends the process if it cannot
/// connect.
class FuzzClient {
 public:
  explicit FuzzClient(const std::string& socket_path);
  /// TCP, on this machine.
  explicit FuzzClient(std::uint16_t port);
  ~FuzzClient();
  /// Connects and leaves, if somebody is there.
  static void knock(std::uint16_t port);
  FuzzClient(const FuzzClient&) = delete;
  FuzzClient& operator=(const FuzzClient&) = delete;

  /// False if nobody takes it any more.
  bool send(const void* data, std::size_t bytes) const;
  bool send(const std::vector<std::uint8_t>& bytes) const {
    return send(bytes.data(), bytes.size());
  }
  bool send(const std::string& text) const { return send(text.data(), text.size()); }
  /// Reads until that byte has come. False if it has not within so many milliseconds of silence.
  bool await(char byte, int milliseconds) const;
  /// Sends nothing more. Returns all that the other side sends until it closes.
  std::vector<std::uint8_t> rest() const;

 private:
  FuzzClient();
  bool connect_to(std::uint16_t port) const;

  const int socket_;
};

}  // namespace h2
