// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/targets.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "modules/base/error.h"
#include "modules/spinalflow/spine_file.h"
#include "modules/tensor/npy.h"
#include "platform/config/energy_table.h"
#include "platform/config/load.h"
#include "platform/data/dataset.h"
#include "platform/data/pickle.h"
#include "platform/data/picture.h"
#include "platform/data/weights.h"
#include "platform/host/player/transaction.h"
#include "platform/host/riscv/elf_image.h"
#include "platform/nir/nir.h"
#include "tests/fuzz/folder.h"
#include "tests/h2learn/schedule_card.h"

namespace h2 {
namespace {

const Folder& folder() { return Folder::of_process(); }

/// What loads prints as text that loads to the same.
void yaml(const std::uint8_t* data, std::size_t size) {
  const Config config = load_config(folder().write("c.yaml", data, size), {});
  const std::string text = print_config(config);
  const Config again = load_config(folder().write("c.yaml", text), {});
  fuzz_check(print_config(again) == text, "a configuration does not print to itself");
}

void set(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) return;
  load_config(folder().write("m.yaml", "clock_mhz: 800\n"),
              {{text.substr(0, equals), text.substr(equals + 1)}});
}

void energy(const std::uint8_t* data, std::size_t size) {
  EnergyConfig config;
  config.table = folder().write("e.yaml", data, size);
  load_cost_table(config);
}

void npy(const std::uint8_t* data, std::size_t size) {
  const NpyArray array = read_npy(folder().write("a.npy", data, size));
  fuzz_check(array.bytes.size() == array.count() * npy_size(array.type),
             "an array of another size");
  array.to_float();
}

/// Loads a data set and reads its first samples.
void load_all(const char* kind, const std::string& path) {
  DatasetConfig config;
  config.kind = kind;
  config.path = path;
  const bool small = config.kind == "mnist" || config.kind == "npy";
  const InputShape input = small                      ? InputShape{1, 2, 2}
                           : config.kind == "cifar10" ? InputShape{3, 32, 32}
                                                      : InputShape{2, 34, 34};
  const LoadedData data = load_data(config, input, 2, 1);
  fuzz_check(data.train.values.empty() ||
                 data.train.values.size() == data.train.size() * data.train.sample_size(),
             "samples of another size");
}

/// Two files in turn: the first byte says where the second one begins, in 256ths.
std::size_t second_file(const std::uint8_t* data, std::size_t size) {
  return 1 + (size - 1) * data[0] / 256;
}

/// Samples and labels.
void npy_set(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return;
  const std::size_t split = second_file(data, size);
  for (const char* part : {"train", "test"}) {
    folder().write(std::string(part) + "_samples.npy", data + 1, split - 1);
    folder().write(std::string(part) + "_labels.npy", data + split, size - split);
  }
  load_all("npy", folder().path());
}

void idx(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return;
  const std::size_t split = second_file(data, size);
  for (const char* part : {"train", "t10k"}) {
    folder().write(std::string(part) + "-images-idx3-ubyte", data + 1, split - 1);
    folder().write(std::string(part) + "-labels-idx1-ubyte", data + split, size - split);
  }
  load_all("mnist", folder().path());
}

void gzip(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return;
  const std::size_t split = second_file(data, size);
  for (const char* part : {"z/train", "z/t10k"}) {
    folder().write(std::string(part) + "-images-idx3-ubyte.gz", data + 1, split - 1);
    folder().write(std::string(part) + "-labels-idx1-ubyte.gz", data + split, size - split);
  }
  load_all("mnist", folder().path() + "/z");
}

void cifar(const std::uint8_t* data, std::size_t size) {
  folder().write("data_batch_1.bin", data, size);
  folder().write("test_batch.bin", data, size);
  load_all("cifar10", folder().path());
}

void events(const std::uint8_t* data, std::size_t size) {
  folder().write("Train/0/1.bin", data, size);
  folder().write("Test/9/1.bin", data, size);
  load_all("nmnist", folder().path());
}

void aedat2(const std::uint8_t* data, std::size_t size) {
  folder().write("dvs/ship/1.aedat", data, size);
  folder().write("dvs/ship/2.aedat", data, size);
  load_all("cifar10dvs", folder().path() + "/dvs");
}

/// A recording and its table of gestures.
void aedat3(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return;
  const std::size_t split = second_file(data, size);
  folder().write("gestures/user.aedat", data + 1, split - 1);
  folder().write("gestures/user_labels.csv", data + split, size - split);
  folder().write("gestures/trials_to_train.txt", "user.aedat\n");
  folder().write("gestures/trials_to_test.txt", "user.aedat\n");
  load_all("dvsgesture", folder().path() + "/gestures");
}

void weights(const std::uint8_t* data, std::size_t size) {
  folder().write("fc1.w.npy", data, size);
  load_weights(folder().path(), parse_network("2FC", {1, 2, 2}, 2, PoolMode::after_soma));
}

void picture(const std::uint8_t* data, std::size_t size) {
  const Picture read = read_picture(folder().write("p.png", data, size), 3);
  fuzz_check(read.pixels.size() == std::size_t{3} * read.height * read.width,
             "pixels that are missing");
}

void pickle(const std::uint8_t* data, std::size_t size) {
  const Pickle read(folder().write("p.pickle", data, size));
  if (read.has(read.root(), "data")) read.array(read.value(read.root(), "data"), "data");
}

void nir(const std::uint8_t* data, std::size_t size) {
  import_nir(folder().write("g.nir", data, size), {});
}

/// Spike lists, or a NumPy file of spikes.
void spines(const std::uint8_t* data, std::size_t size) {
  const std::string path = folder().write("s.spines", data, size);
  if (size > 0 && data[0] == 0x93) {
    read_spikes(path);
  } else {
    read_spines(path);
  }
}

void elf(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint32_t kBase = 0x80000000, kSize = 0x4000000;
  const ElfImage image = read_elf(folder().write("a.elf", data, size), kBase, kSize);
  for (const ElfImage::Segment& s : image.segments) {
    fuzz_check(s.address >= kBase && s.bytes.size() <= kSize - (s.address - kBase),
               "a segment outside RAM");
  }
}

void transactions(const std::uint8_t* data, std::size_t size) {
  TransactionReader reader(folder().write("t.txn", data, size));
  Transaction t;
  for (int line = 0; line < 1000 && reader.next(t); ++line) {
    if (t.kind == Transaction::Kind::write && t.bytes > 0) t.part(0, t.bytes);
  }
}

/// A table over the driver's and a descriptor; what is accepted runs to its end.
void descriptor(const std::uint8_t* data, std::size_t size) {
  ScheduleCard card;
  h2_descriptor d = card.describe(H2_OP_FORWARD);
  const std::size_t own = std::min(size, sizeof d);
  for (std::size_t i = 0; i < own; ++i) reinterpret_cast<std::uint8_t*>(&d)[i] ^= data[i];
  auto* const table = reinterpret_cast<std::uint8_t*>(&card.device.table);
  for (std::size_t i = own; i < size && i - own < sizeof card.device.table; ++i) {
    table[i - own] ^= data[i];
  }
  if (size > own && card.device.table.layers <= H2_MAX_LAYERS) card.write_table();
  const auto command = card.decode(d);
  if (command->error == H2_OK) card.run(*command);
}

}  // namespace

