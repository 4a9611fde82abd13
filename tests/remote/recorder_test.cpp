// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "platform/host/player/transaction_player.h"
#include "platform/host/player/transaction_recorder.h"
#include "tests/config/config_files.h"
#include "tests/platform/simulation.h"

// A recorded run, played again.

namespace h2 {
namespace {

class Recorded : public ConfigFiles {
 protected:
  std::string file() const { return (folder_ / "run.txn").string(); }

  /// What a run leaves: the end of Mem0 that is in use, and its time.
  struct End {
    std::vector<std::uint8_t> memory;
    sc_core::sc_time time;
    TransactionPlayer::Stats stats;
  };
  static End end_of(Bench& bench) {
    End end;
    end.memory.resize(1 << 20);
    EXPECT_TRUE(bench.platform.host.debug(tlm::TLM_READ_COMMAND, H2_MEM_BASE(0), end.memory.data(),
                                          end.memory.size()));
    end.time = sc_core::sc_time_stamp();
    return end;
  }

  End record(const Config& config) const {
    const LoadedData data = load_data(config.dataset, config.network.input,
                                      config.network.timesteps, config.training.seed);
    Bench bench(config);
    RunRecord record;
    Training training(config, data, start_weights(config), bench.platform, record);
    TransactionRecorder recorder(file());
    bench.platform.host.on_access = [&](const HostAccess& a) { recorder(a); };
    bench.run([&](HostCpu& host) { training(host); });
    recorder.close();
    return end_of(bench);
  }

  End replay(const Config& config) const {
    Bench bench(config);
    TransactionPlayer player(file(), false);
    bench.run([&](HostCpu& host) { player(host); });
    End end = end_of(bench);
    end.stats = player.stats();
    return end;
  }
};

TEST_F(Recorded, TrainingIsReproducedToThePicosecond) {
  const Config config = tiny_config({{"host.cycles_per_sub_batch", "777"}});
  const End run = record(config), again = replay(config);
  EXPECT_EQ(again.time, run.time);
  EXPECT_TRUE(again.memory == run.memory);
  EXPECT_GT(again.stats.checks, 50U);
  EXPECT_EQ(again.stats.failures, 0U);
  const std::string text = read_text(file());
  for (const char* word : {"\nwrite 0x", "\nread 0x", "\nload 0x", "\nverify 0x", "\nwait_irq ",
                           "\nwait 971250ps\n"}) {  // 777 cycles
    EXPECT_NE(text.find(word), std::string::npos) << word;
  }
}

TEST_F(Recorded, OneWrongByteIsFound) {
  const Config config = tiny_config({{"dataset.train_limit", "4"}, {"dataset.test_limit", "2"}});
  record(config);
  const std::string side = file() + ".bin";
  std::string data = read_text(side);
  const std::string text = read_text(file());
  // The sign of the first start weight of Mem0: FP16, little-endian.
  const std::string load = "load 0x1000";
  const std::size_t line = text.find(load);
  ASSERT_NE(line, std::string::npos);
  const std::string name = "run.txn.bin ";
  const std::size_t at = std::stoul(text.substr(text.find(name, line) + name.size()));
  data[at + 1] = static_cast<char>(data[at + 1] ^ 0x80);
  std::ofstream(side, std::ios::binary) << data;
  EXPECT_EQ(replay(config).stats.failures, 1U);
}

TEST_F(Recorded, AnotherMachineIsFound) {
  record(tiny_config());
  EXPECT_EQ(replay(tiny_config({{"tile.height", "4"}})).stats.failures, 1U);
}

TEST_F(Recorded, PlacesThatCannotBeWritten) {
  EXPECT_THROW(TransactionRecorder{folder_ / "no/run.txn"}, InputError);
  EXPECT_THROW(TransactionRecorder{folder_ / "two words.txn"}, InputError);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "two words.txn"));
}

}  // namespace
}  // namespace h2
