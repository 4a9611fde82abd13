// SPDX-License-Identifier: Apache-2.0
#include "memory/dram/device.h"

#include <algorithm>

#include "memory/dram/limits.h"

namespace h2 {
namespace {

/// Bubble on the data bus when another rank starts to drive it.
constexpr Clock kRankSwitch = 2;

const DramSpec& checked(const DramSpec& spec) {
  check_dram(spec);
  return spec;
}

}  // namespace

DramTiming::DramTiming(const DramSpec& spec) {
  const DramSpec& s = checked(spec);
  burst = s.burst_length / 2;
  cas_gap_s = s.tccd_s;
  cas_gap_l = s.tccd_l;
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
    : bank_count_(spec.ranks * spec.bank_groups * spec.banks_per_group),
      rank_count_(spec.ranks),
      timing_(spec) {
  open_row_.fill(kClosed);
  group_column_.fill({-kNever, -kNever});
  for (int b = 0; b < banks(); ++b) {
    const int group = b / spec.banks_per_group;
    group_of_[index(b)] = static_cast<std::uint8_t>(group);
    rank_of_[index(b)] = static_cast<std::uint8_t>(group / spec.bank_groups);
  }
  const DramTiming& t = timing_;
  same_group_ = {{{t.cas_gap_l, t.write_to_read_l}, {t.read_to_write, t.cas_gap_l}}};
  same_rank_ = {{{t.cas_gap_s, t.write_to_read_s}, {t.read_to_write, t.cas_gap_s}}};
  // Whichever rank is written, the controller drives the bus.
  other_rank_ = {{{t.rank_gap, t.rank_wr_to_rd}, {t.read_to_write, t.burst}}};
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
    case Command::activate:
      return latest(command_bus_, activate_ready(bank));
    case Command::precharge:
      return latest(command_bus_, precharge_ready(bank));
    case Command::read:
    case Command::write:
      return latest(command_bus_, column_ready(command == Command::write, bank));
    default:
      return earliest_maintenance(command);
  }
}

Clock DramDevice::earliest_maintenance(Command command) const {
  Clock at = command_bus_;
  for (int b = 0; b < banks(); ++b) {
    if (command == Command::refresh) {
      at = std::max(at, activate_[index(b)]);
    } else if (open_row(b) != kClosed) {
      at = std::max(at, precharge_[index(b)]);
    }
  }
  return at;
}

bool DramDevice::rests_like(const DramDevice& other, Clock now) const {
  Clock rests = command_bus_;
  for (const bool write : {false, true})
    rests = latest(rests, after_last(last_column_, longest_gap_, write));
  for (int b = 0; b < banks(); ++b) {
    rests =
        latest(rests, latest(activate_ready(b), latest(precharge_[index(b)], column_[index(b)])));
  }
  for (const Rank& rank : ranks_)
    for (const Clock at : rank.window) rests = latest(rests, at);
  return rests <= now && open_row_ == other.open_row_;
}

Clock DramDevice::rank_of_several_ready(bool write, int rank) const {
  Clock at = -kNever;
  for (int r = 0; r < rank_count_; ++r) {
    const Gaps& gaps = r == rank ? same_rank_ : other_rank_;
    at = latest(at, after_last(ranks_[index(r)].last_column, gaps, write));
  }
  return at;
}

Clock DramDevice::first_rank_ready(bool write) const {
  Clock at = kNever;
  for (int r = 0; r < rank_count_; ++r) at = std::min(at, rank_ready(write, r));
  return at;
}

void DramDevice::issue(Command command, int bank, std::int64_t row, Clock at, int run, Clock gap) {
  const auto close = [&](int b) {
    open_row_[index(b)] = kClosed;
    activate_[index(b)] = latest(activate_[index(b)], at + timing_.trp);
    open_banks_ &= ~bank_bit(b);
  };
  switch (command) {
    case Command::activate:
      activate(bank, row, at);
      break;
    case Command::precharge:
      close(bank);
      break;
    case Command::precharge_all:
      for (BankSet set = open_banks_; set != 0; set &= set - 1) close(first_bank(set));
      break;
    case Command::refresh:
      activate_.fill(at + timing_.trfc);
      break;
    case Command::read:
    case Command::write:
      issue_columns(command == Command::write, bank, at, at + (run - 1) * gap);
      break;
  }
  command_bus_ = at + 1;
}

void DramDevice::activate(int b, std::int64_t row, Clock at) {
  open_row_[index(b)] = row;
  activate_[index(b)] = at + timing_.trc;
  precharge_[index(b)] = at + timing_.tras;
  column_[index(b)] = at + timing_.trcd;
  group_activate_[group_of_[index(b)]] = at + timing_.trrd_l;
  Rank& rank = ranks_[rank_of_[index(b)]];
  rank.window[rank.oldest] = at + timing_.tfaw;
  rank.oldest = (rank.oldest + 1) % 4;
  rank.activate = latest(at + timing_.trrd_s, rank.window[rank.oldest]);
  open_banks_ |= bank_bit(b);
  for (BankSet set = opening_; set != 0; set &= set - 1) {
    if (column_[index(first_bank(set))] <= at) opening_ &= ~(set & -set);
  }
  opening_ |= bank_bit(b);
  opening_until_ = column_[index(b)];
}

}  // namespace h2
