#include "traces/golden.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "modules/engine/operand.h"
#include "modules/error.h"
#include "modules/kernels/value_codec.h"
#include "platform/config/load.h"
#include "platform/data/npy.h"

namespace h2 {
namespace {

namespace fs = std::filesystem;

std::vector<std::uint8_t> fetch(HostCpu& memory, std::uint64_t address, std::uint64_t bytes) {
  std::vector<std::uint8_t> data(bytes);
  if (bytes != 0 && !memory.debug(tlm::TLM_READ_COMMAND, address, data.data(), bytes)) {
    throw RunError("golden tensors: memory at " + std::to_string(address) + " cannot be read");
  }
  return data;
}

BitMap fetch_bits(HostCpu& memory, const TensorImage& image) {
  BitOperand bits(TensorKind::control, image, true);
  for (int unit = 0; unit < image.units(); ++unit) {
    bits.arrived(unit, fetch(memory, image.bits_address(unit), image.bits_bytes(unit)).data());
  }
  return std::move(bits.bits);
}

ValueMap fetch_values(HostCpu& memory, const TensorImage& image, int value_bytes,
                      const BitMap* packed_by) {
  ValueOperand values(TensorKind::control, image, value_bytes, packed_by, true);
  for (int unit = 0; unit < image.units(); ++unit) {
    const std::uint64_t count =
        packed_by != nullptr ? image.count(unit, *packed_by) : image.elements(unit);
    const auto bytes = fetch(memory, image.values_address(unit, value_bytes), count * value_bytes);
    values.arrived(unit, bytes.data());
  }
  return std::move(values.values);
}

/// Shape and order B,T,C,H,W; visit(map, y, x, channel) in that order.
template <class Map, class Visit>
std::vector<std::size_t> in_axes_order(const Map& map, int steps, int channels, Visit visit) {
  for (int m = 0; m < map.maps; ++m)
    for (int c = 0; c < channels; ++c)
      for (int y = 0; y < map.height; ++y)
        for (int x = 0; x < map.width; ++x) visit(m, y, x, c);
  return {static_cast<std::size_t>(map.maps / steps), static_cast<std::size_t>(steps),
          static_cast<std::size_t>(channels), static_cast<std::size_t>(map.height),
          static_cast<std::size_t>(map.width)};
}

void write_bits(const std::string& path, const BitMap& map, int steps) {
  std::vector<std::uint8_t> out;
  const auto shape = in_axes_order(map, steps, map.channels, [&](int m, int y, int x, int c) {
    out.push_back(map.get(m, y, x, c));
  });
  write_npy(path, NpyType::uint8, shape, out.data());
}

/// Bit planes joined to bytes: pixels as the host fed them.
void write_planes(const std::string& path, const BitMap& map, int steps, int planes) {
  std::vector<std::uint8_t> out;
  const auto shape =
      in_axes_order(map, steps, map.channels / planes, [&](int m, int y, int x, int c) {
        unsigned value = 0;
        for (int p = 0; p < planes; ++p) value |= unsigned{map.get(m, y, x, c * planes + p)} << p;
        out.push_back(static_cast<std::uint8_t>(value));
      });
  write_npy(path, NpyType::uint8, shape, out.data());
}

void write_floats(const std::string& path, const std::vector<std::size_t>& shape,
                  const std::vector<float>& values, int value_bytes) {
  std::vector<std::uint8_t> bytes(values.size() * value_bytes);
  ValueCodec(value_bytes).store(values.data(), bytes.data(), values.size());
  write_npy(path, value_bytes == 2 ? NpyType::float16 : NpyType::float32, shape, bytes.data());
}

void write_values(const std::string& path, const ValueMap& map, int steps, int value_bytes) {
  std::vector<float> out;
  const auto shape = in_axes_order(map, steps, map.channels, [&](int m, int y, int x, int c) {
    out.push_back(map.at(m, y, x)[c]);
  });
  write_floats(path, shape, out, value_bytes);
}

}  // namespace

GoldenWriter::GoldenWriter(const Config& config, std::string folder,
                           std::set<std::uint64_t> sub_batches)
    : config_(config), folder_(std::move(folder)), chosen_(std::move(sub_batches)) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) throw InputError("--golden " + folder_ + ": " + error.message());
}

std::string GoldenWriter::path(std::uint64_t number, const std::string& name) {
  const fs::path folder = fs::path(folder_) / std::to_string(number);
  fs::create_directories(folder);
  files_[number].push_back(name + ".npy");
  return (folder / (name + ".npy")).string();
}

void GoldenWriter::labels(const std::uint32_t* labels, std::size_t count) {
  const std::uint64_t number = labelled_++;
  if (chosen_.count(number) == 0) return;
  const std::vector<std::int32_t> values(labels, labels + count);
  const std::string name = config_.network.layers.front().name + ".labels";
  write_npy(path(number, name), NpyType::int32, {count}, values.data());
}

