// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "modules/tensor/maps.h"

// Between maps and the inputs of an FC layer.

namespace h2 {

/// C,H,W order, planes fastest, as one 1x1 map.
inline BitMap flattened(const BitMap& map, int planes) {
  BitMap flat(map.maps, 1, 1, map.height * map.width * map.channels);
  for (int m = 0; m < map.maps; ++m) {
    for (int star = 0; star < map.channels; ++star) {
      for (int i = 0; i < map.height * map.width; ++i) {
        const int index = (star / planes * map.height * map.width + i) * planes + star % planes;
        flat.set(m, 0, 0, index, map.get(m, i / map.width, i % map.width, star));
      }
    }
  }
  return flat;
}

/// The reverse for values.
inline ValueMap unflattened(const ValueMap& flat, int height, int width, int channels) {
  ValueMap map(flat.maps, height, width, channels);
  for (int m = 0; m < flat.maps; ++m) {
    for (int i = 0; i < height * width * channels; ++i) {
      const int c = i / (height * width);
      map.at(m, i / width % height, i % width)[c] = flat.at(m, 0, 0)[i];
    }
  }
  return map;
}

}  // namespace h2
