// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "platform/host/player/transaction_player.h"
#include "tests/config/config_files.h"
#include "tests/platform/simulation.h"

// Transaction files written by hand.

namespace h2 {
namespace {

class Player : public ConfigFiles {
 protected:
  std::string shortened(std::string message) const {
    const std::string prefix = folder_.string() + "/";
    for (auto at = message.find(prefix); at != std::string::npos; at = message.find(prefix)) {
      message.erase(at, prefix.size());
    }
    return message;
  }

  /// Why the file is refused before anything is played.
  std::string parse_error(const std::string& text) const {
    try {
      TransactionPlayer(write("t.txn", text), false);
    } catch (const InputError& e) {
      return shortened(e.what());
    }
    return "";
  }

  struct Result {
    TransactionPlayer::Stats stats;
    std::vector<std::string> failures;
    sc_core::sc_time time;
  };
  Result play(const std::string& text, bool keep_going = true) const {
    Result result;
    Bench bench(tiny_config());
    TransactionPlayer player(write("t.txn", text), keep_going);
    player.on_failure = [&](const std::string& f) { result.failures.push_back(shortened(f)); };
    player.describe = [&] { return bench.platform.describe_card(); };
    bench.run([&](HostCpu& host) { player(host); });
    result.stats = player.stats();
    result.time = sc_core::sc_time_stamp();
    return result;
  }
};

TEST_F(Player, ErrorsNameLineWordAndLegalForms) {
  write("data", "0123456789");
  const std::pair<const char*, const char*> cases[] = {
      {"reset\n\n poke 1 2\n",
       "t.txn:3: 'poke': expected one of write, read, load, verify, dump, "},
      {"write 0x10\n", "t.txn:1: expected write ADDRESS WORD|bytes:HEX"},
      {"write 0x10 1 2\n", "t.txn:1: expected write"},
      {"reset now\n", "t.txn:1: expected reset"},
      {"write 1x 1\n", "t.txn:1: '1x': expected an address, 123 or 0x7B"},
      {"write 0x 1\n", "'0x': expected an address"},
      {"write -1 1\n", "'-1': expected an address"},
      {"write 0x11223344556677889 1\n", "expected an address"},
      {"write 1 0x100000000\n", "at most 4294967295"},
      {"write 1 bytes:123\n", "'bytes:123': expected two hexadecimal digits per byte"},
      {"write 1 bytes:\n", "no bytes to move"},
      {"write 1 bytes:1g\n", "two hexadecimal digits per byte"},
      {"read 1 bytes:FF bytes:0011\n", "'bytes:FF': expected a mask as long as the value, 2 bytes"},
      {"load 1 nowhere\n", "t.txn:1: nowhere: No such file"},
      {"load 1 data 8 3\n", "data: has 10 bytes, asked for 3 from 8"},
      {"load 1 data 18446744073709551615 2\n", "data: has 10 bytes"},
      {"verify 1 data 8\n", "expected verify ADDRESS FILE [OFFSET BYTES]"},
      {"load 1 data 3 0\n", "no bytes to move"},
      {"dump 1 0 out\n", "no bytes to move"},
      {"wait 5\n", "'5': expected a time as 500ns with unit ps, ns, us, ms or s"},
      {"wait ns\n", "'ns': expected a time"},
      {"wait 1.5us\n", "expected a time"},
      {"wait_irq 1001s\n", "at most 1000"},
      {"write 1 2 expect\n", "t.txn:1: expected error [STATUS] behind expect"},
      {"write 1 2 expect ok\n", "expected error [STATUS] behind expect"},
      {"write 1 2 expect error BUSY\n", "'BUSY': expected one of INCOMPLETE, GENERIC_ERROR, "},
      {"write 1 2 expect error OK\n", "'OK': expected one of INCOMPLETE"},
      {"write 1 2 expect error BURST_ERROR now\n", "expected error [STATUS] behind expect"},
      {"expect error\n", "expected error [STATUS] behind expect"},
      {"read 1 all 2 expect error\n", "expected read ADDRESS BYTES expect error [STATUS]"},
      {"verify 1 data expect error\n", "'data': expected the number of bytes"},
      {"load 1 data expect error BURST_ERROR\n", "a loader's access has no STATUS"},
      {"dump 1 2 out expect error\n", "'dump': expected one of write, read, load, verify"},
      {"", "t.txn: holds no transaction"},
      {"# nothing but a remark\n\n", "t.txn: holds no transaction"},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_NE(parse_error(text).find(message), std::string::npos)
        << text << "gave: " << parse_error(text);
  }
  EXPECT_EQ(parse_error("# nothing\n\n  \n wait 5ns # and a remark\n"), "");
  EXPECT_THROW(TransactionPlayer(folder_ / "nowhere.txn", false), InputError);
  EXPECT_THROW(TransactionPlayer(folder_, false), InputError);
}

TEST_F(Player, MovesWordsBytesAndFiles) {
  write("data", "0123456789");
  const Result r = play(R"(
    read  0x10000000 0xFFFFFFFF 0x4832564C   # ID
    read  0x10000004 0xFFFF0000 0x00039999   # major version
    write 0x1000000000 0x44332211
    read  0x1000000000 all bytes:11223344
    write 0x1000000002 bytes:aabbCC
    read  0x1000000000 0xFFFFFFFF 0xBBAA2211
    read  0x1000000000 bytes:FFFF0000FF bytes:11220000cc
    load  0x2000000000 data
    read  0x2000000000 data 0 10
    write 0x3000000000 data 2 5
    read  0x3000000000 all bytes:3233343536
    verify 0x3000000001 data 3 4
    dump  0x2000000001 8 out
    write 4096 1
  )");
  ASSERT_EQ(r.failures.size(), 1U);
  EXPECT_EQ(r.failures[0], "t.txn:15: write 0x00001000: refused with ADDRESS_ERROR");
  EXPECT_EQ(r.stats.transactions, 14U);
  EXPECT_EQ(r.stats.checks, 8U);
  EXPECT_EQ(read_text((folder_ / "out").string()), "12345678");
}

TEST_F(Player, MismatchesNamePlaceValuesAndMask) {
  write("data", "0123456789");
  const std::string text = R"(read 0x10000000 0x0000FFFF 0x00001234
write 0x1000000000 bytes:0102030405
read 0x1000000000 bytes:FFFF0FFFFF bytes:0109F30906
load 0x1000000000 data
write 0x1000000004 bytes:0001
verify 0x1000000000 data
)";
  const Result r = play(text);
  ASSERT_EQ(r.failures.size(), 3U);
  EXPECT_EQ(r.failures[0],
            "t.txn:1: read 0x10000000 (ID): got 0x4832564C, expected 0x00001234, mask 0x0000FFFF");
  EXPECT_EQ(r.failures[1],
            "t.txn:3: read 0x1000000001: got 0x02, expected 0x09, mask 0xFF (3 of 5 bytes differ)");
  EXPECT_EQ(r.failures[2],
            "t.txn:6: verify 0x1000000004: got 0x00, expected 0x34 (2 of 10 bytes differ)");
  EXPECT_EQ(r.stats.failures, 3U);
  const Result first = play(text, false);
  EXPECT_EQ(first.failures, std::vector<std::string>{r.failures[0]});
  EXPECT_EQ(first.stats.transactions, 1U);
}

TEST_F(Player, TimePassesAsWritten) {
  const Result r = play("wait 1500ns\nwait_irq 3us\nwait 250ps\n");
  ASSERT_EQ(r.failures.size(), 1U);
  EXPECT_EQ(r.failures[0].find("t.txn:2: wait_irq: the interrupt did not come in 3 us: IRQ_STATUS "
                               "= nothing, IRQ_MASK = nothing; "),
            0U)
      << r.failures[0];
  EXPECT_NE(r.failures[0].find("ring head 0, tail 0"), std::string::npos) << r.failures[0];
  EXPECT_EQ(r.time, sc_core::sc_time(4'500'250, sc_core::SC_PS));
  // Longer than the watchdog's window: a wait with an end is no hang.
  EXPECT_EQ(play("wait_irq 2s\n").failures.size(), 1U);
}

TEST_F(Player, InterruptAndReset) {
  const Result r = play(R"(
    write 0x1000002C 2              # IRQ_MASK: errors
    read  0x10000800 0 0            # no such register
    wait_irq 1us
    read  0x10000054 0xFFFFFFFF 12  # ERROR
    reset
    read  0x10000054 0xFFFFFFFF 0
    read  0x1000002C 0xFFFFFFFF 0
  )");
  ASSERT_EQ(r.failures.size(), 1U);
  EXPECT_EQ(
      r.failures[0],
      "t.txn:3: read 0x10000800: refused with ADDRESS_ERROR; ERROR = REGISTER, register 0x800");
}

TEST_F(Player, RefusedAccessesAreExpected) {
  write("data", "0123456789");
  const Result r = play(R"(
    write 0x10000000 1 expect error                   # ID is read-only
    write 0x10000000 1 expect error COMMAND_ERROR
    read  0x10000800 4 expect error ADDRESS_ERROR
    read  0x10000000 2 expect error BURST_ERROR
    write 0x1000000000 bytes: expect error BURST_ERROR
    read  0x1000000000 0 expect error BURST_ERROR
    write 64 data 0 10 expect error ADDRESS_ERROR
    load  64 data expect error
    load  0x1000000000 data 3 0 expect error
    verify 64 10 expect error
    verify 0x1000000000 0 expect error
    write 0x10000000 1 expect error BURST_ERROR
    write 0x1000000000 1 expect error
    read  0x1000000000 4 expect error ADDRESS_ERROR
    load  0x1000000000 data expect error
    verify 0x1000000000 4 expect error
  )");
  EXPECT_EQ(r.stats.checks, 16U);
  const std::vector<std::string> expected{
      "t.txn:13: write 0x10000000 (ID): refused with COMMAND_ERROR; ERROR = REGISTER, register ID, "
      "expected BURST_ERROR",
      "t.txn:14: write 0x1000000000: was not refused, expected an error",
      "t.txn:15: read 0x1000000000: was not refused, expected ADDRESS_ERROR",
      "t.txn:16: load 0x1000000000: was not refused, expected an error",
      "t.txn:17: verify 0x1000000000: was not refused, expected an error"};
  EXPECT_EQ(r.failures, expected);
}

/// A descriptor with an opcode that does not exist: the message says which field and why.
TEST_F(Player, MismatchOfARegisterNamesFieldAndError) {
  const Result r = play(R"(
    write 0x10000030 0
    write 0x10000034 0x30
    write 0x10000044 0x400
    write 0x10000048 0x30
    write 0x10000038 4
    write 0x10000120 0x3000000
    write 0x10000124 0x3000001
    write 0x10000128 3
    write 0x10000020 1
    write 0x3000000000 bytes:014D0000400000000700000000000000
    write 0x10000040 1
    wait 1us
    read 0x10000024 all 0x00000001
    read 0x10000054 all 0
    read 0x10000060 0xF 0x2
  )");
  const std::vector<std::string> expected{
      "t.txn:14: read 0x10000024 (STATUS): got 0x00000005, expected 0x00000001, mask 0xFFFFFFFF: "
      "STATUS.ERROR is 1, expected 0; ERROR = OPCODE, tag 7",
      "t.txn:15: read 0x10000054 (ERROR): got 0x00000002, expected 0x00000000, mask 0xFFFFFFFF: "
      "ERROR.VALUE is OPCODE, expected OK; ERROR = OPCODE, tag 7",
      "t.txn:16: read 0x10000060 (INJECT): got 0x00000000, expected 0x00000002, mask 0x0000000F: "
      "INJECT.KIND is NONE, expected SILENCE; ERROR = OPCODE, tag 7"};
  EXPECT_EQ(r.failures, expected);
}

}  // namespace
}  // namespace h2
