// SPDX-License-Identifier: Apache-2.0
#include "platform/data/glm_files.h"

#include <cmath>
#include <filesystem>

#include "modules/base/error.h"
#include "modules/tensor/npy.h"

namespace h2 {
namespace {

std::string glm_file(const std::string& folder, const char* name) {
  return (std::filesystem::path(folder) / name).string();
}

void read_into(const std::string& path, const std::vector<std::size_t>& shape,
               std::vector<float>& values) {
  const NpyArray array = read_npy(path);
  if (array.type != NpyType::float32) {
    throw InputError(path + ": elements are not '<f4', FP32");
  }
  if (array.shape != shape) {
    throw InputError(path + ": shape " + npy_shape_text(array.shape) + "; expected " +
                     npy_shape_text(shape) + " (spinaps.kernels, network.layers)");
  }
  values = array.to_float();
  for (const float v : values) {
    if (!std::isfinite(v)) throw InputError(path + ": a value is not finite");
  }
}

}  // namespace

void save_glm(const std::string& folder, const GlmParameters<float>& p) {
  const auto n = [](int size) { return static_cast<std::size_t>(size); };
  std::filesystem::create_directories(folder);
  write_npy(glm_file(folder, "fc1.w.npy"), NpyType::float32,
            {n(p.inputs), n(p.kernels), n(p.classes)}, p.weights.data());
  write_npy(glm_file(folder, "fc1.b.npy"), NpyType::float32, {n(p.classes)}, p.biases.data());
}

void load_glm(const std::string& folder, GlmParameters<float>& p) {
  const auto n = [](int size) { return static_cast<std::size_t>(size); };
  read_into(glm_file(folder, "fc1.w.npy"), {n(p.inputs), n(p.kernels), n(p.classes)}, p.weights);
  read_into(glm_file(folder, "fc1.b.npy"), {n(p.classes)}, p.biases);
}

}  // namespace h2
