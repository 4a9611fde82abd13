// SPDX-License-Identifier: Apache-2.0
#include "modules/tensor/npy.h"

#include <cstring>

#include "tests/data/input_files.h"

namespace h2 {
namespace {

class Npy : public FolderTest {
 protected:
  /// A .npy file from its header text and data, padded as NumPy does.
  void write_raw(const std::string& header, const std::string& data) const {
    std::string text = header;
    text.append(63 - (10 + text.size()) % 64, ' ');
    text += '\n';
    std::string prefix("\x93NUMPY\x01\x00", 8);
    prefix += static_cast<char>(text.size());
    prefix += '\0';
    write("a.npy", prefix + text + data);
  }
  void expect_error(std::initializer_list<const char*> parts) const {
    expect_input_error([this] { read_npy(path("a.npy")); }, parts);
  }
};

TEST_F(Npy, WritesTheBytesNumPyWrites) {
  const float values[6] = {0, 1, 2, 3, 4, 5};
  write_npy(path("w.npy"), NpyType::float32, {2, 3}, values);
  write_raw("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
            std::string(reinterpret_cast<const char*>(values), sizeof values));
  const auto content = [this](const char* name) {
    std::ifstream file(path(name), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  EXPECT_EQ(content("w.npy").size(), 128U + sizeof values);
  EXPECT_EQ(content("w.npy"), content("a.npy"));
}

TEST_F(Npy, RoundTripsEveryTypeAndRank) {
  const std::uint16_t halves[4] = {0x3C00, 0xC000, 0x0001, 0x7BFF};
  const std::int32_t ints[2] = {-7, 1 << 20};
  const std::uint8_t bytes[3] = {0, 1, 255};
  const float single = 0.1F;
  write_npy(path("h.npy"), NpyType::float16, {2, 1, 2}, halves);
  write_npy(path("i.npy"), NpyType::int32, {2}, ints);
  write_npy(path("b.npy"), NpyType::uint8, {3, 1}, bytes);
  write_npy(path("f.npy"), NpyType::float32, {}, &single);
  EXPECT_EQ(read_npy(path("h.npy")).shape, (std::vector<std::size_t>{2, 1, 2}));
  EXPECT_EQ(read_npy(path("h.npy")).to_float(),
            (std::vector<float>{1.0F, -2.0F, 0x1p-24F, 65504.0F}));
  EXPECT_EQ(read_npy(path("i.npy")).shape, std::vector<std::size_t>{2});
  EXPECT_EQ(read_npy(path("i.npy")).to_float(), (std::vector<float>{-7.0F, 1048576.0F}));
  EXPECT_EQ(read_npy(path("b.npy")).to_float(), (std::vector<float>{0.0F, 1.0F, 255.0F}));
  EXPECT_EQ(read_npy(path("f.npy")).to_float(), std::vector<float>{0.1F});
}

TEST_F(Npy, EmptyArray) {
  write_npy(path("e.npy"), NpyType::uint8, {0, 4}, nullptr);
  EXPECT_EQ(read_npy(path("e.npy")).count(), 0U);
}

TEST_F(Npy, NamesForeignFile) {
  write("a.npy", "PK\x03\x04 not an array");
  expect_error({"a.npy", "not a NumPy"});
}

TEST_F(Npy, NamesVersion) {
  write("a.npy", std::string("\x93NUMPY\x02\x00\x10\x00\x00\x00", 12));
  expect_error({"a.npy", "version 2.0", "legal: 1.0"});
}

TEST_F(Npy, NamesTruncatedHeader) {
  write("a.npy", std::string("\x93NUMPY\x01\x00\x76\x00{'descr'", 18));
  expect_error({"a.npy", "truncated inside the .npy header"});
}

TEST_F(Npy, NamesMissingField) {
  write_raw("{'descr': '<f4', 'shape': (1,), }", "abcd");
  expect_error({"a.npy", "fortran_order"});
  write_raw("{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1,), }", "abcd");
  expect_error({"a.npy", "fortran_order"});
  write_raw("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,), }", "abcd");
  expect_error({"a.npy", "descr"});
  write_raw("{'descr': '<f4', 'fortran_order': False, 'shape': (1 + 1), }", "abcd");
  expect_error({"a.npy", "shape"});
  write_raw("{'descr': '<f4', 'fortran_order': False, 'shape': ", "abcd");
  expect_error({"a.npy", "shape"});
}

TEST_F(Npy, HeaderIsADictionary) {
  const auto good = [this](const std::string& header) {
    write_raw(header, "abcd");
    EXPECT_EQ(read_npy(path("a.npy")).shape, std::vector<std::size_t>{1}) << header;
  };
  good("{'shape': (1,), 'fortran_order': False, 'descr': '<f4'}");
  good("{\"descr\": \"<f4\", \"fortran_order\":False,\"shape\":(1,)}");
  good("{ 'descr' : '<f4' , 'fortran_order' : False , 'shape' : ( 1 , ) , }");
  const auto bad = [this](const std::string& header, const char* part) {
    write_raw(header, "abcd");
    expect_error({"a.npy", part});
  };
  // What looks like a field inside of another one is none.
  bad("{'descr': \"'shape': (9,), <f4\", 'fortran_order': False}", "'shape'");
  bad("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'shape': (2,), }", "'shape'");
  bad("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}", "legal: descr");
  bad("{'descr': '<f4', 'fortran_order': Falsehood, 'shape': (1,), }", "'fortran_order'");
  bad("{'descr': '<f4' 'fortran_order': False, 'shape': (1,), }", "'descr'");
  bad("{'descr': '<f4', 'fortran_order': False, 'shape': (1), }", "'shape'");
  bad("{'descr': '<f4', 'fortran_order': False, 'shape': (01,), }", "'shape'");
  bad("{'descr': '<f4', 'fortran_order': False, 'shape': (1 1), }", "'shape'");
  bad("{'descr': '<f4', 'fortran_order': False, 'shape': (, 1), }", "'shape'");
  bad("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "'shape'");
  bad("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } {}", "text follows");
  bad("{'descr': '<f\\x34', 'fortran_order': False, 'shape': (1,), }", "'descr'");
  bad("['descr', '<f4', 'fortran_order', False, 'shape', (1,)]", "'dictionary'");
  bad("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)", "'shape'");
  bad("", "'dictionary'");
}

TEST_F(Npy, NamesElementType) {
  write_raw("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", "abcdefgh");
  expect_error({"a.npy", "'<f8'", "<f2, <f4, |u1, |i1, |b1, <u2, <i4, <i8"});
}

TEST_F(Npy, NamesFortranOrder) {
  write_raw("{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }", "abcd");
  expect_error({"a.npy", "Fortran"});
}

TEST_F(Npy, NamesWrongAmountOfData) {
  write_raw("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", "abcd");
  expect_error({"a.npy", "(2, 3) needs 24 bytes", "holds 4"});
  write_raw("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "abcdefgh");
  expect_error({"a.npy", "(1,) needs 4 bytes", "holds 8"});
}

TEST_F(Npy, NamesAbsurdShape) {
  write_raw("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", "");
  expect_error({"a.npy", "99999999999999999999", "too large"});
  write_raw(
      "{'descr': '|u1', 'fortran_order': False, 'shape': (900000000, 900000000, 900000000), }",
      "abcd");
  expect_error({"a.npy", "holds 4"});
}

TEST_F(Npy, NamesMissingFile) { expect_error({"a.npy", "cannot be opened"}); }

TEST_F(Npy, FailsToWriteIntoMissingFolder) {
  const std::uint8_t byte = 1;
  EXPECT_THROW(write_npy(path("none/a.npy"), NpyType::uint8, {1}, &byte), RunError);
}

}  // namespace
}  // namespace h2
