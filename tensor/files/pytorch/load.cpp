#include <algorithm>
#include <bit>

#include "kernels/error.h"
#include "tensor/files/bytes.h"
#include "tensor/files/half.h"
#include "tensor/files/pytorch/archive.h"
#include "tensor/files/pytorch/pytorch.h"
#include "tensor/files/pytorch/state_dict.h"

namespace melgrad {

static_assert(std::endian::native == std::endian::little, "the file is read as it lies");

namespace {

using Kind = PickleValue::Kind;
// A stride of 0 gives a tensor of any size for four bytes: so many elements are believed.
constexpr i64 most_repeated = i64{1} << 24U;

/// Signed numbers of `size` bytes each.
void widen(std::string_view bytes, std::size_t size, i64* target) {
  const std::size_t unused = 64 - 8 * size;
  for (std::size_t at = 0; at < bytes.size(); at += size)
    *target++ = static_cast<i64>(little_endian(bytes.substr(at, size)) << unused) >> unused;
}

class StateDictReader {
 public:
  explicit StateDictReader(const std::filesystem::path& path) : path_(path), archive_(path) {}

  TensorFile load() {
    PickledStateDict found = find_state_dict(archive_.object(), path_.string());
    TensorFile result;
    result.metadata = std::move(found.metadata);
    for (const auto& [name, value] : found.tensors) result.tensors[name] = tensor(name, *value);
    return result;
  }

 private:
  template <class... Args>
  void require(bool ok, const std::string& name, std::string_view text, const Args&... args) const {
    check(ok, "load_pytorch", "{}: \"{}\": {}", path_, name, ok ? "" : format(text, args...));
  }

  Tensor tensor(const std::string& name, const PickleValue& value) {
    const PickleValue& storage = *value.items[0];
    i64 offset = value.items[1]->whole, begin = 0, numel = storage.whole;
    if (!storage.items.empty()) {  // a part of a storage
      begin = storage.items[0]->whole;
      numel = storage.items[1]->whole;
      require(begin >= 0 && numel >= 0 && begin <= storage.whole && numel <= storage.whole - begin,
              name, "elements {} to {} + {} are not within a storage of {}", begin, begin, numel,
              storage.whole);
    }
    Shape shape = sizes(name, "size", *value.items[2]);
    Shape strides = sizes(name, "stride", *value.items[3]);
    check_extent(name, shape, strides, offset, numel);
    if (shape.numel() == 0) return empty(shape, storage.type->becomes);
    const Tensor& row = elements(storage.text);
    return {row.storage(), row.dtype(), shape, strides, begin + offset};
  }

  Shape sizes(const std::string& name, std::string_view what, const PickleValue& tuple) const {
    require(tuple.items.size() <= max_rank, name, "{} {}s, at most {} can be", tuple.items.size(),
            what, max_rank);
    Shape shape;
    for (const PickleValue* each : tuple.items) {
      require(each->kind == Kind::whole, name, "a {} is {}", what, name_of(each->kind));
      require(each->whole >= 0, name, "a {} is {}", what, each->whole);
      shape.push_back(each->whole);
    }
    return shape;
  }

  /// The last element must lie in the storage, and no size overflow, also beside one of 0.
  void check_extent(const std::string& name, const Shape& shape, const Shape& strides, i64 offset,
                    i64 numel) const {
    require(shape.rank() == strides.rank(), name, "sizes {}, but strides {}", shape, strides);
    i64 count = 1, last = offset;
    bool overflow = false, is_empty = false;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      i64 size = std::max<i64>(1, shape[axis]), step = 0;
      is_empty |= shape[axis] == 0;
      overflow |= __builtin_mul_overflow(count, size, &count);
      overflow |= __builtin_mul_overflow(size - 1, strides[axis], &step);
      overflow |= __builtin_add_overflow(last, step, &last);
    }
    require(!overflow && offset >= 0 && (is_empty || last < numel), name,
            "sizes {} with strides {} from element {} on reach outside of a storage of {}", shape,
            strides, offset, numel);
    require(count <= std::max(numel, most_repeated), name,
            "sizes {} make {} elements of a storage of {}; known are at most {}", shape, count,
            numel, most_repeated);
  }

  /// All of a storage, in a row.
  const Tensor& elements(std::string_view key) {
    auto [place, is_new] = read_.try_emplace(std::string(key));
    if (is_new) place->second = read(key);
    return place->second;
  }
  Tensor read(std::string_view key) const {
    const auto& [type, numel, where] = archive_.storage(key);
    Tensor row = empty({numel}, type->becomes);
    if (type->bytes == size_of(type->becomes)) {
      archive_.read(key, row.raw());
      return row;
    }
    std::string bytes(where.size, '\0');
    archive_.read(key, bytes.data());
    if (type->becomes == Dtype::i64) {
      widen(bytes, type->bytes, row.data<i64>());
    } else {  // HalfStorage
      for (std::size_t i = 0; i < static_cast<std::size_t>(numel); ++i)
        row.data<float>()[i] = from_half(static_cast<std::uint16_t>(
            little_endian(std::string_view(bytes).substr(i * type->bytes, type->bytes))));
    }
    return row;
  }

  std::filesystem::path path_;
  PyTorchArchive archive_;
  std::map<std::string, Tensor> read_;
};

}  // namespace

TensorFile load_pytorch(const std::filesystem::path& path) { return StateDictReader(path).load(); }

}  // namespace melgrad
