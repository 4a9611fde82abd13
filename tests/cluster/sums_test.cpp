// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <set>

#include "modules/arithmetic/fp16.h"
#include "modules/base/rng.h"
#include "modules/cluster/combination.h"
#include "modules/cluster/shards.h"
#include "modules/cluster/shares.h"
#include "platform/cluster/exchange.h"

namespace h2 {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes halves(const std::vector<float>& values) {
  Bytes bytes(values.size() * 2);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint16_t half = to_fp16(values[i]);
    std::memcpy(&bytes[2 * i], &half, 2);
  }
  return bytes;
}

float half_at(const Bytes& bytes, std::size_t i) {
  std::uint16_t half;
  std::memcpy(&half, &bytes[2 * i], 2);
  return from_fp16(half);
}

GradientParts pointers(const std::vector<Bytes>& parts) {
  GradientParts list;
  for (const Bytes& part : parts) list.push_back(part.data());
  return list;
}

/// The definition, for one value: the aligned half of the leaves on either side.
float tree(const std::vector<float>& leaves, std::size_t first, std::size_t width) {
  if (width == 1) return first < leaves.size() ? leaves[first] : 0.0F;
  return tree(leaves, first, width / 2) + tree(leaves, first + width / 2, width / 2);
}

TEST(PartSum, IsTheBalancedTreeInFp32RoundedOnce) {
  CounterRng rng(3, RandomStream::masks, 0);
  for (std::size_t count = 1; count <= 19; ++count) {
    const std::size_t values = 1500;
    std::vector<Bytes> parts;
    for (std::size_t p = 0; p < count; ++p) {
      std::vector<float> part(values);
      for (float& v : part) v = static_cast<float>(rng.normal() * std::exp2(rng.uniform(-12, 8)));
      parts.push_back(halves(part));
    }
    Bytes sum(values * 2);
    EXPECT_EQ(add_parts(pointers(parts), values, 2, sum.data()), values);
    for (std::size_t i = 0; i < values; ++i) {
      std::vector<float> leaves;
      for (const Bytes& part : parts) leaves.push_back(half_at(part, i));
      ASSERT_EQ(half_at(sum, i), round_fp16(tree(leaves, 0, 32))) << count << " parts, value " << i;
    }
  }
}

/// 2048 + 1 + 1 is 2048 where every sum is rounded to FP16, and 2050 where the last one is.
TEST(PartSum, RoundsNothingOnTheWay) {
  const std::vector<Bytes> parts{halves({2048}), halves({1}), halves({1})};
  Bytes sum(2);
  add_parts(pointers(parts), 1, 2, sum.data());
  EXPECT_EQ(half_at(sum, 0), 2050);
}

TEST(PartSum, NamesTheFirstValueThatOverflows) {
  const std::vector<Bytes> parts{halves({1, 40000, 65504}), halves({2, 20000, 65504})};
  Bytes sum(6);
  EXPECT_EQ(add_parts(pointers(parts), 3, 2, sum.data()), 2U);
  const std::vector<Bytes> nan{halves({NAN, 1}), halves({1, 1})};
  EXPECT_EQ(add_parts(pointers(nan), 2, 2, sum.data()), 0U);
  const float huge = 3e38F;
  const Bytes one(reinterpret_cast<const std::uint8_t*>(&huge),
                  reinterpret_cast<const std::uint8_t*>(&huge) + 4);
  EXPECT_EQ(add_parts({one.data(), one.data()}, 1, 4, sum.data()), 0U);
}

TEST(Average, WeighsBySamplesInFp32) {
  const float a[] = {1, -4}, b[] = {4, 8};
  float mean[2];
  average({reinterpret_cast<const std::uint8_t*>(a), reinterpret_cast<const std::uint8_t*>(b)},
          {2, 1}, 2, reinterpret_cast<std::uint8_t*>(mean));
  EXPECT_EQ(mean[0], 2);
  EXPECT_EQ(mean[1], 0);
}

TEST(Shares, AreEvenAndContiguous) {
  for (std::uint64_t count = 1; count < 9; ++count) {
    std::uint64_t next = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      const Share s = share_of(21, count, i);
      EXPECT_EQ(s.first, next);
      EXPECT_GE(s.count, 21 / count);
      EXPECT_LE(s.count, 21 / count + 1);
      next = s.end();
    }
    EXPECT_EQ(next, 21U);
  }
}

std::vector<std::uint16_t> labels_of(std::size_t samples) {
  std::vector<std::uint16_t> labels(samples);
  CounterRng rng(1, RandomStream::masks, 1);
  for (auto& label : labels) label = static_cast<std::uint16_t>(rng.below(10));
  return labels;
}

TEST(Shards, AreDisjointAndHoldEverySample) {
  const auto labels = labels_of(1003);
  for (const ShardKind kind : {ShardKind::iid, ShardKind::two_label}) {
    for (const int workers : {1, 2, 5, 8}) {
      std::set<std::uint32_t> seen;
      for (int w = 0; w < workers; ++w) {
        const auto shard = shard_of(labels, kind, workers, w, 7);
        EXPECT_NEAR(static_cast<double>(shard.size()), 1003.0 / workers, 2);
        seen.insert(shard.begin(), shard.end());
        EXPECT_EQ(shard, shard_of(labels, kind, workers, w, 7));
      }
      EXPECT_EQ(seen.size(), labels.size()) << workers;
    }
  }
  EXPECT_NE(shard_of(labels, ShardKind::iid, 2, 0, 7), shard_of(labels, ShardKind::iid, 2, 0, 8));
}

/// Ten labels, equally frequent, on five workers: two each.
TEST(Shards, OfTwoLabelsHaveTwoLabels) {
  std::vector<std::uint16_t> labels(1000);
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::uint16_t>(i % 10);
  for (int w = 0; w < 5; ++w) {
    std::set<int> found;
    for (const std::uint32_t i : shard_of(labels, ShardKind::two_label, 5, w, 1)) {
      found.insert(labels[i]);
    }
    EXPECT_EQ(found, (std::set<int>{w, w + 5}));
  }
}

/// The worst state counts, and of cards in it the first.
TEST(Exchange, WhatCardsAgreeOn) {
  Contribution fine, stopped, failed;
  fine.time_ps = 5;
  fine.results = {{0.5, 1, 2}};
  stopped.state = CardState::stopped;
  stopped.time_ps = 9;
  failed.state = CardState::failed;
  failed.reason = "why";
  const Agreement all = agree({&fine, &stopped, &failed, &failed});
  EXPECT_EQ(all.state, CardState::failed);
  EXPECT_EQ(all.card, 2);
  EXPECT_EQ(all.reason, "why");
  EXPECT_EQ(all.latest_ps, 9U);
  EXPECT_EQ(all.results.size(), 1U);
  EXPECT_EQ(agree({&fine, &stopped}).state, CardState::stopped);
  EXPECT_EQ(agree({&fine, &fine}).state, CardState::done);
}

}  // namespace
}  // namespace h2
