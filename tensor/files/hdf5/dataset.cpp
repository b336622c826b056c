#include <algorithm>
#include <bit>
#include <cstdint>

#include "tensor/files/half.h"
#include "tensor/files/hdf5/datatype.h"
#include "tensor/files/hdf5/hdf5.h"
#include "tensor/files/hdf5/header.h"

// Where a dataset's numbers lie (IV.A.2.i), and what they become.
namespace melgrad {

static_assert(std::endian::native == std::endian::little, "the file is read as it lies");

namespace {

/// Of the object's only message of a kind.
Hdf5Cursor message_of(const Hdf5Storage& storage, const std::vector<Hdf5Message>& header, u64 type,
                      const std::string& path, std::string_view name) {
  for (const Hdf5Message& message : header) {
    if (message.type != type) continue;
    storage.require(!message.shared, "{}: its {} lies elsewhere, which is not read here", path,
                    name);
    return {storage, message.bytes, path + ", its " + std::string(name)};
  }
  storage.require(false, "{}: is no dataset: it has no {}", path, name);
  return {storage, "", ""};
}

struct Place {
  u64 address = Hdf5Storage::undefined_address, bytes = 0;
  std::string here;  // compact: the data themselves
};

Place read_layout(Hdf5Cursor& from) {
  u64 version = from.number(1);
  from.require(version >= 3 && version <= 5, "version {} is not known", version);
  enum Class : u64 { compact, contiguous, chunked };
  u64 kind = from.number(1);
  from.require(kind != chunked,
               "in chunks, compressed or not, which Keras never writes and is not read here; "
               "h5repack -f NONE -l CONTI IN OUT makes them one block");
  from.require(kind < chunked, "of kind {} is not known", kind);
  Place place;
  if (kind == compact) {
    place.bytes = from.number(2);
    place.here = from.bytes(place.bytes);
  } else {
    place.address = from.address();
    place.bytes = from.length();
  }
  return place;
}

template <class From>
void widen(const std::string& bytes, Tensor& to) {
  std::vector<From> values(bytes.size() / sizeof(From));
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(values.data()));
  std::copy(values.begin(), values.end(), to.data<i64>());
}

void widen_half(const std::string& bytes, Tensor& to) {
  std::vector<std::uint16_t> values(bytes.size() / 2);
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(values.data()));
  std::transform(values.begin(), values.end(), to.data<float>(), from_half);
}

/// What an element becomes; without `widen` it is that already.
struct Form {
  Hdf5Type::Kind kind;
  u8 bytes;
  bool is_signed;
  Dtype becomes;
  void (*widen)(const std::string& bytes, Tensor& to);
};
using enum Hdf5Type::Kind;
constexpr Form forms[] = {
    {real, 2, false, Dtype::f32, widen_half},
    {real, 4, false, Dtype::f32, nullptr},
    {real, 8, false, Dtype::f64, nullptr},
    {bfloat16, 2, false, Dtype::bf16, nullptr},
    {whole, 1, true, Dtype::i64, widen<std::int8_t>},
    {whole, 2, true, Dtype::i64, widen<std::int16_t>},
    {whole, 4, true, Dtype::i64, widen<std::int32_t>},
    {whole, 8, true, Dtype::i64, nullptr},
    {whole, 1, false, Dtype::u8, nullptr},
    {whole, 2, false, Dtype::i64, widen<std::uint16_t>},
    {whole, 4, false, Dtype::i64, widen<std::uint32_t>},
    {whole, 8, false, Dtype::i64, nullptr},
};

}  // namespace

Hdf5Dataset::Hdf5Dataset(std::shared_ptr<const Hdf5Storage> storage, u64 address, std::string path)
    : Hdf5Object(std::move(storage), address, std::move(path)) {
  Hdf5Cursor space = message_of(*storage_, *header_, Hdf5Message::dataspace, path_, "dataspace");
  shape_ = read_dataspace(space).shape;
}

u64 Hdf5Dataset::bytes_in_file() const {
  Hdf5Cursor layout = message_of(*storage_, *header_, Hdf5Message::layout, path_, "layout");
  return read_layout(layout).bytes;
}

Tensor Hdf5Dataset::read() const {
  Hdf5Cursor from = message_of(*storage_, *header_, Hdf5Message::datatype, path_, "datatype");
  Hdf5Type type = read_datatype(from);
  // Keras's bf16, for which HDF5 had no name.
  if (type.kind == Hdf5Type::Kind::opaque && type.bytes == 2 && has_attribute("dtype") &&
      text("dtype") == "bfloat16")
    type.kind = Hdf5Type::Kind::bfloat16;
  const Form* form = std::find_if(std::begin(forms), std::end(forms), [&](const Form& each) {
    return each.kind == type.kind && each.bytes == type.bytes && each.is_signed == type.is_signed;
  });
  from.require(form != std::end(forms),
               "a {} is not read here; f16, bf16, f32, f64 and whole numbers are", type.name);
  storage_->require(!has(Hdf5Message::external_files), "{}: its data lie in another file", path_);
  Hdf5Cursor layout = message_of(*storage_, *header_, Hdf5Message::layout, path_, "layout");
  Place place = read_layout(layout);
  u64 bytes = 0;
  bool too_many = __builtin_mul_overflow(static_cast<u64>(shape_.numel()), type.bytes, &bytes);
  layout.require(!too_many && bytes == place.bytes, "{} bytes, where {} {} takes {}", place.bytes,
                 type.name, shape_, bytes);
  bool is_here = place.here.size() == bytes;
  if (!is_here) {
    layout.require(place.address != Hdf5Storage::undefined_address, "nothing was ever written");
    storage_->check_lies_within(place.address, bytes, path_);
  }
  Tensor x = empty(shape_, form->becomes);
  std::string data = is_here ? place.here : std::string(form->widen == nullptr ? 0 : bytes, '\0');
  void* target = form->widen == nullptr ? x.raw() : data.data();
  if (!is_here)
    storage_->read(place.address, target, bytes);
  else if (form->widen == nullptr)
    std::copy(data.begin(), data.end(), static_cast<char*>(x.raw()));
  if (form->widen != nullptr) form->widen(data, x);
  bool may_wrap = type.kind == whole && type.bytes == 8 && !type.is_signed;
  storage_->require(!may_wrap || std::none_of(x.data<i64>(), x.data<i64>() + x.numel(),
                                              [](i64 value) { return value < 0; }),
                    "{}: a number is over 2^63 - 1", path_);
  return x;
}

}  // namespace melgrad
