// SPDX-License-Identifier: Apache-2.0
#include "platform/data/digits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "tests/data/input_files.h"

namespace h2 {
namespace {

constexpr std::size_t kPixels = 784;

/// Multinomial logistic regression by mini-batch gradient descent with momentum.
class LinearClassifier {
 public:
  void epoch(const Dataset& data, std::uint64_t number, float rate) {
    constexpr std::size_t kBatch = 50;
    const auto order = permutation(static_cast<std::uint32_t>(data.size()), 5, number);
    for (std::size_t first = 0; first < order.size(); first += kBatch) {
      const std::size_t end = std::min(first + kBatch, order.size());
      for (Row& row : velocity_) {
        for (float& v : row) v *= 0.9F;
      }
      for (std::size_t i = first; i < end; ++i) {
        descend(data, order[i], rate / static_cast<float>(kBatch));
      }
      for (std::size_t p = 0; p <= kPixels; ++p) {
        for (std::size_t k = 0; k < kLanes; ++k) weights_[p][k] += velocity_[p][k];
      }
    }
  }

  double accuracy(const Dataset& data) const {
    int right = 0;
    for (std::size_t i = 0; i < data.size(); ++i) {
      const Row s = scores(data.sample(i));
      right += std::max_element(s.begin(), s.begin() + 10) - s.begin() == data.label(i) ? 1 : 0;
    }
    return static_cast<double>(right) / static_cast<double>(data.size());
  }

 private:
  static constexpr std::size_t kLanes = 16;  // classes, padded for the compiler's vectors
  using Row = std::array<float, kLanes>;     // one weight per class

  Row scores(const std::uint8_t* image) const {
    Row s = weights_[kPixels];
    for (std::size_t p = 0; p < kPixels; ++p) {
      if (image[p] == 0) continue;
      const float x = image[p] / 255.0F;
      for (std::size_t k = 0; k < kLanes; ++k) s[k] += x * weights_[p][k];
    }
    return s;
  }

  void descend(const Dataset& data, std::size_t i, float rate) {
    Row step = scores(data.sample(i));
    const float top = *std::max_element(step.begin(), step.begin() + 10);
    for (float& x : step) x = std::exp(x - top);
    const float sum = std::accumulate(step.begin(), step.begin() + 10, 0.0F);
    for (float& x : step) x *= -rate / sum;
    step[static_cast<std::size_t>(data.label(i))] += rate;
    for (std::size_t p = 0; p < kPixels; ++p) {
      const float x = data.sample(i)[p] / 255.0F;
      if (x == 0.0F) continue;
      for (std::size_t k = 0; k < kLanes; ++k) velocity_[p][k] += x * step[k];
    }
    for (std::size_t k = 0; k < kLanes; ++k) velocity_[kPixels][k] += step[k];
  }

  // One row per pixel, then the bias.
  std::vector<Row> weights_ = std::vector<Row>(kPixels + 1, Row{});
  std::vector<Row> velocity_ = std::vector<Row>(kPixels + 1, Row{});
};

// A data set that a linear model solves would not show that the network learns. Measured: linear
// 83 % at its best epoch, a two-layer convolutional network 99 %.
TEST(Digits, LinearClassifierStaysBelow90Percent) {
  const LoadedData data = load_digits(0, 0, 1);
  LinearClassifier model;
  double best = 0.0;
  constexpr std::uint64_t kEpochs = 20;
  for (std::uint64_t e = 0; e < kEpochs; ++e) {
    model.epoch(data.train, e, e < kEpochs / 2 ? 0.05F : 0.01F);
    best = std::max(best, model.accuracy(data.test));
  }
  RecordProperty("best_test_accuracy", std::to_string(best));
  RecordProperty("train_accuracy", std::to_string(model.accuracy(data.train)));
  EXPECT_GT(model.accuracy(data.train), 0.88) << "not converged";
  EXPECT_LT(best, 0.90);
  EXPECT_GT(best, 0.70) << "the digits no longer look like digits";
}

TEST(Digits, DefaultSizesAndShape) {
  const LoadedData data = load_digits(0, 0, 1);
  EXPECT_EQ(data.train.size(), 4000U);
  EXPECT_EQ(data.test.size(), 1000U);
  EXPECT_EQ(data.train.sample_size(), 784U);
  EXPECT_EQ(data.train.input_steps, 0);
  EXPECT_EQ(data.train.values.size(), 4000U * 784);
}

TEST(Digits, LabelsAreBalancedAndShuffled) {
  const Dataset train = load_digits(1000, 10, 1).train;
  std::array<int, 10> seen{};
  int in_order = 0;
  for (std::size_t i = 0; i < train.size(); ++i) {
    ++seen.at(static_cast<std::size_t>(train.label(i)));
    in_order += train.label(i) == static_cast<int>(i % 10) ? 1 : 0;
  }
  for (const int count : seen) EXPECT_EQ(count, 100);
  EXPECT_NEAR(in_order, 100, 40);
}

TEST(Digits, SampleDependsOnSeedPartAndIndexOnly) {
  const LoadedData few = load_digits(25, 25, 3);
  const LoadedData many = load_digits(200, 200, 3);
  EXPECT_TRUE(
      std::equal(few.train.values.begin(), few.train.values.end(), many.train.values.begin()));
  EXPECT_TRUE(std::equal(few.test.labels.begin(), few.test.labels.end(), many.test.labels.begin()));
  EXPECT_NE(load_digits(25, 25, 4).train.values, few.train.values);
}

TEST(Digits, NoSampleAppearsTwice) {
  const LoadedData data = load_digits(2000, 1000, 1);
  std::set<std::vector<std::uint8_t>> images;
  for (const Dataset* part : {&data.train, &data.test}) {
    for (std::size_t i = 0; i < part->size(); ++i) {
      images.emplace(part->sample(i), part->sample(i) + kPixels);
    }
  }
  EXPECT_EQ(images.size(), 3000U);
}

TEST(Digits, InkCoversAPlausibleShare) {
  const Dataset train = load_digits(1000, 10, 1).train;
  for (std::size_t i = 0; i < train.size(); ++i) {
    const auto inked = std::count_if(train.sample(i), train.sample(i) + kPixels,
                                     [](std::uint8_t v) { return v > 128; });
    EXPECT_GE(inked, 15) << "sample " << i << " of class " << train.label(i);
    EXPECT_LE(inked, 300) << "sample " << i << " of class " << train.label(i);
  }
}

TEST(Digits, RefusesAbsurdLimits) {
  expect_input_error([] { load_digits(1, 1000001, 1); }, {"test_limit 1000001", "0..1000000"});
}

}  // namespace
}  // namespace h2
