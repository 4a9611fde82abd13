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

  std::vector<BitMap> open_, nonzero_;
};

/// Where the values of an array with axes B,T,C,H,W are not zero.
BitMap nonzero_of(const std::string& path, const Layer& l, int batch, int steps) {
  const NpyArray array = read_npy(path);
  const std::vector<std::size_t> shape{
      static_cast<std::size_t>(batch), static_cast<std::size_t>(steps),
      static_cast<std::size_t>(l.cout), static_cast<std::size_t>(l.soma_h),
      static_cast<std::size_t>(l.soma_w)};
  if (array.shape != shape) {
    throw InputError(path + ": shape " + npy_shape_text(array.shape) + ", expected " +
                     npy_shape_text(shape));
  }
  const std::vector<float> values = array.to_float();
  BitMap bits(batch * steps, l.soma_h, l.soma_w, l.cout);
  const float* next = values.data();
  for (int m = 0; m < bits.maps; ++m)
    for (int c = 0; c < bits.channels; ++c)
      for (int y = 0; y < bits.height; ++y)
        for (int x = 0; x < bits.width; ++x) bits.set(m, y, x, c, *next++ != 0.0F);
  return bits;
}

std::shared_ptr<const MaskSource> load(const Config& config, const fs::path& folder) {
  auto masks = std::make_shared<RecordedMasks>();
  for (const Layer& l : config.network.layers) {
    const auto file = [&](const char* kind) { return (folder / (l.name + kind)).string(); };
    const int batch = config.training.sub_batch, steps = config.network.timesteps;
    masks->open_.push_back(nonzero_of(file(".mask.npy"), l, batch, steps));
    masks->nonzero_.push_back(nonzero_of(file(".grad_u.npy"), l, batch, steps));
  }
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
