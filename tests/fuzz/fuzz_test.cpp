// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <map>

#include "tests/fuzz/fuzz_inputs.h"
#include "tests/platform/on_card.h"

// Descriptors, tables, registers and faults of all kinds against one card that is never restarted:
// every descriptor is answered once, in time, none is accepted that the contract forbids, nothing
// outside the windows changes, and the card works afterwards or says why not.

namespace h2 {
namespace {

constexpr std::uint64_t kCanaryBytes = 4096;

class Fuzzer {
 public:
  Fuzzer(Card& card, const Config& config, std::uint32_t seed)
      : card_(card),
        network_(config.network),
        training_group_(random_training_group(config, {2}, 7)),
        random_(seed) {
    spoilt_at_ = H2_MEM_BASE(2) + (card.device.used[2] + 4095) / 4096 * 4096;
    widen();
    write_canaries();
  }

  void run(std::uint64_t descriptors) {
    while (submitted_ < descriptors && !testing::Test::HasFailure()) {
      if (weights_lost()) recover_weights();
      switch (below(random_, 32)) {
        case 0:
          registers();
          break;
        case 1:
          injection();
          break;
        case 2:
          overflow();
          break;
        case 3:
          same_tag();
          break;
        case 4:
        case 5:
          group();
          break;
        default:
          descriptor();
      }
      if (below(random_, 512) == 0) completion_overrun();
      if (below(random_, 256) == 0) check_canaries();
    }
    check_canaries();
  }

  void report() const {
    std::cout << submitted_ << " descriptors, " << mutated_ << " mutated from valid ones, "
              << executed_ << " executed\n";
    for (const auto& [code, times] : seen_) std::cout << "  code " << code << ": " << times << '\n';
  }

  std::uint64_t submitted_ = 0, mutated_ = 0, executed_ = 0;
  std::map<std::uint32_t, std::uint64_t> seen_;  ///< by code, completions and error queue

 private:
  /// Behind the network's tensors the window has room for a spoilt table.
  void widen() {
    card_.device.used[2] += 3 * 4096;
    restart();
  }

  /// Weights that updates have driven out of range make every result infinite.
  void reload() {
    card_.load();
    widen();
  }

  bool weights_lost() { return (card_.reg(H2_REG_STATUS) & H2_STATUS_WEIGHTS_LOST) != 0; }

  /// The card takes nothing until the weights are new.
  void recover_weights() {
    EXPECT_EQ(send(valid(H2_OP_FORWARD)), H2_ERR_WEIGHTS);
    reload();
    EXPECT_EQ(send(valid(H2_OP_FORWARD)), H2_ERR_WEIGHTS);
    ASSERT_EQ(h2_confirm_weights(&card_.device), H2_OK);
    EXPECT_FALSE(weights_lost());
    EXPECT_EQ(send(valid(H2_OP_FORWARD)), H2_OK);
  }

  /// One sub-batch and its update. Stops at the first error, which it returns.
  std::uint32_t run_group() {
    for (const std::uint8_t opcode :
         {H2_OP_FORWARD, H2_OP_BACKWARD, H2_OP_WEIGHT_GRADIENT, H2_OP_UPDATE}) {
      h2_descriptor d = valid(opcode);
      d.flags = opcode == H2_OP_WEIGHT_GRADIENT ? H2_DESC_FIRST | H2_DESC_LAST : 0;
      if (opcode == H2_OP_UPDATE) d.step = card_.reg(H2_REG_LAST_STEP) + 1;
      const std::uint32_t status = send(d);
      if (status != H2_OK) return status;
    }
    return H2_OK;
  }

  void group() {
    const std::uint32_t step = card_.reg(H2_REG_LAST_STEP);
    const std::uint32_t status = run_group();
    EXPECT_TRUE(status == H2_OK || status == H2_ERR_OVERFLOW) << status;
    EXPECT_EQ(card_.reg(H2_REG_LAST_STEP), step + (status == H2_OK ? 1 : 0));
    if (status != H2_OK && !weights_lost()) reload();
  }

  void restart() {
    ASSERT_EQ(h2_recover(&card_.device), H2_OK);
    card_.prepare(training_group_, H2_OP_FORWARD);  // input and loss gradient
    backward_.clear();
  }

  std::uint8_t any_opcode() { return static_cast<std::uint8_t>(1 + below(random_, 4)); }

  h2_descriptor valid(std::uint8_t opcode) {
    if (opcode == H2_OP_WEIGHT_GRADIENT && backward_.empty()) opcode = H2_OP_BACKWARD;
    h2_descriptor d =
        valid_descriptor(card_.device, random_, opcode, backward_.empty() ? 0 : backward_.back());
    d.tag = next_tag_++;
    return d;
  }

