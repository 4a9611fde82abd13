// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "platform/config/config.h"

namespace h2 {

enum class KeyType { integer, number, boolean, text, choice, numbers, texts };

/// Legal values of an integer, a number or every element of a list of numbers.
struct Range {
  double min = 0.0;
  double max = 0.0;
  bool without_min = false;  ///< min itself is illegal
  bool without_max = false;  ///< max itself is illegal
  bool power_of_two = false;
};

/// One configuration key. Loader, printer, schema and error messages all come from the table of
/// these.
struct Key {
  std::string path;  ///< dotted
  KeyType type = KeyType::text;
  std::string description;  ///< one line with the unit
  Range range;
  std::vector<std::string> choices;  ///< words, also those that may stand for a number
  std::string text_form;             ///< what a text has to look like
  bool single = false;  ///< stored as float: read, compared and printed in that precision
  bool file_path = false;
  bool layer_list = false;  ///< a list of layers may stand for the text
  /// Lists: at least one element; one number is read as a list of one.
  std::function<nlohmann::json(const Config&)> get;
  std::function<void(Config&, const nlohmann::json&)> set;
};

/// Every key, grouped by section in the order in which they are printed.
const std::vector<Key>& key_table();

/// nullptr if there is no such key.
const Key* find_key(const std::string& path);

/// Names directly below a section ("" is the top level) in table order; empty if it is no section.
std::vector<std::string> children(const std::string& section);

/// "integer in 1..4096", "a power of two in 64..1048576", "true, false", "mse, cross_entropy", ...
std::string legal_values(const Key& key);

/// Words separated by ", ".
std::string joined(const std::vector<std::string>& words);

/// Does a finite value lie in the range?
bool in_range(const Range& range, double value);

/// Shortest decimal that reads back as the same double; whole numbers without a fraction,
/// others in a form that every YAML reader takes for a number.
std::string shortest(double value);

/// Shortest decimal that reads back as the same float, widened: 0.1f becomes 0.1.
double decimal(float value);

}  // namespace h2
