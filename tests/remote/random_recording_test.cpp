// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <optional>
#include <random>

#include "platform/host/player/transaction_player.h"
#include "platform/host/player/transaction_recorder.h"
#include "tests/config/config_files.h"
#include "tests/platform/on_card.h"

// Hosts that do anything, wrong or right, at any moment: each recording of one replays without a
// failure to the same picosecond and leaves the same memories and registers.

namespace h2 {
namespace {

constexpr int kRecordings = 200;
constexpr std::uint64_t kWatchdogCycles = 400'000;

Config small_card() {
  return tiny_config({{"network.layers", "4C3(Encoding)-AP2-10FC"},
                      {"host.cycles_per_sub_batch", "333"},
                      {"host.watchdog_cycles", std::to_string(kWatchdogCycles)}});
}

/// A host program of random steps.
class RandomHost {
 public:
  RandomHost(Card& card, const Config& config, std::uint32_t seed)
      : card_(card), config_(config), host_(card.host), random_(seed) {}

  void run() {
    for (std::uint32_t left = 3 + below(12); left > 0; --left) step();
  }

 private:
  std::uint32_t below(std::uint32_t end) { return static_cast<std::uint32_t>(random_() % end); }

  void step() {
    switch (below(10)) {
      case 0:
      case 1:
        return touch_register();
      case 2:
      case 3:
        return touch_memory();
      case 4:
        return load();
      case 5:
        host_.wait_irq(sc_core::sc_time(1 + below(5000), sc_core::SC_NS));
        return;
      case 6:
        return below(2) == 0 ? host_.work()
                             : host_.pause(sc_core::sc_time(below(99'999), sc_core::SC_PS));
      case 7:
        return submit();
      case 8:
        return group();
      default:
        return reset();
    }
  }

  tlm::tlm_command direction() {
    return below(2) == 0 ? tlm::TLM_READ_COMMAND : tlm::TLM_WRITE_COMMAND;
  }

  void fill(std::size_t bytes) {
    data_.resize(bytes);
    for (std::uint8_t& v : data_) v = static_cast<std::uint8_t>(random_());
  }

  /// Rings, windows and resets included, hence mostly refused or harmful.
  void touch_register() {
    const std::uint32_t at = below(4) == 0 ? below(H2_REGS_SIZE) : below(0x180) & ~3U;
    if (at == H2_REG_INJECT) return;  // faults come from inject(), in engines that a reset stops
    const std::size_t bytes = below(8) == 0 ? below(9) : 4;
    fill(bytes);
    if (bytes == 4 && below(2) == 0) data_[1] = data_[2] = data_[3] = 0;
    host_.transport(direction(), H2_REGS_BASE + at, data_.data(), bytes);
  }

  /// Inside a memory, over its end, or nowhere.
  std::uint64_t place() {
    const std::uint64_t base = H2_MEM_BASE(below(4));
    const std::uint64_t kind = below(6);
    if (kind == 0) return base + config_.memory.bytes - below(100);
    return kind == 1 ? below(1U << 20) : base + below(1U << 17);
  }

  void touch_memory() {
    fill(below(6) == 0 ? 0 : below(200));
    host_.transport(direction(), place(), data_.data(), data_.size());
  }

  void load() {
    fill(below(6) == 0 ? 0 : below(200));
    const h2_bus bus = host_.loader_bus();
    const std::uint64_t at = place();
    if (below(2) == 0) {
      bus.read(bus.context, at, data_.data(), data_.size());
    } else {
      bus.write(bus.context, at, data_.data(), data_.size());
    }
  }

  void inject() {
    if (below(3) != 0) return;
    const std::uint32_t value = H2_PUT(INJECT, KIND, 1 + below(2)) |
                                H2_PUT(INJECT, ENGINE, below(2)) | H2_PUT(INJECT, AFTER, below(12));
    card_.write_reg(H2_REG_INJECT, value);
  }

  /// A forward pass, watched for a while that may be shorter.
  void submit() {
    inject();
    h2_descriptor d = card_.prepare(training_group(), H2_OP_FORWARD);
    d.tag = 0;
    if (below(4) == 0) d.opcode = static_cast<std::uint8_t>(below(256));
    if (h2_submit(&card_.device, &d) != H2_OK) return;
    host_.wait_irq(sc_core::sc_time(1 + below(20'000), sc_core::SC_NS));
    if (below(2) == 0) host_.wait_irq(sc_core::sc_time(1 + below(20'000), sc_core::SC_NS));
  }

  TrainingGroup training_group() { return random_training_group(config_, {2, 1}, random_()); }

  /// Ends with an error, or with the watchdog's, where an engine gets no answer.
  void group() {
    inject();
    if (below(2) == 0) h2_set_timeout(&card_.device, 20'000);
    card_.retries = below(2);
    card_.train(training_group());
  }

  void reset() {
    if (below(2) == 0) h2_reset(&card_.device);
    if (h2_recover(&card_.device) == H2_OK) return;
    card_.write_reg(H2_REG_CONTROL, H2_CONTROL_RESET);
  }

  Card& card_;
  const Config& config_;
  HostCpu& host_;
  std::mt19937 random_;
  std::vector<std::uint8_t> data_;
};

class RandomRecordings : public ConfigFiles {
 protected:
  struct End {
    sc_core::sc_time time;
    std::vector<std::uint8_t> memory;  ///< the start of each
    std::vector<std::uint32_t> registers;
  };

  static End end_of(Bench& bench) {
    End end;
    end.time = sc_core::sc_time_stamp();
    for (unsigned n = 0; n < 3; ++n) {
      std::vector<std::uint8_t> part(1 << 18);
      bench.platform.host.debug(tlm::TLM_READ_COMMAND, H2_MEM_BASE(n), part.data(), part.size());
      end.memory.insert(end.memory.end(), part.begin(), part.end());
    }
#define H2_LOOK(name, offset, access, reset, text)                                                 \
  end.registers.push_back(0);                                                                      \
  bench.platform.host.debug(tlm::TLM_READ_COMMAND, H2_REGS_BASE + (offset), &end.registers.back(), \
                            4);
    H2_REGISTERS(H2_LOOK)
#undef H2_LOOK
    return end;
  }

  std::filesystem::path file() const { return folder_ / "run.txn"; }

  /// True if the watchdog ended the run.
  bool record(const Config& config, std::uint32_t seed, End& end) const {
    Bench bench(config);
    bool hung = false;
    {
      TransactionRecorder recorder(file());
      bench.platform.host.on_record = [&](const HostAccess& a) { recorder(a); };
      try {
        bench.run([&](HostCpu& host) {
          Card card(host, config);
          RandomHost(card, config, seed).run();
        });
      } catch (const RunError&) {
        hung = true;
      }
    }
    end = end_of(bench);
    return hung;
  }

  End replay(const Config& config, TransactionPlayer::Stats& stats) const {
    Bench bench(config);
    TransactionPlayer player(file(), false);
    player.on_failure = [](const std::string& text) { ADD_FAILURE() << text; };
    bench.run([&](HostCpu& host) { player(host); });
    stats = player.stats();
    return end_of(bench);
  }
};

TEST_F(RandomRecordings, ReplayToTheSamePicosecond) {
  const Config config = small_card();
  int hung = 0;
  std::uint64_t transactions = 0, refused = 0;
  for (std::uint32_t seed = 1; seed <= kRecordings && !HasFailure(); ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    End run;
    const bool watchdog = record(config, seed, run);
    hung += watchdog ? 1 : 0;
    TransactionPlayer::Stats stats;
    const End again = replay(config, stats);
    EXPECT_EQ(stats.failures, 0U);
    EXPECT_EQ(again.time, run.time);
    EXPECT_TRUE(again.memory == run.memory);
    EXPECT_EQ(again.registers, run.registers);
    transactions += stats.transactions;
    const std::string text = read_text(file().string());
    for (auto at = text.find("expect error"); at != std::string::npos;
         at = text.find("expect error", at + 1)) {
      ++refused;
    }
  }
  std::cout << kRecordings << " recordings, " << transactions << " transactions, " << refused
            << " of them refused, " << hung << " runs ended by the watchdog\n";
  EXPECT_GT(refused, 200U);
  EXPECT_GT(hung, 5);
}

}  // namespace
}  // namespace h2
