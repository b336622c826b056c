#include "tensor/files/hdf5/datatype.h"

#include <algorithm>
#include <limits>

namespace melgrad {
namespace {

// The classes, by number.
constexpr const char* class_names[] = {"integer",
                                       "float",
                                       "time",
                                       "string",
                                       "bit field",
                                       "opaque value",
                                       "compound",
                                       "reference",
                                       "enumeration (bool)",
                                       "variable-length sequence",
                                       "array"};
enum Class : u64 { whole = 0, real = 1, text = 3, opaque = 5, variable = 9, classes = 11 };

/// IEEE 754's layout in `bits`, sign first, then exponent, then fraction.
bool has_layout(Hdf5Cursor& from, u64 sign, u64 bits, u64 exponent, u64 fraction) {
  u64 offset = from.number(2), precision = from.number(2), exponent_at = from.number(1),
      exponent_bits = from.number(1), fraction_at = from.number(1), fraction_bits = from.number(1),
      bias = from.number(4);
  return offset == 0 && precision == bits && sign == bits - 1 && exponent_at == fraction &&
         exponent_bits == exponent && fraction_at == 0 && fraction_bits == fraction &&
         bias == (u64{1} << (exponent - 1)) - 1;
}

Hdf5Type::Kind float_kind(Hdf5Cursor& from, u64 sign, u64 bytes) {
  using enum Hdf5Type::Kind;
  Hdf5Cursor again = from;
  bool is_real = (bytes == 2 && has_layout(from, sign, 16, 5, 10)) ||
                 (bytes == 4 && has_layout(from, sign, 32, 8, 23)) ||
                 (bytes == 8 && has_layout(from, sign, 64, 11, 52));
  if (is_real) return real;
  return bytes == 2 && has_layout(again, sign, 16, 8, 7) ? bfloat16 : other;
}

}  // namespace

Hdf5Type read_datatype(Hdf5Cursor& from) {
  u64 number = from.number(1) & 15U;
  u64 bits = from.number(3);
  Hdf5Type type;
  type.bytes = from.number(4);
  type.name = format("{}{} of {} bytes", number <= real && (bits & 1U) != 0 ? "big-endian " : "",
                     number < classes ? class_names[number] : "unknown", type.bytes);
  from.require(type.bytes > 0, "a {}", type.name);
  bool little_endian = (bits & (number == real ? 65U : 1U)) == 0;
  using enum Hdf5Type::Kind;
  if (number == Class::whole && little_endian) {
    type.is_signed = (bits & 8U) != 0;
    u64 offset = from.number(2), precision = from.number(2);
    bool is_plain = offset == 0 && precision == 8 * type.bytes;
    bool is_known = type.bytes == 1 || type.bytes == 2 || type.bytes == 4 || type.bytes == 8;
    if (is_plain && is_known) type.kind = Hdf5Type::Kind::whole;
  } else if (number == Class::real && little_endian) {
    type.kind = float_kind(from, bits >> 8U & 255U, type.bytes);
  } else if (number == Class::text) {
    type.kind = Hdf5Type::Kind::text;
    type.space_padded = (bits & 15U) == 2;
  } else if (number == Class::variable && (bits & 15U) == 1) {
    type.kind = Hdf5Type::Kind::reference;
  } else if (number == Class::opaque) {
    type.kind = Hdf5Type::Kind::opaque;
  }
  return type;
}

Hdf5Space read_dataspace(Hdf5Cursor& from) {
  u64 version = from.number(1), rank = from.number(1), flags = from.number(1);
  from.require(version == 1 || version == 2, "a dataspace of version {} is not known", version);
  u64 kind = from.number(version == 1 ? 5 : 1);
  constexpr u64 most = 8, null = 2;
  from.require(rank <= most, "{} axes are more than {}", rank, most);
  Hdf5Space space;
  if (version == 2 && kind == null) {
    space.shape = {0};
    space.elements = 0;
    return space;
  }
  constexpr auto largest = static_cast<u64>(std::numeric_limits<i64>::max());
  bool too_many = false;
  u64 places = 1;  // also where another axis is empty: strides are their products
  for (u64 axis = 0; axis < rank; ++axis) {
    u64 size = from.length();
    from.require(size <= largest, "axis {} has {} elements", axis, size);
    space.shape.push_back(static_cast<i64>(size));
    too_many |= __builtin_mul_overflow(places, std::max<u64>(size, 1), &places);
    space.elements *= size;
  }
  from.require(!too_many && places <= largest, "shape {} has too many elements", space.shape);
  if ((flags & 1U) != 0) from.skip(rank * from.storage().length_bytes());  // how far it may grow
  return space;
}

}  // namespace melgrad
