// SPDX-License-Identifier: Apache-2.0
// Checkpoints as files: a header of 60 bytes, then CBOR.

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <regex>
#include <string_view>

#include "modules/base/error.h"
#include "modules/base/file.h"
#include "modules/base/result_file.h"
#include "platform/checkpoint/checkpoint.h"
#include "traces/results/sha256.h"

namespace h2 {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::string_view kMagic = "h2vp checkpoint\n";
constexpr std::uint32_t kFormat = 3;
constexpr std::size_t kDigestBytes = 64;    // in hexadecimal digits
const char* const kFolder = "checkpoints";  // in the folder of results
constexpr std::size_t kHeaderBytes = kMagic.size() + 4 + 8 + kDigestBytes;

void put(std::string& bytes, std::uint64_t value, int count) {
  for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> (8 * i));
}

std::uint64_t number_at(const std::string& bytes, std::size_t at, int count) {
  std::uint64_t value = 0;
  for (int i = 0; i < count; ++i) {
    value |= std::uint64_t{static_cast<std::uint8_t>(bytes[at + static_cast<std::size_t>(i)])}
             << (8 * i);
  }
  return value;
}

std::string read_file(const fs::path& path) {
  require_plain_file(path.string(), "a checkpoint");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw InputError(path.string() + ": cannot be opened");
  std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file.bad()) throw InputError(path.string() + ": cannot be read");
  return bytes;
}

/// The part behind the header, which has to be whole.
std::string_view contents(const std::string& bytes, const std::string& path) {
  if (bytes.compare(0, kMagic.size(), kMagic) != 0) {
    throw InputError(path + ": is no checkpoint: it does not begin with \"h2vp checkpoint\"");
  }
  if (bytes.size() < kHeaderBytes) throw InputError(path + ": is damaged: its header is cut off");
  const std::uint64_t format = number_at(bytes, kMagic.size(), 4);
  if (format != kFormat) {
    throw InputError(path + ": is a checkpoint of format " + std::to_string(format) +
                     ", this program reads format " + std::to_string(kFormat));
  }
  const std::uint64_t size = number_at(bytes, kMagic.size() + 4, 8);
  const std::string_view inside = std::string_view(bytes).substr(kHeaderBytes);
  if (inside.size() != size) {
    throw InputError(path + ": is damaged: it holds " + std::to_string(inside.size()) +
                     " bytes behind its header, which names " + std::to_string(size));
  }
  if (bytes.compare(kMagic.size() + 12, kDigestBytes, sha256_hex(inside)) != 0) {
    throw InputError(path + ": is damaged: its contents do not have the SHA-256 that it names");
  }
  return inside;
}

/// The first key whose values differ; "" if there is none.
std::string difference(const Json& there, const Json& here, const std::string& path) {
  if (there == here) return "";
  if (!there.is_object() || !here.is_object()) {
    return path + " is " + there.dump() + " there and " + here.dump() + " here";
  }
  Json keys = there;
  keys.update(here);
  for (const auto& item : keys.items()) {
    const std::string at = path.empty() ? item.key() : path + "." + item.key();
    const Json none;
    const std::string found =
        difference(there.value(item.key(), none), here.value(item.key(), none), at);
    if (!found.empty()) return found;
  }
  return "";
}

void require_same(const Json& document, const RunIdentity& identity, const std::string& path) {
  const auto program = document.at("program").get<std::string>();
  if (program != identity.program) {
    throw InputError(path + ": was written by version " + program + ", this is version " +
                     identity.program);
  }
  const std::string other = difference(document.at("config"), identity.config, "");
  if (!other.empty()) throw InputError(path + ": is of another configuration: " + other);
  if (document.at("data") != identity.data) {
    throw InputError(path + ": is of another data set: its samples or labels differ");
  }
}

/// Checkpoints in a folder, oldest first.
std::vector<fs::path> checkpoints_in(const fs::path& folder) {
  static const std::regex name(R"(checkpoint-\d{12}\.h2ck)");
  std::vector<fs::path> found;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    if (std::regex_match(entry.path().filename().string(), name)) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

fs::path write_checkpoint(const fs::path& folder, int keep, const RunIdentity& identity,
                          const RunState& state) {
  const Json document{{"program", identity.program},
                      {"config", identity.config},
                      {"data", identity.data},
                      {"state", to_document(state)}};
  std::string inside;
  Json::to_cbor(document, inside);
  std::string bytes(kMagic);
  put(bytes, kFormat, 4);
  put(bytes, inside.size(), 8);
  bytes += sha256_hex(inside) + inside;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw RunError(folder.string() + ": cannot be made: " + error.message());
  char name[40];
  std::snprintf(name, sizeof name, "checkpoint-%012llu.h2ck",
                static_cast<unsigned long long>(groups_of(state)));
  write_durable((folder / name).string(), bytes);
  // Newer ones are of a run that went on from one of these once before: they will be written again.
  std::vector<fs::path> all = checkpoints_in(folder);
  all.erase(std::upper_bound(all.begin(), all.end(), folder / name), all.end());
  for (std::size_t i = 0; i + static_cast<std::size_t>(keep) < all.size(); ++i) {
    fs::remove(all[i], error);
  }
  return folder / name;
}

bool holds_checkpoints(const fs::path& folder) { return !checkpoints_in(folder).empty(); }

fs::path find_checkpoint(const fs::path& path) {
  std::error_code error;
  if (fs::is_regular_file(path, error)) return path;
  if (!fs::is_directory(path, error))
    require_plain_file(path.string(), "a checkpoint or its folder");
  std::vector<fs::path> all = checkpoints_in(path);
  if (all.empty()) all = checkpoints_in(path / kFolder);
  if (all.empty()) {
    throw InputError("--resume " + path.string() + ": holds no checkpoint-<groups>.h2ck");
  }
  return all.back();
}

RunState read_checkpoint(const fs::path& file, const RunIdentity& identity) {
  const std::string bytes = read_file(file);
  const std::string_view inside = contents(bytes, file.string());
  try {
    const Json document = Json::from_cbor(inside.begin(), inside.end());
    require_same(document, identity, file.string());
    return from_document(document.at("state"));
  } catch (const Json::exception& e) {
    throw InputError(file.string() + ": is no state of this program: " + e.what());
  } catch (const std::out_of_range& e) {
    throw InputError(file.string() + ": is no state of this program: " + e.what());
  }
}

}  // namespace h2
