// SPDX-License-Identifier: Apache-2.0
#include "modules/base/file.h"

#include <sys/stat.h>

#include <algorithm>
#include <boost/iostreams/categories.hpp>
#include <boost/iostreams/copy.hpp>
#include <boost/iostreams/filter/gzip.hpp>
#include <boost/iostreams/filtering_stream.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "modules/base/error.h"

namespace h2 {

std::string special_file(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode)) return "";
  if (S_ISDIR(status.st_mode)) return "a folder";
  if (S_ISFIFO(status.st_mode)) return "a pipe";
  if (S_ISSOCK(status.st_mode)) return "a socket";
  return "a device";
}

void require_plain_file(const std::string& path, const std::string& wanted) {
  const std::string kind = special_file(path);
  if (!kind.empty()) throw InputError(path + ": is " + kind + "; legal: " + wanted);
}

namespace {

/// Takes bytes up to a limit; what is beyond it ends the copy with an exception.
class BoundedSink {
 public:
  using char_type = char;
  using category = boost::iostreams::sink_tag;

  BoundedSink(std::vector<std::uint8_t>& bytes, const std::string& path, std::uint64_t most)
      : bytes_(&bytes), path_(&path), most_(most) {}

  std::streamsize write(const char* from, std::streamsize count) {
    if (bytes_->size() + static_cast<std::uint64_t>(count) > most_) {
      throw InputError(*path_ + ": holds more than " + std::to_string(most_) +
                       " bytes, the most that is read");
    }
    bytes_->insert(bytes_->end(), from, from + count);
    return count;
  }

 private:
  std::vector<std::uint8_t>* bytes_;
  const std::string* path_;
  std::uint64_t most_;
};

}  // namespace

std::vector<std::uint8_t> read_bytes(const std::string& path) {
  namespace io = boost::iostreams;
  const std::string kind = special_file(path);
  if (!kind.empty()) throw InputError(path + ": is " + kind + ", not a file");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw InputError(path + ": cannot be opened");
  const bool compressed = std::filesystem::path(path).extension() == ".gz";
  std::vector<std::uint8_t> bytes;
  try {
    io::filtering_istream input;
    if (compressed) input.push(io::gzip_decompressor());
    input.push(file);
    io::copy(input, BoundedSink(bytes, path, compressed ? kMostUnpackedBytes : kMostFileBytes));
  } catch (const std::ios_base::failure& error) {
    throw InputError(path + (compressed ? ": corrupt or truncated gzip data"
                                        : std::string(": read error: ") + error.what()));
  }
  return bytes;
}

std::string read_text(const std::string& path, const std::string& wanted, std::uint64_t most) {
  require_plain_file(path, wanted);
  errno = 0;
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const std::streamoff size = file ? static_cast<std::streamoff>(file.tellg()) : 0;
  if (size > static_cast<std::streamoff>(most)) {
    throw InputError(path + ": has " + std::to_string(size) + " bytes; legal: " + wanted +
                     " of up to " + std::to_string(most) + " bytes");
  }
  std::string text(static_cast<std::size_t>(std::max<std::streamoff>(size, 0)), '\0');
  file.seekg(0);
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file) {
    throw InputError(path + ": cannot be read: " + std::strerror(errno == 0 ? EIO : errno) +
                     "; legal: " + wanted);
  }
  return text;
}

std::string find_file(const std::string& folder, const std::string& name) {
  const std::string plain = (std::filesystem::path(folder) / name).string();
  for (const std::string& path : {plain, plain + ".gz"}) {
    if (std::filesystem::exists(path)) return path;
  }
  return "";
}

std::string require_file(const std::string& folder, const std::string& name) {
  std::string path = find_file(folder, name);
  if (!path.empty()) return path;
  throw InputError((std::filesystem::path(folder) / name).string() +
                   "[.gz]: no such file (dataset.path is '" + folder + "')");
}

}  // namespace h2
