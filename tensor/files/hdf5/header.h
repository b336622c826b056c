#pragma once
#include <string>
#include <vector>

#include "tensor/files/hdf5/storage.h"

namespace melgrad {

/// One thing that is said of an object: its datatype, an attribute, a link (IV.A.2).
struct Hdf5Message {
  enum Type : u64 {
    dataspace = 0x01,
    link_info = 0x02,
    datatype = 0x03,
    link = 0x06,
    external_files = 0x07,
    layout = 0x08,
    attribute = 0x0c,
    continuation = 0x10,
    symbol_table = 0x11,
    attribute_info = 0x15,
  };
  u64 type = 0;
  bool shared = false;  // the bytes say where it is, not what
  std::string bytes;
};

/// The messages above of the object at `address`, in their order. Throws Error where the header of
/// version 1 or 2 is damaged, and where it has a message that must not be ignored.
std::vector<Hdf5Message> read_object_header(const Hdf5Storage& storage, u64 address,
                                            const std::string& what);

}  // namespace melgrad
