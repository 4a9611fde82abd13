// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <vector>

#include "modules/base/error.h"
#include "modules/base/result_file.h"
#include "modules/tensor/npy.h"
#include "platform/cli/commands.h"
#include "platform/cli/contact_sheet.h"
#include "platform/cli/result_folder.h"
#include "platform/config/validate.h"
#include "platform/data/dataset.h"

namespace h2 {
namespace {

/// Of one class in one part.
struct ClassSum {
  std::uint64_t samples = 0;
  double values = 0;  ///< sum over all samples, pixels or timesteps
};

std::vector<ClassSum> sums_of(const Dataset& data, std::size_t classes) {
  std::vector<ClassSum> sums(classes);
  const std::size_t size = data.sample_size();
  for (std::size_t i = 0; i < data.size(); ++i) {
    ClassSum& sum = sums[static_cast<std::size_t>(data.label(i))];
    const std::uint8_t* sample = data.sample(i);
    std::uint64_t all = 0;
    for (std::size_t k = 0; k < size; ++k) all += sample[k];
    ++sum.samples;
    sum.values += static_cast<double>(all) / static_cast<double>(size);
  }
  return sums;
}

/// Mean of all values, as a share: of 256 for pixels, of the timesteps for spikes.
double rate(const Dataset& data, const ClassSum& sum) {
  if (sum.samples == 0) return 0;
  return sum.values / static_cast<double>(sum.samples) / (data.input_steps == 0 ? 256 : 1);
}

void print_remarks(const Dataset& data) {
  for (const std::string& remark : data.remarks) std::printf("       %s\n", remark.c_str());
}

void print_part(const char* name, const Dataset& data) {
  const double megabytes = static_cast<double>(data.size() * data.sample_size()) / 1e6;
  char steps[48] = "pixels";
  if (data.input_steps != 0) {
    std::snprintf(steps, sizeof steps, "spikes at %d timesteps", data.input_steps);
  }
  std::printf("%-6s %zu samples of %dx%dx%d %s, labels below %d, %.1f MB %s\n", name, data.size(),
              data.shape.channels, data.shape.height, data.shape.width, steps, data.classes,
              megabytes, data.read ? "read as they are used" : "in memory");
  print_remarks(data);
}

/// Samples as the network gets them, in files of dataset.kind npy.
void write_samples(const std::filesystem::path& folder, const std::string& part,
                   const Dataset& data) {
  if (data.size() == 0) return;
  const auto dimension = [](int size) { return static_cast<std::size_t>(size); };
  std::vector<std::size_t> shape{data.size(), dimension(data.shape.channels),
                                 dimension(data.shape.height), dimension(data.shape.width)};
  if (data.input_steps != 0) shape.insert(shape.begin() + 1, dimension(data.input_steps));
  const std::string path = (folder / (part + "_samples.npy")).string();
  std::ofstream file(partial_name(path), std::ios::binary);
  file << npy_prefix(NpyType::uint8, shape);
  for (std::size_t i = 0; i < data.size(); ++i) {
    file.write(reinterpret_cast<const char*>(data.sample(i)),
               static_cast<std::streamsize>(data.sample_size()));
  }
  file.close();
  if (!file) throw RunError(path + ": cannot be written");
  publish(path);
  write_npy((folder / (part + "_labels.npy")).string(), NpyType::uint16, {data.size()},
            data.labels.data());
}

void write_all_samples(const std::string& folder, const LoadedData& data) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw RunError(folder + ": cannot be made: " + error.message());
  write_samples(folder, "train", data.train);
  write_samples(folder, "validation", data.validation);
  write_samples(folder, "test", data.test);
}

void print_classes(const LoadedData& data) {
  const auto classes = static_cast<std::size_t>(std::max(data.train.classes, data.test.classes));
  const std::vector<ClassSum> train = sums_of(data.train, classes),
                              test = sums_of(data.test, classes);
  const char* what = data.train.input_steps == 0 ? "mean pixel" : "firing rate";
  std::printf("%-6s %8s %12s %8s %12s\n", "class", "train", what, "test", what);
  for (std::size_t k = 0; k < classes; ++k) {
    std::printf("%-6zu %8llu %12.4f %8llu %12.4f%s\n", k,
                static_cast<unsigned long long>(train[k].samples), rate(data.train, train[k]),
                static_cast<unsigned long long>(test[k].samples), rate(data.test, test[k]),
                train[k].samples == 0 ? "   no training sample" : "");
  }
}

void data_options(boost::program_options::options_description_easy_init add) {
  add("npy", boost::program_options::value<std::string>(),
      "also write the samples as the network gets them, for dataset.kind npy, to this folder");
}

int run_data(const CommandLine& line) {
  const Config config = load_config(line.config, line.sets);
  require_trainable(config);
  const LoadedData data = load_data(config.dataset, config.network.input, config.network.timesteps,
                                    config.training.seed);
  require_fits(data, config.network);
  print_part("train", data.train);
  if (data.validation.size() > 0) print_part("valid", data.validation);
  print_part("test", data.test);
  print_classes(data);
  if (line.has("npy")) write_all_samples(line.get<std::string>("npy"), data);
  const auto sheet = make_output_folder(line, config) / "contact_sheet.png";
  write_contact_sheet(sheet.string(), data.train);
  std::cout << "wrote " << sheet.string() << '\n';
  return 0;
}

}  // namespace

const Subcommand kDataCommand{"data",
                              "counts, classes and rates of the data set; writes contact_sheet.png",
                              run_data, data_options};

}  // namespace h2
