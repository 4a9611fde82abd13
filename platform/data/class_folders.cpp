// SPDX-License-Identifier: Apache-2.0
#include "platform/data/class_folders.h"

#include <algorithm>
#include <filesystem>

#include "modules/base/error.h"

namespace h2 {
namespace {

namespace fs = std::filesystem;

/// The number at the end of a name, as 17 of "cifar10_airplane_17"; 0 without one.
std::uint64_t number_of(const fs::path& file) {
  const std::string name = file.stem().string();
  std::size_t at = name.size();
  while (at > 0 && name[at - 1] >= '0' && name[at - 1] <= '9') --at;
  const std::string digits = name.substr(at);
  return digits.empty() || digits.size() > 18 ? 0 : std::stoull(digits);
}

std::vector<std::string> files_in(const fs::path& folder, const std::string& extension,
                                  std::size_t& hidden) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != extension) continue;
    if (entry.path().filename().string()[0] == '.') {
      ++hidden;
    } else {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end(), [](const fs::path& a, const fs::path& b) {
    return std::make_pair(number_of(a), a) < std::make_pair(number_of(b), b);
  });
  return {files.begin(), files.end()};
}

void remark_others(const fs::path& root, const std::vector<std::string>& names,
                   std::vector<std::string>& remarks) {
  std::vector<std::string> others;
  for (const fs::directory_entry& entry : fs::directory_iterator(root)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory() && std::find(names.begin(), names.end(), name) == names.end()) {
      others.push_back(entry.path().string() + ": is no class folder and is not read");
    }
  }
  std::sort(others.begin(), others.end());
  remarks.insert(remarks.end(), others.begin(), others.end());
}

ClassFolders list_folders(const fs::path& root, const std::vector<std::string>& names,
                          const std::string& extension) {
  if (!fs::is_directory(root)) throw InputError(root.string() + ": no such folder");
  ClassFolders found;
  std::string missing;
  std::size_t hidden = 0, files = 0;
  for (const std::string& name : names) {
    found.files.emplace_back();
    if (fs::is_directory(root / name)) {
      found.files.back() = files_in(root / name, extension, hidden);
    }
    files += found.files.back().size();
    if (found.files.back().empty()) missing += " " + name;
  }
  if (files == 0) {
    throw InputError(root.string() + ": class folders hold no " + extension +
                     " files; legal names of the folders: " + names.front() + " to " +
                     names.back());
  }
  if (!missing.empty()) found.remarks.push_back(root.string() + ": no files of class" + missing);
  remark_others(root, names, found.remarks);
  if (hidden > 0) {
    found.remarks.push_back(root.string() + ": " + std::to_string(hidden) +
                            " files whose names begin with a dot are not read");
  }
  return found;
}

}  // namespace

ClassFolders list_class_folders(const std::string& root, const std::vector<std::string>& names,
                                const std::string& extension) {
  try {
    return list_folders(root, names, extension);
  } catch (const fs::filesystem_error& error) {
    throw InputError(error.what());
  }
}

std::vector<LabelledFile> one_of_each(const std::vector<std::vector<std::string>>& files) {
  std::size_t longest = 0;
  for (const auto& list : files) longest = std::max(longest, list.size());
  std::vector<LabelledFile> order;
  for (std::size_t i = 0; i < longest; ++i) {
    for (std::size_t label = 0; label < files.size(); ++label) {
      if (i < files[label].size())
        order.push_back({files[label][i], static_cast<std::uint16_t>(label)});
    }
  }
  return order;
}

}  // namespace h2
