#include "tensor/files/npy.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "tensor/files/file.h"

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

std::optional<Dtype> dtype_named(std::string_view name) {
  if (name == "<f4") return Dtype::f32;
  if (name == "<f8") return Dtype::f64;
  if (name == "<i8") return Dtype::i64;
  if (name == "|u1" || name == "|b1") return Dtype::u8;
  return std::nullopt;
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

}  // namespace

Tensor load_npy(const std::filesystem::path& path) {
  InputFile file(path);
  std::string name = path.string();
  std::array<unsigned char, 12> start{};  // magic, version, length
  check(file.size() >= 10, "load_npy", "{}: {} bytes are too few for a header", name, file.size());
  file.read(0, start.data(), std::min<u64>(start.size(), file.size()));
  check(std::equal(magic.begin(), magic.end(), reinterpret_cast<const char*>(start.data())),
        "load_npy", "{}: not an npy file", name);
  int version = start[6];
  check(version >= 1 && version <= 3 && start[7] == 0, "load_npy",
        "{}: version {}.{} is none of 1.0, 2.0, 3.0", name, version, int{start[7]});
  u64 text_begin = version == 1 ? 10 : 12;
  u64 length = start[8] | u64{start[9]} << 8U;
  if (version > 1) length |= u64{start[10]} << 16U | u64{start[11]} << 24U;
  check(length <= largest_header && text_begin + length <= file.size(), "load_npy",
        "{}: a header of {} bytes is cut off or over the limit of {}", name, length,
        largest_header);
  std::string text(length, '\0');
  file.read(text_begin, text.data(), length);
  Header header = HeaderParser(name, text).parse();

  auto dtype = dtype_named(header.dtype);
  check(dtype.has_value(), "load_npy", "{}: dtype \"{}\"; known are <f4, <f8, <i8, |u1, |b1", name,
        header.dtype);
  u64 bytes = size_of(*dtype), held = file.size() - text_begin - length;
  bool overflow = false;
  for (i64 size : header.shape) {
    overflow |= __builtin_mul_overflow(bytes, static_cast<u64>(size), &bytes);
  }
  check(!overflow && bytes == held, "load_npy", "{}: shape {} {} does not take the {} bytes held",
        name, header.shape, name_of(*dtype), held);
  // Fortran order is row-major order of the transpose.
  Shape stored, axes;
  for (int i = 0; i < header.shape.rank(); ++i) {
    int axis = header.fortran ? header.shape.rank() - 1 - i : i;
    stored.push_back(header.shape[axis]);
    axes.push_back(axis);
  }
  Tensor x = empty(stored, *dtype);
  file.read(text_begin + length, x.raw(), held);
  return x.permute(axes).contiguous();
}

void save_npy(const std::filesystem::path& path, const Tensor& tensor) {
  check(tensor.defined(), "save_npy", "{}: the tensor is undefined", path);
  check(tensor.dtype() != Dtype::bf16, "save_npy",
        "{}: NumPy has no bf16, convert to f32 first: {}", path, tensor);
  std::string header = format("{'descr': '{}', 'fortran_order': False, 'shape': {}, }",
                              name_in_file(tensor.dtype()), tensor.shape());
  constexpr std::size_t before = 10, alignment = 64;  // so that the elements can be mapped
  header.append(alignment - (before + header.size() + 1) % alignment, ' ');
  header += '\n';
  Tensor x = tensor.to(Device::cpu()).contiguous();
  AtomicFile file(path);
  file.write(magic);
  const unsigned char rest[] = {1, 0, static_cast<unsigned char>(header.size() & 255U),
                                static_cast<unsigned char>(header.size() >> 8U)};
  file.write(rest, sizeof rest);
  file.write(header);
  file.write(x.raw(), static_cast<std::size_t>(x.numel()) * size_of(x.dtype()));
  file.commit();
}

}  // namespace melgrad
