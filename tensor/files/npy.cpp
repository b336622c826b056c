#include "tensor/files/npy.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <utility>

#include "tensor/files/file.h"
#include "tensor/files/half.h"
#include "tensor/files/signature.h"

// The format (NEP 1, numpy.lib.format): "\x93NUMPY", version, length of the header (2 bytes in
// version 1, 4 after), a Python dictionary {'descr': '<f4', 'fortran_order': False, 'shape': (3,
// 4), }, the elements.
namespace melgrad {

namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr u64 largest_header = 1'000'000;

struct Header {
  std::string dtype;
  bool fortran = false;
  Shape shape;
};

/// Reads the one dictionary that NumPy writes.
class HeaderParser {
 public:
  HeaderParser(std::string where, std::string_view text) : where_(std::move(where)), text_(text) {}

  Header parse() {
    Header header;
    int seen = 0;
    expect('{');
    while (!accept('}')) {
      std::string key = quoted();
      expect(':');
      if (key == "descr") {
        header.dtype = quoted(), seen |= 1;
      } else if (key == "fortran_order") {
        header.fortran = truth(), seen |= 2;
      } else if (key == "shape") {
        header.shape = tuple(), seen |= 4;
      } else {
        wrong("unknown key \"" + key + "\"");
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_spaces();
    if (!text_.empty()) wrong("text after the dictionary");
    if (seen != 7) wrong("descr, fortran_order or shape is missing");
    return header;
  }

 private:
  [[noreturn]] void wrong(const std::string& what) const {
    fail("load_npy", "{}: the header is wrong: {}", where_, what);
  }
  void skip_spaces() {
    auto end = text_.find_first_not_of(" \n\t\r");
    text_.remove_prefix(std::min(end, text_.size()));
  }
  bool accept(char wanted) {
    skip_spaces();
    bool found = text_.starts_with(wanted);
    if (found) text_.remove_prefix(1);
    return found;
  }
  void expect(char wanted) {
    if (!accept(wanted)) wrong(std::string("a ") + wanted + " is missing");
  }
  std::string quoted() {
    skip_spaces();
    if (text_.starts_with('[')) wrong("its elements are structures, not numbers");
    if (text_.empty() || (text_[0] != '\'' && text_[0] != '"')) wrong("a quoted word is missing");
    auto end = text_.find(text_[0], 1);
    if (end == std::string_view::npos) wrong("a quote is not closed");
    std::string word(text_.substr(1, end - 1));
    text_.remove_prefix(end + 1);
    return word;
  }
  bool truth() {
    skip_spaces();
    for (std::string_view word : {"True", "False"}) {
      if (!text_.starts_with(word)) continue;
      text_.remove_prefix(word.size());
      return word == "True";
    }
    wrong("fortran_order is neither True nor False");
  }
  Shape tuple() {
    Shape shape;
    expect('(');
    while (!accept(')')) {
      i64 size = -1;
      const char* first = text_.data();
      auto [end, error] = std::from_chars(first, first + text_.size(), size);
      if (error != std::errc() || size < 0)
        wrong("a size is not a whole number from 0 to 2^63 - 1");
      text_.remove_prefix(static_cast<std::size_t>(end - first));
      if (text_.starts_with('L')) text_.remove_prefix(1);  // a long of Python 2
      if (shape.rank() == max_rank) wrong("more than " + std::to_string(max_rank) + " axes");
      shape.push_back(size);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return shape;
  }

  std::string where_;
  std::string_view text_;
};

/// y[i], as wide as the tensor has it, of the i-th From.
template <class From>
void widen(const char* from, i64 count, void* y) {
  for (i64 i = 0; i < count; ++i) {
    From value;
    std::memcpy(&value, from + i * static_cast<i64>(sizeof value), sizeof value);
    static_cast<i64*>(y)[i] = value;
  }
}
void widen_half(const char* from, i64 count, void* y) {
  for (i64 i = 0; i < count; ++i) {
    std::uint16_t half = 0;
    std::memcpy(&half, from + i * 2, 2);
    static_cast<float*>(y)[i] = from_half(half);
  }
}

struct Elements {
  std::string_view name;  // what follows the order of bytes: < > or, of single bytes, |
  std::size_t bytes;
  Dtype becomes;
  void (*widen)(const char* from, i64 count, void* y);  // null: as they lie
};
constexpr Elements known_elements[] = {
    {"f2", 2, Dtype::f32, widen_half},
    {"f4", 4, Dtype::f32, nullptr},
    {"f8", 8, Dtype::f64, nullptr},
    {"i1", 1, Dtype::i64, widen<std::int8_t>},
    {"i2", 2, Dtype::i64, widen<std::int16_t>},
    {"i4", 4, Dtype::i64, widen<std::int32_t>},
    {"i8", 8, Dtype::i64, nullptr},
    {"u1", 1, Dtype::u8, nullptr},
    {"u2", 2, Dtype::i64, widen<std::uint16_t>},
    {"u4", 4, Dtype::i64, widen<std::uint32_t>},
    {"u8", 8, Dtype::i64, nullptr},
    {"b1", 1, Dtype::u8, nullptr},
};

const Elements& elements_named(std::string_view descr, const std::string& file) {
  check(!descr.starts_with("|O"), "load_npy", "{}: holds Python objects (a pickle), not numbers",
        file);
  bool has_order = descr.find_first_of("<>|") == 0;
  const auto* found =
      std::find_if(std::begin(known_elements), std::end(known_elements),
                   [&](const Elements& each) { return has_order && each.name == descr.substr(1); });
  check(found != std::end(known_elements), "load_npy",
        "{}: dtype \"{}\"; known are f2, f4, f8, i1, i2, i4, i8, u1, u2, u4, u8, b1", file, descr);
  return *found;
}

/// The elements from byte `begin` on as a tensor of `shape`.
Tensor read_elements(const InputFile& file, u64 begin, const Elements& elements, bool big_endian,
                     const Shape& shape) {
  Tensor x = empty(shape, elements.becomes);
  std::size_t bytes = static_cast<std::size_t>(x.numel()) * elements.bytes;
  std::string narrow(elements.widen ? bytes : 0, '\0');
  char* place = elements.widen ? narrow.data() : static_cast<char*>(x.raw());
  file.read(begin, place, bytes);
  for (std::size_t i = 0; i < bytes && big_endian; i += elements.bytes)
    std::reverse(place + i, place + i + elements.bytes);
  if (elements.widen) elements.widen(place, x.numel(), x.raw());
  if (elements.name != "u8") return x;
  bool fits = std::all_of(x.data<i64>(), x.data<i64>() + x.numel(), [](i64 v) { return v >= 0; });
  check(fits, "load_npy", "{}: has numbers above 2^63 - 1", file.path());
  return x;
}

std::string_view name_in_file(Dtype dtype) {
  switch (dtype) {
    case Dtype::f32: return "<f4";
    case Dtype::f64: return "<f8";
    case Dtype::i64: return "<i8";
    case Dtype::u8: return "|u1";
    case Dtype::bf16: break;
  }
  return {};
}

/// The header, and where the elements begin.
std::pair<Header, u64> read_header(const InputFile& file) {
  const std::filesystem::path& name = file.path();
  check(file.size() >= 10, "load_npy", "{}: {} bytes are too few for a header", name, file.size());
  std::string start(signature_bytes, '\0');
  file.read(0, start.data(), std::min<u64>(start.size(), file.size()));
  if (!start.starts_with(magic)) {
    std::string_view kind = kind_by_signature(start);
    fail("load_npy", "{}: not an npy file{}{}", name, kind.empty() ? "" : ": it is ", kind);
  }
  auto byte = [&](std::size_t i) { return u64{static_cast<unsigned char>(start[i])}; };
  u64 version = byte(6), text_begin = version == 1 ? 10 : 12, length = byte(8) | byte(9) << 8U;
  check(version >= 1 && version <= 3 && byte(7) == 0, "load_npy",
        "{}: version {}.{} is none of 1.0, 2.0, 3.0", name, version, byte(7));
  if (version > 1) length |= byte(10) << 16U | byte(11) << 24U;
  check(length <= largest_header && text_begin + length <= file.size(), "load_npy",
        "{}: a header of {} bytes is cut off or over the limit of {}", name, length,
        largest_header);
  std::string text(length, '\0');
  file.read(text_begin, text.data(), length);
  return {HeaderParser(name.string(), text).parse(), text_begin + length};
}

}  // namespace

Tensor load_npy(const std::filesystem::path& path) {
  InputFile file(path);
  auto [header, begin] = read_header(file);
  const Elements& elements = elements_named(header.dtype, path.string());
  u64 bytes = elements.bytes, held = file.size() - begin;
  bool overflow = false;
  for (i64 size : header.shape)
    overflow |= __builtin_mul_overflow(bytes, static_cast<u64>(size), &bytes);
  bool cut_off = overflow || bytes > held;
  check(!cut_off && bytes == held, "load_npy", "{}: {}shape {} {} does not take the {} bytes held",
        path, cut_off ? "cut off: " : "", header.shape, elements.name, held);
  // Fortran order is row-major order of the transpose.
  Shape stored, axes;
  for (int i = 0; i < header.shape.rank(); ++i) {
    int axis = header.fortran ? header.shape.rank() - 1 - i : i;
    stored.push_back(header.shape[axis]);
    axes.push_back(axis);
  }
  Tensor x = read_elements(file, begin, elements, header.dtype.starts_with('>'), stored);
  return x.permute(axes).contiguous();
}

std::string encode_npy(const Tensor& tensor) {
  check(tensor.defined(), "encode_npy", "the tensor is undefined");
  check(tensor.dtype() != Dtype::bf16, "encode_npy", "NumPy has no bf16, convert to f32 first: {}",
        tensor);
  std::string header = format("{'descr': '{}', 'fortran_order': False, 'shape': {}, }",
                              name_in_file(tensor.dtype()), tensor.shape());
  constexpr std::size_t before = 10, alignment = 64;  // so that the elements can be mapped
  header.append(alignment - (before + header.size() + 1) % alignment, ' ');
  header += '\n';
  const char version_and_length[] = {1, 0, static_cast<char>(header.size() & 255U),
                                     static_cast<char>(header.size() >> 8U)};
  std::string bytes = std::string(magic).append(version_and_length, 4) + header;
  Tensor x = tensor.to(Device::cpu()).contiguous();
  return bytes.append(static_cast<const char*>(x.raw()),
                      static_cast<std::size_t>(x.numel()) * size_of(x.dtype()));
}

void save_npy(const std::filesystem::path& path, const Tensor& tensor) {
  write_file(path, encode_npy(tensor));
}

}  // namespace melgrad
