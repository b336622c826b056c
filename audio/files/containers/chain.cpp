#include "audio/files/containers/chain.h"

#include <map>
#include <mutex>
#include <optional>

#include "audio/files/containers/chunks.h"
#include "audio/files/containers/flac.h"
#include "audio/files/containers/mpeg.h"
#include "audio/files/containers/mpeg_frame.h"
#include "audio/files/containers/ogg.h"
#include "audio/files/containers/tags.h"
#include "audio/files/formats.h"
#include "audio/files/stamp.h"
#include "kernels/error.h"

namespace melgrad {
namespace {

bool is_called_mpeg(const std::filesystem::path& path) {
  std::string extension = lower_extension(path);
  return extension == ".mp3" || extension == ".mp2" || extension == ".mpga";
}

std::vector<Link> links_of(ByteSource& file) {
  if (has_chunks(file)) return links_of_chunks(file);
  u64 tag = tag_at(file, 0);  // also before FLAC
  std::string beginning(file.peek(tag, 16));
  if (beginning.substr(0, 4) == "OggS") return links_of_ogg(file);
  if (beginning.substr(0, 4) == "fLaC") {
    ByteSource stream(file.path(), part(file.pieces(), tag, file.size()));
    return {link_of_flac(stream)};
  }
  std::string refusal = why_refused(file.path(), beginning);
  if (refusal.empty() && (tag > 0 || is_called_mpeg(file.path()) || mpeg_frame(beginning)))
    return links_of_mpeg(file);
  if (refusal.empty()) refusal = why_refused(file.path());
  check(refusal.empty(), "decode", "{}", refusal);
  return {Link{.pieces = file.pieces()}};  // whatever else libsndfile knows
}

Opened counted(const std::filesystem::path& path) {
  ByteSource file(path);
  LinkChain chain;
  chain.links = links_of(file);
  std::unique_ptr<Stream> first;
  AudioInfo& info = chain.info;
  for (Link& link : chain.links) {
    auto stream = measure(path, link);
    if (first == nullptr) {
      first = std::move(stream);
      info = {0, link.channels, link.sample_rate};
    }
    check(link.channels == info.channels && link.sample_rate == info.sample_rate, "decode",
          "{}: joined from {} Hz with {} channels and {} Hz with {}", path, info.sample_rate,
          info.channels, link.sample_rate, link.channels);
    info.frames += link.frames;
  }
  return {std::make_shared<const LinkChain>(std::move(chain)), std::move(first)};
}

}  // namespace

Opened open_chain(const std::filesystem::path& path) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<const LinkChain>> remembered;
  std::optional<Stamp> stamp = stamp_of(path);
  check(stamp.has_value(), "decode", "{}: no such file", path);
  {
    std::lock_guard lock(mutex);
    auto found = remembered.find(stamp->text);
    if (found != remembered.end()) return {found->second, nullptr};
  }
  Opened opened = counted(path);
  if (!stamp->is_settled) return opened;
  std::lock_guard lock(mutex);
  constexpr std::size_t most = 1U << 14U;  // some 20 MB
  if (remembered.size() >= most) remembered.clear();
  remembered[stamp->text] = opened.chain;
  return opened;
}

}  // namespace melgrad
