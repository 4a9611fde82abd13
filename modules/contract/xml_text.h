// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "modules/base/markup.h"

namespace h2 {

/// An XML document, element by element.
class XmlText {
 public:
  /// Begins an element; `attributes` with a space in front.
  void open(const std::string& tag, const std::string& attributes = "") {
    line("<" + tag + attributes + ">");
    open_.push_back(tag);
  }
  void close() {
    const std::string tag = open_.back();
    open_.pop_back();
    line("</" + tag + ">");
  }
  void leaf(const std::string& tag, const std::string& value) {
    line("<" + tag + ">" + markup_text(value) + "</" + tag + ">");
  }
  const std::string& text() const { return text_; }

 private:
  void line(const std::string& content) {
    text_ += std::string(2 * open_.size(), ' ') + content + "\n";
  }

  std::string text_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  std::vector<std::string> open_;
};

}  // namespace h2
