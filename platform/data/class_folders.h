// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace h2 {

struct LabelledFile {
  std::string path;
  std::uint16_t label = 0;
};

/// Files of a data set that has a folder for every class.
struct ClassFolders {
  std::vector<std::vector<std::string>> files;  ///< by class
  std::vector<std::string> remarks;  ///< on folders and files not read, and on classes missing
};

/// Files `<root>/<name>/*<extension>`, of each class in the order of the numbers at the ends of
/// their names, then of the names. Folders of other names and files that begin with a dot are not
/// read. Throws InputError if `root` is no folder, or there is no such file at all.
ClassFolders list_class_folders(const std::string& root, const std::vector<std::string>& names,
                                const std::string& extension);

/// One file of each class after the other, so that the first ones are balanced.
std::vector<LabelledFile> one_of_each(const std::vector<std::vector<std::string>>& files);

}  // namespace h2
