// SPDX-License-Identifier: Apache-2.0
#include "platform/data/digits.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "modules/base/error.h"
#include "platform/data/digit_strokes.h"

namespace h2 {
namespace {

constexpr int kSide = 28;
constexpr double kBox = 20.0;  // pixels of the digit's box before scaling
constexpr int kCurveSteps = 8;
using Canvas = std::array<double, kSide * kSide>;

/// Writer's slant, size and place: maps the digit's box to pixels.
struct Placement {
  double xx, xy, yx, yy, x0, y0;

  Point operator()(Point p) const {
    const double u = p.x - 0.5, v = p.y - 0.5;
    return {x0 + xx * u + xy * v, y0 + yx * u + yy * v};
  }
};

Placement draw_placement(CounterRng& rng) {
  const double turn = rng.uniform(-0.26, 0.26);  // radians
  const double shear = rng.uniform(-0.32, 0.32);
  const double width = kBox * rng.uniform(0.7, 1.1);
  const double height = kBox * rng.uniform(0.78, 1.08);
  const double c = std::cos(turn), s = std::sin(turn);
  const double middle = kSide / 2.0 - 0.5;
  return {width * c,
          height * (-shear * c - s),
          width * s,
          height * (-shear * s + c),
          middle + rng.uniform(-2.6, 2.6),
          middle + rng.uniform(-2.5, 2.5)};
}

/// Catmull-Rom spline through p1..p2 at `t` in 0..1.
Point spline(Point p0, Point p1, Point p2, Point p3, double t) {
  const auto axis = [t](double a, double b, double c, double d) {
    return 0.5 *
           (2 * b + t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a))));
  };
  return {axis(p0.x, p1.x, p2.x, p3.x), axis(p0.y, p1.y, p2.y, p3.y)};
}

std::vector<Point> trace(const Stroke& stroke) {
  const std::vector<Point>& p = stroke.points;
  std::vector<Point> path{p.front()};
  for (std::size_t i = 0; i + 1 < p.size(); ++i) {
    const Point before = p[i == 0 ? 0 : i - 1];
    const Point after = p[std::min(i + 2, p.size() - 1)];
    for (int step = 1; step <= kCurveSteps; ++step) {
      const double t = static_cast<double>(step) / kCurveSteps;
      path.push_back(stroke.curved ? spline(before, p[i], p[i + 1], after, t)
                                   : Point{p[i].x + t * (p[i + 1].x - p[i].x),
                                           p[i].y + t * (p[i + 1].y - p[i].y)});
    }
  }
  return path;
}