  void descriptor() {
    const std::uint32_t kind = below(random_, 10);
    if (kind == 0) {
      h2_descriptor d;
      for (std::size_t i = 0; i < sizeof d / 4; ++i) {
        const std::uint32_t word = random_();
        std::memcpy(reinterpret_cast<char*>(&d) + i * 4, &word, 4);
      }
      send(d);
    } else if (kind < 5) {
      h2_descriptor d = valid(any_opcode());
      mutate(d, card_.device, random_);
      if (below(random_, 64) == 0) d.tag = 0;
      ++mutated_;
      send(d);
    } else if (kind < 7) {
      h2_descriptor d = valid(any_opcode());
      const bool checksum = below(random_, 3) != 0;
      const auto table = mutated_table(card_.device, random_, checksum);
      ASSERT_TRUE(card_.write(spoilt_at_, table.data(), table.size()));
      d.table = spoilt_at_;
      ++mutated_;
      const std::uint32_t status = send(d, true);
      const bool damaged =
          !checksum &&
          table != table_bytes(card_.device.table, card_.device.layers, card_.device.table.layers);
      EXPECT_FALSE(damaged && status == H2_OK) << "a damaged table was taken";
      card_.prepare(training_group_,
                    H2_OP_FORWARD);  // a legal other network may have used the memory
      backward_.clear();
    } else {
      h2_descriptor d = valid(any_opcode());
      const std::uint32_t status = send(d);
      const bool finite = status == H2_ERR_OVERFLOW || status == H2_ERR_DEPENDENCY;
      EXPECT_TRUE(status == H2_OK || finite) << "a valid one was refused: " << status;
      if (status == H2_ERR_OVERFLOW && !weights_lost()) reload();
    }
  }

  /// Puts it in the ring and takes the one completion that must follow.
  std::uint32_t send(const h2_descriptor& d, bool other_table = false) {
    card_.submit_raw(d);
    ++submitted_;
    const h2_completion c = take();
    EXPECT_EQ(c.tag, d.tag);
    ++seen_[c.status];
    note_errors();
    if (c.status == H2_OK) {
      ++executed_;
      EXPECT_TRUE(other_table || may_execute(d, card_.device, network_, backward_))
          << "accepted: opcode " << int{d.opcode} << " flags " << d.flags << " memory " << d.memory
          << " samples " << d.samples << std::hex << " table " << d.table << " input " << d.input
          << " gradient " << d.output_gradient;
      if (d.opcode == H2_OP_BACKWARD && d.memory == 0 && !other_table) remember(d);
    }
    return c.status;
  }

  void remember(const h2_descriptor& d) {
    if (d.samples != card_.device.table.sub_batch) return;
    backward_.push_back(d.tag);
    if (backward_.size() > 4) backward_.erase(backward_.begin());
  }

  h2_completion take() {
    const std::uint32_t tail = card_.device.completion_tail;
    for (int waited = 0; card_.reg(H2_REG_COMPLETION_HEAD) == tail; ++waited) {
      if (waited == 20) {
        ADD_FAILURE() << "no completion within 20 ms";
        return {};
      }
      card_.host.wait_irq(sc_core::sc_time(1, sc_core::SC_MS));
      card_.write_reg(H2_REG_IRQ_STATUS, H2_IRQ_COMPLETION);
    }
    card_.device.completion_tail = (tail + 1) % H2_DRIVER_RING;
    EXPECT_TRUE(card_.write_reg(H2_REG_COMPLETION_TAIL, card_.device.completion_tail));
    return card_.completion(tail);
  }

  void note_errors() {
    while (const std::uint32_t code = card_.reg(H2_REG_ERROR)) {
      ++seen_[code];
      ASSERT_TRUE(card_.write_reg(H2_REG_IRQ_STATUS, H2_IRQ_ERROR));
    }
  }

  /// Any word of the block and around it, with any value, then back to order.
  void registers() {
    for (int i = 0; i < 16; ++i) {
      const std::uint32_t offset =
          below(random_, 2) == 0 ? below(random_, 0x180) & ~3U : below(random_, H2_REGS_SIZE - 3);
      const std::uint32_t value = below(random_, 2) == 0 ? below(random_, 20) : random_();
      std::uint32_t read = 0;
      const bool ok = card_.write(H2_REGS_BASE + offset, &value, 4);
      card_.read(H2_REGS_BASE + offset, &read, 4);
      if (!ok && card_.reg(H2_REG_ERROR) == H2_OK) ADD_FAILURE() << "silent refusal of " << offset;
    }
    note_errors();
    restart();
  }

