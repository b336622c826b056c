#include "tensor/files/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

#include "kernels/error.h"

namespace melgrad {

namespace {

/// Throws Error naming the file and what the system says is wrong.
[[noreturn]] void fail_with_errno(std::string_view op, const std::filesystem::path& path) {
  fail(op, "{}: {}", path.string(), std::strerror(errno));
}

/// Linux moves at most 2 GiB in one call, and a signal may cut any call short.
constexpr std::size_t largest_transfer = std::size_t{1} << 30U;
constexpr std::size_t longest_name = NAME_MAX;

}  // namespace

InputFile::InputFile(std::filesystem::path path)
    : path_(std::move(path)),  // without O_NONBLOCK a pipe would wait for somebody to write to it
      descriptor_(open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  if (descriptor_ < 0) fail_with_errno("read_file", path_);
  struct stat status {};
  bool regular = fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
  if (!regular) {
    close(descriptor_);
    fail("read_file", "{}: not a regular file", path_.string());
  }
  size_ = static_cast<u64>(status.st_size);
}

InputFile::~InputFile() { close(descriptor_); }

void InputFile::read(u64 begin, void* target, std::size_t bytes) const {
  auto* place = static_cast<char*>(target);
  while (bytes > 0) {
    ssize_t count =
        pread(descriptor_, place, std::min(bytes, largest_transfer), static_cast<off_t>(begin));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_with_errno("read_file", path_);
    check(count > 0, "read_file", "{}: the file ends {} bytes too early", path_, bytes);
    place += count;
    begin += static_cast<u64>(count);
    bytes -= static_cast<std::size_t>(count);
  }
}

std::string lower_extension(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

std::string read_file(const std::filesystem::path& path, u64 most) {
  InputFile file(path);
  check(file.size() <= most, "read_file", "{}: {} bytes are more than the {} allowed", path,
        file.size(), most);
  std::string bytes(file.size(), '\0');
  file.read(0, bytes.data(), bytes.size());
  return bytes;
}

AtomicFile::AtomicFile(std::filesystem::path path) : path_(std::move(path)) {
  std::error_code ignored;
  auto kind = std::filesystem::status(path_, ignored).type();
  check(kind != std::filesystem::file_type::directory, "write_file", "{}: is a folder", path_);
  bool is_new = kind == std::filesystem::file_type::not_found;
  if (is_new || kind == std::filesystem::file_type::regular) {
    if (!is_new) path_ = std::filesystem::canonical(path_);
    static std::atomic<int> serial = 0;
    std::string name = path_.filename().string();
    std::string ending = format(".{}-{}.partial", getpid(), serial++);
    name.resize(std::min(name.size(), longest_name - ending.size()));
    partial_ = path_.parent_path() / (name + ending);
  }
  const auto& place = partial_.empty() ? path_ : partial_;
  descriptor_ = open(place.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail_with_errno("write_file", path_);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  close(descriptor_);
  if (!partial_.empty()) unlink(partial_.c_str());
}

void AtomicFile::write(const void* data, std::size_t bytes) {
  const auto* place = static_cast<const char*>(data);
  while (bytes > 0) {
    ssize_t count = ::write(descriptor_, place, std::min(bytes, largest_transfer));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_with_errno("write_file", path_);
    place += count;
    bytes -= static_cast<std::size_t>(count);
  }
}

void AtomicFile::commit() {
  check(descriptor_ >= 0, "write_file", "{}: was written already", path_);
  // Without fsync a crash after the rename could leave an empty file under the name.
  if (!partial_.empty() && fsync(descriptor_) != 0) fail_with_errno("write_file", path_);
  if (close(std::exchange(descriptor_, -1)) != 0 ||
      (!partial_.empty() && rename(partial_.c_str(), path_.c_str()) != 0)) {
    int reason = errno;
    if (!partial_.empty()) unlink(partial_.c_str());
    errno = reason;
    fail_with_errno("write_file", path_);
  }
  if (partial_.empty()) return;
  auto folder = path_.parent_path();
  int descriptor = open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;  // the file itself is complete
  fsync(descriptor);
  close(descriptor);
}

void check_writable(const std::filesystem::path& path) {
  std::error_code ignored;
  auto kind = std::filesystem::status(path, ignored).type();
  using enum std::filesystem::file_type;
  bool is_device = kind == block || kind == character || kind == fifo || kind == socket;
  if (!is_device) AtomicFile trial(path);  // says what there is to say, and leaves nothing behind
}

void write_file(const std::filesystem::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

}  // namespace melgrad