void GoldenWriter::descriptor_ended(const h2_descriptor& d, const JobContext& c, HostCpu& memory) {
  switch (d.opcode) {
    case H2_OP_FORWARD: {
      if (c.inference) return;
      Sample& sample = in_memory_[d.memory];
      sample = {started_, chosen_.count(started_) != 0};
      ++started_;
      if (sample.chosen) write_forward(sample, c, memory);
      return;
    }
    case H2_OP_WEIGHT_GRADIENT: {
      const Sample& sample = in_memory_[d.memory];
      if (!sample.chosen) return;
      write_gradients(sample, d, c, memory);
      group_.push_back(sample.number);
      return;
    }
    case H2_OP_UPDATE:
      for (const std::uint64_t number : group_) write_weights(number, "w_after", false, c, memory);
      group_.clear();
      return;
    default:
      return;
  }
}

void GoldenWriter::write_forward(const Sample& sample, const JobContext& c, HostCpu& memory) {
  const Layer& first = c.layer(0);
  const BitMap input = fetch_bits(memory, c.input_image(0));
  write_planes(path(sample.number, first.name + ".input"), input, first.encoding ? 1 : c.steps,
               first.planes);
  for (int l = 0; l < static_cast<int>(c.layers->size()); ++l) {
    const h2_layer& place = c.place(l);
    const std::string& name = c.layer(l).name;
    const BitMap mask = fetch_bits(memory, c.soma_image(l, place.mask));
    write_bits(path(sample.number, name + ".s"), fetch_bits(memory, c.soma_image(l, place.spikes)),
               c.steps);
    write_bits(path(sample.number, name + ".mask"), mask, c.steps);
    const bool packed = c.layer(l).kind == LayerKind::conv;
    write_values(path(sample.number, name + ".u"),
                 fetch_values(memory, c.soma_image(l, place.potential), c.value_bytes,
                              packed ? &mask : nullptr),
                 c.steps, c.value_bytes);
  }
  write_weights(sample.number, "w", false, c, memory);
}

void GoldenWriter::write_gradients(const Sample& sample, const h2_descriptor& d,
                                   const JobContext& c, HostCpu& memory) {
  const int last = static_cast<int>(c.layers->size()) - 1;
  const h2_map out = c.soma_image(last, 0).map();
  write_values(path(sample.number, c.layer(last).name + ".grad_s_out"),
               fetch_values(memory, TensorImage(d.output_gradient, out), c.value_bytes, nullptr),
               c.steps, c.value_bytes);
  for (int l = 0; l <= last; ++l) {
    const h2_layer& place = c.place(l);
    const bool packed = c.layer(l).kind == LayerKind::conv && c.compress_gradients;
    BitMap nonzero;
    if (packed) nonzero = fetch_bits(memory, c.soma_image(l, place.gradient_mask));
    write_values(path(sample.number, c.layer(l).name + ".grad_u"),
                 fetch_values(memory, c.soma_image(l, place.gradient), c.value_bytes,
                              packed ? &nonzero : nullptr),
                 c.steps, c.value_bytes);
  }
  write_weights(sample.number, "grad_w", true, c, memory);
}

void GoldenWriter::write_weights(std::uint64_t number, const char* kind, bool gradient,
                                 const JobContext& c, HostCpu& memory) {
  for (int l = 0; l < static_cast<int>(c.layers->size()); ++l) {
    const h2_layer& place = c.place(l);
    const WeightImage image =
        c.weight_image(l, gradient ? c.base2 + place.weight_gradient : c.base + place.weights);
    WeightOperand weights(TensorKind::control, image, true);
    for (int unit = 0; unit < image.units(); ++unit) {
      weights.arrived(unit, fetch(memory, image.address(unit), image.bytes(unit)).data());
    }
    const Layer& layer = c.layer(l);
    const auto o = static_cast<std::size_t>(layer.cout), i = static_cast<std::size_t>(layer.cin);
    const auto k = static_cast<std::size_t>(layer.kernel);
    const std::vector<std::size_t> shape = layer.kind == LayerKind::fc
                                               ? std::vector<std::size_t>{o, i}
                                               : std::vector<std::size_t>{o, i, k, k};
    write_floats(path(number, layer.name + "." + kind), shape, weights.oihw, c.value_bytes);
  }
}

void GoldenWriter::close() {
  nlohmann::ordered_json manifest;
  manifest["schema"] = 1;
  manifest["loss_scale"] = config_.training.update.loss_scale;
  manifest["axes"] = "B,T,C,H,W; weights OIHW or (out,in)";
  manifest["grad_w"] = "sum over the batch group up to and including the sub-batch";
  manifest["u"] = "convolutions: 0 where the mask is 0";
  for (const Layer& l : config_.network.layers) manifest["layers"].push_back(l.name);
  for (const auto& [number, files] : files_) {
    manifest["sub_batches"][std::to_string(number)] = files;
  }
  manifest["config"] = config_json(config_);
  std::ofstream file(fs::path(folder_) / "manifest.json");
  file << manifest.dump(2) << '\n';
  file.close();
  if (!file) throw RunError("--golden " + folder_ + ": manifest.json cannot be written");
}

}  // namespace h2
