// SPDX-License-Identifier: Apache-2.0
#include "platform/data/hdf5_file.h"

#include <hdf5.h>

#include <algorithm>
#include <utility>

#include "modules/base/error.h"
#include "modules/base/file.h"
#include "platform/data/hdf5_heaps.h"

namespace h2 {
namespace {

/// A number of the library that is given back.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  hid_t get() const { return id_; }
  bool valid() const { return id_ >= 0; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

constexpr std::size_t kMostElements = std::size_t{1} << 30U;

[[noreturn]] void refuse_object(const std::string& path, const std::string& name,
                                const char* what) {
  throw InputError(path + ": /" + name + " " + what);
}

std::vector<std::size_t> extent(hid_t space, const std::string& path, const std::string& name) {
  const int rank = H5Sget_simple_extent_ndims(space);
  if (rank < 0) refuse_object(path, name, "has no simple shape");
  std::vector<hsize_t> dims(static_cast<std::size_t>(rank));
  if (rank > 0) H5Sget_simple_extent_dims(space, dims.data(), nullptr);
  std::size_t count = 1;
  for (const hsize_t d : dims) {
    if (d > kMostElements || (count *= d) > kMostElements) {
      refuse_object(path, name, "has more than 2^30 elements");
    }
  }
  return {dims.begin(), dims.end()};
}

/// An array much larger than what the file holds of it is refused before memory is taken: deflate
/// packs by 1,032 at most.
void require_stored(hid_t set, std::uint64_t bytes, const std::string& path,
                    const std::string& name) {
  constexpr std::uint64_t kHarmless = std::uint64_t{1} << 24U, kMostPacked = 1032;
  const std::uint64_t stored = H5Dget_storage_size(set);
  if (bytes <= kHarmless || bytes / kMostPacked <= stored) return;
  refuse_object(path, name,
                ("announces " + std::to_string(bytes) + " bytes, of which the file holds " +
                 std::to_string(stored))
                    .c_str());
}

std::size_t element_count(const std::vector<std::size_t>& shape) {
  std::size_t count = 1;
  for (const std::size_t d : shape) count *= d;
  return count;
}

Handle open_dataset(hid_t file, const std::string& path, const std::string& name) {
  const hid_t id = H5Dopen2(file, name.c_str(), H5P_DEFAULT);
  if (id < 0) refuse_object(path, name, "is missing, or no array");
  return {id, H5Dclose};
}

bool holds_numbers(hid_t type) {
  const H5T_class_t kind = H5Tget_class(type);
  if (kind != H5T_ENUM) return kind == H5T_INTEGER || kind == H5T_FLOAT;
  return true;  // booleans of h5py
}

/// A shape for the library; of no dimensions a scalar.
Handle make_space(const std::vector<std::size_t>& shape) {
  const std::vector<hsize_t> dims(shape.begin(), shape.end());
  return {shape.empty() ? H5Screate(H5S_SCALAR)
                        : H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr),
          H5Sclose};
}

Handle make_text_type() {
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  return {type, H5Tclose};
}

void write_array(hid_t file, const std::string& path, const std::string& name, hid_t stored,
                 hid_t given, const std::vector<std::size_t>& shape, const void* values) {
  const Handle space = make_space(shape);
  const Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links.get(), 1);
  const Handle set(
      H5Dcreate2(file, name.c_str(), stored, space.get(), links.get(), H5P_DEFAULT, H5P_DEFAULT),
      H5Dclose);
  if (!set.valid() || H5Dwrite(set.get(), given, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0) {
    throw RunError(path + ": /" + name + " cannot be written");
  }
}

/// Texts of variable length: the library allocates them.
std::vector<std::string> variable_texts(hid_t set, hid_t space, std::size_t count,
                                        const std::string& path, const std::string& name) {
  const Handle file_type(H5Dget_type(set), H5Tclose);
  const Handle type(H5Tcopy(file_type.get()), H5Tclose);
  std::vector<char*> found(count, nullptr);
  if (count > 0 && H5Dread(set, type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, found.data()) < 0) {
    refuse_object(path, name, "cannot be read");
  }
  std::vector<std::string> texts;
  for (const char* text : found) texts.emplace_back(text == nullptr ? "" : text);
  if (count > 0) H5Dvlen_reclaim(type.get(), space, H5P_DEFAULT, found.data());
  return texts;
}

std::vector<std::string> fixed_texts(hid_t set, hid_t type, std::size_t count,
                                     const std::string& path, const std::string& name) {
  const std::size_t size = H5Tget_size(type);
  std::vector<char> found(count * size);
  if (count > 0 && H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, found.data()) < 0) {
    refuse_object(path, name, "cannot be read");
  }
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) {
    const char* begin = &found[i * size];
    texts.emplace_back(begin, std::find(begin, begin + size, '\0'));
  }
  return texts;
}

}  // namespace

