#include "audio/files/containers/stream.h"

#include <sndfile.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <utility>
#include <vector>

#include "audio/files/formats.h"
#include "audio/files/quiet_mpg123.h"
#include "kernels/error.h"

namespace melgrad {
namespace {

/// libsndfile says of mp3 files that libmpg123 does not like that they do not exist.
std::string reason_not_opened(const std::filesystem::path& path) {
  std::string reason = sf_strerror(nullptr);
  if (reason.find("does not exist") != std::string::npos) reason = "no audio that can be decoded";
  bool is_sound = sf_error(nullptr) != SF_ERR_UNRECOGNISED_FORMAT;
  return is_sound ? reason + " If it plays elsewhere: " + conversion(path) : reason;
}

struct Close {
  void operator()(SNDFILE* file) const { sf_close(file); }
};

}  // namespace

/// What libsndfile's callbacks are called with.
struct Stream::State {
  State(const std::filesystem::path& path, Pieces pieces, u64 told)
      : source(path, std::move(pieces)), size_told(told == 0 ? source.size() : told) {}

  ByteSource source;
  u64 size_told, at = 0;
  std::exception_ptr error{};  // of a callback, kept while C code is on the stack
  SF_INFO info{};
  std::unique_ptr<SNDFILE, Close> file{};

  static SF_VIRTUAL_IO callbacks();
  sf_count_t size() const { return static_cast<sf_count_t>(size_told); }
  sf_count_t move(sf_count_t offset, int whence);
  sf_count_t copy(void* target, sf_count_t count);
  void rethrow() {
    if (error != nullptr) std::rethrow_exception(std::exchange(error, nullptr));
  }
};

Stream::Stream(const std::filesystem::path& path, Pieces pieces, u64 size_told)
    : state_(std::make_unique<State>(path, std::move(pieces), size_told)) {
  keep_mpg123_quiet();
  SF_VIRTUAL_IO io = State::callbacks();
  SF_INFO& info = state_->info;
  state_->file.reset(sf_open_virtual(&io, SFM_READ, &info, state_.get()));
  state_->rethrow();
  check(state_->file != nullptr, "decode", "{}: {}", path, reason_not_opened(path));
  check(info.channels > 0 && info.samplerate > 0 && info.frames >= 0, "decode",
        "{}: the header says {} channels, {} Hz, {} samples", path, info.channels, info.samplerate,
        info.frames);
}

Stream::~Stream() = default;

AudioInfo Stream::info() const {
  return {state_->info.frames, state_->info.channels, state_->info.samplerate};
}

std::string Stream::text(int which) const {
  const char* found = sf_get_string(state_->file.get(), which);
  return found ? found : "";
}

void Stream::read(float* target, i64 frames) {
  i64 got = sf_readf_float(state_->file.get(), target, frames);
  state_->rethrow();
  int error = sf_error(state_->file.get());
  const std::filesystem::path& path = state_->source.path();
  check(error == 0, "decode", "{}: damaged: {}", path, sf_error_number(error));
  check(got == frames, "decode", "{}: damaged: only {} of {} samples could be read", path, got,
        frames);
}

void Stream::skip(i64 frames) {
  constexpr i64 at_once = 4096;
  std::vector<float> ignored(static_cast<std::size_t>(at_once * state_->info.channels));
  for (i64 left = frames; left > 0; left -= at_once) read(ignored.data(), std::min(left, at_once));
}

bool Stream::seek(i64 frame) {
  bool found = sf_seek(state_->file.get(), frame, SEEK_SET) == frame;
  state_->rethrow();
  return found;
}

SF_VIRTUAL_IO Stream::State::callbacks() {
  SF_VIRTUAL_IO io{};
  io.get_filelen = [](void* user) { return static_cast<State*>(user)->size(); };
  io.seek = [](sf_count_t offset, int whence, void* user) {
    return static_cast<State*>(user)->move(offset, whence);
  };
  io.read = [](void* target, sf_count_t count, void* user) {
    return static_cast<State*>(user)->copy(target, count);
  };
  io.tell = [](void* user) { return static_cast<sf_count_t>(static_cast<State*>(user)->at); };
  return io;
}

sf_count_t Stream::State::move(sf_count_t offset, int whence) {
  auto here = static_cast<sf_count_t>(at);
  sf_count_t place = offset + (whence == SEEK_SET ? 0 : whence == SEEK_CUR ? here : size());
  if (place < 0) return -1;
  at = static_cast<u64>(place);
  return place;
}

/// Behind the true end there are zeros, up to the size that was told.
sf_count_t Stream::State::copy(void* target, sf_count_t count) {
  auto* bytes = static_cast<char*>(target);
  auto wanted = static_cast<std::size_t>(std::max<sf_count_t>(count, 0));
  try {
    std::string_view some = source.peek(at, wanted);
    some.copy(bytes, some.size());
    u64 end = std::max<u64>(size_told, source.size());
    std::size_t zeros = at + wanted <= end ? wanted - some.size() : 0;
    std::memset(bytes + some.size(), 0, zeros);
    at += some.size() + zeros;
    return static_cast<sf_count_t>(some.size() + zeros);
  } catch (...) {
    error = std::current_exception();
    return 0;
  }
}

}  // namespace melgrad
