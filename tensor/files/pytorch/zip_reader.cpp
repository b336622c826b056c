#include <algorithm>
#include <vector>

#include "kernels/error.h"
#include "tensor/files/bytes.h"
#include "tensor/files/crc32.h"
#include "tensor/files/pytorch/zip.h"

// PKWARE's APPNOTE.TXT 6.3: entries, each behind a local header; the directory; with zip64 its own
// end and a pointer to it; the directory's end.
namespace melgrad {

namespace {

using namespace std::string_view_literals;
constexpr u64 largest_directory = 32U << 20U, in_zip64 = 0xffffffff;

class Directory {
 public:
  explicit Directory(const InputFile& file) : file_(file) {}

  std::map<std::string, StoredBytes> read() {
    find();
    require(size_ <= largest_directory, "a zip directory of {} bytes is over the limit of {}",
            size_, largest_directory);
    std::string text = bytes(begin_, size_);
    std::vector<Entry> entries;
    for (std::string_view rest = text; !rest.empty();) entries.push_back(entry(rest));
    require(entries.size() == count_, "the zip directory has {} entries, its end says {}",
            entries.size(), count_);
    return located(entries);
  }

 private:
  struct Entry {
    std::string name;
    u64 header = 0;
    StoredBytes where;
  };

  template <class... Args>
  void require(bool ok, std::string_view text, const Args&... args) const {
    check(ok, "load_pytorch", "{}: {}", file_.path(), ok ? "" : format(text, args...));
  }
  std::string bytes(u64 begin, u64 count) const {
    require(begin <= file_.size() && count <= file_.size() - begin,
            "cut off: {} bytes at {} are wanted, the file has {}", count, begin, file_.size());
    std::string text(count, '\0');
    file_.read(begin, text.data(), text.size());
    return text;
  }
  static u64 number(std::string_view bytes, std::size_t at, std::size_t size) {
    return little_endian(bytes.substr(at, size));
  }

  /// Sets begin_, size_ and count_.
  void find() {
    constexpr u64 end_size = 22, pointer_size = 20, end64_size = 56;
    std::string end;
    if (file_.size() >= end_size) end = bytes(file_.size() - end_size, end_size);
    require(end.starts_with("PK\5\6") && end.ends_with("\0\0"sv),
            "cut off, or with a comment: the zip directory's end is not at the file's");
    count_ = number(end, 10, 2);
    size_ = number(end, 12, 4);
    begin_ = number(end, 16, 4);
    if (count_ != 0xffff && size_ != in_zip64 && begin_ != in_zip64) return;
    require(file_.size() >= end_size + pointer_size, "no zip64 directory");
    std::string pointer = bytes(file_.size() - end_size - pointer_size, pointer_size);
    require(pointer.starts_with("PK\6\7"), "no zip64 directory");
    std::string end64 = bytes(number(pointer, 8, 8), end64_size);
    require(end64.starts_with("PK\6\6"), "no zip64 directory");
    count_ = number(end64, 32, 8);
    size_ = number(end64, 40, 8);
    begin_ = number(end64, 48, 8);
  }

  /// Takes one off `rest`.
  Entry entry(std::string_view& rest) const {
    constexpr std::size_t fixed = 46;
    constexpr u64 encrypted = 1;
    require(rest.size() >= fixed && rest.starts_with("PK\1\2"), "the zip directory is damaged");
    std::size_t name = number(rest, 28, 2), extra = number(rest, 30, 2),
                comment = number(rest, 32, 2);
    require(rest.size() >= fixed + name + extra + comment, "the zip directory is damaged");
    Entry e;
    e.name = rest.substr(fixed, name);
    e.where.crc = static_cast<std::uint32_t>(number(rest, 16, 4));
    u64 packed = number(rest, 20, 4);
    e.where.size = number(rest, 24, 4);
    e.header = number(rest, 42, 4);
    take_zip64(rest.substr(fixed + name, extra), {&e.where.size, &packed, &e.header});
    e.where.is_packed = (number(rest, 8, 2) & encrypted) != 0 || number(rest, 10, 2) != 0;
    if (e.where.is_packed) e.where.size = packed;
    require(packed == e.where.size, "{} of {} bytes takes {}", e.name, e.where.size, packed);
    rest.remove_prefix(fixed + name + extra + comment);
    return e;
  }

  /// Those of the numbers that did not fit into 32 bits stand in the extra field 1, in this order.
  static void take_zip64(std::string_view extra, std::initializer_list<u64*> numbers) {
    while (extra.size() >= 4) {
      u64 size = number(extra, 2, 2);
      std::string_view field = extra.substr(4, size);
      if (number(extra, 0, 2) == 1)
        for (u64* each : numbers)
          if (*each == in_zip64 && field.size() >= 8) {
            *each = number(field, 0, 8);
            field.remove_prefix(8);
          }
      extra.remove_prefix(std::min<u64>(extra.size(), 4 + size));
    }
  }

  std::map<std::string, StoredBytes> located(std::vector<Entry>& entries) const {
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return a.header < b.header; });
    std::map<std::string, StoredBytes> found;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      Entry& e = entries[i];
      e.where.begin = data_begin(e);
      u64 limit = i + 1 < entries.size() ? entries[i + 1].header : begin_;
      require(e.where.begin <= limit && e.where.size <= limit - e.where.begin,
              "{} has {} bytes at {}, but what follows begins at {}", e.name, e.where.size,
              e.where.begin, limit);
      if (e.name.ends_with('/')) continue;
      require(found.emplace(e.name, e.where).second, "{} is there twice", e.name);
    }
    return found;
  }
  /// The local header's name and extra field may have other sizes than the directory's.
  u64 data_begin(const Entry& e) const {
    constexpr u64 fixed = 30;
    std::string header = bytes(e.header, fixed);
    require(header.starts_with("PK\3\4"), "{} is not at {}, where the zip directory has it", e.name,
            e.header);
    return e.header + fixed + number(header, 26, 2) + number(header, 28, 2);
  }

  const InputFile& file_;
  u64 begin_ = 0, size_ = 0, count_ = 0;
};

}  // namespace

std::map<std::string, StoredBytes> zip_entries(const InputFile& file) {
  return Directory(file).read();
}

void read_stored(const InputFile& file, std::string_view name, const StoredBytes& where,
                 void* target) {
  file.read(where.begin, target, where.size);
  std::string_view bytes(static_cast<const char*>(target), where.size);
  check(where.crc == 0 || crc32(bytes) == where.crc, "load_pytorch",
        "{}: {} is damaged: its CRC-32 is not {}", file.path(), name, where.crc);
}

}  // namespace melgrad
