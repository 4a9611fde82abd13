// SPDX-License-Identifier: Apache-2.0
#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "modules/base/error.h"
#include "platform/host/riscv/elf_image.h"
#include "tests/test_folder.h"

namespace h2 {
namespace {

constexpr std::uint32_t kBase = 0x80000000, kSize = 0x10000;

/// A file with one segment of eight bytes; `change` spoils it.
struct Parts {
  Elf32_Ehdr header{};
  Elf32_Phdr segment{};
  std::vector<std::uint8_t> bytes{1, 2, 3, 4, 5, 6, 7, 8};
};

class ElfFileTest : public ::testing::Test {
 protected:
  std::string path_ = (test_folder() / "program.elf").string();
  ~ElfFileTest() override { std::filesystem::remove(path_); }

  void write(const std::function<void(Parts&)>& change = [](Parts&) {}) {
    Parts p;
    std::memcpy(p.header.e_ident, ELFMAG, SELFMAG);
    p.header.e_ident[EI_CLASS] = ELFCLASS32;
    p.header.e_ident[EI_DATA] = ELFDATA2LSB;
    p.header.e_ident[EI_VERSION] = EV_CURRENT;
    p.header.e_type = ET_EXEC;
    p.header.e_machine = EM_RISCV;
    p.header.e_version = EV_CURRENT;
    p.header.e_entry = kBase + 4;
    p.header.e_phoff = p.header.e_ehsize = sizeof p.header;
    p.header.e_phentsize = sizeof p.segment;
    p.header.e_phnum = 1;
    p.segment = {PT_LOAD, sizeof p.header + sizeof p.segment, kBase, kBase, 8, 16, PF_R | PF_X, 4};
    change(p);
    std::ofstream file(path_, std::ios::binary);
    file.write(reinterpret_cast<const char*>(&p.header), sizeof p.header);
    file.write(reinterpret_cast<const char*>(&p.segment), sizeof p.segment);
    file.write(reinterpret_cast<const char*>(p.bytes.data()),
               static_cast<std::streamsize>(p.bytes.size()));
  }

  /// The file is refused with a text that names it and holds `part`.
  void expect_refused(const std::string& part) {
    try {
      read_elf(path_, kBase, kSize);
      ADD_FAILURE() << "accepted";
    } catch (const InputError& e) {
      EXPECT_NE(std::string(e.what()).find(path_), std::string::npos) << e.what();
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    }
  }
};

TEST_F(ElfFileTest, SegmentsAndEntry) {
  write();
  const ElfImage image = read_elf(path_, kBase, kSize);
  EXPECT_EQ(image.entry, kBase + 4);
  ASSERT_EQ(image.segments.size(), 1U);
  EXPECT_EQ(image.segments[0].address, kBase);
  EXPECT_EQ(image.segments[0].bytes, (std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST_F(ElfFileTest, MissingFile) { expect_refused("No such file"); }

TEST_F(ElfFileTest, NotAnElfFile) {
  std::ofstream(path_) << "#!/bin/sh\n";
  expect_refused("not an ELF file");
}

TEST_F(ElfFileTest, OtherMachine) {
  write([](Parts& p) { p.header.e_machine = EM_X86_64; });
  expect_refused("machine 62");
}

TEST_F(ElfFileTest, NotExecutable) {
  write([](Parts& p) { p.header.e_type = ET_REL; });
  expect_refused("type 1");
}

TEST_F(ElfFileTest, OutsideRam) {
  write([](Parts& p) { p.segment.p_vaddr = p.segment.p_paddr = 0x1000; });
  expect_refused("legal: 0x80000000 to 0x8000ffff");
}

TEST_F(ElfFileTest, LargerThanRam) {
  write([](Parts& p) { p.segment.p_memsz = kSize + 1; });
  expect_refused("outside RAM");
}

TEST_F(ElfFileTest, CutOff) {
  write([](Parts& p) { p.bytes.resize(3); });
  expect_refused("cut off");
}

/// A segment of zeros alone, as one with .bss only, has no bytes in the file.
TEST_F(ElfFileTest, ZerosOnly) {
  write([](Parts& p) { p.segment.p_filesz = 0; });
  const ElfImage image = read_elf(path_, kBase, kSize);
  ASSERT_EQ(image.segments.size(), 1U);
  EXPECT_TRUE(image.segments[0].bytes.empty());
}

TEST_F(ElfFileTest, Empty) {
  write([](Parts& p) { p.segment.p_memsz = p.segment.p_filesz = 0; });
  expect_refused("nothing to load");
}

TEST(ElfImage, NamesOfAddresses) {
  ElfImage image;
  image.functions = {{0x100, "first"}, {0x200, "second"}};
  EXPECT_EQ(image.name_of(0xFF), "");
  EXPECT_EQ(image.name_of(0x100), "first");
  EXPECT_EQ(image.name_of(0x1FE), "first+0xfe");
  EXPECT_EQ(image.name_of(0x204), "second+0x4");
}

}  // namespace
}  // namespace h2
