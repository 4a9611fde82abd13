// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace h2 {

/// Content of a JSON file. Throws InputError that names the file, and the byte where it is not
/// JSON; `wanted` is what the message calls legal.
nlohmann::ordered_json read_json(const std::string& path, const std::string& wanted);

[[noreturn]] void refuse_types(const std::string& files, const std::string& what);
/// Calls `work` with what was read; a value of another type than expected becomes an InputError
/// that begins with `files`.
template <class Work>
auto with_types_of_a_run(const std::string& files, Work work) {
  try {
    return work();
  } catch (const nlohmann::json::exception& e) {
    refuse_types(files, e.what());
  }
}

/// The text or truth value `key` of an object; "" and false where it is missing or of another type.
std::string text_at(const nlohmann::ordered_json& object, const std::string& key);
bool flag_at(const nlohmann::ordered_json& object, const std::string& key);

}  // namespace h2
