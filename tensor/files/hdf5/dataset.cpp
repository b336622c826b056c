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

template <class From, class To>
void convert(const std::string& bytes, Tensor& to) {
  std::vector<From> values(bytes.size() / sizeof(From));
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(values.data()));
  To* target = to.data<To>();
  for (From value : values) {
    if constexpr (std::is_same_v<To, float>)
      *target++ = from_half(value);
    else
      *target++ = static_cast<To>(value);
  }
}

void convert_whole(const std::string& bytes, const Hdf5Type& type, Tensor& to) {
  switch (type.bytes) {
    case 1: return convert<std::int8_t, i64>(bytes, to);
    case 2:
      return type.is_signed ? convert<std::int16_t, i64>(bytes, to)
                            : convert<std::uint16_t, i64>(bytes, to);
    case 4:
      return type.is_signed ? convert<std::int32_t, i64>(bytes, to)
                            : convert<std::uint32_t, i64>(bytes, to);
    default: return convert<u64, i64>(bytes, to);
  }
}

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
  bool is_real = type.kind == Hdf5Type::Kind::real, is_bf16 = type.kind == Hdf5Type::Kind::bfloat16;
  from.require(is_real || is_bf16 || type.kind == Hdf5Type::Kind::whole,
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
  bool as_it_lies = is_bf16 || (is_real && type.bytes > 2) ||
                    (!is_real && type.bytes == 8 && type.is_signed) ||
                    (!is_real && type.bytes == 1 && !type.is_signed);
  Dtype dtype = is_bf16                              ? Dtype::bf16
                : is_real && type.bytes == 8         ? Dtype::f64
                : is_real                            ? Dtype::f32
                : type.bytes == 1 && !type.is_signed ? Dtype::u8
                                                     : Dtype::i64;
  Tensor x = empty(shape_, dtype);
  std::string data = is_here ? place.here : std::string(as_it_lies ? 0 : bytes, '\0');
  void* target = as_it_lies ? x.raw() : data.data();
  if (is_here && as_it_lies && bytes > 0)
    std::copy(data.begin(), data.end(), static_cast<char*>(target));
  if (!is_here) storage_->read(place.address, target, bytes);
  if (as_it_lies) return x;
  if (is_real)
    convert<std::uint16_t, float>(data, x);
  else
    convert_whole(data, type, x);
  return x;
}

}  // namespace melgrad
