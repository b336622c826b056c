#include "audio/collections/feature_rows.h"

#include <algorithm>
#include <charconv>

#include "audio/collections/content_hash.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

/// A power cut may lose so many rows of a process; in exchange the disk is waited for so seldom.
constexpr std::size_t rows_at_a_time = 64;

/// All of it is compared when the file is opened. Rows begin on a page.
std::string header_of(const std::string& recipe, const Shape& shape, Dtype dtype) {
  std::string text = "melgrad rows, format 1\n" + to_string(shape) + " " +
                     std::string(name_of(dtype)) + "\n" + recipe + "\n";
  constexpr std::size_t page = 4096;
  text.resize((text.size() + page - 1) / page * page, '\n');
  return text;
}

fs::path with_ending(fs::path stem, const char* ending) { return stem += ending; }

/// "17 key"
struct KeyLine {
  i64 row = -1;
  std::string key;
};
std::optional<KeyLine> parse(std::string_view line) {
  auto text = without_checksum(line);
  if (!text) return std::nullopt;
  KeyLine parsed;
  const char* end = text->data() + text->size();
  auto [after, error] = std::from_chars(text->data(), end, parsed.row);
  if (error != std::errc{} || after == end || parsed.row < 0) return std::nullopt;
  parsed.key.assign(after + 1, end);
  return parsed;
}

/// While it lives, no other thread and no other process writes.
class WritingAlone {
 public:
  explicit WritingAlone(SharedFile& file) : file_(file) { file_.lock_alone(); }
  WritingAlone(const WritingAlone&) = delete;
  WritingAlone& operator=(const WritingAlone&) = delete;
  ~WritingAlone() { file_.unlock(); }

 private:
  SharedFile& file_;
};

}  // namespace

FeatureRows::State::State(const fs::path& stem, const std::string& recipe, const Shape& row_shape,
                          Dtype row_dtype, std::function<void()> when_grown)
    : shape(row_shape),
      dtype(row_dtype),
      row_bytes(static_cast<std::size_t>(shape.numel()) * size_of(dtype)),
      header_bytes(header_of(recipe, shape, dtype).size()),
      when_grown_(std::move(when_grown)) {
  check(row_bytes > 0, "cache", "rows {} have no values", shape);
  std::string header = header_of(recipe, shape, dtype);
  while (!open(stem, header)) {
  }
  rows->touch();
}

// False: somebody removed the file meanwhile, or it was damaged and is out of the way now.
bool FeatureRows::State::open(const fs::path& stem, const std::string& header) {
  row_of_.clear();
  keys_read_ = 0;
  rows_with_key_ = 0;
  rows = std::make_unique<SharedFile>(with_ending(stem, ".rows"));
  bool alone = rows->try_lock_alone();
  if (!alone) rows->lock_shared();
  if (!rows->is_at_its_path()) return false;
  keys = std::make_unique<SharedFile>(with_ending(stem, ".keys"));
  if (alone && rows->size() == 0) {
    keys->cut(0);
    rows->replace_end(0, header.data(), header.size());
  }
  std::string found(std::min<u64>(rows->size(), header.size()), '\0');
  rows->read(0, found.data(), found.size());
  bool good = found == header;
  if (good) {
    catch_up();
    good = rows->size() >= begin_of(rows_with_key_);
  }
  if (!good) {
    set_aside();
    return false;
  }
  if (alone) {
    rows->cut(begin_of(rows_with_key_));  // what a killed process left without a key
    rows->lock_shared();                  // for a moment there is no lock at all
  }
  return rows->is_at_its_path();
}

// Kept under another name, for whoever wants to know, until there is no room. Its keys are of no use.
void FeatureRows::State::set_aside() {
  if (!rows->is_at_its_path()) return;  // somebody else did
  std::error_code error;
  fs::rename(rows->path(), with_ending(rows->path(), ".damaged"), error);
  check(!error, "cache", "{} is damaged and cannot be renamed: {}", rows->path(), error.message());
  fs::remove(keys->path(), error);
}

