// SPDX-License-Identifier: Apache-2.0
#include "platform/config/value.h"

#include <algorithm>
#include <charconv>

namespace h2 {
namespace {

/// One scalar of a key together with what an error message about it needs.
class Scalar {
 public:
  Scalar(const Key& key, const YAML::Node& node, std::string where)
      : key_(key), text_(node.IsScalar() ? node.Scalar() : ""), where_(std::move(where)) {
    if (node.IsNull()) reject("has no value");
    if (!node.IsScalar()) reject(node.IsMap() ? "is a map of keys" : "is a list");
    quoted_ = node.Tag() == "!";
    if (!quoted_ && node.Tag() != "?" && !node.Tag().empty()) {
      reject("has the tag '" + node.Tag() + "'");
    }
  }

  nlohmann::json read() const {
    switch (key_.type) {
      case KeyType::integer:
        return integer();
      case KeyType::number:
        return is_choice() ? nlohmann::json(text_) : number();
      case KeyType::numbers:
        return number();
      case KeyType::boolean:
        return boolean();
      case KeyType::choice:
        return choice();
      case KeyType::text:
      case KeyType::texts:
        break;
    }
    return text();
  }

 private:
  [[noreturn]] void reject(const std::string& what) const {
    fail(where_, key_.path, what, legal_values(key_));
  }

  /// Digits without sign '+'; YAML readers disagree on a leading zero (octal or not).
  std::string digits() const {
    if (quoted_) reject("'" + text_ + "' is text in quotes, not a number");
    const std::string digits = text_.substr(text_.compare(0, 1, "+") == 0 ? 1 : 0);
    const std::size_t first = digits.compare(0, 1, "-") == 0 ? 1 : 0;
    const auto is_digit = [&](std::size_t i) {
      return i < digits.size() && digits[i] >= '0' && digits[i] <= '9';
    };
    if (digits.compare(first, 1, "0") == 0 && is_digit(first + 1)) {
      reject("'" + text_ + "' has a leading zero");
    }
    if (!is_digit(first) && digits.compare(first, 1, ".") != 0) reject_type();
    return digits;
  }

  [[noreturn]] void reject_type() const {
    reject("'" + text_ + "' is not " +
           (key_.type == KeyType::integer ? "an integer" : "a finite decimal number"));
  }

  template <class T>
  T convert() const {
    const std::string from = digits();
    T value{};
    const auto result = std::from_chars(from.data(), from.data() + from.size(), value);
    if (result.ptr != from.data() + from.size()) reject_type();
    if (result.ec != std::errc{}) reject(text_ + " is out of range");
    return value;
  }

  void check_range(double value) const {
    if (in_range(key_.range, value)) return;
    Range wider = key_.range;
    wider.power_of_two = false;
    reject(text_ + (in_range(wider, value) ? " is not a power of two" : " is out of range"));
  }

  nlohmann::json integer() const {
    const auto value = convert<std::int64_t>();
    check_range(static_cast<double>(value));
    return value;
  }

  nlohmann::json number() const {
    const auto wide = convert<double>();
    const double value = key_.single ? decimal(static_cast<float>(wide)) : wide;
    check_range(value);
    return value;
  }

  nlohmann::json boolean() const {
    if (quoted_ || (text_ != "true" && text_ != "false"))
      reject("'" + text_ + "' is not a boolean");
    return text_ == "true";
  }

  bool is_choice() const {
    const auto& names = key_.choices;
    return std::find(names.begin(), names.end(), text_) != names.end();
  }

  nlohmann::json choice() const {
    if (!is_choice()) reject("'" + text_ + "' is unknown");
    return text_;
  }

  nlohmann::json text() const {
    try {
      const nlohmann::json value = text_;
      static_cast<void>(value.dump());
      return value;
    } catch (const nlohmann::json::exception&) {
      reject("is not UTF-8");
    }
  }

  const Key& key_;
  std::string text_;
  std::string where_;
  bool quoted_ = false;
};

}  // namespace

nlohmann::json read_value(const Key& key, const YAML::Node& node, const Source& source,
                          const std::string& where) {
  const bool list = key.type == KeyType::numbers || key.type == KeyType::texts;
  const std::string here = node.IsNull() ? where : source.at(node.Mark());
  if (list && node.IsSequence()) {
    nlohmann::json values = nlohmann::json::array();
    for (const YAML::Node& item : node) {
      values.push_back(Scalar(key, item, item.IsNull() ? here : source.at(item.Mark())).read());
    }
    if (values.empty()) fail(here, key.path, "is an empty list", legal_values(key));
    return values;
  }
  nlohmann::json value = Scalar(key, node, here).read();
  return key.type == KeyType::texts ? nlohmann::json::array({value}) : value;
}

}  // namespace h2