  /// An error response or silence anywhere in a group: it fails, and the same group succeeds after
  /// a reset unless the weights are lost.
  void injection() {
    ASSERT_TRUE(card_.write_reg(H2_REG_TIMEOUT, 64));
    const std::uint32_t engine = below(random_, 3), after = below(random_, engine == 2 ? 40 : 6);
    ASSERT_TRUE(
        card_.write_reg(H2_REG_INJECT, (1 + below(random_, 2)) | engine << 2 | after << 16));
    const std::uint32_t status = run_group();
    const bool struck = card_.reg(H2_REG_INJECT) == 0;
    EXPECT_TRUE(!struck || status != H2_OK) << "a fault went unnoticed";
    restart();
    if (weights_lost()) {
      recover_weights();
    } else if (status == H2_ERR_BUS || status == H2_ERR_TIMEOUT) {
      const std::uint32_t again = run_group();
      EXPECT_TRUE(again == H2_OK || again == H2_ERR_OVERFLOW) << again;
      if (again != H2_OK && !weights_lost()) reload();
    } else if (status == H2_ERR_OVERFLOW) {
      reload();
    }
  }

  void overflow() {
    std::vector<std::uint16_t> infinite(64, 0x7C00);
    send(valid(H2_OP_FORWARD));
    ASSERT_TRUE(card_.write(card_.device.gradient[0], infinite.data(), 64));
    send(valid(H2_OP_BACKWARD));
    send(valid(H2_OP_WEIGHT_GRADIENT));
    reload();
  }

  void same_tag() {
    h2_descriptor d = valid(H2_OP_FORWARD);
    card_.submit_raw(d);
    card_.submit_raw(d);
    submitted_ += 2;
    for (int i = 0; i < 2; ++i) ++seen_[take().status];
    note_errors();
  }

  void completion_overrun() {
    for (std::uint32_t i = 0; i < H2_DRIVER_RING; ++i) {
      const h2_descriptor d = valid(H2_OP_FORWARD);
      card_.submit_raw(d);
      ++submitted_;
      sc_core::wait(100, sc_core::SC_US);
    }
    note_errors();
    restart();
  }

  std::vector<std::uint64_t> canaries() const {
    return {H2_MEM_BASE(0) + (card_.device.used[0] + 4095) / 4096 * 4096,
            H2_MEM_BASE(1) + (card_.device.used[1] + 4095) / 4096 * 4096,
            H2_MEM_BASE(2) + (card_.device.used[2] + 4095) / 4096 * 4096};
  }
  void write_canaries() {
    const std::vector<std::uint8_t> pattern(kCanaryBytes, 0xA5);
    for (const std::uint64_t at : canaries()) card_.write(at, pattern.data(), pattern.size());
  }
  void check_canaries() {
    std::vector<std::uint8_t> bytes(kCanaryBytes);
    for (const std::uint64_t at : canaries()) {
      ASSERT_TRUE(card_.read(at, bytes.data(), bytes.size()));
      EXPECT_EQ(bytes, std::vector<std::uint8_t>(kCanaryBytes, 0xA5)) << "memory behind a window";
    }
  }

  Card& card_;
  const Network& network_;
  const TrainingGroup training_group_;
  Random random_;
  std::uint64_t spoilt_at_ = 0;
  std::uint32_t next_tag_ = 1000;
  std::vector<std::uint32_t> backward_;  // tags that a weight gradient may depend on
};

TEST(Fuzz, DescriptorsAndRegisters) {
  const char* wanted = std::getenv("H2_FUZZ_DESCRIPTORS");
  const std::uint64_t count = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 200'000;
  on_card(
      [&](Card& card, const Config& config) {
        Fuzzer fuzzer(card, config, 1);
        fuzzer.run(count);
        fuzzer.report();
        EXPECT_GE(fuzzer.mutated_ * 10, fuzzer.submitted_ * 3);
        EXPECT_GT(fuzzer.executed_, fuzzer.submitted_ / 10);
#define H2_EXPECT_SEEN(name, value, text) \
  EXPECT_TRUE(count<10'000 || fuzzer.seen_[value]> 0) << #name;
        H2_ERRORS(H2_EXPECT_SEEN)
#undef H2_EXPECT_SEEN
        card.load();
        expect_works(card, config);
      },
      {{"network.layers", "4C3(Encoding)-AP2-8FC-4FC"},
       {"network.input.height", "4"},
       {"network.input.width", "4"},
       {"network.timesteps", "2"},
       {"training.sub_batch", "2"}});
}

}  // namespace
}  // namespace h2
