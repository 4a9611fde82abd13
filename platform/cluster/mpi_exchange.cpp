// SPDX-License-Identifier: Apache-2.0
#include "platform/cluster/mpi_exchange.h"

#include <mpi.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "modules/base/error.h"
#include "modules/cluster/shares.h"

namespace h2 {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr int kSizeTag = 1, kValuesTag = 2;

using Pause = std::chrono::microseconds;

/// For a rank that may be far behind: asks again and again, with pauses that grow up to a
/// millisecond.
void sleep_until(const std::function<bool()>& done) {
  Pause pause{20};
  while (!done()) {
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, Pause{1000});
  }
}

/// For bytes of ranks that are all here: MPI moves a piece of them whenever it is asked, so that
/// long pauses would make a long transfer longer. Lets others run in between.
void move_until(const std::function<bool()>& done) {
  constexpr int kTurns = 2000;
  for (int turn = 0; turn < kTurns; ++turn) {
    if (done()) return;
    std::this_thread::yield();
  }
  while (!done()) std::this_thread::sleep_for(Pause{20});
}

std::vector<char> header_of(const Contribution& c) {
  Json results = Json::array();
  for (const PartResult& r : c.results) results.push_back({r.loss, r.correct, r.samples});
  const Json header{static_cast<int>(c.state),
                    c.reason,
                    c.time_ps,
                    results,
                    c.make_room,
                    Json::binary({c.account.begin(), c.account.end()})};
  std::vector<char> bytes;
  Json::to_cbor(header, bytes);
  return bytes;
}

Contribution from_header(const std::vector<char>& bytes) {
  const Json header = Json::from_cbor(bytes);
  Contribution c;
  c.state = static_cast<CardState>(header.at(0).get<int>());
  c.reason = header.at(1).get<std::string>();
  c.time_ps = header.at(2).get<std::uint64_t>();
  for (const Json& r : header.at(3)) {
    c.results.push_back(
        {r.at(0).get<double>(), r.at(1).get<std::uint32_t>(), r.at(2).get<std::uint32_t>()});
  }
  c.make_room = header.at(4).get<bool>();
  const auto& account = header.at(5).get_binary();
  c.account.assign(account.begin(), account.end());
  return c;
}

}  // namespace

/// How long this rank's header is, to every other one, of which some may come much later; theirs by
/// rank. A few bytes: MPI takes them from the sender before the receiver asks.
std::vector<std::size_t> MpiExchange::swap_sizes(std::uint64_t mine) {
  std::vector<boost::mpi::request> sent;
  std::vector<std::size_t> sizes(static_cast<std::size_t>(world_.size()));
  std::vector<int> open;
  for (int rank = 0; rank < world_.size(); ++rank) {
    if (rank == world_.rank()) continue;
    sent.push_back(world_.isend(rank, kSizeTag, &mine, 1));
    open.push_back(rank);
  }
  const auto arrived = [&](int rank) {
    if (!world_.iprobe(rank, kSizeTag)) return false;
    std::uint64_t size = 0;
    world_.recv(rank, kSizeTag, &size, 1);
    sizes[static_cast<std::size_t>(rank)] = static_cast<std::size_t>(size);
    return true;
  };
  sleep_until([&] {
    open.erase(std::remove_if(open.begin(), open.end(), arrived), open.end());
    return open.empty();
  });
  sleep_until([&] {
    return std::all_of(sent.begin(), sent.end(), [](auto& r) { return bool(r.test()); });
  });
  return sizes;
}

/// Every rank's header to every other one; by rank, this one's empty.
std::vector<MpiExchange::Bytes> MpiExchange::swap_headers(const Bytes& mine) {
  const std::vector<std::size_t> sizes = swap_sizes(mine.size());
  return swap(std::vector<Bytes>(sizes.size(), mine), sizes);
}

/// Sends out[r] to rank r and gets sizes[r] bytes from it; by rank, this one's empty.
std::vector<MpiExchange::Bytes> MpiExchange::swap(const std::vector<Bytes>& out,
                                                  const std::vector<std::size_t>& sizes) {
  std::vector<Bytes> in(out.size());
  std::vector<boost::mpi::request> open;
  for (int rank = 0; rank < world_.size(); ++rank) {
    const auto r = static_cast<std::size_t>(rank);
    if (rank == world_.rank()) continue;
    in[r].resize(sizes[r]);
    open.push_back(world_.irecv(rank, kValuesTag, in[r].data(), static_cast<int>(in[r].size())));
    open.push_back(world_.isend(rank, kValuesTag, out[r].data(), static_cast<int>(out[r].size())));
  }
  move_until([&] {
    open.erase(std::remove_if(open.begin(), open.end(), [](auto& r) { return bool(r.test()); }),
               open.end());
    return open.empty();
  });
  return in;
}

