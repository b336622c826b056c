#include "tensor/files/hdf5/links.h"

#include <algorithm>
#include <utility>

namespace melgrad {
namespace {

constexpr u64 undefined = Hdf5Storage::undefined_address;

class LinkReader {
 public:
  LinkReader(const Hdf5Storage& storage, const std::string& what)
      : storage_(storage), what_(what) {}

  std::map<std::string, u64> read(const std::vector<Hdf5Message>& header) {
    for (const Hdf5Message& message : header) {
      Hdf5Cursor from(storage_, message.bytes, what_);
      if (message.type == Hdf5Message::symbol_table) read_symbol_table(from);
      if (message.type == Hdf5Message::link) read_link(from);
      if (message.type == Hdf5Message::link_info) refuse_dense(from);
    }
    return std::move(links_);
  }

 private:
  void read_symbol_table(Hdf5Cursor& from) {
    u64 tree = from.address(), heap = from.address();
    u64 words = storage_.address_bytes(), sizes = storage_.length_bytes();
    Hdf5Cursor head = storage_.block(heap, 8 + 2 * sizes + words, what_ + ", its names");
    head.expect("HEAP");
    head.skip(4);  // version
    u64 bytes = head.length();
    head.skip(sizes);  // free space
    u64 address = head.address();
    names_ = storage_.block(address, bytes, what_ + ", its names").bytes(bytes);
    read_tree(tree, undefined);
  }

  // A node is one level below its parent, so that no way down has more than 256 of them.
  void read_tree(u64 address, u64 expected_level) {
    const std::string what = what_ + ", its tree";
    u64 words = storage_.address_bytes(), sizes = storage_.length_bytes();
    Hdf5Cursor head = storage_.block(address, 8 + 2 * words, what);
    head.expect("TREE");
    u64 kind = head.number(1), level = head.number(1), entries = head.number(2);
    head.require(kind == 0, "a node of kind {}, not of a group's", kind);
    head.require(expected_level == undefined || level == expected_level,
                 "a node of level {} where one of level {} should be", level, expected_level);
    Hdf5Cursor children = storage_.block(address + 8 + 2 * words, entries * (sizes + words), what);
    for (u64 i = 0; i < entries; ++i) {
      children.skip(sizes);  // the first name below
      u64 child = children.address();
      level > 0 ? read_tree(child, level - 1) : read_leaf(child);
    }
  }

  void read_leaf(u64 address) {
    const std::string what = what_ + ", its entries";
    u64 words = storage_.address_bytes();
    Hdf5Cursor head = storage_.block(address, 8, what);
    head.expect("SNOD");
    head.skip(2);  // version
    u64 count = head.number(2);
    Hdf5Cursor entries = storage_.block(address + 8, count * (2 * words + 24), what);
    for (u64 i = 0; i < count; ++i) {
      u64 name = entries.number(words), object = entries.address();
      constexpr u64 soft = 2;
      u64 kind = entries.number(4);
      entries.skip(20);  // copies of what the object says
      std::size_t end = names_.find('\0', std::min<u64>(name, names_.size()));
      entries.require(end != std::string::npos, "entry {} has its name outside of the names", i);
      add(names_.substr(name, end - name), kind == soft ? undefined : object);
    }
  }

  void read_link(Hdf5Cursor& from) {
    u64 version = from.number(1), flags = from.number(1);
    from.require(version == 1, "a link of version {} is not known", version);
    u64 kind = (flags & 8U) != 0 ? from.number(1) : 0;
    if ((flags & 4U) != 0) from.skip(8);   // its place in order of creation
    if ((flags & 16U) != 0) from.skip(1);  // the name is ASCII or UTF-8
    std::string name = from.bytes(from.number(std::size_t{1} << (flags & 3U)));
    add(name, kind == 0 ? from.address() : undefined);
  }

  void refuse_dense(Hdf5Cursor& from) {
    from.skip(1);  // version
    if ((from.number(1) & 1U) != 0) from.skip(8);
    from.require(from.address() == undefined,
                 "its links are stored densely, as with h5py's libver='latest', which is not read "
                 "here; Keras and h5py.File(name, 'w') write them as they are read");
  }

  // Names that overlap would take more memory than the file.
  void add(std::string name, u64 object) {
    name_bytes_ += name.size();
    storage_.require(name_bytes_ <= storage_.size(), "{}: its names are longer than the file",
                     what_);
    bool is_new = links_.emplace(name, object).second;
    storage_.require(is_new, "{}: has \"{}\" twice", what_, name);
  }

  const Hdf5Storage& storage_;
  const std::string& what_;
  std::string names_;
  u64 name_bytes_ = 0;
  std::map<std::string, u64> links_;
};

}  // namespace

std::map<std::string, u64> read_links(const Hdf5Storage& storage,
                                      const std::vector<Hdf5Message>& header,
                                      const std::string& what) {
  return LinkReader(storage, what).read(header);
}

}  // namespace melgrad
