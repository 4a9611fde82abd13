// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "platform/config/keys.h"

/// Access to a member for both the getter and the setter of a key.
#define H2_AT(member) \
  [](auto& c) -> auto& { return c.member; }

namespace h2 {

template <class Access>
using Member = std::decay_t<decltype(std::declval<Access>()(std::declval<Config&>()))>;

/// Key whose JSON value converts to the member as it is.
template <class Access>
Key plain_key(std::string path, KeyType type, std::string description, Access at) {
  Key key;
  key.path = std::move(path);
  key.type = type;
  key.description = std::move(description);
  key.get = [at](const Config& c) { return nlohmann::json(at(c)); };
  key.set = [at](Config& c, const nlohmann::json& v) { at(c) = v.get<Member<Access>>(); };
  return key;
}

template <class Access>
Key integer(std::string path, Range range, std::string description, Access at) {
  Key key = plain_key(std::move(path), KeyType::integer, std::move(description), at);
  key.range = range;
  return key;
}

template <class Access>
Key number(std::string path, Range range, std::string description, Access at) {
  Key key = plain_key(std::move(path), KeyType::number, std::move(description), at);
  key.range = range;
  if constexpr (std::is_same_v<Member<Access>, float>) {
    key.single = true;
    key.get = [at](const Config& c) { return nlohmann::json(decimal(at(c))); };
  }
  return key;
}

template <class Access>
Key numbers(std::string path, Range range, std::string description, Access at) {
  Key key = plain_key(std::move(path), KeyType::numbers, std::move(description), at);
  key.range = range;
  key.get = [at](const Config& c) {
    const std::vector<double>& list = at(c);
    return list.size() == 1 ? nlohmann::json(list.front()) : nlohmann::json(list);
  };
  key.set = [at](Config& c, const nlohmann::json& v) {
    at(c) = v.is_array() ? v.get<std::vector<double>>() : std::vector<double>{v.get<double>()};
  };
  return key;
}

template <class Access>
Key boolean(std::string path, std::string description, Access at) {
  return plain_key(std::move(path), KeyType::boolean, std::move(description), at);
}

template <class Access>
Key text(std::string path, std::string form, std::string description, Access at) {
  Key key = plain_key(std::move(path), KeyType::text, std::move(description), at);
  key.text_form = std::move(form);
  return key;
}

template <class Access>
Key file_path(std::string path, std::string form, std::string description, Access at) {
  Key key = text(std::move(path), std::move(form), std::move(description), at);
  key.file_path = true;
  return key;
}

/// One of several names, each standing for a value of the member.
template <class Access>
Key choice(std::string path, std::vector<std::pair<std::string, Member<Access>>> names,
           std::string description, Access at) {
  Key key = plain_key(std::move(path), KeyType::choice, std::move(description), at);
  for (const auto& entry : names) key.choices.push_back(entry.first);
  key.get = [at, names](const Config& c) {
    for (const auto& entry : names) {
      if (entry.second == at(c)) return nlohmann::json(entry.first);
    }
    return nlohmann::json();
  };
  key.set = [at, names](Config& c, const nlohmann::json& v) {
    for (const auto& entry : names) {
      if (entry.first == v) at(c) = entry.second;
    }
  };
  return key;
}

/// Parts of the table, concatenated by key_table().
std::vector<Key> machine_keys();
std::vector<Key> spinaps_keys();
std::vector<Key> cluster_keys();
std::vector<Key> multicore_keys();
std::vector<Key> memory_keys();
std::vector<Key> run_keys();

}  // namespace h2
