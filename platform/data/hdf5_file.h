// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace h2 {

/// An array of numbers from an HDF5 file; a scalar has no dimensions.
struct Hdf5Array {
  std::vector<std::size_t> shape;
  std::vector<double> values;  ///< exact for every type up to 53 bits
};

/// An HDF5 file through libhdf5. Names are paths inside the file, "/" joins. Throws InputError that
/// names file and object; the library's own messages stay off the console.
class Hdf5File {
 public:
  enum class Mode { read, create };
  /// Creating throws RunError.
  Hdf5File(const std::string& path, Mode mode);
  ~Hdf5File();
  Hdf5File(const Hdf5File&) = delete;
  Hdf5File& operator=(const Hdf5File&) = delete;

  const std::string& path() const { return path_; }
  bool has(const std::string& name) const;
  /// Members of a group, by name.
  std::vector<std::string> members(const std::string& group) const;
  bool is_group(const std::string& name) const;

  std::vector<std::size_t> shape(const std::string& name) const;
  Hdf5Array numbers(const std::string& name) const;
  /// One row of a list of lists, as the spikes of SHD.
  std::vector<double> row(const std::string& name, std::size_t index) const;
  /// Texts of fixed or variable length, in row order.
  std::vector<std::string> texts(const std::string& name) const;

  void make_group(const std::string& name);
  /// FP32, row order.
  void write(const std::string& name, const std::vector<std::size_t>& shape,
             const std::vector<float>& values);
  void write_integers(const std::string& name, const std::vector<std::size_t>& shape,
                      const std::vector<std::int64_t>& values);
  void write_text(const std::string& name, const std::string& text);
  void write_texts(const std::string& name, const std::vector<std::size_t>& shape,
                   const std::vector<std::string>& texts);

 private:
  std::string path_;
  std::int64_t file_ = -1;
};

}  // namespace h2
