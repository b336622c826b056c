#pragma once
#include <string>

#include "tensor/files/hdf5/storage.h"
#include "tensor/shape.h"

namespace melgrad {

/// What an element is (IV.A.2.d).
struct Hdf5Type {
  enum class Kind : u8 {
    whole,
    real,
    bfloat16,
    text,       // of a fixed size
    reference,  // to a text in a global heap
    opaque,
    other,
  };
  Kind kind = Kind::other;
  u64 bytes = 0;
  bool is_signed = false;
  bool space_padded = false;  // a text: by spaces, else by zeros
  std::string name;           // "big-endian float of 4 bytes", for errors
};
Hdf5Type read_datatype(Hdf5Cursor& from);

/// The sizes of a dataset or attribute (IV.A.2.b). No axes: one element. Null: none, (0).
struct Hdf5Space {
  Shape shape;
  u64 elements = 1;
};
Hdf5Space read_dataspace(Hdf5Cursor& from);

}  // namespace melgrad
