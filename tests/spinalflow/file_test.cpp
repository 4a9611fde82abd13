// SPDX-License-Identifier: Apache-2.0
#include "modules/base/file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "modules/base/error.h"
#include "modules/spinalflow/spine_file.h"
#include "modules/tensor/npy.h"
#include "tests/spinalflow/random_layer.h"
#include "tests/test_folder.h"

namespace h2 {
namespace {

const SpineShape kFileShape{3, 4, 20, 6};
const std::string kFile = (test_folder() / "spikes.spines").string();

std::string refusal_of(const std::string& path) {
  try {
    read_spines(path);
  } catch (const InputError& e) {
    return e.what();
  }
  return "";
}

/// Writes lists that nobody has checked.
std::string refusal_of_list(const Spine& first_list) {
  SpineMap map(kFileShape);
  map.spines[0] = first_list;
  write_spines(kFile, {map});
  return refusal_of(kFile);
}

TEST(SpineFile, ListsAndSpikesThereAndBack) {
  const std::vector<SpineMap> maps{random_spikes(kFileShape, 0.2, 1),
                                   random_spikes(kFileShape, 0.05, 2)};
  write_spines(kFile, maps);
  const std::vector<SpineMap> lists = read_spines(kFile);
  const std::string npy = (test_folder() / "spikes.npy").string();
  write_spikes(npy, lists);
  EXPECT_EQ(read_npy(npy).shape, (std::vector<std::size_t>{2, 6, 20, 3, 4}));
  const std::vector<SpineMap> back = read_spikes(npy);
  ASSERT_EQ(back.size(), 2U);
  for (int s = 0; s < 2; ++s) {
    for (int p = 0; p < kFileShape.positions(); ++p) {
      EXPECT_EQ(lists[s].spines[p], maps[s].spines[p]);
      EXPECT_EQ(back[s].spines[p], maps[s].spines[p]);
    }
  }
}

TEST(SpineFile, DamagedListsAreNamed) {
  const std::string where = kFile + ": list of sample 0, row 0, column 0: ";
  EXPECT_EQ(refusal_of_list({{3, 2}, {2, 2}}),
            where + "not sorted by tick and neuron, or a spike twice");
  EXPECT_EQ(refusal_of_list({{3, 6}}), where + "a tick outside the time of the network");
  EXPECT_EQ(refusal_of_list({{20, 0}}), where + "a neuron of another position");
  EXPECT_EQ(refusal_of_list(Spine(121, {0, 0})), where + "more spikes than channels times ticks");
}

TEST(SpineFile, DamagedFilesAreNamed) {
  std::ofstream(kFile) << "something else";
  EXPECT_EQ(refusal_of(kFile), kFile + ": no file of spike lists: it does not begin with SPINES1");
  write_spines(kFile, {random_spikes(kFileShape, 0.5, 3)});
  std::vector<std::uint8_t> bytes = read_bytes(kFile);
  const auto write = [&] {
    std::ofstream(kFile, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<long>(bytes.size()));
  };
  bytes.resize(bytes.size() - 5);
  write();
  EXPECT_NE(refusal_of(kFile).find("row 2, column 3: lies behind the end of the file"),
            std::string::npos);
  bytes.resize(60);
  write();
  EXPECT_EQ(refusal_of(kFile), kFile + ": ends within the table of its lists");
  bytes[24] = 0;
  bytes[25] = 2;
  write();
  EXPECT_EQ(refusal_of(kFile), kFile + ": ticks is 512: legal are 1 to 256");
}

TEST(SpineFile, AveragesAreNoSpikes) {
  const std::string npy = (test_folder() / "quarters.npy").string();
  const std::vector<std::uint8_t> values{0, 2};
  write_npy(npy, NpyType::uint8, {1, 2, 1, 1, 1}, values.data());
  EXPECT_THROW(read_spikes(npy), InputError);
  write_npy(npy, NpyType::uint8, {1, 2}, values.data());
  EXPECT_THROW(read_spikes(npy), InputError);
}

}  // namespace
}  // namespace h2
