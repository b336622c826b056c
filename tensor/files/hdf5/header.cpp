#include "tensor/files/hdf5/header.h"

#include <algorithm>
#include <utility>

namespace melgrad {
namespace {

constexpr u64 known[] = {
    Hdf5Message::dataspace, Hdf5Message::link_info,      Hdf5Message::datatype,
    Hdf5Message::link,      Hdf5Message::external_files, Hdf5Message::layout,
    Hdf5Message::attribute, Hdf5Message::symbol_table,   Hdf5Message::attribute_info};
constexpr u64 flag_shared = 2, flag_never_ignore = 128;

/// Reads a header's blocks, of which each may name further ones.
class HeaderReader {
 public:
  HeaderReader(const Hdf5Storage& storage, const std::string& what)
      : storage_(storage), what_(what) {}

  std::vector<Hdf5Message> read(u64 address) {
    Hdf5Cursor start = storage_.block(address, 4, what_);
    if (start.bytes(4) == "OHDR")
      read_version_2(address);
    else
      read_version_1(address);
    for (std::size_t i = 0; i < more_.size(); ++i) {
      auto [place, bytes] = more_[i];
      Hdf5Cursor next = block(place, bytes);
      if (version_ == 2) next.expect("OCHK");
      read_messages(next);
    }
    storage_.require(version_ == 2 || count_ == promised_, "{}: has {} messages of {}", what_,
                     count_, promised_);
    return std::move(messages_);
  }

 private:
  // Blocks that overlap could go on for ever.
  Hdf5Cursor block(u64 address, u64 bytes) {
    storage_.require(bytes <= storage_.size() - read_, "{}: has more bytes than the file", what_);
    read_ += bytes;
    return storage_.block(address, bytes, what_);
  }

  void read_version_1(u64 address) {
    Hdf5Cursor prefix = storage_.block(address, 16, what_);
    u64 version = prefix.number(1);
    prefix.require(version == 1, "version {} is not known: is it one?", version);
    prefix.skip(1);
    promised_ = prefix.number(2);
    prefix.skip(4);  // how many links lead here
    u64 bytes = prefix.number(4);
    Hdf5Cursor messages = block(address + 16, bytes);
    read_messages(messages);
  }

  void read_version_2(u64 address) {
    constexpr u64 most = 36;  // bytes before the messages
    Hdf5Cursor prefix =
        storage_.block(address, std::min(most, storage_.bytes_from(address)), what_);
    prefix.expect("OHDR");
    u64 version = prefix.number(1), flags = prefix.number(1), all = prefix.left();
    prefix.require(version == 2, "version {} is not known", version);
    version_ = 2;
    has_order_ = (flags & 4U) != 0;
    if ((flags & 32U) != 0) prefix.skip(16);  // times
    if ((flags & 16U) != 0) prefix.skip(4);   // when attributes are stored elsewhere
    u64 bytes = prefix.number(std::size_t{1} << (flags & 3U));
    u64 begin = address + 6 + all - prefix.left();
    storage_.check_lies_within(begin, bytes, what_);
    Hdf5Cursor messages = block(begin, bytes + checksum);
    read_messages(messages);
  }

  void read_messages(Hdf5Cursor& from) {
    const u64 prefix = version_ == 1 ? 8 : has_order_ ? 6 : 4;
    const u64 after = version_ == 1 ? 0 : checksum;
    while (from.left() >= prefix + after && (version_ == 2 || count_ < promised_)) {
      ++count_;
      Hdf5Message message;
      message.type = from.number(version_ == 1 ? 2 : 1);
      u64 bytes = from.number(2), flags = from.number(1);
      from.skip(prefix - (version_ == 1 ? 5 : 4));
      message.shared = (flags & flag_shared) != 0;
      message.bytes = from.bytes(bytes);
      if (message.type == Hdf5Message::continuation) {
        Hdf5Cursor where(storage_, std::move(message.bytes), what_);
        u64 place = where.address();
        more_.emplace_back(place, where.length());
      } else if (std::count(std::begin(known), std::end(known), message.type) != 0) {
        messages_.push_back(std::move(message));
      } else {
        from.require((flags & flag_never_ignore) == 0,
                     "a message of type {} is not known and may not be ignored", message.type);
      }
    }
  }

  static constexpr u64 checksum = 4;  // not looked at: version 1, which Keras writes, has none

  const Hdf5Storage& storage_;
  const std::string& what_;
  u64 version_ = 1, promised_ = 0, count_ = 0, read_ = 0;
  bool has_order_ = false;
  std::vector<std::pair<u64, u64>> more_;
  std::vector<Hdf5Message> messages_;
};

}  // namespace

std::vector<Hdf5Message> read_object_header(const Hdf5Storage& storage, u64 address,
                                            const std::string& what) {
  return HeaderReader(storage, what).read(address);
}

}  // namespace melgrad