// Reads what other processes have added to the keys.
void FeatureRows::State::catch_up() {
  u64 size = keys->size();
  if (size <= keys_read_) return;
  std::string text(size - keys_read_, '\0');
  keys->read(keys_read_, text.data(), text.size());
  for (std::size_t begin = 0, end = 0; (end = text.find('\n', begin)) != std::string::npos;
       begin = end + 1) {
    if (auto line = parse(std::string_view(text).substr(begin, end - begin))) {
      row_of_.emplace(line->key, line->row);
      rows_with_key_ = std::max(rows_with_key_, line->row + 1);
    }
    keys_read_ += end + 1 - begin;
  }
}

std::optional<i64> FeatureRows::State::find(const std::string& key) {
  std::scoped_lock lock(mutex_);
  auto found = row_of_.find(key);
  if (found == row_of_.end()) {
    catch_up();
    found = row_of_.find(key);
  }
  if (found == row_of_.end()) return std::nullopt;
  return found->second;
}

i64 FeatureRows::State::put(const std::string& key, const void* row) {
  check(key.find('\n') == std::string::npos, "cache", "a key is one line: '{}'", key);
  std::scoped_lock lock(mutex_);
  i64 number = 0;
  {
    WritingAlone alone(*keys);
    catch_up();
    if (auto found = row_of_.find(key); found != row_of_.end()) return found->second;
    check(rows->size() >= begin_of(rows_with_key_), "cache", "{}: the file was cut off",
          rows->path());
    number = static_cast<i64>((rows->size() - header_bytes) / row_bytes);
    rows->replace_end(begin_of(number), row, row_bytes);
  }
  row_of_.emplace(key, number);
  lines_.push_back(with_checksum(format("{} {}", number, key)) + "\n");
  if (lines_.size() >= rows_at_a_time) write_keys();
  return number;
}

i64 FeatureRows::State::size() {
  std::scoped_lock lock(mutex_);
  catch_up();
  return static_cast<i64>(row_of_.size());
}

void FeatureRows::State::flush() {
  std::scoped_lock lock(mutex_);
  write_keys();
}

// Lines of other processes that came meanwhile are read first: they may not be written over.
void FeatureRows::State::write_keys() {
  if (lines_.empty()) return;
  rows->sync();
  std::string text;
  for (const std::string& line : lines_) text += line;
  {
    WritingAlone alone(*keys);
    catch_up();
    keys->replace_end(keys_read_, text.data(), text.size());
    lines_.clear();
    catch_up();
  }
  rows->touch();
  when_grown_();
}

FeatureRows::State::~State() {
  try {
    flush();
    rows->touch();
  } catch (const std::exception&) {  // these rows will be made again
  }
}

const Shape& FeatureRows::shape() const { return state_->shape; }
Dtype FeatureRows::dtype() const { return state_->dtype; }
std::size_t FeatureRows::row_bytes() const { return state_->row_bytes; }
std::optional<i64> FeatureRows::find(const std::string& key) const { return state_->find(key); }
void FeatureRows::flush() { state_->flush(); }
i64 FeatureRows::size() const { return state_->size(); }

i64 FeatureRows::put(const std::string& key, const Tensor& row) {
  check(row.shape() == shape() && row.dtype() == dtype() && row.device().is_cpu(), "cache",
        "rows are {} {}, this one is {}", shape(), name_of(dtype()), row);
  return state_->put(key, row.contiguous().raw());
}

// Not through mmap: there a file that is cut off ends the program. Either way a row is copied once,
// from the system's cache.
void FeatureRows::read(i64 row, void* to) const {
  check(row >= 0, "cache", "{} is no row's number", row);
  state_->rows->read(state_->begin_of(row), to, row_bytes());
}

}  // namespace melgrad
