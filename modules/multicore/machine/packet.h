// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <systemc>
#include <tlm>
#include <vector>

#include "modules/multicore/mesh_routes.h"

namespace h2 {

/// What a packet carries, for statistics.
enum class PacketKind : std::uint8_t {
  spikes,
  gradients,
  credit,   ///< room in a mailbox
  request,  ///< to memory without data, or its answer
  memory,   ///< data to or from memory
  count
};
constexpr std::size_t kPacketKinds = static_cast<std::size_t>(PacketKind::count);
const char* name_of(PacketKind kind);
using FlitCounts = std::array<std::uint64_t, kPacketKinds>;

/// What the packets of one transfer have in common; the nodes at both ends know what it is.
struct PacketLoad {
  virtual ~PacketLoad() = default;
};

/// Travels with the payload of a packet. A packet for several nodes is copied where ways part.
struct Packet : tlm::tlm_extension<Packet> {
  int from = 0;
  NodeSet to;
  int target = 0;  ///< the only node of `to`, or -1
  int flits = 1;
  std::uint64_t offset = 0, bytes = 0;  ///< of its payload in the transfer, as charged
  PacketKind kind = PacketKind::spikes;
  std::shared_ptr<PacketLoad> load;
  sc_core::sc_time injected;  ///< first flit into the mesh

  tlm::tlm_extension_base* clone() const override { return new Packet(*this); }
  void copy_from(tlm::tlm_extension_base const& other) override {
    *this = static_cast<const Packet&>(other);
  }
  static Packet& of(tlm::tlm_generic_payload& payload) { return *payload.get_extension<Packet>(); }
};

/// Payloads of packets, used again and again.
class PacketPool : public tlm::tlm_mm_interface {
 public:
  /// Acquired once.
  tlm::tlm_generic_payload& take();
  void free(tlm::tlm_generic_payload* payload) override;
  std::size_t in_use() const { return all_.size() - idle_.size(); }

 private:
  std::vector<std::unique_ptr<tlm::tlm_generic_payload>> all_;
  std::vector<tlm::tlm_generic_payload*> idle_;
};

}  // namespace h2
