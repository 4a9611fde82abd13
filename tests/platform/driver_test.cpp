// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "modules/arithmetic/fp16.h"
#include "modules/tensor/tensor_image.h"
#include "platform/driver/h2_driver.h"
#include "platform/driver/h2_math.h"

// The driver's arithmetic and the layout of tensors, without a simulator.

namespace h2 {
namespace {

TEST(DriverMath, HalfEqualsTheKernels) {
  const auto same = [](float value) {
    const std::uint16_t ours = h2_half(value), theirs = to_fp16(value);
    const bool nan = std::isnan(value) && (ours & 0x7C00) == 0x7C00 && (ours & 0x3FF) != 0;
    EXPECT_TRUE(ours == theirs || nan) << value << ": " << ours << " and " << theirs;
  };
  for (std::uint32_t h = 0; h < 0x10000; ++h) {
    const float value = from_fp16(static_cast<std::uint16_t>(h));
    same(value);
    if (!std::isfinite(value)) continue;
    same(std::nextafterf(value, INFINITY));
    same(std::nextafterf(value, -INFINITY));
    const float next = from_fp16(static_cast<std::uint16_t>(h + 1));
    if (!std::isfinite(next)) continue;
    const float middle = (value + next) / 2;  // exact: ties
    same(middle);
    same(std::nextafterf(middle, INFINITY));
    same(std::nextafterf(middle, -INFINITY));
  }
  for (const float value : {65519.9F, 65520.0F, 65536.0F, 1e30F, 0x1p-24F, 0x1p-25F, 0x1.8p-25F,
                            0x1p-126F, 0x1p-149F, std::numeric_limits<float>::quiet_NaN()}) {
    same(value);
    same(-value);
  }
  std::mt19937 engine(1);
  for (int i = 0; i < 300000; ++i) {
    const std::uint32_t bits = static_cast<std::uint32_t>(engine());
    float value;
    std::memcpy(&value, &bits, 4);
    same(value);
  }
}

TEST(DriverMath, ExponentialAndLogarithm) {
  for (std::uint32_t n = 0; n < 700; ++n) {
    EXPECT_NEAR(h2_exp_minus(n) / std::exp(-static_cast<double>(n)), 1.0, 1e-12) << n;
  }
  EXPECT_EQ(h2_exp_minus(0), 1.0);
  EXPECT_EQ(h2_log(1.0), 0.0);
  for (double x = 1.0; x < 1e6; x *= 1.0007) EXPECT_NEAR(h2_log(x), std::log(x), 1e-12) << x;
}

/// Plain formulas: the loss of one sample for real-valued spike counts.
double mse(const std::vector<double>& counts, std::uint32_t label, double steps) {
  double sum = 0;
  for (std::size_t k = 0; k < counts.size(); ++k) {
    const double d = counts[k] / steps - (k == label ? 1 : 0);
    sum += d * d;
  }
  return sum / static_cast<double>(counts.size());
}

double cross_entropy(const std::vector<double>& counts, std::uint32_t label, double) {
  double sum = 0;
  for (const double c : counts) sum += std::exp(c);
  return std::log(sum) - counts[label];
}

class Loss : public ::testing::TestWithParam<bool> {};

TEST(DriverMath, Versine) {
  EXPECT_EQ(h2_versine(0), 0.0);
  for (int i = 0; i <= 5000; ++i) {
    const double x = i / 5000.0;
    EXPECT_NEAR(h2_versine(x), 1 - std::cos(std::acos(-1.0) * x), 1e-14) << x;
  }
}

TEST(Schedule, RatesByHand) {
  h2_schedule s{};
  s.rate = 0.5F;
  EXPECT_EQ(h2_scheduled_rate(&s, 1), 0.5F);
  EXPECT_EQ(h2_scheduled_rate(&s, 4000000000U), 0.5F);
  s.warmup = 4;
  EXPECT_EQ(h2_scheduled_rate(&s, 1), 0.125F);
  EXPECT_EQ(h2_scheduled_rate(&s, 4), 0.5F);
  EXPECT_EQ(h2_scheduled_rate(&s, 5), 0.5F);
  s.kind = H2_SCHEDULE_STEP;
  s.every = 3;
  s.factor = 0.5F;
  EXPECT_EQ(h2_scheduled_rate(&s, 7), 0.5F);
  EXPECT_EQ(h2_scheduled_rate(&s, 8), 0.25F);
  EXPECT_EQ(h2_scheduled_rate(&s, 11), 0.125F);
  s.kind = H2_SCHEDULE_COSINE;
  s.steps = 8;
  s.floor = 0.5F;
  EXPECT_EQ(h2_scheduled_rate(&s, 5), 0.5F);
  EXPECT_FLOAT_EQ(h2_scheduled_rate(&s, 7), 0.375F);  // half of the descent from 0.5 to 0.25
  EXPECT_FLOAT_EQ(h2_scheduled_rate(&s, 9), 0.25F);
  EXPECT_FLOAT_EQ(h2_scheduled_rate(&s, 900), 0.25F);
}

/// A schedule that makes no sense is no rate, or the rate itself.
TEST(Schedule, OfNothing) {
  h2_schedule s{};
  s.rate = 0.5F;
  EXPECT_EQ(h2_scheduled_rate(nullptr, 1), 0.0F);
  EXPECT_EQ(h2_scheduled_rate(&s, 0), 0.0F);
  s.kind = H2_SCHEDULE_STEP;  // every 0
  EXPECT_EQ(h2_scheduled_rate(&s, 9), 0.5F);
  s.kind = H2_SCHEDULE_COSINE;  // over no steps
  EXPECT_EQ(h2_scheduled_rate(&s, 9), 0.5F);
}

TEST_P(Loss, AgreesWithTheFormulaAndItsFiniteDifferences) {
  const bool squared = GetParam();
  const auto formula = squared ? mse : cross_entropy;
  constexpr std::uint32_t kSteps = 10, kSamples = 7;
  constexpr float kScale = 256;
  std::mt19937 engine(5);
  for (int round = 0; round < 200; ++round) {
    const std::uint32_t classes = 2 + engine() % 12, label = engine() % classes;
    std::vector<std::uint32_t> counts(classes);
    for (std::uint32_t& c : counts) c = engine() % (kSteps + 1);
    std::vector<float> gradient(classes);
    const double loss = squared ? h2_loss_mse(counts.data(), classes, label, kSteps, kSamples,
                                              kScale, gradient.data())
                                : h2_loss_cross_entropy(counts.data(), classes, label, kSamples,
                                                        kScale, gradient.data());
    std::vector<double> real(counts.begin(), counts.end());
    EXPECT_NEAR(loss, formula(real, label, kSteps), 1e-9);
    for (std::uint32_t k = 0; k < classes; ++k) {
      constexpr double kStep = 1e-4;
      real[k] += kStep;
      const double above = formula(real, label, kSteps);
      real[k] -= 2 * kStep;
      const double slope = (above - formula(real, label, kSteps)) / (2 * kStep);
      real[k] += kStep;
      EXPECT_NEAR(gradient[k], slope / kSamples * kScale, 1e-5) << k;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, Loss, ::testing::Values(true, false), [](const auto& info) {
  return std::string(info.param ? "Mse" : "CrossEntropy");
});

h2_map map_of(std::uint32_t channels, std::uint32_t height, std::uint32_t width,
              std::uint32_t steps, std::uint32_t samples, std::uint32_t tile,
              std::uint32_t border = 0) {
  return {channels, height, width, steps, samples, tile, tile, border};
}

const h2_map kMaps[] = {map_of(1, 1, 1, 1, 1, 8),      map_of(16, 8, 8, 10, 4, 8),
                        map_of(17, 14, 9, 3, 2, 8),    map_of(48, 5, 23, 2, 3, 4),
                        map_of(24, 7, 7, 1, 1, 3),     map_of(100, 3, 2, 4, 1, 8),
                        map_of(17, 14, 9, 3, 2, 8, 1), map_of(35, 21, 5, 1, 3, 8, 3),
                        map_of(16, 9, 9, 2, 1, 3, 2),  map_of(3, 16, 16, 10, 4, 8, 1)};

/// Every position belongs to one tile; tiles are even and no larger than the payload.
TEST(Layout, TilesCoverTheMapOnce) {
  for (const h2_map& m : kMaps) {
    std::vector<int> seen(m.height * m.width, 0);
    for (std::uint32_t t = 0; t < h2_tiles(&m); ++t) {
      const h2_rect r = h2_tile(&m, t);
      EXPECT_LE(r.height, m.tile_height);
      EXPECT_LE(r.width, m.tile_width);
      EXPECT_GE(r.height + 1, h2_tile(&m, 0).height);
      for (std::uint32_t y = r.y0; y < r.y0 + r.height; ++y)
        for (std::uint32_t x = r.x0; x < r.x0 + r.width; ++x) ++seen[y * m.width + x];
    }
    for (const int n : seen) EXPECT_EQ(n, 1);
  }
}

/// Every position of a tile belongs to one part; the ring is as wide as the border.
TEST(Layout, PartsCoverTheTileOnce) {
  for (const h2_map& m : kMaps) {
    for (std::uint32_t t = 0; t < h2_tiles(&m); ++t) {
      const h2_rect tile = h2_tile(&m, t);
      std::vector<int> seen(m.height * m.width, 0);
      for (std::uint32_t p = 0; p < H2_PARTS; ++p) {
        const h2_rect r = h2_part(&m, t, p);
        for (std::uint32_t y = r.y0; y < r.y0 + r.height; ++y)
          for (std::uint32_t x = r.x0; x < r.x0 + r.width; ++x) ++seen[y * m.width + x];
      }
      for (std::uint32_t y = 0; y < m.height; ++y)
        for (std::uint32_t x = 0; x < m.width; ++x) {
          const bool in =
              y >= tile.y0 && y < tile.y0 + tile.height && x >= tile.x0 && x < tile.x0 + tile.width;
          EXPECT_EQ(seen[y * m.width + x], in ? 1 : 0);
        }
      const h2_rect interior = h2_part(&m, t, H2_PARTS - 1);
      const std::uint32_t ring = 2 * m.border;
      EXPECT_EQ(interior.height, tile.height > ring ? tile.height - ring : 0U);
      EXPECT_EQ(interior.width, tile.width > ring ? tile.width - ring : 0U);
    }
  }
}

/// The model's chunk offsets partition the driver's tensors: every element once, none outside.
TEST(Layout, ChunksCoverTheTensorOnce) {
  for (const h2_map& m : kMaps) {
    constexpr std::uint64_t kBase = 4096;
    const TensorImage image(kBase, m);
    std::uint64_t bits = kBase, values = kBase, elements = 0;
    for (std::uint32_t t = 0; t < h2_tiles(&m); ++t)
      for (std::uint32_t b = 0; b < h2_blocks(&m); ++b) {
        const int unit = image.unit(static_cast<int>(t), static_cast<int>(b));
        const std::uint64_t n = h2_chunk_elements(&m, t, b);
        EXPECT_EQ(image.elements(unit), n);
        EXPECT_EQ(image.bits_address(unit), bits);
        EXPECT_EQ(image.bits_bytes(unit), h2_chunk_bits_bytes(&m, t, b));
        EXPECT_EQ(image.values_address(unit, 2), values);
        bits += h2_chunk_bits_bytes(&m, t, b);
        values += 2 * n;
        elements += n;
      }
    EXPECT_EQ(elements, std::uint64_t{m.channels} * m.height * m.width * m.steps * m.samples);
    EXPECT_EQ(bits - kBase, h2_map_bits_bytes(&m));
    EXPECT_EQ(values - kBase, h2_map_values_bytes(&m, 2));
  }
}

TEST(Layout, WeightIndexIsAPermutation) {
  for (const auto& [cout, cin, taps] :
       {std::tuple{1U, 1U, 1U}, {16U, 64U, 9U}, {17U, 65U, 9U}, {40U, 200U, 1U}, {10U, 3U, 25U}}) {
    std::vector<int> seen(std::size_t{cout} * cin * taps, 0);
    for (std::uint32_t o = 0; o < cout; ++o)
      for (std::uint32_t i = 0; i < cin; ++i)
        for (std::uint32_t t = 0; t < taps; ++t) {
          const std::uint64_t at = h2_weight_index(cout, cin, taps, o, i, t);
          ASSERT_LT(at, seen.size());
          ++seen[at];
        }
    for (const int n : seen) ASSERT_EQ(n, 1);
  }
}

/// What the driver packs is what the engines unpack.
void expect_round_trip(const h2_map& m, std::uint32_t planes) {
  std::mt19937 engine(m.channels);
  const std::uint32_t channels = m.channels / planes;
  const std::size_t size = std::size_t{m.steps} * channels * m.height * m.width;
  std::vector<std::vector<std::uint8_t>> samples(m.samples, std::vector<std::uint8_t>(size));
  std::vector<const std::uint8_t*> pointers;
  for (auto& s : samples) {
    for (std::uint8_t& v : s) v = static_cast<std::uint8_t>(engine() >> (planes == 8 ? 24 : 31));
    pointers.push_back(s.data());
  }
  std::vector<std::uint8_t> packed(h2_map_bits_bytes(&m) + 1, 0xA5);
  h2_pack_input(&m, planes, pointers.data(), packed.data());
  EXPECT_EQ(packed.back(), 0xA5);
  const TensorImage image(0, m);
  BitMap bits(static_cast<int>(m.steps * m.samples), static_cast<int>(m.height),
              static_cast<int>(m.width), static_cast<int>(m.channels));
  for (int u = 0; u < image.units(); ++u) {
    image.decode_bits(u, packed.data() + image.bits_address(u), bits);
  }
  std::size_t wrong = 0;
  for (std::uint32_t s = 0; s < m.samples; ++s)
    for (std::uint32_t t = 0; t < m.steps; ++t)
      for (std::uint32_t c = 0; c < m.channels; ++c)
        for (std::uint32_t y = 0; y < m.height; ++y)
          for (std::uint32_t x = 0; x < m.width; ++x) {
            const std::size_t at = ((t * channels + c / planes) * m.height + y) * m.width + x;
            const bool expected = (samples[s][at] >> (c % planes)) & 1;
            wrong += bits.get(static_cast<int>(s * m.steps + t), static_cast<int>(y),
                              static_cast<int>(x), static_cast<int>(c)) != expected;
          }
  EXPECT_EQ(wrong, 0U);
}

TEST(Layout, PackedInputRoundTrip) {
  expect_round_trip(map_of(8, 28, 28, 1, 4, 8), 8);
  expect_round_trip(map_of(24, 13, 9, 1, 3, 4), 8);
  expect_round_trip(map_of(2, 32, 32, 10, 4, 8), 1);
  expect_round_trip(map_of(35, 5, 6, 3, 2, 8), 1);
  expect_round_trip(map_of(1, 1, 1, 1, 1, 8), 1);
}

TEST(Layout, ChecksumSeesEveryByte) {
  std::vector<std::uint8_t> data(300);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::uint8_t>(i * 31);
  const std::uint32_t sum = h2_checksum(0, data.data(), data.size());
  for (std::size_t i = 0; i < data.size(); ++i) {
    data[i] ^= 1;
    EXPECT_NE(h2_checksum(0, data.data(), data.size()), sum) << i;
    data[i] ^= 1;
  }
  std::swap(data[3], data[4]);
  EXPECT_NE(h2_checksum(0, data.data(), data.size()), sum);
  EXPECT_NE(h2_checksum(0, data.data(), data.size() - 1), sum);
}

/// Bus of a card that is not there, or that fails.
TEST(Driver, OpenRefusesWhatIsNoCard) {
  struct Fake {
    std::uint32_t value;
    int result;
  };
  const auto bus_of = [](Fake& fake) {
    h2_bus bus{};
    bus.context = &fake;
    bus.read = [](void* self, std::uint64_t, void* data, std::size_t bytes) {
      std::memcpy(data, &static_cast<Fake*>(self)->value, bytes < 4 ? bytes : 4);
      return static_cast<Fake*>(self)->result;
    };
    bus.write = [](void* self, std::uint64_t, const void*, std::size_t) {
      return static_cast<Fake*>(self)->result;
    };
    bus.wait_irq = [](void*) { return 1; };
    return bus;
  };
  h2_device device;
  Fake nothing{~0U, 0}, dead{0, 1};
  const h2_bus empty = bus_of(nothing), broken = bus_of(dead);
  EXPECT_EQ(h2_open(&device, &empty, nullptr, 0), H2_DRV_NOT_FOUND);
  EXPECT_EQ(h2_open(&device, &broken, nullptr, 0), H2_DRV_BUS);
}

TEST(Driver, EveryErrorHasAText) {
  const std::string unknown = h2_error_text(-1);
  for (int e = H2_OK; e <= H2_ERR_CAPACITY; ++e) EXPECT_NE(h2_error_text(e), unknown) << e;
  for (int e = H2_DRV_BUS; e <= H2_DRV_ARGUMENT; ++e) EXPECT_NE(h2_error_text(e), unknown) << e;
}

}  // namespace
}  // namespace h2
