#include "tensor/files/hdf5/datatype.h"
#include "tensor/files/hdf5/hdf5.h"
#include "tensor/files/hdf5/header.h"

// Attributes (IV.A.2.m), and the heaps where texts of any length lie (III.E).
namespace melgrad {
namespace {

struct Hdf5Attribute {
  std::string name;
  Hdf5Type type;
  Hdf5Space space;
  std::string data;
};

// The part of a message that describes the type or the space; in version 1 it fills 8 bytes each.
Hdf5Cursor part(Hdf5Cursor& from, u64 bytes, u64 version, const std::string& what) {
  Hdf5Cursor cut(from.storage(), from.bytes(bytes), what);
  if (version == 1) from.align();
  return cut;
}

/// Only the name where it is not `wanted`.
Hdf5Attribute read_attribute(const Hdf5Storage& storage, const Hdf5Message& message,
                             const std::string& object, const std::string& wanted) {
  Hdf5Cursor from(storage, message.bytes, object + ", an attribute");
  u64 version = from.number(1), flags = from.number(1);
  from.require(version >= 1 && version <= 3, "version {} is not known", version);
  u64 name_bytes = from.number(2), type_bytes = from.number(2), space_bytes = from.number(2);
  if (version == 3) from.skip(1);  // the name is ASCII or UTF-8
  Hdf5Attribute attribute;
  attribute.name = from.bytes(name_bytes);
  attribute.name.resize(std::min(attribute.name.size(), attribute.name.find('\0')));
  if (attribute.name != wanted) return attribute;
  const std::string what = object + ", attribute \"" + wanted + "\"";
  storage.require(!message.shared && (version == 1 || flags == 0), "{}: its type lies elsewhere",
                  what);
  if (version == 1) from.align();
  Hdf5Cursor type = part(from, type_bytes, version, what);
  attribute.type = read_datatype(type);
  Hdf5Cursor space = part(from, space_bytes, version, what);
  attribute.space = read_dataspace(space);
  u64 bytes = 0;
  bool too_many = __builtin_mul_overflow(attribute.space.elements, attribute.type.bytes, &bytes);
  storage.require(!too_many && bytes <= from.left(), "{}: {} × {} do not lie in its {} bytes", what,
                  attribute.space.elements, attribute.type.name, from.left());
  attribute.data = from.bytes(bytes);
  return attribute;
}

/// The objects of one collection.
class GlobalHeap {
 public:
  GlobalHeap(const Hdf5Storage& storage, const std::string& what)
      : storage_(storage), what_(what) {}

  std::string object(u64 address, u64 index, u64 bytes) {
    if (address != address_) read(address);
    auto found = places_.find(index);
    storage_.require(found != places_.end(), "{}: no text {} in the heap at address {}", what_,
                     index, address);
    auto [begin, size] = found->second;
    storage_.require(bytes <= size, "{}: a text of {} bytes in {}", what_, bytes, size);
    return collection_.substr(begin, bytes);
  }

 private:
  void read(u64 address) {
    u64 sizes = storage_.length_bytes();
    Hdf5Cursor head = storage_.block(address, 8 + sizes, what_);
    head.expect("GCOL");
    head.skip(4);  // version
    u64 all = head.length();
    collection_ = storage_.block(address, all, what_).bytes(all);
    places_.clear();
    Hdf5Cursor from(storage_, collection_, what_);
    from.skip(8 + sizes);
    u64 prefix = 8 + sizes;
    while (from.left() >= prefix) {
      u64 index = from.number(2);
      from.skip(6);  // how many refer to it
      u64 bytes = from.length();
      if (index == 0) break;  // the rest is free
      places_[index] = {all - from.left(), bytes};
      from.skip(bytes);
      from.align();
    }
    address_ = address;
  }

  const Hdf5Storage& storage_;
  const std::string& what_;
  u64 address_ = Hdf5Storage::undefined_address;
  std::string collection_;
  std::map<u64, std::pair<u64, u64>> places_;
};

std::string without_padding(std::string text, bool spaces) {
  text.resize(std::min(text.size(), text.find('\0')));
  if (spaces) text.resize(text.find_last_not_of(' ') + 1);
  return text;
}

}  // namespace

bool Hdf5Object::has_attribute(const std::string& name) const {
  for (const Hdf5Message& message : *header_)
    if (message.type == Hdf5Message::attribute &&
        read_attribute(*storage_, message, path_, "").name == name)
      return true;
  return false;
}

std::vector<std::string> Hdf5Object::texts(const std::string& name) const {
  const std::string what = path_ + ", attribute \"" + name + "\"";
  Hdf5Attribute attribute;
  bool found = false;
  for (const Hdf5Message& message : *header_) {
    if (message.type != Hdf5Message::attribute || found) continue;
    attribute = read_attribute(*storage_, message, path_, name);
    found = attribute.name == name;
  }
  storage_->require(found, "{}: there is none{}", what,
                    has(Hdf5Message::attribute_info)
                        ? ", unless it is stored densely, which is not read here"
                        : "");
  std::vector<std::string> all;
  if (attribute.space.elements == 0) return all;
  bool is_reference = attribute.type.kind == Hdf5Type::Kind::reference;
  storage_->require(is_reference || attribute.type.kind == Hdf5Type::Kind::text,
                    "{}: is no text but a {}", what, attribute.type.name);
  Hdf5Cursor from(*storage_, attribute.data, what);
  GlobalHeap heap(*storage_, what);
  u64 bytes = 0;  // many references to one text would take more memory than the file
  for (u64 i = 0; i < attribute.space.elements; ++i) {
    std::string text;
    if (is_reference) {
      u64 size = from.number(4), address = from.address(), index = from.number(4);
      if (size > 0) text = heap.object(address, index, size);
      if (size > 0) text = without_padding(std::move(text), false);
    } else {
      text = without_padding(from.bytes(attribute.type.bytes), attribute.type.space_padded);
    }
    bytes += text.size();
    storage_->require(bytes <= storage_->size(), "{}: its texts are longer than the file", what);
    all.push_back(std::move(text));
  }
  return all;
}

std::string Hdf5Object::text(const std::string& name) const {
  std::vector<std::string> all = texts(name);
  storage_->require(all.size() == 1, "{}, attribute \"{}\": {} texts, not one", path_, name,
                    all.size());
  return all[0];
}

}  // namespace melgrad
