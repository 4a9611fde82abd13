// SPDX-License-Identifier: Apache-2.0
// What cores send each other: messages in pieces against the whole, values of a sample in memory
// against the codec of whole tensors, mail addresses.

#include "modules/multicore/messages.h"

#include <gtest/gtest.h>

#include "modules/contract/h2_contract.h"
#include "modules/multicore/core_events.h"
#include "modules/multicore/mail.h"
#include "modules/multicore/sample_values.h"
#include "modules/multicore/traffic.h"
#include "tests/arithmetic/random_case.h"

namespace h2 {
namespace {

Layer shaped(Draw& draw) {
  Layer l = conv_layer(3, 1, draw.integer(2, 12), draw.integer(2, 12), draw.integer(1, 70), 3, 1);
  l.pool = draw.among<PoolMode>({PoolMode::none, PoolMode::after_soma, PoolMode::before_soma});
  derive_shapes(l);
  return l;
}

TEST(CoreMessages, PiecesMakeTheWhole) {
  for (int n = 0; n < 100; ++n) {
    Draw draw(n);
    const Layer l = shaped(draw);
    const int steps = draw.integer(1, 3);
    BitMap bits(2 * steps, l.next_h, l.next_w, l.cout * l.next_planes);
    for (int m = 0; m < bits.maps; ++m)
      for (int y = 0; y < bits.height; ++y)
        for (int x = 0; x < bits.width; ++x)
          for (int c = 0; c < bits.channels; ++c) bits.set(m, y, x, c, draw.integer(0, 1) != 0);
    const SpikeMessage message(l, steps);
    EXPECT_EQ(message.offset(l.cout), spike_bytes(l, l.cout, steps));
    std::vector<std::uint8_t> bytes(message.offset(l.cout));
    for (int c = 0; c < l.cout; c += 16) {
      const int end = std::min(c + 16, l.cout);
      message.encode(bits, steps, c, end, bytes.data() + message.offset(c));
    }
    BitMap back(steps, l.next_h, l.next_w, bits.channels);
    message.decode(bytes.data(), back);
    for (int m = 0; m < steps; ++m)
      for (int y = 0; y < bits.height; ++y)
        for (int x = 0; x < bits.width; ++x)
          for (int c = 0; c < bits.channels; ++c) {
            ASSERT_EQ(back.get(m, y, x, c), bits.get(steps + m, y, x, c));
          }
  }
}

TEST(CoreMessages, GradientsComeBackAsTheyWere) {
  for (int n = 0; n < 50; ++n) {
    Draw draw(n);
    const Layer l = shaped(draw);
    const int steps = draw.integer(1, 3);
    ValueMap values(steps, l.soma_h, l.soma_w, l.cout);
    for (float& v : values.values) v = static_cast<float>(draw.integer(-2048, 2048)) / 64;
    for (const int value_bytes : {2, 4}) {
      const GradientMessage message(l, steps, value_bytes);
      EXPECT_EQ(message.offset(l.cout) * 2, gradient_bytes(l, l.cout, steps) * value_bytes);
      std::vector<std::uint8_t> bytes(message.offset(l.cout));
      const int half = l.cout / 32 * 16;
      message.encode(values, 0, half, bytes.data());
      message.encode(values, half, l.cout, bytes.data() + message.offset(half));
      ValueMap back(steps, l.soma_h, l.soma_w, l.cout);
      message.decode(bytes.data(), back);
      EXPECT_TRUE(std::equal(back.values.begin(), back.values.end(), values.values.begin()));
    }
  }
}

TEST(SampleValues, OneSampleAtATimeIsTheTensor) {
  for (int n = 0; n < 50; ++n) {
    Draw draw(n);
    h2_map map{};
    map.channels = draw.integer(1, 50);
    map.height = draw.integer(1, 20);
    map.width = draw.integer(1, 20);
    map.steps = draw.integer(1, 3);
    map.samples = draw.integer(1, 4);
    map.tile_height = map.tile_width = 8;
    map.border = draw.integer(0, 1);
    const TensorImage image(4096, map);
    ValueMap values(map.steps * map.samples, map.height, map.width, map.channels);
    for (float& v : values.values) v = static_cast<float>(draw.integer(-2048, 2048)) / 64;
    std::vector<std::uint8_t> memory(4096 + image.values_address(image.units() - 1, 2, H2_PARTS));
    const Span all{0, image.blocks()};
    SampleValues out(TensorKind::gradient, image, 2, true);
    for (int sample = 0; sample < static_cast<int>(map.samples); ++sample) {
      ValueMap one(map.steps, map.height, map.width, map.channels);
      std::copy_n(values.at(sample * map.steps, 0, 0), one.values.size(), one.values.data());
      TransferList list;
      out.store(sample, all, one, list);
      EXPECT_EQ(list.charged(), out.bytes(all));
      for (const Transfer& t : list.transfers()) {
        std::copy_n(list.data(t.offset), t.bytes, memory.data() + t.address);
      }
    }
    for (int unit = 0; unit < image.units(); ++unit) {
      ValueMap back(values.maps, map.height, map.width, map.channels);
      image.decode_values(unit, 2, memory.data() + image.values_address(unit, 2), back);
      const Region r = image.tiling().tile(unit / image.blocks());
      const int c = unit % image.blocks() * 16;
      for (int m = 0; m < values.maps; ++m)
        ASSERT_EQ(back.at(m, r.y0, r.x0)[c], values.at(m, r.y0, r.x0)[c]);
    }
    SampleValues in(TensorKind::gradient, image, 2, true);
    const int sample = static_cast<int>(map.samples) - 1;
    TransferList list;
    in.want(sample, all, list);
    for (const Transfer& t : list.transfers()) {
      std::copy_n(memory.data() + t.address, t.bytes, list.data(t.offset));
    }
    list.deliver();
    ValueMap back(map.steps, map.height, map.width, map.channels);
    in.copy(sample, all, back);
    EXPECT_TRUE(
        std::equal(back.values.begin(), back.values.end(), values.at(sample * map.steps, 0, 0)));
  }
}

TEST(CoreMessages, FlattenedSpikesAreInChannelOrder) {
  BitMap from(1, 2, 3, 2 * 3), to(1, 1, 1, 2 * 3 * 2 * 3);
  from.set(0, 1, 2, 1 * 3 + 2, true);  // channel 1, plane 2
  flatten(from, 3, to);
  for (int i = 0; i < to.channels; ++i) EXPECT_EQ(to.get(0, 0, 0, i), i == (1 * 6 + 5) * 3 + 2);
}

TEST(CoreEvents, DrivenSumsAreCountedTapByTap) {
  for (int n = 0; n < 50; ++n) {
    Draw draw(n);
    const Layer l = conv_layer(draw.integer(1, 20), 1, draw.integer(3, 9), draw.integer(3, 9), 5,
                               draw.among<int>({1, 3, 5}), draw.integer(1, 2));
    BitMap in(2, l.in_h, l.in_w, l.cin), out(2, l.out_h, l.out_w, l.cout);
    for (int y = 0; y < l.in_h; ++y)
      for (int x = 0; x < l.in_w; ++x)
        for (int c = 0; c < l.cin; ++c) in.set(1, y, x, c, draw.integer(0, 3) == 0);
    for (int y = 0; y < l.out_h; ++y)
      for (int x = 0; x < l.out_w; ++x)
        for (int c = 0; c < l.cout; ++c) out.set(1, y, x, c, draw.integer(0, 3) == 0);
    std::uint64_t forward = 0, backward = 0;
    for (int oy = 0; oy < l.out_h; ++oy)
      for (int ox = 0; ox < l.out_w; ++ox)
        for (int ky = 0; ky < l.kernel; ++ky)
          for (int kx = 0; kx < l.kernel; ++kx) {
            const int y = oy * l.stride - l.pad + ky, x = ox * l.stride - l.pad + kx;
            if (y < 0 || y >= l.in_h || x < 0 || x >= l.in_w) continue;
            for (int c = 0; c < l.cin; ++c) forward += in.get(1, y, x, c) ? 1 : 0;
            for (int c = 0; c < l.cout; ++c) backward += out.get(1, oy, ox, c) ? 1 : 0;
          }
    EXPECT_EQ(driven_sums(l, in, 1, 1), forward);
    EXPECT_EQ(driven_sums(l, in, 0, 1), 0U);
    EXPECT_EQ(driven_back(l, out, 1, 1), backward);
  }
}

TEST(CoreEvents, LaneCyclesOfPartsAddUp) {
  MulticoreSpec spec;
  spec.lanes = 7;
  EXPECT_EQ(lane_cycles(spec, 0, 50).total(), 8U);
  std::uint64_t sum = 0;
  for (int i = 0; i < 50; ++i) sum += lane_cycles(spec, i, i + 1).total();
  EXPECT_EQ(sum, 8U);
}

TEST(Mail, AddressesComeApartAgain) {
  const MailAddress place{(1U << 20) - 1, kMostMailSamples - 1, kMostSampleBytes - 1};
  const std::uint64_t address = mail_address(place);
  EXPECT_TRUE(is_mail(address));
  const MailAddress back = mail_place(address);
  EXPECT_EQ(back.stream, place.stream);
  EXPECT_EQ(back.sample, place.sample);
  EXPECT_EQ(back.offset, place.offset);
  EXPECT_FALSE(is_mail(H2_CARD_MEM_BASE(7, 3)));
}

TEST(Mail, ClosedStreamsAreForgotten) {
  MailStreams streams;
  std::vector<std::uint32_t> closed;
  streams.closed = [&](std::uint32_t id) { closed.push_back(id); };
  const std::uint32_t first = streams.open({}), second = streams.open({});
  EXPECT_NE(first, second);
  EXPECT_NE(streams.find(first), nullptr);
  streams.close(first);
  streams.close(first);
  EXPECT_EQ(streams.find(first), nullptr);
  EXPECT_NE(streams.open({}), first);
  EXPECT_EQ(closed, std::vector<std::uint32_t>{first});
}

}  // namespace
}  // namespace h2
