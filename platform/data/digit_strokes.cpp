// SPDX-License-Identifier: Apache-2.0
#include "platform/data/digit_strokes.h"

#include <array>
#include <sstream>
#include <string>

namespace h2 {
namespace {

// Writing variants of each digit: `curve` or `line`, then x y pairs in hundredths of the box.
const std::array<std::vector<const char*>, 10> kVariants{{
    {
        // 0
        "curve 50 2  22 20  15 50  25 85  50 98  75 85  85 50  75 18  50 2",
        "curve 62 10  35 5  18 35  20 70  42 97  70 80  80 45  68 12  45 8",
        "curve 60 8  40 2  30 30  27 70  45 98  63 80  68 40  58 10  50 0",
    },
    {
        // 1
        "line 50 2  50 98",
        "curve 56 0  50 50  47 98",
        "line 30 26  52 2  52 98",
        "line 30 24  52 2  52 98 "
        "line 28 98  76 98",
    },
    {
        // 2
        "curve 20 25  35 5  62 4  78 22  70 48  45 72  18 96 "
        "line 18 96  50 94  85 96",
        "curve 20 22  45 2  75 18  65 50  35 85  20 95  15 82  30 76  55 90  85 95",
        "line 20 8  70 6 "
        "curve 70 6  74 32  50 64  20 94  50 90  82 98",
    },
    {
        // 3
        "curve 20 12  50 2  75 20  65 42  42 48 "
        "curve 42 48  72 55  80 78  55 98  20 90",
        "line 20 4  76 4  45 40 "
        "curve 45 40  75 52  78 80  50 98  20 88",
        "curve 24 18  48 3  70 16  62 38  36 50  64 54  78 76  56 97  28 96  18 82",
    },
    {
        // 4
        "curve 30 3  22 30  18 55  50 58  86 52 "
        "curve 70 10  66 50  64 98",
        "line 65 98  65 2  14 66  88 66",
        "line 24 5  22 50  72 50 "
        "line 74 5  70 98",
        "curve 36 0  26 22  16 46  36 52  68 38 "
        "curve 76 0  66 45  52 100",
    },
    {
        // 5
        "line 76 4  30 4  25 45 "
        "curve 25 45  55 38  80 58  75 85  48 98  18 90",
        "curve 80 5  36 6  28 42  60 40  80 65  60 95  20 92",
        "curve 30 6  26 40  52 40  74 60  64 90  36 98  16 86 "
        "line 30 8  82 0",
    },
    {
        // 6
        "curve 68 4  40 20  22 55  25 85  50 98  76 82  70 58  45 52  24 70",
        "curve 42 0  27 40  20 75  42 97  70 85  68 62  42 57  22 78",
        "curve 76 0  50 26  30 60  30 88  48 98  62 84  54 68  32 78",
    },
    {
        // 7
        "line 18 6  80 6 "
        "curve 80 6  55 50  40 98",
        "line 18 6  80 6  45 98 "
        "line 34 50  76 47",
        "line 20 22  20 6  78 4 "
        "curve 78 4  66 40  60 98",
        "curve 16 14  40 6  64 10  80 6  62 36  42 98",
    },
    {
        // 8
        "curve 70 12  48 2  26 16  34 38  60 52  78 76  52 98  24 80  36 56  62 40  74 20  66 8",
        "curve 50 2  28 12  30 38  50 46  70 36  70 12  50 2 "
        "curve 50 46  22 60  24 90  50 98  78 88  76 60  50 46",
        "curve 74 6  44 4  30 22  46 42  62 60  60 88  42 98  28 84  40 58  60 40  80 10",
    },
    {
        // 9
        "curve 74 25  50 3  24 20  28 44  52 50  74 28 "
        "curve 76 6  72 50  60 98",
        "curve 72 30  50 50  25 35  30 10  58 3  75 25  74 60  55 92  28 95",
        "curve 68 10  44 4  26 24  40 42  64 30  70 6 "
        "line 70 6  62 98",
    },
}};

Glyph parse_glyph(const char* text) {
  Glyph glyph;
  std::istringstream words(text);
  std::string word;
  while (words >> word) {
    if (word == "curve" || word == "line") {
      glyph.push_back({word == "curve", {}});
      continue;
    }
    const double x = std::stod(word);
    double y = 0.0;
    words >> y;
    glyph.back().points.push_back({x / 100, y / 100});
  }
  return glyph;
}

std::array<std::vector<Glyph>, 10> parse_all() {
  std::array<std::vector<Glyph>, 10> digits;
  for (std::size_t d = 0; d < digits.size(); ++d) {
    for (const char* text : kVariants[d]) digits[d].push_back(parse_glyph(text));
  }
  return digits;
}

}  // namespace

const std::vector<Glyph>& digit_glyphs(int digit) {
  static const std::array<std::vector<Glyph>, 10> digits = parse_all();
  return digits.at(static_cast<std::size_t>(digit));
}

}  // namespace h2