Hdf5File::Hdf5File(const std::string& path, Mode mode) : path_(path) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  if (mode == Mode::read) {
    require_plain_file(path, "an HDF5 file");
    require_sound_heaps(path);
    file_ = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
    if (file_ < 0) throw InputError(path + ": cannot be opened, or is no HDF5 file");
    return;
  }
  file_ = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  if (file_ < 0) throw RunError(path + ": cannot be written");
}

Hdf5File::~Hdf5File() {
  if (file_ >= 0) H5Fclose(file_);
}

bool Hdf5File::has(const std::string& name) const {
  // Every part of a path must exist before the next one may be asked for.
  for (std::size_t at = name.find('/'); at != std::string::npos; at = name.find('/', at + 1)) {
    if (H5Lexists(file_, name.substr(0, at).c_str(), H5P_DEFAULT) <= 0) return false;
  }
  return H5Lexists(file_, name.c_str(), H5P_DEFAULT) > 0 &&
         H5Oexists_by_name(file_, name.c_str(), H5P_DEFAULT) > 0;
}

bool Hdf5File::is_group(const std::string& name) const {
  if (!has(name)) return false;
  const Handle group(H5Gopen2(file_, name.c_str(), H5P_DEFAULT), H5Gclose);
  return group.valid();
}

std::vector<std::string> Hdf5File::members(const std::string& group) const {
  const Handle open(H5Gopen2(file_, group.c_str(), H5P_DEFAULT), H5Gclose);
  if (!open.valid()) refuse_object(path_, group, "is missing, or no group");
  std::vector<std::string> names;
  const auto take = [](hid_t, const char* name, const H5L_info_t*, void* list) -> herr_t {
    static_cast<std::vector<std::string>*>(list)->emplace_back(name);
    return 0;
  };
  H5Literate(open.get(), H5_INDEX_NAME, H5_ITER_INC, nullptr, take, &names);
  return names;
}

std::vector<std::size_t> Hdf5File::shape(const std::string& name) const {
  const Handle set = open_dataset(file_, path_, name);
  const Handle space(H5Dget_space(set.get()), H5Sclose);
  return extent(space.get(), path_, name);
}

Hdf5Array Hdf5File::numbers(const std::string& name) const {
  const Handle set = open_dataset(file_, path_, name);
  const Handle space(H5Dget_space(set.get()), H5Sclose), type(H5Dget_type(set.get()), H5Tclose);
  if (!holds_numbers(type.get())) refuse_object(path_, name, "holds no numbers");
  Hdf5Array array{extent(space.get(), path_, name), {}};
  require_stored(set.get(), element_count(array.shape) * H5Tget_size(type.get()), path_, name);
  array.values.resize(element_count(array.shape));
  // libhdf5 converts no enumeration to a number: they are read as the integers they are made of.
  if (H5Tget_class(type.get()) == H5T_ENUM) {
    const Handle base(H5Tget_super(type.get()), H5Tclose);
    std::vector<std::uint8_t> bytes(array.values.size() * H5Tget_size(base.get()));
    if (H5Tget_size(base.get()) != 1 ||
        H5Dread(set.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()) < 0) {
      refuse_object(path_, name, "is an enumeration of more than one byte");
    }
    std::copy(bytes.begin(), bytes.end(), array.values.begin());
    return array;
  }
  if (!array.values.empty() && H5Dread(set.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                                       array.values.data()) < 0) {
    refuse_object(path_, name, "cannot be read");
  }
  return array;
}

