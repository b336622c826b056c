#include "tensor/files/hdf5/storage.h"

#include <utility>

#include "tensor/files/bytes.h"
#include "tensor/files/signature.h"

namespace melgrad {
namespace {

using namespace std::string_view_literals;
constexpr std::string_view signature = "\x89HDF\r\n\x1a\n"sv;
constexpr u64 first_place = 512;  // after 0, where the file may begin; then twice as far each time

}  // namespace

Hdf5Cursor::Hdf5Cursor(const Hdf5Storage& storage, std::string bytes, std::string what)
    : storage_(storage), bytes_(std::move(bytes)), what_(std::move(what)) {}

std::string_view Hdf5Cursor::take(u64 count) {
  require(count <= left(), "ends {} bytes too early", count - left());
  at_ += count;
  return std::string_view(bytes_).substr(at_ - count, count);
}

u64 Hdf5Cursor::number(std::size_t bytes) { return little_endian(take(bytes)); }

u64 Hdf5Cursor::address() {
  std::string_view digits = take(storage_.address_bytes());
  bool undefined = digits.find_first_not_of('\xff') == std::string_view::npos;
  return undefined ? Hdf5Storage::undefined_address : little_endian(digits);
}

u64 Hdf5Cursor::length() { return number(storage_.length_bytes()); }

std::string Hdf5Cursor::bytes(u64 count) { return std::string(take(count)); }

void Hdf5Cursor::align() { skip((8 - at_ % 8) % 8); }

void Hdf5Cursor::expect(std::string_view expected) {
  require(take(expected.size()) == expected, "does not begin with {}", expected);
}

std::optional<u64> hdf5_begin(const InputFile& file) {
  std::string bytes(signature.size(), '\0');
  for (u64 place = 0; place + bytes.size() <= file.size();
       place = place == 0 ? first_place : 2 * place) {
    file.read(place, bytes.data(), bytes.size());
    if (bytes == signature) return place;
  }
  return {};
}

Hdf5Storage::Hdf5Storage(const std::filesystem::path& path) : file_(path) {
  std::optional<u64> place = hdf5_begin(file_);
  if (!place) {
    std::string beginning(std::min<u64>(signature_bytes, size()), '\0');
    file_.read(0, beginning.data(), beginning.size());
    std::string_view kind = kind_by_signature(beginning);
    require(false, "not an HDF5 file{}{}", kind.empty() ? "" : ": it is ", kind);
  }
  base_ = *place;
  constexpr u64 most = 96;  // of a superblock, with addresses of 8 bytes
  Hdf5Cursor block = this->block(0, std::min(most, size() - base_), "the superblock");
  block.skip(signature.size());
  u64 version = block.number(1);
  block.require(version <= 3, "version {} is not known", version);
  bool is_old = version < 2;
  if (is_old) block.skip(4);  // versions of what it describes, all 0
  address_bytes_ = block.number(1);
  length_bytes_ = block.number(1);
  block.require(
      (address_bytes_ == 4 || address_bytes_ == 8) && (length_bytes_ == 4 || length_bytes_ == 8),
      "addresses of {} and lengths of {} bytes", address_bytes_, length_bytes_);
  block.skip(is_old ? 9 : 1);       // B-trees' sizes, flags
  if (version == 1) block.skip(4);  // one size more
  block.skip(2 * address_bytes_);   // the base; free space or an extension
  u64 end = block.address();
  block.require(end <= size(), "the file is cut off: it has {} bytes of {}", size(), end);
  if (is_old) block.skip(2 * address_bytes_);  // driver; the root group's name
  root_ = block.address();
}

void Hdf5Storage::check_lies_within(u64 address, u64 bytes, const std::string& what) const {
  u64 all = size() - base_;
  require(address <= all && bytes <= all - address,
          "{}: {} bytes at address {} do not lie within the file's {}", what, bytes,
          address == undefined_address ? "?" : std::to_string(address), all);
}

Hdf5Cursor Hdf5Storage::block(u64 address, u64 bytes, const std::string& what) const {
  constexpr u64 often = 32, little = (1U << 20U) / often;
  check_lies_within(address, bytes, what);
  read_ += bytes;
  require(read_ / often <= size() + little, "{}: what it leads to was read {} times: damaged", what,
          often);
  std::string text(bytes, '\0');
  read(address, text.data(), bytes);
  return {*this, std::move(text), what};
}

}  // namespace melgrad