/// Every rank combines its share of the values and gives it to the others.
void MpiExchange::combine_shares(const Contribution& mine, const std::vector<double>& samples,
                                 Agreement& all) {
  const Combination& how = mine.combination;
  const auto ranks = static_cast<std::size_t>(world_.size());
  const auto self = static_cast<std::size_t>(world_.rank());
  const auto share = [&](std::size_t rank) { return share_of(how.values, ranks, rank); };
  const auto cut = [&](std::size_t rank) {
    const std::size_t from = share(rank).first * how.value_bytes;
    const std::size_t bytes = share(rank).count * how.value_bytes;
    Bytes piece(mine.values.size() * bytes);
    for (std::size_t p = 0; p < mine.values.size(); ++p) {
      if (bytes != 0) std::memcpy(&piece[p * bytes], &mine.values[p][from], bytes);
    }
    return piece;
  };
  std::vector<Bytes> out;
  for (std::size_t rank = 0; rank < ranks; ++rank) out.push_back(cut(rank));
  const std::size_t bytes = share(self).count * how.value_bytes;
  std::vector<Bytes> pieces = swap(out, std::vector<std::size_t>(ranks, out[self].size()));
  pieces[self] = std::move(out[self]);
  GradientParts parts;
  for (const Bytes& piece : pieces) {
    for (std::size_t p = 0; p < mine.values.size(); ++p) {
      parts.push_back(reinterpret_cast<const std::uint8_t*>(piece.data()) + p * bytes);
    }
  }
  // Behind the values: the index of the first bad one.
  Bytes sum(bytes + sizeof(std::uint64_t));
  const std::uint64_t bad =
      combine(how, parts, samples, share(self).count, reinterpret_cast<std::uint8_t*>(sum.data()));
  std::memcpy(&sum[bytes], &bad, sizeof bad);
  std::vector<std::size_t> sizes;
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    sizes.push_back(share(rank).count * how.value_bytes + sizeof bad);
  }
  std::vector<Bytes> sums = swap(std::vector<Bytes>(ranks, sum), sizes);
  sums[self] = std::move(sum);
  all.values.resize(how.bytes());
  all.bad = how.values;
  for (std::size_t rank = ranks; rank-- > 0;) {
    const Share s = share(rank);
    std::memcpy(all.values.data() + s.first * how.value_bytes, sums[rank].data(),
                s.count * how.value_bytes);
    std::uint64_t first = 0;
    std::memcpy(&first, &sums[rank][s.count * how.value_bytes], sizeof first);
    if (first != s.count) all.bad = s.first + first;
  }
}

std::shared_ptr<const Agreement> MpiExchange::meet(int card, Contribution mine) {
  const std::vector<Bytes> headers = swap_headers(header_of(mine));
  std::vector<Contribution> others;
  for (int rank = 0; rank < world_.size(); ++rank) {
    const bool self = rank == card;
    others.push_back(self ? Contribution{} : from_header(headers[static_cast<std::size_t>(rank)]));
  }
  std::vector<const Contribution*> cards;
  for (int rank = 0; rank < world_.size(); ++rank) {
    cards.push_back(rank == card ? &mine : &others[static_cast<std::size_t>(rank)]);
  }
  auto all = std::make_shared<Agreement>(agree(cards));
  all->bad = mine.combination.values;
  if (all->state == CardState::done && mine.combination.kind != Combination::Kind::none) {
    std::vector<double> samples;
    for (const PartResult& r : all->results) samples.push_back(r.samples);
    combine_shares(mine, samples, *all);
  }
  return all;
}

/// As a contribution to the meeting that the others come to next. Nobody waits for theirs.
void MpiExchange::leave(int card, const std::string& reason) {
  Contribution last;
  last.state = CardState::failed;
  last.reason = reason;
  const Bytes header = header_of(last);
  const std::uint64_t size = header.size();
  std::vector<boost::mpi::request> sent;
  for (int rank = 0; rank < world_.size(); ++rank) {
    if (rank == card) continue;
    sent.push_back(world_.isend(rank, kSizeTag, &size, 1));
    sent.push_back(world_.isend(rank, kValuesTag, header.data(), static_cast<int>(size)));
  }
  // A rank that has ended takes nothing any more.
  const auto end = Clock::now() + std::chrono::seconds(2);
  sleep_until([&] {
    return Clock::now() > end ||
           std::all_of(sent.begin(), sent.end(), [](auto& r) { return bool(r.test()); });
  });
}

void MpiExchange::wait_for_all() {
  MPI_Request request;
  MPI_Ibarrier(world_, &request);
  sleep_until([&] {
    int done = 0;
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    return done != 0;
  });
}

std::vector<std::string> MpiExchange::all_texts(const std::string& mine) {
  const std::vector<Bytes> others = swap_headers({mine.begin(), mine.end()});
  std::vector<std::string> texts;
  for (const Bytes& text : others) texts.emplace_back(text.begin(), text.end());
  texts[static_cast<std::size_t>(world_.rank())] = mine;
  return texts;
}

/// Open MPI asks without end while it waits, for messages of its own too; on a machine with fewer
/// processors than ranks that is at the expense of those that work.
MpiSession::Settings::Settings() { setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0); }

void MpiSession::require_same(const std::string& digest) {
  const std::vector<std::string> digests = exchange_.all_texts(digest);
  for (std::size_t rank = 1; rank < digests.size(); ++rank) {
    if (digests[rank] == digests[0]) continue;
    throw InputError("--mpi: ranks 0 and " + std::to_string(rank) +
                     " have different configurations, data sets or programs (SHA-256 " +
                     digests[0].substr(0, 12) + ".. and " + digests[rank].substr(0, 12) +
                     "..); legal: the same on all ranks");
  }
}

void MpiSession::abort(int code) {
  environment_.abort(code);
  std::_Exit(code);
}

}  // namespace h2
