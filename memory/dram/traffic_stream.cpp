// SPDX-License-Identifier: Apache-2.0
#include "memory/dram/traffic_stream.h"

#include <map>
#include <string>

#include "memory/dram/address_map.h"
#include "modules/base/error.h"

namespace h2 {
namespace {

/// SplitMix64: a counter through a mixing function.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t operator()() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

/// Contiguous lines from `base`, wrapping at the capacity.
struct Contiguous {
  std::uint64_t next, capacity;
  std::uint64_t operator()() {
    const std::uint64_t address = next % capacity;
    next += kLineBytes;
    return address;
  }
};

struct Context {
  const TrafficSpec& traffic;
  AddressMap map;
  DramSpec dram;
  std::uint64_t capacity;
};

using Streams = std::vector<TrafficStream>;
using Maker = std::function<Streams(const Context&)>;

/// Start of contiguous stream `i` of `count`: far apart, in the same bank or each in another.
std::uint64_t stream_base(const Context& c, int i, int count, bool aligned) {
  DramLocation at;
  at.row = c.map.rows() / count * i;
  at.bank = aligned ? 0 : i % c.dram.banks_per_group;
  return c.map.encode(at);
}

/// Reads and writes of one requestor in turns of `reads` and `writes` lines.
Maker contiguous(int reads, int writes) {
  return [=](const Context& c) {
    Contiguous rd{stream_base(c, 0, 2, false), c.capacity};
    Contiguous wr{stream_base(c, reads > 0 ? 1 : 0, 2, false), c.capacity};
    int turn = 0;
    return Streams{[=]() mutable {
      const bool write = turn >= reads;
      turn = (turn + 1) % (reads + writes);
      return TrafficAccess{write ? wr() : rd(), write};
    }};
  };
}

/// Chunks of `chunk` bytes at uniform places; every `write_every`-th chunk is written, 0 = none.
Maker uniform(std::uint64_t chunk, int write_every) {
  return [=](const Context& c) {
    Random random(c.traffic.seed);
    std::uint64_t base = 0, offset = chunk;
    int turn = -1;
    const std::uint64_t places = c.capacity / chunk;
    return Streams{[=]() mutable {
      if (offset == chunk) {
        base = random() % places * chunk;
        offset = 0;
        ++turn;
      }
      const TrafficAccess access{base + offset,
                                 write_every > 0 && turn % write_every == write_every - 1};
      offset += kLineBytes;
      return access;
    }};
  };
}

/// Round over all channels, then `banks` banks of group 0; in each bank the columns of row 0 in
/// turn, or a new row every time.
Maker banks(bool whole_group, bool new_row) {
  return [=](const Context& c) {
    std::uint64_t count = 0;
    return Streams{[=]() mutable {
      const auto channels = static_cast<std::uint64_t>(c.dram.channels);
      const auto banks = static_cast<std::uint64_t>(whole_group ? c.dram.banks_per_group : 1);
      const std::uint64_t round = count / channels / banks;
      DramLocation at;
      at.channel = static_cast<int>(count % channels);
      at.bank = static_cast<int>(count / channels % banks);
      if (new_row) {
        at.row = static_cast<std::int64_t>(round % static_cast<std::uint64_t>(c.map.rows()));
      } else {
        at.column = static_cast<int>(round % static_cast<std::uint64_t>(c.map.columns()));
      }
      ++count;
      return TrafficAccess{c.map.encode(at), false};
    }};
  };
}

Streams stride(const Context& c) {
  std::uint64_t next = 0;
  const std::uint64_t capacity = c.capacity, step = c.traffic.stride;
  return Streams{[=]() mutable {
    const TrafficAccess access{next, false};
    next = (next + step) % capacity;
    return access;
  }};
}

/// One requestor per contiguous read stream.
Maker requestors(int count, bool aligned) {
  return [=](const Context& c) {
    Streams streams;
    for (int i = 0; i < count; ++i) {
      Contiguous lines{stream_base(c, i, count, aligned), c.capacity};
      streams.emplace_back([=]() mutable { return TrafficAccess{lines(), false}; });
    }
    return streams;
  };
}

/// A requestor that reads and one that writes, contiguous; they start in different banks.
Streams reader_and_writer(const Context& c) {
  Contiguous rd{stream_base(c, 0, 2, false), c.capacity};
  Contiguous wr{stream_base(c, 1, 2, false), c.capacity};
  return {[=]() mutable {
            return TrafficAccess{rd(), false};
          },
          [=]() mutable {
            return TrafficAccess{wr(), true};
          }};
}

const std::map<std::string, Maker>& makers() {
  constexpr int kLines4k = 64;
  static const std::map<std::string, Maker> table{
      {"seq_rd", contiguous(1, 0)},
      {"seq_wr", contiguous(0, 1)},
      {"mix21", contiguous(2, 1)},
      {"mix11", contiguous(1, 1)},
      {"mix11_4k", contiguous(kLines4k, kLines4k)},
      {"rand_rd", uniform(64, 0)},
      {"rand_wr", uniform(64, 1)},
      {"rand_mix11", uniform(64, 2)},
      {"rand256_rd", uniform(256, 0)},
      {"rand1k_rd", uniform(1024, 0)},
      {"rand4k_rd", uniform(4096, 0)},
      {"bank_hit", banks(false, false)},
      {"bank_conf", banks(false, true)},
      {"bg_hit", banks(true, false)},
      {"bg_conf", banks(true, true)},
      {"stride", stride},
      {"rd_wr", reader_and_writer},
      {"2seq_st", requestors(2, false)},
      {"3seq_st", requestors(3, false)},
      {"2seq_al", requestors(2, true)},
  };
  return table;
}

}  // namespace

const std::vector<std::string>& traffic_patterns() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const auto& [name, maker] : makers()) list.push_back(name);
    return list;
  }();
  return names;
}

std::vector<TrafficStream> make_streams(const MemorySpec& memory, const TrafficSpec& traffic) {
  const auto maker = makers().find(traffic.pattern);
  if (maker == makers().end()) {
    std::string legal;
    for (const std::string& name : traffic_patterns()) legal += " " + name;
    throw InputError("traffic: unknown pattern '" + traffic.pattern + "'; legal:" + legal);
  }
  if (traffic.stride == 0 || traffic.stride % kLineBytes != 0 || traffic.stride >= memory.bytes) {
    throw InputError("traffic: stride " + std::to_string(traffic.stride) +
                     " must be a multiple of 64 between 64 and the capacity");
  }
  return maker->second(
      Context{traffic, AddressMap(memory.dram, memory.bytes), memory.dram, memory.bytes});
}

}  // namespace h2
