// SPDX-License-Identifier: Apache-2.0
#include "platform/data/cifar10dvs.h"

#include <algorithm>

#include "modules/base/error.h"
#include "platform/data/aedat.h"
#include "platform/data/class_folders.h"

namespace h2 {
namespace {

constexpr std::size_t kTestShare = 10;  // one file of ten

using FilesByClass = std::vector<std::vector<std::string>>;

Dataset make_recorded_part(const FilesByClass& by_class, std::uint64_t limit,
                           const EventRules& rules, std::uint64_t cache_bytes) {
  std::vector<LabelledFile> files = one_of_each(by_class);
  if (limit > 0 && limit < files.size()) files.resize(limit);
  std::vector<std::uint16_t> labels;
  for (const LabelledFile& file : files) labels.push_back(file.label);
  const int share = kDvs128Side / rules.shape.height;
  return event_part(
      labels, 10, rules, [=](std::size_t i) { return read_aedat2(files[i].path, share); },
      cache_bytes);
}

}  // namespace

LoadedData load_cifar10dvs(const DatasetConfig& config, InputShape input, int timesteps) {
  require_dvs128("cifar10dvs", input);
  const std::vector<std::string> names{"airplane", "automobile", "bird",  "cat",  "deer",
                                       "dog",      "frog",       "horse", "ship", "truck"};
  const ClassFolders folders = list_class_folders(config.path, names, ".aedat");
  FilesByClass train = folders.files, test = folders.files;
  bool any = false;
  for (std::size_t c = 0; c < names.size(); ++c) {
    const std::size_t all = folders.files[c].size();
    if (all == 0) continue;
    const std::size_t kept = all - std::max<std::size_t>(1, all / kTestShare);
    train[c].resize(kept);
    test[c].erase(test[c].begin(), test[c].begin() + static_cast<std::ptrdiff_t>(kept));
    any = any || kept > 0;
  }
  if (!any) throw InputError(config.path + ": every class has a single recording");
  const EventRules rules = event_rules(config, input, timesteps);
  LoadedData data{make_recorded_part(train, config.train_limit, rules, config.cache_bytes),
                  make_recorded_part(test, config.test_limit, rules, config.cache_bytes),
                  {}};
  data.train.remarks.insert(data.train.remarks.begin(), folders.remarks.begin(),
                            folders.remarks.end());
  return data;
}

}  // namespace h2
