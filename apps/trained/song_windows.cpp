#include "apps/trained/song_windows.h"

#include <algorithm>
#include <cmath>

#include "audio/files/resample.h"
#include "tensor/ops.h"

namespace melgrad {
namespace {

/// Which of a window's frames reach over its ends: those before `inner` and from `behind` on.
struct Edges {
  i64 inner, behind, frames;
  Edges(const StftOptions& options, i64 samples) : frames(options.frames(samples)) {
    i64 n = options.n_fft, hop = options.hop(), before = options.center ? n / 2 : 0;
    inner = (before + hop - 1) / hop;
    behind = samples < n - before ? 0 : std::min(frames, 1 + (samples - n + before) / hop);
  }
};

}  // namespace

SongWindows::SongWindows(Input input, const Clip& song, double every) : input_(std::move(input)) {
  check(input_.hears(), "song_windows", "input '{}' is not made from sound", input_.name);
  check(every > 0 && std::isfinite(every), "song_windows", "a window every {} s", every);
  check(song.samples.rank() == 1 && song.samples.numel() > 0, "song_windows",
        "needs (samples) of a song: {}", song.samples);
  double from = song.sample_rate, to = input_.rate(from);
  seconds_ = static_cast<double>(song.samples.numel()) / from;
  length_ = input_.window(from);
  samples_ = song.samples;
  rate_ = from;
  auto samples = static_cast<i64>(std::ceil(static_cast<double>(samples_.numel()) * (to / from)));
  if (samples <= length_) {
    length_ = samples_.numel();
    return;
  }
  samples_ = resample(samples_, from, to);
  rate_ = to;
  std::optional<StftOptions> framing = input_.framing();
  if (framing) {
    hop_ = framing->hop();
    Edges edges(*framing, length_);
    shares_ = edges.inner < edges.behind;
  }
  step_ = std::max(1., every * rate_ / static_cast<double>(hop_));
  i64 last = samples_.numel() - length_;  // where a window may begin
  count_ = static_cast<i64>(static_cast<double>(last / hop_) / step_) + 2;
  while (start(count_ - 1) > last) --count_;
}

i64 SongWindows::start(i64 i) const {
  return static_cast<i64>(std::round(static_cast<double>(i) * step_)) * hop_;
}

double SongWindows::begin(i64 i) const { return static_cast<double>(start(i)) / rate_; }

double SongWindows::end(i64 i) const { return static_cast<double>(start(i) + length_) / rate_; }

Tensor SongWindows::samples(i64 i) const {
  check(i >= 0 && i < count_, "song_windows", "of {} windows there is none of number {}", count_,
        i);
  return samples_.slice(0, start(i), start(i) + length_);
}

Tensor SongWindows::rows(i64 first, i64 count) const {
  check(first >= 0 && count >= 1 && first + count <= count_, "song_windows",
        "of {} windows there are none from {} to {}", count_, first, first + count);
  if (shares_) return shared_rows(first, count);
  std::vector<Tensor> rows;
  for (i64 i = first; i < first + count; ++i) rows.push_back(input_.of_samples(samples(i), rate_));
  return stack(rows);
}

// Frames are computed of all that the windows cover together, and of each window's ends by
// themselves, from no more samples than they look at: these frames are its own.
Tensor SongWindows::shared_rows(i64 first, i64 count) const {
  StftOptions options = *input_.framing();
  Edges edges(options, length_);
  i64 lead = edges.inner + 1;  // frames of a tail that its other end touches, and one
  std::vector<Tensor> heads, tails;
  for (i64 i = first; i < first + count; ++i) {
    i64 reach = (edges.inner - 1) * hop_ + options.n_fft - options.n_fft / 2;
    i64 least = options.center ? options.n_fft / 2 + 1 : options.n_fft;  // to reflect; a frame
    i64 head = std::clamp(reach, least, length_);
    heads.push_back(samples(i).slice(0, 0, head));
    tails.push_back(samples(i).slice(0, (edges.behind - lead) * hop_, length_));
  }
  Tensor before = input_.frames(stack(heads), rate_), after = input_.frames(stack(tails), rate_);
  i64 begin = start(first), end = start(first + count - 1) + length_;
  Tensor inner = input_.frames(samples_.slice(0, begin, end), rate_);

  std::vector<Tensor> rows;
  for (i64 i = first; i < first + count; ++i) {
    i64 at = (start(i) - begin) / hop_;
    Tensor head = before.select(0, i - first).slice(0, 0, edges.inner);
    Tensor tail = after.select(0, i - first);
    tail = tail.slice(0, lead, lead + edges.frames - edges.behind);
    rows.push_back(
        input_.of_frames({head, inner.slice(0, at + edges.inner, at + edges.behind), tail}, rate_));
  }
  return stack(rows);
}

}  // namespace melgrad
