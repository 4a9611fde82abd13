// SPDX-License-Identifier: Apache-2.0
#include "platform/data/record_file.h"

#include <filesystem>

#include "modules/base/error.h"
#include "modules/base/file.h"

namespace h2 {
namespace {

const std::string& plain(const std::string& path) {
  require_plain_file(path, "a file of records");
  return path;
}

}  // namespace

RecordFile::RecordFile(const std::string& path, std::uint64_t begin, std::size_t size,
                       std::size_t stride)
    : path_(plain(path)),
      begin_(begin),
      size_(size),
      stride_(stride),
      file_(std::make_shared<std::ifstream>(path, std::ios::binary)) {
  if (!*file_) throw InputError(path + ": cannot be opened");
}

void RecordFile::read(std::size_t index, std::uint8_t* record) const {
  file_->clear();
  file_->seekg(static_cast<std::streamoff>(begin_ + index * stride_));
  file_->read(reinterpret_cast<char*>(record), static_cast<std::streamsize>(size_));
  if (!*file_) throw InputError(path_ + ": sample " + std::to_string(index) + " cannot be read");
}

std::uint64_t size_of_file(const std::string& path) {
  std::error_code error;
  const std::uint64_t size = std::filesystem::file_size(plain(path), error);
  if (error) throw InputError(path + ": cannot be opened: " + error.message());
  return size;
}

bool is_gzip(const std::string& path) {
  return path.size() > 3 && path.compare(path.size() - 3, 3, ".gz") == 0;
}

}  // namespace h2