const std::vector<FuzzTarget>& fuzz_targets() {
  static const std::vector<FuzzTarget> targets{{"aedat2", aedat2},
                                               {"aedat3", aedat3},
                                               {"checkpoint", fuzz_checkpoint},
                                               {"cifar", cifar},
                                               {"descriptor", descriptor},
                                               {"elf", elf},
                                               {"energy", energy},
                                               {"events", events},
                                               {"gzip", gzip},
                                               {"idx", idx},
                                               {"npy", npy},
                                               {"nir", nir},
                                               {"npy_set", npy_set},
                                               {"packets", fuzz_packets},
                                               {"pickle", pickle},
                                               {"picture", picture},
                                               {"set", set},
                                               {"spines", spines},
                                               {"transactions", transactions},
                                               {"weights", weights},
                                               {"wire", fuzz_wire},
                                               {"yaml", yaml}};
  return targets;
}

std::string fuzz_one(const std::string& name, const std::uint8_t* data, std::size_t size) {
  for (const FuzzTarget& target : fuzz_targets()) {
    if (name != target.name) continue;
    try {
      target.run(data, size);
    } catch (const InputError& e) {
      return e.what();
    } catch (const RunError& e) {
      return e.what();
    }
    return "";
  }
  std::fprintf(stderr, "fuzzing: no target %s; legal:", name.c_str());
  for (const FuzzTarget& target : fuzz_targets()) std::fprintf(stderr, " %s", target.name);
  std::fprintf(stderr, "\n");
  std::exit(2);
}

}  // namespace h2
