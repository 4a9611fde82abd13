#include "modules/engine/map_copy.h"

#include <algorithm>

namespace h2 {
namespace {

void copy_bits(const std::uint16_t* from, int from_channel, int count, std::uint16_t* to,
               int to_channel) {
  if (from_channel % 16 == 0 && to_channel % 16 == 0) {
    std::copy(from + from_channel / 16, from + (from_channel + count) / 16, to + to_channel / 16);
    const int whole = count / 16 * 16;
    from_channel += whole;
    to_channel += whole;
    count -= whole;
  }
  while (count > 0) {
    const int f = from_channel % 16, t = to_channel % 16;
    const int part = std::min({16 - f, 16 - t, count});
    const unsigned keep = ((1U << part) - 1) << t;
    const unsigned bits = static_cast<unsigned>(from[from_channel / 16]) >> f << t;
    std::uint16_t& word = to[to_channel / 16];
    word = static_cast<std::uint16_t>((word & ~keep) | (bits & keep));
    from_channel += part;
    to_channel += part;
    count -= part;
  }
}

void copy_position(const BitMap& from, int map, int y, int x, int from_channel, int count,
                   BitMap& to, int to_channel) {
  copy_bits(from.at(map, y, x), from_channel, count, to.at(map, y, x), to_channel);
}

void copy_position(const ValueMap& from, int map, int y, int x, int from_channel, int count,
                   ValueMap& to, int to_channel) {
  const float* first = from.at(map, y, x) + from_channel;
  std::copy(first, first + count, to.at(map, y, x) + to_channel);
}

template <class Map>
void copy_region(const Map& from, Region region, int from_channel, int count, Map& to,
                 int to_channel) {
  for (int map = 0; map < from.maps; ++map)
    for (int y = region.y0; y < region.y1; ++y)
      for (int x = region.x0; x < region.x1; ++x) {
        copy_position(from, map, y, x, from_channel, count, to, to_channel);
      }
}

}  // namespace

void copy_channels(const BitMap& from, Region region, int from_channel, int count, BitMap& to,
                   int to_channel) {
  copy_region(from, region, from_channel, count, to, to_channel);
}

void copy_channels(const ValueMap& from, Region region, int from_channel, int count, ValueMap& to,
                   int to_channel) {
  copy_region(from, region, from_channel, count, to, to_channel);
}

CompletionMap::CompletionMap(const Tiling& source, const Tiling& target,
                             const std::function<Region(Region)>& needs)
    : complete_(source.count()) {
  for (int t = 0; t < target.count(); ++t) {
    complete_[source.touching(needs(target.tile(t))).back()].push_back(t);
  }
}

}  // namespace h2
