// SPDX-License-Identifier: Apache-2.0
#include "traces/report/read_json.h"

#include "modules/base/error.h"
#include "modules/base/file.h"

namespace h2 {

using Json = nlohmann::ordered_json;

Json read_json(const std::string& path, const std::string& wanted) {
  const std::string text = read_text(path, wanted, std::uint64_t{4} << 30);
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& e) {
    throw InputError(path + ": not JSON, byte " + std::to_string(e.byte));
  } catch (const Json::out_of_range&) {
    throw InputError(path + ": a number is beyond the range of doubles; legal: " + wanted);
  }
}

void refuse_types(const std::string& files, const std::string& what) {
  // "[json.exception.type_error.302] type must be number, but is string"
  const std::size_t begin = what.find("] ");
  throw InputError(files + ": a value is of another type than in the summary of a run: " +
                   (begin == std::string::npos ? what : what.substr(begin + 2)));
}

std::string text_at(const Json& object, const std::string& key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

bool flag_at(const Json& object, const std::string& key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

}  // namespace h2