std::vector<double> Hdf5File::row(const std::string& name, std::size_t index) const {
  const Handle set = open_dataset(file_, path_, name);
  const Handle space(H5Dget_space(set.get()), H5Sclose), stored(H5Dget_type(set.get()), H5Tclose);
  const std::vector<std::size_t> dims = extent(space.get(), path_, name);
  if (H5Tget_class(stored.get()) != H5T_VLEN || dims.size() != 1 || index >= dims[0]) {
    refuse_object(path_, name, "is no list of lists with that many rows");
  }
  const Handle type(H5Tvlen_create(H5T_NATIVE_DOUBLE), H5Tclose);
  const hsize_t start = index, count = 1;
  H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, &start, nullptr, &count, nullptr);
  const Handle one(H5Screate_simple(1, &count, nullptr), H5Sclose);
  hvl_t found{0, nullptr};
  if (H5Dread(set.get(), type.get(), one.get(), space.get(), H5P_DEFAULT, &found) < 0) {
    refuse_object(path_, name,
                  ("has a row " + std::to_string(index) + " that cannot be read").c_str());
  }
  const auto* values = static_cast<const double*>(found.p);
  std::vector<double> row(values, values + found.len);
  H5Dvlen_reclaim(type.get(), one.get(), H5P_DEFAULT, &found);
  return row;
}

std::vector<std::string> Hdf5File::texts(const std::string& name) const {
  const Handle set = open_dataset(file_, path_, name);
  const Handle space(H5Dget_space(set.get()), H5Sclose), type(H5Dget_type(set.get()), H5Tclose);
  if (H5Tget_class(type.get()) != H5T_STRING) refuse_object(path_, name, "holds no text");
  const std::size_t count = element_count(extent(space.get(), path_, name));
  require_stored(set.get(), count * H5Tget_size(type.get()), path_, name);
  return H5Tis_variable_str(type.get()) > 0
             ? variable_texts(set.get(), space.get(), count, path_, name)
             : fixed_texts(set.get(), type.get(), count, path_, name);
}

void Hdf5File::make_group(const std::string& name) {
  const Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links.get(), 1);
  const Handle group(H5Gcreate2(file_, name.c_str(), links.get(), H5P_DEFAULT, H5P_DEFAULT),
                     H5Gclose);
  if (!group.valid()) throw RunError(path_ + ": /" + name + " cannot be written");
}

void Hdf5File::write(const std::string& name, const std::vector<std::size_t>& shape,
                     const std::vector<float>& values) {
  write_array(file_, path_, name, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, shape, values.data());
}

void Hdf5File::write_integers(const std::string& name, const std::vector<std::size_t>& shape,
                              const std::vector<std::int64_t>& values) {
  write_array(file_, path_, name, H5T_STD_I64LE, H5T_NATIVE_INT64, shape, values.data());
}

void Hdf5File::write_text(const std::string& name, const std::string& text) {
  write_texts(name, {}, {text});
}

void Hdf5File::write_texts(const std::string& name, const std::vector<std::size_t>& shape,
                           const std::vector<std::string>& texts) {
  const Handle type = make_text_type();
  std::vector<const char*> pointers;
  for (const std::string& text : texts) pointers.push_back(text.c_str());
  write_array(file_, path_, name, type.get(), type.get(), shape, pointers.data());
}

}  // namespace h2