double distance(Point a, Point b, Point p) {
  const double dx = b.x - a.x, dy = b.y - a.y;
  const double length2 = dx * dx + dy * dy;
  const double along = length2 > 0 ? ((p.x - a.x) * dx + (p.y - a.y) * dy) / length2 : 0.0;
  const double t = std::clamp(along, 0.0, 1.0);
  return std::hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

/// Darkens the pixels within `radius` of the segment, with an edge one pixel wide.
void ink_segment(Point a, Point b, double radius, double ink, Canvas& canvas) {
  const double reach = radius + 1.0;
  const int x0 = std::max(0, static_cast<int>(std::floor(std::min(a.x, b.x) - reach)));
  const int x1 = std::min(kSide - 1, static_cast<int>(std::ceil(std::max(a.x, b.x) + reach)));
  const int y0 = std::max(0, static_cast<int>(std::floor(std::min(a.y, b.y) - reach)));
  const int y1 = std::min(kSide - 1, static_cast<int>(std::ceil(std::max(a.y, b.y) + reach)));
  for (int y = y0; y <= y1; ++y) {
    for (int x = x0; x <= x1; ++x) {
      const double d = distance(a, b, {static_cast<double>(x), static_cast<double>(y)});
      const double cover = ink * std::clamp(radius + 0.5 - d, 0.0, 1.0);
      double& pixel = canvas[static_cast<std::size_t>(y) * kSide + x];
      pixel = std::max(pixel, cover);
    }
  }
}

void ink_digit(const Glyph& glyph, const Placement& place, CounterRng& rng, Canvas& canvas) {
  const double wobble = rng.uniform(0.015, 0.045);
  const double radius = rng.uniform(0.75, 1.6);
  const double ink = rng.uniform(0.75, 1.0);
  const double pressure = rng.uniform(0.0, 0.35);
  for (Stroke stroke : glyph) {
    for (Point& p : stroke.points) {
      p.x += wobble * rng.normal();
      p.y += wobble * rng.normal();
    }
    const double phase = rng.uniform(0.0, 6.28);
    const std::vector<Point> path = trace(stroke);
    for (std::size_t i = 0; i + 1 < path.size(); ++i) {
      const double swell = 1.0 + pressure * std::sin(phase + 0.15 * static_cast<double>(i));
      ink_segment(place(path[i]), place(path[i + 1]), radius * swell, ink, canvas);
    }
  }
}

/// A short mark anywhere on the paper, thinner and paler than the digit.
void ink_clutter(CounterRng& rng, Canvas& canvas) {
  const Point a{rng.uniform(1, kSide - 2), rng.uniform(1, kSide - 2)};
  const double length = rng.uniform(2.0, 7.0), angle = rng.uniform(0.0, 6.28);
  const Point b{a.x + length * std::cos(angle), a.y + length * std::sin(angle)};
  const double radius = rng.uniform(0.3, 0.8), ink = rng.uniform(0.4, 0.9);
  ink_segment(a, b, radius, ink, canvas);
}

Dataset make_part(std::uint64_t seed, RandomStream part, std::uint64_t count) {
  Dataset data;
  data.shape = kDigitShape;
  data.values.resize(count * data.sample_size());
  data.labels.resize(count);
  constexpr std::uint64_t kLabelItems = 1ULL << 63;  // beyond every sample index
  for (std::uint64_t first = 0; first < count; first += 10) {
    std::array<std::uint16_t, 10> order{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    CounterRng labels(seed, part, kLabelItems + first);
    for (std::uint32_t i = 10; i > 1; --i) std::swap(order[i - 1], order[labels.below(i)]);
    for (std::uint64_t i = first; i < std::min(first + 10, count); ++i) {
      data.labels[i] = order[i - first];
      CounterRng rng(seed, part, i);
      draw_digit(data.labels[i], rng, &data.values[i * data.sample_size()]);
    }
  }
  return data;
}

}  // namespace

void draw_digit(int digit, CounterRng& rng, std::uint8_t* image) {
  const std::vector<Glyph>& glyphs = digit_glyphs(digit);
  Canvas canvas{};
  const Glyph& glyph = glyphs[rng.below(static_cast<std::uint32_t>(glyphs.size()))];
  const Placement place = draw_placement(rng);
  ink_digit(glyph, place, rng, canvas);
  if (rng.uniform() < 0.2) ink_clutter(rng, canvas);
  const double noise = rng.uniform(0.0, 0.1);
  std::transform(canvas.begin(), canvas.end(), image, [&](double value) {
    // Ink is grainier than the paper around it.
    const double grain = noise * rng.normal() * (value > 0.0 ? 1.0 : 0.5);
    return static_cast<std::uint8_t>(std::lround(255.0 * std::clamp(value + grain, 0.0, 1.0)));
  });
}

LoadedData load_digits(std::uint64_t train_limit, std::uint64_t test_limit, std::uint64_t seed) {
  constexpr std::uint64_t kMost = 1000000;
  constexpr std::uint64_t kTestSeed = 1;  // one test set for all trainings
  if (std::max(train_limit, test_limit) > kMost) {
    throw InputError("dataset.train_limit " + std::to_string(train_limit) +
                     ", dataset.test_limit " + std::to_string(test_limit) +
                     ": legal for dataset.kind 'digits': 0.." + std::to_string(kMost));
  }
  return {make_part(seed, RandomStream::train_digits, train_limit > 0 ? train_limit : 4000),
          make_part(kTestSeed, RandomStream::test_digits, test_limit > 0 ? test_limit : 1000),
          {}};
}

}  // namespace h2
