// SPDX-License-Identifier: Apache-2.0
#include "modules/tensor/npy_fields.h"

#include <algorithm>

#include "modules/base/error.h"

namespace h2 {
namespace {

constexpr std::size_t kMostDigits = 9;       // of a dimension
constexpr std::size_t kMostDimensions = 32;  // NumPy's own limit

/// A recursive-descent parser of the dictionary.
class FieldParser {
 public:
  FieldParser(const std::string& path, std::string_view text) : path_(path), text_(text) {}

  NpyFields parse() {
    expect('{', "dictionary");
    while (!accept('}')) {
      const std::string key = quoted("key");
      if (std::find(seen_.begin(), seen_.end(), key) != seen_.end()) refuse(key);
      expect(':', key);
      value(key);
      seen_.push_back(key);
      if (accept(',')) continue;
      expect('}', key);
      break;
    }
    for (const char* key : {"descr", "fortran_order", "shape"}) {
      if (std::find(seen_.begin(), seen_.end(), key) == seen_.end()) refuse(key);
    }
    skip_blanks();
    if (at_ != text_.size()) refuse("end: text follows its dictionary");
    return std::move(fields_);
  }

 private:
  [[noreturn]] void refuse(const std::string& key) const {
    throw InputError(path_ + ": the .npy header has no valid '" + key + "'");
  }

  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }

  bool accept(char c) {
    skip_blanks();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  void expect(char c, const std::string& key) {
    if (!accept(c)) refuse(key);
  }

  bool accept_word(std::string_view word) {
    skip_blanks();
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  std::string quoted(const std::string& key) {
    const char quote = accept('\'') ? '\'' : '"';
    if (quote == '"') expect('"', key);
    const std::size_t end = text_.find(quote, at_);
    if (end == std::string_view::npos) refuse(key);
    const std::string_view word = text_.substr(at_, end - at_);
    if (word.find('\\') != std::string_view::npos) refuse(key);
    at_ = end + 1;
    return std::string(word);
  }

  void value(const std::string& key) {
    if (key == "descr") {
      fields_.descr = quoted(key);
    } else if (key == "fortran_order") {
      fields_.fortran_order = accept_word("True");
      if (!fields_.fortran_order && !accept_word("False")) refuse(key);
    } else if (key == "shape") {
      shape();
    } else {
      throw InputError(path_ + ": the .npy header has a key '" + key +
                       "'; legal: descr, fortran_order, shape");
    }
  }

  /// A tuple: (), (n,) or (n, m...) with or without a comma behind the last number.
  void shape() {
    expect('(', "shape");
    bool comma = true;
    while (!accept(')')) {
      if (!comma || fields_.shape.size() == kMostDimensions) refuse("shape");
      fields_.shape.push_back(dimension());
      comma = accept(',');
    }
    if (fields_.shape.size() == 1 && !comma) refuse("shape");
  }

  std::size_t dimension() {
    skip_blanks();
    const std::size_t end = std::min(text_.find_first_not_of("0123456789", at_), text_.size());
    const std::string digits(text_.substr(at_, end - at_));
    if (digits.empty() || (digits.size() > 1 && digits[0] == '0')) refuse("shape");
    if (digits.size() > kMostDigits) {
      throw InputError(path_ + ": dimension " + digits + " is too large");
    }
    at_ = end;
    return std::stoul(digits);
  }

  const std::string& path_;
  const std::string_view text_;
  std::size_t at_ = 0;
  std::vector<std::string> seen_;
  NpyFields fields_;
};

}  // namespace

NpyFields parse_npy_fields(const std::string& path, std::string_view header) {
  return FieldParser(path, header).parse();
}

}  // namespace h2
