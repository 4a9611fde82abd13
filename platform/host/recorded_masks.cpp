// SPDX-License-Identifier: Apache-2.0
#include "platform/host/recorded_masks.h"

#include <filesystem>
#include <map>

#include "modules/base/error.h"
#include "modules/tensor/npy.h"

namespace h2 {
namespace {

namespace fs = std::filesystem;

class RecordedMasks : public MaskSource {
 public:
  const BitMap& open(int layer) const override { return open_[layer]; }
  const BitMap& nonzero(int layer) const override { return nonzero_[layer]; }
  const BitMap& spikes(int layer) const override { return spikes_[layer]; }
  const BitMap& input() const override { return input_; }

  std::vector<BitMap> open_, nonzero_, spikes_;
  BitMap input_;
};

/// Axes B,T,C,H,W of a recorded array.
struct Axes {
  int batch, steps, channels, height, width;
};

/// The bit planes of a recorded array: plane p is bit p of its values, and of a single plane where
/// the values are not zero.
BitMap planes_of(const std::string& path, const Axes& axes, int planes) {
  const NpyArray array = read_npy(path);
  const std::vector<std::size_t> shape{
      static_cast<std::size_t>(axes.batch), static_cast<std::size_t>(axes.steps),
      static_cast<std::size_t>(axes.channels), static_cast<std::size_t>(axes.height),
      static_cast<std::size_t>(axes.width)};
  if (array.shape != shape) {
    throw InputError(path + ": shape " + npy_shape_text(array.shape) + ", expected " +
                     npy_shape_text(shape));
  }
  const std::vector<float> values = array.to_float();
  BitMap bits(axes.batch * axes.steps, axes.height, axes.width, axes.channels * planes);
  const float* next = values.data();
  for (int m = 0; m < bits.maps; ++m)
    for (int c = 0; c < axes.channels; ++c)
      for (int y = 0; y < bits.height; ++y)
        for (int x = 0; x < bits.width; ++x, ++next) {
          if (planes == 1) bits.set(m, y, x, c, *next != 0.0F);
          for (int p = 0; planes > 1 && p < planes; ++p) {
            bits.set(m, y, x, c * planes + p, ((static_cast<unsigned>(*next) >> p) & 1U) != 0);
          }
        }
  return bits;
}

std::shared_ptr<const MaskSource> load(const Config& config, const fs::path& folder) {
  auto masks = std::make_shared<RecordedMasks>();
  const int batch = config.training.sub_batch, steps = config.network.timesteps;
  const auto file = [&](const Layer& l, const char* kind) {
    return (folder / (l.name + kind)).string();
  };
  for (const Layer& l : config.network.layers) {
    const Axes axes{batch, steps, l.cout, l.soma_h, l.soma_w};
    masks->open_.push_back(planes_of(file(l, ".mask.npy"), axes, 1));
    masks->nonzero_.push_back(
        planes_of(file(l, l.normalised() ? ".grad_current.npy" : ".grad_u.npy"), axes, 1));
    masks->spikes_.push_back(planes_of(file(l, ".s.npy"), axes, 1));
  }
  const Layer& first = config.network.layers.front();
  masks->input_ = planes_of(
      file(first, ".input.npy"),
      {batch, first.encoding ? 1 : steps, first.inputs(), first.in_h, first.in_w}, first.planes);
  return masks;
}

bool is_number(const std::string& text) {
  return !text.empty() && text.size() < 10 &&
         text.find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace

MaskFactory recorded_masks(const Config& config) {
  const fs::path root = config.profile.masks;
  if (!fs::is_directory(root)) {
    throw InputError("profile.masks: " + root.string() + ": no such folder");
  }
  std::map<std::uint64_t, fs::path> folders;
  for (const auto& entry : fs::directory_iterator(root)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory() && is_number(name)) folders[std::stoull(name)] = entry.path();
  }
  if (folders.empty()) {
    throw InputError("profile.masks: " + root.string() +
                     ": no sub-batch folders 0, 1, ... as train --golden writes them");
  }
  std::vector<std::shared_ptr<const MaskSource>> recorded;
  for (const auto& [number, folder] : folders) recorded.push_back(load(config, folder));
  return [recorded](std::uint64_t sub_batch) { return recorded[sub_batch % recorded.size()]; };
}

}  // namespace h2
