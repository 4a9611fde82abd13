// SPDX-License-Identifier: Apache-2.0
#include "platform/host/gdb/packet_stream.h"

#include <poll.h>

#include <array>
#include <cstdio>
#include <utility>

#include "modules/base/error.h"

namespace h2 {
namespace {

using boost::asio::ip::tcp;
constexpr char kBreak = 3;  // Ctrl-C, between packets
constexpr std::size_t kLongestPacket = 65536;
constexpr int kLookMilliseconds = 200;  ///< between two looks at whether to stop

std::string checksum(const std::string& text) {
  unsigned sum = 0;
  for (const char c : text) sum += static_cast<unsigned char>(c);
  char hex[8];
  std::snprintf(hex, sizeof hex, "%02x", sum & 0xFF);
  return hex;
}

}  // namespace

PacketStream::PacketStream(std::uint16_t port, std::function<bool()> stop)
    : stop_(std::move(stop)), acceptor_(context_), client_(context_) {
  const tcp::endpoint here(boost::asio::ip::address_v4::loopback(), port);
  try {
    acceptor_.open(here.protocol());
    acceptor_.set_option(tcp::acceptor::reuse_address(true));
    acceptor_.bind(here);
    acceptor_.listen();
  } catch (const boost::system::system_error& e) {
    throw InputError("--gdb " + std::to_string(port) + ": " + e.code().message() +
                     "; legal: a free TCP port, or 0 for any");
  }
}

bool PacketStream::await(int socket) const {
  pollfd entry{socket, POLLIN, 0};
  int ready = 0;
  while (ready <= 0 && !stop_()) ready = poll(&entry, 1, kLookMilliseconds);
  return ready > 0;
}

bool PacketStream::accept() {
  disconnect();
  while (await(acceptor_.native_handle())) {
    if (try_accept()) return true;
  }
  return false;
}

bool PacketStream::try_accept() {
  boost::system::error_code error;
  acceptor_.non_blocking(true);
  acceptor_.accept(client_, error);
  if (error) return false;
  client_.set_option(tcp::no_delay(true));
  return true;
}

void PacketStream::disconnect() {
  boost::system::error_code ignored;
  client_.close(ignored);
  input_.clear();
  acknowledge_ = true;
}

void PacketStream::fill(bool wait) {
  if (wait && !await(client_.native_handle())) return disconnect();
  client_.non_blocking(true);
  std::array<char, 4096> bytes;
  boost::system::error_code error;
  input_.append(bytes.data(), client_.read_some(boost::asio::buffer(bytes), error));
  if (error && error != boost::asio::error::would_block) disconnect();
}

int PacketStream::next() {
  while (input_.empty()) {
    if (!connected()) return -1;
    fill(true);
  }
  const int byte = static_cast<unsigned char>(input_.front());
  input_.erase(0, 1);
  return byte;
}

bool PacketStream::packet_begun(bool wait) {
  const auto begun = [this] { return input_.find('$') != std::string::npos; };
  do {
    if (connected() && !begun()) fill(wait);
  } while (wait && connected() && !begun());
  return begun();
}

std::optional<std::string> PacketStream::receive() {
  for (;;) {
    int byte = next();
    while (byte >= 0 && byte != '$') byte = next();
    std::string packet, sum;
    while ((byte = next()) >= 0 && byte != '#' && packet.size() < kLongestPacket)
      packet += static_cast<char>(byte);
    sum += static_cast<char>(next());
    sum += static_cast<char>(next());
    if (!connected()) return std::nullopt;
    if (!acknowledge_) return packet;
    const bool good = sum == checksum(packet);
    write(good ? "+" : "-");
    if (good) return packet;
  }
}

bool PacketStream::interrupted() {
  if (connected()) fill(false);
  const std::size_t at = input_.find(kBreak);
  if (at == std::string::npos) return false;
  input_.erase(0, at + 1);
  return true;
}

void PacketStream::send(const std::string& packet) { write("$" + packet + "#" + checksum(packet)); }

void PacketStream::write(const std::string& bytes) {
  boost::system::error_code ignored;
  if (connected()) boost::asio::write(client_, boost::asio::buffer(bytes), ignored);
}

}  // namespace h2
