#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tensor/tensor.h"

/// HDF5 files as h5py writes them for Keras, read by ourselves (README.md: what, and why not by
/// libhdf5). Everything that a file says is checked against its size before anything is allocated: a
/// damaged file is an Error that names it and the object. One thread at a time reads an open file.
namespace melgrad {

class Hdf5Storage;
struct Hdf5Message;

/// Whether Hdf5File is the class for it: by its first bytes, or by those at 512, 1024, 2048 …, before
/// which there may be anything.
bool is_hdf5(const std::filesystem::path& path);

/// What groups and datasets have in common: a path, and attributes, of which texts are read.
class Hdf5Object {
 public:
  /// "/model_weights/conv2d"
  const std::string& path() const { return path_; }
  bool has_attribute(const std::string& name) const;
  /// An attribute's texts, of fixed size or not, in row-major order; a scalar is one; no elements are
  /// no texts, whatever their type. Throws Error where there is no such attribute, or it is no text.
  std::vector<std::string> texts(const std::string& name) const;
  /// The one text of an attribute.
  std::string text(const std::string& name) const;

 protected:
  Hdf5Object(std::shared_ptr<const Hdf5Storage> storage, u64 address, std::string path);
  bool has(u64 message_type) const;

  std::shared_ptr<const Hdf5Storage> storage_;
  std::string path_;
  std::shared_ptr<const std::vector<Hdf5Message>> header_;
};

/// Numbers.
class Hdf5Dataset final : public Hdf5Object {
 public:
  Hdf5Dataset(std::shared_ptr<const Hdf5Storage> storage, u64 address, std::string path);
  const Shape& shape() const { return shape_; }
  /// f16 and f32 as f32, f64, bf16, u8; all other whole numbers as i64. Throws Error on other types,
  /// on big-endian ones, on data in chunks (compressed ones, too) or in another file.
  Tensor read() const;
  u64 bytes_in_file() const;

 private:
  Shape shape_;
};

class Hdf5Group final : public Hdf5Object {
 public:
  Hdf5Group(std::shared_ptr<const Hdf5Storage> storage, u64 address, std::string path);
  /// In order of their bytes.
  std::vector<std::string> names() const;
  /// `path` steps down: "conv2d/kernel:0". Throws Error where it leads to nothing, or to a dataset
  /// where a group is asked for, or the other way round, and lists what is there.
  Hdf5Group group(const std::string& path) const;
  Hdf5Dataset dataset(const std::string& path) const;
  bool has_group(const std::string& name) const;  // of this group

 private:
  template <class Object>
  Object open(const std::string& path) const;
  u64 address_of(const std::string& name) const;

  std::map<std::string, u64> links_;
};

class Hdf5File {
 public:
  explicit Hdf5File(const std::filesystem::path& path);
  Hdf5Group root() const;
  u64 bytes() const;

 private:
  std::shared_ptr<const Hdf5Storage> storage_;
};

}  // namespace melgrad
