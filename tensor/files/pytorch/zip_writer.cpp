#include "tensor/files/bytes.h"
#include "tensor/files/crc32.h"
#include "tensor/files/pytorch/zip.h"

namespace melgrad {

namespace {

using namespace std::string_view_literals;

const std::string in_zip64 = little_endian(0xffffffff, 4);

/// What the local header and the directory both say of an entry, from its version to the lengths.
std::string description(std::string_view name, std::string_view bytes, u64 extra) {
  constexpr u64 version = 45, names_are_utf8 = 1U << 11U, midnight = 0, first_of_1980 = 33;
  return little_endian(version, 2) + little_endian(names_are_utf8, 2) + little_endian(0, 2) +
         little_endian(midnight, 2) + little_endian(first_of_1980, 2) +
         little_endian(crc32(bytes), 4) + in_zip64 + in_zip64 + little_endian(name.size(), 2) +
         little_endian(extra, 2);
}

}  // namespace

// Sizes and offsets are those of zip64 always, as torch.save() has them, so that archives beyond
// 4 GB are no case of their own.
void ZipWriter::add(std::string_view name, std::string_view bytes) {
  constexpr u64 alignment = 64, fixed = 30, zip64 = 4 + 16, filler = 4;
  std::string size = little_endian(bytes.size(), 8);
  u64 header = end_, before = header + fixed + name.size() + zip64 + filler;
  u64 padding = (alignment - before % alignment) % alignment;
  std::string text = "PK\3\4" + description(name, bytes, zip64 + filler + padding);
  text += name;
  text += little_endian(1, 2) + little_endian(16, 2) + size + size;
  text += "FB" + little_endian(padding, 2) + std::string(padding, 'Z');  // torch's own extra field
  file_.write(text);
  file_.write(bytes);
  end_ += text.size() + bytes.size();
  ++entries_;
  directory_ += "PK\1\2" + little_endian(45, 2) + description(name, bytes, 4 + 24);
  directory_ += std::string(2 + 2 + 2 + 4, '\0') + in_zip64;  // comment, disk, attributes; offset
  directory_ += name;
  directory_ += little_endian(1, 2) + little_endian(24, 2) + size + size + little_endian(header, 8);
}

void ZipWriter::finish() {
  std::string count = little_endian(entries_, 8), all = little_endian(0xffff, 2);
  file_.write(directory_);
  file_.write("PK\6\6" + little_endian(44, 8) + little_endian(45, 2) + little_endian(45, 2) +
              little_endian(0, 8) + count + count + little_endian(directory_.size(), 8) +
              little_endian(end_, 8));
  file_.write("PK\6\7" + little_endian(0, 4) + little_endian(end_ + directory_.size(), 8) +
              little_endian(1, 4));
  file_.write("PK\5\6" + little_endian(0, 4) + all + all + in_zip64 + in_zip64 +
              little_endian(0, 2));
}

}  // namespace melgrad
