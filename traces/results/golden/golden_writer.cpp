// SPDX-License-Identifier: Apache-2.0
#include "traces/results/golden/golden_writer.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "modules/base/error.h"
#include "modules/base/result_file.h"
#include "modules/tensor/npy.h"
#include "modules/tensor/operand.h"
#include "traces/results/golden/golden_files.h"
#include "traces/results/golden/golden_signals.h"

namespace h2 {
namespace {

namespace fs = std::filesystem;

void check_tensors(const RunInfo& info, const std::set<std::string>& tensors) {
  const std::string first = info.network.layers.front().name;
  const std::string last = info.network.layers.back().name;
  std::set<std::string> legal{first + ".input", first + ".labels", last + ".grad_s_out"};
  for (const Layer& l : info.network.layers)
    for (const char* kind : {"s", "u", "mask", "grad_u", "grad_w", "w", "w_after"}) {
      legal.insert(l.name + "." + kind);
    }
  for (const Layer& l : info.network.layers)
    for (const char* kind : {"current", "grad_current", "norm", "norm_after", "grad_norm"}) {
      if (l.normalised()) legal.insert(l.name + "." + kind);
    }
  for (const std::string& name : tensors) {
    if (legal.count(name) != 0) continue;
    std::string names;
    for (const std::string& l : legal) names += " " + l;
    throw InputError("--dump-tensors " + name + ": no such tensor; legal:" + names);
  }
}

}  // namespace

GoldenWriter::GoldenWriter(RunInfo info, GoldenRequest request)
    : info_(std::move(info)), request_(std::move(request)) {
  check_tensors(info_, request_.tensors);
  engines().check(info_, request_.units, request_.tiles, request_.block);
  std::error_code error;
  fs::create_directories(request_.folder, error);
  if (error) throw InputError(request_.folder + ": " + error.message());
}

const GoldenUnits& GoldenWriter::engines() const {
  return request_.engines != nullptr ? *request_.engines : h2learn_units();
}

std::string GoldenWriter::place(std::uint64_t number, const std::string& name) {
  const fs::path folder = fs::path(request_.folder) / std::to_string(number);
  fs::create_directories(folder);
  files_[number].push_back(name + ".npy");
  return (folder / name).string();
}

std::string GoldenWriter::path(std::uint64_t number, const std::string& name) {
  return place(number, name) + ".npy";
}

template <class Write>
void GoldenWriter::write(std::uint64_t number, const std::string& tensor, Write write) {
  if (wanted(tensor)) write(path(number, tensor));
}

void GoldenWriter::labels(const std::uint32_t* labels, std::size_t count) {
  const std::uint64_t number = labelled_++;
  if (request_.sub_batches.count(number) == 0) return;
  const std::vector<std::int32_t> values(labels, labels + count);
  write(number, info_.network.layers.front().name + ".labels",
        [&](const std::string& path) { write_npy(path, NpyType::int32, {count}, values.data()); });
}

void GoldenWriter::descriptor_ended(const h2_descriptor& d, const JobContext& c,
                                    const MemoryReader& memory) {
  switch (d.opcode) {
    case H2_OP_FORWARD: {
      if (c.inference) return;
      Sample& sample = in_memory_[d.memory];
      sample = {started_, request_.sub_batches.count(started_) != 0};
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

void GoldenWriter::write_forward(const Sample& sample, const JobContext& c,
                                 const MemoryReader& memory) {
  const Layer& first = c.layer(0);
  const std::uint64_t n = sample.number;
  write(n, first.name + ".input", [&](const std::string& path) {
    write_planes(path, fetch_bits(memory, c.input_image(0)), first.encoding ? 1 : c.steps,
                 first.planes);
  });
  for (int l = 0; l < static_cast<int>(c.layers->size()); ++l) {
    const h2_layer& place = c.place(l);
    const std::string& name = c.layer(l).name;
    const BitMap mask = fetch_bits(memory, c.soma_image(l, place.mask));
    const auto spikes = [&](const std::string& path) {
      write_bits(path, fetch_bits(memory, c.spikes_image(l)), c.steps);
    };
    const bool readout = c.layer(l).readout;  // its spikes and masks are not stored
    if (!c.relu && !readout) write(n, name + ".s", spikes);
    if (!readout)
      write(n, name + ".mask", [&](const std::string& path) { write_bits(path, mask, c.steps); });
    const bool packed = !c.all_potentials(l);
    write(n, name + ".u", [&](const std::string& path) {
      write_values(
          path, fetch_values(memory, c.potential_image(l), c.value_bytes, packed ? &mask : nullptr),
          c.steps, c.value_bytes);
    });
    if (!c.layer(l).normalised()) continue;
    write(n, name + ".current", [&](const std::string& path) {
      write_values(path, fetch_values(memory, c.currents_image(l), c.value_bytes, nullptr),
                   c.current_steps(l), c.value_bytes);
    });
  }
  write_weights(n, "w", false, c, memory);
  write_signals(sample, true, c, memory);
}

void GoldenWriter::write_gradients(const Sample& sample, const h2_descriptor& d,
                                   const JobContext& c, const MemoryReader& memory) {
  const int last = static_cast<int>(c.layers->size()) - 1;
  const h2_map out = c.soma_image(last, 0).map();
  write(sample.number, c.layer(last).name + ".grad_s_out", [&](const std::string& path) {
    const TensorImage image(d.output_gradient, out);
    write_values(path, fetch_values(memory, image, c.value_bytes, nullptr), c.steps, c.value_bytes);
  });
  for (int l = 0; l <= last; ++l) {
    const bool packed = c.layer(l).kind == LayerKind::conv && c.compress_gradients;
    write(sample.number, c.layer(l).name + ".grad_u", [&](const std::string& path) {
      BitMap nonzero;
      if (packed) nonzero = fetch_bits(memory, c.gradient_mask_image(l));
      write_values(
          path,
          fetch_values(memory, c.gradient_image(l), c.value_bytes, packed ? &nonzero : nullptr),
          c.steps, c.value_bytes);
    });
    if (!c.layer(l).normalised()) continue;
    write(sample.number, c.layer(l).name + ".grad_current", [&](const std::string& path) {
      write_values(path, fetch_values(memory, c.array_gradient_image(l), c.value_bytes, nullptr),
                   c.steps, c.value_bytes);
    });
  }
  write_weights(sample.number, "grad_w", true, c, memory);
  write_signals(sample, false, c, memory);
}

void GoldenWriter::write_signals(const Sample& sample, bool forward, const JobContext& c,
                                 const MemoryReader& memory) {
  const std::vector<int> tiles(request_.tiles.begin(), request_.tiles.end());
  const int block = static_cast<int>(request_.block);
  for (int l = 0; l < static_cast<int>(c.layers->size()); ++l) {
    const std::string& name = c.layer(l).name;
    if (request_.units.count(name) == 0) continue;
    if (forward) weights_[l] = weights_of(c, l, memory);
    const std::vector<Signal> signals =
        forward ? engines().after_forward(c, l, tiles, block, weights_[l], memory)
                : engines().after_gradient(c, l, tiles, block, weights_[l], memory);
    for (const Signal& signal : signals) {
      const std::string file = name + "." + signal.name;
      write_signal(place(sample.number, file), signal, request_.readmemh);
      if (request_.readmemh) files_[sample.number].push_back(file + ".hex");
    }
  }
}

void GoldenWriter::write_weights(std::uint64_t number, const char* kind, bool gradient,
                                 const JobContext& c, const MemoryReader& memory) {
  for (int l = 0; l < static_cast<int>(c.layers->size()); ++l) {
    const Layer& layer = c.layer(l);
    write(number, layer.name + "." + kind, [&](const std::string& path) {
      const h2_layer& place = c.place(l);
      WeightOperand weights(
          TensorKind::control,
          c.weight_image(l, gradient ? c.base2 + place.weight_gradient : c.base + place.weights),
          true);
      TransferList list;
      weights.want_range(0, layer.cout, 0, layer.cin, list);
      fetch_all(memory, list);
      const auto o = static_cast<std::size_t>(layer.cout), i = static_cast<std::size_t>(layer.cin);
      const auto k = static_cast<std::size_t>(layer.kernel);
      const std::vector<std::size_t> shape = layer.kind == LayerKind::fc
                                                 ? std::vector<std::size_t>{o, i}
                                                 : std::vector<std::size_t>{o, i, k, k};
      write_floats(path, shape, {weights.oihw.begin(), weights.oihw.end()}, c.value_bytes);
    });
    if (!layer.normalised()) continue;
    const std::string norm = gradient                   ? "grad_norm"
                             : kind == std::string("w") ? "norm"
                                                        : "norm_after";
    write(number, layer.name + "." + norm, [&](const std::string& path) {
      const std::size_t rows = gradient ? 2 : H2_NORM_ARRAYS;
      const auto channels = static_cast<std::size_t>(layer.cout);
      const std::uint64_t base =
          gradient ? c.base2 + c.place(l).weight_gradient : c.base + c.place(l).weights;
      const auto value_bytes = static_cast<std::uint64_t>(c.value_bytes);
      std::vector<std::uint8_t> bytes(rows * channels * value_bytes);
      memory(base + layer.weight_count() * value_bytes, bytes.data(), bytes.size());
      write_npy(path, value_bytes == 2 ? NpyType::float16 : NpyType::float32, {rows, channels},
                bytes.data());
    });
  }
}

nlohmann::ordered_json GoldenWriter::signals_json() const {
  nlohmann::ordered_json all;
  for (const SignalKind& kind : engines().kinds()) {
    all["kinds"][kind.name] = {{"axes", kind.axes}, {"text", kind.text}};
  }
  const std::vector<int> tiles(request_.tiles.begin(), request_.tiles.end());
  for (const Layer& l : info_.network.layers) {
    if (request_.units.count(l.name) == 0) continue;
    all["units"][l.name] = engines().layout(info_, l, tiles, static_cast<int>(request_.block));
  }
  return all;
}

void GoldenWriter::close() {
  nlohmann::ordered_json manifest;
  manifest["schema"] = 2;
  manifest["loss_scale"] = info_.loss_scale;
  manifest["axes"] = "B,T,C,H,W; weights OIHW or (out,in)";
  manifest["grad_w"] = "sum over the batch group up to and including the sub-batch";
  manifest["u"] = "convolutions: 0 where the mask is 0";
  for (const Layer& l : info_.network.layers) manifest["layers"].push_back(l.name);
  for (const auto& [number, files] : files_) {
    manifest["sub_batches"][std::to_string(number)] = files;
  }
  if (!request_.units.empty()) manifest["signals"] = signals_json();
  manifest["config"] = info_.config;
  write_result((fs::path(request_.folder) / "manifest.json").string(), manifest.dump(2) + "\n");
}

}  // namespace h2
