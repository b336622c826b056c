#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "kernels/error.h"

/// A reader of protobuf's wire format (protobuf.dev/programming-guides/encoding): a message is a row
/// of fields, each a number and a varint, 4 bytes, 8 bytes or a stretch of bytes.
namespace melgrad::onnx {

struct Field {
  std::uint64_t number = 0;
  std::uint64_t value = 0;      // varint, or the bits of 4 or 8 bytes
  std::string_view bytes = {};  // a string, a nested message or packed numbers
  bool is_bytes = false;

  float as_float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(value)); }
  std::int64_t as_int() const { return static_cast<std::int64_t>(value); }
};

/// Takes numbers and fields off the front of a stretch of bytes. Throws Error where it ends early.
class Reader {
 public:
  explicit Reader(std::string_view message) : rest_(message) {}
  bool done() const { return rest_.empty(); }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
    fail("protobuf", "a number is longer than 10 bytes");
  }

  Field field() {
    std::uint64_t key = varint();
    Field field = {.number = key >> 3U};
    switch (key & 7U) {
      case 0: field.value = varint(); break;
      case 1: field.value = fixed(8); break;
      case 2:
        field.is_bytes = true;
        field.bytes = take(varint());
        break;
      case 5: field.value = fixed(4); break;
      default: fail("protobuf", "there is no wire type {}", key & 7U);
    }
    return field;
  }

  /// Little-endian, `size` bytes.
  std::uint64_t fixed(std::size_t size) {
    std::uint64_t value = 0;
    std::memcpy(&value, take(size).data(), size);
    return value;
  }

 private:
  std::string_view take(std::uint64_t size) {
    check(size <= rest_.size(), "protobuf", "{} bytes wanted, {} left", size, rest_.size());
    std::string_view front = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return front;
  }

  std::string_view rest_;
};

}  // namespace melgrad::onnx
