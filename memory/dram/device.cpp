#include "memory/dram/device.h"

#include <algorithm>
#include <string>

#include "memory/dram/address_map.h"
#include "modules/error.h"

namespace h2 {
namespace {

/// Bubble on the data bus when another rank starts to drive it.
constexpr Clock kRankSwitch = 2;

void check(const DramSpec& s) {
  const auto at_least = [&](const char* name, double value, double least) {
    if (!(value >= least)) {
      throw InputError("memory preset " + s.preset + ": " + name + " = " + std::to_string(value) +
                       " must be at least " + std::to_string(least));
    }
  };
  if (s.data_bits <= 0 || s.burst_length <= 0 ||
      static_cast<std::uint64_t>(s.data_bits) * static_cast<std::uint64_t>(s.burst_length) !=
          8 * kLineBytes) {
    throw InputError("memory preset " + s.preset + ": data_bits " + std::to_string(s.data_bits) +
                     " x burst_length " + std::to_string(s.burst_length) + " must be 512 (64 B)");
  }
  at_least("tck_ns", s.tck_ns, 0.01);
  at_least("burst_length", s.burst_length, 2);
  for (const auto& [name, value] : {std::pair{"channels", s.channels},
                                    {"bank_groups", s.bank_groups},
                                    {"banks_per_group", s.banks_per_group},
                                    {"ranks", s.ranks},
                                    {"cl", s.cl},
                                    {"cwl", s.cwl},
                                    {"trcd", s.trcd},
                                    {"trp", s.trp},
                                    {"tras", s.tras},
                                    {"trrd_s", s.trrd_s},
                                    {"trtp", s.trtp},
                                    {"tccd_s", s.tccd_s},
                                    {"trfc", s.trfc}}) {
    at_least(name, value, 1);
  }
  for (const auto& [name, value] :
       {std::pair{"tfaw", s.tfaw}, {"twtr_s", s.twtr_s}, {"twr", s.twr}}) {
    at_least(name, value, 0);
  }
  at_least("trrd_l", s.trrd_l, s.trrd_s);
  at_least("twtr_l", s.twtr_l, s.twtr_s);
  at_least("tccd_l", s.tccd_l, s.tccd_s);
  at_least("read_queue", s.read_queue, 8);
  at_least("write_queue", s.write_queue, 8);
  at_least("trefi", s.trefi, s.trfc + s.trp + s.tras + s.cwl + s.twr + 64.0);
  if (s.ranks * s.bank_groups * s.banks_per_group > kMaxBanks) {
    throw InputError("memory preset " + s.preset + ": ranks x bank_groups x banks_per_group must " +
                     "not exceed " + std::to_string(kMaxBanks));
  }
}

const DramSpec& checked(const DramSpec& spec) {
  check(spec);
  return spec;
}

}  // namespace

DramTiming::DramTiming(const DramSpec& spec) {
  const DramSpec& s = checked(spec);
  burst = s.burst_length / 2;
  cas_gap_s = std::max<Clock>(s.tccd_s, burst);
  cas_gap_l = std::max<Clock>(s.tccd_l, burst);
  read_latency = s.cl + burst;
  write_latency = s.cwl + burst;
  read_to_write = std::max<Clock>(1, s.cl + burst + 2 - s.cwl);
  write_to_read_s = s.cwl + burst + s.twtr_s;
  write_to_read_l = s.cwl + burst + s.twtr_l;
  write_to_precharge = s.cwl + burst + s.twr;
  read_to_precharge = s.trtp;
  rank_gap = burst + kRankSwitch;
  rank_wr_to_rd = std::max<Clock>(1, s.cwl + burst + kRankSwitch - s.cl);
  trcd = s.trcd;
  trp = s.trp;
  tras = s.tras;
  trc = s.tras + s.trp;
  trrd_s = s.trrd_s;
  trrd_l = s.trrd_l;
  tfaw = s.tfaw;
  trfc = s.trfc;
  trefi = s.trefi;
}

DramDevice::DramDevice(const DramSpec& spec)
    : timing_(spec),
      bank_count_(spec.ranks * spec.bank_groups * spec.banks_per_group),
      rank_count_(spec.ranks) {
  for (int b = 0; b < banks(); ++b) {
    banks_[index(b)].group = b / spec.banks_per_group;
    banks_[index(b)].rank = b / spec.banks_per_group / spec.bank_groups;
  }
  const DramTiming& t = timing_;
  same_group_ = {{{t.cas_gap_l, t.write_to_read_l}, {t.read_to_write, t.cas_gap_l}}};
  same_rank_ = {{{t.cas_gap_s, t.write_to_read_s}, {t.read_to_write, t.cas_gap_s}}};
  other_rank_ = {{{t.rank_gap, t.rank_wr_to_rd}, {t.read_to_write, t.rank_gap}}};
  to_precharge_ = {t.read_to_precharge, t.write_to_precharge};
  // The distances inside a group are never shorter than those inside a rank.
  longest_gap_ = same_group_;
  for (std::size_t to = 0; rank_count_ > 1 && to < 2; ++to) {
    for (std::size_t from = 0; from < 2; ++from) {
      longest_gap_[to][from] = latest(same_group_[to][from], other_rank_[to][from]);
    }
  }
}

Clock DramDevice::earliest(Command command, int bank) const {
  switch (command) {
    case Command::activate: {
      const Bank& b = banks_[index(bank)];
      const Clock shared = latest(groups_[index(b.group)].activate, ranks_[index(b.rank)].activate);
      return latest(command_bus_, latest(b.activate, shared));
    }
    case Command::precharge:
      return latest(command_bus_, banks_[index(bank)].precharge);
    case Command::read:
    case Command::write:
      return earliest_column(command == Command::write, bank);
    default:
      return earliest_maintenance(command);
  }
}

Clock DramDevice::earliest_maintenance(Command command) const {
  Clock at = command_bus_;
  for (const Bank& b : banks_) {
    if (command == Command::refresh) {
      at = std::max(at, b.activate);
    } else if (b.open_row != kClosed) {
      at = std::max(at, b.precharge);
    }
  }
  return at;
}

void DramDevice::issue(Command command, int bank, std::int64_t row, Clock at, int run, Clock gap) {
  switch (command) {
    case Command::activate:
      activate(bank, row, at);
      break;
    case Command::precharge:
      banks_[index(bank)].open_row = kClosed;
      banks_[index(bank)].activate = latest(banks_[index(bank)].activate, at + timing_.trp);
      --open_banks_;
      break;
    case Command::precharge_all:
      for (Bank& b : banks_) {
        if (b.open_row != kClosed) b.activate = latest(b.activate, at + timing_.trp);
        b.open_row = kClosed;
      }
      open_banks_ = 0;
      break;
    case Command::refresh:
      for (Bank& b : banks_) b.activate = at + timing_.trfc;
      break;
    case Command::read:
    case Command::write:
      issue_columns(command == Command::write, bank, at, at + (run - 1) * gap);
      break;
  }
  command_bus_ = at + 1;
}

void DramDevice::activate(int b, std::int64_t row, Clock at) {
  Bank& bank = banks_[index(b)];
  bank.open_row = row;
  bank.activate = at + timing_.trc;
  bank.precharge = at + timing_.tras;
  bank.column = at + timing_.trcd;
  groups_[index(bank.group)].activate = at + timing_.trrd_l;
  Rank& rank = ranks_[index(bank.rank)];
  rank.window[rank.oldest] = at + timing_.tfaw;
  rank.oldest = (rank.oldest + 1) % 4;
  rank.activate = latest(at + timing_.trrd_s, rank.window[rank.oldest]);
  ++open_banks_;
  for (BankSet set = opening_; set != 0; set &= set - 1) {
    if (banks_[index(__builtin_ctzll(set))].column <= at) opening_ &= ~(set & -set);
  }
  opening_ |= bank_bit(b);
  opening_until_ = bank.column;
}

}  // namespace h2
