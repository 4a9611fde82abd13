// SPDX-License-Identifier: Apache-2.0
#include "modules/base/printable.h"

#include <gtest/gtest.h>

namespace h2 {
namespace {

TEST(Printable, TextStays) {
  for (const char* text : {"", "plain; legal: 1..2",
                           "gr\xC3\xB6\xC3\x9F"
                           "e",
                           "\xE2\x82\xAC", "\xF0\x9F\x98\x80"}) {
    EXPECT_EQ(printable(text), text);
  }
}

TEST(Printable, ControlCharactersAreEscaped) {
  EXPECT_EQ(printable("\x1B[31mred\x07"), "\\x1b[31mred\\x07");
  EXPECT_EQ(printable("a\nb\tc\rd"),
            "a\\nb\\tc\\x0d"
            "d");
  EXPECT_EQ(printable(std::string("\0\x7F", 2)), "\\x00\\x7f");
  EXPECT_EQ(printable("\xC2\x9B"
                      "1m"),
            "\\xc2\\x9b"
            "1m");  // CSI as one character
}

TEST(Printable, NoUtf8) {
  EXPECT_EQ(printable("\x9B"
                      "1m"),
            "\\x9b"
            "1m");
  EXPECT_EQ(printable("\xC3"), "\\xc3");
  EXPECT_EQ(printable("\xC0\x9B"), "\\xc0\\x9b");  // longer than needed
  EXPECT_EQ(printable("\xE0\x82\x9B"), "\\xe0\\x82\\x9b");
  EXPECT_EQ(printable("\xED\xA0\x80"), "\\xed\\xa0\\x80");  // half of a surrogate pair
  EXPECT_EQ(printable("\xF5\x80\x80\x80"), "\\xf5\\x80\\x80\\x80");
  EXPECT_EQ(printable("\xE2\x82"), "\\xe2\\x82");
}

}  // namespace
}  // namespace h2
