#pragma once
#include <filesystem>
#include <map>
#include <string>

#include "tensor/files/pytorch/pickle.h"
#include "tensor/files/pytorch/zip.h"

namespace melgrad {

/// A storage that a file's object refers to, and where its bytes are.
struct FileStorage {
  const StorageType* type = nullptr;
  i64 numel = 0;
  StoredBytes where;
};

/// An open file of torch.save()'s: the object in it, of which storages are named but not read.
///
/// Since torch 1.6 it is a zip archive: NAME/data.pkl, the object's pickle; NAME/data/KEY, a
/// storage's bytes; NAME/byteorder, "little", since 2.1. Before, five pickles one after the other:
/// a magic number, the protocol 1001, a dict about the machine, the object, a list of the storages'
/// keys; then for each key a count of elements (i64), and the elements.
class PyTorchArchive {
 public:
  /// Throws Error that names the file, and what in it is wrong where: a file of another format, a
  /// TorchScript archive, big-endian numbers, a pickle that unpickle() refuses, storages that are
  /// missing, of other sizes than the object says, or have bytes left over.
  explicit PyTorchArchive(const std::filesystem::path& path);
  PyTorchArchive(const PyTorchArchive&) = delete;
  PyTorchArchive& operator=(const PyTorchArchive&) = delete;

  const PickleValue& object() const { return *object_.root; }
  const FileStorage& storage(std::string_view key) const { return storages_.find(key)->second; }
  /// Reads all bytes of one.
  void read(std::string_view key, void* target) const;

 private:
  template <class... Args>
  void require(bool ok, std::string_view text, const Args&... args) const;
  void read_zip();
  void read_stream();
  std::size_t object_begin(const std::string& place) const;
  void list_storages();
  u64 place_storage(std::string_view key, FileStorage& storage, u64 at) const;
  StoredBytes entry(const std::map<std::string, StoredBytes>& entries,
                    const std::string& name) const;
  std::string text_of(const std::map<std::string, StoredBytes>& entries,
                      const std::string& name) const;

  InputFile file_;
  std::string pickle_;  // of the object; of the older format the file's beginning with all five
  Unpickled object_;
  std::map<std::string, FileStorage, std::less<>> storages_;
};

}  // namespace melgrad
